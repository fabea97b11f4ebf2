package geo

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"
)

// ReadPark reads one park as the API writes it. Every unknown name and every value of the wrong kind is a problem with its exact place;
// live state, which the API writes beside the record, is passed over.
func ReadPark(body []byte) (Park, []Problem) {
	var p Park
	problems := readStrictly(body, &p, "stations", "state", "index", "latest", "source", "edited_by", "edited_at", "file_changed")
	return p, problems
}

// ReadStation reads one station; see ReadPark.
func ReadStation(body []byte) (StationRecord, []Problem) {
	var s StationRecord
	problems := readStrictly(body, &s, "state", "index", "latest", "source", "edited_by", "edited_at", "file_changed")
	return s, append(problems, s.settleCycle("")...)
}

// settleCycle takes the cycle over from its text, and leaves out a park that was not declared.
func (s *StationRecord) settleCycle(at string) []Problem {
	if s.ParkByPosition {
		s.Park, s.ParkByPosition = "", false
	}
	if s.CycleText == "" {
		return nil
	}
	d, err := time.ParseDuration(s.CycleText)
	if err != nil {
		return []Problem{{at + "cycle", fmt.Sprintf("%q is no duration like 5m", s.CycleText)}}
	}
	s.Cycle = d
	return nil
}

// UnmarshalJSON reads a record whose cycle was checked when it was written.
func (s *StationRecord) UnmarshalJSON(b []byte) error {
	type plain StationRecord // without this method
	if err := json.Unmarshal(b, (*plain)(s)); err != nil {
		return err
	}
	if problems := s.settleCycle(""); len(problems) > 0 {
		return errors.New(problems[0].String())
	}
	return nil
}

// readStrictly reads a JSON object into a struct. The names in passed are allowed and mean nothing.
func readStrictly(body []byte, into any, passed ...string) []Problem {
	if !json.Valid(body) {
		var v any
		return []Problem{{"", fmt.Sprintf("no JSON: %s", json.Unmarshal(body, &v))}}
	}
	d := strictDecoder{}
	d.object("", body, reflect.ValueOf(into).Elem(), passed)
	return d.problems
}

// strictDecoder goes down into structs and lists by itself, so that it knows where it is when a value does not fit.
type strictDecoder struct{ problems []Problem }

func (d *strictDecoder) report(path, format string, args ...any) {
	if len(d.problems) < maxProblems {
		d.problems = append(d.problems, Problem{path, fmt.Sprintf(format, args...)})
	}
}

func (d *strictDecoder) object(path string, raw json.RawMessage, v reflect.Value, passed []string) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil || members == nil {
		d.report(path, "must be an object")
		return
	}
	fields := map[string]reflect.Value{}
	structFields(v, fields)
	for _, name := range slices.Sorted(maps.Keys(members)) {
		field, known := fields[name]
		at := strings.TrimPrefix(path+"."+name, ".")
		switch {
		case known:
			d.value(at, members[name], field)
		case !slices.Contains(passed, name):
			d.report(at, "unknown name; known here: %s", strings.Join(slices.Sorted(maps.Keys(fields)), ", "))
		}
	}
}

// structFields are the fields of a struct by their names in JSON, those of embedded structs included.
func structFields(v reflect.Value, out map[string]reflect.Value) {
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if f.Anonymous {
			structFields(v.Field(i), out)
			continue
		}
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" && name != "-" {
			out[name] = v.Field(i)
		}
	}
}

func (d *strictDecoder) value(path string, raw json.RawMessage, v reflect.Value) {
	_, whole := v.Addr().Interface().(json.Unmarshaler)
	switch {
	case bytes.Equal(raw, []byte("null")):
		return
	case !whole && v.Kind() == reflect.Struct:
		d.object(path, raw, v, nil)
	case !whole && v.Kind() == reflect.Slice:
		d.list(path, raw, v)
	default:
		if err := json.Unmarshal(raw, v.Addr().Interface()); err != nil {
			d.report(path, "%s", misfit(v.Type(), err))
		}
	}
}

func (d *strictDecoder) list(path string, raw json.RawMessage, v reflect.Value) {
	var items []json.RawMessage
	if err := json.Unmarshal(raw, &items); err != nil {
		d.report(path, "must be a list")
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(items), len(items)))
	for i, item := range items {
		d.value(fmt.Sprintf("%s[%d]", path, i), item, v.Index(i))
	}
}

// misfit says what a value must be.
func misfit(t reflect.Type, err error) string {
	switch {
	case t == reflect.TypeFor[Point]():
		return "a position is [longitude, latitude]"
	case t == reflect.TypeFor[time.Time]():
		return "must be a time like 2026-11-24T13:05:00+07:00"
	case t == reflect.TypeFor[*Area]():
		return err.Error()
	case t.Kind() == reflect.String:
		return "must be a text"
	case t.Kind() == reflect.Float64:
		return "must be a number"
	case t.Kind() == reflect.Bool:
		return "must be true or false"
	default:
		return err.Error()
	}
}

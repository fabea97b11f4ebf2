package mail

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"quantrac/geo"
)

// wire is a Spec as the API takes it and the bucket keeps it: durations are texts such as "5m".
type wire struct {
	Name           string   `json:"name"`
	Address        string   `json:"address"`
	Language       string   `json:"language,omitempty"`
	Events         []string `json:"events,omitempty"`
	Filter         Filter   `json:"filter"`
	GroupBy        []string `json:"group_by,omitempty"`
	GroupWait      *string  `json:"group_wait,omitempty"`
	GroupInterval  *string  `json:"group_interval,omitempty"`
	RepeatInterval *string  `json:"repeat_interval,omitempty"`
	Enabled        *bool    `json:"enabled,omitempty"`
}

// Decode reads a Spec as the API takes it, with durations such as "30s". An unknown field, or a text that is no duration, is an
// *Invalid.
func Decode(body []byte) (Spec, error) {
	var w wire
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&w); err != nil {
		return Spec{}, invalidJSON(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return Spec{}, &Invalid{[]geo.Problem{{Message: "there is more behind the object"}}}
	}
	return w.spec()
}

func invalidJSON(err error) error {
	var field *json.UnmarshalTypeError
	if errors.As(err, &field) {
		return &Invalid{[]geo.Problem{{Path: field.Field, Message: "cannot be a JSON " + field.Value}}}
	}
	return &Invalid{[]geo.Problem{{Message: strings.TrimPrefix(err.Error(), "json: ")}}}
}

func (w *wire) spec() (Spec, error) {
	spec := Spec{
		Name: w.Name, Address: w.Address, Language: w.Language, Events: w.Events, Filter: w.Filter, GroupBy: w.GroupBy, Enabled: w.Enabled,
	}
	var problems []geo.Problem
	for _, f := range []struct {
		path string
		text *string
		to   **time.Duration
	}{
		{"group_wait", w.GroupWait, &spec.GroupWait},
		{"group_interval", w.GroupInterval, &spec.GroupInterval},
		{"repeat_interval", w.RepeatInterval, &spec.RepeatInterval},
	} {
		if f.text == nil {
			continue
		}
		d, err := time.ParseDuration(*f.text)
		if err != nil {
			problems = append(problems, geo.Problem{Path: f.path, Message: fmt.Sprintf("%q is no duration like 30s, 5m or 4h", *f.text)})
		}
		*f.to = &d
	}
	if len(problems) > 0 {
		return Spec{}, &Invalid{problems}
	}
	return spec, nil
}

func (spec *Spec) wire() wire {
	text := func(d *time.Duration) *string {
		if d == nil {
			return nil
		}
		s := d.String()
		return &s
	}
	return wire{
		Name: spec.Name, Address: spec.Address, Language: spec.Language, Events: spec.Events, Filter: spec.Filter, GroupBy: spec.GroupBy,
		GroupWait: text(spec.GroupWait), GroupInterval: text(spec.GroupInterval), RepeatInterval: text(spec.RepeatInterval), Enabled: spec.Enabled,
	}
}

package geo

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Kinds of things that a registry holds, as edits and imports name them.
const (
	ParkEdit    = "park"
	StationEdit = "station"
	RiverEdit   = "river"
)

// StationRecord is a station as the API and an edit write it down: with its cycle, as "5m0s".
type StationRecord struct {
	Station
	CycleText string `json:"cycle,omitempty"`
}

// Record is the station as it is written down. A park that was found by position is left out, so that it is found anew.
func (s *Station) Record() StationRecord {
	r := StationRecord{Station: *s}
	if s.ParkByPosition {
		r.Park, r.ParkByPosition = "", false
	}
	if s.Cycle > 0 {
		r.CycleText = s.Cycle.String()
	}
	return r
}

// Edit is one change of a registry that was made while the service ran: a thing put in the place of what has its id, or, with none of
// Park, Station and River, a thing taken out.
type Edit struct {
	Kind    string         `json:"kind"`
	ID      string         `json:"id"`
	Park    *Park          `json:"park,omitempty"`
	Station *StationRecord `json:"station,omitempty"`
	River   *River         `json:"river,omitempty"`
	// Base is the print of what the file said of the thing when it was edited; "" = nothing.
	Base string `json:"base,omitempty"`
	// Taken back: the file holds again.
	Reverted bool      `json:"reverted,omitempty"`
	By       string    `json:"by,omitempty"`
	At       time.Time `json:"at,omitzero"`
}

// Removes reports whether the edit takes the thing out.
func (e *Edit) Removes() bool { return e.Park == nil && e.Station == nil && e.River == nil }

// Key names what is edited: "station amata-01".
func (e *Edit) Key() string { return e.Kind + " " + e.ID }

// record is what the edit puts, for its print.
func (e *Edit) record() any {
	switch {
	case e.Park != nil:
		return e.Park
	case e.Station != nil:
		return e.Station
	case e.River != nil:
		return e.River
	default:
		return nil
	}
}

// Print is a fingerprint of what the edit puts; "" = nothing.
func (e *Edit) Print() string { return printOf(e.record()) }

// Fields are what the edit puts, by the names of the API; nil = it takes the thing out.
func (e *Edit) Fields() map[string]any {
	if e.Removes() {
		return nil
	}
	fields, err := propertiesOf(e.record())
	if err != nil {
		panic("registry edit: " + err.Error()) // checked: every number is finite
	}
	return fields
}

// Find is what a registry holds of a kind by an id, as an edit that would put it there.
func (r *Registry) Find(kind, id string) (Edit, bool) {
	e := Edit{Kind: kind, ID: id}
	switch kind {
	case ParkEdit:
		if p, ok := r.Park(id); ok {
			e.Park = &p
		}
	case StationEdit:
		if s, ok := r.Station(id); ok {
			record := s.Record()
			e.Station = &record
		}
	case RiverEdit:
		if v, ok := r.River(id); ok {
			e.River = &v
		}
	}
	return e, !e.Removes()
}

func printOf(v any) string {
	if v == nil {
		return ""
	}
	b, err := json.Marshal(v)
	if err != nil {
		panic("registry record: " + err.Error()) // checked: every number is finite
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}

// Blame leads from a problem of an edited file to the edit behind it: its place in the list and the path within what it puts; -1 = the
// problem stands in a part of the file that no edit has touched.
type Blame func(path string) (edit int, rest string)

// Apply is the file with the edits over it, the later over the earlier. What is new comes behind what the file has.
func (f File) Apply(edits []Edit) (File, Blame) {
	parks := newLayer(f.Parks, func(p *Park) string { return p.ID })
	stations := newLayer(f.Stations, func(s *Station) string { return s.ID })
	rivers := newLayer(f.Rivers, func(v *River) string { return v.ID })
	for i, e := range edits {
		switch e.Kind {
		case ParkEdit:
			parks.put(i, e.ID, e.Park, func(now *Park, was *Park) {
				if was != nil && now.SimulatedM3Day == 0 { // it is in no API, so an edit cannot carry it
					now.SimulatedM3Day = was.SimulatedM3Day
				}
			})
		case StationEdit:
			var s *Station
			if e.Station != nil {
				s = &e.Station.Station
			}
			stations.put(i, e.ID, s, nil)
		case RiverEdit:
			rivers.put(i, e.ID, e.River, nil)
		}
	}
	f.Parks, f.Stations, f.Rivers = parks.list(), stations.list(), rivers.list()
	return f, func(path string) (int, string) {
		head, rest, found := strings.Cut(path, "]")
		name, number, ok := strings.Cut(head, "[")
		var k int
		if _, err := fmt.Sscanf(number, "%d", &k); !found || !ok || err != nil {
			return -1, path
		}
		for what, from := range map[string][]int{"parks": parks.from, "stations": stations.from, "rivers": rivers.from} {
			if what == name && k < len(from) && from[k] >= 0 {
				return from[k], strings.TrimPrefix(rest, ".")
			}
		}
		return -1, path
	}
}

// layer is a list of things while edits are put over it.
type layer[T any] struct {
	things []*T
	index  map[string]int
	// edit is the edit behind each thing, or -1; from is the same for what list returned.
	edit, from []int
}

func newLayer[T any](file []T, id func(*T) string) *layer[T] {
	l := &layer[T]{index: make(map[string]int, len(file))}
	for i := range file {
		l.index[id(&file[i])] = i
		l.things, l.edit = append(l.things, &file[i]), append(l.edit, -1)
	}
	return l
}

// put puts a copy of a thing in the place of what has its id; nil takes that out.
func (l *layer[T]) put(edit int, id string, thing *T, keep func(now, was *T)) {
	i, known := l.index[id]
	if thing == nil {
		if known {
			l.things[i] = nil
		}
		return
	}
	now := *thing
	if !known {
		l.index[id] = len(l.things)
		l.things, l.edit = append(l.things, &now), append(l.edit, edit)
		return
	}
	if keep != nil {
		keep(&now, l.things[i])
	}
	l.things[i], l.edit[i] = &now, edit
}

func (l *layer[T]) list() []T {
	out := make([]T, 0, len(l.things))
	for i, t := range l.things {
		if t != nil {
			out, l.from = append(out, *t), append(l.from, l.edit[i])
		}
	}
	return out
}

// Differences are the names of the fields in which two records differ, ascending.
func Differences(a, b map[string]any) []string {
	var names []string
	for name, v := range a {
		if !equalJSON(v, b[name]) {
			names = append(names, name)
		}
	}
	for name := range b {
		if _, both := a[name]; !both {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func equalJSON(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

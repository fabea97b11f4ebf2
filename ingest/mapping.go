package ingest

import (
	"fmt"
	"math"
	"strings"
	"unicode"

	"quantrac/geo"
)

// The kinds of Mapping.
const (
	MapParameter = "parameter"
	MapStation   = "station"
	MapTopic     = "topic"
)

// Mapping says what a vendor's name means.
type Mapping struct {
	ID   string `json:"id,omitempty" yaml:"id,omitempty"`
	Kind string `json:"kind" yaml:"kind"`
	// Name, of a parameter or a station, is what the vendor writes; case, diacritics and separators do not matter.
	//
	// Of a topic or file name it is an MQTT topic filter: levels between slashes, + for any one level, # at the end for the level
	// before it and all behind it. {station} and {parameter} stand for any one level, which then names the station or the
	// parameter, once each; a level that ends in * stands for all that begin like it. As in MQTT no wildcard stands for a first
	// level that begins with $.
	Name string `json:"name" yaml:"name"`
	// Target is a parameter code, or the id of a station.
	Target string `json:"target" yaml:"target"`
	// Station limits a parameter's name to one station; "" = everywhere.
	Station string `json:"station,omitempty" yaml:"station,omitempty"`
	// Dialect, of a topic, is the only one that is tried.
	Dialect string `json:"dialect,omitempty" yaml:"dialect,omitempty"`
	// Parameter, of a topic that carries one value, is its code or name.
	Parameter string `json:"parameter,omitempty" yaml:"parameter,omitempty"`
	// Unit, of a parameter, is what its values come in where the gateway names none.
	Unit string `json:"unit,omitempty" yaml:"unit,omitempty"`
	// Factor, of a parameter, multiplies its values before their unit is converted; 0 = 1.
	Factor float64 `json:"factor,omitempty" yaml:"factor,omitempty"`
}

// Bounds of what may be configured.
const (
	// MaxMappings is how many mappings there may be.
	MaxMappings = 20000
	// maxPattern is how many levels a topic pattern may have.
	maxPattern = 16
)

// Mappings finds what a name means. It never changes, is safe for concurrent use, and a look-up costs the same whatever the
// number of mappings. A nil *Mappings knows none.
type Mappings struct {
	parameters map[parameterName]*Mapping
	stations   map[string]*Mapping
	topics     topicTree
}

// parameterName is a folded name at a station; station "" = everywhere.
type parameterName struct{ station, name string }

// NewMappings checks mappings and indexes those that are sound; of two for the same name the first holds.
func NewMappings(list []Mapping) (*Mappings, []geo.Problem) {
	m := &Mappings{parameters: map[parameterName]*Mapping{}, stations: map[string]*Mapping{}}
	var problems []geo.Problem
	if len(list) > MaxMappings {
		problems = append(problems, geo.Problem{Message: fmt.Sprintf("%d mappings; at most %d", len(list), MaxMappings)})
		list = list[:MaxMappings]
	}
	for i := range list {
		e := list[i]
		path, msg := e.fault()
		if msg == "" {
			path, msg = m.add(&e)
		}
		if msg != "" {
			problems = append(problems, geo.Problem{Path: fmt.Sprintf("[%d].%s", i, path), Message: msg})
		}
	}
	return m, problems
}

// fault says which field is wrong by itself and why.
func (e *Mapping) fault() (path, msg string) {
	switch {
	case e.Name == "" || len(e.Name) > maxName || strings.ContainsFunc(e.Name, unicode.IsControl):
		return "name", fmt.Sprintf("a name of 1 to %d bytes without control characters is needed", maxName)
	case e.Kind != MapParameter && e.Kind != MapStation && e.Kind != MapTopic:
		return "kind", fmt.Sprintf("%q is none of parameter, station, topic", clip(e.Kind))
	case e.Station != "" && e.Kind != MapParameter:
		return "station", "only a parameter's name can belong to one station"
	case (e.Dialect != "" || e.Parameter != "") && e.Kind != MapTopic:
		return "dialect", "only a topic can set a dialect or a parameter"
	case (e.Unit != "" || e.Factor != 0) && e.Kind != MapParameter:
		return "unit", "only a parameter can have a unit or a factor"
	case e.Factor < 0 || math.IsInf(e.Factor, 0) || math.IsNaN(e.Factor):
		return "factor", "must be a number above 0"
	case max(len(e.Target), len(e.Station), len(e.Dialect), len(e.Parameter), len(e.Unit)) > maxName:
		return "target", fmt.Sprintf("no field may be longer than %d bytes", maxName)
	case e.Target == "" && e.Kind != MapTopic:
		return "target", "a target is needed"
	}
	return "", ""
}

func (m *Mappings) add(e *Mapping) (path, msg string) {
	if e.Kind == MapTopic {
		return m.topics.add(e)
	}
	folded := geo.Fold(e.Name)
	if folded == "" {
		return "name", "a name needs a letter or a digit"
	}
	var old *Mapping
	if e.Kind == MapStation {
		if old = m.stations[folded]; old == nil {
			m.stations[folded] = e
		}
	} else {
		key := parameterName{e.Station, folded}
		if old = m.parameters[key]; old == nil {
			m.parameters[key] = e
		}
	}
	if old != nil {
		return "name", fmt.Sprintf("%q already means %q", e.Name, old.Target)
	}
	return "", ""
}

func (m *Mappings) mapsParameters() bool { return m != nil && len(m.parameters) > 0 }

func (m *Mappings) mapsStations() bool { return m != nil && len(m.stations) > 0 }

// parameter finds what a folded name means at a station, or everywhere ("" as the station); nil = nothing is configured.
func (m *Mappings) parameter(station string, folded []byte) *Mapping {
	if !m.mapsParameters() {
		return nil
	}
	return m.parameters[parameterName{station, string(folded)}]
}

// station finds what a name of a station means; nil = nothing is configured.
func (m *Mappings) station(name string) *Mapping {
	if !m.mapsStations() || len(name) > maxName {
		return nil
	}
	var room [maxName]byte
	return m.stations[string(geo.AppendFold(room[:0], name))]
}

// topic finds the pattern for a topic or file name.
func (m *Mappings) topic(topic string) (route, bool) {
	if m == nil || topic == "" {
		return route{}, false
	}
	return m.topics.match(topic)
}

// Check finds mappings whose targets do not exist. Paths are those of the list that the mappings were made of, which it is
// given again.
func (m *Mappings) Check(list []Mapping, reg *geo.Registry, cat *Catalogue) []geo.Problem {
	var problems []geo.Problem
	for i := range list {
		if path, msg := list[i].dangling(reg, cat); msg != "" {
			problems = append(problems, geo.Problem{Path: fmt.Sprintf("[%d].%s", i, path), Message: msg})
		}
	}
	return problems
}

func (e *Mapping) dangling(reg *geo.Registry, cat *Catalogue) (path, msg string) {
	if _, ok := reg.Station(e.Station); e.Station != "" && !ok {
		return "station", fmt.Sprintf("no station has the id %q", clip(e.Station))
	}
	if e.Kind != MapParameter {
		if _, ok := reg.Station(e.Target); e.Target != "" && !ok {
			return "target", fmt.Sprintf("no station has the id %q", clip(e.Target))
		}
		return "", ""
	}
	p, ok := cat.Parameter(e.Target)
	if !ok {
		return "target", fmt.Sprintf("parameter %q is not in the catalogue", clip(e.Target))
	}
	if !cat.measures(p, e.Unit) {
		return "unit", fmt.Sprintf("unit %q does not measure %s", clip(e.Unit), p.Code)
	}
	return "", ""
}

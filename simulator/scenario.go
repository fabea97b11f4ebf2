package simulator

import (
	"fmt"
	"slices"
	"time"

	"quantrac/geo"
)

// Scenario is a list of things that go wrong, on top of plants that are well. docs/scenarios.md describes the file.
type Scenario struct {
	Events []Event `yaml:"events"`
}

// Check lists what is wrong with a scenario. plants are the stations of the run.
func (s *Scenario) Check(plants []Plant) []geo.Problem {
	var out []geo.Problem
	for i := range s.Events {
		e := &s.Events[i]
		var plant *Plant
		if at := slices.IndexFunc(plants, func(p Plant) bool { return p.ID == e.Station }); at >= 0 {
			plant = &plants[at]
		}
		e.check(plant, func(field, format string, args ...any) {
			out = append(out, geo.Problem{Path: fmt.Sprintf("events[%d].%s", i, field), Message: fmt.Sprintf(format, args...)})
		})
	}
	return out
}

// Gentle is the scenario of the demo: two neighbours above their limit, so that alerts and a hotspot show; one station that
// calibrates, one with a faulty instrument, one silent, one that does not discharge.
func Gentle() *Scenario {
	const long = 1000 * time.Hour
	return &Scenario{Events: []Event{
		{Station: "amata-01", Code: ExceedSlow, Start: -3 * time.Hour, Duration: 8 * time.Hour, Parameter: "cod", To: 92},
		{Station: "loteco-01", Code: ExceedSlow, Start: -100 * time.Minute, Duration: 5 * time.Hour, Parameter: "tss", To: 58},
		{Station: "song-may-01", Code: Calibration, Start: -20 * time.Minute, Duration: 2 * time.Hour},
		{Station: "dong-xoai-1-01", Code: Fault, Start: -40 * time.Minute, Duration: 6 * time.Hour, Parameter: "nh4_n"},
		{Station: "tan-phu-01", Code: Outage, Start: -50 * time.Minute, Duration: long},
		{Station: "dinh-quan-01", Code: NoDischarge, Start: -5 * time.Hour, Duration: long},
	}}
}

// at lists the events of a station, in the order of the file.
func (s *Scenario) at(station string) []Event {
	var out []Event
	for i := range s.Events {
		if s.Events[i].Station == station {
			out = append(out, s.Events[i])
		}
	}
	return out
}

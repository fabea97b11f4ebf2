package simulator

import (
	"fmt"
	"math"
	"slices"
	"time"

	"quantrac/geo"
)

// Scenario is a list of things that go wrong, on top of plants that are well.
type Scenario struct {
	Events []Event `yaml:"events"`
}

// Event is one fault or incident at one station.
type Event struct {
	Station string `yaml:"station"`
	Code    string `yaml:"code"`
	// Start is the offset from the beginning of the run; negative lies in the back-fill.
	Start    time.Duration `yaml:"start"`
	Duration time.Duration `yaml:"duration"`
	// Parameter that is concerned; "" = all.
	Parameter string `yaml:"parameter,omitempty"`
	// To is the value that exceed_slow and exceed_shock lead to, in the canonical unit.
	To float64 `yaml:"to,omitempty"`
	// Factor of a spike; 0 = 5.
	Factor float64 `yaml:"factor,omitempty"`
}

// The codes of events.
const (
	ExceedSlow   = "exceed_slow"   // a ramp over a quarter of the duration, then the value To
	ExceedShock  = "exceed_shock"  // To at once
	Spike        = "spike"         // the first message of the event times Factor
	Flatline     = "flatline"      // the value of the start, again and again
	Zero         = "zero"          // 0
	Negative     = "negative"      // -1
	NaNText      = "nan_text"      // the bare token nan, as broken loggers write it
	Calibration  = "calibration"   // status calibrating
	Fault        = "fault"         // status fault
	ParamMissing = "param_missing" // the parameter is left out
	Outage       = "outage"        // nothing is sent; afterwards all of it, as back-fill
	Duplicate    = "duplicate"     // every message twice
	NoDischarge  = "no_discharge"  // flow_out is 0
)

var codes = []string{
	ExceedSlow, ExceedShock, Spike, Flatline, Zero, Negative, NaNText, Calibration, Fault, ParamMissing, Outage, Duplicate, NoDischarge,
}

// Check lists what is wrong with a scenario. plants are the stations of the run.
func (s *Scenario) Check(plants []Plant) []geo.Problem {
	var out []geo.Problem
	for i, e := range s.Events {
		report := func(field, format string, args ...any) {
			out = append(out, geo.Problem{Path: fmt.Sprintf("events[%d].%s", i, field), Message: fmt.Sprintf(format, args...)})
		}
		if !slices.Contains(codes, e.Code) {
			report("code", "%q is none of %v", e.Code, codes)
		}
		at := slices.IndexFunc(plants, func(p Plant) bool { return p.ID == e.Station })
		if at < 0 {
			report("station", "station %q is not simulated", e.Station)
		}
		if e.Duration <= 0 {
			report("duration", "must be more than 0")
		}
		if (e.Code == ExceedSlow || e.Code == ExceedShock) && (e.Parameter == "" || e.To == 0) {
			report("to", "%s needs a parameter and the value that it goes to", e.Code)
		}
		if e.Code == ParamMissing && e.Parameter == "" {
			report("parameter", "param_missing needs a parameter")
		}
		if at >= 0 && e.Parameter != "" && !slices.Contains(plants[at].Parameters, e.Parameter) {
			report("parameter", "station %q does not measure %q", e.Station, e.Parameter)
		}
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

// active lists the events of a station that cover t.
func (s *Scenario) active(station string, start, t time.Time) []Event {
	var out []Event
	for _, e := range s.Events {
		if at := t.Sub(start) - e.Start; e.Station == station && at >= 0 && at < e.Duration {
			out = append(out, e)
		}
	}
	return out
}

func (e *Event) concerns(parameter string) bool { return e.Parameter == "" || e.Parameter == parameter }

// apply changes a value that is measured t into the event; step is the time between two messages, restless a noise of
// deviation 1 that keeps a raised value from looking frozen.
func (e *Event) apply(value float64, parameter string, t, step time.Duration, restless float64) float64 {
	switch {
	case !e.concerns(parameter):
	case e.Code == ExceedSlow:
		ramp := math.Min(1, 4*float64(t)/float64(e.Duration))
		return math.Round((value*(1-ramp)+e.To*ramp*(1+0.01*restless))*10) / 10
	case e.Code == ExceedShock:
		return e.To
	case e.Code == Spike && t < step:
		if e.Factor == 0 {
			return value * 5
		}
		return value * e.Factor
	case e.Code == Zero:
		return 0
	case e.Code == Negative:
		return -1
	case e.Code == NoDischarge && parameter == "flow_out":
		return 0
	}
	return value
}

package simulator

import (
	"maps"
	"slices"
	"strings"
	"time"
	"unicode"
)

// Event is one fault or incident at one station.
type Event struct {
	Station string `yaml:"station"`
	Code    string `yaml:"code"`
	// Start is the offset from the beginning of the run, which with Speed > 1 lies in the past; negative lies in the back-fill.
	Start    time.Duration `yaml:"start"`
	Duration time.Duration `yaml:"duration"`
	// Parameter that is concerned; "" = all.
	Parameter string `yaml:"parameter,omitempty"`
	// To is the value that an event leads to, in the canonical unit; see the codes.
	To float64 `yaml:"to,omitempty"`
	// Factor multiplies; see the codes.
	Factor float64 `yaml:"factor,omitempty"`
	// Shift of a clock_skew; 0 = 7h ahead.
	Shift time.Duration `yaml:"shift,omitempty"`
	// Text is what unit_drift and name_drift write.
	Text string `yaml:"text,omitempty"`
	// Pace of an outage: that many old messages go with each new one when it is over; 0 = all at once, before the new one.
	Pace int `yaml:"pace,omitempty"`
}

// The codes of events.
const (
	ExceedSlow   = "exceed_slow"   // a ramp to the value To over a quarter of the duration, a decay over the last fifth
	ExceedShock  = "exceed_shock"  // the value To at once
	Spike        = "spike"         // the first message of the event times Factor; 0 = 5
	Drift        = "drift"         // the value rises by Factor % a day until the event ends; 0 = 2
	Flatline     = "flatline"      // the value of the start, again and again
	Zero         = "zero"          // 0
	Negative     = "negative"      // -1
	OutOfRange   = "out_of_range"  // To; 0 = 1.3 times the end of the instrument's range
	NaNText      = "nan_text"      // the bare token nan, as broken loggers write it
	Clogging     = "clogging"      // the sample hose clogs: the value falls to Factor (0 = 0.3) of itself and hardly moves; "" = COD, TSS
	Fouling      = "fouling"       // a sawtooth of Factor (0 = 0.12) with the period of the wiper, an hour; "" = COD, TSS
	Calibration  = "calibration"   // status calibrating, values of the standards
	Fault        = "fault"         // status fault
	ParamMissing = "param_missing" // the parameter is left out
	Outage       = "outage"        // nothing is sent; afterwards all of it, as back-fill
	Duplicate    = "duplicate"     // every message twice
	Resend       = "resend"        // every message again with other values
	ClockSkew    = "clock_skew"    // measured_at is off by Shift
	UnitDrift    = "unit_drift"    // the unit is written as Text; "" = mg/l
	NameDrift    = "name_drift"    // the parameter is written as Text; "" = its code in capitals
	PartialFile  = "partial_file"  // every message is cut off
	NoDischarge  = "no_discharge"  // flow_out is 0
	Bypass       = "bypass"        // flow_out is Factor (0 = 0.55) of what it was: the rest leaves elsewhere
	Cheat        = "cheat"         // the value stands still just below To
	Storm        = "storm"         // flows times Factor (0 = 1.6), COD and ammonium diluted, TSS up by two fifths
)

// effect is what events of one code do, and what a service should make of them.
type effect struct {
	// value changes a value that is measured; nil leaves it.
	value func(e *Event, m *moment) float64
	// status is what the device says of itself meanwhile; "" = measuring.
	status string
	// of are the parameters that an event without one concerns; nil = all.
	of []string
	// parameter and to: the event needs them.
	parameter, to bool
	// flags and reasons are what the door should say of such values, any of them.
	flags, reasons []string
	// expect are the kinds of rule that should open an alert, any of them; allow those whose alerts are true as well.
	expect, allow []string
	// lasts is how long the event must last before a rule is expected to speak.
	lasts time.Duration
	// blinds: no value can be judged meanwhile.
	blinds bool
}

// Kinds of rule, by their "on".
var (
	excess  = []string{"value", "mean_1h"}
	trends  = []string{"mean_24h", "forecast", "anomaly", "rate", "load"}
	suspect = []string{"anomaly", "flatline", "expression"}
)

const longSilence = 30 * time.Minute

// effects is the ground truth of the simulator. It never changes.
var effects = map[string]effect{
	ExceedSlow:   {value: (*Event).ramp, parameter: true, to: true, expect: append([]string{"forecast"}, excess...), allow: trends},
	ExceedShock:  {value: (*Event).target, parameter: true, to: true, expect: excess, allow: trends},
	Spike:        {value: (*Event).spike, flags: []string{"spike", "out_of_range"}},
	Drift:        {value: (*Event).drift, expect: []string{"anomaly", "expression"}, allow: []string{"value", "mean_24h"}, lasts: 24 * time.Hour},
	Flatline:     {value: (*Event).frozen, flags: []string{"flatline"}, expect: []string{"flatline"}, allow: suspect, lasts: 2 * time.Hour},
	Zero:         {value: (*Event).zero, flags: []string{"flatline", "spike"}, expect: []string{"flatline"}, allow: append([]string{"rate", "value"}, suspect...), lasts: 2 * time.Hour},
	Negative:     {value: (*Event).negative, flags: []string{"negative"}, expect: []string{"status", "expression"}, lasts: time.Hour, blinds: true},
	OutOfRange:   {value: (*Event).beyond, flags: []string{"out_of_range"}, expect: []string{"status", "expression"}, lasts: time.Hour, blinds: true},
	NaNText:      {flags: []string{"nan_literal", "not_a_number"}, allow: []string{"status", "expression"}, blinds: true},
	Clogging:     {value: (*Event).clog, of: []string{"cod", "tss"}, flags: []string{"flatline"}, expect: suspect, allow: []string{"rate"}, lasts: 4 * time.Hour},
	Fouling:      {value: (*Event).sawtooth, of: []string{"cod", "tss"}},
	Calibration:  {value: (*Event).standard, status: "calibrating", blinds: true},
	Fault:        {status: "fault", expect: []string{"status"}, lasts: time.Hour, blinds: true},
	ParamMissing: {parameter: true, expect: []string{"silence"}, lasts: longSilence},
	Outage:       {expect: []string{"silence"}, lasts: longSilence},
	Duplicate:    {},
	Resend:       {},
	ClockSkew:    {flags: []string{"clock_suspect"}, reasons: []string{"future", "too_old"}, expect: []string{"silence"}, lasts: longSilence},
	UnitDrift:    {parameter: true},
	NameDrift:    {parameter: true},
	PartialFile:  {reasons: []string{"undecodable", "no_values"}, allow: []string{"silence"}},
	NoDischarge:  {value: (*Event).zero, of: []string{"flow_out"}},
	Bypass:       {value: (*Event).bypass, of: []string{"flow_out"}, expect: []string{"expression"}, allow: []string{"anomaly"}, lasts: 24 * time.Hour},
	Cheat:        {value: (*Event).still, parameter: true, to: true, expect: suspect, allow: append([]string{"value"}, trends...), lasts: 6 * time.Hour},
	Storm:        {value: (*Event).storm, of: []string{"flow_in", "flow_out", "cod", "nh4_n", "tss"}, allow: []string{"value"}},
}

// Codes are the codes of events, in order.
func Codes() []string { return slices.Sorted(maps.Keys(effects)) }

func (e *Event) concerns(parameter string) bool {
	if e.Parameter != "" {
		return e.Parameter == parameter
	}
	of := effects[e.Code].of
	return of == nil || slices.Contains(of, parameter)
}

// covers reports whether the event is on at an instant of a run.
func (e *Event) covers(start, at time.Time) bool {
	into := at.Sub(start) - e.Start
	return into >= 0 && into < e.Duration
}

// check reports what is wrong with an event by itself, and at its plant, which may be nil.
func (e *Event) check(p *Plant, report func(field, format string, args ...any)) {
	effect, known := effects[e.Code]
	if !known {
		report("code", "%q is none of %v", e.Code, Codes())
	}
	if p == nil {
		report("station", "station %q is not simulated", e.Station)
	}
	if e.Duration <= 0 {
		report("duration", "must be more than 0")
	}
	if effect.to && (e.Parameter == "" || e.To == 0) {
		report("to", "%s needs a parameter and the value that it goes to", e.Code)
	}
	if effect.parameter && !effect.to && e.Parameter == "" {
		report("parameter", "%s needs a parameter", e.Code)
	}
	if p != nil && e.Parameter != "" && !slices.Contains(p.Parameters, e.Parameter) {
		report("parameter", "station %q does not measure %q", e.Station, e.Parameter)
	}
	if e.Factor < 0 || e.Pace < 0 {
		report("factor", "factor and pace must not be negative")
	}
	if len(e.Text) > maxText || strings.ContainsFunc(e.Text, func(r rune) bool { return !unicode.IsPrint(r) }) {
		report("text", "text must be printable and have at most %d bytes", maxText)
	}
}

// maxText bounds a name or unit that an event writes.
const maxText = 64

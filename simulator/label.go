package simulator

import (
	"slices"
	"time"
)

// Label is what is true of an event, for those who are to find it.
type Label struct {
	Station string
	Code    string
	// Parameters that are concerned; nil = all of the station.
	Parameters []string
	// The event covers [From, To). Onset is when it is plain: a slow excess begins before it is one.
	From, Onset, To time.Time
	// Flags and Reasons are what the door should say, any of them.
	Flags, Reasons []string
	// Expect are the kinds of rule, by their "on", that should open an alert, any of them; none = nothing should. An alert of a kind
	// in Allow is true as well.
	Expect, Allow []string
	// Status is what the device says of itself meanwhile, if that is what the event is: "calibrating" or "fault".
	Status string
}

// Concerns reports whether a label is about a parameter; "" is the station as a whole.
func (l *Label) Concerns(parameter string) bool {
	return parameter == "" || l.Parameters == nil || slices.Contains(l.Parameters, parameter)
}

// statusTooLong is how long a calibration may last: they take 30 to 120 min.
const statusTooLong = 150 * time.Minute

// unusableTooLong is from when on nobody may go on without a value that can be judged.
const unusableTooLong = 3 * time.Hour

// Labels are the labels of a playback, in the order of its events. over tells whether a value breaks the limit of a parameter at a
// station; nil = nobody knows, and then a slow excess is one from its beginning.
func (p Playback) Labels(over func(station, parameter string, value float64) bool) []Label {
	if p.Scenario == nil {
		return nil
	}
	out := make([]Label, 0, len(p.Scenario.Events))
	for i := range p.Scenario.Events {
		e := &p.Scenario.Events[i]
		effect := effects[e.Code]
		l := Label{
			Station: e.Station, Code: e.Code, Parameters: effect.of, From: p.Start.Add(e.Start), To: p.Start.Add(e.Start + e.Duration),
			Flags: effect.flags, Reasons: effect.reasons, Expect: effect.expect, Allow: effect.allow,
		}
		l.Onset = l.From
		if e.Parameter != "" {
			l.Parameters = []string{e.Parameter}
		}
		if e.Duration < effect.lasts {
			l.Expect, l.Allow = nil, append(slices.Clone(effect.allow), effect.expect...)
		}
		l.Status = effect.status
		switch {
		case !effect.blinds:
		case e.Duration > unusableTooLong:
			l.Expect = append(slices.Clone(l.Expect), "unusable")
		default:
			l.Allow = append(slices.Clone(l.Allow), "unusable")
		}
		switch {
		case e.Code == Calibration && (e.Duration > statusTooLong || p.Scenario.hides(e)):
			l.Expect = append(l.Expect, "status")
		case e.Code == ExceedSlow && over != nil:
			l.Onset = p.onset(e, over)
		}
		out = append(out, l)
	}
	return out
}

// hides reports whether a calibration begins in an excess of its parameter: a status must not be used to hide.
func (s *Scenario) hides(c *Event) bool {
	return slices.ContainsFunc(s.Events, func(e Event) bool {
		into := c.Start - e.Start
		return (e.Code == ExceedShock || e.Code == ExceedSlow) && e.Station == c.Station && c.concerns(e.Parameter) && into > 0 && into < e.Duration
	})
}

// onset is the first instant of an event at which its value is over the limit; its beginning when none is.
func (p Playback) onset(e *Event, over func(station, parameter string, value float64) bool) time.Time {
	from := p.Start.Add(e.Start)
	i := slices.IndexFunc(p.Plants, func(plant Plant) bool { return plant.ID == e.Station })
	if i < 0 {
		return from
	}
	step := p.Step
	if step == 0 {
		step = 5 * time.Minute
	}
	f := newFeed(p.Plants[i], p.Seed, &Scenario{Events: []Event{*e}}, p.Start)
	begin := p.Start.Add(e.Start.Truncate(step))
	for at := begin; at.Before(from.Add(e.Duration)); at = at.Add(step) {
		if !at.Before(from) && over(e.Station, e.Parameter, f.value(e.Parameter, at, step)) {
			return at
		}
	}
	return from
}

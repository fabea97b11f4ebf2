package main

import (
	"fmt"
	"slices"
	"time"

	"quantrac/alerts"
	"quantrac/simulator"
)

// setScore is how well one set of rules did.
type setScore struct {
	// file is where the set comes from; "" = built in.
	file   string
	rules  []ruleScore
	faults []faultScore
	alerts int
	wrong  int
	// calm is the number of alerts on plants that are well.
	calm     int
	readings int
	// notes say what was missed and what was wrong, if that was asked for.
	notes []string
}

// ruleScore is how well one rule did.
type ruleScore struct {
	id, on string
	// alerts is how many it opened, right how many of them were about something, labels how many events were its own to find, found how
	// many of those it found.
	alerts, right, labels, found int
	delays                       []time.Duration
}

// faultScore is what was made of the events of one code.
type faultScore struct {
	code string
	// events of the code, expected those that should open an alert, found those that did.
	events, expected, found int
	// marked events should be flagged or refused by the door, flagged ones were.
	marked, flagged int
	// wrong alerts opened in events of the code without being about them.
	wrong            int
	delays, critical []time.Duration
}

// tails is for how long after an event the alerts of a kind may still be about it; the others half an hour.
var tails = map[string]time.Duration{
	alerts.OnMean24h: 24 * time.Hour, alerts.OnLoad: 24 * time.Hour, alerts.OnExpression: 2 * time.Hour, alerts.OnMean1h: time.Hour,
	alerts.OnForecast: 2 * time.Hour, alerts.OnRate: time.Hour,
}

// shortTail is for how long after an event an alert still counts as having found it.
const shortTail = 30 * time.Minute

func tailOf(on string) time.Duration { return max(shortTail, tails[on]) }

// touches reports whether an alert lies in an event or its tail, at its station and parameter.
func (a *told) touches(l *simulator.Label) bool {
	return a.Station.ID == l.Station && l.Concerns(a.Parameter) && !a.OpenedAt.After(l.To.Add(tailOf(a.Basis))) &&
		(a.ResolvedAt == nil || !a.ResolvedAt.Before(l.From))
}

func newSetScore(f *facts, t *tried, labels []simulator.Label) setScore {
	s := setScore{alerts: len(t.alerts), readings: t.readings}
	for _, code := range simulator.Codes() {
		s.faults = append(s.faults, faultScore{code: code})
	}
	for _, r := range f.rules.List() {
		s.rules = append(s.rules, scoreRule(&r, t.alerts, labels))
	}
	for i := range labels {
		s.fault(labels[i].Code).score(&labels[i], t.alerts, t.flagged[i])
	}
	for _, a := range t.alerts {
		if about(a, labels) {
			continue
		}
		s.wrong++
		if i := slices.IndexFunc(labels, func(l simulator.Label) bool { return a.touches(&l) }); i >= 0 {
			s.fault(labels[i].Code).wrong++
		}
	}
	s.faults = slices.DeleteFunc(s.faults, func(f faultScore) bool { return f.events == 0 })
	return s
}

func (s *setScore) fault(code string) *faultScore {
	return &s.faults[slices.IndexFunc(s.faults, func(f faultScore) bool { return f.code == code })]
}

// about reports whether an alert is true: it lies in an event that its kind of rule may speak of.
func about(a *told, labels []simulator.Label) bool {
	return slices.ContainsFunc(labels, func(l simulator.Label) bool {
		return a.touches(&l) && (slices.Contains(l.Expect, a.Basis) || slices.Contains(l.Allow, a.Basis))
	})
}

func scoreRule(r *alerts.Rule, all []*told, labels []simulator.Label) ruleScore {
	s := ruleScore{id: r.ID, on: r.On}
	own := slices.DeleteFunc(slices.Clone(all), func(a *told) bool { return a.Rule != r.ID })
	s.alerts = len(own)
	for _, a := range own {
		if about(a, labels) {
			s.right++
		}
	}
	for i := range labels {
		l := &labels[i]
		if !slices.Contains(l.Expect, r.On) || !watches(r, l) {
			continue
		}
		s.labels++
		if first := firstTold(own, l); first != nil {
			s.found++
			s.delays = append(s.delays, later(first.opened, l.From).Sub(l.Onset))
		}
	}
	return s
}

// watches reports whether a rule can see an event.
func watches(r *alerts.Rule, l *simulator.Label) bool {
	switch {
	case r.On == alerts.OnSilence && len(r.Parameters) == 0:
		return l.Parameters == nil
	case r.On == alerts.OnSilence:
		return slices.ContainsFunc(l.Parameters, func(p string) bool { return slices.Contains(r.Parameters, p) })
	case r.On == alerts.OnStatus && !slices.Contains(r.Statuses, l.Status),
		r.On == alerts.OnUnusable && l.To.Sub(l.From) <= time.Duration(r.After),
		r.On == alerts.OnUnusable && l.Status != "" && !slices.Contains(r.Statuses, l.Status):
		return false
	case l.Parameters == nil:
		return true
	}
	return slices.ContainsFunc(l.Parameters, func(p string) bool {
		return (len(r.Parameters) == 0 || slices.Contains(r.Parameters, p)) && !slices.Contains(r.Except, p)
	})
}

func finds(a *told, l *simulator.Label) bool {
	return slices.Contains(l.Expect, a.Basis) && a.touches(l) && !a.OpenedAt.After(l.To.Add(shortTail))
}

// firstTold is the alert of an expected kind that was told first in an event.
func firstTold(all []*told, l *simulator.Label) *told {
	var first *told
	for _, a := range all {
		if finds(a, l) && (first == nil || a.opened.Before(first.opened)) {
			first = a
		}
	}
	return first
}

func (f *faultScore) score(l *simulator.Label, all []*told, flagged bool) {
	f.events++
	if len(l.Flags)+len(l.Reasons) > 0 {
		f.marked++
		if flagged {
			f.flagged++
		}
	}
	if len(l.Expect) == 0 {
		return
	}
	f.expected++
	first := firstTold(all, l)
	if first == nil {
		return
	}
	f.found++
	f.delays = append(f.delays, later(first.opened, l.From).Sub(l.Onset))
	if !slices.Contains(l.Expect, alerts.OnValue) {
		return
	}
	for _, a := range all {
		if finds(a, l) && !a.critical.IsZero() {
			f.critical = append(f.critical, later(a.critical, l.From).Sub(l.Onset))
			break
		}
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func medianOf(d []time.Duration) (time.Duration, bool) {
	if len(d) == 0 {
		return 0, false
	}
	d = slices.Sorted(slices.Values(d))
	return d[len(d)/2], true
}

// list notes what was missed and what was wrong, one by one.
func (s *setScore) list(t *tried, labels []simulator.Label) {
	const minute = "2006-01-02 15:04"
	for i := range labels {
		if l := &labels[i]; len(l.Expect) > 0 && firstTold(t.alerts, l) == nil {
			s.notes = append(s.notes, fmt.Sprintf("missed: %s at %s %v, %s to %s", l.Code, l.Station, l.Parameters, l.From.Format(minute), l.To.Format(minute)))
		}
	}
	for _, a := range t.alerts {
		if about(a, labels) {
			continue
		}
		near := "nothing"
		if i := slices.IndexFunc(labels, func(l simulator.Label) bool { return a.touches(&l) }); i >= 0 {
			near = labels[i].Code
		}
		s.notes = append(s.notes, fmt.Sprintf("wrong: %s, %s %s from %s in %s: %s", a.Rule, a.Station.ID, a.Parameter, a.OpenedAt.Format(minute), near, a.Summary.EN))
	}
}

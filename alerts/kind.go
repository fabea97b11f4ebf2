package alerts

import (
	"slices"

	"quantrac/ingest"
)

// kind is what rules of one "on" have in common.
type kind struct {
	// severityOnly: the rule is true or not, with one severity instead of levels.
	severityOnly bool
	// absolute: the levels are absolute, because the figure has no limit in law.
	absolute bool
	// deferred: the signal looks at other parameters of the instant too, so it waits until a delivery is on the tape as a whole.
	deferred bool
	// whole: the rule judges the station, not one of its parameters.
	whole bool
	shows shows
	// unit makes the unit of the figure from that of the parameter.
	unit func(unit string) string
}

// shows is what an alert gives as its value.
type shows uint8

const (
	// showsFigure: the number that is judged.
	showsFigure shows = iota
	// showsValue: the measured value, because the number that is judged is only a score.
	showsValue
	// showsNothing: there is no value to speak of.
	showsNothing
)

func same(unit string) string { return unit }

var kinds = map[string]kind{
	OnValue:      {unit: same},
	OnMean1h:     {unit: same},
	OnMean24h:    {unit: same},
	OnForecast:   {unit: same},
	OnRate:       {absolute: true, unit: perHour},
	OnLoad:       {absolute: true, deferred: true, unit: func(string) string { return "kg/day" }},
	OnAnomaly:    {absolute: true, shows: showsValue, unit: same},
	OnFlatline:   {severityOnly: true, deferred: true, shows: showsValue, unit: same},
	OnStatus:     {severityOnly: true, shows: showsNothing, unit: same},
	OnExpression: {severityOnly: true, deferred: true, whole: true, shows: showsNothing, unit: same},
	OnSilence:    {severityOnly: true, shows: showsNothing, unit: same},
	OnUnusable:   {severityOnly: true, deferred: true, shows: showsNothing, unit: same},
}

func perHour(unit string) string {
	if unit == "" {
		return "1/h"
	}
	return unit + "/h"
}

// signalFor makes the signal of a rule for a parameter; nil when there is nothing to judge by.
func (r *rule) signalFor(parameter string, cat *ingest.Catalogue) signal {
	switch r.On {
	case OnValue:
		return currentValue
	case OnMean1h, OnMean24h:
		return meanOver(int64(r.Window), *r.MinShare)
	case OnRate:
		return rateOver(int64(r.Window))
	case OnLoad:
		if parameter == flowOut {
			return nil
		}
		return loadOver(int64(r.Window), *r.MinShare)
	case OnForecast:
		f := forecast{window: int64(r.Window), horizon: int64(r.Horizon)}
		return f.judge
	case OnAnomaly:
		a := anomaly{days: r.Days}
		return a.judge
	case OnStatus:
		w := statusWatch{statuses: r.watched(), after: int64(r.After), times: r.Times}
		return w.judge
	case OnUnusable:
		w := unusableWatch{statuses: r.watched(), after: int64(r.After)}
		return w.judge
	case OnFlatline:
		if n := r.records(parameter, cat); n > 1 {
			return equalRun(n)
		}
	case OnExpression:
		return r.expression.judge
	}
	return nil
}

// watched are the device statuses that the rule names.
func (r *rule) watched() []ingest.Status {
	return slices.DeleteFunc(slices.Clone(statuses[:]), func(s ingest.Status) bool { return !slices.Contains(r.Statuses, s.String()) })
}

// mostRecords bounds the run of equal values that a rule may ask for.
const mostRecords = 288

func (r *rule) records(parameter string, cat *ingest.Catalogue) int {
	if r.Records > 0 {
		return r.Records
	}
	p, ok := cat.Parameter(parameter)
	if !ok {
		return 0
	}
	return min(p.Flatline, mostRecords)
}

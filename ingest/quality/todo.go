package quality

import (
	"cmp"
	"slices"
)

// Todo is something to do about a figure, as a code that a page turns into a sentence.
type Todo struct {
	Code   string `json:"code"`
	Figure string `json:"figure"`
	// Count is of what Code names: records, parameters, or of silent and slow seconds: of several stations the most.
	Count int64 `json:"count"`
	// Stations is how many it is about; Parameters which ones, where that is known.
	Stations   int64    `json:"stations"`
	Parameters []string `json:"parameters"`
}

// The codes, in the order in which they matter.
var codes = [...]string{
	"never_spoke", "silent", "no_data", "below_floor", "parameter_missing", "incomplete", "device_fault", "calibration_overdue",
	"calibrating", "out_of_range", "no_number", "suspect", "unit_unknown", "quarantined", "unmapped_parameter", "unmapped_station",
	"clock", "undeclared", "status_unknown", "duplicate", "revised", "slow", "calibration_unknown",
}

func rankOf(code string) int { return slices.Index(codes[:], code) }

// noticed is from which share of what it is part of something is worth a word.
const noticed = 0.005

type todos []Todo

func (t *todos) add(code, figure string, count int64, parameters ...string) {
	if count > 0 {
		*t = append(*t, Todo{Code: code, Figure: figure, Count: count, Stations: 1, Parameters: append([]string{}, parameters...)})
	}
}

func (t *todos) addShare(code, figure string, count, of int64) {
	if of > 0 && float64(count) >= noticed*float64(of) {
		t.add(code, figure, count)
	}
}

// todo lists what to do about a station, the weightiest first.
func (st *station) todo() []Todo {
	t := todos{}
	st.todoComplete(&t)
	for _, x := range [...]struct {
		code  string
		count int64
	}{
		{"device_fault", st.n[fault]},
		{"calibrating", st.n[calibrating]},
		{"out_of_range", st.n[outOfRange]},
		{"no_number", st.n[noNumber]},
		{"suspect", st.n[suspect]},
	} {
		t.addShare(x.code, "correct", x.count, st.received)
	}
	var overdue, unknown []string
	for i := range st.params {
		switch p := &st.params[i]; {
		case !p.known:
			unknown = append(unknown, p.code)
		case p.overdue <= dayOf(hourOf(st.now)):
			overdue = append(overdue, p.code)
		}
	}
	t.add("calibration_overdue", "correct", int64(len(overdue)), overdue...)
	t.add("calibration_unknown", "correct", int64(len(unknown)), unknown...)
	t.add("quarantined", "clean", st.n[quarantined])
	t.addShare("duplicate", "clean", st.n[duplicate], st.booked())
	t.addShare("revised", "clean", st.n[revised], st.booked())
	if p := st.aliveness().Parts.DelayP95; p != nil && *p > MostDelay {
		t.add("slow", "alive", int64(*p))
	}
	st.todoUniform(&t)
	return t.sorted()
}

func (st *station) todoComplete(t *todos) {
	switch {
	case st.gone == 0 && st.aliveNow == 0:
		t.add("never_spoke", "alive", 1)
	case st.aliveNow == 0:
		t.add("silent", "alive", st.gone)
	}
	if st.expected == 0 {
		return
	}
	var missing []string
	lost := int64(0)
	for i := range st.params {
		if p := &st.params[i]; p.covered == 0 && p.expected > 0 {
			missing = append(missing, p.code)
			lost += p.expected
		}
	}
	value := float64(st.covered) / float64(st.expected)
	switch {
	case st.covered == 0:
		t.add("no_data", "complete", st.expected)
		return
	case value < FloorComplete:
		t.add("below_floor", "complete", st.expected-st.covered)
	case value < TargetComplete:
		t.add("incomplete", "complete", st.expected-st.covered)
	}
	t.add("parameter_missing", "complete", lost, missing...)
}

func (a *sum) todoUniform(t *todos) {
	t.add("unit_unknown", "uniform", a.n[oddUnit])
	t.add("clock", "uniform", a.n[oddClock]+a.skewed)
	t.add("undeclared", "uniform", a.n[oddName])
	t.add("status_unknown", "uniform", a.n[oddStatus])
	t.add("unmapped_parameter", "uniform", a.n[unmappedParameter])
	t.add("unmapped_station", "uniform", a.n[unmappedStation])
}

// todoUnassigned lists what to do about what belongs to no station.
func (a *sum) todoUnassigned() []Todo {
	t := todos{}
	t.add("quarantined", "clean", a.n[quarantined])
	a.todoUniform(&t)
	for i := range t {
		t[i].Stations = 0
	}
	return t
}

func (t todos) sorted() []Todo {
	slices.SortStableFunc(t, func(a, b Todo) int { return cmp.Compare(rankOf(a.Code), rankOf(b.Code)) })
	return t
}

// merged puts the same thing at several stations into one.
func merged(all []Todo) []Todo {
	out := todos{}
	for _, x := range all {
		i := slices.IndexFunc(out, func(y Todo) bool { return y.Code == x.Code })
		if i < 0 {
			x.Parameters = slices.Clone(x.Parameters)
			out = append(out, x)
			continue
		}
		if x.Code == "silent" || x.Code == "slow" {
			out[i].Count = max(out[i].Count, x.Count)
		} else {
			out[i].Count += x.Count
		}
		out[i].Stations += x.Stations
		for _, code := range x.Parameters {
			if !slices.Contains(out[i].Parameters, code) {
				out[i].Parameters = append(out[i].Parameters, code)
			}
		}
	}
	return out.sorted()
}

package alerts_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"quantrac/alerts"
	"quantrac/ingest"
)

// trailsOf is what history would hold of readings, which are in the order of time.
func trailsOf(readings []ingest.Reading) []alerts.Trail {
	var out []alerts.Trail
	for i := range readings {
		r := &readings[i]
		k := slices.IndexFunc(out, func(t alerts.Trail) bool { return t.Parameter == r.Parameter })
		if k < 0 {
			k = len(out)
			out = append(out, alerts.Trail{Parameter: r.Parameter})
		}
		t, value := &out[k], math.NaN()
		if r.Usable {
			value = r.Value
		}
		t.At, t.Value, t.Status = append(t.At, r.MeasuredAt.UnixNano()), append(t.Value, value), append(t.Status, r.Status)
	}
	return out
}

// chance makes the readings of one station over six hours, with every kind of trouble in them.
func chance(rng *rand.Rand) []ingest.Reading {
	var out []ingest.Reading
	dry, silent := false, 0 // silences are shorter than the memory: the past forgets, the present does not
	for minute := 0; minute < 360; minute += 5 {
		if rng.IntN(8) == 0 {
			dry = !dry
		}
		if minute%120 == 60 {
			silent = rng.IntN(9)
		}
		if silent--; silent >= 0 {
			continue
		}
		for _, p := range []string{"cod", "ph", "tss", "flow_out"} {
			r := reading("s0", p, minutes(float64(minute)), 20+rng.Float64()*rng.Float64()*60)
			switch {
			case p == "flow_out" && dry:
				r.Value = 0
			case p == "ph":
				r.Value = 7 + 2.5*rng.Float64()*rng.Float64()
			}
			switch rng.IntN(15) {
			case 0:
				r.Usable, r.Status = false, ingest.Calibrating
			case 1:
				r.Usable, r.Status, r.Value = false, ingest.Fault, math.NaN()
			case 2:
				continue
			}
			out = append(out, r)
		}
	}
	return out
}

// The past is judged as the present was: at every instant it is what Live showed then.
func TestPastIsWhatLiveWas(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Log("seed", seed)
	seen := map[alerts.State]int{}
	for round := range uint64(50) {
		readings := chance(rand.New(rand.NewPCG(seed, round)))
		live := newLive(t, 1)
		g := alerts.Grid{From: minutes(2.5), Every: 5 * time.Minute, Steps: 80}
		past, ok := newLive(t, 1).Past("s0", trailsOf(readings), g)
		if !ok {
			t.Fatal("no such station")
		}
		for i := range g.Steps {
			n := slices.IndexFunc(readings, func(r ingest.Reading) bool { return r.MeasuredAt.After(g.At(i)) })
			if n < 0 {
				n = len(readings)
			}
			live.Apply(readings[:n])
			readings = readings[n:]
			live.Tick(g.At(i))
			v, _ := live.Station("s0")
			seen[v.State]++
			if past.State[i] != v.State || past.Index[i] != orNaN(v.Index) && !(v.Index == nil && math.IsNaN(past.Index[i])) {
				t.Fatalf("round %d at %s: %s, index %v; live %s, index %v", round, g.At(i), past.State[i], past.Index[i], v.State, orNaN(v.Index))
			}
			if worst := past.Worst[i]; worst != "" && orNaN(v.Latest[worst].Ratio) != past.Index[i] {
				t.Fatalf("round %d at %s: %q is not the worst: %v", round, g.At(i), worst, v.Latest[worst].Ratio)
			}
		}
	}
	for _, s := range alerts.States() {
		if seen[s] == 0 {
			t.Errorf("no instant was %s", s)
		}
	}
}

func orNaN(p *float64) float64 {
	if p == nil {
		return math.NaN()
	}
	return *p
}

// How a station stood does not depend on where one begins to read, given the memory before it.
func TestPastDoesNotDependOnTheWindow(t *testing.T) {
	readings := chance(rand.New(rand.NewPCG(1, 2)))
	live := newLive(t, 1)
	whole, _ := live.Past("s0", trailsOf(readings), alerts.Grid{From: midnight, Every: 5 * time.Minute, Steps: 72})
	st, _ := world(t, 1).Station("s0")
	begin := minutes(240)
	late := slices.DeleteFunc(slices.Clone(readings), func(r ingest.Reading) bool { return r.MeasuredAt.Before(begin.Add(-alerts.MemoryOf(st))) })
	part, _ := live.Past("s0", trailsOf(late), alerts.Grid{From: begin, Every: 5 * time.Minute, Steps: 24})
	if !slices.Equal(whole.State[48:], part.State) || !slices.EqualFunc(whole.Index[48:], part.Index, func(a, b float64) bool { return a == b || a != a && b != b }) {
		t.Errorf("whole %v %v\npart  %v %v", whole.State[48:], whole.Index[48:], part.State, part.Index)
	}
	if _, ok := live.Past("nobody", nil, alerts.Grid{}); ok {
		t.Error("found a station that is not in the registry")
	}
	silent, _ := live.Past("s0", nil, alerts.Grid{From: midnight, Every: time.Hour, Steps: 2})
	if silent.State[1] != alerts.Offline || !math.IsNaN(silent.Index[1]) || silent.Worst[1] != "" {
		t.Errorf("without readings: %+v", silent)
	}
}

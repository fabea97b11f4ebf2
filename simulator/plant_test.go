package simulator

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"quantrac/geo"
)

func TestValuesAreAFunctionOfSeedStationParameterAndTime(t *testing.T) {
	a, b := Plants(geo.Builtin()), Plants(geo.Builtin())
	differ := 0
	for i := range a {
		for _, code := range a[i].Parameters {
			for _, at := range []time.Time{start, start.Add(5 * time.Second), start.Add(-60 * 24 * time.Hour)} {
				v, ok := a[i].Value(3, code, at)
				if again, _ := b[i].Value(3, code, at.In(local)); !ok || v != again {
					t.Fatalf("%s %s at %s: %v, then %v", a[i].ID, code, at, v, again)
				}
				if other, _ := a[i].Value(4, code, at); other != v {
					differ++
				}
			}
		}
	}
	if differ < len(a)*3 {
		t.Errorf("another seed changes only %d values", differ)
	}
}

// Values move as water in a tank does: no step between two messages, whatever the interval, so live joins back-fill.
func TestValuesHaveNoStep(t *testing.T) {
	most := map[string]float64{"ph": 0.3, "temp": 0.8, "cod": 7, "tss": 5, "nh4_n": 0.5}
	for _, p := range Plants(geo.Builtin()) {
		for code, step := range most {
			last, _ := p.Value(1, code, start.Add(-24*time.Hour))
			for at := start.Add(-24 * time.Hour); at.Before(start.Add(5 * time.Minute)); at = at.Add(5 * time.Minute) {
				v, _ := p.Value(1, code, at)
				if math.Abs(v-last) > step {
					t.Errorf("%s %s at %s: from %g to %g", p.ID, code, at, last, v)
				}
				last = v
			}
		}
	}
}

func TestValuesStayInsideTheInstruments(t *testing.T) {
	reg := geo.Builtin()
	for _, p := range Plants(reg) {
		s, _ := reg.Station(p.ID)
		for _, code := range []string{"flow_in", "flow_out"} {
			limit := 500.0
			if r, ok := s.Ranges[code]; ok {
				limit = r.Max
			}
			for at := start; at.Before(start.Add(7 * 24 * time.Hour)); at = at.Add(20 * time.Minute) {
				if v, _ := p.Value(1, code, at); v <= 0 || v > limit {
					t.Fatalf("%s %s at %s: %g m³/h, the instrument ends at %g", p.ID, code, at, v, limit)
				}
			}
		}
	}
}

func TestNoiseIsCalibrated(t *testing.T) {
	const n = 20000
	var sum, squares, products, last float64
	for i := range n {
		x := noise(1, "one-01", "cod", start.Add(time.Duration(i)*5*time.Minute))
		sum, squares, products = sum+x, squares+x*x, products+x*last
		last = x
	}
	mean := sum / n
	deviation := math.Sqrt(squares/n - mean*mean)
	correlation := products / squares
	if math.Abs(mean) > 0.1 || deviation < 0.85 || deviation > 1.15 || correlation < 0.75 || correlation > 0.97 {
		t.Errorf("mean %.3f, deviation %.3f, correlation over 5 min %.3f; want about 0, 1 and 0.9", mean, deviation, correlation)
	}
}

func TestSome(t *testing.T) {
	plants := Plants(geo.Builtin())
	if got := Some(plants, 0); len(got) != len(plants) {
		t.Errorf("0 gives %d of %d", len(got), len(plants))
	}
	if got := Some(plants, 3); len(got) != 3 || got[0].ID != plants[0].ID {
		t.Errorf("3 gives %d", len(got))
	}
	many := Some(plants, len(plants)+2)
	if got := many[len(many)-1]; len(many) != len(plants)+2 || !geo.ValidID(got.ID) || len(got.Parameters) == 0 {
		t.Errorf("two made-up ones: %d plants, the last is %+v", len(many), got)
	}
}

// messageWith is the message of one-01 that is measured at start plus offset while an event is on.
func messageWith(t *testing.T, e Event, offset time.Duration) string {
	t.Helper()
	e.Station = "one-01"
	if e.Duration == 0 {
		e.Duration = time.Hour
	}
	f := newFeed(twoPlants()[0], 1, &Scenario{Events: []Event{e}}, start)
	return string(f.message(due{start.Add(offset), 5 * time.Minute}, 1))
}

func valuesOf(t *testing.T, body string) map[string]any {
	t.Helper()
	var m struct {
		Values map[string]any `json:"values"`
	}
	if err := json.Unmarshal([]byte(body), &m); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	return m.Values
}

func TestEvents(t *testing.T) {
	at := 45 * time.Minute
	usual := valuesOf(t, messageWith(t, Event{Code: Fault, Parameter: "none"}, at))
	for _, c := range []struct {
		event Event
		ok    func(v map[string]any) bool
	}{
		{Event{Code: ExceedSlow, Parameter: "cod", To: 90}, func(v map[string]any) bool { return math.Abs(v["cod"].(float64)-90) < 5 }},
		{Event{Code: ExceedShock, Parameter: "nh4_n", To: 12}, func(v map[string]any) bool { return math.Abs(v["nh4_n"].(float64)-12) < 0.5 }},
		{Event{Code: Flatline, Parameter: "tss"}, func(v map[string]any) bool {
			return v["tss"] == valuesOf(t, messageWith(t, Event{Code: Flatline, Parameter: "tss"}, 10*time.Minute))["tss"]
		}},
		{Event{Code: Zero, Parameter: "cod"}, func(v map[string]any) bool { return v["cod"] == 0.0 }},
		{Event{Code: Negative, Parameter: "cod"}, func(v map[string]any) bool { return v["cod"].(float64) < 0 }},
		{Event{Code: NoDischarge}, func(v map[string]any) bool { return v["flow_out"] == 0.0 && v["flow_in"].(float64) > 0 }},
		{Event{Code: ParamMissing, Parameter: "cod"}, func(v map[string]any) bool { _, there := v["cod"]; return !there && len(v) == 6 }},
		{Event{Code: Fault, Parameter: "ph"}, func(v map[string]any) bool { return v["ph"].(map[string]any)["status"] == "fault" }},
		{Event{Code: Calibration}, func(v map[string]any) bool {
			for _, x := range v {
				if m, ok := x.(map[string]any); !ok || m["status"] != "calibrating" {
					return false
				}
			}
			return true
		}},
	} {
		v := valuesOf(t, messageWith(t, c.event, at))
		if !c.ok(v) {
			t.Errorf("%s gives %v", c.event.Code, v)
		}
		if c.event.Parameter == "" {
			continue
		}
		for code, x := range v {
			if code != c.event.Parameter && x != usual[code] {
				t.Errorf("%s of %s changes %s from %v to %v", c.event.Code, c.event.Parameter, code, usual[code], x)
			}
		}
		if after := valuesOf(t, messageWith(t, c.event, time.Hour)); after[c.event.Parameter] == nil || after[c.event.Parameter] == v[c.event.Parameter] {
			t.Errorf("%s: still %v after its end", c.event.Code, after[c.event.Parameter])
		}
	}
}

func TestSpikeIsOneMessage(t *testing.T) {
	e := Event{Code: Spike, Parameter: "cod", Factor: 6}
	first, second := valuesOf(t, messageWith(t, e, 0))["cod"].(float64), valuesOf(t, messageWith(t, e, 5*time.Minute))["cod"].(float64)
	if usual, _ := twoPlants()[0].Value(1, "cod", start); first != usual*6 || second > 2*usual {
		t.Errorf("usual %g, then %g and %g", usual, first, second)
	}
}

// Broken loggers print a bare nan, which is no JSON: the service has to bear it, so the simulator writes it.
func TestNaNTextIsBare(t *testing.T) {
	if body := messageWith(t, Event{Code: NaNText, Parameter: "cod"}, 0); !strings.Contains(body, `"cod":nan,`) || json.Valid([]byte(body)) {
		t.Errorf("got %s", body)
	}
}

func TestScenarioReportsEveryProblemAtItsPlace(t *testing.T) {
	s := Scenario{Events: []Event{
		{Station: "one-01", Code: Fault, Duration: time.Hour},
		{Station: "three-01", Code: "fire", Duration: -time.Second},
		{Station: "two-01", Code: ExceedSlow, Duration: time.Hour, Parameter: "cod"},
		{Station: "two-01", Code: ParamMissing, Duration: time.Hour},
		{Station: "two-01", Code: Flatline, Duration: time.Hour, Parameter: "codd"},
	}}
	want := []string{"events[1].code", "events[1].station", "events[1].duration", "events[2].to", "events[3].parameter", "events[4].parameter"}
	var got []string
	for _, p := range s.Check(twoPlants()) {
		got = append(got, p.Path)
	}
	if !slices.Equal(got, want) {
		t.Errorf("\n got %v\nwant %v", got, want)
	}
}

func TestGentleFitsTheBuiltinRegistry(t *testing.T) {
	if problems := Gentle().Check(Plants(geo.Builtin())); len(problems) > 0 {
		t.Error(problems)
	}
}

// A faster clock runs through the past in order and stops at the wall clock.
func TestFasterClockNeverPassesTheWallClock(t *testing.T) {
	r := &run{opt: withDefaults(Options{Speed: 24, Backfill: 24 * time.Hour}), start: start}
	caughtUp := start.Add(24 * time.Hour / 23)
	last := start
	for at := start.Add(-24 * time.Hour); at.Before(start.Add(6 * time.Hour)); at = at.Add(5 * time.Minute) {
		due := r.dueAt(at)
		if due.Before(at) || due.Before(last) {
			t.Fatalf("%s is sent at %s, after one that is sent at %s", at, due, last)
		}
		if at.After(caughtUp) && !due.Equal(at) {
			t.Fatalf("%s is sent at %s although the run has caught up", at, due)
		}
		last = due
	}
	if due := r.dueAt(start.Add(-12 * time.Hour)); !due.Equal(start.Add(30 * time.Minute)) {
		t.Errorf("12 h of 24 h pass by %s, want 30 min after the start", due)
	}
}

func BenchmarkMessage(b *testing.B) {
	f := newFeed(twoPlants()[0], 1, &Scenario{}, start)
	for i := 0; b.Loop(); i++ {
		f.message(due{start.Add(time.Duration(i) * 5 * time.Second), 5 * time.Second}, 1)
	}
}

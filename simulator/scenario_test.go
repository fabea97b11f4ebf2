package simulator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

const day = 24 * time.Hour

// plantLimits are limits as a column of the law might have them.
func plantLimits(_, parameter string) (least, most float64) {
	switch parameter {
	case "ph":
		return 6, 9
	case "cod":
		return 0, 67.5
	case "tss":
		return 0, 45
	case "nh4_n":
		return 0, 4.5
	}
	return 0, 0
}

// playOne plays one event at one-01 and returns the messages by their measured_at as it ought to be; cut ones are left out.
func playOne(t *testing.T, e Event, length time.Duration) []Message {
	t.Helper()
	e.Station = "one-01"
	var out []Message
	p := Playback{Plants: twoPlants()[:1], Seed: 1, Scenario: &Scenario{Events: []Event{e}}, Start: start, Duration: length}
	if problems := p.Scenario.Check(p.Plants); len(problems) > 0 {
		t.Fatal(problems)
	}
	if err := Play(p, func(m Message) error { out = append(out, m); return nil }); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestPlayIsOrderedAndRepeats(t *testing.T) {
	draw := Draw{Seed: 5, Plants: twoPlants(), Duration: 5 * day, Limit: plantLimits}
	play := func() (text []string) {
		p := Playback{Plants: draw.Plants, Seed: 5, Scenario: draw.Scenario(), Start: start, Duration: draw.Duration}
		last := start
		if err := Play(p, func(m Message) error {
			if m.At.Before(last) || m.Topic != readingsTopic(m.Station) {
				t.Fatalf("%s to %s after %s", m.At, m.Topic, last)
			}
			last = m.At
			text = append(text, m.At.String()+string(m.Body))
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return text
	}
	first := play()
	if !slices.Equal(first, play()) {
		t.Error("the same scenario with the same seed gives other messages")
	}
	if len(first) < 2*5*288*3/4 {
		t.Errorf("only %d messages", len(first))
	}
}

// The live simulator and Play write the same messages: both let the same feeds write.
func TestTheLiveSimulatorPlaysTheSame(t *testing.T) {
	scenario := &Scenario{Events: []Event{
		{Station: "one-01", Code: Flatline, Parameter: "cod", Start: -30 * time.Minute, Duration: time.Hour},
		{Station: "one-01", Code: Outage, Start: -3 * time.Hour, Duration: time.Hour},
	}}
	r := allowAll(t)
	opt := Options{Plants: twoPlants()[:1], Interval: time.Second, Backfill: 4 * time.Hour, Seed: 3, Now: clock(), Scenario: scenario}
	live := map[time.Time]map[string]any{}
	for _, rec := range runUntil(t, r, opt, func() bool { return len(r.records) > 48+300 }) {
		live[rec.At.UTC()] = rec.Values
	}
	f := newFeed(opt.Plants[0], 3, scenario, start)
	for at := start.Add(-4*time.Hour + 5*time.Minute); !at.After(start); at = at.Add(5 * time.Minute) {
		if want := valuesOf(t, string(f.message(due{at, 5 * time.Minute}, 1))); !maps.Equal(live[at], want) {
			t.Errorf("%s: live %v, played %v", at, live[at], want)
		}
	}
}

// A faster clock plays the events of a scenario in the past that it runs through.
func TestAFasterClockPlaysTheScenarioFromItsBeginning(t *testing.T) {
	scenario := &Scenario{Events: []Event{{Station: "one-01", Code: Zero, Parameter: "cod", Start: 119 * time.Minute, Duration: time.Hour}}}
	r := allowAll(t)
	opt := Options{Plants: twoPlants()[:1], Speed: 5000, Backfill: 4 * time.Hour, Seed: 3, Now: clock(), Scenario: scenario}
	zeros := 0
	for _, rec := range runUntil(t, r, opt, func() bool { return len(r.records) >= 48 }) {
		in := !rec.At.Before(start.Add(-2*time.Hour)) && rec.At.Before(start.Add(-time.Hour))
		if zero := rec.Values["cod"] == 0.0; zero != in {
			t.Errorf("%s: COD %v", rec.At, rec.Values["cod"])
		} else if zero {
			zeros++
		}
	}
	if zeros != 12 {
		t.Errorf("%d zeros in an hour", zeros)
	}
}

func TestNewEvents(t *testing.T) {
	usual, _ := twoPlants()[0].Value(1, "cod", start.Add(2*time.Hour))
	within := func(least, most float64) func(float64) bool {
		return func(v float64) bool { return v >= least && v <= most }
	}
	for _, c := range []struct {
		event Event
		ok    func(float64) bool
	}{
		{Event{Code: Drift, Factor: 24}, within(usual*1.01, usual*1.03)},
		{Event{Code: OutOfRange}, within(650, 650)},
		{Event{Code: OutOfRange, To: 500}, within(500, 500)},
		{Event{Code: Clogging}, within(1, usual/2)},
		{Event{Code: Calibration}, within(0, 250)},
		{Event{Code: Cheat, To: 67.5}, within(65.5, 67.4)},
		{Event{Code: Storm}, within(usual/1.7, usual)},
	} {
		c.event.Duration, c.event.Parameter = 6*time.Hour, "cod"
		v := valuesOf(t, messageWith(t, c.event, 2*time.Hour))["cod"]
		if m, is := v.(map[string]any); is {
			v = m["value"]
		}
		if x, is := v.(float64); !is || !c.ok(x) {
			t.Errorf("%s gives %v, usual is %g", c.event.Code, v, usual)
		}
	}
	flows := valuesOf(t, messageWith(t, Event{Code: Bypass, Duration: day}, time.Hour))
	if in, out := flows["flow_in"].(float64), flows["flow_out"].(float64); out > 0.8*in || out == 0 {
		t.Errorf("bypass: %g in, %g out", in, out)
	}
	if ph := valuesOf(t, messageWith(t, Event{Code: Calibration, Parameter: "ph", Duration: time.Hour}, 30*time.Minute))["ph"]; ph.(map[string]any)["value"] != 7.0 {
		t.Errorf("the second buffer reads %v", ph)
	}
}

func TestASlowExcessComesAndGoes(t *testing.T) {
	e := Event{Code: ExceedSlow, Parameter: "cod", To: 90, Duration: 10 * time.Hour}
	at := func(d time.Duration) float64 { return valuesOf(t, messageWith(t, e, d))["cod"].(float64) }
	usual := valuesOf(t, messageWith(t, Event{Code: Duplicate}, 0))["cod"].(float64)
	if first, half, top, end := at(0), at(75*time.Minute), at(5*time.Hour), at(9*time.Hour+55*time.Minute); math.Abs(first-usual) > 1 || half < 50 || half > 70 || top < 86 || end > 40 {
		t.Errorf("from %g: %g, %g, %g, %g", usual, first, half, top, end)
	}
}

func TestMessagesThatAreNotSimplyRight(t *testing.T) {
	for _, c := range []struct {
		event Event
		holds func(bodies []string) bool
	}{
		{Event{Code: Duplicate}, func(b []string) bool { return len(b) == 24 && b[0] == b[1] && b[2] == b[3] && b[0] != b[2] }},
		{Event{Code: Resend}, func(b []string) bool { return len(b) == 24 && sameInstant(b[0], b[1]) && b[0] != b[1] }},
		{Event{Code: PartialFile}, func(b []string) bool { return len(b) == 12 && !json.Valid([]byte(b[0])) }},
		{Event{Code: ClockSkew}, func(b []string) bool { return strings.Contains(b[0], `"2026-11-24T20:00:00+07:00"`) }},
		{Event{Code: ClockSkew, Shift: -490560 * time.Hour}, func(b []string) bool { return strings.Contains(b[0], `"1970-`) }},
		{Event{Code: UnitDrift, Parameter: "cod"}, func(b []string) bool { return strings.Contains(b[0], `"unit":"mg/l"`) }},
		{Event{Code: NameDrift, Parameter: "flow_out", Text: "LUULUONG1"}, func(b []string) bool {
			return strings.Contains(b[0], `"LUULUONG1":`) && !strings.Contains(b[0], "flow_out")
		}},
		{Event{Code: NameDrift, Parameter: "ph"}, func(b []string) bool { return strings.Contains(b[0], `"PH":`) }},
		{Event{Code: UnitDrift, Parameter: "cod", Text: `"}`}, func(b []string) bool { return json.Valid([]byte(b[0])) }},
	} {
		c.event.Duration = time.Hour
		var bodies []string
		for _, m := range playOne(t, c.event, time.Hour) {
			bodies = append(bodies, string(m.Body))
		}
		if !c.holds(bodies) {
			t.Errorf("%s: %d messages, the first are\n%s", c.event.Code, len(bodies), strings.Join(bodies[:2], "\n"))
		}
	}
}

func sameInstant(a, b string) bool { return a[:45] == b[:45] }

// With a pace, old messages come beside new ones and none is lost.
func TestAnOutageIsCaughtUpWithBesideLiveData(t *testing.T) {
	var order []time.Time
	for _, m := range playOne(t, Event{Code: Outage, Duration: 2 * time.Hour, Pace: 3}, 3*time.Hour) {
		var records []record
		if body := m.Body; body[0] == '[' {
			_ = json.Unmarshal(body, &records)
		} else {
			_ = json.Unmarshal(append(append([]byte{'['}, body...), ']'), &records)
		}
		if len(records) == 0 || len(records) > 4 {
			t.Fatalf("%d messages at once", len(records))
		}
		for _, r := range records {
			order = append(order, r.At.UTC())
		}
	}
	if slices.IsSortedFunc(order, time.Time.Compare) {
		t.Error("the old messages came before the new ones")
	}
	slices.SortFunc(order, time.Time.Compare)
	if order = slices.Compact(order); len(order) != 36 {
		t.Errorf("%d of 36 messages arrived", len(order))
	}
}

func TestDrawnScenarios(t *testing.T) {
	var plants []Plant
	for i := range 40 {
		p := twoPlants()[0]
		p.ID = fmt.Sprintf("s-%02d", i)
		plants = append(plants, p)
	}
	draw := Draw{Seed: 9, Plants: plants, Duration: 14 * day, Limit: plantLimits}
	s := draw.Scenario()
	if problems := s.Check(plants); len(problems) > 0 {
		t.Fatal(problems[0])
	}
	seen := map[string]int{}
	for _, e := range s.Events {
		seen[e.Code]++
	}
	for _, code := range Codes() {
		if seen[code] == 0 {
			t.Errorf("no %s among %d events", code, len(s.Events))
		}
	}
	for _, p := range plants {
		events := s.at(p.ID)
		for i := range events {
			if e := &events[i]; e.Start < quietFirst || e.Start+e.Duration > 14*day-quietLast {
				t.Errorf("%s of %s from %s for %s", e.Code, p.ID, e.Start, e.Duration)
			}
			if i > 0 && events[i].Start < events[i-1].Start+events[i-1].Duration && events[i].Code != Calibration {
				t.Errorf("%s of %s begins in %s", events[i].Code, p.ID, events[i-1].Code)
			}
		}
	}
	fewer := Draw{Seed: 9, Plants: plants[10:11], Duration: 14 * day, Limit: plantLimits}.Scenario()
	if !slices.Equal(fewer.Events, s.at("s-10")) {
		t.Error("the events of a station depend on the others")
	}
}

// A drawn scenario can be written, read again and played live.
func TestScenariosAreFiles(t *testing.T) {
	s := Draw{Seed: 2, Plants: twoPlants(), Duration: 10 * day, Limit: plantLimits}.Scenario()
	text, err := yaml.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var again Scenario
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.KnownFields(true)
	if err := decoder.Decode(&again); err != nil || !slices.Equal(again.Events, s.Events) || len(s.Events) == 0 {
		t.Errorf("%v from\n%s", err, text)
	}
}

func TestLabels(t *testing.T) {
	p := Playback{Plants: twoPlants(), Seed: 1, Start: start, Duration: 2 * day, Scenario: &Scenario{Events: []Event{
		{Station: "one-01", Code: ExceedSlow, Parameter: "cod", To: 90, Start: time.Hour, Duration: 10 * time.Hour},
		{Station: "one-01", Code: ExceedShock, Parameter: "ph", To: 10, Start: day, Duration: 4 * time.Hour},
		{Station: "one-01", Code: Calibration, Parameter: "ph", Start: day + time.Hour, Duration: time.Hour},
		{Station: "two-01", Code: Calibration, Parameter: "ph", Start: time.Hour, Duration: time.Hour},
		{Station: "two-01", Code: Calibration, Parameter: "ph", Start: 6 * time.Hour, Duration: 3 * time.Hour},
		{Station: "two-01", Code: Outage, Start: 12 * time.Hour, Duration: 10 * time.Minute},
		{Station: "two-01", Code: Storm, Start: 20 * time.Hour, Duration: 3 * time.Hour},
	}}}
	labels := p.Labels(func(_, parameter string, v float64) bool { _, most := plantLimits("", parameter); return v >= most })
	if len(labels) != len(p.Scenario.Events) {
		t.Fatalf("%d labels", len(labels))
	}
	slow := labels[0]
	if after := slow.Onset.Sub(slow.From); after < 30*time.Minute || after > 150*time.Minute {
		t.Errorf("a ramp to 90 in 150 min passes 67.5 after %s", after)
	}
	for i, want := range []string{"value", "value", "status", "", "status", "", ""} {
		if l := labels[i]; want == "" && len(l.Expect) > 0 || want != "" && !slices.Contains(l.Expect, want) {
			t.Errorf("%s from %s expects %v, want %q", l.Code, l.From, l.Expect, want)
		}
	}
	if l := labels[6]; !l.Concerns("tss") || !l.Concerns("") || l.Concerns("ph") {
		t.Errorf("storm concerns %v", l.Parameters)
	}
}

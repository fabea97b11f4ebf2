package journal

import (
	"strings"
	"testing"
	"time"

	"quantrac/alerts"
	"quantrac/ingest"
	"quantrac/ingest/stream"
)

// A value that goes over the limit and back every few minutes is told once too often, and then as one.
func TestFlapping(t *testing.T) {
	keep, once := alerts.Duration(0), 1.0
	rules, problems := alerts.CheckRules(alerts.RulesFile{Rules: []alerts.Rule{{
		ID: "over-limit", Parameters: []string{"cod"}, Levels: map[string]alerts.Level{"critical": {Multiple: 1}}, KeepOpen: &keep, Immediate: &once,
	}}}, nil, nil)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	r := newRig(t, rules)
	const flapOpens = 4
	r.judge.cfg.FlapOpens = flapOpens
	sequence := uint64(0)
	swing := func(minute int) {
		sequence++
		r.say(sequence, minute, 150)
		sequence++
		r.say(sequence, minute+2, 10)
	}
	for i := range 7 {
		swing(6 * i)
	}
	told, words := 0, 0
	for _, ev := range r.said() {
		if ev.Type == alerts.Opened && !ev.Quiet() {
			told++
		}
		if strings.Contains(ev.Alert.Summary.VI, "chập chờn: 4 lần") && ev.Type == alerts.Opened {
			words++
		}
	}
	if told != flapOpens || words != 1 {
		t.Errorf("%d of 7 openings told, %d with a word on it; want %d and 1", told, words, flapOpens)
	}
	// An hour of calm, and it is an alert like any other.
	r.say(sequence+1, 180, 150)
	open := r.journal.Open()
	if len(open) != 1 || open[0].Flapping || !open[0].Notified {
		t.Errorf("after the calm: %+v", open)
	}
}

// flapRules open at once and end at once.
func flapRules(t *testing.T) *alerts.Rules {
	t.Helper()
	keep, once := alerts.Duration(0), 0.7
	rules, problems := alerts.CheckRules(alerts.RulesFile{Rules: []alerts.Rule{{
		ID: "over-limit", Parameters: []string{"cod"}, Levels: map[string]alerts.Level{"warning": {Multiple: 0.7}, "critical": {Multiple: 1}}, KeepOpen: &keep,
		Immediate: &once,
	}}}, nil, nil)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return rules
}

// What a gateway hands over at once flaps like what came one by one, and the ends of what was not told are not told either.
func TestFlappingWithinOneStep(t *testing.T) {
	r := newRig(t, flapRules(t))
	const flapOpens = 4
	r.judge.cfg.FlapOpens = flapOpens
	var in ingest.Intake
	for i := range 14 {
		value := 150.0
		if i%2 == 1 {
			value = 10
		}
		at := midnight.Add(time.Duration(3*i) * time.Minute)
		in.Readings = append(in.Readings, ingest.Reading{Station: "s0", Parameter: "cod", Value: value, Usable: true, MeasuredAt: at, ReceivedAt: midnight.Add(43 * time.Minute)})
	}
	r.consume(stream.Batch{Sequence: 1, Entries: []ingest.Intake{in}})
	opened, ended := 0, 0
	for _, ev := range r.said() {
		switch {
		case ev.Quiet():
		case ev.Type == alerts.Opened:
			opened++
		default:
			ended++
		}
	}
	if opened != flapOpens || ended != flapOpens {
		t.Errorf("told %d openings and %d ends, want %d of each", opened, ended, flapOpens)
	}
}

// What flaps and then becomes worse than all that was told is told.
func TestAFlappingAlertThatBecomesWorseIsTold(t *testing.T) {
	r := newRig(t, flapRules(t))
	r.judge.cfg.FlapOpens = 2
	sequence := uint64(0)
	say := func(minute int, value float64) {
		sequence++
		r.say(sequence, minute, value)
	}
	for i := range 3 {
		say(6*i, 55) // warning: the limit is 67.5
		say(6*i+2, 10)
	}
	say(18, 55)
	if a := r.journal.Open()[0]; !a.Flapping || a.InhibitedBy == "" {
		t.Fatalf("it does not flap: %+v", a)
	}
	said := len(r.said())
	say(20, 500)
	events := r.said()[said:]
	if len(events) != 1 || events[0].Quiet() || events[0].Alert.Severity != alerts.Critical || events[0].Alert.InhibitedBy != "" {
		t.Errorf("told: %+v", events)
	}
}

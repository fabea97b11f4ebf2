package journal

import (
	"strings"
	"testing"

	"quantrac/alerts"
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

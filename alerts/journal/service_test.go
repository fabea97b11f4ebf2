package journal

import (
	"context"
	"testing"
	"time"

	"quantrac/alerts"
	"quantrac/geo"
)

// What is away of our own for a minute is one alert, also over a restart, and ends when it is back.
func TestTroublesOfOurOwn(t *testing.T) {
	r := newRig(t, alerts.BuiltinRules())
	away := true
	wire := func() {
		r.judge.cfg.Head = func(context.Context) (uint64, error) { return r.judge.stepped, nil }
		r.judge.cfg.Troubles = func() []Trouble {
			if !away {
				return nil
			}
			return []Trouble{{ID: "history", Name: geo.Text{VI: "InfluxDB", EN: "InfluxDB"}}}
		}
	}
	wire()
	pass := func(n int) {
		for range n {
			r.now = r.now.Add(5 * time.Second)
			r.turn()
		}
	}
	pass(12)
	if open := r.journal.Open(); len(open) != 0 {
		t.Fatalf("within a minute: %+v", open)
	}
	pass(1)
	open := r.journal.Open()
	if len(open) != 1 || open[0].Scope != alerts.ScopeService || open[0].ScopeID != "history" {
		t.Fatalf("after a minute: %+v", open)
	}
	r.start()
	wire()
	pass(20)
	if again := r.journal.Open(); len(again) != 1 || again[0].ID != open[0].ID || again[0].Revision != 1 {
		t.Errorf("after a restart: %+v", again)
	}
	away = false
	pass(1)
	if open := r.journal.Open(); len(open) != 0 {
		t.Errorf("it is back, and yet: %+v", open)
	}
}

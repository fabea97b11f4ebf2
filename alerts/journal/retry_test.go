package journal

import (
	"context"
	"testing"
	"time"

	"quantrac/alerts"
	"quantrac/geo"
)

// While the journal takes nothing the clock goes on. What it had to say is said once when the journal is back.
func TestWhatTheClockSaysIsSaidOnceAfterAFailure(t *testing.T) {
	r := newRig(t, alerts.BuiltinRules())
	r.judge.cfg.Head = func(context.Context) (uint64, error) { return r.judge.stepped, nil }
	r.judge.cfg.Escalation = Escalation{After: 30 * time.Minute, From: alerts.Critical}
	away := false
	r.judge.cfg.Troubles = func() []Trouble {
		if !away {
			return nil
		}
		return []Trouble{{ID: "log", Name: geo.Text{VI: "nhật ký", EN: "the log"}}}
	}
	r.now = midnight
	r.say(1, 0, 150)
	broken, cancel := context.WithCancel(t.Context())
	cancel()
	away = true
	for minute := range 10 {
		r.now = midnight.Add(time.Duration(30+minute) * time.Minute)
		if err := r.judge.Turn(broken); err == nil && minute > 0 {
			t.Fatal("the journal took something")
		}
	}
	r.turn()
	counts := map[alerts.EventType]int{}
	for _, ev := range r.said() {
		counts[ev.Type]++
	}
	if counts[alerts.Escalated] != 1 || counts[alerts.Opened] != 2 {
		t.Errorf("said %v", counts)
	}
}

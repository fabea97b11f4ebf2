package journal

import (
	"context"
	"testing"
	"time"

	"quantrac/alerts"
	"quantrac/ingest"
	"quantrac/ingest/stream"
)

// An alert that nobody acknowledges is told further, once; one that somebody looks after is not.
func TestEscalation(t *testing.T) {
	r := newRig(t, alerts.BuiltinRules())
	r.judge.cfg.Head = func(context.Context) (uint64, error) { return r.judge.stepped, nil }
	r.judge.cfg.Escalation = Escalation{After: 30 * time.Minute, From: alerts.Critical}
	r.now = midnight
	r.say(1, 0, 150)
	id := r.journal.Open()[0].ID
	types := func() (out []alerts.EventType) {
		_, timeline, _, err := r.journal.Get(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		for _, ev := range timeline {
			out = append(out, ev.Type)
		}
		return out
	}
	for minute := range 90 {
		r.now = midnight.Add(time.Duration(minute) * time.Minute)
		r.turn()
		want := 1
		if minute > 30 { // it was known a second after midnight
			want = 2
		}
		if got := types(); len(got) != want {
			t.Fatalf("after %d minutes: %v", minute, got)
		}
	}
	if a := r.journal.Open()[0]; a.EscalatedAt == nil || !a.EscalatedAt.Equal(midnight.Add(31*time.Minute)) {
		t.Errorf("escalated at %v", a.EscalatedAt)
	}
	if _, err := r.act(id, alerts.Act{Type: alerts.Acknowledged, By: "lan"}); err != nil {
		t.Fatal(err)
	}
	r.now = r.now.Add(24 * time.Hour)
	r.turn()
	if got := types(); len(got) != 3 {
		t.Errorf("acknowledged, and yet: %v", got)
	}
}

// What came late is told further when people have had their time, not at once because it began long ago; likewise what became worse.
func TestEscalationOfWhatCameLate(t *testing.T) {
	r := newRig(t, alerts.BuiltinRules())
	r.judge.cfg.Head = func(context.Context) (uint64, error) { return r.judge.stepped, nil }
	r.judge.cfg.Escalation = Escalation{After: 30 * time.Minute, From: alerts.Critical}
	received := midnight.Add(40 * time.Minute)
	r.now = received
	r.consume(stream.Batch{Sequence: 1, Entries: []ingest.Intake{{Readings: []ingest.Reading{{
		Station: "s0", Parameter: "cod", Value: 150, Usable: true, MeasuredAt: midnight, ReceivedAt: received,
	}}}}})
	escalated := func() bool { return r.journal.Open()[0].EscalatedAt != nil }
	for minute := range 30 {
		r.now = received.Add(time.Duration(minute) * time.Minute)
		if r.turn(); escalated() {
			t.Fatalf("escalated %d minutes after it came", minute)
		}
	}
	r.now = received.Add(30 * time.Minute)
	if r.turn(); !escalated() {
		t.Fatal("not escalated although nobody has acted for half an hour")
	}
}

package journal

import (
	"context"
	"testing"
	"time"

	"quantrac/alerts"
	"quantrac/ingest/stream"
)

// A muted alert is opened and kept, and told when the mute ends while it stands.
func TestMutes(t *testing.T) {
	var mutes *alerts.Mutes
	r := newRig(t, alerts.BuiltinRules())
	r.judge.cfg.Mutes = func() *alerts.Mutes { return mutes }
	r.judge.cfg.Head = func(_ context.Context) (uint64, error) { return r.judge.stepped, nil }
	r.now = midnight.Add(time.Minute)
	mutes = alerts.NewMutes([]alerts.Mute{{ID: "m1", Matcher: alerts.Matcher{Stations: []string{"s0"}}, From: midnight, To: midnight.Add(time.Hour)}})
	r.say(1, 0, 150)
	a := r.journal.Open()[0]
	if a.SilencedBy != "m1" || a.Notified {
		t.Fatalf("silenced by %q, notified %v", a.SilencedBy, a.Notified)
	}
	r.turn()
	if got := r.journal.Open()[0]; got.Revision != 1 {
		t.Errorf("a mute that goes on made revision %d", got.Revision)
	}
	r.now = midnight.Add(time.Hour)
	r.turn()
	if a = r.journal.Open()[0]; a.SilencedBy != "" || !a.Notified || a.Revision != 2 {
		t.Errorf("after the mute: silenced by %q, notified %v, revision %d", a.SilencedBy, a.Notified, a.Revision)
	}
	// Muted again, its end is told all the same: recipients know of it.
	mutes = alerts.NewMutes([]alerts.Mute{{ID: "m2", Matcher: alerts.Matcher{Rules: []string{"over-limit"}}, From: r.now, To: r.now.Add(time.Hour)}})
	r.turn()
	r.consume(stream.Batch{Sequence: 2})
	for i := range 4 {
		r.say(uint64(3+i), 65+10*i, 1)
	}
	_, timeline, _, err := r.journal.Get(t.Context(), a.ID)
	if err != nil {
		t.Fatal(err)
	}
	last := timeline[len(timeline)-1]
	if last.Type != alerts.WasResolved || last.Alert.SilencedBy != "m2" || last.Quiet() {
		t.Errorf("%s, silenced by %q, kept back: %v", last.Type, last.Alert.SilencedBy, last.Quiet())
	}
}

func (r *rig) turn() {
	r.t.Helper()
	if err := r.judge.Turn(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
}

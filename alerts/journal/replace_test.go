package journal

import (
	"context"
	"testing"

	"quantrac/alerts"
	"quantrac/ingest"
)

// replace puts an engine of other rules in the place of the rig's.
func (r *rig) replace(ctx context.Context, rules *alerts.Rules) {
	r.t.Helper()
	r.rules = rules
	r.engine = alerts.NewEngine(alerts.EngineConfig{
		Rules: rules, Limits: alerts.BuiltinLimits(), Registry: r.reg, Catalogue: ingest.BuiltinCatalogue(), BaseURL: "http://q.example",
	})
	if err := r.judge.Replace(ctx, r.engine); err != nil {
		r.t.Fatal(err)
	}
}

// However often the engine is replaced by one of the same rules, with crashes in between: nobody can tell.
func TestReplacingByTheSameRulesChangesNothing(t *testing.T) {
	rng := random(t)
	for range 3 {
		all := story(rng, 60)
		calm := newRig(t, alerts.BuiltinRules())
		for _, b := range all {
			calm.consume(b)
		}
		want := calm.said()
		if len(want) < 20 {
			t.Fatalf("only %d events: the story proves nothing", len(want))
		}
		wild := newRig(t, alerts.BuiltinRules())
		for rest := all; len(rest) > 0; {
			n := 1 + rng.IntN(min(len(rest), 5))
			wild.consume(rest[:n]...)
			rest = rest[n:]
			switch rng.IntN(4) {
			case 0:
				wild.replace(t.Context(), alerts.BuiltinRules())
			case 1:
				wild.start()
				rest = wild.behind(all)
				if rng.IntN(2) == 0 && len(rest) > 0 { // before the silent replay is over
					wild.replace(t.Context(), alerts.BuiltinRules())
				}
			}
		}
		if got, want := written(t, wild.said()), written(t, want); got != want {
			t.Fatal(differ(got, want))
		}
		wild.checkOpen()
	}
}

// What a rule said that is taken away while the service runs ends once; the other rules go on as if nothing had been, and so does a
// restart behind it. A journal that is away for the moment is told later.
func TestReplacingEndsWhatIsGone(t *testing.T) {
	rng := random(t)
	const gone = "over-limit"
	ended := 0
	for range 6 {
		all := story(rng, 60)
		calm := newRig(t, without(t, gone))
		for _, b := range all {
			calm.consume(b)
		}
		r := newRig(t, alerts.BuiltinRules())
		r.consume(all[:30]...)
		open := map[string]bool{}
		for _, a := range r.journal.Open() {
			if a.Rule == gone {
				open[a.ID] = true
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		if rng.IntN(2) == 0 {
			cancel()
		}
		r.replace(ctx, without(t, gone))
		cancel()
		if rng.IntN(2) == 0 {
			r.consume(all[30:]...)
		} else {
			r.consume(all[30:45]...)
			r.start()
			r.consume(r.behind(all)...)
		}
		var others []alerts.Event
		for _, ev := range r.said() {
			switch {
			case ev.Alert.Rule != gone:
				others = append(others, ev)
			case ev.Alert.Cause == alerts.CauseRuleRemoved:
				if !open[ev.Alert.ID] {
					t.Errorf("alert %s ends with its rule twice, or was not open", ev.Alert.ID)
				}
				delete(open, ev.Alert.ID)
				ended++
			}
		}
		if len(open) > 0 {
			t.Errorf("%v are open without a rule", open)
		}
		if got, want := written(t, others), written(t, calm.said()); got != want {
			t.Fatal(differ(got, want))
		}
		r.checkOpen()
	}
	if ended == 0 {
		t.Error("no alert was open when its rule went")
	}
}

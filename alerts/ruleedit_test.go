package alerts_test

import (
	"encoding/json"
	"testing"
)

// The demo's cycle is a sixtieth of the usual one, and so are the lengths of time that it judges by.
func TestSpansAreThoseInForce(t *testing.T) {
	rules := rulesOf(t, `rules:
- {id: over, levels: {critical: 1}, for: 10m, keep_open: 15m}
- {id: silent, on: silence, after: 15m}
`)
	for i, want := range []string{`{"for":"10s","keep_open":"15s"}`, `{"after":"15s"}`} {
		got, err := json.Marshal(rules.List()[i].Spans(1.0 / 60))
		if err != nil || string(got) != want {
			t.Errorf("%s, want %s: %v", got, want, err)
		}
	}
	if scaled := rules.Scaled(1.0 / 60).List()[0]; scaled.For != rules.List()[0].Spans(1.0/60).For {
		t.Errorf("judged by %s", scaled.For)
	}
}

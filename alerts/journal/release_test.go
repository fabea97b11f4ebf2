package journal

import (
	"context"
	"testing"
	"time"

	"quantrac/alerts"
	"quantrac/ingest"
	"quantrac/ingest/stream"
)

// An outage of a park hides the silences of its stations. When it is over, those that go on are told, once the others have had time to
// come back.
func TestASilenceThatOutlivesItsOutageIsTold(t *testing.T) {
	r := newRig(t, alerts.BuiltinRules())
	r.judge.cfg.Head = func(context.Context) (uint64, error) { return r.judge.stepped, nil }
	r.now = midnight
	sequence := uint64(0)
	speak := func(stations ...string) {
		sequence++
		var in ingest.Intake
		for _, id := range stations {
			in.Readings = append(in.Readings, ingest.Reading{Station: id, Parameter: "cod", Value: 10, Usable: true, MeasuredAt: r.now, ReceivedAt: r.now})
		}
		r.consume(stream.Batch{Sequence: sequence, Entries: []ingest.Intake{in}})
	}
	pass := func(d time.Duration) {
		for end := r.now.Add(d); r.now.Before(end); {
			r.now = r.now.Add(10 * time.Second)
			r.turn()
		}
	}
	told := func() (out []string) {
		for _, ev := range r.said() {
			if !ev.Quiet() {
				out = append(out, string(ev.Type)+" "+ev.Alert.Scope+ev.Alert.Station.ID)
			}
		}
		return out
	}
	speak("s0", "s1", "s2")
	pass(20 * time.Minute)
	if got := told(); len(got) != 1 || got[0] != "alert.opened park" {
		t.Fatalf("told of the outage: %q", got)
	}
	speak("s0")
	pass(time.Minute)
	if got := told(); len(got) != 2 || got[1] != "alert.resolved park" {
		t.Fatalf("told of its end: %q", got)
	}
	speak("s0", "s1")
	pass(6 * time.Minute)
	if got := told(); len(got) != 3 || got[2] != "alert.updated s2" {
		t.Errorf("told of what goes on: %q", got)
	}
	speak("s0", "s2")
	pass(time.Minute)
	if got := told(); len(got) != 4 || got[3] != "alert.resolved s2" {
		t.Errorf("told of its end: %q", got)
	}
}

package journal

import (
	"errors"
	"testing"
	"time"

	"quantrac/alerts"
	"quantrac/ingest"
	"quantrac/ingest/stream"
)

// batch is one entry with one reading of station s0.
func (r *rig) say(sequence uint64, minute int, value float64) {
	r.t.Helper()
	at := midnight.Add(time.Duration(minute) * time.Minute)
	r.consume(stream.Batch{Sequence: sequence, Entries: []ingest.Intake{{Readings: []ingest.Reading{{
		Station: "s0", Parameter: "cod", Value: value, Usable: true, MeasuredAt: at, ReceivedAt: at.Add(time.Second),
	}}}}})
}

func (r *rig) act(id string, act alerts.Act) (alerts.Alert, error) {
	act.At = r.now
	return r.journal.Act(r.t.Context(), id, act)
}

func TestActs(t *testing.T) {
	r := newRig(t, alerts.BuiltinRules())
	r.say(1, 0, 150)
	open := r.journal.Open()
	if len(open) != 1 {
		t.Fatalf("%d alerts are open", len(open))
	}
	id := open[0].ID
	a, err := r.act(id, alerts.Act{Type: alerts.Acknowledged, By: "lan", Comment: "đã gọi"})
	if err != nil || a.AcknowledgedBy != "lan" || a.Revision != 2 {
		t.Fatalf("%v %+v", err, a)
	}
	again, err := r.act(id, alerts.Act{Type: alerts.Acknowledged, By: "minh"})
	if err != nil || again.AcknowledgedBy != "lan" || again.Revision != 2 {
		t.Errorf("a second acknowledgement changed something: %v %+v", err, again)
	}
	if a, err = r.act(id, alerts.Act{Type: alerts.Assigned, By: "lan", Assignee: "minh"}); err != nil || a.Assignee != "minh" {
		t.Errorf("%v %+v", err, a)
	}
	// It gets worse: that was not acknowledged. Who is in charge stays.
	r.say(2, 5, 300)
	if a = r.journal.Open()[0]; a.Severity != alerts.Emergency || a.AcknowledgedAt != nil || a.Assignee != "minh" || a.Revision != 4 {
		t.Errorf("%+v", a)
	}
	if _, err := r.act(id, alerts.Act{Type: alerts.Closed, By: "minh", Cause: "thiết bị hỏng"}); err != nil {
		t.Fatal(err)
	}
	if len(r.journal.Open()) != 0 {
		t.Error("a closed alert is open")
	}
	if _, err := r.act(id, alerts.Act{Type: alerts.Acknowledged, By: "lan"}); !errors.Is(err, alerts.ErrOver) {
		t.Errorf("an ended alert is acknowledged: %v", err)
	}
	if _, err := r.act("nothing", alerts.Act{Type: alerts.Acknowledged}); !errors.Is(err, ErrNotFound) {
		t.Errorf("an unknown alert is acknowledged: %v", err)
	}
	// The values go on: the closed alert stays closed, also after a restart.
	r.say(3, 10, 250)
	r.start()
	for i := range 3 {
		r.say(uint64(i+1), 5*i, []float64{150, 300, 250}[i])
	}
	r.say(4, 15, 260)
	if open := r.journal.Open(); len(open) != 0 {
		t.Errorf("closed, and open again: %+v", open)
	}
	_, timeline, _, err := r.journal.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	var types []alerts.EventType
	for _, ev := range timeline {
		types = append(types, ev.Type)
	}
	want := []alerts.EventType{alerts.Opened, alerts.Acknowledged, alerts.Assigned, alerts.Updated, alerts.Closed}
	if len(types) != len(want) {
		t.Fatalf("timeline %v, want %v", types, want)
	}
	for i := range want {
		if types[i] != want[i] {
			t.Errorf("timeline %v, want %v", types, want)
		}
	}
	if timeline[1].By != "lan" || timeline[1].Comment != "đã gọi" {
		t.Errorf("the acknowledgement says %q %q", timeline[1].By, timeline[1].Comment)
	}
}

package journal

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"quantrac/alerts"
	"quantrac/ingest/stream"
)

func openLog(t *testing.T) *stream.Log {
	t.Helper()
	l, err := stream.Open(t.Context(), stream.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func openJournal(t *testing.T, l *stream.Log) *Journal {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	j, err := Open(ctx, l)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// event makes revision n of alert id, which opened so many minutes after midnight.
func event(id string, minute, revision int, change func(*alerts.Alert)) alerts.Event {
	a := alerts.Alert{
		ID: id, Revision: revision, Rule: "r1", Severity: alerts.Warning, State: alerts.Open, Station: alerts.Where{ID: "s1"},
		Park: &alerts.Where{ID: "p1"}, Parameter: "cod", OpenedAt: midnight.Add(time.Duration(minute) * time.Minute),
	}
	if change != nil {
		change(&a)
	}
	typ := alerts.Updated
	switch {
	case a.State == alerts.Resolved:
		typ = alerts.WasResolved
	case revision == 1:
		typ = alerts.Opened
	}
	return alerts.Event{Type: typ, At: a.OpenedAt.Add(time.Duration(revision) * time.Minute), Made: a.OpenedAt, Alert: a}
}

func resolved(a *alerts.Alert) { a.State = alerts.Resolved }

func add(t *testing.T, j *Journal, intakeTo uint64, events ...alerts.Event) {
	t.Helper()
	if err := j.Append(t.Context(), Step{IntakeTo: intakeTo, Events: events}); err != nil {
		t.Fatal(err)
	}
}

func ids(all []alerts.Alert) []string {
	out := []string{}
	for _, a := range all {
		out = append(out, a.ID)
	}
	return out
}

// pages lists everything that a query selects, so many at a time.
func pages(t *testing.T, j *Journal, q alerts.Query) []string {
	t.Helper()
	out := []string{}
	for {
		found, next, err := j.List(q)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, ids(found)...)
		if next == "" {
			return out
		}
		if len(found) != q.Limit {
			t.Fatalf("a page of %d with more behind it, limit %d", len(found), q.Limit)
		}
		q.After = next
	}
}

// filled holds six alerts, a the oldest; c and d opened at one instant.
func filled(t *testing.T) (*Journal, *stream.Log) {
	l := openLog(t)
	j := openJournal(t, l)
	add(t, j, 1, event("a", 1, 1, nil), event("b", 2, 1, func(a *alerts.Alert) { a.Severity = alerts.Critical }))
	add(t, j, 2, event("d", 5, 1, func(a *alerts.Alert) { a.Station.ID = "s2" }), event("c", 5, 1, func(a *alerts.Alert) { a.Parameter = "ph" }))
	add(t, j, 4, event("e", 3, 1, func(a *alerts.Alert) { a.Rule, a.Park = "r2", nil }), event("f", 9, 1, func(a *alerts.Alert) { a.Severity = alerts.Critical }))
	add(t, j, 5, event("a", 1, 2, resolved))
	return j, l
}

func TestList(t *testing.T) {
	j, _ := filled(t)
	minute := func(n int) time.Time { return midnight.Add(time.Duration(n) * time.Minute) }
	for name, tc := range map[string]struct {
		q    alerts.Query
		want []string
	}{
		"all, newest first": {alerts.Query{}, []string{"f", "c", "d", "e", "b", "a"}},
		"state":             {alerts.Query{State: alerts.Resolved}, []string{"a"}},
		"severity":          {alerts.Query{Severity: "critical"}, []string{"f", "b"}},
		"park":              {alerts.Query{Park: "p1"}, []string{"f", "c", "d", "b", "a"}},
		"station":           {alerts.Query{Station: "s2"}, []string{"d"}},
		"parameter":         {alerts.Query{Parameter: "ph"}, []string{"c"}},
		"rule":              {alerts.Query{Rule: "r2"}, []string{"e"}},
		"from is inclusive": {alerts.Query{From: minute(5)}, []string{"f", "c", "d"}},
		"to is exclusive":   {alerts.Query{To: minute(3)}, []string{"b", "a"}},
		"both":              {alerts.Query{From: minute(2), To: minute(5)}, []string{"e", "b"}},
		"several":           {alerts.Query{State: alerts.Open, Station: "s1", Severity: "critical"}, []string{"f", "b"}},
		"none":              {alerts.Query{Rule: "r9"}, []string{}},
	} {
		for limit := 1; limit <= 7; limit++ {
			tc.q.Limit = limit
			if got := pages(t, j, tc.q); !slices.Equal(got, tc.want) {
				t.Errorf("%s by %d: %v, want %v", name, limit, got, tc.want)
			}
		}
	}
	if found, next, err := j.List(alerts.Query{}); len(found) != 0 || next != "" || err != nil {
		t.Errorf("no limit is no page: %v %q %v", found, next, err)
	}
}

func TestPagesStayWhenAlertsCome(t *testing.T) {
	j, _ := filled(t)
	first, next, err := j.List(alerts.Query{Limit: 2})
	if err != nil {
		t.Fatal(err)
	}
	add(t, j, 6, event("g", 20, 1, nil), event("h", 4, 1, nil), event("d", 5, 2, resolved))
	second, _, err := j.List(alerts.Query{Limit: 3, After: next})
	if got := ids(append(first, second...)); err != nil || !slices.Equal(got, []string{"f", "c", "d", "h", "e"}) {
		t.Errorf("%v (%v)", got, err)
	}
	for _, wrong := range []string{"x", "20261124T000000.000000000", "20261124T000000.000000000.", "not a time at all, but long enough"} {
		if _, _, err := j.List(alerts.Query{Limit: 1, After: wrong}); !errors.Is(err, alerts.ErrCursor) {
			t.Errorf("cursor %q: %v", wrong, err)
		}
	}
}

func TestOpenIsWorstFirstThenNewest(t *testing.T) {
	j, _ := filled(t)
	if got := ids(j.Open()); !slices.Equal(got, []string{"f", "b", "c", "d", "e"}) {
		t.Errorf("open: %v", got)
	}
	add(t, j, 6, event("f", 9, 2, resolved), event("e", 3, 2, func(a *alerts.Alert) { a.Severity = alerts.Emergency }))
	if got := ids(j.Open()); !slices.Equal(got, []string{"e", "b", "c", "d"}) {
		t.Errorf("open: %v", got)
	}
}

func TestGetTellsTheTimeline(t *testing.T) {
	j, l := filled(t)
	add(t, j, 6, event("b", 2, 2, nil), event("a", 1, 3, nil), event("b", 2, 3, resolved))
	for _, j := range []*Journal{j, openJournal(t, l)} {
		a, timeline, ok, err := j.Get(t.Context(), "b")
		if !ok || err != nil || a.Revision != 3 || a.State != alerts.Resolved {
			t.Fatalf("%+v %v %v", a, ok, err)
		}
		var got []string
		for _, ev := range timeline {
			got = append(got, fmt.Sprint(ev.Alert.ID, ev.Alert.Revision, ev.Type))
		}
		if !slices.Equal(got, []string{"b1alert.opened", "b2alert.updated", "b3alert.resolved"}) {
			t.Errorf("timeline %v", got)
		}
		if _, _, ok, err := j.Get(t.Context(), "z"); ok || err != nil {
			t.Errorf("an alert that never was: %v %v", ok, err)
		}
	}
}

func TestReopening(t *testing.T) {
	j, l := filled(t)
	again := openJournal(t, l)
	if again.IntakeTo() != 5 || again.LastSequence() != j.LastSequence() {
		t.Errorf("at %d, record %d; was at 5, %d", again.IntakeTo(), again.LastSequence(), j.LastSequence())
	}
	if a, b := pages(t, again, alerts.Query{Limit: 10}), pages(t, j, alerts.Query{Limit: 10}); !slices.Equal(a, b) {
		t.Errorf("%v, was %v", a, b)
	}
	if a, b := ids(again.Open()), ids(j.Open()); !slices.Equal(a, b) {
		t.Errorf("open %v, was %v", a, b)
	}
	add(t, again, 6, event("z", 30, 1, nil))
}

// The record of a step whose answer was lost is there already: it is not written again and it is no error.
func TestALostAnswerIsNoError(t *testing.T) {
	l := openLog(t)
	j, twin := openJournal(t, l), openJournal(t, l)
	step := Step{IntakeTo: 3, Events: []alerts.Event{event("a", 1, 1, nil)}}
	if err := twin.Append(t.Context(), step); err != nil {
		t.Fatal(err)
	}
	if err := j.Append(t.Context(), step); err != nil {
		t.Errorf("the record is there: %v", err)
	}
	if j.LastSequence() != 1 || !slices.Equal(ids(j.Open()), []string{"a"}) {
		t.Errorf("record %d, open %v", j.LastSequence(), ids(j.Open()))
	}
	add(t, j, 4, event("a", 1, 2, resolved))
	// Somebody else's record is a conflict; it is read, and trying again goes behind it.
	if err := twin.Append(t.Context(), Step{IntakeTo: 7, Events: []alerts.Event{event("b", 2, 1, nil)}}); !errors.Is(err, stream.ErrConflict) {
		t.Errorf("got %v, want ErrConflict", err)
	}
	add(t, twin, 7, event("b", 2, 1, nil))
	if got := openJournal(t, l).LastSequence(); got != 3 {
		t.Errorf("%d records", got)
	}
}

// An alert whose opening moves stays in its place of the list.
func TestARevisionMayMoveTheOpening(t *testing.T) {
	j, _ := filled(t)
	add(t, j, 6, event("b", 7, 2, func(a *alerts.Alert) { a.Severity = alerts.Critical }))
	if got := pages(t, j, alerts.Query{Limit: 2}); !slices.Equal(got, []string{"f", "b", "c", "d", "e", "a"}) {
		t.Errorf("%v", got)
	}
}

func TestEventsFollow(t *testing.T) {
	j, _ := filled(t)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	var got []string
	err := j.Events(ctx, 2, func(seq uint64, events []alerts.Event) error {
		for _, ev := range events {
			got = append(got, fmt.Sprint(seq, ev.Alert.ID, ev.Alert.Revision))
		}
		if seq == 5 {
			cancel()
		}
		if seq == 4 {
			add(t, j, 6, event("g", 40, 1, nil))
		}
		return nil
	})
	if err != nil || !slices.Equal(got, []string{"3e1", "3f1", "4a2", "5g1"}) {
		t.Errorf("%v (%v)", got, err)
	}
}

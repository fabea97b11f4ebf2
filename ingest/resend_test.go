package ingest

import (
	"fmt"
	"testing"
	"time"
)

func TestResends(t *testing.T) {
	at := time.Date(2026, 11, 24, 6, 0, 0, 0, time.UTC)
	later := func(d time.Duration) time.Time { return at.Add(d) }
	numbered := func(station string, n uint64) Message {
		return Message{Station: station, Sequence: n, Numbered: true, Body: []byte("x")}
	}
	plain := func(body string, dup bool) Message { return Message{Station: "s", Body: []byte(body), Dup: dup} }
	for name, tc := range map[string]struct {
		first, second Message
		after         time.Duration
		resend        bool
	}{
		"same station and sequence":             {numbered("s", 7), numbered("s", 7), time.Minute, true},
		"another sequence":                      {numbered("s", 7), numbered("s", 8), time.Minute, false},
		"another station":                       {numbered("s", 7), numbered("t", 7), time.Minute, false},
		"same sequence after ten minutes":       {numbered("s", 7), numbered("s", 7), 11 * time.Minute, false},
		"equal body with DUP":                   {plain("a", false), plain("a", true), time.Minute, true},
		"equal body without DUP is a reading":   {plain("a", false), plain("a", false), time.Minute, false},
		"another body with DUP":                 {plain("a", false), plain("b", true), time.Minute, false},
		"equal body with DUP after ten minutes": {plain("a", false), plain("a", true), 11 * time.Minute, false},
	} {
		r := NewResends()
		if got := r.FirstSeen(tc.first, at); !got.Equal(at) {
			t.Errorf("%s: the first came at %s", name, got)
		}
		want := later(tc.after)
		if tc.resend {
			want = at
		}
		if got := r.FirstSeen(tc.second, later(tc.after)); !got.Equal(want) {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}

func TestResendsKeepTheLastSixteen(t *testing.T) {
	at := time.Date(2026, 11, 24, 6, 0, 0, 0, time.UTC)
	r := NewResends()
	message := func(i int, dup bool) Message {
		return Message{Station: "s", Body: fmt.Append(nil, i), Dup: dup}
	}
	for i := range 17 {
		r.FirstSeen(message(i, false), at.Add(time.Duration(i)*time.Second))
	}
	if got := r.FirstSeen(message(1, true), at.Add(time.Minute)); !got.Equal(at.Add(time.Second)) {
		t.Errorf("the sixteenth last is forgotten: %s", got)
	}
	if got := r.FirstSeen(message(0, true), at.Add(time.Minute)); !got.Equal(at.Add(time.Minute)) {
		t.Errorf("the seventeenth last is still known: %s", got)
	}
}

func TestResendsLearnFromTheLog(t *testing.T) {
	at := time.Date(2026, 11, 24, 6, 0, 0, 0, time.UTC)
	r := NewResends()
	r.Learn(&Intake{
		Delivery: Delivery{Body: []byte("body")},
		Readings: []Reading{{Station: "s", Flags: ClockAssumed, MeasuredAt: at}, {Station: "u", MeasuredAt: at}},
		Marks:    []Mark{{Station: "s", Sequence: 3}},
	})
	r.Learn(&Intake{Delivery: Delivery{Body: []byte("plain")}, Readings: []Reading{{Station: "t", Flags: ClockAssumed, MeasuredAt: at}}})
	now := at.Add(time.Minute)
	if got := r.FirstSeen(Message{Station: "s", Sequence: 3, Numbered: true}, now); !got.Equal(at) {
		t.Errorf("a numbered message from before the restart: %s", got)
	}
	if got := r.FirstSeen(Message{Station: "t", Body: []byte("plain"), Dup: true}, now); !got.Equal(at) {
		t.Errorf("an equal body from before the restart: %s", got)
	}
	if got := r.FirstSeen(Message{Station: "u", Body: []byte("body"), Dup: true}, now); !got.Equal(now) {
		t.Errorf("a reading with a time of its own is no such message: %s", got)
	}
}

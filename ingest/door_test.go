package ingest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"quantrac/geo"
)

// shelf is a log in memory that answers when it is told to.
type shelf struct {
	entries []*Intake
	done    []func(error)
	refuse  error
}

func (s *shelf) append(_ context.Context, in *Intake, done func(error)) error {
	if s.refuse != nil {
		return s.refuse
	}
	s.entries, s.done = append(s.entries, in), append(s.done, done)
	return nil
}

func door(t *testing.T, s *shelf) *Door {
	reg := registry(t)
	return &Door{
		Registry: func() *geo.Registry { return reg }, Catalogue: BuiltinCatalogue(), Append: s.append,
		Decode: func(d *Delivery) (Decoded, error) {
			name, found := strings.CutPrefix(string(d.Body), "value of ")
			if !found {
				return Decoded{}, errors.New("byte 0: no value")
			}
			return Decoded{Dialect: "test", Items: []Item{{Name: name, Value: 1}}}, nil
		},
	}
}

func TestSubmitAnswersOnlyWhenTheLogHas(t *testing.T) {
	s := &shelf{}
	d := door(t, s)
	for name, tc := range map[string]struct {
		body     string
		allowed  func(string) bool
		accepted int
		reasons  []string
	}{
		"a reading":     {"value of cod", nil, 1, nil},
		"undecodable":   {"rubbish", nil, 0, []string{ReasonUndecodable}},
		"unknown":       {"value of x", nil, 0, []string{ReasonUnknownParameter}},
		"not permitted": {"value of cod", func(string) bool { return false }, 0, []string{ReasonNotPermitted}},
	} {
		answered := 0
		var got Receipt
		var failed error
		*s = shelf{}
		err := d.Submit(t.Context(), Delivery{Topic: topicA, Body: []byte(tc.body), ReceivedAt: noon, Allowed: tc.allowed}, func(r Receipt, err error) {
			answered++
			got, failed = r, err
		})
		if err != nil || answered != 0 || len(s.entries) != 1 {
			t.Fatalf("%s: %v, answered %d times before the log had it, %d entries", name, err, answered, len(s.entries))
		}
		if string(s.entries[0].Delivery.Body) != tc.body {
			t.Errorf("%s: the raw bytes are gone: %q", name, s.entries[0].Delivery.Body)
		}
		s.done[0](nil)
		if answered != 1 || failed != nil || got.Accepted != tc.accepted || !slices.Equal(reasons(&Intake{Rejects: got.Rejected}), append([]string{}, tc.reasons...)) {
			t.Errorf("%s: answered %d times: %+v %v", name, answered, got, failed)
		}
		if got.NothingDecoded() != (tc.accepted == 0) || got.NotPermitted() != (tc.allowed != nil) {
			t.Errorf("%s: %+v says nothing decoded %v, not permitted %v", name, got, got.NothingDecoded(), got.NotPermitted())
		}
	}
}

func TestSubmitTellsAFailingLog(t *testing.T) {
	full := errors.New("disk is gone")
	s := &shelf{refuse: full}
	d := door(t, s)
	never := func(Receipt, error) { t.Error("an entry that was refused was answered") }
	if err := d.Submit(t.Context(), Delivery{Topic: topicA, Body: []byte("value of cod")}, never); !errors.Is(err, full) {
		t.Errorf("got %v", err)
	}
	if _, err := Submit(d.Submit).Accept(t.Context(), Delivery{Topic: topicA, Body: []byte("value of cod")}); !errors.Is(err, full) {
		t.Errorf("got %v", err)
	}
	*s = shelf{}
	submit := Submit(func(ctx context.Context, del Delivery, done func(Receipt, error)) error {
		err := d.Submit(ctx, del, done)
		s.done[0](full)
		return err
	})
	if _, err := submit.Accept(t.Context(), Delivery{Topic: topicA, Body: []byte("value of cod")}); !errors.Is(err, full) {
		t.Errorf("got %v", err)
	}
}

// Accept must not call a delivery stored that the log has not answered.
func TestAcceptEndsWithItsContext(t *testing.T) {
	d := door(t, &shelf{})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if r, err := Submit(d.Submit).Accept(ctx, Delivery{Topic: topicA, Body: []byte("value of cod"), ReceivedAt: noon}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%+v %v", r, err)
	}
}

func TestLookStoresNothingAndShowsAgedReadings(t *testing.T) {
	s := &shelf{}
	d := door(t, s)
	d.Resends = NewResends()
	for range 2 {
		in := d.Look(Delivery{Topic: topicA, Body: []byte("value of cod"), ReceivedAt: noon, Dup: true})
		if len(in.Readings) != 1 || in.Dialect != "test" || !in.Readings[0].MeasuredAt.Equal(noon) {
			t.Errorf("%+v", in)
		}
	}
	if len(s.entries) != 0 || len(d.Resends.by) != 0 {
		t.Error("looking left a trace")
	}
	d.Decode = func(*Delivery) (Decoded, error) {
		return Decoded{Items: []Item{{Name: "cod", Value: 1, MeasuredAt: noon.Add(time.Hour)}}}, nil
	}
	if in := d.Look(Delivery{Topic: topicA, ReceivedAt: noon}); len(in.Readings) != 0 || len(in.Aged) != 1 || in.Aged[0].Flags&Future == 0 {
		t.Errorf("a reading of the future: %+v", in)
	}
}

func TestTooLargeIsNotDecoded(t *testing.T) {
	d := door(t, &shelf{})
	d.Decode = func(*Delivery) (Decoded, error) {
		t.Error("the first bytes of something were decoded")
		return Decoded{}, nil
	}
	if in := d.Look(Delivery{Topic: topicA, Body: []byte("value of cod"), TooLarge: true}); !slices.Equal(reasons(in), []string{ReasonTooLarge}) {
		t.Errorf("rejects %v", in.Rejects)
	}
}

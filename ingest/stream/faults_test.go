package stream

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"quantrac/ingest"
)

// An entry that no message can carry must not be tried for ever: every door would wait behind it.
func TestAnEntryThatFitsNoMessageIsRefusedAlone(t *testing.T) {
	l, stop := run(t, Options{Dir: t.TempDir()})
	defer stop()
	huge := entry(1)
	huge.Delivery.Body = make([]byte, maxPayload)
	answers := make(chan error, 3)
	for _, in := range []*ingest.Intake{entry(0), huge, entry(2)} {
		if err := l.Append(t.Context(), in, func(err error) { answers <- err }); err != nil {
			t.Fatal(err)
		}
	}
	for i, want := range []error{nil, ErrTooLarge, nil} {
		select {
		case err := <-answers:
			if !errors.Is(err, want) {
				t.Errorf("entry %d: %v, want %v", i, err, want)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("entry %d is never answered", i)
		}
	}
	if s := l.State(); !s.OK {
		t.Errorf("the log says %q", s.Detail)
	}
}

func TestARecordThatFitsNoMessageIsPermanent(t *testing.T) {
	l, stop := run(t, Options{Dir: t.TempDir()})
	defer stop()
	s, err := l.Stream(t.Context(), "ALERTS")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Append(t.Context(), make([]byte, maxPayload+1), 0); !errors.Is(err, ErrTooLarge) {
		t.Errorf("got %v", err)
	}
	if _, err := s.Append(t.Context(), []byte("x"), 0); err != nil {
		t.Errorf("the stream is hurt: %v", err)
	}
}

// The largest delivery that a door makes, with what Check allows it to become, must fit.
func TestTheLargestEntryFits(t *testing.T) {
	l, stop := run(t, Options{Dir: t.TempDir()})
	defer stop()
	in := entry(1)
	in.Delivery.Body = make([]byte, ingest.MaxBody)
	in.Delivery.Topic, in.Delivery.Gateway = strings.Repeat("t", 65535), strings.Repeat("g", 65535)
	id := strings.Repeat("s", 63)
	for i := range ingest.MaxItems {
		in.Readings = append(in.Readings, ingest.Reading{
			Station: id, Parameter: "flow_total_day", Value: 1, Unit: strings.Repeat("u", 35), Status: ingest.Other, Flags: 1<<18 - 1,
			MeasuredAt: time.Unix(int64(i), 1), Usable: true,
		})
		in.Marks = append(in.Marks, ingest.Mark{Station: id, Sequence: 1 << 63, MeasuredAt: time.Unix(1, 0)})
	}
	for i := range 2 << 20 / (40 + 512) {
		in.Rejects = append(in.Rejects, ingest.Reject{Index: i, Reason: ingest.ReasonUnknownParameter, Detail: strings.Repeat("d", 512)})
	}
	answer := make(chan error, 1)
	if err := l.Append(t.Context(), in, func(err error) { answer <- err }); err != nil {
		t.Fatal(err)
	}
	if err := <-answer; err != nil {
		t.Error(err)
	}
}

// A stream of which everything was trimmed is empty, and its next record follows the last that it had.
func TestAnEmptiedStreamIsRead(t *testing.T) {
	l, stop := run(t, Options{Dir: t.TempDir()})
	defer stop()
	s, err := l.Stream(t.Context(), "QUARANTINE")
	if err != nil {
		t.Fatal(err)
	}
	var last uint64
	for i := range 3 {
		if last, err = s.Append(t.Context(), fmt.Append(nil, i), last); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Trim(t.Context(), last); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	end, err := s.Replay(ctx, 0, func([]Record) error { t.Error("there is a record"); return nil })
	if end != last || err != nil {
		t.Fatalf("replay ends at %d (%v), want %d", end, err, last)
	}
	if _, ok, err := s.Last(ctx); ok || err != nil {
		t.Errorf("an emptied stream has a last record (%v)", err)
	}
	if _, err := s.Append(ctx, []byte("x"), end); err != nil {
		t.Errorf("append behind %d: %v", end, err)
	}
}

// Keys whose chunk could not be written are owed: the start must not move past them.
func TestSnapshotsOweWhatTheyCouldNotWrite(t *testing.T) {
	l, stop := run(t, Options{Dir: t.TempDir()})
	defer stop()
	open := func() (*Snapshots, map[string]string) {
		got := map[string]string{}
		s, err := l.OpenSnapshots(t.Context(), "engine", func(key string, data []byte) error { got[key] = string(data); return nil })
		if err != nil {
			t.Fatal(err)
		}
		return s, got
	}
	s, _ := open()
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Save(gone, 10, []string{"a", "b"}, func(key string) []byte { return []byte("old " + key) }); err == nil {
		t.Fatal("a save that could not write succeeded")
	}
	if err := s.Save(t.Context(), 20, nil, func(key string) []byte { return []byte("new " + key) }); err != nil {
		t.Fatal(err)
	}
	s, got := open()
	if s.Start() != 20 || got["a"] != "new a" || got["b"] != "new b" {
		t.Errorf("start %d, chunks %v: what lies between is lost", s.Start(), got)
	}
}

// Everything that was queued is written when Run is told to stop, also what it was writing at that moment.
func TestStopWritesWhatIsQueued(t *testing.T) {
	for range 5 {
		l, err := Open(t.Context(), Options{Dir: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var writer, answers sync.WaitGroup
		writer.Go(func() { _ = l.Run(ctx) })
		const n = 3000
		answers.Add(n)
		for i := range n {
			if err := l.Append(t.Context(), entry(i), func(err error) {
				if err != nil {
					t.Errorf("entry %d: %v", i, err)
				}
				answers.Done()
			}); err != nil {
				t.Fatal(err)
			}
		}
		cancel()
		answers.Wait()
		writer.Wait()
		_ = l.Close()
	}
}

// A consumer that moves, but slower than the doors, must close them too once the budget is full of what it has not read.
func TestASlowConsumerDoesNotLetTheLogGrow(t *testing.T) {
	l, stop := run(t, Options{Dir: t.TempDir(), MaxBytes: 4000})
	defer stop()
	c := l.Cursor("slow", 0)
	for n := range 100 {
		appendAll(t, l, n, n+1)
	}
	for moved := uint64(1); moved <= 3; moved++ {
		c.Release(moved)
		if err := l.trim(t.Context(), time.Now()); err != nil {
			t.Fatal(err)
		}
		if !l.full.Load() {
			t.Fatalf("97 unread entries, far over the budget, and the doors are open")
		}
	}
	c.Release(100)
	for range 3 {
		if err := l.trim(t.Context(), time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	if l.full.Load() {
		t.Error("the doors stay closed although everything has been read")
	}
	info, err := l.intake.Info(t.Context())
	if err != nil || info.State.Bytes > 4000 {
		t.Errorf("%d bytes are left of a budget of 4000 (%v)", info.State.Bytes, err)
	}
}

// One message that cannot be read is passed, by consumers and at the start.
func TestAnUnreadableMessageIsPassed(t *testing.T) {
	l, stop := run(t, Options{Dir: t.TempDir()})
	defer stop()
	appendAll(t, l, 0, 1)
	if _, err := l.js.Publish(t.Context(), "quantrac."+intakeStream, []byte{0x0a, 0x80}); err != nil {
		t.Fatal(err)
	}
	appendAll(t, l, 1, 2)
	inOrder(t, collect(t, l, l.Cursor("a", 0), 2), 0, 2)
	var got []int
	if err := l.Tail(t.Context(), func(in *ingest.Intake) { got = append(got, number(*in)) }); err != nil {
		t.Fatal(err)
	}
	inOrder(t, got, 0, 2)
}

// An entry that comes when the writer has gone is refused, at once or by its answer; nobody waits for ever.
func TestAppendBehindTheEndIsRefused(t *testing.T) {
	l, err := Open(t.Context(), Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var senders, writer sync.WaitGroup
	writer.Go(func() { _ = l.Run(ctx) })
	for range 4 {
		senders.Go(func() {
			for n := range 2000 {
				answer := make(chan error, 1)
				if err := l.Append(t.Context(), entry(n), func(err error) { answer <- err }); err != nil {
					if ctx.Err() == nil {
						t.Errorf("refused before the end: %v", err)
					}
					return
				}
				select {
				case err := <-answer:
					if err != nil {
						return
					}
				case <-time.After(10 * time.Second):
					t.Error("an entry is never answered")
					return
				}
				if n == 20 {
					cancel()
				}
			}
		})
	}
	senders.Wait()
	writer.Wait()
	for n := range 20 {
		answer := make(chan error, 1)
		if err := l.Append(t.Context(), entry(n), func(err error) { answer <- err }); err == nil {
			t.Fatal("an entry was taken after the end")
		}
	}
}

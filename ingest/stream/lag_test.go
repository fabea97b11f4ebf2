package stream

import (
	"context"
	"testing"
	"time"

	"quantrac/ingest"
)

// A consumer that lingers is given in one call what comes meanwhile.
func TestLingering(t *testing.T) {
	l, stop := run(t, Options{Dir: t.TempDir()})
	defer stop()
	c := l.Cursor("patient", 0)
	c.Linger(200 * time.Millisecond)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	calls, entries := 0, 0
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = l.Consume(ctx, c, func(_ context.Context, batches []Batch) error {
			calls++
			for _, b := range batches {
				entries += len(b.Entries)
			}
			if entries == 20 {
				cancel()
			}
			return nil
		})
	}()
	for n := range 20 {
		appendAll(t, l, n, n+1) // a batch each
	}
	<-done
	if entries != 20 || calls > 10 {
		t.Errorf("%d entries in %d calls", entries, calls)
	}
}

func TestMuchDoesNotLinger(t *testing.T) {
	if areFew([]Batch{{Entries: make([]ingest.Intake, fewEntries)}}) || areFew(make([]Batch, handleMessages)) {
		t.Error("a full call waits")
	}
	if !areFew([]Batch{{Entries: make([]ingest.Intake, 3)}}) {
		t.Error("a small call does not wait")
	}
}

// What every consumer has passed is forgotten, and the log gives way to one that lags before it must read back.
func TestTheLogGivesWay(t *testing.T) {
	l, stop := run(t, Options{Dir: t.TempDir()})
	defer stop()
	c := l.Cursor("slow", 0)
	appendAll(t, l, 0, 1)
	r := l.recent
	if r.crowded(l.slowest()) != nil {
		t.Fatal("crowded by one entry")
	}
	r.mu.Lock()
	r.bytes = recentBytes // as if it had been large
	r.mu.Unlock()
	freed := r.crowded(l.slowest())
	if freed == nil {
		t.Fatal("not crowded")
	}
	if got, _ := r.after(0); len(got) != 1 {
		t.Fatalf("%d batches", len(got))
	}
	c.passed.Store(1)
	r.forget(l.slowest())
	select {
	case <-freed:
	default:
		t.Error("nobody is told that there is room")
	}
	if len(r.batches) != 0 {
		t.Errorf("%d batches are kept", len(r.batches))
	}
	r.mu.Lock()
	r.batches, r.bytes = []recentBatch{{Batch: Batch{Sequence: 5}}}, recentBytes
	r.mu.Unlock()
	if r.crowded(3) != nil {
		t.Error("the log waits for a consumer that reads back anyway")
	}
}

// A consumer that does not move at all holds nobody up for long.
func TestAStandingConsumerIsNotWaitedFor(t *testing.T) {
	l, stop := run(t, Options{Dir: t.TempDir()})
	defer stop()
	l.Cursor("stands", 0)
	appendAll(t, l, 0, 1)
	l.recent.mu.Lock()
	l.recent.bytes = recentBytes/4*3 + 1
	l.recent.mu.Unlock()
	start := time.Now()
	for n := 1; n < 30; n++ {
		appendAll(t, l, n, n+1)
	}
	if took := time.Since(start); took > 3*mostWait {
		t.Errorf("30 entries took %s", took)
	}
}

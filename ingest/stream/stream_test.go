package stream

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"quantrac/ingest"
)

func entry(n int) *ingest.Intake {
	at := time.Unix(1788224700+int64(n), 0).UTC()
	return &ingest.Intake{
		Delivery: ingest.Delivery{Door: "mqtt", Gateway: "gw-1", Topic: "quantrac/v1/amata-01/readings", ReceivedAt: at, Body: binary.BigEndian.AppendUint64(nil, uint64(n))},
		Dialect:  "native",
		Readings: []ingest.Reading{
			{Station: "amata-01", Parameter: "cod", Value: float64(n), Unit: "mg/L", MeasuredAt: at, ReceivedAt: at, Usable: true},
			{Station: "amata-01", Parameter: "ph", Value: math.NaN(), Status: ingest.Fault, Flags: ingest.NotANumber, MeasuredAt: at, ReceivedAt: at},
		},
		Marks:   []ingest.Mark{{Station: "amata-01", Sequence: uint64(n) + 1, MeasuredAt: at}},
		Rejects: []ingest.Reject{{Index: 2, Reason: ingest.ReasonUnknownParameter, Detail: "x"}},
	}
}

func number(in ingest.Intake) int { return int(binary.BigEndian.Uint64(in.Delivery.Body)) }

// run opens a log, starts its writer and returns a function that stops both.
func run(t *testing.T, opt Options) (*Log, func()) {
	t.Helper()
	l, err := Open(t.Context(), opt)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { _ = l.Run(ctx) })
	return l, sync.OnceFunc(func() {
		cancel()
		wg.Wait()
		_ = l.Close()
	})
}

func appendAll(t *testing.T, l *Log, from, to int) {
	t.Helper()
	var wg sync.WaitGroup
	next := from
	for n := from; n < to; n++ {
		wg.Add(1)
		err := l.Append(t.Context(), entry(n), func(err error) {
			defer wg.Done()
			if err != nil {
				t.Errorf("entry %d: %v", n, err)
			}
			if n != next {
				t.Errorf("done for %d, want %d: answers must come in order", n, next)
			}
			next++
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	wg.Wait()
}

// collect consumes until it has seen want entries.
func collect(t *testing.T, l *Log, c *Cursor, want int) []int {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var got []int
	err := l.Consume(ctx, c, func(_ context.Context, batches []Batch) error {
		for _, b := range batches {
			for _, e := range b.Entries {
				got = append(got, number(e))
			}
		}
		if len(got) >= want {
			cancel()
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func inOrder(t *testing.T, got []int, from, to int) {
	t.Helper()
	if len(got) != to-from {
		t.Fatalf("got %d entries, want %d", len(got), to-from)
	}
	for i, n := range got {
		if n != from+i {
			t.Fatalf("entry %d is %d, want %d", i, n, from+i)
		}
	}
}

func TestCodecRoundTrip(t *testing.T) {
	in := entry(7)
	in.Delivery.Dup, in.Delivery.TooLarge = true, true
	got, err := newDecoder().batch(appendEntry(appendEntry(nil, in), entry(8)))
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || !math.IsNaN(got[0].Readings[1].Value) {
		t.Fatalf("got %d entries: %+v", len(got), got)
	}
	in.Readings[1].Value, got[0].Readings[1].Value = 0, 0 // NaN equals nothing
	if !reflect.DeepEqual(*in, got[0]) {
		t.Errorf("\n got %+v\nwant %+v", got[0], *in)
	}
}

func FuzzDecodeBatch(f *testing.F) {
	f.Add(appendEntry(nil, entry(1)))
	f.Add([]byte{0x0a, 0x80})
	f.Fuzz(func(t *testing.T, b []byte) {
		entries, err := newDecoder().batch(b)
		if err != nil {
			return
		}
		var again []byte
		for i := range entries {
			again = appendEntry(again, &entries[i])
		}
		if _, err := newDecoder().batch(again); err != nil {
			t.Fatalf("what was read can't be written and read again: %v", err)
		}
	})
}

func TestAppendAndConsumeSurviveReopening(t *testing.T) {
	dir := t.TempDir()
	l, stop := run(t, Options{Dir: dir})
	appendAll(t, l, 0, 3000)
	inOrder(t, collect(t, l, l.Cursor("a", 0), 3000), 0, 3000)
	stop()
	l, stop = run(t, Options{Dir: dir})
	defer stop()
	appendAll(t, l, 3000, 3100)
	inOrder(t, collect(t, l, l.Cursor("a", 0), 3100), 0, 3100)
}

func TestFailingHandlerGetsTheSameBatchesAgain(t *testing.T) {
	l, stop := run(t, Options{Dir: t.TempDir()})
	defer stop()
	appendAll(t, l, 0, 50)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var got []int
	failures := 0
	c := l.Cursor("a", 0)
	err := l.Consume(ctx, c, func(_ context.Context, batches []Batch) error {
		if failures < 3 {
			failures++
			if c.Passed() != 0 {
				t.Errorf("passed %d before anything was handled", c.Passed())
			}
			return errors.New("not now")
		}
		for _, b := range batches {
			for _, e := range b.Entries {
				got = append(got, number(e))
			}
		}
		if len(got) == 50 {
			cancel()
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	inOrder(t, got, 0, 50)
}

func TestTrimNeverPassesTheSlowestConsumer(t *testing.T) {
	l, stop := run(t, Options{Dir: t.TempDir(), MaxBytes: 1})
	defer stop()
	fast, slow := l.Cursor("fast", 0), l.Cursor("slow", 0)
	for n := range 10 {
		appendAll(t, l, n, n+1)
	}
	collect(t, l, fast, 10)
	fast.Release(fast.Passed())
	if err := l.trim(t.Context(), time.Now()); err != nil {
		t.Fatal(err)
	}
	if !l.full.Load() || l.State().OK {
		t.Error("a budget that is full of unread entries must close the doors and say so")
	}
	inOrder(t, collect(t, l, slow, 10), 0, 10)
	slow.Release(slow.Passed() - 2)
	for range 2 {
		if err := l.trim(t.Context(), time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	if _, ok, _ := l.Entry(t.Context(), slow.Passed()-2); ok {
		t.Error("an entry that nobody needs is still there")
	}
	if _, ok, err := l.Entry(t.Context(), slow.Passed()-1); !ok || err != nil {
		t.Errorf("an entry that a consumer needs was trimmed (%v)", err)
	}
}

func TestFullBudgetBlocksAppend(t *testing.T) {
	l, stop := run(t, Options{Dir: t.TempDir(), MaxBytes: 1})
	defer stop()
	c := l.Cursor("a", 0)
	appendAll(t, l, 0, 1)
	if err := l.trim(t.Context(), time.Now()); err != nil {
		t.Fatal(err)
	}
	stored := make(chan error, 1)
	if err := l.Append(t.Context(), entry(1), func(err error) { stored <- err }); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-stored:
		t.Fatalf("an entry was answered (%v) although the budget is full", err)
	case <-time.After(300 * time.Millisecond):
	}
	c.Release(1)
	for range 2 {
		if err := l.trim(t.Context(), time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	select {
	case err := <-stored:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("the entry was never stored")
	}
}

func TestRetentionCutsByAge(t *testing.T) {
	l, stop := run(t, Options{Dir: t.TempDir(), Retention: time.Hour})
	defer stop()
	c := l.Cursor("a", 0)
	appendAll(t, l, 0, 5)
	last, err := l.LastSequence(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c.Release(last)
	if err := l.trim(t.Context(), time.Now()); err != nil {
		t.Fatal(err)
	}
	if _, ok, _ := l.Entry(t.Context(), 1); !ok {
		t.Fatal("a young entry was trimmed")
	}
	if err := l.trim(t.Context(), time.Now().Add(2*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if _, ok, _ := l.Entry(t.Context(), last); ok {
		t.Error("an old entry is still there")
	}
}

func TestLargeEntriesSplitIntoMessages(t *testing.T) {
	l, stop := run(t, Options{Dir: t.TempDir()})
	defer stop()
	var wg sync.WaitGroup
	const n, size = 40, 300 << 10
	for i := range n {
		in := entry(i)
		in.Delivery.Body = append(in.Delivery.Body, make([]byte, size)...)
		wg.Add(1)
		if err := l.Append(t.Context(), in, func(err error) {
			if err != nil {
				t.Error(err)
			}
			wg.Done()
		}); err != nil {
			t.Fatal(err)
		}
	}
	wg.Wait()
	inOrder(t, collect(t, l, l.Cursor("a", 0), n), 0, n)
	last, err := l.LastSequence(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if least := uint64(n * size / batchBytes); last < least {
		t.Errorf("%d messages for %d MB: a message is over its bound", last, n*size>>20)
	}
}

func TestRecordsRefuseASecondWriter(t *testing.T) {
	l, stop := run(t, Options{Dir: t.TempDir()})
	defer stop()
	s, err := l.Stream(t.Context(), "ALERTS")
	if err != nil {
		t.Fatal(err)
	}
	if _, ok, err := s.Last(t.Context()); ok || err != nil {
		t.Fatalf("an empty stream has a last record (%v)", err)
	}
	var last uint64
	for i := range 5 {
		if last, err = s.Append(t.Context(), fmt.Append(nil, i), last); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Append(t.Context(), []byte("x"), last-1); !errors.Is(err, ErrConflict) {
		t.Errorf("got %v, want ErrConflict", err)
	}
	var got string
	if _, err := s.Replay(t.Context(), 1, func(recs []Record) error {
		for _, r := range recs {
			got += string(r.Data)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if got != "1234" {
		t.Errorf("replay gave %q", got)
	}
}

func TestBucket(t *testing.T) {
	l, stop := run(t, Options{Dir: t.TempDir()})
	defer stop()
	b, err := l.Bucket(t.Context(), "positions")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []string{"1", "2"} {
		if err := b.Put(t.Context(), "history", []byte(v)); err != nil {
			t.Fatal(err)
		}
	}
	if v, ok, err := b.Get(t.Context(), "history"); string(v) != "2" || !ok || err != nil {
		t.Errorf("got %q %v %v", v, ok, err)
	}
	if err := b.Delete(t.Context(), "history"); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := b.Get(t.Context(), "history"); ok || err != nil {
		t.Errorf("deleted key is still there (%v)", err)
	}
}

func TestCursorGoesOnWhereItWas(t *testing.T) {
	dir := t.TempDir()
	l, stop := run(t, Options{Dir: dir})
	c, err := l.OpenCursor(t.Context(), "history")
	if err != nil {
		t.Fatal(err)
	}
	appendAll(t, l, 0, 10)
	inOrder(t, collect(t, l, c, 10), 0, 10)
	stop()
	l, stop = run(t, Options{Dir: dir})
	defer stop()
	if c, err = l.OpenCursor(t.Context(), "history"); err != nil {
		t.Fatal(err)
	}
	appendAll(t, l, 10, 12)
	inOrder(t, collect(t, l, c, 2), 10, 12)
}

func TestSnapshotsRestoreChunksWithTheirPlaces(t *testing.T) {
	l, stop := run(t, Options{Dir: t.TempDir()})
	defer stop()
	open := func() (*Snapshots, map[string]string) {
		got := map[string]string{}
		s, err := l.OpenSnapshots(t.Context(), "engine", func(key string, data []byte) error {
			got[key] = string(data)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return s, got
	}
	s, got := open()
	if s.Start() != 0 || len(got) != 0 {
		t.Fatalf("a new snapshot starts at %d with %v", s.Start(), got)
	}
	chunk := func(key string) []byte { return []byte("state of " + key) }
	for i, keys := range [][]string{{"a", "b"}, {"b"}} {
		if err := s.Save(t.Context(), uint64(10*(i+1)), keys, chunk); err != nil {
			t.Fatal(err)
		}
	}
	s, got = open()
	if s.Start() != 20 || got["a"] != "state of a" || got["b"] != "state of b" {
		t.Errorf("start %d, chunks %v", s.Start(), got)
	}
	if !s.Has("b", 20) || s.Has("b", 21) || s.Has("a", 11) || s.Has("c", 1) {
		t.Error("chunks do not know what they contain")
	}
}

// The same code on a server of its own, reached by URL.
func TestOutsideServer(t *testing.T) {
	srv, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: t.TempDir(), SyncAlways: true, NoSigs: true, NoLog: true})
	if err != nil {
		t.Fatal(err)
	}
	srv.Start()
	defer srv.Shutdown()
	l, stop := run(t, Options{URL: srv.ClientURL()})
	defer stop()
	if l.State().OK {
		t.Error("a single server that nobody declared synced must be said")
	}
	l.opt.Synced = true
	if s := l.State(); !s.OK {
		t.Errorf("state %q", s.Detail)
	}
	appendAll(t, l, 0, 500)
	inOrder(t, collect(t, l, l.Cursor("a", 0), 500), 0, 500)
	if got := l.MaxBody(); got != 512<<10 {
		t.Errorf("MaxBody %d on a server with the usual max_payload", got)
	}
}

func BenchmarkAppend(b *testing.B) {
	l, err := Open(b.Context(), Options{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var writer sync.WaitGroup
	writer.Go(func() { _ = l.Run(ctx) })
	in := entry(1)
	var wg sync.WaitGroup
	b.ReportAllocs()
	for b.Loop() {
		wg.Add(1)
		if err := l.Append(ctx, in, func(error) { wg.Done() }); err != nil {
			b.Fatal(err)
		}
	}
	wg.Wait()
	cancel()
	writer.Wait()
	_ = l.Close()
}

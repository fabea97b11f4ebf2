package stream

import (
	"context"
	"errors"
	"math/rand/v2"
	"reflect"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"quantrac/ingest"
)

// randomEntry is an entry as doors may make it: times with a zone or a monotonic part, and all that the log does not keep.
func randomEntry(random *rand.Rand) *ingest.Intake {
	zone := time.FixedZone("ICT", 7*3600)
	at := func() time.Time {
		switch random.IntN(4) {
		case 0:
			return time.Time{}
		case 1:
			return time.Now().In(zone)
		}
		return time.Unix(random.Int64N(4e9)-1e9, random.Int64N(1e9))
	}
	text := func() string { return [...]string{"", "a", "station-1", "Đồng Nai", "\xff"}[random.IntN(5)] }
	in := &ingest.Intake{
		Delivery: ingest.Delivery{
			Door: text(), Gateway: text(), Topic: text(), ReceivedAt: at(), Dup: random.IntN(2) == 0, TooLarge: random.IntN(2) == 0,
			Body: make([]byte, random.IntN(300)), Dialect: text(), Retry: text(), Parts: random.IntN(3), Allowed: func(string) bool { return true },
		},
		Dialect: text(), Aged: make([]ingest.Reading, random.IntN(3)),
	}
	for i := range in.Delivery.Body {
		in.Delivery.Body[i] = byte(random.Uint32())
	}
	for range random.IntN(10) {
		in.Readings = append(in.Readings, ingest.Reading{
			Station: text(), Parameter: text(), Value: random.NormFloat64(), Unit: text(), Status: ingest.Status(random.IntN(3)),
			Flags: ingest.Flags(random.Uint32N(1 << 18)), MeasuredAt: at(), ReceivedAt: at(), Usable: random.IntN(2) == 0,
		})
	}
	for i := range random.IntN(3) {
		in.Marks = append(in.Marks, ingest.Mark{Index: i, Station: text(), Sequence: random.Uint64(), MeasuredAt: at(), LocalTime: random.IntN(2) == 0})
		in.Rejects = append(in.Rejects, ingest.Reject{Index: i, Reason: text(), Detail: text()})
	}
	return in
}

// A consumer must not be able to tell a batch that it was given from one that it read back.
func TestSharedEntriesAreAsRead(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 2))
	l, stop := run(t, Options{Dir: t.TempDir()})
	defer stop()
	var answers sync.WaitGroup
	for range 500 {
		answers.Add(1)
		if err := l.Append(t.Context(), randomEntry(random), func(err error) {
			if err != nil {
				t.Error(err)
			}
			answers.Done()
		}); err != nil {
			t.Fatal(err)
		}
	}
	answers.Wait()
	last, err := l.LastSequence(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for seq := uint64(1); seq <= last; seq++ {
		shared, ok := l.recent.get(seq)
		read, there, err := l.Entry(t.Context(), seq)
		if !ok || !there || err != nil {
			t.Fatalf("batch %d: %v %v %v", seq, ok, there, err)
		}
		for i := range read.Entries {
			if !reflect.DeepEqual(read.Entries[i], shared.Entries[i]) {
				t.Fatalf("entry %d of %d:\nshared %+v\n  read %+v", i, seq, shared.Entries[i], read.Entries[i])
			}
		}
	}
}

// order checks that a consumer gets the entries from..to, each once.
type order struct {
	t    *testing.T
	name string
	next atomic.Int64
}

func (o *order) take(batches []Batch) {
	for i := range batches {
		for k := range batches[i].Entries {
			if got, want := int64(number(batches[i].Entries[k])), o.next.Add(1)-1; got != want {
				o.t.Errorf("%s got entry %d, want %d", o.name, got, want)
			}
		}
	}
}

// Consumers at any speed get every entry once and in order, from what is shared, from the log, and where they change from one to
// the other; one that falls behind what is shared catches up.
func TestFastAndSlowConsumers(t *testing.T) {
	l, stop := run(t, Options{Dir: t.TempDir()})
	defer stop()
	const entries, size = 700, 100 << 10
	held := make(chan struct{})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var consumers sync.WaitGroup
	var left atomic.Int64
	start := func(name string, handle func(o *order, batches []Batch) error) {
		o := &order{t: t, name: name}
		left.Add(1)
		c := l.Cursor(name, 0)
		consumers.Go(func() {
			_ = l.Consume(ctx, c, func(_ context.Context, batches []Batch) error {
				if err := handle(o, batches); err != nil {
					return err
				}
				if o.next.Load() == entries && left.Add(-1) == 0 {
					cancel()
				}
				return nil
			})
		})
	}
	start("fast", func(o *order, b []Batch) error { o.take(b); return nil })
	failures := 0
	start("failing", func(o *order, b []Batch) error {
		if failures++; failures%3 == 1 && failures < 10 {
			return errors.New("not now")
		}
		o.take(b)
		return nil
	})
	start("held", func(o *order, b []Batch) error { <-held; o.take(b); return nil })
	var answers sync.WaitGroup
	for n := range entries {
		in := entry(n)
		in.Delivery.Body = append(in.Delivery.Body, make([]byte, size)...)
		answers.Add(1)
		if err := l.Append(t.Context(), in, func(err error) {
			if err != nil {
				t.Error(err)
			}
			answers.Done()
		}); err != nil {
			t.Fatal(err)
		}
	}
	answers.Wait()
	if l.recent.bytes > recentBytes {
		t.Errorf("%d bytes are kept, at most %d should", l.recent.bytes, recentBytes)
	}
	if l.recent.serves(0) {
		t.Error("the held consumer would not have to read the log: the test shows nothing")
	}
	close(held)
	consumers.Wait()
}

// A message that somebody else wrote is a hole in what is shared; the consumers read it from the log.
func TestAHoleInWhatIsShared(t *testing.T) {
	r := newRecent(0, true)
	for _, seq := range []uint64{1, 2, 4} {
		r.add(Batch{Sequence: seq}, 1)
	}
	for seq, want := range map[uint64]string{0: "log", 2: "log", 3: "shared", 4: "wait", 9: "wait"} {
		batches, moved := r.after(seq)
		got := "log"
		switch {
		case len(batches) > 0:
			got = "shared"
		case moved != nil:
			got = "wait"
		}
		if got != want {
			t.Errorf("after %d: %s, want %s", seq, got, want)
		}
	}
}

func TestRetriesAreKept(t *testing.T) {
	in := entry(1)
	in.Delivery.Retry, in.Delivery.Parts = "17-3", 5
	got, err := newDecoder().batch(appendEntry(nil, in))
	if err != nil || got[0].Delivery.Retry != "17-3" || got[0].Delivery.Parts != 5 {
		t.Errorf("%+v %v", got, err)
	}
	// What was written before there were retries has none.
	in.Delivery.Retry, in.Delivery.Parts = "", 0
	if got, err = newDecoder().batch(appendEntry(nil, in)); err != nil || got[0].Delivery.Retry != "" || got[0].Delivery.Parts != 0 {
		t.Errorf("%+v %v", got, err)
	}
	in.Delivery.Parts = -1
	if got, err = newDecoder().batch(appendEntry(nil, in)); err != nil || got[0].Delivery.Parts != 0 {
		t.Errorf("%+v %v", got, err)
	}
}

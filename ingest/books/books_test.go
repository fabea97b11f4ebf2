package books

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"testing"
	"time"

	"quantrac/ingest"
	"quantrac/ingest/stream"
)

var base = time.Date(2026, 11, 24, 6, 0, 0, 0, time.UTC)

// memory is a history that the tests can look into: what the real one does with line protocol it does with a map. The whole way
// with the real one is tested in cmd.
type memory struct {
	mu     sync.Mutex
	values map[instantKey]Stored
	looked int
	failed int // fail so many writes
}

func (m *memory) write(_ context.Context, readings []ingest.Reading) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.failed > 0 && len(readings) > 0 {
		m.failed--
		return errors.New("history is away")
	}
	for i := range readings {
		r := &readings[i]
		m.values[instantKey{seriesKey{r.Station, r.Parameter}, r.MeasuredAt.UnixNano()}] = storedOf(r)
	}
	return nil
}

func (m *memory) lookup(_ context.Context, station, parameter string, from, to time.Time) (map[int64]Stored, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.looked++
	out := map[int64]Stored{}
	for k, v := range m.values {
		if k.station == station && k.parameter == parameter && k.at >= from.UnixNano() && k.at < to.UnixNano() {
			out[k.at] = v
		}
	}
	return out, nil
}

// rig is a log with a clerk that can be crashed and opened again.
type rig struct {
	t      *testing.T
	log    *stream.Log
	cancel context.CancelFunc
	wg     sync.WaitGroup
	clerk  *Clerk
	cursor *stream.Cursor
	mem    *memory
	now    time.Time
}

func newRig(t *testing.T) *rig {
	log, err := stream.Open(t.Context(), stream.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, log: log, mem: &memory{values: map[instantKey]Stored{}}, now: base}
	ctx, cancel := context.WithCancel(context.Background())
	r.cancel = cancel
	r.wg.Go(func() { _ = log.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		r.wg.Wait()
		_ = log.Close()
	})
	r.open()
	return r
}

// open makes a clerk from what is on disk, as after a crash.
func (r *rig) open() {
	r.t.Helper()
	var err error
	r.clerk, r.cursor, err = Open(r.t.Context(), Options{Log: r.log, Lookup: r.mem.lookup, Write: r.mem.write, Now: func() time.Time { return r.now }})
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) append(entries ...*ingest.Intake) {
	r.t.Helper()
	for _, in := range entries {
		done := make(chan error, 1)
		if err := r.log.Append(r.t.Context(), in, func(err error) { done <- err }); err != nil {
			r.t.Fatal(err)
		}
		if err := <-done; err != nil {
			r.t.Fatal(err)
		}
	}
}

// consume runs the clerk until it has handled everything in the log.
func (r *rig) consume() {
	r.t.Helper()
	last, err := r.log.LastSequence(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(r.t.Context(), 20*time.Second)
	defer cancel()
	if r.cursor.Passed() >= last {
		return
	}
	_ = r.log.Consume(ctx, r.cursor, func(ctx context.Context, batches []stream.Batch) error {
		err := r.clerk.Consume(ctx, batches)
		if err == nil && batches[len(batches)-1].Sequence >= last {
			cancel()
		}
		return err
	})
}

func (r *rig) ledger(q Query) Ledger {
	r.t.Helper()
	l, err := r.clerk.Ledger(r.t.Context(), q)
	if err != nil {
		r.t.Fatal(err)
	}
	return l
}

func (r *rig) balanced() {
	r.t.Helper()
	for _, it := range r.ledger(Query{}).Items {
		if it.Received != it.Stored+it.Quarantined+it.Duplicate+it.Revised {
			r.t.Errorf("the books of %v do not balance: %+v", it.Key, it.Counts)
		}
	}
}

func delivery(gateway string, received time.Time, readings ...ingest.Reading) *ingest.Intake {
	return &ingest.Intake{Delivery: ingest.Delivery{Gateway: gateway, ReceivedAt: received}, Readings: readings}
}

func cod(station string, minute int, v float64) ingest.Reading {
	return ingest.Reading{Station: station, Parameter: "cod", Value: v, MeasuredAt: base.Add(time.Duration(minute) * time.Minute), Usable: !math.IsNaN(v)}
}

func (m *memory) at(station string, minute int) (Stored, bool) {
	s, ok := m.values[instantKey{seriesKey{station, "cod"}, base.Add(time.Duration(minute) * time.Minute).UnixNano()}]
	return s, ok
}

func TestVerdicts(t *testing.T) {
	r := newRig(t)
	r.append(delivery("g", base, cod("s", 0, 10), cod("s", 10, 11), cod("s", 20, math.NaN())))
	r.consume()
	if r.mem.looked != 0 {
		t.Errorf("%d lookups for data in order", r.mem.looked)
	}
	r.append(
		delivery("g", base, cod("s", 10, 11)),         // duplicate, found in history
		delivery("g", base, cod("s", 10, 12)),         // revision
		delivery("g", base, cod("s", 5, 9)),           // late and new
		delivery("g", base, cod("s", 5, 9)),           // duplicate, inside the same stretch or in history
		delivery("g", base, cod("s", 20, math.NaN())), // duplicate without a number
		delivery("g", base, cod("s", 20, 7)),          // revision of a value that was none
		&ingest.Intake{Delivery: ingest.Delivery{Gateway: "g", ReceivedAt: base}, Rejects: []ingest.Reject{{Reason: "a"}, {Reason: "b"}}},
		&ingest.Intake{Delivery: ingest.Delivery{Gateway: "g", ReceivedAt: base}, Readings: []ingest.Reading{cod("s", 30, 1)}, Rejects: []ingest.Reject{{Reason: "a"}, {Reason: "b"}}},
	)
	r.consume()
	l := r.ledger(Query{Station: "s"})
	want := Counts{Received: 12, Stored: 5, Quarantined: 2, Duplicate: 3, Revised: 2}
	if len(l.Items) != 1 || l.Items[0].Counts != want {
		t.Errorf("got %+v, want %+v", l.Items, want)
	}
	if none := r.ledger(Query{}).Items[0]; none.Station != "" || none.Counts != (Counts{Received: 1, Quarantined: 1}) {
		t.Errorf("a delivery without any reading counts once: %+v", none)
	}
	if s, _ := r.mem.at("s", 10); s.Value != 11 || s.Flags&ingest.Revised == 0 || !s.Usable {
		t.Errorf("the first value stays and is marked: %+v", s)
	}
	if s, ok := r.mem.at("s", 5); !ok || s.Value != 9 || s.Flags&ingest.Revised != 0 {
		t.Errorf("a late value is new: %+v %v", s, ok)
	}
	r.balanced()
}

func TestLedgerBySpan(t *testing.T) {
	r := newRig(t)
	for i := range 10 {
		r.append(delivery("g", base.Add(time.Duration(i)*time.Hour), cod("s", i, 1)))
	}
	r.consume()
	l := r.ledger(Query{From: base.Add(2 * time.Hour), To: base.Add(5 * time.Hour)})
	if l.Total.Received != 3 {
		t.Errorf("3 of 10 lie in the span, got %+v", l.Total)
	}
	if l := r.ledger(Query{Gateway: "other"}); len(l.Items) != 0 || l.Total != (Counts{}) {
		t.Errorf("another gateway: %+v", l)
	}
}

func TestGaps(t *testing.T) {
	var s sequences
	at := func(n uint64) time.Time { return base.Add(time.Duration(n) * time.Minute) }
	show := func() string {
		out := ""
		for _, g := range s.gaps() {
			out += fmt.Sprintf("%s-%s:%d ", g.From.Format("15:04"), g.To.Format("15:04"), g.Missing)
		}
		return out
	}
	for _, step := range []struct {
		n    uint64
		want string
	}{
		{10, ""},
		{11, ""},
		{15, "06:11-06:15:3 "},
		{13, "06:11-06:13:1 06:13-06:15:1 "},
		{13, "06:11-06:13:1 06:13-06:15:1 "},
		{12, "06:13-06:15:1 "},
		{14, ""},
		{16, ""},
		{1, ""},
		{2, ""},
		{4, "06:02-06:04:1 "},
	} {
		s.see(step.n, at(step.n))
		if got := show(); got != step.want {
			t.Fatalf("after %d: %q, want %q", step.n, got, step.want)
		}
	}
}

func originOf(stations map[string]string) func(context.Context, string) (string, bool, error) {
	return func(_ context.Context, id string) (string, bool, error) {
		s, ok := stations[id]
		return s, ok, nil
	}
}

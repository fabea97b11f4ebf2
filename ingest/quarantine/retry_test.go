package quarantine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"quantrac/ingest"
	"quantrac/ingest/stream"
)

// plant is a log that runs, with a quarantine that reads it when it is told to.
type plant struct {
	t      *testing.T
	dir    string
	log    *stream.Log
	store  *Store
	cancel context.CancelFunc
	wg     sync.WaitGroup
	// good are bodies that a door can read by now.
	good map[string]bool
}

func newPlant(t *testing.T) *plant {
	p := &plant{t: t, dir: t.TempDir(), good: map[string]bool{}}
	p.start()
	t.Cleanup(p.stop)
	return p
}

func (p *plant) start() {
	p.t.Helper()
	var err error
	if p.log, err = stream.Open(p.t.Context(), stream.Options{Dir: p.dir}); err != nil {
		p.t.Fatal(err)
	}
	if p.store, err = Open(p.t.Context(), Options{Log: p.log}); err != nil {
		p.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	p.cancel = cancel
	p.wg.Go(func() { _ = p.log.Run(ctx) })
}

func (p *plant) stop() {
	p.cancel()
	p.wg.Wait()
	_ = p.log.Close()
}

// submit is a door: a good body becomes as many readings as it has words, all else one reject.
func (p *plant) submit(ctx context.Context, d ingest.Delivery, done func(ingest.Receipt, error)) error {
	in := &ingest.Intake{Delivery: d}
	if p.good[string(d.Body)] {
		for i := range strings.Fields(string(d.Body)) {
			in.Readings = append(in.Readings, ingest.Reading{Station: "amata-01", Parameter: "cod", MeasuredAt: noon.Add(time.Duration(i) * time.Minute)})
		}
	} else {
		in.Rejects = []ingest.Reject{{Reason: ingest.ReasonUndecodable}}
	}
	receipt := ingest.Receipt{Accepted: len(in.Readings), Rejected: in.Rejects}
	return p.log.Append(ctx, in, func(err error) { done(receipt, err) })
}

func (p *plant) send(body string) {
	p.t.Helper()
	if _, err := ingest.Submit(p.submit).Accept(p.t.Context(), ingest.Delivery{Door: "mqtt", Gateway: "g", ReceivedAt: noon, Body: []byte(body)}); err != nil {
		p.t.Fatal(err)
	}
}

// consume reads the log to its end.
func (p *plant) consume() {
	p.t.Helper()
	last, err := p.log.LastSequence(p.t.Context())
	if err != nil {
		p.t.Fatal(err)
	}
	if p.store.Cursor().Passed() >= last {
		return
	}
	ctx, cancel := context.WithTimeout(p.t.Context(), 20*time.Second)
	defer cancel()
	_ = p.log.Consume(ctx, p.store.Cursor(), func(ctx context.Context, batches []stream.Batch) error {
		err := p.store.Consume(ctx, batches)
		if err == nil && batches[len(batches)-1].Sequence >= last {
			cancel()
		}
		return err
	})
}

// states lists the entries, newest first, each with what became of it.
func (p *plant) states() (out []string) {
	p.t.Helper()
	for _, e := range all(p.t, p.store, 3) {
		state := "open"
		if e.RetriedAt != nil {
			state = "retried"
		}
		out = append(out, e.ID+" "+state)
	}
	return out
}

func (p *plant) retry(id string, want error) ingest.Receipt {
	p.t.Helper()
	r, err := p.store.Retry(p.t.Context(), id, p.submit)
	if !errors.Is(err, want) {
		p.t.Errorf("retry of %s: %v, want %v", id, err, want)
	}
	return r
}

// An entry is read again once, in this life and the next, also before the next has read what the last one did.
func TestAnEntryIsRetriedOnce(t *testing.T) {
	p := newPlant(t)
	p.send("one two")
	p.send("rubbish")
	p.consume()
	p.good["one two"] = true
	if r := p.retry("1-0", nil); r.Accepted != 2 {
		t.Errorf("%+v", r)
	}
	p.retry("1-0", ErrRetried)
	if got := p.states(); !slices.Equal(got, []string{"2-0 open", "1-0 retried"}) {
		t.Errorf("before the log was read: %v", got)
	}
	p.stop()
	p.start() // the mark is only in the log
	p.retry("1-0", ErrStarting)
	p.consume()
	p.retry("1-0", ErrRetried)
	if got := p.states(); !slices.Equal(got, []string{"2-0 open", "1-0 retried"}) {
		t.Errorf("after a restart: %v", got)
	}
	p.stop()
	p.start() // now it is in the quarantine
	p.retry("1-0", ErrRetried)
	p.retry("7-0", ErrNotFound)
	p.retry("1", ErrNotFound)
	// What is still wrong becomes an entry of its own.
	if r := p.retry("2-0", nil); r.Accepted != 0 || len(r.Rejected) != 1 {
		t.Errorf("%+v", r)
	}
	p.consume()
	if got := p.states(); !slices.Equal(got, []string{"4-0 open", "2-0 retried", "1-0 retried"}) {
		t.Errorf("%v", got)
	}
	if e, err := p.store.Get(t.Context(), "4-0"); err != nil || string(e.Body) != "rubbish" || !e.ReceivedAt.Equal(noon) || e.Gateway != "g" {
		t.Errorf("%+v %v", e, err)
	}
}

// What the door gets is what came in then, with what the books have to take back.
func TestARetryIsTheDeliveryThatCameIn(t *testing.T) {
	l, _ := open(t, t.TempDir())
	s := quarantine(t, l, nil)
	consume(t, s, batchOf(1, 6))
	s.opt.Allowed = func(door, gateway string) func(string) bool {
		return func(station string) bool { return door+gateway+station == "mqttgw-1x" }
	}
	for id, parts := range map[string]int{"1-3": 2, "1-5": 2} {
		_, err := s.Retry(t.Context(), id, func(_ context.Context, d ingest.Delivery, done func(ingest.Receipt, error)) error {
			if d.Retry != id || d.Parts != parts || d.Door != "mqtt" || d.Gateway != "gw-1" || d.Topic != "t/1" || !d.ReceivedAt.Equal(noon) ||
				string(d.Body) != fmt.Sprintf("body 1/%c", id[2]) || !d.Allowed("x") || d.Allowed("y") {
				t.Errorf("%s: %+v", id, d)
			}
			done(ingest.Receipt{}, nil)
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
	whole := delivery(2, 1)
	whole.Readings = nil
	consume(t, s, stream.Batch{Sequence: 2, Entries: []ingest.Intake{whole}})
	_, _ = s.Retry(t.Context(), "2-0", func(_ context.Context, d ingest.Delivery, _ func(ingest.Receipt, error)) error {
		if d.Parts != 1 {
			t.Errorf("a delivery without a reading counts once, not %d times", d.Parts)
		}
		return errors.New("the log is away")
	})
	if e, err := s.Get(t.Context(), "2-0"); e.RetriedAt != nil || err != nil {
		t.Errorf("what never reached the log is open: %v %v", e.RetriedAt, err)
	}
}

func TestTwoRetriesAtOnce(t *testing.T) {
	l, _ := open(t, t.TempDir())
	s := quarantine(t, l, nil)
	consume(t, s, batchOf(1, 2))
	_, err := s.Retry(t.Context(), "1-1", func(ctx context.Context, _ ingest.Delivery, done func(ingest.Receipt, error)) error {
		for range 2 {
			if _, err := s.Retry(ctx, "1-1", nil); !errors.Is(err, ErrRetrying) {
				t.Errorf("a second one at the same time: %v", err)
			}
		}
		done(ingest.Receipt{}, errors.New("not written"))
		return nil
	})
	if err == nil {
		t.Error("the failure was not told")
	}
	for range 2 {
		_, err = s.Retry(t.Context(), "1-1", func(_ context.Context, _ ingest.Delivery, done func(ingest.Receipt, error)) error {
			done(ingest.Receipt{}, nil)
			return nil
		})
	}
	if !errors.Is(err, ErrRetried) {
		t.Errorf("after a failure it may be tried again, after success not: %v", err)
	}
}

// Bytes that were not kept whole are not read again.
func TestCutBytesAreNotRetried(t *testing.T) {
	l, _ := open(t, t.TempDir())
	s := quarantine(t, l, nil)
	in := delivery(1, 1)
	in.Delivery.TooLarge = true
	consume(t, s, stream.Batch{Sequence: 1, Entries: []ingest.Intake{in}})
	if _, err := s.Retry(t.Context(), "1-0", nil); !errors.Is(err, ErrCut) {
		t.Error(err)
	}
}

func TestFilters(t *testing.T) {
	l, _ := open(t, t.TempDir())
	s := quarantine(t, l, nil)
	b := stream.Batch{Sequence: 1}
	for i := range 40 {
		in := delivery(1, 1)
		in.Delivery.Door, in.Delivery.Gateway = []string{"mqtt", "http"}[i%2], []string{"a", "b"}[i/2%2]
		in.Rejects = []ingest.Reject{{Reason: ingest.ReasonFuture}, {Reason: []string{ingest.ReasonNoStation, "made up"}[i/4%2]}}
		b.Entries = append(b.Entries, in)
	}
	consume(t, s, b)
	mark := delivery(2, 0)
	mark.Delivery.Retry, mark.Delivery.Parts = "1-7", 2
	consume(t, s, stream.Batch{Sequence: 2, Entries: []ingest.Intake{mark}})
	for _, tc := range []struct {
		q    Query
		want int
	}{
		{Query{}, 40},
		{Query{Reason: ingest.ReasonFuture}, 40},
		{Query{Reason: "made up"}, 20},
		{Query{Reason: "another"}, 0},
		{Query{Door: "http"}, 20},
		{Query{Gateway: "b", Door: "mqtt"}, 10},
		{Query{Gateway: "c"}, 0},
		{Query{State: StateRetried}, 1},
		{Query{State: StateOpen}, 39},
		{Query{State: StateOpen, Door: "http", Gateway: "b", Reason: "made up"}, 4},
	} {
		got := map[string]bool{}
		for tc.q.Limit = 3; ; {
			entries, next, err := s.List(t.Context(), tc.q)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range entries {
				got[e.ID] = true
			}
			if tc.q.Before = next; next == 0 {
				break
			}
		}
		if len(got) != tc.want {
			t.Errorf("%+v: %d entries, want %d", tc.q, len(got), tc.want)
		}
	}
	if s.Len() != 40 {
		t.Errorf("%d entries: a mark is none", s.Len())
	}
}

// Beyond the budget the oldest go, and that is said and counted; what is left opens again.
func TestBudget(t *testing.T) {
	dir := t.TempDir()
	l, end := open(t, dir)
	said := make(said, 1)
	const budget = 100_000
	s, err := Open(t.Context(), Options{Log: l, MaxBytes: budget, Logger: slog.New(slog.NewTextHandler(said, nil))})
	if err != nil {
		t.Fatal(err)
	}
	if st := s.Status(); !st.OK {
		t.Errorf("an empty quarantine: %+v", st)
	}
	const sent = 300
	for n := range uint64(sent) {
		consume(t, s, batchOf(n+1, 2))
		if s.index.bytes > budget {
			t.Fatalf("%d bytes after %d entries", s.index.bytes, n)
		}
	}
	st := s.Status()
	if st.OK || st.Detail == "" || st.Entries < 30 || st.Entries >= sent {
		t.Errorf("%+v", st)
	}
	select {
	case <-said:
	default:
		t.Error("entries went in silence")
	}
	left := ids(all(t, s, 50))
	if left[0] != fmt.Sprintf("%d-1", sent) || left[len(left)-1] != fmt.Sprintf("%d-1", sent-len(left)+1) {
		t.Errorf("not the newest are left: %v", left)
	}
	end()
	l, _ = open(t, dir)
	if again := ids(all(t, quarantine(t, l, nil), 50)); !slices.Equal(again, left) {
		t.Errorf("after a restart %v, want %v", again, left)
	}
}

// Records of older versions, one entry each and without what the books count, are read.
func TestOlderRecords(t *testing.T) {
	l, _ := open(t, t.TempDir())
	records, err := l.Stream(t.Context(), "QUARANTINE")
	if err != nil {
		t.Fatal(err)
	}
	for _, old := range []string{
		`{"id":"3-1","received_at":"2026-11-24T12:00:00Z","door":"mqtt","gateway":"g","topic":"t","dialect":"","accepted":0,"rejected":[{"index":0,"reason":"undecodable"},{"index":1,"reason":"future"}],"body":"eA==","batch":3,"entry":1}`,
		`{"id":"4-0","received_at":"2026-11-24T12:00:00Z","door":"mqtt","gateway":"g","topic":"t","dialect":"","accepted":1,"rejected":[{"index":0,"reason":"future"},{"index":1,"reason":"future"}],"body":"eA==","batch":4,"entry":0}`,
	} {
		if _, err := records.Add(t.Context(), []byte(old)); err != nil {
			t.Fatal(err)
		}
	}
	s := quarantine(t, l, nil)
	for id, want := range map[string]int{"3-1": 1, "4-0": 2} {
		if e, err := s.get(t.Context(), id); err != nil || e.Text != "x" || e.parts() != want {
			t.Errorf("%s: %+v %v", id, e, err)
		}
	}
	if _, ok, err := s.Origin(t.Context(), "4-0"); ok || err != nil {
		t.Errorf("where it was booked is not known: %v", err)
	}
	if station, ok, err := s.Origin(t.Context(), "3-1"); station != "" || !ok || err != nil {
		t.Errorf("%q %v %v", station, ok, err)
	}
	consume(t, s, batchOf(4, 1), batchOf(5, 2))
	if got := ids(all(t, s, 1)); !slices.Equal(got, []string{"5-1", "4-0", "3-1"}) {
		t.Errorf("%v", got)
	}
}

func BenchmarkConsume(b *testing.B) {
	l, err := stream.Open(b.Context(), stream.Options{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	s, err := Open(b.Context(), Options{Log: l})
	if err != nil {
		b.Fatal(err)
	}
	const entries = 512
	batch := stream.Batch{}
	for range entries {
		batch.Entries = append(batch.Entries, delivery(1, 1))
	}
	for b.Loop() {
		batch.Sequence++
		if err := s.Consume(b.Context(), []stream.Batch{batch}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/entries, "ns/entry")
}

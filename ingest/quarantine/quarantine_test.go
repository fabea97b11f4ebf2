package quarantine

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"quantrac/ingest"
	"quantrac/ingest/stream"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// open opens the log of a directory; it ends with the test or when the function is called.
func open(t *testing.T, dir string) (*stream.Log, func()) {
	t.Helper()
	l, err := stream.Open(t.Context(), stream.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	end := sync.OnceFunc(func() { _ = l.Close() })
	t.Cleanup(end)
	return l, end
}

func quarantine(t *testing.T, l *stream.Log, onEntry func(string)) *Store {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	s, err := Open(ctx, Options{Log: l, OnEntry: onEntry})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// delivery is entry i of a batch; every second one has a rejected part.
func delivery(batch uint64, i int) ingest.Intake {
	in := ingest.Intake{
		Delivery: ingest.Delivery{Door: "mqtt", Gateway: "gw-1", Topic: "t/1", ReceivedAt: noon, Body: fmt.Appendf(nil, "body %d/%d", batch, i)},
		Dialect:  "native", Readings: make([]ingest.Reading, i),
	}
	if i%2 == 1 {
		in.Rejects = []ingest.Reject{{Index: 3, Reason: ingest.ReasonFuture, Detail: "too early"}, {Index: 4, Reason: ingest.ReasonNoValues}}
	}
	return in
}

func batchOf(sequence uint64, entries int) stream.Batch {
	b := stream.Batch{Sequence: sequence}
	for i := range entries {
		b.Entries = append(b.Entries, delivery(sequence, i))
	}
	return b
}

func consume(t *testing.T, s *Store, batches ...stream.Batch) {
	t.Helper()
	if err := s.Consume(t.Context(), batches); err != nil {
		t.Fatal(err)
	}
}

// all pages through the quarantine.
func all(t *testing.T, s *Store, page int) []ingest.Quarantined {
	t.Helper()
	var out []ingest.Quarantined
	for before := uint64(0); ; {
		entries, next, err := s.List(t.Context(), Query{Before: before, Limit: page})
		if err != nil {
			t.Fatal(err)
		}
		if len(entries) > page {
			t.Fatalf("a page of %d has %d entries", page, len(entries))
		}
		out = append(out, entries...)
		if next == 0 {
			return out
		}
		before = next
	}
}

func ids(entries []ingest.Quarantined) []string {
	out := []string{}
	for _, e := range entries {
		out = append(out, e.ID)
	}
	return out
}

func TestEveryRejectedDeliveryOnce(t *testing.T) {
	l, _ := open(t, t.TempDir())
	var heard []string
	s := quarantine(t, l, func(reason string) { heard = append(heard, reason) })
	consume(t, s, batchOf(4, 5), batchOf(7, 2), batchOf(8, 1))
	got := all(t, s, 10)
	if want := []string{"7-1", "4-3", "4-1"}; !slices.Equal(ids(got), want) {
		t.Fatalf("entries %v, want %v", ids(got), want)
	}
	if s.Len() != 3 || len(heard) != 6 || heard[0] != ingest.ReasonFuture || heard[1] != ingest.ReasonNoValues {
		t.Errorf("%d entries, heard %v", s.Len(), heard)
	}
	e := got[1]
	if e.Door != "mqtt" || e.Gateway != "gw-1" || e.Topic != "t/1" || e.Dialect != "native" || !e.ReceivedAt.Equal(noon) || e.Accepted != 3 ||
		e.Batch != 4 || e.Index != 3 || string(e.Body) != "body 4/3" || e.Text != "body 4/3" || len(e.Rejected) != 2 || e.Rejected[0].Detail != "too early" {
		t.Errorf("%+v", e)
	}
}

// Whatever batches come again, in one life or after a restart: every rejected delivery has one entry, in the order of the log.
func TestRepeatedBatchesAddNothing(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	dir := t.TempDir()
	l, end := open(t, dir)
	s := quarantine(t, l, nil)
	var batches []stream.Batch
	var want []string
	sequence := uint64(0)
	for range 40 {
		sequence += 1 + rng.Uint64N(3)
		b := batchOf(sequence, rng.IntN(6))
		batches = append(batches, b)
		for i := range b.Entries {
			if len(b.Entries[i].Rejects) > 0 {
				want = append(want, fmt.Sprintf("%d-%d", sequence, i))
			}
		}
		// The consumer's place is saved now and then: after a crash it goes on a little further back.
		consume(t, s, batches[max(0, len(batches)-1-rng.IntN(4)):]...)
		if rng.IntN(8) == 0 {
			end()
			l, end = open(t, dir)
			s = quarantine(t, l, nil)
		}
	}
	slices.Reverse(want)
	if got := ids(all(t, s, 1+rng.IntN(9))); !slices.Equal(got, want) {
		t.Errorf("\n got %v\nwant %v", got, want)
	}
}

// An entry that an earlier life wrote without hearing the answer is found and not written again.
func TestALostAnswerIsFound(t *testing.T) {
	l, _ := open(t, t.TempDir())
	s, other := quarantine(t, l, nil), quarantine(t, l, nil)
	consume(t, other, batchOf(1, 4))
	if err := s.Consume(t.Context(), []stream.Batch{batchOf(1, 4)}); err == nil {
		t.Error("a conflict must make the batch come again")
	}
	consume(t, s, batchOf(1, 4), batchOf(2, 2))
	if got, want := ids(all(t, s, 10)), []string{"2-1", "1-3", "1-1"}; !slices.Equal(got, want) {
		t.Errorf("entries %v, want %v", got, want)
	}
}

func TestPages(t *testing.T) {
	l, _ := open(t, t.TempDir())
	s := quarantine(t, l, nil)
	if entries, next, err := s.List(t.Context(), Query{Before: 0, Limit: 10}); len(entries) != 0 || entries == nil || next != 0 || err != nil {
		t.Errorf("an empty quarantine: %v %d %v", entries, next, err)
	}
	for n := range uint64(6) {
		consume(t, s, batchOf(n+1, 2))
	}
	for page := 1; page <= 8; page++ {
		if got := ids(all(t, s, page)); !slices.Equal(got, []string{"6-1", "5-1", "4-1", "3-1", "2-1", "1-1"}) {
			t.Errorf("pages of %d: %v", page, got)
		}
	}
	// What comes in while somebody pages does not move what is still to come.
	first, next, err := s.List(t.Context(), Query{Before: 0, Limit: 2})
	if err != nil {
		t.Fatal(err)
	}
	consume(t, s, batchOf(9, 2))
	second, _, err := s.List(t.Context(), Query{Before: next, Limit: 2})
	if err != nil || !slices.Equal(ids(append(first, second...)), []string{"6-1", "5-1", "4-1", "3-1"}) {
		t.Errorf("two pages: %v (%v)", ids(append(first, second...)), err)
	}
	for _, before := range []uint64{1, 999} {
		if _, _, err := s.List(t.Context(), Query{Before: before, Limit: 2}); err != nil {
			t.Errorf("before %d: %v", before, err)
		}
	}
}

func TestBytesThatAreNoText(t *testing.T) {
	l, _ := open(t, t.TempDir())
	s := quarantine(t, l, nil)
	raw := []byte{0xff, 0x00, 0xfe, '\n', 'x'}
	in := delivery(1, 1)
	in.Delivery.Body = raw
	in.Delivery.Topic = "t\xff"
	consume(t, s, stream.Batch{Sequence: 1, Entries: []ingest.Intake{in}})
	if e := all(t, s, 1)[0]; !bytes.Equal(e.Body, raw) || e.Text != "" {
		t.Errorf("%q %q", e.Body, e.Text)
	}
}

// The largest delivery with the most that can be wrong with it is kept, also where the log takes only small messages.
func TestTheLargestEntryIsKept(t *testing.T) {
	l, _ := open(t, t.TempDir())
	s := quarantine(t, l, nil)
	in := delivery(1, 1)
	in.Delivery.Body = bytes.Repeat([]byte{0xff}, ingest.MaxBody)
	for i := range 60_000 {
		in.Rejects = append(in.Rejects, ingest.Reject{Index: i, Reason: ingest.ReasonUnknownParameter, Detail: strings.Repeat("\x01", 100)})
	}
	consume(t, s, stream.Batch{Sequence: 1, Entries: []ingest.Intake{in}}, batchOf(2, 2))
	got := all(t, s, 10)
	if !slices.Equal(ids(got), []string{"2-1", "1-0"}) {
		t.Fatalf("entries %v", ids(got))
	}
	if e := got[1]; len(e.Body) == 0 || len(e.Rejected) == 0 || e.Rejected[0] != in.Rejects[0] || e.Accepted != 1 {
		t.Errorf("%d bytes of the body, %d reasons", len(e.Body), len(e.Rejected))
	}
}

func TestForgettingOldEntries(t *testing.T) {
	dir := t.TempDir()
	l, end := open(t, dir)
	s := quarantine(t, l, nil)
	for n := range uint64(3) {
		consume(t, s, batchOf(n+1, 2))
	}
	if err := s.forget(t.Context(), time.Now().Add(-time.Hour)); err != nil || s.Len() != 3 {
		t.Errorf("%d entries are left, all are young (%v)", s.Len(), err)
	}
	oldest, err := s.records.Get(t.Context(), 2)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.forget(t.Context(), oldest.At); err != nil {
		t.Fatal(err)
	}
	if got := ids(all(t, s, 10)); !slices.Equal(got, []string{"3-1", "2-1"}) {
		t.Errorf("entries %v", got)
	}
	if err := s.forget(t.Context(), time.Now().Add(time.Hour)); err != nil || s.Len() != 0 {
		t.Errorf("%d entries are left (%v)", s.Len(), err)
	}
	// An emptied quarantine opens, and goes on.
	end()
	l, _ = open(t, dir)
	s = quarantine(t, l, nil)
	consume(t, s, batchOf(4, 2), batchOf(4, 2))
	if got := ids(all(t, s, 10)); !slices.Equal(got, []string{"4-1"}) {
		t.Errorf("entries %v", got)
	}
}

// An entry that is forgotten while somebody reads the list is left out of it; the list does not fail.
func TestListWhileEntriesAreForgotten(t *testing.T) {
	l, _ := open(t, t.TempDir())
	s := quarantine(t, l, nil)
	for n := range uint64(3) {
		consume(t, s, batchOf(n+1, 2))
	}
	if err := s.records.Trim(t.Context(), 1); err != nil { // forget has trimmed and not yet told
		t.Fatal(err)
	}
	entries, _, err := s.List(t.Context(), Query{Before: 0, Limit: 10})
	if err != nil || !slices.Equal(ids(entries), []string{"3-1", "2-1"}) {
		t.Errorf("%v (%v)", ids(entries), err)
	}
	if err := s.forget(t.Context(), time.Now().Add(time.Hour)); err != nil || s.Len() != 0 {
		t.Errorf("a record that is gone stops forgetting: %d left (%v)", s.Len(), err)
	}
}

// said is a log handler's writer that tells when something was said.
type said chan string

func (c said) Write(p []byte) (int, error) {
	select {
	case c <- string(p):
	default:
	}
	return len(p), nil
}

// Run ends with its context, and trouble with the log is no reason to end before: the service would stop with it.
func TestRunOutlivesTrouble(t *testing.T) {
	l, end := open(t, t.TempDir())
	troubles := make(said, 1)
	s, err := Open(t.Context(), Options{Log: l, Logger: slog.New(slog.NewTextHandler(troubles, nil))})
	if err != nil {
		t.Fatal(err)
	}
	consume(t, s, batchOf(1, 2))
	end()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	select {
	case err := <-ended:
		t.Fatalf("a log that is away ended Run: %v", err)
	case text := <-troubles:
		t.Logf("said: %s", text)
	case <-time.After(40 * time.Second):
		t.Fatal("the trouble was not told")
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// Package quarantine keeps what came in and could not become a reading, with its raw bytes and the reasons.
//
// It promises: every delivery with a rejected part gets exactly one entry, in the order of the log, under an id that is
// fixed by its place there; entries stay until they are older than Keep, whatever happens to INTAKE.
package quarantine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sort"
	"sync"
	"time"
	"unicode/utf8"

	"quantrac/ingest"
	"quantrac/ingest/stream"
)

// Keep is how long an entry stays.
const Keep = 90 * 24 * time.Hour

// Store is the quarantine. Consume has one caller; List and Get may be called from anywhere.
type Store struct {
	records   *stream.Stream
	onEntry   func(reason string)
	mu        sync.RWMutex
	sequences []uint64           // of the records, ascending
	last      ingest.Quarantined // newest record, without its body
	end       uint64             // sequence of the newest record
}

// Open reads the index of what is in quarantine. onEntry, if not nil, hears the reason of every new entry.
func Open(ctx context.Context, log *stream.Log, onEntry func(reason string)) (*Store, error) {
	records, err := log.Stream(ctx, "QUARANTINE")
	if err != nil {
		return nil, err
	}
	s := &Store{records: records, onEntry: onEntry}
	s.end, err = records.Replay(ctx, 0, func(recs []stream.Record) error {
		for _, r := range recs {
			s.sequences = append(s.sequences, r.Sequence)
		}
		last, err := decode(recs[len(recs)-1])
		last.Body, last.Text = nil, ""
		s.last = last
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the quarantine: %w", err)
	}
	return s, nil
}

func decode(r stream.Record) (ingest.Quarantined, error) {
	var e ingest.Quarantined
	if err := json.Unmarshal(r.Data, &e); err != nil {
		return e, fmt.Errorf("quarantine record %d: %w", r.Sequence, err)
	}
	return e, nil
}

// Consume keeps the rejected parts of batches. It is idempotent: a batch that comes again adds nothing.
func (s *Store) Consume(ctx context.Context, batches []stream.Batch) error {
	for _, b := range batches {
		for i := range b.Entries {
			in := &b.Entries[i]
			if len(in.Rejects) == 0 || !s.isNew(b.Sequence, i) {
				continue
			}
			if err := s.add(ctx, newEntry(in, b.Sequence, i)); err != nil {
				return err
			}
		}
	}
	return nil
}

func newEntry(in *ingest.Intake, batch uint64, index int) ingest.Quarantined {
	d := &in.Delivery
	e := ingest.Quarantined{
		ID: fmt.Sprintf("%d-%d", batch, index), ReceivedAt: d.ReceivedAt, Door: d.Door, Gateway: d.Gateway, Topic: d.Topic,
		Dialect: in.Dialect, Accepted: len(in.Readings), Rejected: in.Rejects, Body: d.Body, Batch: batch, Index: index,
	}
	if utf8.Valid(d.Body) {
		e.Text = string(d.Body)
	}
	return e
}

func (s *Store) isNew(batch uint64, index int) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return batch > s.last.Batch || batch == s.last.Batch && (index > s.last.Index || s.end == 0)
}

func (s *Store) add(ctx context.Context, e ingest.Quarantined) error {
	seq, err := s.append(ctx, e)
	if errors.Is(err, stream.ErrTooLarge) {
		seq, err = s.append(ctx, shortened(e))
	}
	if errors.Is(err, stream.ErrConflict) {
		return s.catchUp(ctx, err)
	}
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.sequences = append(s.sequences, seq)
	e.Body, e.Text = nil, ""
	s.last, s.end = e, seq
	s.mu.Unlock()
	if s.onEntry != nil {
		for _, r := range e.Rejected {
			s.onEntry(r.Reason)
		}
	}
	return nil
}

func (s *Store) append(ctx context.Context, e ingest.Quarantined) (uint64, error) {
	e.Text = "" // it is in Body
	data, err := json.Marshal(e)
	if err != nil {
		return 0, fmt.Errorf("write quarantine entry %s: %w", e.ID, err)
	}
	return s.records.Append(ctx, data, s.end)
}

// shortened is an entry that every log can carry. An entry that is refused for its size would hold up all behind it; the whole
// delivery stays in INTAKE as long as that is kept.
func shortened(e ingest.Quarantined) ingest.Quarantined {
	const reasons = 100
	e.Body = e.Body[:min(len(e.Body), ingest.KeptTooLarge)]
	if len(e.Rejected) > reasons {
		e.Rejected = append(slices.Clone(e.Rejected[:reasons]), ingest.Reject{
			Index: e.Rejected[reasons].Index, Reason: ingest.ReasonTooLarge, Detail: "what else is wrong is not listed, and the body is cut",
		})
	}
	return e
}

// catchUp reads what a write whose answer was lost has left; the caller's batch is then tried again.
func (s *Store) catchUp(ctx context.Context, cause error) error {
	_, err := s.records.Replay(ctx, s.end, func(recs []stream.Record) error {
		for _, r := range recs {
			e, err := decode(r)
			if err != nil {
				return err
			}
			e.Body, e.Text = nil, ""
			s.mu.Lock()
			s.sequences, s.last, s.end = append(s.sequences, r.Sequence), e, r.Sequence
			s.mu.Unlock()
		}
		return nil
	})
	return errors.Join(cause, err)
}

// List returns up to limit entries older than the record before (0 = from the newest), newest first, and the place to go on
// from; 0 = there are no more.
func (s *Store) List(ctx context.Context, before uint64, limit int) ([]ingest.Quarantined, uint64, error) {
	s.mu.RLock()
	upto := len(s.sequences)
	if before > 0 {
		upto, _ = slices.BinarySearch(s.sequences, before)
	}
	from := max(0, upto-limit)
	wanted := slices.Clone(s.sequences[from:upto])
	s.mu.RUnlock()
	entries := make([]ingest.Quarantined, 0, len(wanted))
	for _, seq := range slices.Backward(wanted) {
		e, err := s.read(ctx, seq)
		if errors.Is(err, stream.ErrNotFound) {
			continue // forgotten since
		}
		if err != nil {
			return nil, 0, err
		}
		entries = append(entries, e)
	}
	if from == 0 || len(wanted) == 0 {
		return entries, 0, nil
	}
	return entries, wanted[0], nil
}

func (s *Store) read(ctx context.Context, seq uint64) (ingest.Quarantined, error) {
	r, err := s.records.Get(ctx, seq)
	if err != nil {
		return ingest.Quarantined{}, err
	}
	e, err := decode(r)
	if utf8.Valid(e.Body) {
		e.Text = string(e.Body)
	}
	return e, err
}

// Len is how many entries are in quarantine.
func (s *Store) Len() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return len(s.sequences)
}

// Run forgets entries older than Keep, until ctx ends. Trouble with the log is told and tried again.
func (s *Store) Run(ctx context.Context, now func() time.Time, trouble func(error)) error {
	const usual, soon = time.Hour, time.Minute
	for {
		wait := usual
		if err := s.forget(ctx, now().Add(-Keep)); err != nil && ctx.Err() == nil {
			trouble(fmt.Errorf("forget old quarantine entries: %w", err))
			wait = soon
		}
		t := time.NewTimer(wait)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return nil
		}
	}
}

// forget trims the records that were written before cut.
func (s *Store) forget(ctx context.Context, cut time.Time) error {
	s.mu.RLock()
	all := slices.Clone(s.sequences)
	s.mu.RUnlock()
	var failed error
	n := sort.Search(len(all), func(i int) bool {
		r, err := s.records.Get(ctx, all[i])
		if err != nil && !errors.Is(err, stream.ErrNotFound) {
			failed = err
		}
		return err == nil && !r.At.Before(cut)
	})
	if failed != nil || n == 0 {
		return failed
	}
	if err := s.records.Trim(ctx, all[n-1]); err != nil {
		return err
	}
	s.mu.Lock()
	s.sequences = s.sequences[n:] // only the newer end has grown since
	s.mu.Unlock()
	return nil
}

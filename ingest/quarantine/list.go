package quarantine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"quantrac/ingest"
	"quantrac/ingest/stream"
)

// The states of an entry.
const (
	StateOpen    = "open"
	StateRetried = "retried"
)

// ErrNotFound means that there is no such entry, or no more.
var ErrNotFound = errors.New("not in quarantine")

// Query selects entries; "" = any.
type Query struct {
	Reason, Door, Gateway string
	// State is StateOpen or StateRetried.
	State string
	// Before is the place in the list to go on from; 0 = the newest entry.
	Before uint64
	Limit  int
}

// matches judges by the index alone: where hashes are equal by chance, takes decides.
func (q *Query) matches(it *item) bool {
	switch {
	case it.reasons == 0,
		q.Reason != "" && it.reasons&reasonBit(q.Reason) == 0,
		q.Door != "" && it.door != hash(q.Door),
		q.Gateway != "" && it.gateway != hash(q.Gateway),
		q.State == StateOpen && it.retriedAt != 0,
		q.State == StateRetried && it.retriedAt == 0:
		return false
	}
	return true
}

func (q *Query) takes(e *entry) bool {
	if q.Door != "" && q.Door != e.Door || q.Gateway != "" && q.Gateway != e.Gateway {
		return false
	}
	return q.Reason == "" || slices.ContainsFunc(e.Rejected, func(r ingest.Reject) bool { return r.Reason == q.Reason })
}

// List returns up to q.Limit entries, newest first, and Before of the page behind it; 0 = there are no more. A page may be short.
func (s *Store) List(ctx context.Context, q Query) ([]ingest.Quarantined, uint64, error) {
	found, next := s.search(q)
	entries := make([]ingest.Quarantined, 0, len(found))
	r := reader{s: s}
	for _, it := range found {
		e, err := r.read(ctx, it)
		if errors.Is(err, ErrNotFound) {
			continue // forgotten since
		}
		if err != nil {
			return nil, 0, err
		}
		if q.takes(&e) {
			entries = append(entries, e.Quarantined)
		}
	}
	return entries, next, nil
}

func (s *Store) search(q Query) (found []item, next uint64) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	upto := len(s.index.items)
	if q.Before > 0 {
		upto = s.index.below(q.Before)
	}
	for i := upto - 1; i >= 0; i-- {
		it := &s.index.items[i]
		if !q.matches(it) {
			continue
		}
		if len(found) == q.Limit {
			return found, found[len(found)-1].cursor()
		}
		found = append(found, *it)
	}
	return found, 0
}

// Get returns one entry, or ErrNotFound.
func (s *Store) Get(ctx context.Context, id string) (ingest.Quarantined, error) {
	e, err := s.get(ctx, id)
	return e.Quarantined, err
}

func (s *Store) get(ctx context.Context, id string) (entry, error) {
	p, ok := parseID(id)
	if !ok {
		return entry{}, fmt.Errorf("entry %.40q: %w", id, ErrNotFound)
	}
	s.mu.RLock()
	i, ok := s.index.find(p)
	var it item
	if ok {
		it = s.index.items[i]
	}
	s.mu.RUnlock()
	if !ok {
		return entry{}, fmt.Errorf("entry %s: %w", id, ErrNotFound)
	}
	return (&reader{s: s}).read(ctx, it)
}

// Origin says under which station the books count the parts of an entry; ok is false when that is not known, or not any more.
func (s *Store) Origin(ctx context.Context, id string) (station string, ok bool, err error) {
	e, err := s.get(ctx, id)
	switch {
	case errors.Is(err, ErrNotFound):
		return "", false, nil
	case err != nil:
		return "", false, err
	}
	return e.Station, e.Parts > 0 || e.Accepted == 0, nil
}

// Len is how many entries are in quarantine.
func (s *Store) Len() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.index.entries
}

// reader reads entries and keeps the record that it read last, since neighbours share one.
type reader struct {
	s       *Store
	seq     uint64
	entries []entry
}

func (r *reader) read(ctx context.Context, it item) (entry, error) {
	if r.seq != it.seq {
		rec, err := r.s.records.Get(ctx, it.seq)
		if errors.Is(err, stream.ErrNotFound) {
			return entry{}, fmt.Errorf("entry %s: %w", it.place().id(), ErrNotFound)
		}
		if err != nil {
			return entry{}, err
		}
		if r.entries, err = decode(rec); err != nil {
			return entry{}, err
		}
		r.seq = it.seq
	}
	if int(it.sub) >= len(r.entries) {
		return entry{}, fmt.Errorf("quarantine record %d has no entry %d", it.seq, it.sub)
	}
	e := r.entries[it.sub]
	if it.retriedAt != 0 {
		at := time.Unix(0, it.retriedAt).UTC()
		e.RetriedAt = &at
	}
	return e, nil
}

package quarantine

import (
	"context"
	"errors"
	"fmt"

	"quantrac/ingest"
)

// Why an entry is not read again.
var (
	ErrRetried  = errors.New("was read again before")
	ErrRetrying = errors.New("is being read again")
	// ErrCut means that the bytes are not all there.
	ErrCut = errors.New("its bytes were not kept whole")
	// ErrStarting means that the log may hold a retry that is not known yet; a moment later it is.
	ErrStarting = errors.New("the quarantine is still reading the log")
)

// Retry hands the bytes of an entry to a door again, as received then, and returns when that is on disk. What is still wrong
// with them becomes a new entry; this one counts as retried in any case. After an error the entry is open again, except when
// ctx ended while the log was writing: then the log decides, and a second retry is ErrRetrying until it has.
func (s *Store) Retry(ctx context.Context, id string, submit ingest.Submit) (ingest.Receipt, error) {
	e, err := s.begin(ctx, id)
	if err != nil {
		return ingest.Receipt{}, err
	}
	p := place{e.Batch, e.Index}
	d := ingest.Delivery{
		Door: e.Door, Gateway: e.Gateway, Topic: e.Topic, ReceivedAt: e.ReceivedAt, Body: e.Body, Retry: e.ID, Parts: e.parts(),
	}
	if s.opt.Allowed != nil {
		d.Allowed = s.opt.Allowed(e.Door, e.Gateway)
	}
	type answer struct {
		receipt ingest.Receipt
		err     error
	}
	answered := make(chan answer, 1)
	err = submit(ctx, d, func(r ingest.Receipt, err error) {
		s.finish(p, err)
		answered <- answer{r, err}
	})
	if err != nil {
		s.finish(p, err)
		return ingest.Receipt{}, fmt.Errorf("read entry %s again: %w", id, err)
	}
	select {
	case a := <-answered:
		return a.receipt, a.err
	case <-ctx.Done():
		return ingest.Receipt{}, ctx.Err()
	}
}

// parts is how many quarantined parts the books count. Older records do not say it; they list every reason.
func (e *entry) parts() int {
	switch {
	case e.Parts > 0:
		return e.Parts
	case e.Accepted == 0:
		return 1
	}
	return len(e.Rejected)
}

// begin keeps a second retry away until finish.
func (s *Store) begin(ctx context.Context, id string) (entry, error) {
	if s.cursor.Passed() < s.settled {
		return entry{}, fmt.Errorf("entry %s: %w", id, ErrStarting)
	}
	e, err := s.get(ctx, id)
	if err != nil {
		return entry{}, err
	}
	if e.Cut || len(e.Rejected) > 0 && e.Rejected[0].Reason == ingest.ReasonTooLarge {
		return entry{}, fmt.Errorf("entry %s: %w", id, ErrCut)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p := place{e.Batch, e.Index}
	i, ok := s.index.find(p)
	if !ok {
		return entry{}, fmt.Errorf("entry %s: %w", id, ErrNotFound)
	}
	if s.index.items[i].retriedAt != 0 {
		return entry{}, fmt.Errorf("entry %s: %w", id, ErrRetried)
	}
	if _, busy := s.retrying[p]; busy {
		return entry{}, fmt.Errorf("entry %s: %w", id, ErrRetrying)
	}
	s.retrying[p] = struct{}{}
	return e, nil
}

// finish takes the answer of the log. What is on disk is retried from now on; the log's own entry makes that durable.
func (s *Store) finish(p place, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.retrying, p)
	if i, ok := s.index.find(p); ok && err == nil && s.index.items[i].retriedAt == 0 {
		s.index.items[i].retriedAt = s.opt.Now().UnixNano()
	}
}

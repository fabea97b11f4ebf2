// Package quarantine keeps what came in and could not become a reading, with its raw bytes and the reasons.
//
// It promises:
//   - Every delivery with a rejected part gets exactly one entry, in the order of the log, under an id that is fixed by its
//     place there, whatever happens to INTAKE.
//   - Entries stay for Keep, and as long as Options.MaxBytes has room; beyond it the oldest go first, which is counted and
//     said. In memory an entry takes 48 bytes.
//   - An entry is read again at most once. The retry is an entry of the intake log, so what was retried is known after a
//     crash too; what is still rejected then becomes an entry of its own.
package quarantine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"quantrac/ingest/stream"
)

// Keep is how long an entry stays.
const Keep = 90 * 24 * time.Hour

const defaultMaxBytes = 1 << 30

// Options of a store; Log is required.
type Options struct {
	Log *stream.Log
	// MaxBytes is how much disk the entries may take; 0 = 1 GiB. Each counts with its record and entryCost.
	MaxBytes int64
	// OnEntry, if not nil, hears the reason of every new entry.
	OnEntry func(reason string)
	// Allowed gives the present rights of a gateway for a retry, as in ingest.Delivery; nil = they are not asked for.
	Allowed func(door, gateway string) func(station string) bool
	Now     func() time.Time // nil = time.Now
	Logger  *slog.Logger
	Metrics *Metrics
}

// Store is the quarantine. Consume has one caller; all else may be called from anywhere.
type Store struct {
	opt     Options
	records *stream.Stream
	cursor  *stream.Cursor
	// settled is the end of the intake log at the start: a retry of an earlier life lies before it.
	settled uint64

	mu    sync.RWMutex
	index index
	// retrying are the places of entries that are being read again.
	retrying map[place]struct{}
	end      uint64 // sequence of the newest record
}

// Open reads the index of what is in quarantine.
func Open(ctx context.Context, opt Options) (*Store, error) {
	opt = withDefaults(opt)
	s := &Store{opt: opt, retrying: map[place]struct{}{}}
	var err error
	if s.records, err = opt.Log.Stream(ctx, "QUARANTINE"); err != nil {
		return nil, err
	}
	if s.cursor, err = opt.Log.OpenCursor(ctx, "quarantine"); err != nil {
		return nil, err
	}
	if s.settled, err = opt.Log.LastSequence(ctx); err != nil {
		return nil, err
	}
	if err := s.readOn(ctx); err != nil {
		return nil, fmt.Errorf("read the quarantine: %w", err)
	}
	return s, nil
}

func withDefaults(opt Options) Options {
	if opt.MaxBytes == 0 {
		opt.MaxBytes = defaultMaxBytes
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Logger == nil {
		opt.Logger = slog.New(slog.DiscardHandler)
	}
	if opt.Metrics == nil {
		opt.Metrics = NewMetrics(nil)
	}
	return opt
}

// Cursor is where Consume goes on.
func (s *Store) Cursor() *stream.Cursor { return s.cursor }

// readOn takes the records behind end into the index.
func (s *Store) readOn(ctx context.Context) error {
	end, err := s.records.Replay(ctx, s.end, func(recs []stream.Record) error {
		for _, r := range recs {
			heads, err := decodeHeads(r)
			if err != nil {
				return err
			}
			s.enter(r.Sequence, len(r.Data), heads)
		}
		return nil
	})
	s.end = max(s.end, end)
	return err
}

// enter adds the entries of a record to the index.
func (s *Store) enter(sequence uint64, size int, heads []head) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.end = sequence
	for i := range heads {
		s.index.add(sequence, i, size/len(heads), &heads[i])
	}
	s.opt.Metrics.hold(&s.index)
}

// Bounds of one record: several entries share an fsync.
const (
	recordBytes   = 64 << 10
	recordEntries = 1 << subBits
)

// Consume keeps the rejected parts of batches and marks what was read again. It is idempotent: a batch that comes again adds
// nothing.
func (s *Store) Consume(ctx context.Context, batches []stream.Batch) error {
	var some []entry
	size := 0
	seen, known := s.newest()
	for _, b := range batches {
		for i := range b.Entries {
			in, p := &b.Entries[i], place{b.Sequence, i}
			if len(in.Rejects) == 0 && in.Delivery.Retry == "" || known && !seen.before(p) {
				continue
			}
			seen, known = p, true
			e := newEntry(in, p, s.opt.Now())
			if len(some) == recordEntries || len(some) > 0 && size+e.size() > recordBytes {
				if err := s.add(ctx, some); err != nil {
					return err
				}
				some, size = nil, 0
			}
			some, size = append(some, e), size+e.size()
		}
	}
	return s.add(ctx, some)
}

// newest is the last place that was seen; ok is false when there is none.
func (s *Store) newest() (p place, ok bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.index.last, s.index.known
}

// add appends entries as one record. A conflict is a write whose answer was lost: it is read, and the caller's batches come again.
func (s *Store) add(ctx context.Context, entries []entry) error {
	if len(entries) == 0 {
		return nil
	}
	data, seq, err := s.append(ctx, entries)
	switch {
	case errors.Is(err, stream.ErrTooLarge) && len(entries) > 1:
		half := len(entries) / 2
		if err := s.add(ctx, entries[:half]); err != nil {
			return err
		}
		return s.add(ctx, entries[half:])
	case errors.Is(err, stream.ErrTooLarge) && !entries[0].Cut:
		return s.add(ctx, []entry{entries[0].shortened()})
	case errors.Is(err, stream.ErrConflict):
		return errors.Join(err, s.readOn(ctx))
	case err != nil:
		return err
	}
	heads := make([]head, len(entries))
	for i := range entries {
		heads[i] = entries[i].head()
		for _, r := range entries[i].Rejected {
			if s.opt.OnEntry != nil {
				s.opt.OnEntry(r.Reason)
			}
		}
	}
	s.enter(seq, len(data), heads)
	s.makeRoom(ctx)
	return nil
}

func (s *Store) append(ctx context.Context, entries []entry) ([]byte, uint64, error) {
	data, err := encode(entries)
	if err != nil {
		return nil, 0, err
	}
	seq, err := s.records.Append(ctx, data, s.end)
	return data, seq, err
}

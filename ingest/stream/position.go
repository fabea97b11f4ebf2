package stream

import (
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"
)

const (
	positionsBucket = "positions"
	saveEvery       = time.Second
)

// OpenCursor registers a consumer whose place the log itself remembers, by name. The place is saved once a second and when
// Run ends, so after a crash up to a second of batches comes again: the handler's effect must be idempotent.
func (l *Log) OpenCursor(ctx context.Context, name string) (*Cursor, error) {
	b, err := l.Bucket(ctx, positionsBucket)
	if err != nil {
		return nil, err
	}
	v, ok, err := b.Get(ctx, name)
	if err != nil {
		return nil, err
	}
	var from uint64
	if ok {
		if from, err = strconv.ParseUint(string(v), 10, 64); err != nil {
			return nil, fmt.Errorf("position of consumer %s: %w", name, err)
		}
	}
	c := l.Cursor(name, from)
	c.bucket = b
	return c, nil
}

func (l *Log) saveLoop(ctx context.Context) {
	for pause(ctx, saveEvery) {
		l.savePositions(ctx)
	}
}

// savePositions writes the places that have changed. A failure costs nothing but batches that come again.
func (l *Log) savePositions(ctx context.Context) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.cursors {
		passed := c.passed.Load()
		if c.bucket == nil || passed == c.keep.Load() {
			continue
		}
		if err := c.bucket.Put(ctx, c.name, strconv.AppendUint(nil, passed, 10)); err != nil {
			if ctx.Err() == nil {
				l.opt.Logger.Warn("saving a position failed, trying again", "consumer", c.name, "error", err)
			}
			return
		}
		c.Release(passed)
	}
}

// Snapshots keep the state of a consumer in chunks by key (a station), each with the sequence up to which it is current, so
// that only changed chunks are written and no set of chunks has to be written at once.
type Snapshots struct {
	bucket *Bucket
	upto   map[string]uint64
	// newest is the greatest of upto and start.
	newest uint64
	start  uint64
	// owed are keys whose chunk has changed and could not be written yet.
	owed map[string]struct{}
}

const (
	placeKey   = "_position"
	chunkWidth = 8
)

// OpenSnapshots opens the snapshots of a consumer and calls restore with every chunk.
func (l *Log) OpenSnapshots(ctx context.Context, name string, restore func(key string, data []byte) error) (*Snapshots, error) {
	b, err := l.Bucket(ctx, name)
	if err != nil {
		return nil, err
	}
	s := &Snapshots{bucket: b, upto: map[string]uint64{}, owed: map[string]struct{}{}}
	err = b.All(ctx, func(key string, value []byte) error {
		if len(value) < chunkWidth {
			return fmt.Errorf("snapshot %s/%s is cut short", name, key)
		}
		at := binary.BigEndian.Uint64(value)
		if key == placeKey {
			s.start, s.newest = at, max(s.newest, at)
			return nil
		}
		s.upto[key], s.newest = at, max(s.newest, at)
		return restore(key, value[chunkWidth:])
	})
	return s, err
}

// Start is the sequence behind which the consumer must read on.
func (s *Snapshots) Start() uint64 { return s.start }

// Has reports whether the chunk of key already contains the batch at sequence.
func (s *Snapshots) Has(key string, sequence uint64) bool {
	return sequence <= s.newest && sequence <= s.upto[key]
}

// Newest is the greatest sequence that any chunk contains.
func (s *Snapshots) Newest() uint64 { return s.newest }

// Save writes the chunks of keys, and of those that an earlier Save failed to write, as they are after sequence, then moves the
// start.
func (s *Snapshots) Save(ctx context.Context, sequence uint64, keys []string, chunk func(key string) []byte) error {
	for _, key := range keys {
		s.owed[key] = struct{}{}
	}
	if sequence <= s.start && len(s.owed) == 0 {
		return nil
	}
	head := binary.BigEndian.AppendUint64(nil, sequence)
	for _, key := range slices.Sorted(maps.Keys(s.owed)) {
		if err := s.bucket.Put(ctx, key, append(head[:chunkWidth:chunkWidth], chunk(key)...)); err != nil {
			return err
		}
		s.upto[key], s.newest = sequence, max(s.newest, sequence)
		delete(s.owed, key)
	}
	if err := s.bucket.Put(ctx, placeKey, head); err != nil {
		return err
	}
	s.start, s.newest = sequence, max(s.newest, sequence)
	return nil
}

// WaitForConsumers returns when every consumer has passed the newest entry, or when ctx ends.
func (l *Log) WaitForConsumers(ctx context.Context) {
	last, err := l.LastSequence(ctx)
	for err == nil && l.behind(last) {
		if !pause(ctx, 10*time.Millisecond) {
			return
		}
	}
}

func (l *Log) behind(last uint64) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.cursors {
		if c.passed.Load() < last {
			return true
		}
	}
	return false
}

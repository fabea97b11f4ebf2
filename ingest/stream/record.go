package stream

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Record is one message of a stream.
type Record struct {
	Sequence uint64
	Data     []byte
	// At is when the log took it.
	At time.Time
}

// Stream is an append-only sequence of records with one writer, kept for ever.
type Stream struct {
	log  *Log
	name string
	s    jetstream.Stream
}

// ErrConflict means that somebody else appended in between: read on before trying again.
var ErrConflict = errors.New("the stream has moved on")

// ErrNotFound means that there is no such record, or no more.
var ErrNotFound = errors.New("not in the stream")

// Stream opens a stream of records, for example "ALERTS".
func (l *Log) Stream(ctx context.Context, name string) (*Stream, error) {
	s, err := l.createStream(ctx, name, time.Minute)
	if err != nil {
		return nil, err
	}
	return &Stream{log: l, name: name, s: s}, nil
}

// Append adds a record behind sequence last and returns its own sequence. When the stream is elsewhere the error is
// ErrConflict, when no message can carry the record ErrTooLarge. Nil means on disk.
func (s *Stream) Append(ctx context.Context, data []byte, last uint64) (uint64, error) {
	return s.publish(ctx, data, jetstream.WithExpectLastSequence(last))
}

// Add adds a record wherever the stream is; for streams whose records do not depend on each other. Nil means on disk.
func (s *Stream) Add(ctx context.Context, data []byte) (uint64, error) { return s.publish(ctx, data) }

func (s *Stream) publish(ctx context.Context, data []byte, opts ...jetstream.PublishOpt) (uint64, error) {
	ack, err := s.log.js.Publish(ctx, "quantrac."+s.name, data, opts...)
	if err == nil {
		return ack.Sequence, nil
	}
	if errors.Is(err, nats.ErrMaxPayload) {
		return 0, fmt.Errorf("append to %s: %d bytes: %w", s.name, len(data), ErrTooLarge)
	}
	var api *jetstream.APIError
	if errors.As(err, &api) && api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence {
		return 0, fmt.Errorf("append to %s: %w", s.name, ErrConflict)
	}
	return 0, fmt.Errorf("append to %s: %w", s.name, err)
}

// Last returns the newest record; ok is false when the stream is empty.
func (s *Stream) Last(ctx context.Context) (rec Record, ok bool, err error) {
	info, err := s.s.Info(ctx)
	if err != nil {
		return Record{}, false, fmt.Errorf("last of %s: %w", s.name, err)
	}
	if info.State.Msgs == 0 {
		return Record{}, false, nil
	}
	rec, err = s.Get(ctx, info.State.LastSeq)
	return rec, err == nil, err
}

// LastSequence is the sequence of the newest record ever appended; 0 = none.
func (s *Stream) LastSequence(ctx context.Context) (uint64, error) {
	info, err := s.s.Info(ctx)
	if err != nil {
		return 0, fmt.Errorf("state of %s: %w", s.name, err)
	}
	return info.State.LastSeq, nil
}

// Get returns one record; a record that was trimmed is ErrNotFound.
func (s *Stream) Get(ctx context.Context, sequence uint64) (Record, error) {
	m, err := s.s.GetMsg(ctx, sequence)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return Record{}, fmt.Errorf("record %d of %s: %w", sequence, s.name, ErrNotFound)
	}
	if err != nil {
		return Record{}, fmt.Errorf("record %d of %s: %w", sequence, s.name, err)
	}
	return Record{Sequence: m.Sequence, Data: m.Data, At: m.Time}, nil
}

// Follow calls handle with the records behind sequence after, in order, until ctx ends. An error of handle means the same
// records again after a pause.
func (s *Stream) Follow(ctx context.Context, after uint64, handle func([]Record) error) error {
	s.log.follow(ctx, s.name, after, handle)
	return nil
}

// Replay calls handle with the records behind sequence after up to the newest at the time of the call, then returns the
// last sequence it handled.
func (s *Stream) Replay(ctx context.Context, after uint64, handle func([]Record) error) (uint64, error) {
	return s.Range(ctx, after, math.MaxUint64, handle)
}

// Range is Replay up to sequence upto at most.
func (s *Stream) Range(ctx context.Context, after, upto uint64, handle func([]Record) error) (uint64, error) {
	st, err := s.Extent(ctx)
	if err != nil {
		return after, err
	}
	if st.Records == 0 {
		return max(after, st.Last), nil // everything has been trimmed: the last record would never come
	}
	last := min(st.Last, upto)
	if last <= after || last < st.First {
		return after, nil
	}
	rctx, done := context.WithCancel(ctx)
	defer done()
	var failed error
	s.log.follow(rctx, s.name, after, func(recs []Record) error {
		for len(recs) > 0 && recs[len(recs)-1].Sequence > last {
			recs = recs[:len(recs)-1]
		}
		if len(recs) > 0 {
			failed = handle(recs)
		}
		if failed != nil {
			done()
			return failed
		}
		if len(recs) > 0 {
			after = recs[len(recs)-1].Sequence
		}
		if len(recs) == 0 || after >= last {
			done()
		}
		return nil
	})
	return after, errors.Join(failed, ctx.Err())
}

// Extent is what a stream holds.
type Extent struct {
	// First is the oldest record that is left; Last the newest ever appended, 0 = none was.
	First, Last    uint64
	Records, Bytes uint64
}

// Extent says what the stream holds.
func (s *Stream) Extent(ctx context.Context) (Extent, error) {
	info, err := s.s.Info(ctx)
	if err != nil {
		return Extent{}, fmt.Errorf("state of %s: %w", s.name, err)
	}
	st := info.State
	return Extent{First: st.FirstSeq, Last: st.LastSeq, Records: st.Msgs, Bytes: st.Bytes}, nil
}

// Trim removes the records at and below sequence.
func (s *Stream) Trim(ctx context.Context, sequence uint64) error {
	if err := s.s.Purge(ctx, jetstream.WithPurgeSequence(sequence+1)); err != nil {
		return fmt.Errorf("trim %s: %w", s.name, err)
	}
	return nil
}

// Bucket is a small key-value store beside the streams, each key with its newest value.
type Bucket struct{ kv jetstream.KeyValue }

// Bucket opens a bucket.
func (l *Log) Bucket(ctx context.Context, name string) (*Bucket, error) {
	kv, err := l.js.CreateOrUpdateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: name, History: 1, Storage: jetstream.FileStorage})
	if err != nil {
		return nil, fmt.Errorf("open bucket %s: %w", name, err)
	}
	return &Bucket{kv}, nil
}

// Put stores a value. Keys are [A-Za-z0-9_-.]. Nil means on disk.
func (b *Bucket) Put(ctx context.Context, key string, value []byte) error {
	if _, err := b.kv.Put(ctx, key, value); err != nil {
		return fmt.Errorf("put %s/%s: %w", b.kv.Bucket(), key, err)
	}
	return nil
}

// Get returns a value; ok is false when there is none.
func (b *Bucket) Get(ctx context.Context, key string) (value []byte, ok bool, err error) {
	e, err := b.kv.Get(ctx, key)
	switch {
	case errors.Is(err, jetstream.ErrKeyNotFound):
		return nil, false, nil
	case err != nil:
		return nil, false, fmt.Errorf("get %s/%s: %w", b.kv.Bucket(), key, err)
	}
	return e.Value(), true, nil
}

// Delete removes a key; a key that is not there is no error.
func (b *Bucket) Delete(ctx context.Context, key string) error {
	if err := b.kv.Purge(ctx, key); err != nil {
		return fmt.Errorf("delete %s/%s: %w", b.kv.Bucket(), key, err)
	}
	return nil
}

// Keys lists the keys that have a value, in no order.
func (b *Bucket) Keys(ctx context.Context) ([]string, error) {
	keys, err := b.kv.Keys(ctx)
	if errors.Is(err, jetstream.ErrNoKeysFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("keys of bucket %s: %w", b.kv.Bucket(), err)
	}
	return keys, nil
}

// All calls visit with every key and its value.
func (b *Bucket) All(ctx context.Context, visit func(key string, value []byte) error) error {
	w, err := b.kv.WatchAll(ctx, jetstream.IgnoreDeletes())
	if err != nil {
		return fmt.Errorf("read bucket %s: %w", b.kv.Bucket(), err)
	}
	defer func() { _ = w.Stop() }()
	for {
		select {
		case e := <-w.Updates():
			if e == nil {
				return nil
			}
			if err := visit(e.Key(), e.Value()); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

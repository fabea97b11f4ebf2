package stream

import (
	"context"
	"fmt"
	"math"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"quantrac/ingest"
)

// Bounds of what one call of a handler gets and of what is read ahead of it.
const (
	handleMessages = 64
	handleBytes    = 4 << 20
	aheadMessages  = 32
	aheadBytes     = 8 << 20
)

// Batch is one message of INTAKE: the entries of one group commit, in order.
type Batch struct {
	Sequence uint64
	Entries  []ingest.Intake
}

// Cursor is one consumer's place in INTAKE. Trimming never passes what a cursor still needs.
type Cursor struct {
	name   string
	passed atomic.Uint64 // handled
	keep   atomic.Uint64 // everything at or below may be trimmed
	bucket *Bucket       // where the place is saved; nil = the consumer keeps it itself
	linger time.Duration
}

// Linger lets the consumer wait up to d for more where little has come: each call of some handlers costs an fsync or more,
// whatever it is given. Call it before Consume. What is read from an outside log does not wait.
func (c *Cursor) Linger(d time.Duration) { c.linger = d }

// Cursor registers a consumer under a name. All cursors must exist before Run starts trimming; from is the last sequence
// that the consumer needs no more.
func (l *Log) Cursor(name string, from uint64) *Cursor {
	c := &Cursor{name: name}
	c.passed.Store(from)
	c.keep.Store(from)
	l.mu.Lock()
	l.cursors[name] = c
	l.mu.Unlock()
	return c
}

// Passed is the last sequence that the consumer has handled.
func (c *Cursor) Passed() uint64 { return c.passed.Load() }

// Release says that the consumer, even after a crash, needs nothing at or below sequence.
func (c *Cursor) Release(sequence uint64) {
	if sequence > c.keep.Load() {
		c.keep.Store(sequence)
	}
}

// Handler does a consumer's work. Nil means durable; an error means the same batches again. The batches are shared with other
// consumers: they are read, never written.
type Handler func(ctx context.Context, batches []Batch) error

// Consume feeds a cursor's handler from the cursor's place on until ctx ends. A failing handler is tried again for as long as
// it takes. A consumer that is near the end of the log is given the batches as they were appended; one that is behind reads them
// back.
func (l *Log) Consume(ctx context.Context, c *Cursor, handle Handler) error {
	for ctx.Err() == nil {
		l.consumeRecent(ctx, c, handle)
		l.consumeStored(ctx, c, handle)
	}
	return nil
}

// consumeRecent returns when what follows must be read from the log, or ctx ends.
func (l *Log) consumeRecent(ctx context.Context, c *Cursor, handle Handler) {
	for {
		batches, moved := l.recent.after(c.passed.Load())
		switch {
		case len(batches) > 0:
			if c.linger > 0 && areFew(batches) {
				if !pause(ctx, c.linger) {
					return
				}
				if batches, _ = l.recent.after(c.passed.Load()); len(batches) == 0 {
					return // they came and went: a flood
				}
			}
			if !l.insist(ctx, intakeStream, batches[0].Sequence, func() error { return handle(ctx, batches) }) {
				return
			}
			c.passed.Store(batches[len(batches)-1].Sequence)
			l.recent.forget(l.slowest())
		case moved == nil:
			return
		default:
			select {
			case <-moved:
			case <-ctx.Done():
				return
			}
		}
	}
}

// slowest is the sequence that every consumer has passed.
func (l *Log) slowest() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	low := uint64(math.MaxUint64)
	for _, c := range l.cursors {
		low = min(low, c.passed.Load())
	}
	return low
}

// consumeStored returns when consumeRecent can go on, or ctx ends.
func (l *Log) consumeStored(ctx context.Context, c *Cursor, handle Handler) {
	if l.recent.serves(c.passed.Load()) {
		return
	}
	ctx, done := context.WithCancel(ctx)
	defer done()
	decode := newDecoder()
	var batches []Batch
	l.follow(ctx, intakeStream, c.passed.Load(), func(msgs []Record) error {
		batches = batches[:0]
		for _, m := range msgs {
			b, ok := l.recent.get(m.Sequence)
			if !ok {
				entries, err := decode.batch(m.Data)
				if err != nil {
					// Cannot be mended by trying again, and must not stop the plant: said, counted, passed.
					l.opt.Logger.Error("log entry cannot be read, passed", "consumer", c.name, "sequence", m.Sequence, "error", err)
					l.opt.Metrics.unreadable.Inc()
					continue
				}
				b = Batch{Sequence: m.Sequence, Entries: entries}
			}
			batches = append(batches, b)
		}
		last := msgs[len(msgs)-1].Sequence
		if err := handle(ctx, batches); err != nil {
			return err
		}
		c.passed.Store(last)
		if l.recent.serves(last) {
			done()
		}
		return nil
	})
}

// follow calls handle with the messages of a stream behind sequence after, in order, until ctx ends. An error of handle means
// the same messages again after a pause.
func (l *Log) follow(ctx context.Context, stream string, after uint64, handle func([]Record) error) {
	for ctx.Err() == nil {
		next, err := l.followOnce(ctx, stream, after, handle)
		after = next
		if ctx.Err() != nil {
			return
		}
		l.opt.Logger.Warn("reading the log was interrupted, going on", "stream", stream, "after", after, "error", err)
		pause(ctx, time.Second)
	}
}

func (l *Log) followOnce(ctx context.Context, stream string, after uint64, handle func([]Record) error) (uint64, error) {
	ctx, leave := context.WithCancel(ctx)
	defer leave() // lets go of a message that waits for room
	cons, err := l.js.OrderedConsumer(ctx, stream, jetstream.OrderedConsumerConfig{
		DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: after + 1,
	})
	if err != nil {
		return after, fmt.Errorf("open a consumer on %s: %w", stream, err)
	}
	// Full: the handler below blocks, and with it the pull of more messages.
	ch := make(chan Record, aheadMessages)
	broken := make(chan error, 1)
	sub, err := cons.Consume(func(m jetstream.Msg) {
		meta, err := m.Metadata()
		if err != nil {
			return
		}
		select {
		case ch <- Record{Sequence: meta.Sequence.Stream, Data: m.Data(), At: meta.Timestamp}:
		case <-ctx.Done():
		}
	}, jetstream.PullMaxMessagesWithBytesLimit(4*aheadMessages, aheadBytes), jetstream.ConsumeErrHandler(func(_ jetstream.ConsumeContext, err error) {
		select {
		case broken <- err:
		default:
		}
	}))
	if err != nil {
		return after, fmt.Errorf("consume %s: %w", stream, err)
	}
	defer sub.Stop()
	for {
		select {
		case r := <-ch:
			msgs := gather(ch, r, after)
			if len(msgs) == 0 {
				continue
			}
			if !l.insist(ctx, stream, msgs[0].Sequence, func() error { return handle(msgs) }) {
				return after, ctx.Err()
			}
			after = msgs[len(msgs)-1].Sequence
		case <-sub.Closed():
			select {
			case err = <-broken:
			default:
				err = errClosed
			}
			return after, err
		case <-ctx.Done():
			return after, ctx.Err()
		}
	}
}

// gather takes r and what waits behind it, up to the bounds of one call, and leaves out what was handled before.
func gather(ch <-chan Record, r Record, after uint64) []Record {
	msgs := make([]Record, 0, handleMessages)
	size := 0
	for {
		if r.Sequence > after {
			msgs = append(msgs, r)
			size += len(r.Data)
			after = r.Sequence
		}
		if len(msgs) == handleMessages || size >= handleBytes {
			return msgs
		}
		select {
		case r = <-ch:
		default:
			return msgs
		}
	}
}

func (l *Log) insist(ctx context.Context, stream string, sequence uint64, handle func() error) bool {
	for attempt := 0; ; attempt++ {
		err := handle()
		if err == nil {
			return true
		}
		if ctx.Err() != nil {
			return false
		}
		if attempt == 0 {
			l.opt.Logger.Warn("a consumer's work failed, trying again", "stream", stream, "sequence", sequence, "error", err)
		}
		if !pause(ctx, backoff(attempt)) {
			return false
		}
	}
}

package stream

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"quantrac/ingest"
)

// Bounds of what one call of a handler gets and of what is read ahead of it.
const (
	handleMessages = 64
	handleBytes    = 4 << 20
	aheadMessages  = 64
	aheadBytes     = 16 << 20
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
}

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

// Handler does a consumer's work. Nil means durable; an error means the same batches again.
type Handler func(ctx context.Context, batches []Batch) error

// Consume feeds a cursor's handler from the cursor's place on until ctx ends. A failing handler is tried again for as long as
// it takes.
func (l *Log) Consume(ctx context.Context, c *Cursor, handle Handler) error {
	decode := newDecoder()
	var batches []Batch
	l.follow(ctx, intakeStream, c.passed.Load(), func(msgs []Record) error {
		batches = batches[:0]
		for _, m := range msgs {
			entries, err := decode.batch(m.Data)
			if err != nil {
				// Cannot be mended by trying again, and must not stop the plant: said, counted, passed.
				l.opt.Logger.Error("log entry cannot be read, passed", "consumer", c.name, "sequence", m.Sequence, "error", err)
				l.opt.Metrics.unreadable.Inc()
				continue
			}
			batches = append(batches, Batch{Sequence: m.Sequence, Entries: entries})
		}
		last := msgs[len(msgs)-1].Sequence
		if err := handle(ctx, batches); err != nil {
			return err
		}
		c.passed.Store(last)
		return nil
	})
	return nil
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
			if !l.insist(ctx, stream, msgs, handle) {
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

func (l *Log) insist(ctx context.Context, stream string, msgs []Record, handle func([]Record) error) bool {
	for attempt := 0; ; attempt++ {
		err := handle(msgs)
		if err == nil {
			return true
		}
		if ctx.Err() != nil {
			return false
		}
		if attempt == 0 {
			l.opt.Logger.Warn("a consumer's work failed, trying again", "stream", stream, "sequence", msgs[0].Sequence, "error", err)
		}
		if !pause(ctx, backoff(attempt)) {
			return false
		}
	}
}

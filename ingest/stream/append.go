package stream

import (
	"context"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/nats-io/nuid"
	"golang.org/x/sync/semaphore"

	"quantrac/ingest"
)

// Bounds of one group commit and of what may wait for it.
const (
	batchEntries = 1024
	batchBytes   = 900 << 10
	waitEntries  = 4096
	waitBytes    = 64 << 20
	// entryCost is what an entry takes in memory beside its body, roughly.
	entryCost = 2 << 10
)

type pending struct {
	in   *ingest.Intake
	done func(error)
	cost int64
}

// appender collects entries into group commits. There is no timer: a batch is whatever queued while the last one synced.
// One goroutine (Run) owns buf.
type appender struct {
	log    *Log
	queue  chan pending
	memory *semaphore.Weighted
	// ended is closed when Run has returned: an entry that is still queued then will never be written.
	ended chan struct{}
	buf   []byte
	// carry is an entry that did not fit into the last message and starts the next.
	carry *pending
}

func newAppender(l *Log) *appender {
	return &appender{log: l, queue: make(chan pending, waitEntries), memory: semaphore.NewWeighted(waitBytes), ended: make(chan struct{})}
}

// Append queues an entry and returns; done hears nil once it is on disk. done is called from one goroutine, in order, and
// must not block. Append blocks while waitEntries entries or waitBytes bytes are queued.
func (l *Log) Append(ctx context.Context, in *ingest.Intake, done func(error)) error {
	p := pending{in: in, done: done, cost: min(int64(len(in.Delivery.Body))+entryCost, waitBytes)}
	if err := l.ap.memory.Acquire(ctx, p.cost); err != nil {
		return err
	}
	select {
	case l.ap.queue <- p:
		return nil
	case <-l.ap.ended:
		l.ap.memory.Release(p.cost)
		return errClosed
	case <-ctx.Done():
		l.ap.memory.Release(p.cost)
		return ctx.Err()
	}
}

// Run writes what Append queues until ctx ends, then writes what is still queued, and returns. Stop the doors first.
func (l *Log) Run(ctx context.Context) error {
	var loops sync.WaitGroup
	loops.Go(func() { l.trimLoop(ctx) })
	loops.Go(func() { l.saveLoop(ctx) })
	defer loops.Wait()
	defer close(l.ap.ended)
	for {
		if l.ap.carry != nil {
			l.ap.commit(ctx, *l.ap.carry)
			continue
		}
		select {
		case p := <-l.ap.queue:
			l.ap.commit(ctx, p)
		case <-ctx.Done():
			l.ap.drain()
			return nil
		}
	}
}

func (a *appender) drain() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	for {
		if a.carry != nil {
			a.commit(ctx, *a.carry)
			continue
		}
		select {
		case p := <-a.queue:
			a.commit(ctx, p)
		default:
			return
		}
	}
}

// commit writes first and what is queued behind it as one message, and answers all of them.
func (a *appender) commit(ctx context.Context, first pending) {
	a.carry = nil
	batch := a.fill(first)
	err := a.write(ctx, a.buf)
	readings := 0
	for _, p := range batch {
		if err == nil {
			readings += len(p.in.Readings)
		}
		p.done(err)
		a.memory.Release(p.cost)
	}
	a.log.opt.Metrics.committed(len(batch), readings)
	const keep = 4 << 20
	if cap(a.buf) > keep {
		a.buf = nil
	}
}

// fill encodes first and what is queued behind it into buf, as far as one message takes.
func (a *appender) fill(first pending) []pending {
	batch := []pending{first}
	a.buf = appendEntry(a.buf[:0], first.in)
	for len(batch) < batchEntries && len(a.buf) < batchBytes {
		select {
		case p := <-a.queue:
			size := len(a.buf)
			a.buf = appendEntry(a.buf, p.in)
			if len(a.buf) > batchBytes {
				a.buf, a.carry = a.buf[:size], &p
				return batch
			}
			batch = append(batch, p)
		default:
			return batch
		}
	}
	return batch
}

// write tries until the message is on disk or ctx ends. The message id makes a second try of a write whose answer was lost
// harmless.
func (a *appender) write(ctx context.Context, data []byte) error {
	id := nuid.Next()
	for attempt := 0; ; attempt++ {
		if err := a.waitForRoom(ctx); err != nil {
			return err
		}
		start := time.Now()
		_, err := a.log.js.Publish(ctx, "quantrac."+intakeStream, data, jetstream.WithMsgID(id))
		if err == nil {
			a.log.opt.Metrics.append.Observe(time.Since(start).Seconds())
			if attempt > 0 {
				a.log.setTrouble(nil)
			}
			return nil
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if attempt == 0 {
			a.log.opt.Logger.Error("log does not take entries, doors wait", "error", err)
		}
		a.log.setTrouble(err)
		if !pause(ctx, backoff(attempt)) {
			return ctx.Err()
		}
	}
}

func (a *appender) waitForRoom(ctx context.Context) error {
	for a.log.full.Load() {
		if !pause(ctx, 200*time.Millisecond) {
			return ctx.Err()
		}
	}
	return nil
}

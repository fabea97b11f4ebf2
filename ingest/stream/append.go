package stream

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
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
	// stopTime is how long Run goes on writing what is queued after it was told to stop.
	stopTime = 5 * time.Second
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

// Append queues an entry and returns; done hears nil once it is on disk, or ErrTooLarge when no message can carry it. done is
// called from one goroutine, in order, and must not block. Append blocks while waitEntries entries or waitBytes bytes are queued.
func (l *Log) Append(ctx context.Context, in *ingest.Intake, done func(error)) error {
	select {
	case <-l.ap.ended:
		return errClosed
	default:
	}
	p := pending{in: in, done: done, cost: min(int64(len(in.Delivery.Body))+entryCost, waitBytes)}
	if err := l.ap.memory.Acquire(ctx, p.cost); err != nil {
		return err
	}
	select {
	case l.ap.queue <- p:
		l.ap.refuseAfterEnd()
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
	defer l.ap.end()
	// What is being written when ctx ends is written to the end: its senders wait, and what is queued behind it follows.
	writing, done := context.WithCancel(context.WithoutCancel(ctx))
	defer done()
	defer context.AfterFunc(ctx, func() { time.AfterFunc(stopTime, done) })()
	for {
		p, ok := l.ap.next(ctx)
		if !ok {
			return nil
		}
		l.ap.commit(ctx, writing, p)
	}
}

func (a *appender) end() {
	close(a.ended)
	a.refuseAfterEnd()
}

// refuseAfterEnd answers what was queued while the writer was leaving: nobody will write it, and nobody must wait for it.
func (a *appender) refuseAfterEnd() {
	for {
		select {
		case <-a.ended:
		default:
			return
		}
		select {
		case p := <-a.queue:
			p.done(errClosed)
			a.memory.Release(p.cost)
		default:
			return
		}
	}
}

// next takes the entry that is next to be written; ok is false when ctx has ended and nothing is queued any more.
func (a *appender) next(ctx context.Context) (p pending, ok bool) {
	if a.carry != nil {
		p, a.carry = *a.carry, nil
		return p, true
	}
	select {
	case p = <-a.queue:
		return p, true
	default:
	}
	select {
	case p = <-a.queue:
		return p, true
	case <-ctx.Done():
		return p, false
	}
}

// commit writes first and what is queued behind it as one message, and answers all of them. It waits for room as long as run
// lasts, and writes as long as writing does.
func (a *appender) commit(run, writing context.Context, first pending) {
	batch := a.fill(first)
	err := a.waitForRoom(run)
	if err == nil {
		err = a.write(writing, a.buf)
	}
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

// write tries until the message is on disk, is known to fit nowhere, or ctx ends. The message id makes a second try of a write
// whose answer was lost harmless.
func (a *appender) write(ctx context.Context, data []byte) error {
	id := nuid.Next()
	for attempt := 0; ; attempt++ {
		start := time.Now()
		_, err := a.log.js.Publish(ctx, "quantrac."+intakeStream, data, jetstream.WithMsgID(id))
		if err == nil {
			a.log.opt.Metrics.append.Observe(time.Since(start).Seconds())
			if attempt > 0 {
				a.log.setTrouble(nil)
			}
			return nil
		}
		if errors.Is(err, nats.ErrMaxPayload) {
			// One entry alone: a batch of several is far smaller than what Open asks of the server.
			a.log.opt.Logger.Error("an entry fits into no message of the log, refused", "bytes", len(data))
			return fmt.Errorf("append to %s: %d bytes: %w", intakeStream, len(data), ErrTooLarge)
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
			return errClosed
		}
	}
	return nil
}

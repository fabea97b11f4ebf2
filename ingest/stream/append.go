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
	// mostWait is how long a write gives way to a consumer that lags.
	mostWait = time.Second
	// entryCost is what an entry takes in memory beside its body, roughly.
	entryCost = 2 << 10
)

type pending struct {
	in   *ingest.Intake
	done func(error)
	cost int64
	// body is where in buf the entry's body ends.
	body int
}

// appender collects entries into group commits. There is no timer: a batch is whatever queued while the last one synced.
// One goroutine (Run) owns buf.
type appender struct {
	log    *Log
	queue  chan pending
	memory *semaphore.Weighted
	// ended is closed when Run has returned: an entry that is still queued then will never be written.
	ended chan struct{}
	// buf is the message in the making; when it is written it belongs to those who read its entries.
	buf []byte
	// carry is an entry that did not fit into the last message and starts the next.
	carry *pending
	// vain is what giveWay waited for in vain.
	vain <-chan struct{}
}

func newAppender(l *Log) *appender {
	return &appender{log: l, queue: make(chan pending, waitEntries), memory: semaphore.NewWeighted(waitBytes), ended: make(chan struct{})}
}

// Append queues an entry and returns; from here on the entry belongs to the log, whose consumers read it. done hears nil once it is
// on disk, or ErrTooLarge when no message can carry it. done is called from one goroutine, in order, and must not block. Append
// blocks while waitEntries entries or waitBytes bytes are queued.
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
		a.giveWay(run)
		err = a.write(writing, batch)
	}
	entries, readings := 0, 0
	for _, p := range batch {
		if err == nil {
			entries++
			readings += len(p.in.Readings)
		}
		p.done(err)
		a.memory.Release(p.cost)
	}
	a.log.opt.Metrics.committed(entries, readings)
}

// fill encodes first and what is queued behind it into buf, as far as one message takes.
func (a *appender) fill(first pending) []pending {
	const spare, most = 4 << 10, batchBytes + batchBytes/8
	a.buf = make([]byte, 0, min(len(a.buf)+len(a.buf)/4+spare, most))
	a.buf, first.body = encodeEntry(a.buf, first.in)
	batch := []pending{first}
	for len(batch) < batchEntries && len(a.buf) < batchBytes {
		select {
		case p := <-a.queue:
			size := len(a.buf)
			a.buf, p.body = encodeEntry(a.buf, p.in)
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

// share gives the consumers what is on disk.
func (a *appender) share(sequence uint64, batch []pending) {
	b := Batch{Sequence: sequence, Entries: make([]ingest.Intake, len(batch))}
	for i, p := range batch {
		from := p.body - len(p.in.Delivery.Body)
		b.Entries[i] = asRead(p.in, a.buf[from:p.body:p.body])
	}
	a.log.recent.add(b, len(a.buf))
}

// write tries until the message is on disk, is known to fit nowhere, or ctx ends. The message id makes a second try of a write
// whose answer was lost harmless.
func (a *appender) write(ctx context.Context, batch []pending) error {
	data := a.buf
	id := nuid.Next()
	for attempt := 0; ; attempt++ {
		start := time.Now()
		ack, err := a.log.js.Publish(ctx, "quantrac."+intakeStream, data, jetstream.WithMsgID(id))
		if err == nil {
			a.log.opt.Metrics.append.Observe(time.Since(start).Seconds())
			if attempt > 0 {
				a.log.setTrouble(nil)
			}
			a.share(ack.Sequence, batch)
			return nil
		}
		if errors.Is(err, nats.ErrMaxPayload) {
			// One entry alone: a batch of several is far smaller than what Open asks of the server.
			a.log.opt.Metrics.refused.Inc()
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

// giveWay waits a moment for consumers that are about to lag so far that they would read back what they could be given now: reading
// back costs both sides more than the moment. A consumer that does not move at all is not waited for again.
func (a *appender) giveWay(ctx context.Context) {
	freed := a.log.recent.crowded(a.log.slowest())
	if freed == nil || freed == a.vain {
		return
	}
	timer := time.NewTimer(mostWait)
	defer timer.Stop()
	for freed != nil {
		select {
		case <-freed:
			freed = a.log.recent.crowded(a.log.slowest())
		case <-timer.C:
			a.vain = freed
			return
		case <-ctx.Done():
			return
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

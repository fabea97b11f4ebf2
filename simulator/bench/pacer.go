package bench

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// pacer sends the messages of a load when they are due. It is one goroutine for the whole fleet: a timer for each publisher takes as
// much of the machine as the system that is measured. One reader a publisher takes the acknowledgements.
type pacer struct {
	load load
	due  pacedQueue
}

// paced is one publisher's place in a paced load. mu guards the publisher between the pacer, which sends, and the reader.
type paced struct {
	p    *publisher
	mu   sync.Mutex
	sent uint64
	next time.Time
	// done says that everything is sent.
	done bool
}

// pacedQueue is a heap: who is due next is in front.
type pacedQueue []*paced

func (q pacedQueue) Len() int           { return len(q) }
func (q pacedQueue) Less(i, j int) bool { return q[i].next.Before(q[j].next) }
func (q pacedQueue) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *pacedQueue) Push(x any)        { *q = append(*q, x.(*paced)) }
func (q *pacedQueue) Pop() any {
	old := *q
	last := old[len(old)-1]
	old[len(old)-1], *q = nil, old[:len(old)-1]
	return last
}

// publishPaced gives every publisher its messages when they are due and returns when all of them are acknowledged.
func (f *fleet) publishPaced(ctx context.Context, l load) error {
	g, ctx := errgroup.WithContext(ctx)
	pace := &pacer{load: l}
	for _, p := range f.publishers {
		at := &paced{p: p, next: l.dueAt(p, 0)}
		pace.due = append(pace.due, at)
		g.Go(func() error { return at.read(ctx) })
	}
	heap.Init(&pace.due)
	g.Go(func() error { return pace.run(ctx) })
	return g.Wait()
}

// run ends when everything is sent.
func (c *pacer) run(ctx context.Context) error {
	for len(c.due) > 0 {
		now := time.Now()
		if wait := c.due[0].next.Sub(now); wait > 0 {
			// Nobody looks at the clock more often than that: what is due in between is sent together.
			const glance = 200 * time.Microsecond
			time.Sleep(max(wait, glance))
			now = time.Now()
		}
		if err := context.Cause(ctx); err != nil {
			return err
		}
		for len(c.due) > 0 && !c.due[0].next.After(now) {
			at := c.due[0]
			if err := at.send(c.load, now); err != nil {
				return at.p.failed(ctx, err)
			}
			if at.done {
				heap.Pop(&c.due)
				continue
			}
			heap.Fix(&c.due, 0)
		}
	}
	return nil
}

// send sends what is due. A publisher whose window is full is looked at again a moment later; its messages count from when they were
// due all the same.
func (at *paced) send(l load, now time.Time) error {
	at.mu.Lock()
	defer at.mu.Unlock()
	n, next := l.due(at.p, at.sent, now)
	if err := at.p.send(l, at.sent, n, now); err != nil {
		return err
	}
	at.sent += uint64(n)
	const moment = time.Millisecond
	switch over := l.over(at.sent, now); {
	case over:
		at.done = true
		return at.p.conn.SetReadDeadline(now) // wakes the reader, which may have nothing to wait for
	case next.IsZero():
		at.next = now.Add(moment)
	default:
		at.next = next
	}
	return nil
}

// read takes acknowledgements until everything is sent and acknowledged.
func (at *paced) read(ctx context.Context) error {
	p := at.p
	stop := context.AfterFunc(ctx, func() { _ = p.conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	for {
		n, err := p.conn.Read(p.in[p.have:])
		at.mu.Lock()
		done, err := at.took(n, err)
		at.mu.Unlock()
		if err != nil {
			return p.failed(ctx, err)
		}
		if done {
			return p.conn.SetReadDeadline(time.Time{})
		}
	}
}

func (at *paced) took(n int, err error) (done bool, _ error) {
	p := at.p
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded) && at.done:
		if p.lastAck.IsZero() || time.Since(p.lastAck) < answerWait {
			err = p.conn.SetReadDeadline(time.Now().Add(answerWait))
		}
	case err == nil:
		p.have += n
		p.lastAck = time.Now()
		err = p.takeAcks()
	}
	if err != nil {
		return false, fmt.Errorf("wait for PUBACK: %w", err)
	}
	return at.done && len(p.free) == p.window, nil
}

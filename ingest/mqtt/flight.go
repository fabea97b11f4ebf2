package mqtt

import (
	"context"
	"sync"

	paho "github.com/eclipse/paho.mqtt.golang"
)

// flight holds the messages that were received and not yet answered, in the order of their arrival.
type flight struct {
	// slots holds one token for each of them.
	slots chan struct{}
	// queue holds those that wait for Submit. It has room for all, so adding to it never blocks.
	queue chan *entry
	wake  chan struct{}
	// metrics counts the outcomes.
	metrics brokerMetrics

	mu      sync.Mutex
	entries []*entry
}

// entry is one message in flight.
type entry struct {
	conn    *connection
	message paho.Message
	done    bool
	stored  bool
	// passedOver: it is no measurement.
	passedOver bool
}

func newFlight(most int, m brokerMetrics) *flight {
	return &flight{slots: make(chan struct{}, most), queue: make(chan *entry, most), wake: make(chan struct{}, 1), metrics: m}
}

// stale reports that the connection of the message is over.
func (e *entry) stale() bool {
	select {
	case <-e.conn.gone:
		return true
	default:
		return false
	}
}

// reserve waits for room; false when the connection ended first.
func (f *flight) reserve(c *connection) bool {
	select {
	case <-c.gone:
		return false
	default:
	}
	select {
	case f.slots <- struct{}{}:
		return true
	case <-c.gone:
		return false
	}
}

func (f *flight) add(c *connection, m paho.Message) *entry {
	e := &entry{conn: c, message: m}
	f.mu.Lock()
	f.entries = append(f.entries, e)
	f.mu.Unlock()
	return e
}

// finish records an outcome. It never blocks: it is called by whoever makes messages durable.
func (f *flight) finish(e *entry, stored bool) {
	f.mu.Lock()
	e.done, e.stored = true, stored
	first := f.entries[0].done
	f.mu.Unlock()
	if !first {
		return
	}
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// acknowledge sends acknowledgements in order. The library's Ack blocks while the connection is stuck, and does nothing
// once it is over.
func (f *flight) acknowledge(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-f.wake:
		}
		for _, e := range f.takeDone() {
			f.answer(e)
			<-f.slots
		}
		f.metrics.inflight.Set(float64(len(f.slots)))
	}
}

func (f *flight) answer(e *entry) {
	if !e.stored || e.stale() {
		f.metrics.again.Inc()
		return
	}
	e.message.Ack()
	if e.passedOver {
		f.metrics.passedOver.Inc()
		return
	}
	f.metrics.acknowledged.Inc()
}

func (f *flight) takeDone() []*entry {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for n < len(f.entries) && f.entries[n].done {
		n++
	}
	batch := f.entries[:n:n]
	f.entries = f.entries[n:]
	return batch
}

// settle waits until nothing is in flight and keeps it so.
func (f *flight) settle(ctx context.Context) bool {
	for range cap(f.slots) {
		select {
		case f.slots <- struct{}{}:
		case <-ctx.Done():
			return false
		}
	}
	return true
}

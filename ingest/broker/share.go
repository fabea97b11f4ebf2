package broker

import (
	"sync"
	"sync/atomic"
	"time"
)

// Fair share: the log takes messages in one queue, so whoever has much in it makes the others wait. What may be in flight
// is therefore divided by the gateways that spoke lately, and a gateway beyond its part is not read until answers are
// written. One gateway alone gets all of it.
const (
	// lately is how long a gateway counts as speaking, at least; at most it is twice as long.
	lately = 10 * time.Second
	// leastShare is what every gateway may have in flight, in messages and bytes, however many there are.
	leastShare      = 16
	leastShareBytes = 256 << 10
)

// budget is what all gateways together may have in flight.
type budget struct {
	messages, bytes int

	// speaking counts the gateways of the current period, before those of the one before it. epoch names the period.
	epoch    atomic.Int64
	speaking atomic.Int64
	before   atomic.Int64
	mu       sync.Mutex
}

// share is the part of one gateway, with all its connections.
type share struct {
	budget *budget
	// epoch is the period in which the gateway spoke last.
	epoch atomic.Int64
	meter meter
	// connections is how many the gateway has; Broker.mu guards it.
	connections int
}

func newShare(b *budget) *share { return &share{budget: b} }

// take waits for room for a message of the given size; false when the connection closed before there was any.
func (s *share) take(size int, now time.Time, closed <-chan struct{}) bool {
	s.speak(now)
	return s.meter.take(size, s.limits, closed)
}

// speak counts the gateway among those of this period.
func (s *share) speak(now time.Time) {
	b := s.budget
	epoch := now.UnixNano() / int64(lately)
	if s.epoch.Load() == epoch {
		return
	}
	b.turn(epoch)
	if s.epoch.Swap(epoch) != epoch {
		b.speaking.Add(1)
	}
}

// turn begins a period when it is time.
func (b *budget) turn(epoch int64) {
	if b.epoch.Load() >= epoch {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	last := b.epoch.Load()
	if last >= epoch {
		return
	}
	n := b.speaking.Swap(0)
	if last+1 < epoch {
		n = 0
	}
	b.before.Store(n)
	b.epoch.Store(epoch)
}

// limits are the messages and bytes that the gateway may have in flight now.
func (s *share) limits() (messages, bytes int) {
	n := int(max(s.budget.speaking.Load(), s.budget.before.Load(), 1))
	return max(leastShare, s.budget.messages/n), max(leastShareBytes, s.budget.bytes/n)
}

// meter counts what is in flight.
type meter struct {
	mu              sync.Mutex
	messages, bytes int
	// waiting counts those who want room; freed, made for the first of them, holds a token for one.
	waiting int
	freed   chan struct{}
	// idle, when not nil, is closed once nothing is in flight.
	idle chan struct{}
}

// take waits until a message fits below the limits. One message alone always fits.
func (m *meter) take(size int, limits func() (messages, bytes int), closed <-chan struct{}) bool {
	if m.tryTake(size, limits) {
		return true
	}
	freed := m.wait(1)
	defer m.wait(-1)
	for !m.tryTake(size, limits) {
		select {
		case <-freed:
		case <-closed:
			return false
		}
	}
	return true
}

func (m *meter) wait(n int) <-chan struct{} {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.waiting += n
	if m.freed == nil {
		m.freed = make(chan struct{}, 1)
	}
	return m.freed
}

func (m *meter) tryTake(size int, limits func() (messages, bytes int)) bool {
	messages, bytes := limits()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.messages > 0 && (m.messages >= messages || m.bytes+size > bytes) {
		return false
	}
	m.messages++
	m.bytes += size
	m.signal()
	return true
}

func (m *meter) give(size int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.messages--
	m.bytes -= size
	m.signal()
	if m.messages == 0 && m.idle != nil {
		close(m.idle)
		m.idle = nil
	}
}

// signal lets one of those who wait look again; who then takes room passes the signal on.
func (m *meter) signal() {
	if m.waiting == 0 {
		return
	}
	select {
	case m.freed <- struct{}{}:
	default:
	}
}

func (m *meter) empty() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.messages == 0
}

// settled is closed once nothing is in flight.
func (m *meter) settled() <-chan struct{} {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.idle == nil {
		m.idle = make(chan struct{})
	}
	idle := m.idle
	if m.messages == 0 {
		close(m.idle)
		m.idle = nil
	}
	return idle
}

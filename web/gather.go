package web

import (
	"context"
	"sync"
	"time"

	"quantrac/alerts"
)

// gatherEvery is the least time between two frames of readings: hundreds of small frames a second would cost every client, and the server
// for each of them, far more than what is in them.
const gatherEvery = 200 * time.Millisecond

// Gather hands readings to a hub: the first at once, and what comes within gatherEvery after it together, of each (station, parameter)
// the newest. So what waits is bounded by the number of series. Alerts and stations do not go through it and do not wait.
type Gather struct {
	hub *Hub
	// sent is told when readings are with the hub, and when the oldest of them had come.
	sent func(oldest time.Time)
	wake chan struct{} // capacity 1: something waits

	mu     sync.Mutex
	items  []alerts.LiveReading
	place  map[[2]string]int
	oldest time.Time
}

// NewGather makes one; sent may be nil.
func NewGather(hub *Hub, sent func(oldest time.Time)) *Gather {
	if sent == nil {
		sent = func(time.Time) {}
	}
	return &Gather{hub: hub, sent: sent, wake: make(chan struct{}, 1), place: map[[2]string]int{}}
}

// Add takes readings that came at a time. It blocks on nobody.
func (g *Gather) Add(items []alerts.LiveReading, received time.Time) {
	if len(items) == 0 {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.items) == 0 {
		g.oldest = received
	}
	for i := range items {
		key := [2]string{items[i].Station, items[i].Parameter}
		if at, ok := g.place[key]; ok {
			g.items[at] = items[i]
			continue
		}
		g.place[key] = len(g.items)
		g.items = append(g.items, items[i])
	}
	select {
	case g.wake <- struct{}{}:
	default:
	}
}

// Run hands on until ctx ends; what waits then goes with the clients.
func (g *Gather) Run(ctx context.Context) error {
	pause := time.NewTimer(0)
	defer pause.Stop()
	wake := (<-chan struct{})(nil) // none is heard during a pause
	for {
		select {
		case <-wake:
			g.flush()
			wake = nil
			pause.Reset(gatherEvery)
		case <-pause.C:
			wake = g.wake
		case <-ctx.Done():
			return nil
		}
	}
}

func (g *Gather) flush() {
	g.mu.Lock()
	items, oldest := g.items, g.oldest
	g.items = nil // the hub keeps them
	clear(g.place)
	g.mu.Unlock()
	if len(items) > 0 {
		g.hub.Readings(items)
		g.sent(oldest)
	}
}

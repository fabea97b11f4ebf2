package web

import (
	"sync"

	"github.com/gorilla/websocket"

	"quantrac/alerts"
)

const closeGoingAway = websocket.CloseGoingAway

// client is the hub's side of one websocket. The hub fills it, its own writer empties it; neither waits for the other.
type client struct {
	hub  *Hub
	wake chan struct{} // capacity 1: something is waiting

	mu      sync.Mutex
	started bool
	filter  filter
	waiting [][]byte
	// newest holds the readings of a client that lags, by (station, parameter), in order of arrival.
	newest  map[[2]string]alerts.LiveReading
	order   [][2]string
	upto    uint64 // sequence of the newest reading in newest
	closing int    // websocket close code; 0 = open
}

func newClient(h *Hub) *client {
	return &client{hub: h, wake: make(chan struct{}, 1), newest: map[[2]string]alerts.LiveReading{}}
}

func (c *client) start(f filter, snapshot []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.started, c.filter = true, f
	c.waiting = nil
	clear(c.newest)
	c.order = c.order[:0]
	if snapshot != nil {
		c.waiting = append(c.waiting, snapshot)
	}
	c.ring()
}

// offer gives the client a frame, or the part of it that its filter lets through.
func (c *client) offer(f frame) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.started || c.closing != 0 {
		return
	}
	place := c.hub.state.Place
	if f.items == nil {
		if c.filter.allows(place, f.station) {
			c.push(f.encoded)
		}
		return
	}
	items, encoded := f.items, f.encoded
	if !c.filter.everything() {
		items = nil
		for _, it := range f.items {
			if c.filter.allows(place, it.Station) {
				items = append(items, it)
			}
		}
		if len(items) == 0 {
			return
		}
		encoded = nil
	}
	if len(c.waiting) < coalesceAbove && len(c.order) == 0 {
		if encoded == nil {
			encoded = encodeReadings(f.sequence, items)
		}
		c.push(encoded)
		return
	}
	c.coalesce(f.sequence, items)
}

func (c *client) coalesce(seq uint64, items []alerts.LiveReading) {
	for _, it := range items {
		key := [2]string{it.Station, it.Parameter}
		if _, there := c.newest[key]; there {
			c.hub.metrics.dropped.Inc()
		} else {
			c.order = append(c.order, key)
		}
		c.newest[key] = it
	}
	c.upto = seq
	c.ring()
}

// push queues a frame behind the coalesced readings, which it must not overtake.
func (c *client) push(encoded []byte) {
	if len(c.order) > 0 {
		c.flush()
	}
	if len(c.waiting) >= maxWaiting {
		c.closing = websocket.CloseTryAgainLater
		c.waiting = nil
		c.ring()
		return
	}
	c.waiting = append(c.waiting, encoded)
	c.ring()
}

// flush turns the coalesced readings into a frame with the sequence of the newest of them.
func (c *client) flush() {
	items := make([]alerts.LiveReading, 0, len(c.order))
	for _, key := range c.order {
		items = append(items, c.newest[key])
	}
	c.order = c.order[:0]
	clear(c.newest)
	c.waiting = append(c.waiting, encodeReadings(c.upto, items))
}

func (c *client) ring() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

func (c *client) end(code int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing == 0 {
		c.closing = code
	}
	c.ring()
}

// next takes the oldest waiting frame; nil with code 0 = nothing waits, with another code = close.
func (c *client) next() (encoded []byte, code int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing != 0 {
		return nil, c.closing
	}
	if len(c.waiting) == 0 && len(c.order) > 0 {
		c.flush()
	}
	if len(c.waiting) == 0 {
		return nil, 0
	}
	encoded = c.waiting[0]
	c.waiting[0] = nil
	c.waiting = c.waiting[1:]
	return encoded, 0
}

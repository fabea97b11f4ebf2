package web

import (
	"sync"

	"github.com/gorilla/websocket"

	"quantrac/alerts"
	"quantrac/geo"
)

// client is the hub's side of one websocket. The hub fills it, its own writer empties it; neither waits for the other.
type client struct {
	// credential is the id of the token or session that opened the websocket; "" = none.
	credential string
	place      func(station string) (string, geo.Point, bool)
	metrics    *Metrics
	wake       chan struct{} // capacity 1: something is waiting

	mu      sync.Mutex
	started bool
	// awaits is set while the snapshot is being made: what is waiting goes out behind it.
	awaits bool
	// beats is set when the client asked for heartbeats.
	beats   bool
	filter  filter
	waiting []outgoing
	size    int // bytes of waiting, without the snapshot
	// newest holds the readings of a client that lags, by (station, parameter); order is that of their arrival.
	newest map[[2]string]alerts.LiveReading
	order  [][2]string
	upto   uint64 // sequence of the newest reading in newest
	ending ending
}

// ending says how a websocket is closed; code 0 = it is not.
type ending struct {
	code   int
	reason string
}

// outgoing is a frame on its way to one client: encoded, or the readings that only this client gets in this form.
type outgoing struct {
	payload *payload
	// free of the bound on bytes, so that a large snapshot does not cut its own client off.
	free     bool
	sequence uint64
	items    []alerts.LiveReading
}

// itemBytes is about what a reading takes in JSON.
const itemBytes = 200

func (o *outgoing) size() int {
	if o.free {
		return 0
	}
	if o.payload != nil {
		return len(o.payload.encoded)
	}
	return itemBytes * len(o.items)
}

func newClient(h *Hub, credential string) *client {
	return &client{
		credential: credential, place: h.state.Place, metrics: h.metrics, wake: make(chan struct{}, 1), newest: map[[2]string]alerts.LiveReading{},
	}
}

// begin starts a client anew: what was waiting belongs to its last subscription.
func (c *client) begin(f filter, awaits bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.started, c.awaits, c.filter = true, awaits, f
	c.filter.key = keyOf(&f)
	c.waiting, c.size = nil, 0
	clear(c.newest)
	c.order = c.order[:0]
}

// deliver puts the snapshot in front of what has been waiting for it.
func (c *client) deliver(snapshot []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiting = append([]outgoing{{payload: newPayload(snapshot), free: true}}, c.waiting...)
	c.awaits = false
	c.ring()
}

// offer gives the client a frame, or the part of it that its filter lets through.
func (c *client) offer(f frame) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.started || c.ending.code != 0 {
		return
	}
	if f.readings == nil {
		if c.filter.allows(c.place, f.station) {
			c.push(outgoing{payload: f.payload})
		}
		return
	}
	switch mine := f.readings.of(&c.filter, c.place); {
	case len(mine.items) == 0:
	case len(c.waiting) >= coalesceAbove || len(c.order) > 0:
		c.coalesce(f.sequence, mine.items)
	default:
		c.push(outgoing{payload: mine.payload})
	}
}

func (c *client) coalesce(seq uint64, items []alerts.LiveReading) {
	for _, it := range items {
		key := [2]string{it.Station, it.Parameter}
		if _, there := c.newest[key]; there {
			c.metrics.dropped.Inc()
		} else {
			c.order = append(c.order, key)
		}
		c.newest[key] = it
	}
	c.upto = seq
	c.ring()
}

// push queues a frame behind the coalesced readings, which it must not overtake.
func (c *client) push(o outgoing) {
	if len(c.order) > 0 {
		c.add(c.flush())
	}
	c.add(o)
	if len(c.waiting) > maxWaiting || c.size > maxWaitingBytes {
		c.finish(websocket.CloseTryAgainLater, "too slow: resume, or subscribe to less")
	}
	c.ring()
}

func (c *client) add(o outgoing) {
	c.waiting = append(c.waiting, o)
	c.size += o.size()
}

// flush turns the coalesced readings into a frame with the sequence of the newest of them.
func (c *client) flush() outgoing {
	items := make([]alerts.LiveReading, 0, len(c.order))
	for _, key := range c.order {
		items = append(items, c.newest[key])
	}
	c.order = c.order[:0]
	clear(c.newest)
	return outgoing{sequence: c.upto, items: items}
}

func (c *client) ring() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// quiet reports whether the client wants heartbeats and nothing else is on its way to it.
func (c *client) quiet() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.started && !c.awaits && c.beats && len(c.waiting) == 0 && len(c.order) == 0
}

// listen sets whether the client wants heartbeats.
func (c *client) listen(beats bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.beats = beats
}

// end closes the websocket with a code and a reason of at most 123 bytes; the first call counts.
func (c *client) end(code int, reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.finish(code, reason)
	c.ring()
}

func (c *client) finish(code int, reason string) {
	if c.ending.code != 0 {
		return
	}
	c.ending = ending{code, reason}
	c.waiting, c.size = nil, 0
}

// next takes the oldest waiting frame. Nil with code 0 = nothing waits; with another code = close.
func (c *client) next() (*payload, ending) {
	o, end := c.take()
	if o.items != nil {
		return newPayload(encodeReadings(o.sequence, o.items)), end
	}
	return o.payload, end
}

func (c *client) take() (outgoing, ending) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.ending.code != 0:
		return outgoing{}, c.ending
	case c.awaits:
		return outgoing{}, ending{}
	case len(c.waiting) > 0:
		o := c.waiting[0]
		c.waiting[0] = outgoing{}
		c.waiting = c.waiting[1:]
		c.size -= o.size()
		return o, ending{}
	case len(c.order) > 0:
		return c.flush(), ending{}
	}
	return outgoing{}, ending{}
}

package broker

import (
	"sync"
	"sync/atomic"
	"time"

	"quantrac/ingest"
)

// client is what outlives the connections of a client id: which QoS 2 packet ids were taken and wait for PUBREL, what it
// subscribed to, and a last will that waits.
type client struct {
	key clientKey
	// current is the connection, nil while the client is away. It is changed under Broker.mu only.
	current atomic.Pointer[session]

	// Broker.mu guards these: timer ends the session of an absent client, will waits for willTimer or that end.
	timer     *time.Timer
	will      *lastWill
	willTimer *time.Timer

	// subs are the subscriptions by filter; gone says that the session is over. routes.mu guards both.
	subs map[string]*subscription
	gone bool

	mu  sync.Mutex
	ids map[uint16]*exchange
}

// clientKey names a session. Client ids count within one gateway's account: many devices come with the same one from the
// factory, and nobody can take the place of another gateway's. Everybody anonymous is one.
type clientKey struct{ owner, id string }

// exchange is a QoS 2 message between PUBLISH and PUBREL.
type exchange struct {
	// stored says that the message is on disk; the answer then was given, with code.
	stored bool
	code   byte
	// Until it is stored the answer goes to place number of session s, with room for size. moved says that it is not the session that
	// submitted the message.
	s      *session
	number uint64
	size   int
	moved  bool
}

// begin takes the packet id of a message for which room is reserved. It returns an exchange when the message is to be
// submitted, and nil for a message that is here already: then the answer is given again, or will be given on this
// connection once the message is on disk.
func (c *client) begin(s *session, id uint16, size int) *exchange {
	c.mu.Lock()
	defer c.mu.Unlock()
	ex, known := c.ids[id]
	switch {
	case !known:
		ex = &exchange{s: s, number: s.expect(typePubrec, id, size), size: size}
		if c.ids == nil {
			c.ids = map[uint16]*exchange{}
		}
		c.ids[id] = ex
		return ex
	case ex.stored:
		if s.mqtt5 && ex.code >= firstFailure {
			delete(c.ids, id)
		}
		s.give(s.expect(typePubrec, id, size), size, ex.code, "")
	case ex.s == s:
		// The first answer is still to come on this connection; a second one would be unasked for.
		s.release(size)
	default:
		if ex.moved {
			ex.s.release(ex.size)
		}
		ex.s, ex.number, ex.size, ex.moved = s, s.expect(typePubrec, id, size), size, true
	}
	return nil
}

// finish records the outcome and gives the answer on whichever connection waits for it.
func (c *client) finish(f *flight, r ingest.Receipt, err error) {
	code, reason := verdict(r)
	ex := f.exchange
	c.mu.Lock()
	ex.stored, ex.code = err == nil, code
	if (err != nil || (code >= firstFailure && ex.s.mqtt5)) && c.ids[f.id] == ex {
		// A PUBREC with a failure, which only MQTT 5 has, ends the exchange: no PUBREL follows.
		delete(c.ids, f.id)
	}
	to := *ex
	if ex.stored {
		// An absent client must not hold on to its last connection.
		ex.s = nil
	}
	c.mu.Unlock()
	if to.moved || err != nil {
		f.s.release(f.size)
	}
	if err == nil {
		to.s.give(to.number, to.size, code, reason)
		return
	}
	if to.moved {
		to.s.release(to.size)
	}
	to.s.fail(f.topic, err)
}

// end forgets a packet id at its PUBREL. known says that there was one, early that its message is not on disk yet; then the id
// stays.
func (c *client) end(id uint16) (known, early bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	ex, known := c.ids[id]
	if known && !ex.stored {
		return true, true
	}
	delete(c.ids, id)
	return known, false
}

// unreleased is how many packet ids wait for PUBREL.
func (c *client) unreleased() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.ids)
}

// attach makes s the connection of its client id and reports whether an earlier session goes on. Whoever had the id before
// is cut, and its will is sent before the new connection can say otherwise.
func (b *Broker) attach(s *session, id string, clean bool) (present bool) {
	key := clientKey{s.identity.ID, id}
	b.mu.Lock()
	defer func() { b.mu.Unlock() }()
	for b.clients[key] != nil {
		before, due := b.clients[key].current.Load(), (*lastWill)(nil)
		if before == nil && clean {
			due = b.forgetClient(b.clients[key])
		}
		if before == nil && due == nil {
			break
		}
		b.mu.Unlock()
		if before != nil {
			before.replaced()
		} else {
			b.fire(due)
		}
		b.mu.Lock()
	}
	c := b.clients[key]
	if present = c != nil; present {
		// The account may have changed since.
		b.routes.restrict(c, s.identity.mayRead)
	} else {
		if len(b.clients) >= b.opts.MaxSessions || (key.owner != "" && b.kept[key.owner] >= b.opts.MaxPerGateway) {
			s.expiry = 0
		}
		c = &client{key: key}
		b.clients[key] = c
		b.kept[key.owner]++
	}
	c.stopTimers()
	c.current.Store(s)
	s.client = c
	return present
}

// replaced ends a session whose client id connected anew. A client that does not read must not hold up the new connection,
// which waits only until its place is free.
func (s *session) replaced() {
	s.revoked.Store(true)
	s.tell(codeTakenOver)
	s.b.working.Go(func() { s.flush(); _ = s.c.Close() })
	s.b.end(s, endTakenOver)
}

// ending is how a connection ended.
type ending int

const (
	// endBroken sends the will, and so does endTakenOver; endPolite does not.
	endBroken ending = iota
	endTakenOver
	endPolite
)

// end does what is due when a connection is over. The caller closes it.
func (b *Broker) end(s *session, how ending) {
	s.ending.Do(func() {
		b.leave(s)
		s.abandon()
		select {
		case <-b.draining:
			// The clients come back and say how they are.
			s.will = nil
		default:
		}
		if how == endPolite {
			s.will = nil
		}
		for _, w := range b.detach(s) {
			b.fire(w)
		}
	})
}

// detach parts a session from its client and returns the wills that are due.
func (b *Broker) detach(s *session) (due []*lastWill) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := s.client
	c.current.Store(nil)
	var w *lastWill
	if s.will != nil {
		w = &lastWill{will: s.will, from: s}
	}
	if s.expiry <= 0 {
		if old := b.forgetClient(c); old != nil {
			due = append(due, old)
		}
		if w != nil {
			due = append(due, w)
		}
		return due
	}
	select {
	case <-b.draining:
		return due
	default:
	}
	b.expireLater(c, s.expiry)
	switch {
	case w == nil:
	case w.delay == 0:
		due = append(due, w)
	default:
		b.fireLater(c, w, min(s.expiry, time.Duration(w.delay)*time.Second))
	}
	return due
}

// expireLater ends the session of an absent client after a while. It needs Broker.mu.
func (b *Broker) expireLater(c *client, after time.Duration) {
	var t *time.Timer
	t = time.AfterFunc(after, func() {
		b.mu.Lock()
		var w *lastWill
		if c.timer == t {
			w = b.forgetClient(c)
		}
		b.mu.Unlock()
		if w != nil {
			b.fire(w)
		}
	})
	c.timer = t
}

// fireLater sends a will after its delay, unless the client is back by then. It needs Broker.mu.
func (b *Broker) fireLater(c *client, w *lastWill, after time.Duration) {
	var t *time.Timer
	t = time.AfterFunc(after, func() {
		b.mu.Lock()
		due := c.willTimer == t
		if due {
			c.will, c.willTimer = nil, nil
		}
		b.mu.Unlock()
		if due {
			b.fire(w)
		}
	})
	c.will, c.willTimer = w, t
}

// stopTimers ends what an absent client had waiting. It needs Broker.mu.
func (c *client) stopTimers() {
	for _, t := range []*time.Timer{c.timer, c.willTimer} {
		if t != nil {
			t.Stop()
		}
	}
	c.timer, c.willTimer, c.will = nil, nil, nil
}

// forgetClient ends a session and returns the will that waited for its end. It needs Broker.mu.
func (b *Broker) forgetClient(c *client) *lastWill {
	if b.clients[c.key] == c {
		delete(b.clients, c.key)
		if b.kept[c.key.owner]--; b.kept[c.key.owner] == 0 {
			delete(b.kept, c.key.owner)
		}
	}
	w := c.will
	c.stopTimers()
	b.routes.forget(c)
	return w
}

package broker

import (
	"context"
	"sync"

	mqtt "github.com/mochi-mqtt/server/v2"

	"quantrac/ingest"
)

// session is one connection of a client that was let in. Its answers leave in the order in which the messages came: each
// message that wants one takes a place in a queue when it is read, and the writer sends from the front what is ready.
type session struct {
	b        *Broker
	c        *conn
	client   *mqtt.Client
	identity Identity
	gateway  string
	mqtt5    bool
	memory   *memory
	// will is a last will that is submitted, not routed.
	will *ingest.Delivery

	// slots holds one token for each message that is submitted and not yet answered.
	slots chan struct{}
	wake  chan struct{}
	ended chan struct{}

	mu     sync.Mutex
	queue  []*answer
	failed bool
}

// answer is a packet that a message has coming.
type answer struct {
	s      *session
	packet byte
	id     uint16
	code   byte
	reason string
	ready  bool
	// sent, when not nil, is closed once the answer was written.
	sent chan struct{}
}

func newSession(c *conn, cl *mqtt.Client) *session {
	return &session{
		b: c.b, c: c, client: cl, identity: c.identity, mqtt5: cl.Properties.ProtocolVersion == 5,
		slots: make(chan struct{}, c.b.opts.MaxInflight), wake: make(chan struct{}, 1), ended: make(chan struct{}),
	}
}

// reserve waits for room for one more message in flight; false when the connection ended before there was any.
func (s *session) reserve() bool {
	select {
	case s.slots <- struct{}{}:
		return true
	default:
	}
	select {
	case s.slots <- struct{}{}:
		return true
	case <-s.c.closed:
		return false
	}
}

func (s *session) release() { <-s.slots }

// settle waits until nothing is in flight and keeps it so.
func (s *session) settle(ctx context.Context) bool {
	for range cap(s.slots) {
		select {
		case s.slots <- struct{}{}:
		case <-s.c.closed:
			return len(s.slots) == 0
		case <-ctx.Done():
			return false
		}
	}
	return true
}

// expect puts an answer into the queue. The slot that was reserved for it is given back when it is written.
func (s *session) expect(packet byte, id uint16) *answer {
	a := &answer{s: s, packet: packet, id: id}
	s.mu.Lock()
	s.queue = append(s.queue, a)
	s.mu.Unlock()
	return a
}

// give makes an answer ready. It never blocks: it is called by whoever makes messages durable.
func (a *answer) give(code byte, reason string) {
	s := a.s
	s.mu.Lock()
	a.code, a.reason, a.ready = code, reason, true
	first := s.queue[0].ready
	s.mu.Unlock()
	if first {
		s.wakeWriter()
	}
}

func (s *session) wakeWriter() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// write sends answers until the connection ends.
func (s *session) write() {
	defer close(s.ended)
	var out []byte
	for {
		select {
		case <-s.c.closed:
			return
		case <-s.wake:
		}
		batch, failed := s.takeReady()
		if failed {
			_ = s.c.Close()
			return
		}
		out = out[:0]
		for _, a := range batch {
			out = s.appendAnswer(out, a)
		}
		if len(out) > 0 {
			if _, err := s.c.Write(out); err != nil {
				return
			}
		}
		for _, a := range batch {
			if a.sent != nil {
				close(a.sent)
			}
			s.release()
		}
	}
}

// takeReady takes what may be sent from the front of the queue.
func (s *session) takeReady() (batch []*answer, failed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for n < len(s.queue) && s.queue[n].ready {
		n++
	}
	batch = s.queue[:n:n]
	s.queue = s.queue[n:]
	return batch, s.failed
}

// submit hands a message to the log; done is called exactly once.
func (s *session) submit(d ingest.Delivery, done func(ingest.Receipt, error)) {
	if err := s.b.opts.Submit(s.b.submitCtx, d, done); err != nil {
		done(ingest.Receipt{}, err)
	}
}

// delivery is a message of this session.
func (s *session) delivery(topic string, body []byte) ingest.Delivery {
	return ingest.Delivery{
		Door: "mqtt", Gateway: s.gateway, Topic: topic, ReceivedAt: s.b.opts.Now().UTC(), Body: body, Allowed: s.identity.allowed(),
	}
}

// fail ends the session of a message that was not stored. The client resends what was not acknowledged.
func (s *session) fail(topic string, err error) {
	s.b.metrics.refused.WithLabelValues("not_stored").Inc()
	s.b.log.Warn("mqtt message not stored", "gateway", s.gateway, "topic", topic, "error", err)
	s.mu.Lock()
	s.failed = true
	s.mu.Unlock()
	// The caller is the log's own goroutine, and closing a TLS connection writes: the writer does it.
	s.wakeWriter()
}

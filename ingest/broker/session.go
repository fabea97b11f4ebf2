package broker

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"quantrac/ingest"
)

// maxOut is how many bytes may wait for a client that does not read. Answers to a client's own requests then hold back its
// next request; status messages to a subscriber are dropped.
const maxOut = 64 << 10

// session is one connection of a client that was let in. Acknowledgements leave in the order in which the messages came:
// each message that wants one takes a place in a queue when it is read, and what is ready leaves from the front. Whoever
// makes something ready starts a writer unless one is at work, so a silent session has no goroutine but its reader.
type session struct {
	b        *Broker
	c        *conn
	client   *client
	identity Identity
	// allowed is identity in the form of ingest.Delivery.Allowed.
	allowed func(station string) bool
	gateway string
	mqtt5   bool
	// mqtt31 sets DUP on what it sends again, where later versions must not.
	mqtt31 bool
	// maxPacket is the largest packet that the client takes; 0 = any. plain says that it wants no reason strings.
	maxPacket uint32
	plain     bool
	share     *share
	presence  *presence
	will      *will
	// expiry is how long the session outlives the connection.
	expiry time.Duration
	// aliases of MQTT 5, and the last topic, which most often is the next one as well.
	aliases   map[uint16]string
	lastTopic string

	// meter counts this connection's messages, share.meter those of all of its gateway.
	meter meter

	mu sync.Mutex
	// queue[0] has the number base.
	queue []answer
	base  uint64
	// out waits for the writer; acks are the sizes of the messages that it answers, given back when it is written.
	out     []byte
	acks    []int
	writing bool
	// greeted says that CONNACK is on its way. What comes before waits behind it.
	greeted bool
	// over says that nobody waits for answers any more.
	over bool
	// flushed, when not nil, is closed once everything is written.
	flushed chan struct{}

	ending sync.Once
	// revoked says that the account changed or the client id connected anew: nothing is taken any more.
	revoked atomic.Bool
}

// answer is an acknowledgement that a message has coming.
type answer struct {
	packet byte
	id     uint16
	code   byte
	ready  bool
	size   int
	reason string
}

// flight is a message on its way to the disk.
type flight struct {
	s        *session
	number   uint64
	size     int
	topic    string
	exchange *exchange
	id       uint16
	qos      byte
	// oversized is the beginning of a packet beyond the limit.
	oversized bool
	landed    atomic.Bool
}

// reserve waits for room for one more message in flight; false when the connection ended before there was any.
func (s *session) reserve(size int, now time.Time) bool {
	if !s.meter.take(size, s.b.perClient, s.c.closed) {
		return false
	}
	if !s.share.take(size, now, s.c.closed) {
		s.meter.give(size)
		return false
	}
	return true
}

func (b *Broker) perClient() (messages, bytes int) {
	return b.opts.MaxInflight, b.opts.MaxInflightBytes
}

func (s *session) release(size int) {
	s.share.meter.give(size)
	s.meter.give(size)
}

// settle waits until nothing is in flight.
func (s *session) settle(ctx context.Context) bool {
	idle := s.meter.settled()
	select {
	case <-idle:
		return true
	case <-s.c.closed:
		return true
	case <-ctx.Done():
		return false
	}
}

// expect takes a place for an answer to a message for which room was reserved, and returns its number.
func (s *session) expect(packet byte, id uint16, size int) uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return s.base - 1
	}
	s.queue = append(s.queue, answer{packet: packet, id: id, size: size})
	return s.base + uint64(len(s.queue)) - 1
}

// give makes an answer ready. It never blocks: it is called by whoever makes messages durable.
func (s *session) give(number uint64, size int, code byte, reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if number < s.base {
		// The session is over.
		s.release(size)
		return
	}
	a := &s.queue[number-s.base]
	a.code, a.reason, a.ready = code, reason, true
	s.advance()
}

// advance encodes what is ready at the front.
func (s *session) advance() {
	n := 0
	for ; n < len(s.queue) && s.queue[n].ready; n++ {
		s.out = s.appendAnswer(s.out, &s.queue[n])
		s.acks = append(s.acks, s.queue[n].size)
	}
	if n == 0 {
		return
	}
	s.base += uint64(n)
	s.queue = s.queue[n:]
	if len(s.queue) == 0 {
		s.queue = nil
	}
	s.startWriter()
}

// abandon drops the answers that are due. What is still on its way to the disk gives its room back when it lands.
func (s *session) abandon() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.queue {
		if s.queue[i].ready {
			s.release(s.queue[i].size)
		}
	}
	s.base += uint64(len(s.queue)) + 1
	s.queue, s.over = nil, true
}

// startWriter needs mu, and a session that is not over: then its connection still counts in Broker.working, so that Serve
// waits for the writer as well.
func (s *session) startWriter() {
	if !s.writing {
		s.writing = true
		s.b.working.Go(s.write)
	}
}

// write sends what is ready and ends when nothing is.
func (s *session) write() {
	for {
		s.mu.Lock()
		out, acks := s.out, s.acks
		s.out, s.acks = nil, nil
		if len(out) == 0 {
			s.writing = false
			if s.flushed != nil {
				close(s.flushed)
				s.flushed = nil
			}
			s.mu.Unlock()
			return
		}
		s.mu.Unlock()
		// A failed write ends the connection.
		_, _ = s.c.Write(out)
		for _, size := range acks {
			s.release(size)
		}
	}
}

// greet sends CONNACK, before anything that was pushed since the session became known.
func (s *session) greet(connack []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.greeted = true
	if !s.over {
		s.out = append(connack, s.out...)
		s.startWriter()
	}
}

// reply sends a packet that is no acknowledgement of a message. The reader calls it, and is held while the client does not
// read what it asked for.
func (s *session) reply(packet []byte) {
	s.mu.Lock()
	full := false
	if !s.over {
		s.out = append(s.out, packet...)
		s.startWriter()
		full = len(s.out) > maxOut
	}
	s.mu.Unlock()
	if full {
		s.flush()
	}
}

// flush waits until everything is written.
func (s *session) flush() {
	s.mu.Lock()
	if !s.writing {
		s.mu.Unlock()
		return
	}
	if s.flushed == nil {
		s.flushed = make(chan struct{})
	}
	flushed := s.flushed
	s.mu.Unlock()
	select {
	case <-flushed:
	case <-s.c.closed:
	}
}

// push sends a packet that the client did not ask for just now, or drops it when too much waits already.
func (s *session) push(packet []byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over || len(s.out)+len(packet) > maxOut {
		return false
	}
	s.out = append(s.out, packet...)
	if s.greeted {
		s.startWriter()
	}
	return true
}

// delivery is a message of this session.
func (s *session) delivery(topic string, body []byte, now time.Time) ingest.Delivery {
	return ingest.Delivery{
		Door: "mqtt", Gateway: s.gateway, Topic: topic, ReceivedAt: now, Body: body, Allowed: s.allowed, Station: s.identity.Only(), Self: s.identity.ID,
	}
}

// submit hands a message to the log.
func (s *session) submit(d ingest.Delivery, f *flight) {
	defer func() {
		if r := recover(); r != nil {
			s.b.metrics.refused.WithLabelValues("panic").Inc()
			f.land(ingest.Receipt{}, fmt.Errorf("panic: %v", r))
		}
	}()
	if err := s.b.opts.Submit(s.b.submitCtx, d, f.land); err != nil {
		f.land(ingest.Receipt{}, err)
	}
}

// land answers a message once it is on disk, or ends the session of one that is not: the client resends what was not
// acknowledged. Only the first call counts.
func (f *flight) land(r ingest.Receipt, err error) {
	if f.landed.Swap(true) {
		return
	}
	switch {
	case f.exchange != nil:
		f.s.client.finish(f, r, err)
	case err != nil:
		if f.oversized {
			f.s.b.forgetOversized(f.s.client.key)
		}
		f.s.release(f.size)
		f.s.fail(f.topic, err)
	case f.qos == 0:
		f.s.release(f.size)
	default:
		code, reason := verdict(r)
		f.s.give(f.number, f.size, code, reason)
	}
}

// fail ends a session.
func (s *session) fail(topic string, err error) {
	s.b.metrics.refused.WithLabelValues("not_stored").Inc()
	s.b.log.Warn("mqtt message not stored", "gateway", s.gateway, "topic", topic, "error", err)
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.over {
		// The caller is the log's own goroutine, and closing a TLS connection writes.
		s.b.working.Go(func() { _ = s.c.Close() })
	}
}

// goodbye tells an MQTT 5 client why its connection ends, and ends it. An older one only sees the end.
func (s *session) goodbye(code byte) {
	s.tell(code)
	s.flush()
	_ = s.c.Close()
}

// tell sends DISCONNECT to a client that knows it, unless it does not read anyway.
func (s *session) tell(code byte) {
	if s.mqtt5 {
		s.push([]byte{typeDisconnect << 4, 1, code})
	}
}

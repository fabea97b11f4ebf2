package broker

import (
	"crypto/sha256"
	"fmt"
	"net"

	"quantrac/ingest"
)

// tooLarge deals with a PUBLISH beyond the limit, whose header is still to be read: its beginning is kept, and the client
// hears 0x95 or sees its connection close once that is on disk. The caller ends the connection.
func (s *session) tooLarge(h header) error {
	s.b.metrics.refused.WithLabelValues("too_large").Inc()
	if h.first>>4 != typePublish {
		return errTooLarge
	}
	const size = ingest.KeptTooLarge + flightOverhead
	if !s.reserve(size, s.b.opts.Now()) {
		return net.ErrClosed
	}
	d, err := s.beginningOf(h)
	if err != nil {
		s.release(size)
		s.b.log.Warn("mqtt packet beyond the size limit is not readable", "gateway", s.gateway, "bytes", h.remaining, "error", err)
		return errTooLarge
	}
	if s.revoked.Load() {
		s.release(size)
		return net.ErrClosed
	}
	if s.b.seenOversized(s.client.key, &d, h.remaining) {
		// A client that knows no reason codes sends it again after every reconnect; once is enough for the quarantine.
		s.release(size)
	} else {
		s.b.log.Warn("mqtt packet beyond the size limit", "gateway", s.gateway, "topic", d.Topic, "bytes", h.remaining)
		s.submit(d, &flight{s: s, size: size, topic: d.Topic, oversized: true})
	}
	select {
	case <-s.meter.settled():
		return errTooLarge
	case <-s.c.closed:
		return net.ErrClosed
	}
}

// beginningOf reads topic and first bytes of a PUBLISH whose rest will not be read.
func (s *session) beginningOf(h header) (d ingest.Delivery, err error) {
	// Room for the longest topic, common properties and what is kept of the body.
	const most = 2 + 0xffff + 2 + 32<<10 + ingest.KeptTooLarge
	head := make([]byte, min(h.remaining, most))
	s.c.r += h.size
	if err := s.c.readFull(head); err != nil {
		return d, fmt.Errorf("read its beginning: %w", err)
	}
	p, bad := readPublish(h.first, head, s.mqtt5)
	if bad != nil {
		return d, bad
	}
	topic, bad := s.topicOf(&p)
	if bad != nil {
		return d, bad
	}
	d = s.delivery(topic, p.payload[:min(len(p.payload), ingest.KeptTooLarge)], s.b.opts.Now().UTC())
	d.TooLarge, d.Dup = true, p.dup
	return d, nil
}

// seenOversized reports whether the last packet of the client that was too large had the same size and beginning, and
// remembers this one.
func (b *Broker) seenOversized(client clientKey, d *ingest.Delivery, remaining int) bool {
	const most = 1024
	h := sha256.New()
	fmt.Fprintf(h, "%d %q ", remaining, d.Topic)
	h.Write(d.Body)
	sum := [32]byte(h.Sum(nil))
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.oversized[client] == sum {
		return true
	}
	if len(b.oversized) >= most {
		clear(b.oversized)
	}
	b.oversized[client] = sum
	return false
}

// forgetOversized makes room for another try after one that was not stored.
func (b *Broker) forgetOversized(client clientKey) {
	b.mu.Lock()
	delete(b.oversized, client)
	b.mu.Unlock()
}

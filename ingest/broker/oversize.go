package broker

import (
	"crypto/sha256"
	"fmt"
	"io"

	"github.com/mochi-mqtt/server/v2/packets"

	"quantrac/ingest"
)

// tooLarge deals with a packet beyond the limit, whose fixed header was just read: the beginning of a message is kept, the
// client hears 0x95 or sees its connection close. The caller ends the connection.
func (c *conn) tooLarge(first byte, remaining int) {
	c.b.metrics.refused.WithLabelValues("too_large").Inc()
	s := c.session.Load()
	if s == nil || first>>4 != packets.Publish {
		return
	}
	if !s.reserve() {
		return
	}
	a := s.expect(packets.Disconnect, 0)
	a.sent = make(chan struct{})
	d, err := s.beginningOf(first, remaining)
	switch {
	case err != nil:
		s.b.log.Warn("mqtt packet beyond the size limit is not readable", "gateway", s.gateway, "bytes", remaining, "error", err)
		a.give(packets.ErrPacketTooLarge.Code, "")
	case s.b.seenOversized(s.client.ID, &d, remaining):
		// A client that knows no reason codes sends it again after every reconnect; once is enough for the quarantine.
		a.give(packets.ErrPacketTooLarge.Code, "")
	default:
		s.b.log.Warn("mqtt packet beyond the size limit", "gateway", s.gateway, "topic", d.Topic, "bytes", remaining)
		s.submit(d, func(_ ingest.Receipt, err error) {
			if err != nil {
				s.b.forgetOversized(s.client.ID)
				s.fail(d.Topic, err)
				return
			}
			a.give(packets.ErrPacketTooLarge.Code, "")
		})
	}
	select {
	case <-a.sent:
		c.linger()
	case <-c.closed:
	}
}

// beginningOf reads topic and first bytes of a PUBLISH whose rest will not be read.
func (s *session) beginningOf(first byte, remaining int) (d ingest.Delivery, err error) {
	// Room for the longest topic, common properties and what is kept of the body.
	const most = 2 + 0xffff + 2 + 32<<10 + ingest.KeptTooLarge
	head := make([]byte, min(remaining, most))
	if _, err := io.ReadFull(s.c.r, head); err != nil {
		return d, fmt.Errorf("read its beginning: %w", err)
	}
	pk := packets.Packet{ProtocolVersion: s.client.Properties.ProtocolVersion}
	if err := pk.FixedHeader.Decode(first); err != nil {
		return d, err
	}
	if err := decodePublish(&pk, head); err != nil {
		return d, err
	}
	topic := pk.TopicName
	if topic == "" && pk.Properties.TopicAlias > 0 && pk.Properties.TopicAlias <= maxAliases {
		topic = s.client.State.TopicAliases.Inbound.Set(pk.Properties.TopicAlias, "")
	}
	d = s.delivery(topic, pk.Payload[:min(len(pk.Payload), ingest.KeptTooLarge)])
	d.TooLarge, d.Dup = true, pk.FixedHeader.Dup
	return d, nil
}

// decodePublish guards against the library's panics.
func decodePublish(pk *packets.Packet, body []byte) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("malformed packet: %v", r)
		}
	}()
	return pk.PublishDecode(body)
}

// seenOversized reports whether the last packet of the client that was too large had the same size and beginning, and
// remembers this one.
func (b *Broker) seenOversized(clientID string, d *ingest.Delivery, remaining int) bool {
	const most = 1024
	h := sha256.New()
	fmt.Fprintf(h, "%d %q ", remaining, d.Topic)
	h.Write(d.Body)
	sum := [32]byte(h.Sum(nil))
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.oversized[clientID] == sum {
		return true
	}
	if len(b.oversized) >= most {
		clear(b.oversized)
	}
	b.oversized[clientID] = sum
	return false
}

// forgetOversized makes room for another try after one that was not stored.
func (b *Broker) forgetOversized(clientID string) {
	b.mu.Lock()
	delete(b.oversized, clientID)
	b.mu.Unlock()
}

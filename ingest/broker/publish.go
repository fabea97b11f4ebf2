package broker

import (
	"bytes"
	"time"

	"quantrac/ingest"
)

const (
	// maxAliases is how many topic aliases a client may set.
	maxAliases = 64
	// flightOverhead is what a message in flight costs beside its bytes.
	flightOverhead = 512
	// unreleasedFactor is how many times MaxInflight packet ids of QoS 2 may wait for their PUBREL. Before MQTT 5 a client
	// knows no limit, so there is some air.
	unreleasedFactor = 4
)

// publish takes a message for which room is reserved.
func (s *session) publish(h header, body []byte, fresh bool) error {
	size := h.remaining + flightOverhead
	p, bad := readPublish(h.first, body, s.mqtt5)
	if bad != nil {
		s.release(size)
		return bad
	}
	topic, bad := s.topicOf(&p)
	if bad != nil {
		s.release(size)
		return bad
	}
	if p.qos == 2 && s.client.unreleased() > unreleasedFactor*s.b.opts.MaxInflight {
		s.release(size)
		return &violation{codeQuota, "too many packet identifiers wait for PUBREL"}
	}
	now := s.b.opts.Now().UTC()
	s.presence.hear(now)
	f := &flight{s: s, size: size, topic: topic, id: p.id, qos: p.qos}
	switch p.qos {
	case 1:
		f.number = s.expect(typePuback, p.id, size)
	case 2:
		if f.exchange = s.client.begin(s, p.id, size); f.exchange == nil {
			return nil
		}
	}
	if station, ok := statusStation(topic, p.payload, &p.props); ok && s.identity.May(station) {
		s.status(station, topic, &p, now, f)
		return nil
	}
	if !fresh {
		p.payload = bytes.Clone(p.payload)
	}
	d := s.delivery(topic, p.payload, now)
	d.Dup = p.dup
	s.submit(d, f)
	return nil
}

// status routes a status message.
func (s *session) status(station, topic string, p *publishPacket, now time.Time, f *flight) {
	m := statusMessage{topic: topic, body: bytes.Clone(p.payload), retain: p.retain, origin: s.client}
	if s.mqtt5 {
		m.forward = p.props.forward()
		m.expireAfter(&p.props, now)
	}
	f.land(ingest.Receipt{Accepted: 1}, s.b.routeStatus(station, m))
}

// topicOf is a message's topic, by its alias where it has one.
func (s *session) topicOf(p *publishPacket) (string, *violation) {
	if !p.props.has(propTopicAlias) {
		return s.intern(p.topic), nil
	}
	alias := p.props.topicAlias
	if alias > maxAliases {
		return "", &violation{codeAliasInvalid, "topic alias beyond the maximum"}
	}
	if len(p.topic) == 0 {
		topic, known := s.aliases[alias]
		if !known {
			return "", protocolError("unknown topic alias")
		}
		return topic, nil
	}
	if s.aliases == nil {
		s.aliases = map[uint16]string{}
	}
	topic := s.intern(p.topic)
	s.aliases[alias] = topic
	return topic, nil
}

// intern makes a string of a topic; most often it is the same as before.
func (s *session) intern(topic []byte) string {
	if s.lastTopic != string(topic) {
		s.lastTopic = string(topic)
	}
	return s.lastTopic
}

package broker

import (
	"encoding/json"
	"strings"

	"github.com/mochi-mqtt/server/v2/packets"

	"quantrac/ingest"
)

// Bounds on what is kept in memory of status messages.
const (
	maxRetained   = 20_000
	maxStatusSize = 1 << 10
)

// statusStation recognises quantrac/v1/{station}/status with a body like {"online": true}; an empty body deletes what is
// retained. Everything else on that topic is a measurement like anywhere: content decides.
func statusStation(topic string, body []byte) (station string, ok bool) {
	rest, ok := strings.CutPrefix(topic, "quantrac/v1/")
	if !ok {
		return "", false
	}
	station, last, ok := strings.Cut(rest, "/")
	if !ok || last != "status" || len(body) > maxStatusSize {
		return "", false
	}
	if len(body) == 0 {
		return station, true
	}
	var status struct {
		Online *bool           `json:"online"`
		Values json.RawMessage `json:"values"`
	}
	err := json.Unmarshal(body, &status)
	return station, err == nil && status.Online != nil && status.Values == nil
}

// take submits a message and sees to its answer.
func (s *session) take(d ingest.Delivery, pk packets.Packet) {
	if !s.reserve() {
		return
	}
	id := pk.PacketID
	switch pk.FixedHeader.Qos {
	case 0:
		s.submit(d, func(_ ingest.Receipt, err error) {
			s.release()
			if err != nil {
				s.fail(d.Topic, err)
			}
		})
	case 1:
		a := s.expect(puback, id)
		s.submit(d, func(r ingest.Receipt, err error) {
			if err != nil {
				s.fail(d.Topic, err)
				return
			}
			a.give(verdict(r))
		})
	default:
		if ex := s.memory.begin(s, id, d.Topic); ex != nil {
			s.submit(d, func(r ingest.Receipt, err error) { s.memory.finish(id, ex, r, err) })
		}
	}
}

// routeStatus lets the library retain and route a status message. The library sees QoS 0, so that the answer is ours and
// comes in its turn.
func (s *session) routeStatus(pk packets.Packet) (packets.Packet, error) {
	out := pk
	out.FixedHeader.Qos, out.PacketID = 0, 0
	out.Properties = packets.Properties{}
	if s.b.server.Topics.Retained.Len() >= maxRetained {
		out.FixedHeader.Retain = false
	}
	switch {
	case pk.FixedHeader.Qos == 0:
		return out, nil
	case !s.reserve():
		return pk, packets.ErrRejectPacket
	case pk.FixedHeader.Qos == 1:
		s.expect(puback, pk.PacketID).give(0, "")
		return out, nil
	}
	ex := s.memory.begin(s, pk.PacketID, pk.TopicName)
	if ex == nil {
		return pk, packets.ErrRejectPacket
	}
	s.memory.finish(pk.PacketID, ex, ingest.Receipt{Accepted: 1}, nil)
	return out, nil
}

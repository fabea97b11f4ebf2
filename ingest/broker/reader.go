package broker

import (
	"encoding/binary"
	"errors"
	"net"
	"slices"
	"time"
)

// read deals with a client's packets until its connection ends; nil is a DISCONNECT.
func (s *session) read() error {
	for {
		h, err := s.c.nextHeader(s.b.opts.MaxPacket)
		if errors.Is(err, errTooLarge) {
			return s.tooLarge(h)
		}
		if err != nil {
			return err
		}
		// Before the body is read: what is beyond the gateway's share stays in the network.
		isPublish := h.first>>4 == typePublish
		if isPublish && !s.reserve(h.remaining+flightOverhead, s.b.opts.Now()) {
			return net.ErrClosed
		}
		body, fresh, err := s.c.body(h)
		if err == nil && s.revoked.Load() {
			err = net.ErrClosed
		}
		switch {
		case err != nil && isPublish:
			s.release(h.remaining + flightOverhead)
			return err
		case err != nil:
			return err
		case isPublish:
			err = s.publish(h, body, fresh)
		case h.first>>4 == typeDisconnect:
			return s.disconnect(h, body)
		default:
			err = s.control(h, body)
		}
		if err != nil {
			return err
		}
	}
}

// control deals with a packet that is neither PUBLISH nor DISCONNECT.
func (s *session) control(h header, body []byte) error {
	packet := h.first >> 4
	wantFlags := byte(0)
	if packet == typePubrel || packet == typeSubscribe || packet == typeUnsubscribe {
		wantFlags = 2
	}
	flags := h.first & 0x0f
	if s.mqtt31 && wantFlags != 0 {
		flags &^= 0x08
	}
	if flags != wantFlags {
		return malformed("flags of the fixed header")
	}
	switch packet {
	case typePingreq:
		if len(body) > 0 {
			return malformed("PINGREQ with a body")
		}
		s.reply([]byte{typePingresp << 4, 0})
	case typePuback, typePubrec, typePubrel, typePubcomp:
		return s.acknowledged(packet, body)
	case typeSubscribe:
		return s.subscribe(body)
	case typeUnsubscribe:
		return s.unsubscribe(body)
	case typeConnect:
		return protocolError("a second CONNECT")
	case 0:
		return malformed("packet type 0")
	default:
		return protocolError("a packet that only a server sends, or AUTH without a method")
	}
	return nil
}

// acknowledged deals with the second half of QoS 2. Nothing is sent to clients with more than QoS 0, so that every other
// acknowledgement is a stray one.
func (s *session) acknowledged(packet byte, body []byte) error {
	id, _, bad := readAck(packet, body, s.mqtt5)
	if bad != nil {
		return bad
	}
	var known, early bool
	switch packet {
	case typePubrel:
		if known, early = s.client.end(id); early {
			return protocolError("PUBREL before PUBREC")
		}
		packet = typePubcomp << 4
	case typePubrec:
		packet = typePubrel<<4 | 2
	default:
		return nil
	}
	if !known && s.mqtt5 {
		s.reply([]byte{packet, 3, byte(id >> 8), byte(id), codeUnknownID})
		return nil
	}
	s.reply([]byte{packet, 2, byte(id >> 8), byte(id)})
	return nil
}

// disconnect ends a session in the client's own words.
func (s *session) disconnect(h header, body []byte) error {
	if h.first&0x0f != 0 {
		return malformed("flags of the fixed header")
	}
	code, props, bad := readDisconnect(body, s.mqtt5)
	if bad != nil {
		return bad
	}
	if props.has(propSessionExpiry) {
		if s.expiry == 0 && props.sessionExpiry > 0 {
			return protocolError("a session that was to end with the connection can't be kept")
		}
		// Whoever takes the client id over may be looking at it.
		s.b.mu.Lock()
		s.expiry = s.b.sessionExpiry(props.sessionExpiry)
		s.b.mu.Unlock()
	}
	if code != codeSuccess {
		return errDisconnectWill
	}
	return nil
}

var errDisconnectWill = errors.New("disconnected with its will")

// sessionExpiry is what a session gets of what it asks for, in seconds.
func (b *Broker) sessionExpiry(seconds uint32) time.Duration {
	return min(time.Duration(seconds)*time.Second, b.opts.SessionExpiry)
}

func (s *session) subscribe(body []byte) error {
	id, subID, requests, bad := readSubscribe(body, s.mqtt5)
	if bad != nil {
		return bad
	}
	codes := make([]byte, len(requests))
	var wanted []*subscription
	for i, r := range requests {
		sub := &subscription{filterRequest: r, id: subID}
		existed, code, bad := s.subscribeOne(sub)
		if bad != nil {
			return bad
		}
		codes[i] = code
		again := slices.ContainsFunc(wanted, func(w *subscription) bool { return w.filter == sub.filter })
		if code == grantedQoS0 && sub.group == "" && !again && (r.retainHandling == 0 || (r.retainHandling == 1 && !existed)) {
			wanted = append(wanted, sub)
		}
	}
	s.replyCodes(typeSuback, id, codes)
	for _, sub := range wanted {
		s.sendRetained(sub)
	}
	return nil
}

func (s *session) subscribeOne(sub *subscription) (existed bool, code byte, bad *violation) {
	var ok bool
	sub.group, sub.plain, ok = splitShare(sub.filter)
	switch {
	case !ok || !validFilter(sub.plain):
		code = codeFilterInvalid
	case sub.group != "" && sub.noLocal:
		return false, 0, protocolError("no local on a shared subscription")
	case !s.identity.mayRead(sub.plain):
		code = codeNotAuthorized
	default:
		if existed, ok = s.b.routes.add(s.client, sub); !ok {
			code = codeQuota
		}
	}
	if code >= firstFailure && !s.mqtt5 {
		code = refusedBefore5
	}
	return existed, code, nil
}

// sendRetained sends what is retained for a new subscription. The reader waits while the client does not read it.
func (s *session) sendRetained(sub *subscription) {
	var ids []int
	if sub.id > 0 {
		ids = []int{sub.id}
	}
	now := s.b.opts.Now()
	for _, m := range s.b.retained.matching(sub.plain, now) {
		if packet := s.encode(m, ids, true, now); !s.tooLong(packet) {
			s.reply(packet)
		}
	}
}

func (s *session) unsubscribe(body []byte) error {
	id, filters, bad := readUnsubscribe(body, s.mqtt5)
	if bad != nil {
		return bad
	}
	codes := make([]byte, len(filters))
	for i, filter := range filters {
		if !s.b.routes.remove(s.client, filter) {
			codes[i] = codeNoSubscription
		}
	}
	if !s.mqtt5 {
		codes = nil
	}
	s.replyCodes(typeUnsuback, id, codes)
	return nil
}

func (s *session) replyCodes(packet byte, id uint16, codes []byte) {
	remaining := 2 + len(codes)
	if s.mqtt5 {
		remaining++
	}
	out := binary.BigEndian.AppendUint16(appendHeader(nil, packet<<4, remaining), id)
	if s.mqtt5 {
		out = append(out, 0)
	}
	s.reply(append(out, codes...))
}

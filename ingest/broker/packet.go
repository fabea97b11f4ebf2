package broker

import "bytes"

// Protocol levels in CONNECT.
const (
	version31  = 3
	version311 = 4
	version5   = 5
)

// connectRequest is what CONNECT says. version is set as soon as it is known, also of a packet that is refused.
type connectRequest struct {
	version            byte
	clean              bool
	keepalive          uint16
	clientID           string
	username, password string
	hasUsername        bool
	props              properties
	will               *will
}

// readConnect reads a CONNECT.
func readConnect(body []byte) (p connectRequest, bad *violation) {
	c := cursor{b: body}
	name := c.text()
	p.version = c.uint8()
	flags := c.uint8()
	p.keepalive = c.uint16()
	if bad := checkProtocol(name, p.version); bad != nil || c.bad {
		return p, orCutOff(bad, c.bad)
	}
	if flags&1 != 0 || (flags&0x04 == 0 && flags&0x38 != 0) || flags&0x18 == 0x18 {
		return p, malformed("flags of CONNECT")
	}
	p.clean = flags&0x02 != 0
	if p.version == version5 {
		if p.props, bad = readProperties(&c, typeConnect); bad != nil {
			return p, bad
		}
	}
	p.clientID = string(c.text())
	if flags&0x04 != 0 {
		if p.will, bad = readWill(&c, p.version, flags); bad != nil {
			return p, bad
		}
	}
	return p, p.readCredentials(&c, flags)
}

func orCutOff(bad *violation, cut bool) *violation {
	if bad == nil && cut {
		return malformed("CONNECT is cut off")
	}
	return bad
}

// checkProtocol refuses what is no MQTT. A client of an unknown version can't be told in its own words.
func checkProtocol(name []byte, version byte) *violation {
	switch {
	case bytes.Equal(name, []byte("MQTT")):
		if version != version311 && version != version5 {
			return &violation{codeBadVersion, "unknown protocol version"}
		}
	case bytes.Equal(name, []byte("MQIsdp")):
		if version != version31 {
			return &violation{codeBadVersion, "unknown protocol version"}
		}
	default:
		return malformed("no MQTT")
	}
	return nil
}

func (p *connectRequest) readCredentials(c *cursor, flags byte) *violation {
	if flags&0x80 != 0 {
		p.username, p.hasUsername = string(c.text()), true
	}
	if flags&0x40 != 0 {
		if !p.hasUsername && p.version != version5 {
			return malformed("a password without a user name")
		}
		p.password = string(c.binary())
	}
	if c.bad || len(c.b) > 0 {
		return malformed("CONNECT is cut off, too long or no UTF-8")
	}
	return nil
}

// will is a last will as CONNECT gave it.
type will struct {
	topic  string
	body   []byte
	retain bool
	// delay in seconds, and what an MQTT 5 client said beside it.
	delay uint32
	props properties
}

func readWill(c *cursor, version, flags byte) (*will, *violation) {
	w := &will{retain: flags&0x20 != 0}
	if version == version5 {
		var bad *violation
		if w.props, bad = readProperties(c, typeWill); bad != nil {
			return nil, bad
		}
		w.delay = w.props.willDelay
		w.props.raw = bytes.Clone(w.props.raw)
	}
	topic := c.text()
	w.body = bytes.Clone(c.binary())
	if c.bad {
		return nil, malformed("the last will is cut off or no UTF-8")
	}
	if len(topic) == 0 || hasWildcard(topic) {
		return nil, &violation{codeTopicInvalid, "topic of the last will"}
	}
	w.topic = string(topic)
	return w, nil
}

func hasWildcard(topic []byte) bool { return bytes.ContainsAny(topic, "+#") }

// publishPacket is a PUBLISH; its fields point into the packet.
type publishPacket struct {
	topic, payload []byte
	id             uint16
	qos            byte
	dup, retain    bool
	props          properties
}

func readPublish(first byte, body []byte, mqtt5 bool) (p publishPacket, bad *violation) {
	p.qos, p.dup, p.retain = first>>1&3, first&8 != 0, first&1 != 0
	if p.qos == 3 || (p.dup && p.qos == 0) {
		return p, malformed("flags of PUBLISH")
	}
	c := cursor{b: body}
	p.topic = c.text()
	if p.qos > 0 {
		p.id = c.uint16()
	}
	if c.bad {
		return p, malformed("PUBLISH is cut off or its topic no UTF-8")
	}
	if p.qos > 0 && p.id == 0 {
		return p, protocolError("packet identifier 0")
	}
	if mqtt5 {
		if p.props, bad = readProperties(&c, typePublish); bad != nil {
			return p, bad
		}
	}
	if hasWildcard(p.topic) {
		return p, &violation{codeMalformed, "a wildcard in the topic of PUBLISH"}
	}
	if len(p.topic) == 0 && !p.props.has(propTopicAlias) {
		return p, malformed("PUBLISH without a topic")
	}
	p.payload = c.b
	return p, nil
}

// filterRequest is one subscription that a client asks for.
type filterRequest struct {
	filter            string
	noLocal           bool
	retainAsPublished bool
	retainHandling    byte
}

// readSubscribe reads a SUBSCRIBE.
func readSubscribe(body []byte, mqtt5 bool) (id uint16, subID int, requests []filterRequest, bad *violation) {
	c := cursor{b: body}
	id = c.uint16()
	if mqtt5 && !c.bad {
		var props properties
		if props, bad = readProperties(&c, typeSubscribe); bad != nil {
			return 0, 0, nil, bad
		}
		subID = props.subscriptionID
	}
	for len(c.b) > 0 && !c.bad {
		r := filterRequest{filter: string(c.text())}
		options := c.uint8()
		if mqtt5 {
			r.noLocal, r.retainAsPublished, r.retainHandling = options&4 != 0, options&8 != 0, options>>4&3
		} else if options&^3 != 0 {
			return 0, 0, nil, malformed("options of SUBSCRIBE")
		}
		if options&3 == 3 || options&0xc0 != 0 || r.retainHandling == 3 {
			return 0, 0, nil, malformed("options of SUBSCRIBE")
		}
		requests = append(requests, r)
	}
	switch {
	case c.bad || len(requests) == 0:
		return 0, 0, nil, malformed("SUBSCRIBE is cut off, empty or no UTF-8")
	case id == 0:
		return 0, 0, nil, malformed("packet identifier 0")
	}
	return id, subID, requests, nil
}

func readUnsubscribe(body []byte, mqtt5 bool) (id uint16, filters []string, bad *violation) {
	c := cursor{b: body}
	id = c.uint16()
	if mqtt5 && !c.bad {
		if _, bad = readProperties(&c, typeUnsubscribe); bad != nil {
			return 0, nil, bad
		}
	}
	for len(c.b) > 0 && !c.bad {
		filters = append(filters, string(c.text()))
	}
	if c.bad || len(filters) == 0 || id == 0 {
		return 0, nil, malformed("UNSUBSCRIBE is cut off, empty or no UTF-8")
	}
	return id, filters, nil
}

// readAck reads PUBACK, PUBREC, PUBREL or PUBCOMP.
func readAck(packet byte, body []byte, mqtt5 bool) (id uint16, code byte, bad *violation) {
	c := cursor{b: body}
	id = c.uint16()
	if mqtt5 && len(c.b) > 0 {
		code = c.uint8()
	}
	if mqtt5 && len(c.b) > 0 {
		if _, bad = readProperties(&c, packet); bad != nil {
			return 0, 0, bad
		}
	}
	if c.bad || len(c.b) > 0 || id == 0 {
		return 0, 0, malformed("an acknowledgement is cut off or too long")
	}
	return id, code, nil
}

func readDisconnect(body []byte, mqtt5 bool) (code byte, props properties, bad *violation) {
	c := cursor{b: body}
	if mqtt5 && len(c.b) > 0 {
		code = c.uint8()
	}
	if mqtt5 && len(c.b) > 0 {
		if props, bad = readProperties(&c, typeDisconnect); bad != nil {
			return 0, props, bad
		}
	}
	if c.bad || len(c.b) > 0 {
		return 0, props, malformed("DISCONNECT is too long")
	}
	return code, props, nil
}

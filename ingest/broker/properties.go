package broker

import "encoding/binary"

// Property identifiers of MQTT 5.
const (
	propPayloadFormat     = 0x01
	propMessageExpiry     = 0x02
	propContentType       = 0x03
	propResponseTopic     = 0x08
	propCorrelation       = 0x09
	propSubscriptionID    = 0x0b
	propSessionExpiry     = 0x11
	propAssignedClientID  = 0x12
	propServerKeepAlive   = 0x13
	propAuthMethod        = 0x15
	propAuthData          = 0x16
	propRequestProblem    = 0x17
	propWillDelay         = 0x18
	propRequestResponse   = 0x19
	propResponseInfo      = 0x1a
	propServerReference   = 0x1c
	propReasonString      = 0x1f
	propReceiveMaximum    = 0x21
	propTopicAliasMaximum = 0x22
	propTopicAlias        = 0x23
	propMaximumQoS        = 0x24
	propRetainAvailable   = 0x25
	propUser              = 0x26
	propMaximumPacketSize = 0x27
	propWildcard          = 0x28
	propSubscriptionIDs   = 0x29
	propShared            = 0x2a
	propLast              = propShared
)

// typeWill stands for the properties of a last will, which are a set of their own inside CONNECT.
const typeWill byte = 0

// in makes a set of packet types.
func in(types ...byte) (set uint16) {
	for _, t := range types {
		set |= 1 << t
	}
	return set
}

// propertyAllowed says in which packets from a client a property may stand; known is false for no property at all.
func propertyAllowed(id int) (set uint16, known bool) {
	switch id {
	case propPayloadFormat, propMessageExpiry, propContentType, propResponseTopic, propCorrelation:
		return in(typePublish, typeWill), true
	case propTopicAlias:
		return in(typePublish), true
	case propSubscriptionID:
		return in(typeSubscribe), true
	case propSessionExpiry:
		return in(typeConnect, typeDisconnect), true
	case propAuthMethod, propAuthData:
		return in(typeConnect, typeAuth), true
	case propRequestProblem, propRequestResponse, propReceiveMaximum, propTopicAliasMaximum, propMaximumPacketSize:
		return in(typeConnect), true
	case propWillDelay:
		return in(typeWill), true
	case propReasonString:
		return in(typePuback, typePubrec, typePubrel, typePubcomp, typeDisconnect, typeAuth), true
	case propUser:
		return ^uint16(0), true
	case propAssignedClientID, propServerKeepAlive, propResponseInfo, propServerReference, propMaximumQoS, propRetainAvailable,
		propWildcard, propSubscriptionIDs, propShared:
		return 0, true
	}
	return 0, false
}

// properties are what a client said beside a packet. Absent numbers are zero; has tells absent from zero.
type properties struct {
	seen           uint64
	sessionExpiry  uint32
	messageExpiry  uint32
	willDelay      uint32
	maximumPacket  uint32
	receiveMaximum uint16
	topicAlias     uint16
	subscriptionID int
	requestProblem byte
	// raw are the bytes of all of them.
	raw []byte
}

func (p *properties) has(id int) bool { return p.seen&(1<<id) != 0 }

// readProperties reads the properties of a packet of the given type.
func readProperties(c *cursor, packet byte) (p properties, bad *violation) {
	n := c.varint()
	if n == 0 && !c.bad {
		return p, nil
	}
	p.raw = c.take(n)
	if c.bad {
		return p, malformed("properties are cut off")
	}
	body := cursor{b: p.raw}
	for len(body.b) > 0 {
		if bad := p.readOne(&body, packet); bad != nil {
			return p, bad
		}
	}
	return p, nil
}

func (p *properties) readOne(c *cursor, packet byte) *violation {
	id := c.varint()
	allowed, known := propertyAllowed(id)
	if c.bad || !known {
		return malformed("unknown property")
	}
	valid := p.readValue(c, id)
	switch {
	case c.bad:
		return malformed("a property is cut off or no UTF-8")
	case allowed&in(packet) == 0:
		return protocolError("a property does not belong to this packet")
	case p.has(id) && id != propUser:
		return protocolError("a property stands twice")
	case id == propTopicAlias && !valid:
		return &violation{codeAliasInvalid, "topic alias 0"}
	case !valid:
		return protocolError("a property has a forbidden value")
	}
	p.seen |= 1 << id
	return nil
}

// readValue reads a property's value by its type and reports whether the value is permitted.
func (p *properties) readValue(c *cursor, id int) bool {
	switch id {
	case propPayloadFormat, propRequestResponse:
		return c.uint8() <= 1
	case propRequestProblem:
		p.requestProblem = c.uint8()
		return p.requestProblem <= 1
	case propMaximumQoS, propRetainAvailable, propWildcard, propSubscriptionIDs, propShared:
		c.uint8()
	case propServerKeepAlive, propTopicAliasMaximum:
		c.uint16()
	case propReceiveMaximum:
		p.receiveMaximum = c.uint16()
		return p.receiveMaximum > 0
	case propTopicAlias:
		p.topicAlias = c.uint16()
		return p.topicAlias > 0
	case propMessageExpiry:
		p.messageExpiry = c.uint32()
	case propSessionExpiry:
		p.sessionExpiry = c.uint32()
	case propWillDelay:
		p.willDelay = c.uint32()
	case propMaximumPacketSize:
		p.maximumPacket = c.uint32()
		return p.maximumPacket > 0
	case propSubscriptionID:
		p.subscriptionID = c.varint()
		return p.subscriptionID > 0
	case propCorrelation, propAuthData:
		c.binary()
	case propUser:
		c.text()
		c.text()
	case propResponseTopic:
		topic := c.text()
		return len(topic) > 0 && !hasWildcard(topic)
	default:
		c.text()
	}
	return true
}

// forward makes a copy of what subscribers get as it came: everything but topic alias, expiry and will delay.
func (p *properties) forward() []byte {
	var out []byte
	c := cursor{b: p.raw}
	for len(c.b) > 0 && !c.bad {
		before := c.b
		id := c.varint()
		var skipped properties
		skipped.readValue(&c, id)
		if id != propTopicAlias && id != propMessageExpiry && id != propWillDelay {
			out = append(out, before[:len(before)-len(c.b)]...)
		}
	}
	return out
}

func appendProp32(out []byte, id byte, v uint32) []byte {
	return binary.BigEndian.AppendUint32(append(out, id), v)
}

func appendProp16(out []byte, id byte, v uint16) []byte {
	return binary.BigEndian.AppendUint16(append(out, id), v)
}

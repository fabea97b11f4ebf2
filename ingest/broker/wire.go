package broker

import (
	"encoding/binary"
	"unicode/utf8"
)

// Packet types: the upper half of a packet's first byte.
const (
	typeConnect byte = iota + 1
	typeConnack
	typePublish
	typePuback
	typePubrec
	typePubrel
	typePubcomp
	typeSubscribe
	typeSuback
	typeUnsubscribe
	typeUnsuback
	typePingreq
	typePingresp
	typeDisconnect
	typeAuth
)

// Reason codes of MQTT 5 that are sent or understood here.
const (
	codeSuccess        byte = 0x00
	codeNoSubscription byte = 0x11
	codeMalformed      byte = 0x81
	codeProtocolError  byte = 0x82
	codeBadVersion     byte = 0x84
	codeBadClientID    byte = 0x85
	codeBadLogin       byte = 0x86
	codeNotAuthorized  byte = 0x87
	codeShuttingDown   byte = 0x8b
	codeBadMethod      byte = 0x8c
	codeKeepalive      byte = 0x8d
	codeTakenOver      byte = 0x8e
	codeFilterInvalid  byte = 0x8f
	codeTopicInvalid   byte = 0x90
	codeUnknownID      byte = 0x92
	codeAliasInvalid   byte = 0x94
	codeTooLarge       byte = 0x95
	codeQuota          byte = 0x97
	codeAdministrative byte = 0x98
	codePayloadInvalid byte = 0x99
	firstFailure       byte = 0x80
	grantedQoS0        byte = 0x00
	// refusedBefore5 is what SUBACK says before MQTT 5, whatever the reason.
	refusedBefore5 byte = 0x80
)

// violation is what a client did against the protocol, with the reason code that an MQTT 5 client hears.
type violation struct {
	code byte
	what string
}

func (v *violation) Error() string { return v.what }

func malformed(what string) *violation { return &violation{codeMalformed, "malformed packet: " + what} }

func protocolError(what string) *violation {
	return &violation{codeProtocolError, "protocol error: " + what}
}

// cursor reads the fields of a packet's body. After a read beyond the end it is bad and yields zeros.
type cursor struct {
	b   []byte
	bad bool
}

func (c *cursor) take(n int) []byte {
	if n > len(c.b) {
		c.b, c.bad = nil, true
		return nil
	}
	b := c.b[:n:n]
	c.b = c.b[n:]
	return b
}

func (c *cursor) uint8() byte {
	if b := c.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (c *cursor) uint16() uint16 {
	if b := c.take(2); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

func (c *cursor) uint32() uint32 {
	if b := c.take(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

// varint reads a number in 7-bit groups, at most four bytes.
func (c *cursor) varint() int {
	const mostBytes = 4
	n := 0
	for i := range mostBytes {
		b := c.uint8()
		n |= int(b&0x7f) << (7 * i)
		if b&0x80 == 0 {
			return n
		}
	}
	c.bad = true
	return 0
}

// binary reads bytes behind their length of two bytes.
func (c *cursor) binary() []byte { return c.take(int(c.uint16())) }

// text reads a string. It must be UTF-8 without U+0000, as the protocol demands; control characters, which it only advises
// against, are let through.
func (c *cursor) text() []byte {
	b := c.binary()
	if !validText(b) {
		c.bad = true
	}
	return b
}

func validText(b []byte) bool {
	for i, ch := range b {
		switch {
		case ch == 0:
			return false
		case ch >= utf8.RuneSelf:
			return utf8.Valid(b[i:]) && !hasNUL(b[i:])
		}
	}
	return true
}

func hasNUL(b []byte) bool {
	for _, ch := range b {
		if ch == 0 {
			return true
		}
	}
	return false
}

// header is the fixed header of a packet.
type header struct {
	first     byte
	remaining int
	// size is the header's own length.
	size int
}

const maxHeader = 5

// parseHeader reads a fixed header from the beginning of b; ok is false while it is not whole.
func parseHeader(b []byte) (h header, ok bool, bad *violation) {
	for i := 1; i < len(b) && i < maxHeader; i++ {
		h.remaining |= int(b[i]&0x7f) << (7 * (i - 1))
		if b[i]&0x80 == 0 {
			h.first, h.size = b[0], i+1
			return h, true, nil
		}
	}
	if len(b) >= maxHeader {
		return h, false, malformed("the length has more than four bytes")
	}
	return h, false, nil
}

func appendHeader(out []byte, first byte, remaining int) []byte {
	return binary.AppendUvarint(append(out, first), uint64(remaining))
}

func appendText(out []byte, s string) []byte {
	return append(binary.BigEndian.AppendUint16(out, uint16(len(s))), s...)
}

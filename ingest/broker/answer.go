package broker

import (
	"strings"

	"quantrac/ingest"
)

// verdict is the reason code of MQTT 5 for a delivery that is on disk, and a sentence for whoever debugs the gateway.
func verdict(r ingest.Receipt) (code byte, reason string) {
	if !r.NothingDecoded() {
		return codeSuccess, ""
	}
	code = codePayloadInvalid
	if r.NotPermitted() {
		code = codeNotAuthorized
	}
	if len(r.Rejected) > 0 {
		reason = r.Rejected[0].Reason + ": " + r.Rejected[0].Detail
	}
	return code, reason
}

// appendAnswer encodes an acknowledgement. Reason code and reason string exist in MQTT 5 only.
func (s *session) appendAnswer(out []byte, a *answer) []byte {
	first := a.packet << 4
	id := [2]byte{byte(a.id >> 8), byte(a.id)}
	if !s.mqtt5 || a.code == codeSuccess {
		return append(out, first, 2, id[0], id[1])
	}
	text := s.reasonString(a.reason)
	if text == "" {
		return append(out, first, 3, id[0], id[1], a.code)
	}
	properties := 3 + len(text)
	out = append(out, first, byte(4+properties), id[0], id[1], a.code, byte(properties), propReasonString, 0, byte(len(text)))
	return append(out, text...)
}

// reasonString cuts a reason to a length that keeps every length field at one byte; "" when the client wants none.
func (s *session) reasonString(reason string) string {
	const most, packetRoom = 100, 128
	if s.plain || (s.maxPacket > 0 && s.maxPacket < packetRoom) {
		return ""
	}
	if len(reason) > most {
		reason = reason[:most]
	}
	return strings.Map(printable, strings.ToValidUTF8(reason, ""))
}

// printable drops what a UTF-8 string of MQTT should not hold.
func printable(r rune) rune {
	if r < 0x20 || (r >= 0x7f && r < 0xa0) || r == 0xfeff {
		return -1
	}
	return r
}

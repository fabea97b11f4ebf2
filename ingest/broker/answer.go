package broker

import (
	"strings"

	"github.com/mochi-mqtt/server/v2/packets"

	"quantrac/ingest"
)

// verdict is the reason code of MQTT 5 for a delivery that is on disk, and a sentence for whoever debugs the gateway.
func verdict(r ingest.Receipt) (code byte, reason string) {
	if !r.NothingDecoded() {
		return packets.CodeSuccess.Code, ""
	}
	code = packets.ErrPayloadFormatInvalid.Code
	if r.NotPermitted() {
		code = packets.ErrNotAuthorized.Code
	}
	if len(r.Rejected) > 0 {
		reason = r.Rejected[0].Reason + ": " + r.Rejected[0].Detail
	}
	return code, reason
}

// appendAnswer encodes PUBACK, PUBREC or DISCONNECT. Reason code and reason string exist in MQTT 5 only. The library's own
// encoder is not used: a run of answers leaves in one write, and its acknowledgements repeat the properties of the message.
func (s *session) appendAnswer(out []byte, a *answer) []byte {
	if a.packet == packets.Disconnect {
		if !s.mqtt5 {
			return out
		}
		return append(out, packets.Disconnect<<4, 1, a.code)
	}
	id := [2]byte{byte(a.id >> 8), byte(a.id)}
	if !s.mqtt5 || a.code == packets.CodeSuccess.Code {
		return append(out, a.packet<<4, 2, id[0], id[1])
	}
	text := s.reasonString(a.reason)
	if text == "" {
		return append(out, a.packet<<4, 3, id[0], id[1], a.code)
	}
	const reasonStringProperty = 0x1f
	properties := 3 + len(text)
	out = append(out, a.packet<<4, byte(4+properties), id[0], id[1], a.code, byte(properties), reasonStringProperty, 0, byte(len(text)))
	return append(out, text...)
}

// reasonString cuts a reason to a length that keeps every length field at one byte; "" when the client wants none.
func (s *session) reasonString(reason string) string {
	const most, packetRoom = 100, 128
	props := s.client.Properties.Props
	if props.RequestProblemInfoFlag && props.RequestProblemInfo == 0 {
		return ""
	}
	if props.MaximumPacketSize > 0 && props.MaximumPacketSize < packetRoom {
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

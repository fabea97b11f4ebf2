package bench

import (
	"encoding/binary"
	"fmt"
	"strings"
	"time"
)

// parameter is one value of the message: between base and base + 0.99, below every limit of the built-in rules.
type parameter struct {
	code string
	base int64
}

// parameters are the eight values of a message, all of them judged by the default rules except the flow.
var parameters = [...]parameter{
	{"ph", 7}, {"temp", 28}, {"flow_out", 120}, {"cod", 42}, {"tss", 31}, {"nh4_n", 2}, {"tn", 12}, {"tp", 1},
}

// firstSequence has as many digits as every later one, so that a packet keeps its length.
const firstSequence = 1_000_000_000

// gatewayZone is the zone in which stations write their time.
var gatewayZone = time.FixedZone("", 7*60*60)

const timeLayout = "2006-01-02T15:04:05.000-07:00"

// message is the PUBLISH packet (QoS 1) of one station. Its length is fixed: a new message is written over the last one, so
// that the load costs the publisher next to nothing.
type message struct {
	packet           []byte
	id, time, number int
	fractions        [len(parameters)]int

	sequence uint64
	sums     [len(parameters)]int64
}

func newMessage(station string) *message {
	m := &message{sequence: firstSequence}
	topic := "quantrac/v1/" + station + "/readings"
	var body strings.Builder
	body.WriteString(`{"measured_at":"`)
	m.time = body.Len()
	body.WriteString(time.Unix(0, 0).In(gatewayZone).Format(timeLayout))
	body.WriteString(`","sequence":`)
	m.number = body.Len()
	fmt.Fprintf(&body, `%d,"status":"measuring","values":{`, firstSequence)
	for i, p := range parameters {
		if i > 0 {
			body.WriteByte(',')
		}
		fmt.Fprintf(&body, `"%s":%d.`, p.code, p.base)
		m.fractions[i] = body.Len()
		body.WriteString("00")
	}
	body.WriteString("}}")

	const publishQoS1, packetID = 0x32, 2
	m.packet = appendHeader(nil, publishQoS1, 2+len(topic)+packetID+body.Len())
	m.packet = appendText(m.packet, topic)
	m.id = len(m.packet)
	m.packet = append(m.packet, 0, 0)
	offset := len(m.packet)
	m.packet = append(m.packet, body.String()...)
	m.time, m.number = m.time+offset, m.number+offset
	for i := range m.fractions {
		m.fractions[i] += offset
	}
	return m
}

// write makes the next message in place, measured at the given time, and returns the packet. It stays valid until the next
// call.
func (m *message) write(packetID uint16, at time.Time) []byte {
	m.sequence++
	n := m.sequence - firstSequence
	binary.BigEndian.PutUint16(m.packet[m.id:], packetID)
	at.In(gatewayZone).AppendFormat(m.packet[:m.time], timeLayout)
	for i, s := len(firstSequenceText)-1, m.sequence; i >= 0; i, s = i-1, s/10 {
		m.packet[m.number+i] = byte('0' + s%10)
	}
	for i := range parameters {
		f := wave(n + uint64(i)*13)
		m.packet[m.fractions[i]], m.packet[m.fractions[i]+1] = byte('0'+f/10), byte('0'+f%10)
		m.sums[i] += parameters[i].base*100 + f
	}
	return m.packet
}

var firstSequenceText = fmt.Sprint(firstSequence)

// values are those of the newest message.
func (m *message) values() (out [len(parameters)]float64) {
	const hundredths = 100
	for i, at := range m.fractions {
		fraction := int64(m.packet[at]-'0')*10 + int64(m.packet[at+1]-'0')
		out[i] = float64(parameters[i].base*hundredths+fraction) / hundredths
	}
	return out
}

// sent is the number of messages made.
func (m *message) sent() uint64 { return m.sequence - firstSequence }

// wave goes up and down between 0 and 99 by one each step: never stuck, never a jump.
func wave(n uint64) int64 {
	const top = 99
	f := int64(n % (2 * top))
	if f > top {
		f = 2*top - f
	}
	return f
}

// appendHeader appends the fixed header of an MQTT packet.
func appendHeader(b []byte, kind byte, remaining int) []byte {
	b = append(b, kind)
	for ; remaining > 127; remaining >>= 7 {
		b = append(b, byte(remaining)|128)
	}
	return append(b, byte(remaining))
}

// appendText appends a string with its length before it, as MQTT writes them.
func appendText(b []byte, s string) []byte {
	return append(binary.BigEndian.AppendUint16(b, uint16(len(s))), s...)
}

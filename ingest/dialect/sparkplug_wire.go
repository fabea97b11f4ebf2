package dialect

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"quantrac/ingest"
)

// Datatypes of Sparkplug B.
const (
	spInt8     = 1
	spInt16    = 2
	spInt32    = 3
	spInt64    = 4
	spUInt64   = 8
	spBoolean  = 11
	spDateTime = 13
	spUUID     = 15
	spBytes    = 17
	spFile     = 18
)

// Fields of the protobuf messages Payload, Metric, PropertySet and PropertyValue.
const (
	spPayloadTimestamp = 1
	spPayloadMetrics   = 2
	spPayloadSeq       = 3
	spPayloadUUID      = 4

	spMetricName       = 1
	spMetricAlias      = 2
	spMetricTimestamp  = 3
	spMetricDatatype   = 4
	spMetricHistorical = 5
	spMetricNull       = 7
	spMetricProperties = 9
	spMetricInt        = 10
	spMetricLong       = 11
	spMetricFloat      = 12
	spMetricDouble     = 13
	spMetricBoolean    = 14
	spMetricString     = 15

	spPropertyKeys   = 1
	spPropertyValues = 2
	spPropertyInt    = 3
	spPropertyLong   = 4
	spPropertyString = 8
)

// spCompressed is the uuid by which a payload says that its body holds another, compressed.
const spCompressed = "SPBV1.0_COMPRESSED"

// spPayload is the head of a message; its metrics are read one by one.
type spPayload struct {
	// timestamp is in epoch milliseconds; 0 = none.
	timestamp uint64
	seq       uint64
	numbered  bool
	// metrics are protobuf messages, or the objects of the JSON form.
	metrics [][]byte
	objects []value
}

func (p *spPayload) len() int { return len(p.metrics) + len(p.objects) }

// metric reads the metric at a place.
func (p *spPayload) metric(i int) (spMetric, error) {
	if i < len(p.metrics) {
		return readSpMetric(p.metrics[i])
	}
	return spMetricOf(&p.objects[i-len(p.metrics)]), nil
}

// spMetric is one metric as it was sent.
type spMetric struct {
	name      string
	alias     uint64
	hasAlias  bool
	timestamp uint64
	datatype  uint64
	// historical: stored and forwarded later. null: there is no value.
	historical, null bool
	quality          int64
	hasQuality       bool
	unit             string
	// field is the number of the field that holds the value, 0 = none; bits are those of a number.
	field protowire.Number
	bits  uint64
	text  string
	// given is the value of the JSON form.
	given *value
}

func readSpPayload(b []byte) (spPayload, error) {
	var p spPayload
	err := protoFields(b, func(f *protoField) error {
		switch {
		case f.num == spPayloadTimestamp && f.isVarint():
			p.timestamp = f.number
		case f.num == spPayloadSeq && f.isVarint():
			p.seq, p.numbered = f.number, true
		case f.num == spPayloadUUID && string(f.bytes) == spCompressed:
			return errors.New("a compressed payload is not read")
		case f.num == spPayloadMetrics && f.isBytes():
			if len(p.metrics) == ingest.MaxItems {
				return fmt.Errorf("more than %d metrics", ingest.MaxItems)
			}
			p.metrics = append(p.metrics, f.bytes)
		}
		return nil
	})
	return p, err
}

func readSpMetric(b []byte) (spMetric, error) {
	var m spMetric
	err := protoFields(b, func(f *protoField) error {
		switch {
		case f.num == spMetricName && f.isBytes():
			m.name = toText(f.bytes)
		case f.num == spMetricAlias && f.isVarint():
			m.alias, m.hasAlias = f.number, true
		case f.num == spMetricTimestamp && f.isVarint():
			m.timestamp = f.number
		case f.num == spMetricDatatype && f.isVarint():
			m.datatype = f.number
		case f.num == spMetricHistorical && f.isVarint():
			m.historical = f.number != 0
		case f.num == spMetricNull && f.isVarint():
			m.null = f.number != 0
		case f.num == spMetricProperties && f.isBytes():
			return m.properties(f.bytes)
		case f.num >= spMetricInt:
			m.take(f)
		}
		return nil
	})
	return m, err
}

// take keeps the value; of several in one message the last counts, as protobuf has it.
func (m *spMetric) take(f *protoField) {
	m.field, m.bits, m.text = f.num, f.number, ""
	switch {
	case f.num == spMetricString && f.isBytes():
		m.text = toText(f.bytes)
	case f.num == spMetricFloat && f.typ == protowire.Fixed32Type, f.num == spMetricDouble && f.typ == protowire.Fixed64Type:
		m.bits = math.Float64bits(f.double())
	}
}

// properties reads the two properties that matter to a measurement: its quality and its unit.
func (m *spMetric) properties(b []byte) error {
	var keys []string
	at := 0
	return protoFields(b, func(f *protoField) error {
		switch {
		case f.num == spPropertyKeys && f.isBytes() && len(keys) < spMaxProperties:
			keys = append(keys, toText(f.bytes))
		case f.num == spPropertyValues && f.isBytes():
			at++
			if at > len(keys) {
				return nil
			}
			return m.property(keys[at-1], f.bytes)
		}
		return nil
	})
}

func (m *spMetric) property(key string, b []byte) error {
	return protoFields(b, func(f *protoField) error {
		switch {
		case key == "Quality" && f.isVarint() && (f.num == spPropertyInt || f.num == spPropertyLong):
			m.quality, m.hasQuality = int64(f.number), true
		case isUnitProperty(key) && f.num == spPropertyString && f.isBytes():
			m.unit = clip(toText(f.bytes))
		}
		return nil
	})
}

func isUnitProperty(key string) bool {
	return key == "engUnit" || key == "Engineering Units" || key == "unit"
}

// value reads the value of a metric by its datatype, which says whether an integer has a sign. measured is false for what
// is no measurement: the state of a switch, a time, a file.
func (m *spMetric) value(datatype uint64) (v value, measured bool) {
	switch datatype {
	case spBoolean, spDateTime, spUUID, spBytes, spFile:
		return v, false
	}
	switch {
	case m.null:
		return value{kind: kindNull, text: "null", number: nan}, true
	case m.given != nil:
		return *m.given, m.given.kind != kindBool
	}
	switch m.field {
	case spMetricInt:
		return spInteger(uint64(int64(int32(m.bits))), uint64(uint32(m.bits)), datatype), true
	case spMetricLong:
		return spInteger(m.bits, m.bits, datatype), true
	case spMetricFloat, spMetricDouble:
		return numberValue(math.Float64frombits(m.bits)), true
	case spMetricString:
		return *textValue(m.text), true
	case spMetricBoolean:
		return v, false
	case 0:
		return value{kind: kindNull, text: "no value", number: nan}, true
	}
	return value{kind: kindArray, text: fmt.Sprintf("a value of datatype %d", datatype), number: nan}, true
}

// spInteger reads an integer of a datatype. Encoders write small signed types as their own two's complement or widened to
// the field's size. Of an unknown datatype a number with the highest bit is taken as negative, which is by far the likelier.
func spInteger(signed, unsigned, datatype uint64) value {
	n := int64(signed)
	switch datatype {
	case spInt8:
		n = int64(int8(signed))
	case spInt16:
		n = int64(int16(signed))
	case spInt32:
		n = int64(int32(signed))
	}
	if datatype > spInt64 && datatype <= spUInt64 {
		return value{kind: kindNumber, number: float64(unsigned), text: strconv.FormatUint(unsigned, 10)}
	}
	return value{kind: kindNumber, number: float64(n), text: strconv.FormatInt(n, 10)}
}

// rebirthCommand is the payload of an NCMD that asks an edge node to declare its metrics again.
func rebirthCommand(now time.Time) []byte {
	millis := uint64(now.UnixMilli())
	m := protowire.AppendTag(nil, spMetricName, protowire.BytesType)
	m = protowire.AppendString(m, "Node Control/Rebirth")
	m = appendVarint(m, spMetricTimestamp, millis)
	m = appendVarint(m, spMetricDatatype, spBoolean)
	m = appendVarint(m, spMetricBoolean, 1)
	b := appendVarint(nil, spPayloadTimestamp, millis)
	b = protowire.AppendTag(b, spPayloadMetrics, protowire.BytesType)
	return protowire.AppendBytes(b, m)
}

func appendVarint(b []byte, num protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, num, protowire.VarintType), v)
}

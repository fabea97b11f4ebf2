package stream

import (
	"fmt"
	"math"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"quantrac/ingest"
)

// An INTAKE message is the protobuf message Batch below, written field by field with protowire. Fields are never reused;
// readers pass over what they do not know.
//
//	message Batch    { repeated Entry entries = 1; }
//	message Entry    { string door = 1; string gateway = 2; string topic = 3; sfixed64 received_at = 4; bool dup = 5;
//	                   bool too_large = 6; bytes body = 7; string dialect = 8; repeated Reading readings = 9;
//	                   repeated Mark marks = 10; repeated Reject rejects = 11; string retry = 12; uint32 parts = 13; }
//	message Reading  { string station = 1; string parameter = 2; double value = 3; string unit = 4; uint32 status = 5;
//	                   uint32 flags = 6; sfixed64 measured_at = 7; bool usable = 8; }
//	message Mark     { string station = 1; uint64 sequence = 2; sfixed64 measured_at = 3; }
//	message Reject   { uint32 index = 1; string reason = 2; string detail = 3; }
//
// Times are Unix nanoseconds. A reading without a number has no field value; its received_at is the entry's.

func appendEntry(b []byte, in *ingest.Intake) []byte {
	b, _ = encodeEntry(b, in)
	return b
}

// encodeEntry is appendEntry; body is where in b the delivery's body ends.
func encodeEntry(b []byte, in *ingest.Intake) (out []byte, body int) {
	b = protowire.AppendTag(b, 1, protowire.BytesType)
	b, start := openLength(b)
	d := &in.Delivery
	b = appendString(b, 1, d.Door)
	b = appendString(b, 2, d.Gateway)
	b = appendString(b, 3, d.Topic)
	b = appendTime(b, 4, d.ReceivedAt)
	b = appendBool(b, 5, d.Dup)
	b = appendBool(b, 6, d.TooLarge)
	b = protowire.AppendTag(b, 7, protowire.BytesType)
	b = protowire.AppendBytes(b, d.Body)
	body = len(b)
	b = appendString(b, 8, in.Dialect)
	b = appendString(b, 12, d.Retry)
	b = appendUint(b, 13, uint64(max(d.Parts, 0)))
	for i := range in.Readings {
		b = protowire.AppendTag(b, 9, protowire.BytesType)
		var at int
		b, at = openLength(b)
		b = closeLength(appendReading(b, &in.Readings[i]), at)
	}
	for _, m := range in.Marks {
		b = protowire.AppendTag(b, 10, protowire.BytesType)
		var at int
		b, at = openLength(b)
		b = appendString(b, 1, m.Station)
		b = appendUint(b, 2, m.Sequence)
		b = closeLength(appendTime(b, 3, m.MeasuredAt), at)
	}
	for _, r := range in.Rejects {
		b = protowire.AppendTag(b, 11, protowire.BytesType)
		var at int
		b, at = openLength(b)
		b = appendUint(b, 1, uint64(r.Index))
		b = appendString(b, 2, r.Reason)
		b = closeLength(appendString(b, 3, r.Detail), at)
	}
	return closeLength(b, start), body
}

func appendReading(b []byte, r *ingest.Reading) []byte {
	b = appendString(b, 1, r.Station)
	b = appendString(b, 2, r.Parameter)
	if r.HasNumber() {
		b = protowire.AppendTag(b, 3, protowire.Fixed64Type)
		b = protowire.AppendFixed64(b, math.Float64bits(r.Value))
	}
	b = appendString(b, 4, r.Unit)
	b = appendUint(b, 5, uint64(r.Status))
	b = appendUint(b, 6, uint64(r.Flags))
	b = appendTime(b, 7, r.MeasuredAt)
	return appendBool(b, 8, r.Usable)
}

// lengthBytes is the width of a length that is filled in afterwards: a varint padded to 4 bytes, which every protobuf reader
// takes, holds 256 MiB.
const lengthBytes = 4

func openLength(b []byte) ([]byte, int) {
	return append(b, 0x80, 0x80, 0x80, 0), len(b)
}

func closeLength(b []byte, at int) []byte {
	n := len(b) - at - lengthBytes
	b[at] = byte(n) | 0x80
	b[at+1] = byte(n>>7) | 0x80
	b[at+2] = byte(n>>14) | 0x80
	b[at+3] = byte(n>>21) & 0x7f
	return b
}

func appendString(b []byte, num protowire.Number, s string) []byte {
	if s == "" {
		return b
	}
	return protowire.AppendString(protowire.AppendTag(b, num, protowire.BytesType), s)
}

func appendUint(b []byte, num protowire.Number, v uint64) []byte {
	if v == 0 {
		return b
	}
	return protowire.AppendVarint(protowire.AppendTag(b, num, protowire.VarintType), v)
}

func appendBool(b []byte, num protowire.Number, v bool) []byte {
	if !v {
		return b
	}
	return appendUint(b, num, 1)
}

func appendTime(b []byte, num protowire.Number, t time.Time) []byte {
	if t.IsZero() {
		return b
	}
	return protowire.AppendFixed64(protowire.AppendTag(b, num, protowire.Fixed64Type), uint64(t.UnixNano()))
}

// decoder reads batches. It keeps the short strings that it has seen, since stations, parameters and units repeat for ever.
type decoder struct{ seen map[string]string }

func newDecoder() *decoder { return &decoder{seen: map[string]string{}} }

// maxSeen bounds the memory of a decoder whatever strangers write into topics.
const maxSeen = 1 << 16

func (d *decoder) text(b []byte) string {
	if len(b) > 64 {
		return string(b)
	}
	if s, ok := d.seen[string(b)]; ok {
		return s
	}
	if len(d.seen) >= maxSeen {
		clear(d.seen)
	}
	s := string(b)
	d.seen[s] = s
	return s
}

func (d *decoder) batch(b []byte) ([]ingest.Intake, error) {
	n, err := count(b, 1)
	if err != nil || n == 0 {
		return nil, err
	}
	entries := make([]ingest.Intake, 0, n)
	for f := (fields{rest: b}); f.next(); {
		if f.num != 1 {
			continue
		}
		entries = entries[:len(entries)+1]
		if err := d.entry(f.bytes, &entries[len(entries)-1]); err != nil {
			return nil, err
		}
	}
	return entries, nil
}

func (d *decoder) entry(b []byte, in *ingest.Intake) error {
	n, err := count(b, 9)
	if err != nil {
		return err
	}
	if n > 0 {
		in.Readings = make([]ingest.Reading, 0, n)
	}
	for f := (fields{rest: b}); f.next(); {
		switch f.num {
		case 1:
			in.Delivery.Door = d.text(f.bytes)
		case 2:
			in.Delivery.Gateway = d.text(f.bytes)
		case 3:
			in.Delivery.Topic = d.text(f.bytes)
		case 4:
			in.Delivery.ReceivedAt = instant(f.v)
		case 5:
			in.Delivery.Dup = f.v != 0
		case 6:
			in.Delivery.TooLarge = f.v != 0
		case 7:
			in.Delivery.Body = f.bytes
		case 8:
			in.Dialect = d.text(f.bytes)
		case 9:
			in.Readings = in.Readings[:len(in.Readings)+1]
			err = d.reading(f.bytes, &in.Readings[len(in.Readings)-1])
		case 10:
			err = d.mark(f.bytes, in)
		case 11:
			err = d.reject(f.bytes, in)
		case 12:
			in.Delivery.Retry = d.text(f.bytes)
		case 13:
			in.Delivery.Parts = int(min(f.v, math.MaxInt32))
		}
		if err != nil {
			return err
		}
	}
	for i := range in.Readings {
		in.Readings[i].ReceivedAt = in.Delivery.ReceivedAt
	}
	return nil
}

func (d *decoder) reading(b []byte, r *ingest.Reading) error {
	r.Value = math.NaN()
	f := fields{rest: b}
	for f.next() {
		switch f.num {
		case 1:
			r.Station = d.text(f.bytes)
		case 2:
			r.Parameter = d.text(f.bytes)
		case 3:
			r.Value = math.Float64frombits(f.v)
		case 4:
			r.Unit = d.text(f.bytes)
		case 5:
			r.Status = ingest.Status(f.v)
		case 6:
			r.Flags = ingest.Flags(f.v)
		case 7:
			r.MeasuredAt = instant(f.v)
		case 8:
			r.Usable = f.v != 0
		}
	}
	return f.err
}

func (d *decoder) mark(b []byte, in *ingest.Intake) error {
	var m ingest.Mark
	f := fields{rest: b}
	for f.next() {
		switch f.num {
		case 1:
			m.Station = d.text(f.bytes)
		case 2:
			m.Sequence = f.v
		case 3:
			m.MeasuredAt = instant(f.v)
		}
	}
	in.Marks = append(in.Marks, m)
	return f.err
}

func (d *decoder) reject(b []byte, in *ingest.Intake) error {
	var r ingest.Reject
	f := fields{rest: b}
	for f.next() {
		switch f.num {
		case 1:
			r.Index = int(f.v)
		case 2:
			r.Reason = d.text(f.bytes)
		case 3:
			r.Detail = string(f.bytes)
		}
	}
	in.Rejects = append(in.Rejects, r)
	return f.err
}

func instant(v uint64) time.Time { return time.Unix(0, int64(v)).UTC() }

// fields walks over one protobuf message; v holds numbers, bytes the rest. Unknown kinds of fields are passed over with both empty.
type fields struct {
	rest  []byte
	num   protowire.Number
	v     uint64
	bytes []byte
	err   error
}

// next moves to the next field; false at the end, and where err says what is wrong.
func (f *fields) next() bool {
	if len(f.rest) == 0 || f.err != nil {
		return false
	}
	num, typ, n := protowire.ConsumeTag(f.rest)
	if n < 0 {
		f.err = fmt.Errorf("read log entry: %w", protowire.ParseError(n))
		return false
	}
	b := f.rest[n:]
	f.num, f.v, f.bytes = num, 0, nil
	switch typ {
	case protowire.VarintType:
		f.v, n = protowire.ConsumeVarint(b)
	case protowire.Fixed64Type:
		f.v, n = protowire.ConsumeFixed64(b)
	case protowire.BytesType:
		f.bytes, n = protowire.ConsumeBytes(b)
	default:
		n = protowire.ConsumeFieldValue(num, typ, b)
	}
	if n < 0 {
		f.err = fmt.Errorf("read log entry: field %d: %w", num, protowire.ParseError(n))
		return false
	}
	f.rest = b[n:]
	return true
}

// count is how often a field comes, in a message that can be read to its end.
func count(b []byte, num protowire.Number) (n int, err error) {
	f := fields{rest: b}
	for f.next() {
		if f.num == num {
			n++
		}
	}
	return n, f.err
}

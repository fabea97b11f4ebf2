package dialect

import (
	"errors"
	"io"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// protoField is one field of a protobuf message. Formats that are protobuf are read field by field: each is a handful of
// fields, and nothing has to be built before it is known to be wanted.
type protoField struct {
	num protowire.Number
	typ protowire.Type
	// number is the bits of a varint, fixed32 or fixed64.
	number uint64
	// bytes are a part of the message, not a copy.
	bytes []byte
}

func (f *protoField) isBytes() bool  { return f.typ == protowire.BytesType }
func (f *protoField) isVarint() bool { return f.typ == protowire.VarintType }

// double reads a float or a double.
func (f *protoField) double() float64 {
	if f.typ == protowire.Fixed32Type {
		return widened(math.Float32frombits(uint32(f.number)))
	}
	return math.Float64frombits(f.number)
}

// protoError says what is wrong by the library's code. Its own texts differ from build to build.
func protoError(code int) error {
	if errors.Is(protowire.ParseError(code), io.ErrUnexpectedEOF) {
		return errors.New("it is cut off")
	}
	return errors.New("it is no protobuf")
}

// protoFields visits the fields of a message in their order. It stops at what is no protobuf and at the visitor's error.
func protoFields(b []byte, visit func(f *protoField) error) error {
	var f protoField
	for len(b) > 0 {
		num, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			return protoError(n)
		}
		b = b[n:]
		f = protoField{num: num, typ: typ}
		switch typ {
		case protowire.VarintType:
			f.number, n = protowire.ConsumeVarint(b)
		case protowire.Fixed64Type:
			f.number, n = protowire.ConsumeFixed64(b)
		case protowire.Fixed32Type:
			var v uint32
			v, n = protowire.ConsumeFixed32(b)
			f.number = uint64(v)
		case protowire.BytesType:
			f.bytes, n = protowire.ConsumeBytes(b)
		default:
			n = protowire.ConsumeFieldValue(num, typ, b)
		}
		if n < 0 {
			return protoError(n)
		}
		b = b[n:]
		if err := visit(&f); err != nil {
			return err
		}
	}
	return nil
}

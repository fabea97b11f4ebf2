package dialect

import (
	"errors"
	"fmt"
	"math/big"
	"strconv"

	"github.com/fxamacker/cbor/v2"

	"quantrac/ingest"
)

// SenML in CBOR (RFC 8428, section 6): an array of maps whose keys are the integers of senmlLabels, else labels in text. Values
// are numbers, decimal fractions (tag 4), texts, booleans or bytes; whatever else stands under a label is not opened.

// senmlLabels are the labels of JSON by their keys in CBOR.
var senmlLabels = map[int64]string{
	-6: "bs", -5: "bv", -4: "bu", -3: "bt", -2: "bn", -1: "bver", 0: "n", 1: "u", 2: "v", 3: "vs", 4: "vb", 5: "s", 6: "t", 7: "ut", 8: "vd",
}

// Bounds of a pack in CBOR. A record of RFC 8428 has at most fifteen labels.
const (
	cborDepth  = 8
	cborLabels = 32
	// cborArray and cborMap are the first bytes of the types, endless one included.
	cborArray, cborMap, cborTag = 0x80, 0xa0, 0xc0
)

// cborMode is the reader of CBOR, strict where a sloppy one could be made to disagree with its sender. It never changes.
var cborMode = func() cbor.DecMode {
	mode, err := cbor.DecOptions{
		DupMapKey: cbor.DupMapKeyEnforcedAPF, MaxNestedLevels: cborDepth, MaxArrayElements: ingest.MaxItems, MaxMapPairs: cborLabels,
		IntDec: cbor.IntDecConvertSignedOrBigInt, UTF8: cbor.UTF8DecodeInvalid,
	}.DecMode()
	if err != nil {
		panic("options of the CBOR reader: " + err.Error())
	}
	return mode
}()

func recogniseSenMLCBOR(doc *document) bool {
	b := doc.delivery.Body
	if doc.json != nil || len(b) < 2 || b[0] < cborArray || b[0] >= cborMap {
		return false
	}
	// No text begins with such a byte. The first record stands behind the length, if there is one apart.
	return b[0] > 0x97 && b[0] != 0x9f || b[1] >= cborMap && b[1] < cborTag
}

func decodeSenMLCBOR(doc *document) ingest.Decoded {
	var c collector
	var pack []cbor.RawMessage
	if err := cborMode.Unmarshal(doc.delivery.Body, &pack); err != nil {
		c.reject(0, ingest.ReasonUndecodable, "no pack of SenML in CBOR: %s", clip(err.Error()))
		return c.out
	}
	records := make([]value, len(pack))
	for i, raw := range pack {
		if raw[0] < cborMap || raw[0] >= cborTag {
			c.reject(i, ingest.ReasonUndecodable, "record %d is no map", i+1)
			records[i].kind = kindObject // an empty one
			continue
		}
		if err := readCBORRecord(&records[i], raw); err != nil {
			c.reject(i, ingest.ReasonUndecodable, "record %d: %s; what it says of the ones behind it is not known", i+1, clip(err.Error()))
			records = records[:i]
			break
		}
	}
	out := senmlPack(records, doc.delivery.ReceivedAt)
	out.Rejects = append(out.Rejects, c.out.Rejects...)
	return out
}

// readCBORRecord makes an object with the labels of JSON.
func readCBORRecord(v *value, raw cbor.RawMessage) error {
	var fields map[any]cbor.RawMessage
	if err := cborMode.Unmarshal(raw, &fields); err != nil {
		return err
	}
	v.kind, v.items = kindObject, make([]value, 0, len(fields))
	for key, raw := range fields {
		label, ok := senmlLabel(key)
		if !ok {
			return fmt.Errorf("key %s is no label", clip(fmt.Sprint(key)))
		}
		if namedIn(v.items, label) {
			return fmt.Errorf("label %q twice", clip(label))
		}
		member, err := readCBORValue(raw)
		if err != nil {
			member = value{kind: kindArray, text: clip(err.Error()), number: nan}
		}
		member.key = label
		v.items = append(v.items, member)
	}
	return nil
}

func senmlLabel(key any) (string, bool) {
	switch k := key.(type) {
	case string:
		return k, true
	case int64:
		if label, ok := senmlLabels[k]; ok {
			return label, true
		}
		return "label " + strconv.FormatInt(k, 10), true
	}
	return "", false
}

// readCBORValue reads a scalar. Arrays and maps are not opened, since no label has one.
func readCBORValue(raw cbor.RawMessage) (value, error) {
	if len(raw) == 0 || raw[0] >= cborArray && raw[0] < cborTag {
		return value{kind: kindArray, text: "an array or a map", number: nan}, nil
	}
	var x any
	if err := cborMode.Unmarshal(raw, &x); err != nil {
		return value{}, err
	}
	switch x := x.(type) {
	case int64:
		return value{kind: kindNumber, number: float64(x), text: strconv.FormatInt(x, 10)}, nil
	case float64:
		if len(raw) <= len("\xfa1234") { // half or single precision
			x = widened(float32(x))
		}
		return numberValue(x), nil
	case big.Int:
		number, _ := new(big.Float).SetInt(&x).Float64()
		return numberValue(number), nil
	case string:
		return *textValue(x), nil
	case bool:
		return value{kind: kindBool, text: strconv.FormatBool(x), number: nan}, nil
	case nil:
		return value{kind: kindNull, text: "null", number: nan}, nil
	case cbor.Tag:
		return decimalFraction(x)
	}
	return value{kind: kindArray, text: "no number", number: nan}, nil
}

// decimalFraction reads tag 4, [exponent, mantissa].
func decimalFraction(tag cbor.Tag) (value, error) {
	const decimal = 4
	parts, ok := tag.Content.([]any)
	if tag.Number != decimal || !ok || len(parts) != 2 {
		return value{}, fmt.Errorf("tag %d is not read", tag.Number)
	}
	exponent, isInt := parts[0].(int64)
	mantissa, isWhole := parts[1].(int64)
	if !isInt || !isWhole {
		return value{}, errors.New("a decimal fraction that is not made of integers")
	}
	text := strconv.FormatInt(mantissa, 10) + "e" + strconv.FormatInt(exponent, 10)
	number, err := strconv.ParseFloat(text, 64)
	if err != nil {
		number = nan
	}
	return value{kind: kindNumber, number: number, text: text}, nil
}

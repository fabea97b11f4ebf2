package dialect

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"quantrac/ingest"
)

// ChirpStack v4 whose MQTT integration is set to protobuf: the message UplinkEvent on application/ID/device/DEVEUI/event/up.
// What matters in it is brought into the form of its JSON twin and read as that (lora).

// Fields of UplinkEvent, DeviceInfo, Timestamp, Struct, its map entries, Value and ListValue.
const (
	csUpDeduplication = 1
	csUpTime          = 2
	csUpDevice        = 3
	csUpObject        = 11

	csDeviceName = 7
	csDeviceEUI  = 8

	csTimeSeconds = 1
	csTimeNanos   = 2

	csStructFields = 1
	csEntryKey     = 1
	csEntryValue   = 2

	csValueNull   = 1
	csValueNumber = 2
	csValueString = 3
	csValueBool   = 4
	csValueStruct = 5
	csValueList   = 6

	csListValues = 1
)

// chirpStackEvent is the kind of event that a topic of ChirpStack names; "" = it is no such topic.
func chirpStackEvent(topic string) string {
	before, event, ok := strings.Cut(topic, "/event/")
	if !ok || !strings.Contains(before, "application/") || !strings.Contains(before, "/device/") {
		return ""
	}
	return event
}

func recogniseChirpStack(doc *document) bool {
	return doc.json == nil && (chirpStackEvent(doc.delivery.Topic) != "" || doc.delivery.Dialect != "")
}

func decodeChirpStack(doc *document) ingest.Decoded {
	var c collector
	if event := chirpStackEvent(doc.delivery.Topic); event != "" && event != "up" {
		c.reject(0, ingest.ReasonNoValues, "an event %q of ChirpStack carries no readings", clip(event))
		return c.out
	}
	m, err := readUplink(doc.delivery.Body)
	if err != nil {
		c.reject(0, ingest.ReasonUndecodable, "no UplinkEvent of ChirpStack: %v", err)
		return c.out
	}
	c.lora(m, 0)
	return c.out
}

func object(members ...value) value { return value{kind: kindObject, items: members} }

func textMember(key string, b []byte) value {
	return value{key: key, kind: kindString, text: toText(b), number: nan}
}

// readUplink makes the members deviceInfo, time and object of an event.
func readUplink(b []byte) (*value, error) {
	var root value
	var r structReader
	err := protoFields(b, func(f *protoField) error {
		if !f.isBytes() {
			return nil
		}
		switch f.num {
		case csUpDeduplication:
			root.items = append(root.items, textMember("deduplicationId", f.bytes))
		case csUpTime:
			at, err := readTimestamp(f.bytes)
			root.items = append(root.items, value{key: "time", kind: kindString, text: at})
			return err
		case csUpDevice:
			info, err := readDeviceInfo(f.bytes)
			root.items = append(root.items, info)
			return err
		case csUpObject:
			v := value{key: "object"}
			err := r.structure(&v, f.bytes, 0)
			root.items = append(root.items, v)
			return err
		}
		return nil
	})
	root.kind = kindObject
	if err == nil && root.member("deviceInfo") == nil {
		err = errors.New("it names no device")
	}
	return &root, err
}

func readTimestamp(b []byte) (string, error) {
	var seconds, nanos int64
	err := protoFields(b, func(f *protoField) error {
		switch {
		case f.num == csTimeSeconds && f.isVarint():
			seconds = int64(f.number)
		case f.num == csTimeNanos && f.isVarint():
			nanos = int64(f.number)
		}
		return nil
	})
	const last = 253402300799 // the end of the year 9999
	if err != nil || seconds == 0 && nanos == 0 {
		return "", err
	}
	if seconds < 0 || seconds > last || nanos < 0 || nanos >= int64(time.Second) {
		return fmt.Sprintf("%d.%d", seconds, nanos), nil // no time: its reader says so
	}
	return time.Unix(seconds, nanos).UTC().Format(time.RFC3339Nano), nil
}

func readDeviceInfo(b []byte) (value, error) {
	info := object()
	info.key = "deviceInfo"
	err := protoFields(b, func(f *protoField) error {
		switch {
		case f.num == csDeviceName && f.isBytes():
			info.items = append(info.items, textMember("deviceName", f.bytes))
		case f.num == csDeviceEUI && f.isBytes():
			info.items = append(info.items, textMember("devEui", f.bytes))
		}
		return nil
	})
	return info, err
}

// structReader reads google.protobuf.Struct, within the bounds that hold for JSON.
type structReader struct{ nodes int }

func (r *structReader) structure(v *value, b []byte, depth int) error {
	v.kind, v.text = kindObject, "an object"
	err := protoFields(b, func(f *protoField) error {
		if f.num != csStructFields || !f.isBytes() {
			return nil
		}
		var member value
		if err := r.entry(&member, f.bytes, depth+1); err != nil {
			return err
		}
		v.items = append(v.items, member)
		return nil
	})
	v.items = lastOfEach(v.items)
	return err
}

func (r *structReader) entry(v *value, b []byte, depth int) error {
	var key, inner []byte
	err := protoFields(b, func(f *protoField) error {
		switch {
		case f.num == csEntryKey && f.isBytes():
			key = f.bytes
		case f.num == csEntryValue && f.isBytes():
			inner = f.bytes
		}
		return nil
	})
	if err != nil {
		return err
	}
	v.key = toText(key)
	return r.value(v, inner, depth)
}

func (r *structReader) value(v *value, b []byte, depth int) error {
	r.nodes++
	switch {
	case depth > maxDepth:
		return fmt.Errorf("nested deeper than %d levels", maxDepth)
	case r.nodes > maxNodes:
		return fmt.Errorf("more than %d values", maxNodes)
	}
	key := v.key
	err := protoFields(b, func(f *protoField) error {
		switch {
		case f.num == csValueNull:
			*v = value{kind: kindNull, text: "null", number: nan}
		case f.num == csValueNumber && f.typ == protowire.Fixed64Type:
			*v = numberValue(f.double())
		case f.num == csValueString && f.isBytes():
			*v = value{kind: kindString, text: toText(f.bytes), number: nan}
		case f.num == csValueBool && f.isVarint():
			*v = value{kind: kindBool, text: "false", number: nan}
			if f.number != 0 {
				v.text = "true"
			}
		case f.num == csValueStruct && f.isBytes():
			*v = value{}
			return r.structure(v, f.bytes, depth)
		case f.num == csValueList && f.isBytes():
			return r.list(v, f.bytes, depth)
		}
		return nil
	})
	v.key = key
	return err
}

func (r *structReader) list(v *value, b []byte, depth int) error {
	*v = value{kind: kindArray, text: "an array", number: nan}
	return protoFields(b, func(f *protoField) error {
		if f.num != csListValues || !f.isBytes() {
			return nil
		}
		v.items = append(v.items, value{})
		return r.value(&v.items[len(v.items)-1], f.bytes, depth+1)
	})
}

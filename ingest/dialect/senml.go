package dialect

import (
	"math"
	"strings"
	"time"

	"quantrac/ingest"
)

// SenML (RFC 8428), a pack of records whose base fields hold from their record onward, in JSON or in CBOR (senml_cbor.go):
//
//	[{"bn": "DN_AMAT_NUOC01:", "bt": 1788224700, "bu": "mg/L", "n": "COD", "v": 31.6}, {"n": "NH4", "v": 0.62}]
//
// Time is bt + t: absolute from 2^28 s, else relative to the receipt. The base name without its last separator is the
// station. A record "status" with a text sets the status of the pack. A boolean is the state of a switch, and neither data
// nor a sum is a reading. A pack of a later version, or with a label that must be understood and is not, is refused whole.

// senmlVersion is the version of the format that is read here.
const senmlVersion = 10

func recogniseSenML(doc *document) bool {
	if !isArray(doc.json) || len(doc.json.items) == 0 {
		return false
	}
	head := &doc.json.items[0]
	return first(head, "bn", "n") != nil && first(head, "bt", "bu", "bv", "v", "vs", "vb", "bn", "bver") != nil
}

func decodeSenML(doc *document) ingest.Decoded {
	return senmlPack(doc.json.items, doc.delivery.ReceivedAt)
}

// senmlPack reads the records of a pack; their members have the labels of JSON.
func senmlPack(records []value, received time.Time) ingest.Decoded {
	var c collector
	status := ingest.Item{Flags: ingest.StatusAssumed}
	version := 0.0
	for i := range records {
		rec := &records[i]
		if label := mustUnderstand(rec); label != "" {
			c.reject(i, ingest.ReasonUndecodable, "label %q must be understood and is not (RFC 8428): nothing of the pack is read", clip(label))
			return c.out
		}
		if v := rec.member("bver"); v != nil {
			if v.kind != kindNumber || v.number > senmlVersion || version != 0 && version != v.number {
				c.reject(i, ingest.ReasonUndecodable, "version %s; the same everywhere and at most %d is read", clip(v.text), senmlVersion)
				return c.out
			}
			version = v.number
		}
		if vs := rec.member("vs"); vs != nil && isSenMLStatus(rec) {
			s, said := statusOf(vs)
			if status.Status = s; said {
				status.Flags = 0
			}
		}
	}
	base := senmlBase{received: received}
	for i := range records {
		if rec := &records[i]; rec.kind != kindObject {
			c.reject(i, ingest.ReasonUndecodable, "byte %d: expected a record, found %s", rec.offset, rec.kind)
		} else if base.take(rec); !isSenMLStatus(rec) || rec.member("vs") == nil {
			c.senml(&base, rec, ingest.Item{Index: i, Status: status.Status, Flags: status.Flags})
		}
	}
	return c.out
}

func isSenMLStatus(rec *value) bool { return strings.EqualFold(stringOf(rec.member("n")), "status") }

// mustUnderstand finds a label ending in "_", which a reader that does not know it must not pass over.
func mustUnderstand(rec *value) string {
	if rec.kind != kindObject {
		return ""
	}
	for i := range rec.items {
		if strings.HasSuffix(rec.items[i].key, "_") {
			return rec.items[i].key
		}
	}
	return ""
}

// senmlBase holds the base fields that are in force.
type senmlBase struct {
	name, unit  string
	time, value float64
	received    time.Time
}

func (b *senmlBase) take(rec *value) {
	if v := rec.member("bn"); v != nil {
		b.name = stringOf(v)
	}
	if v := rec.member("bu"); v != nil {
		b.unit = stringOf(v)
	}
	if v := rec.member("bt"); v != nil {
		b.time, _ = senmlNumber(v)
	}
	if v := rec.member("bv"); v != nil {
		b.value, _ = senmlNumber(v)
	}
}

// senmlNumber reads a number, as a number or as text; else NaN.
func senmlNumber(v *value) (float64, bool) {
	if v.kind == kindNumber {
		return v.number, true
	}
	if f, ok := numberOf(v.text); ok && v.kind == kindString {
		return f, true
	}
	return nan, false
}

func (c *collector) senml(b *senmlBase, rec *value, it ingest.Item) {
	v, several := senmlValue(rec)
	switch {
	case several:
		c.reject(it.Index, ingest.ReasonUndecodable, "byte %d: more than one value in a record", rec.offset)
		return
	case v == nil && (rec.member("vd") != nil || rec.member("s") != nil):
		c.reject(it.Index, ingest.ReasonNoValues, "byte %d: data or a sum is no reading", rec.offset)
		return
	case v == nil: // base fields alone
		return
	}
	at, relative, ok := b.instant(rec.member("t"))
	if !ok {
		c.reject(it.Index, ingest.ReasonBadTime, "byte %d: the time of the record is no number or out of bounds", rec.offset)
		return
	}
	if it.MeasuredAt = at; relative {
		it.Flags |= ingest.ClockAssumed
	}
	it.Station = strings.TrimRight(b.name, ":/._-")
	name := stringOf(rec.member("n"))
	if name == "" {
		it.Station, name = "", it.Station
	}
	it.Unit = b.unit
	if u := rec.member("u"); u != nil {
		it.Unit = stringOf(u)
	}
	if v.kind == kindNumber && b.value != 0 {
		sum := numberValue(v.number + b.value)
		v = &sum
	}
	c.add(it, name, v)
}

// senmlValue is the value of a record: a number, a text or a boolean; several is an error of its sender.
func senmlValue(rec *value) (found *value, several bool) {
	for _, label := range []string{"v", "vs", "vb"} {
		v := rec.member(label)
		if v == nil {
			continue
		}
		several, found = several || found != nil, v
	}
	return found, several
}

// instant is the sum of base time and time, in seconds: absolute, or relative to the receipt where it is small.
func (b *senmlBase) instant(t *value) (at time.Time, relative, ok bool) {
	const absolute, latest = 1 << 28, 1e11
	seconds := b.time
	if t != nil {
		own, _ := senmlNumber(t)
		seconds += own
	}
	switch {
	case math.IsNaN(seconds) || math.Abs(seconds) > latest:
		return at, false, false
	case seconds >= absolute:
		return time.UnixMicro(int64(math.Round(seconds * 1e6))).UTC(), false, true
	case seconds < -math.MaxInt64/float64(time.Second):
		return at, true, false
	}
	return b.received.Add(time.Duration(seconds * float64(time.Second))), true, true
}

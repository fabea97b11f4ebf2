package dialect

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"quantrac/ingest"
)

// SenML (RFC 8428) in JSON: an array of records, whose base fields hold from their record onward:
//
//	[{"bn": "DN_AMAT_NUOC01:", "bt": 1788224700, "bu": "mg/L", "n": "COD", "v": 31.6}, {"n": "NH4", "v": 0.62}]
//
// Time is bt + t: absolute from 2^28, else relative to the receipt. The base name without its last separator is the station.
// A record "status" with a text sets the status of the pack.

func recogniseSenML(doc *document) bool {
	if !isArray(doc.json) || len(doc.json.items) == 0 {
		return false
	}
	head := &doc.json.items[0]
	return first(head, "bn", "n") != nil && first(head, "bt", "bu", "bv", "v", "vs", "vb", "bn", "bver") != nil
}

type senmlBase struct {
	name, unit string
	time       float64
	value      float64
}

func decodeSenML(doc *document) ingest.Decoded {
	var c collector
	var base senmlBase
	status := ingest.Item{Flags: ingest.StatusAssumed}
	for i := range doc.json.items {
		rec := &doc.json.items[i]
		if name := mustUnderstand(rec); name != "" {
			return ingest.Decoded{Rejects: []ingest.Reject{{Index: i, Reason: ingest.ReasonUndecodable, Detail: fmt.Sprintf("label %q must be understood and is not (RFC 8428)", clip(name))}}}
		}
		base.take(rec)
		if vs := rec.member("vs"); vs != nil && strings.EqualFold(stringOf(rec.member("n")), "status") {
			s, said := statusOf(vs)
			if status.Status = s; said {
				status.Flags = 0
			}
		}
	}
	base = senmlBase{}
	for i := range doc.json.items {
		rec := &doc.json.items[i]
		base.take(rec)
		v := rec.member("v")
		if v == nil {
			continue
		}
		c.senml(&base, rec, v, ingest.Item{Index: i, Status: status.Status, Flags: status.Flags}, doc.delivery.ReceivedAt)
	}
	return c.out
}

// mustUnderstand finds a label ending in "_", which a reader that does not know it must not pass over.
func mustUnderstand(rec *value) string {
	for i := range rec.items {
		if strings.HasSuffix(rec.items[i].key, "_") {
			return rec.items[i].key
		}
	}
	return ""
}

func (b *senmlBase) take(rec *value) {
	if v := rec.member("bn"); v != nil {
		b.name = stringOf(v)
	}
	if v := rec.member("bu"); v != nil {
		b.unit = stringOf(v)
	}
	if v := rec.member("bt"); v != nil && v.kind == kindNumber {
		b.time = v.number
	}
	if v := rec.member("bv"); v != nil && v.kind == kindNumber {
		b.value = v.number
	}
}

func (c *collector) senml(b *senmlBase, rec, v *value, it ingest.Item, received time.Time) {
	seconds := b.time
	if t := rec.member("t"); t != nil && t.kind == kindNumber {
		seconds += t.number
	}
	const absolute = 1 << 28
	switch {
	case math.IsNaN(seconds) || math.Abs(seconds) > 1e11:
		c.reject(it.Index, ingest.ReasonBadTime, "byte %d: time %s", rec.offset, strconv.FormatFloat(seconds, 'g', -1, 64))
		return
	case seconds >= absolute:
		it.MeasuredAt = time.UnixMicro(int64(math.Round(seconds * 1e6))).UTC()
	default:
		it.MeasuredAt = received.Add(time.Duration(seconds * float64(time.Second)))
		it.Flags |= ingest.ClockAssumed
	}
	it.Station = strings.TrimRight(b.name, ":/._-")
	name := stringOf(rec.member("n"))
	if name == "" {
		it.Station, name = "", it.Station
	}
	before := len(c.out.Items)
	if c.add(it, name, v); len(c.out.Items) == before {
		return
	}
	last := &c.out.Items[before]
	last.Value += b.value
	last.Unit = b.unit
	if u := rec.member("u"); u != nil {
		last.Unit = stringOf(u)
	}
}

package dialect

import (
	"slices"
	"strings"
	"time"

	"quantrac/ingest"
)

// The native format: one object or an array of them,
//
//	{"measured_at": T, "sequence": N, "status": S, "station": ID, "values": {NAME: V, NAME: {"value": V, "unit": U, "status": S, "measured_at": T}}}
//
// where only "values" is required. Station, time and the members of a value are also known by the other names that devices
// give them; members with further names are ignored.

func recogniseNative(doc *document) bool {
	return doc.json != nil && (doc.json.kind == kindObject || doc.json.kind == kindArray)
}

func decodeNative(doc *document) ingest.Decoded {
	var n native
	if doc.json.kind == kindObject {
		n.message(doc.json, 0)
		return n.out
	}
	if count := len(doc.json.items); count > ingest.MaxItems {
		n.reject(0, ingest.ReasonTooManyItems, "%d messages; at most %d", count, ingest.MaxItems)
		return n.out
	}
	for i := range doc.json.items {
		n.message(&doc.json.items[i], i)
	}
	return n.out
}

type native struct{ collector }

func (n *native) message(m *value, index int) {
	if m.kind != kindObject {
		n.reject(index, ingest.ReasonUndecodable, "byte %d: expected an object, found %s", m.offset, m.kind)
		return
	}
	values := m.member("values")
	switch {
	case values.absent():
		n.reject(index, ingest.ReasonNoValues, `byte %d: the object has no member "values"`, m.offset)
		return
	case values.kind != kindObject:
		n.reject(index, ingest.ReasonUndecodable, `byte %d: "values" must be an object, found %s`, values.offset, values.kind)
		return
	case len(values.items) == 0:
		n.reject(index, ingest.ReasonNoValues, `byte %d: "values" is empty`, values.offset)
		return
	}
	at, ok := n.flatTime(m, index)
	if !ok {
		return
	}
	all := ingest.Item{Index: index, Station: strings.TrimSpace(stringOf(first(m, flatStation...))), MeasuredAt: at}
	status, said := statusOf(m.member("status"))
	all.Status = status
	if !said {
		all.Flags = ingest.StatusAssumed
	}
	if sequence, ok := wholeNumber(first(m, "sequence", "seq")); ok {
		n.out.Marks = append(n.out.Marks, ingest.Mark{Index: index, Station: all.Station, Sequence: sequence, MeasuredAt: at})
	}
	n.out.Items = slices.Grow(n.out.Items, len(values.items))
	for i := range values.items {
		if !n.room(index) {
			return
		}
		n.item(all, &values.items[i])
	}
}

// item reads one value; it has station, time and status from its message unless it brings its own.
func (n *native) item(it ingest.Item, v *value) {
	it.Name = v.key
	if v.kind == kindArray && len(v.items) == 1 {
		v = &v.items[0]
	}
	number := v
	if inner := first(v, tagValues...); inner != nil {
		number = inner
		it.Unit = stringOf(first(v, "unit", "u", "Unit"))
		if status, said := statusOf(first(v, "status", "st", "Status")); said {
			it.Status = status
			it.Flags &^= ingest.StatusAssumed
		}
		at, err := itemInstant(v, it.MeasuredAt)
		if err != nil {
			n.reject(it.Index, ingest.ReasonBadTime, "byte %d: measured_at of %q: %v", v.offset, clip(it.Name), err)
			return
		}
		it.MeasuredAt = at
	}
	var flags ingest.Flags
	it.Value, it.Text, flags = measure(number)
	it.Flags |= flags
	n.out.Items = append(n.out.Items, it)
}

func itemInstant(v *value, otherwise time.Time) (time.Time, error) {
	own := v.member("measured_at")
	if own.absent() {
		return otherwise, nil
	}
	at, err := instantOf(own)
	if err != nil || at.IsZero() {
		return otherwise, err
	}
	return at, nil
}

// stringOf reads a text; a device that numbers its stations may write the number bare.
func stringOf(v *value) string {
	if v == nil || (v.kind != kindString && v.kind != kindNumber) {
		return ""
	}
	return v.text
}

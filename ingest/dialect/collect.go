package dialect

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"quantrac/ingest"
)

// collector gathers what a dialect reads. The dialects behind the native one share it.
type collector struct{ out ingest.Decoded }

// reject notes a part that is no reading. Where more is wrong than a delivery may hold, the last reject says so.
func (c *collector) reject(index int, reason, format string, args ...any) {
	n := len(c.out.Rejects)
	if n > ingest.MaxItems {
		return
	}
	r := ingest.Reject{Index: index, Reason: reason, Detail: redacted(fmt.Sprintf(format, args...))}
	if n == ingest.MaxItems {
		r.Reason, r.Detail = ingest.ReasonTooManyItems, "from here on more is wrong than is listed"
	}
	c.out.Rejects = append(c.out.Rejects, r)
}

// full reports that no more rejects are listed, so that a reader may stop.
func (c *collector) full() bool { return len(c.out.Rejects) > ingest.MaxItems }

// redacted blanks the password that an HJ 212 telegram carries in clear, wherever a text quotes the payload.
func redacted(s string) string {
	const mark = "PW="
	at := strings.Index(s, mark)
	if at < 0 {
		return s
	}
	before, behind := s[:at+len(mark)], s[at+len(mark):]
	end := strings.IndexAny(behind, "; \"&")
	if end < 0 {
		end = len(behind)
	}
	return before + "…" + redacted(behind[end:])
}

// room reports whether one more item may be taken, and says once when not.
func (c *collector) room(index int) bool {
	if len(c.out.Items) < ingest.MaxItems {
		return true
	}
	if n := len(c.out.Rejects); n == 0 || c.out.Rejects[n-1].Reason != ingest.ReasonTooManyItems {
		c.reject(index, ingest.ReasonTooManyItems, "more than %d values", ingest.MaxItems)
	}
	return false
}

// time reads the first of some members that is there. ok is false after a reject.
func (c *collector) time(m *value, index int, names ...string) (t time.Time, ok bool) {
	for _, name := range names {
		v := m.member(name)
		if v.absent() {
			continue
		}
		t, err := instantOf(v)
		if err != nil {
			c.reject(index, ingest.ReasonBadTime, "byte %d: %s %q: %v", v.offset, name, clip(v.text), err)
			return t, false
		}
		return t, true
	}
	return time.Time{}, true
}

// add takes one value: a number or text, an object with value, unit and status, or an array of one of these. A boolean is the
// state of a switch and no measurement.
func (c *collector) add(base ingest.Item, name string, v *value) {
	if v.kind == kindArray && len(v.items) == 1 {
		v = &v.items[0]
	}
	if v.kind == kindBool || !c.room(base.Index) {
		return
	}
	if name == "" {
		c.reject(base.Index, ingest.ReasonUndecodable, "byte %d: a value without a name", v.offset)
		return
	}
	it := base
	it.Name = name
	number := v
	if inner := first(v, "value", "v", "Value"); inner != nil {
		number = inner
		it.Unit = stringOf(first(v, "unit", "u", "Unit"))
		if status, said := statusOf(first(v, "status", "st", "Status")); said {
			it.Status = status
			it.Flags &^= ingest.StatusAssumed
		}
	}
	var flags ingest.Flags
	it.Value, it.Text, flags = measure(number)
	it.Flags |= flags
	c.out.Items = append(c.out.Items, it)
}

// members adds every member of an object but those that are named.
func (c *collector) members(base ingest.Item, m *value, except ...string) {
	for i := range m.items {
		if v := &m.items[i]; !slices.Contains(except, v.key) {
			c.add(base, v.key, v)
		}
	}
}

// first is the first member of some names that an object has; nil when it has none.
func first(v *value, names ...string) *value {
	for _, name := range names {
		if m := v.member(name); m != nil {
			return m
		}
	}
	return nil
}

// isObject and isArray look at a member.
func isObject(v *value) bool { return v != nil && v.kind == kindObject }
func isArray(v *value) bool  { return v != nil && v.kind == kindArray }

// objects are the objects of a document: itself, or the elements of an array that are objects; the rest are rejected.
func (c *collector) objects(doc *value) []*value {
	if doc.kind == kindObject {
		return []*value{doc}
	}
	out := make([]*value, 0, len(doc.items))
	for i := range doc.items {
		if doc.items[i].kind != kindObject {
			c.reject(i, ingest.ReasonUndecodable, "byte %d: expected an object, found %s", doc.items[i].offset, doc.items[i].kind)
			continue
		}
		out = append(out, &doc.items[i])
	}
	return out
}

// every reports whether a document is an object, or an array of at least one, whose objects all pass.
func every(doc *value, is func(*value) bool) bool {
	if doc == nil || doc.kind != kindObject && doc.kind != kindArray {
		return false
	}
	if doc.kind == kindObject {
		return is(doc)
	}
	found := false
	for i := range doc.items {
		if doc.items[i].kind != kindObject {
			continue
		}
		if !is(&doc.items[i]) {
			return false
		}
		found = true
	}
	return found
}

// assumed is the item from which a message without a word about its status begins.
func assumed(index int, at time.Time) ingest.Item {
	return ingest.Item{Index: index, MeasuredAt: at, Flags: ingest.StatusAssumed}
}

// textValue makes a value of a text, for the formats that are no JSON. The bare word nan is flagged as such.
func textValue(s string) *value {
	switch strings.ToLower(strings.TrimLeft(s, "+-")) {
	case "nan", "inf", "infinity":
		return &value{kind: kindNaN, text: s, number: nan}
	}
	return &value{kind: kindString, text: s, number: nan}
}

// intervalTime reads a time, or the end of an interval start/end.
func (c *collector) intervalTime(v *value, index int) (time.Time, bool) {
	if v.absent() {
		return time.Time{}, true
	}
	w := *v
	if _, end, ok := strings.Cut(w.text, "/"); ok && w.kind == kindString && strings.Contains(w.text, "T") {
		w.text = end
	}
	at, err := instantOf(&w)
	if err != nil {
		c.reject(index, ingest.ReasonBadTime, "byte %d: time %q: %v", v.offset, clip(v.text), err)
		return at, false
	}
	return at, true
}

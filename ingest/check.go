package ingest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"quantrac/geo"
)

// Age limits of a reading, against the time of its receipt.
const (
	// MaxAhead is how far a device clock may run ahead of ours.
	MaxAhead = 5 * time.Minute
	// MaxAge is the memory of a logger (Circular 10/2021, Art. 39).
	MaxAge = 60 * 24 * time.Hour
	// LateAfter is the age from which a reading counts as back-fill.
	LateAfter = 15 * time.Minute
)

// Facts are what Check judges by. Registry and Catalogue are needed.
type Facts struct {
	Registry  *geo.Registry
	Catalogue *Catalogue
	Mappings  *Mappings
	// Resends, if not nil, finds the time of messages that bring none and come again.
	Resends *Resends
	// Watch, if not nil, flags values that stand still or jump.
	Watch *Watch
	// Curious makes Check collect unknown names, for Explain.
	Curious bool
}

// Check turns what a dialect read into readings: station and parameter found, unit converted, time and number judged. It
// appends to in.Readings and in.Rejects. A retry from quarantine is judged at its first receipt and leaves no trace in Resends
// and Watch, which have gone on since.
func Check(f Facts, d *Decoded, in *Intake) {
	in.Dialect = d.Dialect
	if in.Delivery.Retry != "" {
		f.Resends, f.Watch = nil, nil
	}
	c := checker{Facts: f, in: in, marks: d.Marks, bare: d.Dialect == "single", alone: len(d.Items) == 1}
	for _, r := range d.Rejects {
		c.refuse(r)
	}
	c.readTopic()
	if n := max(len(d.Items), len(d.Marks)); n > MaxItems {
		c.refuse(Reject{Reason: ReasonTooManyItems, Detail: fmt.Sprintf("%d values or messages; at most %d", n, MaxItems)})
		d.Items, d.Marks = nil, nil
	}
	in.Readings = slices.Grow(in.Readings, len(d.Items))
	for i := range d.Items {
		c.item(&d.Items[i])
	}
	for _, m := range d.Marks {
		if w := c.whose(m.Station); w.s != nil && c.permitted(w.s) {
			m.Station = w.s.ID
			m.MeasuredAt, m.LocalTime = zoned(m.MeasuredAt, m.LocalTime, w.s), false
			in.Marks = append(in.Marks, m)
		}
	}
	if f.Watch != nil {
		f.Watch.judge(f.Registry, in.Readings)
	}
	if len(in.Readings) == 0 && len(in.Rejects) == 0 {
		c.refuse(Reject{Reason: ReasonNoValues, Detail: "the payload holds no values"})
	}
}

// checker is the state of Check for one delivery.
type checker struct {
	Facts
	in *Intake
	// bare: the value came without a name of its own, so that the dialect took one from the topic. alone: it is the only one.
	bare, alone bool

	topic topicSays
	// lastName and last save looking up the station of one message again for each of its values; likewise asked and granted.
	lastName string
	last     owner
	asked    *geo.Station
	granted  bool
	// name is room for a folded name.
	name [maxName]byte

	marks []Mark
	// firstSeen is the time that messages without one got: a numbered message by its index, the others by their station.
	firstSeen map[timeless]time.Time
	sequences map[int]uint64

	// refused is what the rejects take so far, in bytes; overflown: no more are listed.
	refused   int
	overflown bool
}

type timeless struct {
	station string
	// index of the message; -1 = any that has no sequence.
	index int
}

// assumedTime is the measured_at of a message that has none: when it first came. Messages of a station without a number
// share the body by which they are recognised, and with it the time.
func (c *checker) assumedTime(station string, index int) time.Time {
	d := &c.in.Delivery
	if c.Resends == nil {
		return d.ReceivedAt
	}
	if c.firstSeen == nil {
		c.firstSeen, c.sequences = map[timeless]time.Time{}, make(map[int]uint64, len(c.marks))
		for _, m := range c.marks {
			c.sequences[m.Index] = m.Sequence
		}
	}
	m := Message{Station: station, Body: d.Body, Dup: d.Dup}
	m.Sequence, m.Numbered = c.sequences[index]
	key := timeless{station, index}
	if !m.Numbered {
		key.index = -1
	}
	at, known := c.firstSeen[key]
	if !known {
		at = c.Resends.FirstSeen(m, d.ReceivedAt)
		c.firstSeen[key] = at
	}
	return at
}

func (c *checker) item(it *Item) {
	w := c.whose(it.Station)
	name := it.Name
	if c.bare && c.topic.parameter != "" {
		name = c.topic.parameter
	}
	m, ok := c.meaning(w.s, name)
	if !ok {
		w, m, ok = c.otherwise(it, w)
	}
	switch {
	case w.s == nil || !c.permitted(w.s):
		// One unknown station is one reason, not one for each of its values.
		reject := c.refusal(w, it)
		if n := len(c.in.Rejects); n == 0 || c.in.Rejects[n-1] != reject {
			c.refuse(reject)
		}
		return
	case !ok:
		c.reject(it, ReasonUnknownParameter, m.complaint(name))
		c.unknown(unknownName{MapParameter, name, w.s.ID, it.Unit})
		return
	}
	r := Reading{
		Station: w.s.ID, Parameter: m.p.Code, Value: it.Value, Unit: m.p.Unit, Status: it.Status, Flags: it.Flags,
		MeasuredAt: zoned(it.MeasuredAt, it.LocalTime, w.s), ReceivedAt: c.in.Delivery.ReceivedAt,
	}
	if it.MeasuredAt.IsZero() {
		r.MeasuredAt = c.assumedTime(w.s.ID, it.Index)
		r.Flags |= ClockAssumed
	}
	if reason, detail := judgeAge(&r, w.s); reason != "" {
		c.reject(it, reason, detail)
	}
	c.judge(&r, w.s, m, it)
	if r.Flags&(Future|TooOld) != 0 {
		c.in.Aged = append(c.in.Aged, r)
		return
	}
	c.in.Readings = append(c.in.Readings, r)
}

// meaning is what a parameter's name stands for, and the mapping that said so, if one did.
type meaning struct {
	p       *Parameter
	mapping *Mapping
	// code is what a setting leads to that is not in the catalogue.
	code string
}

// complaint says what is wrong with a name that has no meaning.
func (m meaning) complaint(name string) string {
	if m.code != "" {
		return fmt.Sprintf("%q is configured to mean %q, which is not in the catalogue", clip(name), clip(m.code))
	}
	return fmt.Sprintf("parameter %q is not in the catalogue", clip(name))
}

// meaning finds a parameter by name: what is configured for the station, its own settings, what is configured everywhere, the
// catalogue. The station may be nil.
func (c *checker) meaning(s *geo.Station, name string) (m meaning, ok bool) {
	if !c.Mappings.mapsParameters() && (s == nil || !s.HasNames()) || len(name) > maxName {
		m.p, ok = c.Catalogue.Resolve(name)
		return m, ok
	}
	folded := geo.AppendFold(c.name[:0], name)
	if m.mapping = c.configured(s, folded); m.mapping != nil {
		m.code = m.mapping.Target
	} else if s != nil {
		m.code, _ = s.Named(folded)
	}
	if m.code == "" {
		if m.mapping = c.Mappings.parameter("", folded); m.mapping != nil {
			m.code = m.mapping.Target
		}
	}
	if m.code != "" {
		m.p, ok = c.Catalogue.Parameter(m.code)
		return m, ok
	}
	if m.p, ok = c.Catalogue.Parameter(name); !ok {
		m.p, ok = c.Catalogue.folded(folded)
	}
	return m, ok
}

func (c *checker) configured(s *geo.Station, folded []byte) *Mapping {
	if s == nil {
		return nil
	}
	return c.Mappings.parameter(s.ID, folded)
}

// otherwise is the second try for a name that means nothing: the topic may name the parameter, or a tag hold station and
// parameter.
func (c *checker) otherwise(it *Item, w owner) (owner, meaning, bool) {
	if c.topic.parameter != "" && (c.bare || c.alone || meansValue(it.Name)) {
		m, ok := c.meaning(w.s, c.topic.parameter)
		return w, m, ok
	}
	if tagged, m, ok := c.splitTag(it, w); ok {
		return tagged, m, true
	}
	m, _ := c.meaning(w.s, it.Name)
	return w, m, false
}

// meansValue reports whether a name says no more than that here is a value.
func meansValue(name string) bool {
	switch strings.ToLower(name) {
	case "", "value", "val", "v":
		return true
	}
	return false
}

func (c *checker) reject(it *Item, reason, detail string) {
	c.refuse(Reject{Index: it.Index, Reason: reason, Detail: detail})
}

// Bounds on what the rejects of one delivery take, so that an entry of the log has a greatest size whatever a stranger sends.
const (
	maxDetail = 512
	maxRefuse = 2 << 20
	// refuseCost is what a reject takes beside its texts, in any form in which it is kept.
	refuseCost = 40
)

// refuse notes a reject. Where there are too many, the last one that is listed says so.
func (c *checker) refuse(r Reject) {
	if c.overflown {
		return
	}
	r.Detail = cut(r.Detail, maxDetail)
	c.refused += refuseCost + len(r.Reason) + len(r.Detail)
	if c.overflown = c.refused > maxRefuse; c.overflown {
		r = Reject{Index: r.Index, Reason: ReasonTooManyItems, Detail: "from here on more is wrong than is listed"}
	}
	c.in.Rejects = append(c.in.Rejects, r)
}

// maxUnit is how much is kept of a unit that nobody knows, in bytes.
const maxUnit = 32

// clip bounds what a stranger's text may take in an answer.
func clip(s string) string { return cut(s, 80) }

func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

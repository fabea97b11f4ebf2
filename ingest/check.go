package ingest

import (
	"fmt"
	"math"
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

// overRange is the share above its range that an instrument may still be believed.
const overRange = 1.2

// plausible is the greatest size of a number that is judged. Beyond it ratios and means could become infinite, which no
// alert and no answer can carry; no instrument in any unit comes near it.
const plausible = 1e15

// Check turns what a dialect read into readings: station and parameter found, unit converted, time and number judged. It
// appends to in.Readings and in.Rejects. resends, if not nil, finds the time of messages that bring none and come again.
func Check(reg *geo.Registry, cat *Catalogue, resends *Resends, d *Decoded, in *Intake) {
	in.Dialect = d.Dialect
	c := checker{reg: reg, cat: cat, in: in, resends: resends, marks: d.Marks}
	for _, r := range d.Rejects {
		c.refuse(r)
	}
	c.topicStation, c.topicName = stationOfTopic(reg, in.Delivery.Topic)
	if n := max(len(d.Items), len(d.Marks)); n > MaxItems {
		c.refuse(Reject{Reason: ReasonTooManyItems, Detail: fmt.Sprintf("%d values or messages; at most %d", n, MaxItems)})
		d.Items, d.Marks = nil, nil
	}
	in.Readings = slices.Grow(in.Readings, len(d.Items))
	for i := range d.Items {
		c.item(&d.Items[i])
	}
	for _, m := range d.Marks {
		if s, reject := c.station(m.Station, 0); reject == nil {
			m.Station = s.ID
			in.Marks = append(in.Marks, m)
		}
	}
	if len(in.Readings) == 0 && len(in.Rejects) == 0 {
		c.refuse(Reject{Reason: ReasonNoValues, Detail: "the payload holds no values"})
	}
}

type checker struct {
	reg          *geo.Registry
	cat          *Catalogue
	in           *Intake
	topicStation *geo.Station
	topicName    string
	lastName     string
	last         *geo.Station

	resends *Resends
	marks   []Mark
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
	if c.resends == nil {
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
		at = c.resends.FirstSeen(m, d.ReceivedAt)
		c.firstSeen[key] = at
	}
	return at
}

func (c *checker) item(it *Item) {
	p, ok := c.cat.Resolve(it.Name)
	if !ok {
		p, ok = c.splitTag(it)
	}
	s, reject := c.station(it.Station, it.Index)
	if reject != nil {
		// One unknown station is one reason, not one for each of its values.
		if n := len(c.in.Rejects); n == 0 || c.in.Rejects[n-1] != *reject {
			c.refuse(*reject)
		}
		return
	}
	if !ok {
		c.reject(it, ReasonUnknownParameter, fmt.Sprintf("parameter %q is not in the catalogue", clip(it.Name)))
		return
	}
	r := Reading{
		Station: s.ID, Parameter: p.Code, Value: it.Value, Unit: p.Unit, Status: it.Status, Flags: it.Flags,
		MeasuredAt: it.MeasuredAt.UTC(), ReceivedAt: c.in.Delivery.ReceivedAt,
	}
	if it.MeasuredAt.IsZero() {
		r.MeasuredAt = c.assumedTime(s.ID, it.Index)
		r.Flags |= ClockAssumed
	}
	switch age := r.ReceivedAt.Sub(r.MeasuredAt); {
	case age < -MaxAhead:
		r.Flags |= Future
		ahead := r.MeasuredAt.Sub(r.ReceivedAt).Round(time.Second) // not -age, which overflows for the year 9999
		c.reject(it, ReasonFuture, fmt.Sprintf("measured_at %s lies %s ahead; at most %s", r.MeasuredAt.Format(time.RFC3339), ahead, MaxAhead))
	case age > MaxAge:
		r.Flags |= TooOld
		c.reject(it, ReasonTooOld, fmt.Sprintf("measured_at %s is older than 60 days", r.MeasuredAt.Format(time.RFC3339)))
	case age > LateAfter:
		r.Flags |= Late
	}
	c.judge(&r, s, p, it)
	if r.Flags&(Future|TooOld) != 0 {
		c.in.Aged = append(c.in.Aged, r)
		return
	}
	c.in.Readings = append(c.in.Readings, r)
}

// judge converts the unit and decides whether the value is usable.
func (c *checker) judge(r *Reading, s *geo.Station, p *Parameter, it *Item) {
	if r.Status == Other {
		r.Flags |= StatusUnknown
	}
	if !slices.Contains(s.Parameters, p.Code) {
		r.Flags |= Undeclared
	}
	if math.IsInf(r.Value, 0) {
		r.Value = math.NaN()
	}
	if math.IsNaN(r.Value) {
		if r.Flags&NaNLiteral == 0 {
			r.Flags |= NotANumber
		}
		return
	}
	if c.cat.isSentinel(r.Value) {
		r.Flags |= Sentinel
		return
	}
	v, flags := c.cat.Convert(p, r.Value, it.Unit)
	if math.IsInf(v, 0) { // a huge number in a large unit
		r.Value, r.Flags = math.NaN(), r.Flags|flags|NotANumber
		return
	}
	r.Value, r.Flags = v, r.Flags|flags
	if flags&UnitUnknown != 0 {
		r.Unit = cut(it.Unit, maxUnit)
		return
	}
	inside := math.Abs(v) <= plausible
	if !inside {
		r.Flags |= OutOfRange
	}
	if rng, ok := rangeOf(s, p); ok {
		if v < rng.Min || v > rng.Max {
			r.Flags |= OutOfRange
		}
		inside = inside && v >= rng.Min && v <= overRange*rng.Max
	}
	if v < 0 {
		r.Flags |= Negative
	}
	r.Usable = inside && r.Status == Measuring
}

func rangeOf(s *geo.Station, p *Parameter) (geo.Range, bool) {
	if rng, ok := s.Ranges[p.Code]; ok {
		return rng, true
	}
	if p.Range == nil {
		return geo.Range{}, false
	}
	return *p.Range, true
}

// station finds whom an item speaks of: the topic first, then the payload.
func (c *checker) station(named string, index int) (*geo.Station, *Reject) {
	s := c.topicStation
	switch {
	case s != nil:
	case named != "" && named == c.lastName:
		s = c.last
	case named != "":
		s, _ = resolveName(c.reg, named)
		c.lastName, c.last = named, s
	}
	switch {
	case s == nil && named == "" && c.topicName == "":
		return nil, &Reject{Index: index, Reason: ReasonNoStation, Detail: `neither the topic nor a field "station" names a station`}
	case s == nil:
		if named == "" {
			named = c.topicName
		}
		return nil, &Reject{Index: index, Reason: ReasonUnknownStation, Detail: fmt.Sprintf("no station has the id or alias %q", clip(named))}
	case c.in.Delivery.Allowed != nil && !c.in.Delivery.Allowed(s.ID):
		return nil, &Reject{Index: index, Reason: ReasonNotPermitted, Detail: fmt.Sprintf("gateway %q may not publish for station %q", c.in.Delivery.Gateway, s.ID)}
	}
	return s, nil
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

// stationOfTopic looks for a topic level that is a station's id or alias. The name is the level of the native topic
// quantrac/v1/{station}/readings even when no such station exists, so that the answer can say so.
func stationOfTopic(reg *geo.Registry, topic string) (*geo.Station, string) {
	if topic == "" {
		return nil, ""
	}
	n := 0
	for level := range strings.SplitSeq(topic, "/") {
		if s, ok := resolveName(reg, level); ok {
			return s, level
		}
		if n++; n == maxLevels {
			break
		}
	}
	if rest, ok := strings.CutPrefix(topic, "quantrac/v1/"); ok {
		name, _, _ := strings.Cut(rest, "/")
		return nil, name
	}
	return nil, ""
}

// Bounds of the search for a name, which tries its parts: what a stranger makes long must not make it slow.
const (
	maxName      = 256 // bytes
	maxLevels    = 32  // of a topic
	maxNameParts = 8   // of a file name
	maxTagParts  = 16
)

// resolveName finds the station that a name speaks of: the whole name, or the longest run of its parts between underscores, as
// in the file name TinhTP_CoSo_Tram_yyyyMMddHHmmss.txt.
func resolveName(reg *geo.Registry, name string) (*geo.Station, bool) {
	if len(name) > maxName {
		return nil, false
	}
	if s, ok := reg.Resolve(name); ok {
		return s, true
	}
	base, _, _ := strings.Cut(name, ".")
	parts := strings.Split(base, "_")
	if len(parts) > maxNameParts || len(parts) == 1 && base == name {
		return nil, false
	}
	for n := len(parts); n > 0; n-- {
		for from := 0; from+n <= len(parts); from++ {
			if s, ok := reg.Resolve(strings.Join(parts[from:from+n], "_")); ok {
				return s, true
			}
		}
	}
	return nil, false
}

// splitTag reads a tag DEVICE_PARAMETER or device:parameter: the part behind a separator is the parameter, the part before it
// the station, where nothing else names one.
func (c *checker) splitTag(it *Item) (*Parameter, bool) {
	if len(it.Name) > maxName {
		return nil, false
	}
	tries := 0
	for i, r := range it.Name {
		if r != '_' && r != ':' && r != '.' && r != '/' || i == 0 || i+1 == len(it.Name) {
			continue
		}
		if tries++; tries > maxTagParts {
			break
		}
		p, ok := c.cat.Resolve(it.Name[i+1:])
		if !ok {
			continue
		}
		if it.Station == "" && c.topicStation == nil {
			it.Station = it.Name[:i]
		}
		return p, true
	}
	return nil, false
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

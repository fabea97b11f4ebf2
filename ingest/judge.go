package ingest

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"quantrac/geo"
)

// overRange is the share above its range that an instrument may still be believed.
const overRange = 1.2

// plausible is the greatest size of a number that is judged. Beyond it ratios and means could become infinite, which no
// alert and no answer can carry; no instrument in any unit comes near it.
const plausible = 1e15

// judge converts the unit and decides whether the value is usable.
func (c *checker) judge(r *Reading, s *geo.Station, m meaning, it *Item) {
	if r.Status == Other {
		r.Flags |= StatusUnknown
	}
	if !slices.Contains(s.Parameters, m.p.Code) {
		r.Flags |= Undeclared
	}
	if s.Thousands != "" && it.Text != "" {
		regroup(r, it.Text, s.Thousands[0])
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
	if c.Catalogue.isSentinel(r.Value) || slices.Contains(s.Sentinels, r.Value) {
		r.Flags |= Sentinel
		return
	}
	c.convert(r, s, m, it)
	if r.Flags&(NotANumber|UnitUnknown) == 0 {
		r.Usable = inRange(r, s, m.p) && r.Status == Measuring
	}
}

// convert brings the value into the canonical unit and substance.
func (c *checker) convert(r *Reading, s *geo.Station, m meaning, it *Item) {
	v, unit := r.Value, it.Unit
	if c.Catalogue.saysNoUnit(unit) {
		unit = s.Units[m.p.Code]
		if m.mapping != nil && m.mapping.Unit != "" {
			unit = m.mapping.Unit
		}
	}
	factor := s.Factors[m.p.Code]
	if m.mapping != nil && m.mapping.Factor != 0 {
		factor = m.mapping.Factor
	}
	if factor != 0 && factor != 1 {
		v *= factor
		r.Flags |= UnitConverted
	}
	v, flags := c.Catalogue.Convert(m.p, v, unit)
	if flags&UnitUnknown != 0 {
		r.Unit = cut(unit, maxUnit)
	} else if basis := s.Basis[m.p.Code]; basis != "" {
		if factor := m.p.Bases[basis]; factor != 0 {
			v *= factor
			flags |= UnitConverted
		}
	}
	r.Flags |= flags
	if math.IsInf(v, 0) { // a huge number in a large unit
		r.Flags |= NotANumber
		v = math.NaN()
	}
	r.Value = v
}

// inRange flags a value outside the instrument's range, and reports whether it may still be believed.
func inRange(r *Reading, s *geo.Station, p *Parameter) bool {
	inside := math.Abs(r.Value) <= plausible
	if !inside {
		r.Flags |= OutOfRange
	}
	if rng, ok := rangeOf(s, p); ok {
		if r.Value < rng.Min || r.Value > rng.Max {
			r.Flags |= OutOfRange
		}
		inside = inside && r.Value >= rng.Min && r.Value <= overRange*rng.Max
	}
	if r.Value < 0 {
		r.Flags |= Negative
	}
	return inside
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

// regroup reads a number again that was written with a separator between thousands, where its groups are such: one to three
// digits, then three each. A separator of thousands leaves the other of point and comma for decimals.
func regroup(r *Reading, text string, thousands byte) {
	text = strings.TrimSpace(text)
	whole, fraction := text, ""
	decimal := byte('.')
	if thousands == '.' {
		decimal = ','
	}
	if i := strings.IndexByte(text, decimal); i >= 0 {
		whole, fraction = text[:i], text[i+1:]
	} else if i := strings.IndexByte(text, ','); i >= 0 && thousands != ',' { // a decimal comma beside spaces and the like
		whole, fraction = text[:i], text[i+1:]
	}
	sign := ""
	if strings.HasPrefix(whole, "-") || strings.HasPrefix(whole, "+") {
		sign, whole = whole[:1], whole[1:]
	}
	groups := strings.Split(whole, string(thousands))
	if len(groups) < 2 || len(text) > maxDigits {
		return
	}
	for i, g := range groups {
		if strings.Trim(g, "0123456789") != "" || len(g) > 3 || len(g) == 0 || i > 0 && len(g) < 3 {
			return
		}
	}
	if strings.Trim(fraction, "0123456789") != "" {
		return
	}
	v, err := strconv.ParseFloat(sign+strings.Join(groups, "")+"."+fraction, 64)
	if err != nil {
		return
	}
	r.Value = v
	r.Flags &^= NotANumber
}

// maxDigits is the longest text that regroup reads, in bytes.
const maxDigits = 64

// zoned is the time of a station's device in UTC. A local time was read as Vietnamese; it is moved to the station's zone.
func zoned(t time.Time, local bool, s *geo.Station) time.Time {
	if zone := s.Local(); local && zone != geo.ICT() && !t.IsZero() {
		t = t.In(geo.ICT())
		t = time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), zone)
	}
	return t.UTC()
}

// judgeAge flags a reading for its age, with a reason where it is to be refused.
//
// A clock that is off by the station's offset from UTC, so that a current reading seems that much old or new, took one for the
// other; it is flagged however the time was written. A back-fill passes through that age too, and is flagged for these 20 min:
// the flag informs and changes nothing else.
func judgeAge(r *Reading, s *geo.Station) (reason, detail string) {
	age := r.ReceivedAt.Sub(r.MeasuredAt)
	behind, ahead := false, false
	if age > LateAfter || age < -MaxAhead {
		_, seconds := r.MeasuredAt.In(s.Local()).Zone()
		offset := time.Duration(seconds) * time.Second
		behind, ahead = current(age-offset), current(age+offset)
	}
	if behind || ahead {
		r.Flags |= ClockSuspect
	}
	switch {
	case age < -MaxAhead:
		r.Flags |= Future
		lies := r.MeasuredAt.Sub(r.ReceivedAt).Round(time.Second) // not -age, which overflows for the year 9999
		detail = fmt.Sprintf("measured_at %s lies %s ahead; at most %s", r.MeasuredAt.Format(time.RFC3339), lies, MaxAhead)
		if ahead || behind {
			detail += "; by the offset of the station's zone: its clock seems to send local time as UTC"
		}
		return ReasonFuture, detail
	case age > MaxAge:
		r.Flags |= TooOld
		return ReasonTooOld, fmt.Sprintf("measured_at %s is older than 60 days", r.MeasuredAt.Format(time.RFC3339))
	case age > LateAfter:
		r.Flags |= Late
	}
	return "", ""
}

// current reports whether a reading of this age is one that was just made.
func current(age time.Duration) bool { return age >= -MaxAhead && age <= LateAfter }

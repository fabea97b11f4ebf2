package quality

import (
	"math"
	"slices"
	"strings"
	"time"

	"quantrac/ingest"
)

// counter is one of the figures that are counted for a station and hour.
type counter uint8

const (
	// Why a reading is not right, the first that applies; by measured_at.
	fault counter = iota
	calibrating
	noNumber
	unitUnknown
	outOfRange
	suspect
	// late are the readings that came as back-fill; by measured_at.
	late
	// What the ledger counts; from here on by received_at.
	stored
	quarantined
	duplicate
	revised
	// doubtful are the stored readings that stand still or jump.
	doubtful
	// Why a stored reading is not uniform, the first that applies.
	oddUnit
	oddClock
	oddName
	oddStatus
	// converted are the stored readings whose unit was another known one.
	converted
	// Rejected parts of deliveries whose names mean nothing.
	unmappedParameter
	unmappedStation
	// aliveSeconds is how long the newest record was at most aliveFor old; by the clock.
	aliveSeconds
	// clockSuspect are the stored readings whose time seems off by a time zone.
	clockSuspect

	counters
)

// lagBounds are the upper ends, in seconds, of the classes in which received − measured of live readings is counted. A reading that is
// later is back-fill.
var lagBounds = [...]int32{1, 2, 5, 10, 20, 30, 60, 90, 120, 180, 240, 300, 420, 600, 900}

func lagClass(d time.Duration) int {
	for i, bound := range lagBounds {
		if d <= time.Duration(bound)*time.Second {
			return i
		}
	}
	return len(lagBounds) - 1
}

// hour is what is counted for a station and hour.
type hour struct {
	n   [counters]int32
	lag [len(lagBounds)]int32
	// slots has a bit for each twelfth of the hour in which something was measured.
	slots uint16
	// params are by their place in the day's list; it may be shorter than that.
	params []paramCount
}

// paramCount counts the readings of one parameter by measured_at.
type paramCount struct{ received, wrong int32 }

func (h *hour) param(i int) *paramCount {
	if i >= len(h.params) {
		h.params = append(h.params, make([]paramCount, i+1-len(h.params))...)
	}
	return &h.params[i]
}

// wrongness is why a reading is not right; ok is false when it is right.
func wrongness(r *ingest.Reading) (why counter, ok bool) {
	const unread = ingest.NotANumber | ingest.NaNLiteral | ingest.Sentinel
	switch {
	case r.Status == ingest.Calibrating:
		return calibrating, true
	case r.Status != ingest.Measuring:
		return fault, true
	case math.IsNaN(r.Value) || r.Flags&unread != 0:
		return noNumber, true
	case r.Flags&ingest.UnitUnknown != 0:
		return unitUnknown, true
	case r.Flags&ingest.OutOfRange != 0 || !r.Usable:
		return outOfRange, true
	case r.Flags&(ingest.Flatline|ingest.Spike) != 0:
		return suspect, true
	}
	return 0, false
}

// oddness is why a reading is not uniform.
func oddness(r *ingest.Reading) (why counter, ok bool) {
	switch {
	case r.Flags&ingest.UnitUnknown != 0:
		return oddUnit, true
	case r.Flags&ingest.ClockAssumed != 0:
		return oddClock, true
	case r.Flags&ingest.Undeclared != 0:
		return oddName, true
	case r.Flags&ingest.StatusUnknown != 0:
		return oddStatus, true
	}
	return 0, false
}

// measured takes a reading at the hour in which it was measured. live says that it did not come again out of quarantine.
func (h *hour) measured(r *ingest.Reading, param int, live bool) {
	p := h.param(param)
	p.received++
	if why, wrong := wrongness(r); wrong {
		p.wrong++
		h.n[why]++
	}
	switch {
	case r.Flags&ingest.Late != 0:
		h.n[late]++
	case live && r.Flags&ingest.ClockAssumed == 0:
		h.lag[lagClass(r.ReceivedAt.Sub(r.MeasuredAt))]++
	}
	second := r.MeasuredAt.Unix()
	h.slots |= 1 << ((second - hourOf(second)*secondsPerHour) / slotSeconds)
}

// received takes a reading at the hour in which it came.
func (h *hour) received(r *ingest.Reading) {
	if r.Flags&(ingest.Flatline|ingest.Spike) != 0 {
		h.n[doubtful]++
	}
	if why, odd := oddness(r); odd {
		h.n[why]++
	}
	if r.Flags&ingest.ClockSuspect != 0 {
		h.n[clockSuspect]++
	}
	if r.Flags&ingest.UnitConverted != 0 {
		h.n[converted]++
	}
}

// day is what is counted for a station and local day. Of a day whose hours were given up, all is in the first.
type day struct {
	params []string
	hours  [24]*hour
}

// param is the place of a parameter; hint is where it may be.
func (d *day) param(code string, hint int) int {
	if hint < len(d.params) && d.params[hint] == code {
		return hint
	}
	if i := slices.Index(d.params, code); i >= 0 {
		return i
	}
	d.params = append(d.params, strings.Clone(code))
	return len(d.params) - 1
}

func (d *day) hour(i int64) *hour {
	if d.hours[i] == nil {
		d.hours[i] = &hour{params: make([]paramCount, 0, len(d.params))}
	}
	return d.hours[i]
}

// add adds another day; intoFirst puts all of it into the first hour.
func (d *day) add(o *day, intoFirst bool) {
	at := make([]int, len(o.params))
	for i, code := range o.params {
		at[i] = d.param(code, i)
	}
	for i, from := range o.hours {
		if from == nil {
			continue
		}
		if intoFirst {
			i = 0
		}
		d.hour(int64(i)).add(from, at)
	}
	if intoFirst {
		d.hours[0].slots = 0
	}
}

// add adds another hour whose parameters are found at other places.
func (h *hour) add(o *hour, at []int) {
	for i, n := range o.n {
		h.n[i] += n
	}
	for i, n := range o.lag {
		h.lag[i] += n
	}
	h.slots |= o.slots
	for i, p := range o.params {
		to := h.param(at[i])
		to.received += p.received
		to.wrong += p.wrong
	}
}

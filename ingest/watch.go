package ingest

import (
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"quantrac/geo"
)

// Watch flags values that stand still or jump, by the bounds of the catalogue. It judges records in the order of their
// measured_at: one that is not newer than the newest judged of its (station, parameter), such as a resend or an interleaved
// back-fill, is neither judged nor remembered. Only usable values count, and nothing stands still while the station's flow_out
// is known to be 0. It flags and never changes Usable.
//
// A series takes 64 bytes and a station about 150 more: below 1 KiB for eight parameters. Only what registry and catalogue know
// takes room, until the process ends. It is safe for concurrent use; stations do not wait for each other.
type Watch struct {
	cat      *Catalogue
	stations sync.Map // of station id to *watched
}

const (
	// medianOf is how many records make the median that a jump is measured against, medianFrom how few suffice.
	medianOf, medianFrom = 7, 4
	// maxJumps is how many records in a row are taken for a spike. What lasts longer is a step, and true.
	maxJumps = 2
	// maxRun bounds the counter of equal records.
	maxRun = math.MaxUint16
	// forgotten is after how many cycles without a record a series begins anew.
	forgotten = 12
	// dischargeOf is the parameter that tells whether a station discharges.
	dischargeOf = "flow_out"
)

// watched is what is remembered of a station.
type watched struct {
	mu     sync.Mutex
	series []series
	// flowAt is when flow_out was measured last, in Unix ns; dry: it was 0.
	flowAt int64
	dry    bool
}

// series is what is remembered of a parameter at a station.
type series struct {
	p *Parameter
	// at is the newest measured_at, in Unix ns, last the value then.
	at   int64
	last float64
	// ring holds the last values, next is the place of the next one, n how many there are.
	ring    [medianOf]float32
	run     uint16
	n, next uint8
	// jumps is how many records in a row have jumped.
	jumps uint8
}

// NewWatch makes a watch that knows nothing yet.
func NewWatch(cat *Catalogue) *Watch { return &Watch{cat: cat} }

// Learn takes what the log holds of the time before a restart. Entries come in the order of the log.
func (w *Watch) Learn(reg *geo.Registry, in *Intake) {
	if in.Delivery.Retry == "" {
		w.judge(reg, slices.Clone(in.Readings))
	}
}

// judge flags readings of one delivery.
func (w *Watch) judge(reg *geo.Registry, readings []Reading) {
	for i := 1; i < len(readings); i++ {
		if byStationAndTime(&readings[i-1], &readings[i]) > 0 {
			w.judgeUnsorted(reg, readings)
			return
		}
	}
	for len(readings) > 0 {
		n := 1
		for n < len(readings) && readings[n].Station == readings[0].Station {
			n++
		}
		if s, ok := reg.Station(readings[0].Station); ok {
			w.of(s.ID).judge(w.cat, s.Cycle, readings[:n])
		}
		readings = readings[n:]
	}
}

// judgeUnsorted judges in the order of time, and leaves the readings where they are.
func (w *Watch) judgeUnsorted(reg *geo.Registry, readings []Reading) {
	order := make([]int, len(readings))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return byStationAndTime(&readings[a], &readings[b]) })
	sorted := make([]Reading, len(readings))
	for i, at := range order {
		sorted[i] = readings[at]
	}
	w.judge(reg, sorted)
	for i, at := range order {
		readings[at].Flags = sorted[i].Flags
	}
}

func byStationAndTime(a, b *Reading) int {
	if order := strings.Compare(a.Station, b.Station); order != 0 {
		return order
	}
	return a.MeasuredAt.Compare(b.MeasuredAt)
}

func (w *Watch) of(station string) *watched {
	if s, ok := w.stations.Load(station); ok {
		return s.(*watched)
	}
	s, _ := w.stations.LoadOrStore(station, &watched{})
	return s.(*watched)
}

// judge takes readings of one station in the order of time.
func (s *watched) judge(cat *Catalogue, cycle time.Duration, readings []Reading) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(readings) > 0 {
		at := readings[0].MeasuredAt
		n := 1
		for n < len(readings) && readings[n].MeasuredAt.Equal(at) {
			n++
		}
		s.judgeInstant(cat, forgotten*int64(cycle), readings[:n])
		readings = readings[n:]
	}
}

// judgeInstant takes what was measured at one instant. keep is how long what is known holds, in ns.
func (s *watched) judgeInstant(cat *Catalogue, keep int64, readings []Reading) {
	at := readings[0].MeasuredAt.UnixNano()
	for i := range readings {
		if r := &readings[i]; r.Parameter == dischargeOf && r.Usable && at > s.flowAt {
			s.flowAt, s.dry = at, r.Value <= 0
		}
	}
	dry := s.dry && at-s.flowAt <= keep
	hint := 0
	for i := range readings {
		r := &readings[i]
		if !r.Usable {
			continue
		}
		var x *series
		if x, hint = s.find(cat, r.Parameter, hint); x == nil || at <= x.at {
			continue
		}
		if at-x.at > keep {
			*x = series{p: x.p}
		}
		r.Flags |= x.add(at, r.Value, dry)
	}
}

// find is the series of a parameter; nil for one that the catalogue never doubts. hint is where it may be, and next where the
// one behind it may be.
func (s *watched) find(cat *Catalogue, parameter string, hint int) (x *series, next int) {
	for i := range s.series {
		if at := (hint + i) % len(s.series); s.series[at].p.Code == parameter {
			return &s.series[at], at + 1
		}
	}
	p, ok := cat.Parameter(parameter)
	if !ok || p.Flatline == 0 && p.Spike == nil {
		return nil, hint
	}
	s.series = append(s.series, series{p: p})
	return &s.series[len(s.series)-1], len(s.series)
}

// add judges a record that is newer than all before it, and remembers it.
func (x *series) add(at int64, v float64, dry bool) Flags {
	var flags Flags
	switch {
	case dry:
		x.run = 0
	case x.run > 0 && v == x.last:
		x.run = min(x.run, maxRun-1) + 1
	default:
		x.run = 1
	}
	if x.p.Flatline > 0 && int(x.run) >= x.p.Flatline {
		flags |= Flatline
	}
	switch {
	case !x.jumped(v):
		x.jumps = 0
	case x.jumps < maxJumps:
		x.jumps++
		flags |= Spike
	}
	x.ring[x.next] = float32(v)
	x.next = (x.next + 1) % medianOf
	x.n = min(x.n+1, medianOf)
	x.at, x.last = at, v
	return flags
}

// jumped reports whether a value lies too far from the median of the last records.
func (x *series) jumped(v float64) bool {
	sp := x.p.Spike
	if sp == nil || x.n < medianFrom {
		return false
	}
	m := x.median()
	if math.Abs(v-m) < sp.Min {
		return false
	}
	return sp.Factor == 0 || v > sp.Factor*m || v < m/sp.Factor
}

// median is that of the ring, the upper one of an even number.
func (x *series) median() float64 {
	sorted := x.ring
	values := sorted[:x.n]
	slices.Sort(values)
	return float64(values[len(values)/2])
}

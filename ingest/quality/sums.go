package quality

import (
	"context"
	"fmt"
	"slices"
	"time"

	"quantrac/geo"
)

// span is a stretch of whole hours, to exclusive. end, in Unix seconds, is where it ends for what is expected: not behind the present.
type span struct{ from, to, end int64 }

// spanOf is the span of whole hours that holds two times. Where hours were given up it is one of whole days.
func (s *Store) spanOf(from, to time.Time) span {
	now := s.opt.Now().Unix()
	sp := span{from: hourOf(from.Unix()), to: hourOf(to.Add(time.Hour - 1).Unix())}
	gone := dayOf(hourOf(now)) - hourlyDays
	if d := dayOf(sp.from); d <= gone {
		sp.from = firstHour(d)
	}
	if d := dayOf(sp.to - 1); d <= gone {
		sp.to = firstHour(d + 1)
	}
	sp.to = max(sp.to, sp.from)
	sp.end = min(sp.to*secondsPerHour, max(now, sp.from*secondsPerHour))
	return sp
}

// sum is what a span holds of one station, or of many.
type sum struct {
	n   [counters]int64
	lag [len(lagBounds)]int64
	// received and wrong are of all readings; overdue are those that are only wrong because the calibration is overdue.
	received, wrong, overdue int64
	// expected, covered and declared are of the declared parameters: declared are the received ones, covered at most as many of them a
	// day as expected.
	expected, covered, declared int64
	// alive and aliveOf are seconds.
	alive, aliveOf int64
	stations       int64
	aliveNow       int64
	// calibrated counts the declared parameters whose instrument is in date, overdueNow those where it is not, uncalibrated those of
	// which that is not known.
	calibrated, overdueNow, uncalibrated int64
	// skewed are the readings of stations most of whose times are off by a time zone. A back-fill passes through that age too: a few are
	// no sign of anything.
	skewed int64
	// gone is for how many seconds the newest record of a station has been too old.
	gone int64
}

func (a *sum) add(b *sum) {
	for i, n := range b.n {
		a.n[i] += n
	}
	for i, n := range b.lag {
		a.lag[i] += n
	}
	for _, f := range [...]struct {
		to *int64
		n  int64
	}{
		{&a.received, b.received},
		{&a.wrong, b.wrong},
		{&a.overdue, b.overdue},
		{&a.expected, b.expected},
		{&a.covered, b.covered},
		{&a.declared, b.declared},
		{&a.alive, b.alive},
		{&a.aliveOf, b.aliveOf},
		{&a.stations, b.stations},
		{&a.aliveNow, b.aliveNow},
		{&a.calibrated, b.calibrated},
		{&a.skewed, b.skewed},
		{&a.overdueNow, b.overdueNow},
		{&a.uncalibrated, b.uncalibrated},
	} {
		*f.to += f.n
	}
}

// booked is the sum that the ledger calls received.
func (a *sum) booked() int64 { return a.n[stored] + a.n[quarantined] + a.n[duplicate] + a.n[revised] }

// station adds up one station.
type station struct {
	sum
	of *geo.Station
	// begin is from when on anything is expected, in Unix seconds; none = nothing is yet.
	begin int64
	// from and to bound what is expected, now is the present, in Unix seconds.
	from, to, now int64
	// params are the declared parameters, in their order.
	params []paramSum
}

type paramSum struct {
	code              string
	expected, covered int64
	// known: the registry says when the instrument is due; overdue is the first local day behind that.
	known   bool
	overdue int64
}

// newStation prepares a station. The newest cycle before the present is not asked for yet.
func newStation(of *geo.Station, begin int64, sp span, now int64) *station {
	st := &station{of: of, begin: begin, now: now, params: make([]paramSum, len(of.Parameters))}
	st.stations = 1
	if begin != none {
		cycle := int64((of.Cycle + time.Second - 1) / time.Second)
		st.from, st.to = max(sp.from*secondsPerHour, begin), min(sp.end, now-cycle)
	}
	today := dayOf(hourOf(now))
	for i, code := range of.Parameters {
		p := &st.params[i]
		p.code, p.expected = code, expected(st.from, st.to, of.Cycle)
		st.expected += p.expected
		for j := range of.Instruments {
			if in := &of.Instruments[j]; slices.Contains(in.Parameters, code) && !in.Due.IsZero() {
				p.known, p.overdue = true, -floor(-in.Due.Unix()-zone, secondsPerDay)
			}
		}
		switch {
		case !p.known:
			st.uncalibrated++
		case p.overdue <= today:
			st.overdueNow++
		default:
			st.calibrated++
		}
	}
	return st
}

// expected is how many records one parameter should have between two times in Unix seconds: the multiples of the cycle.
func expected(from, to int64, cycle time.Duration) int64 {
	if to <= from || cycle <= 0 {
		return 0
	}
	upTo := func(seconds int64) int64 { return -floor(-seconds*int64(time.Second), int64(cycle)) }
	return upTo(to) - upTo(from)
}

// stretch is the hours of one local day that a span holds.
type stretch struct {
	day      int64
	from, to int64 // hours, to exclusive
}

func (x stretch) whole() bool { return x.to-x.from == 24 }

// days cuts the span into local days.
func (sp span) days() []stretch {
	var out []stretch
	for h := sp.from; h < sp.to; {
		d := dayOf(h)
		next := min(sp.to, firstHour(d+1))
		out = append(out, stretch{d, h, next})
		h = next
	}
	return out
}

// hours calls visit with what a day holds of the stretch. A day without hours is taken whole.
func (x stretch) hours(d *day, daily bool, visit func(*hour)) {
	first := firstHour(x.day)
	for i, h := range d.hours {
		if h != nil && (daily || first+int64(i) >= x.from && first+int64(i) < x.to) {
			visit(h)
		}
	}
}

// take adds what is counted without regard to what was declared.
func (a *sum) take(h *hour) {
	for i, n := range h.n {
		a.n[i] += int64(n)
	}
	for i, n := range h.lag {
		a.lag[i] += int64(n)
	}
	a.alive += int64(h.n[aliveSeconds])
	for _, p := range h.params {
		a.received += int64(p.received)
		a.wrong += int64(p.wrong)
	}
}

// take adds a day.
func (st *station) take(x stretch, d *day, daily bool) {
	var of []paramCount
	x.hours(d, daily, func(h *hour) {
		st.sum.take(h)
		if len(of) < len(h.params) {
			of = append(of, make([]paramCount, len(h.params)-len(of))...)
		}
		for i, p := range h.params {
			of[i].received += p.received
			of[i].wrong += p.wrong
		}
	})
	most := expected(max(st.from, x.from*secondsPerHour), min(st.to, x.to*secondsPerHour), st.of.Cycle)
	for i, n := range of {
		j := slices.Index(st.of.Parameters, d.params[i])
		if j < 0 {
			continue
		}
		p := &st.params[j]
		if p.known && p.overdue <= x.day {
			st.overdue += int64(n.received - n.wrong)
		}
		st.declared += int64(n.received)
		p.covered += min(int64(n.received), most)
	}
}

// close ends the sums.
func (st *station) close(sp span, now int64, of *state) {
	for i := range st.params {
		st.covered += st.params[i].covered
	}
	if 2*st.n[clockSuspect] > st.n[stored] {
		st.skewed = st.n[clockSuspect]
	}
	if of == nil {
		return
	}
	switch {
	case of.aliveUntil > now:
		st.aliveNow = 1
	case of.aliveUntil > 0:
		st.gone = max(1, now-of.aliveUntil)
	}
	if of.known != none {
		st.aliveOf = max(0, sp.end-max(sp.from*secondsPerHour, of.known))
	}
	// The newest record keeps its station alive beyond the present.
	st.alive = max(0, st.alive-max(0, min(of.aliveUntil, sp.to*secondsPerHour)-sp.end))
	st.alive = min(st.alive, st.aliveOf)
}

// sums reads a span: the stations of the registry in its order, and what belongs to none of them.
func (s *Store) sums(ctx context.Context, sp span) (stations []*station, others sum, err error) {
	now, reg := s.opt.Now().Unix(), s.opt.Registry()
	states := s.statesNow()
	byID := make(map[string]*station, len(reg.Stations()))
	for i := range reg.Stations() {
		of := &reg.Stations()[i]
		begin := int64(none)
		if st, ok := states[of.ID]; ok {
			if b, ok := st.begin(); ok {
				begin = max(b, s.floor*secondsPerHour)
			}
		}
		st := newStation(of, begin, sp, now)
		stations = append(stations, st)
		byID[of.ID] = st
	}
	for _, x := range sp.days() {
		for shard := range uint32(shards) {
			p, err := s.readStretch(ctx, place{x.day, shard}, x)
			if err != nil {
				return nil, sum{}, fmt.Errorf("figures of quality: %w", err)
			}
			for id, d := range p.stations {
				if st := byID[id]; st != nil {
					st.take(x, d, p.daily)
				} else {
					x.hours(d, p.daily, others.take)
				}
			}
		}
	}
	for _, st := range stations {
		var of *state
		if known, ok := states[st.of.ID]; ok {
			of = &known
		}
		st.close(sp, now, of)
	}
	return stations, others, nil
}

func (s *Store) readStretch(ctx context.Context, p place, x stretch) (*part, error) {
	if x.whole() {
		return s.wholeDay(ctx, p)
	}
	return s.whole(ctx, p, false)
}

// statesNow is a copy of what is remembered of the stations.
func (s *Store) statesNow() map[string]state {
	s.mu.RLock()
	defer s.mu.RUnlock()
	out := map[string]state{}
	for _, set := range s.states {
		for id, st := range set.stations {
			out[id] = *st
		}
	}
	return out
}

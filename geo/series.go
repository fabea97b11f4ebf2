package geo

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// Sample is one measured place, without any notion of what was measured: Value is a ratio to a limit, 1 = at the limit.
// Samples with one ID are one place: its parameters, and their values over time. A sample whose value is no number is none.
type Sample struct {
	ID    string
	Point Point
	Value float64
	// Weight scales the place's part of a score; 0 counts as 1.
	Weight float64
	// Parameter names what Value is about.
	Parameter string
	At        time.Time
}

// mostPeaks bounds what is remembered of one place. With a window of 24 h it is a peak every 22 minutes, and a place needs
// that many peaks, each lower than the last, before anything is forgotten.
const mostPeaks = 64

// series is what one place has measured of late: of each parameter the newest sample, and of all of them the peaks.
type series struct {
	latest []Sample // by parameter, each once
	// peaks are the samples that can still become the greatest decayed value: ascending in time, and each weighs more than
	// every later one. Decay is exponential, so which of two weighs more never changes.
	peaks []Sample
}

// memory says how long and how strongly a sample counts.
type memory struct {
	window, halfLife, fresh time.Duration
}

// decay is the factor of a value of that age: 1 at 0, 1/2 at the half-life.
func (m memory) decay(age time.Duration) float64 {
	if age <= 0 {
		return 1
	}
	return math.Exp2(-float64(age) / float64(m.halfLife))
}

// outweighs reports whether a counts at least as much as b at any time.
func (m memory) outweighs(a, b Sample) bool {
	later := a.At.Sub(b.At)
	return a.Value*m.decay(-later) >= b.Value*m.decay(later)
}

// add takes a sample in, in any order of time. One with the parameter and time of an earlier one corrects it.
func (s *series) add(x Sample, m memory) {
	if math.IsInf(x.Value, 0) {
		x.Value = math.NaN()
	}
	same := func(y Sample) bool { return y.Parameter == x.Parameter && y.At.Equal(x.At) }
	s.peaks = slices.DeleteFunc(s.peaks, same)
	i := slices.IndexFunc(s.latest, func(y Sample) bool { return y.Parameter == x.Parameter })
	switch {
	case i < 0:
		s.latest = append(s.latest, x)
	case !x.At.Before(s.latest[i].At):
		s.latest[i] = x
	}
	if !(x.Value > 0) { // nothing to remember, and NaN has no place in an order
		return
	}
	at, _ := slices.BinarySearchFunc(s.peaks, x, func(y, x Sample) int { return cmp.Or(y.At.Compare(x.At), -1) })
	if at < len(s.peaks) && m.outweighs(s.peaks[at], x) {
		return
	}
	from := at
	for from > 0 && m.outweighs(x, s.peaks[from-1]) {
		from--
	}
	s.peaks = slices.Replace(s.peaks, from, at, x)
	if len(s.peaks) > mostPeaks {
		s.forget()
	}
}

// forget drops the peak that lies closest behind a greater one: it is missed least.
func (s *series) forget() {
	drop, gap := 1, time.Duration(math.MaxInt64)
	for i := 1; i < len(s.peaks); i++ {
		if d := s.peaks[i].At.Sub(s.peaks[i-1].At); d < gap {
			drop, gap = i, d
		}
	}
	s.peaks = slices.Delete(s.peaks, drop, drop+1)
}

// standing is what a place counts for at one time.
type standing struct {
	index     float64 // the greatest decayed value
	parameter string
	since     time.Time // of the earliest remembered sample at or above the threshold; else that of the index
}

// at judges the place. ok is false when nothing was measured within the window.
func (s *series) at(now time.Time, m memory, threshold float64) (st standing, ok bool) {
	st.index = math.Inf(-1)
	var above, driver time.Time
	consider := func(x Sample, grace time.Duration) {
		age := now.Sub(x.At)
		if age > m.window || math.IsNaN(x.Value) {
			return
		}
		ok = true
		if x.Value >= threshold && (above.IsZero() || x.At.Before(above)) {
			above = x.At
		}
		if v := x.Value * m.decay(age-grace); v > st.index {
			st.index, st.parameter, driver = v, x.Parameter, x.At
		}
	}
	for _, x := range s.latest {
		consider(x, m.fresh)
	}
	for _, x := range s.peaks {
		consider(x, 0)
	}
	st.since = driver
	if !above.IsZero() {
		st.since = above
	}
	return st, ok
}

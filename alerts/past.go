package alerts

import (
	"math"
	"sort"
	"time"

	"quantrac/geo"
	"quantrac/ingest"
)

// Grid is a row of instants: From, From + Every, Steps of them.
type Grid struct {
	From  time.Time
	Every time.Duration
	Steps int
}

// At is instant i.
func (g Grid) At(i int) time.Time { return g.From.Add(time.Duration(i) * g.Every) }

// Trail is the stored past of one parameter at one station, ascending in time: measured_at in ns since 1970, the value, NaN unless it is
// usable, and the status of the device.
type Trail struct {
	Parameter string
	At        []int64
	Value     []float64
	Status    []ingest.Status
}

// Past is how a station stood at each instant of a grid.
type Past struct {
	State []State
	// Index is NaN where there was none.
	Index []float64
	// Worst is the parameter that made the index; "" = there was none.
	Worst []string
	// Ratio, by trail and instant, is NaN where there was none; Value is the newest value, NaN where it was not usable.
	Ratio, Value [][]float64
	// Measured is when it was measured; zero = there was none.
	Measured [][]time.Time
}

// leastMemory is how long a value counts in the past, unless the cycle of the station is long.
const leastMemory = 2 * time.Hour

// MemoryOf is how long before an instant a station's readings still say something about it. What Live shows for ever, the past forgets
// then, so that how a station stood does not depend on where one begins to read.
func MemoryOf(st *geo.Station) time.Duration {
	return max(leastMemory, (offlineCycles+dryCycles)*st.Cycle)
}

// Past judges the past of a station by the limits that held then and the rules that Live judges the present by, as if every reading had come
// at once. Trails begin MemoryOf before the grid. False = there is no such station.
func (l *Live) Past(station string, trails []Trail, g Grid) (Past, bool) {
	l.mu.RLock()
	cfg := l.cfg
	held, ok := l.byID[station]
	l.mu.RUnlock()
	if !ok {
		return Past{}, false
	}
	p := Past{State: make([]State, g.Steps), Index: make([]float64, g.Steps), Worst: make([]string, g.Steps)}
	w := walker{station: liveStation{st: held.st}, memory: int64(MemoryOf(held.st))}
	for i := range trails {
		w.trails = append(w.trails, newWalk(&cfg, held.st, &trails[i]))
		p.Ratio, p.Value = append(p.Ratio, make([]float64, g.Steps)), append(p.Value, make([]float64, g.Steps))
		p.Measured = append(p.Measured, make([]time.Time, g.Steps))
	}
	for i := range g.Steps {
		w.to(g.At(i))
		p.State[i], p.Index[i] = w.station.state, w.station.index
		for k, t := range w.trails {
			p.Ratio[k][i], p.Value[k][i] = math.NaN(), math.NaN()
			if !t.known {
				continue
			}
			p.Ratio[k][i], p.Value[k][i], p.Measured[k][i] = t.series.ratio, t.series.reading.Value, t.series.reading.MeasuredAt
			if t.series.ratio == p.Index[i] && p.Worst[i] == "" {
				p.Worst[i] = t.trail.Parameter
			}
		}
	}
	return p, true
}

// walker moves a station through its past.
type walker struct {
	station liveStation
	trails  []*walk
	memory  int64
}

// walk is the place in one trail: entries before next have happened.
type walk struct {
	trail  *Trail
	series liveSeries
	next   int
	known  bool
}

func newWalk(cfg *LiveConfig, st *geo.Station, t *Trail) *walk {
	return &walk{trail: t, series: liveSeries{
		reading: ingest.Reading{Station: st.ID, Parameter: t.Parameter}, limits: cfg.Limits.spans(st, t.Parameter), colour: coloursOf(cfg.States, t.Parameter),
	}}
}

// to judges the station as it stood at an instant.
func (w *walker) to(now time.Time) {
	at := now.UnixNano()
	s := &w.station
	s.series, s.newest, s.dryFrom = s.series[:0], time.Time{}, time.Time{}
	for _, t := range w.trails {
		t.next += sort.Search(len(t.trail.At)-t.next, func(i int) bool { return t.trail.At[t.next+i] > at })
		newest := t.next - 1
		if t.known = newest >= 0 && t.trail.At[newest] > at-w.memory; !t.known {
			continue
		}
		t.take(newest)
		s.series = append(s.series, &t.series)
		if t.series.reading.MeasuredAt.After(s.newest) {
			s.newest = t.series.reading.MeasuredAt
		}
		if t.trail.Parameter == flowOut {
			s.dryFrom = t.dryFrom(at - w.memory)
		}
	}
	s.judge(now)
}

// take makes an entry the newest reading.
func (t *walk) take(i int) {
	r := &t.series.reading
	r.MeasuredAt, r.Value, r.Status = time.Unix(0, t.trail.At[i]).UTC(), t.trail.Value[i], t.trail.Status[i]
	r.Usable = !math.IsNaN(r.Value)
	t.series.judge()
}

// dryFrom is since when the flow reads 0, as far back as after; zero when it flows. Values that are not usable say nothing about it.
func (t *walk) dryFrom(after int64) time.Time {
	var from time.Time
	for i := t.next - 1; i >= 0 && t.trail.At[i] > after; i-- {
		switch v := t.trail.Value[i]; {
		case math.IsNaN(v):
		case v != 0:
			return from
		default:
			from = time.Unix(0, t.trail.At[i]).UTC()
		}
	}
	return from
}

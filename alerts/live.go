package alerts

import (
	"iter"
	"math"
	"slices"
	"sync"
	"time"

	"quantrac/geo"
	"quantrac/ingest"
)

// LiveConfig is what the live state is judged by. None of it changes while the Live does.
type LiveConfig struct {
	Registry *geo.Registry
	Limits   *Limits
	// States are the bounds of the colours; nil = BuiltinStates.
	States []StateBounds
	// Hotspots tune what is called a hotspot.
	Hotspots geo.HotspotOptions
}

// Live is the newest value of every parameter of every station, and the state that follows from it. It is a fold over
// readings and ticks: no clock, no I/O. Its newest value never moves back in time; of two with the same measured_at the
// first stays. It is safe for concurrent use.
type Live struct {
	cfg    LiveConfig
	mu     sync.RWMutex
	now    time.Time
	byID   map[string]*liveStation
	inPark map[string][]*liveStation
	dirty  map[string]struct{}
	// moved and touched are the series and stations that the present step changes.
	moved   []*liveSeries
	touched []*liveStation
	hot     hotspots
}

type liveStation struct {
	st     *geo.Station
	state  State
	index  float64
	newest time.Time
	series []*liveSeries
	// dryFrom is the measured_at since which flow_out reads 0; zero = it flows, or nobody knows.
	dryFrom time.Time
	touched bool
	stirred bool
}

type liveSeries struct {
	reading ingest.Reading
	limits  []limitSpan
	limit   *Limit
	// ratio is NaN for a value that is not usable or has no limit.
	ratio  float64
	colour colours
	moved  bool
	// stirred: the hotspots have not heard of ratio yet, nor of peak, the greatest ratio since they last heard; NaN = none.
	stirred bool
	peak    float64
	peakAt  time.Time
}

// offlineCycles is the number of cycles without data after which a station is offline; dryCycles that of a flow of 0 after
// which it does not discharge.
const (
	offlineCycles = 3
	dryCycles     = 3
)

// flowOut is the parameter that says whether a station discharges.
const flowOut = "flow_out"

// NewLive makes a live state in which nobody has spoken yet.
func NewLive(cfg LiveConfig) *Live {
	if cfg.States == nil {
		cfg.States = BuiltinStates()
	}
	all := cfg.Registry.Stations()
	l := &Live{
		cfg: cfg, byID: make(map[string]*liveStation, len(all)), inPark: map[string][]*liveStation{}, dirty: map[string]struct{}{},
		hot: newHotspots(cfg.Hotspots),
	}
	for i := range all {
		l.admit(newLiveStation(&all[i]), &all[i])
	}
	return l
}

func newLiveStation(st *geo.Station) *liveStation {
	return &liveStation{st: st, state: Offline, index: math.NaN()}
}

// Apply takes readings in the order of the log. It returns the newest values that changed and the stations whose state changed,
// both in the order of the readings.
func (l *Live) Apply(readings []ingest.Reading) (items []LiveReading, changed []string) {
	return l.Fold(slices.Values([][]ingest.Reading{readings}), func() bool { return true })
}

// Fold is Apply for many deliveries at once. It asks wanted when they are in the state and before anybody can see that; if it
// says no, there are no items.
func (l *Live) Fold(deliveries iter.Seq[[]ingest.Reading], wanted func() bool) (items []LiveReading, changed []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for readings := range deliveries {
		l.take(readings)
	}
	for _, se := range l.moved {
		se.judge()
	}
	if len(l.moved) > 0 && wanted() {
		items = make([]LiveReading, len(l.moved))
		for i, se := range l.moved {
			items[i] = se.item()
		}
	}
	for _, s := range l.touched {
		l.stirMoved(s)
		l.dirty[s.st.ID] = struct{}{}
		if s.judge(l.now) {
			changed = append(changed, s.st.ID)
		}
	}
	l.forgetStep()
	return items, changed
}

func (l *Live) forgetStep() {
	for i, se := range l.moved {
		se.moved, l.moved[i] = false, nil
	}
	for i, s := range l.touched {
		s.touched, l.touched[i] = false, nil
	}
	l.moved, l.touched = l.moved[:0], l.touched[:0]
}

// take notes which series and stations readings moved.
func (l *Live) take(readings []ingest.Reading) {
	var s *liveStation
	for i := range readings {
		r := &readings[i]
		if s == nil || s.st.ID != r.Station {
			if s = l.byID[r.Station]; s == nil {
				continue
			}
		}
		if r.ReceivedAt.After(l.now) {
			l.now = r.ReceivedAt
		}
		se, advanced := l.advance(s, r)
		if !advanced {
			continue
		}
		if !se.moved {
			se.moved = true
			l.moved = append(l.moved, se)
		}
		if !s.touched {
			s.touched = true
			l.touched = append(l.touched, s)
		}
	}
}

// advance makes r the newest of its series, unless it is not newer. The series is to be judged then.
func (l *Live) advance(s *liveStation, r *ingest.Reading) (*liveSeries, bool) {
	se := l.seriesOf(s, r.Parameter)
	if !se.reading.MeasuredAt.IsZero() && !r.MeasuredAt.After(se.reading.MeasuredAt) {
		l.recall(s, se, r)
		return nil, false
	}
	if se.moved { // its last reading came in the same step, and nobody has looked at it yet
		se.judge()
		se.notePeak(se.ratio, se.reading.MeasuredAt)
	}
	se.reading = *r
	se.reading.MeasuredAt = r.MeasuredAt.UTC()
	if r.MeasuredAt.After(s.newest) {
		s.newest = se.reading.MeasuredAt
	}
	if r.Parameter == flowOut && r.Usable {
		switch {
		case r.Value != 0:
			s.dryFrom = time.Time{}
		case s.dryFrom.IsZero():
			s.dryFrom = se.reading.MeasuredAt
		}
	}
	return se, true
}

func (l *Live) seriesOf(s *liveStation, parameter string) *liveSeries {
	for _, se := range s.series {
		if se.reading.Parameter == parameter {
			return se
		}
	}
	se := &liveSeries{
		reading: ingest.Reading{Station: s.st.ID, Parameter: parameter, Value: math.NaN()},
		limits:  l.cfg.Limits.spans(s.st, parameter), ratio: math.NaN(), peak: math.NaN(), colour: coloursOf(l.cfg.States, parameter),
	}
	s.series = append(s.series, se)
	return se
}

func (se *liveSeries) judge() {
	r := &se.reading
	se.limit, se.ratio = limitAt(se.limits, r.MeasuredAt.UnixNano()), math.NaN()
	if se.limit != nil && r.Usable {
		se.ratio = se.limit.Ratio(r.Value)
	}
}

// judge finds the state and index of a station and reports whether the state changed.
func (s *liveStation) judge(now time.Time) bool {
	was := s.state
	s.index = math.NaN()
	s.state = Good
	for _, se := range s.series {
		s.index = greater(s.index, se.ratio)
		state := se.colour.of(se.ratio)
		switch se.reading.Status {
		case ingest.Fault:
			state = worse(state, Fault)
		case ingest.Calibrating:
			state = worse(state, Calibrating)
		}
		s.state = worse(s.state, state)
	}
	if s.dry() {
		s.state = worse(s.state, NoDischarge)
	}
	if s.newest.IsZero() || now.Sub(s.newest) >= offlineCycles*s.st.Cycle {
		s.state = Offline
	}
	return s.state != was
}

// dry reports whether the outflow has read 0 for so long that nothing is discharged.
func (s *liveStation) dry() bool {
	if s.dryFrom.IsZero() {
		return false
	}
	i := slices.IndexFunc(s.series, func(se *liveSeries) bool { return se.reading.Parameter == flowOut })
	if i < 0 || !s.series[i].reading.Usable {
		return false
	}
	return s.series[i].reading.MeasuredAt.Sub(s.dryFrom) >= dryCycles*s.st.Cycle
}

// Tick tells the time, which is how stations go offline. It returns those whose state changed, in the order of the
// registry. Time never runs back.
func (l *Live) Tick(now time.Time) (changed []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.After(l.now) {
		l.now = now
	}
	all := l.cfg.Registry.Stations()
	for i := range all {
		if s := l.byID[all[i].ID]; s.judge(l.now) {
			changed = append(changed, s.st.ID)
		}
	}
	return changed
}

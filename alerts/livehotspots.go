package alerts

import (
	"math"
	"sync"
	"time"

	"quantrac/geo"
	"quantrac/ingest"
)

// hotspots are the part of the live view that lies between the stations. The tracker is fed when somebody looks for them, with what has
// changed since: of each series the newest ratio, and the greatest in between.
type hotspots struct {
	// stirred are the stations that the tracker has to hear of, gone those to forget; Live.mu guards both.
	stirred []*liveStation
	gone    []string

	seeking *sync.Mutex // guards what is below; it is taken before Live.mu
	tracker *geo.Tracker
	set     geo.HotspotSet
}

func newHotspots(opt geo.HotspotOptions) hotspots {
	return hotspots{seeking: &sync.Mutex{}, tracker: geo.NewTracker(opt), set: geo.HotspotSet{}}
}

// stir makes the tracker hear of a series.
func (l *Live) stir(s *liveStation, se *liveSeries) {
	se.stirred = true
	if !s.stirred {
		s.stirred = true
		l.hot.stirred = append(l.hot.stirred, s)
	}
}

// stirMoved notes what a step has moved at a station.
func (l *Live) stirMoved(s *liveStation) {
	for _, se := range s.series {
		if se.moved {
			se.notePeak(se.ratio, se.reading.MeasuredAt)
			l.stir(s, se)
		}
	}
}

func (se *liveSeries) notePeak(ratio float64, at time.Time) {
	if ratio > se.peak || math.IsNaN(se.peak) {
		se.peak, se.peakAt = ratio, at
	}
}

// recall notes a reading that is not the newest: it changes nothing that is shown of its station, but hotspots look back.
func (l *Live) recall(s *liveStation, se *liveSeries, r *ingest.Reading) {
	if !r.Usable || r.MeasuredAt.Equal(se.reading.MeasuredAt) {
		return
	}
	if limit := limitAt(se.limits, r.MeasuredAt.UnixNano()); limit != nil {
		se.notePeak(limit.Ratio(r.Value), r.MeasuredAt.UTC())
		l.stir(s, se)
	}
}

// SeekHotspots finds the hotspots as they are now and keeps them for Hotspots. changed says that the set differs from the one before by
// more than the passing of time.
func (l *Live) SeekHotspots(now time.Time) (set geo.HotspotSet, changed bool) {
	l.hot.seeking.Lock()
	defer l.hot.seeking.Unlock()
	samples, gone := l.stirredSamples()
	for _, id := range gone {
		l.hot.tracker.Remove(id)
	}
	for _, s := range samples {
		l.hot.tracker.Observe(s)
	}
	set = l.hot.tracker.Hotspots(now)
	changed = !set.Alike(l.hot.set)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.hot.set = set
	return set, changed
}

// stirredSamples takes what the tracker has not heard of yet.
func (l *Live) stirredSamples() (samples []geo.Sample, gone []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.hot.stirred {
		s.stirred = false
		if l.byID[s.st.ID] != s {
			continue
		}
		for _, se := range s.series {
			if se.stirred {
				samples = append(samples, se.samples(s.st)...)
			}
		}
	}
	gone = l.hot.gone
	l.hot.stirred, l.hot.gone = l.hot.stirred[:0], nil
	return samples, gone
}

// samples are the newest ratio, and the greatest since the tracker last heard where that is another.
func (se *liveSeries) samples(st *geo.Station) []geo.Sample {
	newest := geo.Sample{ID: st.ID, Point: st.Location, Value: se.ratio, Parameter: se.reading.Parameter, At: se.reading.MeasuredAt}
	peak := newest
	peak.Value, peak.At = se.peak, se.peakAt
	isPeak := !math.IsNaN(se.peak) && !se.peakAt.Equal(newest.At)
	se.stirred, se.peak = false, math.NaN()
	if isPeak {
		return []geo.Sample{peak, newest}
	}
	return []geo.Sample{newest}
}

// Stirred reports whether SeekHotspots would find something that has changed.
func (l *Live) Stirred() bool {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return len(l.hot.stirred)+len(l.hot.gone) > 0
}

// Hotspots is the set that was last found.
func (l *Live) Hotspots() geo.HotspotSet {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.hot.set
}

// RestoreHotspots makes the hotspots keep the names and beginnings of a set that was written as JSON. It is called before they are first
// sought.
func (l *Live) RestoreHotspots(collection []byte, now time.Time) error {
	l.hot.seeking.Lock()
	defer l.hot.seeking.Unlock()
	return l.hot.tracker.Restore(collection, now)
}

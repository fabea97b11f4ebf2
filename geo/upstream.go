package geo

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"
)

// Load is what an outfall discharges at one time, for example kg of COD an hour: concentration × flow.
type Load struct {
	At    time.Time
	Value float64
}

// Loads gives the loads of a station from from to to, in any order; nil where nothing is known.
type Loads func(station string, from, to time.Time) []Load

// UpstreamQuery asks where something that was seen at a station came from.
type UpstreamQuery struct {
	// Station saw it, At that time.
	Station string
	At      time.Time
	// MaxTravel is the longest time that the water may have been under way; 24 h.
	MaxTravel time.Duration
	// Spread is how wrong a travel time can be, as a share of it; 0.5. The discharge is sought between At - (1+Spread) ×
	// travel - 1 h and At - (1-Spread) × travel.
	Spread float64
	// Loads may be nil: then the candidates are ranked by travel time.
	Loads Loads
}

// Candidate is an outfall from which the water came past the station.
type Candidate struct {
	Rank    int    `json:"rank"`
	Station string `json:"station"`
	Park    string `json:"park,omitempty"`
	River   string `json:"river"`
	// Distance is metres along the rivers, Travel the time that takes at their mean speed.
	Distance float64       `json:"distance_m"`
	Travel   time.Duration `json:"-"`
	// From and To are when it would have been discharged.
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	// Before is the usual peak load, Peak that between From and To, Change their difference. Nil = not known.
	Before *float64 `json:"load_before"`
	Peak   *float64 `json:"load_peak"`
	Change *float64 `json:"load_change"`
	// OffRiver is metres between the station and the line of the river: large where the position or the line is coarse.
	OffRiver float64 `json:"off_river_m"`
}

// ErrOffRiver says that the station lies on no river of the registry, so nothing is upstream of it.
var ErrOffRiver = errors.New("the station lies on no river of the registry")

const (
	defaultTravel = 24 * time.Hour
	defaultSpread = 0.5
	// margin is how long an outfall may have discharged before the water left it.
	margin = time.Hour
	// usualSpans is the number of spans before From against which the peak is held.
	usualSpans = 8
	usualLeast = 3
	// maxSpan bounds one span, so that what is asked of the history is bounded.
	maxSpan = 72 * time.Hour
)

// Upstream lists the outfalls from which water reaches the station of the query within the travel time, itself left out. They
// are ranked by how much more than usual they discharged when it would have been: in kg, not in per cent, since what is seen
// in a river is mass. Outfalls of which no load is known come last, the nearest first. The answer names candidates, not
// culprits: travel times are rough, and rougher still where the tide turns the flow.
func (r *Registry) Upstream(q UpstreamQuery) ([]Candidate, error) {
	if _, known := r.Station(q.Station); !known {
		return nil, fmt.Errorf("station %q is not in the registry", q.Station)
	}
	here, known := r.flow.at[q.Station]
	if !known {
		return nil, fmt.Errorf("station %q: %w", q.Station, ErrOffRiver)
	}
	q.MaxTravel, q.Spread = cmp.Or(q.MaxTravel, defaultTravel), cmp.Or(q.Spread, defaultSpread)
	if q.MaxTravel < 0 || !(q.Spread > 0 && q.Spread <= 1) {
		return nil, fmt.Errorf("travel time %s and spread %g: the time must be above 0, the spread between 0 and 1", q.MaxTravel, q.Spread)
	}
	var out []Candidate
	r.flow.upstream(here.river, here.way, 0, 0, q.MaxTravel.Seconds(), func(s stop, metres, seconds float64) {
		if s.station.Kind != Effluent || s.station.ID == q.Station {
			return
		}
		out = append(out, r.candidate(q, s, metres, time.Duration(seconds*float64(time.Second))))
	})
	slices.SortFunc(out, func(a, b Candidate) int {
		return cmp.Or(compareChanges(a.Change, b.Change), cmp.Compare(a.Travel, b.Travel), cmp.Compare(a.Station, b.Station))
	})
	for i := range out {
		out[i].Rank = i + 1
	}
	return out, nil
}

// compareChanges puts the greater first and the unknown last.
func compareChanges(a, b *float64) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return 1
	case b == nil:
		return -1
	default:
		return cmp.Compare(*b, *a)
	}
}

func (r *Registry) candidate(q UpstreamQuery, s stop, metres float64, travel time.Duration) Candidate {
	spread := time.Duration(float64(travel) * q.Spread)
	c := Candidate{
		Station: s.station.ID, Park: s.station.Park, River: r.rivers[s.river].ID, Distance: math.Round(metres), Travel: travel.Round(time.Second),
		From: q.At.Add(-travel - spread - margin), To: q.At.Add(-travel + spread), OffRiver: math.Round(s.off),
	}
	span := min(c.To.Sub(c.From), maxSpan)
	c.From = c.To.Add(-span)
	if q.Loads == nil {
		return c
	}
	// Spans of one length are compared by one statistic: the peak of a longer or noisier span would be higher by chance.
	spans := make([][]float64, usualSpans+1)
	for _, l := range q.Loads(c.Station, c.To.Add(-span*(usualSpans+1)), c.To) {
		k := int(c.To.Sub(l.At) / span)
		if l.At.After(c.To) || k > usualSpans || !finite(l.Value) {
			continue
		}
		spans[k] = append(spans[k], l.Value)
	}
	var usual []float64
	for _, values := range spans[1:] {
		if len(values) > 0 {
			usual = append(usual, peak(values))
		}
	}
	if len(spans[0]) == 0 || len(usual) < usualLeast {
		return c
	}
	slices.Sort(usual)
	before, now := usual[len(usual)/2], peak(spans[0])
	change := now - before
	c.Before, c.Peak, c.Change = &before, &now, &change
	return c
}

// peak is the mean of the highest tenth, which a single bad reading does not make.
func peak(values []float64) float64 {
	slices.Sort(values)
	n := (len(values) + 9) / 10
	sum := 0.0
	for _, v := range values[len(values)-n:] {
		sum += v / float64(n)
	}
	return sum
}

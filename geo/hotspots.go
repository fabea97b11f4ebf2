package geo

import (
	"cmp"
	"math"
	"slices"
	"time"

	geom "github.com/twpayne/go-geom"
)

// HotspotOptions tune what is called a hotspot; zero fields take the defaults.
type HotspotOptions struct {
	// Radius is the greatest geodesic distance between neighbours, in metres; 5,000. It is the reach of the clusters and the
	// band of the test.
	Radius float64
	// MinPoints is the number of places, itself included, that make a place the core of a cluster; 2, so that one station
	// alone is an alert and no hotspot.
	MinPoints int
	// Threshold is the index from which a place counts as above; 1, the limit.
	Threshold float64
	// Window is how long a sample counts at all; 24 h.
	Window time.Duration
	// HalfLife is the time in which a value comes to count half; 6 h.
	HalfLife time.Duration
	// Fresh is the age up to which the newest value of a parameter counts in full; 1 h.
	Fresh time.Duration
	// Permutations is the number of deals behind a p-value; 999, which makes 0.001 the least p there is.
	Permutations int
	// Seed fixes the deals.
	Seed uint64
	// FalseDiscovery is the expected share of false ones among the places called significant; 0.05. All places are tested at
	// once, so p ≤ 0.05 alone would find one in twenty in pure noise.
	FalseDiscovery float64
}

const (
	defaultRadius    = 5000.0
	defaultMinPoints = 2
	// leastTested is the number of places with a value below which significance is not asked: there are too few ways to deal
	// the values out.
	leastTested = 10
)

func (o HotspotOptions) withDefaults() HotspotOptions {
	o.Radius = cmp.Or(o.Radius, defaultRadius)
	o.MinPoints = cmp.Or(o.MinPoints, defaultMinPoints)
	o.Threshold = cmp.Or(o.Threshold, 1)
	o.Window = cmp.Or(o.Window, 24*time.Hour)
	o.HalfLife = cmp.Or(o.HalfLife, 6*time.Hour)
	o.Fresh = cmp.Or(o.Fresh, time.Hour)
	o.Permutations = cmp.Or(o.Permutations, 999)
	o.FalseDiscovery = cmp.Or(o.FalseDiscovery, 0.05)
	return o
}

func (o HotspotOptions) memory() memory {
	return memory{window: o.Window, halfLife: o.HalfLife, fresh: o.Fresh}
}

// Hotspot is a cluster of places that are above the threshold, or significantly surrounded by high values.
type Hotspot struct {
	// ID stays with a hotspot from run to run of a Tracker while at least half of its members do.
	ID   string
	Rank int // 1 = worst
	// Score is the sum of weight × index over the members: it grows with the number of stations and with how far each is
	// above its limit. It says nothing of significance.
	Score float64
	// Z is Gi* of the member around which values are highest, of the significant ones if there are any; P is the chance of
	// that. NaN = not tested.
	Z, P float64
	// Significant says that P stands up to the false discovery rate among all places.
	Significant bool
	// Above is the number of members at or above the threshold. Where it is 0, Significant is true.
	Above   int
	Members []string // ascending
	// Parameter drives the member with the greatest index.
	Parameter string
	// Since is the time of the earliest remembered excess among the members, or of the ancestor that had this ID.
	Since time.Time
	// Trend compares the score with that of about an hour ago.
	Trend Trend
	// Hull is the convex hull of circles of 1 km around the members: one ring, closed, counter-clockwise.
	Hull *geom.Polygon

	trail  []mark
	points []Point
	seen   time.Time
}

// Hotspots finds the hotspots among the samples, ranked by score, at the time of the newest sample. The samples must be those
// of all places, not only of those above the limit: what is unusually high shows only against the rest. It is a Tracker's
// first run, so there is no trend; the result does not depend on the order of the samples.
func Hotspots(samples []Sample, opt HotspotOptions) []Hotspot {
	t := NewTracker(opt)
	var now time.Time
	for _, s := range samples {
		t.Observe(s)
		if s.At.After(now) {
			now = s.At
		}
	}
	return t.Hotspots(now)
}

// find clusters what is above or significant, and describes each cluster.
func (t *Tracker) find() []Hotspot {
	scores, cut := t.test()
	isSignificant := func(i int) bool { return scores[i].star > 0 && scores[i].p <= cut }
	mean := 0.0
	for _, v := range t.values {
		mean += v / float64(len(t.values))
	}
	takesPart := make([]bool, len(t.values))
	for i, v := range t.values {
		takesPart[i] = v >= t.opt.Threshold || isSignificant(i) && v >= mean
	}
	var spots []Hotspot
	for _, members := range dbscan(t.near, takesPart, t.opt.MinPoints) {
		h := t.describe(members)
		strongest := slices.MaxFunc(members, func(a, b int) int {
			return cmp.Or(compareBools(isSignificant(a), isSignificant(b)), cmp.Compare(scores[a].star, scores[b].star), cmp.Compare(b, a))
		})
		h.Z, h.P, h.Significant = scores[strongest].star, scores[strongest].p, isSignificant(strongest)
		spots = append(spots, h)
	}
	return spots
}

// test scores all places. cut is the greatest p that counts.
func (t *Tracker) test() (scores []gScore, cut float64) {
	if len(t.values) < leastTested {
		scores = make([]gScore, len(t.values))
		for i := range scores {
			scores[i] = gScore{g: math.NaN(), star: math.NaN(), p: math.NaN()}
		}
		return scores, -1
	}
	scores = getisOrd(t.values, t.near)
	t.deals.judge(scores, t.values, t.near)
	for i, s := range scores {
		if math.IsNaN(s.star) {
			scores[i].p = math.NaN()
		}
	}
	return scores, discoveries(scores, t.opt.FalseDiscovery)
}

func (t *Tracker) describe(members []int) Hotspot {
	var h Hotspot
	worst := math.Inf(-1)
	for _, i := range members {
		p, st := t.active[i], t.active[i].standing
		weight := cmp.Or(p.weight, 1)
		h.Score += weight * st.index
		h.Members = append(h.Members, p.id)
		h.points = append(h.points, p.point)
		if st.index >= t.opt.Threshold {
			h.Above++
		}
		if st.index > worst {
			worst, h.Parameter = st.index, st.parameter
		}
		if h.Since.IsZero() || st.since.Before(h.Since) {
			h.Since = st.since
		}
	}
	return h
}

func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	default:
		return -1
	}
}

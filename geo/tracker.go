package geo

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"time"
)

// Tracker keeps the hotspots of places whose values change. What costs most, who is whose neighbour, is measured again only
// for a place that comes, moves or goes; the deals are made again only when another set of places has a value. A Tracker
// belongs to one goroutine at a time. It remembers as many places as were observed and not removed.
type Tracker struct {
	opt    HotspotOptions
	places map[string]*place
	free   []int // numbers of removed places
	links  *neighbourhood

	// Of the last run, the places with a value, ascending by id.
	active []*place
	near   [][]link // by position in active
	deals  *deals
	stale  bool // near no longer fits
	values []float64
	spots  []Hotspot
	gone   []Hotspot // of late, but not in the last run
}

type place struct {
	id     string
	number int
	point  Point
	weight float64
	series series

	// Of the last run; counts says that there is a standing.
	standing standing
	counts   bool
}

// NewTracker makes a Tracker without places.
func NewTracker(opt HotspotOptions) *Tracker {
	opt = opt.withDefaults()
	return &Tracker{opt: opt, places: map[string]*place{}, links: newNeighbourhood(opt.Radius)}
}

// Observe takes a sample in, in any order of time. One with the station, parameter and time of an earlier one corrects it;
// what the earlier one had outweighed stays forgotten, see Replace.
func (t *Tracker) Observe(s Sample) {
	p := t.put(s)
	p.series.add(s, t.opt.memory())
}

// Replace makes samples all that is known of a place, after its history was corrected or some of its values proved void.
// Without samples the place keeps its position and has no value.
func (t *Tracker) Replace(id string, samples []Sample) {
	if p, known := t.places[id]; known {
		p.series = series{}
	}
	for _, s := range samples {
		s.ID = id
		t.Observe(s)
	}
}

// Remove forgets a place.
func (t *Tracker) Remove(id string) {
	p, known := t.places[id]
	if !known {
		return
	}
	t.links.remove(p.number)
	t.free = append(t.free, p.number)
	delete(t.places, id)
	t.stale = true
}

func (t *Tracker) put(s Sample) *place {
	p, known := t.places[s.ID]
	if known && p.point == s.Point {
		p.weight = s.Weight
		return p
	}
	if known {
		t.links.remove(p.number)
	} else {
		p = &place{id: s.ID, number: len(t.links.points)}
		if n := len(t.free); n > 0 {
			p.number, t.free = t.free[n-1], t.free[:n-1]
		}
		t.places[s.ID] = p
	}
	p.point, p.weight = s.Point, s.Weight
	t.links.insert(p.number, p.point)
	t.stale = true
	return p
}

// Hotspots is the ranked set at that time. The caller must not change it.
func (t *Tracker) Hotspots(now time.Time) HotspotSet {
	t.stand(now)
	spots := t.find()
	t.inherit(spots, now)
	slices.SortFunc(spots, func(a, b Hotspot) int { return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.ID, b.ID)) })
	for i := range spots {
		spots[i].Rank = i + 1
	}
	t.spots = spots
	return slices.Clone(spots)
}

// stand judges every place, and lays the neighbours out anew when others than before have a value.
func (t *Tracker) stand(now time.Time) {
	count := 0
	for _, p := range t.places {
		p.standing, p.counts = p.series.at(now, t.opt.memory(), t.opt.Threshold)
		if p.counts {
			count++
		}
	}
	if t.stale || count != len(t.active) || slices.ContainsFunc(t.active, func(p *place) bool { return !p.counts }) {
		t.lay()
	}
	t.values = t.values[:0]
	for _, p := range t.active {
		t.values = append(t.values, onGrid(p.standing.index))
	}
}

// onGrid rounds to a multiple of 2⁻³⁰, so that sums of up to 8 million are exact and do not depend on the order of the terms.
func onGrid(v float64) float64 { return math.Ldexp(math.Round(math.Ldexp(v, 30)), -30) }

// lay finds out who is whose neighbour among the places that have a value.
func (t *Tracker) lay() {
	t.active = t.active[:0]
	for _, p := range t.places {
		if p.counts {
			t.active = append(t.active, p)
		}
	}
	slices.SortFunc(t.active, func(a, b *place) int { return strings.Compare(a.id, b.id) })
	position := slices.Repeat([]int{-1}, len(t.links.points))
	for i, p := range t.active {
		position[p.number] = i
	}
	t.near = make([][]link, len(t.active))
	most := 0
	for i, p := range t.active {
		all := t.links.near[p.number]
		t.near[i] = make([]link, 0, len(all))
		for _, l := range all {
			if j := position[l.to]; j >= 0 {
				t.near[i] = append(t.near[i], link{j, l.distance})
			}
		}
		most = max(most, len(t.near[i]))
	}
	width := min(most+1, len(t.active))
	t.deals = newDeals(len(t.active), width, t.opt.Permutations, t.opt.Seed)
	t.stale = false
}

package geo

import (
	"cmp"
	"math"
	"slices"

	"github.com/tidwall/rtree"
)

// places find what lies where. The cost of a look-up does not grow with the registry.
type places struct {
	parks, stations rtree.RTreeG[int]
}

func newPlaces(parks []Park, stations []Station) *places {
	p := &places{}
	for i := range parks {
		low, high := parks[i].bounds()
		p.parks.Insert(low, high, i)
	}
	for i, s := range stations {
		p.stations.Insert(s.Location, s.Location, i)
	}
	return p
}

// ground is the radius of the circle that stands for the park's ground, in metres.
func (p *Park) ground() float64 {
	const squareMetresPerHa = 1e4
	if p.Radius > 0 {
		return p.Radius
	}
	return math.Sqrt(p.AreaHa * squareMetresPerHa / math.Pi)
}

// Contains reports whether q lies on the ground of the park, its boundary included. A park of unknown size contains nothing.
func (p *Park) Contains(q Point) bool {
	return (p.Area != nil || p.ground() > 0) && p.DistanceTo(q) == 0
}

// DistanceTo is the way from q to the ground of the park along the geodesic, in metres; 0 on it.
func (p *Park) DistanceTo(q Point) float64 {
	if p.Area != nil {
		return p.Area.distance(q)
	}
	return math.Max(0, Distance(p.Location, q)-p.ground())
}

func (p *Park) bounds() (low, high Point) {
	if p.Area != nil {
		return p.Area.bounds()
	}
	lon, lat := degreesAround(p.Location, p.ground())
	return Point{p.Location[0] - lon, p.Location[1] - lat}, Point{p.Location[0] + lon, p.Location[1] + lat}
}

// checkGround checks the extent of a park.
func checkGround(at string, p *Park) []Problem {
	var problems []Problem
	if p.Area != nil {
		problems = p.Area.check(at + ".area")
	}
	const largest = 100000 // m
	if !(p.Radius >= 0 && p.Radius <= largest) {
		problems = append(problems, Problem{at + ".radius_m", "a radius lies between 0 and 100000 m"})
	}
	if !(p.AreaHa >= 0 && p.AreaHa <= 1e6) {
		problems = append(problems, Problem{at + ".area_ha", "an area lies between 0 and 1000000 ha"})
	}
	return problems
}

// ParkAt finds the park on whose ground p lies, boundary included; of several the one whose Location is nearest, then the
// smaller id.
func (r *Registry) ParkAt(p Point) (Park, bool) {
	var found []int
	r.places.parks.Search(p, p, func(_, _ [2]float64, i int) bool {
		if r.parks[i].Contains(p) {
			found = append(found, i)
		}
		return true
	})
	if len(found) == 0 {
		return Park{}, false
	}
	return r.parks[slices.MinFunc(found, func(a, b int) int {
		return cmp.Or(cmp.Compare(Distance(p, r.parks[a].Location), Distance(p, r.parks[b].Location)), cmp.Compare(r.parks[a].ID, r.parks[b].ID))
	})], true
}

// Near is something and the way to it.
type Near[T any] struct {
	Found T
	// Distance is metres along the geodesic, to the ground of a park.
	Distance float64
}

// StationsWithin lists the stations at most metres away from p, the nearest first; of two as near the smaller id.
func (r *Registry) StationsWithin(p Point, metres float64) []Near[*Station] {
	var found []Near[*Station]
	candidates(&r.places.stations, p, metres, func(i int) {
		s := &r.stations[i]
		if d := Distance(p, s.Location); d <= metres {
			found = append(found, Near[*Station]{s, d})
		}
	})
	slices.SortFunc(found, func(a, b Near[*Station]) int {
		return cmp.Or(cmp.Compare(a.Distance, b.Distance), cmp.Compare(a.Found.ID, b.Found.ID))
	})
	return found
}

// ParksWithin lists the parks whose ground is at most metres away from p, the nearest first.
func (r *Registry) ParksWithin(p Point, metres float64) []Near[*Park] {
	var found []Near[*Park]
	candidates(&r.places.parks, p, metres, func(i int) {
		park := &r.parks[i]
		if d := park.DistanceTo(p); d <= metres {
			found = append(found, Near[*Park]{park, d})
		}
	})
	slices.SortFunc(found, func(a, b Near[*Park]) int {
		return cmp.Or(cmp.Compare(a.Distance, b.Distance), cmp.Compare(a.Found.ID, b.Found.ID))
	})
	return found
}

// NearestStations lists the n stations nearest to p, at whatever distance.
func (r *Registry) NearestStations(p Point, n int) []Near[*Station] {
	return nearest(n, len(r.stations), func(metres float64) []Near[*Station] { return r.StationsWithin(p, metres) })
}

// NearestParks lists the n parks whose ground is nearest to p, at whatever distance.
func (r *Registry) NearestParks(p Point, n int) []Near[*Park] {
	return nearest(n, len(r.parks), func(metres float64) []Near[*Park] { return r.ParksWithin(p, metres) })
}

// nearest widens the circle until it holds n of them, or all: what lies within is then nearer than all that does not.
func nearest[T any](n, all int, within func(metres float64) []Near[T]) []Near[T] {
	n = min(n, all)
	const farthest = 2.1e7 // half around the Earth
	for metres := 1000.0; ; metres *= 2 {
		if found := within(metres); len(found) >= n || metres > farthest {
			return found[:min(n, len(found))]
		}
	}
}

// candidates visits what can lie within the distance of p.
func candidates(tree *rtree.RTreeG[int], p Point, metres float64, visit func(int)) {
	x, y := degreesAround(p, metres)
	tree.Search(Point{p[0] - x, p[1] - y}, Point{p[0] + x, p[1] + y}, func(_, _ [2]float64, i int) bool {
		visit(i)
		return true
	})
}

package geo

import (
	"slices"

	"github.com/tidwall/rtree"
)

// link leads to a neighbour.
type link struct {
	to       int
	distance float64
}

// neighbourhood knows, for every place, the places within the band of it, itself left out. A change costs what the change
// touches: an R-tree finds the candidates, and each pair is measured once.
type neighbourhood struct {
	band   float64
	metric func(a, b Point) float64
	// reach are half-widths of a box that holds everything within the band.
	reach  func(p Point, band float64) (x, y float64)
	tree   rtree.RTreeG[int]
	points []Point
	near   [][]link
}

// newNeighbourhood measures along the geodesic; band is in metres.
func newNeighbourhood(band float64) *neighbourhood {
	return &neighbourhood{band: band, metric: Distance, reach: degreesAround}
}

// insert adds a place under a number that is free: the length of points, or one that was removed.
func (g *neighbourhood) insert(i int, p Point) {
	if i == len(g.points) {
		g.points, g.near = append(g.points, p), append(g.near, nil)
	}
	g.points[i], g.near[i] = p, g.near[i][:0]
	x, y := g.reach(p, g.band)
	g.tree.Search(Point{p[0] - x, p[1] - y}, Point{p[0] + x, p[1] + y}, func(_, _ [2]float64, j int) bool {
		if d := g.metric(p, g.points[j]); d <= g.band {
			g.near[i] = append(g.near[i], link{j, d})
			g.near[j] = append(g.near[j], link{i, d})
		}
		return true
	})
	g.tree.Insert(p, p, i)
}

// remove takes a place out; its number is free from then on.
func (g *neighbourhood) remove(i int) {
	g.tree.Delete(g.points[i], g.points[i], i)
	for _, l := range g.near[i] {
		g.near[l.to] = slices.DeleteFunc(g.near[l.to], func(back link) bool { return back.to == i })
	}
	g.near[i] = nil
}

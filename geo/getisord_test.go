package geo

import (
	"math"
	"math/rand/v2"
	"testing"
)

func planarNeighbourhood(points []Point, band float64) [][]link {
	g := &neighbourhood{
		band:   band,
		metric: func(a, b Point) float64 { return math.Hypot(a[0]-b[0], a[1]-b[1]) },
		reach:  func(_ Point, band float64) (float64, float64) { return band, band },
	}
	for i, p := range points {
		g.insert(i, p)
	}
	return g.near
}

// The example of the documentation of PySAL's esda.getisord, as R's spdep::localG answers it.
func TestGetisOrdReference(t *testing.T) {
	points := []Point{{10, 10}, {20, 10}, {40, 10}, {15, 20}, {30, 20}, {30, 30}}
	scores := getisOrd([]float64{2, 3, 3.2, 5, 8, 7}, planarNeighbourhood(points, 15))
	g := []float64{-1.013673, -0.043616, 1.315587, -0.314127, 1.153740, 1.778339}
	star := []float64{-1.397276, -0.289178, 0.650650, -0.289178, 1.234521, 2.024243}
	for i, s := range scores {
		if math.Abs(s.g-g[i]) > 1e-5 || math.Abs(s.star-star[i]) > 1e-5 {
			t.Errorf("place %d: Gi %.6f, Gi* %.6f; want %.6f, %.6f", i, s.g, s.star, g[i], star[i])
		}
	}
}

// exactP deals the other values out in every possible way.
func exactP(values []float64, i int, near []link) float64 {
	var others []float64
	for j, v := range values {
		if j != i {
			others = append(others, v)
		}
	}
	observed, k := sumOf(values, near), len(near)
	reached, all := 0, 0
	var choose func(from, left int, sum float64)
	choose = func(from, left int, sum float64) {
		if left == 0 {
			all++
			if sum >= observed-1e-9 {
				reached++
			}
			return
		}
		for j := from; j+left <= len(others); j++ {
			choose(j+1, left-1, sum+others[j])
		}
	}
	choose(0, k, 0)
	return float64(reached) / float64(all)
}

func TestPermutationsAgreeWithAllDeals(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	for range 5 {
		points, values := make([]Point, 14), make([]float64, 14)
		for i := range points {
			points[i], values[i] = Point{r.Float64() * 40, r.Float64() * 40}, math.Round(r.Float64()*20)/10
		}
		near := planarNeighbourhood(points, 16)
		width := 0
		for _, n := range near {
			width = max(width, len(n)+1)
		}
		const count = 20000
		scores := getisOrd(values, near)
		newDeals(len(values), min(width, len(values)), count, 1).judge(scores, values, near)
		for i, s := range scores {
			if len(near[i]) == 0 {
				if !math.IsNaN(s.p) {
					t.Errorf("a place without neighbours has p %g", s.p)
				}
				continue
			}
			want := exactP(values, i, near[i])
			if tolerance := 5*math.Sqrt(want*(1-want)/count) + 1e-4; math.Abs(s.p-want) > tolerance {
				t.Errorf("place %d of %d neighbours: p %.4f, over all deals %.4f", i, len(near[i]), s.p, want)
			}
		}
	}
}

func TestNothingVaries(t *testing.T) {
	points := []Point{{0, 0}, {1, 0}, {2, 0}, {30, 0}}
	for _, s := range getisOrd([]float64{0.3, 0.3, 0.3, 0.3}, planarNeighbourhood(points, 1.5)) {
		if !math.IsNaN(s.g) || !math.IsNaN(s.star) {
			t.Errorf("equal values score %+v", s)
		}
	}
}

func TestDiscoveries(t *testing.T) {
	ps := func(ps ...float64) (scores []gScore) {
		for _, p := range ps {
			scores = append(scores, gScore{p: p})
		}
		return scores
	}
	// Benjamini and Hochberg (1995), section 3.2: of these 15, four are discovered at 0.05.
	paper := ps(0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0)
	if got := discoveries(paper, 0.05); got != 0.0095 {
		t.Errorf("the greatest p that counts is %g", got)
	}
	if got := discoveries(ps(0.3, math.NaN(), 0.9), 0.05); got != -1 {
		t.Errorf("no p counts, got %g", got)
	}
}

package geo

import (
	"math"
	"math/rand/v2"
	"slices"
)

// gScore is how far the values around a place lie from what chance would put there.
type gScore struct {
	// g and star are the z-scores of Gi, which leaves the place itself out, and of Gi*, which counts it (Getis and Ord,
	// Geographical Analysis 24/3, 1992; Ord and Getis, 27/4, 1995). NaN = not defined.
	g, star float64
	// p is the chance of as great a sum around the place when all other values are dealt out at random: (r+1)/(R+1) for r of R
	// deals. It is one-sided, for high values, and the same for Gi and Gi*, since the place's own value stays where it is.
	// NaN = not tested.
	p float64
	// local is the sum around the place, itself left out.
	local float64
}

// getisOrd scores values with binary weights. near[i] leads to the neighbours of i, i left out.
func getisOrd(values []float64, near [][]link) []gScore {
	n := float64(len(values))
	sum, squares := 0.0, 0.0
	for _, x := range values {
		sum += x
		squares += x * x
	}
	out := make([]gScore, len(values))
	for i, x := range values {
		local, k := sumOf(values, near[i]), float64(len(near[i]))
		out[i] = gScore{
			g:    standardise(local, k, moments{n - 1, sum - x, squares - x*x}),
			star: standardise(local+x, k+1, moments{n, sum, squares}),
			p:    math.NaN(), local: local,
		}
	}
	return out
}

// moments are those of the values among which the local sum is drawn.
type moments struct{ n, sum, squares float64 }

// standardise is (S - k·mean) / (s·√((n·k - k²)/(n-1))), s² the variance over n; NaN where nothing varies.
func standardise(local, k float64, m moments) float64 {
	mean := m.sum / m.n
	variance := m.squares/m.n - mean*mean
	if !(variance > 1e-12*mean*mean) || k == 0 || k >= m.n {
		return math.NaN()
	}
	return (local - k*mean) / math.Sqrt(variance*(m.n*k-k*k)/(m.n-1))
}

func sumOf(values []float64, near []link) float64 {
	sum := 0.0
	for _, l := range near {
		sum += values[l.to]
	}
	return sum
}

// deals are the random orders behind the p-values: in each of them the first k places are a random draw of k without
// replacement. All places are judged by the same deals, as PySAL does, and the seed is fixed, so equal values give equal p.
type deals struct {
	width int
	rows  [][]int32
	// hits[first[i]:first[i+1]] are the deals that drew place i, and when.
	hits  []hit
	first []int
}

type hit struct{ row, position int32 }

func newDeals(n, width, count int, seed uint64) *deals {
	d := &deals{width: width, rows: make([][]int32, count), hits: make([]hit, count*width), first: make([]int, n+1)}
	random := rand.New(rand.NewPCG(seed, 0)) //nolint:gosec // a test of significance wants the same numbers each time
	order := make([]int32, n)
	for i := range order {
		order[i] = int32(i)
	}
	for r := range d.rows {
		for k := range width {
			j := k + random.IntN(n-k)
			order[k], order[j] = order[j], order[k]
			d.first[order[k]+1]++
		}
		d.rows[r] = slices.Clone(order[:width])
	}
	for i := range n {
		d.first[i+1] += d.first[i]
	}
	next := slices.Clone(d.first)
	for r, row := range d.rows {
		for k, i := range row {
			d.hits[next[i]] = hit{int32(r), int32(k)}
			next[i]++
		}
	}
	return d
}

// judge sets p. A deal that drew the place itself is taken with the next one drawn in its stead: the other values keep their
// random order when one is taken out.
func (d *deals) judge(scores []gScore, values []float64, near [][]link) {
	sums := d.sums(values)
	sorted := make([][]float64, d.width)
	for i := range scores {
		k := len(near[i])
		if k == 0 || k >= d.width {
			continue
		}
		if sorted[k] == nil {
			sorted[k] = make([]float64, len(sums))
			for r := range sums {
				sorted[k][r] = sums[r][k]
			}
			slices.Sort(sorted[k])
		}
		bar := scores[i].local - 1e-9*math.Abs(scores[i].local) // sums of the same numbers in another order are equal
		at, _ := slices.BinarySearch(sorted[k], bar)
		reached := len(sums) - at
		for _, h := range d.hits[d.first[i]:d.first[i+1]] {
			if int(h.position) >= k {
				continue
			}
			if sums[h.row][k] >= bar {
				reached--
			}
			if sums[h.row][k+1]-values[i] >= bar {
				reached++
			}
		}
		scores[i].p = float64(reached+1) / float64(len(sums)+1)
	}
}

// sums[r][k] is the sum of the first k values of deal r.
func (d *deals) sums(values []float64) [][]float64 {
	out := make([][]float64, len(d.rows))
	for r, row := range d.rows {
		out[r] = make([]float64, d.width+1)
		for k, j := range row {
			out[r][k+1] = out[r][k] + values[j]
		}
	}
	return out
}

// discoveries is the greatest p that counts when the expected share of false ones among those that count is to stay below
// rate (Benjamini and Hochberg, 1995); -1 = none does. Places that were not tested have p NaN.
func discoveries(scores []gScore, rate float64) float64 {
	var ps []float64
	for _, s := range scores {
		if !math.IsNaN(s.p) {
			ps = append(ps, s.p)
		}
	}
	slices.Sort(ps)
	for i := len(ps) - 1; i >= 0; i-- {
		if ps[i] <= rate*float64(i+1)/float64(len(ps)) {
			return ps[i]
		}
	}
	return -1
}

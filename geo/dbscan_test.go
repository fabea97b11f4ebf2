package geo

import (
	"encoding/json"
	"os"
	"slices"
	"testing"
)

// TestDBSCANAgreesWithScikitLearn reads partitions that sklearn.cluster.DBSCAN 1.2.1 made of distances that GeographicLib
// measured. Cores and noise are fixed by the definition; a border place may belong to any cluster whose core reaches it.
func TestDBSCANAgreesWithScikitLearn(t *testing.T) {
	var sets []struct {
		Eps        float64
		MinSamples int `json:"min_samples"`
		Points     []Point
		Labels     []int
		Core       []int
	}
	b, err := os.ReadFile("testdata/dbscan.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &sets); err != nil {
		t.Fatal(err)
	}
	for k, set := range sets {
		g := newNeighbourhood(set.Eps)
		all := make([]bool, len(set.Points))
		for i, p := range set.Points {
			g.insert(i, p)
			all[i] = true
		}
		got := slices.Repeat([]int{-1}, len(set.Points))
		for c, members := range dbscan(g.near, all, set.MinSamples) {
			for _, i := range members {
				got[i] = c
			}
		}
		theirs, ours := map[int]int{}, map[int]int{}
		for _, i := range set.Core {
			a, b := got[i], set.Labels[i]
			if x, ok := theirs[a]; ok && x != b || a < 0 {
				t.Fatalf("set %d: core %d is in cluster %d, scikit-learn has %d", k, i, a, b)
			}
			if x, ok := ours[b]; ok && x != a {
				t.Fatalf("set %d: cluster %d of scikit-learn is torn", k, b)
			}
			theirs[a], ours[b] = b, a
		}
		for i := range set.Points {
			if (got[i] < 0) != (set.Labels[i] < 0) {
				t.Errorf("set %d: place %d: cluster %d, scikit-learn has %d", k, i, got[i], set.Labels[i])
			}
			if got[i] >= 0 && !slices.Contains(set.Core, i) && !slices.ContainsFunc(g.near[i], func(l link) bool {
				return got[l.to] == got[i] && slices.Contains(set.Core, l.to)
			}) {
				t.Errorf("set %d: border place %d is out of reach of its cluster", k, i)
			}
		}
	}
}

// The place at 5 lies within reach of a core of either cluster and is no core itself.
func TestABorderPlaceGoesToTheNearerCore(t *testing.T) {
	var points []Point
	for _, x := range []float64{0, 0.5, 1, 2.1, 5, 7.5, 8.5, 9, 9.5} {
		points = append(points, Point{x, 0})
	}
	near := planarNeighbourhood(points, 3)
	clusters := dbscan(near, slices.Repeat([]bool{true}, len(points)), 4)
	if len(clusters) != 2 || !slices.Equal(clusters[0], []int{0, 1, 2, 3}) || !slices.Equal(clusters[1], []int{4, 5, 6, 7, 8}) {
		t.Errorf("clusters %v", clusters)
	}
}

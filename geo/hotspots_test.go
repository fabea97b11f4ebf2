package geo

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// forEver makes every sample count in full.
const forEver = 100 * 365 * 24 * time.Hour

func randomSamples(r *rand.Rand, n int) []Sample {
	out := make([]Sample, n)
	for i := range out {
		out[i] = Sample{
			ID: fmt.Sprintf("s%04d", i), Point: Point{106.5 + r.Float64()*0.8, 10.6 + r.Float64()*0.8}, Value: 0.5 + r.Float64()*1.5,
			Parameter: "cod", At: time.Unix(int64(r.IntN(1e6)), 0),
		}
	}
	return out
}

// bruteForce is DBSCAN by its definition: cores connected over cores, every border point with its nearest core.
func bruteForce(samples []Sample, radius float64, minPoints int) [][]string {
	var above []Sample
	for _, s := range samples {
		if s.Value >= 1 {
			above = append(above, s)
		}
	}
	near := func(i, j int) bool { return Distance(above[i].Point, above[j].Point) <= radius }
	core := make([]bool, len(above))
	group := make([]int, len(above))
	for i := range above {
		group[i] = i
		n := 0
		for j := range above {
			if near(i, j) {
				n++
			}
		}
		core[i] = n >= minPoints
	}
	for again := true; again; {
		again = false
		for i := range above {
			for j := range above {
				if core[i] && core[j] && near(i, j) && group[i] > group[j] {
					group[i], again = group[j], true
				}
			}
		}
	}
	sets := map[int][]string{}
	for i := range above {
		best := -1
		for j := range above {
			if core[j] && near(i, j) && (best < 0 || Distance(above[i].Point, above[j].Point) < Distance(above[i].Point, above[best].Point)) {
				best = j
			}
		}
		switch {
		case core[i]:
			sets[group[i]] = append(sets[group[i]], above[i].ID)
		case best >= 0:
			sets[group[best]] = append(sets[group[best]], above[i].ID)
		}
	}
	var out [][]string
	for _, ids := range sets {
		slices.Sort(ids)
		out = append(out, ids)
	}
	slices.SortFunc(out, slices.Compare)
	return out
}

func membersOf(spots []Hotspot) [][]string {
	var out [][]string
	for _, h := range spots {
		out = append(out, h.Members)
	}
	slices.SortFunc(out, slices.Compare)
	return out
}

func TestHotspotsAreDBSCANWhateverTheOrder(t *testing.T) {
	for seed := range uint64(30) {
		r := rand.New(rand.NewPCG(seed, 1))
		samples := randomSamples(r, 120)
		opt := HotspotOptions{Radius: 3000 + 4000*r.Float64(), MinPoints: 2 + r.IntN(4), Window: forEver, Fresh: forEver, FalseDiscovery: 1e-9}
		spots := Hotspots(samples, opt)
		want := bruteForce(samples, opt.Radius, opt.MinPoints)
		if got := membersOf(spots); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("seed %d:\n got %v\nwant %v", seed, got, want)
		}
		first, err := json.Marshal(HotspotSet(spots))
		if err != nil {
			t.Fatal(err)
		}
		r.Shuffle(len(samples), func(i, j int) { samples[i], samples[j] = samples[j], samples[i] })
		again, err := json.Marshal(HotspotSet(Hotspots(samples, opt)))
		if err != nil {
			t.Fatal(err)
		}
		if string(first) != string(again) {
			t.Fatalf("seed %d: another order gives other hotspots", seed)
		}
	}
}

func TestHotspotShape(t *testing.T) {
	at := time.Date(2026, 11, 24, 6, 0, 0, 0, time.UTC)
	samples := []Sample{
		{ID: "b", Point: Point{106.90, 10.94}, Value: 1.5, Parameter: "cod", At: at},
		{ID: "a", Point: Point{106.91, 10.94}, Value: 2.5, Parameter: "tss", At: at.Add(-time.Hour)},
		{ID: "below", Point: Point{106.905, 10.94}, Value: 0.99, Parameter: "cod", At: at},
		{ID: "alone", Point: Point{107.4, 11.4}, Value: 9, Parameter: "cod", At: at},
		{ID: "unknown", Point: Point{106.905, 10.94}, Value: math.NaN(), Parameter: "cod", At: at},
	}
	spots := Hotspots(samples, HotspotOptions{})
	if len(spots) != 1 {
		t.Fatalf("%d hotspots, want 1: %v", len(spots), membersOf(spots))
	}
	h := spots[0]
	if strings.Join(h.Members, " ") != "a b" || h.Rank != 1 || h.Score != 4 || h.Parameter != "tss" || !h.Since.Equal(at.Add(-time.Hour)) {
		t.Errorf("got %+v", h)
	}
	ring := h.Hull.Coords()[0]
	if n := len(ring); ring[0][0] != ring[n-1][0] || ring[0][1] != ring[n-1][1] {
		t.Error("the ring is not closed")
	}
	area := 0.0
	for i := 1; i < len(ring); i++ {
		area += ring[i-1][0]*ring[i][1] - ring[i][0]*ring[i-1][1]
	}
	if area <= 0 {
		t.Error("the ring is not counter-clockwise")
	}
	for _, c := range ring {
		d := math.Min(Distance(Point{c[0], c[1]}, samples[0].Point), Distance(Point{c[0], c[1]}, samples[1].Point))
		if d < 950 || d > 1050 {
			t.Errorf("corner %v lies %.0f m from the nearest member, want about 1,000", c, d)
		}
	}
	if empty, err := json.Marshal(HotspotSet(nil)); err != nil || string(empty) != `{"features":[],"type":"FeatureCollection"}` {
		t.Errorf("no hotspots: %s %v", empty, err)
	}
}

package geo

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// province lays n stations out over the square of that many degrees, 1 in 10 above its limit.
func province(n int, seed uint64, side float64) []Sample {
	r := rand.New(rand.NewPCG(seed, 1))
	out := make([]Sample, n)
	for i := range out {
		v := 0.2 + 0.5*r.Float64()
		if r.IntN(10) == 0 {
			v = 1 + r.Float64()
		}
		out[i] = Sample{
			ID: fmt.Sprintf("s%05d", i), Point: Point{106 + r.Float64()*side, 10 + r.Float64()*side}, Value: v, Parameter: "cod",
			At: noon.Add(-time.Duration(r.IntN(300)) * time.Second),
		}
	}
	return out
}

func asJSON(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A Tracker that lived through any changes finds what one finds that saw only their outcome.
func TestTrackerEqualsAFreshOne(t *testing.T) {
	for seed := range uint64(10) {
		r := rand.New(rand.NewPCG(seed, 2))
		samples := province(60, seed, 1)
		for i := range samples { // crowded, so that hotspots form and break
			samples[i].Point = Point{106.6 + r.Float64()*0.2, 10.8 + r.Float64()*0.2}
		}
		tr := NewTracker(HotspotOptions{})
		present := map[string]Sample{}
		for _, s := range samples {
			tr.Observe(s)
			present[s.ID] = s
		}
		for round := range 30 {
			s := samples[r.IntN(len(samples))]
			switch r.IntN(4) {
			case 0:
				tr.Remove(s.ID)
				delete(present, s.ID)
			case 1:
				s.Point = Point{106.6 + r.Float64()*0.2, 10.8 + r.Float64()*0.2}
				fallthrough
			default:
				s.Value = 2 * r.Float64()
				tr.Replace(s.ID, []Sample{s})
				present[s.ID] = s
			}
			got := tr.Hotspots(noon)
			fresh := NewTracker(HotspotOptions{})
			for _, s := range present {
				fresh.Observe(s)
			}
			want := fresh.Hotspots(noon)
			for i := range got { // what a life brings
				got[i].ID, got[i].Since, got[i].Trend = "", time.Time{}, ""
			}
			for i := range want {
				want[i].ID, want[i].Since, want[i].Trend = "", time.Time{}, ""
			}
			if g, w := asJSON(t, got), asJSON(t, want); !bytes.Equal(g, w) {
				t.Fatalf("seed %d, round %d:\n got %s\nwant %s", seed, round, g, w)
			}
		}
	}
}

// field are 100 stations on a grid of 2 km, all at 0.3 but those named.
func field(at time.Time, high map[string]float64) []Sample {
	var out []Sample
	for i := range 100 {
		s := Sample{ID: fmt.Sprintf("g%d%d", i/10, i%10), Point: Point{106.5 + float64(i%10)*0.0183, 10.5 + float64(i/10)*0.0181}, Value: 0.3 + 0.001*float64(i%7), Parameter: "cod", At: at}
		if v, ok := high[s.ID]; ok {
			s.Value = v
		}
		out = append(out, s)
	}
	return out
}

func TestReasons(t *testing.T) {
	opt := HotspotOptions{Radius: 3000}
	block := map[string]float64{"g44": 1.4, "g45": 1.5, "g54": 1.6, "g55": 1.7}
	one := Hotspots(field(noon, block), opt)
	if len(one) != 1 || !one[0].Significant || one[0].P > 0.001 || one[0].Z < 4 || one[0].Above != 4 {
		t.Fatalf("a block of four: %s", asJSON(t, HotspotSet(one)))
	}
	if r := one[0].Reason(); !strings.Contains(r.EN, "4 of 4 stations exceed their limit; the concentration is statistically significant (Gi* z = ") || !strings.Contains(r.VI, "có ý nghĩa") {
		t.Errorf("reason %+v", r)
	}

	for id := range block {
		block[id] = 0.9
	}
	below := Hotspots(field(noon, block), opt)
	if len(below) != 1 || below[0].Above != 0 || !below[0].Significant || !strings.HasPrefix(below[0].Reason().EN, "No station exceeds") {
		t.Errorf("high but below the limit: %s", asJSON(t, HotspotSet(below)))
	}

	// High values everywhere: two above the limit side by side are no more than chance.
	r := rand.New(rand.NewPCG(3, 3))
	noise := field(noon, nil)
	for i := range noise {
		noise[i].Value = r.Float64() * 0.99
	}
	if found := Hotspots(noise, opt); len(found) != 0 {
		t.Errorf("noise below the limit: %s", asJSON(t, HotspotSet(found)))
	}
	noise[44].Value, noise[45].Value = 1.01, 1.02
	chance := Hotspots(noise, opt)
	if len(chance) != 1 || chance[0].Significant || !finite(chance[0].P) || !strings.Contains(chance[0].Reason().EN, "not statistically significant (Gi*") {
		t.Errorf("two above the limit in noise: %s", asJSON(t, HotspotSet(chance)))
	}

	var feature struct{ Properties map[string]any }
	if err := json.Unmarshal(asJSON(t, chance[0]), &feature); err != nil {
		t.Fatal(err)
	}
	names := slices.Sorted(maps.Keys(feature.Properties))
	if want := []string{"id", "p", "parameter", "rank", "reason", "score", "since", "stations", "trend", "z"}; !slices.Equal(names, want) {
		t.Errorf("properties %v, want %v", names, want)
	}

	few := Hotspots(field(noon, map[string]float64{"g00": 2, "g01": 2})[:5], opt)
	if len(few) != 1 || !math.IsNaN(few[0].Z) || !strings.Contains(few[0].Reason().EN, "not yet tested") || !bytes.Contains(asJSON(t, few[0]), []byte(`"z":null`)) {
		t.Errorf("five stations: %s", asJSON(t, HotspotSet(few)))
	}
}

// Noise alone makes no hotspots, whatever the seed: that is what the false discovery rate is for.
func TestNoiseIsNoHotspot(t *testing.T) {
	found := 0
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 9))
		samples := province(150, seed, 0.9)
		for i := range samples {
			samples[i].Value = math.Min(0.95, 0.3*r.ExpFloat64())
		}
		found += len(Hotspots(samples, HotspotOptions{Seed: seed}))
	}
	if found > 4 { // 5 % of 40 runs, and a little luck
		t.Errorf("%d hotspots in 40 runs of noise", found)
	}
}

func TestIdentityAndTrend(t *testing.T) {
	tr := NewTracker(HotspotOptions{Radius: 2500})
	at := noon
	observe := func(after time.Duration, high map[string]float64) HotspotSet {
		at = at.Add(after)
		for _, s := range field(at, high) {
			tr.Replace(s.ID, []Sample{s})
		}
		return tr.Hotspots(at)
	}
	first := observe(0, map[string]float64{"g11": 1.5, "g12": 1.5, "g77": 2, "g78": 2})
	if len(first) != 2 || first[0].Trend != "" {
		t.Fatalf("%s", asJSON(t, first))
	}
	south, north := first[1].ID, first[0].ID
	grown := observe(15*time.Minute, map[string]float64{"g11": 1.5, "g12": 1.5, "g13": 3, "g77": 1.5, "g78": 1.5})
	if len(grown) != 2 || grown[0].ID != south || grown[1].ID != north {
		t.Fatalf("names do not stay: %s", asJSON(t, grown))
	}
	if grown[0].Trend != Rising || grown[1].Trend != Falling || !grown[0].Since.Equal(noon) {
		t.Errorf("trend or beginning: %s", asJSON(t, grown))
	}
	wandered := observe(5*time.Minute, map[string]float64{"g12": 1.5, "g13": 3, "g77": 1.5, "g78": 1.5})
	again := observe(5*time.Minute, map[string]float64{"g10": 1.2, "g11": 1.2, "g13": 3, "g14": 3, "g77": 1.5, "g78": 1.5})
	if wandered[0].ID != south {
		t.Errorf("a member that leaves takes the name along")
	}
	ids := map[string]bool{}
	for _, h := range again {
		ids[h.ID] = true
	}
	if len(again) != 3 || len(ids) != 3 || !ids[south] {
		t.Errorf("a split: %s", asJSON(t, again))
	}
	merged := observe(5*time.Minute, map[string]float64{"g10": 1.2, "g11": 1.2, "g12": 1.2, "g13": 3, "g14": 3})
	if len(merged) != 1 {
		t.Fatalf("a merger: %s", asJSON(t, merged))
	}
	back := observe(5*time.Minute, map[string]float64{"g77": 1.5, "g78": 1.5})
	if len(back) != 1 || back[0].ID != north || back[0].Trend != "" {
		t.Errorf("what comes back within the hour keeps its name: %s", asJSON(t, back))
	}
	late := observe(2*time.Hour, nil)
	if len(late) != 0 {
		t.Errorf("over: %s", asJSON(t, late))
	}
}

func TestLessThanHalfInCommonIsAnother(t *testing.T) {
	was := []Hotspot{{ID: "was", Members: []string{"a", "b", "c", "d"}}}
	for members, want := range map[string]int{"a b e f": 0, "a e f": -1, "a e": 0, "a b c d e f g h i": 0, "e f": -1} {
		if got := match([]Hotspot{{Members: strings.Fields(members)}}, was); got[0] != want {
			t.Errorf("%s: heir of %d, want %d", members, got[0], want)
		}
	}
}

func TestNamesOutliveARestart(t *testing.T) {
	high := map[string]float64{"g11": 1.5, "g12": 1.5, "g13": 1.5}
	before := NewTracker(HotspotOptions{Radius: 2500})
	for _, s := range field(noon, high) {
		before.Observe(s)
	}
	first := before.Hotspots(noon)
	after := NewTracker(HotspotOptions{Radius: 2500})
	later := noon.Add(2 * time.Hour)
	if err := after.Restore(asJSON(t, first), later); err != nil {
		t.Fatal(err)
	}
	high["g14"] = 1.5
	for _, s := range field(later, high) {
		after.Observe(s)
	}
	if got := after.Hotspots(later); len(got) != 1 || got[0].ID != first[0].ID || !got[0].Since.Equal(noon) || got[0].Trend != "" {
		t.Errorf("%s, before %s", asJSON(t, got), asJSON(t, first))
	}
	for _, bad := range []string{"", `{"features":[{"properties":{"id":"x"}}]}`} {
		if err := after.Restore([]byte(bad), later); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

func TestTheSameNameIsNotGivenTwice(t *testing.T) {
	used := map[string]bool{}
	a := newID([]string{"x", "y"}, used)
	used[a] = true
	if b := newID([]string{"x", "y"}, used); a == b {
		t.Error("two hotspots of one name")
	}
}

func TestTheIndexFadesButRemembersThePeak(t *testing.T) {
	m := HotspotOptions{}.withDefaults().memory()
	sample := func(parameter string, age time.Duration, v float64) Sample {
		return Sample{ID: "s", Parameter: parameter, At: noon.Add(-age), Value: v}
	}
	for name, c := range map[string]struct {
		samples []Sample
		want    float64
		driver  string
	}{
		"fresh":             {[]Sample{sample("cod", 50*time.Minute, 1.01)}, 1.01, "cod"},
		"stale":             {[]Sample{sample("cod", 7*time.Hour, 2)}, 1, "cod"},
		"worst parameter":   {[]Sample{sample("cod", 0, 0.4), sample("tss", 0, 0.6)}, 0.6, "tss"},
		"peak":              {[]Sample{sample("cod", 6*time.Hour, 4), sample("cod", 0, 0.5)}, 2, "cod"},
		"out of order":      {[]Sample{sample("cod", 0, 0.5), sample("cod", 6*time.Hour, 4)}, 2, "cod"},
		"corrected":         {[]Sample{sample("cod", 0, 9), sample("cod", 0, 0.5)}, 0.5, "cod"},
		"no number":         {[]Sample{sample("cod", time.Hour, 0.7), sample("tss", 0, math.NaN()), sample("ph", 0, math.Inf(1))}, 0.7, "cod"},
		"out of the window": {[]Sample{sample("cod", 25*time.Hour, 9), sample("tss", 0, 0.1)}, 0.1, "tss"},
	} {
		var s series
		for _, x := range c.samples {
			s.add(x, m)
		}
		got, ok := s.at(noon, m, 1)
		if !ok || math.Abs(got.index-c.want) > 1e-12 || got.parameter != c.driver {
			t.Errorf("%s: %+v, want %g by %s", name, got, c.want, c.driver)
		}
	}
	var s series
	s.add(sample("cod", 25*time.Hour, 9), m)
	if _, ok := s.at(noon, m, 1); ok {
		t.Error("a place without a sample in the window has an index")
	}
}

// The peaks that are kept give the index that all samples would give.
func TestPeaksLoseNothing(t *testing.T) {
	m := HotspotOptions{}.withDefaults().memory()
	r := rand.New(rand.NewPCG(4, 4))
	var s series
	var all []Sample
	for i := range 2000 {
		x := Sample{Parameter: []string{"cod", "tss"}[i%2], At: noon.Add(-time.Duration(r.IntN(30*3600)) * time.Second), Value: r.ExpFloat64()}
		if slices.ContainsFunc(all, func(y Sample) bool { return y.At.Equal(x.At) }) {
			continue
		}
		s.add(x, m)
		all = append(all, x)
		want := 0.0
		for _, y := range all {
			if age := noon.Sub(y.At); age <= m.window {
				want = math.Max(want, y.Value*m.decay(age))
			}
		}
		got, ok := s.at(noon, memory{m.window, m.halfLife, 0}, 1)
		if ok && math.Abs(got.index-want) > 1e-12 || !ok && want > 0 {
			t.Fatalf("after %d samples: %g, want %g", i+1, got.index, want)
		}
	}
	if len(s.peaks) > mostPeaks {
		t.Errorf("%d peaks", len(s.peaks))
	}
	var falling series
	for i := range 1000 {
		falling.add(Sample{Parameter: "cod", At: noon.Add(time.Duration(i) * time.Minute), Value: math.Exp(-float64(i))}, m)
	}
	if len(falling.peaks) > mostPeaks || falling.peaks[0].Value != 1 {
		t.Errorf("%d peaks from %g", len(falling.peaks), falling.peaks[0].Value)
	}
}

// densities are 10,000 stations as dense as 150 are in the province, and all of them in it: 1 and 80 neighbours each.
var densities = map[string]float64{"sparse": 7.3, "dense": 0.9}

func BenchmarkHotspotsFromScratch(b *testing.B) {
	for name, side := range densities {
		b.Run(name, func(b *testing.B) {
			samples := province(10000, 1, side)
			for b.Loop() {
				Hotspots(samples, HotspotOptions{})
			}
		})
	}
}

func BenchmarkHotspotsAfterOneChange(b *testing.B) {
	value := func(tr *Tracker, s Sample, i int) {
		s.At, s.Value = noon, float64(i%3)
		tr.Observe(s)
	}
	station := func(tr *Tracker, s Sample, i int) {
		if i%2 == 0 {
			tr.Remove(s.ID)
			return
		}
		s.Point[0] += 0.01
		tr.Observe(s)
	}
	for name, side := range densities {
		samples := province(10000, 1, side)
		for what, change := range map[string]func(*Tracker, Sample, int){"value": value, "station": station} {
			b.Run(name+"/"+what, func(b *testing.B) {
				tr := NewTracker(HotspotOptions{})
				for _, s := range samples {
					tr.Observe(s)
				}
				tr.Hotspots(noon)
				for i := 0; b.Loop(); i++ {
					change(tr, samples[i%len(samples)], i)
					tr.Hotspots(noon)
				}
			})
		}
	}
}

package alerts_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"quantrac/alerts"
	"quantrac/geo"
	"quantrac/ingest"
)

// outfall is a station at which COD is limited to 67.5 mg/L.
func outfall(id string, at geo.Point) geo.Station {
	return geo.Station{
		ID: id, Name: geo.Text{VI: "Trạm " + id}, Location: at, Parameters: []string{"cod", "tss"},
		Limits: []geo.Assignment{{Set: "qcvn40-2011", Column: "A", Kq: 0.9, Kf: 1}},
	}
}

func registryOf(tb testing.TB, stations ...geo.Station) *geo.Registry {
	tb.Helper()
	r, problems := geo.NewRegistry(geo.File{Stations: stations})
	if len(problems) > 0 {
		tb.Fatal(problems)
	}
	return r
}

// names are the hotspots, each as its members.
func names(set geo.HotspotSet) string {
	out := []string{}
	for _, h := range set {
		out = append(out, fmt.Sprint(h.Members))
	}
	return fmt.Sprint(out)
}

func TestLiveHotspots(t *testing.T) {
	near := []geo.Station{outfall("a", geo.Point{106.90, 10.90}), outfall("b", geo.Point{106.91, 10.90}), outfall("far", geo.Point{107.5, 11.5})}
	l := alerts.NewLive(alerts.LiveConfig{Registry: registryOf(t, near...), Limits: alerts.BuiltinLimits()})
	seek := func(now time.Time) (geo.HotspotSet, bool) {
		t.Helper()
		set, changed := l.SeekHotspots(now)
		if names(set) != names(l.Hotspots()) {
			t.Errorf("found %s, kept %s", names(set), names(l.Hotspots()))
		}
		return set, changed
	}
	if set, changed := seek(midnight); len(set) != 0 || changed || l.Stirred() {
		t.Errorf("before anybody spoke: %s, changed %v", names(set), changed)
	}
	l.Apply([]ingest.Reading{reading("a", "cod", minutes(0), 135), reading("b", "cod", minutes(0), 81), reading("far", "cod", minutes(0), 300)})
	if !l.Stirred() {
		t.Error("readings do not stir the hotspots")
	}
	set, changed := seek(minutes(1))
	if !changed || names(set) != "[[a b]]" || set[0].Parameter != "cod" || !set[0].Since.Equal(midnight) || set[0].Score != 3.2 {
		t.Fatalf("%v %s", changed, encode(t, set))
	}
	if _, changed = seek(minutes(2)); changed {
		t.Error("a minute without readings is news")
	}
	// What falls again is remembered for a while; what comes late counts from when it was measured.
	l.Apply([]ingest.Reading{reading("a", "cod", minutes(5), 200), reading("a", "cod", minutes(6), 10)})
	if set, _ = seek(minutes(7)); names(set) != "[[a b]]" || set[0].Score < 3.9 {
		t.Errorf("the peak between two looks is lost: %s", encode(t, set))
	}
	late := reading("far", "tss", minutes(-60), 900)
	l.Apply([]ingest.Reading{reading("far", "tss", minutes(8), 1), late})
	near = append(near, outfall("new", geo.Point{107.501, 11.5}))
	review := l.Use(registryOf(t, near...), alerts.BuiltinLimits())
	if !slices.Equal(review.Changed, []string{"new"}) || len(review.Gone) != 0 || review.Parks {
		t.Errorf("review %+v", review)
	}
	l.Apply([]ingest.Reading{reading("new", "cod", minutes(8), 100)})
	if set, _ = seek(minutes(9)); names(set) != "[[far new] [a b]]" || set[0].Parameter != "tss" {
		t.Errorf("with a station more: %s", encode(t, set))
	}
}

// A station that the registry moves keeps its values and takes them along; one that it drops is no part of a hotspot.
func TestTheRegistryMovesHotspots(t *testing.T) {
	a, b, c := outfall("a", geo.Point{106.90, 10.90}), outfall("b", geo.Point{106.91, 10.90}), outfall("c", geo.Point{107.5, 11.5})
	l := alerts.NewLive(alerts.LiveConfig{Registry: registryOf(t, a, b, c), Limits: alerts.BuiltinLimits()})
	for _, id := range []string{"a", "b", "c"} {
		l.Apply([]ingest.Reading{reading(id, "cod", minutes(0), 135)})
	}
	set, _ := l.SeekHotspots(minutes(1))
	saved, err := json.Marshal(set)
	if err != nil || names(set) != "[[a b]]" {
		t.Fatal(names(set), err)
	}
	c.Location, c.Name.VI = geo.Point{106.92, 10.90}, "Trạm dời"
	if r := l.Use(registryOf(t, b, c), alerts.BuiltinLimits()); !slices.Equal(r.Changed, []string{"c"}) || !slices.Equal(r.Gone, []string{"a"}) {
		t.Errorf("review %+v", r)
	}
	if v, ok := l.Station("c"); !ok || *v.Latest["cod"].Value != 135 || v.Name.VI != "Trạm dời" {
		t.Errorf("the moved station is %s", encode(t, v))
	}
	if _, ok := l.Station("a"); ok {
		t.Error("the dropped station is still there")
	}
	moved, changed := l.SeekHotspots(minutes(2))
	if !changed || names(moved) != "[[b c]]" || moved[0].ID != set[0].ID {
		t.Errorf("%s %s", names(moved), names(set))
	}

	next := alerts.NewLive(alerts.LiveConfig{Registry: registryOf(t, b, c), Limits: alerts.BuiltinLimits()})
	if err := next.RestoreHotspots(saved, minutes(3)); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"b", "c"} {
		if err := next.Restore(id, l.Snapshot(id)); err != nil {
			t.Fatal(err)
		}
	}
	if again, _ := next.SeekHotspots(minutes(3)); names(again) != "[[b c]]" || again[0].ID != set[0].ID || !again[0].Since.Equal(midnight) {
		t.Errorf("after a restart %s", encode(t, again))
	}
}

// province is so many stations as dense as 150 are in Đồng Nai.
func province(tb testing.TB, stations int) *alerts.Live {
	tb.Helper()
	rng := rand.New(rand.NewPCG(1, 2))
	all := make([]geo.Station, stations)
	for i := range all {
		all[i] = outfall(fmt.Sprintf("s%d", i), geo.Point{103 + rng.Float64()*7.3, 9 + rng.Float64()*7.3})
	}
	l := alerts.NewLive(alerts.LiveConfig{Registry: registryOf(tb, all...), Limits: alerts.BuiltinLimits()})
	for i := range all {
		l.Apply([]ingest.Reading{reading(all[i].ID, "cod", midnight, 67.5*rng.ExpFloat64()/2)})
	}
	return l
}

// BenchmarkLiveHotspots is one reading of one of 10,000 stations, and what the hotspots are then.
func BenchmarkLiveHotspots(b *testing.B) {
	l := province(b, 10000)
	now := midnight
	l.SeekHotspots(now)
	for i := 0; b.Loop(); i++ {
		now = now.Add(time.Second)
		l.Apply([]ingest.Reading{reading(fmt.Sprintf("s%d", i%10000), "cod", now, float64(i%200))})
		l.SeekHotspots(now)
	}
}

// BenchmarkLiveHotspotsFromScratch is the first look at 10,000 stations.
func BenchmarkLiveHotspotsFromScratch(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		l := province(b, 10000)
		b.StartTimer()
		l.SeekHotspots(midnight)
	}
}

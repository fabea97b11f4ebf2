package geo

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// basin is a river that runs south with a tributary from the east; 20 outfalls on the river, 5 on the tributary.
func basin(t *testing.T) *Registry {
	t.Helper()
	f := File{Rivers: []River{
		{ID: "main", Name: Text{VI: "Sông chính"}, Line: []Point{{106.8, 11.5}, {106.8, 11.2}, {106.8, 10.8}}, Speed: 1},
		{ID: "side", Name: Text{VI: "Sông nhánh"}, Line: []Point{{107.1, 11.1}, {106.8, 11.1}}, Into: "main", Speed: 0.5},
		{ID: "other", Name: Text{VI: "Sông khác"}, Line: []Point{{107.5, 11.5}, {107.5, 10.8}}},
	}}
	add := func(id, river string, kind Kind, p Point) {
		f.Stations = append(f.Stations, Station{ID: id, Name: Text{VI: id}, Kind: kind, Location: p, ReceivingWater: river, Parameters: []string{"cod"}})
	}
	for i := range 20 {
		add(fmt.Sprintf("m%02d", i), "main", Effluent, Point{106.801, 11.45 - 0.03*float64(i)})
	}
	for i := range 5 {
		add(fmt.Sprintf("t%d", i), "side", Effluent, Point{107.05 - 0.05*float64(i), 11.101})
	}
	add("elsewhere", "other", Effluent, Point{107.5, 11.2})
	add("nowhere", "", Effluent, Point{107.2, 11.2})
	add("gauge", "main", SurfaceWater, Point{106.8, 10.95})
	add("upper", "main", SurfaceWater, Point{106.8, 11.2})
	return mustRegistry(t, f)
}

func TestUpstreamFollowsTheRivers(t *testing.T) {
	r := basin(t)
	got, err := r.Upstream(UpstreamQuery{Station: "gauge", At: noon, MaxTravel: 100 * time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	// m00 to m16 lie above latitude 10.95, and all of the tributary.
	if len(got) != 22 || got[0].Station != "m16" || got[21].Station != "t0" {
		t.Fatalf("%d candidates: %+v", len(got), got)
	}
	for _, c := range got {
		want := Distance(Point{106.8, 10.95}, Point{106.8, 11.1}) + Distance(Point{106.8, 11.1}, Point{107.05, 11.1})
		if c.Station == "t0" && (math.Abs(c.Distance-want) > 20 || c.River != "side" || c.OffRiver < 100 || c.OffRiver > 120) {
			t.Errorf("t0: %+v, want %.0f m", c, want)
		}
		if seconds := Distance(Point{106.8, 10.95}, Point{106.8, 11.1}) + 2*Distance(Point{106.8, 11.1}, Point{107.05, 11.1}); c.Station == "t0" && math.Abs(c.Travel.Seconds()-seconds) > 40 {
			t.Errorf("t0: %s under way, want %.0f s", c.Travel, seconds)
		}
	}
	near, err := r.Upstream(UpstreamQuery{Station: "gauge", At: noon, MaxTravel: 2 * time.Hour})
	if err != nil || len(near) != 2 { // 7.2 km at 1 m/s
		t.Errorf("within two hours: %+v (%v)", near, err)
	}
	if above, err := r.Upstream(UpstreamQuery{Station: "upper", At: noon}); err != nil || len(above) != 9 {
		t.Errorf("above the mouth of the tributary: %+v (%v)", above, err)
	}
	if own, err := r.Upstream(UpstreamQuery{Station: "m00", At: noon}); err != nil || len(own) != 0 {
		t.Errorf("above the first: %+v (%v)", own, err)
	}
}

func TestUpstreamRefuses(t *testing.T) {
	r := basin(t)
	if _, err := r.Upstream(UpstreamQuery{Station: "nowhere"}); !errors.Is(err, ErrOffRiver) {
		t.Errorf("off the rivers: %v", err)
	}
	if _, err := r.Upstream(UpstreamQuery{Station: "unknown"}); err == nil || errors.Is(err, ErrOffRiver) {
		t.Errorf("unknown: %v", err)
	}
	if _, err := r.Upstream(UpstreamQuery{Station: "gauge", Spread: 2}); err == nil {
		t.Error("a spread of 2 is no share")
	}
}

// One outfall spills; all others go on as usual, some of them ten times as large. The gauge sees it a travel time later, which
// the river's mean speed mistakes by up to 40 %.
func TestTheSourceOfASpillIsAmongTheFirstThree(t *testing.T) {
	r := basin(t)
	const runs = 60
	first := 0
	for seed := range uint64(runs) {
		random := rand.New(rand.NewPCG(seed, 5))
		all, err := r.Upstream(UpstreamQuery{Station: "gauge", At: noon})
		if err != nil {
			t.Fatal(err)
		}
		source := all[random.IntN(len(all))]
		spilled := noon.Add(-time.Duration(float64(source.Travel) * (0.6 + 0.8*random.Float64())))
		size := map[string]float64{}
		for _, c := range all {
			size[c.Station] = 2 + 18*random.Float64()
		}
		loads := func(station string, from, to time.Time) []Load {
			noise := rand.New(rand.NewPCG(seed, uint64(len(station))+uint64(station[1])*31+uint64(station[len(station)-1])))
			var out []Load
			for at := from.Truncate(5 * time.Minute); at.Before(to); at = at.Add(5 * time.Minute) {
				day := 1 + 0.3*math.Sin(2*math.Pi*float64(at.Unix()%86400)/86400)
				v := size[station] * day * (1 + 0.1*noise.NormFloat64())
				if since := at.Sub(spilled); station == source.Station && since >= -time.Hour && since <= 0 {
					v += 15
				}
				out = append(out, Load{at, v})
			}
			return out
		}
		got, err := r.Upstream(UpstreamQuery{Station: "gauge", At: noon, Loads: loads})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range got {
			if c.Station != source.Station {
				continue
			}
			if c.Rank > 3 {
				t.Errorf("seed %d: the source %s has rank %d: %+v", seed, source.Station, c.Rank, got[:3])
			}
			if c.Rank == 1 {
				first++
			}
			if c.Change == nil || *c.Peak-*c.Before != *c.Change {
				t.Errorf("seed %d: %+v", seed, c)
			}
		}
	}
	if first < runs*8/10 {
		t.Errorf("first in %d of %d runs only", first, runs)
	}
}

func TestUnknownLoadsComeLast(t *testing.T) {
	r := basin(t)
	got, err := r.Upstream(UpstreamQuery{Station: "gauge", At: noon, Loads: func(station string, from, to time.Time) []Load {
		if station != "m03" {
			return nil
		}
		var out []Load
		for at := from; at.Before(to); at = at.Add(time.Hour) {
			out = append(out, Load{at, 5})
		}
		return append(out, Load{to, math.NaN()}, Load{to.Add(time.Hour), 1e9})
	}})
	if err != nil || got[0].Station != "m03" || *got[0].Change != 0 || got[1].Change != nil || got[1].Station != "m16" {
		t.Errorf("%+v (%v)", got, err)
	}
}

func TestUpstreamInTheBuiltinRegistry(t *testing.T) {
	r := Builtin()
	if len(r.Rivers()) != 5 {
		t.Errorf("%d rivers", len(r.Rivers()))
	}
	got, err := r.Upstream(UpstreamQuery{Station: "long-thanh-01", At: noon, MaxTravel: 20 * 24 * time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	rivers := map[string]bool{}
	for _, c := range got {
		rivers[c.River] = true
	}
	for _, id := range []string{"song-dong-nai", "song-be", "song-la-nga"} {
		if !rivers[id] {
			t.Errorf("nothing upstream on %s: %v", id, rivers)
		}
	}
	if rivers["song-thi-vai"] {
		t.Error("the Thị Vải does not flow past Long Thành")
	}
}

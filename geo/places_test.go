package geo

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

func mustRegistry(t testing.TB, f File) *Registry {
	t.Helper()
	r, problems := NewRegistry(f)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return r
}

// square has a hole in its middle.
const square = `{"type":"Polygon","coordinates":[
	[[106.8,10.9],[106.9,10.9],[106.9,11.0],[106.8,11.0],[106.8,10.9]],
	[[106.84,10.94],[106.84,10.96],[106.86,10.96],[106.86,10.94],[106.84,10.94]]]}`

func squarePark(t testing.TB) Park {
	t.Helper()
	p := Park{ID: "square", Name: Text{VI: "Vuông"}, Location: Point{106.85, 10.95}, Area: &Area{}}
	if err := json.Unmarshal([]byte(square), p.Area); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestInsideIncludesTheBoundary(t *testing.T) {
	r := mustRegistry(t, File{Parks: []Park{squarePark(t)}})
	p, _ := r.Park("square")
	for name, c := range map[string]struct {
		at   Point
		want bool
	}{
		"inside": {Point{106.81, 10.91}, true}, "corner": {Point{106.8, 10.9}, true}, "edge": {Point{106.8, 10.95}, true},
		"upper edge": {Point{106.87, 11.0}, true}, "outside": {Point{106.79, 10.95}, false}, "in the hole": {Point{106.85, 10.95}, false},
		"edge of the hole": {Point{106.84, 10.95}, true}, "corner of the hole": {Point{106.86, 10.96}, true},
		"level with a corner, outside": {Point{106.95, 11.0}, false},
	} {
		if got := p.Contains(c.at); got != c.want {
			t.Errorf("%s: contained %v", name, got)
		}
		if _, got := r.ParkAt(c.at); got != c.want {
			t.Errorf("%s: found %v", name, got)
		}
	}
	if d, want := p.DistanceTo(Point{106.79, 10.95}), Distance(Point{106.79, 10.95}, Point{106.8, 10.95}); d < want-0.01 || d > want+0.01 {
		t.Errorf("to the western edge %.3f m, want %.3f m", d, want)
	}
	if d := p.DistanceTo(Point{106.85, 10.95}); d < 1000 || d > 1200 {
		t.Errorf("out of the hole %.0f m", d)
	}
}

func TestAreaWithinACircle(t *testing.T) {
	round := Park{ID: "round", Name: Text{VI: "Tròn"}, Location: Point{106.5, 10.5}, Radius: 1000}
	sized := Park{ID: "sized", Name: Text{VI: "Rộng"}, Location: Point{106.6, 10.5}, AreaHa: 314.159265}
	r := mustRegistry(t, File{Parks: []Park{round, sized}})
	if unknown := (Park{Location: Point{106.5, 10.5}}); unknown.Contains(unknown.Location) {
		t.Error("a park of unknown size contains its own position")
	}
	for id, radius := range map[string]float64{"round": 1000, "sized": 1000} {
		p, _ := r.Park(id)
		east := func(m float64) Point { return around(p.Location, m, 1.5707963267948966) }
		if got, ok := r.ParkAt(east(radius - 10)); !ok || got.ID != id {
			t.Errorf("%s: not found 10 m inside", id)
		}
		if _, ok := r.ParkAt(east(radius + 10)); ok {
			t.Errorf("%s: found 10 m outside", id)
		}
	}
}

func TestOutfallsFindTheirPark(t *testing.T) {
	at := func(id string, kind Kind, p Point) Station {
		return Station{ID: id, Name: Text{VI: id}, Kind: kind, Location: p, Parameters: []string{"cod"}}
	}
	inside := Point{106.81, 10.95}
	declared := at("declared", Effluent, Point{107, 11})
	declared.Park = "square"
	r := mustRegistry(t, File{Parks: []Park{squarePark(t)}, Stations: []Station{
		at("outfall", Effluent, inside), at("stack", Stack, inside), at("river", SurfaceWater, inside), at("air", Air, inside),
		at("far", Effluent, Point{107, 11}), declared,
	}})
	for id, want := range map[string]string{"outfall": "square true", "stack": "square true", "river": " false", "air": " false", "far": " false", "declared": "square false"} {
		s, _ := r.Station(id)
		if got := fmt.Sprint(s.Park, " ", s.ParkByPosition); got != want {
			t.Errorf("%s: park %q, want %q", id, got, want)
		}
	}
}

func scattered(n int) File {
	random := rand.New(rand.NewPCG(8, 8))
	var f File
	for i := range n {
		p := Point{106 + random.Float64()*2, 10 + random.Float64()*2}
		f.Stations = append(f.Stations, Station{ID: fmt.Sprintf("s%d", i), Name: Text{VI: "S"}, Kind: SurfaceWater, Location: p, Parameters: []string{"cod"}})
		f.Parks = append(f.Parks, Park{ID: fmt.Sprintf("p%d", i), Name: Text{VI: "P"}, Location: Point{p[0], p[1]/2 + 6}, Radius: random.Float64() * 2000})
	}
	return f
}

func TestLookUpsEqualASearchOfAll(t *testing.T) {
	r := mustRegistry(t, scattered(300))
	random := rand.New(rand.NewPCG(9, 9))
	for range 100 {
		p, metres := Point{106 + random.Float64()*2, 10 + random.Float64()*2}, random.Float64()*60000
		var all []Near[*Station]
		for i := range r.stations {
			all = append(all, Near[*Station]{&r.stations[i], Distance(p, r.stations[i].Location)})
		}
		slices.SortFunc(all, func(a, b Near[*Station]) int { return cmp.Compare(a.Distance, b.Distance) })
		end, _ := slices.BinarySearchFunc(all, metres, func(n Near[*Station], m float64) int { return cmp.Compare(n.Distance, m) })
		if got := r.StationsWithin(p, metres); !slices.Equal(got, all[:end]) {
			t.Fatalf("%d within %.0f m of %v, want %d", len(got), metres, p, end)
		}
		if got := r.NearestStations(p, 5); !slices.Equal(got, all[:5]) {
			t.Fatalf("nearest to %v: %v, want %v", p, got, all[:5])
		}
		least := slices.MinFunc(r.parks, func(a, b Park) int { return cmp.Compare(a.DistanceTo(p), b.DistanceTo(p)) })
		if got := r.NearestParks(p, 1); len(got) != 1 || got[0].Distance != least.DistanceTo(p) {
			t.Fatalf("nearest park to %v: %v, want %s", p, got, least.ID)
		}
	}
	if got := r.NearestStations(Point{107, 11}, 1000); len(got) != 300 {
		t.Errorf("%d of 300 stations", len(got))
	}
}

func TestWrongAreasAreNamedByPlace(t *testing.T) {
	for area, want := range map[string]string{
		`{type: Polygon, coordinates: []}`:                                                                                                    "parks[0].area.coordinates: a polygon has",
		`{type: Polygon, coordinates: [[[106, 11], [107, 11], [107, 12], [106, 12]]]}`:                                                        "parks[0].area.coordinates[0]: the ring is not closed",
		`{type: Polygon, coordinates: [[[106, 11], [107, 11], [106, 11]]]}`:                                                                   "parks[0].area.coordinates[0]: a ring has 4",
		`{type: Polygon, coordinates: [[[106, 11], [107, 11], [106, 11], [106, 11]]]}`:                                                        "parks[0].area.coordinates[0]: the ring encloses nothing",
		`{type: MultiPolygon, coordinates: [[[[106, 11], [107, 11], [107, 12], [106, 11]]], [[[11, 106], [11, 107], [12, 107], [11, 106]]]]}`: "parks[0].area.coordinates[1][0][0]: [11, 106] has latitude first",
		`{type: MultiPolygon, coordinates: []}`:                                                                                               "parks[0].area.coordinates: an area has",
	} {
		var f File
		if err := yaml.Unmarshal([]byte("parks: [{id: p, name: {vi: P}, location: [106, 11], area: "+area+"}]"), &f); err != nil {
			t.Fatal(err)
		}
		_, problems := NewRegistry(f)
		if len(problems) != 1 || !strings.HasPrefix(problems[0].String(), want) {
			t.Errorf("%s: %v, want %s", area, problems, want)
		}
	}
	var f File
	if err := yaml.Unmarshal([]byte("parks: [{area: {type: Point, coordinates: [1, 2]}}]"), &f); err == nil || !strings.Contains(err.Error(), "Polygon or a MultiPolygon") {
		t.Errorf("a point for an area: %v", err)
	}
}

func TestAreasAreWoundAndWrittenAsTheyWereRead(t *testing.T) {
	clockwise := [][][]Point{{{{106, 11}, {106, 12}, {107, 12}, {107, 11}, {106, 11}}}}
	a, problems := NewArea(clockwise, "area")
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	b, err := json.Marshal(a)
	if want := `{"type":"Polygon","coordinates":[[[106,11],[107,11],[107,12],[106,12],[106,11]]]}`; err != nil || string(b) != want {
		t.Errorf("%s (%v), want %s", b, err, want)
	}
	y, err := yaml.Marshal(a)
	var back Area
	if err != nil || yaml.Unmarshal(y, &back) != nil || len(back.check("a")) > 0 {
		t.Fatalf("%s (%v)", y, err)
	}
	if c, err := json.Marshal(&back); err != nil || string(c) != string(b) {
		t.Errorf("%s, want %s", c, b)
	}
}

func BenchmarkParkAt(b *testing.B) {
	for _, n := range []int{100, 10000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			f := scattered(n)
			for i := range f.Parks {
				f.Parks[i].Radius = 20000 / float64(n)
			}
			r := mustRegistry(b, f)
			for b.Loop() {
				r.ParkAt(Point{107, 11.5})
			}
		})
	}
}

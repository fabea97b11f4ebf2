package geo

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

func paths(problems []Problem) string {
	var out []string
	for _, p := range problems {
		out = append(out, p.String())
	}
	return strings.Join(out, "\n")
}

func TestGeoJSONRoundTrip(t *testing.T) {
	r := Builtin()
	b, err := r.GeoJSON()
	if err != nil {
		t.Fatal(err)
	}
	im := ReadGeoJSON(b)
	if len(im.Problems)+len(im.Notes)+len(im.Ignored) > 0 {
		t.Fatalf("%s\n%s\n%v", paths(im.Problems), paths(im.Notes), im.Ignored)
	}
	back, problems := im.Onto(mustRegistry(t, File{Title: r.Title()}))
	if len(problems) > 0 {
		t.Fatal(paths(problems))
	}
	again, err := back.GeoJSON()
	if err != nil || string(again) != string(b) {
		t.Errorf("written, read and written again it is another: %v", err)
	}
	want, got := r.File(), back.File()
	for i := range want.Parks { // never shown, so never exported
		want.Parks[i].SimulatedM3Day = 0
	}
	if !reflect.DeepEqual(got.Parks, want.Parks) || len(got.Stations) != len(want.Stations) || len(got.Rivers) != len(want.Rivers) {
		t.Error("something is lost on the way")
	}
}

const oneOfEach = `{"type":"FeatureCollection","features":[
 {"type":"Feature","geometry":{"type":"Polygon","coordinates":[[[106,11],[106,12],[107,12],[107,11],[106,11]]]},"properties":{"id":"p","name":{"vi":"P"},"colour":"red"}},
 {"type":"Feature","geometry":{"type":"Point","coordinates":[106.5,11.5,3]},"properties":{"id":"s","name":{"vi":"S"},"kind":"effluent","parameters":["cod"],"cycle":"1h","receiving_water":"v"}},
 {"type":"Feature","geometry":{"type":"LineString","coordinates":[[106,11],[106,10]]},"properties":{"id":"v","name":{"vi":"V"}}}]}`

func TestGeoJSONIsReadByGeometry(t *testing.T) {
	im := ReadGeoJSON([]byte(oneOfEach))
	r, problems := im.Onto(Builtin())
	if len(problems) > 0 {
		t.Fatal(paths(problems))
	}
	s, _ := r.Station("s")
	if s.Park != "p" || !s.ParkByPosition || s.Cycle.Hours() != 1 || s.ReceivingWater != "v" {
		t.Errorf("station %+v", s)
	}
	if p, _ := r.Park("p"); p.Location != (Point{106.5, 11.5}) || signedArea(p.Area.Polygons()[0][0]) < 0 {
		t.Errorf("park %+v", p)
	}
	if len(im.Notes) != 1 || strings.Join(im.Ignored, " ") != "colour" {
		t.Errorf("notes %v, ignored %v", im.Notes, im.Ignored)
	}
}

func TestGeoJSONFaultsAreNamedByPlace(t *testing.T) {
	feature := func(geometry, properties string) string {
		return `{"type":"FeatureCollection","features":[{"type":"Feature","geometry":` + geometry + `,"properties":` + properties + `}]}`
	}
	named := `{"id":"x","name":{"vi":"X"},"parameters":["cod"]}`
	point := `{"type":"Point","coordinates":[106.5,11.5]}`
	for doc, want := range map[string]string{
		`[]`:                 ": no GeoJSON",
		`{"type":"Feature"}`: `type: a registry is a FeatureCollection, not "Feature"`,
		`{"type":"FeatureCollection","crs":{"type":"name"},"features":[]}`: "crs: RFC 7946 knows WGS 84 only",
		`{"type":"FeatureCollection","features":[{"type":"Point"}]}`:       `features[0].type: "Point" is no Feature`,
		feature(`null`, named): "features[0].geometry: the geometry is missing",
		feature(`{"type":"Point","coordinates":[11.5,106.5]}`, named):                              "features[0].geometry.coordinates: [11.5, 106.5] has latitude first: write [longitude, latitude]",
		feature(`{"type":"Point","coordinates":[106.5]}`, named):                                   "features[0].geometry.coordinates: a position is",
		feature(`{"type":"Point","coordinates":["106.5","11.5"]}`, named):                          "features[0].geometry.coordinates: a position is",
		feature(`{"type":"LineString","coordinates":[[106,11],[0,0]]}`, named):                     "features[0].geometry.coordinates[1]: [0, 0] is outside",
		feature(`{"type":"LineString","coordinates":[[106,11]]}`, named):                           "features[0].line: a river has between 2",
		feature(`{"type":"Polygon","coordinates":[[[106,11],[106,12],[107,12],[107,11]]]}`, named): "features[0].geometry.coordinates[0]: the ring is not closed",
		feature(`{"type":"Polygon","coordinates":7}`, named):                                       "features[0].geometry.coordinates: an array is expected here",
		feature(`{"type":"Circle","coordinates":[106,11]}`, named):                                 `features[0].geometry.type: "Circle" is none of`,
		feature(`{"type":"Point","crs":{},"coordinates":[106.5,11.5]}`, named):                     "features[0].geometry.crs: RFC 7946",
		feature(point, `{"feature":"river","id":"x"}`):                                             "features[0].geometry.type: a Point is no river",
		feature(point, `{"id":"x","name":{"vi":"X"},"parameters":"cod"}`):                          "features[0].properties.parameters: json",
		feature(point, `{"id":"x","name":{"vi":"X"},"parameters":["cod"],"cycle":"often"}`):        `features[0].properties.cycle: "often" is no duration`,
		feature(point, `{"id":"X","name":{"vi":"X"},"parameters":["cod"]}`):                        `features[0].id: id "X" must match`,
		feature(point, `{"id":"x","name":{"vi":"X"},"parameters":["cod"],"park":"nowhere"}`):       `features[0].park: park "nowhere" is not in the registry`,
		strings.Replace(oneOfEach, `"id":"s","name"`, `"feature":"park","id":"p","name"`, 1):       `features[1]: id "p" stands at features[0] already`,
	} {
		_, problems := ReadGeoJSON([]byte(doc)).Onto(Builtin())
		if len(problems) == 0 || !strings.HasPrefix(problems[0].String(), want) {
			t.Errorf("%s:\n got %s\nwant %s", doc, paths(problems), want)
		}
	}
}

func TestCSVPreview(t *testing.T) {
	for name, doc := range map[string]string{
		"commas":     "\ufeffMã trạm,Tên trạm,Kinh độ,Vĩ độ,Thông số,Ghi chú\r\nx-1,Trạm X,106.9,10.9,cod; tss,hello\r\n",
		"semicolons": "id;name;lon;lat;parameters;note\nx-1;Trạm X;106,9;10,9;cod|tss;\"a;b\"\n",
		"tabs":       "ID\tName (VI)\tLongitude\tLatitude\tParameters\tnote\nx-1\tTrạm X\t106.9\t10.9\tcod,tss\t\n",
	} {
		im := ReadStationsCSV([]byte(doc))
		r, problems := im.Onto(Builtin())
		if len(problems) > 0 {
			t.Errorf("%s: %s", name, paths(problems))
			continue
		}
		s, ok := r.Station("x-1")
		if !ok || s.Name.VI != "Trạm X" || s.Location != (Point{106.9, 10.9}) || strings.Join(s.Parameters, " ") != "cod tss" {
			t.Errorf("%s: %+v", name, s)
		}
		var fields []string
		for _, c := range im.Columns {
			fields = append(fields, c.Field)
		}
		if got := strings.Join(fields, " "); got != "id name.vi location[0] location[1] parameters " || len(im.Ignored) != 1 {
			t.Errorf("%s: recognised %q, ignored %v", name, got, im.Ignored)
		}
	}
	parks := ReadParksCSV([]byte("id,name_vi,lon,lat,precision_km,area_ha,place\np-1,KCN P,106.9,10.9,0.5,100,\"An Bình, cũ\"\n"))
	if len(parks.Problems) > 0 || parks.File.Parks[0].AreaHa != 100 || parks.File.Parks[0].Place != "An Bình, cũ" {
		t.Errorf("parks: %s %+v", paths(parks.Problems), parks.File)
	}
}

func TestCSVFaultsAreNamedByPlace(t *testing.T) {
	const titles = "id,name,lon,lat,parameters\n"
	for doc, want := range map[string]string{
		"":                          "line 1: no line of titles",
		"id,name,lon\n":             "line 1: no column is recognised as location[1]",
		"id,name,lon,kinh độ,lat\n": `line 1, column 4: "kinh độ" means the same as "lon"`,
		titles + "a,A,106.9,10.9,cod\nb,B,east,10.9,cod\n":  `line 3, column 3: location[0]: "east" is no number`,
		titles + "a,A,10.9,106.9,cod\n":                     "line 2: [10.9, 106.9] has latitude first",
		titles + "a,A,106.9,10.9\n":                         "line 2: 4 cells under 5 titles",
		titles + "a,\"A,106.9,10.9,cod\n":                   "line 2, column 21: extraneous or missing",
		titles + "a,A,106.9,10.9,cod\na,A,106.9,10.9,cod\n": `line 3: id "a" stands at line 2 already`,
		titles + "\"a\nb\",A,106.9,10.9,cod\n":              `line 2.id: id`,
		titles + "a,A,106.9,10.9,\n":                        "line 2.parameters: a station measures at least one parameter",
		"\xff\xfe":                                          ": the file is not UTF-8",
	} {
		_, problems := ReadStationsCSV([]byte(doc)).Onto(Builtin())
		if len(problems) == 0 || !strings.HasPrefix(problems[0].String(), want) {
			t.Errorf("%q:\n got %s\nwant %s", doc, paths(problems), want)
		}
	}
}

// What is read without a problem can be merged, written and read again.
func fuzzImport(t *testing.T, im *Import) {
	r, problems := im.Onto(mustRegistry(t, File{}))
	if len(problems) > 0 {
		for _, p := range problems {
			if p.Message == "" {
				t.Errorf("a problem without words at %q", p.Path)
			}
		}
		return
	}
	b, err := r.GeoJSON()
	if err != nil {
		t.Fatal(err)
	}
	back, problems := ReadGeoJSON(b).Onto(mustRegistry(t, File{}))
	if len(problems) > 0 {
		t.Fatalf("%s\n%s", paths(problems), b)
	}
	if again, err := back.GeoJSON(); err != nil || string(again) != string(b) {
		t.Fatalf("%v\n%s\n%s", err, again, b)
	}
}

func FuzzReadGeoJSON(f *testing.F) {
	f.Add([]byte(oneOfEach))
	f.Add([]byte(`{"type":"FeatureCollection","crs":null,"features":[{"type":"Feature","geometry":{"type":"MultiPolygon","coordinates":[[[[106,11],[107,11],[107,12],[106,11]]]]},"properties":{"id":"p","name":{"vi":"P"}}}]}`))
	f.Fuzz(func(t *testing.T, doc []byte) { fuzzImport(t, ReadGeoJSON(doc)) })
}

func FuzzReadCSV(f *testing.F) {
	f.Add([]byte("id;name;lon;lat;parameters\nx-1;X;106,9;10,9;cod|tss\n"), false)
	f.Add([]byte("id,name,lon,lat,area_ha\np-1,\"P, P\",106.9,10.9,1e2\n"), true)
	f.Fuzz(func(t *testing.T, doc []byte, parks bool) {
		if parks {
			fuzzImport(t, ReadParksCSV(doc))
		} else {
			fuzzImport(t, ReadStationsCSV(doc))
		}
	})
}

func TestInstrumentsAndRivers(t *testing.T) {
	var f File
	if err := json.Unmarshal([]byte(`{"Stations":[{"id":"s","name":{"vi":"S"},"location":[106.5,11],"parameters":["cod"],"receiving_water":"none","instruments":[
		{"serial":"1","parameters":["cod"],"calibrated":"2026-01-01T00:00:00Z","calibration_due":"2026-07-01T00:00:00Z"},
		{"serial":"1","parameters":["ph"],"calibrated":"2026-01-01T00:00:00Z","calibration_due":"2025-07-01T00:00:00Z"},{}]}],
		"Rivers":[{"id":"a","name":{"vi":"A"},"line":[[106,11],[106,10]],"into":"b"},{"id":"b","name":{"vi":"B"},"line":[[106,11],[106,10]],"into":"a"},
		{"id":"c","line":[[106,11],[106,11]],"into":"d","speed_m_s":-1},{"id":"c","name":{"vi":"C"},"line":[[11,106],[106,11]]}]}`), &f); err != nil {
		t.Fatal(err)
	}
	in := f.Stations[0].Instruments[0]
	if in.Overdue(in.Due) || !in.Overdue(in.Due.Add(1)) || (&Instrument{}).Overdue(in.Due) {
		t.Error("an instrument is overdue from its date on, if it has one")
	}
	_, problems := NewRegistry(f)
	want := []string{
		"rivers[2].name", "rivers[2].speed_m_s", "rivers[2].line", "rivers[3].id", "rivers[3].line[0]", "rivers[0].into", "rivers[1].into", "rivers[2].into",
		"stations[0].receiving_water", "stations[0].instruments[1].serial", "stations[0].instruments[1].parameters[0]",
		"stations[0].instruments[1].calibration_due", "stations[0].instruments[2].serial",
	}
	var got []string
	for _, p := range problems {
		got = append(got, p.Path)
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("\n got %v\nwant %v", got, want)
	}
}

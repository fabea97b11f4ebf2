package geo

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"
)

// feature is a GeoJSON feature on its way in.
type feature struct {
	Type       string                     `json:"type"`
	CRS        json.RawMessage            `json:"crs"`
	Geometry   *geometry                  `json:"geometry"`
	Properties map[string]json.RawMessage `json:"properties"`
}

type geometry struct {
	Type        string          `json:"type"`
	CRS         json.RawMessage `json:"crs"`
	Coordinates json.RawMessage `json:"coordinates"`
}

// ReadGeoJSON reads a FeatureCollection of parks (Point, Polygon or MultiPolygon), stations (Point) and rivers (LineString, in
// the direction of flow). The property "feature" says which; without it the geometry does: a line is a river, a polygon a
// park, a point a station. Other properties are those of the API. Coordinates are WGS 84, longitude first (RFC 7946); a crs is
// refused, a swapped pair is named, a ring that winds the wrong way is turned round and noted.
func ReadGeoJSON(data []byte) *Import {
	im := newImport()
	var doc struct {
		Type     string          `json:"type"`
		CRS      json.RawMessage `json:"crs"`
		Title    Text            `json:"title"`
		Features []feature       `json:"features"`
	}
	if len(data) > maxImport {
		im.problem("", "%d bytes; at most %d", len(data), maxImport)
		return im
	}
	if err := json.Unmarshal(bytes.TrimPrefix(data, []byte("\ufeff")), &doc); err != nil {
		im.problem("", "no GeoJSON: %s", err)
		return im
	}
	im.refuseCRS("crs", doc.CRS)
	if doc.Type != "FeatureCollection" {
		im.problem("type", "a registry is a FeatureCollection, not %q", doc.Type)
		return im
	}
	if len(doc.Features) > maxFeatures {
		im.problem("features", "%d features; at most %d", len(doc.Features), maxFeatures)
		return im
	}
	im.File.Title = doc.Title
	ignored := map[string]bool{}
	for i := range doc.Features {
		im.read(&doc.Features[i], fmt.Sprintf("features[%d]", i), ignored)
	}
	im.Ignored = slices.Sorted(maps.Keys(ignored))
	im.duplicates()
	return im
}

func (im *Import) refuseCRS(path string, crs json.RawMessage) {
	if len(crs) > 0 {
		im.problem(path, "RFC 7946 knows WGS 84 only: convert the coordinates and leave crs out")
	}
}

func (im *Import) read(f *feature, at string, ignored map[string]bool) {
	im.refuseCRS(at+".crs", f.CRS)
	if f.Type != "Feature" {
		im.problem(at+".type", "%q is no Feature", f.Type)
		return
	}
	if f.Geometry == nil {
		im.problem(at+".geometry", "the geometry is missing")
		return
	}
	im.refuseCRS(at+".geometry.crs", f.Geometry.CRS)
	s := &shapes{im: im, at: at + ".geometry.coordinates"}
	if s.read(f.Geometry); s.failed {
		return
	}
	switch what := f.what(); {
	case what == "park" && f.Geometry.Type != "LineString":
		im.origin[fmt.Sprintf("parks[%d]", len(im.File.Parks))] = at
		im.park(f, s, ignored)
	case what == "station" && f.Geometry.Type == "Point":
		im.origin[fmt.Sprintf("stations[%d]", len(im.File.Stations))] = at
		im.station(f, s, ignored)
	case what == "river" && f.Geometry.Type == "LineString":
		im.origin[fmt.Sprintf("rivers[%d]", len(im.File.Rivers))] = at
		v := River{Line: s.line}
		im.give("rivers", len(im.File.Rivers), f, "line")
		im.properties(f, s.at, &v, ignored)
		v.Line = s.line
		im.File.Rivers = append(im.File.Rivers, v)
	default:
		im.problem(at+".geometry.type", "a %s is no %s", f.Geometry.Type, what)
	}
}

// give notes which fields the i-th of a list has in the document.
func (im *Import) give(list string, i int, f *feature, geometry string) {
	im.given[fmt.Sprintf("%s[%d]", list, i)] = append(slices.Sorted(maps.Keys(f.Properties)), "id", geometry)
}

// what says what the feature is. The property kind of a station is one of its own kinds.
func (f *feature) what() string {
	var what string
	if json.Unmarshal(f.Properties["feature"], &what) == nil && what != "" {
		return what
	}
	switch f.Geometry.Type {
	case "LineString":
		return "river"
	case "Polygon", "MultiPolygon":
		return "park"
	default:
		return "station"
	}
}

func (im *Import) park(f *feature, s *shapes, ignored map[string]bool) {
	var p Park
	im.properties(f, s.at, &p, ignored)
	if s.polygons == nil {
		im.give("parks", len(im.File.Parks), f, "location")
		p.Location, p.Area = s.point, nil
		im.File.Parks = append(im.File.Parks, p)
		return
	}
	p.Area = &Area{polygons: s.polygons, multi: f.Geometry.Type == "MultiPolygon"}
	problems := p.Area.check(s.at[:len(s.at)-len(".coordinates")])
	for _, found := range problems {
		im.problem(found.Path, "%s", found.Message)
	}
	if len(problems) > 0 {
		return
	}
	im.noteWinding(&p, s.at)
	im.give("parks", len(im.File.Parks), f, "area")
	if p.Location == (Point{}) {
		low, high := p.Area.bounds()
		p.Location = Point{(low[0] + high[0]) / 2, (low[1] + high[1]) / 2}
	}
	im.File.Parks = append(im.File.Parks, p)
}

func (im *Import) noteWinding(p *Park, at string) {
	for _, rings := range p.Area.polygons {
		for j, ring := range rings {
			if (signedArea(ring) > 0) != (j == 0) && len(im.Notes) < maxProblems {
				im.Notes = append(im.Notes, Problem{at, "a ring winds the wrong way; it was turned round"})
				return
			}
		}
	}
}

func (im *Import) station(f *feature, s *shapes, ignored map[string]bool) {
	var st struct {
		Station
		Cycle string `json:"cycle"`
	}
	im.properties(f, s.at, &st, ignored)
	im.give("stations", len(im.File.Stations), f, "location")
	out := st.Station
	out.Location, out.ParkByPosition = s.point, false
	if st.Cycle != "" {
		d, err := time.ParseDuration(st.Cycle)
		if err != nil {
			im.problem(s.at[:len(s.at)-len("geometry.coordinates")]+"properties.cycle", "%q is no duration", st.Cycle)
		}
		out.Cycle = d
	}
	if st.ParkByPosition {
		out.Park = ""
	}
	im.File.Stations = append(im.File.Stations, out)
}

// properties reads each property on its own, so that a fault in one names it and spares the rest.
func (im *Import) properties(f *feature, coordinates string, into any, ignored map[string]bool) {
	at := coordinates[:len(coordinates)-len("geometry.coordinates")] + "properties"
	known := fieldsOf(into)
	for _, name := range slices.Sorted(maps.Keys(f.Properties)) {
		switch {
		case name == "feature":
		case !known[name]:
			if len(ignored) < maxFeatures {
				ignored[name] = true
			}
		default:
			one, err := json.Marshal(map[string]json.RawMessage{name: f.Properties[name]})
			if err == nil {
				err = json.Unmarshal(one, into)
			}
			if err != nil {
				im.problem(at+"."+name, "%s", err)
			}
		}
	}
}

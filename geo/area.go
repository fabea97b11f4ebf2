package geo

import (
	"encoding/json"
	"fmt"
	"math"

	geom "github.com/twpayne/go-geom"
	"github.com/twpayne/go-geom/xy"
	"github.com/twpayne/go-geom/xy/location"
	"go.yaml.in/yaml/v3"
)

// Area is the ground of a park: one polygon or several, each an outer ring and its holes. It is written as a GeoJSON geometry
// of type Polygon or MultiPolygon, in JSON and in YAML. Edges are straight in degrees, as RFC 7946 has them. Before it is
// checked, as NewRegistry does, it contains nothing.
type Area struct {
	polygons [][][]Point // as written
	multi    bool
	shape    *geom.MultiPolygon
}

// NewArea makes an area of polygons, each a list of rings: the outer one first, then the holes. Faults are named by their
// place in a GeoJSON geometry that is written at the path: "area.coordinates[0][3]" is the fourth corner of the outer ring.
// A ring that winds the wrong way is turned round, since RFC 7946 section 3.1.6 asks readers to be lenient.
func NewArea(polygons [][][]Point, path string) (*Area, []Problem) {
	a := &Area{polygons: polygons, multi: len(polygons) != 1}
	if problems := a.check(path); len(problems) > 0 {
		return nil, problems
	}
	return a, nil
}

// check builds the shape.
func (a *Area) check(path string) []Problem {
	path += ".coordinates"
	if len(a.polygons) == 0 {
		return []Problem{{path, "an area has at least one polygon"}}
	}
	var problems []Problem
	shape := geom.NewMultiPolygon(geom.XY)
	for i, rings := range a.polygons {
		at := path
		if a.multi {
			at = fmt.Sprintf("%s[%d]", path, i)
		}
		p, found := checkPolygon(rings, at)
		if problems = append(problems, found...); len(found) > 0 {
			continue
		}
		if err := shape.Push(p); err != nil {
			problems = append(problems, Problem{at, err.Error()})
		}
	}
	if len(problems) == 0 {
		a.shape = shape
	}
	return problems
}

func checkPolygon(rings [][]Point, at string) (*geom.Polygon, []Problem) {
	if len(rings) == 0 {
		return nil, []Problem{{at, "a polygon has at least an outer ring"}}
	}
	var problems []Problem
	p := geom.NewPolygon(geom.XY)
	for j, ring := range rings {
		path := fmt.Sprintf("%s[%d]", at, j)
		found := checkRing(ring, path)
		if problems = append(problems, found...); len(found) > 0 {
			continue
		}
		if err := p.Push(wound(ring, j == 0)); err != nil {
			problems = append(problems, Problem{path, err.Error()})
		}
	}
	return p, problems
}

func checkRing(ring []Point, at string) []Problem {
	for k, p := range ring {
		if msg := p.Check(); msg != "" {
			return []Problem{{fmt.Sprintf("%s[%d]", at, k), msg}}
		}
	}
	switch {
	case len(ring) < 4:
		return []Problem{{at, fmt.Sprintf("a ring has 4 positions or more, the last equal to the first; this one has %d", len(ring))}}
	case ring[0] != ring[len(ring)-1]:
		return []Problem{{at, "the ring is not closed: its last position must equal its first"}}
	case signedArea(ring) == 0:
		return []Problem{{at, "the ring encloses nothing"}}
	}
	return nil
}

// signedArea is twice the area in square degrees, positive for a counter-clockwise ring.
func signedArea(ring []Point) float64 {
	sum := 0.0
	for i := 1; i < len(ring); i++ {
		a, b := ring[i-1], ring[i]
		sum += (a[0]-ring[0][0])*(b[1]-ring[0][1]) - (b[0]-ring[0][0])*(a[1]-ring[0][1])
	}
	return sum
}

// wound is the ring as RFC 7946 winds it: outer rings counter-clockwise, holes clockwise.
func wound(ring []Point, outer bool) *geom.LinearRing {
	flat := make([]float64, 0, 2*len(ring))
	for _, p := range ring {
		flat = append(flat, p[0], p[1])
	}
	r := geom.NewLinearRingFlat(geom.XY, flat)
	if (signedArea(ring) > 0) != outer {
		r.Reverse()
	}
	return r
}

// Contains reports whether p lies in the area. Its boundary belongs to it, that of a hole too, as in PostGIS' ST_Covers.
func (a *Area) Contains(p Point) bool {
	if a == nil || a.shape == nil {
		return false
	}
	for i := range a.shape.NumPolygons() {
		if covers(a.shape.Polygon(i), p) {
			return true
		}
	}
	return false
}

func covers(polygon *geom.Polygon, p Point) bool {
	where := func(ring int) location.Type {
		return xy.LocatePointInRing(geom.XY, geom.Coord(p[:]), polygon.LinearRing(ring).FlatCoords())
	}
	if where(0) == location.Exterior {
		return false
	}
	for j := 1; j < polygon.NumLinearRings(); j++ {
		if where(j) == location.Interior {
			return false
		}
	}
	return true
}

// bounds are the corners of the smallest box around the area.
func (a *Area) bounds() (low, high Point) {
	b := a.shape.Bounds()
	return Point{b.Min(0), b.Min(1)}, Point{b.Max(0), b.Max(1)}
}

// distance is the way from p to the area along the geodesic, in metres; 0 inside. The nearest place of an edge is sought on
// the plane that touches the ellipsoid at p, which is exact enough for edges of some 10 km.
func (a *Area) distance(p Point) float64 {
	if a.Contains(p) {
		return 0
	}
	least := math.Inf(1)
	for _, rings := range a.Polygons() {
		for _, ring := range rings {
			for i := 1; i < len(ring); i++ {
				q, _ := nearestOnEdge(p, ring[i-1], ring[i])
				least = math.Min(least, Distance(p, q))
			}
		}
	}
	return least
}

// nearestOnEdge is the place of the edge from a to b that is nearest to p, and how far along it lies, 0 to 1.
func nearestOnEdge(p, a, b Point) (q Point, along float64) {
	scale := math.Cos(p.Lat() * math.Pi / 180)
	dx, dy := (b[0]-a[0])*scale, b[1]-a[1]
	length := dx*dx + dy*dy
	if length == 0 {
		return a, 0
	}
	along = ((p[0]-a[0])*scale*dx + (p[1]-a[1])*dy) / length
	along = math.Max(0, math.Min(1, along))
	return Point{a[0] + along*(b[0]-a[0]), a[1] + along*(b[1]-a[1])}, along
}

// Polygons lists the rings of the area, wound as RFC 7946 asks.
func (a *Area) Polygons() [][][]Point {
	var out [][][]Point
	for i := range a.shape.NumPolygons() {
		var rings [][]Point
		for j := range a.shape.Polygon(i).NumLinearRings() {
			var ring []Point
			for _, c := range a.shape.Polygon(i).LinearRing(j).Coords() {
				ring = append(ring, Point{c[0], c[1]})
			}
			rings = append(rings, ring)
		}
		out = append(out, rings)
	}
	return out
}

// areaFile is an area as it is written down.
type areaFile struct {
	Type        string `json:"type" yaml:"type"`
	Coordinates any    `json:"coordinates" yaml:"coordinates"`
}

// MarshalJSON writes a GeoJSON geometry.
func (a *Area) MarshalJSON() ([]byte, error) { return json.Marshal(a.file()) }

// MarshalYAML writes the same in YAML.
func (a *Area) MarshalYAML() (any, error) { return a.file(), nil }

func (a *Area) file() areaFile {
	all := a.polygons
	if a.shape != nil {
		all = a.Polygons()
	}
	if len(all) == 1 {
		return areaFile{"Polygon", all[0]}
	}
	return areaFile{"MultiPolygon", all}
}

// UnmarshalYAML reads a GeoJSON geometry.
func (a *Area) UnmarshalYAML(node *yaml.Node) error {
	var f struct {
		Type        string    `yaml:"type"`
		Coordinates yaml.Node `yaml:"coordinates"`
	}
	if err := node.Decode(&f); err != nil {
		return err
	}
	return a.read(f.Type, f.Coordinates.Decode)
}

// UnmarshalJSON reads a GeoJSON geometry.
func (a *Area) UnmarshalJSON(b []byte) error {
	var f struct {
		Type        string          `json:"type"`
		Coordinates json.RawMessage `json:"coordinates"`
	}
	if err := json.Unmarshal(b, &f); err != nil {
		return err
	}
	return a.read(f.Type, func(v any) error { return json.Unmarshal(f.Coordinates, v) })
}

func (a *Area) read(kind string, decode func(any) error) error {
	*a = Area{multi: kind == "MultiPolygon"}
	switch kind {
	case "MultiPolygon":
		return decode(&a.polygons)
	case "Polygon":
		var rings [][]Point
		if err := decode(&rings); err != nil {
			return err
		}
		a.polygons = [][][]Point{rings}
		return nil
	default:
		return fmt.Errorf("an area is a Polygon or a MultiPolygon, not %q", kind)
	}
}

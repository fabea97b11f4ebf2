package geo

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
)

// shapes reads the coordinates of one geometry.
type shapes struct {
	im     *Import
	at     string
	failed bool

	point    Point
	line     []Point
	polygons [][][]Point
}

func (s *shapes) fail(path, format string, args ...any) {
	s.failed = true
	s.im.problem(path, format, args...)
}

func (s *shapes) read(g *geometry) {
	switch g.Type {
	case "Point":
		s.point = s.position(s.at, g.Coordinates)
	case "LineString":
		s.line = list(s, s.at, g.Coordinates, s.position)
	case "Polygon":
		s.polygons = [][][]Point{s.rings(s.at, g.Coordinates)}
	case "MultiPolygon":
		s.polygons = list(s, s.at, g.Coordinates, s.rings)
	default:
		s.fail(strings.TrimSuffix(s.at, "coordinates")+"type", "%q is none of Point, LineString, Polygon, MultiPolygon", g.Type)
	}
}

func (s *shapes) rings(at string, raw json.RawMessage) [][]Point {
	return list(s, at, raw, func(at string, raw json.RawMessage) []Point { return list(s, at, raw, s.position) })
}

func list[T any](s *shapes, at string, raw json.RawMessage, one func(string, json.RawMessage) T) []T {
	var parts []json.RawMessage
	if err := json.Unmarshal(raw, &parts); err != nil || parts == nil {
		s.fail(at, "an array is expected here")
		return nil
	}
	out := make([]T, 0, len(parts))
	for i, part := range parts {
		out = append(out, one(fmt.Sprintf("%s[%d]", at, i), part))
		if s.failed {
			return nil
		}
	}
	return out
}

// position reads longitude, latitude and, where there is one, an altitude, which is left out.
func (s *shapes) position(at string, raw json.RawMessage) Point {
	var c []float64
	if err := json.Unmarshal(raw, &c); err != nil || len(c) < 2 || len(c) > 3 {
		s.fail(at, "a position is [longitude, latitude] with an optional altitude")
		return Point{}
	}
	p := Point{c[0], c[1]}
	if msg := p.Check(); msg != "" {
		s.fail(at, "%s", msg)
	}
	return p
}

// fieldsOf are the names that a struct has in JSON.
func fieldsOf(pointer any) map[string]bool {
	out := map[string]bool{}
	var walk func(reflect.Type)
	walk = func(t reflect.Type) {
		for i := range t.NumField() {
			f := t.Field(i)
			if f.Anonymous {
				walk(f.Type)
				continue
			}
			if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" && name != "-" {
				out[name] = true
			}
		}
	}
	walk(reflect.TypeOf(pointer).Elem())
	return out
}

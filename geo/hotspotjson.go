package geo

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	geom "github.com/twpayne/go-geom"
	"github.com/twpayne/go-geom/xy"
)

const (
	hullMargin  = 1000.0
	hullCorners = 16
)

// hull encloses the points with the margin. Circles are drawn around the corners of the points' own hull only: those around
// the rest lie within.
func hull(points []Point) *geom.Polygon {
	flat := make([]float64, 0, 2*len(points))
	for _, p := range points {
		flat = append(flat, p[0], p[1])
	}
	corners := xy.ConvexHullFlat(geom.XY, flat).FlatCoords()
	flat = make([]float64, 0, hullCorners*len(corners)) // corners may be part of the old one
	for i := 0; i+1 < len(corners); i += 2 {
		for k := range hullCorners {
			q := around(Point{corners[i], corners[i+1]}, hullMargin, 2*math.Pi*float64(k)/hullCorners)
			flat = append(flat, q[0], q[1])
		}
	}
	p, ok := xy.ConvexHullFlat(geom.XY, flat).(*geom.Polygon)
	if !ok {
		return geom.NewPolygon(geom.XY) // cannot be: a circle has an area
	}
	// RFC 7946 winds outer rings counter-clockwise.
	if !xy.IsRingCounterClockwise(geom.XY, p.FlatCoords()) {
		p.Reverse()
	}
	return p
}

// Reason says in words why this is called a hotspot, and how sure that is.
func (h Hotspot) Reason() Text {
	n := len(h.Members)
	vi := fmt.Sprintf("%d/%d trạm vượt giới hạn", h.Above, n)
	en := fmt.Sprintf("%d of %d stations exceed their limit", h.Above, n)
	figures := fmt.Sprintf("Gi* z = %.2f, p = %.3f", h.Z, h.P)
	figuresVI := strings.NewReplacer(", ", "; ", ".", ",").Replace(figures)
	switch {
	case !finite(h.Z) || !finite(h.P): // too few stations have a value, or all are alike
		return Text{
			VI: "Các trạm vượt giới hạn nằm gần nhau; chưa kiểm định ý nghĩa thống kê.",
			EN: "Stations above their limit lie near each other; not yet tested for statistical significance.",
		}
	case !h.Significant:
		return Text{
			VI: vi + "; mức tập trung không có ý nghĩa thống kê (" + figuresVI + ", xét cùng lúc mọi trạm).",
			EN: en + "; the concentration is not statistically significant (" + figures + ", all stations tested at once).",
		}
	case h.Above == 0:
		return Text{
			VI: "Chưa trạm nào vượt giới hạn, nhưng giá trị cao tập trung có ý nghĩa thống kê (" + figuresVI + ").",
			EN: "No station exceeds its limit, but high values concentrate significantly (" + figures + ").",
		}
	default:
		return Text{
			VI: vi + "; mức tập trung có ý nghĩa thống kê (" + figuresVI + ").",
			EN: en + "; the concentration is statistically significant (" + figures + ").",
		}
	}
}

// MarshalJSON writes a GeoJSON feature.
func (h Hotspot) MarshalJSON() ([]byte, error) {
	ring := [][2]float64{}
	for _, c := range h.Hull.Coords()[0] {
		ring = append(ring, [2]float64{rounded(c[0], 1e5), rounded(c[1], 1e5)})
	}
	properties := map[string]any{
		"id": h.ID, "rank": h.Rank, "score": rounded(h.Score, 1e3), "z": nil, "p": nil, "parameter": h.Parameter,
		"since": h.Since.UTC(), "trend": nil, "stations": h.Members, "reason": h.Reason(),
	}
	if finite(h.Z) && finite(h.P) {
		properties["z"], properties["p"] = rounded(h.Z, 1e3), rounded(h.P, 1e6)
	}
	if h.Trend != "" {
		properties["trend"] = h.Trend
	}
	return json.Marshal(map[string]any{
		"type": "Feature", "id": h.ID, "properties": properties,
		"geometry": map[string]any{"type": "Polygon", "coordinates": [][][2]float64{ring}},
	})
}

// finite reports whether v is a number that can be written down.
func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

func rounded(v, scale float64) float64 { return math.Round(v*scale) / scale }

// HotspotSet is a ranked set as GeoJSON.
type HotspotSet []Hotspot

// MarshalJSON writes a GeoJSON feature collection.
func (s HotspotSet) MarshalJSON() ([]byte, error) {
	features := []Hotspot(s)
	if features == nil {
		features = []Hotspot{}
	}
	return json.Marshal(map[string]any{"type": "FeatureCollection", "features": features})
}

// Alike reports whether two sets would tell people the same: a score that has moved by less than 2 %, as it does all the time because
// samples age, is no news.
func (s HotspotSet) Alike(was HotspotSet) bool {
	const news = 0.02
	return slices.EqualFunc(s, was, func(a, b Hotspot) bool {
		return a.ID == b.ID && a.Significant == b.Significant && a.Above == b.Above && a.Parameter == b.Parameter && a.Trend == b.Trend &&
			a.Since.Equal(b.Since) && slices.Equal(a.Members, b.Members) && math.Abs(a.Score-b.Score) <= news*b.Score
	})
}

// Restore makes the Tracker go on from a set that an earlier one wrote as JSON, so that hotspots keep their names and their
// beginnings over a restart. It is called before the first run; now is the time of that.
func (t *Tracker) Restore(collection []byte, now time.Time) error {
	var doc struct {
		Features []struct {
			Properties struct {
				ID       string    `json:"id"`
				Rank     int       `json:"rank"`
				Score    float64   `json:"score"`
				Since    time.Time `json:"since"`
				Stations []string  `json:"stations"`
			} `json:"properties"`
		} `json:"features"`
	}
	if err := json.Unmarshal(collection, &doc); err != nil {
		return fmt.Errorf("read the hotspots of before: %w", err)
	}
	t.spots = nil
	for _, f := range doc.Features {
		p := f.Properties
		if p.ID == "" || len(p.Stations) == 0 {
			return fmt.Errorf("read the hotspots of before: %q has no id or no stations", p.ID)
		}
		t.spots = append(t.spots, Hotspot{ID: p.ID, Rank: p.Rank, Score: p.Score, Since: p.Since, Members: p.Stations, seen: now})
	}
	return nil
}

package geo

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"math"
	"slices"
	"time"

	"github.com/tidwall/rtree"
	geom "github.com/twpayne/go-geom"
	"github.com/twpayne/go-geom/xy"
)

// Sample is one measured place, without any notion of what was measured: Value is a ratio to a limit, 1 = at the limit.
type Sample struct {
	ID    string
	Point Point
	Value float64
	// Weight scales the sample's part of a score; 0 counts as 1.
	Weight float64
	// Parameter names what drives Value.
	Parameter string
	At        time.Time
}

// HotspotOptions tune the clustering; zero fields take the defaults.
type HotspotOptions struct {
	// Radius is the greatest geodesic distance between neighbours, in metres; 5,000.
	Radius float64
	// MinPoints is the number of samples, itself included, that make a sample the core of a cluster; 2, so that one station
	// alone is an alert and no hotspot.
	MinPoints int
	// Threshold is the value from which a sample counts; 1, the limit.
	Threshold float64
}

// Hotspot is a cluster of samples above the threshold.
type Hotspot struct {
	// ID is a hash of the members, so the same set keeps its name.
	ID   string
	Rank int // 1 = worst
	// Score is the sum of weight × value over the members: it grows with the number of stations and with how far each is
	// above its limit. It says nothing of significance.
	Score   float64
	Members []string // ascending
	// Parameter drives the member with the greatest value.
	Parameter string
	// Since is the earliest time among the members.
	Since time.Time
	// Hull is the convex hull of circles of 1 km around the members: one ring, closed, counter-clockwise.
	Hull *geom.Polygon
}

const (
	defaultRadius    = 5000.0
	defaultMinPoints = 2
	hullMargin       = 1000.0
	hullCorners      = 16
)

// Hotspots clusters the samples at or above the threshold by DBSCAN (Ester et al., KDD 1996) on geodesic distance. A sample
// within reach of two clusters but core of none goes to the one whose core is nearest, then to the smaller id, so the result
// does not depend on the order of the samples. Ranked by score.
func Hotspots(samples []Sample, opt HotspotOptions) []Hotspot {
	opt = hotspotDefaults(opt)
	above := slices.DeleteFunc(slices.Clone(samples), func(s Sample) bool { return !(s.Value >= opt.Threshold) })
	slices.SortFunc(above, func(a, b Sample) int { return cmp.Compare(a.ID, b.ID) })
	clusters := dbscan(above, opt)
	spots := make([]Hotspot, 0, len(clusters))
	for _, members := range clusters {
		spots = append(spots, describe(above, members))
	}
	slices.SortFunc(spots, func(a, b Hotspot) int { return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.ID, b.ID)) })
	for i := range spots {
		spots[i].Rank = i + 1
	}
	return spots
}

func hotspotDefaults(opt HotspotOptions) HotspotOptions {
	if opt.Radius == 0 {
		opt.Radius = defaultRadius
	}
	if opt.MinPoints == 0 {
		opt.MinPoints = defaultMinPoints
	}
	if opt.Threshold == 0 {
		opt.Threshold = 1
	}
	return opt
}

type neighbour struct {
	index    int
	distance float64
}

// dbscan returns the clusters as ascending indexes into samples, in the order of their first core.
func dbscan(samples []Sample, opt HotspotOptions) [][]int {
	var tree rtree.RTreeG[int]
	for i, s := range samples {
		tree.Insert(s.Point, s.Point, i)
	}
	near := make([][]neighbour, len(samples))
	for i, s := range samples {
		lon, lat := degreesAround(s.Point, opt.Radius)
		low, high := Point{s.Point[0] - lon, s.Point[1] - lat}, Point{s.Point[0] + lon, s.Point[1] + lat}
		tree.Search(low, high, func(_, _ [2]float64, j int) bool {
			if d := Distance(s.Point, samples[j].Point); d <= opt.Radius {
				near[i] = append(near[i], neighbour{j, d})
			}
			return true
		})
	}
	isCore := func(i int) bool { return len(near[i]) >= opt.MinPoints }
	of := make([]int, len(samples)) // cluster number from 1; 0 = none
	clusters := 0
	for i := range samples {
		if of[i] != 0 || !isCore(i) {
			continue
		}
		clusters++
		of[i] = clusters
		for queue := []int{i}; len(queue) > 0; queue = queue[1:] {
			for _, n := range near[queue[0]] {
				if isCore(n.index) && of[n.index] == 0 {
					of[n.index] = clusters
					queue = append(queue, n.index)
				}
			}
		}
	}
	out := make([][]int, clusters)
	for i := range samples {
		c := of[i]
		if core, ok := nearestCore(near[i], isCore); c == 0 && ok {
			c = of[core]
		}
		if c > 0 {
			out[c-1] = append(out[c-1], i)
		}
	}
	return out
}

// nearestCore finds the core that a border point belongs to; of two at the same distance the smaller index.
func nearestCore(near []neighbour, isCore func(int) bool) (int, bool) {
	best, found := neighbour{}, false
	for _, n := range near {
		if !isCore(n.index) {
			continue
		}
		if !found || n.distance < best.distance || n.distance == best.distance && n.index < best.index {
			best, found = n, true
		}
	}
	return best.index, found
}

func describe(samples []Sample, members []int) Hotspot {
	var h Hotspot
	worst := math.Inf(-1)
	var points []Point
	for _, i := range members {
		s := samples[i]
		weight := s.Weight
		if weight == 0 {
			weight = 1
		}
		h.Score += weight * s.Value
		h.Members = append(h.Members, s.ID)
		points = append(points, s.Point)
		if s.Value > worst {
			worst, h.Parameter = s.Value, s.Parameter
		}
		if h.Since.IsZero() || s.At.Before(h.Since) {
			h.Since = s.At
		}
	}
	sum := sha256.New()
	for _, id := range h.Members {
		sum.Write([]byte(id))
		sum.Write([]byte{0})
	}
	h.ID = hex.EncodeToString(sum.Sum(nil)[:8])
	h.Hull = hull(points)
	return h
}

func hull(points []Point) *geom.Polygon {
	flat := make([]float64, 0, 2*hullCorners*len(points))
	for _, p := range points {
		for k := range hullCorners {
			q := around(p, hullMargin, 2*math.Pi*float64(k)/hullCorners)
			flat = append(flat, q[0], q[1])
		}
	}
	p, ok := xy.ConvexHullFlat(geom.XY, flat).(*geom.Polygon)
	if !ok {
		return geom.NewPolygon(geom.XY) // cannot be: a circle has an area
	}
	// RFC 7946 winds outer rings counter-clockwise.
	if ring := p.FlatCoords(); xy.IsRingCounterClockwise(geom.XY, ring) {
		return p
	}
	p.Reverse()
	return p
}

// notTested is the reason that every hotspot carries as long as no significance is computed.
var notTested = Text{
	VI: "Các trạm vượt giới hạn nằm gần nhau; chưa kiểm định ý nghĩa thống kê.",
	EN: "Stations above their limit lie near each other; not yet tested for statistical significance.",
}

// MarshalJSON writes a GeoJSON feature.
func (h Hotspot) MarshalJSON() ([]byte, error) {
	ring := [][2]float64{}
	for _, c := range h.Hull.Coords()[0] {
		ring = append(ring, [2]float64{math.Round(c[0]*1e5) / 1e5, math.Round(c[1]*1e5) / 1e5})
	}
	return json.Marshal(map[string]any{
		"type": "Feature", "id": h.ID,
		"geometry": map[string]any{"type": "Polygon", "coordinates": [][][2]float64{ring}},
		"properties": map[string]any{
			"id": h.ID, "rank": h.Rank, "score": math.Round(h.Score*1000) / 1000, "z": nil, "p": nil, "parameter": h.Parameter,
			"since": h.Since.UTC(), "trend": nil, "stations": h.Members, "reason": notTested,
		},
	})
}

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

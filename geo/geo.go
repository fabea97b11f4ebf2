// Package geo knows where things are: parks, stations, rivers and the hotspots between them.
//
// It is pure: no I/O, no clock, no logger. Positions are WGS 84 degrees, longitude first, as in GeoJSON; distances are
// metres along the geodesic. Parameters and limits are named by code only, what they mean is the business of packages
// ingest and alerts. A Registry never changes after NewRegistry: a new one replaces it whole.
package geo

import (
	"fmt"
	"regexp"
)

// Text is a name in the two languages that the program speaks.
type Text struct {
	VI string `json:"vi" yaml:"vi"`
	EN string `json:"en" yaml:"en"`
}

// Point is a position in degrees: longitude, latitude (WGS 84).
type Point [2]float64

// Lon is the longitude in degrees, east positive.
func (p Point) Lon() float64 { return p[0] }

// Lat is the latitude in degrees, north positive.
func (p Point) Lat() float64 { return p[1] }

// Bounds of the coordinates that can belong to Vietnam and its waters. A point outside is refused when a registry is
// loaded; the usual cause is a swapped pair.
const (
	minLon, maxLon = 100.0, 112.0
	minLat, maxLat = 7.0, 24.0
)

// Check says what is wrong with a position, or "" when it can be one of ours.
func (p Point) Check() string {
	switch {
	case p.Lon() >= minLon && p.Lon() <= maxLon && p.Lat() >= minLat && p.Lat() <= maxLat:
		return ""
	case p.Lat() >= minLon && p.Lat() <= maxLon && p.Lon() >= minLat && p.Lon() <= maxLat:
		return fmt.Sprintf("[%g, %g] has latitude first: write [longitude, latitude]", p[0], p[1])
	default:
		return fmt.Sprintf("[%g, %g] is outside longitude %g to %g, latitude %g to %g", p[0], p[1], minLon, maxLon, minLat, maxLat)
	}
}

// Problem is one fault in a file of facts. Path names the place inside the document, for example
// "stations[3].parameters[0]", so that a loader can add file, line and column.
type Problem struct {
	Path    string
	Message string
}

func (p Problem) String() string { return p.Path + ": " + p.Message }

var idPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)

// ValidID reports whether s can be the id of a park or a station.
func ValidID(s string) bool { return idPattern.MatchString(s) }

package web

import (
	"errors"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"strings"

	"quantrac/geo"
)

// Basemap is what lies under the stations beyond the drawing that the page carries. Its zero value adds nothing, and then no
// request leaves the page's origin.
type Basemap struct {
	// Tiles is the template of raster tiles, with {z}, {x} and {y}: an address of another host, or a path of this one; "" = none.
	Tiles string
	// Attribution is shown on the map, as the maker of the tiles or of the detail asks.
	Attribution string
	// MinZoom and MaxZoom are between which zooms there are tiles; further in, the last are stretched.
	MinZoom, MaxZoom int
	// Detail is a folder of GeoJSON files with names from DetailKinds, and of tiles as tiles/{z}/{x}/{y}.png; nil = none. It is
	// public, as the page is.
	Detail fs.FS
}

// Zooms of tiles: the deepest that they may have, and that which servers of tiles usually end at.
const (
	MaxTileZoom   = 22
	UsualTileZoom = 18
)

// localTiles is where the tiles of Basemap.Detail are.
const localTiles = "basemap/tiles/{z}/{x}/{y}.png"

// DetailKinds are the names, without ".geojson", of the files of a detail folder that the page draws.
func DetailKinds() []string { return []string{"areas", "boundaries", "waters", "roads", "places"} }

// Check says what is wrong with the settings, or "".
func (b *Basemap) Check() string {
	switch {
	case b.Tiles == "":
		return ""
	case !strings.Contains(b.Tiles, "{z}") || !strings.Contains(b.Tiles, "{x}") || !strings.Contains(b.Tiles, "{y}"):
		return "a template of tiles has {z}, {x} and {y} in it"
	case b.MinZoom < 0 || b.MaxZoom > MaxTileZoom || b.MinZoom > b.MaxZoom:
		return "zooms lie between 0 and 22, the least first"
	case tileOrigin(b.Tiles) == "" && strings.Contains(b.Tiles, ":"):
		return "a template of tiles is an http or https address, or a path of this host"
	}
	return ""
}

// tileOrigin is the origin that the page must be allowed to ask for tiles; "" = its own.
func tileOrigin(template string) string {
	u, err := url.Parse(strings.NewReplacer("{", "", "}", "").Replace(template))
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	// What is no plain host could say more than a source in the page's policy.
	if strings.ContainsAny(u.Host, " ;,'\"") {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

type tilesView struct {
	URL     string `json:"url"`
	MinZoom int    `json:"min_zoom"`
	MaxZoom int    `json:"max_zoom"`
}

type detailView struct {
	Kind string `json:"kind"`
	URL  string `json:"url"`
}

// basemap tells the page what there is to draw. Files are looked for at each request: detail may be put in place at any time.
func (s *Server) basemap(w http.ResponseWriter, _ *http.Request) error {
	b := &s.cfg.Basemap
	var tiles *tilesView
	detail := []detailView{}
	if b.Tiles != "" {
		tiles = &tilesView{b.Tiles, b.MinZoom, b.MaxZoom}
	}
	if b.Detail != nil {
		if info, err := fs.Stat(b.Detail, "tiles"); tiles == nil && err == nil && info.IsDir() {
			tiles = &tilesView{localTiles, b.MinZoom, b.MaxZoom}
		}
		for _, kind := range DetailKinds() {
			if info, err := fs.Stat(b.Detail, kind+".geojson"); err == nil && info.Mode().IsRegular() {
				detail = append(detail, detailView{kind, "basemap/" + kind + ".geojson"})
			}
		}
	}
	writeJSON(w, http.StatusOK, map[string]any{"tiles": tiles, "attribution": b.Attribution, "detail": detail})
	return nil
}

// detailTypes are the files that a detail folder may hand out.
var detailTypes = map[string]string{
	".geojson": "application/geo+json", ".png": "image/png", ".jpg": "image/jpeg", ".webp": "image/webp",
}

// basemapFile serves a file of the detail folder: nothing but pictures and GeoJSON, and no listing.
func (s *Server) basemapFile(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("file")
	kind, known := detailTypes[path.Ext(name)]
	if s.cfg.Basemap.Detail == nil || !known || !fs.ValidPath(name) {
		problem(w, http.StatusNotFound, "there is no "+r.URL.Path)
		return
	}
	info, err := fs.Stat(s.cfg.Basemap.Detail, name)
	switch {
	case errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode().IsRegular():
		problem(w, http.StatusNotFound, "there is no "+r.URL.Path)
		return
	case err != nil:
		s.cfg.Logger.Warn("the base map's detail cannot be read", "file", name, "error", err)
		problem(w, http.StatusInternalServerError, "the file cannot be read; the log says why")
		return
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Cache-Control", "public, max-age=3600")
	http.ServeFileFS(w, r, s.cfg.Basemap.Detail, name)
}

// riverFeature is a river as GeoJSON.
type riverFeature struct {
	Type       string          `json:"type"`
	ID         string          `json:"id"`
	Geometry   riverGeometry   `json:"geometry"`
	Properties riverProperties `json:"properties"`
}

type riverGeometry struct {
	Type        string      `json:"type"`
	Coordinates []geo.Point `json:"coordinates"`
}

type riverProperties struct {
	ID          string   `json:"id"`
	Name        geo.Text `json:"name"`
	Into        *string  `json:"into"`
	PrecisionKM float64  `json:"precision_km"`
}

func (s *Server) rivers(w http.ResponseWriter, _ *http.Request) error {
	features := []riverFeature{} // never null in JSON
	for _, v := range s.cfg.Registry().Rivers() {
		p := riverProperties{ID: v.ID, Name: v.Name, PrecisionKM: v.PrecisionKM}
		if v.Into != "" {
			p.Into = &v.Into
		}
		features = append(features, riverFeature{"Feature", v.ID, riverGeometry{"LineString", v.Line}, p})
	}
	writeJSON(w, http.StatusOK, map[string]any{"type": "FeatureCollection", "features": features})
	return nil
}

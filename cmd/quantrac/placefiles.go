package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"quantrac/geo"
	"quantrac/ingest"
)

// isGeoJSON tells a registry in GeoJSON by its name.
func isGeoJSON(name string) bool { return strings.EqualFold(filepath.Ext(name), ".geojson") }

// loadGeoJSON reads a registry in GeoJSON; faults are named by line and column, as those of YAML are, which JSON is a part of.
func loadGeoJSON(faults []fault, name string) (*geo.Registry, *document, []fault) {
	doc := &document{file: name}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, doc, append(faults, fault{name, 1, 1, err.Error()})
	}
	var n yaml.Node
	if yaml.Unmarshal(data, &n) == nil && len(n.Content) > 0 {
		doc.root = n.Content[0]
	}
	im := geo.ReadGeoJSON(data)
	doc.place = im.Place
	if len(im.Problems) > 0 {
		return nil, doc, append(faults, doc.all(im.Problems)...)
	}
	r, problems := geo.NewRegistry(im.File)
	return r, doc, append(faults, doc.all(problems)...)
}

// checkTable validates a CSV file of stations or parks as an import over the built-in registry would. Parks are told by the name of the
// file.
func checkTable(file string, data []byte) []fault {
	name := geo.Fold(filepath.Base(file))
	im := geo.ReadStationsCSV(data)
	if strings.Contains(name, "park") || strings.Contains(name, "kcn") {
		im = geo.ReadParksCSV(data)
	}
	r, problems := im.Onto(geo.Builtin())
	if r != nil {
		problems = inTable(im, ingest.BuiltinCatalogue().CheckStations(r))
	}
	faults := make([]fault, len(problems))
	for i, p := range problems {
		f := fault{file: file, line: 1, column: 1, message: p.String()}
		// What does not match leaves the beginning of the file, or of the line.
		_, _ = fmt.Sscanf(p.Path, "line %d, column %d", &f.line, &f.column)
		faults[i] = f
	}
	return faults
}

// inTable gives problems of the registry that the import made their place in the table.
func inTable(im *geo.Import, problems []geo.Problem) []geo.Problem {
	edits, place := im.Edits(geo.Builtin(), "", time.Time{})
	_, blame := geo.Builtin().File().Apply(edits)
	for i, p := range problems {
		if edit, rest := blame(p.Path); edit >= 0 {
			problems[i].Path = place(edit, rest)
		}
	}
	return problems
}

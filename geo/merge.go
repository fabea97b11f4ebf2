package geo

import (
	"fmt"
	"slices"
	"strings"
)

// Import is what was read from somebody's file, before anything of it is in force.
type Import struct {
	// File holds what the file says: parks, stations and rivers in its order.
	File File
	// Columns says what each column of a CSV file was taken for; "" = nothing.
	Columns []Column
	// Ignored are the names of properties that mean nothing here, ascending.
	Ignored []string
	// Notes are what was put right on the way; Problems are what must be put right by hand. Each names its place.
	Notes, Problems []Problem

	// origin leads from the paths of File to the places in the document: "stations[3]" to "features[7]".
	origin map[string]string
}

// Column is one column of a CSV file.
type Column struct {
	Title string `json:"title"`
	Field string `json:"field"`
}

// Bounds of what can be imported at once.
const (
	maxImport   = 32 << 20 // bytes
	maxFeatures = 100_000
	maxProblems = 1000
)

func (im *Import) problem(path, format string, args ...any) {
	if len(im.Problems) < maxProblems {
		im.Problems = append(im.Problems, Problem{path, fmt.Sprintf(format, args...)})
	}
}

// Onto is the registry with the import in it: what has the id of something there replaces it. Problems of what was imported
// are named by their place in the imported document.
func (im *Import) Onto(r *Registry) (*Registry, []Problem) {
	if len(im.Problems) > 0 {
		return nil, im.Problems
	}
	f := r.File()
	origin := map[string]string{}
	moved := func(list string, from, to int) {
		if place, ok := im.origin[fmt.Sprintf("%s[%d]", list, from)]; ok {
			origin[fmt.Sprintf("%s[%d]", list, to)] = place
		}
	}
	f.Parks = put(f.Parks, im.File.Parks, func(p Park) string { return p.ID }, func(from, to int) { moved("parks", from, to) })
	f.Stations = put(f.Stations, im.File.Stations, func(s Station) string { return s.ID }, func(from, to int) { moved("stations", from, to) })
	f.Rivers = put(f.Rivers, im.File.Rivers, func(v River) string { return v.ID }, func(from, to int) { moved("rivers", from, to) })
	out, problems := NewRegistry(f)
	for i, p := range problems {
		if head, rest, ok := strings.Cut(p.Path, "]"); ok {
			if place, known := origin[head+"]"]; known {
				problems[i].Path = place + rest
			}
		}
	}
	return out, problems
}

// put replaces what has the same id and appends the rest.
func put[T any](list, more []T, id func(T) string, at func(from, to int)) []T {
	index := make(map[string]int, len(list))
	for i, x := range list {
		index[id(x)] = i
	}
	for from, x := range more {
		to, known := index[id(x)]
		if !known {
			to = len(list)
			list, index[id(x)] = append(list, x), to
		}
		list[to] = x
		at(from, to)
	}
	return list
}

// duplicates reports ids that the document gives twice: the later would silently replace the earlier.
func (im *Import) duplicates() {
	seen := map[string]string{}
	check := func(list string, i int, id string) {
		place := im.origin[fmt.Sprintf("%s[%d]", list, i)]
		if first, twice := seen[list+id]; twice {
			im.problem(place, "id %q stands at %s already", id, first)
			return
		}
		seen[list+id] = place
	}
	for i, p := range im.File.Parks {
		check("parks", i, p.ID)
	}
	for i, s := range im.File.Stations {
		check("stations", i, s.ID)
	}
	for i, v := range im.File.Rivers {
		check("rivers", i, v.ID)
	}
}

// File is the registry as it can be written down. Parks that were found by position are left out again.
func (r *Registry) File() File {
	f := File{Title: r.title, Parks: slices.Clone(r.parks), Stations: slices.Clone(r.stations), Rivers: slices.Clone(r.rivers)}
	for i := range f.Stations {
		if s := &f.Stations[i]; s.ParkByPosition {
			s.Park, s.ParkByPosition = "", false
		}
	}
	return f
}

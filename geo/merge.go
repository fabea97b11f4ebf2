package geo

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
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

	// origin leads from the paths of File to the places in the document: "stations[3]" to "features[7]". given are the fields
	// that the document names there.
	origin map[string]string
	given  map[string][]string
}

func newImport() *Import { return &Import{origin: map[string]string{}, given: map[string][]string{}} }

// Column is one column of a CSV file.
type Column struct {
	Title string `json:"title"`
	Field string `json:"field"`
}

// Bounds of what can be imported at once.
const (
	maxImport   = 32 << 20 // bytes
	maxFeatures = 100_000  // also the most edits that can be
	maxProblems = 1000
)

func (im *Import) problem(path, format string, args ...any) {
	if len(im.Problems) < maxProblems {
		im.Problems = append(im.Problems, Problem{path, fmt.Sprintf(format, args...)})
	}
}

// Edits are the import as edits of a registry. A field of which the file says nothing stays as the registry has it, so that a table of
// positions takes no limits away. place names where in the document an edit comes from, and a path within it.
func (im *Import) Edits(r *Registry, by string, at time.Time) (edits []Edit, place func(edit int, rest string) string) {
	var places []string
	add := func(e Edit, list string, i int) {
		path := fmt.Sprintf("%s[%d]", list, i)
		e.By, e.At = by, at
		if was, known := r.Find(e.Kind, e.ID); known {
			e.overlay(&was, im.given[path])
		}
		edits, places = append(edits, e), append(places, im.origin[path])
	}
	for i := range im.File.Rivers {
		v := im.File.Rivers[i]
		add(Edit{Kind: RiverEdit, ID: v.ID, River: &v}, "rivers", i)
	}
	for i := range im.File.Parks {
		p := im.File.Parks[i]
		add(Edit{Kind: ParkEdit, ID: p.ID, Park: &p}, "parks", i)
	}
	for i := range im.File.Stations {
		record := im.File.Stations[i].Record()
		add(Edit{Kind: StationEdit, ID: record.ID, Station: &record}, "stations", i)
	}
	return edits, func(edit int, rest string) string {
		if rest == "" {
			return places[edit]
		}
		return places[edit] + "." + rest
	}
}

// Place leads from a path of File to the place in the document: "stations[3].kind" to "features[7].properties.kind", or to "line 5.kind".
func (im *Import) Place(path string) string {
	head, rest, found := strings.Cut(path, "]")
	at, known := im.origin[head+"]"]
	rest = strings.TrimPrefix(rest, ".")
	switch {
	case !found || !known:
		return path
	case rest == "":
		return at
	case strings.HasPrefix(at, "line"):
		return at + "." + rest
	case rest == "location" || rest == "line" || strings.HasPrefix(rest, "area") || strings.HasPrefix(rest, "line["):
		return at + ".geometry"
	default:
		return at + ".properties." + rest
	}
}

// overlay fills what the edit does not name from what was there.
func (e *Edit) overlay(was *Edit, given []string) {
	now, then := e.Fields(), was.Fields()
	for _, name := range given {
		if v, ok := now[name]; ok {
			then[name] = merged(then[name], v)
		} else {
			delete(then, name)
		}
	}
	b, err := json.Marshal(then)
	if err != nil {
		panic("registry import: " + err.Error()) // it was JSON before
	}
	switch {
	case e.Park != nil:
		e.Park = &Park{}
		err = json.Unmarshal(b, e.Park)
	case e.Station != nil:
		e.Station = &StationRecord{}
		err = json.Unmarshal(b, e.Station)
	default:
		e.River = &River{}
		err = json.Unmarshal(b, e.River)
	}
	if err != nil {
		panic("registry import: " + err.Error())
	}
}

// merged keeps the name in one language where only the other is given.
func merged(was, now any) any {
	old, ok := was.(map[string]any)
	fresh, too := now.(map[string]any)
	if !ok || !too || old["vi"] == nil {
		return now
	}
	out := maps.Clone(old)
	for language, text := range fresh {
		if text != "" {
			out[language] = text
		}
	}
	return out
}

// Onto is the registry with the import in it, see Edits. Problems of what was imported are named by their place in the imported document.
func (im *Import) Onto(r *Registry) (*Registry, []Problem) {
	if len(im.Problems) > 0 {
		return nil, im.Problems
	}
	edits, place := im.Edits(r, "", time.Time{})
	f, blame := r.File().Apply(edits)
	out, problems := NewRegistry(f)
	for i, p := range problems {
		if edit, rest := blame(p.Path); edit >= 0 {
			problems[i].Path = place(edit, rest)
		}
	}
	return out, problems
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
	f := File{Title: r.title, Cycle: r.cycle, Parks: slices.Clone(r.parks), Stations: slices.Clone(r.stations), Rivers: slices.Clone(r.rivers)}
	for i := range f.Stations {
		if s := &f.Stations[i]; s.ParkByPosition {
			s.Park, s.ParkByPosition = "", false
		}
	}
	return f
}

package web

import (
	"errors"
	"io"
	"mime"
	"net/http"

	"quantrac/geo"
)

const (
	// maxImport bounds a file of places, in bytes.
	maxImport = 32 << 20
	// shownPlaces bounds the lists of an answer; the counts are whole.
	shownPlaces = 1000
)

// importView says what a file would change, or has changed.
type importView struct {
	Problems []problemPlace `json:"problems"`
	// Warnings are what was put right on the way, and what means nothing here.
	Warnings []problemPlace  `json:"warnings"`
	Columns  []geo.Column    `json:"columns"`
	Added    []importedPlace `json:"added"`
	Changed  []importedPlace `json:"changed"`
	Counts   importCounts    `json:"counts"`
	// Unchanged is the number of things that are in the registry as the file has them.
	Unchanged int `json:"unchanged"`
}

type importCounts struct {
	Added   int `json:"added"`
	Changed int `json:"changed"`
}

type problemPlace struct {
	Path    string `json:"path"`
	Message string `json:"message"`
}

type importedPlace struct {
	Kind     string    `json:"kind"`
	ID       string    `json:"id"`
	Name     geo.Text  `json:"name"`
	Location geo.Point `json:"location"`
	// Fields are those that change.
	Fields []string `json:"fields,omitempty"`
}

func placesOf(problems []geo.Problem) []problemPlace {
	out := make([]problemPlace, len(problems))
	for i, p := range problems {
		out[i] = problemPlace{p.Path, p.Message}
	}
	return out
}

// previewImport says what a file would change, and stores nothing.
func (s *Server) previewImport(w http.ResponseWriter, r *http.Request) error {
	im, err := readImport(r)
	if err != nil {
		return err
	}
	view, _, problems := s.weighImport(r, im)
	view.Problems = placesOf(problems)
	writeJSON(w, http.StatusOK, view)
	return nil
}

// importPlaces puts a file in force, all of it or nothing.
func (s *Server) importPlaces(w http.ResponseWriter, r *http.Request) error {
	im, err := readImport(r)
	if err != nil {
		return err
	}
	s.places.Lock()
	defer s.places.Unlock()
	view, changes, problems := s.weighImport(r, im)
	if len(problems) > 0 {
		return &Invalid{Problems: problems}
	}
	if len(changes) == 0 {
		writeJSON(w, http.StatusOK, view)
		return nil
	}
	if err := s.cfg.Places.Put(r.Context(), changes); err != nil {
		return placesError(err)
	}
	s.audit(r, "registry.import", "registry", nil, view)
	writeJSON(w, http.StatusOK, view)
	return nil
}

// readImport reads a file: CSV where Content-Type or kind says so, else GeoJSON.
func readImport(r *http.Request) (*geo.Import, error) {
	kind := r.URL.Query().Get("kind")
	if err := oneOf("kind", kind, "parks", "stations", "rivers"); err != nil {
		return nil, err
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxImport))
	if err != nil {
		return nil, bodyError(err, "a file of places may have at most 32 MiB")
	}
	contentType, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case !isCSV(contentType):
		return geo.ReadGeoJSON(body), nil
	case kind == "parks":
		return geo.ReadParksCSV(body), nil
	case kind == "rivers":
		return nil, fail(http.StatusBadRequest, "a river is a line: send it as GeoJSON")
	default:
		return geo.ReadStationsCSV(body), nil
	}
}

// bodyError is 413 for a body that is too large, else 400.
func bodyError(err error, tooLarge string) error {
	var much *http.MaxBytesError
	if errors.As(err, &much) {
		return fail(http.StatusRequestEntityTooLarge, tooLarge)
	}
	return fail(http.StatusBadRequest, "the body could not be read: "+err.Error())
}

// weighImport compares a file with what is in force. changes are what differs.
func (s *Server) weighImport(r *http.Request, im *geo.Import) (view importView, changes []geo.Edit, problems []geo.Problem) {
	view = importView{
		Problems: []problemPlace{}, Warnings: placesOf(im.Notes), Columns: append([]geo.Column{}, im.Columns...),
		Added: []importedPlace{}, Changed: []importedPlace{},
	}
	for _, name := range im.Ignored {
		if len(view.Warnings) < shownPlaces {
			view.Warnings = append(view.Warnings, problemPlace{name, "means nothing here and is left out"})
		}
	}
	if len(im.Problems) > 0 {
		return view, nil, im.Problems
	}
	edits, place := im.Edits(s.cfg.Places.Registry(), callerOf(r).name, s.cfg.Now().UTC())
	var at []int
	for i := range edits {
		if s.note(&view, &edits[i]) {
			changes, at = append(changes, edits[i]), append(at, i)
		}
	}
	if len(changes) == 0 {
		return view, nil, nil
	}
	err := s.cfg.Places.Try(changes)
	unsound, ok := asUnsound(err)
	switch {
	case err == nil:
		return view, changes, nil
	case !ok:
		return view, nil, []geo.Problem{{Message: err.Error()}}
	}
	for i, p := range unsound.Problems {
		if k := unsound.Edits[i]; k >= 0 {
			p.Path = place(at[k], p.Path)
		}
		problems = append(problems, p)
	}
	return view, nil, problems
}

// note puts a change into the view; false when it changes nothing.
func (s *Server) note(view *importView, e *geo.Edit) bool {
	was, known := s.cfg.Places.Find(e.Kind, e.ID)
	now := importedPlace{Kind: e.Kind, ID: e.ID}
	switch {
	case e.Park != nil:
		now.Name, now.Location = e.Park.Name, e.Park.Location
	case e.Station != nil:
		now.Name, now.Location = e.Station.Name, e.Station.Location
	case e.River != nil && len(e.River.Line) > 0:
		now.Name, now.Location = e.River.Name, e.River.Line[0]
	}
	if !known {
		if view.Counts.Added++; len(view.Added) < shownPlaces {
			view.Added = append(view.Added, now)
		}
		return true
	}
	now.Fields = geo.Differences(was.Fields(), e.Fields())
	if len(now.Fields) == 0 {
		view.Unchanged++
		return false
	}
	if view.Counts.Changed++; len(view.Changed) < shownPlaces {
		view.Changed = append(view.Changed, now)
	}
	return true
}

func asUnsound(err error) (*UnsoundPlaces, bool) {
	var unsound *UnsoundPlaces
	return unsound, errors.As(err, &unsound)
}

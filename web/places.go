package web

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"quantrac/alerts"
	"quantrac/geo"
)

// Places is the registry with the edits that were made while the service runs. Put, Remove and Revert are never called at the same time.
// Errors as in Webhooks, and *UnsoundPlaces.
type Places struct {
	// Registry is what is in force, with the cycles that were written down.
	Registry func() *geo.Registry
	Find     func(kind, id string) (PlaceEntry, bool)
	// Try says what is wrong with changes without making them.
	Try func(changes []geo.Edit) error
	// Put keeps changes and puts them in force, all or none.
	Put    func(ctx context.Context, changes []geo.Edit) error
	Remove func(ctx context.Context, e geo.Edit) error
	// Edits lists what was edited; Revert takes one back.
	Edits  func() []PlaceEntry
	Revert func(ctx context.Context, kind, id string) error
}

// PlaceEntry is a thing in force and where it comes from: By and At are zero where that is the file.
type PlaceEntry struct {
	geo.Edit
	// Rests: the edit is kept and not in force, for the Reason given.
	Rests  bool
	Reason string
	// FileChanged: the file says something else than when the edit was made.
	FileChanged bool
}

// UnsoundPlaces says why changes cannot be in force together with the rest. Edits are the changes behind the problems, by their place; -1 =
// the problem is in what was not changed, such as a station in a park that would be gone.
type UnsoundPlaces struct {
	Problems []geo.Problem
	Edits    []int
}

func (e *UnsoundPlaces) Error() string { return e.Problems[0].String() }

// answer is 422 with the fields of the one thing that was put, or 409 where the rest of the registry is in the way.
func (e *UnsoundPlaces) answer() error {
	invalid := &Invalid{}
	for i, p := range e.Problems {
		if e.Edits[i] < 0 {
			return fmt.Errorf("%w: %s", ErrConflict, p)
		}
		invalid.Problems = append(invalid.Problems, p)
	}
	return invalid
}

const (
	sourceFile = "file"
	sourceEdit = "edit"
)

// origin says where a record comes from.
type origin struct {
	Source   string    `json:"source"`
	EditedBy string    `json:"edited_by,omitempty"`
	EditedAt time.Time `json:"edited_at,omitzero"`
	// FileChanged: the registry file has changed since the edit was made, which goes before it.
	FileChanged bool `json:"file_changed,omitempty"`
}

func originOf(e *PlaceEntry) origin {
	if e.At.IsZero() {
		return origin{Source: sourceFile}
	}
	return origin{sourceEdit, e.By, e.At, e.FileChanged}
}

func placeTag(e *PlaceEntry) string { return `"` + e.Print() + `"` }

// stationRecord is a station with everything that is registered of it, for whoever may change that.
type stationRecord struct {
	geo.StationRecord
	State  alerts.State                 `json:"state"`
	Index  *float64                     `json:"index"`
	Latest map[string]alerts.LatestView `json:"latest"`
	origin
}

type parkRecord struct {
	alerts.ParkView
	origin
}

func (s *Server) writeStation(w http.ResponseWriter, r *http.Request, status int) error {
	id := r.PathValue("id")
	view, ok := s.cfg.Live.Station(id)
	e, known := s.cfg.Places.Find(geo.StationEdit, id)
	if !ok || !known {
		return ErrNotFound
	}
	w.Header().Set("ETag", placeTag(&e))
	w.Header().Set("Vary", "Authorization, Cookie")
	if callerOf(r).role < Admin {
		writeJSON(w, status, view)
		return nil
	}
	record := stationRecord{*e.Station, view.State, view.Index, view.Latest, originOf(&e)}
	record.ParkByPosition, record.Park = record.Park == "" && view.Park != "", view.Park
	writeJSON(w, status, record)
	return nil
}

func (s *Server) writePark(w http.ResponseWriter, r *http.Request, status int) error {
	id := r.PathValue("id")
	view, ok := s.cfg.Live.Park(id)
	e, known := s.cfg.Places.Find(geo.ParkEdit, id)
	if !ok || !known {
		return ErrNotFound
	}
	w.Header().Set("ETag", placeTag(&e))
	w.Header().Set("Vary", "Authorization, Cookie")
	if callerOf(r).role < Admin {
		writeJSON(w, status, view)
		return nil
	}
	writeJSON(w, status, parkRecord{view, originOf(&e)})
	return nil
}

// maxPlace bounds one park or station, in bytes: the outline of a park can be long.
const maxPlace = 512 << 10

// putPlace makes a park or a station, or puts another in the place of what has its id.
func (s *Server) putPlace(kind string, write func(http.ResponseWriter, *http.Request, int) error) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		change, err := readPlace(r, kind)
		if err != nil {
			return err
		}
		change.By, change.At = callerOf(r).name, s.cfg.Now().UTC()
		s.places.Lock()
		defer s.places.Unlock()
		was, existed, err := s.heldPlace(r, kind)
		if err != nil {
			return err
		}
		if err := s.cfg.Places.Put(r.Context(), []geo.Edit{change}); err != nil {
			return placesError(err)
		}
		if existed {
			s.audit(r, kind+".update", change.ID, was.Fields(), change.Fields())
			return write(w, r, http.StatusOK)
		}
		s.audit(r, kind+".create", change.ID, nil, change.Fields())
		return write(w, r, http.StatusCreated)
	}
}

func readPlace(r *http.Request, kind string) (geo.Edit, error) {
	e := geo.Edit{Kind: kind, ID: r.PathValue("id")}
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxPlace))
	if err != nil {
		return e, bodyError(err, "a "+kind+" may have at most 512 KiB")
	}
	var problems []geo.Problem
	var id *string
	if kind == geo.ParkEdit {
		p, found := geo.ReadPark(body)
		e.Park, problems, id = &p, found, &p.ID
	} else {
		st, found := geo.ReadStation(body)
		e.Station, problems, id = &st, found, &st.ID
	}
	if *id != "" && *id != e.ID {
		problems = append(problems, geo.Problem{Path: "id", Message: fmt.Sprintf("is %q, but the address says %q: an id stays for ever, it is what the history is kept by", *id, e.ID)})
	}
	*id = e.ID
	if len(problems) > 0 {
		return e, &Invalid{Problems: problems}
	}
	return e, nil
}

// heldPlace finds what is there and holds it against the conditions of the request. The caller has the lock.
func (s *Server) heldPlace(r *http.Request, kind string) (PlaceEntry, bool, error) {
	e, exists := s.cfg.Places.Find(kind, r.PathValue("id"))
	tag := ""
	if exists {
		tag = placeTag(&e)
	}
	return e, exists, precondition(r, kind+" "+r.PathValue("id"), tag)
}

// deletePlace takes a park or a station out of the registry. What was measured there stays in the history.
func (s *Server) deletePlace(kind string) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		id := r.PathValue("id")
		s.places.Lock()
		defer s.places.Unlock()
		was, existed, err := s.heldPlace(r, kind)
		if err != nil {
			return err
		}
		if !existed {
			return ErrNotFound
		}
		if err := s.cfg.Places.Remove(r.Context(), geo.Edit{Kind: kind, ID: id, By: callerOf(r).name, At: s.cfg.Now().UTC()}); err != nil {
			return placesError(err)
		}
		s.audit(r, kind+".delete", id, was.Fields(), nil)
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
}

// editView is one edit over the registry file.
type editView struct {
	Kind string `json:"kind"`
	ID   string `json:"id"`
	// Action is put or remove.
	Action      string    `json:"action"`
	By          string    `json:"by"`
	At          time.Time `json:"at"`
	InForce     bool      `json:"in_force"`
	Reason      string    `json:"reason,omitempty"`
	FileChanged bool      `json:"file_changed"`
}

func (s *Server) listEdits(w http.ResponseWriter, r *http.Request) error {
	entries := s.cfg.Places.Edits()
	views := make([]editView, len(entries))
	for i := range entries {
		e := &entries[i]
		views[i] = editView{e.Kind, e.ID, "put", e.By, e.At, !e.Rests, e.Reason, e.FileChanged}
		if e.Removes() {
			views[i].Action = "remove"
		}
	}
	// Ids hold no slash, so the cursor is unambiguous.
	l, err := page(r, views, func(v *editView) string { return v.Kind + "/" + v.ID }, nil)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, l)
	return nil
}

// revertEdit takes an edit back: what the registry file says is in force again.
func (s *Server) revertEdit(w http.ResponseWriter, r *http.Request) error {
	kind, id := r.PathValue("kind"), r.PathValue("id")
	s.places.Lock()
	defer s.places.Unlock()
	was, _ := s.cfg.Places.Find(kind, id)
	if err := s.cfg.Places.Revert(r.Context(), kind, id); err != nil {
		return placesError(err)
	}
	now, _ := s.cfg.Places.Find(kind, id)
	s.audit(r, kind+".revert", id, was.Fields(), now.Fields())
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func placesError(err error) error {
	if unsound, ok := asUnsound(err); ok {
		return unsound.answer()
	}
	return err
}

// exportRegistry answers the registry as GeoJSON that the import reads.
func (s *Server) exportRegistry(w http.ResponseWriter, _ *http.Request) error {
	b, err := s.cfg.Places.Registry().GeoJSON()
	if err != nil {
		return fmt.Errorf("write the registry: %w", err)
	}
	w.Header().Set("Content-Type", geoJSONType)
	w.Header().Set("Content-Disposition", `attachment; filename="registry.geojson"`)
	_, _ = w.Write(b)
	return nil
}

const geoJSONType = "application/geo+json"

func isCSV(contentType string) bool { return strings.HasPrefix(contentType, "text/csv") }

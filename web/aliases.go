package web

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"quantrac/geo"
	"quantrac/ingest"
)

// Aliases manages the names that vendors use. Errors as in Webhooks; ErrConflict when the name means something else there
// already, and for the deletion of an alias of the configuration file.
type Aliases struct {
	// List is oldest first.
	List func() []Alias
	// Add makes an alias; made is false when the very same one was there already, which it then returns.
	Add    func(ctx context.Context, m ingest.Mapping) (a Alias, made bool, err error)
	Delete func(ctx context.Context, id string) error
	// Dialects are the names that a topic's dialect may have.
	Dialects []string
}

// Alias is a mapping and where it comes from.
type Alias struct {
	ingest.Mapping
	Source string `json:"source"`
	// CreatedAt is zero for an alias of the configuration file.
	CreatedAt time.Time `json:"created_at,omitzero"`
}

func (s *Server) listAliases(w http.ResponseWriter, r *http.Request) error {
	kind := r.URL.Query().Get("kind")
	if err := oneOf("kind", kind, ingest.MapParameter, ingest.MapStation, ingest.MapTopic); err != nil {
		return err
	}
	l, err := page(r, s.cfg.Aliases.List(), func(a *Alias) string { return a.ID }, func(a *Alias) bool { return kind == "" || kind == a.Kind })
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, l)
	return nil
}

// createAlias answers 201 for a new alias and 200 when the very same one is there, so that accepting a proposal twice is no fault.
func (s *Server) createAlias(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Kind      string  `json:"kind"`
		Name      string  `json:"name"`
		Target    string  `json:"target"`
		Station   string  `json:"station"`
		Dialect   string  `json:"dialect"`
		Parameter string  `json:"parameter"`
		Unit      string  `json:"unit"`
		Factor    float64 `json:"factor"`
	}
	if err := readJSON(r, &in); err != nil {
		return err
	}
	m := ingest.Mapping{
		Kind: in.Kind, Name: strings.TrimSpace(in.Name), Target: in.Target, Station: in.Station, Dialect: in.Dialect, Parameter: in.Parameter,
		Unit: in.Unit, Factor: in.Factor,
	}
	if err := s.checkMapping(m); err != nil {
		return err
	}
	a, made, err := s.cfg.Aliases.Add(r.Context(), m)
	if err != nil {
		return err
	}
	status := http.StatusOK
	if made {
		status = http.StatusCreated
		s.audit(r, "alias.create", a.ID, nil, a)
	}
	writeJSON(w, status, a)
	return nil
}

// checkMapping finds what is wrong with a mapping by itself, and proposes a target where that one does not exist.
func (s *Server) checkMapping(m ingest.Mapping) error {
	reg := s.cfg.Registry()
	alone := []ingest.Mapping{m}
	index, problems := ingest.NewMappings(alone)
	if len(problems) == 0 {
		problems = index.Check(alone, reg, s.cfg.Catalogue)
	}
	if m.Dialect != "" && !slices.Contains(s.cfg.Aliases.Dialects, m.Dialect) {
		problems = append(problems, geo.Problem{Path: "[0].dialect", Message: "must be one of " + strings.Join(s.cfg.Aliases.Dialects, ", ")})
	}
	if len(problems) == 0 {
		return nil
	}
	out := &Invalid{}
	for _, p := range problems {
		field := strings.TrimPrefix(p.Path, "[0].")
		out.Problems = append(out.Problems, geo.Problem{Path: field, Message: p.Message})
		switch {
		case field == "target" && m.Kind == ingest.MapParameter:
			out.Proposals = s.cfg.Propose(ingest.MapParameter, m.Target, m.Station)
		case field == "target":
			out.Proposals = s.cfg.Propose(ingest.MapStation, m.Target, "")
		case field == "station":
			out.Proposals = s.cfg.Propose(ingest.MapStation, m.Station, "")
		}
	}
	return out
}

func (s *Server) deleteAlias(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	before := found(s.cfg.Aliases.List(), func(a Alias) bool { return a.ID == id })
	if err := s.cfg.Aliases.Delete(r.Context(), id); err != nil {
		return err
	}
	s.audit(r, "alias.delete", id, before, nil)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

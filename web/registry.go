package web

import (
	"net/http"
	"slices"
	"strings"

	"quantrac/alerts"
	"quantrac/geo"
	"quantrac/ingest"
)

func (s *Server) info(w http.ResponseWriter, r *http.Request) error {
	c := callerOf(r)
	out := map[string]any{"title": s.cfg.Registry().Title(), "version": s.cfg.Version, "role": c.role, "demo": s.cfg.Demo, "user": nil, "csrf": nil}
	if u, ok := s.cfg.Accounts.get(c.user); ok {
		out["user"], out["csrf"] = whoIs(u.User), c.csrf
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}

func (s *Server) parameters(w http.ResponseWriter, r *http.Request) error {
	l, err := page(r, s.cfg.Catalogue.Parameters(), func(p *ingest.Parameter) string { return p.Code }, nil)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, l)
	return nil
}

func (s *Server) listParks(w http.ResponseWriter, r *http.Request) error {
	l, err := page(r, s.cfg.Live.Parks(), func(p *alerts.ParkView) string { return p.ID }, nil)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, l)
	return nil
}

func (s *Server) getPark(w http.ResponseWriter, r *http.Request) error {
	return s.writePark(w, r, http.StatusOK)
}

func (s *Server) listStations(w http.ResponseWriter, r *http.Request) error {
	v := r.URL.Query()
	park, state, kind := v.Get("park"), alerts.State(v.Get("state")), geo.Kind(v.Get("kind"))
	if err := oneOf("state", state, alerts.States()...); err != nil {
		return err
	}
	if err := oneOf("kind", kind, geo.Effluent, geo.SurfaceWater, geo.Stack, geo.Air); err != nil {
		return err
	}
	l, err := page(r, s.cfg.Live.Stations(), func(st *alerts.StationView) string { return st.ID }, func(st *alerts.StationView) bool {
		return (park == "" || park == st.Park) && (state == "" || state == st.State) && (kind == "" || kind == st.Kind)
	})
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, l)
	return nil
}

// oneOf refuses a filter that could never match, which is a slip of the caller's; "" is no filter.
func oneOf[S ~string](name string, value S, known ...S) error {
	if value == "" || slices.Contains(known, value) {
		return nil
	}
	texts := make([]string, len(known))
	for i, k := range known {
		texts[i] = string(k)
	}
	return fail(http.StatusBadRequest, name+" must be one of "+strings.Join(texts, ", "))
}

func (s *Server) getStation(w http.ResponseWriter, r *http.Request) error {
	return s.writeStation(w, r, http.StatusOK)
}

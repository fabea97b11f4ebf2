package web

import (
	"net/http"
)

func (s *Server) info(w http.ResponseWriter, r *http.Request) error {
	writeJSON(w, http.StatusOK, map[string]any{
		"title": s.cfg.Registry().Title(), "version": s.cfg.Version, "role": callerOf(r).role, "demo": s.cfg.Demo,
	})
	return nil
}

func (s *Server) parameters(w http.ResponseWriter, r *http.Request) error {
	l, err := page(r, s.cfg.Catalogue.Parameters())
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, l)
	return nil
}

func (s *Server) listParks(w http.ResponseWriter, r *http.Request) error {
	l, err := page(r, s.cfg.Live.Parks())
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, l)
	return nil
}

func (s *Server) getPark(w http.ResponseWriter, r *http.Request) error {
	p, ok := s.cfg.Live.Park(r.PathValue("id"))
	if !ok {
		return ErrNotFound
	}
	writeJSON(w, http.StatusOK, p)
	return nil
}

func (s *Server) listStations(w http.ResponseWriter, r *http.Request) error {
	l, err := page(r, s.cfg.Live.Stations())
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, l)
	return nil
}

func (s *Server) getStation(w http.ResponseWriter, r *http.Request) error {
	st, ok := s.cfg.Live.Station(r.PathValue("id"))
	if !ok {
		return ErrNotFound
	}
	writeJSON(w, http.StatusOK, st)
	return nil
}

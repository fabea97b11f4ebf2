package web

import (
	"net/http"
)

func (s *Server) listWebhooks(w http.ResponseWriter, _ *http.Request) error {
	writeJSON(w, http.StatusOK, newList(s.cfg.Webhooks.List(), ""))
	return nil
}

func (s *Server) getWebhook(w http.ResponseWriter, r *http.Request) error {
	out, err := s.cfg.Webhooks.Get(r.PathValue("id"))
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}

func (s *Server) createWebhook(w http.ResponseWriter, r *http.Request) error {
	body, err := readBody(r)
	if err != nil {
		return err
	}
	out, err := s.cfg.Webhooks.Create(r.Context(), body)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusCreated, out)
	return nil
}

func (s *Server) updateWebhook(w http.ResponseWriter, r *http.Request) error {
	body, err := readBody(r)
	if err != nil {
		return err
	}
	out, err := s.cfg.Webhooks.Update(r.Context(), r.PathValue("id"), body)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}

func (s *Server) deleteWebhook(w http.ResponseWriter, r *http.Request) error {
	if err := s.cfg.Webhooks.Delete(r.Context(), r.PathValue("id")); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *Server) testWebhook(w http.ResponseWriter, r *http.Request) error {
	out, err := s.cfg.Webhooks.Test(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}

func (s *Server) listDeliveries(w http.ResponseWriter, r *http.Request) error {
	n, err := limit(r, usualLimit, mostLimit)
	if err != nil {
		return err
	}
	items, next, err := s.cfg.Webhooks.Deliveries(r.Context(), r.PathValue("id"), r.URL.Query().Get("cursor"), n)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, newList(items, next))
	return nil
}

func (s *Server) redeliver(w http.ResponseWriter, r *http.Request) error {
	out, err := s.cfg.Webhooks.Redeliver(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusAccepted, out)
	return nil
}

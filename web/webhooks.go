package web

import (
	"encoding/json"
	"net/http"
	"time"

	"quantrac/geo"
)

// named is an item of a list whose shape is another package's; only its id is looked at.
type named struct {
	id   string
	body json.RawMessage
}

func (n named) MarshalJSON() ([]byte, error) { return n.body, nil }

func (n *named) UnmarshalJSON(b []byte) error {
	var head struct {
		ID string `json:"id"`
	}
	n.body = append(n.body[:0], b...)
	err := json.Unmarshal(b, &head)
	n.id = head.ID
	return err
}

func (s *Server) listWebhooks(w http.ResponseWriter, r *http.Request) error {
	return listNamed(w, r, s.cfg.Webhooks.List())
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
	s.audit(r, "webhook.create", idOf(out), nil, out)
	writeJSON(w, http.StatusCreated, out)
	return nil
}

func (s *Server) updateWebhook(w http.ResponseWriter, r *http.Request) error {
	body, err := readBody(r)
	if err != nil {
		return err
	}
	id := r.PathValue("id")
	before, err := s.cfg.Webhooks.Get(id)
	if err != nil {
		return err
	}
	out, err := s.cfg.Webhooks.Update(r.Context(), id, body)
	if err != nil {
		return err
	}
	s.audit(r, "webhook.update", id, before, out)
	writeJSON(w, http.StatusOK, out)
	return nil
}

func (s *Server) deleteWebhook(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	before, err := s.cfg.Webhooks.Get(id)
	if err != nil {
		return err
	}
	if err := s.cfg.Webhooks.Delete(r.Context(), id); err != nil {
		return err
	}
	s.audit(r, "webhook.delete", id, before, nil)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *Server) testWebhook(w http.ResponseWriter, r *http.Request) error {
	out, err := s.cfg.Webhooks.Test(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	s.audit(r, "webhook.test", r.PathValue("id"), nil, nil)
	writeJSON(w, http.StatusOK, out)
	return nil
}

func (s *Server) listDeliveries(w http.ResponseWriter, r *http.Request) error {
	return listDeliveries(w, r, func(state, cursor string, n int) (any, string, error) {
		return s.cfg.Webhooks.Deliveries(r.Context(), r.PathValue("id"), state, cursor, n)
	})
}

func listDeliveries(w http.ResponseWriter, r *http.Request, list func(state, cursor string, n int) (any, string, error)) error {
	n, err := limit(r, usualLimit, mostLimit)
	if err != nil {
		return err
	}
	state := r.URL.Query().Get("state")
	if err := oneOf("state", state, "pending", "dead", "delivered"); err != nil {
		return err
	}
	items, next, err := list(state, r.URL.Query().Get("cursor"), n)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, newList(items, next))
	return nil
}

func (s *Server) rotateWebhook(w http.ResponseWriter, r *http.Request) error {
	out, err := s.cfg.Webhooks.Rotate(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	s.audit(r, "webhook.rotate", r.PathValue("id"), nil, nil)
	writeJSON(w, http.StatusOK, out)
	return nil
}

func (s *Server) previewWebhook(w http.ResponseWriter, r *http.Request) error {
	out, err := s.cfg.Webhooks.Preview(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}

func (s *Server) redeliverSince(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Since time.Time `json:"since"`
	}
	if err := readJSON(r, &in); err != nil {
		return err
	}
	if in.Since.IsZero() {
		return &Invalid{Problems: []geo.Problem{{Path: "since", Message: "say since when, as RFC 3339"}}}
	}
	n, err := s.cfg.Webhooks.RedeliverSince(r.Context(), r.PathValue("id"), in.Since)
	if err != nil {
		return err
	}
	s.audit(r, "webhook.redeliver", r.PathValue("id"), nil, map[string]any{"since": in.Since, "queued": n})
	writeJSON(w, http.StatusAccepted, map[string]int{"queued": n})
	return nil
}

func (s *Server) redeliver(w http.ResponseWriter, r *http.Request) error {
	out, err := s.cfg.Webhooks.Redeliver(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	s.audit(r, "delivery.redeliver", r.PathValue("id"), nil, nil)
	writeJSON(w, http.StatusAccepted, out)
	return nil
}

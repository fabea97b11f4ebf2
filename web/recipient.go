package web

import (
	"errors"
	"net/http"
)

// A recipient sees and replays its own deliveries by a link, without an account. The link is the credential: it is made and taken back
// by an administrator, and whoever guesses is slowed down like one who guesses tokens.

func (s *Server) linkWebhook(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	token, err := s.cfg.Webhooks.Link(r.Context(), id)
	if err != nil {
		return err
	}
	s.audit(r, "webhook.link", id, nil, nil)
	writeJSON(w, http.StatusCreated, map[string]string{"token": token, "path": "/api/v1/recipient/" + token})
	return nil
}

func (s *Server) unlinkWebhook(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	if err := s.cfg.Webhooks.Unlink(r.Context(), id); err != nil {
		return err
	}
	s.audit(r, "webhook.unlink", id, nil, nil)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// byLink answers an error for a token that is none, and counts it as a guess.
func (s *Server) byLink(r *http.Request) (any, error) {
	from := remoteNetwork(r)
	if s.auth.guesses.blocked(from) {
		return nil, fail(http.StatusTooManyRequests, "too many wrong links from this address; wait 10 s")
	}
	out, err := s.cfg.Webhooks.ByLink(r.PathValue("token"))
	if errors.Is(err, ErrNotFound) {
		s.auth.guesses.wrong(from)
	}
	return out, err
}

func (s *Server) recipient(w http.ResponseWriter, r *http.Request) error {
	out, err := s.byLink(r)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}

func (s *Server) recipientDeliveries(w http.ResponseWriter, r *http.Request) error {
	if _, err := s.byLink(r); err != nil {
		return err
	}
	return listDeliveries(w, r, func(state, cursor string, n int) (any, string, error) {
		return s.cfg.Webhooks.LinkDeliveries(r.Context(), r.PathValue("token"), state, cursor, n)
	})
}

func (s *Server) recipientRedeliver(w http.ResponseWriter, r *http.Request) error {
	if _, err := s.byLink(r); err != nil {
		return err
	}
	out, err := s.cfg.Webhooks.LinkRedeliver(r.Context(), r.PathValue("token"), r.PathValue("id"))
	if err != nil {
		return err
	}
	s.audit(r, "delivery.redeliver", r.PathValue("id"), nil, nil)
	writeJSON(w, http.StatusAccepted, out)
	return nil
}

package web

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
)

// Mails manages who gets e-mails, in the manner of Webhooks.
type Mails struct {
	List    func() any
	Get     func(id string) (any, error)
	Create  func(ctx context.Context, body json.RawMessage) (any, error)
	Update  func(ctx context.Context, id string, body json.RawMessage) (any, error)
	Delete  func(ctx context.Context, id string) error
	Test    func(ctx context.Context, id string) (any, error)
	Preview func(ctx context.Context, id string) (any, error)
	// Deliveries are those in a state, pending, dead or delivered; "" = every try.
	Deliveries func(ctx context.Context, id, state, cursor string, limit int) (items any, next string, err error)
	Redeliver  func(ctx context.Context, mail string) (any, error)
}

func (s *Server) listMails(w http.ResponseWriter, r *http.Request) error {
	return listNamed(w, r, s.cfg.Mails.List())
}

func (s *Server) getMail(w http.ResponseWriter, r *http.Request) error {
	return reply(w, http.StatusOK)(s.cfg.Mails.Get(r.PathValue("id")))
}

func (s *Server) createMail(w http.ResponseWriter, r *http.Request) error {
	body, err := readBody(r)
	if err != nil {
		return err
	}
	out, err := s.cfg.Mails.Create(r.Context(), body)
	if err != nil {
		return err
	}
	s.audit(r, "mail.create", idOf(out), nil, out)
	writeJSON(w, http.StatusCreated, out)
	return nil
}

func (s *Server) updateMail(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	body, err := readBody(r)
	if err != nil {
		return err
	}
	before, err := s.cfg.Mails.Get(id)
	if err != nil {
		return err
	}
	out, err := s.cfg.Mails.Update(r.Context(), id, body)
	if err != nil {
		return err
	}
	s.audit(r, "mail.update", id, before, out)
	writeJSON(w, http.StatusOK, out)
	return nil
}

func (s *Server) deleteMail(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	before, err := s.cfg.Mails.Get(id)
	if err != nil {
		return err
	}
	if err := s.cfg.Mails.Delete(r.Context(), id); err != nil {
		return err
	}
	s.audit(r, "mail.delete", id, before, nil)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *Server) testMail(w http.ResponseWriter, r *http.Request) error {
	out, err := s.cfg.Mails.Test(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	s.audit(r, "mail.test", r.PathValue("id"), nil, nil)
	writeJSON(w, http.StatusOK, out)
	return nil
}

func (s *Server) previewMail(w http.ResponseWriter, r *http.Request) error {
	return reply(w, http.StatusOK)(s.cfg.Mails.Preview(r.Context(), r.PathValue("id")))
}

func (s *Server) listMailDeliveries(w http.ResponseWriter, r *http.Request) error {
	return listDeliveries(w, r, func(state, cursor string, n int) (any, string, error) {
		return s.cfg.Mails.Deliveries(r.Context(), r.PathValue("id"), state, cursor, n)
	})
}

func (s *Server) redeliverMail(w http.ResponseWriter, r *http.Request) error {
	out, err := s.cfg.Mails.Redeliver(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	s.audit(r, "mail.redeliver", r.PathValue("id"), nil, nil)
	writeJSON(w, http.StatusAccepted, out)
	return nil
}

// reply writes what a part returned.
func reply(w http.ResponseWriter, status int) func(any, error) error {
	return func(out any, err error) error {
		if err == nil {
			writeJSON(w, status, out)
		}
		return err
	}
}

// listNamed pages a list whose shape is another package's.
func listNamed(w http.ResponseWriter, r *http.Request, items any) error {
	b, err := json.Marshal(items)
	if err != nil {
		return fmt.Errorf("write the list: %w", err)
	}
	var all []named
	if err := json.Unmarshal(b, &all); err != nil {
		return fmt.Errorf("read the list: %w", err)
	}
	l, err := page(r, all, func(n *named) string { return n.id }, nil)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, l)
	return nil
}

// idOf is the id of an answer whose shape is another package's; "" = it has none.
func idOf(out any) string {
	var n named
	b, err := json.Marshal(out)
	if err != nil || json.Unmarshal(b, &n) != nil {
		return ""
	}
	return n.id
}

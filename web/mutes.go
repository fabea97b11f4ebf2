package web

import (
	"context"
	"errors"
	"net/http"
	"time"

	"quantrac/alerts"
)

// Mutes manages silences and maintenance windows. End answers ErrNotFound for an id that it does not know.
type Mutes struct {
	// List is newest first.
	List func() []alerts.Mute
	Add  func(ctx context.Context, m alerts.Mute) (alerts.Mute, error)
	End  func(ctx context.Context, id string, now time.Time) error
}

func (s *Server) listMutes(kind string) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		state := r.URL.Query().Get("state")
		if err := oneOf("state", state, "active", "pending", "expired"); err != nil {
			return err
		}
		now := s.cfg.Now()
		l, err := page(r, s.cfg.Mutes.List(), func(m *alerts.Mute) string { return m.ID }, func(m *alerts.Mute) bool {
			return m.Kind == kind && (state == "" || state == muteState(m, now))
		})
		if err != nil {
			return err
		}
		writeJSON(w, http.StatusOK, l)
		return nil
	}
}

func muteState(m *alerts.Mute, now time.Time) string {
	switch {
	case now.Before(m.From):
		return "pending"
	case now.Before(m.To):
		return "active"
	default:
		return "expired"
	}
}

func (s *Server) createMute(kind string) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		var in struct {
			Matcher alerts.Matcher `json:"matcher"`
			From    time.Time      `json:"from"`
			To      time.Time      `json:"to"`
			Reason  string         `json:"reason"`
		}
		if err := readJSON(r, &in); err != nil {
			return err
		}
		now := s.cfg.Now().UTC()
		m := alerts.Mute{Kind: kind, Matcher: in.Matcher, From: in.From.UTC(), To: in.To.UTC(), Reason: in.Reason, By: callerOf(r).name, CreatedAt: now}
		if in.From.IsZero() {
			m.From = now
		}
		if problems := m.Check(s.cfg.Registry()); len(problems) > 0 {
			return &Invalid{Problems: problems}
		}
		if err := s.mayMute(r, &m.Matcher); err != nil {
			return err
		}
		m, err := s.cfg.Mutes.Add(r.Context(), m)
		if err != nil {
			return err
		}
		s.audit(r, kind+".create", m.ID, nil, m)
		writeJSON(w, http.StatusCreated, m)
		return nil
	}
}

func (s *Server) endMute(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	is := func(m alerts.Mute) bool { return m.ID == id }
	before := found(s.cfg.Mutes.List(), is)
	if m, ok := before.(alerts.Mute); ok {
		if err := s.mayMute(r, &m.Matcher); err != nil {
			return err
		}
	}
	if err := s.cfg.Mutes.End(r.Context(), id, s.cfg.Now().UTC()); err != nil {
		return err
	}
	s.audit(r, "silence.end", id, before, found(s.cfg.Mutes.List(), is))
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// mayMute refuses a matcher that reaches beyond the parks in which the caller may act.
func (s *Server) mayMute(r *http.Request, m *alerts.Matcher) error {
	if callerOf(r).parks == nil {
		return nil
	}
	if len(m.Parks)+len(m.Stations) == 0 {
		return inScope(r, "")
	}
	// Parks and stations are both needed to match: it is enough that one of them stays inside.
	var err error
	for _, park := range m.Parks {
		err = errors.Join(err, inScope(r, park))
	}
	if err == nil && len(m.Parks) > 0 || len(m.Stations) == 0 {
		return err
	}
	for _, station := range m.Stations {
		if err := s.stationInScope(r, station); err != nil {
			return err
		}
	}
	return nil
}

package web

import (
	"net/http"
	"slices"
	"time"

	"quantrac/alerts"
	"quantrac/geo"
)

func (s *Server) listAlerts(w http.ResponseWriter, r *http.Request) error {
	v := r.URL.Query()
	q := alerts.Query{
		State: v.Get("state"), Severity: v.Get("severity"), Park: v.Get("park"), Station: v.Get("station"),
		Parameter: v.Get("parameter"), Rule: v.Get("rule"), After: v.Get("cursor"),
	}
	if err := oneOf("state", q.State, "pending", alerts.Open, alerts.Resolved, alerts.Withdrawn); err != nil {
		return err
	}
	if err := oneOf("severity", q.Severity, "info", "warning", "critical", "emergency"); err != nil {
		return err
	}
	var err error
	if q.Limit, err = limit(r, usualLimit, mostLimit); err != nil {
		return err
	}
	if q.From, err = instant(v.Get("from"), time.Time{}, "from"); err != nil {
		return err
	}
	if q.To, err = instant(v.Get("to"), time.Time{}, "to"); err != nil {
		return err
	}
	items, next, err := s.cfg.Alerts.List(q)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, newList(viewsOf(items), next))
	return nil
}

func viewsOf(all []alerts.Alert) []alerts.View {
	out := make([]alerts.View, len(all)) // never null in JSON
	for i := range all {
		out[i] = alerts.ViewOf(&all[i])
	}
	return out
}

// moment is one line of an alert's timeline: a change of the alert, or a notice and its result.
type moment struct {
	Type string    `json:"type"`
	At   time.Time `json:"at"`
	// EventAt is the measured_at that caused a change.
	EventAt  *time.Time       `json:"event_at,omitempty"`
	Severity *alerts.Severity `json:"severity,omitempty"`
	State    string           `json:"state,omitempty"`
	Value    *float64         `json:"value,omitempty"`
	Ratio    *float64         `json:"ratio,omitempty"`
	Revision int              `json:"revision,omitempty"`
	Summary  *geo.Text        `json:"summary,omitempty"`
	// By is the person who did it, Comment what they wrote.
	By      string  `json:"by,omitempty"`
	Comment string  `json:"comment,omitempty"`
	Notice  *Notice `json:"notice,omitempty"`
}

func (s *Server) getAlert(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	a, events, ok, err := s.cfg.Alerts.Get(r.Context(), id)
	if err != nil {
		return err
	}
	if !ok {
		return ErrNotFound
	}
	timeline := make([]moment, 0, len(events))
	for i := range events {
		ev := &events[i]
		timeline = append(timeline, moment{
			Type: string(ev.Type), At: ev.Made, EventAt: &ev.At, Severity: &ev.Alert.Severity, State: ev.Alert.State,
			Value: ev.Alert.Value, Ratio: ev.Alert.Ratio, Revision: ev.Alert.Revision, Summary: &ev.Alert.Summary, By: ev.By, Comment: ev.Comment,
		})
	}
	notices, err := s.cfg.Alerts.Notices(r.Context(), id)
	if err != nil {
		return err
	}
	for _, n := range notices {
		timeline = append(timeline, moment{Type: "notice", At: n.At, Notice: &n})
	}
	slices.SortStableFunc(timeline, func(a, b moment) int { return a.At.Compare(b.At) })
	writeJSON(w, http.StatusOK, struct {
		alerts.View
		Timeline []moment `json:"timeline"`
	}{alerts.ViewOf(&a), timeline})
	return nil
}

func (s *Server) hotspots(w http.ResponseWriter, _ *http.Request) error {
	writeJSON(w, http.StatusOK, s.cfg.Hotspots())
	return nil
}

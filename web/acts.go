package web

import (
	"errors"
	"net/http"

	"quantrac/alerts"
	"quantrac/geo"
)

// act lets an officer do something about an alert and answers with the alert as it is then.
func (s *Server) act(typ alerts.EventType) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		var in struct {
			Comment  string `json:"comment"`
			Assignee string `json:"assignee"`
			Cause    string `json:"cause"`
		}
		if r.ContentLength != 0 {
			if err := readJSON(r, &in); err != nil {
				return err
			}
		}
		act := alerts.Act{
			Type: typ, By: callerOf(r).name, At: s.cfg.Now().UTC(), Comment: in.Comment, Assignee: in.Assignee, Cause: in.Cause,
		}
		if typ == alerts.Closed && act.Cause == "" {
			act.Cause = in.Comment // one sentence is enough
		}
		if field, message := act.Check(); field != "" {
			return &Invalid{Problems: []geo.Problem{{Path: field, Message: message}}}
		}
		id := r.PathValue("id")
		before, _, _, err := s.cfg.Alerts.Get(r.Context(), id)
		if err != nil {
			return err
		}
		if err := inScope(r, parkOf(&before)); err != nil {
			return err
		}
		a, err := s.cfg.Alerts.Act(r.Context(), id, act)
		if errors.Is(err, alerts.ErrOver) {
			return fail(http.StatusConflict, "the alert has ended: it is "+a.State)
		}
		if err != nil {
			return err
		}
		if a.Revision != before.Revision { // else nothing was done: it was acknowledged already
			s.audit(r, string(typ), id, marksOf(&before, ""), marksOf(&a, act.Comment))
		}
		writeJSON(w, http.StatusOK, alerts.ViewOf(&a))
		return nil
	}
}

// alertMarks is what people do to an alert, as the audit keeps it.
type alertMarks struct {
	Station        string          `json:"station"`
	Rule           string          `json:"rule"`
	State          string          `json:"state"`
	Severity       alerts.Severity `json:"severity"`
	AcknowledgedBy string          `json:"acknowledged_by,omitempty"`
	Assignee       string          `json:"assignee,omitempty"`
	Cause          string          `json:"cause,omitempty"`
	Comment        string          `json:"comment,omitempty"`
}

func marksOf(a *alerts.Alert, comment string) alertMarks {
	return alertMarks{a.Station.ID, a.Rule, a.State, a.Severity, a.AcknowledgedBy, a.Assignee, a.Cause, comment}
}

func parkOf(a *alerts.Alert) string {
	if a.Park == nil {
		return ""
	}
	return a.Park.ID
}

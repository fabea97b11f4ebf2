package journal

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"time"

	"quantrac/alerts"
	"quantrac/geo"
)

// Trouble is something of our own that is away: the history, the log, an outside broker.
type Trouble struct {
	// ID is fixed, such as "history" or "broker tcp://10.0.0.1:1883".
	ID   string
	Name geo.Text
}

// troubleAfter is how long a trouble must last before it is an alert: a restart of a database is none.
const troubleAfter = time.Minute

// basisService is the basis of alerts about ourselves.
const basisService = "service"

// troubles turns what is away of our own into one alert each, so that nobody takes its consequences for silences of stations.
func (j *Judge) troubles(now time.Time) []alerts.Event {
	if j.cfg.Troubles == nil {
		return nil
	}
	var out []alerts.Event
	present := j.cfg.Troubles()
	open := slices.DeleteFunc(j.journal.Open(), func(a alerts.Alert) bool { return a.Scope != alerts.ScopeService })
	for _, t := range present {
		since, known := j.since[t.ID]
		if !known {
			j.since[t.ID] = now
			continue
		}
		if now.Sub(since) >= troubleAfter && !slices.ContainsFunc(open, func(a alerts.Alert) bool { return a.ScopeID == t.ID }) {
			out = append(out, opened(t, since, now))
		}
	}
	for id := range j.since {
		if !slices.ContainsFunc(present, func(t Trouble) bool { return t.ID == id }) {
			delete(j.since, id)
		}
	}
	for _, a := range open {
		if _, still := j.since[a.ScopeID]; !still {
			out = append(out, ended(a, now))
		}
	}
	return out
}

func opened(t Trouble, since, now time.Time) alerts.Event {
	sum := sha256.Sum256([]byte(t.ID + "\x00" + since.UTC().Format(time.RFC3339Nano)))
	a := alerts.Alert{
		ID: hex.EncodeToString(sum[:16]), Revision: 1, Rule: basisService, RuleName: geo.Text{VI: "Hệ thống", EN: "Service"}, Severity: alerts.Warning,
		PeakSeverity: alerts.Warning, State: alerts.Open, Scope: alerts.ScopeService, ScopeID: t.ID, Basis: basisService, Flags: []string{},
		OpenedAt: since.UTC(), MeasuredAt: now.UTC(),
		Summary: geo.Text{VI: "Hệ thống: " + t.Name.VI + " không hoạt động", EN: "Service: " + t.Name.EN + " is away"},
	}
	return alerts.Event{Type: alerts.Opened, At: a.OpenedAt, Made: now.UTC(), Alert: a}
}

func ended(a alerts.Alert, now time.Time) alerts.Event {
	at := now.UTC()
	a.Revision++
	a.State, a.ResolvedAt, a.MeasuredAt = alerts.Resolved, &at, at
	a.Summary = geo.Text{VI: "Hoạt động trở lại: " + a.ScopeID, EN: "Back again: " + a.ScopeID}
	return alerts.Event{Type: alerts.WasResolved, At: at, Made: at, Alert: a}
}

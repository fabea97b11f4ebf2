package alerts

import (
	"time"

	"quantrac/geo"
)

// Severity grades an alert; a higher one is worse.
type Severity uint8

// The severities. None is "no alert".
const (
	None Severity = iota
	Info
	Warning
	Critical
	Emergency
)

var severityNames = [...]string{"none", "info", "warning", "critical", "emergency"}

func (s Severity) String() string { return severityNames[min(int(s), len(severityNames)-1)] }

// MarshalText writes the name of the severity.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads the name of a severity.
func (s *Severity) UnmarshalText(b []byte) error {
	for i, name := range severityNames {
		if name == string(b) {
			*s = Severity(i)
			return nil
		}
	}
	return &badSeverity{string(b)}
}

type badSeverity struct{ name string }

func (e *badSeverity) Error() string {
	return "severity " + e.name + " is none of info, warning, critical, emergency"
}

// Where is a station or park as an alert names it.
type Where struct {
	ID       string    `json:"id"`
	Name     geo.Text  `json:"name"`
	Location geo.Point `json:"location,omitzero"`
}

// Alert is one continuous trouble of one parameter at one station under one rule.
type Alert struct {
	// ID is fixed by what first opened it: hash of (rule, station, parameter, measured_at).
	ID       string   `json:"id"`
	Revision int      `json:"revision"`
	Rule     string   `json:"rule"`
	RuleName geo.Text `json:"rule_name"`
	Severity Severity `json:"severity"`
	// State is "open", "resolved" or "withdrawn".
	State   string `json:"state"`
	Station Where  `json:"station"`
	// Scope is "" for a trouble of one station, else what it is about as a whole: ScopePark, ScopeGateway or
	// ScopeService, and ScopeID which.
	Scope     string `json:"scope,omitempty"`
	ScopeID   string `json:"scope_id,omitempty"`
	Park      *Where `json:"park"`
	Parameter string `json:"parameter"`
	// Basis is the rule's "on": value, mean_1h …
	Basis          string     `json:"basis"`
	Value          *float64   `json:"value"`
	Unit           string     `json:"unit"`
	Limit          *float64   `json:"limit"`
	Ratio          *float64   `json:"ratio"`
	LimitReference string     `json:"limit_reference"`
	LimitVerified  bool       `json:"limit_verified"`
	OpenedAt       time.Time  `json:"opened_at"`
	MeasuredAt     time.Time  `json:"measured_at"`
	Late           bool       `json:"late"`
	Flags          []string   `json:"flags"`
	Summary        geo.Text   `json:"summary"`
	URL            string     `json:"url"`
	AcknowledgedAt *time.Time `json:"acknowledged_at,omitempty"`
	AcknowledgedBy string     `json:"acknowledged_by,omitempty"`
	Assignee       string     `json:"assignee,omitempty"`
	// EscalatedAt is when it was told further because nobody had acted.
	EscalatedAt *time.Time `json:"escalated_at,omitempty"`
	ResolvedAt  *time.Time `json:"resolved_at,omitempty"`
	Cause       string     `json:"cause,omitempty"`
	// ClosedBy is who closed it; it is then resolved with a cause, whatever the values go on to do.
	ClosedBy string `json:"closed_by,omitempty"`
	// SilencedBy is the mute that keeps its notices back, InhibitedBy the alert that explains it; Notified says that recipients have
	// been told of it before.
	SilencedBy  string `json:"silenced_by,omitempty"`
	InhibitedBy string `json:"inhibited_by,omitempty"`
	Notified    bool   `json:"notified,omitempty"`
	// Flapping: it opened again and again within an hour.
	Flapping bool `json:"flapping,omitempty"`
	// MergedInto is the id of the alert that a withdrawn one has become part of.
	MergedInto   string   `json:"merged_into,omitempty"`
	PeakValue    *float64 `json:"peak_value"`
	PeakSeverity Severity `json:"peak_severity"`
}

// Alert states.
const (
	Open      = "open"
	Resolved  = "resolved"
	Withdrawn = "withdrawn"
)

// Quiet reports that an event is not for recipients: its alert is muted or explained by another, and it does not end something that
// they were told of.
func (ev *Event) Quiet() bool {
	a := &ev.Alert
	if a.SilencedBy == "" && a.InhibitedBy == "" {
		return false
	}
	return a.State == Open || !a.Notified
}

// EventType names what happened to an alert.
type EventType string

// The events of an alert's life.
const (
	Opened       EventType = "alert.opened"
	Updated      EventType = "alert.updated"
	Acknowledged EventType = "alert.acknowledged"
	WasResolved  EventType = "alert.resolved"
	Closed       EventType = "alert.closed"
	Commented    EventType = "alert.commented"
	Assigned     EventType = "alert.assigned"
	Escalated    EventType = "alert.escalated"
	// Undelivered: a recipient, named by By, could not be told.
	Undelivered  EventType = "alert.undelivered"
	WasWithdrawn EventType = "alert.withdrawn"
)

// Event is one change of one alert, with the alert as it was right after.
type Event struct {
	Type EventType `json:"type"`
	// At is event time: the measured_at that caused the change. Made is when the engine was told, the received_at of the same
	// reading.
	At    time.Time `json:"at"`
	Made  time.Time `json:"made"`
	Alert Alert     `json:"alert"`
	// Released: what explained the alert is over, so that it speaks for itself from now on.
	Released bool `json:"-"`
	// By is who did it, where it was a person, and Comment what they wrote.
	By      string `json:"by,omitempty"`
	Comment string `json:"comment,omitempty"`
}

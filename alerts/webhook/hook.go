package webhook

import (
	"slices"
	"time"

	"quantrac/alerts"
)

// Webhook is a recipient, without its secrets.
type Webhook struct {
	ID     string   `json:"id"`
	Name   string   `json:"name"`
	URL    string   `json:"url"`
	Events []string `json:"events"` // empty = all
	Filter Filter   `json:"filter"`
	Format string   `json:"format"`
	// Enabled is false after a 410 of the recipient, or by hand; DisabledReason says which.
	Enabled        bool      `json:"enabled"`
	DisabledReason string    `json:"disabled_reason,omitempty"`
	CreatedAt      time.Time `json:"created_at"`
	// Source is "api" or "config".
	Source string `json:"source"`
}

// Filter narrows what a webhook gets. A list selects what is in it, an empty one selects all; lists are joined by "and".
type Filter struct {
	Parks      []string `json:"parks" yaml:"parks"`
	Stations   []string `json:"stations" yaml:"stations"`
	Severities []string `json:"severities" yaml:"severities"`
	// Late asks for news of the past too: transitions whose event time lay more than an hour back.
	Late bool `json:"late" yaml:"late"`
}

// Spec is what a caller says about a webhook.
type Spec struct {
	Name   string   `json:"name" yaml:"name"`
	URL    string   `json:"url" yaml:"url"`
	Events []string `json:"events" yaml:"events"`
	Filter Filter   `json:"filter" yaml:"filter"`
	Format string   `json:"format" yaml:"format"` // "" = quantrac
	// Enabled is true when it is absent. Enabling goes on with the present: what happened meanwhile is not sent.
	Enabled *bool `json:"enabled,omitempty" yaml:"enabled"`
	// Secret is whsec_<base64 of 24 to 64 bytes>; "" = one is made, or the present one is kept.
	Secret string `json:"secret,omitempty" yaml:"secret"`
}

// Formats of a body.
const (
	FormatQuantrac     = "quantrac"
	FormatAlertmanager = "alertmanager"
	FormatCloudEvents  = "cloudevents"
)

// Events that are not in an alert's own life.
const (
	// Undelivered tells that nobody could be told of an alert.
	Undelivered alerts.EventType = "alert.undelivered"
	// TestEvent is what Test sends.
	TestEvent alerts.EventType = "webhook.test"
)

const (
	sourceAPI    = "api"
	sourceConfig = "config"
)

// hook is a webhook with its secrets. It never changes: an edit replaces it.
type hook struct {
	Webhook
	// from is the place in the journal behind which the webhook gets events.
	from    uint64
	secrets []secret
	// ledgerFrom is the newest record of DELIVERIES when the webhook was created.
	ledgerFrom uint64
}

func (h *hook) clone() *hook {
	c := *h
	return &c
}

// wants reports whether the webhook asked for ev.
func (h *hook) wants(ev *alerts.Event) bool {
	a := &ev.Alert
	return anyOr(h.Events, string(ev.Type)) && anyOr(h.Filter.Stations, a.Station.ID) &&
		(len(h.Filter.Parks) == 0 || a.Park != nil && slices.Contains(h.Filter.Parks, a.Park.ID)) &&
		(h.Filter.Late || !a.Late) && h.wantsSeverity(ev)
}

// wantsSeverity goes by the severity now; for later events of an alert also by what it has been, so that whoever was told
// of a rise is told of the end.
func (h *hook) wantsSeverity(ev *alerts.Event) bool {
	if anyOr(h.Filter.Severities, ev.Alert.Severity.String()) {
		return true
	}
	if ev.Type == alerts.Opened {
		return false
	}
	return slices.ContainsFunc(h.Filter.Severities, func(name string) bool {
		var s alerts.Severity
		return s.UnmarshalText([]byte(name)) == nil && s <= ev.Alert.PeakSeverity
	})
}

func anyOr(list []string, s string) bool { return len(list) == 0 || slices.Contains(list, s) }

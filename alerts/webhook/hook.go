package webhook

import (
	"slices"
	"time"

	"quantrac/alerts"
)

// Webhook is a recipient, without its secrets.
type Webhook struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	URL  string `json:"url"`
	// Events are the types asked for; empty = those of the contract, without comments, assignments and escalations.
	Events []string `json:"events"`
	Filter Filter   `json:"filter"`
	Format string   `json:"format"`
	// Enabled is false after a 410 of the recipient, or by hand; DisabledReason says which.
	Enabled        bool      `json:"enabled"`
	DisabledReason string    `json:"disabled_reason,omitempty"`
	CreatedAt      time.Time `json:"created_at"`
	// Source is "api" or "config".
	Source string `json:"source"`
	// OldSecretUntil is until when requests are signed with the secret before the present one too.
	OldSecretUntil time.Time `json:"old_secret_until,omitzero"`
	// LinkCreatedAt is when the link to the recipient's own page was made; absent = there is none.
	LinkCreatedAt time.Time `json:"link_created_at,omitzero"`
	// Health is how things stand; nil in what is stored.
	Health *Health `json:"health,omitempty"`
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

// TestEvent is what Test sends; it is no event of an alert.
const TestEvent alerts.EventType = "webhook.test"

const (
	sourceAPI    = "api"
	sourceConfig = "config"
)

// hook is a webhook with its secrets. It never changes: an edit replaces it.
type hook struct {
	Webhook
	// from is the place in the journal behind which the webhook gets events.
	from uint64
	// secrets has the present one first, then those that go on signing until their time is over.
	secrets []signer
	// link is the hash of the link token; nil = there is none.
	link []byte
	// ledgerFrom is the newest record of DELIVERIES when the webhook was created.
	ledgerFrom uint64
}

func (h *hook) clone() *hook {
	c := *h
	return &c
}

// wants reports whether the webhook asked for ev, and ev is for recipients at all.
func (h *hook) wants(ev *alerts.Event) bool {
	a := &ev.Alert
	return !ev.Quiet() && h.wantsType(ev) && anyOr(h.Filter.Stations, a.Station.ID) &&
		(len(h.Filter.Parks) == 0 || a.Park != nil && slices.Contains(h.Filter.Parks, a.Park.ID)) &&
		(h.Filter.Late || !a.Late) && h.wantsSeverity(ev)
}

// wantsType goes by the list, or by the contract's where there is none. Nobody is told that he could not be told.
func (h *hook) wantsType(ev *alerts.Event) bool {
	if ev.Type == alerts.Undelivered && ev.By == h.recipient() {
		return false
	}
	if len(h.Events) > 0 {
		return slices.Contains(h.Events, string(ev.Type))
	}
	return slices.Contains(usualEvents(), ev.Type)
}

// recipient names the webhook among the recipients of all channels.
func (h *hook) recipient() string { return "webhook:" + h.ID }

// usualEvents are the types that the contract promises.
func usualEvents() []alerts.EventType {
	return []alerts.EventType{
		alerts.Opened, alerts.Updated, alerts.Acknowledged, alerts.WasResolved, alerts.Closed, alerts.WasWithdrawn, alerts.Undelivered, TestEvent,
	}
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

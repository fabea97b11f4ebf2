package webhook

import (
	"time"

	"quantrac/alerts"
)

// State is what became of a delivery at one try.
type State string

// The states. Waiting and Retrying are open, the others final; a final delivery opens again when it is sent by hand.
const (
	// Waiting: held back behind an earlier event of its alert, or asked for by hand.
	Waiting   State = "waiting"
	Retrying  State = "retrying"
	Delivered State = "delivered"
	// Dead: the last try of the table failed.
	Dead State = "dead"
	// Skipped: cannot be sent at all.
	Skipped State = "skipped"
	// Disabled: the recipient answered 410, or the webhook was disabled with this delivery open.
	Disabled State = "disabled"
)

// Attempt is one record of DELIVERIES: one try, or a change of state without one.
type Attempt struct {
	// ID is the webhook-id, the same for every try of one event to one webhook.
	ID      string           `json:"id"`
	Webhook string           `json:"webhook"`
	Alert   string           `json:"alert"`
	Type    alerts.EventType `json:"type"`
	// Sequence and Index are the event's place in the journal; 0 for a test.
	Sequence uint64 `json:"sequence"`
	Index    int    `json:"index"`
	// Attempt counts the tries, from 1; 0 = none yet.
	Attempt int       `json:"attempt"`
	At      time.Time `json:"at"`
	// QueuedAt is when the event was first queued, or last asked for by hand.
	QueuedAt time.Time `json:"queued_at,omitzero"`
	// Status is the answer's HTTP status; 0 = no answer, and Error says why.
	Status int    `json:"status"`
	Error  string `json:"error,omitempty"`
	// Answer is the beginning of the answer's body.
	Answer     string    `json:"answer,omitempty"`
	DurationMS int64     `json:"duration_ms"`
	NextAt     time.Time `json:"next_at,omitzero"`
	State      State     `json:"state"`
}

func (a *Attempt) open() bool { return a.State == Waiting || a.State == Retrying }

// place is where an event is in the journal.
type place struct {
	seq   uint64
	index int
}

func (p place) compare(q place) int {
	if p.seq != q.seq {
		if p.seq < q.seq {
			return -1
		}
		return 1
	}
	return p.index - q.index
}

package ingest

import "time"

// Quarantined is one delivery in quarantine.
type Quarantined struct {
	ID         string    `json:"id"`
	ReceivedAt time.Time `json:"received_at"`
	Door       string    `json:"door"`
	Gateway    string    `json:"gateway"`
	Topic      string    `json:"topic"`
	Dialect    string    `json:"dialect"`
	// Accepted is how many readings of the same delivery were stored.
	Accepted int      `json:"accepted"`
	Rejected []Reject `json:"rejected"`
	// Body holds the raw bytes, base64 in JSON; Text the same where they are UTF-8.
	Body []byte `json:"body"`
	Text string `json:"text,omitempty"`
	// Batch and Index are the place in INTAKE.
	Batch uint64 `json:"batch"`
	Index int    `json:"entry"`
	// RetriedAt is when its bytes were read again; nil = not yet.
	RetriedAt *time.Time `json:"retried_at,omitempty"`
}

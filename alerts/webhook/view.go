package webhook

import "time"

// States of a recipient's health.
const (
	HealthOK = "ok"
	// HealthSlow: the recipient says that it is overloaded, and gets fewer requests at once.
	HealthSlow = "slow"
	// HealthPaused: its host fails again and again; everything to it waits while single tries find out whether it is back.
	HealthPaused   = "paused"
	HealthDisabled = "disabled"
)

// Health is how things stand with a recipient.
type Health struct {
	State string `json:"state"`
	// Failures are those of its host in a row, Since is the first of them and NextTry when it is tried again.
	Failures int       `json:"failures"`
	Since    time.Time `json:"since,omitzero"`
	NextTry  time.Time `json:"next_try,omitzero"`
	// Pending counts what is queued, Dead the dead letters that are listed.
	Pending int `json:"pending"`
	Dead    int `json:"dead"`
}

// view is a webhook with its health.
func (s *Sender) view(h *hook) Webhook {
	v := h.Webhook
	if !v.OldSecretUntil.After(s.opt.Now()) {
		v.OldSecretUntil = time.Time{}
	}
	health := Health{State: HealthOK}
	health.Pending, health.Dead = s.ledger.counts(h.ID)
	s.mu.RLock()
	w := s.workers[h.ID]
	s.mu.RUnlock()
	k, paused := s.circuits.look(hostOf(h.URL))
	health.Failures, health.Since = k.failures, k.since.UTC()
	if k.failures == 0 {
		health.Since = time.Time{}
	}
	switch {
	case !h.Enabled:
		health.State = HealthDisabled
	case paused:
		health.State, health.NextTry = HealthPaused, k.until.UTC()
	case w != nil && w.slow.Load():
		health.State = HealthSlow
	}
	if w != nil {
		health.Pending = max(health.Pending, int(w.pending.Load()))
	}
	v.Health = &health
	return v
}

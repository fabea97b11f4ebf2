package webhook

import (
	"context"

	"quantrac/alerts"
	"quantrac/geo"
)

// List returns the webhooks, oldest first.
func (s *Sender) List() []Webhook {
	hooks := s.all()
	list := make([]Webhook, len(hooks))
	for i, h := range hooks {
		list[i] = h.Webhook
	}
	return list
}

// Get returns a webhook, or ErrNotFound.
func (s *Sender) Get(id string) (Webhook, error) {
	h, err := s.find(id)
	if err != nil {
		return Webhook{}, err
	}
	return h.Webhook, nil
}

// Create adds a webhook; it gets the events of alerts from now on. The secret is told here and nowhere else. A Spec that is
// not right is an *Invalid.
func (s *Sender) Create(ctx context.Context, spec Spec) (Webhook, string, error) {
	if problems := spec.Check(s.opt.AllowPrivate); len(problems) > 0 {
		return Webhook{}, "", &Invalid{problems}
	}
	s.edit.Lock()
	defer s.edit.Unlock()
	h := &hook{Webhook: Webhook{ID: randomID("wh_"), Source: sourceAPI}}
	h.apply(&spec)
	if err := s.put(ctx, nil, h); err != nil {
		return Webhook{}, "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.work != nil && h.Enabled {
		s.start(h)
	}
	return h.Webhook, string(h.secrets[0]), nil
}

// Update replaces what is known of a webhook. Open deliveries go to the new address; those of one that is being disabled
// end. Errors: ErrNotFound, ErrConfigured, *Invalid.
func (s *Sender) Update(ctx context.Context, id string, spec Spec) (Webhook, error) {
	s.edit.Lock()
	defer s.edit.Unlock()
	old, err := s.editable(id)
	if err != nil {
		return Webhook{}, err
	}
	if problems := spec.Check(s.opt.AllowPrivate); len(problems) > 0 {
		return Webhook{}, &Invalid{problems}
	}
	h := old.clone()
	h.apply(&spec)
	if err := s.put(ctx, old, h); err != nil {
		return Webhook{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	w := s.workers[id]
	switch {
	case !h.Enabled && w != nil:
		select {
		case w.stop <- byHand:
		default: // it is ending already
		}
	case h.Enabled && old.Enabled && w != nil:
		w.hook.Store(h)
	case h.Enabled && s.work != nil:
		s.start(h)
	}
	return h.Webhook, nil
}

// Delete removes a webhook and forgets its open deliveries. Errors: ErrNotFound, ErrConfigured.
func (s *Sender) Delete(ctx context.Context, id string) error {
	s.edit.Lock()
	defer s.edit.Unlock()
	if _, err := s.editable(id); err != nil {
		return err
	}
	return s.remove(ctx, id)
}

func (s *Sender) editable(id string) (*hook, error) {
	h, err := s.find(id)
	if err == nil && h.Source == sourceConfig {
		return nil, ErrConfigured
	}
	return h, err
}

// disable marks the webhook of a worker that has ended.
func (s *Sender) disable(ctx context.Context, w *worker, reason string) {
	s.edit.Lock()
	defer s.edit.Unlock()
	s.mu.Lock()
	current := s.workers[w.id] == w
	old := s.hooks[w.id]
	if current {
		delete(s.workers, w.id)
	}
	s.mu.Unlock()
	if !current || old == nil || !old.Enabled {
		return
	}
	h := old.clone()
	h.Enabled, h.DisabledReason = false, reason
	if err := s.put(ctx, old, h); err != nil {
		s.opt.Logger.Error("a webhook could not be disabled", "webhook", w.id, "error", err)
		return
	}
	s.opt.Logger.Warn("a webhook is disabled", "webhook", w.id, "name", h.Name, "reason", reason)
}

// Test sends a signed webhook.test now, once, and returns what came of it: Delivered or Dead. Errors: ErrNotFound.
func (s *Sender) Test(ctx context.Context, id string) (Attempt, error) {
	h, err := s.find(id)
	if err != nil {
		return Attempt{}, err
	}
	at := s.opt.Now()
	d := &delivery{id: randomID(idPrefix + "test_"), event: testEvent(h, s.opt.BaseURL)}
	d.event.At, d.event.Made = at.UTC(), at.UTC()
	d.event.Alert.OpenedAt, d.event.Alert.MeasuredAt = at.UTC(), at.UTC()
	o := s.send(ctx, h, d, at)
	a := Attempt{
		ID: d.id, Webhook: id, Type: TestEvent, Attempt: 1, At: at.UTC(), Status: o.status, Error: o.fault, Answer: o.answer,
		DurationMS: o.took.Milliseconds(), State: Dead,
	}
	if o.status >= 200 && o.status < 300 {
		a.State = Delivered
	}
	return a, s.ledger.record(ctx, a)
}

func testEvent(h *hook, baseURL string) alerts.Event {
	return alerts.Event{Type: TestEvent, Alert: alerts.Alert{
		ID: "test", Revision: 1, Rule: "webhook-test", RuleName: geo.Text{VI: "Tin thử", EN: "Test message"},
		Severity: alerts.Info, PeakSeverity: alerts.Info, State: alerts.Open,
		Station: alerts.Where{ID: "test", Name: geo.Text{VI: "Trạm thử", EN: "Test station"}}, Basis: "value", Flags: []string{},
		Summary: geo.Text{
			VI: "Tin thử gửi đến " + h.Name + ". Không có cảnh báo nào.",
			EN: "Test message to " + h.Name + ". There is no alert.",
		},
		URL: baseURL + "/",
	}}
}

const (
	defaultLimit = 100
	maxLimit     = 1000
)

// Deliveries lists the tries of a webhook, newest first, and the cursor of the next page; "" = there is none. limit is
// clamped to 1,000; 0 = 100. Errors: ErrNotFound, alerts.ErrCursor.
func (s *Sender) Deliveries(ctx context.Context, id, cursor string, limit int) ([]Attempt, string, error) {
	if _, err := s.find(id); err != nil {
		return nil, "", err
	}
	if limit <= 0 {
		limit = defaultLimit
	}
	return s.ledger.page(ctx, id, cursor, min(limit, maxLimit))
}

// OfAlert lists what was sent about an alert, oldest first, for its timeline. What recipients answered and why they could
// not be reached is left out: viewers of an alert may not know recipients.
func (s *Sender) OfAlert(ctx context.Context, alert string) ([]Attempt, error) {
	list, err := s.ledger.ofAlert(ctx, alert)
	for i := range list {
		list[i].Answer, list[i].Error = "", ""
	}
	return list, err
}

// Redeliver sends an event again, under its webhook-id and with all tries of the table; one that is waiting is tried now.
// Errors: ErrNotFound, ErrDisabled.
func (s *Sender) Redeliver(ctx context.Context, id string) (Attempt, error) {
	p, ok := placeOf(id)
	if !ok {
		return Attempt{}, ErrNotFound
	}
	events, err := readEvents(ctx, &s.opt, []place{p})
	if err != nil {
		return Attempt{}, err
	}
	ev, ok := events[p]
	if !ok {
		return Attempt{}, ErrNotFound
	}
	for _, h := range s.all() {
		if deliveryID(h.ID, p, &ev) != id {
			continue
		}
		s.mu.RLock()
		w := s.workers[h.ID]
		s.mu.RUnlock()
		if w == nil {
			return Attempt{}, ErrDisabled
		}
		return w.redeliver(ctx, &delivery{id: id, place: p, event: ev, byHand: true})
	}
	return Attempt{}, ErrNotFound
}

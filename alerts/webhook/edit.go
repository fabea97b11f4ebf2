package webhook

import "context"

// List returns the webhooks, oldest first.
func (s *Sender) List() []Webhook {
	hooks := s.all()
	list := make([]Webhook, len(hooks))
	for i, h := range hooks {
		list[i] = s.view(h)
	}
	return list
}

// Get returns a webhook, or ErrNotFound.
func (s *Sender) Get(id string) (Webhook, error) {
	h, err := s.find(id)
	if err != nil {
		return Webhook{}, err
	}
	return s.view(h), nil
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
	h.apply(&spec, s.opt.Now())
	if err := s.put(ctx, nil, h); err != nil {
		return Webhook{}, "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.work != nil && h.Enabled {
		s.start(h)
	}
	return h.Webhook, string(h.secrets[0].Secret), nil
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
	h.apply(&spec, s.opt.Now())
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

// RotateSecret gives a webhook a new secret, which is told here and nowhere else. Requests are signed with the old one too for 24 h,
// so that the recipient can change over in that time. Errors: ErrNotFound, ErrConfigured.
func (s *Sender) RotateSecret(ctx context.Context, id string) (Webhook, string, error) {
	made := newSecret()
	h, err := s.change(ctx, id, func(h *hook) { h.rotate(made, s.opt.Now()) })
	if err != nil {
		return Webhook{}, "", err
	}
	return s.view(h), string(made), nil
}

// change edits a webhook that is not of the configuration file; its worker, if it has one, goes on with the result.
func (s *Sender) change(ctx context.Context, id string, edit func(*hook)) (*hook, error) {
	s.edit.Lock()
	defer s.edit.Unlock()
	old, err := s.editable(id)
	if err != nil {
		return nil, err
	}
	return s.replace(ctx, old, edit)
}

// replace stores an edited webhook; s.edit is held.
func (s *Sender) replace(ctx context.Context, old *hook, edit func(*hook)) (*hook, error) {
	h := old.clone()
	edit(h)
	if err := s.put(ctx, old, h); err != nil {
		return nil, err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if w := s.workers[h.ID]; w != nil {
		w.hook.Store(h)
	}
	return h, nil
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

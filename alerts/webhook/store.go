package webhook

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Keys of the bucket.
const (
	hookKey  = "hook."
	placeKey = "place."
)

// stored is a webhook as it is on disk.
type stored struct {
	Webhook
	From       uint64   `json:"from"`
	LedgerFrom uint64   `json:"ledger_from"`
	Secrets    []signer `json:"secrets"`
	Link       []byte   `json:"link,omitempty"`
}

// load reads the webhooks, their places, and what the ledger has saved.
func (s *Sender) load(ctx context.Context) (savedLedger, error) {
	saved := newSavedLedger()
	last, err := s.opt.LastEvent(ctx)
	if err != nil {
		return saved, err
	}
	err = s.bucket.All(ctx, func(key string, value []byte) error {
		if id, ok := strings.CutPrefix(key, hookKey); ok {
			var st stored
			if err := json.Unmarshal(value, &st); err != nil {
				return fmt.Errorf("webhook %s: %w", id, err)
			}
			s.hooks[id] = &hook{Webhook: st.Webhook, from: st.From, secrets: st.Secrets, link: st.Link, ledgerFrom: st.LedgerFrom}
			s.ledger.join(id, st.LedgerFrom)
		}
		if id, ok := strings.CutPrefix(key, placeKey); ok {
			at, err := strconv.ParseUint(string(value), 10, 64)
			if err != nil {
				return fmt.Errorf("place of webhook %s: %w", id, err)
			}
			s.places[id] = at
		}
		return saved.take(key, value)
	})
	for id, h := range s.hooks {
		at := max(s.places[id], h.from)
		if at > last {
			s.opt.Logger.Warn("the alert journal began anew, and so does a webhook", "webhook", id, "place", at, "journal", last)
			at = last
		}
		s.places[id] = at
	}
	return saved, err
}

// configure brings the webhooks of the configuration file in line with it.
func (s *Sender) configure(ctx context.Context) error {
	wanted := map[string]bool{}
	for i := range s.opt.Configured {
		spec := &s.opt.Configured[i]
		id := configuredID(spec.Name)
		wanted[id] = true
		old := s.hooks[id]
		h := &hook{Webhook: Webhook{ID: id, Source: sourceConfig}}
		if old != nil {
			h = old.clone()
		}
		h.apply(spec, s.opt.Now())
		if spec.Secret == "" && old == nil {
			s.opt.Logger.Warn("a configured webhook has no secret: a made one signs, and nobody can check it", "name", spec.Name)
		}
		if err := s.put(ctx, old, h); err != nil {
			return err
		}
	}
	for id, h := range s.hooks {
		if h.Source == sourceConfig && !wanted[id] {
			if err := s.remove(ctx, id); err != nil {
				return err
			}
		}
	}
	return nil
}

// apply takes over what a Spec says at a time. A format or a secret that it leaves out is quantrac and the present one; a secret that
// it changes goes on signing for a while.
func (h *hook) apply(spec *Spec, now time.Time) {
	list := func(l []string) []string { return append([]string{}, l...) }
	h.Name, h.URL, h.Events = spec.Name, spec.URL, list(spec.Events)
	h.Filter = Filter{list(spec.Filter.Parks), list(spec.Filter.Stations), list(spec.Filter.Severities), spec.Filter.Late}
	h.Format = cmp.Or(spec.Format, FormatQuantrac)
	h.Enabled, h.DisabledReason = spec.Enabled == nil || *spec.Enabled, ""
	if !h.Enabled {
		h.DisabledReason = byHand
	}
	switch {
	case spec.Secret != "":
		h.rotate(secret(spec.Secret), now)
	case len(h.secrets) == 0:
		h.rotate(newSecret(), now)
	}
}

const byHand = "disabled by hand"

// put stores h in place of old. One that is new, or was disabled, begins with the present.
func (s *Sender) put(ctx context.Context, old, h *hook) error {
	if old == nil {
		h.CreatedAt = s.opt.Now().UTC()
		var err error
		if h.ledgerFrom, err = s.records.LastSequence(ctx); err != nil {
			return err
		}
	}
	begins := old == nil || !old.Enabled && h.Enabled
	if begins {
		last, err := s.opt.LastEvent(ctx)
		if err != nil {
			return err
		}
		h.from = last
		if err := s.bucket.Put(ctx, placeKey+h.ID, strconv.AppendUint(nil, last, 10)); err != nil {
			return err
		}
	}
	value, err := json.Marshal(stored{h.Webhook, h.from, h.ledgerFrom, h.secrets, h.link})
	if err != nil {
		return fmt.Errorf("write webhook %s: %w", h.ID, err)
	}
	if err := s.bucket.Put(ctx, hookKey+h.ID, value); err != nil {
		return err
	}
	s.ledger.join(h.ID, h.ledgerFrom)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hooks[h.ID] = h
	if begins {
		s.places[h.ID] = h.from
	}
	return nil
}

func (s *Sender) remove(ctx context.Context, id string) error {
	if err := s.bucket.Delete(ctx, hookKey+id); err != nil {
		return err
	}
	s.mu.Lock()
	delete(s.hooks, id)
	delete(s.places, id)
	if w := s.workers[id]; w != nil {
		w.cancel()
		delete(s.workers, id)
	}
	s.mu.Unlock()
	return errors.Join(s.bucket.Delete(ctx, placeKey+id), s.ledger.leave(ctx, id))
}

// savePlaces writes the places that have changed. A failure costs nothing but events that are looked at again.
func (s *Sender) savePlaces(ctx context.Context) error {
	s.edit.Lock()
	defer s.edit.Unlock()
	s.mu.RLock()
	moved := map[string]uint64{}
	for id, w := range s.workers {
		if at := w.passed.Load(); at > s.places[id] {
			moved[id] = at
		}
	}
	s.mu.RUnlock()
	for id, at := range moved {
		if err := s.bucket.Put(ctx, placeKey+id, strconv.AppendUint(nil, at, 10)); err != nil {
			return fmt.Errorf("save the place of webhook %s: %w", id, err)
		}
		s.mu.Lock()
		s.places[id] = at
		s.mu.Unlock()
	}
	return nil
}

// all lists the webhooks, oldest first.
func (s *Sender) all() []*hook {
	s.mu.RLock()
	defer s.mu.RUnlock()
	hooks := make([]*hook, 0, len(s.hooks))
	for _, h := range s.hooks {
		hooks = append(hooks, h)
	}
	slices.SortFunc(hooks, func(a, b *hook) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), strings.Compare(a.ID, b.ID))
	})
	return hooks
}

func (s *Sender) find(id string) (*hook, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	h, ok := s.hooks[id]
	if !ok {
		return nil, ErrNotFound
	}
	return h, nil
}

// configuredID names a configured webhook by its name, so that it stays itself over restarts.
func configuredID(name string) string {
	sum := sha256.Sum256([]byte(name))
	return "wh_cfg" + hex.EncodeToString(sum[:8])
}

func randomID(prefix string) string {
	var b [10]byte
	_, _ = rand.Read(b[:]) // never fails
	return prefix + hex.EncodeToString(b[:])
}

package webhook

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"strings"
	"time"
)

// linkPrefix makes a link token known for what it is where it should not be.
const linkPrefix = "qwl_"

// LinkToken makes the token of a link by which a recipient sees and replays its own deliveries, and nothing else. It is told here and
// nowhere else, and takes the place of an older one. Errors: ErrNotFound.
func (s *Sender) LinkToken(ctx context.Context, id string) (string, error) {
	var raw [32]byte
	_, _ = rand.Read(raw[:]) // never fails
	token := linkPrefix + base64.RawURLEncoding.EncodeToString(raw[:])
	return token, s.setLink(ctx, id, linkHash(token), s.opt.Now().UTC())
}

// RevokeLink ends the link of a webhook; without one nothing happens. Errors: ErrNotFound.
func (s *Sender) RevokeLink(ctx context.Context, id string) error {
	return s.setLink(ctx, id, nil, time.Time{})
}

func (s *Sender) setLink(ctx context.Context, id string, hash []byte, at time.Time) error {
	s.edit.Lock()
	defer s.edit.Unlock()
	old, err := s.find(id) // a configured webhook may have a link too: it is no part of the file
	if err != nil {
		return err
	}
	_, err = s.replace(ctx, old, func(h *hook) { h.link, h.LinkCreatedAt = hash, at })
	return err
}

func linkHash(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// ByLink returns the webhook that a link token belongs to, or ErrNotFound. How long it takes says nothing about any token.
func (s *Sender) ByLink(token string) (Webhook, error) {
	h, err := s.byLink(token)
	if err != nil {
		return Webhook{}, err
	}
	return s.view(h), nil
}

func (s *Sender) byLink(token string) (*hook, error) {
	if !strings.HasPrefix(token, linkPrefix) {
		return nil, ErrNotFound
	}
	hash := linkHash(token)
	var found *hook
	for _, h := range s.all() {
		if subtle.ConstantTimeCompare(h.link, hash) == 1 {
			found = h
		}
	}
	if found == nil {
		return nil, ErrNotFound
	}
	return found, nil
}

// LinkDeliveries is Find for the owner of a link token.
func (s *Sender) LinkDeliveries(ctx context.Context, token string, q Query) ([]Attempt, string, error) {
	h, err := s.byLink(token)
	if err != nil {
		return nil, "", err
	}
	return s.Find(ctx, h.ID, q)
}

// LinkRedeliver is Redeliver for the owner of a link token: a delivery of another webhook is ErrNotFound.
func (s *Sender) LinkRedeliver(ctx context.Context, token, delivery string) (Attempt, error) {
	h, err := s.byLink(token)
	if err != nil {
		return Attempt{}, err
	}
	return s.redeliver(ctx, delivery, []*hook{h})
}

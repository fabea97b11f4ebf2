package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"quantrac/alerts/webhook"
)

// webhooksOf hands the sender over as cmd does.
func webhooksOf(s *webhook.Sender) Webhooks {
	return Webhooks{
		List: func() any { return s.List() },
		Get: func(id string) (any, error) {
			w, err := s.Get(id)
			return w, webhookError(err)
		},
		Create: func(ctx context.Context, body json.RawMessage) (any, error) {
			spec, err := webhook.Decode(body)
			if err != nil {
				return nil, webhookError(err)
			}
			w, secret, err := s.Create(ctx, spec)
			return struct {
				webhook.Webhook
				Secret string `json:"secret"`
			}{w, secret}, webhookError(err)
		},
		Update: func(ctx context.Context, id string, body json.RawMessage) (any, error) {
			spec, err := webhook.Decode(body)
			if err != nil {
				return nil, webhookError(err)
			}
			w, err := s.Update(ctx, id, spec)
			return w, webhookError(err)
		},
		Delete: func(ctx context.Context, id string) error { return webhookError(s.Delete(ctx, id)) },
		Test: func(ctx context.Context, id string) (any, error) {
			a, err := s.Test(ctx, id)
			return a, webhookError(err)
		},
		Deliveries: func(ctx context.Context, id, cursor string, limit int) (any, string, error) {
			items, next, err := s.Deliveries(ctx, id, cursor, limit)
			return items, next, webhookError(err)
		},
		Redeliver: func(ctx context.Context, delivery string) (any, error) {
			a, err := s.Redeliver(ctx, delivery)
			return a, webhookError(err)
		},
	}
}

func webhookError(err error) error {
	var invalid *webhook.Invalid
	switch {
	case errors.As(err, &invalid):
		return &Invalid{Problems: invalid.Problems}
	case errors.Is(err, webhook.ErrNotFound):
		return ErrNotFound
	case errors.Is(err, webhook.ErrConfigured), errors.Is(err, webhook.ErrDisabled):
		return fmt.Errorf("%w: %w", ErrConflict, err)
	}
	return err
}

func (r *rig) notices(ctx context.Context, alert string) ([]Notice, error) {
	tries, err := r.sender.OfAlert(ctx, alert)
	var out []Notice
	for _, t := range tries {
		n := Notice{
			At: t.At, Webhook: t.Webhook, Event: string(t.Type), Delivery: t.ID, Attempt: t.Attempt, Status: t.Status,
			Result: string(t.State), Error: t.Error,
		}
		if w, err := r.sender.Get(t.Webhook); err == nil {
			n.Name = w.Name
		}
		out = append(out, n)
	}
	return out, err
}

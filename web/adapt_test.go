package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"quantrac/alerts"
	"quantrac/alerts/journal"
	"quantrac/alerts/webhook"
	"quantrac/ingest"
	"quantrac/ingest/books"
	"quantrac/ingest/broker"
	"quantrac/ingest/history"
	"quantrac/ingest/quarantine"
	"quantrac/web/audit"
)

func historyOf(store history.Store) History {
	raw := func(q RawQuery) history.RawQuery {
		return history.RawQuery{Station: q.Station, Parameter: q.Parameter, From: q.From, To: q.To, Limit: q.Limit, Marked: q.Marked}
	}
	return History{
		Raw: func(ctx context.Context, q RawQuery) ([]RawRow, error) {
			rows, err := history.Raw(ctx, store, raw(q))
			var out []RawRow
			for _, r := range rows {
				out = append(out, RawRow(r))
			}
			return out, err
		},
		Windows: func(ctx context.Context, q WindowQuery) ([]WindowRow, error) {
			hq := history.WindowQuery{RawQuery: raw(q.RawQuery), Every: q.Every, Offset: q.Offset, Fn: q.Fn}
			hq.Limit = 0
			rows, err := history.Windows(ctx, store, hq)
			var out []WindowRow
			for _, r := range rows {
				out = append(out, WindowRow(r))
			}
			return out, err
		},
		Columns: func(ctx context.Context, q ColumnQuery, visit func(string, []alerts.Trail) error) error {
			hq := history.ColumnQuery{From: q.From, To: q.To}
			for _, st := range q.Stations {
				hq.Stations = append(hq.Stations, history.StationColumns{Station: st.ID, Parameters: st.Parameters})
			}
			return history.Columns(ctx, store, hq, func(station string, columns []history.Column) error {
				var trails []alerts.Trail
				for _, c := range columns {
					trails = append(trails, alerts.Trail(c))
				}
				return visit(station, trails)
			})
		},
	}
}

func auditOf(l *audit.Log) Audit {
	return Audit{
		Add: func(ctx context.Context, e AuditEntry) error { return l.Add(ctx, audit.Entry(e)) },
		Find: func(ctx context.Context, q AuditQuery) ([]AuditEntry, uint64, error) {
			found, next, err := l.Find(ctx, audit.Query(q))
			items := make([]AuditEntry, len(found))
			for i, e := range found {
				items[i] = AuditEntry(e)
			}
			return items, next, err
		},
	}
}

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
		Deliveries: func(ctx context.Context, id, state, cursor string, limit int) (any, string, error) {
			items, next, err := s.Find(ctx, id, webhook.Query{State: state, Cursor: cursor, Limit: limit})
			return items, next, webhookError(err)
		},
		Redeliver: func(ctx context.Context, delivery string) (any, error) {
			a, err := s.Redeliver(ctx, delivery)
			return a, webhookError(err)
		},
		RedeliverSince: func(ctx context.Context, id string, since time.Time) (int, error) {
			n, err := s.RedeliverSince(ctx, id, since)
			return n, webhookError(err)
		},
		Rotate: func(ctx context.Context, id string) (any, error) {
			w, secret, err := s.RotateSecret(ctx, id)
			return struct {
				webhook.Webhook
				Secret string `json:"secret"`
			}{w, secret}, webhookError(err)
		},
		Preview: func(ctx context.Context, id string) (any, error) {
			p, err := s.Preview(ctx, id)
			return p, webhookError(err)
		},
		Link: func(ctx context.Context, id string) (string, error) {
			token, err := s.LinkToken(ctx, id)
			return token, webhookError(err)
		},
		Unlink: func(ctx context.Context, id string) error { return webhookError(s.RevokeLink(ctx, id)) },
		ByLink: func(token string) (any, error) {
			w, err := s.ByLink(token)
			return w, webhookError(err)
		},
		LinkDeliveries: func(ctx context.Context, token, state, cursor string, limit int) (any, string, error) {
			items, next, err := s.LinkDeliveries(ctx, token, webhook.Query{State: state, Cursor: cursor, Limit: limit})
			return items, next, webhookError(err)
		},
		LinkRedeliver: func(ctx context.Context, token, delivery string) (any, error) {
			a, err := s.LinkRedeliver(ctx, token, delivery)
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

func quarantineOf(s *quarantine.Store, submit ingest.Submit) Quarantine {
	return Quarantine{
		List: func(ctx context.Context, q QuarantineQuery) ([]ingest.Quarantined, uint64, error) {
			return s.List(ctx, quarantine.Query(q))
		},
		Get: func(ctx context.Context, id string) (ingest.Quarantined, error) {
			e, err := s.Get(ctx, id)
			return e, quarantineError(err)
		},
		Retry: func(ctx context.Context, id string) (ingest.Receipt, error) {
			receipt, err := s.Retry(ctx, id, submit)
			return receipt, quarantineError(err)
		},
	}
}

func quarantineError(err error) error {
	switch {
	case errors.Is(err, quarantine.ErrNotFound):
		return fmt.Errorf("%w: %w", ErrNotFound, err)
	case errors.Is(err, quarantine.ErrRetried), errors.Is(err, quarantine.ErrRetrying), errors.Is(err, quarantine.ErrCut):
		return fmt.Errorf("%w: %w", ErrConflict, err)
	}
	return err
}

func gatewaysOf(g *broker.Gateways) Gateways {
	return Gateways{
		List: func() (all []Gateway) {
			for _, v := range g.List() {
				all = append(all, Gateway(v))
			}
			return all
		},
		Get: func(id string) (Gateway, error) {
			v, err := g.Get(id)
			return Gateway(v), gatewayError(err)
		},
		Put: func(ctx context.Context, id string, spec GatewaySpec) (Gateway, string, error) {
			v, password, _, err := g.Put(ctx, id, broker.GatewaySpec(spec))
			return Gateway(v), password, gatewayError(err)
		},
		Rotate: func(ctx context.Context, id string) (Gateway, string, error) {
			v, password, err := g.Rotate(ctx, id)
			return Gateway(v), password, gatewayError(err)
		},
		Delete: func(ctx context.Context, id string) error { return gatewayError(g.Delete(ctx, id)) },
	}
}

func gatewayError(err error) error {
	var invalid *broker.Invalid
	switch {
	case errors.As(err, &invalid):
		return fmt.Errorf("%w: %w", ErrConflict, err) // the fields have been looked at before
	case errors.Is(err, broker.ErrNotFound):
		return ErrNotFound
	case errors.Is(err, broker.ErrConfigured):
		return fmt.Errorf("%w: %w", ErrConflict, err)
	}
	return err
}

func conflictsOf(c *books.Clerk) func(context.Context, ConflictQuery) ([]Conflict, string, error) {
	return func(ctx context.Context, q ConflictQuery) (items []Conflict, next string, err error) {
		found, next, err := c.Conflicts(ctx, books.ConflictQuery(q))
		if errors.Is(err, books.ErrCursor) {
			return nil, "", ErrCursor
		}
		for _, f := range found {
			items = append(items, Conflict{
				f.Parameter, f.MeasuredAt, f.ReceivedAt, f.Gateway, KeptValue{f.Kept.Value, f.Kept.Status}, OtherValue(f.Other),
			})
		}
		return items, next, err
	}
}

func actsOf(j *journal.Journal) func(context.Context, string, alerts.Act) (alerts.Alert, error) {
	return func(ctx context.Context, id string, act alerts.Act) (alerts.Alert, error) {
		a, err := j.Act(ctx, id, act)
		if errors.Is(err, journal.ErrNotFound) {
			err = ErrNotFound
		}
		return a, err
	}
}

func mutesOf(m *journal.Mutes) Mutes {
	return Mutes{
		List: m.List, Add: m.Add,
		End: func(ctx context.Context, id string, now time.Time) error {
			if err := m.End(ctx, id, now); !errors.Is(err, journal.ErrNotFound) {
				return err
			}
			return ErrNotFound
		},
	}
}

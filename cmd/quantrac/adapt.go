package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"time"

	"quantrac/alerts"
	"quantrac/alerts/journal"
	"quantrac/alerts/mail"
	"quantrac/alerts/webhook"
	"quantrac/geo"
	"quantrac/ingest"
	"quantrac/ingest/books"
	"quantrac/ingest/history"
	"quantrac/ingest/stream"
	"quantrac/web"
)

// Package web knows no leaf: here the leaves are handed to it as functions.

func historyFor(store history.Store) web.History {
	raw := func(q web.RawQuery) history.RawQuery {
		return history.RawQuery{Station: q.Station, Parameter: q.Parameter, From: q.From, To: q.To, Limit: q.Limit, Marked: q.Marked}
	}
	return web.History{
		Raw: func(ctx context.Context, q web.RawQuery) ([]web.RawRow, error) {
			rows, err := history.Raw(ctx, store, raw(q))
			out := make([]web.RawRow, len(rows))
			for i, r := range rows {
				out[i] = web.RawRow{MeasuredAt: r.MeasuredAt, Value: r.Value, Raw: r.Raw, Status: r.Status, Flags: r.Flags}
			}
			return out, err
		},
		Windows: func(ctx context.Context, q web.WindowQuery) ([]web.WindowRow, error) {
			hq := history.WindowQuery{RawQuery: raw(q.RawQuery), Every: q.Every, Offset: q.Offset, Fn: q.Fn}
			hq.Limit = 0 // the caller has bounded the span
			windows, err := history.Windows(ctx, store, hq)
			out := make([]web.WindowRow, len(windows))
			for i, w := range windows {
				out[i] = web.WindowRow{Time: w.Time, Value: w.Value, Count: w.Count}
			}
			return out, err
		},
		Columns: func(ctx context.Context, q web.ColumnQuery, visit func(string, []alerts.Trail) error) error {
			hq := history.ColumnQuery{From: q.From, To: q.To}
			for _, st := range q.Stations {
				hq.Stations = append(hq.Stations, history.StationColumns{Station: st.ID, Parameters: st.Parameters})
			}
			return history.Columns(ctx, store, hq, func(station string, columns []history.Column) error {
				trails := make([]alerts.Trail, len(columns))
				for i, c := range columns {
					trails[i] = alerts.Trail(c)
				}
				return visit(station, trails)
			})
		},
	}
}

// lookupFor reads what history holds of one parameter, for the books.
func lookupFor(store history.Store) books.Lookup {
	return func(ctx context.Context, station, parameter string, from, to time.Time) (map[int64]books.Stored, error) {
		rows, err := history.Raw(ctx, store, history.RawQuery{Station: station, Parameter: parameter, From: from, To: to})
		if err != nil {
			return nil, err
		}
		out := make(map[int64]books.Stored, len(rows))
		for _, r := range rows {
			s := books.Stored{Value: math.NaN(), Status: r.Status, Flags: r.Flags, Usable: r.Value != nil}
			if r.Raw != nil {
				s.Value = *r.Raw
			}
			out[r.MeasuredAt.UnixNano()] = s
		}
		return out, nil
	}
}

// stationHistory reads everything that history holds of a station, for alerts whose past has changed.
func stationHistory(store history.Store, registry func() *geo.Registry) func(context.Context, string, time.Time) ([]ingest.Reading, error) {
	return func(ctx context.Context, station string, from time.Time) ([]ingest.Reading, error) {
		st, ok := registry().Station(station)
		if !ok {
			return nil, nil
		}
		var out []ingest.Reading
		for _, p := range st.Parameters {
			rows, err := history.Raw(ctx, store, history.RawQuery{Station: station, Parameter: p, From: from, To: time.Now().Add(ingest.MaxAhead)})
			if err != nil {
				return nil, fmt.Errorf("history of %s: %w", station, err)
			}
			for _, r := range rows {
				reading := ingest.Reading{
					Station: station, Parameter: p, Value: math.NaN(), Status: r.Status, Flags: r.Flags, MeasuredAt: r.MeasuredAt, Usable: r.Value != nil,
				}
				if r.Raw != nil {
					reading.Value = *r.Raw
				}
				out = append(out, reading)
			}
		}
		return out, nil
	}
}

func ledgerFor(c *books.Clerk) func(ctx context.Context, q web.LedgerQuery) (any, error) {
	return func(ctx context.Context, q web.LedgerQuery) (any, error) {
		return c.Ledger(ctx, books.Query{Gateway: q.Gateway, Station: q.Station, From: q.From, To: q.To})
	}
}

// actsFor translates the journal's errors into those that package web answers.
func actsFor(j *journal.Journal) func(context.Context, string, alerts.Act) (alerts.Alert, error) {
	return func(ctx context.Context, id string, act alerts.Act) (alerts.Alert, error) {
		a, err := j.Act(ctx, id, act)
		return a, journalError(err)
	}
}

func journalError(err error) error {
	switch {
	case errors.Is(err, journal.ErrNotFound):
		return web.ErrNotFound
	case errors.Is(err, journal.ErrFull):
		return fmt.Errorf("%w: %w", web.ErrConflict, err)
	}
	return err
}

func mutesFor(m *journal.Mutes) web.Mutes {
	return web.Mutes{
		List: m.List,
		Add: func(ctx context.Context, mute alerts.Mute) (alerts.Mute, error) {
			made, err := m.Add(ctx, mute)
			return made, journalError(err)
		},
		End: func(ctx context.Context, id string, now time.Time) error { return journalError(m.End(ctx, id, now)) },
	}
}

// noticesFrom lists what the sender told about an alert.
func noticesFrom(s *webhook.Sender, m *mail.Sender) func(ctx context.Context, alert string) ([]web.Notice, error) {
	return func(ctx context.Context, alert string) ([]web.Notice, error) {
		mails, err := mailsOf(ctx, m, alert)
		if err != nil {
			return nil, err
		}
		tries, err := s.OfAlert(ctx, alert)
		if err != nil {
			return nil, fmt.Errorf("notices of alert %s: %w", alert, err)
		}
		notices := mails
		for _, t := range tries {
			n := web.Notice{
				At: t.At, Webhook: t.Webhook, Event: string(t.Type), Delivery: t.ID, Attempt: t.Attempt, Status: t.Status,
				Result: string(t.State), Error: t.Error,
			}
			if w, err := s.Get(t.Webhook); err == nil {
				n.Name = w.Name
			}
			notices = append(notices, n)
		}
		return notices, nil
	}
}

// mailsOf lists the e-mails that spoke of an alert; without a mail server there are none.
func mailsOf(ctx context.Context, m *mail.Sender, alert string) ([]web.Notice, error) {
	notices := []web.Notice{}
	if m == nil {
		return notices, nil
	}
	tries, err := m.OfAlert(ctx, alert)
	if err != nil {
		return nil, fmt.Errorf("e-mails of alert %s: %w", alert, err)
	}
	for _, t := range tries {
		n := web.Notice{
			At: t.At, Webhook: "mail:" + t.Recipient, Event: t.Type, Delivery: t.ID, Attempt: t.Attempt, Status: t.Status, Result: string(t.State), Error: t.Error,
		}
		if r, err := m.Get(t.Recipient); err == nil {
			n.Name = r.Name
		}
		notices = append(notices, n)
	}
	return notices, nil
}

// webhookError translates the sender's errors into those that package web answers.
func webhookError(err error) error {
	var invalid *webhook.Invalid
	switch {
	case err == nil:
		return nil
	case errors.As(err, &invalid):
		return &web.Invalid{Problems: invalid.Problems}
	case errors.Is(err, webhook.ErrNotFound):
		return web.ErrNotFound
	case errors.Is(err, webhook.ErrConfigured), errors.Is(err, webhook.ErrDisabled), errors.Is(err, webhook.ErrTooMany):
		return fmt.Errorf("%w: %w", web.ErrConflict, err)
	}
	return err
}

func webhooksFor(s *webhook.Sender) web.Webhooks {
	return web.Webhooks{
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

// specs are the webhooks of the configuration file.
func (c *config) specs() []webhook.Spec {
	out := make([]webhook.Spec, len(c.Webhooks.Endpoints))
	for i, e := range c.Webhooks.Endpoints {
		out[i] = webhook.Spec{
			Name: e.Name, URL: e.URL, Events: e.Events, Format: e.Format, Secret: e.Secret,
			Filter: webhook.Filter{Parks: e.Filter.Parks, Stations: e.Filter.Stations, Severities: e.Filter.Severities, Late: e.Filter.Late},
		}
	}
	return out
}

func (c *config) allowPrivate() []netip.Prefix {
	var out []netip.Prefix
	for _, cidr := range c.Webhooks.AllowPrivate {
		if p, err := netip.ParsePrefix(cidr); err == nil { // checked with the configuration
			out = append(out, p)
		}
	}
	return out
}

// checkWebhooks finds faults in the webhooks of the configuration file, at their place in it.
func checkWebhooks(c *config) []geo.Problem {
	problems := webhook.CheckConfigured(c.specs(), c.allowPrivate())
	for i := range problems {
		problems[i].Path = "webhooks.endpoints" + problems[i].Path[len("webhooks"):]
	}
	return problems
}

func storeFor(b *stream.Bucket) web.Store {
	return web.Store{Put: b.Put, Delete: b.Delete, All: b.All}
}

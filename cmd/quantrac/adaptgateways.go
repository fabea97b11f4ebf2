package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"quantrac/geo"
	"quantrac/ingest/books"
	"quantrac/ingest/broker"
	"quantrac/ingest/stream"
	"quantrac/web"
)

// openGateways reads the accounts of gateways: those of the configuration file, and those that administrators made.
func (s *service) openGateways(ctx context.Context) error {
	bucket, err := s.stream.Bucket(ctx, "gateways")
	if err != nil {
		return err
	}
	configured := make([]broker.Gateway, len(s.cfg.MQTT.Gateways))
	for i, g := range s.cfg.MQTT.Gateways {
		configured[i] = broker.Gateway{ID: g.ID, Username: g.Username, PasswordHash: g.PasswordHash, Stations: g.Stations, Certificates: g.Certificates}
	}
	s.gateways, err = broker.OpenGateways(ctx, broker.GatewayOptions{Configured: configured, Store: keptIn(bucket), Changed: s.cutElsewhere, Logger: s.log})
	if err != nil {
		return fmt.Errorf("mqtt.gateways: %w", err)
	}
	return nil
}

// cutElsewhere ends what a gateway whose account has changed has at other doors; the broker cuts its own.
func (s *service) cutElsewhere(gateway string) {
	if s.hj212 != nil {
		s.hj212.AccountsChanged()
	}
	if s.ftp != nil {
		s.ftp.Disconnect(gateway)
	}
}

func keptIn(b *stream.Bucket) broker.Store {
	return broker.Store{Put: b.Put, Delete: b.Delete, All: b.All}
}

func gatewaysFor(g *broker.Gateways) web.Gateways {
	return web.Gateways{
		List: func() []web.Gateway {
			views := g.List()
			all := make([]web.Gateway, len(views))
			for i, v := range views {
				all[i] = web.Gateway(v)
			}
			return all
		},
		Get: func(id string) (web.Gateway, error) {
			v, err := g.Get(id)
			return web.Gateway(v), gatewayError(err)
		},
		Put: func(ctx context.Context, id string, spec web.GatewaySpec) (web.Gateway, string, error) {
			v, password, _, err := g.Put(ctx, id, broker.GatewaySpec(spec))
			return web.Gateway(v), password, gatewayError(err)
		},
		Rotate: func(ctx context.Context, id string) (web.Gateway, string, error) {
			v, password, err := g.Rotate(ctx, id)
			return web.Gateway(v), password, gatewayError(err)
		},
		Delete: func(ctx context.Context, id string) error { return gatewayError(g.Delete(ctx, id)) },
	}
}

// gatewayError translates the broker's errors into those that package web answers.
func gatewayError(err error) error {
	var invalid *broker.Invalid
	switch {
	case errors.As(err, &invalid):
		// A fault that lies in no field of the request is a clash with another gateway.
		if i := slices.IndexFunc(invalid.Problems, func(p geo.Problem) bool { return p.Path == "" }); i >= 0 {
			return fmt.Errorf("%w: %s", web.ErrConflict, invalid.Problems[i].Message)
		}
		return &web.Invalid{Problems: invalid.Problems}
	case errors.Is(err, broker.ErrNotFound):
		return web.ErrNotFound
	case errors.Is(err, broker.ErrConfigured), errors.Is(err, broker.ErrNoStore):
		return fmt.Errorf("%w: %w", web.ErrConflict, err)
	}
	return err
}

func conflictsFor(c *books.Clerk) func(context.Context, web.ConflictQuery) ([]web.Conflict, string, error) {
	return func(ctx context.Context, q web.ConflictQuery) ([]web.Conflict, string, error) {
		found, next, err := c.Conflicts(ctx, books.ConflictQuery(q))
		if errors.Is(err, books.ErrCursor) {
			return nil, "", web.ErrCursor
		}
		items := make([]web.Conflict, len(found))
		for i, f := range found {
			items[i] = web.Conflict{
				Parameter: f.Parameter, MeasuredAt: f.MeasuredAt, ReceivedAt: f.ReceivedAt, Gateway: f.Gateway,
				Kept:  web.KeptValue{Value: f.Kept.Value, Status: f.Kept.Status},
				Other: web.OtherValue{Value: f.Other.Value, Status: f.Other.Status, Flags: f.Other.Flags},
			}
		}
		return items, next, err
	}
}

package main

import (
	"context"
	"errors"
	"fmt"

	"quantrac/ingest"
	"quantrac/ingest/quarantine"
	"quantrac/ingest/stream"
	"quantrac/web"
)

func quarantineFor(s *quarantine.Store, submit ingest.Submit) web.Quarantine {
	return web.Quarantine{
		List: func(ctx context.Context, q web.QuarantineQuery) ([]ingest.Quarantined, uint64, error) {
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

// quarantineError translates the store's errors into those that package web answers.
func quarantineError(err error) error {
	switch {
	case errors.Is(err, quarantine.ErrNotFound):
		return fmt.Errorf("%w: %w", web.ErrNotFound, err)
	case errors.Is(err, quarantine.ErrRetried), errors.Is(err, quarantine.ErrRetrying), errors.Is(err, quarantine.ErrCut):
		return fmt.Errorf("%w: %w", web.ErrConflict, err)
	}
	return err
}

// acceptFor is the HTTP door.
func acceptFor(submit ingest.Submit) func(context.Context, ingest.Delivery) (ingest.Receipt, error) {
	return func(ctx context.Context, d ingest.Delivery) (ingest.Receipt, error) {
		r, err := submit.Accept(ctx, d)
		if errors.Is(err, stream.ErrTooLarge) {
			return r, fmt.Errorf("%w: %w", web.ErrTooLarge, err)
		}
		return r, err
	}
}

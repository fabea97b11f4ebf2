package main

import (
	"context"
	"errors"
	"fmt"

	"quantrac/geo"
	"quantrac/geo/cadastre"
	"quantrac/web"
)

// placesFor hands the registry and its edits to package web.
func placesFor(b *cadastre.Book) web.Places {
	return web.Places{
		Registry: b.Registry,
		Find: func(kind, id string) (web.PlaceEntry, bool) {
			e, ok := b.Find(kind, id)
			return web.PlaceEntry(e), ok
		},
		Try: func(changes []geo.Edit) error {
			_, err := b.Try(changes)
			return cadastreError(err)
		},
		Put:    func(ctx context.Context, changes []geo.Edit) error { return cadastreError(b.Put(ctx, changes)) },
		Remove: func(ctx context.Context, e geo.Edit) error { return cadastreError(b.Remove(ctx, e)) },
		Edits: func() []web.PlaceEntry {
			entries := b.Edits()
			out := make([]web.PlaceEntry, len(entries))
			for i, e := range entries {
				out[i] = web.PlaceEntry(e)
			}
			return out
		},
		Revert: func(ctx context.Context, kind, id string) error { return cadastreError(b.Revert(ctx, kind, id)) },
	}
}

// cadastreError translates the errors of the book into those that package web answers.
func cadastreError(err error) error {
	var unsound *cadastre.Unsound
	switch {
	case errors.As(err, &unsound):
		return (*web.UnsoundPlaces)(unsound)
	case errors.Is(err, cadastre.ErrNotFound), errors.Is(err, cadastre.ErrNoEdit):
		return fmt.Errorf("%w: %w", web.ErrNotFound, err)
	case errors.Is(err, cadastre.ErrFull), errors.Is(err, cadastre.ErrTooLarge):
		return fmt.Errorf("%w: %w", web.ErrConflict, err)
	}
	return err
}

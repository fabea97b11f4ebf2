package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"quantrac/alerts"
	"quantrac/alerts/backtest"
	"quantrac/alerts/journal"
	"quantrac/alerts/rulebook"
	"quantrac/geo"
	"quantrac/geo/cadastre"
	"quantrac/ingest"
	"quantrac/ingest/history"
	"quantrac/ingest/stream"
)

// lawOf wires rules and limits as cmd does: whatever changes makes a new engine that takes over from the old one.
type lawOf struct {
	reg   atomic.Pointer[geo.Registry]
	hub   *Hub
	place *cadastre.Book
	judge *journal.Judge
	live  *alerts.Live
	store history.Store
	book  *rulebook.Book
	marks *rulebook.Marks
	rules *alerts.Rules
	law   *alerts.Limits
}

func openLaw(ctx context.Context, t *testing.T, l *lawOf, log *stream.Log, logger *slog.Logger) {
	t.Helper()
	l.rules, l.law = alerts.BuiltinRules(), alerts.BuiltinLimits()
	l.place = must[*cadastre.Book](t)(cadastre.Open(ctx, cadastre.Options{
		Log: log, File: l.reg.Load(), Check: l.checkPlaces, Use: l.usePlaces, Logger: logger,
	}))
	l.marks = must[*rulebook.Marks](t)(rulebook.OpenMarks(ctx, log, func(ctx context.Context, marks []alerts.LimitMark) error {
		l.law = alerts.BuiltinLimits().Marked(marks)
		l.live.Use(l.reg.Load(), l.law)
		return l.use(ctx)
	}))
	l.book = must[*rulebook.Book](t)(rulebook.Open(ctx, rulebook.Options{
		Log: log, File: alerts.BuiltinRules().List(), Check: l.check, Logger: logger,
		Use: func(ctx context.Context, list []alerts.Rule) error {
			l.rules = l.set(list...)
			return l.use(ctx)
		},
	}))
}

func (l *lawOf) check(r alerts.Rule) (alerts.Rule, []geo.Problem) {
	return alerts.CheckRule(r, l.reg.Load(), ingest.BuiltinCatalogue())
}

func (l *lawOf) set(list ...alerts.Rule) *alerts.Rules {
	set, problems := alerts.CheckRules(alerts.RulesFile{Rules: list}, l.reg.Load(), ingest.BuiltinCatalogue())
	if len(problems) > 0 {
		panic(problems[0].String())
	}
	return set
}

func (l *lawOf) use(ctx context.Context) error {
	return l.judge.Replace(ctx, alerts.NewEngine(alerts.EngineConfig{
		Rules: l.rules, Limits: l.law, Registry: l.reg.Load(), Catalogue: ingest.BuiltinCatalogue(), BaseURL: "http://quantrac.example",
	}))
}

func bookError(err error) error {
	switch {
	case errors.Is(err, rulebook.ErrNotFound), errors.Is(err, rulebook.ErrNoMark):
		return ErrNotFound
	case errors.Is(err, rulebook.ErrFile):
		return fmt.Errorf("%w: %w", ErrConflict, err)
	}
	return err
}

func rulesOf(l *lawOf) Rules {
	return Rules{
		List: l.book.List, Check: l.check,
		Get: func(id string) (alerts.RuleEntry, error) {
			e, err := l.book.Get(id)
			return e, bookError(err)
		},
		Put: func(ctx context.Context, r alerts.Rule, by string, now time.Time) (alerts.RuleEntry, []geo.Problem, error) {
			e, problems, err := l.book.Put(ctx, r, by, now)
			return e, problems, bookError(err)
		},
		Delete: func(ctx context.Context, id string) error { return bookError(l.book.Delete(ctx, id)) },
		Backtest: func(ctx context.Context, q BacktestQuery, progress func(any)) (any, error) {
			cfg := backtest.Config{
				Draft: l.set(q.Rule), Registry: l.reg.Load(), Limits: l.law, Catalogue: ingest.BuiltinCatalogue(), Stations: q.Stations, From: q.From, To: q.To,
				History: func(ctx context.Context, bq backtest.Query, visit func([]ingest.Reading) error) error {
					return history.Scan(ctx, l.store, history.ScanQuery(bq), visit)
				},
				Progress: func(p backtest.Progress) { progress(p) },
			}
			if q.InForce != nil {
				cfg.InForce = l.set(*q.InForce)
			}
			return backtest.Run(ctx, cfg)
		},
	}
}

func limitsOf(l *lawOf) Limits {
	return Limits{
		Now: func() alerts.LimitFile { return l.law.File() }, InForce: func() *alerts.Limits { return l.law }, Verify: l.marks.Put,
		Unverify: func(ctx context.Context, set string) error { return bookError(l.marks.Delete(ctx, set)) },
	}
}

func (l *lawOf) checkPlaces(r *geo.Registry) []geo.Problem {
	list := alerts.BuiltinRules().List()
	if l.book != nil {
		list = l.book.Rules()
	}
	_, wrong := alerts.CheckRules(alerts.RulesFile{Rules: list}, r, ingest.BuiltinCatalogue())
	return slices.Concat(ingest.BuiltinCatalogue().CheckStations(r), l.law.CheckAssignments(r), wrong)
}

func (l *lawOf) usePlaces(ctx context.Context, r *geo.Registry) error {
	l.reg.Store(r)
	review := l.live.Use(r, l.law)
	l.hub.Registry(review.Gone, review.Parks, false)
	for _, id := range review.Changed {
		v, _ := l.live.Station(id)
		l.hub.Station(v)
	}
	return l.use(ctx)
}

// placesFrom hands the registry over as cmd does.
func placesFrom(b *cadastre.Book) Places {
	translated := func(err error) error {
		var unsound *cadastre.Unsound
		switch {
		case errors.As(err, &unsound):
			return (*UnsoundPlaces)(unsound)
		case errors.Is(err, cadastre.ErrNotFound), errors.Is(err, cadastre.ErrNoEdit):
			return ErrNotFound
		}
		return err
	}
	return Places{
		Registry: b.Registry,
		Find: func(kind, id string) (PlaceEntry, bool) {
			e, ok := b.Find(kind, id)
			return PlaceEntry(e), ok
		},
		Try: func(changes []geo.Edit) error {
			_, err := b.Try(changes)
			return translated(err)
		},
		Put:    func(ctx context.Context, changes []geo.Edit) error { return translated(b.Put(ctx, changes)) },
		Remove: func(ctx context.Context, e geo.Edit) error { return translated(b.Remove(ctx, e)) },
		Edits: func() (out []PlaceEntry) {
			for _, e := range b.Edits() {
				out = append(out, PlaceEntry(e))
			}
			return out
		},
		Revert: func(ctx context.Context, kind, id string) error { return translated(b.Revert(ctx, kind, id)) },
	}
}

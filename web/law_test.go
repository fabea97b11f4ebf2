package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"quantrac/alerts"
	"quantrac/alerts/backtest"
	"quantrac/alerts/journal"
	"quantrac/alerts/rulebook"
	"quantrac/geo"
	"quantrac/ingest"
	"quantrac/ingest/history"
	"quantrac/ingest/stream"
)

// lawOf wires rules and limits as cmd does: whatever changes makes a new engine that takes over from the old one.
type lawOf struct {
	reg   *geo.Registry
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
	l.marks = must[*rulebook.Marks](t)(rulebook.OpenMarks(ctx, log, func(ctx context.Context, marks []alerts.LimitMark) error {
		l.law = alerts.BuiltinLimits().Marked(marks)
		l.live.UseLimits(l.law)
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
	return alerts.CheckRule(r, l.reg, ingest.BuiltinCatalogue())
}

func (l *lawOf) set(list ...alerts.Rule) *alerts.Rules {
	set, problems := alerts.CheckRules(alerts.RulesFile{Rules: list}, l.reg, ingest.BuiltinCatalogue())
	if len(problems) > 0 {
		panic(problems[0].String())
	}
	return set
}

func (l *lawOf) use(ctx context.Context) error {
	return l.judge.Replace(ctx, alerts.NewEngine(alerts.EngineConfig{
		Rules: l.rules, Limits: l.law, Registry: l.reg, Catalogue: ingest.BuiltinCatalogue(), BaseURL: "http://quantrac.example",
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
				Draft: l.set(q.Rule), Registry: l.reg, Limits: l.law, Catalogue: ingest.BuiltinCatalogue(), Stations: q.Stations, From: q.From, To: q.To,
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

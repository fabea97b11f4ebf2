package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"time"

	"quantrac/alerts"
	"quantrac/alerts/backtest"
	"quantrac/alerts/rulebook"
	"quantrac/geo"
	"quantrac/ingest"
	"quantrac/ingest/history"
	"quantrac/web"
)

// rulesFor translates the errors of the book of rules into those that package web answers.
func rulesFor(l *law, store history.Store) web.Rules {
	return web.Rules{
		List: func() []alerts.RuleEntry {
			list := slices.Clone(l.rules.List())
			for i := range list {
				l.sourced(&list[i])
			}
			return list
		},
		Get: func(id string) (alerts.RuleEntry, error) {
			e, err := l.rules.Get(id)
			l.sourced(&e)
			return e, rulebookError(err)
		},
		Check: l.checkRule,
		Put: func(ctx context.Context, rule alerts.Rule, by string, now time.Time) (alerts.RuleEntry, []geo.Problem, error) {
			e, problems, err := l.rules.Put(ctx, rule, by, now)
			l.sourced(&e)
			return e, problems, rulebookError(err)
		},
		Delete: func(ctx context.Context, id string) error { return rulebookError(l.rules.Delete(ctx, id)) },
		Backtest: func(ctx context.Context, q web.BacktestQuery, progress func(any)) (any, error) {
			return l.backtest(ctx, store, q, progress)
		},
	}
}

// sourced says of a rule of "the file" when there is no file but the one in the program, and what its lengths of time are where the
// registry's cycle has changed them.
func (l *law) sourced(e *alerts.RuleEntry) {
	if factor := l.facts.factor; factor != 1 {
		spans := e.Spans(factor)
		e.Scaled = &spans
	}
	if e.Source == alerts.RuleFromFile && l.inForce.Load().builtIn {
		e.Source = alerts.RuleBuiltIn
	}
}

func rulebookError(err error) error {
	switch {
	case errors.Is(err, rulebook.ErrNotFound), errors.Is(err, rulebook.ErrNoMark):
		return fmt.Errorf("%w: %w", web.ErrNotFound, err)
	case errors.Is(err, rulebook.ErrFile), errors.Is(err, rulebook.ErrFull):
		return fmt.Errorf("%w: %w", web.ErrConflict, err)
	}
	return err
}

func limitsFor(l *law) web.Limits {
	return web.Limits{
		Now:      func() alerts.LimitFile { return l.Limits().File() },
		InForce:  l.Limits,
		Verify:   l.marks.Put,
		Unverify: func(ctx context.Context, set string) error { return rulebookError(l.marks.Delete(ctx, set)) },
	}
}

// backtest judges stored history by a draft. It leaves a core to the readings that come in meanwhile, where there is more than one.
func (l *law) backtest(ctx context.Context, store history.Store, q web.BacktestQuery, progress func(any)) (*backtest.Report, error) {
	draft, err := l.ruleset([]alerts.Rule{q.Rule})
	if err != nil {
		return nil, err
	}
	inForce := draft
	if !q.Stored || !q.InForce.InForce() {
		inForce = nil
		if q.InForce != nil {
			if inForce, err = l.ruleset([]alerts.Rule{*q.InForce}); err != nil {
				return nil, err
			}
		}
	}
	return backtest.Run(ctx, backtest.Config{
		Draft: draft, InForce: inForce, Registry: l.Registry(), Limits: l.Limits(), Catalogue: l.facts.catalogue, BaseURL: l.baseURL,
		Stations: q.Stations, From: q.From, To: q.To, History: scanFor(store), Progress: func(p backtest.Progress) { progress(p) },
		Workers: max(1, min(backtest.DefaultWorkers, runtime.GOMAXPROCS(0)-1)),
	})
}

func scanFor(store history.Store) backtest.Reader {
	return func(ctx context.Context, q backtest.Query, visit func([]ingest.Reading) error) error {
		return history.Scan(ctx, store, history.ScanQuery(q), visit)
	}
}

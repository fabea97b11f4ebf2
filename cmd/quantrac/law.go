package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"

	"quantrac/alerts"
	"quantrac/alerts/rulebook"
	"quantrac/geo"
	"quantrac/ingest/stream"
)

// law is what readings are judged by and what may change while the service runs: rules and limits. It promises: what is in force was
// checked as a whole; a change that fails leaves what was in force; everybody sees a change after it, and nobody half of one.
type law struct {
	facts   facts
	baseURL string
	log     *slog.Logger
	rules   *rulebook.Book
	marks   *rulebook.Marks
	// replace puts an engine in the place of the one that judges; relimit judges the live view anew. Both are nil until it runs.
	replace func(ctx context.Context, next *alerts.Engine) error
	relimit func(limits *alerts.Limits)

	changing sync.Mutex // one change at a time
	inForce  atomic.Pointer[statutes]
}

// statutes are rules and limits that belong together. Nothing in them changes.
type statutes struct {
	rules *alerts.Rules
	// written are the limits of the file; limits are the same with what officers verified.
	written, limits *alerts.Limits
	// builtIn says that the rules below the edits are the program's own.
	builtIn bool
}

// openLaw puts the edits and marks that were made while the service ran over what the files say.
func openLaw(ctx context.Context, bus *stream.Log, f facts, log *slog.Logger) (*law, error) {
	l := &law{facts: f, log: log}
	l.inForce.Store(&statutes{rules: f.rules, written: f.limits, limits: f.limits, builtIn: f.builtIn})
	var err error
	if l.marks, err = rulebook.OpenMarks(ctx, bus, l.useMarks); err != nil {
		return nil, fmt.Errorf("read the verified limits: %w", err)
	}
	l.rules, err = rulebook.Open(ctx, rulebook.Options{Log: bus, File: f.written, Check: l.checkRule, Use: l.useRules, Logger: log})
	if err != nil {
		return nil, fmt.Errorf("read the edited rules: %w", err)
	}
	rules, err := l.ruleset(l.rules.Rules())
	if err != nil {
		return nil, err
	}
	l.inForce.Store(&statutes{rules: rules, written: f.limits, limits: f.limits.Marked(l.marks.List()), builtIn: f.builtIn})
	return l, nil
}

func (l *law) Limits() *alerts.Limits { return l.inForce.Load().limits }

// engine is a new one, without state, that judges by what is given.
func (l *law) engine(s *statutes) *alerts.Engine {
	return alerts.NewEngine(alerts.EngineConfig{
		Rules: s.rules, Limits: s.limits, Registry: l.facts.registry, Catalogue: l.facts.catalogue, BaseURL: l.baseURL,
	})
}

func (l *law) checkRule(r alerts.Rule) (alerts.Rule, []geo.Problem) {
	return alerts.CheckRule(r, l.facts.registry, l.facts.catalogue)
}

// ruleset makes rules ready that were checked one by one, their windows scaled where the cycle is.
func (l *law) ruleset(list []alerts.Rule) (*alerts.Rules, error) {
	set, problems := alerts.CheckRules(alerts.RulesFile{Rules: list}, l.facts.registry, l.facts.catalogue)
	if len(problems) > 0 {
		return nil, fmt.Errorf("the rules and their edits together are not sound: %s", problems[0])
	}
	return l.facts.scaled(set), nil
}

// change makes new statutes of those in force and lets them judge.
func (l *law) change(ctx context.Context, alter func(s *statutes) error) error {
	l.changing.Lock()
	defer l.changing.Unlock()
	was := l.inForce.Load()
	next := *was
	if err := alter(&next); err != nil {
		return err
	}
	if l.replace == nil {
		return errors.New("the service is not ready yet")
	}
	if err := l.replace(ctx, l.engine(&next)); err != nil {
		return err
	}
	l.inForce.Store(&next)
	if next.limits != was.limits {
		l.relimit(next.limits)
	}
	return nil
}

func (l *law) useRules(ctx context.Context, list []alerts.Rule) error {
	return l.change(ctx, func(s *statutes) (err error) {
		s.rules, err = l.ruleset(list)
		return err
	})
}

func (l *law) useMarks(ctx context.Context, marks []alerts.LimitMark) error {
	return l.change(ctx, func(s *statutes) error {
		s.limits = s.written.Marked(marks)
		return nil
	})
}

// reload takes up the rules and limits of files that were read anew. They were checked against their own registry; the one in force
// must bear them too.
func (l *law) reload(ctx context.Context, f *facts) error {
	problems := f.limits.CheckAssignments(l.facts.registry)
	_, wrong := alerts.CheckRules(alerts.RulesFile{Rules: f.written}, l.facts.registry, l.facts.catalogue)
	if problems = slices.Concat(problems, wrong); len(problems) > 0 {
		return fmt.Errorf("they do not go with the registry in force: %s", problems[0])
	}
	return l.rules.Rebase(f.written, func(list []alerts.Rule) error {
		return l.change(ctx, func(s *statutes) (err error) {
			s.written, s.limits, s.builtIn = f.limits, f.limits.Marked(l.marks.List()), f.builtIn
			s.rules, err = l.ruleset(list)
			return err
		})
	})
}

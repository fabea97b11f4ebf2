package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"quantrac/alerts"
	"quantrac/alerts/rulebook"
	"quantrac/geo"
	"quantrac/geo/cadastre"
	"quantrac/ingest/stream"
)

// law is what readings are judged by and what may change while the service runs: the registry, rules and limits. It promises: what is in
// force was checked as a whole; a change that fails leaves what was in force; everybody sees a change after it, and nobody half of one.
type law struct {
	facts   facts
	baseURL string
	log     *slog.Logger
	rules   *rulebook.Book
	marks   *rulebook.Marks
	places  *cadastre.Book
	// replace puts an engine in the place of the one that judges; review judges the live view anew. Both are nil until it runs.
	replace func(ctx context.Context, next *alerts.Engine) error
	review  func(registry *geo.Registry, limits *alerts.Limits)

	changing sync.Mutex // one change at a time
	inForce  atomic.Pointer[statutes]
}

// statutes are a registry, rules and limits that belong together. Nothing in them changes.
type statutes struct {
	// registry has the demo's cycle, where it is the demo.
	registry *geo.Registry
	rules    *alerts.Rules
	// written are the limits of the file; limits are the same with what officers verified.
	written, limits *alerts.Limits
	// builtIn says that the rules below the edits are the program's own.
	builtIn bool
}

// openLaw puts the edits and marks that were made while the service ran over what the files say.
func openLaw(ctx context.Context, bus *stream.Log, f facts, log *slog.Logger) (*law, error) {
	l := &law{facts: f, log: log}
	var err error
	l.places, err = cadastre.Open(ctx, cadastre.Options{Log: bus, File: f.places, Check: l.checkPlaces, Use: l.useRegistry, Logger: log})
	if err != nil {
		return nil, fmt.Errorf("read the edits of the registry: %w", err)
	}
	first := &statutes{registry: f.paced(l.places.Registry()), rules: f.rules, written: f.limits, limits: f.limits, builtIn: f.builtIn}
	l.inForce.Store(first)
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
	second := *first
	second.rules, second.limits = rules, f.limits.Marked(l.marks.List())
	l.inForce.Store(&second)
	return l, nil
}

func (l *law) Limits() *alerts.Limits { return l.inForce.Load().limits }

// Registry is what is in force now. Whoever keeps what it answers keeps the past.
func (l *law) Registry() *geo.Registry { return l.inForce.Load().registry }

// checkPlaces finds what in a registry does not go with the catalogue, and with the limits and rules in force.
func (l *law) checkPlaces(r *geo.Registry) []geo.Problem {
	if now := l.inForce.Load(); now != nil && l.rules != nil {
		return l.facts.checkPlaces(r, now.written, l.rules.Rules())
	}
	return l.facts.checkPlaces(r, l.facts.limits, l.facts.written)
}

func (f *facts) checkPlaces(r *geo.Registry, limits *alerts.Limits, rules []alerts.Rule) []geo.Problem {
	problems := slices.Concat(f.catalogue.CheckStations(r), limits.CheckAssignments(r))
	_, wrong := alerts.CheckRules(alerts.RulesFile{Rules: rules}, r, f.catalogue)
	for _, p := range wrong {
		problems = append(problems, geo.Problem{Path: inRule(rules, p.Path), Message: p.Message})
	}
	return problems
}

// inRule names a rule by its id where a path names it by its place: "rules[3].stations[0]" becomes "rule x: stations[0]".
func inRule(list []alerts.Rule, path string) string {
	var i int
	head, rest, _ := strings.Cut(path, "]")
	if n, _ := fmt.Sscanf(head, "rules[%d", &i); n == 1 && i < len(list) {
		return "rule " + list[i].ID + ": " + strings.TrimPrefix(rest, ".")
	}
	return path
}

// engine is a new one, without state, that judges by what is given.
func (l *law) engine(s *statutes) *alerts.Engine {
	return alerts.NewEngine(alerts.EngineConfig{
		Rules: s.rules, Limits: s.limits, Registry: s.registry, Catalogue: l.facts.catalogue, BaseURL: l.baseURL,
	})
}

func (l *law) checkRule(r alerts.Rule) (alerts.Rule, []geo.Problem) {
	return alerts.CheckRule(r, l.Registry(), l.facts.catalogue)
}

// ruleset makes rules ready that were checked one by one, their windows scaled where the cycle is.
func (l *law) ruleset(list []alerts.Rule) (*alerts.Rules, error) {
	return l.rulesetOver(l.Registry(), list)
}

func (l *law) rulesetOver(r *geo.Registry, list []alerts.Rule) (*alerts.Rules, error) {
	set, problems := alerts.CheckRules(alerts.RulesFile{Rules: list}, r, l.facts.catalogue)
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
	if next.limits != was.limits || next.registry != was.registry {
		l.review(next.registry, next.limits)
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

func (l *law) useRegistry(ctx context.Context, r *geo.Registry) error {
	return l.change(ctx, func(s *statutes) (err error) {
		s.registry = l.facts.paced(r)
		s.rules, err = l.rulesetOver(s.registry, l.rules.Rules())
		return err
	})
}

// reload takes up the registry, rules and limits of files that were read anew, with the edits over them, all or none.
func (l *law) reload(ctx context.Context, f *facts) error {
	check := func(r *geo.Registry) []geo.Problem { return f.checkPlaces(r, f.limits, f.written) }
	return l.places.Rebase(f.places, check, func(r *geo.Registry) error {
		return l.rules.Rebase(f.written, func(list []alerts.Rule) error {
			return l.change(ctx, func(s *statutes) (err error) {
				s.registry = l.facts.paced(r)
				s.written, s.limits, s.builtIn = f.limits, f.limits.Marked(l.marks.List()), f.builtIn
				s.rules, err = l.rulesetOver(s.registry, list)
				return err
			})
		})
	})
}

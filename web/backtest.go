package web

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"quantrac/alerts"
	"quantrac/geo"
)

// BacktestQuery asks what a rule would have said.
type BacktestQuery struct {
	// Rule is the one on trial, checked. InForce is the rule of that id that stands, nil = there is none.
	Rule    alerts.Rule
	InForce *alerts.Rule
	// Stored says that Rule is InForce: nobody wrote a draft.
	Stored   bool
	From, To time.Time
	// Stations are ids that exist; empty = all.
	Stations []string
}

const (
	// usualBacktest is the span of a backtest that names none, longestBacktest the longest that may be asked for.
	usualBacktest   = 90 * 24 * time.Hour
	longestBacktest = 2 * 366 * 24 * time.Hour
	// progressEvery is the least time between two reports of progress.
	progressEvery = 500 * time.Millisecond
	// backtestTimeout bounds a backtest: it holds the place of the next one.
	backtestTimeout = 30 * time.Minute
	// writePatience is how long one report may take to reach the client.
	writePatience = 30 * time.Second
)

// backtest judges stored history by a rule. One at a time: it is the one request that works for minutes.
func (s *Server) backtest(w http.ResponseWriter, r *http.Request) error {
	q, err := s.readBacktest(r)
	if err != nil {
		return err
	}
	if !s.backtesting.TryLock() {
		w.Header().Set("Retry-After", "30")
		return fail(http.StatusTooManyRequests, "another backtest is running; they run one at a time")
	}
	// The bound of an ordinary request is too short here; the end of the client still ends it.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), backtestTimeout)
	defer cancel()
	defer context.AfterFunc(clientOf(r), cancel)()
	s.audit(r, "rule.backtest", q.Rule.ID, nil, map[string]any{"draft": q.Rule, "from": q.From, "to": q.To})
	out := newBacktestAnswer(w, r, s.cfg.Now, cancel)
	report, err := s.runBacktest(ctx, q, out.progress)
	if err != nil {
		return out.fail(s, r, err)
	}
	out.report(report)
	return nil
}

// runBacktest frees the place before the report is told: who has it may ask for the next.
func (s *Server) runBacktest(ctx context.Context, q BacktestQuery, progress func(any)) (any, error) {
	defer s.backtesting.Unlock()
	return s.cfg.Rules.Backtest(ctx, q, progress)
}

// readBacktest reads the body, which may be missing: the stored rule over the last 90 days.
func (s *Server) readBacktest(r *http.Request) (BacktestQuery, error) {
	var in struct {
		Rule     json.RawMessage `json:"rule"`
		From     time.Time       `json:"from"`
		To       time.Time       `json:"to"`
		Stations []string        `json:"stations"`
	}
	if r.ContentLength != 0 {
		if err := readJSON(r, &in); err != nil {
			return BacktestQuery{}, err
		}
	}
	q := BacktestQuery{From: in.From, To: in.To, Stations: in.Stations}
	if now := s.cfg.Now(); q.To.IsZero() || q.To.After(now) {
		q.To = now // nobody was silent in the future
	}
	if q.From.IsZero() {
		q.From = q.To.Add(-usualBacktest)
	}
	if problems := s.checkBacktest(&q); len(problems) > 0 {
		return q, &Invalid{Problems: problems}
	}
	return q, s.draft(r.PathValue("id"), in.Rule, &q)
}

func (s *Server) checkBacktest(q *BacktestQuery) []geo.Problem {
	var problems []geo.Problem
	add := func(path, format string, args ...any) {
		problems = append(problems, geo.Problem{Path: path, Message: fmt.Sprintf(format, args...)})
	}
	switch {
	case !q.From.Before(q.To):
		add("from", "must lie before to")
	case q.To.Sub(q.From) > longestBacktest:
		add("from", "at most %d days before to", longestBacktest/(24*time.Hour))
	}
	for i, id := range q.Stations {
		if _, known := s.cfg.Registry().Station(id); !known {
			add(fmt.Sprintf("stations[%d]", i), "no station has the id %q", id)
		}
	}
	return problems
}

// draft finds the rule on trial: the one of the request, as an object or as a text of YAML, or the stored one.
func (s *Server) draft(id string, written json.RawMessage, q *BacktestQuery) error {
	stored, err := s.cfg.Rules.Get(id)
	if err == nil {
		q.InForce = &stored.Rule
	}
	if len(written) == 0 || string(written) == "null" {
		if err != nil {
			return err
		}
		q.Rule, q.Stored = stored.Rule, true
		q.Rule.Enabled = nil // one that rests is asked about to learn what it would say
		return nil
	}
	rule, places, err := readDraft(written)
	if err == nil {
		err = ruleID(&rule, id, places)
	}
	if err != nil {
		return err
	}
	checked, problems := s.cfg.Rules.Check(rule)
	if len(problems) > 0 {
		return placed(problems, places)
	}
	q.Rule = checked
	q.Rule.Enabled = nil
	return nil
}

// readDraft reads a rule that is given as an object, or as a text of YAML, which has places.
func readDraft(written json.RawMessage) (rule alerts.Rule, text *alerts.RuleText, err error) {
	var yaml string
	if json.Unmarshal(written, &yaml) == nil {
		return parseRule([]byte(yaml))
	}
	d := json.NewDecoder(bytes.NewReader(written))
	d.DisallowUnknownFields()
	if err := d.Decode(&rule); err != nil {
		return rule, nil, &Invalid{Problems: []geo.Problem{{Path: "rule", Message: err.Error()}}}
	}
	return rule, nil, nil
}

// clientOf is the context that ends when the client goes, without the bound of the request.
func clientOf(r *http.Request) context.Context {
	if ctx, ok := r.Context().Value(clientKey{}).(context.Context); ok {
		return ctx
	}
	return r.Context()
}

package web

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"quantrac/alerts"
	"quantrac/geo"
)

// Rules manages the alert rules. Put and Delete are never called at the same time. Errors as in Webhooks; ErrConflict for the
// deletion of a rule that stands in the rules file and was not edited.
type Rules struct {
	// List is in the order of the rules file, then of the ids.
	List func() []alerts.RuleEntry
	Get  func(id string) (alerts.RuleEntry, error)
	// Check checks a rule alone and fills its defaults.
	Check func(alerts.Rule) (alerts.Rule, []geo.Problem)
	// Put keeps an edit and puts it in force. With problems nothing has changed.
	Put    func(ctx context.Context, rule alerts.Rule, by string, now time.Time) (alerts.RuleEntry, []geo.Problem, error)
	Delete func(ctx context.Context, id string) error
	// Backtest judges stored history by a draft; see BacktestQuery. It may take minutes and ends with ctx.
	Backtest func(ctx context.Context, q BacktestQuery, progress func(any)) (any, error)
}

const yamlType = "application/yaml"

// ruleTag changes with whatever an administrator can change of a rule.
func ruleTag(e *alerts.RuleEntry) string {
	b, err := json.Marshal(e)
	if err != nil {
		panic("rule: " + err.Error()) // checked: every number is finite
	}
	sum := sha256.Sum256(b)
	return `"` + hex.EncodeToString(sum[:8]) + `"`
}

func (s *Server) listRules(w http.ResponseWriter, r *http.Request) error {
	source := r.URL.Query().Get("source")
	if err := oneOf("source", source, alerts.RuleBuiltIn, alerts.RuleFromFile, alerts.RuleFromEdit); err != nil {
		return err
	}
	l, err := page(r, s.cfg.Rules.List(), func(e *alerts.RuleEntry) string { return e.ID }, func(e *alerts.RuleEntry) bool {
		return source == "" || source == e.Source
	})
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, l)
	return nil
}

func (s *Server) getRule(w http.ResponseWriter, r *http.Request) error {
	e, err := s.cfg.Rules.Get(r.PathValue("id"))
	if err != nil {
		return err
	}
	w.Header().Set("Vary", "Accept")
	if !wants(r, yamlType) {
		writeRule(w, http.StatusOK, &e)
		return nil
	}
	b, err := yaml.Marshal(e.Rule)
	if err != nil {
		return fmt.Errorf("write rule %s: %w", e.ID, err)
	}
	w.Header().Set("ETag", ruleTag(&e))
	w.Header().Set("Content-Type", yamlType)
	_, _ = w.Write(b)
	return nil
}

// wants reports whether Accept names a type.
func wants(r *http.Request, want string) bool {
	for accept := range strings.SplitSeq(strings.Join(r.Header.Values("Accept"), ","), ",") {
		if t, _, err := mime.ParseMediaType(strings.TrimSpace(accept)); err == nil && t == want {
			return true
		}
	}
	return false
}

func writeRule(w http.ResponseWriter, status int, e *alerts.RuleEntry) {
	w.Header().Set("ETag", ruleTag(e))
	writeJSON(w, status, e)
}

// putRule makes a rule or puts an edit over the one that is there.
func (s *Server) putRule(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	rule, text, err := readRule(r)
	if err != nil {
		return err
	}
	if err := ruleID(&rule, id, text); err != nil {
		return err
	}
	s.rules.Lock()
	defer s.rules.Unlock()
	before, err := s.heldRule(r, id)
	if err != nil {
		return err
	}
	e, problems, err := s.cfg.Rules.Put(r.Context(), rule, callerOf(r).name, s.cfg.Now())
	switch {
	case err != nil:
		return err
	case len(problems) > 0:
		return placed(problems, text)
	case before != nil:
		s.audit(r, "rule.update", id, before, e)
		writeRule(w, http.StatusOK, &e)
		return nil
	}
	s.audit(r, "rule.create", id, nil, e)
	writeRule(w, http.StatusCreated, &e)
	return nil
}

// checkRule says what a draft would be, its defaults filled in, or what is wrong with it. It changes nothing.
func (s *Server) checkRule(w http.ResponseWriter, r *http.Request) error {
	rule, text, err := readRule(r)
	if err != nil {
		return err
	}
	if err := ruleID(&rule, r.PathValue("id"), text); err != nil {
		return err
	}
	checked, problems := s.cfg.Rules.Check(rule)
	if len(problems) > 0 {
		return placed(problems, text)
	}
	writeJSON(w, http.StatusOK, checked)
	return nil
}

func (s *Server) deleteRule(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	s.rules.Lock()
	defer s.rules.Unlock()
	before, err := s.heldRule(r, id)
	if err != nil {
		return err
	}
	if err := s.cfg.Rules.Delete(r.Context(), id); err != nil {
		return err
	}
	s.audit(r, "rule.delete", id, before, s.ruleNow(id))
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// ruleNow is a rule as it is, nil if there is none: without its edit one of the rules file is there again.
func (s *Server) ruleNow(id string) any {
	e, err := s.cfg.Rules.Get(id)
	if err != nil {
		return nil
	}
	return e
}

// heldRule returns the rule that is there, nil if there is none, and holds it against the conditions of the request. The caller has the lock, so that what
// holds now holds until its change is made.
func (s *Server) heldRule(r *http.Request, id string) (held any, err error) {
	e, err := s.cfg.Rules.Get(id)
	if errors.Is(err, ErrNotFound) {
		return nil, precondition(r, "rule "+id, "")
	}
	if err != nil {
		return nil, err
	}
	return e, precondition(r, "rule "+id, ruleTag(&e))
}

// readRule reads a rule from a body of JSON or YAML. text is nil for JSON.
func readRule(r *http.Request) (rule alerts.Rule, text *alerts.RuleText, err error) {
	switch t, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); t {
	case yamlType, "application/x-yaml", "text/yaml", "text/x-yaml":
	default:
		return rule, nil, readJSON(r, &rule)
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxRequest))
	if err != nil {
		return rule, nil, tooLargeOr(err)
	}
	return parseRule(body)
}

func parseRule(body []byte) (alerts.Rule, *alerts.RuleText, error) {
	rule, text, problems := alerts.ReadRule(body)
	if len(problems) > 0 {
		return rule, text, placed(problems, text)
	}
	return rule, text, nil
}

// ruleID gives the rule the id of the path, and refuses another one.
func ruleID(rule *alerts.Rule, id string, text *alerts.RuleText) error {
	if rule.ID != "" && rule.ID != id {
		return placed([]geo.Problem{{Path: "id", Message: fmt.Sprintf("is %q, but the address says %q", rule.ID, id)}}, text)
	}
	rule.ID = id
	return nil
}

// placed makes problems an answer that also says where in the text they stand, if there is one.
func placed(problems []geo.Problem, text *alerts.RuleText) error {
	e := &Invalid{Problems: problems}
	if text == nil {
		return e
	}
	for _, p := range problems {
		line, column := text.Place(p.Path)
		e.Places = append(e.Places, Place{line, column})
	}
	return e
}

package alerts

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"quantrac/geo"
	"quantrac/ingest"
)

// Where a rule comes from: the program itself where no rules file is named, the rules file, which only an editor changes, or an edit
// made while the service runs.
const (
	RuleBuiltIn  = "built_in"
	RuleFromFile = "file"
	RuleFromEdit = "api"
)

// RuleEdit is a rule that somebody wrote while the service ran. It goes before the rule of the file of the same id.
type RuleEdit struct {
	Rule Rule      `json:"rule"`
	By   string    `json:"by"`
	At   time.Time `json:"at"`
}

// RuleEntry is a rule as it stands, and where it comes from.
type RuleEntry struct {
	Rule
	Source string `json:"source"`
	// Overrides says that the file has a rule of this id too, which comes back when the edit is deleted.
	Overrides bool       `json:"overrides"`
	UpdatedAt *time.Time `json:"updated_at"`
	UpdatedBy string     `json:"updated_by,omitempty"`
	// Scaled are the lengths of time that are in force where the registry's cycle is not the usual one; nil = those of the rule.
	Scaled *Spans `json:"scaled,omitempty"`
}

// Spans are the lengths of time in a rule; 0 = the rule has none.
type Spans struct {
	For      Duration `json:"for,omitempty"`
	KeepOpen Duration `json:"keep_open,omitempty"`
	After    Duration `json:"after,omitempty"`
	Window   Duration `json:"window,omitempty"`
	Horizon  Duration `json:"horizon,omitempty"`
}

// Spans are the lengths of time by which the rule judges where the usual ones are multiplied by factor.
func (r Rule) Spans(factor float64) Spans {
	r = r.Scaled(factor)
	s := Spans{For: r.For, After: r.After, Window: r.Window, Horizon: r.Horizon}
	if r.KeepOpen != nil {
		s.KeepOpen = *r.KeepOpen
	}
	return s
}

// MergeRules puts edits over the rules of a file, whichever it is: an edit takes the place of the file's rule, further ones follow in the order of
// their ids. Enabled is always said.
func MergeRules(file []Rule, edits []RuleEdit) []RuleEntry {
	edits = slices.Clone(edits)
	slices.SortFunc(edits, func(a, b RuleEdit) int { return strings.Compare(a.Rule.ID, b.Rule.ID) })
	out := make([]RuleEntry, 0, len(file)+len(edits))
	for _, r := range file {
		i := slices.IndexFunc(edits, func(e RuleEdit) bool { return e.Rule.ID == r.ID })
		if i < 0 {
			out = append(out, entryOf(r, RuleFromFile))
			continue
		}
		out = append(out, edits[i].entry(true))
		edits = slices.Delete(edits, i, i+1)
	}
	for i := range edits {
		out = append(out, edits[i].entry(false))
	}
	return out
}

func entryOf(r Rule, source string) RuleEntry {
	r.Enabled = ptr(r.InForce())
	return RuleEntry{Rule: r, Source: source}
}

func (e *RuleEdit) entry(overrides bool) RuleEntry {
	out := entryOf(e.Rule, RuleFromEdit)
	at := e.At.UTC()
	out.Overrides, out.UpdatedAt, out.UpdatedBy = overrides, &at, e.By
	return out
}

// CheckRule checks one rule alone and fills its defaults; the paths of the problems are those of the rule.
func CheckRule(r Rule, reg *geo.Registry, cat *ingest.Catalogue) (Rule, []geo.Problem) {
	set, problems := CheckRules(RulesFile{Rules: []Rule{r}}, reg, cat)
	if len(problems) > 0 {
		return r, ProblemsOfRule(0, problems)
	}
	return set.List()[0], nil
}

// ProblemsOfRule picks the problems of rule i of a set, with the paths that they have in the rule.
func ProblemsOfRule(i int, problems []geo.Problem) []geo.Problem {
	var out []geo.Problem
	for _, p := range problems {
		if path, of := strings.CutPrefix(p.Path, fmt.Sprintf("rules[%d].", i)); of {
			out = append(out, geo.Problem{Path: path, Message: p.Message})
		}
	}
	return out
}

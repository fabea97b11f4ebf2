package alerts

import (
	_ "embed"
	"fmt"

	"go.yaml.in/yaml/v3"

	"quantrac/geo"
	"quantrac/ingest"
)

// Rules is a checked set of rules. It never changes.
type Rules struct {
	written  []Rule
	compiled []rule
	cat      *ingest.Catalogue
}

//go:embed data/rules.yaml
var builtinRules []byte

// BuiltinRules are the rules that the program ships.
func BuiltinRules() *Rules {
	var f RulesFile
	if err := yaml.Unmarshal(builtinRules, &f); err != nil {
		panic("built-in rules: " + err.Error())
	}
	r, problems := CheckRules(f, nil, nil)
	if len(problems) > 0 {
		panic("built-in rules: " + problems[0].String())
	}
	return r
}

// CheckRules checks every rule, fills its defaults and makes the set ready. With problems there is no set. Registry and
// catalogue say which stations, parks and parameters exist; nil leaves them unchecked.
func CheckRules(f RulesFile, reg *geo.Registry, cat *ingest.Catalogue) (*Rules, []geo.Problem) {
	c := ruleChecker{reg: reg, cat: cat}
	if cat == nil {
		cat = ingest.BuiltinCatalogue()
	}
	set := &Rules{cat: cat}
	seen := map[string]bool{}
	for i, r := range f.Rules {
		c.at = fmt.Sprintf("rules[%d]", i)
		if !geo.ValidID(r.ID) {
			c.add("id", "id %q must match [a-z0-9][a-z0-9-]{0,62}", r.ID)
		}
		if seen[r.ID] {
			c.add("id", "rule %q is declared twice", r.ID)
		}
		seen[r.ID] = true
		if c.rule(&r); len(c.problems) == 0 {
			set.add(r)
		}
	}
	if len(c.problems) > 0 {
		return nil, c.problems
	}
	return set, nil
}

// add takes in a checked rule. One that is not enabled is kept and judges nothing.
func (s *Rules) add(r Rule) {
	s.written = append(s.written, r)
	if r.InForce() {
		s.compiled = append(s.compiled, compile(r, s.cat))
	}
}

// List is the set as written, those that are not enabled too, defaults filled in, in the order of the file. The caller must not
// change it.
func (s *Rules) List() []Rule { return s.written }

// Scaled is the set with every window of time multiplied by factor.
func (s *Rules) Scaled(factor float64) *Rules {
	out := &Rules{cat: s.cat}
	for _, r := range s.written {
		r = r.Scaled(factor)
		out.add(r)
	}
	return out
}

package alerts

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"math"
	"slices"

	"quantrac/geo"
)

// rule is a Rule made ready for judging.
type rule struct {
	Rule
	// levels rise in severity; a value that reaches one has reached all before it.
	levels    []level
	absolute  bool
	immediate float64
	clear     float64
	// forNS and keepNS are For and KeepOpen in ns.
	forNS, keepNS int64
	// print changes with anything that makes an old state of the rule meaningless.
	print string
}

// level is one threshold. multiple is 0 for an absolute one; a bound that does not exist is NaN.
type level struct {
	severity     Severity
	multiple     float64
	above, below float64
}

// maxLevels is the number of severities that a rule can open.
const maxLevels = int(Emergency)

// compile expects a rule that was checked.
func compile(r Rule) rule {
	c := rule{
		Rule: r, immediate: math.Inf(1), clear: *r.Clear, forNS: int64(r.For), keepNS: int64(*r.KeepOpen), print: fingerprint(r),
	}
	if r.Immediate != nil {
		c.immediate = *r.Immediate
	}
	for _, name := range slices.SortedFunc(maps.Keys(r.Levels), bySeverity) {
		w := r.Levels[name]
		l := level{multiple: w.Multiple, above: orNaN(w.Above), below: orNaN(w.Below)}
		_ = l.severity.UnmarshalText([]byte(name)) // checked
		c.absolute = w.absolute()
		c.levels = append(c.levels, l)
	}
	return c
}

// fingerprint covers what the timers of a state depend on. A new name or a wider selection leaves them valid.
func fingerprint(r Rule) string {
	b, err := json.Marshal(Rule{On: r.On, Levels: r.Levels, For: r.For, Immediate: r.Immediate, Clear: r.Clear, KeepOpen: r.KeepOpen})
	if err != nil {
		// Only a NaN or infinite bound cannot be written, and the check refuses those.
		panic("rule " + r.ID + ": " + err.Error())
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}

// selects reports whether the rule watches a parameter of a station, apart from the question whether it has a limit.
func (r *rule) selects(st *geo.Station, parameter string) bool {
	return within(r.Parameters, parameter) && !slices.Contains(r.Except, parameter) &&
		within(r.Stations, st.ID) && within(r.Parks, st.Park) && within(r.Kinds, st.Kind)
}

func within[T comparable](selected []T, x T) bool {
	return len(selected) == 0 || slices.Contains(selected, x)
}

// score is how far a value has gone towards a level: 1 is there. ratio is the value against its limit.
func (l *level) score(v, ratio float64) float64 {
	if l.multiple > 0 {
		return ratio / l.multiple
	}
	score := math.Inf(-1)
	if !math.IsNaN(l.above) {
		score = v / l.above
	}
	switch {
	case math.IsNaN(l.below):
	case v <= l.below/maxRatio:
		score = max(score, maxRatio)
	default:
		score = max(score, l.below/v)
	}
	return score
}

func ptr[T any](x T) *T { return &x }

func orNaN(p *float64) float64 {
	if p == nil {
		return math.NaN()
	}
	return *p
}

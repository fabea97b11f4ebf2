package alerts

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"math"
	"slices"

	"quantrac/geo"
	"quantrac/ingest"
)

// rule is a Rule made ready for judging.
type rule struct {
	Rule
	// levels rise in severity; a value that reaches one has reached all before it.
	levels    []level
	absolute  bool
	immediate float64
	clear     float64
	kind      kind
	// lookback is how far behind an instant the rule looks, in ns.
	lookback   int64
	expression *expression
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
func compile(r Rule, cat *ingest.Catalogue) rule {
	c := rule{
		kind: kinds[r.On], lookback: int64(r.Window),
		Rule: r, immediate: math.Inf(1), clear: *r.Clear, forNS: int64(r.For), keepNS: int64(*r.KeepOpen), print: fingerprint(r),
	}
	if r.Immediate != nil {
		c.immediate = *r.Immediate
	}
	switch r.On {
	case OnAnomaly:
		c.lookback = int64(r.Days)*dayNS + around
	case OnFlatline:
		c.lookback = int64(mostRecords) * int64(geo.DefaultCycle)
	case OnStatus:
		c.lookback = dayNS + int64(r.After)
	case OnUnusable:
		c.lookback = int64(r.After)
	case OnExpression:
		x, err := compileExpression(r.When, cat)
		if err != nil {
			panic("rule " + r.ID + ": " + err.Error()) // checked
		}
		c.expression, c.lookback = x, int64(x.lookback)
	}
	if c.kind.severityOnly {
		var severity Severity
		_ = severity.UnmarshalText([]byte(r.Severity)) // checked
		c.absolute, c.levels = true, []level{{severity: severity, above: 1, below: orNaN(nil)}}
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

// quiets are what a rule on silence watches at a station: the parameters that it names, else the station.
func (r *rule) quiets() []quiet {
	if r.On != OnSilence {
		return nil
	}
	if len(r.Parameters) == 0 {
		return []quiet{{rule: r}}
	}
	var out []quiet
	for _, p := range r.Parameters {
		out = append(out, quiet{rule: r, parameter: p})
	}
	return out
}

// fingerprint covers what the timers of a state depend on. A new name or a wider selection leaves them valid.
func fingerprint(r Rule) string {
	r.ID, r.Name, r.Enabled, r.Parameters, r.Except, r.Stations, r.Parks, r.Kinds = "", geo.Text{}, nil, nil, nil, nil, nil, nil
	b, err := json.Marshal(r)
	if err != nil {
		// Only a NaN or infinite bound cannot be written, and the check refuses those.
		panic("rule " + r.ID + ": " + err.Error())
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}

// selects reports whether the rule watches a parameter of a station, apart from the question whether it has a limit.
func (r *rule) selects(st *geo.Station, parameter string) bool {
	return within(r.Parameters, parameter) && !slices.Contains(r.Except, parameter) && r.selectsStation(st)
}

// selectsStation reports whether the rule watches anything of a station.
func (r *rule) selectsStation(st *geo.Station) bool {
	return within(r.Stations, st.ID) && within(r.Parks, st.Park) && within(r.Kinds, st.Kind)
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

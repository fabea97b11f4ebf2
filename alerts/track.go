package alerts

import (
	"math"

	"quantrac/ingest"
)

// track is one rule at one station, for one of its parameters or for the station as a whole.
type track struct {
	rule   *rule
	signal signal
	// col is the column of the parameter; -1 for the whole station, whose tracks look at several.
	col       int
	parameter string
	unit      string
	limits    []limitSpan
	state     ruleState
	// ended are the alerts that have ended and may still be amended, oldest first.
	ended []interval
	// moved are the ids of alerts whose opening has moved since it gave them their name.
	moved []string
}

// interval is an alert from its beginning to its end; to is never while it lasts.
type interval struct {
	openAlert
	to int64
}

// never stands for "no such time" where times are ns.
const never = math.MinInt64

// ruleState is where one rule stands with one series.
//
// The first `active` levels are in force. marks holds one time for each level: for a level in force the first reading of
// the present run below its clear bound, for any other the first reading of the present run that reached it; never = no
// such run. Since a value that reaches a level has reached all before it, levels begin from below and end from above.
type ruleState struct {
	// last is the newest instant at which there was something to judge; never = there was none yet.
	last   int64
	active int
	marks  [maxLevels]int64
	// peakValue is the worst value since the lowest level was reached, peakScore its score against that level. Both mean
	// something while marks[0] or active do.
	peakValue, peakScore float64
	// open is set exactly while active > 0. A copy of a state shares it: whoever changes it makes a new one.
	open *openAlert
}

// openAlert is the part of an open alert that its rule, station and parameter do not give. Times are ns.
type openAlert struct {
	id           string
	revision     int
	openedAt     int64
	severity     Severity
	peakSeverity Severity
	peakValue    float64
	late         bool
	// wordless: there is no value to speak of, as in a silence.
	wordless bool

	// What the newest judged reading said.
	measuredAt int64
	value      float64
	ratio      float64
	unit       string
	flags      ingest.Flags
	limit      Limit
}

// observation is one instant with what judging it needs. limit is nil when none is in force.
type observation struct {
	at int64
	// value is what is judged, shown what an alert gives as its value.
	value, shown float64
	unit         string
	flags        ingest.Flags
	// gap says that the silence before this instant was too long for a run to survive.
	gap   bool
	limit *Limit
	ratio float64
}

func newRuleState() ruleState {
	s := ruleState{last: never}
	for i := range s.marks {
		s.marks[i] = never
	}
	return s
}

// step judges one instant and returns how many levels were in force before it.
func (s *ruleState) step(r *rule, o *observation) (was int) {
	was = s.active
	var scores [maxLevels]float64
	for i := range r.levels {
		scores[i] = r.levels[i].score(o.value, o.ratio)
		s.mark(r, i, scores[i], o)
	}
	s.notePeak(scores[0], o)
	for i := was; i < len(r.levels); i++ {
		if s.marks[i] != never && (o.at-s.marks[i] >= r.forNS || r.isImmediate(scores[i], o)) {
			s.active = i + 1
		}
	}
	for s.active > 0 && s.active <= was && s.marks[s.active-1] != never && o.at-s.marks[s.active-1] >= r.keepNS {
		s.active--
	}
	// A mark changes its meaning with the state of its level.
	for i := min(was, s.active); i < max(was, s.active); i++ {
		s.marks[i] = never
	}
	return was
}

func (s *ruleState) mark(r *rule, i int, score float64, o *observation) {
	var running, restarts bool
	if i < s.active {
		running = score < r.clear
	} else {
		running, restarts = score >= 1, o.gap
	}
	switch {
	case !running:
		s.marks[i] = never
	case s.marks[i] == never || restarts:
		s.marks[i] = o.at
	}
}

func (s *ruleState) notePeak(score float64, o *observation) {
	begins := s.active == 0 && s.marks[0] == o.at
	lasts := s.active > 0 || s.marks[0] != never
	if begins || lasts && score > s.peakScore {
		s.peakValue, s.peakScore = o.shown, score
	}
}

// isImmediate reports whether a level that was reached need not wait.
func (r *rule) isImmediate(score float64, o *observation) bool {
	if r.absolute {
		return score >= r.immediate
	}
	return o.ratio >= r.immediate
}

// follow brings the open alert in line with the levels in force. It is called after step, while an alert is open or begins.
func (tr *track) follow(s *ruleState, o *observation, id func(at int64) string) {
	var a openAlert
	if s.open == nil {
		a = openAlert{id: id(o.at), openedAt: o.at}
	} else {
		a = *s.open
	}
	a.measuredAt, a.value, a.unit, a.flags = o.at, o.shown, o.unit, o.flags
	a.wordless = tr.rule.kind.shows == showsNothing
	if s.active > 0 {
		a.severity = tr.rule.levels[s.active-1].severity
	}
	a.peakSeverity = max(a.peakSeverity, a.severity)
	a.peakValue = s.peakValue
	s.open = &a
	if !tr.rule.absolute {
		a.limit, a.ratio = *o.limit, o.ratio
		return
	}
	l := &tr.rule.levels[max(s.active, 1)-1]
	a.limit, a.ratio = Limit{Min: l.below, Max: l.above}, l.score(o.value, 0)
	if tr.rule.kind.shows != showsFigure { // the bound is one of the score
		a.limit = Limit{Min: orNaN(nil), Max: orNaN(nil)}
	}
}

// observe makes the observation of an instant; false when the rule has nothing to judge there.
func (tr *track) observe(v *view, gapNS int64, s *ruleState) (observation, bool) {
	v.col, v.limits = tr.col, tr.limits
	x, ok := tr.signal(v)
	if !ok {
		return observation{}, false
	}
	at := v.at()
	o := observation{at: at, value: x, shown: x, gap: s.last != never && at-s.last > gapNS}
	if tr.rule.kind.shows == showsValue {
		o.shown = v.column().value(v.row)
	}
	s.last = at
	if o.limit = limitAt(tr.limits, at); o.limit != nil && !tr.rule.absolute {
		o.ratio = o.limit.Ratio(x)
	}
	return o, o.limit != nil || tr.rule.absolute
}

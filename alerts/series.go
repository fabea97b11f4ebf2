package alerts

import (
	"math"

	"quantrac/ingest"
)

// series is what the engine knows of one parameter at one station.
type series struct {
	parameter string
	// newest is the measured_at of the newest judged reading, ns; it means something once begun.
	newest int64
	begun  bool
	limits []limitSpan
	rules  []ruleState
}

// never stands for "no such time" where times are ns.
const never = math.MinInt64

// ruleState is where one rule stands with one series.
//
// The first `active` levels are in force. marks holds one time for each level: for a level in force the first reading of
// the present run below its clear bound, for any other the first reading of the present run that reached it; never = no
// such run. Since a value that reaches a level has reached all before it, levels begin from below and end from above.
type ruleState struct {
	rule   *rule
	active int
	marks  [maxLevels]int64
	// peakValue is the worst value since the lowest level was reached, peakScore its score against that level. Both mean
	// something while marks[0] or active do.
	peakValue, peakScore float64
	// open is set exactly while active > 0.
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

	// What the newest judged reading said.
	measuredAt int64
	value      float64
	ratio      float64
	unit       string
	flags      ingest.Flags
	limit      Limit
}

// observation is a usable reading with what judging it needs. limit is nil when none is in force.
type observation struct {
	reading *ingest.Reading
	at      int64
	// gap says that the silence before this reading was too long for a run to survive.
	gap   bool
	limit *Limit
	ratio float64
}

func newRuleState(r *rule) ruleState {
	s := ruleState{rule: r}
	s.clearMarks()
	return s
}

func (s *ruleState) clearMarks() {
	for i := range s.marks {
		s.marks[i] = never
	}
}

// step judges one reading and returns how many levels were in force before it.
func (s *ruleState) step(o *observation) (was int) {
	was = s.active
	var scores [maxLevels]float64
	for i := range s.rule.levels {
		scores[i] = s.rule.levels[i].score(o.reading.Value, o.ratio)
		s.mark(i, scores[i], o)
	}
	s.notePeak(scores[0], o)
	for i := was; i < len(s.rule.levels); i++ {
		if s.marks[i] != never && (o.at-s.marks[i] >= s.rule.forNS || s.immediate(scores[i], o)) {
			s.active = i + 1
		}
	}
	for s.active > 0 && s.active <= was && s.marks[s.active-1] != never && o.at-s.marks[s.active-1] >= s.rule.keepNS {
		s.active--
	}
	// A mark changes its meaning with the state of its level.
	for i := min(was, s.active); i < max(was, s.active); i++ {
		s.marks[i] = never
	}
	return was
}

func (s *ruleState) mark(i int, score float64, o *observation) {
	var running, restarts bool
	if i < s.active {
		running = score < s.rule.clear
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
		s.peakValue, s.peakScore = o.reading.Value, score
	}
}

// immediate reports whether a level that was reached need not wait.
func (s *ruleState) immediate(score float64, o *observation) bool {
	if s.rule.absolute {
		return score >= s.rule.immediate
	}
	return o.ratio >= s.rule.immediate
}

// track copies into the open alert what the reading said. It is called after step.
func (s *ruleState) track(o *observation) {
	a, r := s.open, o.reading
	a.measuredAt, a.value, a.unit, a.flags = o.at, r.Value, r.Unit, r.Flags
	if s.active > 0 {
		a.severity = s.rule.levels[s.active-1].severity
	}
	a.peakSeverity = max(a.peakSeverity, a.severity)
	a.peakValue = s.peakValue
	if !s.rule.absolute {
		a.limit, a.ratio = *o.limit, o.ratio
		return
	}
	l := &s.rule.levels[max(s.active, 1)-1]
	a.limit, a.ratio = Limit{Min: l.below, Max: l.above}, l.score(r.Value, 0)
}

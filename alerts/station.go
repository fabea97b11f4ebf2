package alerts

import (
	"math"
	"slices"
	"time"

	"quantrac/geo"
	"quantrac/ingest"
)

// stationState is what the engine knows of one station.
type stationState struct {
	id string
	// st is nil when the registry no longer holds the station.
	st *geo.Station
	// gapNS is the silence, in ns, after which a level's `for` starts again.
	gapNS int64
	// lookback is how far behind an instant its rules look, waiting times included, in ns; keep is the number of instants that
	// the tape holds at least.
	lookback int64
	keep     int

	tape   tape
	tracks []track
	quiets []quiet
	// groups are those that the station can fall silent with.
	groups []*group
	// heard is how long the engine had watched when it last heard something new.
	heard time.Duration
	// byCol lists the tracks of each column; whole those of the station.
	byCol [][]int
	// limits of each column, with their times.
	limits [][]limitSpan
	// deferred are the tracks that are judged when a delivery is on the tape as a whole, up to the instant judgedTo.
	deferred []int
	judgedTo int64
	// older and newer are two states of the past from which late readings are judged again.
	older, newer checkpoint
	// turned counts the instants since newer.
	turned int
	// pending is the earliest instant that must be judged again with history; none = there is none.
	pending     int64
	tooLateSeen uint64

	// What the present step has left to do: lateFrom is the earliest late reading on the tape, received the newest receipt.
	waiting  bool
	lateFrom int64
	received int64
	// told are events that the end of the step will tell.
	told []Event

	// orphans are open alerts that no track owns since the rules or the registry changed.
	orphans []orphan
	dirty   bool
}

// none is an instant later than all: "nothing to do".
const none = math.MaxInt64

// checkpoint is the state of every track after all instants up to at.
type checkpoint struct {
	at int64
	// states by track; a track that is younger than the checkpoint has none and was idle.
	states []ruleState
}

// span is the number of instants behind the newest within which a late reading is judged again from memory.
const span = 36

// most bounds the instants of a tape, where the cycle is short against the windows.
const most = 2048

func (e *Engine) newStation(st *geo.Station) *stationState {
	s := &stationState{id: st.ID, st: st, gapNS: gapCycles * int64(st.Cycle), pending: none, lateFrom: none, judgedTo: never}
	for i := range e.cfg.Rules.compiled {
		r := &e.cfg.Rules.compiled[i]
		if r.selectsStation(st) {
			s.quiets = append(s.quiets, r.quiets()...)
			s.lookback = max(s.lookback, r.lookback+r.forNS+s.gapNS)
			if r.kind.whole {
				e.addTrack(s, r, -1, "")
			}
		}
	}
	s.keep = min(most, span/2+int(s.lookback/int64(st.Cycle))+1)
	const late = 4 // instants that late readings add between two trims
	s.tape.room = min(most, s.keep+span/2+late)
	return s
}

// columnOf finds the column of a parameter; a new one gets its tracks.
func (e *Engine) columnOf(s *stationState, parameter string) int {
	col := s.tape.column(parameter)
	if col < len(s.byCol) {
		return col
	}
	s.byCol = append(s.byCol, nil)
	s.limits = append(s.limits, e.cfg.Limits.spans(s.st, parameter))
	for i := range e.cfg.Rules.compiled {
		if r := &e.cfg.Rules.compiled[i]; !r.kind.whole && r.selects(s.st, parameter) {
			e.addTrack(s, r, col, parameter)
		}
	}
	return col
}

// addTrack lets a rule judge a parameter, or for column -1 the station, if there is something to judge by.
func (e *Engine) addTrack(s *stationState, r *rule, col int, parameter string) {
	tr := track{
		rule: r, col: col, parameter: parameter, signal: e.signal(r, parameter), limits: e.limitsOf(s, parameter),
		state: newRuleState(),
	}
	if p, ok := e.cfg.Catalogue.Parameter(parameter); ok {
		tr.unit = p.Unit
	}
	tr.unit = r.kind.unit(tr.unit)
	if tr.signal == nil || !r.absolute && len(tr.limits) == 0 {
		return
	}
	i := len(s.tracks)
	s.tracks = append(s.tracks, tr)
	if r.kind.deferred {
		s.deferred = append(s.deferred, i)
		return
	}
	s.byCol[col] = append(s.byCol[col], i)
}

// signal is the signal of a rule for a parameter, which all stations share.
func (e *Engine) signal(r *rule, parameter string) signal {
	key := signalKey{r, parameter}
	s, made := e.signals[key]
	if !made {
		s = r.signalFor(parameter, e.cfg.Catalogue)
		e.signals[key] = s
	}
	return s
}

// limitsOf are the limits of a parameter at a station with their times.
func (e *Engine) limitsOf(s *stationState, parameter string) []limitSpan {
	if col := s.tape.find(parameter); col >= 0 && col < len(s.limits) {
		return s.limits[col]
	}
	return e.cfg.Limits.spans(s.st, parameter)
}

// tooLate reports whether an instant lies before what the station can judge again from memory.
func (s *stationState) tooLate(at int64, parameter string) bool {
	if len(s.tape.at) == 0 || at > s.older.at {
		return false
	}
	if at < s.older.at {
		return true
	}
	// At the checkpoint itself: judged in order if its parameter has nothing there yet nor behind.
	col, row := s.tape.find(parameter), s.tape.after(at)-1
	return row < 0 || s.tape.at[row] != at || col >= 0 && !s.tape.isNewest(col, row)
}

// has reports whether a parameter has a value at an instant that lies in the past.
func (s *stationState) has(at int64, parameter string) bool {
	row := len(s.tape.at) - 1
	if row < 0 || at > s.tape.at[row] {
		return false
	}
	if at < s.tape.at[row] {
		row = s.tape.after(at) - 1
	}
	col := s.tape.find(parameter)
	return col >= 0 && row >= 0 && s.tape.at[row] == at && s.tape.cols[col].cells[row]&cellPresent != 0
}

// turnCheckpoints keeps the state before the instant at, if it is a new one and the last checkpoint is old enough.
func (e *Engine) turnCheckpoints(s *stationState, at int64) {
	newest := s.tape.newest()
	if newest == never {
		s.older, s.newer = checkpoint{at: at - 1}, checkpoint{at: at - 1}
		return
	}
	if at <= newest {
		return
	}
	if s.turned++; s.turned < span/2 || s.lateFrom != none {
		return
	}
	s.turned = 0
	e.judgeDeferred(s)
	s.older, s.newer = s.newer, checkpoint{at: newest, states: s.states()}
	for i := range s.tracks {
		s.tracks[i].forget(s.older.at)
	}
	s.trim()
}

// trim forgets the instants that no window of the station needs: neither by their number nor by their time, since a gateway may send
// each parameter at an instant of its own. The tape never holds more than most.
func (s *stationState) trim() {
	n := len(s.tape.at)
	needed := s.tape.after(s.older.at - s.lookback - 1)
	if spare := max(min(n-s.keep, needed), n-most); spare > 0 {
		s.tape.trim(spare)
	}
}

func (s *stationState) states() []ruleState {
	states := make([]ruleState, len(s.tracks))
	for i := range s.tracks {
		states[i] = s.tracks[i].state
	}
	return states
}

func (c *checkpoint) state(track int) ruleState {
	if track < len(c.states) {
		return c.states[track]
	}
	return newRuleState()
}

func (c *checkpoint) set(track int, state ruleState) {
	for len(c.states) <= track {
		c.states = append(c.states, newRuleState())
	}
	c.states[track] = state
}

// leftToDo notes that the station must be looked at again at the end of the step.
func (e *Engine) leftToDo(s *stationState, r *ingest.Reading) {
	s.received = max(s.received, r.ReceivedAt.UnixNano())
	if !s.waiting {
		s.waiting = true
		e.touched = append(e.touched, s)
	}
}

// settle ends a step for a station: what came late is judged again.
func (e *Engine) settle(s *stationState, events []Event) []Event {
	if s.lateFrom != none {
		events = e.refold(s, events)
		s.judgedTo = s.tape.newest()
	}
	e.judgeDeferred(s)
	events, s.told = append(events, s.told...), nil
	s.waiting, s.lateFrom, s.received = false, none, 0
	return events
}

// judgeDeferred shows the instants that are new to the tracks that look at several parameters. What they say is told at the end of
// the step.
func (e *Engine) judgeDeferred(s *stationState) {
	if len(s.deferred) == 0 {
		return
	}
	for row := s.tape.after(s.judgedTo); row < len(s.tape.at); row++ {
		for _, i := range s.deferred {
			tr := &s.tracks[i]
			if tr.col < 0 || s.tape.cols[tr.col].cells[row]&cellPresent != 0 {
				s.told = e.judge(s, tr, newReading{row: row, received: s.received, unit: tr.unit}, s.told)
			}
		}
	}
	s.judgedTo = s.tape.newest()
}

// end closes the open alert of a track.
func (tr *track) end(at int64) {
	tr.ended = append(tr.ended, interval{*tr.state.open, at})
	tr.state.open = nil
}

// forget drops the ended alerts that no late reading can change from memory.
func (tr *track) forget(until int64) {
	tr.ended = slices.DeleteFunc(tr.ended, func(iv interval) bool { return iv.to <= until })
	if len(tr.ended) == 0 {
		tr.ended = nil
	}
}

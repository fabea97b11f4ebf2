package alerts

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"quantrac/geo"
	"quantrac/ingest"
)

// EngineConfig is what an engine judges by. None of it changes while the engine lives; a new configuration is a new engine
// that restores the snapshots of the old one and then steps a Configured input.
type EngineConfig struct {
	Rules     *Rules
	Limits    *Limits
	Registry  *geo.Registry
	Catalogue *ingest.Catalogue
	// BaseURL is the address of the page, without a slash at its end; alerts link to it.
	BaseURL string
}

// InputKind says which part of an Input holds.
type InputKind uint8

// The kinds of input.
const (
	// ReadingsIn: Readings, in the order of the log.
	ReadingsIn InputKind = iota + 1
	// Configured: rules, limits or registry were replaced at At. Open alerts whose rule, station or selection is gone are
	// resolved.
	Configured
	// HistoryIn: History answers a Need.
	HistoryIn
	// TickIn: it is At. Silence begins with a tick; nothing else does.
	TickIn
)

// CauseRuleRemoved is the cause of an alert that ended because nothing judges it any more.
const CauseRuleRemoved = "rule_removed"

// Input is one thing that the engine is told. Every input carries its own time, so that a replay of the same inputs gives
// the same events.
type Input struct {
	Kind InputKind
	// At is the time of any input but readings, which carry their own.
	At       time.Time
	Readings []ingest.Reading
	History  *History
	// Blind, of a tick: since the last one nobody could have been heard, because the log or a broker is away.
	Blind bool
}

// Stats counts what an engine was told since it was made.
type Stats struct {
	// Readings is the sum of Judged, Unusable, Late, Known and Unknown.
	Readings uint64
	// Judged readings were the newest of their parameter and were shown to every rule that watches them, perhaps none.
	Judged uint64
	// Unusable ones were the newest and cannot be judged; they are remembered, since silence and status are news too.
	Unusable uint64
	// Late readings are not the newest of their parameter: what they touch is judged again.
	Late uint64
	// Known readings have an instant at which their parameter has a value; the first stays.
	Known uint64
	// Unknown readings belong to a station that the registry does not hold.
	Unknown uint64
	// Evaluations is the number of rules applied to instants.
	Evaluations uint64
}

// Engine turns readings into alerts. It is a function of (rules, state, inputs): no clock, no I/O, no goroutine. Whether its
// state went through Snapshot and Restore in between changes no event.
//
// Event time decides. Readings in the order of time are judged as they come. A reading that comes late is put where it belongs,
// and the station is judged again from the last checkpoint before it; what that changes in the alerts that were told is told as
// a revision. What lies before the checkpoints makes a Need, and the History that answers it is judged in the same way. So the
// alerts that stand at the end do not depend on the order in which readings came.
//
// A threshold alert begins and ends with a reading, never with the absence of one. An engine belongs to one goroutine.
type Engine struct {
	cfg      EngineConfig
	stations map[string]*stationState
	dirty    map[*stationState]struct{}
	// pending are the stations that wait for history.
	pending map[*stationState]struct{}
	// touched are the stations that the present step has something left to do for, in the order in which it met them.
	touched []*stationState
	stats   Stats
	view    view
	signals map[signalKey]signal
	// order is every station of the registry, in its order.
	order  []*stationState
	groups []*group
	// ticked is the newest tick; watched how long this engine has listened, all told.
	ticked  time.Time
	watched time.Duration
}

type signalKey struct {
	rule      *rule
	parameter string
}

type orphan struct {
	subject
	open openAlert
}

// gapCycles is the number of cycles without a usable reading that a level's `for` survives.
const gapCycles = 3

// NewEngine makes an engine without state.
func NewEngine(cfg EngineConfig) *Engine {
	e := &Engine{
		cfg: cfg, stations: make(map[string]*stationState, len(cfg.Registry.Stations())), dirty: map[*stationState]struct{}{},
		pending: map[*stationState]struct{}{}, signals: map[signalKey]signal{},
	}
	all := cfg.Registry.Stations()
	for i := range all {
		s := e.newStation(&all[i])
		e.stations[s.id] = s
		e.order = append(e.order, s)
	}
	e.groups = e.groupsOf(cfg.Registry)
	for _, g := range e.groups {
		for _, s := range g.members {
			s.groups = append(s.groups, g)
		}
	}
	return e
}

// Step tells the engine one input and returns what follows from it, in order.
func (e *Engine) Step(in Input) []Event {
	var events []Event
	switch in.Kind {
	case ReadingsIn:
		var s *stationState
		for i := range in.Readings {
			r := &in.Readings[i]
			if s == nil || s.id != r.Station { // readings of one station mostly follow each other
				s = e.stations[r.Station]
			}
			events = e.take(s, r, events)
		}
		for _, s := range e.touched {
			events = e.settle(s, events)
		}
		e.touched = e.touched[:0]
	case HistoryIn:
		events = e.rejudge(in.History, in.At, events)
	case TickIn:
		events = e.tick(in.At, in.Blind, events)
	case Configured:
		events = e.dropOrphans(in.At, events)
	default:
		// To pass over an input that is in the log would make this state differ from the one that the log means.
		panic(fmt.Sprintf("alerts: input of unknown kind %d", in.Kind))
	}
	return events
}

// take puts a reading on the tape of its station and judges it if it is the newest. s is nil for a station that nobody knows.
func (e *Engine) take(s *stationState, r *ingest.Reading, events []Event) []Event {
	e.stats.Readings++
	if s == nil || s.st == nil {
		e.stats.Unknown++
		return events
	}
	at := r.MeasuredAt.UnixNano()
	if s.has(at, r.Parameter) {
		e.stats.Known++
		return events
	}
	if s.tooLate(at, r.Parameter) {
		e.stats.Late++
		e.needHistory(s, at)
		e.touch(s)
		return events
	}
	e.turnCheckpoints(s, at)
	col := e.columnOf(s, r.Parameter)
	row, isNew := s.tape.put(col, r)
	if !isNew {
		e.stats.Known++
		return events
	}
	e.touch(s)
	e.leftToDo(s, r)
	if row == len(s.tape.at)-1 {
		events = e.hear(s, r, events)
	}
	if len(s.deferred) > 0 && at <= s.judgedTo {
		s.lateFrom = min(s.lateFrom, at)
	}
	if at < s.newer.at || !s.tape.isNewest(col, row) {
		e.stats.Late++
		s.lateFrom = min(s.lateFrom, at)
		return events
	}
	if !r.Usable || !r.HasNumber() {
		e.stats.Unusable++
	} else {
		e.stats.Judged++
	}
	for _, i := range s.byCol[col] {
		events = e.judge(s, &s.tracks[i], newReading{row, r.ReceivedAt.UnixNano(), s.tracks[i].unit, r.Flags}, events)
		if at == s.newer.at {
			s.newer.set(i, s.tracks[i].state)
		}
		if at == s.older.at {
			s.older.set(i, s.tracks[i].state)
		}
	}
	return events
}

// newReading is an instant of the tape that has just become known.
type newReading struct {
	row      int
	received int64
	unit     string
	flags    ingest.Flags
}

// judge shows the newest instant of a parameter to one of its tracks and tells what changes.
func (e *Engine) judge(s *stationState, tr *track, r newReading, events []Event) []Event {
	o, ok := tr.observe(e.viewOf(s, r.row), s.gapNS, &tr.state)
	if !ok {
		return events
	}
	e.stats.Evaluations++
	was := tr.state.step(tr.rule, &o)
	if was == 0 && tr.state.active == 0 {
		return events
	}
	o.unit, o.flags = r.unit, r.flags
	if event, changed := e.follow(s, tr, &o, instant(r.received), was); changed {
		events = append(events, event)
	}
	return events
}

// viewOf is the one view that the engine has, set to an instant of a station: signals are called too often to make one each.
func (e *Engine) viewOf(s *stationState, row int) *view {
	v := &e.view
	if v.station != s || v.st != s.st {
		*v = view{st: s.st, tape: &s.tape, engine: e, station: s}
	}
	v.row = row
	return v
}

func (e *Engine) touch(s *stationState) {
	if !s.dirty {
		s.dirty = true
		e.dirty[s] = struct{}{}
	}
}

// dropOrphans resolves, in a fixed order, the alerts that nothing judges any more.
func (e *Engine) dropOrphans(at time.Time, events []Event) []Event {
	for _, id := range e.ids() {
		s := e.stations[id]
		if len(s.orphans) == 0 {
			continue
		}
		e.touch(s)
		for i := range s.orphans {
			o := &s.orphans[i]
			o.open.revision++
			o.open.late = false
			a := e.alert(o.subject, &o.open)
			e.resolve(&a, o.subject, at.UTC(), CauseRuleRemoved)
			events = append(events, Event{Type: WasResolved, At: at.UTC(), Made: at.UTC(), Alert: a})
		}
		s.orphans = nil
	}
	return events
}

// ids lists every station that the engine knows, registry or not, in order.
func (e *Engine) ids() []string {
	ids := make([]string, 0, len(e.stations))
	for id := range e.stations {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// Stats is what the engine was told so far.
func (e *Engine) Stats() Stats { return e.stats }

// Open lists the open alerts, newest first.
func (e *Engine) Open() []Alert {
	var open []Alert
	for id := range e.stations {
		open = append(open, e.OpenAt(id)...)
	}
	slices.SortFunc(open, func(a, b Alert) int {
		return cmp.Or(b.OpenedAt.Compare(a.OpenedAt), cmp.Compare(a.ID, b.ID))
	})
	return open
}

// OpenAt lists the open alerts of a station.
func (e *Engine) OpenAt(station string) []Alert {
	s, ok := e.stations[station]
	if !ok {
		return nil
	}
	var open []Alert
	for i := range s.tracks {
		if tr := &s.tracks[i]; tr.state.open != nil {
			open = append(open, e.alert(subjectOf(s.st, tr.parameter, tr.rule), tr.state.open))
		}
	}
	for i := range s.quiets {
		if q := &s.quiets[i]; q.open != nil {
			open = append(open, e.alert(subjectOf(s.st, q.parameter, q.rule), q.open))
		}
	}
	for i := range s.orphans {
		open = append(open, e.alert(s.orphans[i].subject, &s.orphans[i].open))
	}
	return open
}

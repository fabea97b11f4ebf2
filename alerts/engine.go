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
}

// Stats counts what an engine was told since it was made.
type Stats struct {
	// Readings is the sum of Judged, Unusable, OutOfOrder and Unknown.
	Readings uint64
	// Judged readings were shown to every rule that watches their series, perhaps none.
	Judged   uint64
	Unusable uint64
	// OutOfOrder readings lie at or before the newest judged one of their series. They are not judged.
	OutOfOrder uint64
	// Unknown readings belong to a station that the registry does not hold.
	Unknown uint64
	// Evaluations is the number of rules applied to readings.
	Evaluations uint64
}

// Engine turns readings into alerts. It is a function of (rules, state, inputs): no clock, no I/O, no goroutine. How the
// inputs are cut into steps, and whether its state went through Snapshot and Restore in between, changes no event. It
// belongs to one goroutine.
//
// Only usable readings enter. One that is not newer than the newest judged of its (station, parameter) is counted and left
// out. A threshold alert begins and ends with a reading, never with the absence of one.
type Engine struct {
	cfg      EngineConfig
	stations map[string]*stationState
	dirty    map[*stationState]struct{}
	stats    Stats
}

type stationState struct {
	id string
	// st is nil when the registry no longer holds the station.
	st *geo.Station
	// gapNS is the silence, in ns, after which a level's `for` starts again.
	gapNS  int64
	series []*series
	// orphans are open alerts that no series owns since the rules or the registry changed.
	orphans []orphan
	dirty   bool
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
	}
	all := cfg.Registry.Stations()
	for i := range all {
		e.stations[all[i].ID] = &stationState{id: all[i].ID, st: &all[i], gapNS: gapCycles * int64(all[i].Cycle)}
	}
	return e
}

// Step tells the engine one input and returns what follows from it, in order.
func (e *Engine) Step(in Input) []Event {
	var events []Event
	switch in.Kind {
	case ReadingsIn:
		for i := range in.Readings {
			events = e.judge(&in.Readings[i], events)
		}
	case Configured:
		events = e.dropOrphans(in.At, events)
	default:
		// To pass over an input that is in the log would make this state differ from the one that the log means.
		panic(fmt.Sprintf("alerts: input of unknown kind %d", in.Kind))
	}
	return events
}

func (e *Engine) judge(r *ingest.Reading, events []Event) []Event {
	e.stats.Readings++
	s, ok := e.stations[r.Station]
	switch {
	case !ok || s.st == nil:
		e.stats.Unknown++
		return events
	case !r.Usable || !r.HasNumber():
		e.stats.Unusable++
		return events
	}
	se := e.seriesOf(s, r.Parameter)
	at := r.MeasuredAt.UnixNano()
	if se.begun && at <= se.newest {
		e.stats.OutOfOrder++
		return events
	}
	e.stats.Judged++
	if len(se.rules) == 0 {
		return events
	}
	e.touch(s)
	gap := se.begun && at-se.newest > s.gapNS
	se.begun, se.newest = true, at
	o := observation{reading: r, at: at, gap: gap, limit: limitAt(se.limits, at)}
	if o.limit != nil {
		o.ratio = o.limit.Ratio(r.Value)
	}
	for i := range se.rules {
		state := &se.rules[i]
		if o.limit == nil && !state.rule.absolute {
			continue
		}
		e.stats.Evaluations++
		was := state.step(&o)
		if was == 0 && state.active == 0 {
			continue
		}
		if event, changed := e.follow(subjectOf(s.st, se.parameter, state.rule), state, &o, was); changed {
			events = append(events, event)
		}
	}
	return events
}

// seriesOf finds or begins the series of a parameter. A station has few, so a walk beats a map.
func (e *Engine) seriesOf(s *stationState, parameter string) *series {
	for _, se := range s.series {
		if se.parameter == parameter {
			return se
		}
	}
	se := &series{parameter: parameter, limits: e.cfg.Limits.spans(s.st, parameter)}
	for i := range e.cfg.Rules.compiled {
		r := &e.cfg.Rules.compiled[i]
		if r.selects(s.st, parameter) && (r.absolute || len(se.limits) > 0) {
			se.rules = append(se.rules, newRuleState(r))
		}
	}
	s.series = append(s.series, se)
	return se
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
	for _, se := range s.series {
		for i := range se.rules {
			if state := &se.rules[i]; state.open != nil {
				open = append(open, e.alert(subjectOf(s.st, se.parameter, state.rule), state.open))
			}
		}
	}
	for i := range s.orphans {
		open = append(open, e.alert(s.orphans[i].subject, &s.orphans[i].open))
	}
	return open
}

package alerts

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"

	"quantrac/geo"
	"quantrac/ingest"
)

// snapshotVersion changes when an older program could not read the state of a newer one.
const snapshotVersion = 2

type engineSnapshot struct {
	Version int           `json:"v"`
	Tape    *tapeSnapshot `json:"tape,omitempty"`
	// Older and Newer are the instants of the checkpoints.
	Older   int64           `json:"older,omitempty"`
	Newer   int64           `json:"newer,omitempty"`
	Turned  int             `json:"turned,omitempty"`
	Pending *int64          `json:"pending,omitempty"`
	Tracks  []trackSnapshot `json:"tracks,omitempty"`
	Quiets  []ruleSnapshot  `json:"quiets,omitempty"`
	Orphans []ruleSnapshot  `json:"orphans,omitempty"`
}

type trackSnapshot struct {
	ruleSnapshot
	// Older and Newer are the states at the checkpoints; nil = idle.
	Older *ruleSnapshot   `json:"older,omitempty"`
	Newer *ruleSnapshot   `json:"newer,omitempty"`
	Ended []endedSnapshot `json:"ended,omitempty"`
	Moved []string        `json:"moved,omitempty"`
}

type endedSnapshot struct {
	alertSnapshot
	To int64 `json:"to"`
}

type ruleSnapshot struct {
	Rule string `json:"rule"`
	// Print is the fingerprint of the rule that the marks were made by.
	Print  string   `json:"print,omitempty"`
	Active int      `json:"active,omitempty"`
	Last   *int64   `json:"last,omitempty"`
	Marks  []*int64 `json:"marks,omitempty"`
	// Peak is [value, score].
	Peak *[2]float64    `json:"peak,omitempty"`
	Open *alertSnapshot `json:"open,omitempty"`

	// What an alert needs when its rule is gone.
	Name      geo.Text `json:"name,omitzero"`
	Basis     string   `json:"basis,omitempty"`
	Parameter string   `json:"p,omitempty"`
}

type alertSnapshot struct {
	ID           string   `json:"id"`
	Revision     int      `json:"rev"`
	OpenedAt     int64    `json:"opened"`
	Severity     Severity `json:"sev"`
	PeakSeverity Severity `json:"peak_sev"`
	PeakValue    float64  `json:"peak"`
	Late         bool     `json:"late,omitempty"`
	MeasuredAt   int64    `json:"measured"`
	Value        float64  `json:"value"`
	Ratio        float64  `json:"ratio"`
	Unit         string   `json:"unit,omitempty"`
	Flags        uint32   `json:"flags,omitempty"`
	Min          *float64 `json:"min,omitempty"`
	Max          *float64 `json:"max,omitempty"`
	Reference    string   `json:"ref,omitempty"`
	Verified     bool     `json:"verified,omitempty"`
}

// Dirty lists the stations whose state changed since Dirty was last called, in order.
func (e *Engine) Dirty() []string {
	ids := make([]string, 0, len(e.dirty))
	for s := range e.dirty {
		s.dirty = false
		ids = append(ids, s.id)
	}
	clear(e.dirty)
	slices.Sort(ids)
	return ids
}

// Snapshot writes the state of a station; nil when there is none to keep.
func (e *Engine) Snapshot(station string) []byte {
	s, ok := e.stations[station]
	if !ok {
		return nil
	}
	snap := s.snapshot()
	if snap == nil {
		return nil
	}
	b, err := json.Marshal(snap)
	if err != nil {
		// Every number in a state is finite: only usable readings enter, and bounds are checked.
		panic("snapshot of " + station + ": " + err.Error())
	}
	return b
}

func (s *stationState) snapshot() *engineSnapshot {
	snap := engineSnapshot{Version: snapshotVersion}
	if len(s.tape.at) > 0 {
		snap.Tape, snap.Older, snap.Newer, snap.Turned = s.tape.snapshot(), s.older.at, s.newer.at, s.turned
	}
	if s.pending != none {
		snap.Pending = ptr(s.pending)
	}
	snap.Tracks = make([]trackSnapshot, 0, len(s.tracks))
	for i := range s.tracks {
		snap.Tracks = append(snap.Tracks, s.trackSnapshot(i))
	}
	for i := range s.quiets {
		if q := &s.quiets[i]; q.open != nil {
			snap.Quiets = append(snap.Quiets, ruleSnapshot{
				Rule: q.rule.ID, Name: q.rule.Name, Basis: OnSilence, Parameter: q.parameter, Open: q.open.snapshot(),
			})
		}
	}
	for i := range s.orphans {
		o := &s.orphans[i]
		snap.Orphans = append(snap.Orphans, ruleSnapshot{
			Rule: o.rule, Name: o.ruleName, Basis: o.basis, Parameter: o.param, Open: o.open.snapshot(),
		})
	}
	if snap.Tape == nil && len(snap.Orphans) == 0 {
		return nil
	}
	return &snap
}

func (s *stationState) trackSnapshot(i int) trackSnapshot {
	tr := &s.tracks[i]
	out := trackSnapshot{ruleSnapshot: *tr.state.snapshot(tr), Moved: tr.moved}
	if state := s.older.state(i); !state.idle() {
		out.Older = state.snapshot(tr)
	}
	if state := s.newer.state(i); !state.idle() {
		out.Newer = state.snapshot(tr)
	}
	for _, iv := range tr.ended {
		out.Ended = append(out.Ended, endedSnapshot{*iv.snapshot(), iv.to})
	}
	return out
}

func (s *ruleState) idle() bool {
	for _, m := range s.marks {
		if m != never {
			return false
		}
	}
	return s.active == 0 && s.last == never
}

func (s *ruleState) snapshot(tr *track) *ruleSnapshot {
	r := tr.rule
	out := &ruleSnapshot{Rule: r.ID, Parameter: tr.parameter, Print: r.print, Active: s.active, Last: unlessNever(s.last), Peak: &[2]float64{s.peakValue, s.peakScore}}
	for _, m := range s.marks[:len(r.levels)] {
		out.Marks = append(out.Marks, unlessNever(m))
	}
	if s.open != nil {
		out.Name, out.Basis, out.Open = r.Name, r.On, s.open.snapshot()
	}
	return out
}

func unlessNever(at int64) *int64 {
	if at == never {
		return nil
	}
	return &at
}

func (o *openAlert) snapshot() *alertSnapshot {
	return &alertSnapshot{
		ID: o.id, Revision: o.revision, OpenedAt: o.openedAt, Severity: o.severity, PeakSeverity: o.peakSeverity,
		PeakValue: o.peakValue, Late: o.late, MeasuredAt: o.measuredAt, Value: o.value, Ratio: o.ratio, Unit: o.unit,
		Flags: uint32(o.flags), Min: known(o.limit.Min), Max: known(o.limit.Max), Reference: o.limit.Reference,
		Verified: o.limit.Verified,
	}
}

func (a *alertSnapshot) restore(parameter, basis string) *openAlert {
	return &openAlert{
		wordless: kinds[basis].shows == showsNothing,
		id:       a.ID, revision: a.Revision, openedAt: a.OpenedAt, severity: a.Severity, peakSeverity: a.PeakSeverity,
		peakValue: a.PeakValue, late: a.Late, measuredAt: a.MeasuredAt, value: a.Value, ratio: a.Ratio, unit: a.Unit,
		flags: ingest.Flags(a.Flags),
		limit: Limit{Parameter: parameter, Min: orNaN(a.Min), Max: orNaN(a.Max), Reference: a.Reference, Verified: a.Verified},
	}
}

// Restore replaces the state of a station by what Snapshot wrote, perhaps under other rules. A rule that is unchanged in
// levels and windows goes on where it was. A changed one keeps its open alert and starts its windows anew. An open alert
// that nothing judges any more is kept until a Configured input resolves it.
func (e *Engine) Restore(station string, data []byte) error {
	snap := engineSnapshot{Version: snapshotVersion}
	if len(data) > 0 {
		if err := json.Unmarshal(data, &snap); err != nil {
			return fmt.Errorf("read alert state of station %s: %w", station, err)
		}
	}
	if snap.Version != snapshotVersion {
		return fmt.Errorf("alert state of station %s has version %d, this program reads %d", station, snap.Version, snapshotVersion)
	}
	return e.restore(station, &snap)
}

func (e *Engine) restore(station string, snap *engineSnapshot) error {
	if err := snap.check(); err != nil {
		return fmt.Errorf("alert state of station %s: %w", station, err)
	}
	s := e.fresh(station)
	if err := e.restoreTape(s, snap); err != nil {
		return fmt.Errorf("alert state of station %s: %w", station, err)
	}
	same := e.restoreTracks(s, snap)
	for i := range snap.Quiets {
		s.restoreQuiet(&snap.Quiets[i])
	}
	for i := range snap.Orphans {
		s.adoptOrphan(&snap.Orphans[i])
	}
	switch {
	case s.st == nil || snap.Tape == nil:
	case same:
		s.turned = snap.Turned
	default:
		// By other rules the past looks different: what comes late is judged from history, all of it by the new ones.
		newest := s.tape.newest()
		s.older, s.newer, s.turned = checkpoint{newest, s.states()}, checkpoint{newest, s.states()}, 0
	}
	if snap.Pending != nil && s.st != nil {
		e.needHistory(s, *snap.Pending)
	}
	return nil
}

// check refuses a state that Snapshot cannot have written: judging by it could only go wrong later.
func (snap *engineSnapshot) check() error {
	for i := range snap.Tracks {
		t := &snap.Tracks[i]
		for _, r := range []*ruleSnapshot{&t.ruleSnapshot, t.Older, t.Newer} {
			if r == nil {
				continue
			}
			if r.Active < 0 || r.Active > len(r.Marks) || len(r.Marks) > maxLevels || (r.Active > 0) != (r.Open != nil) || r.Peak == nil {
				return fmt.Errorf("rule %s on %s is in a state that does not exist", r.Rule, r.Parameter)
			}
		}
	}
	return nil
}

// fresh makes the station's state empty; a station that the registry does not hold gets a place for its orphans.
func (e *Engine) fresh(station string) *stationState {
	s, ok := e.stations[station]
	if ok {
		delete(e.dirty, s)
		delete(e.pending, s)
	}
	if ok && s.st != nil {
		groups := s.groups
		*s = *e.newStation(s.st)
		s.groups = groups
	} else {
		s = &stationState{id: station, pending: none, lateFrom: none}
	}
	e.stations[station] = s
	return s
}

func (e *Engine) restoreTape(s *stationState, snap *engineSnapshot) error {
	if s.st == nil || snap.Tape == nil {
		return nil
	}
	if snap.Older > snap.Newer || snap.Turned < 0 {
		return errors.New("the checkpoints are out of order")
	}
	s.older.at, s.newer.at = snap.Older, snap.Newer
	for i := range snap.Tape.Columns {
		if e.columnOf(s, snap.Tape.Columns[i].Parameter) != i {
			return fmt.Errorf("parameter %q is there twice", snap.Tape.Columns[i].Parameter)
		}
	}
	if err := s.tape.restore(snap.Tape); err != nil {
		return err
	}
	s.judgedTo = s.tape.newest()
	return nil
}

// restoreTracks gives the states back to their rules, and makes orphans of the open alerts of rules that judge this no more. It
// reports whether every track goes on as it was.
func (e *Engine) restoreTracks(s *stationState, snap *engineSnapshot) bool {
	same, found := true, 0
	s.older.states, s.newer.states = s.states(), s.states()
	for i := range snap.Tracks {
		t := &snap.Tracks[i]
		k := slices.IndexFunc(s.tracks, func(tr track) bool { return tr.rule.ID == t.Rule && tr.parameter == t.Parameter })
		if k < 0 {
			s.adoptOrphan(&t.ruleSnapshot)
			continue
		}
		found++
		tr := &s.tracks[k]
		same = tr.state.restore(&t.ruleSnapshot, tr) && same
		s.older.states[k].restore(t.Older, tr)
		s.newer.states[k].restore(t.Newer, tr)
		tr.moved = t.Moved
		for _, iv := range t.Ended {
			tr.ended = append(tr.ended, interval{*iv.restore(tr.parameter, tr.rule.On), iv.To})
		}
	}
	return same && found == len(s.tracks)
}

func (s *stationState) restoreQuiet(r *ruleSnapshot) {
	if r.Open == nil {
		return
	}
	for i := range s.quiets {
		if q := &s.quiets[i]; q.rule.ID == r.Rule && q.parameter == r.Parameter {
			q.open = r.Open.restore(r.Parameter, OnSilence)
			return
		}
	}
	s.adoptOrphan(r)
}

func (s *stationState) adoptOrphan(r *ruleSnapshot) {
	if r.Open == nil {
		return
	}
	s.orphans = append(s.orphans, orphan{
		subject: subject{st: s.st, station: s.id, param: r.Parameter, rule: r.Rule, ruleName: r.Name, basis: r.Basis},
		open:    *r.Open.restore(r.Parameter, r.Basis),
	})
}

// restore reports whether the state goes on as it was.
func (s *ruleState) restore(snap *ruleSnapshot, tr *track) bool {
	if snap == nil {
		return true
	}
	if snap.Open != nil {
		s.open = snap.Open.restore(tr.parameter, tr.rule.On)
	}
	if snap.Peak != nil {
		s.peakValue, s.peakScore = snap.Peak[0], snap.Peak[1]
	}
	if snap.Last != nil {
		s.last = *snap.Last
	}
	if snap.Print == tr.rule.print && len(snap.Marks) == len(tr.rule.levels) {
		s.active = snap.Active
		for i, m := range snap.Marks {
			if m != nil {
				s.marks[i] = *m
			}
		}
		return true
	}
	if s.open == nil {
		return false
	}
	// Under new levels the alert stands on the highest one that is no worse than it was, or on the lowest.
	s.active = 1
	for i, l := range tr.rule.levels {
		if l.severity <= s.open.severity {
			s.active = i + 1
		}
	}
	return false
}

func known(x float64) *float64 {
	if math.IsNaN(x) {
		return nil
	}
	return &x
}

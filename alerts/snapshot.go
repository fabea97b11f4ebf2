package alerts

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"quantrac/geo"
	"quantrac/ingest"
)

// snapshotVersion changes when an older program could not read the state of a newer one.
const snapshotVersion = 1

type engineSnapshot struct {
	Version int              `json:"v"`
	Series  []seriesSnapshot `json:"series,omitempty"`
	Orphans []ruleSnapshot   `json:"orphans,omitempty"`
}

type seriesSnapshot struct {
	Parameter string         `json:"p"`
	Newest    *int64         `json:"newest,omitempty"`
	Rules     []ruleSnapshot `json:"rules,omitempty"`
}

type ruleSnapshot struct {
	Rule string `json:"rule"`
	// Print is the fingerprint of the rule that the marks were made by.
	Print  string   `json:"print,omitempty"`
	Active int      `json:"active,omitempty"`
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
	snap := engineSnapshot{Version: snapshotVersion}
	for _, se := range s.series {
		if se.begun {
			snap.Series = append(snap.Series, se.snapshot())
		}
	}
	for i := range s.orphans {
		o := &s.orphans[i]
		snap.Orphans = append(snap.Orphans, ruleSnapshot{
			Rule: o.rule, Name: o.ruleName, Basis: o.basis, Parameter: o.param, Open: o.open.snapshot(),
		})
	}
	if len(snap.Series) == 0 && len(snap.Orphans) == 0 {
		return nil
	}
	b, err := json.Marshal(snap)
	if err != nil {
		// Every number in a state is finite: only usable readings enter, and bounds are checked.
		panic("snapshot of " + station + ": " + err.Error())
	}
	return b
}

func (se *series) snapshot() seriesSnapshot {
	out := seriesSnapshot{Parameter: se.parameter, Newest: ptr(se.newest)}
	for i := range se.rules {
		if state := &se.rules[i]; !state.idle() {
			out.Rules = append(out.Rules, state.snapshot())
		}
	}
	return out
}

func (s *ruleState) idle() bool {
	for _, m := range s.marks {
		if m != never {
			return false
		}
	}
	return s.active == 0
}

func (s *ruleState) snapshot() ruleSnapshot {
	out := ruleSnapshot{Rule: s.rule.ID, Print: s.rule.print, Active: s.active, Peak: &[2]float64{s.peakValue, s.peakScore}}
	for _, m := range s.marks[:len(s.rule.levels)] {
		var at *int64
		if m != never {
			at = ptr(m)
		}
		out.Marks = append(out.Marks, at)
	}
	if s.open != nil {
		out.Name, out.Basis, out.Open = s.rule.Name, s.rule.On, s.open.snapshot()
	}
	return out
}

func (o *openAlert) snapshot() *alertSnapshot {
	return &alertSnapshot{
		ID: o.id, Revision: o.revision, OpenedAt: o.openedAt, Severity: o.severity, PeakSeverity: o.peakSeverity,
		PeakValue: o.peakValue, Late: o.late, MeasuredAt: o.measuredAt, Value: o.value, Ratio: o.ratio, Unit: o.unit,
		Flags: uint32(o.flags), Min: known(o.limit.Min), Max: known(o.limit.Max), Reference: o.limit.Reference,
		Verified: o.limit.Verified,
	}
}

func (a *alertSnapshot) restore(parameter string) *openAlert {
	return &openAlert{
		id: a.ID, revision: a.Revision, openedAt: a.OpenedAt, severity: a.Severity, peakSeverity: a.PeakSeverity,
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
	if err := snap.check(); err != nil {
		return fmt.Errorf("alert state of station %s: %w", station, err)
	}
	s := e.fresh(station)
	for i := range snap.Series {
		e.restoreSeries(s, &snap.Series[i])
	}
	for i := range snap.Orphans {
		if o := &snap.Orphans[i]; o.Open != nil {
			e.restoreRule(s, o, o.Parameter)
		}
	}
	return nil
}

// check refuses a state that Snapshot cannot have written: judging by it could only go wrong later.
func (snap *engineSnapshot) check() error {
	for _, se := range snap.Series {
		for _, r := range se.Rules {
			if r.Active < 0 || r.Active > len(r.Marks) || len(r.Marks) > maxLevels || (r.Active > 0) != (r.Open != nil) || r.Peak == nil {
				return fmt.Errorf("rule %s on %s is in a state that does not exist", r.Rule, se.Parameter)
			}
		}
	}
	return nil
}

// fresh makes the station's state empty; a station that the registry does not hold gets a place for its orphans.
func (e *Engine) fresh(station string) *stationState {
	s, ok := e.stations[station]
	if !ok {
		s = &stationState{id: station}
		e.stations[station] = s
	}
	s.series, s.orphans, s.dirty = nil, nil, false
	delete(e.dirty, s)
	return s
}

func (e *Engine) restoreSeries(s *stationState, snap *seriesSnapshot) {
	if s.st != nil && snap.Newest != nil {
		se := e.seriesOf(s, snap.Parameter)
		se.begun, se.newest = true, *snap.Newest
	}
	for i := range snap.Rules {
		e.restoreRule(s, &snap.Rules[i], snap.Parameter)
	}
}

// restoreRule gives a state back to its rule, or makes an orphan of the open alert of a rule that judges this no more.
func (e *Engine) restoreRule(s *stationState, r *ruleSnapshot, parameter string) {
	if s.st != nil {
		se := e.seriesOf(s, parameter)
		for i := range se.rules {
			if se.rules[i].rule.ID == r.Rule {
				se.rules[i].restore(r, parameter)
				return
			}
		}
	}
	if r.Open == nil {
		return
	}
	s.orphans = append(s.orphans, orphan{
		subject: subject{st: s.st, station: s.id, param: parameter, rule: r.Rule, ruleName: r.Name, basis: r.Basis},
		open:    *r.Open.restore(parameter),
	})
}

func (s *ruleState) restore(snap *ruleSnapshot, parameter string) {
	if snap.Open != nil {
		s.open = snap.Open.restore(parameter)
	}
	if snap.Peak != nil {
		s.peakValue, s.peakScore = snap.Peak[0], snap.Peak[1]
	}
	if snap.Print == s.rule.print && len(snap.Marks) == len(s.rule.levels) {
		s.active = snap.Active
		for i, m := range snap.Marks {
			if m != nil {
				s.marks[i] = *m
			}
		}
		return
	}
	if s.open == nil {
		return
	}
	// Under new levels the alert stands on the highest one that is no worse than it was, or on the lowest.
	s.active = 1
	for i, l := range s.rule.levels {
		if l.severity <= s.open.severity {
			s.active = i + 1
		}
	}
}

func known(x float64) *float64 {
	if math.IsNaN(x) {
		return nil
	}
	return &x
}

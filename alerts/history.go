package alerts

import (
	"cmp"
	"slices"
	"time"

	"quantrac/ingest"
)

// Need asks for history: readings came that lie further back than the engine can judge again from memory.
type Need struct {
	Station string
	// From is the earliest instant that is new. Start is where the readings must begin for From to be judged rightly, unless an
	// alert was open there: then at Lookback before its opening.
	From, Start time.Time
	Lookback    time.Duration
	// Late counts the readings that came too late for the station's memory. An answer that was read before it changed lacks some.
	Late uint64
}

// Reach picks from the alerts of a station, as they were last told, those that the answer must name, and says from when on the
// readings are needed so that all of them are judged from before they began.
func (n *Need) Reach(told []Alert) (start time.Time, alerts []Alert) {
	start = n.Start
	for again := true; again; {
		again = false
		for i := range told {
			a := &told[i]
			begins := a.OpenedAt.Add(-n.Lookback)
			if a.State != Withdrawn && begins.Before(start) && (a.ResolvedAt == nil || !a.ResolvedAt.Before(start)) {
				start, again = begins, true
			}
		}
	}
	for i := range told {
		if a := &told[i]; a.State != Withdrawn && (a.ResolvedAt == nil || !a.ResolvedAt.Before(n.From)) {
			alerts = append(alerts, *a)
		}
	}
	return start, alerts
}

// Waits reports whether a station waits for history: what stands about its alerts may still change.
func (e *Engine) Waits(station string) bool {
	s, ok := e.stations[station]
	return ok && s.pending != none
}

// History answers a Need.
type History struct {
	Station string
	// Readings of every parameter of the station from the start on, in any order; it does no harm if the newest are missing.
	Readings []ingest.Reading
	// Alerts are those of the station as they were last told that were open at From or opened later.
	Alerts []Alert
}

// Needs lists what history the engine waits for, by station. A need stands until a History for its station has been stepped.
func (e *Engine) Needs() []Need {
	var needs []Need
	for s := range e.pending {
		lookback := time.Duration(s.lookback)
		from := instant(s.pending)
		needs = append(needs, Need{Station: s.id, From: from, Start: from.Add(-lookback), Lookback: lookback, Late: s.tooLateSeen})
	}
	slices.SortFunc(needs, func(a, b Need) int { return cmp.Compare(a.Station, b.Station) })
	return needs
}

func (e *Engine) needHistory(s *stationState, at int64) {
	s.pending = min(s.pending, at)
	s.tooLateSeen++
	e.pending[s] = struct{}{}
}

// rejudge judges a station again from its history. What the tape knows and the history does not yet is not lost.
func (e *Engine) rejudge(h *History, at time.Time, events []Event) []Event {
	s, ok := e.stations[h.Station]
	if !ok || s.st == nil || s.pending == none {
		return events
	}
	e.touch(s)
	slices.SortStableFunc(h.Readings, func(a, b ingest.Reading) int { return a.MeasuredAt.Compare(b.MeasuredAt) })
	past := tape{room: s.tape.room}
	for i := range s.tape.cols { // the same columns in the same order, so that the tracks fit
		past.column(s.tape.cols[i].parameter)
	}
	for i := range h.Readings {
		r := &h.Readings[i]
		e.columnOf(s, r.Parameter)
		past.put(past.column(r.Parameter), r)
	}
	past.merge(&s.tape)
	s.tape = past
	f, marks := e.refoldAll(s)
	told := make([][]interval, len(s.tracks))
	for i := range s.tracks {
		told[i] = s.tracks[i].toldIn(h.Alerts, s.pending)
		f.intervals[i] = slices.DeleteFunc(f.intervals[i], func(iv interval) bool { return iv.to != never && iv.to < s.pending })
	}
	why := correction{now: at, cause: s.pending, start: never}
	s.older, s.newer, s.turned = marks[0], marks[1], 0
	events = e.adopt(s, &f, told, why, events)
	for i := range s.tracks {
		s.tracks[i].forget(s.older.at)
	}
	s.pending, s.judgedTo = none, s.tape.newest()
	delete(e.pending, s)
	s.trim()
	return events
}

// refoldAll judges the whole tape from an idle state, and gives the two checkpoints that late readings will go back to.
func (e *Engine) refoldAll(s *stationState) (folded, [2]checkpoint) {
	states := make([]ruleState, len(s.tracks))
	for i := range states {
		states[i] = newRuleState()
	}
	rows := s.tape.at
	before := func(n int) int64 {
		if n >= len(rows) {
			return rows[0] - 1
		}
		return rows[len(rows)-1-n]
	}
	marks := []int64{before(span), before(span / 2)}
	if marks[0] == marks[1] {
		marks[0]--
	}
	f := e.fold(s, 0, states, marks)
	return f, [2]checkpoint{f.at[0], f.at[1]}
}

// merge adds the values that other has and t lacks. The columns of other are the first ones of t, in its order.
func (t *tape) merge(other *tape) {
	for row, at := range other.at {
		i := t.place(at)
		for k := range other.cols {
			c, o := &t.cols[k], &other.cols[k]
			if c.cells[i]&cellPresent == 0 && o.cells[row]&cellPresent != 0 {
				c.cells[i], c.values[i] = o.cells[row], o.values[row]
			}
		}
	}
}

// toldIn picks the alerts of a track that were open at an instant or later, eldest first.
func (tr *track) toldIn(alerts []Alert, from int64) []interval {
	var out []interval
	for i := range alerts {
		a := &alerts[i]
		if a.Rule != tr.rule.ID || a.Parameter != tr.parameter || a.State == Withdrawn {
			continue
		}
		if tr.state.open != nil && tr.state.open.id == a.ID {
			out = append(out, interval{*tr.state.open, never})
			continue
		}
		iv := interval{to: never, openAlert: openAlert{
			wordless: a.Value == nil,
			id:       a.ID, revision: a.Revision, openedAt: a.OpenedAt.UnixNano(), severity: a.Severity, peakSeverity: a.PeakSeverity,
			peakValue: orNaN(a.PeakValue), late: a.Late, measuredAt: a.MeasuredAt.UnixNano(), value: orNaN(a.Value), unit: a.Unit,
			ratio: orNaN(a.Ratio), limit: Limit{Reference: a.LimitReference, Verified: a.LimitVerified, Min: orNaN(nil), Max: orNaN(a.Limit)},
		}}
		if a.State == Resolved && a.ResolvedAt != nil {
			iv.to = a.ResolvedAt.UnixNano()
		}
		if iv.to == never || iv.to >= from {
			out = append(out, iv)
		}
	}
	slices.SortStableFunc(out, func(a, b interval) int { return cmp.Compare(a.openedAt, b.openedAt) })
	return out
}

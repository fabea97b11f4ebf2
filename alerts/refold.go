package alerts

import (
	"slices"
	"time"

	"quantrac/ingest"
)

// folded is what judging a stretch of a tape anew gives.
type folded struct {
	// states of the tracks at the end, and at each of the instants that were asked for.
	states []ruleState
	at     []checkpoint
	// intervals of each track that were open in the stretch, oldest first.
	intervals [][]interval
}

// fold judges the rows from the first on, beginning with the given states, and keeps the states after each instant of marks.
func (e *Engine) fold(s *stationState, first int, states []ruleState, marks []int64) folded {
	f := folded{states: states, intervals: make([][]interval, len(s.tracks))}
	rows := s.tape.at
	for row := first; row < len(rows); row++ {
		for len(marks) > 0 && marks[0] < rows[row] {
			f.at, marks = append(f.at, checkpoint{marks[0], slices.Clone(states)}), marks[1:]
		}
		for i := range s.tracks {
			e.foldTrack(s, i, row, &f)
		}
	}
	for _, at := range marks {
		f.at = append(f.at, checkpoint{at, slices.Clone(states)})
	}
	for i := range s.tracks {
		if open := states[i].open; open != nil {
			f.intervals[i] = append(f.intervals[i], interval{*open, never})
		}
	}
	return f
}

func (e *Engine) foldTrack(s *stationState, i, row int, f *folded) {
	tr, state := &s.tracks[i], &f.states[i]
	if tr.col >= 0 && s.tape.cols[tr.col].cells[row]&cellPresent == 0 {
		return
	}
	o, ok := tr.observe(e.viewOf(s, row), s.gapNS, state)
	if !ok {
		return
	}
	e.stats.Evaluations++
	if was := state.step(tr.rule, &o); was == 0 && state.active == 0 {
		return
	}
	o.unit = tr.unit
	tr.follow(state, &o, func(at int64) string { return alertID(subjectOf(s.st, tr.parameter, tr.rule), at) })
	if state.active == 0 {
		f.intervals[i] = append(f.intervals[i], interval{*state.open, o.at})
		state.open = nil
	}
}

// refold judges again from the checkpoint before the earliest late reading.
func (e *Engine) refold(s *stationState, events []Event) []Event {
	from, marks := &s.newer, []int64(nil)
	if s.lateFrom <= from.at {
		from, marks = &s.older, []int64{s.newer.at}
	}
	start := from.at
	states := make([]ruleState, len(s.tracks))
	for i := range states {
		states[i] = from.state(i)
	}
	f := e.fold(s, s.tape.after(start), states, marks)
	if len(f.at) > 0 {
		s.newer = f.at[0]
	}
	told := make([][]interval, len(s.tracks))
	for i := range s.tracks {
		told[i] = s.tracks[i].told(start)
	}
	return e.adopt(s, &f, told, correction{now: instant(s.received), cause: s.lateFrom, start: start}, events)
}

// told lists the alerts of a track that were open after an instant, as they were told.
func (tr *track) told(after int64) []interval {
	var out []interval
	for _, iv := range tr.ended {
		if iv.to > after {
			out = append(out, iv)
		}
	}
	if tr.state.open != nil {
		out = append(out, interval{*tr.state.open, never})
	}
	return out
}

// correction says why the past is judged again: now is when we were told, cause the earliest instant that is new, start the
// instant from which on it was judged again.
type correction struct {
	now          time.Time
	cause, start int64
}

// adopt makes what was judged again the state of the station, and tells how it differs from what was told.
func (e *Engine) adopt(s *stationState, f *folded, told [][]interval, why correction, events []Event) []Event {
	for i := range s.tracks {
		tr := &s.tracks[i]
		flags, seen := ingest.Flags(0), int64(never)
		if tr.state.open != nil {
			flags, seen = tr.state.open.flags, tr.state.open.measuredAt
		}
		made, names := e.reconcile(s, tr, told[i], f.intervals[i], why)
		events = append(events, made...)
		tr.state = f.states[i]
		tr.ended = slices.DeleteFunc(tr.ended, func(iv interval) bool { return iv.to > why.start })
		for _, iv := range f.intervals[i] {
			if iv.to != never {
				tr.ended = append(tr.ended, iv)
				continue
			}
			open := iv.openAlert
			if open.measuredAt == seen {
				open.flags = flags
			}
			tr.state.open = &open
		}
		s.newer.rename(i, names)
		s.older.rename(i, names)
	}
	return events
}

// rename gives the open alert of a checkpoint the id under which it was told.
func (c *checkpoint) rename(track int, names map[int64]string) {
	if track >= len(c.states) || c.states[track].open == nil {
		return
	}
	if id, ok := names[c.states[track].open.openedAt]; ok {
		open := *c.states[track].open
		open.id = id
		c.states[track].open = &open
	}
}

// reconcile compares the alerts of a track that were told with those that are now known to have been. Both are in the order of
// time. An alert that was told keeps its id as long as anything of it was true; where two become one, the elder stays. The new
// intervals get the ids and revisions under which they are told; names says by their openings which ids those are.
func (e *Engine) reconcile(s *stationState, tr *track, told, now []interval, why correction) (events []Event, names map[int64]string) {
	names = map[int64]string{}
	match := pair(told, now)
	used := make([]int, len(told)) // 1 + the new interval that goes on under this alert
	for n, t := range match {
		if t >= 0 {
			used[t] = n + 1
		}
	}
	teller := teller{e, s, tr, why}
	for t := range told {
		if used[t] == 0 {
			events = append(events, teller.withdrawn(&told[t], heir(told[t], told, now, match)))
		}
	}
	for n := range now {
		iv := &now[n]
		if match[n] < 0 {
			if id := tr.free(iv.id, told, now[:n]); id != iv.id {
				names[iv.openedAt], iv.id = id, id
			}
			events = append(events, teller.discovered(iv)...)
			continue
		}
		was := &told[match[n]]
		names[iv.openedAt] = was.id
		iv.id, iv.revision, iv.late = was.id, was.revision, was.late
		if iv.openedAt != was.openedAt {
			tr.noteMoved(iv.id)
		}
		if iv.differs(was) {
			events = append(events, teller.amended(iv, was))
		}
	}
	return events, names
}

// pair finds for each new interval the told one that it goes on, or -1: the one that began at the same instant, else one of the
// same id, else the eldest; all but the first must overlap it.
func pair(told, now []interval) []int {
	match, taken := make([]int, len(now)), make([]bool, len(told))
	for n := range match {
		match[n] = -1
	}
	for _, fits := range []func(a, b *interval) bool{
		func(a, b *interval) bool { return a.openedAt == b.openedAt },
		func(a, b *interval) bool { return a.id == b.id && a.overlaps(b) },
		func(a, b *interval) bool { return a.overlaps(b) },
	} {
		for n := range now {
			for t := 0; t < len(told) && match[n] < 0; t++ {
				if !taken[t] && fits(&told[t], &now[n]) {
					match[n], taken[t] = t, true
				}
			}
		}
	}
	return match
}

// free is id, or one made from it while another alert has it: an alert keeps its id when its opening turns out to lie elsewhere,
// and then another may open where it seemed to.
func (tr *track) free(id string, told, now []interval) string {
	has := func(iv interval) bool { return iv.id == id }
	for slices.ContainsFunc(told, has) || slices.ContainsFunc(now, has) || slices.Contains(tr.moved, id) {
		id = nextID(id)
	}
	return id
}

// mostMoved bounds how many alerts whose opening has moved a track remembers.
const mostMoved = 32

func (tr *track) noteMoved(id string) {
	if slices.Contains(tr.moved, id) {
		return
	}
	if tr.moved = append(tr.moved, id); len(tr.moved) > mostMoved {
		tr.moved = slices.Delete(tr.moved, 0, 1)
	}
}

// heir is the id of the alert that an alert which was none has become part of, or "".
func heir(gone interval, told, now []interval, match []int) string {
	for n, t := range match {
		if t >= 0 && gone.overlaps(&now[n]) {
			return told[t].id
		}
	}
	return ""
}

func (iv *interval) overlaps(other *interval) bool {
	return (other.to == never || iv.openedAt <= other.to) && (iv.to == never || other.openedAt <= iv.to)
}

// differs reports whether somebody who was told of the one must be told of the other.
func (iv *interval) differs(was *interval) bool {
	return iv.openedAt != was.openedAt || iv.to != was.to || iv.severity != was.severity || iv.peakSeverity != was.peakSeverity ||
		iv.to != never && iv.peakValue != was.peakValue
}

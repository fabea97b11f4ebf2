package alerts

import (
	"slices"
	"time"

	"quantrac/ingest"
)

// quiet is a rule on silence at one station, for the station as a whole or for one of its parameters.
type quiet struct {
	rule *rule
	// parameter is "" for the station as a whole.
	parameter string
	open      *openAlert
}

// maxTick is the longest time between two ticks that still counts as watching. What is longer was an outage of our own, and
// nobody's silence is counted while we could not hear.
const maxTick = 30 * time.Second

// tick tells the time. Blind means that we could not have heard: the log or a broker of ours is away.
func (e *Engine) tick(at time.Time, blind bool, events []Event) []Event {
	passed := at.Sub(e.ticked)
	if passed <= 0 {
		return events
	}
	if !e.ticked.IsZero() && passed <= maxTick && !blind {
		e.watched += passed
	}
	e.ticked = at
	for i := range e.order {
		events = e.watch(e.order[i], at, events)
	}
	return e.attribute(at, events)
}

// watch opens and ends the silences of a station. A station that never spoke is not silent.
func (e *Engine) watch(s *stationState, at time.Time, events []Event) []Event {
	for i := range s.quiets {
		q := &s.quiets[i]
		last, ok := s.lastOf(q.parameter)
		if !ok {
			continue
		}
		lasted := e.silentFor(s, at)
		if q.parameter != "" {
			lasted = at.Sub(instant(last))
			if at.Sub(instant(s.tape.newest())) >= time.Duration(q.rule.After) {
				continue // the station itself is silent, which is another rule's business
			}
		}
		switch {
		case q.open == nil && lasted >= time.Duration(q.rule.After) && q.parameter == "" && e.awaitsOthers(s, q.rule, at):
		case q.open == nil && lasted >= time.Duration(q.rule.After):
			events = append(events, e.fallSilent(s, q, at.Add(time.Duration(q.rule.After)-lasted), at))
		case q.open != nil && at.Sub(instant(last)) < time.Duration(q.rule.After):
			events = append(events, e.speakAgain(s, q, instant(last), at))
		}
	}
	return events
}

// silentFor is how long a station that spoke once has been silent. Both clocks must agree: the one of the measurements, and the time that
// we watched in vain.
func (e *Engine) silentFor(s *stationState, at time.Time) time.Duration {
	return min(at.Sub(instant(s.tape.newest())), e.watched-s.heard)
}

// awaitsOthers reports whether a station that has been silent for long enough belongs to a group that seems to go away as a whole:
// nobody in it has spoken more than a cycle after this one, and some are not silent for long enough yet. They will be within a cycle, or
// speak; until then nothing is told, so that one alert can tell it all.
func (e *Engine) awaitsOthers(s *stationState, r *rule, at time.Time) bool {
	return slices.ContainsFunc(s.groups, func(g *group) bool {
		waits := false
		for _, m := range g.members {
			switch newest := m.tape.newest(); {
			case newest == never || !r.selectsStation(m.st): // who never spoke, or is not watched, says nothing
			case newest > s.tape.newest()+int64(s.st.Cycle):
				return false
			case e.silentFor(m, at) < time.Duration(r.After):
				waits = true
			}
		}
		return waits
	})
}

// lastOf is the newest instant at which a parameter, or for "" anything, was told.
func (s *stationState) lastOf(parameter string) (int64, bool) {
	if parameter == "" {
		return s.tape.newest(), len(s.tape.at) > 0
	}
	col := s.tape.find(parameter)
	if col < 0 {
		return 0, false
	}
	cells := s.tape.cols[col].cells
	for row := len(cells) - 1; row >= 0; row-- {
		if cells[row]&cellPresent != 0 {
			return s.tape.at[row], true
		}
	}
	return 0, false
}

func (e *Engine) fallSilent(s *stationState, q *quiet, opened, now time.Time) Event {
	e.touch(s)
	last, _ := s.lastOf(q.parameter)
	sub := subjectOf(s.st, q.parameter, q.rule)
	opened = opened.Truncate(time.Second)
	q.open = &openAlert{
		id: alertID(sub, last), revision: 1, openedAt: opened.UnixNano(), severity: q.rule.levels[0].severity,
		peakSeverity: q.rule.levels[0].severity, measuredAt: last, late: now.Sub(opened) > lateAfter, wordless: true,
	}
	return Event{Type: Opened, At: opened.UTC(), Made: now.UTC(), Alert: e.alert(sub, q.open)}
}

func (e *Engine) speakAgain(s *stationState, q *quiet, at, now time.Time) Event {
	e.touch(s)
	sub := subjectOf(s.st, q.parameter, q.rule)
	if opened := instant(q.open.openedAt); at.Before(opened) {
		at = opened
	}
	q.open.revision++
	q.open.measuredAt, q.open.late = at.UnixNano(), now.Sub(at) > lateAfter
	a := e.alert(sub, q.open)
	e.resolve(&a, sub, at.UTC(), "")
	q.open = nil
	return Event{Type: WasResolved, At: at.UTC(), Made: now.UTC(), Alert: a}
}

// hear ends silences by a reading that is news of the present.
func (e *Engine) hear(s *stationState, r *ingest.Reading, events []Event) []Event {
	s.heard = e.watched
	for i := range s.quiets {
		q := &s.quiets[i]
		if q.open == nil {
			continue
		}
		age := r.ReceivedAt.Sub(r.MeasuredAt)
		if (q.parameter == "" || q.parameter == r.Parameter) && age < time.Duration(q.rule.After) {
			events = append(events, e.speakAgain(s, q, r.MeasuredAt, r.ReceivedAt))
		}
	}
	return events
}

// Adopt takes over an open silence that the journal holds and the engine forgot, because it fell silent after the last snapshot.
// It reports whether a rule still watches it.
func (e *Engine) Adopt(a *Alert) bool {
	if a.Scope != "" {
		return e.adoptOutage(a)
	}
	s, ok := e.stations[a.Station.ID]
	if !ok || s.st == nil || a.Basis != OnSilence {
		return false
	}
	for i := range s.quiets {
		q := &s.quiets[i]
		if q.rule.ID != a.Rule || q.parameter != a.Parameter || q.open != nil {
			continue
		}
		q.open = &openAlert{
			id: a.ID, revision: a.Revision, openedAt: a.OpenedAt.UnixNano(), severity: a.Severity, peakSeverity: a.PeakSeverity,
			measuredAt: a.MeasuredAt.UnixNano(), wordless: true,
		}
		e.touch(s)
		return true
	}
	return false
}

// Drop forgets an open silence that the journal knows to have ended after the last snapshot.
func (e *Engine) Drop(a *Alert) bool {
	s, ok := e.stations[a.Station.ID]
	if !ok || a.Basis != OnSilence {
		return false
	}
	for i := range s.quiets {
		if q := &s.quiets[i]; q.open != nil && q.open.id == a.ID {
			q.open = nil
			e.touch(s)
			return true
		}
	}
	return false
}

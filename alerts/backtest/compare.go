package backtest

import (
	"slices"
	"time"

	"quantrac/alerts"
)

// result is what the play of a station gave: the alerts that lie in the span, at least in part.
type result struct {
	station string
	draft   []*span
	inForce []*span
	// added are of the draft alone, gone of the rules in force alone; missed are those of gone that were true exceedances.
	added  int
	gone   int
	missed []*span
}

// compare finds what only one of the two engines saw, from an instant on.
func (p *play) compare(from time.Time) result {
	out := result{station: p.st.ID, draft: p.draft.since(from)}
	if p.inForce == nil {
		return out
	}
	out.inForce = p.inForce.since(from)
	seen, known := byParameter(out.draft), byParameter(out.inForce)
	for _, s := range out.draft {
		if !overlapped(s, known[s.alert.Parameter]) {
			out.added++
			s.alone = true
		}
	}
	for _, s := range out.inForce {
		if overlapped(s, seen[s.alert.Parameter]) {
			continue
		}
		out.gone++
		s.alone = true
		if s.exceedance() {
			s.missed = true
			out.missed = append(out.missed, s)
		}
	}
	return out
}

// since lists the alerts that had not ended at an instant, in the order in which they opened. What was withdrawn never was.
func (e *engine) since(from time.Time) []*span {
	var out []*span
	for _, id := range e.order {
		if s := e.spans[id]; s.alert.State != alerts.Withdrawn && !s.end.Before(from) {
			out = append(out, s)
		}
	}
	return out
}

// byParameter keeps the order of the openings.
func byParameter(spans []*span) map[string][]*span {
	out := map[string][]*span{}
	for _, s := range spans {
		out[s.alert.Parameter] = append(out[s.alert.Parameter], s)
	}
	return out
}

// overlapped reports whether any of the spans, which are in the order of their openings, has an instant with s in common. The spans of
// one rule and parameter do not overlap each other, so the candidates are few; with several rules all that opened before are looked at.
func overlapped(s *span, others []*span) bool {
	n, _ := slices.BinarySearchFunc(others, s.end, func(o *span, end time.Time) int {
		if o.alert.OpenedAt.After(end) {
			return 1
		}
		return -1
	})
	for i := n - 1; i >= 0; i-- {
		if !others[i].end.Before(s.alert.OpenedAt) {
			return true
		}
	}
	return false
}

// exceedance reports a critical alert of a value, or mean of values, that reached its limit.
func (s *span) exceedance() bool {
	return s.alert.PeakSeverity >= alerts.Critical && s.ratio >= 1
}

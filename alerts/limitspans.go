package alerts

import (
	"math"
	"slices"
	"time"

	"quantrac/geo"
)

// LimitSpan is a limit with the time in which it holds: From inclusive, To exclusive; a zero time leaves that end open.
type LimitSpan struct {
	Limit
	From, To time.Time
	// Set is the id of the limit set; Legal is what puts it in force.
	Set, Legal string
}

// Spans lists the limits of a parameter at a station, one after the other and never two at a time: what For answers, over all of
// time. There are gaps where no limit holds.
func (l *Limits) Spans(st *geo.Station, parameter string) []LimitSpan {
	spans := l.spans(st, parameter)
	var cuts []int64
	for _, s := range spans {
		cuts = append(cuts, s.from, s.to)
	}
	slices.Sort(cuts)
	cuts = slices.Compact(cuts)
	var out []LimitSpan
	var before *limitSpan
	for i, from := range cuts {
		now := spanAt(spans, from)
		if now != nil && before != nil && now.limit == before.limit {
			out[len(out)-1].To = timeOrOpen(cuts[i+1])
			continue
		}
		before = now
		if now != nil {
			out = append(out, LimitSpan{
				Limit: *now.limit, From: timeOrOpen(from), To: timeOrOpen(cuts[i+1]), Set: now.set.ID, Legal: now.set.Legal,
			})
		}
	}
	return out
}

// spanAt is the first span in force; there is always a later cut than at, since a span ends.
func spanAt(spans []limitSpan, at int64) *limitSpan {
	for i := range spans {
		if at >= spans[i].from && at < spans[i].to {
			return &spans[i]
		}
	}
	return nil
}

func timeOrOpen(ns int64) time.Time {
	if ns == math.MinInt64 || ns == math.MaxInt64 {
		return time.Time{}
	}
	return time.Unix(0, ns).UTC()
}

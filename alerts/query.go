package alerts

import (
	"errors"
	"time"
)

// Query selects alerts; an empty field selects all.
type Query struct {
	State, Severity, Park, Station, Parameter, Rule string
	// From and To bound opened_at: from inclusive, to exclusive.
	From, To time.Time
	// Since selects the alerts that were not over by then, and of those only what really was: none that was withdrawn.
	Since time.Time
	Limit int
	// After is the cursor that the last page gave.
	After string
}

// ErrCursor means that a cursor is not one of ours.
var ErrCursor = errors.New("cursor is not one that this list gave")

// Matches reports whether the query selects a.
func (q *Query) Matches(a *Alert) bool {
	is := func(want, got string) bool { return want == "" || want == got }
	return is(q.State, a.State) && is(q.Severity, a.Severity.String()) && is(q.Station, a.Station.ID) &&
		is(q.Parameter, a.Parameter) && is(q.Rule, a.Rule) && (q.Park == "" || a.Park != nil && a.Park.ID == q.Park) &&
		q.wasOpen(a) && (q.From.IsZero() || !a.OpenedAt.Before(q.From)) && (q.To.IsZero() || a.OpenedAt.Before(q.To))
}

func (q *Query) wasOpen(a *Alert) bool {
	return q.Since.IsZero() || a.State != Withdrawn && (a.ResolvedAt == nil || a.ResolvedAt.After(q.Since))
}

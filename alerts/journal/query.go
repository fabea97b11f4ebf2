package journal

import (
	"cmp"
	"context"
	"slices"
	"time"

	"quantrac/alerts"
)

// OfStation lists every alert of a station as it was last told, newest first.
func (j *Journal) OfStation(station string) []alerts.Alert {
	j.mu.RLock()
	defer j.mu.RUnlock()
	var out []alerts.Alert
	for _, e := range j.newest {
		if e.alert.Station.ID == station {
			out = append(out, e.alert)
		}
	}
	return out
}

// List returns alerts, newest first, and the cursor of the next page; "" = there is none.
func (j *Journal) List(q alerts.Query) ([]alerts.Alert, string, error) {
	after, err := parseCursor(q.After)
	if err != nil {
		return nil, "", err
	}
	j.mu.RLock()
	defer j.mu.RUnlock()
	found := []alerts.Alert{}
	if q.Limit <= 0 {
		return found, "", nil
	}
	start := 0
	if after != nil {
		var exact bool
		if start, exact = slices.BinarySearchFunc(j.newest, after, newerFirst); exact {
			start++
		}
	}
	for _, e := range j.newest[start:] {
		if !q.Matches(&e.alert) {
			continue
		}
		if len(found) == q.Limit {
			return found, cursor(&found[len(found)-1]), nil
		}
		found = append(found, e.alert)
	}
	return found, "", nil
}

const cursorTime = "20060102T150405.000000000"

func cursor(a *alerts.Alert) string { return a.OpenedAt.UTC().Format(cursorTime) + "." + a.ID }

func parseCursor(s string) (*entry, error) {
	if s == "" {
		return nil, nil
	}
	if len(s) <= len(cursorTime)+1 || s[len(cursorTime)] != '.' {
		return nil, alerts.ErrCursor
	}
	t, err := time.Parse(cursorTime, s[:len(cursorTime)])
	if err != nil {
		return nil, alerts.ErrCursor
	}
	return &entry{alert: alerts.Alert{OpenedAt: t, ID: s[len(cursorTime)+1:]}}, nil
}

// Open lists the open alerts, worst first, then newest.
func (j *Journal) Open() []alerts.Alert {
	j.mu.RLock()
	defer j.mu.RUnlock()
	entries := make([]*entry, 0, len(j.open))
	for e := range j.open {
		entries = append(entries, e)
	}
	slices.SortFunc(entries, func(a, b *entry) int {
		return cmp.Or(cmp.Compare(b.alert.Severity, a.alert.Severity), newerFirst(a, b))
	})
	open := make([]alerts.Alert, len(entries))
	for i, e := range entries {
		open[i] = e.alert
	}
	return open
}

// Get returns an alert and its events, oldest first.
func (j *Journal) Get(ctx context.Context, id string) (alerts.Alert, []alerts.Event, bool, error) {
	j.mu.RLock()
	e, ok := j.byID[id]
	if !ok {
		j.mu.RUnlock()
		return alerts.Alert{}, nil, false, nil
	}
	alert, at := e.alert, slices.Clone(e.at)
	j.mu.RUnlock()
	var timeline []alerts.Event
	for _, seq := range at {
		r, err := j.records.Get(ctx, seq)
		if err != nil {
			return alert, nil, true, err
		}
		step, err := decode(r)
		if err != nil {
			return alert, nil, true, err
		}
		for _, ev := range step.Events {
			if ev.Alert.ID == id {
				timeline = append(timeline, ev)
			}
		}
	}
	return alert, timeline, true, nil
}

// since is when it was known here that an alert is as bad as it is.
func (j *Journal) since(id string) time.Time {
	j.mu.RLock()
	defer j.mu.RUnlock()
	e, ok := j.byID[id]
	if !ok {
		return time.Time{}
	}
	return e.since
}

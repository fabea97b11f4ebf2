// Package journal keeps alerts and their timelines in the ALERTS stream, and runs the engine over the intake log.
//
// It promises: one record a step, appended under the expected sequence, so that what the engine said is said once; after a
// restart the engine is replayed in silence up to the last record and goes on behind it, so that nothing is repeated and
// nothing forgotten; timelines are never trimmed.
package journal

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"quantrac/alerts"
	"quantrac/ingest/stream"
)

// Step is one record of the ALERTS stream: what the engine made of the intake log up to IntakeTo.
type Step struct {
	IntakeTo uint64         `json:"intake_to"`
	Events   []alerts.Event `json:"events"`
}

// Journal is the fold of the ALERTS stream: every alert as it is now, and where its timeline stands.
type Journal struct {
	records *stream.Stream

	mu       sync.RWMutex
	byID     map[string]*entry
	newest   []*entry // by opened_at, newest first
	last     uint64
	intakeTo uint64
}

type entry struct {
	alert alerts.Alert
	// at are the sequences of the records that speak of the alert.
	at []uint64
}

// Open reads the stream.
func Open(ctx context.Context, log *stream.Log) (*Journal, error) {
	records, err := log.Stream(ctx, "ALERTS")
	if err != nil {
		return nil, err
	}
	j := &Journal{records: records, byID: map[string]*entry{}}
	if err := j.catchUp(ctx); err != nil {
		return nil, fmt.Errorf("read the alert journal: %w", err)
	}
	return j, nil
}

func (j *Journal) catchUp(ctx context.Context) error {
	_, err := j.records.Replay(ctx, j.last, func(recs []stream.Record) error {
		for _, r := range recs {
			step, err := decode(r)
			if err != nil {
				return err
			}
			j.fold(r.Sequence, step)
		}
		return nil
	})
	return err
}

func decode(r stream.Record) (Step, error) {
	var s Step
	if err := json.Unmarshal(r.Data, &s); err != nil {
		return s, fmt.Errorf("alert record %d: %w", r.Sequence, err)
	}
	return s, nil
}

func (j *Journal) fold(seq uint64, s Step) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.last, j.intakeTo = seq, max(j.intakeTo, s.IntakeTo)
	for _, ev := range s.Events {
		e, known := j.byID[ev.Alert.ID]
		if !known {
			e = &entry{alert: ev.Alert}
			j.byID[ev.Alert.ID] = e
			i, _ := slices.BinarySearchFunc(j.newest, e, newerFirst)
			j.newest = slices.Insert(j.newest, i, e)
		}
		e.alert = ev.Alert
		if n := len(e.at); n == 0 || e.at[n-1] != seq {
			e.at = append(e.at, seq)
		}
	}
}

func newerFirst(a, b *entry) int {
	if c := b.alert.OpenedAt.Compare(a.alert.OpenedAt); c != 0 {
		return c
	}
	return strings.Compare(a.alert.ID, b.alert.ID)
}

// Append adds a step. Only one engine may append: a conflict that is not a lost answer of our own is an error.
func (j *Journal) Append(ctx context.Context, s Step) error {
	data, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("write alert record: %w", err)
	}
	seq, err := j.records.Append(ctx, data, j.last)
	if errors.Is(err, stream.ErrConflict) {
		if cerr := j.catchUp(ctx); cerr != nil {
			return errors.Join(err, cerr)
		}
		if j.IntakeTo() >= s.IntakeTo {
			return nil // the first try had been stored, only its answer was lost
		}
	}
	if err != nil {
		return err
	}
	j.fold(seq, s)
	return nil
}

// IntakeTo is the place in the intake log up to which everything has been said.
func (j *Journal) IntakeTo() uint64 {
	j.mu.RLock()
	defer j.mu.RUnlock()
	return j.intakeTo
}

// LastSequence is the sequence of the newest record.
func (j *Journal) LastSequence() uint64 {
	j.mu.RLock()
	defer j.mu.RUnlock()
	return j.last
}

// Events calls handle with the events of every record behind sequence after, in order, until ctx ends.
func (j *Journal) Events(ctx context.Context, after uint64, handle func(seq uint64, events []alerts.Event) error) error {
	return j.records.Follow(ctx, after, func(recs []stream.Record) error {
		for _, r := range recs {
			step, err := decode(r)
			if err != nil {
				return err
			}
			if err := handle(r.Sequence, step.Events); err != nil {
				return err
			}
		}
		return nil
	})
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
	if len(s) <= len(cursorTime)+1 {
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
	open := []alerts.Alert{}
	for _, e := range j.newest {
		if e.alert.State == alerts.Open {
			open = append(open, e.alert)
		}
	}
	slices.SortStableFunc(open, func(a, b alerts.Alert) int { return cmp.Compare(b.Severity, a.Severity) })
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

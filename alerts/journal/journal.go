// Package journal keeps alerts and their timelines in the ALERTS stream, and runs the engine over the intake log.
//
// It promises: a step is appended under the expected sequence, so that what the engine said is said once; after a restart the
// engine is replayed in silence up to the last step and goes on behind it, so that nothing is repeated and nothing forgotten;
// where the rules have changed in between, the open alerts of journal and engine are brought together; the revisions of an
// alert rise; timelines are never trimmed.
package journal

import (
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
	// More marks a part of a step that is too large for one record. IntakeTo has not moved yet; the next record goes on.
	More bool `json:"more,omitempty"`
}

// mostRecord is what one record takes at most, in bytes, unless one event alone is larger. Every log takes it.
const mostRecord = 512 << 10

// Journal is the fold of the ALERTS stream: every alert as it is now, and where its timeline stands.
type Journal struct {
	records *stream.Stream
	// most is what one record takes at most, in bytes.
	most int

	// append lets the engine and people take turns.
	append sync.Mutex

	mu       sync.RWMutex
	byID     map[string]*entry
	newest   []*entry // by opened_at, newest first
	open     map[*entry]struct{}
	last     uint64
	intakeTo uint64
	// begun are the events of the parts of a step that has not ended: said, although they lie behind intakeTo.
	begun map[key]struct{}
}

// key tells one event from all others: an alert changes once at one instant.
type key struct {
	alert string
	typ   alerts.EventType
	at    int64
}

func keyOf(ev *alerts.Event) key { return key{ev.Alert.ID, ev.Type, ev.At.UnixNano()} }

type entry struct {
	alert alerts.Alert
	// at are the sequences of the records that speak of the alert.
	at []uint64
	// since is when it was known here that the alert is as bad as it is: nobody can act upon what came late before it came.
	since time.Time
}

// Open reads the stream.
func Open(ctx context.Context, log *stream.Log) (*Journal, error) {
	records, err := log.Stream(ctx, "ALERTS")
	if err != nil {
		return nil, err
	}
	j := &Journal{records: records, most: mostRecord, byID: map[string]*entry{}, open: map[*entry]struct{}{}, begun: map[key]struct{}{}}
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
	if !s.More {
		clear(j.begun)
	}
	for i := range s.Events {
		ev := &s.Events[i]
		if s.More {
			j.begun[keyOf(ev)] = struct{}{}
		}
		was, known := j.byID[ev.Alert.ID]
		news := !known || ev.Alert.Severity > was.alert.Severity || ev.Released
		e := j.place(&ev.Alert)
		if news {
			e.since = ev.Made
		}
		if n := len(e.at); n == 0 || e.at[n-1] != seq {
			e.at = append(e.at, seq)
		}
		delete(j.open, e)
		if e.alert.State == alerts.Open {
			j.open[e] = struct{}{}
		}
	}
}

// place makes a the newest word on its alert, at its place in the list.
func (j *Journal) place(a *alerts.Alert) *entry {
	e, known := j.byID[a.ID]
	switch {
	case known && e.alert.OpenedAt.Equal(a.OpenedAt):
		e.alert = *a
		return e
	case known:
		i, _ := slices.BinarySearchFunc(j.newest, e, newerFirst)
		j.newest = slices.Delete(j.newest, i, i+1)
	default:
		e = &entry{}
		j.byID[a.ID] = e
	}
	e.alert = *a
	i, _ := slices.BinarySearchFunc(j.newest, e, newerFirst)
	j.newest = slices.Insert(j.newest, i, e)
	return e
}

func newerFirst(a, b *entry) int {
	if c := b.alert.OpenedAt.Compare(a.alert.OpenedAt); c != 0 {
		return c
	}
	return strings.Compare(a.alert.ID, b.alert.ID)
}

// Append adds a step of the engine, in parts where it is large. What an earlier, interrupted try has left is not said again. Only one
// process may append: a conflict that is not a lost answer of our own is an error.
func (j *Journal) Append(ctx context.Context, s Step) error {
	j.append.Lock()
	defer j.append.Unlock()
	events := j.unsaid(s.Events)
	for {
		part := Step{IntakeTo: s.IntakeTo}
		n, err := j.fits(events)
		if err != nil {
			return err
		}
		if part.Events = events[:n]; n < len(events) {
			part.IntakeTo, part.More = j.IntakeTo(), true
		}
		if err := j.appendPart(ctx, part); err != nil {
			return err
		}
		if events = events[n:]; len(events) == 0 {
			return nil
		}
	}
}

// unsaid leaves out the events that an unfinished step has said, and makes the revisions of each alert go on from the journal's:
// an engine that starts again under other rules may count from elsewhere.
func (j *Journal) unsaid(events []alerts.Event) []alerts.Event {
	j.mu.RLock()
	defer j.mu.RUnlock()
	out := make([]alerts.Event, 0, len(events))
	last := map[string]*alerts.Alert{} // as they will be told before the next event
	was := func(id string) *alerts.Alert {
		if a := last[id]; a != nil {
			return a
		}
		if e, known := j.byID[id]; known {
			return &e.alert
		}
		return nil
	}
	for _, ev := range events {
		if _, said := j.begun[keyOf(&ev)]; said {
			continue
		}
		if before := was(ev.Alert.ID); before != nil {
			if !ev.CarryOver(before) {
				continue
			}
			if ev.Alert.Severity > before.Severity {
				speakUp(&ev.Alert, was(ev.Alert.InhibitedBy))
			}
			ev.Alert.Notified = before.Notified
			ev.Alert.Revision = max(ev.Alert.Revision, before.Revision+1)
		}
		ev.Alert.Notified = ev.Alert.Notified || !ev.Quiet()
		out = append(out, ev)
		last[ev.Alert.ID] = &out[len(out)-1].Alert
	}
	return out
}

// speakUp frees an alert that has become worse than the one that explained it.
func speakUp(a, by *alerts.Alert) {
	if by != nil && a.Severity > by.PeakSeverity {
		a.InhibitedBy = ""
	}
}

// fits is how many of the events go into one record, at least one if there is one.
func (j *Journal) fits(events []alerts.Event) (int, error) {
	size := 0
	for i := range events {
		b, err := json.Marshal(&events[i])
		if err != nil {
			return 0, fmt.Errorf("write event of alert %s: %w", events[i].Alert.ID, err)
		}
		if size += len(b) + 1; size > j.most && i > 0 {
			return i, nil
		}
	}
	return len(events), nil
}

func (j *Journal) appendPart(ctx context.Context, s Step) error {
	data, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("write alert record: %w", err)
	}
	seq, err := j.records.Append(ctx, data, j.last)
	if errors.Is(err, stream.ErrConflict) {
		if cerr := j.catchUp(ctx); cerr != nil {
			return errors.Join(err, cerr)
		}
		if !s.More && j.IntakeTo() >= s.IntakeTo && j.knows(s.Events) {
			return nil // the first try had been stored, only its answer was lost
		}
	}
	if err != nil {
		return err
	}
	j.fold(seq, s)
	return nil
}

// knows reports whether the journal holds all of the events.
func (j *Journal) knows(events []alerts.Event) bool {
	j.mu.RLock()
	defer j.mu.RUnlock()
	for i := range events {
		a := &events[i].Alert
		if e, ok := j.byID[a.ID]; !ok || e.alert.Revision < a.Revision {
			return false
		}
	}
	return true
}

// Unfinished reports whether the last step lacks parts, because the process that wrote it ended.
func (j *Journal) Unfinished() bool {
	j.mu.RLock()
	defer j.mu.RUnlock()
	return len(j.begun) > 0
}

// State is the state of an alert and its severity; "" when the journal does not know it.
func (j *Journal) State(id string) (string, alerts.Severity) {
	j.mu.RLock()
	defer j.mu.RUnlock()
	e, ok := j.byID[id]
	if !ok {
		return "", alerts.None
	}
	return e.alert.State, e.alert.Severity
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

// waitFor waits until the journal itself knows a record, so that whoever is told of an alert can ask for it. The stream may be
// quicker by a moment than the answer to the append.
func (j *Journal) waitFor(ctx context.Context, sequence uint64) {
	const most, step = time.Second, time.Millisecond
	for waited := time.Duration(0); waited < most && j.LastSequence() < sequence; waited += step {
		t := time.NewTimer(step)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return
		}
	}
}

// Events calls handle with the events of every record behind sequence after, in order, until ctx ends.
func (j *Journal) Events(ctx context.Context, after uint64, handle func(seq uint64, events []alerts.Event) error) error {
	return j.records.Follow(ctx, after, func(recs []stream.Record) error {
		for _, r := range recs {
			step, err := decode(r)
			if err != nil {
				return err
			}
			j.waitFor(ctx, r.Sequence)
			if err := handle(r.Sequence, step.Events); err != nil {
				return err
			}
		}
		return nil
	})
}

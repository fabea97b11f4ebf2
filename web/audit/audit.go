// Package audit keeps who changed what, in the AUDIT stream.
//
// It promises: Add returns nil only when the entry is on disk; entries are never changed, trimmed or expired; one that could not be
// written is kept in memory and written before the next, up to maxOwed of them (it may then stand twice, when the stream took it and
// could not say so); Find reads a bounded part of the stream, however old
// the stream is.
package audit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sort"
	"strings"
	"sync"
	"time"

	"quantrac/ingest/stream"
)

// Entry is one change, or one act of an officer.
type Entry struct {
	Sequence uint64    `json:"-"`
	At       time.Time `json:"at"`
	// ActorKind is user, token, anonymous or system.
	ActorKind string `json:"actor_kind"`
	ActorID   string `json:"actor_id,omitempty"`
	ActorName string `json:"actor_name,omitempty"`
	Action    string `json:"action"`
	Object    string `json:"object"`
	// Before and After are the object as it was and is; nil = it was not there, or is not any more.
	Before json.RawMessage `json:"before,omitempty"`
	After  json.RawMessage `json:"after,omitempty"`
	// From is the network address that the request came from.
	From string `json:"from,omitempty"`
}

// Query selects entries; an empty field selects all.
type Query struct {
	// Actor is an id or a name.
	Actor string
	// Action is one action, or the part before its dot: "rule" selects rule.update too.
	Action string
	Object string
	// From is inclusive, To exclusive.
	From, To time.Time
	// Before is the sequence behind the newest entry that is looked at; 0 = the end of the stream.
	Before uint64
	Limit  int
}

func (q *Query) selects(e *Entry) bool {
	group := strings.HasPrefix(e.Action, q.Action+".")
	switch {
	case q.Actor != "" && q.Actor != e.ActorID && q.Actor != e.ActorName,
		q.Action != "" && q.Action != e.Action && !group,
		q.Object != "" && q.Object != e.Object,
		!q.From.IsZero() && e.At.Before(q.From),
		!q.To.IsZero() && !e.At.Before(q.To):
		return false
	}
	return true
}

const (
	// maxOwed bounds what waits for a stream that cannot be written.
	maxOwed = 1000
	// chunk is how many records are read at a time, mostScanned how many for one answer at most.
	chunk       = 1000
	mostScanned = 20 * chunk
	// clockSlack is by how much a clock may have been set back: entries are in order of time only so far.
	clockSlack = time.Hour
)

// Log is the open stream.
type Log struct {
	records *stream.Stream

	mu   sync.Mutex
	owed []Entry
}

// Open opens the stream, and makes it where there is none.
func Open(ctx context.Context, log *stream.Log) (*Log, error) {
	records, err := log.Stream(ctx, "AUDIT")
	if err != nil {
		return nil, err
	}
	return &Log{records: records}, nil
}

// Add appends an entry, behind those that are owed.
func (l *Log) Add(ctx context.Context, e Entry) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	err := l.settle(ctx)
	if err == nil {
		err = l.write(ctx, &e)
	}
	switch {
	case err == nil:
		return nil
	case len(l.owed) >= maxOwed:
		return fmt.Errorf("audit %s %s: lost, %d entries wait already: %w", e.Action, e.Object, len(l.owed), err)
	}
	l.owed = append(l.owed, e)
	return fmt.Errorf("audit %s %s: kept in memory until the next: %w", e.Action, e.Object, err)
}

// settle writes what is owed.
func (l *Log) settle(ctx context.Context) error {
	for len(l.owed) > 0 {
		if err := l.write(ctx, &l.owed[0]); err != nil {
			return err
		}
		l.owed = l.owed[1:]
	}
	return nil
}

func (l *Log) write(ctx context.Context, e *Entry) error {
	b, err := json.Marshal(e)
	if err != nil {
		return err
	}
	_, err = l.records.Add(ctx, b)
	if !errors.Is(err, stream.ErrTooLarge) {
		return err
	}
	// Better an entry without the values than none, and than one that holds up all that follow.
	short := *e
	short.Before, short.After = nil, json.RawMessage(`{"omitted":"too large for a record"}`)
	if b, err = json.Marshal(&short); err != nil {
		return err
	}
	_, err = l.records.Add(ctx, b)
	return err
}

// Find returns the entries that q selects, newest first. next is what Before must be for the page behind; 0 = there is none. A page may
// hold fewer entries than the limit, or none, and still have a next: so much was looked at.
func (l *Log) Find(ctx context.Context, q Query) (items []Entry, next uint64, err error) {
	last, err := l.records.LastSequence(ctx)
	if err != nil {
		return nil, 0, err
	}
	upto := last
	if q.Before > 0 {
		upto = min(upto, q.Before-1)
	}
	if !q.To.IsZero() {
		if upto, err = l.before(ctx, upto, q.To.Add(clockSlack)); err != nil {
			return nil, 0, err
		}
	}
	for scanned := 0; upto > 0; {
		after := upto - min(upto, chunk)
		part, err := l.read(ctx, after, upto)
		if err != nil {
			return nil, 0, err
		}
		for i := len(part) - 1; i >= 0; i-- {
			e := &part[i]
			if !q.From.IsZero() && e.At.Before(q.From.Add(-clockSlack)) {
				return items, 0, nil
			}
			if q.selects(e) {
				items = append(items, *e)
			}
			if len(items) == q.Limit {
				return items, onward(e.Sequence), nil
			}
		}
		upto, scanned = after, scanned+len(part)
		if scanned >= mostScanned {
			return items, onward(upto + 1), nil
		}
	}
	return items, 0, nil
}

// onward is the next of a page that ended at sequence; there is nothing before the first.
func onward(sequence uint64) uint64 {
	if sequence <= 1 {
		return 0
	}
	return sequence
}

func (l *Log) read(ctx context.Context, after, upto uint64) ([]Entry, error) {
	var part []Entry
	_, err := l.records.Range(ctx, after, upto, func(recs []stream.Record) error {
		for _, r := range recs {
			e, err := decode(r)
			if err != nil {
				return err
			}
			part = append(part, e)
		}
		return nil
	})
	return part, err
}

func decode(r stream.Record) (Entry, error) {
	var e Entry
	if err := json.Unmarshal(r.Data, &e); err != nil {
		return e, fmt.Errorf("audit record %d: %w", r.Sequence, err)
	}
	e.Sequence = r.Sequence
	return e, nil
}

// before is the sequence of the last record up to upto that is older than t; 0 = all are younger.
func (l *Log) before(ctx context.Context, upto uint64, t time.Time) (uint64, error) {
	var failed error
	n := sort.Search(int(upto), func(i int) bool {
		r, err := l.records.Get(ctx, uint64(i)+1)
		if err != nil {
			failed = err
			return true
		}
		e, err := decode(r)
		if err != nil {
			failed = err
		}
		return err != nil || !e.At.Before(t)
	})
	return uint64(n), failed
}

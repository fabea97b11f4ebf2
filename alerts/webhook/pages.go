package webhook

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"quantrac/alerts"
	"quantrac/ingest/stream"
)

// Query selects records of deliveries.
type Query struct {
	// State "pending" lists what is open and "dead" what has ended without an answer, each delivery once as it is now; "delivered"
	// lists the tries that were answered; "" lists every try.
	State string
	// Cursor is what the last page gave.
	Cursor string
	// Limit is clamped to 1,000; 0 = 100.
	Limit int
}

// The states by which deliveries are listed.
const (
	StatePending   = "pending"
	StateDead      = "dead"
	StateDelivered = "delivered"
)

const (
	defaultLimit = 100
	maxLimit     = 1000
	// maxOfAlert bounds the tries that one timeline shows: the newest.
	maxOfAlert = 500
	// maxBlocks bounds the blocks that one page reads; a page may be shorter for it.
	maxBlocks = 16
)

// ErrState means that deliveries are not listed by such a state.
var ErrState = fmt.Errorf("state is none of %s, %s, %s", StatePending, StateDead, StateDelivered)

// Find lists the tries of a webhook, newest first, and the cursor of the next page; "" = there is none. A page may be shorter than
// asked for although there is a next one. Errors: ErrNotFound, ErrState, alerts.ErrCursor.
func (s *Sender) Find(ctx context.Context, id string, q Query) ([]Attempt, string, error) {
	if _, err := s.find(id); err != nil {
		return nil, "", err
	}
	before := uint64(1<<64 - 1)
	if q.Cursor != "" {
		var err error
		if before, err = strconv.ParseUint(q.Cursor, 10, 64); err != nil {
			return nil, "", alerts.ErrCursor
		}
	}
	if q.Limit <= 0 {
		q.Limit = defaultLimit
	}
	q.Limit = min(q.Limit, maxLimit)
	switch q.State {
	case StatePending, StateDead:
		return s.ledger.standing(ctx, id, q, before)
	case StateDelivered:
		return s.ledger.page(ctx, id, before, q.Limit, func(a *Attempt) bool { return a.State == Delivered })
	case "":
		return s.ledger.page(ctx, id, before, q.Limit, func(*Attempt) bool { return true })
	}
	return nil, "", ErrState
}

// OfAlert lists what was sent about an alert, oldest first, for its timeline. What recipients answered and why they could
// not be reached is left out: viewers of an alert may not know recipients.
func (s *Sender) OfAlert(ctx context.Context, alert string) ([]Attempt, error) {
	list, err := s.ledger.ofAlert(ctx, alert)
	for i := range list {
		list[i].Answer, list[i].Error = "", ""
	}
	return list, err
}

// standing lists the open or the dead deliveries of a webhook as they are now.
func (l *ledger) standing(ctx context.Context, webhook string, q Query, before uint64) ([]Attempt, string, error) {
	var seqs []uint64
	l.mu.Lock()
	if acc := l.hooks[webhook]; acc != nil {
		if q.State == StatePending {
			for _, h := range acc.open {
				seqs = append(seqs, h.seq)
			}
		} else {
			for _, seq := range acc.dead {
				seqs = append(seqs, seq)
			}
		}
	}
	l.mu.Unlock()
	seqs = slices.DeleteFunc(seqs, func(seq uint64) bool { return seq >= before })
	slices.SortFunc(seqs, func(a, b uint64) int { return cmp.Compare(b, a) })
	more := len(seqs) > q.Limit
	seqs = seqs[:min(len(seqs), q.Limit)]
	items, err := l.read(ctx, seqs)
	if err != nil || !more {
		return items, "", err
	}
	return items, cursorAt(seqs[len(seqs)-1]), nil
}

func cursorAt(seq uint64) string { return strconv.FormatUint(seq, 10) }

// page collects the records of a webhook before a sequence that keep says yes to, newest first.
func (l *ledger) page(ctx context.Context, webhook string, before uint64, limit int, keep func(*Attempt) bool) ([]Attempt, string, error) {
	l.mu.Lock()
	tail := slices.Clone(l.blocks.byWebhook[webhook])
	end := l.blocks.end()
	holding := l.blocks.holding(webhook)
	l.mu.Unlock()
	items := []Attempt{}
	i, _ := slices.BinarySearch(tail, before)
	for _, seq := range slices.Backward(tail[:i]) {
		if len(items) == limit {
			return items, cursorAt(seq + 1), nil
		}
		a, err := l.get(ctx, seq)
		if err != nil {
			return nil, "", err
		}
		if keep(&a) {
			items = append(items, a)
		}
	}
	before = min(before, end+1)
	holding = slices.DeleteFunc(holding, func(n int) bool { return uint64(n)*blockRecords+1 >= before })
	for read, n := range holding {
		if read >= maxBlocks || len(items) == limit {
			return items, cursorAt(before), nil
		}
		var found []Attempt
		var at []uint64
		err := l.readBlock(ctx, n, before, func(seq uint64, a *Attempt) {
			if a.Webhook == webhook && keep(a) {
				found, at = append(found, *a), append(at, seq)
			}
		})
		if err != nil {
			return nil, "", err
		}
		for j, a := range slices.Backward(found) {
			if len(items) == limit {
				return items, cursorAt(at[j] + 1), nil
			}
			items = append(items, a)
		}
		before = uint64(n)*blockRecords + 1
	}
	return items, "", nil
}

// ofAlert collects the newest records about an alert, oldest first.
func (l *ledger) ofAlert(ctx context.Context, alert string) ([]Attempt, error) {
	l.mu.Lock()
	tail := slices.Clone(l.blocks.byAlert[alert])
	end := l.blocks.end()
	holding := l.blocks.holding(alert)
	l.mu.Unlock()
	items, err := l.read(ctx, tail[max(0, len(tail)-maxOfAlert):])
	if err != nil {
		return nil, err
	}
	for _, n := range holding {
		if len(items) >= maxOfAlert {
			break
		}
		var found []Attempt
		err := l.readBlock(ctx, n, end+1, func(_ uint64, a *Attempt) {
			if a.Alert == alert {
				found = append(found, *a)
			}
		})
		if err != nil {
			return nil, err
		}
		items = append(found, items...)
	}
	return items[max(0, len(items)-maxOfAlert):], nil
}

// readBlock reads the records of a sealed block before a sequence, in order.
func (l *ledger) readBlock(ctx context.Context, n int, before uint64, see func(seq uint64, a *Attempt)) error {
	first := uint64(n) * blockRecords
	_, err := l.records.Range(ctx, first, min(first+blockRecords, before-1), func(recs []stream.Record) error {
		for _, r := range recs {
			a, err := parse(r)
			if err != nil {
				return err
			}
			see(r.Sequence, &a)
		}
		return nil
	})
	return err
}

func (l *ledger) read(ctx context.Context, seqs []uint64) ([]Attempt, error) {
	items := make([]Attempt, 0, len(seqs))
	for _, seq := range seqs {
		a, err := l.get(ctx, seq)
		if err != nil {
			return nil, err
		}
		items = append(items, a)
	}
	return items, nil
}

func (l *ledger) get(ctx context.Context, seq uint64) (Attempt, error) {
	r, err := l.records.Get(ctx, seq)
	if err != nil {
		return Attempt{}, err
	}
	return parse(r)
}

func parse(r stream.Record) (Attempt, error) {
	var a Attempt
	if err := json.Unmarshal(r.Data, &a); err != nil {
		return a, fmt.Errorf("delivery record %d: %w", r.Sequence, err)
	}
	return a, nil
}

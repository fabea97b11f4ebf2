package mail

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sort"
	"strconv"
	"sync"
	"time"

	"quantrac/alerts"
	"quantrac/ingest/stream"
)

// State is what became of an e-mail at one try.
type State string

// The states. Waiting and Retrying are open, the others final; a dead e-mail opens again when it is sent by hand.
const (
	Waiting   State = "waiting"
	Retrying  State = "retrying"
	Delivered State = "delivered"
	Dead      State = "dead"
)

// Attempt is one record of MAILS: one try, or a change of state without one. Its fields are those of a webhook's where they mean the
// same.
type Attempt struct {
	// ID is the Message-ID before the @, the same for every try of one e-mail.
	ID        string `json:"id"`
	Recipient string `json:"recipient"`
	// Alerts are all that the e-mail speaks of in full.
	Alerts []string `json:"alerts"`
	// Type is mail.changes, mail.reminder or mail.test.
	Type    string `json:"type"`
	Subject string `json:"subject"`
	// Attempt counts the tries, from 1; 0 = none yet.
	Attempt  int       `json:"attempt"`
	At       time.Time `json:"at"`
	MadeAt   time.Time `json:"made_at"`
	QueuedAt time.Time `json:"queued_at"`
	// Status is the server's answer; 0 = none, and Error says why.
	Status     int       `json:"status"`
	Error      string    `json:"error,omitempty"`
	DurationMS int64     `json:"duration_ms"`
	NextAt     time.Time `json:"next_at,omitzero"`
	State      State     `json:"state"`
	// Digest is what a dead e-mail said, so that it can be sent again. It is not listed.
	Digest *digest `json:"digest,omitempty"`
}

// The types of e-mails.
const (
	typeChanges  = "mail.changes"
	typeReminder = "mail.reminder"
	typeTest     = "mail.test"
)

func (d *digest) kind() string {
	switch {
	case d.Test:
		return typeTest
	case d.Again:
		return typeReminder
	}
	return typeChanges
}

func (d *digest) alerts() []string {
	list := []string{}
	for _, items := range [][]item{d.Changes, d.Open} {
		for i := range items {
			list = append(list, items[i].Alert.ID)
		}
	}
	return list
}

const (
	// maxRecent is how many of the newest records are in memory.
	maxRecent = 4096
	// chunk and maxChunks bound what one page reads of older ones, maxScan what one timeline does.
	chunk     = 1024
	maxChunks = 16
	maxScan   = 50_000
)

// history writes and reads MAILS.
type history struct {
	records *stream.Stream
	log     *slog.Logger

	mu     sync.Mutex
	recent []recorded // in order
}

type recorded struct {
	seq uint64
	Attempt
}

func newHistory(records *stream.Stream, log *slog.Logger) *history {
	return &history{records: records, log: log}
}

// load reads the newest records.
func (h *history) load(ctx context.Context) error {
	last, err := h.records.LastSequence(ctx)
	if err != nil {
		return err
	}
	return h.scan(ctx, last-min(last, maxRecent), last, h.note)
}

func (h *history) note(seq uint64, a *Attempt) {
	h.mu.Lock()
	defer h.mu.Unlock()
	r := recorded{seq, *a}
	r.Digest = nil
	// A test may be recorded beside the loop, and its answer overtake another.
	i, _ := slices.BinarySearchFunc(h.recent, seq, func(r recorded, seq uint64) int { return cmp.Compare(r.seq, seq) })
	h.recent = slices.Insert(h.recent, i, r)
	if len(h.recent) >= 2*maxRecent {
		h.recent = slices.Clone(h.recent[maxRecent:])
	}
}

// scan reads the records behind after up to upto.
func (h *history) scan(ctx context.Context, after, upto uint64, see func(seq uint64, a *Attempt)) error {
	_, err := h.records.Range(ctx, after, upto, func(recs []stream.Record) error {
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

func parse(r stream.Record) (Attempt, error) {
	var a Attempt
	if err := json.Unmarshal(r.Data, &a); err != nil {
		return a, fmt.Errorf("e-mail record %d: %w", r.Sequence, err)
	}
	return a, nil
}

// record writes a down, for as long as it takes or until ctx ends. Nil means on disk.
func (h *history) record(ctx context.Context, a Attempt) error {
	data, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("write e-mail record: %w", err)
	}
	const first = 50 * time.Millisecond
	for wait := first; ; wait = min(2*wait, 5*time.Second) {
		seq, err := h.records.Add(ctx, data)
		if err == nil {
			h.note(seq, &a)
			return nil
		}
		if wait == first && ctx.Err() == nil {
			h.log.Warn("an e-mail cannot be recorded, trying again", "mail", a.ID, "error", err)
		}
		if !pause(ctx, wait) {
			return ctx.Err()
		}
	}
}

// Query selects records of e-mails.
type Query struct {
	// State "pending" and "dead" list each of the newest e-mails once, as it is now; "delivered" lists the tries that the server
	// took; "" lists every try.
	State string
	// Cursor is what the last page gave.
	Cursor string
	// Limit is clamped to 1,000; 0 = 100.
	Limit int
}

// ErrState means that e-mails are not listed by such a state.
var ErrState = errors.New("state is none of pending, dead, delivered")

// Find lists e-mails to a recipient, newest first, and the cursor of the next page; "" = there is none. A page may be shorter than
// asked for although there is a next one. Errors: ErrNotFound, ErrState, alerts.ErrCursor.
func (s *Sender) Find(ctx context.Context, id string, q Query) ([]Attempt, string, error) {
	if s.recipient(id) == nil {
		return nil, "", ErrNotFound
	}
	before := uint64(1<<64 - 1)
	if q.Cursor != "" {
		var err error
		if before, err = strconv.ParseUint(q.Cursor, 10, 64); err != nil {
			return nil, "", alerts.ErrCursor
		}
	}
	const usual, most = 100, 1000
	q.Limit = min(cmp.Or(max(q.Limit, 0), usual), most)
	all := func(a *Attempt) bool { return a.Recipient == id }
	switch q.State {
	case "":
		return s.history.page(ctx, before, q.Limit, all)
	case "delivered":
		return s.history.page(ctx, before, q.Limit, func(a *Attempt) bool { return all(a) && a.State == Delivered })
	case "pending":
		items, next := s.history.standing(before, q.Limit, func(a *Attempt) bool { return all(a) && a.open() })
		return items, next, nil
	case "dead":
		items, next := s.history.standing(before, q.Limit, func(a *Attempt) bool { return all(a) && a.State == Dead && a.Type != typeTest })
		return items, next, nil
	}
	return nil, "", ErrState
}

func (a *Attempt) open() bool { return a.State == Waiting || a.State == Retrying }

// standing lists the newest e-mails as they are now.
func (h *history) standing(before uint64, limit int, keep func(*Attempt) bool) ([]Attempt, string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	seen := map[string]bool{}
	items := []Attempt{}
	for _, r := range slices.Backward(h.recent) {
		if seen[r.ID] {
			continue
		}
		seen[r.ID] = true
		if r.seq >= before || !keep(&r.Attempt) {
			continue
		}
		if len(items) == limit {
			return items, strconv.FormatUint(r.seq+1, 10)
		}
		items = append(items, r.Attempt)
	}
	return items, ""
}

// page collects the records before a sequence that keep says yes to, newest first.
func (h *history) page(ctx context.Context, before uint64, limit int, keep func(*Attempt) bool) ([]Attempt, string, error) {
	h.mu.Lock()
	recent := slices.Clone(h.recent)
	h.mu.Unlock()
	items := []Attempt{}
	end := uint64(1)
	if len(recent) > 0 {
		end = recent[0].seq
	}
	take := func(list []recorded) (cursor string) {
		for _, r := range slices.Backward(list) {
			if r.seq >= before || !keep(&r.Attempt) {
				continue
			}
			if len(items) == limit {
				return strconv.FormatUint(r.seq+1, 10)
			}
			items = append(items, r.Attempt)
		}
		return ""
	}
	if cursor := take(recent); cursor != "" {
		return items, cursor, nil
	}
	for range maxChunks {
		if end = min(end, before); end <= 1 || len(items) == limit {
			break
		}
		var older []recorded
		from := end - min(end, chunk+1)
		err := h.scan(ctx, from, end-1, func(seq uint64, a *Attempt) {
			a.Digest = nil
			older = append(older, recorded{seq, *a})
		})
		if err != nil {
			return nil, "", err
		}
		if cursor := take(older); cursor != "" {
			return items, cursor, nil
		}
		end = from + 1
	}
	if end <= 1 {
		return items, "", nil
	}
	return items, strconv.FormatUint(end, 10), nil
}

// OfAlert lists the newest e-mails that speak of an alert, oldest first, for its timeline. Why they could not be delivered is left out:
// viewers of an alert may not know recipients.
func (s *Sender) OfAlert(ctx context.Context, alert string) ([]Attempt, error) {
	h := s.history
	h.mu.Lock()
	recent := slices.Clone(h.recent)
	h.mu.Unlock()
	var list []Attempt
	keep := func(_ uint64, a *Attempt) {
		if slices.Contains(a.Alerts, alert) {
			shown := *a
			shown.Digest, shown.Error = nil, ""
			list = append(list, shown)
		}
	}
	if len(recent) > 0 && recent[0].seq > 1 {
		a, known, err := s.opt.Alert(ctx, alert)
		if err != nil {
			return nil, err
		}
		if known && a.OpenedAt.Before(recent[0].At) {
			first, err := h.firstSince(ctx, a.OpenedAt, recent[0].seq)
			if err != nil {
				return nil, err
			}
			end := recent[0].seq - 1
			if err := h.scan(ctx, max(first, end-min(end, maxScan)), end, keep); err != nil {
				return nil, err
			}
		}
	}
	for i := range recent {
		keep(recent[i].seq, &recent[i].Attempt)
	}
	return list, nil
}

// firstSince is the last record before a sequence that is older than a time.
func (h *history) firstSince(ctx context.Context, since time.Time, before uint64) (uint64, error) {
	var failed error
	n := sort.Search(int(before)-1, func(i int) bool {
		r, err := h.records.Get(ctx, uint64(i)+1)
		if err != nil && !errors.Is(err, stream.ErrNotFound) {
			failed = err
			return true
		}
		return err == nil && !r.At.Before(since)
	})
	return uint64(n), failed
}

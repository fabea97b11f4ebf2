package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"sync"
	"time"

	"quantrac/alerts"
	"quantrac/ingest/stream"
)

// State is what became of a delivery at one try.
type State string

// The states. Waiting and Retrying are open, the others final; a final delivery opens again when it is sent by hand.
const (
	// Waiting: held back behind an earlier event of its alert, or asked for by hand.
	Waiting   State = "waiting"
	Retrying  State = "retrying"
	Delivered State = "delivered"
	// Dead: the last try of the table failed.
	Dead State = "dead"
	// Skipped: cannot be sent at all.
	Skipped State = "skipped"
	// Disabled: the recipient answered 410, or the webhook was disabled with this delivery open.
	Disabled State = "disabled"
)

// Attempt is one record of DELIVERIES: one try, or a change of state without one.
type Attempt struct {
	// ID is the webhook-id, the same for every try of one event to one webhook.
	ID      string           `json:"id"`
	Webhook string           `json:"webhook"`
	Alert   string           `json:"alert"`
	Type    alerts.EventType `json:"type"`
	// Sequence and Index are the event's place in the journal; 0 for a test.
	Sequence uint64 `json:"sequence"`
	Index    int    `json:"index"`
	// Attempt counts the tries, from 1; 0 = none yet.
	Attempt int       `json:"attempt"`
	At      time.Time `json:"at"`
	// Status is the answer's HTTP status; 0 = no answer, and Error says why.
	Status int    `json:"status"`
	Error  string `json:"error,omitempty"`
	// Answer is the beginning of the answer's body.
	Answer     string    `json:"answer,omitempty"`
	DurationMS int64     `json:"duration_ms"`
	NextAt     time.Time `json:"next_at,omitzero"`
	State      State     `json:"state"`
}

func (a *Attempt) open() bool { return a.State == Waiting || a.State == Retrying }

// place is where an event is in the journal.
type place struct {
	seq   uint64
	index int
}

func (p place) compare(q place) int {
	if p.seq != q.seq {
		if p.seq < q.seq {
			return -1
		}
		return 1
	}
	return p.index - q.index
}

// ledger writes and reads DELIVERIES. In memory it keeps where the records of a webhook and of an alert are: 16 bytes each.
type ledger struct {
	records *stream.Stream
	log     *slog.Logger

	mu        sync.Mutex
	byWebhook map[string][]uint64
	byAlert   map[string][]uint64
	// unfinished is what the fold found, until the worker of the webhook takes it.
	unfinished map[string]unfinished
}

// unfinished is what a webhook must go on with.
type unfinished struct {
	// open are deliveries without a final state, by id.
	open map[string]Attempt
	// known are the events behind the webhook's saved place that DELIVERIES knows of.
	known map[place]struct{}
}

func newLedger(records *stream.Stream, log *slog.Logger) *ledger {
	return &ledger{
		records: records, log: log, byWebhook: map[string][]uint64{}, byAlert: map[string][]uint64{},
		unfinished: map[string]unfinished{},
	}
}

// fold reads DELIVERIES. What hooks have open is what was recorded since they were created: an older webhook of the same
// name has records too.
func (l *ledger) fold(ctx context.Context, hooks map[string]*hook, places map[string]uint64) error {
	for id := range hooks {
		l.unfinished[id] = unfinished{open: map[string]Attempt{}, known: map[place]struct{}{}}
	}
	_, err := l.records.Replay(ctx, 0, func(recs []stream.Record) error {
		for _, r := range recs {
			var a Attempt
			if err := json.Unmarshal(r.Data, &a); err != nil {
				return fmt.Errorf("record %d: %w", r.Sequence, err)
			}
			l.index(r.Sequence, &a)
			if h, ok := hooks[a.Webhook]; ok && a.Sequence > 0 && r.Sequence > h.ledgerFrom {
				l.unfinished[a.Webhook].fold(&a, places[a.Webhook])
			}
		}
		return nil
	})
	return err
}

func (u unfinished) fold(a *Attempt, passed uint64) {
	if a.Sequence > passed {
		u.known[place{a.Sequence, a.Index}] = struct{}{}
	}
	if a.open() {
		u.open[a.ID] = *a
		return
	}
	delete(u.open, a.ID)
}

// takeUnfinished hands over what the fold found, once.
func (l *ledger) takeUnfinished(webhook string) unfinished {
	l.mu.Lock()
	defer l.mu.Unlock()
	u := l.unfinished[webhook]
	delete(l.unfinished, webhook)
	return u
}

func (l *ledger) index(seq uint64, a *Attempt) {
	l.mu.Lock()
	defer l.mu.Unlock()
	insert := func(m map[string][]uint64, key string) {
		if key == "" {
			return
		}
		// Answers of the log may overtake one another; a record belongs where its sequence says.
		i, _ := slices.BinarySearch(m[key], seq)
		m[key] = slices.Insert(m[key], i, seq)
	}
	insert(l.byWebhook, a.Webhook)
	insert(l.byAlert, a.Alert)
}

// record writes a down, for as long as it takes or until ctx ends. Nil means on disk.
func (l *ledger) record(ctx context.Context, a Attempt) error {
	data, err := json.Marshal(a)
	if err != nil {
		return fmt.Errorf("write delivery record: %w", err)
	}
	const first = 50 * time.Millisecond
	for wait := first; ; wait = min(2*wait, 5*time.Second) {
		seq, err := l.records.Add(ctx, data)
		if err == nil {
			l.index(seq, &a)
			return nil
		}
		if wait == first && ctx.Err() == nil {
			l.log.Warn("a delivery cannot be recorded, trying again", "webhook", a.Webhook, "delivery", a.ID, "error", err)
		}
		if !pause(ctx, wait) {
			return ctx.Err()
		}
	}
}

// page reads the records of a webhook behind the cursor, newest first.
func (l *ledger) page(ctx context.Context, webhook, cursor string, limit int) ([]Attempt, string, error) {
	before := uint64(1<<64 - 1)
	if cursor != "" {
		var err error
		if before, err = strconv.ParseUint(cursor, 10, 64); err != nil {
			return nil, "", alerts.ErrCursor
		}
	}
	l.mu.Lock()
	all := l.byWebhook[webhook]
	end, _ := slices.BinarySearch(all, before)
	start := max(0, end-limit)
	seqs := slices.Clone(all[start:end])
	l.mu.Unlock()
	slices.Reverse(seqs)
	items, err := l.read(ctx, seqs)
	if err != nil || start == 0 {
		return items, "", err
	}
	return items, strconv.FormatUint(seqs[len(seqs)-1], 10), nil
}

// maxOfAlert bounds the tries that one timeline shows: the newest.
const maxOfAlert = 500

func (l *ledger) ofAlert(ctx context.Context, alert string) ([]Attempt, error) {
	l.mu.Lock()
	seqs := l.byAlert[alert]
	seqs = slices.Clone(seqs[max(0, len(seqs)-maxOfAlert):])
	l.mu.Unlock()
	return l.read(ctx, seqs)
}

func (l *ledger) read(ctx context.Context, seqs []uint64) ([]Attempt, error) {
	items := make([]Attempt, 0, len(seqs))
	for _, seq := range seqs {
		r, err := l.records.Get(ctx, seq)
		if err != nil {
			return nil, err
		}
		var a Attempt
		if err := json.Unmarshal(r.Data, &a); err != nil {
			return nil, fmt.Errorf("delivery record %d: %w", seq, err)
		}
		items = append(items, a)
	}
	return items, nil
}

// pause waits; false means that ctx ended.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// readEvents fetches events by their places, in one pass over the journal. What the journal does not hold is left out.
func readEvents(ctx context.Context, opt *Options, places []place) (map[place]alerts.Event, error) {
	found := make(map[place]alerts.Event, len(places))
	last, err := opt.LastEvent(ctx)
	if err != nil {
		return nil, err
	}
	wanted := map[uint64][]int{}
	from, to := uint64(1<<64-1), uint64(0)
	for _, p := range places {
		if p.seq == 0 || p.seq > last || p.index < 0 {
			continue
		}
		wanted[p.seq] = append(wanted[p.seq], p.index)
		from, to = min(from, p.seq), max(to, p.seq)
	}
	if len(wanted) == 0 {
		return found, nil
	}
	pass, done := context.WithCancel(ctx)
	defer done()
	err = opt.Events(pass, from-1, func(seq uint64, events []alerts.Event) error {
		for _, i := range wanted[seq] {
			if i < len(events) {
				found[place{seq, i}] = events[i]
			}
		}
		if seq >= to {
			done()
		}
		return nil
	})
	return found, errors.Join(err, ctx.Err())
}

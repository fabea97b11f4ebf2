package webhook

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"quantrac/ingest/stream"
)

// maxDead is how many dead letters of one webhook are listed as such: the newest. Older ones stay in the list of all tries.
const maxDead = 1000

// ledger writes and reads DELIVERIES. What it keeps in memory is bounded: of each webhook what is open and the newest dead letters,
// the places of the records of one unfinished block, and a filter of one byte for each older record. A checkpoint in the bucket
// spares the next start the reading of what lies before it.
type ledger struct {
	records *stream.Stream
	bucket  *stream.Bucket
	log     *slog.Logger

	// folding is held over a fold and over what it saves, mu over a look at what is below it.
	folding sync.Mutex
	mu      sync.Mutex
	// upto is the record up to which the stream itself was read, in order; highest the newest that is known.
	upto, highest uint64
	// reported is the record up to which dead deliveries have been told.
	reported uint64
	// saved is the checkpoint as it is on disk.
	saved  checkpoint
	blocks blocks
	hooks  map[string]*account
	// recent is the newest record of each delivery, of the records behind upto: answers of the log may overtake one another.
	recent map[string]uint64
	deaths []Attempt
	// unfinished is what Open found, until the worker of the webhook takes it.
	unfinished map[string]unfinished
}

// account is what the ledger knows of one webhook.
type account struct {
	// after is the newest record that belongs to an older webhook of the same name.
	after   uint64
	open    map[string]held
	dead    map[string]uint64
	changed bool
}

// held is an open delivery: its newest record.
type held struct {
	seq     uint64
	attempt Attempt
}

// unfinished is what a webhook must go on with.
type unfinished struct {
	// open are deliveries without a final state, by id.
	open map[string]Attempt
	// known are the events behind the webhook's saved place that DELIVERIES knows of, last the last record of the journal among
	// them, and from the record of DELIVERIES behind which they are.
	known map[place]struct{}
	last  uint64
	from  uint64
}

func newLedger(records *stream.Stream, bucket *stream.Bucket, log *slog.Logger) *ledger {
	return &ledger{
		records: records, bucket: bucket, log: log, blocks: newBlocks(), hooks: map[string]*account{}, recent: map[string]uint64{},
		unfinished: map[string]unfinished{},
	}
}

// join opens the account of a webhook; one that is open already stays.
func (l *ledger) join(webhook string, after uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if acc, ok := l.hooks[webhook]; !ok || acc.after != after {
		l.hooks[webhook] = &account{after: after, open: map[string]held{}, dead: map[string]uint64{}, changed: true}
	}
}

// leave closes the account of a webhook.
func (l *ledger) leave(ctx context.Context, webhook string) error {
	l.folding.Lock()
	defer l.folding.Unlock()
	l.mu.Lock()
	delete(l.hooks, webhook)
	l.mu.Unlock()
	return l.bucket.Delete(ctx, accountKey+webhook)
}

// takeUnfinished hands over what Open found, once.
func (l *ledger) takeUnfinished(webhook string) unfinished {
	l.mu.Lock()
	defer l.mu.Unlock()
	u := l.unfinished[webhook]
	delete(l.unfinished, webhook)
	return u
}

// apply takes in a record; l.mu is held.
func (l *ledger) apply(seq uint64, a *Attempt) {
	l.highest = max(l.highest, seq)
	l.blocks.index(seq, a)
	acc := l.hooks[a.Webhook]
	if acc == nil || a.Sequence == 0 || seq <= acc.after || seq < l.recent[a.ID] {
		return
	}
	if seq > l.upto {
		l.recent[a.ID] = seq
	}
	acc.changed = true
	switch {
	case a.open():
		delete(acc.dead, a.ID)
		acc.open[a.ID] = held{seq, *a}
	case a.State == Delivered:
		delete(acc.dead, a.ID)
		delete(acc.open, a.ID)
	default:
		delete(acc.open, a.ID)
		acc.dead[a.ID] = seq
		acc.forgetOldest()
	}
}

func (acc *account) forgetOldest() {
	if len(acc.dead) <= maxDead+maxDead/10 {
		return // in bulk, so that a storm of dead letters does not search for the oldest at each
	}
	ids := slices.SortedFunc(maps.Keys(acc.dead), func(a, b string) int { return cmp.Compare(acc.dead[b], acc.dead[a]) })
	for _, id := range ids[maxDead:] {
		delete(acc.dead, id)
	}
}

// counts are how many deliveries of a webhook are open and dead.
func (l *ledger) counts(webhook string) (open, dead int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	acc := l.hooks[webhook]
	if acc == nil {
		return 0, 0
	}
	return len(acc.open), min(len(acc.dead), maxDead)
}

// newest is the newest record that is known.
func (l *ledger) newest() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.highest
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
			l.mu.Lock()
			defer l.mu.Unlock()
			l.apply(seq, &a)
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

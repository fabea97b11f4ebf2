package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"quantrac/alerts"
	"quantrac/ingest/stream"
)

// Keys of the bucket.
const (
	accountKey    = "account."
	blockKey      = "block."
	checkpointKey = "checkpoint"
)

// checkpoint is how far DELIVERIES is accounted for on disk.
type checkpoint struct {
	// From is the record behind which a start must read, Upto the one up to which dead deliveries have been told.
	From uint64 `json:"from"`
	Upto uint64 `json:"upto"`
}

// savedAccount is an account on disk: the newest record of each delivery in it.
type savedAccount struct {
	After uint64            `json:"after"`
	Open  map[string]uint64 `json:"open"`
	Dead  map[string]uint64 `json:"dead"`
}

// savedLedger is what load found in the bucket.
type savedLedger struct {
	checkpoint
	known    bool
	accounts map[string]savedAccount
	blocks   map[int]filter
}

func newSavedLedger() savedLedger {
	return savedLedger{accounts: map[string]savedAccount{}, blocks: map[int]filter{}}
}

// take reads a key of the bucket if it is one of the ledger's.
func (s *savedLedger) take(key string, value []byte) error {
	switch {
	case key == checkpointKey:
		s.known = true
		if err := json.Unmarshal(value, &s.checkpoint); err != nil {
			return fmt.Errorf("checkpoint of the deliveries: %w", err)
		}
	case strings.HasPrefix(key, accountKey):
		var acc savedAccount
		if err := json.Unmarshal(value, &acc); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		s.accounts[strings.TrimPrefix(key, accountKey)] = acc
	case strings.HasPrefix(key, blockKey):
		n, err := strconv.Atoi(strings.TrimPrefix(key, blockKey))
		if err != nil || len(value) != filterBytes {
			return fmt.Errorf("%s of the deliveries is not what was written", key)
		}
		s.blocks[n] = value
	}
	return nil
}

// restore brings the ledger to where the stream is. places are those of the webhooks on disk.
func (l *ledger) restore(ctx context.Context, saved savedLedger, places map[string]uint64) error {
	last, err := l.records.LastSequence(ctx)
	if err != nil {
		return err
	}
	if saved.Upto > last {
		l.log.Warn("the log of deliveries began anew", "checkpoint", saved.Upto, "newest", last)
		saved = newSavedLedger()
	}
	for n := 0; saved.blocks[n] != nil; n++ {
		l.blocks.sealed = append(l.blocks.sealed, saved.blocks[n])
	}
	l.blocks.saved = len(l.blocks.sealed)
	for id, acc := range l.hooks {
		if err := l.resume(ctx, acc, saved.accounts[id]); err != nil {
			return fmt.Errorf("open deliveries of webhook %s: %w", id, err)
		}
	}
	if !saved.known {
		// What died before anybody kept account of it is told nobody now.
		saved.checkpoint = checkpoint{Upto: last}
		if err := l.put(ctx, checkpointKey, saved.checkpoint); err != nil {
			return err
		}
	}
	l.saved, l.reported = saved.checkpoint, saved.Upto
	l.upto = min(saved.From, l.blocks.end())
	return l.readUnfinished(ctx, places)
}

// resume reads what an account had open.
func (l *ledger) resume(ctx context.Context, acc *account, saved savedAccount) error {
	if saved.After != acc.after {
		return nil // an older webhook of the same name
	}
	for id, seq := range saved.Dead {
		acc.dead[id] = seq
	}
	for id, seq := range saved.Open {
		a, err := l.get(ctx, seq)
		if errors.Is(err, stream.ErrNotFound) || err == nil && (a.ID != id || !a.open()) {
			continue
		}
		if err != nil {
			return err
		}
		acc.open[id] = held{seq, a}
	}
	return nil
}

// readUnfinished reads the records behind the checkpoint and hands over what each webhook must go on with.
func (l *ledger) readUnfinished(ctx context.Context, places map[string]uint64) error {
	for id := range l.hooks {
		l.unfinished[id] = unfinished{open: map[string]Attempt{}, known: map[place]struct{}{}, from: l.saved.From}
	}
	err := l.foldOn(ctx, func(seq uint64, a *Attempt) {
		u, ok := l.unfinished[a.Webhook]
		if !ok || a.Sequence <= places[a.Webhook] || seq <= l.hooks[a.Webhook].after {
			return
		}
		u.known[place{a.Sequence, a.Index}] = struct{}{}
		u.last = max(u.last, a.Sequence)
		l.unfinished[a.Webhook] = u
	})
	for id, acc := range l.hooks {
		for delivery, h := range acc.open {
			l.unfinished[id].open[delivery] = h.attempt
		}
	}
	return err
}

// foldOn reads the stream from where it was last read up to its end; see hears of every record.
func (l *ledger) foldOn(ctx context.Context, see func(seq uint64, a *Attempt)) error {
	_, err := l.records.Replay(ctx, l.upto, func(recs []stream.Record) error {
		l.mu.Lock()
		defer l.mu.Unlock()
		for _, r := range recs {
			a, err := parse(r)
			if err != nil {
				return err
			}
			l.apply(r.Sequence, &a)
			l.blocks.follow(r.Sequence, &a)
			if a.State == Dead && a.Sequence > 0 && a.Type != alerts.Undelivered && r.Sequence > l.reported {
				l.deaths = append(l.deaths, a)
			}
			if l.recent[a.ID] <= r.Sequence {
				delete(l.recent, a.ID)
			}
			l.upto, l.reported = r.Sequence, max(l.reported, r.Sequence)
			see(r.Sequence, &a)
		}
		return nil
	})
	return err
}

// fold reads on and calls report with every delivery that has died, in order, until it returns nil. Then the ledger is saved; needed
// is the record behind which a webhook needs what its saved place does not say.
func (l *ledger) fold(ctx context.Context, needed uint64, report func(ctx context.Context, a *Attempt) error) error {
	l.folding.Lock()
	defer l.folding.Unlock()
	if err := l.foldOn(ctx, func(uint64, *Attempt) {}); err != nil {
		return err
	}
	for len(l.deaths) > 0 {
		if err := report(ctx, &l.deaths[0]); err != nil {
			return fmt.Errorf("tell of a dead delivery: %w", err)
		}
		l.deaths = l.deaths[1:]
	}
	return l.save(ctx, needed)
}

// save writes what has changed; the checkpoint comes last.
func (l *ledger) save(ctx context.Context, needed uint64) error {
	l.mu.Lock()
	next := checkpoint{From: min(l.upto, needed), Upto: l.upto}
	done := next == l.saved && l.blocks.saved == len(l.blocks.sealed)
	sealed := l.blocks.sealed[l.blocks.saved:]
	first := l.blocks.saved
	accounts := map[string]savedAccount{}
	for id, acc := range l.hooks {
		if acc.changed {
			accounts[id] = acc.saved()
			acc.changed = false
		}
	}
	l.mu.Unlock()
	if done && len(accounts) == 0 {
		return nil
	}
	if err := l.write(ctx, next, first, sealed, accounts); err != nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		for id := range accounts {
			if acc := l.hooks[id]; acc != nil {
				acc.changed = true
			}
		}
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.saved, l.blocks.saved = next, first+len(sealed)
	return nil
}

func (acc *account) saved() savedAccount {
	s := savedAccount{After: acc.after, Open: make(map[string]uint64, len(acc.open)), Dead: make(map[string]uint64, len(acc.dead))}
	for id, h := range acc.open {
		s.Open[id] = h.seq
	}
	for id, seq := range acc.dead {
		s.Dead[id] = seq
	}
	return s
}

func (l *ledger) write(ctx context.Context, next checkpoint, first int, sealed []filter, accounts map[string]savedAccount) error {
	for i, f := range sealed {
		if err := l.bucket.Put(ctx, blockKey+strconv.Itoa(first+i), f); err != nil {
			return err
		}
	}
	for id, acc := range accounts {
		if err := l.put(ctx, accountKey+id, acc); err != nil {
			return err
		}
	}
	return l.put(ctx, checkpointKey, next)
}

func (l *ledger) put(ctx context.Context, key string, v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("write %s: %w", key, err)
	}
	return l.bucket.Put(ctx, key, data)
}

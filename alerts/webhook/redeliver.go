package webhook

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"
	"time"

	"quantrac/ingest/stream"
)

// maxReplay is how many deliveries are sent again at once.
const maxReplay = 1000

// ErrTooMany means that more would be sent again than can be at once.
var ErrTooMany = fmt.Errorf("more than %d deliveries: ask for a shorter time", maxReplay)

// Redeliver sends an event again, under its webhook-id and with all tries of the table; one that is waiting is tried now.
// Errors: ErrNotFound, ErrDisabled, ErrTooMany.
func (s *Sender) Redeliver(ctx context.Context, id string) (Attempt, error) {
	return s.redeliver(ctx, id, s.all())
}

func (s *Sender) redeliver(ctx context.Context, id string, hooks []*hook) (Attempt, error) {
	p, ok := placeOf(id)
	if !ok {
		return Attempt{}, ErrNotFound
	}
	events, err := readEvents(ctx, &s.opt, []place{p})
	if err != nil {
		return Attempt{}, err
	}
	ev, ok := events[p]
	if !ok {
		return Attempt{}, ErrNotFound
	}
	for _, h := range hooks {
		if deliveryID(h.ID, p, &ev) != id {
			continue
		}
		w := s.worker(h.ID)
		if w == nil {
			return Attempt{}, ErrDisabled
		}
		list, err := w.redeliver(ctx, []*delivery{{id: id, place: p, event: ev, byHand: true}})
		if err != nil {
			return Attempt{}, err
		}
		return list[0], nil
	}
	return Attempt{}, ErrNotFound
}

func (s *Sender) worker(id string) *worker {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.workers[id]
}

// RedeliverSince sends everything again that the webhook was sent, or should have been, since a time: in the order of the events, each
// under its webhook-id. It returns how many. Errors: ErrNotFound, ErrDisabled, ErrTooMany.
func (s *Sender) RedeliverSince(ctx context.Context, id string, since time.Time) (int, error) {
	h, err := s.find(id)
	if err != nil {
		return 0, err
	}
	w := s.worker(id)
	if w == nil {
		return 0, ErrDisabled
	}
	ids, err := s.ledger.since(ctx, h, since)
	if err != nil {
		return 0, err
	}
	places := make([]place, 0, len(ids))
	for p := range ids {
		places = append(places, p)
	}
	slices.SortFunc(places, place.compare)
	events, err := readEvents(ctx, &s.opt, places)
	if err != nil {
		return 0, err
	}
	var list []*delivery
	for _, p := range places {
		if ev, ok := events[p]; ok && deliveryID(id, p, &ev) == ids[p] {
			list = append(list, &delivery{id: ids[p], place: p, event: ev, byHand: true})
		}
	}
	again, err := w.redeliver(ctx, list)
	return len(again), err
}

// since finds the deliveries of a webhook that have a record since a time: their ids by the places of their events.
func (l *ledger) since(ctx context.Context, h *hook, since time.Time) (map[place]string, error) {
	first, err := l.firstSince(ctx, since)
	if err != nil {
		return nil, err
	}
	ids := map[place]string{}
	_, err = l.records.Replay(ctx, max(first, h.ledgerFrom), func(recs []stream.Record) error {
		for _, r := range recs {
			a, err := parse(r)
			if err != nil {
				return err
			}
			if a.Webhook == h.ID && a.Sequence > 0 && !r.At.Before(since) {
				ids[place{a.Sequence, a.Index}] = a.ID
			}
		}
		if len(ids) > maxReplay {
			return ErrTooMany
		}
		return nil
	})
	return ids, err
}

// firstSince is the last record of the stream that is older than a time.
func (l *ledger) firstSince(ctx context.Context, since time.Time) (uint64, error) {
	last, err := l.records.LastSequence(ctx)
	if err != nil {
		return 0, err
	}
	var failed error
	n := sort.Search(int(last), func(i int) bool {
		r, err := l.records.Get(ctx, uint64(i)+1)
		if err != nil && !errors.Is(err, stream.ErrNotFound) {
			failed = err
			return true
		}
		return err == nil && !r.At.Before(since)
	})
	return uint64(n), failed
}

// redeliver queues deliveries, from the first try on; one that is open already is tried now.
func (w *worker) redeliver(ctx context.Context, list []*delivery) ([]Attempt, error) {
	var again []Attempt
	var err error
	done := make(chan struct{})
	command := func() {
		defer close(done)
		again, err = w.requeue(ctx, list)
	}
	select {
	case w.commands <- command:
		<-done
		return again, err
	case <-w.ended:
		return nil, ErrDisabled
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (w *worker) requeue(ctx context.Context, list []*delivery) ([]Attempt, error) {
	if w.queue.size()+len(list) > 2*maxPending {
		return nil, ErrTooMany
	}
	now := w.opt.Now()
	// Whoever asks by hand has seen that the recipient is back.
	w.quietUntil = time.Time{}
	w.circuits.hurry(hostOf(w.hook.Load().URL), now)
	again := make([]Attempt, 0, len(list))
	for _, d := range list {
		d.queued = now
		a := w.note(d, Waiting)
		if !w.queue.hurry(d.id, now) {
			if err := w.record(ctx, a); err != nil {
				return again, err
			}
			w.queue.add(d)
		}
		again = append(again, a)
	}
	return again, nil
}

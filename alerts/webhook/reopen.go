package webhook

import (
	"cmp"
	"context"
	"slices"
	"time"
)

// close records everything that is still open as Disabled.
func (w *worker) close(ctx context.Context, reason string) {
	for _, d := range w.queue.byID {
		a := w.note(d, Disabled)
		a.Error = reason
		if w.record(ctx, a) != nil {
			return
		}
		w.opt.Metrics.deliveries.WithLabelValues(string(Disabled)).Inc()
	}
}

// restore queues what was open when the program last stopped; false means that ctx ended first.
func (w *worker) restore(ctx context.Context, work *work) bool {
	open := make([]Attempt, 0, len(w.start.open))
	places := make([]place, 0, len(w.start.open))
	for _, a := range w.start.open {
		open = append(open, a)
		places = append(places, place{a.Sequence, a.Index})
	}
	w.start.open = nil
	if len(open) == 0 {
		return ctx.Err() == nil
	}
	events, err := readEvents(ctx, w.opt, places)
	for err != nil {
		w.opt.Logger.Warn("reading open deliveries failed, trying again", "webhook", w.id, "error", err)
		if !pause(ctx, time.Second) {
			return false
		}
		events, err = readEvents(ctx, w.opt, places)
	}
	slices.SortFunc(open, func(a, b Attempt) int { return place{a.Sequence, a.Index}.compare(place{b.Sequence, b.Index}) })
	for _, a := range open {
		p := place{a.Sequence, a.Index}
		ev, ok := events[p]
		if !ok || deliveryID(w.id, p, &ev) != a.ID {
			a.State, a.At, a.Error, a.NextAt = Skipped, w.opt.Now().UTC(), "the alert journal no longer holds the event", time.Time{}
			_ = w.record(work.records, a)
			continue
		}
		w.queue.add(&delivery{id: a.ID, place: p, event: ev, tries: a.Attempt, due: a.NextAt, queued: cmp.Or(a.QueuedAt, a.At)})
	}
	return true
}

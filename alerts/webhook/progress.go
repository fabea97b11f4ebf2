package webhook

import "context"

// step is one record of the journal, with the number of its deliveries that DELIVERIES does not know of.
type step struct {
	seq  uint64
	open int
	// behind is the newest record of DELIVERIES when the step was taken.
	behind uint64
}

// idle is what a worker needs of DELIVERIES when it has passed all that it took.
const idle = 1<<64 - 1

// take queues what the webhook wants of a step.
func (w *worker) take(ctx context.Context, in incoming) {
	h := w.hook.Load()
	s := &step{seq: in.seq, open: 1, behind: w.ledger()} // 1 for the step itself: it must not be passed while it is being taken
	w.steps = append(w.steps, s)
	_, paused := w.circuits.look(hostOf(h.URL))
	for i := range in.events {
		ev := &in.events[i]
		p := place{in.seq, i}
		if _, known := w.start.known[p]; known {
			delete(w.start.known, p)
			continue
		}
		if !h.wants(ev) {
			continue
		}
		s.open++
		d := &delivery{id: deliveryID(w.id, p, ev), place: p, event: *ev, step: s, queued: w.opt.Now()}
		if w.queue.add(d) || paused {
			w.hold(ctx, d)
		}
	}
	w.known(s)
}

// hold writes down that d waits, so that the worker may pass its step.
func (w *worker) hold(ctx context.Context, d *delivery) {
	if d.step == nil {
		return
	}
	a := w.note(d, Waiting)
	if w.record(ctx, a) == nil {
		w.recorded(d)
	}
}

// recorded frees d's step.
func (w *worker) recorded(d *delivery) {
	if d.step == nil {
		return
	}
	s := d.step
	d.step = nil
	w.known(s)
}

// known counts one of s's deliveries as known to DELIVERIES, and passes what is known in full.
func (w *worker) known(s *step) {
	s.open--
	for len(w.steps) > 0 && w.steps[0].open == 0 {
		w.passed.Store(w.steps[0].seq)
		w.steps[0] = nil
		w.steps = w.steps[1:]
	}
	switch {
	case w.passed.Load() < w.start.last: // what the last run recorded lies before what this one does
	case len(w.steps) == 0:
		w.needed.Store(idle)
	default:
		w.needed.Store(w.steps[0].behind)
	}
}

// note is a record about d as it stands.
func (w *worker) note(d *delivery, state State) Attempt {
	return Attempt{
		ID: d.id, Webhook: w.id, Alert: d.event.Alert.ID, Type: d.event.Type, Sequence: d.seq, Index: d.index, Attempt: d.tries,
		At: w.opt.Now().UTC(), QueuedAt: d.queued.UTC(), State: state,
	}
}

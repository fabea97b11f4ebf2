package webhook

import (
	"context"
	"sync/atomic"
	"time"

	"quantrac/alerts"
)

// worker sends to one webhook. The goroutine in run owns everything but what is marked; requests run beside it and report
// through results.
type worker struct {
	id    string
	hook  atomic.Pointer[hook] // shared
	opt   *Options
	retry retryPolicy
	// circuits (shared) are those of all workers.
	circuits *circuits
	ledger   func() uint64 // the newest record of DELIVERIES
	send     func(ctx context.Context, h *hook, d *delivery, at time.Time) outcome
	record   func(ctx context.Context, a Attempt) error

	queue *queue
	start unfinished
	// passed (shared) is the place in the journal up to which DELIVERIES knows of all events.
	passed atomic.Uint64
	// needed (shared) is the record of DELIVERIES behind which is what passed does not say of events; never goes back.
	needed atomic.Uint64
	// steps were read and not passed, in order.
	steps []*step
	// Nothing is sent before quietUntil; blocked is when to ask again whether something may be; zero = it may.
	quietUntil, blocked, expired time.Time
	// slow and pending (shared) are for the webhook's view.
	slow    atomic.Bool
	pending atomic.Int64
	// died (shared) is called when a delivery is dead.
	died func()

	incoming chan incoming
	results  chan result
	commands chan func()
	// stop carries the reason for ending the webhook; what is still open then is recorded as Disabled.
	stop   chan string
	ended  chan struct{} // closed when run has returned
	cancel context.CancelFunc
}

type incoming struct {
	seq    uint64
	events []alerts.Event
}

// result is the end of a try; recorded is false when the program stopped first.
type result struct {
	d          *delivery
	attempt    Attempt
	retryAfter time.Duration
	recorded   bool
}

func newWorker(s *Sender, h *hook, from uint64, start unfinished) *worker {
	w := &worker{
		id: h.ID, opt: &s.opt, retry: s.retry, circuits: s.circuits, send: s.send, record: s.ledger.record, ledger: s.ledger.newest,
		queue: newQueue(), start: start, died: s.wakeKeeper,
		incoming: make(chan incoming), // unbuffered: the reader waits while the worker takes no more
		results:  make(chan result, inFlight),
		commands: make(chan func()), stop: make(chan string, 1), ended: make(chan struct{}),
	}
	w.hook.Store(h)
	w.passed.Store(from)
	w.needed.Store(idle)
	if len(start.known) > 0 {
		w.needed.Store(start.from)
	}
	return w
}

// run works until ctx ends, or until the webhook is to be disabled: then it returns the reason.
func (w *worker) run(ctx context.Context, work *work) (reason string) {
	if !w.restore(ctx, work) {
		return ""
	}
	reading, stopReading := context.WithCancel(ctx)
	readerEnded := make(chan struct{})
	go func() {
		defer close(readerEnded)
		w.follow(reading)
	}()
	reason = w.loop(ctx, work)
	stopReading()
	for w.queue.flying > 0 {
		w.settle(work.records, <-w.results)
	}
	<-readerEnded
	if reason != "" {
		w.close(work.records, reason)
	}
	return reason
}

func (w *worker) loop(ctx context.Context, work *work) string {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		w.launch(work)
		in := w.incoming
		if w.queue.size() >= maxPending {
			in = nil
		}
		w.pending.Store(int64(w.queue.size()))
		timer.Stop()
		if due, ok := w.wake(); ok {
			timer.Reset(due.Sub(w.opt.Now()))
		}
		select {
		case s := <-in:
			w.take(work.records, s)
		case r := <-w.results:
			if w.settle(work.records, r) == Disabled {
				return "the recipient answered 410 Gone"
			}
		case command := <-w.commands:
			command()
		case <-timer.C:
		case reason := <-w.stop:
			return reason
		case <-ctx.Done():
			return ""
		}
	}
}

// follow reads events until ctx ends.
func (w *worker) follow(ctx context.Context) {
	after := w.passed.Load()
	hand := func(seq uint64, events []alerts.Event) error {
		if seq <= after {
			return nil // comes again because something behind it failed
		}
		select {
		case w.incoming <- incoming{seq, events}:
			after = seq
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	for {
		err := w.opt.Events(ctx, after, hand)
		if ctx.Err() != nil {
			return
		}
		w.opt.Logger.Warn("a webhook cannot read the alert journal, trying again", "webhook", w.id, "error", err)
		if !pause(ctx, time.Second) {
			return
		}
	}
}

// launch starts every try that is due and allowed.
func (w *worker) launch(work *work) {
	h := w.hook.Load()
	host := hostOf(h.URL)
	w.blocked = time.Time{}
	for now := w.opt.Now(); w.queue.ready(now); now = w.opt.Now() {
		ok, probe := w.gate(host, now)
		if !ok {
			w.expire(work, now)
			return
		}
		go w.try(work, h, w.queue.next(now), probe)
	}
}

// try sends d once and writes down what came of it. The loop does not touch d meanwhile.
func (w *worker) try(work *work, h *hook, d *delivery, probe bool) {
	at := w.opt.Now()
	o := w.send(work.requests, h, d, at)
	cut := o.status == 0 && work.requests.Err() != nil
	says := judgeHost(o.status)
	if cut || o.unsendable {
		says = saysNothing
	}
	w.circuits.leave(hostOf(h.URL), probe, says, w.opt.Now())
	if cut {
		// Cut off by us: no verdict on the recipient. It comes again at the next start, under the same id.
		w.results <- result{d: d}
		return
	}
	a := w.verdict(d, &o, at)
	err := w.record(work.records, a)
	w.opt.Metrics.deliveries.WithLabelValues(string(a.State)).Inc()
	if a.State == Dead {
		w.sayDead(d, &a)
	}
	if a.State == Delivered && !d.byHand {
		w.opt.Latency(at.Add(o.took).Sub(d.event.Made).Seconds())
	}
	w.results <- result{d, a, o.retryAfter, err == nil}
}

// sayDead tells the operator, and soon the other recipients.
func (w *worker) sayDead(d *delivery, a *Attempt) {
	w.opt.Logger.Warn("an event could not be delivered", "webhook", w.id, "delivery", d.id, "alert", a.Alert, "status", a.Status, "error", a.Error)
	w.died()
}

func (w *worker) verdict(d *delivery, o *outcome, at time.Time) Attempt {
	a := w.note(d, Skipped)
	a.At, a.Attempt = at.UTC(), d.tries+1
	a.Status, a.Error, a.Answer, a.DurationMS = o.status, o.fault, o.answer, o.took.Milliseconds()
	if o.unsendable {
		return a
	}
	var wait time.Duration
	a.State, wait = w.retry.judge(o, a.Attempt)
	if a.State == Retrying {
		a.NextAt = at.Add(o.took + wait).UTC()
	}
	return a
}

// settle takes in the end of a try.
func (w *worker) settle(ctx context.Context, r result) State {
	w.queue.landed(r.d)
	if !r.recorded {
		return ""
	}
	w.slowDown(&r)
	w.recorded(r.d)
	if r.attempt.State != Retrying {
		w.queue.finish(r.d)
		return r.attempt.State
	}
	for _, behind := range w.queue.again(r.d, r.attempt.NextAt) {
		w.hold(ctx, behind)
	}
	return Retrying
}

package webhook

import (
	"net/http"
	"time"
)

// maxQuiet bounds how long the Retry-After of one answer delays everything to its recipient. Its own next try waits as long as it
// asks for, up to maxRetryAfter.
const maxQuiet = 5 * time.Minute

// slowDown takes in what an answer says about the recipient's strength: one that is overloaded gets half as many requests at once,
// one that takes an event one more, up to inFlight.
func (w *worker) slowDown(r *result) {
	switch r.attempt.Status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		w.queue.limit = max(1, w.queue.limit/2)
		if r.retryAfter > 0 {
			w.quietUntil = w.opt.Now().Add(min(r.retryAfter, maxQuiet))
		}
	default:
		if r.attempt.State == Delivered {
			w.queue.limit = min(inFlight, w.queue.limit+1)
		}
	}
	w.slow.Store(w.queue.limit < inFlight)
}

// gate asks whether a try may begin now; if not, blocked is when to ask again.
func (w *worker) gate(host string, now time.Time) (ok, probe bool) {
	w.blocked = time.Time{}
	if now.Before(w.quietUntil) {
		w.blocked = w.quietUntil
		return false, false
	}
	ok, probe, w.blocked = w.circuits.enter(host, now)
	return ok, probe
}

// wake is when launch should be called again if nothing else happens.
func (w *worker) wake() (time.Time, bool) {
	if !w.blocked.IsZero() {
		return w.blocked, true
	}
	return w.queue.wake()
}

// expire ends what has waited for a dead host longer than all tries of the table would have taken.
func (w *worker) expire(work *work, now time.Time) {
	if _, paused := w.circuits.look(hostOf(w.hook.Load().URL)); !paused || now.Before(w.expired) {
		return
	}
	w.expired = now.Add(time.Minute)
	longest := w.retry.longest()
	for _, d := range w.queue.overdue(now.Add(-longest)) {
		a := w.note(d, Dead)
		a.Error = "the host did not answer for longer than all tries would have taken"
		if w.record(work.records, a) != nil {
			return
		}
		w.opt.Metrics.deliveries.WithLabelValues(string(Dead)).Inc()
		w.recorded(d)
		w.queue.drop(d)
		w.sayDead(d, &a)
	}
}

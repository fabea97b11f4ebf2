package bench

import (
	"context"
	"sync"
	"time"
)

// prober watches one station in history while the load runs, and measures how long its messages take to get there. A message
// counts as there when a look shows it, so the figures are too high by up to probeEvery, never too low.
type prober struct {
	seen  *latency
	done  chan struct{}
	ended chan struct{}
}

const probeEvery = 50 * time.Millisecond

func (s *session) startProber(l load) *prober {
	p := &prober{seen: &latency{}, done: make(chan struct{}), ended: make(chan struct{})}
	pub := s.fleet.publishers[traced]
	from := pub.lastAt.Add(time.Millisecond)
	if l.at != nil {
		from = l.at(0)
	}
	go func() {
		defer close(p.ended)
		t := time.NewTicker(probeEvery)
		defer t.Stop()
		for {
			from = p.look(s.stack.ctx, s.stack.history, pub, from)
			select {
			case <-t.C:
			case <-p.done:
				p.look(s.stack.ctx, s.stack.history, pub, from)
				return
			}
		}
	}()
	return p
}

// look takes what is new in history and returns from when to look next. A question that fails is asked again.
func (p *prober) look(ctx context.Context, h history, pub *publisher, from time.Time) time.Time {
	times, err := h.times(ctx, pub.station, from)
	if err != nil {
		return from
	}
	now := time.Now()
	for _, at := range times {
		if sent, ok := pub.trace.take(at); ok {
			p.seen.observe(now.Sub(sent))
		}
		from = at.Add(time.Millisecond)
	}
	return from
}

// stop ends the watch after a last look.
func (p *prober) stop() {
	close(p.done)
	<-p.ended
}

// trace remembers when the messages of one station were sent, for the prober that sees them arrive in history. A nil trace
// remembers nothing.
type trace struct {
	mu     sync.Mutex
	sentAt map[int64]time.Time
}

func (t *trace) sent(measured, at time.Time) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sentAt[measured.UnixMilli()] = at
}

// take forgets a message and returns when it was sent.
func (t *trace) take(measured time.Time) (time.Time, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	at, ok := t.sentAt[measured.UnixMilli()]
	delete(t.sentAt, measured.UnixMilli())
	return at, ok
}

package bench

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
)

// fleet is all publishers of a run.
type fleet struct {
	publishers []*publisher
	acks       *latency
}

// traced is the publisher whose messages the prober looks for in history.
const traced = 0

func newFleet(stations []string, window int) *fleet {
	f := &fleet{acks: &latency{}}
	for i, s := range stations {
		p := newPublisher(s, window, f.acks)
		p.phase = float64(i) / float64(len(stations))
		f.publishers = append(f.publishers, p)
	}
	f.publishers[traced].trace = &trace{sentAt: map[int64]time.Time{}}
	return f
}

// connecting is how many connections are opened at a time.
const connecting = 64

func (f *fleet) connect(ctx context.Context, addr string) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(connecting)
	for _, p := range f.publishers {
		g.Go(func() error { return p.connect(ctx, addr) })
	}
	return g.Wait()
}

// publish gives every publisher the load and returns when all of it is acknowledged.
func (f *fleet) publish(ctx context.Context, l load) error {
	if l.interval > 0 {
		return f.publishPaced(ctx, l)
	}
	g, ctx := errgroup.WithContext(ctx)
	for _, p := range f.publishers {
		g.Go(func() error { return p.publish(ctx, l) })
	}
	return g.Wait()
}

// sent is the number of messages since the beginning. The publishers must be at rest.
func (f *fleet) sent() uint64 {
	var n uint64
	for _, p := range f.publishers {
		n += p.message.sent()
	}
	return n
}

// lastAcked is the publisher whose last acknowledgement came last: its last message is the last in the log.
func (f *fleet) lastAcked() *publisher {
	last := f.publishers[0]
	for _, p := range f.publishers {
		if p.lastAck.After(last.lastAck) {
			last = p
		}
	}
	return last
}

// resetAcks forgets the latencies of a warm-up.
func (f *fleet) resetAcks() {
	f.acks = &latency{}
	for _, p := range f.publishers {
		p.acks = f.acks
	}
}

func (f *fleet) close() {
	for _, p := range f.publishers {
		p.close()
	}
}

// total is what history holds of one parameter of one station: so many values with this sum in hundredths.
type total struct {
	count int64
	sum   int64
}

// verify compares history with what was sent, per station and parameter, and names the first few differences.
func (f *fleet) verify(held map[string][]total) error {
	const named = 5
	var wrong int
	var text string
	for _, p := range f.publishers {
		have := held[p.station]
		for i, param := range parameters {
			want := total{int64(p.message.sent()), p.message.sums[i]}
			var got total
			if i < len(have) {
				got = have[i]
			}
			if got == want {
				continue
			}
			if wrong++; wrong <= named {
				text += fmt.Sprintf("\n  %s %s: history holds %d values with sum %.2f, sent were %d with sum %.2f",
					p.station, param.code, got.count, float64(got.sum)/100, want.count, float64(want.sum)/100)
			}
		}
	}
	if wrong > 0 {
		return fmt.Errorf("history differs from what was sent and acknowledged in %d of %d series:%s", wrong, len(f.publishers)*len(parameters), text)
	}
	return nil
}

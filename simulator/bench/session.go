package bench

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"
)

// session is a started stack with its connected gateways.
type session struct {
	opt   *Options
	stack *stack
	fleet *fleet
	// began is before the first measured_at.
	began time.Time
}

// openSession starts the stack, connects the gateways and sends the first messages. The caller closes it, also after an
// error.
func openSession(ctx context.Context, o *Options) (*session, error) {
	names := stationNames(o.Stations)
	s := &session{opt: o, began: time.Now().Add(-time.Minute), fleet: newFleet(names, o.Window)}
	return s, s.blame(s.open(ctx, names))
}

func (s *session) open(ctx context.Context, names []string) (err error) {
	s.progress("start", 0)
	if err := checkOpenFiles(s.opt.Stations); err != nil {
		return err
	}
	if s.stack, err = startStack(ctx, s.opt, s.opt.Stack, names); err != nil {
		return err
	}
	s.progress("connect", 0)
	if err := s.probe(); err != nil {
		return err
	}
	if err := s.fleet.connect(s.stack.ctx, s.stack.mqtt); err != nil {
		return err
	}
	return s.warmUp()
}

// blame finds out whether a failure comes from a program that has ended: the broken connection is then only a symptom.
func (s *session) blame(err error) error {
	if err == nil || s.stack == nil {
		return err
	}
	const moment = 500 * time.Millisecond
	t := time.NewTimer(moment)
	defer t.Stop()
	select {
	case <-s.stack.ctx.Done():
		return context.Cause(s.stack.ctx)
	case <-t.C:
		return err
	}
}

// close stops the programs while the gateways are still connected, as it happens in the field.
func (s *session) close() error {
	defer s.fleet.close()
	if s.stack == nil {
		return nil
	}
	return s.stack.stop()
}

// probe publishes for a station of its own until a message is seen in history: what an outside subscriber that is not
// there yet cannot hear is not part of the measurement.
func (s *session) probe() error {
	p := newPublisher(probeStation, 1, &latency{})
	if err := p.connect(s.stack.ctx, s.stack.mqtt); err != nil {
		return err
	}
	defer p.close()
	return s.stack.await("the way from the broker to history", func(ctx context.Context) bool {
		if p.publish(ctx, load{messages: 1}) != nil {
			return false
		}
		times, err := s.stack.history.times(ctx, probeStation, s.began)
		return err == nil && len(times) > 0
	})
}

// warmMessages of each station come before the measurement, or one where that is more than warmTotal: they make the series
// in history and fill the caches.
const (
	warmMessages = 20
	warmTotal    = 20_000
)

func (s *session) warmUp() error {
	s.progress("warm-up", 0)
	each := min(max(warmTotal/uint64(s.opt.Stations), 1), warmMessages)
	if err := s.fleet.publish(s.stack.ctx, load{messages: each}); err != nil {
		return err
	}
	_, err := s.awaitHistory()
	s.fleet.resetAcks()
	return err
}

// measure publishes a load and waits until all of it can be queried.
func (s *session) measure(l load) (Result, error) {
	r, err := s.measureLoad(l)
	return r, s.blame(err)
}

func (s *session) measureLoad(l load) (Result, error) {
	before, err := s.meter()
	if err != nil {
		return Result{}, err
	}
	s.fleet.resetAcks()
	sentBefore := s.fleet.sent()
	prober := s.startProber(l)
	stopReports := s.report("publish", uint64(s.opt.Stations)*l.messages)
	began := time.Now()
	err = s.fleet.publish(s.stack.ctx, l)
	acked := time.Now()
	own := ownCPU() - before.own
	stopReports()
	if err != nil {
		prober.stop()
		return Result{}, err
	}
	s.progress("wait for history", s.fleet.acks.n.Load())
	queryable, err := s.awaitHistory()
	if err == nil && l.at != nil { // the last message says little about those of other weeks
		queryable, err = s.verify()
	}
	if err != nil {
		prober.stop()
		return Result{}, err
	}
	after, err := s.meter()
	prober.stop()
	if err != nil {
		return Result{}, err
	}
	n := s.fleet.sent() - sentBefore
	r := newResult(s.opt, n, queryable.Sub(began), acked.Sub(began))
	if l.interval > 0 {
		r.Offered, r.Burst = float64(s.opt.Stations)/l.interval.Seconds(), int(l.burst)
	}
	r.latencies(s.fleet.acks, prober.seen)
	r.used(s.stack.processes, before, after)
	r.Generator = perHundredThousand(own, n)
	return r, nil
}

// awaitHistory waits until the last message of every station can be queried, and returns when that was. The message that was
// acknowledged last is waited for first. History is filled in the order of the log, so the others are there then; one that
// is not moves the moment to when it is.
func (s *session) awaitHistory() (time.Time, error) {
	last := s.fleet.lastAcked()
	at, _, err := s.awaitStation(last)
	if err != nil {
		return at, err
	}
	for _, p := range s.fleet.publishers {
		if p == last || p.lastAt.IsZero() {
			continue
		}
		seen, waited, err := s.awaitStation(p)
		if err != nil {
			return at, err
		}
		if waited {
			at = seen
		}
	}
	return at, nil
}

// historyWait is how long history may lie behind the acknowledgements.
const historyWait = 2 * time.Minute

func (s *session) awaitStation(p *publisher) (at time.Time, waited bool, err error) {
	const pause = 10 * time.Millisecond
	t := time.NewTicker(pause)
	defer t.Stop()
	for deadline := time.Now().Add(historyWait); ; waited = true {
		times, err := s.stack.history.times(s.stack.ctx, p.station, p.lastAt)
		if cause := context.Cause(s.stack.ctx); cause != nil {
			return at, waited, cause
		}
		if err == nil && len(times) > 0 && times[0].Equal(p.lastAt) {
			return time.Now(), waited, nil
		}
		if time.Now().After(deadline) {
			return at, waited, errors.Join(fmt.Errorf("the last message of %s is not in history %s after its PUBACK", p.station, historyWait), err)
		}
		select {
		case <-t.C:
		case <-s.stack.ctx.Done():
		}
	}
}

// settleWait is how long the rest of history may take after the last message is seen in it.
const settleWait = 10 * time.Second

// verify compares all of history with all that was sent, and returns when they were found equal. A difference is looked at
// again for a while: history writes the parts of a batch that belong to different weeks side by side, so an older one can
// become visible after the newest.
func (s *session) verify() (time.Time, error) {
	s.progress("verify", s.fleet.sent())
	names := stationNames(s.opt.Stations)
	const pause = 100 * time.Millisecond
	t := time.NewTicker(pause)
	defer t.Stop()
	for deadline := time.Now().Add(settleWait); ; {
		held, err := s.stack.history.totals(s.stack.ctx, names, s.began)
		if err != nil {
			return time.Time{}, err
		}
		if err = s.fleet.verify(held); err == nil || time.Now().After(deadline) {
			return time.Now(), err
		}
		select {
		case <-t.C:
		case <-s.stack.ctx.Done():
			return time.Time{}, context.Cause(s.stack.ctx)
		}
	}
}

// consumption is what everything has used up to one moment.
type consumption struct {
	processes         []usage
	own               time.Duration
	machine, capacity time.Duration
}

func (s *session) meter() (c consumption, err error) {
	c.own = ownCPU()
	if c.machine, c.capacity, err = machineCPU(); err != nil {
		return c, err
	}
	for _, p := range s.stack.processes {
		u, err := p.usage()
		if err != nil {
			return c, err
		}
		c.processes = append(c.processes, u)
	}
	return c, nil
}

func (s *session) progress(phase string, acked uint64) {
	s.opt.Progress(Progress{Stack: s.opt.Stack, Phase: phase, Acked: acked})
}

// report tells the progress until the returned function is called.
func (s *session) report(phase string, wanted uint64) (stop func()) {
	const often = 500 * time.Millisecond
	acks, done, ended := s.fleet.acks, make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		t := time.NewTicker(often)
		defer t.Stop()
		for {
			select {
			case <-t.C:
				s.opt.Progress(Progress{Stack: s.opt.Stack, Phase: phase, Acked: acks.n.Load(), Wanted: wanted})
			case <-done:
				return
			}
		}
	}()
	return func() { close(done); <-ended }
}

// ownCPU is what this process, the load generator, has used.
func ownCPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// checkOpenFiles fails early where the system does not let one process have so many connections.
func checkOpenFiles(connections int) error {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
		return fmt.Errorf("limit of open files: %w", err)
	}
	const others = 200
	if uint64(connections+others) > l.Max {
		return fmt.Errorf("%d gateways need as many open files, and the limit is %d: raise it with ulimit -n", connections, l.Max)
	}
	return nil
}

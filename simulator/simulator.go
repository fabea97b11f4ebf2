// Package simulator is a field of virtual gateways: plants that behave, misbehave on demand, and publish over MQTT like any
// other gateway. It knows nothing of the service that it feeds; only cmd imports it.
//
// It promises: a value is a function of (seed, station, parameter, time), so back-fill and live data join without a step
// and two runs with one seed agree; nothing is ever measured ahead of the wall clock; a message counts as delivered only
// when the broker has acknowledged it, and is sent again until then.
package simulator

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// Options of a run. Broker and Plants are required; zero values take the defaults that are named here.
type Options struct {
	// Broker like tcp://127.0.0.1:1883.
	Broker             string
	Username, Password string
	// ClientID begins the MQTT client id of every gateway. "" = one that no other run has, so that two runs can share a
	// broker; a fixed one keeps the gateways' names across runs.
	ClientID string
	Plants   []Plant
	// Interval between two messages of a station; 5 min.
	Interval time.Duration
	// Backfill is how much of the past is sent first, on a grid of BackfillStep (5 min), its end at Interval; 0 = none.
	Backfill     time.Duration
	BackfillStep time.Duration
	// Speed > 1 starts in the past, Backfill ago, and lets that time pass so many times faster until it has caught up with
	// the wall clock; the past is then sent message by message and not as back-fill. 1 is live.
	Speed float64
	// Duration ends the run; 0 = when ctx ends.
	Duration time.Duration
	Seed     uint64
	Scenario *Scenario
	// PerConnection is the number of stations that share a gateway's connection; 8.
	PerConnection int
	// Progress, if not nil, hears about twice a second how far the run is.
	Progress func(Progress)
	Logger   *slog.Logger
	Now      func() time.Time
}

// Progress is how far a run is.
type Progress struct {
	// Phase is "back-fill" or "live".
	Phase            string
	Stations         int
	Published, Acked uint64
}

// Run simulates until ctx or Duration ends, which is no error. A broker that is away is waited for; one that refuses the
// gateways ends the run.
func Run(ctx context.Context, opt Options) error {
	opt = withDefaults(opt)
	switch {
	case len(opt.Plants) == 0:
		return errors.New("simulate: there is no station")
	case opt.Interval < 0 || opt.Backfill < 0 || opt.BackfillStep < 0 || opt.PerConnection < 0:
		return errors.New("simulate: interval, back-fill and stations per connection must not be negative")
	}
	if opt.Duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, opt.Duration)
		defer cancel()
	}
	r := &run{opt: opt, start: opt.Now()}
	gateways, ctx := errgroup.WithContext(ctx)
	for from := 0; from < len(opt.Plants); from += opt.PerConnection {
		g := newGateway(r, from/opt.PerConnection, opt.Plants[from:min(from+opt.PerConnection, len(opt.Plants))])
		r.filling.Add(1)
		gateways.Go(func() error { return g.work(ctx) })
	}
	ended := make(chan error, 1)
	go func() { ended <- gateways.Wait() }()
	if err := r.report(ended); err != nil {
		return fmt.Errorf("simulate: %w", err)
	}
	return nil
}

func withDefaults(opt Options) Options {
	if opt.Interval == 0 {
		opt.Interval = 5 * time.Minute
	}
	if opt.BackfillStep == 0 {
		opt.BackfillStep = 5 * time.Minute
	}
	if opt.Speed < 1 {
		opt.Speed = 1
	}
	if opt.Speed > 1 && opt.Backfill == 0 {
		opt.Backfill = 24 * time.Hour
	}
	if opt.PerConnection == 0 {
		opt.PerConnection = 8
	}
	if opt.ClientID == "" {
		opt.ClientID = fmt.Sprintf("simulator-%08x", rand.Uint32())
	}
	if opt.Logger == nil {
		opt.Logger = slog.New(slog.DiscardHandler)
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Scenario == nil {
		opt.Scenario = &Scenario{}
	}
	return opt
}

type run struct {
	opt              Options
	start            time.Time
	published, acked atomic.Uint64
	filling          atomic.Int64 // gateways that are still back-filling
}

// report tells Progress how far the run is until it has ended, and then once more with the final numbers.
func (r *run) report(ended <-chan error) error {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		r.tell()
		select {
		case <-tick.C:
		case err := <-ended:
			r.tell()
			return err
		}
	}
}

func (r *run) tell() {
	if r.opt.Progress == nil {
		return
	}
	// Acked before Published, so that no message seems acknowledged that was not published.
	p := Progress{Phase: "live", Stations: len(r.opt.Plants), Acked: r.acked.Load()}
	p.Published = r.published.Load()
	if r.filling.Load() > 0 {
		p.Phase = "back-fill"
	}
	r.opt.Progress(p)
}

// begin is the beginning of the run, from which events count: now, or with Speed > 1 the past that it starts in.
func (r *run) begin() time.Time {
	if r.opt.Speed > 1 {
		return r.start.Add(-r.opt.Backfill)
	}
	return r.start
}

// dueAt is the wall-clock time at which what is measured at at may be sent: at itself, or with Speed > 1, while the run is
// catching up, the time at which the faster clock passes it.
func (r *run) dueAt(at time.Time) time.Time {
	if r.opt.Speed <= 1 {
		return at
	}
	begin := r.begin()
	due := r.start.Add(time.Duration(float64(at.Sub(begin)) / r.opt.Speed))
	if due.Before(at) {
		return at
	}
	return due
}

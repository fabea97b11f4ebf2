package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"golang.org/x/sync/errgroup"
)

// FlowOptions are those of a measurement during which values flow and alerts open. Serve is needed; the rest has defaults.
type FlowOptions struct {
	// Readings per second in all, eight to a message; 1,000. Stations send them; 200.
	Readings float64
	Stations int
	// Alerts are opened during the run, evenly spread, each at a station of its own.
	Alerts int
	// Duration of the measurement; 30 s.
	Duration time.Duration

	Serve    func(profile string) []string
	ServeEnv []string
	Profile  string
	Dir      string
	Progress func(Progress)
}

const (
	usualReadings = 1000
	mostAlerts    = 9999
	usualDuration = 30 * time.Second
)

// complete fills in the defaults; alerts is that of Alerts.
func (o *FlowOptions) complete(alerts int) error {
	o.Stations, o.Readings = cmp.Or(o.Stations, usualStations), cmp.Or(o.Readings, usualReadings)
	o.Alerts, o.Duration = cmp.Or(o.Alerts, alerts), cmp.Or(o.Duration, usualDuration)
	if o.Progress == nil {
		o.Progress = func(Progress) {}
	}
	switch {
	case o.Serve == nil:
		return errors.New("bench: FlowOptions.Serve is needed")
	case o.Stations < 1 || o.Stations > mostStations:
		return fmt.Errorf("between 1 and %d stations can be driven, not %d", mostStations, o.Stations)
	case o.Alerts < 1 || o.Alerts > mostAlerts:
		return fmt.Errorf("between 1 and %d alerts can be opened, not %d", mostAlerts, o.Alerts)
	case !(o.Readings > 0) || math.IsInf(o.Readings, 0) || o.Duration < time.Second:
		return errors.New("readings per second are more than 0, and the duration is at least 1s")
	}
	return nil
}

// FlowResult is what the server and the load generator did meanwhile.
type FlowResult struct {
	Stations int     `json:"stations"`
	Seconds  float64 `json:"seconds"`
	// Readings per second that were acknowledged.
	Readings float64 `json:"readings_per_second"`
	Alerts   int     `json:"alerts"`
	// Cores that the server used, Generator those of the load generator with whoever listens, Others the share of the machine's CPU,
	// 0 to 1, that neither used.
	Cores     float64 `json:"server_cores"`
	Generator float64 `json:"generator_cores"`
	Others    float64 `json:"others_cpu_share"`
	PeakBytes uint64  `json:"server_peak_bytes"`
	Checks    []Check `json:"checks"`
}

func (r *FlowResult) check(what, unit string, got, limit float64) {
	r.Checks = append(r.Checks, Check{what, unit, got, limit, got <= limit})
}

// flow is a started server with its gateways and with alarms that have not rung.
type flow struct {
	session
	of     *FlowOptions
	names  []string
	alarms *alarms
}

// open starts the server with env in addition and connects; the caller sends the first messages.
func (f *flow) open(ctx context.Context, o *FlowOptions, env ...string) (err error) {
	// The additions come behind ServeEnv, which may empty them.
	opt := &Options{Stack: Embedded, Stations: o.Stations, Window: 1, Serve: o.Serve, ServeEnv: append(o.ServeEnv[:len(o.ServeEnv):len(o.ServeEnv)], env...), Profile: o.Profile, Dir: o.Dir, Progress: o.Progress}
	f.of, f.names, f.alarms = o, stationNames(o.Stations), newAlarms(o.Alerts)
	f.session = session{opt: opt, began: time.Now().Add(-time.Minute), fleet: newFleet(f.names, opt.Window)}
	f.progress("start", 0)
	if f.stack, err = startStack(ctx, opt, Embedded, append(f.alarms.stations(), f.names...)); err != nil {
		return err
	}
	f.progress("connect", 0)
	if err := f.fleet.connect(f.stack.ctx, f.stack.mqtt); err != nil {
		return err
	}
	return f.alarms.connect(f.stack.ctx, f.stack.mqtt)
}

func (f *flow) base() string { return f.stack.history.(*apiHistory).base }

// run lets the values flow and the alarms ring. What they cause may still be under way afterwards.
func (f *flow) run(phase string) (r FlowResult, err error) {
	perStation := f.of.Readings / float64(len(parameters)) / float64(f.of.Stations)
	begin := time.Now()
	l := load{start: begin, messages: max(uint64(perStation*f.of.Duration.Seconds()), 1), interval: time.Duration(float64(time.Second) / perStation)}
	before, err := f.meter()
	if err != nil {
		return r, err
	}
	sent := f.fleet.sent()
	stop := f.report(phase, uint64(f.of.Stations)*l.messages)
	g, ctx := errgroup.WithContext(f.stack.ctx)
	g.Go(func() error { return f.fleet.publish(ctx, l) })
	g.Go(func() error { return f.alarms.ring(ctx, f.of.Duration) })
	err = g.Wait()
	stop()
	if err != nil {
		return r, err
	}
	took := time.Since(begin)
	after, err := f.meter()
	if err != nil {
		return r, err
	}
	r = FlowResult{Stations: f.of.Stations, Seconds: took.Seconds(), Alerts: f.of.Alerts, PeakBytes: after.processes[0].Peak}
	r.Readings = float64((f.fleet.sent()-sent)*uint64(len(parameters))) / took.Seconds()
	server, own := after.processes[0].CPU-before.processes[0].CPU, after.own-before.own
	r.Cores, r.Generator = server.Seconds()/took.Seconds(), own.Seconds()/took.Seconds()
	if capacity := after.capacity - before.capacity; capacity > 0 {
		r.Others = max((after.machine-before.machine-server-own).Seconds()/capacity.Seconds(), 0)
	}
	return r, nil
}

// close ends the server.
func (f *flow) close() error {
	if f.fleet == nil {
		return nil
	}
	f.alarms.close()
	return f.session.close()
}

// settle waits until done holds, or for a moment.
func settle(ctx context.Context, done func() bool) {
	ctx, cancel := context.WithTimeout(ctx, settleWait)
	defer cancel()
	const pause = 50 * time.Millisecond
	t := time.NewTicker(pause)
	defer t.Stop()
	for !done() {
		select {
		case <-t.C:
		case <-ctx.Done():
			return
		}
	}
}

// milliseconds of a duration, as results have them.
func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

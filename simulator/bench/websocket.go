package bench

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// WebsocketOptions of a run. Serve is needed; the rest has defaults.
type WebsocketOptions struct {
	// Clients is the number of websockets; 1,000.
	Clients int
	// Readings per second in all, eight to a message; 1,000. Stations send them; 200.
	Readings float64
	Stations int
	// Alerts are opened during the run, evenly spread, each at a station of its own; 60.
	Alerts int
	// Duration of the measurement; 30 s.
	Duration time.Duration
	// Compress offers the server to compress, as browsers do.
	Compress bool
	// Each client listens to a tenth of the stations instead of all of them.
	Filtered bool

	Serve    func(profile string) []string
	ServeEnv []string
	Profile  string
	Dir      string
	Progress func(Progress)
}

const (
	usualClients  = 1000
	mostClients   = 2000 // what a server lets in
	usualReadings = 1000
	usualAlerts   = 60
	mostAlerts    = 9999
	usualWatch    = 30 * time.Second
)

func (o WebsocketOptions) complete() (WebsocketOptions, error) {
	o.Clients, o.Stations = cmp.Or(o.Clients, usualClients), cmp.Or(o.Stations, usualStations)
	o.Readings, o.Alerts, o.Duration = cmp.Or(o.Readings, usualReadings), cmp.Or(o.Alerts, usualAlerts), cmp.Or(o.Duration, usualWatch)
	if o.Progress == nil {
		o.Progress = func(Progress) {}
	}
	switch {
	case o.Serve == nil:
		return o, errors.New("bench: WebsocketOptions.Serve is needed")
	case o.Clients < 1 || o.Clients > mostClients-1:
		return o, fmt.Errorf("between 1 and %d clients can listen, not %d", mostClients-1, o.Clients)
	case o.Stations < 1 || o.Stations > mostStations:
		return o, fmt.Errorf("between 1 and %d stations can be driven, not %d", mostStations, o.Stations)
	case o.Alerts < 1 || o.Alerts > mostAlerts:
		return o, fmt.Errorf("between 1 and %d alerts can be opened, not %d", mostAlerts, o.Alerts)
	case !(o.Readings > 0) || math.IsInf(o.Readings, 0) || o.Duration < time.Second:
		return o, errors.New("readings per second are more than 0, and the duration is at least 1s")
	}
	return o, nil
}

// WebsocketResult is one measured run. Every alert was looked for at every client, and the newest value of every series at one.
type WebsocketResult struct {
	Clients  int     `json:"clients"`
	Stations int     `json:"stations"`
	Seconds  float64 `json:"seconds"`
	// Readings per second that were acknowledged.
	Readings float64 `json:"readings_per_second"`
	// Cores that the server used, and Generator those of the load generator with all clients.
	Cores     float64 `json:"server_cores"`
	Generator float64 `json:"generator_cores"`
	Others    float64 `json:"others_cpu_share"`
	PeakBytes uint64  `json:"server_peak_bytes"`
	// Latencies in milliseconds from the publish: of an alert to each client, of a value to one.
	AlertP50   float64 `json:"alert_p50_ms"`
	AlertP99   float64 `json:"alert_p99_ms"`
	ReadingP50 float64 `json:"reading_p50_ms"`
	ReadingP99 float64 `json:"reading_p99_ms"`
	Alerts     int     `json:"alerts"`
	// Missed counts alerts that a client did not get, Closed clients that were cut off, Dropped values that were replaced by newer ones
	// for clients that lag.
	Missed  int     `json:"alerts_missed"`
	Closed  int     `json:"clients_closed"`
	Dropped float64 `json:"values_coalesced"`
	// Frames and Bytes a second of each client.
	Frames float64 `json:"frames_per_second"`
	Bytes  float64 `json:"bytes_per_second"`
	Checks []Check `json:"checks"`
}

// Websocket measures a server with many listeners.
func Websocket(ctx context.Context, o WebsocketOptions) (r WebsocketResult, err error) {
	if o, err = o.complete(); err != nil {
		return r, err
	}
	if err := checkOpenFiles(2*o.Clients + o.Stations); err != nil {
		return r, err
	}
	w := &watch{opt: &o, alarms: newAlarms(o.Alerts)}
	defer func() { err = errors.Join(err, w.close()) }()
	if err := w.open(ctx); err != nil {
		return r, w.blame(err)
	}
	r, err = w.measure()
	return r, w.blame(err)
}

// watch is a started server with its gateways and listeners.
type watch struct {
	session
	opt       *WebsocketOptions
	alarms    *alarms
	listeners []*listener
	observer  *observer
}

func (w *watch) open(ctx context.Context) (err error) {
	o := Options{Stack: Embedded, Stations: w.opt.Stations, Window: 1, Serve: w.opt.Serve, ServeEnv: w.opt.ServeEnv, Profile: w.opt.Profile, Dir: w.opt.Dir, Progress: w.opt.Progress}
	names := stationNames(o.Stations)
	w.session = session{opt: &o, began: time.Now().Add(-time.Minute), fleet: newFleet(names, o.Window)}
	w.progress("start", 0)
	if w.stack, err = startStack(ctx, &o, Embedded, append(w.alarms.stations(), names...)); err != nil {
		return err
	}
	w.progress("connect", 0)
	if err := w.fleet.connect(w.stack.ctx, w.stack.mqtt); err != nil {
		return err
	}
	if err := w.alarms.connect(w.stack.ctx, w.stack.mqtt); err != nil {
		return err
	}
	if err := w.warmUp(); err != nil {
		return err
	}
	w.progress("listen", 0)
	return w.listen(names)
}

func (w *watch) base() string { return w.stack.history.(*apiHistory).base }

// listen opens the websockets and returns when each has its snapshot.
func (w *watch) listen(names []string) error {
	var err error
	if w.observer, err = observe(w.stack.ctx, w.base()); err != nil {
		return err
	}
	w.listeners = make([]*listener, w.opt.Clients)
	g, ctx := errgroup.WithContext(w.stack.ctx)
	g.SetLimit(connecting)
	for i := range w.listeners {
		var stations []string
		if w.opt.Filtered {
			for k := i % tenth; k < len(names); k += tenth {
				stations = append(stations, names[k])
			}
			stations = append(stations, w.alarms.stations()...)
		}
		g.Go(func() (err error) {
			w.listeners[i], err = listen(ctx, w.base(), listening{w.alarms, stations, w.opt.Compress})
			return err
		})
	}
	return g.Wait()
}

// tenth of the stations is what a filtered client listens to.
const tenth = 10

func (w *watch) measure() (WebsocketResult, error) {
	perStation := w.opt.Readings / float64(len(parameters)) / float64(w.opt.Stations)
	begin := time.Now()
	l := load{start: begin, messages: max(uint64(perStation*w.opt.Duration.Seconds()), 1), interval: time.Duration(float64(time.Second) / perStation)}
	before, err := w.meter()
	if err != nil {
		return WebsocketResult{}, err
	}
	sent := w.fleet.sent()
	frames, bytes := w.received()
	stop := w.report("watch", uint64(w.opt.Stations)*l.messages)
	g, ctx := errgroup.WithContext(w.stack.ctx)
	g.Go(func() error { return w.fleet.publish(ctx, l) })
	g.Go(func() error { return w.alarms.ring(ctx, w.opt.Duration) })
	err = g.Wait()
	stop()
	if err != nil {
		return WebsocketResult{}, err
	}
	took := time.Since(begin)
	after, err := w.meter()
	if err != nil {
		return WebsocketResult{}, err
	}
	r := WebsocketResult{Clients: len(w.listeners), Stations: w.opt.Stations, Seconds: took.Seconds(), Alerts: w.opt.Alerts}
	r.Readings = float64((w.fleet.sent()-sent)*uint64(len(parameters))) / took.Seconds()
	r.used(before, after, took)
	w.progress("settle", 0)
	w.settle()
	framesAfter, bytesAfter := w.received()
	r.Frames = float64(framesAfter-frames) / took.Seconds() / float64(len(w.listeners))
	r.Bytes = float64(bytesAfter-bytes) / took.Seconds() / float64(len(w.listeners))
	if err := w.observer.verify(w.fleet); err != nil {
		return r, err
	}
	if r.Dropped, err = w.dropped(); err != nil {
		return r, err
	}
	w.count(&r)
	return r, nil
}

func (r *WebsocketResult) used(before, after consumption, took time.Duration) {
	server, own := after.processes[0].CPU-before.processes[0].CPU, after.own-before.own
	r.Cores, r.Generator = server.Seconds()/took.Seconds(), own.Seconds()/took.Seconds()
	r.PeakBytes = after.processes[0].Peak
	if capacity := after.capacity - before.capacity; capacity > 0 {
		r.Others = max((after.machine-before.machine-server-own).Seconds()/capacity.Seconds(), 0)
	}
}

// settle gives what is still under way a moment: until every client has every alert and the observer the newest values.
func (w *watch) settle() {
	deadline := time.NewTimer(settleWait)
	defer deadline.Stop()
	const pause = 50 * time.Millisecond
	t := time.NewTicker(pause)
	defer t.Stop()
	for {
		if w.alarms.missed(w.listeners) == 0 && w.observer.verify(w.fleet) == nil {
			return
		}
		select {
		case <-t.C:
		case <-deadline.C:
			return
		case <-w.stack.ctx.Done():
			return
		}
	}
}

func (w *watch) received() (frames, bytes uint64) {
	for _, l := range w.listeners {
		frames += l.frames.Load()
		bytes += l.bytes.Load()
	}
	return frames, bytes
}

func (w *watch) count(r *WebsocketResult) {
	ms := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	r.AlertP50, r.AlertP99 = ms(w.alarms.seen.quantile(0.5)), ms(w.alarms.seen.quantile(0.99))
	r.ReadingP50, r.ReadingP99 = ms(w.observer.seen.quantile(0.5)), ms(w.observer.seen.quantile(0.99))
	r.Missed = w.alarms.missed(w.listeners)
	for _, l := range w.listeners {
		if l.closed.Load() {
			r.Closed++
		}
	}
	const mostCores, mostLatency = 1, 100
	check := func(what, unit string, got, limit float64) {
		r.Checks = append(r.Checks, Check{what, unit, got, limit, got <= limit})
	}
	check("server", "cores", r.Cores, mostCores)
	check("alert to client, p99", "ms", r.AlertP99, mostLatency)
	check("alerts missed", "", float64(r.Missed), 0)
	check("clients closed", "", float64(r.Closed), 0)
}

// dropped reads how many values the server replaced for clients that lag.
func (w *watch) dropped() (float64, error) {
	req, err := http.NewRequestWithContext(w.stack.ctx, http.MethodGet, w.base()+"/metrics", nil)
	if err != nil {
		return 0, err
	}
	resp, err := w.stack.client.Do(req)
	if err != nil {
		return 0, fmt.Errorf("read the metrics: %w", err)
	}
	defer resp.Body.Close()
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		if value, ok := strings.CutPrefix(lines.Text(), "quantrac_ws_dropped_total "); ok {
			return strconv.ParseFloat(value, 64)
		}
	}
	return 0, errors.New("the metrics have no quantrac_ws_dropped_total")
}

// close ends the listeners, then the server.
func (w *watch) close() error {
	for _, l := range w.listeners {
		if l != nil {
			l.close()
		}
	}
	if w.observer != nil {
		w.observer.close()
	}
	if w.fleet == nil {
		return nil
	}
	w.alarms.close()
	return w.session.close()
}

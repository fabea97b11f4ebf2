package bench

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"golang.org/x/sync/errgroup"
)

// WebsocketOptions of a run. 60 alerts are opened unless it says otherwise.
type WebsocketOptions struct {
	FlowOptions
	// Clients is the number of websockets; 1,000.
	Clients int
	// Compress offers the server to compress, as browsers do.
	Compress bool
	// Filtered lets each client listen to a tenth of the stations instead of all of them.
	Filtered bool
}

const (
	usualClients = 1000
	mostClients  = 2000 // what a server lets in
	usualAlerts  = 60
)

func (o *WebsocketOptions) complete() error {
	o.Clients = cmp.Or(o.Clients, usualClients)
	if o.Clients < 1 || o.Clients > mostClients-1 {
		return fmt.Errorf("between 1 and %d clients can listen, not %d", mostClients-1, o.Clients)
	}
	return o.FlowOptions.complete(usualAlerts)
}

// WebsocketResult is one measured run. Every alert was looked for at every client, and the newest value of every series at one.
type WebsocketResult struct {
	FlowResult
	Clients int `json:"clients"`
	// Latencies in milliseconds from the publish: of an alert to each client, of a value to one.
	AlertP50   float64 `json:"alert_p50_ms"`
	AlertP99   float64 `json:"alert_p99_ms"`
	ReadingP50 float64 `json:"reading_p50_ms"`
	ReadingP99 float64 `json:"reading_p99_ms"`
	// Missed counts alerts that a client did not get, Closed clients that were cut off, Dropped values that were replaced by newer ones
	// for clients that lag.
	Missed  int     `json:"alerts_missed"`
	Closed  int     `json:"clients_closed"`
	Dropped float64 `json:"values_coalesced"`
	// Frames and Bytes a second of each client.
	Frames float64 `json:"frames_per_second"`
	Bytes  float64 `json:"bytes_per_second"`
}

// Websocket measures a server with many listeners.
func Websocket(ctx context.Context, o WebsocketOptions) (r WebsocketResult, err error) {
	if err := o.complete(); err != nil {
		return r, err
	}
	if err := checkOpenFiles(2*o.Clients + o.Stations); err != nil {
		return r, err
	}
	w := &watch{opt: &o}
	defer func() { err = errors.Join(err, w.close()) }()
	if err := w.open(ctx); err != nil {
		return r, w.blame(err)
	}
	r, err = w.measure()
	return r, w.blame(err)
}

// watch is a flow with listeners.
type watch struct {
	flow
	opt       *WebsocketOptions
	listeners []*listener
	observer  *observer
}

func (w *watch) open(ctx context.Context) error {
	if err := w.flow.open(ctx, &w.opt.FlowOptions); err != nil {
		return err
	}
	if err := w.warmUp(); err != nil {
		return err
	}
	w.progress("listen", 0)
	return w.listen()
}

// listen opens the websockets and returns when each has its snapshot.
func (w *watch) listen() error {
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
			for k := i % tenth; k < len(w.names); k += tenth {
				stations = append(stations, w.names[k])
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

func (w *watch) measure() (r WebsocketResult, err error) {
	frames, bytes := w.received()
	if r.FlowResult, err = w.run("watch"); err != nil {
		return r, err
	}
	r.Clients = len(w.listeners)
	w.progress("settle", 0)
	// Until every client has every alert and the observer the newest values.
	settle(w.stack.ctx, func() bool { return w.alarms.missed(w.listeners) == 0 && w.observer.verify(w.fleet) == nil })
	framesAfter, bytesAfter := w.received()
	r.Frames = float64(framesAfter-frames) / r.Seconds / float64(r.Clients)
	r.Bytes = float64(bytesAfter-bytes) / r.Seconds / float64(r.Clients)
	if err := w.observer.verify(w.fleet); err != nil {
		return r, err
	}
	if r.Dropped, err = w.dropped(); err != nil {
		return r, err
	}
	w.count(&r)
	return r, nil
}

func (w *watch) received() (frames, bytes uint64) {
	for _, l := range w.listeners {
		frames += l.frames.Load()
		bytes += l.bytes.Load()
	}
	return frames, bytes
}

func (w *watch) count(r *WebsocketResult) {
	ms := milliseconds
	r.AlertP50, r.AlertP99 = ms(w.alarms.seen.quantile(0.5)), ms(w.alarms.seen.quantile(0.99))
	r.ReadingP50, r.ReadingP99 = ms(w.observer.seen.quantile(0.5)), ms(w.observer.seen.quantile(0.99))
	r.Missed = w.alarms.missed(w.listeners)
	for _, l := range w.listeners {
		if l.closed.Load() {
			r.Closed++
		}
	}
	const mostCores, mostLatency = 1, 100
	r.check("server", "cores", r.Cores, mostCores)
	r.check("alert to client, p99", "ms", r.AlertP99, mostLatency)
	r.check("alerts missed", "", float64(r.Missed), 0)
	r.check("clients closed", "", float64(r.Closed), 0)
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
	return w.flow.close()
}

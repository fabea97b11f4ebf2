package bench

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// AlertsOptions of a run. Serve is needed; the rest has defaults.
type AlertsOptions struct {
	// Readings per second in all, eight to a message; 1,000. Stations send them; 200.
	Readings float64
	Stations int
	// Alerts are opened during the run, evenly spread, each at a station of its own; 300.
	Alerts int
	// Duration of the measurement; 30 s.
	Duration time.Duration

	Serve    func(profile string) []string
	ServeEnv []string
	Profile  string
	Dir      string
	Progress func(Progress)
}

const usualNotices = 300

func (o AlertsOptions) complete() (AlertsOptions, error) {
	o.Stations, o.Readings = cmp.Or(o.Stations, usualStations), cmp.Or(o.Readings, usualReadings)
	o.Alerts, o.Duration = cmp.Or(o.Alerts, usualNotices), cmp.Or(o.Duration, usualWatch)
	if o.Progress == nil {
		o.Progress = func(Progress) {}
	}
	switch {
	case o.Serve == nil:
		return o, errors.New("bench: AlertsOptions.Serve is needed")
	case o.Stations < 1 || o.Stations > mostStations:
		return o, fmt.Errorf("between 1 and %d stations can be driven, not %d", mostStations, o.Stations)
	case o.Alerts < 1 || o.Alerts > mostAlerts:
		return o, fmt.Errorf("between 1 and %d alerts can be opened, not %d", mostAlerts, o.Alerts)
	case !(o.Readings > 0) || math.IsInf(o.Readings, 0) || o.Duration < time.Second:
		return o, errors.New("readings per second are more than 0, and the duration is at least 1s")
	}
	return o, nil
}

// AlertsResult is one measured run.
type AlertsResult struct {
	Stations int     `json:"stations"`
	Seconds  float64 `json:"seconds"`
	// Readings per second that were acknowledged.
	Readings float64 `json:"readings_per_second"`
	Alerts   int     `json:"alerts"`
	// Missed alerts were not received, Twice those that came more than once.
	Missed int `json:"alerts_missed"`
	Twice  int `json:"alerts_twice"`
	// Latencies in milliseconds from the publish of a reading until the recipient had the whole request.
	WebhookP50 float64 `json:"webhook_p50_ms"`
	WebhookP99 float64 `json:"webhook_p99_ms"`
	// Cores that the server used, and Generator those of the load generator with the recipient.
	Cores     float64 `json:"server_cores"`
	Generator float64 `json:"generator_cores"`
	Others    float64 `json:"others_cpu_share"`
	Checks    []Check `json:"checks"`
}

// Alerts measures how soon a webhook has heard of a value that opens an alert, while other values flow.
func Alerts(ctx context.Context, o AlertsOptions) (r AlertsResult, err error) {
	if o, err = o.complete(); err != nil {
		return r, err
	}
	c := &calling{opt: &o, alarms: newAlarms(o.Alerts)}
	defer func() { err = errors.Join(err, c.close()) }()
	if err := c.open(ctx); err != nil {
		return r, c.blame(err)
	}
	r, err = c.measure()
	return r, c.blame(err)
}

// calling is a started server with its gateways and one recipient.
type calling struct {
	session
	opt    *AlertsOptions
	alarms *alarms
	hook   *hook
}

// benchToken lets the load generator make a webhook at the service that it has started.
const benchToken = "bench-token-of-this-run"

func (c *calling) open(ctx context.Context) (err error) {
	// Behind ServeEnv, which may empty them.
	env := append(slices.Clone(c.opt.ServeEnv), "QUANTRAC_BOOTSTRAP_TOKEN="+benchToken, "QUANTRAC_WEBHOOKS_ALLOW_PRIVATE=127.0.0.0/8")
	o := Options{Stack: Embedded, Stations: c.opt.Stations, Window: 1, Serve: c.opt.Serve, ServeEnv: env, Profile: c.opt.Profile, Dir: c.opt.Dir, Progress: c.opt.Progress}
	names := stationNames(o.Stations)
	c.session = session{opt: &o, began: time.Now().Add(-time.Minute), fleet: newFleet(names, o.Window)}
	c.progress("start", 0)
	if c.hook, err = newHook(ctx, c.alarms); err != nil {
		return err
	}
	if c.stack, err = startStack(ctx, &o, Embedded, append(c.alarms.stations(), names...)); err != nil {
		return err
	}
	c.progress("connect", 0)
	if err := c.fleet.connect(c.stack.ctx, c.stack.mqtt); err != nil {
		return err
	}
	if err := c.alarms.connect(c.stack.ctx, c.stack.mqtt); err != nil {
		return err
	}
	if err := c.subscribe(); err != nil {
		return err
	}
	return c.warmUp()
}

// subscribe makes the webhook.
func (c *calling) subscribe() error {
	body := fmt.Appendf(nil, `{"name":"bench","url":%q,"events":["alert.opened"]}`, c.hook.url)
	req, err := http.NewRequestWithContext(c.stack.ctx, http.MethodPost, c.stack.history.(*apiHistory).base+"/api/v1/webhooks", bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+benchToken)
	resp, err := c.stack.client.Do(req)
	if err != nil {
		return fmt.Errorf("make the webhook: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusCreated {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 1000))
		return fmt.Errorf("make the webhook: %s: %s", resp.Status, text)
	}
	return nil
}

func (c *calling) measure() (AlertsResult, error) {
	perStation := c.opt.Readings / float64(len(parameters)) / float64(c.opt.Stations)
	begin := time.Now()
	l := load{start: begin, messages: max(uint64(perStation*c.opt.Duration.Seconds()), 1), interval: time.Duration(float64(time.Second) / perStation)}
	before, err := c.meter()
	if err != nil {
		return AlertsResult{}, err
	}
	sent := c.fleet.sent()
	stop := c.report("alerts", uint64(c.opt.Stations)*l.messages)
	g, ctx := errgroup.WithContext(c.stack.ctx)
	g.Go(func() error { return c.fleet.publish(ctx, l) })
	g.Go(func() error { return c.alarms.ring(ctx, c.opt.Duration) })
	err = g.Wait()
	stop()
	if err != nil {
		return AlertsResult{}, err
	}
	took := time.Since(begin)
	after, err := c.meter()
	if err != nil {
		return AlertsResult{}, err
	}
	c.progress("settle", 0)
	c.hook.settle(c.stack.ctx)
	r := AlertsResult{Stations: c.opt.Stations, Seconds: took.Seconds(), Alerts: c.opt.Alerts}
	r.Readings = float64((c.fleet.sent()-sent)*uint64(len(parameters))) / took.Seconds()
	used := WebsocketResult{}
	used.used(before, after, took)
	r.Cores, r.Generator, r.Others = used.Cores, used.Generator, used.Others
	c.count(&r)
	return r, nil
}

func (c *calling) count(r *AlertsResult) {
	ms := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	r.WebhookP50, r.WebhookP99 = ms(c.alarms.seen.quantile(0.5)), ms(c.alarms.seen.quantile(0.99))
	for i := range c.hook.got {
		switch n := c.hook.got[i].Load(); {
		case n == 0:
			r.Missed++
		case n > 1:
			r.Twice++
		}
	}
	const mostLatency = 100
	check := func(what, unit string, got, limit float64) {
		r.Checks = append(r.Checks, Check{what, unit, got, limit, got <= limit})
	}
	check("publish → webhook received, p99", "ms", r.WebhookP99, mostLatency)
	check("alerts missed", "", float64(r.Missed), 0)
	check("alerts twice", "", float64(r.Twice), 0)
}

// close ends the server, then the recipient: what the server still sends is not refused.
func (c *calling) close() (err error) {
	if c.fleet != nil {
		c.alarms.close()
		err = c.session.close()
	}
	if c.hook != nil {
		err = errors.Join(err, c.hook.server.Close())
	}
	return err
}

// hook is a recipient of webhooks that answers at once.
type hook struct {
	url    string
	server *http.Server
	alarms *alarms
	// got counts the requests about each alarm.
	got []atomic.Int32
}

func newHook(ctx context.Context, a *alarms) (*hook, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for webhooks: %w", err)
	}
	h := &hook{url: "http://" + l.Addr().String(), alarms: a, got: make([]atomic.Int32, len(a.sentAt))}
	h.server = &http.Server{Handler: h, ReadHeaderTimeout: answerWait}
	go func() { _ = h.server.Serve(l) }() // ends with Close
	return h, nil
}

// ServeHTTP takes a notice.
func (h *hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	const mostBody = 20_000
	body, err := io.ReadAll(io.LimitReader(r.Body, mostBody))
	now := time.Now()
	var in struct {
		Data struct {
			Alert struct {
				Station struct{ ID string }
			}
		}
	}
	if err != nil || json.Unmarshal(body, &in) != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	w.WriteHeader(http.StatusNoContent)
	i := h.alarms.number([]byte(`"` + in.Data.Alert.Station.ID + `"`))
	if i < 0 || h.got[i].Add(1) > 1 {
		return
	}
	h.alarms.seen.observe(now.Sub(time.Unix(0, h.alarms.sentAt[i].Load())))
}

// settle gives what is still under way a moment.
func (h *hook) settle(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, settleWait)
	defer cancel()
	const pause = 50 * time.Millisecond
	t := time.NewTicker(pause)
	defer t.Stop()
	for h.alarms.seen.n.Load() < uint64(len(h.got)) {
		select {
		case <-t.C:
		case <-ctx.Done():
			return
		}
	}
}

// Print writes the result for people.
func (r *AlertsResult) Print(w io.Writer) {
	fmt.Fprintf(w, "%d stations, %.0f readings/s for %.0f s, and %d alerts that open meanwhile\n", r.Stations, r.Readings, r.Seconds, r.Alerts)
	fmt.Fprintf(w, "  publish → webhook received   p50 %8.1f ms   p99 %8.1f ms\n", r.WebhookP50, r.WebhookP99)
	fmt.Fprintf(w, "  server %.2f cores (load generator with the recipient %.2f cores)\n", r.Cores, r.Generator)
	printOthers(w, r.Others)
	for _, c := range r.Checks {
		fmt.Fprintf(w, "%s %.1f %s, at most %.0f: %s\n", c.What, c.Got, c.Unit, c.Limit, verdict(c.Met))
	}
}

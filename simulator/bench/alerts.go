package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// AlertsOptions of a run. 300 alerts are opened unless it says otherwise.
type AlertsOptions struct{ FlowOptions }

const usualNotices = 300

// AlertsResult is one measured run.
type AlertsResult struct {
	FlowResult
	// Missed alerts were not received, Twice those that came more than once.
	Missed int `json:"alerts_missed"`
	Twice  int `json:"alerts_twice"`
	// Latencies in milliseconds from the publish of a reading until the recipient had the whole request.
	WebhookP50 float64 `json:"webhook_p50_ms"`
	WebhookP99 float64 `json:"webhook_p99_ms"`
}

// Alerts measures how soon a webhook has heard of a value that opens an alert, while other values flow.
func Alerts(ctx context.Context, o AlertsOptions) (r AlertsResult, err error) {
	if err := o.complete(usualNotices); err != nil {
		return r, err
	}
	c := &calling{}
	defer func() { err = errors.Join(err, c.close()) }()
	if err := c.open(ctx, &o.FlowOptions); err != nil {
		return r, c.blame(err)
	}
	r, err = c.measure()
	return r, c.blame(err)
}

// calling is a flow with one recipient.
type calling struct {
	flow
	hook *hook
}

// benchToken lets the load generator make a webhook at the service that it has started.
const benchToken = "bench-token-of-this-run"

func (c *calling) open(ctx context.Context, o *FlowOptions) error {
	if err := c.flow.open(ctx, o, "QUANTRAC_BOOTSTRAP_TOKEN="+benchToken, "QUANTRAC_WEBHOOKS_ALLOW_PRIVATE=127.0.0.0/8"); err != nil {
		return err
	}
	var err error
	if c.hook, err = newHook(ctx, c.alarms); err != nil {
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
	req, err := http.NewRequestWithContext(c.stack.ctx, http.MethodPost, c.base()+"/api/v1/webhooks", bytes.NewReader(body))
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

func (c *calling) measure() (r AlertsResult, err error) {
	if r.FlowResult, err = c.run("alerts"); err != nil {
		return r, err
	}
	c.progress("settle", 0)
	settle(c.stack.ctx, func() bool { return c.alarms.seen.n.Load() >= uint64(len(c.hook.got)) })
	c.count(&r)
	return r, nil
}

func (c *calling) count(r *AlertsResult) {
	r.WebhookP50, r.WebhookP99 = milliseconds(c.alarms.seen.quantile(0.5)), milliseconds(c.alarms.seen.quantile(0.99))
	for i := range c.hook.got {
		switch n := c.hook.got[i].Load(); {
		case n == 0:
			r.Missed++
		case n > 1:
			r.Twice++
		}
	}
	const mostLatency = 100
	r.check("publish → webhook received, p99", "ms", r.WebhookP99, mostLatency)
	r.check("alerts missed", "", float64(r.Missed), 0)
	r.check("alerts twice", "", float64(r.Twice), 0)
}

// close ends the server, then the recipient: what the server still sends is not refused.
func (c *calling) close() error {
	err := c.flow.close()
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

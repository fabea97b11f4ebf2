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
	"sync"
	"sync/atomic"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

// Options of a run. Broker and Plants are required; zero values take the defaults that are named here.
type Options struct {
	// Broker like tcp://127.0.0.1:1883.
	Broker             string
	Username, Password string
	Plants             []Plant
	// Interval between two messages of a station; 5 min.
	Interval time.Duration
	// Backfill is how much of the past is sent first, on a grid of BackfillStep (5 min); 0 = none.
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

// Run simulates until ctx or Duration ends. It returns nil when it was only told to stop.
func Run(ctx context.Context, opt Options) error {
	opt = withDefaults(opt)
	if len(opt.Plants) == 0 {
		return errors.New("simulate: there is no station")
	}
	if opt.Duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, opt.Duration)
		defer cancel()
	}
	r := &run{opt: opt, start: opt.Now()}
	var wg sync.WaitGroup
	for from := 0; from < len(opt.Plants); from += opt.PerConnection {
		g := &gateway{run: r, id: fmt.Sprintf("simulator-%d-%03d", opt.Seed, from/opt.PerConnection), plants: opt.Plants[from:min(from+opt.PerConnection, len(opt.Plants))]}
		r.filling.Add(1)
		wg.Go(func() { g.live(ctx) })
	}
	wg.Go(func() { r.report(ctx) })
	wg.Wait()
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

func (r *run) report(ctx context.Context) {
	if r.opt.Progress == nil {
		return
	}
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		p := Progress{Phase: "live", Stations: len(r.opt.Plants), Published: r.published.Load(), Acked: r.acked.Load()}
		if r.filling.Load() > 0 {
			p.Phase = "back-fill"
		}
		r.opt.Progress(p)
		select {
		case <-tick.C:
		case <-ctx.Done():
			p.Published, p.Acked = r.published.Load(), r.acked.Load()
			r.opt.Progress(p)
			return
		}
	}
}

// gateway is one connection that speaks for some stations.
type gateway struct {
	run    *run
	id     string
	plants []Plant
	client mqtt.Client
	sent   []pending
	// sequence of the last message, by place in plants.
	sequence []uint64
}

type pending struct {
	topic   string
	payload []byte
	token   mqtt.Token
}

// window is the number of messages that one gateway may have unacknowledged; full: it waits.
const window = 32

func (g *gateway) live(ctx context.Context) {
	g.sequence = make([]uint64, len(g.plants))
	if !g.connect(ctx) {
		return
	}
	defer g.goodbye()
	opt := &g.run.opt
	from := g.run.start.Add(-opt.Backfill)
	if opt.Speed == 1 && opt.Backfill > 0 {
		if g.backfill(ctx, from) != nil {
			return
		}
		from = g.run.start
	}
	g.run.filling.Add(-1)
	for at := from.Truncate(opt.Interval).Add(opt.Interval); ; at = at.Add(opt.Interval) {
		if !g.waitUntil(ctx, at) || g.publishAll(ctx, at) != nil {
			return
		}
	}
}

// waitUntil waits for the simulated clock, which never passes the wall clock.
func (g *gateway) waitUntil(ctx context.Context, at time.Time) bool {
	opt := &g.run.opt
	due := at
	if opt.Speed > 1 {
		begin := g.run.start.Add(-opt.Backfill)
		due = g.run.start.Add(time.Duration(float64(at.Sub(begin)) / opt.Speed))
		if due.Before(at) && !at.Before(opt.Now()) {
			due = at
		}
	}
	t := time.NewTimer(due.Sub(opt.Now()))
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func (g *gateway) connect(ctx context.Context) bool {
	opt := &g.run.opt
	o := mqtt.NewClientOptions().AddBroker(opt.Broker).SetClientID(g.id).SetUsername(opt.Username).SetPassword(opt.Password).
		SetCleanSession(true).SetAutoReconnect(true).SetConnectRetry(true).SetConnectRetryInterval(time.Second).
		SetMaxReconnectInterval(5*time.Second).SetOrderMatters(false).SetWriteTimeout(10*time.Second).SetKeepAlive(30*time.Second).
		SetWill(statusTopic(g.plants[0].ID), `{"online": false}`, 1, true).
		SetOnConnectHandler(func(c mqtt.Client) {
			for _, p := range g.plants {
				c.Publish(statusTopic(p.ID), 1, true, `{"online": true}`)
			}
		})
	g.client = mqtt.NewClient(o)
	token := g.client.Connect()
	select {
	case <-token.Done():
		if token.Error() != nil {
			opt.Logger.Warn("a simulated gateway cannot connect", "gateway", g.id, "error", token.Error())
			return false
		}
		return true
	case <-ctx.Done():
		g.client.Disconnect(0)
		return false
	}
}

func (g *gateway) goodbye() {
	deadline := time.NewTimer(2 * time.Second)
	defer deadline.Stop()
	for _, p := range g.sent {
		select {
		case <-p.token.Done():
			if p.token.Error() == nil {
				g.run.acked.Add(1)
			}
		case <-deadline.C:
			g.client.Disconnect(0)
			return
		}
	}
	const quiesceMS = 100
	g.client.Disconnect(quiesceMS)
}

func statusTopic(station string) string   { return "quantrac/v1/" + station + "/status" }
func readingsTopic(station string) string { return "quantrac/v1/" + station + "/readings" }

// publish sends a message and waits while the window is full. A message whose acknowledgement was lost with its connection
// is sent again.
func (g *gateway) publish(ctx context.Context, topic string, payload []byte) error {
	for len(g.sent) >= window {
		if err := g.settle(ctx); err != nil {
			return err
		}
	}
	g.sent = append(g.sent, pending{topic, payload, g.client.Publish(topic, 1, false, payload)})
	g.run.published.Add(1)
	return nil
}

// settle waits for the oldest message.
func (g *gateway) settle(ctx context.Context) error {
	p := g.sent[0]
	for {
		select {
		case <-p.token.Done():
		case <-ctx.Done():
			return ctx.Err()
		}
		if p.token.Error() == nil {
			break
		}
		t := time.NewTimer(time.Second)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return ctx.Err()
		}
		p.token = g.client.Publish(p.topic, 1, false, p.payload)
	}
	g.run.acked.Add(1)
	g.sent = g.sent[1:]
	return nil
}

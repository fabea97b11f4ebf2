package simulator

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
	"github.com/eclipse/paho.mqtt.golang/packets"
)

// window is the number of messages that one gateway may have unacknowledged; full: it waits.
const window = 32

// Bounds of the wait between two attempts to connect; half of it is jitter, so that a fleet does not come back at once.
const (
	shortestRetry = 500 * time.Millisecond
	longestRetry  = 5 * time.Second
)

// leaveTaking is how long a gateway that is told to stop waits for its last acknowledgements.
const leaveTaking = 2 * time.Second

// gateway is one connection that speaks for some stations. One goroutine owns it.
//
// It reconnects by itself: after a reconnect of its own, paho reports what was in flight as delivered although the broker
// acknowledged nothing.
type gateway struct {
	run    *run
	id     string
	feeds  []*feed
	client mqtt.Client
	// lost hears that a connection broke; capacity 1, more is one too.
	lost chan struct{}
	// sent is what is not known to be acknowledged, oldest first; at most window.
	sent []pending
}

type pending struct {
	topic   string
	payload []byte
	token   mqtt.Token
}

func newGateway(r *run, n int, plants []Plant) *gateway {
	g := &gateway{run: r, id: fmt.Sprintf("%s-%03d", r.opt.ClientID, n), lost: make(chan struct{}, 1)}
	for _, p := range plants {
		g.feeds = append(g.feeds, newFeed(p, r.opt.Seed, r.opt.Scenario, r.begin()))
	}
	return g
}

// work publishes until ctx ends, which is no error.
func (g *gateway) work(ctx context.Context) error {
	err := g.publishAlways(ctx)
	if errors.Is(err, ctx.Err()) {
		g.goodbye()
		return nil
	}
	if g.client != nil {
		g.client.Disconnect(0)
	}
	return err
}

func (g *gateway) publishAlways(ctx context.Context) error {
	if err := g.connect(ctx); err != nil {
		return err
	}
	opt := &g.run.opt
	from := g.run.start.Add(-opt.Backfill)
	if opt.Speed == 1 && opt.Backfill > 0 {
		if err := g.backfill(ctx, from); err != nil {
			return err
		}
		from = g.run.start
	}
	g.run.filling.Add(-1)
	for at := from.Truncate(opt.Interval).Add(opt.Interval); ; at = at.Add(opt.Interval) {
		if err := g.waitUntil(ctx, at); err != nil {
			return err
		}
		if err := g.publishAll(ctx, at); err != nil {
			return err
		}
	}
}

// waitUntil waits for the simulated clock, which never passes the wall clock. Meanwhile it hears acknowledgements and mends
// a broken connection.
func (g *gateway) waitUntil(ctx context.Context, at time.Time) error {
	t := time.NewTimer(g.run.dueAt(at).Sub(g.run.opt.Now()))
	defer t.Stop()
	for {
		var oldest <-chan struct{}
		if len(g.sent) > 0 {
			oldest = g.sent[0].token.Done()
		}
		var err error
		select {
		case <-t.C:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		case <-oldest:
			err = g.settle(ctx)
		case <-g.lost:
			if !g.client.IsConnectionOpen() {
				err = g.reconnect(ctx)
			}
		}
		if err != nil {
			return err
		}
	}
}

// publish sends a message and waits while the window is full.
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

// settle waits for the answer to the oldest message: acknowledged, it is done; lost with its connection, all that is not
// acknowledged goes out again on a new one.
func (g *gateway) settle(ctx context.Context) error {
	select {
	case <-g.sent[0].token.Done():
	case <-ctx.Done():
		return ctx.Err()
	}
	if g.sent[0].token.Error() != nil {
		return g.reconnect(ctx)
	}
	g.run.acked.Add(1)
	g.sent = g.sent[1:]
	return nil
}

// reconnect replaces the connection and sends again, in order, what was not acknowledged on the old one.
func (g *gateway) reconnect(ctx context.Context) error {
	g.client.Disconnect(0)
	if err := g.connect(ctx); err != nil {
		return err
	}
	for i := range g.sent {
		p := &g.sent[i]
		select {
		case <-p.token.Done():
			if p.token.Error() == nil {
				continue
			}
		default:
		}
		p.token = g.client.Publish(p.topic, 1, false, p.payload)
	}
	return nil
}

// connect tries until it is connected, ctx ends or the broker refuses the gateway for good.
func (g *gateway) connect(ctx context.Context) error {
	for delay := shortestRetry; ; delay = min(2*delay, longestRetry) {
		err := g.dial(ctx)
		switch {
		case err == nil:
			for _, f := range g.feeds {
				g.client.Publish(statusTopic(f.plant.ID), 1, true, online)
			}
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case refusedForGood(err):
			return fmt.Errorf("connect gateway %s: %w", g.id, err)
		}
		g.run.opt.Logger.Warn("a simulated gateway cannot connect and tries again", "gateway", g.id, "error", err)
		t := time.NewTimer(delay/2 + rand.N(delay/2))
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return ctx.Err()
		}
	}
}

// dial makes one attempt.
func (g *gateway) dial(ctx context.Context) error {
	opt := &g.run.opt
	o := mqtt.NewClientOptions().AddBroker(opt.Broker).SetClientID(g.id).SetUsername(opt.Username).SetPassword(opt.Password).
		SetTLSConfig(&tls.Config{MinVersion: tls.VersionTLS12}).
		SetCleanSession(true).SetAutoReconnect(false).SetConnectRetry(false).SetOrderMatters(false).
		SetConnectTimeout(10*time.Second).SetWriteTimeout(10*time.Second).SetKeepAlive(30*time.Second).
		SetWill(statusTopic(g.feeds[0].plant.ID), offline, 1, true).
		SetConnectionLostHandler(func(mqtt.Client, error) {
			select {
			case g.lost <- struct{}{}:
			default:
			}
		})
	g.client = mqtt.NewClient(o)
	token := g.client.Connect()
	select {
	case <-token.Done():
		return token.Error()
	case <-ctx.Done():
		g.client.Disconnect(0)
		return ctx.Err()
	}
}

// refusedForGood tells a refusal that another attempt will not change from a broker that is away or busy.
func refusedForGood(err error) bool {
	for _, refusal := range []error{
		packets.ErrorRefusedBadUsernameOrPassword, packets.ErrorRefusedNotAuthorised, packets.ErrorRefusedIDRejected,
		packets.ErrorRefusedBadProtocolVersion,
	} {
		if errors.Is(err, refusal) {
			return true
		}
	}
	return false
}

// goodbye says that the stations are offline, as the last will would for the first of them alone, and waits for
// acknowledgements, leaveTaking at most in all.
func (g *gateway) goodbye() {
	if g.client == nil || !g.client.IsConnectionOpen() {
		return
	}
	deadline := time.NewTimer(leaveTaking)
	defer deadline.Stop()
	tokens := make([]mqtt.Token, 0, len(g.sent)+len(g.feeds))
	for _, p := range g.sent {
		tokens = append(tokens, p.token)
	}
	for _, f := range g.feeds {
		tokens = append(tokens, g.client.Publish(statusTopic(f.plant.ID), 1, true, offline))
	}
	for i, token := range tokens {
		select {
		case <-token.Done():
			if i < len(g.sent) && token.Error() == nil {
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

// What a status topic carries, retained.
const (
	online  = `{"online": true}`
	offline = `{"online": false}`
)

func statusTopic(station string) string   { return "quantrac/v1/" + station + "/status" }
func readingsTopic(station string) string { return "quantrac/v1/" + station + "/readings" }

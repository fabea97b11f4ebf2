// Package mqtt is the door to outside MQTT brokers: it subscribes to one broker and hands every message to the log.
//
// Promises:
//
//   - A message of QoS 1 or 2 is acknowledged only after Submit called back without an error, which means on disk, in the
//     order in which the messages came. One that could not be stored is not acknowledged; the connection is made anew,
//     whereupon the broker sends it again.
//   - The session is persistent: what is published while this process is away waits in the broker, as far as the broker
//     keeps it. Duplicates after a reconnect carry Delivery.Dup; none is lost.
//   - At most Options.MaxInflight messages are unanswered. Then nothing more is read, so overload stays in the broker.
//   - Every connection is a new client of the library with nothing left over from the last, so an acknowledgement can
//     never meet a message of another connection. Reconnects back off up to Options.MaxBackoff, with jitter.
//
// Not submitted are quantrac/v1/{station}/status messages, which are no measurements, and retained copies: the broker sends
// them with every subscription, while the message itself came without the mark when it was published.
//
// With Options.Share several nodes divide the messages ($share/{group}/{filter}). Each needs a client id of its own that it
// keeps over restarts; a node that leaves for good must have its session deleted in the broker, or what the broker has
// assigned to it stays there.
package mqtt

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/url"
	"sync"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"quantrac/ingest"
)

// Options of a subscriber. URL, ClientID and Submit are required; zero values take the defaults that are named here.
type Options struct {
	// URL of the broker: mqtt://host:1883, mqtts://host:8883, ws://, wss://. A user and password in it are used.
	URL string
	// ClientID names the session in the broker; it must be unique there and the same after every restart.
	ClientID           string
	Username, Password string
	// TLS is used by mqtts and wss; nil takes the system's certificate authorities.
	TLS *tls.Config
	// Topics are the filters to subscribe to; "#", because content decides what a message is, whatever its topic.
	Topics []string
	// QoS of the subscription, 1 or 2; 1.
	QoS byte
	// Share is the group of a shared subscription; "" = this process gets everything.
	Share string
	// Submit queues a delivery; see ingest.Door. It may block, done must not be expected to.
	Submit func(ctx context.Context, d ingest.Delivery, done func(ingest.Receipt, error)) error

	// MaxInflight bounds the messages that are received and not yet answered; 4,096.
	MaxInflight int
	// MaxBackoff bounds the wait between two attempts to connect; 30 s. The first wait is 500 ms.
	MaxBackoff time.Duration
	// DrainTimeout bounds the wait for outstanding acknowledgements at the end of Run; 5 s.
	DrainTimeout time.Duration

	Logger *slog.Logger
	// Metrics, when not nil, counts what this subscriber does.
	Metrics *Metrics
	// Now is the clock for Delivery.ReceivedAt; time.Now.
	Now func() time.Time
}

// State is how the subscription does, for /readyz.
type State struct {
	Connected bool
	// Since is when Connected last changed; zero before the first attempt ended.
	Since time.Time
	// LastError is why the last connection ended or could not be made; "" before the first trouble.
	LastError string
	// Inflight is how many messages are received and not yet answered.
	Inflight int
}

const (
	connectTimeout = 10 * time.Second
	firstBackoff   = 500 * time.Millisecond
	// steadyAfter is how long a connection must have held for the backoff to begin anew.
	steadyAfter = 30 * time.Second
)

// Subscriber is a subscription to one broker.
type Subscriber struct {
	opts    Options
	log     *slog.Logger
	address *url.URL
	name    string
	metrics brokerMetrics

	flight    *flight
	submitCtx context.Context

	mu    sync.Mutex
	state State
	// client is the present connection; nil = there is none.
	client paho.Client
}

// New checks the options. Nothing is connected before Run.
func New(opts Options) (*Subscriber, error) {
	address, err := brokerAddress(opts.URL)
	switch {
	case err != nil:
		return nil, fmt.Errorf("mqtt broker URL: %w", err)
	case opts.ClientID == "":
		return nil, errors.New("mqtt subscriber: no client id; a persistent session needs one that stays the same")
	case opts.Submit == nil:
		return nil, errors.New("mqtt subscriber: no Submit")
	case opts.QoS > 2:
		return nil, fmt.Errorf("mqtt subscriber: QoS %d", opts.QoS)
	}
	opts.setDefaults()
	s := &Subscriber{opts: opts, address: address, name: address.Scheme + "://" + address.Host}
	s.metrics = opts.Metrics.of(s.name)
	s.flight = newFlight(opts.MaxInflight, s.metrics)
	s.log = opts.Logger.With("broker", s.name)
	return s, nil
}

func (o *Options) setDefaults() {
	if len(o.Topics) == 0 {
		o.Topics = []string{"#"}
	}
	if o.QoS == 0 {
		o.QoS = 1
	}
	if o.MaxInflight <= 0 {
		o.MaxInflight = 4096
	}
	if o.MaxBackoff <= 0 {
		o.MaxBackoff = 30 * time.Second
	}
	if o.DrainTimeout <= 0 {
		o.DrainTimeout = 5 * time.Second
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
}

// brokerAddress reads a broker's URL and adds the usual port. Its errors never show a password.
func brokerAddress(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, errors.New("not a URL")
	}
	port := ""
	switch u.Scheme {
	case "mqtt", "tcp":
		port = "1883"
	case "mqtts", "ssl", "tls":
		port = "8883"
	case "ws", "wss":
	default:
		return nil, fmt.Errorf("scheme %q; expected mqtt, mqtts, ws or wss", u.Scheme)
	}
	if u.Hostname() == "" {
		return nil, errors.New("no host")
	}
	if u.Port() == "" && port != "" {
		u.Host = net.JoinHostPort(u.Hostname(), port)
	}
	return u, nil
}

// Run keeps the subscription until ctx ends, then waits for the acknowledgements that are due and returns nil. It is called
// once. Trouble with the broker never ends it: State tells.
func (s *Subscriber) Run(ctx context.Context) error {
	submitCtx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	s.submitCtx = submitCtx
	var wg sync.WaitGroup
	wg.Go(func() { s.submitAll(submitCtx) })
	wg.Go(func() { s.flight.acknowledge(submitCtx) })
	defer wg.Wait()
	defer cancel()

	backoff := firstBackoff
	for ctx.Err() == nil {
		began := time.Now()
		err := s.connection(ctx)
		if s.setState(false, err); err != nil {
			s.metrics.failed.Inc()
		}
		if ctx.Err() != nil {
			break
		}
		if time.Since(began) > steadyAfter {
			backoff = firstBackoff
		}
		s.log.Warn("mqtt broker connection", "error", err, "retry_in", backoff.Round(time.Millisecond))
		wait(ctx, backoff/2+rand.N(backoff))
		backoff = min(2*backoff, s.opts.MaxBackoff)
	}
	return nil
}

func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// State reports how the subscription does.
func (s *Subscriber) State() State {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := s.state
	st.Inflight = len(s.flight.slots)
	return st
}

// Publish sends a command to a gateway behind the broker, at QoS 0 and without waiting. It is lost while there is no connection:
// whoever needs it asks again.
func (s *Subscriber) Publish(topic string, payload []byte) {
	s.mu.Lock()
	client := s.client
	s.mu.Unlock()
	if client != nil {
		client.Publish(topic, 0, false, payload)
	}
}

func (s *Subscriber) use(client paho.Client) {
	s.mu.Lock()
	s.client = client
	s.mu.Unlock()
}

// Name is the broker's URL without credentials.
func (s *Subscriber) Name() string { return s.name }

func (s *Subscriber) setState(connected bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state.Connected != connected || s.state.Since.IsZero() {
		s.state.Since = s.opts.Now()
	}
	s.state.Connected = connected
	s.metrics.connected.Set(0)
	if connected {
		s.metrics.connected.Set(1)
		s.metrics.subscribed.Inc()
	}
	if err != nil {
		s.state.LastError = err.Error()
	}
}

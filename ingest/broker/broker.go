// Package broker is the embedded MQTT broker: the door that gateways connect to directly, with MQTT 3.1, 3.1.1 and 5.
//
// It speaks the protocol itself, since it is a door and no bus: what a message costs, what a silent connection costs and what
// an acknowledgement means are its whole point. Promises:
//
//   - PUBACK (QoS 1) and PUBREC (QoS 2) are written only after Submit called back without an error, which means on disk, and
//     in the order in which the messages came. What could not be stored is not acknowledged: the connection is closed, so
//     that the gateway connects again and resends.
//   - A QoS 2 packet id is submitted once until its PUBREL, across reconnects of a persistent session, in memory: after a
//     restart of the process a resent PUBLISH is submitted again with Delivery.Dup set.
//   - MQTT 5 answers are 0x00 (something was stored), 0x99 (nothing could be decoded, kept in quarantine) and 0x87 (the
//     gateway may not speak for the station, kept in quarantine).
//   - Everything is bounded: connections in all, of one gateway and from one network, packet size, messages in flight, time to
//     connect, time to write, sessions, subscriptions and what waits for a subscriber. A client that does not read its answers
//     is cut after Options.WriteTimeout and delays nobody else.
//   - What may be in flight is divided by the gateways that spoke lately. A gateway beyond its part is not read until
//     acknowledgements are written, so that a flood delays itself and not the others.
//   - Whatever a client sends ends its own connection at most.
//   - A gateway whose account was changed or deleted is cut before the change is answered. Its session goes on with the
//     subscriptions that it still may have; its last will is judged by what it may do when the will is due.
//   - Strangers take no place from gateways: beyond MaxConnections whoever did not sign in yet makes room.
//
// Where it differs from a general broker, on purpose:
//
//   - Readings are handed to Submit and go nowhere else: they are not routed to subscribers. Only the messages of
//     quantrac/v1/{station}/status, and what Publish sends, are routed. Status messages are retained, on disk with
//     Options.Retained; a restart keeps what the gateways last said themselves.
//   - Subscribers get QoS 0, whatever they ask for, and nothing is queued for absent ones: packet ids are the gateway's alone.
//   - A filter of a topic that is never routed is granted, and stays silent.
//   - A last will on a topic other than status is submitted like a message when it is due.
//   - Topics with control characters, which the protocol only advises against, are accepted; U+0000 is not.
//   - A resent QoS 2 message is answered with PUBREC as often as it comes. PUBREL before PUBREC ends the connection.
//   - A client beyond the receive maximum is not read; it is not sent away.
package broker

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"quantrac/ingest"
)

// Options of a broker. Listen and Submit are required; zero limits take the defaults that are named here.
type Options struct {
	Listen string
	// TLS, when not nil, makes every connection TLS; see TLSConfig.
	TLS *tls.Config
	// RequireCertificate refuses clients that show no certificate.
	RequireCertificate bool
	// Anonymous lets clients in that show no credentials. With neither Gateways nor Authenticate it lets in everybody.
	Anonymous bool
	// Gateways are the accounts. The broker tells them who is connected, and cuts those that they change.
	Gateways *Gateways
	// Authenticate judges a login with credentials; Gateways.Authenticate when there are accounts. It may block; it must
	// compare in constant time. Nil refuses credentials.
	Authenticate func(ctx context.Context, l Login) (Identity, bool)
	// Submit queues a delivery; see ingest.Door. It may block, done must not be expected to.
	Submit func(ctx context.Context, d ingest.Delivery, done func(ingest.Receipt, error)) error
	// Retained is where retained status messages are kept; the zero value keeps them in memory.
	Retained Store

	// MaxPacket is the largest packet in bytes; 1 MiB.
	MaxPacket int
	// MaxConnections is how many clients may be connected; 20,000. More take the place of one that did not sign in yet; where
	// there is none they are closed at once.
	MaxConnections int
	// MaxPerSource is how many connections one IPv4 address or IPv6 /64 may have; three quarters of MaxConnections, since
	// whole parks come through one address.
	MaxPerSource int
	// MaxPerGateway is how many connections one account may have, and how many sessions are kept for it; 2,000.
	MaxPerGateway int
	// MaxSessions is how many sessions are kept, absent clients included; 50,000. Beyond it sessions end with their connection.
	MaxSessions int
	// MaxInflight is how many messages of one client may be unanswered; 1,024. It is the receive maximum of MQTT 5.
	MaxInflight int
	// MaxInflightBytes is how many bytes of messages may be unanswered in all, shared as MaxInflightTotal; 64 MiB. Each gateway may
	// have 256 KiB or one message, however many there are.
	MaxInflightBytes int
	// MaxInflightTotal is how many messages of all gateways together may be unanswered, which they share fairly; 2,048. Each
	// may have 16, however many there are.
	MaxInflightTotal int
	// ConnectTimeout bounds TLS handshake and CONNECT, not the delay of a login; 10 s.
	ConnectTimeout time.Duration
	// WriteTimeout bounds each write to a client; 10 s.
	WriteTimeout time.Duration
	// DrainTimeout bounds the wait for outstanding acknowledgements at the end of Serve; 5 s.
	DrainTimeout time.Duration
	// SessionExpiry bounds how long the session of an absent client is kept; 24 h.
	SessionExpiry time.Duration
	// MaxKeepalive, when not 0, is the longest keep-alive that an MQTT 5 client is granted.
	MaxKeepalive time.Duration

	Logger *slog.Logger
	// Metrics, when not nil, gets the broker's collectors.
	Metrics prometheus.Registerer
	// Now is the clock for Delivery.ReceivedAt; time.Now.
	Now func() time.Time
}

func (o *Options) setDefaults() {
	def(&o.MaxPacket, ingest.MaxBody)
	def(&o.MaxConnections, 20_000)
	def(&o.MaxPerSource, max(1, o.MaxConnections/4*3))
	def(&o.MaxPerGateway, 2_000)
	def(&o.MaxSessions, 50_000)
	def(&o.MaxInflight, 1024)
	o.MaxInflight = min(o.MaxInflight, math.MaxUint16)
	def(&o.MaxInflightBytes, 64<<20)
	def(&o.MaxInflightTotal, 2048)
	def(&o.ConnectTimeout, 10*time.Second)
	def(&o.WriteTimeout, 10*time.Second)
	def(&o.DrainTimeout, 5*time.Second)
	def(&o.SessionExpiry, 24*time.Hour)
	o.MaxKeepalive = min(o.MaxKeepalive, math.MaxUint16*time.Second)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Authenticate == nil && o.Gateways != nil {
		o.Authenticate = o.Gateways.Authenticate
	}
}

func def[T int | time.Duration](field *T, otherwise T) {
	if *field <= 0 {
		*field = otherwise
	}
}

// Broker is a listening MQTT broker.
type Broker struct {
	opts     Options
	log      *slog.Logger
	metrics  *metrics
	listener net.Listener
	// buffers are lent to connections that are not silent; busy counts those.
	buffers sync.Pool
	busy    atomic.Int64
	// calm is how long a silent connection keeps its buffer and its stack.
	calm time.Duration
	// watcher has the connections that have been calm; nil where there is none.
	watcher  *watcher
	budget   budget
	routes   *routes
	retained *retained

	// submitCtx outlives the context of Serve by the drain, so that what was read from a client is still submitted.
	submitCtx context.Context
	// draining is closed when Serve begins to end; nothing is read from clients after that.
	draining chan struct{}

	mu       sync.Mutex
	conns    map[*conn]struct{}
	bySource map[netip.Prefix]int
	// strangers are the connections that did not sign in yet.
	strangers map[*conn]struct{}
	clients   map[clientKey]*client
	// kept counts clients by their owner.
	kept   map[string]int
	shares map[string]*share
	// oversized remembers, by client id, the last packet that was too large.
	oversized map[clientKey][32]byte
	// working counts connections, and what works for one of them; Serve waits for all.
	working sync.WaitGroup
}

// Open loads what is retained and listens on opts.Listen. Clients are answered from Serve on.
func Open(opts Options) (*Broker, error) {
	opts.setDefaults()
	if opts.Submit == nil {
		return nil, errors.New("open broker: no Submit")
	}
	ctx := context.Background()
	kept, err := openRetained(ctx, opts.Retained)
	if err != nil {
		return nil, fmt.Errorf("open broker: %w", err)
	}
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", opts.Listen)
	if err != nil {
		return nil, fmt.Errorf("open broker: %w", err)
	}
	b := &Broker{
		opts: opts, log: opts.Logger, listener: l, routes: newRoutes(), retained: kept, calm: defaultCalm, draining: make(chan struct{}),
		buffers: sync.Pool{New: func() any { return new([readBuffer]byte) }}, budget: budget{messages: opts.MaxInflightTotal, bytes: opts.MaxInflightBytes},
		conns: map[*conn]struct{}{}, bySource: map[netip.Prefix]int{}, strangers: map[*conn]struct{}{}, clients: map[clientKey]*client{}, kept: map[string]int{}, shares: map[string]*share{},
		oversized: map[clientKey][32]byte{},
	}
	if b.metrics, err = newMetrics(opts.Metrics, &b.busy); err != nil {
		return nil, errors.Join(fmt.Errorf("open broker: %w", err), l.Close())
	}
	return b, nil
}

// Addr is the address that the broker listens on.
func (b *Broker) Addr() net.Addr { return b.listener.Addr() }

// Close stops listening. It is for a broker that is not served; Serve closes by itself.
func (b *Broker) Close() error {
	if err := b.listener.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("close broker: %w", err)
	}
	return nil
}

// Serve answers clients until ctx ends, then stops accepting and reading, waits for the acknowledgements that are due, says
// goodbye and returns nil. It is called once.
func (b *Broker) Serve(ctx context.Context) error {
	submitCtx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	b.submitCtx = submitCtx
	defer b.opts.Gateways.watch(b.Disconnect)()
	stopWatching := b.startWatching()
	accepted := make(chan struct{})
	go func() { b.accept(); close(accepted) }()

	select {
	case <-ctx.Done():
	case <-accepted:
	}
	err := b.Close()
	<-accepted
	b.drain()
	b.fireAll()
	cancel()
	b.disconnectAll()
	b.working.Wait()
	stopWatching()
	return err
}

// startWatching starts the watcher of silent connections. Without one each of them has a goroutine.
func (b *Broker) startWatching() (stop func()) {
	w, err := openWatcher()
	if err != nil {
		b.log.Debug("silent connections keep a goroutine", "error", err)
		return func() {}
	}
	b.watcher = w
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		w.run(func(c *conn) { go b.rest(c) }, func(c *conn) { go b.late(c) })
	}()
	return func() { w.close(); <-ended }
}

// Publish sends a message to whoever subscribed to its topic, and returns how many clients that are. It is not retained.
func (b *Broker) Publish(topic string, body []byte) int {
	return b.route(&statusMessage{topic: topic, body: body})
}

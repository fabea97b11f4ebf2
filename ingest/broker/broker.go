// Package broker is the embedded MQTT broker: the door that gateways connect to directly, with MQTT 3.1, 3.1.1 and 5.
//
// mochi-mqtt speaks the protocol; listener, framing, sign-in and acknowledgements are this package's own. Promises:
//
//   - PUBACK (QoS 1) and PUBREC (QoS 2) are written only after Submit called back without an error, which means on disk, and
//     in the order in which the messages came. What could not be stored is not acknowledged: the connection is closed, so
//     that the gateway connects again and resends.
//   - A QoS 2 packet id is submitted once until its PUBREL, across reconnects of a persistent session, in memory: after a
//     restart of the process a resent PUBLISH is submitted again with Delivery.Dup set.
//   - MQTT 5 answers are 0x00 (something was stored), 0x99 (nothing could be decoded, kept in quarantine) and 0x87 (the
//     gateway may not speak for the station, kept in quarantine).
//   - Everything is bounded: connections, packet size, messages in flight for each client, time to connect, time to write. A
//     client with Options.MaxInflight unanswered messages is not read until answers are written; a client that does not read
//     its answers is cut after Options.WriteTimeout and delays nobody else.
//   - A packet that makes the protocol library panic ends its own connection only.
//
// Readings are handed to Submit and go nowhere else: they are not routed to subscribers. Only the status messages of
// quantrac/v1/{station}/status are routed and retained, in memory; they are acknowledged at once because they are no
// measurements and are repeated by every reconnect. Subscribers get QoS 0. A last will on any other topic is submitted
// like a message when its connection breaks.
package broker

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/prometheus/client_golang/prometheus"

	"quantrac/ingest"
)

// AllStations permits every station, as an entry of Identity.Stations.
const AllStations = "*"

// Identity is who a gateway proved to be.
type Identity struct {
	// ID names the gateway in the log and the ledger; "" for an anonymous one.
	ID string
	// Stations are the ids it may publish for; AllStations permits all, an empty list none.
	Stations []string
}

// Login is what a client shows when it connects.
type Login struct {
	ClientID, Username, Password string
	// Remote is the address it comes from, host:port.
	Remote string
}

// Options of a broker. Listen and Submit are required; zero limits take the defaults that are named here.
type Options struct {
	Listen string
	// TLS, when not nil, makes every connection TLS.
	TLS *tls.Config
	// Anonymous lets clients in that show no user name. With Authenticate nil it lets in everybody.
	Anonymous bool
	// Authenticate judges a login with credentials. It may block; it must compare in constant time. Nil refuses them.
	Authenticate func(ctx context.Context, l Login) (Identity, bool)
	// Submit queues a delivery; see ingest.Door. It may block, done must not be expected to.
	Submit func(ctx context.Context, d ingest.Delivery, done func(ingest.Receipt, error)) error

	// MaxPacket is the largest packet in bytes; 1 MiB.
	MaxPacket int
	// MaxConnections is how many clients may be connected; 20,000. More are closed at once.
	MaxConnections int
	// MaxInflight is how many messages of one client may be unanswered; 1,024. It is the receive maximum of MQTT 5.
	MaxInflight int
	// ConnectTimeout bounds TLS handshake and CONNECT; 10 s.
	ConnectTimeout time.Duration
	// WriteTimeout bounds each write to a client; 10 s.
	WriteTimeout time.Duration
	// DrainTimeout bounds the wait for outstanding acknowledgements at the end of Serve; 5 s.
	DrainTimeout time.Duration
	// SessionExpiry bounds how long the session of an absent client is kept; 24 h.
	SessionExpiry time.Duration

	Logger *slog.Logger
	// Metrics, when not nil, gets the broker's collectors.
	Metrics prometheus.Registerer
	// Now is the clock for Delivery.ReceivedAt; time.Now.
	Now func() time.Time
}

func (o *Options) setDefaults() {
	def(&o.MaxPacket, ingest.MaxBody)
	def(&o.MaxConnections, 20_000)
	def(&o.MaxInflight, 1024)
	def(&o.ConnectTimeout, 10*time.Second)
	def(&o.WriteTimeout, 10*time.Second)
	def(&o.DrainTimeout, 5*time.Second)
	def(&o.SessionExpiry, 24*time.Hour)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
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
	server   *mqtt.Server

	// submitCtx outlives the context of Serve by the drain, so that what was read from a client is still submitted.
	submitCtx context.Context
	// draining is closed when Serve begins to end; nothing is read from clients after that.
	draining chan struct{}

	mu       sync.Mutex
	conns    map[*conn]struct{}
	memories map[string]*memory
	// oversized remembers, by client id, the last packet that was too large.
	oversized map[string][32]byte
	connsWG   sync.WaitGroup
}

// Open listens on opts.Listen. Clients are answered from Serve on.
func Open(opts Options) (*Broker, error) {
	opts.setDefaults()
	if opts.Submit == nil {
		return nil, errors.New("open broker: no Submit")
	}
	m, err := newMetrics(opts.Metrics)
	if err != nil {
		return nil, fmt.Errorf("open broker: %w", err)
	}
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", opts.Listen)
	if err != nil {
		return nil, fmt.Errorf("open broker: %w", err)
	}
	b := &Broker{
		opts: opts, log: opts.Logger, metrics: m, listener: l,
		draining: make(chan struct{}), conns: map[*conn]struct{}{}, memories: map[string]*memory{}, oversized: map[string][32]byte{},
	}
	b.server, err = newServer(b)
	if err != nil {
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
	if err := b.server.Serve(); err != nil {
		return errors.Join(fmt.Errorf("serve mqtt: %w", err), b.Close())
	}
	accepted := make(chan struct{})
	go func() { b.accept(); close(accepted) }()

	select {
	case <-ctx.Done():
	case <-accepted:
	}
	err := b.Close()
	<-accepted
	b.drain()
	cancel()
	b.disconnectAll()
	b.connsWG.Wait()
	if closeErr := b.server.Close(); closeErr != nil {
		err = errors.Join(err, fmt.Errorf("close mqtt server: %w", closeErr))
	}
	return err
}

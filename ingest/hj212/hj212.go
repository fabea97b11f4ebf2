// Package hj212 is the TCP door for HJ 212-2017, the telegram of analysers and data loggers of Chinese make.
//
// It cuts the stream into frames and answers them; what a frame says is read by the dialect behind Submit. Promises:
//
//   - A telegram that wants an answer (lowest bit of Flag) gets command 9014 only after Submit called back without an error,
//     which means on disk, and answers keep the order of the telegrams. What could not be stored is not answered: the
//     connection is closed, so that the device connects again and resends.
//   - A frame with a wrong checksum or length is submitted all the same, so that it is kept in quarantine, and is never
//     answered. One lost byte costs one frame: reading goes on at the next head.
//   - PW, the device's password, travels in clear. It is blotted out (as many asterisks) before the frame is submitted, and
//     appears in no log; the checksum of the frame is computed anew if it was right, and left wrong if it was wrong.
//     The answer repeats the PW, as the standard has it.
//   - Of a telegram in several packets (PNUM, PNO) only the first has a DataTime. Each packet is a delivery of its own; those
//     that have none get the DataTime of the first put in, so that no value is taken for one of now.
//   - Everything is bounded: connections, frames in flight for each, time to the first frame, time to finish one, time to write.
//     A device with Options.MaxInflight unanswered telegrams is not read until answers are written.
//
// Bytes that belong to no frame are counted and dropped: nobody was promised anything for them.
package hj212

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"quantrac/ingest"
)

// Device is who a device proved to be.
type Device struct {
	Gateway string
	// Station is the one that it speaks for, if it is but one.
	Station string
	// Allowed tells the stations that it may speak for; nil = all.
	Allowed func(station string) bool
}

// Options of the door. Listen, Submit and Checksum are required; zero limits take the defaults that are named here.
type Options struct {
	Listen string
	// TLS, when not nil, makes every connection TLS.
	TLS *tls.Config
	// Submit queues a delivery; see ingest.Door. It may block, done must not be expected to.
	Submit ingest.Submit
	// Checksum is that of HJ 212 over a data segment.
	Checksum func(data []byte) uint16
	// Authenticate, when not nil, judges the MN and PW of a device at remote, host:port. It may block until ctx ends; it must compare
	// in constant time. Nil lets in every device as the gateway that its MN names.
	Authenticate func(ctx context.Context, mn, pw, remote string) (Device, bool)

	// MaxConnections is how many devices may be connected; 10,000. More take the place of one without a frame yet; where there is
	// none they are closed at once.
	MaxConnections int
	// MaxInflight is how many telegrams of one device may be unanswered; 64.
	MaxInflight int
	// FirstTimeout bounds TLS handshake and first frame of a connection; 60 s.
	FirstTimeout time.Duration
	// FrameTimeout bounds the time from the first byte of a frame to its last; 30 s.
	FrameTimeout time.Duration
	// IdleTimeout is how long a device may be silent; 65 min, since some report by the hour.
	IdleTimeout time.Duration
	// WriteTimeout bounds each write to a device; 10 s.
	WriteTimeout time.Duration
	// RefusalDelay is how long a device with a wrong password waits before its connection is closed; 1 s.
	RefusalDelay time.Duration
	// DrainTimeout bounds the wait for outstanding answers at the end of Serve; 5 s.
	DrainTimeout time.Duration

	Logger *slog.Logger
	// Metrics, when not nil, gets the door's collectors.
	Metrics prometheus.Registerer
	// Now is the clock for Delivery.ReceivedAt; time.Now.
	Now func() time.Time
}

func (o *Options) setDefaults() {
	def(&o.MaxConnections, 10_000)
	def(&o.MaxInflight, 64)
	def(&o.FirstTimeout, time.Minute)
	def(&o.FrameTimeout, 30*time.Second)
	def(&o.IdleTimeout, 65*time.Minute)
	def(&o.WriteTimeout, 10*time.Second)
	def(&o.RefusalDelay, time.Second)
	def(&o.DrainTimeout, 5*time.Second)
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

// Server is a listening door.
type Server struct {
	opts     Options
	log      *slog.Logger
	metrics  *metrics
	listener net.Listener

	// submitCtx outlives the context of Serve by the drain, so that what was read from a device is still submitted.
	submitCtx context.Context
	// changes counts the accounts that changed.
	changes atomic.Int64
	// draining is closed when Serve begins to end; nothing is read from devices after that.
	draining chan struct{}

	mu    sync.Mutex
	conns map[*conn]struct{}
	// strangers have not sent a frame that was taken.
	strangers map[*conn]struct{}
	connsWG   sync.WaitGroup
}

// Open listens on opts.Listen. Devices are answered from Serve on.
func Open(opts Options) (*Server, error) {
	opts.setDefaults()
	if opts.Submit == nil || opts.Checksum == nil {
		return nil, errors.New("open HJ 212 door: no Submit or no Checksum")
	}
	m, err := newMetrics(opts.Metrics)
	if err != nil {
		return nil, fmt.Errorf("open HJ 212 door: %w", err)
	}
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", opts.Listen)
	if err != nil {
		return nil, fmt.Errorf("open HJ 212 door: %w", err)
	}
	return &Server{opts: opts, log: opts.Logger, metrics: m, listener: l, draining: make(chan struct{}), conns: map[*conn]struct{}{}, strangers: map[*conn]struct{}{}}, nil
}

// Addr is the address that the door listens on.
func (s *Server) Addr() net.Addr { return s.listener.Addr() }

// Close stops listening. It is for a door that is not served; Serve closes by itself.
func (s *Server) Close() error {
	if err := s.listener.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("close HJ 212 door: %w", err)
	}
	return nil
}

// AccountsChanged makes every device prove itself anew with its next telegram.
func (s *Server) AccountsChanged() { s.changes.Add(1) }

// Serve answers devices until ctx ends, then stops accepting and reading, waits for the answers that are due, at most
// Options.DrainTimeout, and returns nil. It is called once.
func (s *Server) Serve(ctx context.Context) error {
	submitCtx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	s.submitCtx = submitCtx
	accepted := make(chan struct{})
	go func() { s.accept(); close(accepted) }()

	select {
	case <-ctx.Done():
	case <-accepted:
	}
	err := s.Close()
	<-accepted
	close(s.draining)
	for _, c := range s.connections() {
		c.stopReading()
	}
	ended := make(chan struct{})
	go func() { s.connsWG.Wait(); close(ended) }()
	timeout := time.NewTimer(s.opts.DrainTimeout)
	defer timeout.Stop()
	select {
	case <-ended:
	case <-timeout.C:
		s.log.Warn("hj212 devices left without their answers")
	}
	cancel()
	for _, c := range s.connections() {
		_ = c.Close()
	}
	<-ended
	return err
}

// accept takes connections until the listener is closed.
func (s *Server) accept() {
	const slowest = time.Second
	wait := 5 * time.Millisecond
	for {
		nc, err := s.listener.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			// Out of file descriptors, for example: it passes when devices leave.
			s.log.Warn("accept hj212 connection", "error", err)
			pause(s.draining, wait)
			wait = min(2*wait, slowest)
			continue
		}
		wait = 5 * time.Millisecond
		s.admit(nc)
	}
}

func pause(stop <-chan struct{}, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-stop:
	case <-t.C:
	}
}

func (s *Server) admit(nc net.Conn) {
	if s.opts.TLS != nil {
		nc = tls.Server(nc, s.opts.TLS)
	}
	s.mu.Lock()
	most := s.opts.MaxConnections
	if len(s.conns) >= most && s.evict() {
		most += max(1, most/8) // while the one that was sent away leaves
	}
	full := len(s.conns) >= most
	var c *conn
	if !full {
		c = newConn(s, nc)
		s.conns[c], s.strangers[c] = struct{}{}, struct{}{}
		s.connsWG.Add(1)
	}
	s.mu.Unlock()
	if full {
		s.metrics.refused.WithLabelValues("limit").Inc()
		s.log.Warn("hj212 connection refused", "remote", nc.RemoteAddr().String(), "reason", "too many connections")
		_ = nc.Close()
		return
	}
	s.metrics.connections.Inc()
	go func() {
		defer s.connsWG.Done()
		c.serve()
		s.mu.Lock()
		delete(s.conns, c)
		delete(s.strangers, c)
		s.mu.Unlock()
		s.metrics.connections.Dec()
	}()
}

// evict closes one connection of a stranger, whichever: a device sends its frame soon and is seldom hit. False = there is none.
// s.mu is held.
func (s *Server) evict() bool {
	for c := range s.strangers {
		delete(s.strangers, c)
		s.metrics.refused.WithLabelValues("limit").Inc()
		c.cancel()
		s.connsWG.Go(func() { _ = c.Close() })
		return true
	}
	return false
}

func (s *Server) isKnown(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.strangers, c)
}

func (s *Server) connections() []*conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*conn, 0, len(s.conns))
	for c := range s.conns {
		all = append(all, c)
	}
	return all
}

// Package stream is the durable log, on NATS JetStream: embedded in the process, or a cluster by URL, with the same code.
//
// It promises:
//   - Append calls back only after the entry is on disk (fsync, or the quorum of an outside cluster), in the order of the
//     calls, and blocks while the log is behind or its disk budget is full of what nobody has read.
//   - A consumer gets every batch in order, again and again until its handler returns nil; then never again, except after a
//     crash between the handler's effect and the saved position.
//   - Consumers near the end of the log share the batches as they were appended, one copy for all: nothing is read back or decoded
//     for them. What they see is what the log holds, to the bit.
//   - INTAKE is trimmed only below the slowest consumer's position. JetStream's own age and size limits are not used:
//     they would delete what is acknowledged and unread.
//   - Records (ALERTS and its like) are appended under an expected sequence, so that two writers can't interleave.
package stream

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Options say where the log lives and how much of it is kept.
type Options struct {
	// Dir holds the embedded log; unused with URL.
	Dir string
	// URL of an outside NATS server with JetStream; "" = embedded.
	URL string
	// Synced is the operator's word that a single outside server syncs every write.
	Synced bool
	// Retention and MaxBytes bound INTAKE, counted only over what every consumer has passed; 0 = 30 days, 4 GiB.
	Retention time.Duration
	MaxBytes  uint64
	Logger    *slog.Logger
	Metrics   *Metrics
}

const (
	defaultRetention = 30 * 24 * time.Hour
	defaultMaxBytes  = 4 << 30
	// maxPayload must hold the largest body with all that was read out of it.
	maxPayload = 8 << 20
	// leastPayload is what an outside server must take: a full batch.
	leastPayload = 1 << 20
	intakeStream = "INTAKE"
	startTimeout = 30 * time.Second
	closeTimeout = 500 * time.Millisecond
	// callTimeout bounds one request to JetStream; a disk that takes longer is treated as failing and asked again.
	callTimeout = 30 * time.Second
)

// Log is an open log.
type Log struct {
	opt    Options
	server *server.Server
	nc     *nats.Conn
	js     jetstream.JetStream
	intake jetstream.Stream
	ap     *appender
	recent *recent

	mu      sync.Mutex
	cursors map[string]*Cursor

	full    atomic.Bool
	trouble atomic.Pointer[string]
}

// Open starts or joins the log and makes sure that its streams exist.
func Open(ctx context.Context, opt Options) (*Log, error) {
	opt = withDefaults(opt)
	l := &Log{opt: opt, cursors: map[string]*Cursor{}}
	if err := l.connect(); err != nil {
		return nil, err
	}
	if most := l.nc.MaxPayload(); most < leastPayload {
		l.disconnect()
		return nil, fmt.Errorf("the NATS server takes messages of at most %d bytes; the log needs max_payload of %d or more", most, leastPayload)
	}
	js, err := jetstream.New(l.nc, jetstream.WithDefaultTimeout(callTimeout))
	if err != nil {
		l.disconnect()
		return nil, fmt.Errorf("open JetStream: %w", err)
	}
	l.js = js
	l.intake, err = l.createStream(ctx, intakeStream, 2*time.Minute)
	if err != nil {
		l.disconnect()
		return nil, err
	}
	last, err := l.LastSequence(ctx)
	if err != nil {
		l.disconnect()
		return nil, err
	}
	l.recent = newRecent(last, opt.URL == "")
	l.ap = newAppender(l)
	return l, nil
}

func withDefaults(opt Options) Options {
	if opt.Retention == 0 {
		opt.Retention = defaultRetention
	}
	if opt.MaxBytes == 0 {
		opt.MaxBytes = defaultMaxBytes
	}
	if opt.Logger == nil {
		opt.Logger = slog.New(slog.DiscardHandler)
	}
	if opt.Metrics == nil {
		opt.Metrics = NewMetrics(nil)
	}
	return opt
}

func (l *Log) connect() (err error) {
	if l.opt.URL != "" {
		l.nc, err = nats.Connect(l.opt.URL, nats.Name("quantrac"), nats.MaxReconnects(-1), nats.RetryOnFailedConnect(false),
			nats.Timeout(5*time.Second), nats.ReconnectBufSize(-1))
		if err != nil {
			return fmt.Errorf("connect to NATS: %w", err)
		}
		return nil
	}
	l.server, err = server.NewServer(&server.Options{
		ServerName: "quantrac", DontListen: true, JetStream: true, StoreDir: filepath.Clean(l.opt.Dir), SyncAlways: true,
		MaxPayload: maxPayload, NoSigs: true, NoLog: true,
	})
	if err != nil {
		return fmt.Errorf("set up the embedded log: %w", err)
	}
	go l.server.Start()
	if !l.server.ReadyForConnections(startTimeout) {
		l.server.Shutdown()
		return fmt.Errorf("the embedded log in %s did not start within %s", l.opt.Dir, startTimeout)
	}
	l.nc, err = nats.Connect("", nats.InProcessServer(l.server), nats.Name("quantrac"), nats.MaxReconnects(-1))
	if err != nil {
		l.disconnect()
		return fmt.Errorf("connect to the embedded log: %w", err)
	}
	return nil
}

// createStream makes a stream that never forgets by itself. The duplicate window makes a publish that is tried again safe.
func (l *Log) createStream(ctx context.Context, name string, duplicates time.Duration) (jetstream.Stream, error) {
	replicas := 1
	if l.opt.URL != "" && l.nc.ConnectedClusterName() != "" {
		replicas = 3
	}
	s, err := l.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name: name, Subjects: []string{"quantrac." + name}, Storage: jetstream.FileStorage, Retention: jetstream.LimitsPolicy,
		Discard: jetstream.DiscardNew, Duplicates: duplicates, Replicas: replicas, AllowDirect: true, MaxMsgSize: -1,
	})
	if err != nil {
		return nil, fmt.Errorf("open stream %s: %w", name, err)
	}
	return s, nil
}

// MaxBody is the largest body that one entry can carry beside what is usually read out of it, in bytes; doors refuse larger ones
// before they decode. An outside server with a small max_payload lowers it. What has too much read out of it all the same is
// answered with ErrTooLarge.
func (l *Log) MaxBody() int {
	const overhead = 512 << 10
	return int(l.nc.MaxPayload()) - overhead
}

// State describes the log for /readyz.
type State struct {
	OK     bool
	Detail string
	// Full: the disk budget is full of what a consumer has not read, and the doors wait.
	Full bool
}

// State says whether the log can take entries durably.
func (l *Log) State() State {
	switch trouble := l.trouble.Load(); {
	case !l.nc.IsConnected():
		return State{Detail: "not connected to NATS"}
	case trouble != nil:
		return State{Detail: *trouble}
	case l.full.Load():
		return State{Detail: "disk budget full of unread data: doors wait until the slowest consumer moves on", Full: true}
	case l.opt.URL != "" && l.nc.ConnectedClusterName() == "" && !l.opt.Synced:
		return State{Detail: "a single NATS server without nats.synced: true can't promise that an ack is on disk"}
	}
	return State{OK: true}
}

// Close saves the consumers' places and ends the log. Call it after Run and all consumers have returned.
func (l *Log) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	l.savePositions(ctx)
	l.disconnect()
	return nil
}

func (l *Log) disconnect() {
	if l.nc != nil {
		l.nc.Close()
	}
	if l.server != nil {
		l.server.Shutdown()
		l.server.WaitForShutdown()
	}
}

func (l *Log) setTrouble(err error) {
	if err == nil {
		l.trouble.Store(nil)
		return
	}
	text := err.Error()
	l.trouble.Store(&text)
}

// pause waits out a backoff; false means that ctx ended.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// backoff grows from 50 ms to 5 s.
func backoff(attempt int) time.Duration {
	return min(50*time.Millisecond<<min(attempt, 7), 5*time.Second)
}

var (
	errClosed     = errors.New("the log is closed")
	errUnreadable = errors.New("the message cannot be read")
)

// ErrTooLarge means that no message of the log can carry an entry or record. Trying again does not help: a door answers it as it
// answers a body that is too large.
var ErrTooLarge = errors.New("larger than a message of the log can be")

// Package webhook tells outside systems what happened to alerts, by HTTP requests signed as Standard Webhooks 1.0.
//
// It promises:
//   - An event that a webhook asked for is sent until the recipient answers 2xx or the last try of the table is over; then
//     it is dead, and can be sent again by hand. Nothing is dropped without a record that says why,
//     but for what a webhook has open when it is deleted.
//   - Every try of an event carries the same webhook-id, also after a restart: a recipient that drops doubles by it gets
//     each event once. After a crash only what was in flight, or answered and not yet recorded, is sent again.
//   - Events of one alert arrive in order: a failing one holds back the later ones of its alert, and of no other.
//   - Each webhook has a goroutine and a place in the events of its own: a dead recipient delays no other.
//   - What waits in memory is bounded (maxPending a webhook); beyond it the webhook reads no further events until there is
//     room. They are safe in the journal.
//   - A host that fails again and again is left alone but for one try at a time; what is for it waits and loses no tries. A recipient
//     that says it is overloaded gets fewer requests at once, and none before the time it asks for.
//   - Every try is in the DELIVERIES stream with its time and answer, for ever. Memory and start do not grow with it, but for one
//     byte a record: what is open, the newest dead letters, and an index of the last records.
//   - Of a delivery that has died the others are told: Options.Report hears of it until it returns nil.
//   - No request leaves for a private, loopback, link-local or otherwise special address that is not allowed by
//     configuration: the address is judged when the connection is made, after DNS. Redirects are not followed.
//   - A body has at most 20,000 bytes: long texts in it are cut, which it says.
//   - Secrets are answered once, by Create and RotateSecret. They appear in no list, log or error. A secret that was replaced signs
//     beside the new one for 24 h.
package webhook

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"sync"
	"time"

	"quantrac/alerts"
	"quantrac/ingest/stream"
)

const (
	// inFlight is how many requests one webhook has open at once; tries after the first take at most half, so that a
	// recipient who fails for some alerts hears of new ones at once.
	inFlight = 8
	// maxPending bounds what one webhook keeps in memory, at about 2 kB each.
	maxPending = 4096
	endGrace   = 5 * time.Second
	// recordGrace is for writing down the answers to the last requests.
	recordGrace = time.Second
)

// Options are what a Sender is made of.
type Options struct {
	Log *stream.Log
	// Events calls handle with the events of every record of the journal behind sequence after, in order, again when it
	// fails, until ctx ends.
	Events func(ctx context.Context, after uint64, handle func(seq uint64, events []alerts.Event) error) error
	// LastEvent is the sequence of the newest record of the journal; 0 = none.
	LastEvent func(ctx context.Context) (uint64, error)
	// Configured are the webhooks of the configuration file. Each is known by its name: it keeps its place over restarts,
	// and goes when it is no longer in the file.
	Configured []Spec
	// AllowPrivate are networks that webhooks may reach although they are not public, also by plain http.
	AllowPrivate []netip.Prefix
	// RootCAs are the authorities that https recipients are checked against; nil = the system's.
	RootCAs *x509.CertPool
	// BaseURL of this service, as recipients may open it; "" is allowed.
	BaseURL string
	// Retries are the waits before the second and later tries; nil = the contract's table.
	Retries []time.Duration
	// Grace is what open requests get at the end of Run; 0 = 5 s.
	Grace   time.Duration
	Now     func() time.Time
	Logger  *slog.Logger
	Metrics *Metrics
	// Report makes the event alert.undelivered of a death, once even if it hears of it twice; nil = nobody is told.
	Report func(ctx context.Context, d Death) error
	// Latency, if not nil, hears the seconds from the making of an event to its 2xx.
	Latency func(seconds float64)
}

// Sender keeps the webhooks and sends to them.
type Sender struct {
	opt    Options
	bucket *stream.Bucket
	// records is the DELIVERIES stream, which ledger writes.
	records  *stream.Stream
	ledger   *ledger
	keeper   keeper
	client   *client
	circuits *circuits
	retry    retryPolicy

	// edit is held over a change of a webhook, which writes to the bucket; mu over a look at the maps, which does not.
	edit    sync.Mutex
	mu      sync.RWMutex
	hooks   map[string]*hook
	workers map[string]*worker
	// places are positions in the events as they are on disk.
	places map[string]uint64
	work   *work
}

// work is what lives only while Run does.
type work struct {
	ctx context.Context
	// requests and records end later than ctx, so that what is open can end well.
	requests, records context.Context
	wait              sync.WaitGroup
}

var (
	// ErrNotFound means that there is no such webhook or delivery.
	ErrNotFound = errors.New("no such webhook or delivery")
	// ErrConfigured means that a webhook belongs to the configuration file and is changed there.
	ErrConfigured = errors.New("this webhook comes from the configuration file: change it there")
	// ErrDisabled means that a webhook is disabled and takes no deliveries.
	ErrDisabled = errors.New("the webhook is disabled")
)

// Open reads the webhooks and what is known of their deliveries, and brings the configured ones in line with opt. Problems
// of the configuration are an *Invalid with paths that begin with "webhooks[i]".
func Open(ctx context.Context, opt Options) (*Sender, error) {
	opt = withDefaults(opt)
	if problems := CheckConfigured(opt.Configured, opt.AllowPrivate); len(problems) > 0 {
		return nil, &Invalid{problems}
	}
	s := &Sender{
		opt: opt, hooks: map[string]*hook{}, workers: map[string]*worker{}, places: map[string]uint64{},
		client: newClient(opt.AllowPrivate, opt.RootCAs),
		retry:  retryPolicy{waits: opt.Retries, jitter: rand.Float64}, circuits: newCircuits(),
		keeper: keeper{wake: make(chan struct{}, 1)},
	}
	var err error
	if s.bucket, err = opt.Log.Bucket(ctx, "webhooks"); err != nil {
		return nil, err
	}
	if s.records, err = opt.Log.Stream(ctx, "DELIVERIES"); err != nil {
		return nil, err
	}
	s.ledger = newLedger(s.records, s.bucket, opt.Logger)
	saved, err := s.load(ctx)
	if err != nil {
		return nil, fmt.Errorf("read webhooks: %w", err)
	}
	if err := s.configure(ctx); err != nil {
		return nil, fmt.Errorf("configure webhooks: %w", err)
	}
	if err = s.ledger.restore(ctx, saved, s.places); err != nil {
		return nil, fmt.Errorf("read deliveries: %w", err)
	}
	return s, nil
}

func withDefaults(opt Options) Options {
	if opt.Retries == nil {
		opt.Retries = RetryTable()
	}
	if opt.Grace == 0 {
		opt.Grace = endGrace
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Logger == nil {
		opt.Logger = slog.New(slog.DiscardHandler)
	}
	if opt.Metrics == nil {
		opt.Metrics = NewMetrics(nil)
	}
	if opt.Report == nil {
		opt.Report = func(context.Context, Death) error { return nil }
	}
	if opt.Latency == nil {
		opt.Latency = func(float64) {}
	}
	return opt
}

// Run sends until ctx ends; requests that are open then get Grace to end. Run may be called once.
func (s *Sender) Run(ctx context.Context) error {
	requests, cancelRequests := context.WithCancel(context.WithoutCancel(ctx))
	records, cancelRecords := context.WithCancel(context.WithoutCancel(ctx))
	defer cancelRecords()
	defer cancelRequests()
	w := &work{ctx: ctx, requests: requests, records: records}
	s.edit.Lock()
	s.mu.Lock()
	s.work = w
	for _, h := range s.hooks {
		if h.Enabled {
			s.start(h)
		}
	}
	s.mu.Unlock()
	s.edit.Unlock()
	w.wait.Go(func() { s.keep(ctx) })

	<-ctx.Done()
	defer time.AfterFunc(s.opt.Grace, cancelRequests).Stop()
	defer time.AfterFunc(s.opt.Grace+recordGrace, cancelRecords).Stop()
	s.mu.Lock()
	s.work = nil // nobody may start a worker behind Wait's back
	s.mu.Unlock()
	w.wait.Wait()
	s.client.close()
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordGrace)
	defer cancel()
	if err := s.checkpoint(last); err != nil {
		s.opt.Logger.Warn("saving the state of webhooks failed: the next start reads more", "error", err)
	}
	return nil
}

// start gives a webhook its worker; s.mu is held and s.work is not nil.
func (s *Sender) start(h *hook) {
	w := newWorker(s, h, s.places[h.ID], s.ledger.takeUnfinished(h.ID))
	s.workers[h.ID] = w
	ctx, cancel := context.WithCancel(s.work.ctx)
	w.cancel = cancel
	work := s.work
	work.wait.Go(func() {
		defer cancel()
		reason := w.run(ctx, work)
		close(w.ended)
		if reason != "" {
			s.disable(work.records, w, reason)
		}
	})
}

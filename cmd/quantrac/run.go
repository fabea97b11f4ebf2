package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"

	"quantrac/alerts"
	"quantrac/alerts/journal"
	"quantrac/alerts/mail"
	"quantrac/alerts/webhook"
	"quantrac/geo"
	"quantrac/ingest"
	"quantrac/ingest/books"
	"quantrac/ingest/broker"
	"quantrac/ingest/ftp"
	"quantrac/ingest/history"
	"quantrac/ingest/hj212"
	"quantrac/ingest/mqtt"
	"quantrac/ingest/quality"
	"quantrac/ingest/quarantine"
	"quantrac/ingest/stream"
	"quantrac/web"
)

// serve loads the configuration and runs the service until ctx ends.
func serve(ctx context.Context, name string, args []string, demo bool, out io.Writer) error {
	read := func() (config, error) { return loadConfig(name, args, demo) }
	cfg, err := read()
	if err != nil {
		return err
	}
	tuneCollector()
	s := &service{cfg: cfg, asRead: cfg, read: read, out: out, figures: newFigures()}
	if s.log, err = newLogger(cfg.Log, os.Stderr); err != nil {
		return err
	}
	var faults []fault
	if s.facts, faults = loadFacts(&cfg); len(faults) > 0 {
		return &invalidError{faults}
	}
	return s.run(ctx)
}

// service is the running program: everything that serve wires together.
type service struct {
	// asRead is cfg before the parts filled in what they know better.
	cfg, asRead config
	// read reads the configuration anew, from the same file, environment and flags.
	read    func() (config, error)
	out     io.Writer
	log     *slog.Logger
	facts   facts
	law     *law
	figures *figures

	stream     *stream.Log
	store      history.Store
	quality    *quality.Store
	clerk      *books.Clerk
	booked     *stream.Cursor
	journal    *journal.Journal
	judge      *journal.Judge
	judged     *stream.Cursor
	quarantine *quarantine.Store
	live       *alerts.Live
	hub        *web.Hub
	liveFold   *liveConsumer
	webhooks   *webhook.Sender
	// mail is nil without a mail server.
	mail     *mail.Sender
	mappings *mappings
	mutes    *journal.Mutes
	gateways *broker.Gateways
	door     *ingest.Door
	submit   ingest.Submit
	broker   *broker.Broker
	outside  []*mqtt.Subscriber
	ftp      *ftp.Server
	hj212    *hj212.Server
	doors    []door
	// historyAway is what watchHistory last found.
	historyAway atomic.Bool
	listener    net.Listener
	http        *http.Server
	web         *web.Server
	accounts    *web.Accounts

	// closers are undone last first.
	closers []func() error
}

// Bounds of a stop; together they stay below 10 s.
const (
	simulatorStop = 1500 * time.Millisecond
	doorsStop     = 2500 * time.Millisecond
	logStop       = 1500 * time.Millisecond
	catchUpStop   = time.Second
	consumersStop = 2 * time.Second
	webhookGrace  = time.Second
	webStop       = 500 * time.Millisecond
)

func (s *service) run(ctx context.Context) (err error) {
	defer func() {
		for i := len(s.closers) - 1; i >= 0; i-- {
			err = errors.Join(err, s.closers[i]())
		}
	}()
	if err := s.open(ctx); err != nil {
		return err
	}
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	gateways, doors, logs := newPhase("simulator", fail), newPhase("doors", fail), newPhase("log", fail)
	consumers, pages := newPhase("consumers", fail), newPhase("web", fail)

	s.heedHangup(ctx) // before anything answers: a hangup that nobody heeds ends the process
	logs.start("log", s.stream.Run)
	s.startConsumers(consumers)
	pages.start("web", s.serveHTTP)
	pages.start("accounts", s.web.Run)
	s.startDoors(doors)
	if s.cfg.Simulator {
		gateways.start("simulator", s.simulate)
	}
	s.greet()
	if err := s.invite(ctx); err != nil {
		s.log.Error("no link for signing in", "error", err)
	}

	<-ctx.Done()
	s.log.Info("stopping")
	// The simulated gateways first: they say goodbye to a broker that still answers.
	err = errors.Join(gateways.stop(simulatorStop), doors.stop(doorsStop), logs.stop(logStop))
	s.catchUp()
	err = errors.Join(err, consumers.stop(consumersStop), pages.stop(2*webStop))
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		err = errors.Join(cause, err)
	}
	return err
}

// open makes every part, from the disk outwards. Nothing runs yet.
func (s *service) open(ctx context.Context) error {
	if err := s.lockData(); err != nil {
		return err
	}
	steps := []func(context.Context) error{
		s.openListener, s.openStream, s.openHistory, s.openLaw, s.openQuality, s.openBooks, s.openAlerts, s.openQuarantine, s.openLive, s.openWebhooks, s.openDoor, s.openGateways, s.openBrokers, s.openDoors, s.openWeb,
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// lockData keeps a second process away from the directory.
func (s *service) lockData() error {
	const private = 0o700
	if err := os.MkdirAll(s.cfg.Data, private); err != nil {
		return fmt.Errorf("make the data directory: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(s.cfg.Data, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("lock the data directory: %w", err)
	}
	s.closers = append(s.closers, f.Close)
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return fmt.Errorf("%s is in use by another quantrac; stop it, or give this one a --data of its own", s.cfg.Data)
	}
	return nil
}

// readiness asks every dependency. History and outside brokers are shown, but readings are safe without them.
func (s *service) readiness(ctx context.Context) []web.Dependency {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	st := s.stream.State()
	deps := []web.Dependency{{Name: "stream", OK: st.OK, Needed: true, Detail: st.Detail}}
	h := web.Dependency{Name: "history", OK: true}
	if err := s.store.Ping(ctx); err != nil {
		h.OK, h.Detail = false, err.Error()
	}
	deps = append(deps, h)
	kept := s.quarantine.Status()
	deps = append(deps, web.Dependency{Name: "quarantine", OK: kept.OK, Detail: kept.Detail})
	if s.mail != nil {
		ok, detail := s.mail.State()
		deps = append(deps, web.Dependency{Name: "mail", OK: ok, Detail: detail})
	}
	for i, sub := range s.outside {
		state := sub.State()
		detail := fmt.Sprintf("%d messages in flight", state.Inflight)
		if !state.Connected {
			detail = state.LastError
		}
		deps = append(deps, web.Dependency{Name: fmt.Sprintf("broker %d %s", i, sub.Name()), OK: state.Connected, Detail: detail})
	}
	return deps
}

func (s *service) startConsumers(p *phase) {
	p.start("history", func(ctx context.Context) error {
		return errors.Join(s.stream.Consume(ctx, s.booked, func(ctx context.Context, batches []stream.Batch) error {
			if err := s.clerk.Consume(ctx, batches); err != nil || len(batches) == 0 || len(batches[0].Entries) == 0 {
				return err
			}
			observeSince(s.figures.history, batches[0].Entries[0].Delivery.ReceivedAt)
			return nil
		}), lastSave(s.clerk.Save))
	})
	p.start("alerts", func(ctx context.Context) error {
		return errors.Join(s.stream.Consume(ctx, s.judged, s.judge.Consume), lastSave(s.judge.Save))
	})
	p.start("alert clock", s.judge.Run)
	p.start("uptime", s.quality.Run)
	p.start("history watch", s.watchHistory)
	p.start("live", func(ctx context.Context) error {
		return errors.Join(s.stream.Consume(ctx, s.liveFold.cursor, s.liveFold.Consume), lastSave(s.liveFold.Save))
	})
	p.start("quarantine", func(ctx context.Context) error {
		return s.stream.Consume(ctx, s.quarantine.Cursor(), s.quarantine.Consume)
	})
	p.start("quarantine retention", s.quarantine.Run)
	p.start("gathered readings", s.liveFold.gather.Run)
	p.start("clock", s.liveFold.Tick)
	p.start("webhooks", s.webhooks.Run)
	if s.mail != nil {
		p.start("mail", s.mail.Run)
	}
	after := s.journal.LastSequence()
	p.start("alert feed", func(ctx context.Context) error {
		return s.journal.Events(ctx, after, func(_ uint64, events []alerts.Event) error {
			for _, ev := range events {
				s.hub.Alert(ev.Alert)
			}
			return nil
		})
	})
}

// troubles lists what of our own is away, for the alerts about ourselves.
func (s *service) troubles() []journal.Trouble {
	var out []journal.Trouble
	if !s.stream.State().OK {
		out = append(out, journal.Trouble{ID: "log", Name: geo.Text{VI: "nhật ký tiếp nhận", EN: "the intake log"}})
	}
	if s.historyAway.Load() {
		out = append(out, journal.Trouble{ID: "history", Name: geo.Text{VI: "InfluxDB", EN: "InfluxDB"}})
	}
	for _, sub := range s.outside {
		if !sub.State().Connected {
			name := "broker " + sub.Name()
			out = append(out, journal.Trouble{ID: name, Name: geo.Text{VI: name, EN: name}})
		}
	}
	return out
}

// watchHistory asks the history now and then whether it is there.
func (s *service) watchHistory(ctx context.Context) error {
	const every, patience = 10 * time.Second, 5 * time.Second
	t := time.NewTicker(every)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
		ask, cancel := context.WithTimeout(ctx, patience)
		s.historyAway.Store(s.store.Ping(ask) != nil)
		cancel()
	}
}

// blind reports that readings could not have come in: the log takes none, or an outside broker cannot be reached.
func (s *service) blind() bool {
	for _, sub := range s.outside {
		if !sub.State().Connected {
			return true
		}
	}
	return !s.stream.State().OK
}

func (s *service) parkOf(station string) string {
	st, ok := s.law.Registry().Station(station)
	if !ok {
		return ""
	}
	return st.Park
}

// lastSave writes a consumer's state after its last batch, so that the next start has nothing to replay.
func lastSave(save func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), consumersStop/2)
	defer cancel()
	return save(ctx)
}

// catchUp gives the consumers a moment to take what the doors left, so that the next start finds less to do. What they do
// not reach is in the log.
func (s *service) catchUp() {
	ctx, cancel := context.WithTimeout(context.Background(), catchUpStop)
	defer cancel()
	s.stream.WaitForConsumers(ctx)
}

func (s *service) startDoors(p *phase) {
	if s.broker != nil {
		p.start("broker", s.broker.Serve)
	}
	for _, sub := range s.outside {
		p.start("subscriber", sub.Run)
	}
	for _, d := range s.doors {
		p.start(d.name, d.serve)
	}
}

// serveHTTP answers until ctx ends; websockets are told to go.
func (s *service) serveHTTP(ctx context.Context) error {
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		<-ctx.Done()
		s.hub.Close()
		sctx, cancel := context.WithTimeout(context.Background(), webStop)
		defer cancel()
		if err := s.http.Shutdown(sctx); err != nil {
			_ = s.http.Close()
		}
	}()
	if err := s.http.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	<-stopped // Serve returns when the shutdown begins; the requests under way end with it
	return ctx.Err()
}

func (s *service) greet() {
	fmt.Fprintf(s.out, "quantrac %s: http://%s\n", version, s.listener.Addr())
	if s.broker != nil {
		fmt.Fprintf(s.out, "MQTT broker: %s\n", s.broker.Addr())
	}
	if s.ftp != nil {
		fmt.Fprintf(s.out, "FTP: %s\n", s.ftp.Addr())
	}
	if s.hj212 != nil {
		fmt.Fprintf(s.out, "HJ 212: %s\n", s.hj212.Addr())
	}
	if s.cfg.demo {
		fmt.Fprintln(s.out, "demo: simulated gateways, everybody on this machine may read; Ctrl-C stops it")
	}
}

package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"quantrac/alerts"
	"quantrac/alerts/journal"
	"quantrac/alerts/webhook"
	"quantrac/geo"
	"quantrac/ingest"
	"quantrac/ingest/books"
	"quantrac/ingest/broker"
	"quantrac/ingest/dialect"
	"quantrac/ingest/history"
	"quantrac/ingest/mqtt"
	"quantrac/ingest/quarantine"
	"quantrac/ingest/stream"
	"quantrac/web"
	"quantrac/web/ui"
)

// serve loads the configuration and runs the service until ctx ends.
func serve(ctx context.Context, name string, args []string, demo bool, out io.Writer) error {
	cfg, err := loadConfig(name, args, demo)
	if err != nil {
		return err
	}
	s := &service{cfg: cfg, out: out, figures: newFigures()}
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
	cfg     config
	out     io.Writer
	log     *slog.Logger
	facts   facts
	figures *figures

	stream     *stream.Log
	store      history.Store
	clerk      *books.Clerk
	booked     *stream.Cursor
	journal    *journal.Journal
	judge      *journal.Judge
	judged     *stream.Cursor
	quarantine *quarantine.Store
	rejected   *stream.Cursor
	live       *alerts.Live
	hub        *web.Hub
	liveFold   *liveConsumer
	webhooks   *webhook.Sender
	door       *ingest.Door
	submit     ingest.Submit
	broker     *broker.Broker
	outside    []*mqtt.Subscriber
	listener   net.Listener
	http       *http.Server

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

	logs.start("log", s.stream.Run)
	s.startConsumers(consumers)
	pages.start("web", s.serveHTTP)
	s.startDoors(doors)
	if s.cfg.Simulator {
		gateways.start("simulator", s.simulate)
	}
	s.greet()
	s.heedHangup(ctx)

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
		s.openListener, s.openStream, s.openHistory, s.openBooks, s.openAlerts, s.openQuarantine, s.openLive, s.openWebhooks, s.openDoor, s.openBrokers, s.openWeb,
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

// openListener comes early: an address that is taken should be said before anything else happens.
func (s *service) openListener(ctx context.Context) (err error) {
	s.listener, err = (&net.ListenConfig{}).Listen(ctx, "tcp", s.cfg.HTTP.Listen)
	if err != nil {
		return fmt.Errorf("listen for HTTP (--http chooses another address): %w", err)
	}
	s.closers = append(s.closers, func() error { _ = s.listener.Close(); return nil })
	if s.cfg.HTTP.PublicURL == "" {
		s.cfg.HTTP.PublicURL = "http://" + s.listener.Addr().String()
	}
	return nil
}

func (s *service) openStream(ctx context.Context) (err error) {
	s.stream, err = stream.Open(ctx, stream.Options{
		Dir: filepath.Join(s.cfg.Data, "stream"), URL: s.cfg.NATS.URL, Synced: s.cfg.NATS.Synced,
		Retention: s.cfg.Stream.Retention, MaxBytes: s.cfg.Stream.MaxBytes, Logger: s.log, Metrics: stream.NewMetrics(s.figures.registry),
	})
	if err == nil {
		s.closers = append(s.closers, s.stream.Close)
	}
	return err
}

func (s *service) openHistory(context.Context) error {
	if c := s.cfg.Influx; c.URL != "" {
		s.store = history.OpenRemote(history.RemoteOptions{URL: c.URL, Org: c.Org, Bucket: c.Bucket, Token: c.Token})
	} else {
		embedded, err := history.OpenEmbedded(filepath.Join(s.cfg.Data, "history"))
		if err != nil {
			return err
		}
		s.store = embedded
	}
	s.closers = append(s.closers, s.store.Close)
	return nil
}

// openBooks makes the clerk, which judges what is new, books it and fills history.
func (s *service) openBooks(ctx context.Context) (err error) {
	writer := history.NewWriter(s.store, s.parkOf, history.NewMetrics(s.figures.registry), s.log)
	s.clerk, s.booked, err = books.Open(ctx, books.Options{
		Log: s.stream, Now: time.Now, Lookup: lookupFor(s.store),
		Write: func(ctx context.Context, readings []ingest.Reading) error {
			return writer.Consume(ctx, []ingest.Intake{{Readings: readings}})
		},
	})
	return err
}

func (s *service) openAlerts(ctx context.Context) (err error) {
	if s.journal, err = journal.Open(ctx, s.stream); err != nil {
		return err
	}
	engine := alerts.NewEngine(alerts.EngineConfig{
		Rules: s.facts.rules, Limits: s.facts.limits, Registry: s.facts.registry, Catalogue: s.facts.catalogue,
		BaseURL: strings.TrimSuffix(s.cfg.HTTP.PublicURL, "/"),
	})
	s.judge, s.judged, err = journal.OpenJudge(ctx, s.stream, journal.JudgeConfig{
		Engine: engine, Journal: s.journal, Now: time.Now, Evaluated: func(n uint64) { s.figures.evaluations.Add(float64(n)) },
	})
	return err
}

func (s *service) openQuarantine(ctx context.Context) (err error) {
	s.quarantine, err = quarantine.Open(ctx, s.stream, func(reason string) { s.figures.quarantined.WithLabelValues(reason).Inc() })
	if err != nil {
		return err
	}
	// Every cursor is there before the log runs: it would trim what a consumer that it does not know has not read.
	s.rejected, err = s.stream.OpenCursor(ctx, "quarantine")
	return err
}

func (s *service) openLive(ctx context.Context) (err error) {
	s.live = alerts.NewLive(alerts.LiveConfig{Registry: s.facts.registry, Limits: s.facts.limits})
	if s.liveFold, err = openLive(ctx, s.stream, s.live, s.figures); err != nil {
		return err
	}
	s.hub = web.NewHub(web.HubState{
		Stations: s.live.Stations, Alerts: s.journal.Open, Hotspots: s.liveFold.Hotspots,
		Place: func(id string) (string, geo.Point, bool) {
			st, ok := s.facts.registry.Station(id)
			if !ok {
				return "", geo.Point{}, false
			}
			return st.Park, st.Location, true
		},
	}, web.NewMetrics(s.figures.registry))
	s.liveFold.hub = s.hub
	s.figures.registry.MustRegister(newStateCollector(s.live.StateCounts, s.journal.Open))
	return nil
}

func (s *service) openWebhooks(ctx context.Context) (err error) {
	s.webhooks, err = webhook.Open(ctx, webhook.Options{
		Log: s.stream, Events: s.journal.Events, Configured: s.cfg.specs(), AllowPrivate: s.cfg.allowPrivate(), BaseURL: s.cfg.HTTP.PublicURL,
		LastEvent: func(context.Context) (uint64, error) { return s.journal.LastSequence(), nil },
		Now:       time.Now, Grace: webhookGrace, Logger: s.log, Metrics: webhook.NewMetrics(s.figures.registry),
		Latency: func(seconds float64) { s.figures.latency.WithLabelValues("webhook").Observe(seconds) },
	})
	return err
}

func (s *service) openDoor(ctx context.Context) error {
	resends := ingest.NewResends()
	if err := s.stream.Tail(ctx, resends.Learn); err != nil {
		return fmt.Errorf("read the end of the log: %w", err)
	}
	s.door = &ingest.Door{
		Resends: resends,
		Decode:  dialect.Decode, Registry: func() *geo.Registry { return s.facts.registry }, Catalogue: s.facts.catalogue, Append: s.stream.Append,
	}
	s.submit = s.figures.counted(s.door.Submit)
	return nil
}

func (s *service) openBrokers(context.Context) error {
	for i, b := range s.cfg.Brokers {
		tc, err := clientTLS(b.TLS)
		if err != nil {
			return fmt.Errorf("brokers[%d]: %w", i, err)
		}
		id := b.ClientID
		if id == "" {
			id = fmt.Sprintf("quantrac-%d", i)
		}
		sub, err := mqtt.New(mqtt.Options{
			URL: b.URL, ClientID: id, Username: b.Username, Password: b.Password, TLS: tc, Topics: b.Topics, Share: b.Share,
			Submit: s.submit, Logger: s.log,
		})
		if err != nil {
			return fmt.Errorf("brokers[%d]: %w", i, err)
		}
		s.outside = append(s.outside, sub)
	}
	if s.cfg.MQTT.Listen == "off" {
		return nil
	}
	opt := broker.Options{
		Listen: s.cfg.MQTT.Listen, Anonymous: s.cfg.MQTT.Anonymous, Submit: s.submit, Logger: s.log, Metrics: s.figures.registry,
		MaxPacket: min(ingest.MaxBody, s.stream.MaxBody()),
	}
	var err error
	if opt.TLS, err = serverTLS(s.cfg.MQTT.TLS); err != nil {
		return fmt.Errorf("mqtt.tls: %w", err)
	}
	if opt.Authenticate, err = s.authenticate(); err != nil {
		return err
	}
	if s.broker, err = broker.Open(opt); err != nil {
		return fmt.Errorf("listen for MQTT (--mqtt chooses another address): %w", err)
	}
	s.closers = append(s.closers, func() error { _ = s.broker.Close(); return nil })
	return nil
}

func (s *service) authenticate() (func(context.Context, broker.Login) (broker.Identity, bool), error) {
	gateways := make([]broker.Gateway, len(s.cfg.MQTT.Gateways))
	for i, g := range s.cfg.MQTT.Gateways {
		gateways[i] = broker.Gateway{ID: g.ID, Username: g.Username, PasswordHash: g.PasswordHash, Stations: g.Stations}
	}
	a, err := broker.NewAuthenticator(gateways)
	if err != nil {
		return nil, fmt.Errorf("mqtt.gateways: %w", err)
	}
	return a.Authenticate, nil
}

func clientTLS(c tlsConfig) (*tls.Config, error) {
	if c == (tlsConfig{}) {
		return nil, nil
	}
	out := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.CA != "" {
		pem, err := os.ReadFile(c.CA)
		if err != nil {
			return nil, fmt.Errorf("read tls.ca: %w", err)
		}
		out.RootCAs = x509.NewCertPool()
		if !out.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("tls.ca: %s holds no certificate", c.CA)
		}
	}
	if c.Cert != "" {
		pair, err := tls.LoadX509KeyPair(c.Cert, c.Key)
		if err != nil {
			return nil, fmt.Errorf("read tls.cert and tls.key: %w", err)
		}
		out.Certificates = []tls.Certificate{pair}
	}
	return out, nil
}

func serverTLS(c tlsConfig) (*tls.Config, error) {
	if c.Cert == "" {
		return nil, nil
	}
	pair, err := tls.LoadX509KeyPair(c.Cert, c.Key)
	if err != nil {
		return nil, fmt.Errorf("read cert and key: %w", err)
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}}, nil
}

func (s *service) openWeb(ctx context.Context) error {
	bucket, err := s.stream.Bucket(ctx, "tokens")
	if err != nil {
		return err
	}
	tokens, err := web.OpenTokens(ctx, tokenStore(bucket), s.cfg.bootstrap)
	if err != nil {
		return fmt.Errorf("read the tokens: %w", err)
	}
	page, built := ui.Files()
	if !built {
		page = nil
	}
	server := web.New(web.Config{
		Version: version, Demo: s.cfg.demo, Anonymous: s.cfg.HTTP.Anonymous, Tokens: tokens, Origins: s.cfg.HTTP.Origins,
		Logger: s.log, Now: time.Now, Gatherer: s.figures.registry, Page: page,
		Registry: func() *geo.Registry { return s.facts.registry }, Catalogue: s.facts.catalogue, Live: s.live, Hub: s.hub,
		Accept: s.submit.Accept, Look: s.door.Look, History: historyFor(s.store),
		Alerts:     web.Alerts{List: s.journal.List, Open: s.journal.Open, Get: s.journal.Get, Notices: noticesFrom(s.webhooks)},
		Quarantine: web.Quarantine{List: s.quarantine.List}, Ledger: ledgerFor(s.clerk), Webhooks: webhooksFor(s.webhooks), Hotspots: s.liveFold.Hotspots,
		Readiness: s.readiness,
	})
	const maxHeader = 32 << 10
	s.http = &http.Server{
		Handler: server.Handler(), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, WriteTimeout: time.Minute,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: maxHeader, ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
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
	for i, sub := range s.outside {
		state := sub.State()
		deps = append(deps, web.Dependency{Name: fmt.Sprintf("broker %d", i), OK: state.Connected, Detail: state.LastError})
	}
	return deps
}

func (s *service) startConsumers(p *phase) {
	p.start("history", func(ctx context.Context) error {
		return errors.Join(s.stream.Consume(ctx, s.booked, func(ctx context.Context, batches []stream.Batch) error {
			if err := s.clerk.Consume(ctx, batches); err != nil || len(batches) == 0 || len(batches[0].Entries) == 0 {
				return err
			}
			s.figures.latencyTo("history", batches[0].Entries[0].Delivery.ReceivedAt)
			return nil
		}), lastSave(s.clerk.Save))
	})
	p.start("alerts", func(ctx context.Context) error {
		return errors.Join(s.stream.Consume(ctx, s.judged, s.judge.Consume), lastSave(s.judge.Save))
	})
	p.start("live", func(ctx context.Context) error {
		return errors.Join(s.stream.Consume(ctx, s.liveFold.cursor, s.liveFold.Consume), lastSave(s.liveFold.Save))
	})
	p.start("quarantine", func(ctx context.Context) error {
		return s.stream.Consume(ctx, s.rejected, s.quarantine.Consume)
	})
	p.start("quarantine retention", func(ctx context.Context) error {
		return s.quarantine.Run(ctx, time.Now, func(err error) { s.log.Warn("forgetting old quarantine entries failed, trying again", "error", err) })
	})
	p.start("clock", s.liveFold.Tick)
	p.start("webhooks", s.webhooks.Run)
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

func (s *service) parkOf(station string) string {
	st, ok := s.facts.registry.Station(station)
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

// heedHangup keeps a SIGHUP, which a closing terminal sends too, from ending the service.
func (s *service) heedHangup(ctx context.Context) {
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	go func() {
		defer signal.Stop(hangup)
		for {
			select {
			case <-hangup:
				s.log.Warn("SIGHUP: the configuration is read at the start only; restart to apply a change")
			case <-ctx.Done():
				return
			}
		}
	}()
}

func (s *service) greet() {
	fmt.Fprintf(s.out, "quantrac %s: http://%s\n", version, s.listener.Addr())
	if s.broker != nil {
		fmt.Fprintf(s.out, "MQTT broker: %s\n", s.broker.Addr())
	}
	if s.cfg.demo {
		fmt.Fprintln(s.out, "demo: simulated gateways, everybody on this machine may read; Ctrl-C stops it")
	}
}

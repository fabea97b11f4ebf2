package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"quantrac/alerts"
	"quantrac/alerts/journal"
	"quantrac/alerts/mail"
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
	"quantrac/web/audit"
	"quantrac/web/ui"
)

// What follows makes the parts of the service, each a step of service.open. Nothing runs yet.

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

// linger is how long history waits for more of what comes in small pieces: each of its steps costs two fsyncs.
const linger = 20 * time.Millisecond

// openBooks makes the clerk, which judges what is new, books it and fills history.
func (s *service) openBooks(ctx context.Context) (err error) {
	writer := history.NewWriter(s.store, s.parkOf, history.NewMetrics(s.figures.registry), s.log)
	s.clerk, s.booked, err = books.Open(ctx, books.Options{
		Log: s.stream, Now: time.Now, Follow: followerOf(s.quality), Lookup: lookupFor(s.store), Logger: s.log, Metrics: books.NewMetrics(s.figures.registry),
		Origin: func(ctx context.Context, id string) (string, bool, error) { return s.quarantine.Origin(ctx, id) }, // it opens after the books
		Write: func(ctx context.Context, readings []ingest.Reading) error {
			return writer.Consume(ctx, []ingest.Intake{{Readings: readings}})
		},
	})
	if err == nil {
		s.booked.Linger(linger)
	}
	return err
}

// openLaw makes what is judged by, out of the files and of what was changed while the service ran.
func (s *service) openLaw(ctx context.Context) (err error) {
	if s.law, err = openLaw(ctx, s.stream, s.facts, s.log); err != nil {
		return err
	}
	s.law.baseURL = strings.TrimSuffix(s.cfg.HTTP.PublicURL, "/")
	s.law.replace = func(ctx context.Context, next *alerts.Engine) error { return s.judge.Replace(ctx, next) }
	s.law.review = func(r *geo.Registry, limits *alerts.Limits) { s.liveFold.review(r, limits) }
	return nil
}

func (s *service) openAlerts(ctx context.Context) (err error) {
	if s.journal, err = journal.Open(ctx, s.stream); err != nil {
		return err
	}
	if s.mutes, err = journal.OpenMutes(ctx, s.stream, time.Now()); err != nil {
		return fmt.Errorf("read the silences: %w", err)
	}
	s.judge, s.judged, err = journal.OpenJudge(ctx, s.stream, journal.JudgeConfig{
		Engine: s.law.engine(s.law.inForce.Load()), Journal: s.journal, Now: time.Now, Head: s.stream.LastSequence, Blind: s.blind, Troubles: s.troubles, Mutes: s.mutes.Current, Logger: s.log,
		Escalation: journal.Escalation{After: s.cfg.Alerts.EscalateAfter, From: s.cfg.Alerts.EscalateFrom}, FlapOpens: s.cfg.Alerts.FlapOpens,
		History: stationHistory(s.store, s.law.Registry), Booked: func() uint64 { return s.booked.Passed() }, Evaluated: func(n uint64) { s.figures.evaluations.Add(float64(n)) },
	})
	return err
}

func (s *service) openQuarantine(ctx context.Context) (err error) {
	s.quarantine, err = quarantine.Open(ctx, quarantine.Options{
		Log: s.stream, Logger: s.log, Metrics: quarantine.NewMetrics(s.figures.registry),
		Allowed: func(_, gateway string) func(string) bool {
			who, ok := s.gateways.Identity(gateway)
			if !ok {
				return nil
			}
			return who.Allowed()
		},
		OnEntry: func(reason string) { s.figures.quarantined.WithLabelValues(reason).Inc() },
	})
	return err
}

func (s *service) openLive(ctx context.Context) (err error) {
	s.live = alerts.NewLive(alerts.LiveConfig{Registry: s.law.Registry(), Limits: s.law.Limits()})
	if s.liveFold, err = openLive(ctx, s.stream, s.live, s.figures); err != nil {
		return err
	}
	s.hub = web.NewHub(web.HubState{
		Stations: s.live.Stations, Alerts: s.journal.Open, Hotspots: s.liveFold.spots.Shown,
		Place: func(id string) (string, geo.Point, bool) {
			st, ok := s.law.Registry().Station(id)
			if !ok {
				return "", geo.Point{}, false
			}
			return st.Park, st.Location, true
		},
	}, web.NewMetrics(s.figures.registry))
	s.liveFold.hub, s.liveFold.spots.log = s.hub, s.log
	s.liveFold.spots.tell = func(set json.RawMessage) { s.hub.Hotspots(set) }
	s.liveFold.gather = web.NewGather(s.hub, func(oldest time.Time) { observeSince(s.figures.websocket, oldest) })
	s.figures.registry.MustRegister(newStateCollector(s.live.StateCounts, s.journal.Open))
	return nil
}

func (s *service) openWebhooks(ctx context.Context) (err error) {
	s.webhooks, err = webhook.Open(ctx, webhook.Options{
		Log: s.stream, Events: s.journal.Events, Configured: s.cfg.specs(), AllowPrivate: s.cfg.allowPrivate(), BaseURL: s.cfg.HTTP.PublicURL,
		LastEvent: func(context.Context) (uint64, error) { return s.journal.LastSequence(), nil },
		Now:       time.Now, Grace: webhookGrace, Logger: s.log, Metrics: webhook.NewMetrics(s.figures.registry),
		Latency: func(seconds float64) { s.figures.latency.WithLabelValues("webhook").Observe(seconds) },
		Report: func(ctx context.Context, d webhook.Death) error {
			return s.journal.Undelivered(ctx, d.Alert, d.Recipient, d.Comment, d.At, time.Now())
		},
	})
	if err != nil || s.cfg.SMTP.Address == "" {
		return err
	}
	s.mail, err = mail.Open(ctx, mail.Options{
		Log: s.stream, Events: s.journal.Events, Configured: s.cfg.Recipients, Server: s.cfg.SMTP, BaseURL: s.cfg.HTTP.PublicURL,
		LastEvent: func(context.Context) (uint64, error) { return s.journal.LastSequence(), nil },
		Alert: func(_ context.Context, id string) (alerts.Alert, bool, error) {
			a, ok := s.journal.Alert(id)
			return a, ok, nil
		},
		Parameter: func(code string) (ingest.Parameter, bool) {
			p, ok := s.facts.catalogue.Parameter(code)
			if !ok {
				return ingest.Parameter{}, false
			}
			return *p, true
		},
		Report: func(ctx context.Context, d mail.Death) error {
			return s.journal.Undelivered(ctx, d.Alert, d.Recipient, d.Comment, d.At, time.Now())
		},
		Now: time.Now, Grace: webhookGrace, Logger: s.log, Metrics: mail.NewMetrics(s.figures.registry),
	})
	return err
}

func (s *service) openDoor(ctx context.Context) error {
	resends, watch := ingest.NewResends(), ingest.NewWatch(s.facts.catalogue)
	err := s.stream.Tail(ctx, func(in *ingest.Intake) {
		resends.Learn(in)
		watch.Learn(s.law.Registry(), in)
	})
	if err != nil {
		return fmt.Errorf("read the end of the log: %w", err)
	}
	bucket, err := s.stream.Bucket(ctx, "aliases")
	if err != nil {
		return err
	}
	if s.mappings, err = openMappings(ctx, bucket, s.cfg.Mappings, s.log); err != nil {
		return fmt.Errorf("read the aliases: %w", err)
	}
	decoder, err := s.openDecoder(ctx)
	if err != nil {
		return err
	}
	s.door = &ingest.Door{
		Resends: resends, Watch: watch, Mappings: s.mappings.Current,
		Decode: decoder.Decode, Registry: s.law.Registry, Catalogue: s.facts.catalogue, Append: s.stream.Append,
	}
	s.submit = s.figures.counted(s.door.Submit)
	return nil
}

// openDecoder makes the reader of dialects, which remembers what Sparkplug edge nodes told at their birth.
func (s *service) openDecoder(ctx context.Context) (*dialect.Decoder, error) {
	births, err := s.stream.Bucket(ctx, "births")
	if err != nil {
		return nil, err
	}
	return dialect.Load(ctx, dialect.Options{
		Put: func(ctx context.Context, key string, value []byte) error {
			if len(value) == 0 {
				return births.Delete(ctx, key)
			}
			return births.Put(ctx, key, value)
		},
		All: births.All, Rebirth: s.askRebirth,
		Report: func(err error) { s.log.Warn("birth of an edge node not kept, trying again", "error", err) },
	})
}

// askRebirth tells every broker, since the decoder does not know which of them an edge node listens to.
func (s *service) askRebirth(topic string, payload []byte) {
	if s.broker != nil {
		s.broker.Publish(topic, payload)
	}
	for _, sub := range s.outside {
		sub.Publish(topic, payload)
	}
}

func (s *service) openBrokers(ctx context.Context) error {
	outside := mqtt.NewMetrics(s.figures.registry)
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
			Submit: s.submit, Logger: s.log, Metrics: outside,
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
		MaxPacket: min(ingest.MaxBody, s.stream.MaxBody()), Gateways: s.gateways,
	}
	retained, err := s.stream.Bucket(ctx, "retained")
	if err != nil {
		return err
	}
	opt.Retained, opt.RequireCertificate = keptIn(retained), s.cfg.MQTT.RequireCertificate
	if opt.TLS, err = s.serverTLS(s.cfg.MQTT.TLS); err != nil {
		return fmt.Errorf("mqtt.tls: %w", err)
	}
	if s.broker, err = broker.Open(opt); err != nil {
		return fmt.Errorf("listen for MQTT (--mqtt chooses another address): %w", err)
	}
	s.closers = append(s.closers, func() error { _ = s.broker.Close(); return nil })
	return nil
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

// serverTLS is nil without a certificate. Certificates that are renewed on disk are taken up without a restart; ca, where it is given,
// is the authority of gateways' own certificates.
func (s *service) serverTLS(c tlsConfig) (*tls.Config, error) {
	if c.Cert == "" {
		return nil, nil
	}
	return broker.TLSConfig(c.Cert, c.Key, c.CA, s.log)
}

func (s *service) openWeb(ctx context.Context) error {
	tokens, accounts, err := openAccess(ctx, s.stream, s.cfg.bootstrap, s.log)
	if err != nil {
		return err
	}
	s.accounts = accounts
	basemap, err := s.openBasemap()
	if err != nil {
		return err
	}
	changes, err := audit.Open(ctx, s.stream)
	if err != nil {
		return err
	}
	page, built := ui.Files()
	if !built {
		page = nil
	}
	s.web = web.New(web.Config{
		Accounts: accounts, PublicURL: s.cfg.HTTP.PublicURL, Secure: strings.HasPrefix(s.cfg.HTTP.PublicURL, "https:"),
		Version: version, Demo: s.cfg.demo, Anonymous: s.cfg.HTTP.Anonymous, Tokens: tokens, Origins: s.cfg.HTTP.Origins,
		Logger: s.log, Now: time.Now, Gatherer: s.figures.registry, Page: page, Basemap: basemap,
		Registry: s.law.Registry, Places: placesFor(s.law.places), Upstream: upstreamFor(s.law, s.store, s.facts.catalogue), Catalogue: s.facts.catalogue, Live: s.live, Hub: s.hub,
		Accept: acceptFor(s.submit), MaxBody: s.stream.MaxBody, Look: s.door.Look, Explain: s.door.Explain, Propose: s.door.Propose,
		History: historyFor(s.store), Aliases: aliasesFor(s.mappings), Gateways: gatewaysFor(s.gateways), Conflicts: conflictsFor(s.clerk),
		Alerts: web.Alerts{List: s.journal.List, Open: s.journal.Open, Get: s.journal.Get, Notices: noticesFrom(s.webhooks, s.mail), Act: actsFor(s.journal)},
		Mutes:  mutesFor(s.mutes),
		Rules:  rulesFor(s.law, s.store), Limits: limitsFor(s.law),
		Quarantine: quarantineFor(s.quarantine, s.submit), Ledger: ledgerFor(s.clerk), Quality: qualityFor(s.quality), Webhooks: webhooksFor(s.webhooks), Mails: mailsFor(s.mail), Hotspots: s.liveFold.spots.Shown,
		Audit: auditFor(changes), Readiness: s.readiness,
	})
	const maxHeader = 32 << 10
	s.http = &http.Server{
		Handler: s.web.Handler(), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, WriteTimeout: time.Minute,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: maxHeader, ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	return nil
}

// openBasemap opens the folder of the map's detail, if there is one, in such a way that no link in it leads out.
func (s *service) openBasemap() (web.Basemap, error) {
	b := s.cfg.Map.basemap()
	if s.cfg.Map.Detail == "" {
		return b, nil
	}
	root, err := os.OpenRoot(s.cfg.Map.Detail)
	if err != nil {
		return b, fmt.Errorf("open the detail of the map: %w", err)
	}
	s.closers = append(s.closers, root.Close)
	b.Detail = root.FS()
	return b, nil
}

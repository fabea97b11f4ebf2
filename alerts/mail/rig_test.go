package mail

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/http"
	"net/http/httptest"
	netmail "net/mail"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"quantrac/alerts"
	"quantrac/geo"
	"quantrac/ingest"
	"quantrac/ingest/stream"
)

const password = "correct-horse-9"

// mailServer is a real SMTP server that asks for a password under TLS. refuse may answer a command: "rcpt" or "data".
type mailServer struct {
	address string
	server  Server
	smtp    *smtp.Server
	got     chan letterIn

	mu     sync.Mutex
	refuse func(command, to string) error
}

// letterIn is an e-mail that was taken.
type letterIn struct {
	from, to   string
	header     netmail.Header
	subject    string
	text, html string
	encrypted  bool
}

type session struct {
	s         *mailServer
	conn      *smtp.Conn
	from, to  string
	signedIn  bool
	mustLogin bool
}

func newMailServer(t *testing.T, secure bool) *mailServer {
	t.Helper()
	s := &mailServer{got: make(chan letterIn, 1000), refuse: func(string, string) error { return nil }}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.address = listener.Addr().String()
	s.server = Server{Address: s.address, From: "quantrac@example.vn", Username: "quantrac", Password: password, Timeout: 10 * time.Second}
	s.smtp = smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) { return &session{s: s, conn: c, mustLogin: secure}, nil }))
	s.smtp.Domain = "localhost"
	s.smtp.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	if secure {
		certs := httptest.NewTLSServer(nil) // for its certificate of 127.0.0.1
		t.Cleanup(certs.Close)
		s.smtp.TLSConfig = certs.TLS.Clone()
		s.smtp.TLSConfig.NextProtos = nil
		s.server.RootCAs = certs.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	}
	go func() { _ = s.smtp.Serve(listener) }()
	t.Cleanup(func() { _ = s.smtp.Close() })
	return s
}

func (s *mailServer) answer(f func(command, to string) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse = f
}

func (s *mailServer) ask(command, to string) error {
	s.mu.Lock()
	f := s.refuse
	s.mu.Unlock()
	return f(command, to)
}

func (s *mailServer) next(t *testing.T) letterIn {
	t.Helper()
	select {
	case l := <-s.got:
		return l
	case <-time.After(20 * time.Second):
		t.Fatal("no e-mail came")
		return letterIn{}
	}
}

func (c *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (c *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, pass string) error {
		if user != "quantrac" || pass != password {
			return smtp.ErrAuthFailed
		}
		c.signedIn = true
		return nil
	}), nil
}

func (c *session) Mail(from string, _ *smtp.MailOptions) error {
	if c.mustLogin && !c.signedIn {
		return smtp.ErrAuthRequired
	}
	c.from = from
	return nil
}

func (c *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	c.to = to
	return c.s.ask("rcpt", to)
}

func (c *session) Data(r io.Reader) error {
	m, err := netmail.ReadMessage(r)
	if err != nil {
		return err
	}
	_, encrypted := c.conn.TLSConnectionState()
	l := letterIn{from: c.from, to: c.to, header: m.Header, encrypted: encrypted}
	if l.subject, err = new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject")); err != nil {
		return err
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		return errors.New("not multipart/alternative: " + kind)
	}
	parts := multipart.NewReader(m.Body, params["boundary"])
	for _, into := range []*string{&l.text, &l.html} {
		p, err := parts.NextRawPart()
		if err != nil {
			return err
		}
		body, err := io.ReadAll(quotedprintable.NewReader(p))
		if err != nil {
			return err
		}
		*into = strings.ReplaceAll(string(body), "\r\n", "\n")
	}
	if err := c.s.ask("data", c.to); err != nil {
		return err
	}
	c.s.got <- l
	return c.s.ask("after", c.to)
}

func (c *session) Reset()        {}
func (c *session) Logout() error { return nil }

// rig is a sender over a real log in a directory that outlives it.
type rig struct {
	t      *testing.T
	dir    string
	logs   bytes.Buffer
	mu     sync.Mutex
	now    map[string]alerts.Alert
	log    *stream.Log
	events *stream.Stream
	sender *Sender
	deaths chan Death
	stop   func()
}

func (r *rig) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.logs.Write(p)
}

func (r *rig) said() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.logs.String()
}

func ptr[T any](v T) *T { return &v }

// quick is a recipient whose e-mails do not wait long.
func quick(name string) Spec {
	return Spec{Name: name, Address: name + "@example.vn", GroupWait: ptr(100 * time.Millisecond), GroupInterval: ptr(100 * time.Millisecond)}
}

func newRig(t *testing.T, s *mailServer, change func(*Options)) *rig {
	r := &rig{t: t, dir: t.TempDir(), now: map[string]alerts.Alert{}, deaths: make(chan Death, 100)}
	r.open(s, change)
	t.Cleanup(func() { r.stop() })
	return r
}

func (r *rig) open(s *mailServer, change func(*Options)) {
	r.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var err error
	if r.log, err = stream.Open(ctx, stream.Options{Dir: r.dir}); err != nil {
		r.t.Fatal(err)
	}
	if r.events, err = r.log.Stream(ctx, "ALERTS"); err != nil {
		r.t.Fatal(err)
	}
	opt := Options{
		Log: r.log, Events: r.follow, LastEvent: r.events.LastSequence, Alert: r.alert, Server: s.server, BaseURL: "https://quantrac.example.vn",
		Configured: []Spec{quick("duty")}, Retries: []time.Duration{20 * time.Millisecond, 20 * time.Millisecond, 20 * time.Millisecond},
		Logger: slog.New(slog.NewTextHandler(r, nil)), Parameter: parameter,
		Report: func(_ context.Context, d Death) error {
			r.deaths <- d
			return nil
		},
	}
	if change != nil {
		change(&opt)
	}
	if r.sender, err = Open(ctx, opt); err != nil {
		r.t.Fatal(err)
	}
	var run sync.WaitGroup
	sender := r.sender
	run.Go(func() {
		if err := sender.Run(ctx); err != nil {
			r.t.Error(err)
		}
	})
	r.stop = sync.OnceFunc(func() {
		cancel()
		run.Wait()
		_ = r.log.Close()
	})
}

func parameter(code string) (ingest.Parameter, bool) {
	return ingest.Parameter{Code: code, Symbol: strings.ToUpper(code), Decimals: 1}, true
}

func (r *rig) alert(_ context.Context, id string) (alerts.Alert, bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	a, ok := r.now[id]
	return a, ok, nil
}

func (r *rig) follow(ctx context.Context, after uint64, handle func(uint64, []alerts.Event) error) error {
	return r.events.Follow(ctx, after, func(recs []stream.Record) error {
		for _, rec := range recs {
			var events []alerts.Event
			if err := json.Unmarshal(rec.Data, &events); err != nil {
				return err
			}
			if err := handle(rec.Sequence, events); err != nil {
				return err
			}
		}
		return nil
	})
}

// happen appends one step to the journal.
func (r *rig) happen(events ...alerts.Event) {
	r.t.Helper()
	r.mu.Lock()
	for i := range events {
		r.now[events[i].Alert.ID] = events[i].Alert
	}
	r.mu.Unlock()
	data, err := json.Marshal(events)
	if err != nil {
		r.t.Fatal(err)
	}
	if _, err := r.events.Add(r.t.Context(), data); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) until(what string, holds func() bool) {
	r.t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	late := time.After(20 * time.Second)
	for !holds() {
		select {
		case <-tick.C:
		case <-late:
			r.t.Fatalf("waited in vain until %s\n%s", what, r.said())
		}
	}
}

func (r *rig) id(i int) string { return r.sender.List()[i].ID }

func (r *rig) find(i int, state string) []Attempt {
	r.t.Helper()
	list, _, err := r.sender.Find(r.t.Context(), r.id(i), Query{State: state})
	if err != nil {
		r.t.Fatal(err)
	}
	return list
}

// opened is an alert of COD in the park Amata that has just opened.
func opened(id string) alerts.Event {
	at := time.Date(2026, 11, 24, 6, 5, 0, 0, time.UTC)
	return alerts.Event{Type: alerts.Opened, At: at, Made: at, Alert: alerts.Alert{
		ID: id, Revision: 1, Rule: "cod-over-limit", RuleName: geo.Text{VI: "COD vượt quy chuẩn", EN: "COD above limit"},
		Severity: alerts.Critical, PeakSeverity: alerts.Critical, State: alerts.Open,
		Station: alerts.Where{ID: "amata-01", Name: geo.Text{VI: "Trạm xả Amata", EN: "Amata outfall"}},
		Park:    &alerts.Where{ID: "amata", Name: geo.Text{VI: "KCN Amata", EN: "Amata park"}}, Parameter: "cod", Basis: alerts.OnValue,
		Value: ptr(91.2), Unit: "mg/L", Limit: ptr(67.5), Ratio: ptr(1.351), LimitReference: "QCVN 40:2011/BTNMT, A, Kq 0.9, Kf 1.0", LimitVerified: true,
		OpenedAt: at, MeasuredAt: at, Flags: []string{},
		Summary: geo.Text{VI: "Cảnh báo vận hành: COD 91,2 mg/L, bằng 1,35 lần giới hạn 67,5 mg/L", EN: "Operational warning: COD 91.2 mg/L, 1.35 times the limit of 67.5 mg/L"},
		URL:     "https://quantrac.example.vn/?alert=" + id,
	}}
}

func resolved(id string) alerts.Event {
	ev := opened(id)
	ev.Type = alerts.WasResolved
	ev.At, ev.Made = ev.At.Add(time.Hour), ev.Made.Add(time.Hour)
	ev.Alert.State, ev.Alert.Revision, ev.Alert.ResolvedAt = alerts.Resolved, 2, ptr(ev.At)
	return ev
}

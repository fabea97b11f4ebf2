package web

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-smtp"

	"quantrac/alerts"
	"quantrac/alerts/mail"
	"quantrac/ingest/stream"
)

// post is a mail server that knows nobody called gone.
type post struct{ got chan string }

type posting struct {
	to   string
	post *post
}

func (p *post) NewSession(*smtp.Conn) (smtp.Session, error) { return &posting{post: p}, nil }

func (*posting) Mail(string, *smtp.MailOptions) error { return nil }

func (p *posting) Rcpt(to string, _ *smtp.RcptOptions) error {
	if strings.HasPrefix(to, "gone@") {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "no such user"}
	}
	p.to = to
	return nil
}

func (p *posting) Data(r io.Reader) error {
	_, err := io.Copy(io.Discard, r)
	p.post.got <- p.to
	return err
}

func (*posting) Reset()        {}
func (*posting) Logout() error { return nil }

// openMails is a sender whose journal has one alert, told by happen.
func openMails(t *testing.T, configured []mail.Spec) (mails Mails, got <-chan string, happen func()) {
	t.Helper()
	listener := must[net.Listener](t)(net.Listen("tcp", "127.0.0.1:0"))
	p := &post{got: make(chan string, 16)}
	server := smtp.NewServer(p)
	server.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	go func() { _ = server.Serve(listener) }()
	ctx, cancel := context.WithCancel(context.Background())
	log := must[*stream.Log](t)(stream.Open(ctx, stream.Options{Dir: filepath.Join(t.TempDir(), "stream")}))
	alert := alerts.Alert{ID: "a", Rule: "cod", Severity: alerts.Critical, State: alerts.Open, Station: alerts.Where{ID: "amata-01"}, Flags: []string{}, OpenedAt: noon}
	events := make(chan alerts.Event)
	seq := uint64(0)
	s := must[*mail.Sender](t)(mail.Open(ctx, mail.Options{
		Log: log, Configured: configured, Server: mail.Server{Address: listener.Addr().String(), TLS: mail.TLSNone, From: "quantrac@example.vn"},
		LastEvent: func(context.Context) (uint64, error) { return seq, nil },
		Alert:     func(context.Context, string) (alerts.Alert, bool, error) { return alert, true, nil },
		Events: func(ctx context.Context, _ uint64, handle func(uint64, []alerts.Event) error) error {
			for {
				select {
				case ev := <-events:
					seq++
					if err := handle(seq, []alerts.Event{ev}); err != nil {
						return err
					}
				case <-ctx.Done():
					return ctx.Err()
				}
			}
		},
	}))
	var running sync.WaitGroup
	running.Go(func() { _ = s.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		running.Wait()
		_ = server.Close()
		_ = log.Close()
	})
	return mailsOf(s), p.got, func() { events <- alerts.Event{Type: alerts.Opened, At: noon, Made: noon, Alert: alert} }
}

// mailsOf hands the sender over as cmd does.
func mailsOf(s *mail.Sender) Mails {
	return Mails{
		List: func() any { return s.List() },
		Get:  func(id string) (any, error) { r, err := s.Get(id); return r, mailError(err) },
		Create: func(ctx context.Context, body json.RawMessage) (any, error) {
			spec, err := mail.Decode(body)
			if err != nil {
				return nil, mailError(err)
			}
			r, err := s.Create(ctx, spec)
			return r, mailError(err)
		},
		Update: func(ctx context.Context, id string, body json.RawMessage) (any, error) {
			spec, err := mail.Decode(body)
			if err != nil {
				return nil, mailError(err)
			}
			r, err := s.Update(ctx, id, spec)
			return r, mailError(err)
		},
		Delete: func(ctx context.Context, id string) error { return mailError(s.Delete(ctx, id)) },
		Test:   func(ctx context.Context, id string) (any, error) { a, err := s.Test(ctx, id); return a, mailError(err) },
		Preview: func(ctx context.Context, id string) (any, error) {
			p, err := s.Preview(ctx, id)
			return p, mailError(err)
		},
		Deliveries: func(ctx context.Context, id, state, cursor string, limit int) (any, string, error) {
			items, next, err := s.Find(ctx, id, mail.Query{State: state, Cursor: cursor, Limit: limit})
			return items, next, mailError(err)
		},
		Redeliver: func(ctx context.Context, id string) (any, error) {
			a, err := s.Redeliver(ctx, id)
			return a, mailError(err)
		},
	}
}

func mailError(err error) error {
	var invalid *mail.Invalid
	switch {
	case errors.As(err, &invalid):
		return &Invalid{Problems: invalid.Problems}
	case errors.Is(err, mail.ErrNotFound):
		return ErrNotFound
	case errors.Is(err, mail.ErrConfigured), errors.Is(err, mail.ErrDisabled):
		return errors.Join(ErrConflict, err)
	}
	return err
}

func TestMailRecipients(t *testing.T) {
	mails, got, _ := openMails(t, []mail.Spec{{Name: "file", Address: "file@example.vn"}})
	r := newRig(t, func(c *Config) { c.Mails = mails })
	var made struct {
		ID, Source    string
		GroupInterval string `json:"group_interval"`
	}
	r.post("/api/v1/mails", `{"name":"lan","address":"lan@example.vn","group_interval":"10m","filter":{"severities":["critical"]}}`).into(http.StatusCreated, &made)
	if made.Source != "api" || made.GroupInterval != "10m0s" {
		t.Errorf("made %+v", made)
	}
	if ids := r.pages("/api/v1/mails", 1); len(ids) != 2 || ids[1] != made.ID {
		t.Errorf("pages %q", ids)
	}
	one := "/api/v1/mails/" + made.ID
	r.do(bootstrap, http.MethodPut, one, `{"name":"lan","address":"lan.tran@example.vn","language":"both"}`).is(http.StatusOK)
	var preview struct{ To, Subject, Text, HTML string }
	r.get(one+"/preview").into(http.StatusOK, &preview)
	if preview.To != "lan.tran@example.vn" || !strings.Contains(preview.Text, "COD") || !strings.Contains(preview.HTML, "<html") {
		t.Errorf("preview %+v", preview)
	}
	var attempt struct{ State, ID string }
	r.post(one+"/test", "").into(http.StatusOK, &attempt)
	if to := receive(t, got); to != "lan.tran@example.vn" || attempt.State != "delivered" {
		t.Errorf("to %s, %+v", to, attempt)
	}
	r.get(one).is(http.StatusOK)
	r.do(bootstrap, http.MethodDelete, one, "").is(http.StatusNoContent)
	for _, path := range []string{one, one + "/preview", one + "/deliveries"} {
		r.get(path).is(http.StatusNotFound)
	}
	file := mails.List().([]mail.Recipient)[0].ID
	r.do(bootstrap, http.MethodDelete, "/api/v1/mails/"+file, "").says(http.StatusConflict, "configuration file")
	for body, field := range map[string]string{`{"name":"x","address":"x"}`: "address", `{"name":"x","address":"x@y.vn","group_wait":"soon"}`: "group_wait"} {
		a := r.post("/api/v1/mails", body).is(http.StatusUnprocessableEntity)
		var p problemBody
		if err := json.Unmarshal(a.body, &p); err != nil || len(p.Errors) != 1 || p.Errors[0].Field != field {
			t.Errorf("%s: %s", body, a.body)
		}
	}
}

func TestADeadEmailIsListedAndSentAgain(t *testing.T) {
	mails, got, happen := openMails(t, nil)
	r := newRig(t, func(c *Config) { c.Mails = mails })
	var made struct{ ID string }
	r.post("/api/v1/mails", `{"name":"lan","address":"gone@example.vn","group_wait":"0s"}`).into(http.StatusCreated, &made)
	happen()
	var page struct{ Items []struct{ ID, State string } }
	eventually(t, "the e-mail is dead", func() bool {
		r.get("/api/v1/mails/"+made.ID+"/deliveries?state=dead").into(http.StatusOK, &page)
		return len(page.Items) == 1
	})
	r.get("/api/v1/mails/"+made.ID+"/deliveries?state=lost").says(http.StatusBadRequest, "state must be one of")
	r.do(bootstrap, http.MethodPut, "/api/v1/mails/"+made.ID, `{"name":"lan","address":"lan@example.vn","group_wait":"0s"}`).is(http.StatusOK)
	var again struct{ ID, State string }
	r.post("/api/v1/mail-deliveries/"+page.Items[0].ID+"/redeliver", "").into(http.StatusAccepted, &again)
	if to := receive(t, got); to != "lan@example.vn" || again.ID != page.Items[0].ID {
		t.Errorf("to %s, %+v", to, again)
	}
	r.post("/api/v1/mail-deliveries/none/redeliver", "").is(http.StatusNotFound)
}

package webhook

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	answerTime = 15 * time.Second
	maxBody    = 20_000
	readAnswer = 4 << 10
	keepAnswer = 512
	userAgent  = "quantrac-webhook/1"
)

// client has one transport for each scheme: what plain http may reach is less.
type client struct{ plain, secure *http.Client }

func newClient(allow []netip.Prefix, roots *x509.CertPool) *client {
	of := func(g guard) *http.Client {
		return &http.Client{
			Transport: &http.Transport{
				// No Proxy: a proxy would resolve names behind the guard's back.
				DialContext:            g.dialer().DialContext,
				TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots},
				TLSHandshakeTimeout:    10 * time.Second,
				ForceAttemptHTTP2:      true,
				DisableCompression:     true, // the little that is read of an answer must not be able to grow
				MaxResponseHeaderBytes: 16 << 10,
				MaxIdleConnsPerHost:    inFlight,
				IdleConnTimeout:        90 * time.Second,
			},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
	}
	return &client{plain: of(guard{allow: allow, plain: true}), secure: of(guard{allow: allow})}
}

func (c *client) close() {
	c.plain.CloseIdleConnections()
	c.secure.CloseIdleConnections()
}

// outcome is what came of one request. status 0 = no answer; fault says why in words that carry no secret.
type outcome struct {
	status     int
	answer     string
	fault      string
	retryAfter time.Duration
	took       time.Duration
	// unsendable: no further try can change it.
	unsendable bool
}

// message is a body with its type.
type message struct {
	body        []byte
	contentType string
}

// send makes one request; at is its webhook-timestamp.
func (s *Sender) send(ctx context.Context, h *hook, d *delivery, at time.Time) outcome {
	m, err := encode(h, d, s.opt.BaseURL)
	if err == nil && len(m.body) > maxBody {
		err = fmt.Errorf("the body has %d bytes, more than %d", len(m.body), maxBody)
	}
	if err != nil {
		s.opt.Logger.Error("an event cannot be sent", "webhook", h.ID, "delivery", d.id, "error", err)
		return outcome{fault: err.Error(), unsendable: true}
	}
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	req, err := request(ctx, h, d.id, at, m)
	if err != nil {
		return outcome{fault: err.Error(), unsendable: true}
	}
	return s.client.do(req, s.opt.Now)
}

func request(ctx context.Context, h *hook, id string, at time.Time, m message) (*http.Request, error) {
	sig, err := signature(h.signing(at), id, at, m.body)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, h.URL, bytes.NewReader(m.body))
	if err != nil {
		return nil, errors.New("the webhook's URL cannot be used")
	}
	req.Header.Set("Content-Type", m.contentType)
	req.Header.Set("User-Agent", userAgent)
	req.Header.Set("Webhook-Id", id)
	req.Header.Set("Webhook-Timestamp", strconv.FormatInt(at.Unix(), 10))
	req.Header.Set("Webhook-Signature", sig)
	// Not sent: tells net/http that the request may be sent again when the recipient had just closed an idle connection.
	req.Header["Idempotency-Key"] = []string{}
	return req, nil
}

func (c *client) do(req *http.Request, now func() time.Time) outcome {
	hc := c.secure
	if req.URL.Scheme == "http" {
		hc = c.plain
	}
	start := now()
	resp, err := hc.Do(req)
	if err != nil {
		return outcome{fault: explain(err), took: now().Sub(start)}
	}
	defer func() { _ = resp.Body.Close() }()
	o := outcome{status: resp.StatusCode, took: now().Sub(start)}
	o.retryAfter = retryAfter(o.status, resp.Header.Get("Retry-After"), now())
	// The status is the answer; a body that breaks off changes nothing.
	text, _ := io.ReadAll(io.LimitReader(resp.Body, readAnswer))
	o.answer = strings.ToValidUTF8(string(text[:min(len(text), keepAnswer)]), "\uFFFD")
	switch {
	case o.status >= 300 && o.status < 400:
		o.fault = "redirects are not followed"
	case o.status < 200 || o.status >= 400:
		o.fault = strings.TrimSpace("answered " + strconv.Itoa(o.status) + " " + http.StatusText(o.status))
	}
	return o
}

// explain says why there was no answer, without the URL: its path may hold what only the recipient should know.
func explain(err error) string {
	var refused *refusedError
	var dns *net.DNSError
	var wrapped *url.Error
	switch {
	case errors.As(err, &refused):
		return "refused: " + refused.Error()
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Sprintf("no answer within %s", answerTime)
	case errors.As(err, &dns):
		return "the host name cannot be resolved: " + dns.Err
	case errors.As(err, &wrapped):
		return wrapped.Err.Error()
	}
	return err.Error()
}

package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	netmail "net/mail"
	"net/textproto"
	"slices"
	"strconv"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"quantrac/geo"
)

// Password is one of a mail server.
type Password string

// String keeps a password out of texts.
func (Password) String() string { return "[secret]" }

// GoString keeps a password out of texts made with %#v.
func (Password) GoString() string { return "[secret]" }

// LogValue keeps a password out of logs.
func (Password) LogValue() slog.Value { return slog.StringValue("[secret]") }

// MarshalText keeps a password out of what is encoded.
func (Password) MarshalText() ([]byte, error) { return []byte("[secret]"), nil }

// How a connection to a mail server is encrypted.
const (
	TLSStart    = "starttls"
	TLSImplicit = "implicit"
	TLSNone     = "none"
)

// Server is the mail server of the operator.
type Server struct {
	// Address is host:port.
	Address string `yaml:"address"`
	// TLS is starttls (required of the server), implicit, or none; "" = starttls.
	TLS string `yaml:"tls"`
	// Auth is plain, login, cram-md5 or scram-sha-256; "" = plain. Without Username nobody signs in.
	Auth     string   `yaml:"auth"`
	Username string   `yaml:"username"`
	Password Password `yaml:"password"`
	// From is the address that e-mails come from, FromName what is shown beside it; "" = quantrac.
	From     string `yaml:"from"`
	FromName string `yaml:"from_name"`
	// HELO is how this service names itself; "" = the host name.
	HELO string `yaml:"helo"`
	// Timeout bounds one hand-over; 0 = 30 s.
	Timeout time.Duration `yaml:"timeout"`
	// RootCAs are the authorities that the server is checked against; nil = the system's.
	RootCAs *x509.CertPool `yaml:"-"`
}

const defaultTimeout = 30 * time.Second

func auths() map[string]gomail.SMTPAuthType {
	return map[string]gomail.SMTPAuthType{
		"": gomail.SMTPAuthPlain, "plain": gomail.SMTPAuthPlain, "login": gomail.SMTPAuthLogin, "cram-md5": gomail.SMTPAuthCramMD5,
		"scram-sha-256": gomail.SMTPAuthSCRAMSHA256,
	}
}

// Check returns what is wrong with a Server; paths begin with "smtp.".
func (v *Server) Check() []geo.Problem {
	var problems []geo.Problem
	add := func(path, format string, args ...any) {
		problems = append(problems, geo.Problem{Path: "smtp." + path, Message: fmt.Sprintf(format, args...)})
	}
	host, port, err := net.SplitHostPort(v.Address)
	if n, perr := strconv.Atoi(port); err != nil || host == "" || perr != nil || n < 1 || n > 65535 {
		add("address", "%q is not host:port, for example mail.example.vn:587", v.Address)
	}
	if !slices.Contains([]string{"", TLSStart, TLSImplicit, TLSNone}, v.TLS) {
		add("tls", "%q is none of %s, %s, %s", v.TLS, TLSStart, TLSImplicit, TLSNone)
	}
	if v.TLS == TLSNone && v.Username != "" && !loopback(host) {
		add("tls", "a password is not sent unencrypted to another machine")
	}
	if _, known := auths()[v.Auth]; !known {
		add("auth", "%q is none of plain, login, cram-md5, scram-sha-256", v.Auth)
	}
	if (v.Username == "") != (v.Password == "") {
		add("username", "username and password go together")
	}
	if !validAddress(v.From) {
		add("from", "%q is no e-mail address like quantrac@example.vn", v.From)
	}
	if v.Timeout < 0 || v.Timeout > 10*time.Minute {
		add("timeout", "must be between 0 and 10m")
	}
	return problems
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// letter is an e-mail ready to be sent.
type letter struct {
	id, thread       string // Message-ID and that of the group, without <>
	to, toName       string
	date             time.Time
	subject          string
	text, html, lang string
}

// outcome is what came of one hand-over. code is the server's answer; 0 = none.
type outcome struct {
	code  int
	fault string
	// forGood: the server will not take this e-mail at any time. down: the server itself could not be used.
	forGood, down bool
	took          time.Duration
}

func (o *outcome) taken() bool { return o.fault == "" }

// poster hands a letter over.
type poster func(ctx context.Context, l *letter, now func() time.Time) outcome

func (v *Server) post(ctx context.Context, l *letter, now func() time.Time) outcome {
	start := now()
	o := v.hand(ctx, l)
	o.took = now().Sub(start)
	return o
}

func (v *Server) hand(ctx context.Context, l *letter) outcome {
	m := v.message(l)
	timeout := v.Timeout
	if timeout == 0 {
		timeout = defaultTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	c, err := v.client(ctx, timeout)
	if err != nil {
		return outcome{fault: err.Error(), down: true}
	}
	err = c.DialAndSendWithContext(ctx, m)
	if err == nil || m.IsDelivered() { // what goes wrong behind the server's word changes nothing
		return outcome{code: 250}
	}
	return explain(err)
}

func (v *Server) client(life context.Context, timeout time.Duration) (*gomail.Client, error) {
	host, text, err := net.SplitHostPort(v.Address)
	if err != nil {
		return nil, fmt.Errorf("read the address of the mail server: %w", err)
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		return nil, fmt.Errorf("read the port of the mail server: %w", err)
	}
	security := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12, RootCAs: v.RootCAs}
	options := []gomail.Option{
		gomail.WithPort(port), gomail.WithTimeout(timeout), gomail.WithTLSConfig(security), gomail.WithoutNoop(),
		gomail.WithDialContextFunc(v.dial(life, security)),
	}
	switch v.TLS {
	case TLSImplicit:
		options = append(options, gomail.WithSSL())
	case TLSNone:
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	default:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if v.HELO != "" {
		options = append(options, gomail.WithHELO(v.HELO))
	}
	if v.Username != "" {
		options = append(options, gomail.WithSMTPAuth(auths()[v.Auth]), gomail.WithUsername(v.Username), gomail.WithPassword(string(v.Password)))
	}
	return gomail.NewClient(host, options...)
}

// dial connects. The end of life closes the connection: the library leaves it open when signing in fails, and does not hear of life
// once it is connected.
func (v *Server) dial(life context.Context, security *tls.Config) gomail.DialContextFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		var conn net.Conn
		var err error
		if v.TLS == TLSImplicit {
			conn, err = (&tls.Dialer{Config: security}).DialContext(ctx, network, address)
		} else {
			conn, err = (&net.Dialer{}).DialContext(ctx, network, address)
		}
		if err != nil {
			return nil, err
		}
		context.AfterFunc(life, func() { _ = conn.Close() })
		return conn, nil
	}
}

func (v *Server) message(l *letter) *gomail.Msg {
	m := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	name := v.FromName
	if name == "" {
		name = "quantrac"
	}
	m.FromMailAddress(&netmail.Address{Name: oneLine(name), Address: v.From})
	m.ToMailAddress(&netmail.Address{Name: oneLine(l.toName), Address: l.to})
	m.Subject(oneLine(l.subject))
	m.SetDateWithValue(l.date)
	m.SetMessageIDWithValue(l.id)
	m.SetGenHeader(gomail.HeaderReferences, "<"+l.thread+">")
	m.SetGenHeader("Auto-Submitted", "auto-generated")
	m.SetGenHeader("X-Auto-Response-Suppress", "All")
	m.SetGenHeader("Content-Language", l.lang)
	m.SetBodyString(gomail.TypeTextPlain, l.text)
	m.AddAlternativeString(gomail.TypeTextHTML, l.html)
	return m
}

// oneLine keeps names from becoming header lines.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
}

// explain tells what the server will never take from what may pass later, and from a server that cannot be used.
func explain(err error) outcome {
	o := outcome{fault: clip(oneLine(err.Error()), maxText), down: true}
	var answer *textproto.Error
	if errors.As(err, &answer) {
		o.code = answer.Code
	}
	var send *gomail.SendError
	if !errors.As(err, &send) {
		return o
	}
	if code := send.ErrorCode(); code != 0 {
		o.code = code
	}
	const closing = 421 // the server says that it is going away
	o.down = o.code == 0 || o.code == closing
	switch send.Reason {
	case gomail.ErrSMTPRcptTo, gomail.ErrSMTPData, gomail.ErrSMTPDataClose:
		o.forGood = o.code >= 500
	case gomail.ErrGetRcpts, gomail.ErrGetSender:
		o.forGood, o.down = true, false
	}
	return o
}

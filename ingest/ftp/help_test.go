package ftp

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	client "github.com/jlaffaye/ftp"

	"quantrac/ingest"
)

// disk is a Submit that answers when it is told to; with auto it answers at once.
type disk struct {
	auto bool

	mu   sync.Mutex
	fail error
	all  []ingest.Delivery
	got  chan pending
}

type pending struct {
	ingest.Delivery
	done func(ingest.Receipt, error)
}

func newDisk(auto bool) *disk { return &disk{auto: auto, got: make(chan pending, 50_000)} }

func (d *disk) submit(ctx context.Context, del ingest.Delivery, done func(ingest.Receipt, error)) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	d.mu.Lock()
	fail := d.fail
	d.all = append(d.all, del)
	d.mu.Unlock()
	if d.auto {
		go done(ingest.Receipt{Accepted: 1}, fail)
		return nil
	}
	d.got <- pending{del, done}
	return nil
}

func (d *disk) setFail(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fail = err
}

func (d *disk) next(t *testing.T) pending {
	t.Helper()
	select {
	case p := <-d.got:
		return p
	case <-time.After(10 * time.Second):
		t.Fatal("nothing was submitted")
		return pending{}
	}
}

// texts are the deliveries so far as "topic: body".
func (d *disk) texts() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var all []string
	for _, del := range d.all {
		all = append(all, del.Topic+": "+string(del.Body))
	}
	return all
}

func (d *disk) expect(t *testing.T, want ...string) {
	t.Helper()
	if got := d.texts(); !equal(got, want) {
		t.Fatalf("submitted %.300q, want %.300q", got, want)
	}
}

func equal(a, b []string) bool { return strings.Join(a, "\x00") == strings.Join(b, "\x00") }

// clock is a time that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func accounts(_ context.Context, user, password, _ string) (Account, bool) {
	switch user + ":" + password {
	case "kcn:secret":
		return Account{Gateway: "gw-kcn", Stations: []string{"amata-01"}}, true
	case "other:secret":
		return Account{Gateway: "gw-other", Stations: []string{AllStations}}, true
	}
	return Account{}, false
}

// start serves until the test ends; stop ends it earlier and waits.
func start(t *testing.T, o Options) (s *Server, stop func()) {
	t.Helper()
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	if o.Authenticate == nil {
		o.Authenticate = accounts
	}
	if o.RefusalDelay == 0 {
		o.RefusalDelay = time.Millisecond
	}
	s, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("serve: %v", err)
			}
		case <-time.After(20 * time.Second):
			t.Error("Serve does not end")
		}
	})
	t.Cleanup(stop)
	return s, stop
}

func dial(t *testing.T, addr net.Addr, options ...client.DialOption) *client.ServerConn {
	t.Helper()
	c, err := client.Dial(addr.String(), append(options, client.DialWithTimeout(10*time.Second))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Quit() })
	return c
}

func login(t *testing.T, s *Server, options ...client.DialOption) *client.ServerConn {
	t.Helper()
	c := dial(t, s.Addr(), options...)
	if err := c.Login("kcn", "secret"); err != nil {
		t.Fatal(err)
	}
	return c
}

func stor(t *testing.T, c *client.ServerConn, name, body string) {
	t.Helper()
	if err := c.Stor(name, strings.NewReader(body)); err != nil {
		t.Fatalf("store %s: %v", name, err)
	}
}

// raw is a control connection by hand.
type raw struct {
	net.Conn
	t *testing.T
	r *bufio.Reader
}

func dialRaw(t *testing.T, s *Server) *raw {
	t.Helper()
	conn, err := net.Dial("tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &raw{conn, t, bufio.NewReader(conn)}
}

func loginRaw(t *testing.T, s *Server) *raw {
	t.Helper()
	c := dialRaw(t, s)
	c.expect("220")
	c.command("331", "USER kcn")
	c.command("230", "PASS secret")
	return c
}

func (c *raw) send(line string) {
	c.t.Helper()
	if _, err := io.WriteString(c.Conn, line+"\r\n"); err != nil {
		c.t.Fatal(err)
	}
}

// expect reads one reply and returns its text.
func (c *raw) expect(code string) string {
	c.t.Helper()
	_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
	for {
		line, err := c.r.ReadString('\n')
		if err != nil {
			c.t.Fatalf("waiting for %s: %v", code, err)
		}
		if len(line) > 3 && line[3] == '-' || strings.HasPrefix(line, " ") {
			continue
		}
		if !strings.HasPrefix(line, code) {
			c.t.Fatalf("got %q, want %s", line, code)
		}
		return line
	}
}

func (c *raw) command(code, line string) string {
	c.t.Helper()
	c.send(line)
	return c.expect(code)
}

func (c *raw) expectSilence() {
	c.t.Helper()
	_ = c.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if line, err := c.r.ReadString('\n'); err == nil {
		c.t.Fatalf("got %q, want silence", line)
	} else if ne := net.Error(nil); !errors.As(err, &ne) || !ne.Timeout() {
		c.t.Fatalf("the connection ended: %v", err)
	}
}

func (c *raw) expectEnd() {
	c.t.Helper()
	_ = c.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.Copy(io.Discard, c.r); err != nil {
		if ne := net.Error(nil); errors.As(err, &ne) && ne.Timeout() {
			c.t.Fatal("the connection is still open")
		}
	}
}

// data opens a passive data connection.
func (c *raw) data() net.Conn {
	c.t.Helper()
	line := c.command("229", "EPSV")
	_, rest, _ := strings.Cut(line, "(|||")
	port, err := strconv.Atoi(rest[:strings.Index(rest, "|")])
	if err != nil {
		c.t.Fatal(err)
	}
	d, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { d.Close() })
	return d
}

// upload sends a file up to its end and does not wait for the reply.
func (c *raw) upload(command, body string) {
	c.t.Helper()
	d := c.data()
	c.command("150", command)
	_, _ = io.WriteString(d, body)
	d.Close()
}

// certificate is a new self-signed one for 127.0.0.1.
func certificate(t *testing.T) *tls.Config {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
}

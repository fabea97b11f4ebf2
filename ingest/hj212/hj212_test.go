package hj212

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"quantrac/ingest"
)

// disk is a Submit that answers when it is told to, in any order; with auto it answers at once.
type disk struct {
	auto bool
	fail error
	got  chan pending
}

type pending struct {
	ingest.Delivery
	done func(ingest.Receipt, error)
}

func newDisk(auto bool) *disk { return &disk{auto: auto, got: make(chan pending, 20_000)} }

func (d *disk) submit(ctx context.Context, del ingest.Delivery, done func(ingest.Receipt, error)) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	d.got <- pending{del, done}
	if d.auto {
		go done(ingest.Receipt{}, d.fail)
	}
	return nil
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

// start serves until the test ends; stop ends it earlier and waits.
func start(t *testing.T, o Options) (s *Server, stop func()) {
	t.Helper()
	o.Listen, o.Checksum = "127.0.0.1:0", crc
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

type device struct {
	net.Conn
	t *testing.T
	r *bufio.Reader
}

func dial(t *testing.T, s *Server) *device {
	t.Helper()
	c, err := net.Dial("tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return &device{c, t, bufio.NewReader(c)}
}

func (d *device) send(s string) {
	d.t.Helper()
	if _, err := io.WriteString(d.Conn, s); err != nil {
		d.t.Fatal(err)
	}
}

func (d *device) expect(want string) {
	d.t.Helper()
	_ = d.SetReadDeadline(time.Now().Add(10 * time.Second))
	if got, err := d.r.ReadString('\n'); got != want {
		d.t.Fatalf("got %q (%v), want %q", got, err, want)
	}
}

func (d *device) expectSilence() {
	d.t.Helper()
	_ = d.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if b, err := d.r.ReadByte(); err == nil {
		d.t.Fatalf("got %q, want silence", b)
	} else if ne := net.Error(nil); !errors.As(err, &ne) || !ne.Timeout() {
		d.t.Fatalf("connection ended: %v", err)
	}
}

func (d *device) expectEnd() {
	d.t.Helper()
	_ = d.SetReadDeadline(time.Now().Add(10 * time.Second))
	b, err := d.r.ReadByte()
	if err == nil {
		d.t.Fatalf("got %q, want the end of the connection", b)
	}
	if ne := net.Error(nil); errors.As(err, &ne) && ne.Timeout() {
		d.t.Fatal("the connection is still open")
	}
}

func numbered(n int) (sent, answered string) {
	return telegram(fmt.Sprintf("QN=%d;ST=32;CN=2011;PW=123456;MN=a;Flag=5;CP=&&DataTime=20260901080500;w01018-Rtd=%d&&", n, n)),
		telegram(fmt.Sprintf("QN=%d;ST=91;CN=9014;PW=123456;MN=a;Flag=4;CP=&&&&", n))
}

func TestAnswerOnlyAfterDone(t *testing.T) {
	d := newDisk(false)
	now := time.Date(2026, 9, 1, 1, 5, 1, 0, time.UTC)
	s, _ := start(t, Options{Submit: d.submit, Now: func() time.Time { return now }})
	c := dial(t, s)
	c.send(realTime)
	p := d.next(t)
	if p.Door != "hj212" || p.Gateway != "75DN00000000000000000001" || p.Topic != "" || !p.ReceivedAt.Equal(now) || p.Allowed != nil {
		t.Errorf("delivery %+v", p.Delivery)
	}
	if body := string(p.Body); strings.Contains(body, "PW=000000") || !strings.Contains(body, "PW=******") || !strings.HasPrefix(body, "##0170QN=") {
		t.Errorf("body %s", body)
	}
	if k, n := next(p.Body, crc, true); k != good || n != len(p.Body) {
		t.Errorf("the kept frame is broken: %s", p.Body)
	}
	c.expectSilence()
	p.done(ingest.Receipt{}, nil)
	c.expect(reply)
}

func TestAnswersKeepTheOrderOfTelegrams(t *testing.T) {
	d := newDisk(false)
	s, _ := start(t, Options{Submit: d.submit})
	c := dial(t, s)
	const n = 10
	for i := range n {
		sent, _ := numbered(i)
		for _, b := range []byte(sent) { // byte by byte, as a serial bridge would
			c.send(string(b))
		}
	}
	var waiting []pending
	for range n {
		waiting = append(waiting, d.next(t))
	}
	for i := n - 1; i > 0; i-- {
		waiting[i].done(ingest.Receipt{}, nil)
	}
	c.expectSilence()
	waiting[0].done(ingest.Receipt{}, nil)
	for i := range n {
		_, want := numbered(i)
		c.expect(want)
	}
}

func TestNotAnswered(t *testing.T) {
	d := newDisk(true)
	reg := prometheus.NewRegistry()
	s, _ := start(t, Options{Submit: d.submit, Metrics: reg})
	c := dial(t, s)
	noAnswer := telegram("QN=1;ST=32;CN=2011;PW=1;MN=a;Flag=4;CP=&&DataTime=20260901080500;w01018-Rtd=1&&")
	wrong := strings.Replace(realTime, "E8C1", "0000", 1)
	for _, frame := range []string{noAnswer, wrong} {
		c.send(frame)
		if body := string(d.next(t).Body); body[len(body)-4:] != strings.TrimSpace(frame)[len(strings.TrimSpace(frame))-4:] && frame == wrong {
			t.Errorf("kept %s", body)
		}
	}
	c.send("noise")
	sent, want := numbered(3)
	c.send(sent)
	c.expect(want) // and nothing before it
	if got := testutil.ToFloat64(s.metrics.frames.WithLabelValues("bad")); got != 1 {
		t.Errorf("%v bad frames counted", got)
	}
	if got := testutil.ToFloat64(s.metrics.garbage); got != 5 {
		t.Errorf("%v bytes of garbage counted", got)
	}
}

func TestNotStoredIsNotAnswered(t *testing.T) {
	d := newDisk(true)
	d.fail = errors.New("disk full")
	s, _ := start(t, Options{Submit: d.submit})
	c := dial(t, s)
	c.send(realTime)
	c.expectEnd()
	refuse := errors.New("closed")
	s, _ = start(t, Options{Submit: func(context.Context, ingest.Delivery, func(ingest.Receipt, error)) error { return refuse }})
	c = dial(t, s)
	c.send(realTime)
	c.expectEnd()
}

// A device with too many unanswered telegrams is not read.
func TestInflightIsBounded(t *testing.T) {
	d := newDisk(false)
	s, _ := start(t, Options{Submit: d.submit, MaxInflight: 2})
	c := dial(t, s)
	for i := range 8 {
		sent, _ := numbered(i)
		c.send(sent)
	}
	// Two wait for the disk in the queue, one in the hand of the writer.
	waiting := []pending{d.next(t), d.next(t), d.next(t)}
	c.expectSilence()
	if n := len(d.got); n != 0 {
		t.Errorf("%d more were submitted", n)
	}
	for i := range 8 {
		waiting[0].done(ingest.Receipt{}, nil)
		_, want := numbered(i)
		c.expect(want)
		if waiting = waiting[1:]; len(waiting) == 0 || i < 5 {
			if i < 7 {
				waiting = append(waiting, d.next(t))
			}
		}
	}
}

func TestLogin(t *testing.T) {
	d := newDisk(true)
	logged := &strings.Builder{}
	var mu sync.Mutex
	calls := 0
	o := Options{Submit: d.submit, Authenticate: func(_ context.Context, mn, pw, _ string) (Device, bool) {
		mu.Lock()
		defer mu.Unlock()
		calls++
		return Device{Gateway: "gw-" + mn, Station: "a", Allowed: func(station string) bool { return station == "a" }}, pw == "123456"
	}}
	o.Logger = slog.New(slog.NewTextHandler(logged, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s, stop := start(t, o)
	c := dial(t, s)
	for i := range 3 {
		sent, want := numbered(i)
		c.send(sent)
		c.expect(want)
	}
	p := d.next(t)
	if p.Gateway != "gw-a" || p.Station != "a" || p.Self != "a" || p.Allowed == nil || !p.Allowed("a") || p.Allowed("b") {
		t.Errorf("delivery %+v", p.Delivery)
	}
	mu.Lock()
	if calls != 1 {
		t.Errorf("%d logins for one device", calls)
	}
	mu.Unlock()
	d.next(t)
	d.next(t)
	for _, frame := range []string{strings.Replace(realTime, "E8C1", "0000", 1), telegram("QN=1;ST=32;CN=2011;PW=guess;MN=a;Flag=5;CP=&&&&")} {
		c := dial(t, s)
		c.send(frame)
		c.expectEnd()
	}
	// Another device cannot follow on the connection of one that was let in.
	c.send(telegram("QN=1;ST=32;CN=2011;PW=guess;MN=a;Flag=5;CP=&&&&"))
	c.expectEnd()
	if len(d.got) != 0 {
		t.Error("frames of a stranger were submitted")
	}
	stop()
	if strings.Contains(logged.String(), "guess") || strings.Contains(logged.String(), "123456") {
		t.Errorf("a password is in the log: %s", logged)
	}
}

func TestDrain(t *testing.T) {
	d := newDisk(false)
	s, stop := start(t, Options{Submit: d.submit})
	c := dial(t, s)
	sent, want := numbered(1)
	c.send(sent)
	p := d.next(t)
	c.send("##0170QN=") // a frame that never ends holds up nothing
	go stop()
	<-s.draining
	p.done(ingest.Receipt{}, nil)
	c.expect(want)
	c.expectEnd()
	stop()
	if len(d.got) != 0 {
		t.Error("half a frame was submitted at the end")
	}
}

func TestDrainIsBounded(t *testing.T) {
	d := newDisk(false)
	s, stop := start(t, Options{Submit: d.submit, DrainTimeout: 50 * time.Millisecond})
	c := dial(t, s)
	sent, _ := numbered(1)
	c.send(sent)
	d.next(t)
	stop()
	c.expectEnd()
}

func TestTimeouts(t *testing.T) {
	d := newDisk(true)
	s, _ := start(t, Options{Submit: d.submit, FirstTimeout: 20 * time.Millisecond})
	dial(t, s).expectEnd()
	s, _ = start(t, Options{Submit: d.submit, FrameTimeout: 30 * time.Millisecond})
	c := dial(t, s)
	c.send(realTime[:100])
	// The frame does not go on: it is kept as it is, and the next one counts.
	if body := d.next(t).Body; len(body) != 100 {
		t.Errorf("kept %s", body)
	}
	sent, want := numbered(1)
	c.send(sent)
	c.expect(want)
	s, _ = start(t, Options{Submit: d.submit, IdleTimeout: 30 * time.Millisecond})
	c = dial(t, s)
	c.send(sent)
	c.expect(want)
	c.expectEnd()
}

func TestManyConnections(t *testing.T) {
	const n = 2000
	d := newDisk(true)
	s, _ := start(t, Options{Submit: d.submit, MaxConnections: n})
	var devices []*device
	for i := range n {
		c := dial(t, s)
		devices = append(devices, c)
		sent, _ := numbered(i)
		c.send(sent)
	}
	for i, c := range devices {
		_, want := numbered(i)
		c.expect(want)
	}
	dial(t, s).expectEnd()
	if got := testutil.ToFloat64(s.metrics.refused.WithLabelValues("limit")); got != 1 {
		t.Errorf("%v refused", got)
	}
}

func TestNoiseEndsTheConnection(t *testing.T) {
	d := newDisk(true)
	s, _ := start(t, Options{Submit: d.submit})
	c := dial(t, s)
	go func() { _, _ = io.WriteString(c.Conn, strings.Repeat("##0001", 10_000)) }()
	c.expectEnd()
	if n := len(d.got); n > maxNoise {
		t.Errorf("%d broken frames were kept", n)
	}
}

func TestTLS(t *testing.T) {
	d := newDisk(true)
	cert := certificate(t)
	s, _ := start(t, Options{Submit: d.submit, TLS: &tls.Config{Certificates: []tls.Certificate{cert}}})
	c := dial(t, s)
	tc := tls.Client(c.Conn, &tls.Config{InsecureSkipVerify: true})
	c = &device{tc, t, bufio.NewReader(tc)}
	sent, want := numbered(1)
	c.send(sent)
	c.expect(want)
	plain := dial(t, s)
	plain.send(sent)
	plain.expectEnd()
}

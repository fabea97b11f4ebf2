package mqtt

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"quantrac/ingest"
)

func TestDelivery(t *testing.T) {
	m := startMosquitto(t)
	st := &store{}
	m.subscribe(t, st)
	pub := m.publisher()
	publish(t, pub, "quantrac/v1/amata-01/status", true, `{"online":true}`)
	publish(t, pub, topic, true, "first")
	publish(t, pub, "v1/devices/me/telemetry", false, strings.Repeat("x", ingest.MaxBody+1))
	eventually(t, "two deliveries", func() bool { return len(st.deliveries()) == 2 })
	d := st.deliveries()[0]
	if d.Door != "broker" || d.Gateway != m.url() || d.Topic != topic || string(d.Body) != "first" || d.Dup || d.TooLarge || d.ReceivedAt.IsZero() {
		t.Errorf("delivery %+v", d)
	}
	if d := st.deliveries()[1]; !d.TooLarge || len(d.Body) != ingest.KeptTooLarge {
		t.Errorf("oversized message: TooLarge %v, %d bytes", d.TooLarge, len(d.Body))
	}
}

// A retained copy comes with every subscription and is not a message anew.
func TestRetainedCopiesAreNotSubmitted(t *testing.T) {
	m := startMosquitto(t)
	pub := m.publisher()
	publish(t, pub, topic, true, "old")
	st := &store{}
	m.subscribe(t, st)
	publish(t, pub, topic, true, "new")
	eventually(t, "a delivery", func() bool { return len(st.deliveries()) > 0 })
	if got := st.bodies(); got["old"] != 0 || got["new"] != 1 {
		t.Errorf("deliveries %v", got)
	}
}

func TestMessagesWaitWhileWeAreAway(t *testing.T) {
	m := startMosquitto(t)
	st := &store{}
	_, stop := m.subscribe(t, st)
	pub := m.publisher()
	publish(t, pub, topic, false, numbered(0, 50)...)
	eventually(t, "50 deliveries", func() bool { return len(st.deliveries()) == 50 })
	stop()
	publish(t, pub, topic, false, numbered(50, 150)...)
	m.subscribe(t, st)
	eventually(t, "150 messages", func() bool { return len(st.bodies()) == 150 })
	expectMarkedDuplicates(t, st)
}

// expectMarkedDuplicates allows what a broken or hasty farewell brings: a message again, and then it says so.
func expectMarkedDuplicates(t *testing.T, st *store) {
	t.Helper()
	seen := map[string]bool{}
	for _, d := range st.deliveries() {
		if seen[string(d.Body)] && !d.Dup {
			t.Errorf("%s came again without a mark", d.Body)
		}
		seen[string(d.Body)] = true
	}
}

func TestNothingIsAcknowledgedBeforeItIsStored(t *testing.T) {
	m := startMosquitto(t)
	st := &store{hold: true}
	_, stop := m.subscribe(t, st)
	publish(t, m.publisher(), topic, false, numbered(0, 10)...)
	eventually(t, "10 deliveries", func() bool { return len(st.deliveries()) == 10 })
	// The process ends before anything is on disk.
	stop()
	again := &store{}
	m.subscribe(t, again)
	eventually(t, "10 deliveries again", func() bool { return len(again.deliveries()) == 10 })
	for i, d := range again.deliveries() {
		if !d.Dup || string(d.Body) != numbered(i, i+1)[0] {
			t.Errorf("delivery %d: %s, dup %v", i, d.Body, d.Dup)
		}
	}
}

func TestWhatCouldNotBeStoredComesAgain(t *testing.T) {
	m := startMosquitto(t)
	pub := m.publisher()
	st := &store{fail: errors.New("disk full")}
	s, _ := m.subscribe(t, st)
	publish(t, pub, topic, false, "kept")
	eventually(t, "the trouble is told", func() bool { return strings.Contains(s.State().LastError, "disk full") })
	st.set(false, nil)
	n := len(st.deliveries())
	eventually(t, "it comes again", func() bool { return len(st.deliveries()) > n && s.State().Connected })
	n = len(st.deliveries())
	publish(t, pub, topic, false, "next")
	eventually(t, "the next", func() bool { return st.bodies()["next"] == 1 })
	if got := len(st.deliveries()); got != n+1 {
		t.Errorf("%d deliveries after it was stored and acknowledged", got-n)
	}
}

func TestBrokerIsKilled(t *testing.T) {
	m := startMosquitto(t)
	st := &store{}
	s, _ := m.subscribe(t, st)
	publish(t, m.publisher(), topic, false, numbered(0, 20)...)
	eventually(t, "20 deliveries", func() bool { return len(st.deliveries()) == 20 })
	m.kill()
	eventually(t, "the loss is told", func() bool { return !s.State().Connected && s.State().LastError != "" })
	m.start()
	eventually(t, "connected again", func() bool { return s.State().Connected })
	publish(t, m.publisher(), topic, false, numbered(20, 40)...)
	eventually(t, "40 messages", func() bool { return len(st.bodies()) == 40 })
}

// Our process goes away and comes back, four times, while a gateway publishes.
func TestNothingIsLost(t *testing.T) {
	const n = 5000
	m := startMosquitto(t, "max_inflight_messages 200")
	st := &store{}
	_, stop := m.subscribe(t, st)
	pub := m.publisher()
	published := make(chan error, 1)
	began := time.Now()
	go func() {
		var err error
		for from := 0; from < n && err == nil; from += 100 {
			err = tryPublish(pub, topic, false, numbered(from, from+100)...)
		}
		published <- err
	}()
	for _, share := range []int{5, 4, 3, 2} {
		eventually(t, "a share has come", func() bool { return len(st.bodies()) > n/share })
		// Half of the restarts leave messages unanswered.
		st.set(share%2 == 0, nil)
		stop()
		st.set(false, nil)
		_, stop = m.subscribe(t, st)
	}
	if err := <-published; err != nil {
		t.Fatal(err)
	}
	eventually(t, "all messages", func() bool { return len(st.bodies()) == n })
	expectMarkedDuplicates(t, st)
	t.Logf("%d messages over 4 restarts in %s, %d deliveries", n, time.Since(began).Round(time.Millisecond), len(st.deliveries()))
}

func TestSharedSubscription(t *testing.T) {
	m := startMosquitto(t)
	one, two := &store{}, &store{}
	for i, st := range []*store{one, two} {
		s, _ := run(t, Options{URL: m.url(), ClientID: []string{"a", "b"}[i], Share: "quantrac", Topics: []string{"quantrac/v1/+/readings"}, Submit: st.Submit})
		eventually(t, "connected", func() bool { return s.State().Connected })
	}
	publish(t, m.publisher(), topic, false, numbered(0, 100)...)
	eventually(t, "100 deliveries", func() bool { return len(one.deliveries())+len(two.deliveries()) >= 100 })
	if a, b := len(one.deliveries()), len(two.deliveries()); a+b != 100 || a == 0 || b == 0 {
		t.Errorf("%d and %d deliveries of 100", a, b)
	}
}

// A log that is behind blocks Submit; the connection survives and everything comes in the end.
func TestBlockedLog(t *testing.T) {
	m := startMosquitto(t, "max_inflight_messages 0")
	st := &store{hold: true}
	s, _ := run(t, Options{URL: m.url(), ClientID: "quantrac-test", Submit: st.Submit, MaxInflight: 16})
	eventually(t, "connected", func() bool { return s.State().Connected })
	publish(t, m.publisher(), topic, false, numbered(0, 200)...)
	eventually(t, "16 in flight", func() bool { return len(st.deliveries()) == 16 })
	st.set(false, nil)
	st.release()
	eventually(t, "200 messages", func() bool { return len(st.bodies()) == 200 })
	expectMarkedDuplicates(t, st)
}

func TestUnreachableBroker(t *testing.T) {
	s, stop := run(t, Options{URL: "mqtt://127.0.0.1:1", ClientID: "x", Submit: (&store{}).Submit})
	eventually(t, "an error", func() bool { return s.State().LastError != "" && !s.State().Since.IsZero() })
	stop()
	if s.State().Connected {
		t.Error("connected to nobody")
	}
}

func TestOptions(t *testing.T) {
	ok := Options{URL: "mqtt://user:secret@broker.example", ClientID: "x", Submit: (&store{}).Submit}
	s, err := New(ok)
	if err != nil || s.name != "mqtt://broker.example:1883" {
		t.Errorf("%v, %v", s, err)
	}
	for name, change := range map[string]func(*Options){
		"no URL": func(o *Options) { o.URL = "" }, "no scheme": func(o *Options) { o.URL = "broker:1883" }, "no host": func(o *Options) { o.URL = "mqtt://" },
		"not a URL": func(o *Options) { o.URL = "mqtt://u:secret@[::" }, "no client id": func(o *Options) { o.ClientID = "" },
		"no Submit": func(o *Options) { o.Submit = nil }, "QoS 3": func(o *Options) { o.QoS = 3 },
	} {
		o := ok
		change(&o)
		if _, err := New(o); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A connection that ends while Submit blocks: what waits behind it is left to the broker, which sends it again.
func TestWaitingMessagesOfALostConnectionAreNotSubmittedTwice(t *testing.T) {
	m := startMosquitto(t)
	pub := m.publisher()
	st := &store{}
	blocked, release := make(chan struct{}, 100), make(chan struct{})
	submit := func(ctx context.Context, d ingest.Delivery, done func(ingest.Receipt, error)) error {
		blocked <- struct{}{}
		<-release
		return st.Submit(ctx, d, done)
	}
	s, _ := run(t, Options{URL: m.url(), ClientID: "quantrac-test", Submit: submit, MaxBackoff: 100 * time.Millisecond})
	eventually(t, "connected", func() bool { return s.State().Connected })
	publish(t, pub, topic, false, numbered(0, 10)...)
	<-blocked
	eventually(t, "all are received", func() bool { return len(s.flight.slots) == 10 })
	// Another client with our id takes the session and leaves without an acknowledgement.
	o := paho.NewClientOptions().AddBroker(m.url()).SetClientID("quantrac-test").SetCleanSession(false).SetAutoAckDisabled(true)
	rival := paho.NewClient(o)
	if tok := rival.Connect(); !tok.WaitTimeout(patience) || tok.Error() != nil {
		t.Fatal(tok.Error())
	}
	eventually(t, "the loss is told", func() bool { return s.State().LastError != "" })
	rival.Disconnect(50)
	close(release)
	// What the broker sends again comes before what is published later.
	publish(t, pub, topic, false, "last")
	eventually(t, "all messages", func() bool { return len(st.bodies()) == 11 })
	for body, n := range st.bodies() {
		if n > 1 && body != numbered(0, 1)[0] {
			t.Errorf("%s came %d times", body, n)
		}
	}
}

// Run ends although the handler is blocked, and leaves nothing behind.
func TestEndWhileBlocked(t *testing.T) {
	m := startMosquitto(t, "max_inflight_messages 0")
	pub := m.publisher()
	before := runtime.NumGoroutine()
	st := &store{hold: true}
	s, stop := run(t, Options{URL: m.url(), ClientID: "quantrac-test", Submit: st.Submit, MaxInflight: 4, DrainTimeout: 50 * time.Millisecond})
	eventually(t, "connected", func() bool { return s.State().Connected })
	publish(t, pub, topic, false, numbered(0, 20)...)
	eventually(t, "4 in flight", func() bool { return len(st.deliveries()) == 4 })
	stop()
	eventually(t, "all goroutines end", func() bool { return runtime.NumGoroutine() <= before })
}

// The broker's process is killed while messages are with us and unanswered, and again while they are being answered. What it had
// on its disk comes again, and every answer is counted.
func TestBrokerIsKilledWithMessagesUnanswered(t *testing.T) {
	const n = 300
	m := startMosquitto(t, "max_inflight_messages 100")
	st := &store{hold: true}
	s, _ := run(t, Options{
		URL: m.url(), ClientID: "quantrac-test", Submit: st.Submit, MaxBackoff: 100 * time.Millisecond, Metrics: NewMetrics(prometheus.NewRegistry()),
	})
	eventually(t, "connected", func() bool { return s.State().Connected })
	bodies := numbered(0, n)
	publish(t, m.publisher(), topic, false, bodies...)
	eventually(t, "the broker has given what it may", func() bool { return s.State().Inflight == 100 })
	for round := range 2 {
		m.awaitSaved(bodies)
		m.kill()
		eventually(t, "the loss is told", func() bool { return !s.State().Connected })
		st.set(round == 0, nil)
		st.release()
		m.start()
		eventually(t, "connected again", func() bool { return s.State().Connected })
		if round == 0 {
			eventually(t, "they come again", func() bool { return s.State().Inflight == 100 })
		}
	}
	eventually(t, "every message is stored", func() bool { return len(st.stored()) == n && s.State().Inflight == 0 })
	expectMarkedDuplicates(t, st)
	if got := testutil.ToFloat64(s.metrics.subscribed); got != 3 {
		t.Errorf("%g connections counted, want 3", got)
	}
	acknowledged, again := testutil.ToFloat64(s.metrics.acknowledged), testutil.ToFloat64(s.metrics.again)
	if acknowledged < n || int(acknowledged+again) != len(st.deliveries()) {
		t.Errorf("%g acknowledged and %g left to the broker of %d deliveries", acknowledged, again, len(st.deliveries()))
	}
}

// A command goes to the broker, and from there to whoever listens.
func TestPublish(t *testing.T) {
	m := startMosquitto(t)
	heard := make(chan string, 1)
	listener := m.publisher()
	if tok := listener.Subscribe("spBv1.0/#", 1, func(_ paho.Client, msg paho.Message) { heard <- msg.Topic() + " " + string(msg.Payload()) }); !tok.WaitTimeout(patience) {
		t.Fatal("not subscribed")
	}
	idle, err := New(Options{URL: m.url(), ClientID: "idle", Submit: (&store{}).Submit})
	if err != nil {
		t.Fatal(err)
	}
	idle.Publish("spBv1.0/g/NCMD/e", []byte("lost")) // no connection: nothing happens
	s, _ := m.subscribe(t, &store{})
	s.Publish("spBv1.0/g/NCMD/e", []byte("rebirth"))
	select {
	case got := <-heard:
		if got != "spBv1.0/g/NCMD/e rebirth" {
			t.Errorf("heard %q", got)
		}
	case <-time.After(patience):
		t.Error("the command did not arrive")
	}
}

// Several brokers at once are independent: one that is away stops nothing of the other.
func TestTwoBrokers(t *testing.T) {
	one, two := startMosquitto(t), startMosquitto(t)
	st := &store{}
	metrics := NewMetrics(prometheus.NewRegistry())
	subs := make([]*Subscriber, 2)
	for i, m := range []*mosquitto{one, two} {
		subs[i], _ = run(t, Options{URL: m.url(), ClientID: "quantrac-test", Submit: st.Submit, MaxBackoff: 100 * time.Millisecond, Metrics: metrics})
	}
	eventually(t, "both connected", func() bool { return subs[0].State().Connected && subs[1].State().Connected })
	two.kill()
	publish(t, one.publisher(), topic, false, numbered(0, 20)...)
	eventually(t, "all of the first", func() bool { return len(st.bodies()) == 20 })
	two.start()
	eventually(t, "the second is back", func() bool { return subs[1].State().Connected })
	publish(t, two.publisher(), topic, false, numbered(20, 40)...)
	eventually(t, "all of both", func() bool { return len(st.bodies()) == 40 })
	if a, b := subs[0].State(), subs[1].State(); a.LastError != "" || b.LastError == "" {
		t.Errorf("states %+v and %+v: only the second was away", a, b)
	}
}

// TLS with a certificate of ours, and a name and password that the broker knows.
func TestTLSAndCredentials(t *testing.T) {
	dir := t.TempDir()
	ca := writeCertificate(t, dir)
	passwords := filepath.Join(dir, "passwords")
	if out, err := exec.Command("mosquitto_passwd", "-b", "-c", passwords, "quantrac", "right").CombinedOutput(); err != nil {
		t.Skipf("mosquitto_passwd: %v %s", err, out)
	}
	if err := os.Chmod(passwords, 0o600); err != nil {
		t.Fatal(err)
	}
	m := startMosquitto(t, "certfile "+filepath.Join(dir, "cert.pem"), "keyfile "+filepath.Join(dir, "key.pem"), "password_file "+passwords,
		"allow_anonymous false")
	st := &store{}
	opts := Options{
		URL: strings.Replace(m.url(), "mqtt:", "mqtts:", 1), ClientID: "quantrac-test", Username: "quantrac", Password: "wrong",
		TLS: &tls.Config{RootCAs: ca, MinVersion: tls.VersionTLS12}, Submit: st.Submit, MaxBackoff: 100 * time.Millisecond,
	}
	refused, stop := run(t, opts)
	eventually(t, "the refusal is told", func() bool { return strings.Contains(strings.ToLower(refused.State().LastError), "not authorized") })
	stop()
	opts.Password = "right"
	s, _ := run(t, opts)
	eventually(t, "connected", func() bool { return s.State().Connected })
	if strings.Contains(s.Name(), "right") {
		t.Errorf("the name %s shows the password", s.Name())
	}
	opts.TLS = nil // the system's authorities do not know ours
	opts.ClientID = "quantrac-other"
	stranger, _ := run(t, opts)
	eventually(t, "the certificate is refused", func() bool { return strings.Contains(stranger.State().LastError, "certificate") })
}

// writeCertificate makes cert.pem and key.pem of 127.0.0.1 and returns the pool that trusts them.
func writeCertificate(t *testing.T, dir string) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "127.0.0.1"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	for name, block := range map[string]*pem.Block{"cert.pem": {Type: "CERTIFICATE", Bytes: der}, "key.pem": {Type: "PRIVATE KEY", Bytes: secret}} {
		encoded := pem.EncodeToMemory(block)
		if err := os.WriteFile(filepath.Join(dir, name), encoded, 0o600); err != nil {
			t.Fatal(err)
		}
		if name == "cert.pem" && !pool.AppendCertsFromPEM(encoded) {
			t.Fatal("the certificate is not accepted")
		}
	}
	return pool
}

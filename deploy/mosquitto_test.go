package deploy

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

func TestMosquittoConf(t *testing.T) {
	var lines []string
	for line := range strings.Lines(read(t, "mosquitto/mosquitto.conf")) {
		lines = append(lines, strings.TrimSpace(line))
	}
	for _, want := range []string{
		"persistence true", "max_queued_messages 0", "max_queued_bytes 0", "allow_anonymous false",
		"password_file /mosquitto/secrets/mosquitto_passwd", "acl_file /mosquitto/secrets/mosquitto_acl",
	} {
		if !slices.Contains(lines, want) {
			t.Errorf("mosquitto.conf lacks %q", want)
		}
	}
}

// broker is a real Mosquitto with the configuration of the deployment, its paths and port replaced.
type broker struct {
	bin, conf, url string
	cmd            *exec.Cmd
}

func newBroker(t *testing.T, dir string) *broker {
	t.Helper()
	bin := os.Getenv("QUANTRAC_MOSQUITTO")
	if bin == "" {
		for _, name := range []string{"mosquitto", "/usr/sbin/mosquitto"} {
			if path, err := exec.LookPath(name); err == nil {
				bin = path
			}
		}
	}
	if bin == "" {
		t.Skip("mosquitto is not installed")
	}
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	conf := strings.NewReplacer(
		"/mosquitto/secrets", filepath.Join(dir, "deploy/secrets"), "/mosquitto/data/", dir+"/", "\nlistener 1883\n", fmt.Sprintf("\nlistener %d 127.0.0.1\n", port),
	).Replace(read(t, "mosquitto/mosquitto.conf"))
	if os.Getuid() == 0 {
		// It would give up root and then not reach the folder of the test.
		conf += "\nuser root\n"
	}
	b := &broker{bin: bin, conf: filepath.Join(dir, "mosquitto.conf"), url: fmt.Sprintf("tcp://127.0.0.1:%d", port)}
	if err := os.WriteFile(b.conf, []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.stop(t) })
	return b
}

// start waits until the broker answers.
func (b *broker) start(t *testing.T) {
	t.Helper()
	var out strings.Builder
	b.cmd = exec.Command(b.bin, "-c", b.conf)
	b.cmd.Stdout, b.cmd.Stderr = &out, &out
	if err := b.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); ; {
		conn, err := net.DialTimeout("tcp", strings.TrimPrefix(b.url, "tcp://"), time.Second)
		if err == nil {
			_ = conn.Close()
			return
		}
		if time.Now().After(deadline) {
			b.stop(t)
			t.Fatalf("mosquitto did not start: %s", out.String())
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (b *broker) stop(t *testing.T) {
	t.Helper()
	if b.cmd == nil {
		return
	}
	if err := b.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Error(err)
	}
	if err := b.cmd.Wait(); err != nil {
		t.Errorf("mosquitto ended: %v", err)
	}
	b.cmd = nil
}

func (b *broker) options(user, password string) *mqtt.ClientOptions {
	return mqtt.NewClientOptions().AddBroker(b.url).SetClientID(user).SetUsername(user).SetPassword(password).
		SetAutoReconnect(false).SetConnectTimeout(5 * time.Second)
}

func connect(t *testing.T, o *mqtt.ClientOptions) mqtt.Client {
	t.Helper()
	c := mqtt.NewClient(o)
	await(t, c.Connect())
	t.Cleanup(func() { c.Disconnect(0) })
	return c
}

func await(t *testing.T, token mqtt.Token) {
	t.Helper()
	if !token.WaitTimeout(20 * time.Second) {
		t.Fatal("the broker did not answer in 20 s")
	}
	if err := token.Error(); err != nil {
		t.Fatal(err)
	}
}

// addGateway runs add-gateway.sh and returns the password that it prints.
func addGateway(t *testing.T, dir string, args ...string) string {
	t.Helper()
	out := runScript(t, dir, append([]string{"deploy/add-gateway.sh"}, args...)...)
	m := regexp.MustCompile(`password: (\S+)`).FindStringSubmatch(out)
	if m == nil {
		t.Fatalf("add-gateway.sh prints no password: %s", out)
	}
	return m[1]
}

func subscriberPassword(t *testing.T, dir string) string {
	t.Helper()
	m := regexp.MustCompile(`(?m)^QUANTRAC_BROKER_PASSWORD=(\S+)$`).FindStringSubmatch(read(t, filepath.Join(dir, ".env")))
	if m == nil {
		t.Fatal(".env has no QUANTRAC_BROKER_PASSWORD")
	}
	return m[1]
}

func TestMosquittoRights(t *testing.T) {
	dir := installation(t)
	b := newBroker(t, dir)
	b.start(t)
	password := addGateway(t, dir, "gw-amata", "amata-01", "amata-02")
	if err := b.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}

	for _, o := range []*mqtt.ClientOptions{b.options("", "").SetClientID("nobody"), b.options("quantrac", "wrong"), b.options("gw-other", password)} {
		token := mqtt.NewClient(o).Connect()
		if !token.WaitTimeout(10*time.Second) || token.Error() == nil {
			t.Errorf("user %q was let in", o.Username)
		}
	}

	topics := make(chan string, 16)
	reader := connect(t, b.options("quantrac", subscriberPassword(t, dir)))
	await(t, reader.Subscribe("quantrac/#", 1, func(_ mqtt.Client, m mqtt.Message) { topics <- m.Topic() }))
	gateway := retrying(t, b.options("gw-amata", password))
	for _, topic := range []string{"quantrac/v1/amata-03/readings", "other/topic"} {
		// Mosquitto may cut a client that oversteps, so each try has a connection of its own, and its end is enough.
		c := connect(t, gateway)
		c.Publish(topic, 1, false, "{}").WaitTimeout(10 * time.Second)
		c.Disconnect(100)
	}
	c := connect(t, gateway)
	for _, topic := range []string{"quantrac/v1/amata-02/readings", "quantrac/v1/amata-01/status"} {
		await(t, c.Publish(topic, 1, false, "{}"))
		select {
		case got := <-topics:
			if got != topic {
				t.Errorf("the subscriber got %s; want %s", got, topic)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("%s did not arrive", topic)
		}
	}
}

// retrying returns o once the broker has read its accounts again after SIGHUP.
func retrying(t *testing.T, o *mqtt.ClientOptions) *mqtt.ClientOptions {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		c := mqtt.NewClient(o)
		if token := c.Connect(); token.WaitTimeout(5*time.Second) && token.Error() == nil {
			c.Disconnect(0)
			return o
		}
	}
	t.Fatalf("user %q is not let in", o.Username)
	return nil
}

// What arrives while quantrac is away is kept for it, also over a restart of the broker.
func TestMosquittoKeepsForTheAbsent(t *testing.T) {
	const count = 3000 // more than Mosquitto's default queue of 1000
	dir := installation(t)
	b := newBroker(t, dir)
	password := addGateway(t, dir, "gw-amata", "amata-01")
	b.start(t)

	session := func() *mqtt.ClientOptions {
		return b.options("quantrac", subscriberPassword(t, dir)).SetCleanSession(false)
	}
	first := connect(t, session())
	await(t, first.Subscribe("quantrac/v1/+/readings", 1, nil))
	first.Disconnect(100)

	gateway := connect(t, b.options("gw-amata", password))
	tokens := make([]mqtt.Token, count)
	for i := range tokens {
		tokens[i] = gateway.Publish("quantrac/v1/amata-01/readings", 1, false, fmt.Sprint(i))
	}
	for _, token := range tokens {
		await(t, token)
	}
	gateway.Disconnect(100)
	b.stop(t)
	b.start(t)

	payloads := make(chan string, count)
	connect(t, session().SetDefaultPublishHandler(func(_ mqtt.Client, m mqtt.Message) { payloads <- string(m.Payload()) }))
	for i := range count {
		select {
		case got := <-payloads:
			if got != fmt.Sprint(i) {
				t.Fatalf("message %d is %s", i, got)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("only %d of %d messages were kept", i, count)
		}
	}
}

package mqtt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"quantrac/ingest"
)

const patience = 30 * time.Second

// mosquitto is a real broker whose process a test may kill and start again.
type mosquitto struct {
	t    *testing.T
	bin  string
	conf string
	data string
	port int
	cmd  *exec.Cmd
	// publishers counts those that were made, for client ids that differ.
	publishers int
}

func startMosquitto(t *testing.T, settings ...string) *mosquitto {
	t.Helper()
	bin, err := exec.LookPath("mosquitto")
	if err != nil {
		if bin = "/usr/sbin/mosquitto"; !isFile(bin) {
			t.Skip("mosquitto is not installed")
		}
	}
	m := &mosquitto{t: t, bin: bin, port: freePort(t), conf: filepath.Join(t.TempDir(), "mosquitto.conf"), data: t.TempDir()}
	conf := fmt.Sprintf("listener %d 127.0.0.1\nallow_anonymous true\npersistence true\npersistence_location %s/\n", m.port, m.data) +
		"autosave_on_changes true\nautosave_interval 1\nmax_queued_messages 0\n"
	for _, s := range settings {
		conf += s + "\n"
	}
	if os.Geteuid() == 0 {
		// Without it Mosquitto gives up root and cannot write into the test's folder.
		conf += "user root\n"
	}
	if err := os.WriteFile(m.conf, []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	m.start()
	t.Cleanup(m.kill)
	return m
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func (m *mosquitto) url() string { return fmt.Sprintf("mqtt://127.0.0.1:%d", m.port) }

func (m *mosquitto) start() {
	m.t.Helper()
	m.cmd = exec.Command(m.bin, "-c", m.conf)
	if err := m.cmd.Start(); err != nil {
		m.t.Fatal(err)
	}
	eventually(m.t, "mosquitto listens", func() bool {
		c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", m.port))
		if err != nil {
			return false
		}
		return c.Close() == nil
	})
}

// kill ends the broker as kill -9 does.
func (m *mosquitto) kill() {
	_ = m.cmd.Process.Kill()
	_ = m.cmd.Wait()
}

// awaitSaved waits until the broker's file holds the messages: Mosquitto acknowledges before it has written them.
func (m *mosquitto) awaitSaved(bodies []string) {
	m.t.Helper()
	eventually(m.t, "the broker has saved", func() bool {
		file, err := os.ReadFile(filepath.Join(m.data, "mosquitto.db"))
		return err == nil && !slices.ContainsFunc(bodies, func(b string) bool { return !bytes.Contains(file, []byte(b)) })
	})
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick, timeout := time.NewTicker(5*time.Millisecond), time.After(patience)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-timeout:
			t.Fatalf("never happened: %s", what)
		}
	}
}

// publisher is a gateway that publishes at QoS 1 and waits for each answer.
func (m *mosquitto) publisher() paho.Client {
	m.t.Helper()
	m.publishers++
	c := paho.NewClient(paho.NewClientOptions().AddBroker(m.url()).SetClientID(fmt.Sprintf("publisher-%d", m.publishers)))
	if tok := c.Connect(); !tok.WaitTimeout(patience) || tok.Error() != nil {
		m.t.Fatalf("publisher: %v", tok.Error())
	}
	m.t.Cleanup(func() { c.Disconnect(50) })
	return c
}

func publish(t *testing.T, c paho.Client, topic string, retained bool, bodies ...string) {
	t.Helper()
	if err := tryPublish(c, topic, retained, bodies...); err != nil {
		t.Fatal(err)
	}
}

func tryPublish(c paho.Client, topic string, retained bool, bodies ...string) error {
	tokens := make([]paho.Token, len(bodies))
	for i, body := range bodies {
		tokens[i] = c.Publish(topic, 1, retained, body)
	}
	for _, tok := range tokens {
		if !tok.WaitTimeout(patience) {
			return errors.New("publish: no answer")
		}
		if err := tok.Error(); err != nil {
			return fmt.Errorf("publish: %w", err)
		}
	}
	return nil
}

// store stands for the log: it keeps deliveries and answers as it is told.
type store struct {
	mu      sync.Mutex
	got     []ingest.Delivery
	waiting []func(error)
	kept    map[string]bool
	hold    bool
	fail    error
}

func (s *store) Submit(_ context.Context, d ingest.Delivery, done func(ingest.Receipt, error)) error {
	answer := func(err error) {
		if err == nil {
			s.mu.Lock()
			if s.kept == nil {
				s.kept = map[string]bool{}
			}
			s.kept[string(d.Body)] = true
			s.mu.Unlock()
		}
		done(ingest.Receipt{Accepted: 1}, err)
	}
	s.mu.Lock()
	s.got = append(s.got, d)
	hold, fail := s.hold, s.fail
	if hold {
		s.waiting = append(s.waiting, answer)
	}
	s.mu.Unlock()
	if !hold {
		answer(fail)
	}
	return nil
}

// release answers what was held back.
func (s *store) release() {
	s.mu.Lock()
	waiting, fail := s.waiting, s.fail
	s.waiting = nil
	s.mu.Unlock()
	for _, answer := range waiting {
		answer(fail)
	}
}

// stored are the bodies whose sender was told that they are stored.
func (s *store) stored() map[string]bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.kept)
}

func (s *store) set(hold bool, fail error) {
	s.mu.Lock()
	s.hold, s.fail = hold, fail
	s.mu.Unlock()
}

func (s *store) deliveries() []ingest.Delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]ingest.Delivery(nil), s.got...)
}

func (s *store) bodies() map[string]int {
	seen := map[string]int{}
	for _, d := range s.deliveries() {
		seen[string(d.Body)]++
	}
	return seen
}

// run runs a subscriber until the returned function is called.
func run(t *testing.T, opts Options) (*Subscriber, func()) {
	t.Helper()
	s, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	var once sync.Once
	stop := func() {
		once.Do(func() {
			cancel()
			select {
			case err := <-ended:
				if err != nil {
					t.Errorf("run: %v", err)
				}
			case <-time.After(patience):
				t.Error("Run does not end")
			}
		})
	}
	t.Cleanup(stop)
	return s, stop
}

func (m *mosquitto) subscribe(t *testing.T, st *store) (*Subscriber, func()) {
	t.Helper()
	s, stop := run(t, Options{URL: m.url(), ClientID: "quantrac-test", Submit: st.Submit, MaxBackoff: 200 * time.Millisecond, DrainTimeout: 300 * time.Millisecond})
	eventually(t, "connected", func() bool { return s.State().Connected })
	return s, stop
}

func numbered(from, to int) []string {
	var bodies []string
	for i := from; i < to; i++ {
		bodies = append(bodies, fmt.Sprintf(`{"sequence":%d,"values":{"cod":1}}`, i))
	}
	return bodies
}

const topic = "quantrac/v1/amata-01/readings"

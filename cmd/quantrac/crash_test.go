package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"quantrac/alerts"
	"quantrac/ingest"
)

// The promise of the whole: what a gateway was told is stored is in history exactly once, reaches the alert engine in order,
// and no alert or notice is doubled, whatever is killed meanwhile.

const (
	crashClients  = 20
	crashMessages = 500
	crashWindow   = 10
	crashStep     = 5 * time.Second
)

const crashRules = `rules:
  - id: over
    parameters: [cod]
    on: value
    levels: {warning: 0.7, critical: 1.0, emergency: 3.0}
    for: 10s
    immediate: 1.5
    clear: 0.95
    keep_open: 20s
`

func crashRegistry() string {
	var b strings.Builder
	b.WriteString("title: {vi: Thử, en: Test}\ncycle: 5s\nparks:\n  - {id: park, name: {vi: Khu, en: Park}, location: [106.9, 10.9], precision_km: 1}\nstations:\n")
	for i := range crashClients {
		fmt.Fprintf(&b, "  - {id: %s, name: {vi: Trạm, en: Station}, park: park, kind: effluent, location: [106.9, 10.9], parameters: [cod], limits: [{set: qcvn40-2011, column: A, kq: 0.9, kf: 1.0}]}\n", crashStation(i))
	}
	return b.String()
}

func crashStation(i int) string { return fmt.Sprintf("s-%02d", i) }

// crashValue swings between far below and far above the limit of 67.5, and differs with every message.
func crashValue(client, n int) float64 {
	v := 30 + float64(n)/1000
	if (n/(17+client))%2 == 1 {
		v += 80
	}
	return v
}

// crashSeed is random, printed, and can be set to repeat a run.
func crashSeed(t *testing.T) uint64 {
	seed := rand.Uint64()
	if s := os.Getenv("QUANTRAC_SEED"); s != "" {
		var err error
		if seed, err = strconv.ParseUint(s, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("QUANTRAC_SEED=%d repeats this run", seed)
	return seed
}

// publisher sends its messages in order with a window of unacknowledged ones, and after a lost connection goes on with the
// first that was not acknowledged, as a gateway with a buffer does.
type publisher struct {
	broker string
	index  int
	base   time.Time
	acked  *atomic.Int64
}

func (p *publisher) message(n int) []byte {
	return fmt.Appendf(nil, `{"measured_at":%q,"sequence":%d,"values":{"cod":%g}}`, p.base.Add(time.Duration(n)*crashStep).Format(time.RFC3339), n+1, crashValue(p.index, n))
}

func (p *publisher) run(t *testing.T) {
	next := 0
	deadline := time.Now().Add(3 * time.Minute)
	for next < crashMessages {
		if time.Now().After(deadline) {
			t.Errorf("client %d: only %d messages were acknowledged", p.index, next)
			return
		}
		o := paho.NewClientOptions().AddBroker("tcp://" + p.broker).SetClientID(fmt.Sprintf("gw-%02d", p.index)).
			SetAutoReconnect(false).SetConnectTimeout(2 * time.Second).SetWriteTimeout(2 * time.Second)
		c := paho.NewClient(o)
		if token := c.Connect(); !token.WaitTimeout(3*time.Second) || token.Error() != nil {
			time.Sleep(50 * time.Millisecond)
			continue
		}
		next = p.send(c, next)
		c.Disconnect(0)
	}
}

// send publishes from next on until all is acknowledged or the connection breaks, and returns the first unacknowledged.
func (p *publisher) send(c paho.Client, next int) int {
	topic := "quantrac/v1/" + crashStation(p.index) + "/readings"
	var window []paho.Token
	for n := next; next < crashMessages; {
		for ; n < crashMessages && len(window) < crashWindow; n++ {
			window = append(window, c.Publish(topic, 1, false, p.message(n)))
		}
		for !window[0].WaitTimeout(100 * time.Millisecond) {
			if !c.IsConnectionOpen() {
				return next
			}
		}
		if window[0].Error() != nil {
			return next
		}
		window = window[1:]
		next++
		p.acked.Add(1)
	}
	return next
}

// recipient is a webhook's other end. It answers some requests with an error, so that retries happen too.
type recipient struct {
	mu  sync.Mutex
	ids map[string]map[string]bool // event of an alert → webhook-ids
}

func (r *recipient) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	var in struct {
		Type string `json:"type"`
		Data struct {
			Alert struct {
				ID       string `json:"id"`
				Revision int    `json:"revision"`
			} `json:"alert"`
		} `json:"data"`
	}
	if err := json.Unmarshal(body, &in); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	key := fmt.Sprintf("%s %s %d", in.Data.Alert.ID, in.Type, in.Data.Alert.Revision)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ids[key] == nil {
		r.ids[key] = map[string]bool{}
	}
	r.ids[key][req.Header.Get("webhook-id")] = true
	w.WriteHeader(http.StatusNoContent)
}

func TestCrashLosesNothingEmbedded(t *testing.T) {
	mqttAddr := freeAddr(t)
	crash(t, mqttAddr, "--mqtt", mqttAddr, "--mqtt-anonymous")
}

func TestCrashLosesNothingWithMosquittoAndInfluxDB(t *testing.T) {
	mosquitto, influx := startMosquitto(t), startInfluxd(t)
	crash(t, mosquitto, "--mqtt", "off", "--broker", "tcp://"+mosquitto, "--influx-url", "http://"+influx)
}

func crash(t *testing.T, brokerAddr string, args ...string) {
	seed := crashSeed(t)
	random := rand.New(rand.NewPCG(seed, 0))
	hook := &recipient{ids: map[string]map[string]bool{}}
	server := httptest.NewServer(hook)
	defer server.Close()
	args = append(args, "--data", t.TempDir(), "--registry", writeFile(t, "registry.yaml", crashRegistry()), "--rules", writeFile(t, "rules.yaml", crashRules),
		// The same alert opens far more often than once an hour here, and every opening is to be told.
		"--webhooks-allow-private", "127.0.0.0/8", "--config", writeFile(t, "quantrac.yaml", "alerts: {flap_opens: 0}\n"))
	p := startProcess(t, args...)
	if status, body, err := p.request(http.MethodPost, "/api/v1/webhooks", `{"name":"test","url":"`+server.URL+`","filter":{"late":true}}`); err != nil || status != http.StatusCreated {
		t.Fatalf("create a webhook: %d %s %v", status, body, err)
	}
	// The past hour, so that the last message is not ahead of the clock.
	base := time.Now().Add(-crashMessages * crashStep).Truncate(crashStep)
	var acked atomic.Int64
	var clients sync.WaitGroup
	for i := range crashClients {
		pub := &publisher{broker: brokerAddr, index: i, base: base, acked: &acked}
		clients.Go(func() { pub.run(t) })
	}
	const total = crashClients * crashMessages
	for kill := range 2 {
		at := int64(total * (10 + 40*kill + random.IntN(30)) / 100)
		eventually(t, 2*time.Minute, fmt.Sprintf("%d messages acknowledged", at), func() bool { return acked.Load() >= at })
		t.Logf("kill -9 after %d acknowledgements", acked.Load())
		p.kill()
		time.Sleep(time.Duration(random.IntN(300)) * time.Millisecond)
		p.start()
	}
	clients.Wait()
	if acked.Load() != total {
		t.Fatalf("%d of %d messages were acknowledged", acked.Load(), total)
	}
	checkHistory(t, p, base)
	checkBooks(t, p)
	want := oracle(t, base)
	checkAlerts(t, p, want)
	checkNotices(t, hook, want)
	p.stop()
	p.start()
	checkAlerts(t, p, want)
}

func checkHistory(t *testing.T, p *process, base time.Time) {
	t.Helper()
	for i := range crashClients {
		var rows []apiRow
		eventually(t, 30*time.Second, "history has every reading of "+crashStation(i), func() bool {
			var err error
			rows, err = p.rows(crashStation(i), "cod", base)
			return err == nil && len(rows) >= crashMessages
		})
		if len(rows) != crashMessages {
			t.Fatalf("%s: %d rows, want %d", crashStation(i), len(rows), crashMessages)
		}
		for n, r := range rows {
			if !r.MeasuredAt.Equal(base.Add(time.Duration(n)*crashStep)) || r.Value == nil || *r.Value != crashValue(i, n) {
				t.Fatalf("%s: row %d is %s %v", crashStation(i), n, r.MeasuredAt, r.Value)
			}
		}
	}
}

// checkBooks: whatever was sent twice, the books balance and say that each reading was stored once.
func checkBooks(t *testing.T, p *process) {
	t.Helper()
	var l struct {
		Total struct{ Received, Stored, Quarantined, Duplicate, Revised int }
	}
	p.get("/api/v1/ledger", &l)
	b := l.Total
	if b.Stored != crashClients*crashMessages || b.Quarantined+b.Revised != 0 || b.Received != b.Stored+b.Duplicate {
		t.Errorf("the books say %+v, want %d stored", b, crashClients*crashMessages)
	}
	t.Logf("books: %+v", b)
}

type interval struct {
	id, state, peak    string
	revision           int
	openedAt, resolved string
}

func intervalOf(a *alerts.Alert) interval {
	iv := interval{id: a.ID, state: a.State, peak: a.PeakSeverity.String(), revision: a.Revision, openedAt: a.OpenedAt.UTC().Format(time.RFC3339)}
	if a.ResolvedAt != nil {
		iv.resolved = a.ResolvedAt.UTC().Format(time.RFC3339)
	}
	return iv
}

// expected is what an engine that was never disturbed makes of the messages.
type expected struct {
	alerts []interval
	events []string
}

func oracle(t *testing.T, base time.Time) expected {
	t.Helper()
	c := defaults(false)
	c.Registry, c.Rules = writeFile(t, "registry.yaml", crashRegistry()), writeFile(t, "rules.yaml", crashRules)
	f, faults := loadFacts(&c)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	engine := alerts.NewEngine(alerts.EngineConfig{Rules: f.rules, Limits: f.limits, Registry: f.registry, Catalogue: f.catalogue})
	byID := map[string]interval{}
	var want expected
	for i := range crashClients {
		for n := range crashMessages {
			at := base.Add(time.Duration(n) * crashStep)
			for _, ev := range engine.Step(alerts.Input{Kind: alerts.ReadingsIn, Readings: []ingest.Reading{{
				Station: crashStation(i), Parameter: "cod", Value: crashValue(i, n), MeasuredAt: at, ReceivedAt: at, Usable: true,
			}}}) {
				byID[ev.Alert.ID] = intervalOf(&ev.Alert)
				want.events = append(want.events, fmt.Sprintf("%s %s %d", ev.Alert.ID, ev.Type, ev.Alert.Revision))
			}
		}
	}
	for _, iv := range byID {
		want.alerts = append(want.alerts, iv)
	}
	slices.SortFunc(want.alerts, byIntervalID)
	slices.Sort(want.events)
	if len(want.alerts) < crashClients*5 {
		t.Fatalf("only %d alerts expected: the test would prove little", len(want.alerts))
	}
	return want
}

func byIntervalID(a, b interval) int { return strings.Compare(a.id, b.id) }

func checkAlerts(t *testing.T, p *process, want expected) {
	t.Helper()
	var got []interval
	eventually(t, 20*time.Second, "the alerts are those of an undisturbed engine", func() bool {
		got = nil
		q := url.Values{"limit": {"50"}}
		for {
			var page struct {
				Items      []alerts.Alert `json:"items"`
				NextCursor *string        `json:"next_cursor"`
			}
			if p.tryGet("/api/v1/alerts?"+q.Encode(), &page) != nil {
				return false
			}
			for i := range page.Items {
				got = append(got, intervalOf(&page.Items[i]))
			}
			if page.NextCursor == nil {
				break
			}
			q.Set("cursor", *page.NextCursor)
		}
		slices.SortFunc(got, byIntervalID)
		return slices.Equal(got, want.alerts)
	})
}

func checkNotices(t *testing.T, hook *recipient, want expected) {
	t.Helper()
	eventually(t, 30*time.Second, "every event reached the webhook", func() bool {
		hook.mu.Lock()
		defer hook.mu.Unlock()
		return len(hook.ids) >= len(want.events)
	})
	hook.mu.Lock()
	defer hook.mu.Unlock()
	var got []string
	for event, ids := range hook.ids {
		got = append(got, event)
		if len(ids) != 1 {
			t.Errorf("event %s came under %d webhook-ids", event, len(ids))
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, want.events) {
		t.Errorf("the webhook heard %d events, want %d", len(got), len(want.events))
	}
}

// startMosquitto starts a real broker with persistence and returns its address.
func startMosquitto(t *testing.T) string {
	t.Helper()
	bin := os.Getenv("QUANTRAC_MOSQUITTO")
	if bin == "" {
		var err error
		if bin, err = exec.LookPath("mosquitto"); err != nil {
			bin = "/usr/sbin/mosquitto"
		}
	}
	if _, err := os.Stat(bin); err != nil {
		t.Skip("no mosquitto: make tools installs it")
	}
	addr, dir := freeAddr(t), t.TempDir()
	_, port, _ := strings.Cut(addr, ":")
	conf := filepath.Join(dir, "mosquitto.conf")
	text := "listener " + port + " 127.0.0.1\nallow_anonymous true\npersistence true\npersistence_location " + dir + "/\nmax_queued_messages 0\nmax_inflight_messages 200\nuser root\n"
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	runUntilEnd(t, exec.Command(bin, "-c", conf))
	eventually(t, 10*time.Second, "mosquitto listens", func() bool {
		c := paho.NewClient(paho.NewClientOptions().AddBroker("tcp://" + addr).SetClientID("probe"))
		token := c.Connect()
		ok := token.WaitTimeout(time.Second) && token.Error() == nil
		c.Disconnect(0)
		return ok
	})
	return addr
}

// startInfluxd starts a real InfluxDB 1.8 and returns its HTTP address.
func startInfluxd(t *testing.T) string {
	t.Helper()
	needInfluxd(t)
	addr := freeAddr(t)
	startInfluxdAt(t, addr)
	return addr
}

func needInfluxd(t *testing.T) {
	t.Helper()
	if _, err := os.Stat(influxdBinary()); err != nil {
		t.Skipf("no influxd at %s: make tools builds it", influxdBinary())
	}
}

func influxdBinary() string {
	if bin := os.Getenv("QUANTRAC_INFLUXD"); bin != "" {
		return bin
	}
	return "../../.tools/bin/influxd"
}

func startInfluxdAt(t *testing.T, addr string) {
	t.Helper()
	bin, rpc, dir := influxdBinary(), freeAddr(t), t.TempDir()
	conf := filepath.Join(dir, "influxdb.conf")
	text := fmt.Sprintf("reporting-disabled = true\nbind-address = %q\n[meta]\ndir = %q\n[data]\ndir = %q\nwal-dir = %q\n[http]\nbind-address = %q\nlog-enabled = false\n[logging]\nlevel = \"error\"\n",
		rpc, dir+"/meta", dir+"/data", dir+"/wal", addr)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	runUntilEnd(t, exec.Command(bin, "-config", conf))
	eventually(t, 30*time.Second, "influxd answers", func() bool {
		resp, err := http.Get("http://" + addr + "/ping")
		if err != nil {
			return false
		}
		defer resp.Body.Close()
		return resp.StatusCode < http.StatusBadRequest
	})
}

func runUntilEnd(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
}

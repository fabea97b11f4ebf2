package main

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
)

type quarantined struct {
	ID       string `json:"id"`
	Door     string `json:"door"`
	Topic    string `json:"topic"`
	Accepted int    `json:"accepted"`
	Rejected []struct {
		Reason string `json:"reason"`
		Detail string `json:"detail"`
	} `json:"rejected"`
	Body []byte `json:"body"`
}

func (q *quarantined) reasons() string {
	var out []string
	for _, r := range q.Rejected {
		out = append(out, r.Reason)
	}
	return strings.Join(out, ",")
}

// Whatever is wrong with a message: it is acknowledged, it lies in quarantine with its bytes and its reason, and its good
// parts are in history.
func TestBadInputOverMQTT(t *testing.T) {
	mqttAddr := freeAddr(t)
	p := startProcess(t, "--data", t.TempDir(), "--mqtt", mqttAddr, "--mqtt-anonymous")
	c := paho.NewClient(paho.NewClientOptions().AddBroker("tcp://" + mqttAddr).SetClientID("bad"))
	if token := c.Connect(); !token.WaitTimeout(5*time.Second) || token.Error() != nil {
		t.Fatal(token.Error())
	}
	defer c.Disconnect(0)
	station := "quantrac/v1/amata-01/readings"
	cases := []struct{ name, topic, body, reasons string }{
		{"malformed JSON", station, `{"values":{"cod":`, "undecodable"},
		{"not JSON at all", station, "\x00\x01\xff", "undecodable"},
		{"unknown station", "quantrac/v1/nowhere-01/readings", `{"values":{"cod":1}}`, "unknown_station"},
		{"unknown parameter beside a good one", station, `{"values":{"cod":41,"plutonium":1}}`, "unknown_parameter"},
		{"a time in 2099", station, `{"measured_at":"2099-01-01T00:00:00Z","values":{"cod":1}}`, "future"},
		{"a time in 1970", station, `{"measured_at":"1970-01-02T00:00:00Z","values":{"cod":1}}`, "too_old"},
	}
	for _, tc := range cases {
		if token := c.Publish(tc.topic, 1, false, tc.body); !token.WaitTimeout(5*time.Second) || token.Error() != nil {
			t.Fatalf("%s: no PUBACK (%v): what can't be used is acknowledged too", tc.name, token.Error())
		}
	}
	var list struct {
		Items []quarantined `json:"items"`
	}
	eventually(t, 10*time.Second, "all of it is in quarantine", func() bool {
		list.Items = nil
		return p.tryGet("/api/v1/quarantine", &list) == nil && len(list.Items) >= len(cases)
	})
	if len(list.Items) != len(cases) {
		t.Fatalf("%d entries in quarantine, want %d", len(list.Items), len(cases))
	}
	for i, tc := range cases {
		q := &list.Items[len(cases)-1-i] // newest first
		if q.reasons() != tc.reasons || string(q.Body) != tc.body || q.Topic != tc.topic || q.Door != "mqtt" || q.Rejected[0].Detail == "" {
			t.Errorf("%s: got %+v (%q)", tc.name, q, q.Body)
		}
	}
	for _, tc := range []struct{ name, body, value, flag string }{
		{"NaN", `{"values":{"tss":NaN}}`, "null", "nan_literal"},
		{"text", `{"values":{"ph":"---"}}`, "null", "not_a_number"},
		{"unknown unit", `{"values":{"temp":{"value":30,"unit":"furlong"}}}`, "null", "unit_unknown"},
		{"another known unit", `{"values":{"nh4_n":{"value":500,"unit":"µg/L"}}}`, "0.5", "unit_converted"},
	} {
		if token := c.Publish(station, 1, false, tc.body); !token.WaitTimeout(5*time.Second) || token.Error() != nil {
			t.Fatal(tc.name, token.Error())
		}
		code := tc.body[strings.Index(tc.body, `s":{"`)+5:]
		code = code[:strings.IndexByte(code, '"')]
		eventually(t, 10*time.Second, tc.name+" is in history, flagged", func() bool {
			rows, err := p.rows("amata-01", code, time.Now().Add(-time.Minute))
			if err != nil || len(rows) != 1 || !strings.Contains(strings.Join(rows[0].Flags, ","), tc.flag) {
				return false
			}
			value := "null"
			if rows[0].Value != nil {
				value = fmt.Sprint(*rows[0].Value)
			}
			return value == tc.value
		})
	}
	rows, err := p.rows("amata-01", "cod", time.Now().Add(-time.Minute))
	if err != nil || len(rows) != 1 || *rows[0].Value != 41 {
		t.Errorf("the good neighbour of an unknown parameter: %v %v", rows, err)
	}
}

func TestTenMegabytes(t *testing.T) {
	mqttAddr := freeAddr(t)
	p := startProcess(t, "--data", t.TempDir(), "--mqtt", mqttAddr, "--mqtt-anonymous")
	huge := bytes.Repeat([]byte("x"), 10<<20)
	c := paho.NewClient(paho.NewClientOptions().AddBroker("tcp://" + mqttAddr).SetClientID("huge").SetAutoReconnect(false).SetWriteTimeout(5 * time.Second))
	if token := c.Connect(); !token.WaitTimeout(5*time.Second) || token.Error() != nil {
		t.Fatal(token.Error())
	}
	c.Publish("quantrac/v1/amata-01/readings", 1, false, huge)
	eventually(t, 10*time.Second, "the client is cut off", func() bool { return !c.IsConnectionOpen() })
	status, body, err := p.request(http.MethodPost, "/api/v1/readings", string(huge))
	if err != nil || status != http.StatusRequestEntityTooLarge {
		t.Errorf("POST of 10 MB: %d %s %v", status, body, err)
	}
	var list struct {
		Items []quarantined `json:"items"`
	}
	eventually(t, 10*time.Second, "the first 64 KiB of both are in quarantine", func() bool {
		list.Items = nil
		if p.tryGet("/api/v1/quarantine", &list) != nil || len(list.Items) < 2 {
			return false
		}
		for _, q := range list.Items {
			if q.reasons() != "too_large" || len(q.Body) != 64<<10 {
				t.Fatalf("door %s: %s with %d bytes", q.Door, q.reasons(), len(q.Body))
			}
		}
		return true
	})
}

func TestBadConfiguration(t *testing.T) {
	file := writeFile(t, "quantrac.yaml", "data: ./d\nhttp:\n  listen: nonsense\n  lisen: 1\nmqtt:\n  anonymous: maybe\nwebhooks:\n  endpoints:\n    - {name: a, url: 'ftp://x', evnts: []}\n")
	var out, errOut bytes.Buffer
	if status := command([]string{"check", file}, &out, &errOut); status != 1 {
		t.Errorf("status %d, want 1", status)
	}
	for _, want := range []string{":4:3: unknown key \"lisen\"", ":6:14: mqtt.anonymous: must be true or false", ":9:33: unknown key \"evnts\""} {
		if !strings.Contains(errOut.String(), file+want) {
			t.Errorf("missing %q in\n%s", want, errOut.String())
		}
	}
	errOut.Reset()
	file = writeFile(t, "quantrac.yaml", "http:\n  listen: nonsense\n  anonymous: admin\nwebhooks:\n  allow_private: [here]\nlog: {format: xml}\n")
	if status := command([]string{"serve", "--config", file}, &out, &errOut); status != 1 {
		t.Errorf("status %d, want 1", status)
	}
	for _, want := range []string{":2:11: http.listen", ":3:14: http.anonymous", ":5:19: webhooks.allow_private[0]", ":6:15: log.format"} {
		if !strings.Contains(errOut.String(), file+want) {
			t.Errorf("missing %q in\n%s", want, errOut.String())
		}
	}
	if status := command([]string{"serve", "--nonsense"}, &out, &errOut); status != 2 {
		t.Errorf("an unknown flag: status %d, want 2", status)
	}
	if status := command([]string{"dance"}, &out, &errOut); status != 2 {
		t.Errorf("an unknown command: status %d, want 2", status)
	}
}

func TestConfigurationOrder(t *testing.T) {
	file := writeFile(t, "quantrac.yaml", "data: from-file\ninflux: {bucket: from-file, org: from-file}\nlog: {level: '${QUANTRAC_TEST_LEVEL}'}\n")
	t.Setenv("QUANTRAC_TEST_LEVEL", "warn")
	t.Setenv("QUANTRAC_DATA", "from-env")
	t.Setenv("QUANTRAC_INFLUX_BUCKET", "from-env")
	c, err := loadConfig("serve", []string{"--config", file, "--data", "from-flag"}, false)
	if err != nil {
		t.Fatal(err)
	}
	if c.Data != "from-flag" || c.Influx.Bucket != "from-env" || c.Influx.Org != "from-file" || c.HTTP.Listen != "127.0.0.1:8080" || c.Log.Level != "warn" {
		t.Errorf("got %+v", c)
	}
	if c.MQTT.Anonymous || c.HTTP.Anonymous != 0 {
		t.Error("serve lets nobody in by default")
	}
	if _, err := loadConfig("serve", []string{"--mqtt", "0.0.0.0:1883", "--mqtt-anonymous"}, false); err == nil {
		t.Error("anonymous gateways beyond loopback must be forced")
	}
}

func TestCheckFindsWhatFilesAre(t *testing.T) {
	registry := writeFile(t, "registry.yaml", "title: {vi: X, en: X}\nparks: []\nstations:\n  - {id: s-1, name: {vi: S, en: S}, kind: effluent, location: [10.9, 106.9], parameters: [cod, gold]}\n")
	rules := writeFile(t, "rules.yaml", "rules:\n  - {id: r, on: mean_of_all, levels: {warning: 1}}\n")
	good := writeFile(t, "good.yaml", "rules:\n  - {id: r, on: value, levels: {warning: 1}}\n")
	var out, errOut bytes.Buffer
	if status := command([]string{"check", registry, rules, good}, &out, &errOut); status != 1 {
		t.Errorf("status %d", status)
	}
	for _, want := range []string{registry + ":4:", "latitude first", rules + ":2:"} {
		if !strings.Contains(errOut.String(), want) {
			t.Errorf("missing %q in\n%s", want, errOut.String())
		}
	}
	errOut.Reset()
	if status := command([]string{"check", good}, &out, &errOut); status != 0 || !strings.Contains(out.String(), good+": ok") {
		t.Errorf("status %d: %s%s", status, out.String(), errOut.String())
	}
	if status := command([]string{"check", t.TempDir()}, &out, &errOut); status != 1 || !strings.Contains(errOut.String(), "no regular file") {
		t.Errorf("a folder: status %d: %s", status, errOut.String())
	}
	errOut.Reset()
	if status := command([]string{"check"}, &out, &errOut); status != 0 {
		t.Errorf("built-in facts: status %d: %s", status, errOut.String())
	}
}

// The demo is alive within 10 s of its start, and stops cleanly.
func TestDemo(t *testing.T) {
	p := &process{t: t, http: freeAddr(t)}
	p.args = []string{"demo", "--data", t.TempDir(), "--http", p.http, "--mqtt", freeAddr(t)}
	begin := time.Now()
	p.start()
	defer func() {
		if p.cmd != nil {
			p.kill()
		}
	}()
	var list struct {
		Items []struct {
			ID     string `json:"id"`
			State  string `json:"state"`
			Latest map[string]struct {
				MeasuredAt time.Time `json:"measured_at"`
			} `json:"latest"`
		} `json:"items"`
	}
	eventually(t, 60*time.Second, "40 stations have fresh values", func() bool {
		fresh := 0
		if p.tryGet("/api/v1/stations?limit=1000", &list) != nil {
			return false
		}
		for _, s := range list.Items {
			if v, ok := s.Latest["cod"]; ok && time.Since(v.MeasuredAt) < 20*time.Second {
				fresh++
			}
		}
		return fresh >= 40
	})
	t.Logf("alive after %s", time.Since(begin).Round(time.Millisecond))
	var windows struct {
		Items []struct {
			Count int64 `json:"count"`
		} `json:"items"`
	}
	eventually(t, 60*time.Second, "the charts are full", func() bool {
		windows.Items = nil
		return p.tryGet("/api/v1/stations/amata-01/readings?parameter=cod&every=1h", &windows) == nil && len(windows.Items) >= 24
	})
	p.stop()
}

package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"github.com/gorilla/websocket"
	"github.com/nats-io/nats-server/v2/server"
)

// publishOnce publishes one message and waits for its PUBACK.
func publishOnce(t *testing.T, addr, topic, body string) {
	t.Helper()
	c := paho.NewClient(paho.NewClientOptions().AddBroker("tcp://" + addr).SetClientID("once"))
	if token := c.Connect(); !token.WaitTimeout(5*time.Second) || token.Error() != nil {
		t.Fatal(token.Error())
	}
	defer c.Disconnect(50)
	if token := c.Publish(topic, 1, false, body); !token.WaitTimeout(5*time.Second) || token.Error() != nil {
		t.Fatal("no PUBACK: ", token.Error())
	}
}

type frame struct {
	Type  string `json:"type"`
	Alert struct {
		Station struct {
			ID string `json:"id"`
		} `json:"station"`
		Severity string `json:"severity"`
	} `json:"alert"`
	Items []struct {
		Station string   `json:"station"`
		Value   *float64 `json:"value"`
	} `json:"items"`
}

// listen subscribes to the websocket and passes the frames on until the connection ends.
func listen(t *testing.T, p *process) <-chan frame {
	t.Helper()
	d := websocket.Dialer{Subprotocols: []string{"quantrac.v1"}}
	conn, resp, err := d.Dial("ws://"+p.http+"/ws", nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	t.Cleanup(func() { _ = conn.Close() })
	if conn.Subprotocol() != "quantrac.v1" {
		t.Errorf("subprotocol %q", conn.Subprotocol())
	}
	if err := conn.WriteMessage(websocket.TextMessage, []byte(`{"type":"subscribe"}`)); err != nil {
		t.Fatal(err)
	}
	frames := make(chan frame, 256)
	go func() {
		defer close(frames)
		for {
			_, data, err := conn.ReadMessage()
			if err != nil {
				return
			}
			var f frame
			if json.Unmarshal(data, &f) == nil {
				frames <- f
			}
		}
	}()
	if f := <-frames; f.Type != "snapshot" {
		t.Fatalf("the first frame is %q, want a snapshot", f.Type)
	}
	return frames
}

// waitFor returns when a frame of a type about a station comes.
func waitFor(t *testing.T, frames <-chan frame, kind, station string) frame {
	t.Helper()
	deadline := time.After(10 * time.Second)
	for {
		select {
		case f, ok := <-frames:
			if !ok {
				t.Fatal("the websocket ended")
			}
			about := f.Alert.Station.ID == station
			for _, it := range f.Items {
				about = about || it.Station == station
			}
			if f.Type == kind && about {
				return f
			}
		case <-deadline:
			t.Fatalf("no frame %q about %s within 10 s", kind, station)
		}
	}
}

// One reading, the whole way: from PUBLISH to history, alert, websocket and webhook, on embedded parts and with an outside log.
func TestOneReadingTheWholeWay(t *testing.T) {
	srv, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: t.TempDir(), SyncAlways: true, NoSigs: true, NoLog: true})
	if err != nil {
		t.Fatal(err)
	}
	srv.Start()
	t.Cleanup(srv.Shutdown)
	for name, args := range map[string][]string{"embedded": nil, "outside NATS": {"--nats-url", srv.ClientURL(), "--nats-synced"}} {
		t.Run(name, func(t *testing.T) { oneReading(t, args) })
	}
}

func oneReading(t *testing.T, args []string) {
	type heard struct {
		id, body string
	}
	notices := make(chan heard, 16)
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b := make([]byte, r.ContentLength)
		_, _ = r.Body.Read(b)
		notices <- heard{r.Header.Get("webhook-id"), string(b)}
		w.WriteHeader(http.StatusNoContent)
	}))
	defer hook.Close()
	mqttAddr := freeAddr(t)
	p := startProcess(t, append(args, "--data", t.TempDir(), "--mqtt", mqttAddr, "--mqtt-anonymous", "--webhooks-allow-private", "127.0.0.0/8")...)
	if status, body, err := p.request(http.MethodPost, "/api/v1/webhooks", `{"name":"t","url":"`+hook.URL+`","events":["alert.opened"]}`); err != nil || status != http.StatusCreated {
		t.Fatalf("create a webhook: %d %s %v", status, body, err)
	}
	frames := listen(t, p)
	sent := time.Now()
	publishOnce(t, mqttAddr, "quantrac/v1/amata-01/readings", `{"values":{"cod":300}}`)
	if f := waitFor(t, frames, "alert", "amata-01"); f.Alert.Severity != "emergency" {
		t.Errorf("severity %q, want emergency: 300 mg/L is more than three times the limit", f.Alert.Severity)
	}
	t.Logf("on the websocket after %s", time.Since(sent).Round(time.Millisecond))
	first := <-notices
	t.Logf("at the webhook after %s", time.Since(sent).Round(time.Millisecond))
	if !strings.Contains(first.body, `"basis":"value"`) || !strings.HasPrefix(first.id, "msg_") {
		t.Errorf("notice %s: %s", first.id, first.body)
	}
	var list struct {
		Items []struct {
			ID    string `json:"id"`
			State string `json:"state"`
		} `json:"items"`
	}
	p.get("/api/v1/alerts?station=amata-01", &list)
	if len(list.Items) != 1 || list.Items[0].State != "open" {
		t.Fatalf("alerts: %+v", list.Items)
	}
	id := list.Items[0].ID
	eventually(t, 10*time.Second, "the reading is in history", func() bool {
		rows, err := p.rows("amata-01", "cod", sent.Add(-time.Minute))
		return err == nil && len(rows) == 1
	})
	eventually(t, 10*time.Second, "the timeline knows who was told", func() bool {
		_, body, err := p.request(http.MethodGet, "/api/v1/alerts/"+id, "")
		return err == nil && strings.Contains(string(body), first.id)
	})
	p.kill()
	p.start()
	p.get("/api/v1/alerts?station=amata-01", &list)
	if len(list.Items) != 1 || list.Items[0].State != "open" || list.Items[0].ID != id {
		t.Errorf("after kill -9 the alerts are %+v, want the one, still open", list.Items)
	}
	publishOnce(t, mqttAddr, "quantrac/v1/amata-02/readings", `{"values":{"cod":300}}`)
	for n := range 2 {
		next := <-notices
		if strings.Contains(next.body, "amata-02") {
			break
		}
		if next.id != first.id || n > 0 {
			t.Fatalf("a doubled notice under another webhook-id: %s", next.id)
		}
	}
}

// InfluxDB away: readings are taken, alerts open, /readyz says so; when it is back, history is whole.
func TestInfluxDBAway(t *testing.T) {
	needInfluxd(t)
	influx, mqttAddr := freeAddr(t), freeAddr(t)
	p := startProcess(t, "--data", t.TempDir(), "--mqtt", mqttAddr, "--mqtt-anonymous", "--influx-url", "http://"+influx)
	begin := time.Now()
	for i := range 50 {
		publishOnce(t, mqttAddr, "quantrac/v1/amata-01/readings", `{"measured_at":"`+begin.Add(time.Duration(i-60)*time.Second).UTC().Format(time.RFC3339)+`","values":{"cod":300}}`)
	}
	var ready struct {
		Status string `json:"status"`
	}
	if p.get("/readyz", &ready); ready.Status != "degraded" {
		t.Errorf("readyz says %q with InfluxDB away", ready.Status)
	}
	eventually(t, 10*time.Second, "the alert is open without InfluxDB", func() bool {
		_, body, err := p.request(http.MethodGet, "/api/v1/alerts?station=amata-01", "")
		return err == nil && strings.Contains(string(body), `"state":"open"`)
	})
	p.stop()
	p.start()
	startInfluxdAt(t, influx)
	eventually(t, 60*time.Second, "history has drained", func() bool {
		rows, err := p.rows("amata-01", "cod", begin.Add(-2*time.Minute))
		return err == nil && len(rows) == 50
	})
}

// A message without a time that is sent again, because its PUBACK was lost in a crash, is the same reading.
func TestResendWithoutTimeCountsOnce(t *testing.T) {
	mqttAddr := freeAddr(t)
	p := startProcess(t, "--data", t.TempDir(), "--mqtt", mqttAddr, "--mqtt-anonymous")
	begin := time.Now().Add(-time.Minute)
	publishOnce(t, mqttAddr, "quantrac/v1/amata-01/readings", `{"sequence":5,"values":{"cod":41}}`)
	p.kill()
	p.start()
	publishOnce(t, mqttAddr, "quantrac/v1/amata-01/readings", `{"sequence":5,"values":{"cod":41}}`)
	publishOnce(t, mqttAddr, "quantrac/v1/amata-01/readings", `{"sequence":6,"values":{"cod":41}}`)
	eventually(t, 10*time.Second, "both readings are in history", func() bool {
		rows, err := p.rows("amata-01", "cod", begin)
		return err == nil && len(rows) >= 2
	})
	if rows, err := p.rows("amata-01", "cod", begin); err != nil || len(rows) != 2 {
		t.Errorf("%d rows, want 2 (%v)", len(rows), err)
	}
}

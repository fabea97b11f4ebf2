package main

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// stormStations is how many alerts open at once.
const stormStations = 1000

// A thousand alerts open while the process is killed at random: no notice is lost, and none comes under another webhook-id.
func TestStormOfAlertsUnderKills(t *testing.T) {
	random := rand.New(rand.NewPCG(crashSeed(t), 1))
	hook := &recipient{ids: map[string]map[string]bool{}}
	server := httptest.NewServer(hook)
	defer server.Close()
	var registry strings.Builder
	registry.WriteString("title: {vi: Thử, en: Test}\nparks:\n  - {id: park, name: {vi: Khu, en: Park}, location: [106.9, 10.9], precision_km: 1}\nstations:\n")
	for i := range stormStations {
		fmt.Fprintf(&registry, "  - {id: s-%04d, name: {vi: Trạm, en: Station}, park: park, kind: effluent, location: [106.9, 10.9], parameters: [cod], limits: [{set: qcvn40-2011, column: A, kq: 0.9, kf: 1.0}]}\n", i)
	}
	rules := "rules:\n  - {id: over, parameters: [cod], levels: {critical: 1.0}}\n"
	p := startProcess(t, "--data", t.TempDir(), "--mqtt", "off", "--registry", writeFile(t, "registry.yaml", registry.String()),
		"--rules", writeFile(t, "rules.yaml", rules), "--webhooks-allow-private", "127.0.0.0/8")
	if status, body, err := p.request(http.MethodPost, "/api/v1/webhooks", `{"name":"test","url":"`+server.URL+`"}`); err != nil || status != http.StatusCreated {
		t.Fatalf("create a webhook: %d %s %v", status, body, err)
	}
	at := time.Now().UTC().Truncate(time.Second).Format(time.RFC3339)
	storm := func(from, to int) {
		for i := from; i < to; i += 50 {
			var messages []string
			for k := i; k < min(i+50, to); k++ {
				messages = append(messages, fmt.Sprintf(`{"station":"s-%04d","measured_at":%q,"values":{"cod":%d}}`, k, at, 80+k%50))
			}
			body := "[" + strings.Join(messages, ",") + "]"
			// A sender repeats what was not answered.
			eventually(t, time.Minute, "readings are accepted", func() bool {
				status, _, err := p.request(http.MethodPost, "/api/v1/readings", body)
				return err == nil && status == http.StatusAccepted
			})
		}
	}
	for kill := range 4 {
		storm(kill*stormStations/4, (kill+1)*stormStations/4)
		time.Sleep(time.Duration(random.IntN(150)) * time.Millisecond)
		p.kill()
		p.start()
	}
	eventually(t, 90*time.Second, "every alert was told", func() bool {
		hook.mu.Lock()
		defer hook.mu.Unlock()
		return len(hook.ids) >= stormStations
	})
	hook.mu.Lock()
	defer hook.mu.Unlock()
	if len(hook.ids) != stormStations {
		t.Errorf("%d events were told, want %d", len(hook.ids), stormStations)
	}
	for event, ids := range hook.ids {
		if len(ids) != 1 || !strings.Contains(event, "alert.opened 1") {
			t.Errorf("%s came under %d webhook-ids", event, len(ids))
		}
	}
}

package broker

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"quantrac/ingest"
)

// node finds Node.js with MQTT.js beside it, or skips. Where QUANTRAC_NEED_NODE is set it must be there.
func node(t *testing.T) (bin, dir string) {
	t.Helper()
	missing := t.Skipf
	if os.Getenv("QUANTRAC_NEED_NODE") != "" {
		missing = t.Fatalf
	}
	bin, err := exec.LookPath("node")
	if err != nil {
		missing("Node.js is not installed")
	}
	dir = filepath.Join("testdata", "mqttjs")
	if _, err := os.Stat(filepath.Join(dir, "node_modules", "mqtt")); err != nil {
		missing("MQTT.js is not installed: npm --prefix ingest/broker/%s ci", filepath.ToSlash(dir))
	}
	return bin, dir
}

// TestMQTTJS drives the broker with MQTT.js, on which gateways with Node-RED are built.
func TestMQTTJS(t *testing.T) {
	bin, dir := node(t)
	for _, version := range []int{3, 4, 5} {
		t.Run(fmt.Sprintf("version %d", version), func(t *testing.T) {
			d := newDisk(true)
			d.receipt = func(del ingest.Delivery) (ingest.Receipt, error) {
				if string(del.Body) == "nonsense" {
					return ingest.Receipt{Rejected: []ingest.Reject{{Reason: ingest.ReasonUndecodable, Detail: "no JSON"}}}, nil
				}
				return ingest.Receipt{Accepted: 1}, nil
			}
			b := start(t, Options{Anonymous: true, Submit: d.Submit})
			cmd := exec.CommandContext(t.Context(), bin, filepath.Join(dir, "publish.mjs"), "mqtt://"+b.Addr().String(), fmt.Sprint(version))
			cmd.Stderr = os.Stderr
			out, err := cmd.Output()
			if err != nil {
				t.Fatalf("publish.mjs: %v", err)
			}
			var seen struct {
				Granted   int
				Published int
				Refusal   struct {
					Code *int
					Text string
				}
				Status []struct {
					Topic, Body string
					User        map[string]any
				}
			}
			if err := json.Unmarshal(out, &seen); err != nil {
				t.Fatalf("%s: %v", out, err)
			}
			checkPublished(t, d.deliveries(), seen.Published)
			if len(seen.Status) != 1 || seen.Status[0].Body != online || (version == 5 && seen.Status[0].User["a"] != "1") {
				t.Errorf("status %+v", seen.Status)
			}
			if seen.Granted != 0 {
				t.Errorf("granted QoS %d", seen.Granted)
			}
			if version == 5 && (seen.Refusal.Code == nil || *seen.Refusal.Code != 0x99) {
				t.Errorf("a message that can't be decoded: %+v", seen.Refusal)
			}
		})
	}
}

// checkPublished compares deliveries with the values 0 to n-1 in order, and one that is nonsense.
func checkPublished(t *testing.T, got []ingest.Delivery, n int) {
	t.Helper()
	if len(got) != n+1 {
		t.Fatalf("%d deliveries, want %d", len(got), n+1)
	}
	for i, del := range got[:n] {
		if string(del.Body) != native(float64(i)) || del.Topic != readings {
			t.Fatalf("delivery %d: %s %s", i, del.Topic, del.Body)
		}
	}
}

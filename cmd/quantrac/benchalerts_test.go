package main

import (
	"bytes"
	"encoding/json"
	"testing"

	"quantrac/simulator/bench"
)

// A real service tells a real recipient of every alert that opens, once.
func TestBenchAlerts(t *testing.T) {
	t.Setenv(childMark, "1")
	dir := t.TempDir()
	var out, errs bytes.Buffer
	args := []string{"bench", "alerts", "--stations", "20", "--readings", "400", "--alerts", "9", "--duration", "1s", "--json", "--dir", dir}
	if status := command(args, &out, &errs); status != 0 {
		t.Fatalf("status %d: %s", status, &errs)
	}
	var r bench.AlertsResult
	if err := json.Unmarshal(out.Bytes(), &r); err != nil {
		t.Fatal(err)
	}
	if r.Alerts != 9 || r.Missed != 0 || r.Twice != 0 || r.WebhookP50 <= 0 || r.WebhookP99 < r.WebhookP50 || r.Readings <= 0 || len(r.Checks) != 3 {
		t.Errorf("result %+v", r)
	}
	leftNothing(t, dir)
}

package main

import (
	"bytes"
	"encoding/json"
	"testing"

	"quantrac/simulator/bench"
)

// A few clients listen to a real service: every alert comes to each of them, and the newest values to one.
func TestBenchWebsocket(t *testing.T) {
	for name, more := range map[string][]string{"plain": nil, "compressed": {"--compress"}, "filtered": {"--filtered"}} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(childMark, "1")
			dir := t.TempDir()
			var out, errs bytes.Buffer
			args := append([]string{"bench", "websocket", "--clients", "7", "--stations", "20", "--readings", "400", "--alerts", "5", "--duration", "1s", "--json", "--dir", dir}, more...)
			if status := command(args, &out, &errs); status != 0 {
				t.Fatalf("status %d: %s", status, &errs)
			}
			var r bench.WebsocketResult
			if err := json.Unmarshal(out.Bytes(), &r); err != nil {
				t.Fatal(err)
			}
			if r.Clients != 7 || r.Missed != 0 || r.Closed != 0 || r.AlertP50 <= 0 || r.AlertP99 < r.AlertP50 || r.ReadingP50 <= 0 || r.Frames <= 0 || r.PeakBytes == 0 || len(r.Checks) != 4 {
				t.Errorf("result %+v", r)
			}
			leftNothing(t, dir)
		})
	}
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"quantrac/simulator/bench"
)

// Each stack is driven with a few hundred messages, over real processes. The command fails unless history holds every value.
func TestBenchIngest(t *testing.T) {
	for stack, c := range map[string]struct {
		needs, processes []string
	}{
		bench.Embedded: {nil, []string{"quantrac"}},
		bench.External: {[]string{"QUANTRAC_MOSQUITTO", "QUANTRAC_INFLUXD"}, []string{"influxd", "mosquitto", "quantrac"}},
		bench.Telegraf: {[]string{"QUANTRAC_MOSQUITTO", "QUANTRAC_INFLUXD", "QUANTRAC_TELEGRAF"}, []string{"influxd", "mosquitto", "telegraf"}},
	} {
		t.Run(stack, func(t *testing.T) {
			for _, name := range c.needs {
				if os.Getenv(name) == "" {
					t.Skip(name, "is not set")
				}
			}
			t.Setenv(childMark, "1")
			t.Setenv("QUANTRAC_INFLUX_URL", "http://127.0.0.1:1") // is not for the measured service
			dir := t.TempDir()
			var out, errs bytes.Buffer
			if status := command([]string{"bench", "ingest", "--stack", stack, "--stations", "5", "--messages", "400", "--json", "--dir", dir}, &out, &errs); status != 0 {
				t.Fatalf("status %d: %s", status, &errs)
			}
			var r bench.Result
			if err := json.Unmarshal(out.Bytes(), &r); err != nil {
				t.Fatal(err)
			}
			if r.Messages != 400 || r.Values != 3200 || r.Rate <= 0 || r.PubackP50 <= 0 || r.PubackP99 < r.PubackP50 || r.HistoryP50 <= 0 {
				t.Errorf("result %+v", r)
			}
			var names []string
			for _, p := range r.Processes {
				names = append(names, p.Name)
				if p.PeakBytes == 0 {
					t.Errorf("no memory figure of %s", p.Name)
				}
			}
			if !slices.Equal(names, c.processes) {
				t.Errorf("figures of %v, want %v", names, c.processes)
			}
			leftNothing(t, dir)
		})
	}
}

func leftNothing(t *testing.T, dir string) {
	t.Helper()
	left, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range left {
		t.Errorf("%s is left behind", e.Name())
	}
}

// A run that is interrupted stops what it started; so does one whose system breaks.
func TestBenchCleansUp(t *testing.T) {
	t.Setenv(childMark, "1")
	for name, c := range map[string]struct {
		disturb func(t *testing.T, cancel context.CancelFunc, dir string)
		want    string
	}{
		"interrupted": {func(_ *testing.T, cancel context.CancelFunc, _ string) { cancel() }, context.Canceled.Error()},
		"killed":      {func(t *testing.T, _ context.CancelFunc, dir string) { killHolder(t, dir) }, "quantrac ended by itself: signal: killed"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			disturbed := false
			_, err := bench.Ingest(ctx, bench.Options{
				Stations: 5, Messages: 1_000_000, Rate: 100, Dir: dir,
				Serve: func(string) []string { return []string{os.Args[0], "serve"} },
				Progress: func(p bench.Progress) {
					if p.Phase == "publish" && !disturbed {
						disturbed = true
						c.disturb(t, cancel, dir)
					}
				},
			})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("ended with %v, want %q", err, c.want)
			}
			leftNothing(t, dir)
		})
	}
}

// killHolder kills the process that was started on a directory below dir.
func killHolder(t *testing.T, dir string) {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		args, err := os.ReadFile(name)
		if err != nil || !bytes.Contains(args, []byte("--data\x00"+dir)) {
			continue
		}
		if err := exec.CommandContext(t.Context(), "kill", "-9", filepath.Base(filepath.Dir(name))).Run(); err != nil {
			t.Error(err)
		}
		return
	}
	t.Error("found no process to kill")
}

func TestBenchUsage(t *testing.T) {
	for _, args := range [][]string{
		{}, {"egress"}, {"serve"}, {"ingest", "extra"}, {"ingest", "--against", "nodered"}, {"ingest", "--against", "telegraf", "--scenario", "burst"}, {"ingest", "--no-such-flag"}, {"websocket", "extra"}, {"websocket", "--no-such-flag"},
	} {
		if err := runBench(t.Context(), args, t.Output()); !errors.Is(err, errUsage) {
			t.Errorf("%q: %v, want wrong usage", args, err)
		}
	}
	for _, args := range [][]string{{"help"}, {"ingest", "--help"}, {"websocket", "--help"}} {
		if err := runBench(t.Context(), args, t.Output()); err != nil && !errors.Is(err, flag.ErrHelp) {
			t.Errorf("%q: %v", args, err)
		}
	}
	for _, args := range [][]string{
		{"ingest", "--stack", "kafka"},
		{"websocket", "--clients", "-1"},
		{"websocket", "--stations", "1000000"},
		{"websocket", "--alerts", "-1"},
		{"websocket", "--readings", "NaN"},
		{"websocket", "--duration", "1ms"},
	} {
		if err := runBench(t.Context(), args, t.Output()); err == nil || errors.Is(err, errUsage) {
			t.Errorf("%q: %v, want what cannot be run", args, err)
		}
	}
}

func TestProfiledServe(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "profiles")
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // it starts, and stops in order
	args := []string{dir, "--data", t.TempDir(), "--http", "127.0.0.1:0", "--mqtt", "127.0.0.1:0"}
	if err := profiledServe(ctx, args, t.Output()); err != nil && !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	var names []string
	for _, name := range []string{"cpu.pprof", "heap.pprof"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err == nil && info.Size() > 0 {
			names = append(names, name)
		}
	}
	if want := []string{"cpu.pprof", "heap.pprof"}; !slices.Equal(names, want) {
		t.Errorf("profiles %v, want %v", names, want)
	}
}

package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strings"
	"time"

	"quantrac/simulator/bench"
)

const benchUsage = `usage: quantrac bench ingest [flags]
       quantrac bench websocket [flags]
       quantrac bench alerts [flags]

ingest drives many gateways against a whole system that it starts for itself, and measures until the last value can be queried.
websocket lets many pages listen to a service that it starts for itself, and measures what that costs and how soon an alert comes.
alerts opens alerts at a service that it starts for itself, and measures how soon a webhook hears of them.
Each lists its flags with --help.
`

// runBench runs a load test.
func runBench(ctx context.Context, args []string, out io.Writer) error {
	if len(args) == 0 {
		fmt.Fprint(os.Stderr, benchUsage)
		return errUsage
	}
	switch name, rest := args[0], args[1:]; name {
	case "ingest":
		return benchIngest(ctx, rest, out)
	case "websocket":
		return benchWebsocket(ctx, rest, out)
	case "alerts":
		return benchAlerts(ctx, rest, out)
	case "serve":
		return profiledServe(ctx, rest, out)
	case "help", "-h", "--help":
		fmt.Fprint(out, benchUsage)
		return nil
	default:
		fmt.Fprintf(os.Stderr, "quantrac bench has no %q\n\n%s", name, benchUsage)
		return errUsage
	}
}

// benchFlags are the flags of "bench ingest".
type benchFlags struct {
	bench.Options
	scenario, against string
	rounds            int
	json              bool
}

func parseBench(args []string) (benchFlags, error) {
	var f benchFlags
	fs := flag.NewFlagSet("quantrac bench ingest", flag.ContinueOnError)
	fs.StringVar(&f.Stack, "stack", bench.Embedded, "what is measured: embedded, external (Mosquitto + quantrac + InfluxDB) or telegraf (Mosquitto + Telegraf + InfluxDB)")
	fs.StringVar(&f.against, "against", "", "telegraf: measure the stack and the one with Telegraf in turns, and compare")
	fs.IntVar(&f.rounds, "rounds", 5, "pairs of runs with --against")
	fs.IntVar(&f.Stations, "stations", 0, "number of gateways, one station and one connection each (200)")
	fs.IntVar(&f.Messages, "messages", 0, "messages in all (200000, unless there is a --duration)")
	fs.DurationVar(&f.Duration, "duration", 0, "publish for so long")
	fs.Float64Var(&f.Rate, "rate", 0, "messages per second in all; 0 = as fast as acknowledgements allow")
	fs.IntVar(&f.Burst, "burst", 0, "messages that a gateway sends at once where there is a --rate (1)")
	fs.IntVar(&f.Window, "window", 0, "messages that a gateway may have unacknowledged (20)")
	fs.StringVar(&f.Profile, "profile", "", "`DIR` for CPU and heap profiles of quantrac")
	fs.StringVar(&f.Dir, "dir", "", "`DIR` on the disk to measure with; empty = the system's place for temporary files")
	fs.BoolVar(&f.json, "json", false, "print the result as JSON")
	var about strings.Builder
	for _, s := range bench.Scenarios() {
		fmt.Fprintf(&about, "\n%s: %s", s.Name, s.About)
	}
	fs.StringVar(&f.scenario, "scenario", "", "a fixed load instead of --messages, --duration and --rate:"+about.String())
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return f, err
		}
		return f, errUsage
	}
	switch {
	case fs.NArg() > 0:
		fmt.Fprintf(os.Stderr, "quantrac bench ingest takes no argument %q\n", fs.Arg(0))
		return f, errUsage
	case f.against != "" && f.against != bench.Telegraf:
		fmt.Fprintf(os.Stderr, "quantrac bench ingest compares against %s only\n", bench.Telegraf)
		return f, errUsage
	case f.against != "" && f.scenario != "":
		fmt.Fprintln(os.Stderr, "quantrac bench ingest: --against and --scenario exclude each other")
		return f, errUsage
	}
	return f, nil
}

// printer is a result in a form for people; its exported fields are the form for programs.
type printer interface{ Print(w io.Writer) }

func benchIngest(ctx context.Context, args []string, out io.Writer) error {
	f, err := parseBench(args)
	if err != nil {
		return err
	}
	if f.Serve, f.ServeEnv, err = measuredServe(); err != nil {
		return err
	}
	f.Progress = benchProgress(os.Stderr)
	result, err := f.run(ctx)
	return benchResult(ctx, out, f.json, result, err)
}

// measuredServe is the command line of the service that is measured, and what its environment has more than this one.
func measuredServe() (serve func(profile string) []string, env []string, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, nil, fmt.Errorf("find the program itself: %w", err)
	}
	serve = func(profile string) []string {
		if profile == "" {
			return []string{self, "serve"}
		}
		return []string{self, "bench", "serve", profile}
	}
	// The settings of this shell are not those of the measured service.
	env = []string{"QUANTRAC_CONFIG="}
	for _, s := range settings {
		env = append(env, envName(s.flag)+"=")
	}
	return serve, env, nil
}

// benchResult prints what a run gave, behind its progress line.
func benchResult(ctx context.Context, out io.Writer, asJSON bool, result printer, err error) error {
	fmt.Fprintln(os.Stderr)
	if err != nil {
		if ctx.Err() != nil {
			return errors.New("interrupted; what was started has been stopped")
		}
		return err
	}
	if !asJSON {
		result.Print(out)
		return nil
	}
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	return e.Encode(result)
}

func (f *benchFlags) run(ctx context.Context) (printer, error) {
	switch {
	case f.scenario != "":
		r, err := bench.RunScenario(ctx, f.scenario, f.Options)
		return &r, err
	case f.against != "":
		r, err := bench.Compare(ctx, f.Options, f.rounds)
		return &r, err
	}
	r, err := bench.Ingest(ctx, f.Options)
	return &r, err
}

// benchProgress overwrites one line, so that the result has the screen for itself.
func benchProgress(out io.Writer) func(bench.Progress) {
	began := time.Now()
	const width = 90
	return func(p bench.Progress) {
		fmt.Fprintf(out, "\r%6.1f s  %-*s", time.Since(began).Seconds(), width, p)
	}
}

// profiledServe is serve with a CPU profile of the whole run and a heap profile of its end, in the directory that the first
// argument names.
func profiledServe(ctx context.Context, args []string, out io.Writer) (err error) {
	if len(args) == 0 {
		fmt.Fprint(os.Stderr, benchUsage)
		return errUsage
	}
	dir := args[0]
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the profile directory: %w", err)
	}
	cpu, err := os.Create(filepath.Join(dir, "cpu.pprof"))
	if err != nil {
		return fmt.Errorf("write the CPU profile: %w", err)
	}
	defer func() { err = errors.Join(err, cpu.Close()) }()
	if err := pprof.StartCPUProfile(cpu); err != nil {
		return fmt.Errorf("write the CPU profile: %w", err)
	}
	defer pprof.StopCPUProfile()
	// The heap is written when the service is told to stop and still holds everything.
	heap := make(chan error, 1)
	go func() {
		<-ctx.Done()
		heap <- writeHeap(filepath.Join(dir, "heap.pprof"))
	}()
	err = serve(ctx, "serve", args[1:], false, out)
	if ctx.Err() == nil {
		return err
	}
	return errors.Join(err, <-heap)
}

func writeHeap(name string) error {
	f, err := os.Create(name)
	if err != nil {
		return fmt.Errorf("write the heap profile: %w", err)
	}
	defer f.Close()
	runtime.GC()
	if err := pprof.Lookup("heap").WriteTo(f, 0); err != nil {
		return fmt.Errorf("write the heap profile: %w", err)
	}
	return f.Close()
}

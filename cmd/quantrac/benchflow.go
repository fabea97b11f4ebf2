package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"quantrac/simulator/bench"
)

// flowBench is a measurement during which values flow and alerts open.
type flowBench struct {
	fs     *flag.FlagSet
	of     *bench.FlowOptions
	asJSON bool
}

// newFlowBench declares the flags of o, of whose alerts a run opens so many unless it is told otherwise.
func newFlowBench(name string, o *bench.FlowOptions, alerts int) *flowBench {
	b := &flowBench{fs: flag.NewFlagSet("quantrac bench "+name, flag.ContinueOnError), of: o}
	b.fs.Float64Var(&o.Readings, "readings", 0, "readings per second in all, eight to a message (1000)")
	b.fs.IntVar(&o.Stations, "stations", 0, "number of gateways, one station and one connection each (200)")
	b.fs.IntVar(&o.Alerts, "alerts", 0, fmt.Sprintf("alerts that open during the run (%d)", alerts))
	b.fs.DurationVar(&o.Duration, "duration", 0, "how long it is measured (30s)")
	b.fs.StringVar(&o.Profile, "profile", "", "`DIR` for CPU and heap profiles of the service")
	b.fs.StringVar(&o.Dir, "dir", "", "`DIR` on the disk to measure with; empty = the system's place for temporary files")
	b.fs.BoolVar(&b.asJSON, "json", false, "print the result as JSON")
	return b
}

// parse reads the flags and makes the measurement ready.
func (b *flowBench) parse(args []string) (err error) {
	if err := b.fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return errUsage
	}
	if b.fs.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "%s takes no argument %q\n", b.fs.Name(), b.fs.Arg(0))
		return errUsage
	}
	if b.of.Serve, b.of.ServeEnv, err = measuredServe(); err != nil {
		return err
	}
	b.of.Progress = benchProgress(os.Stderr)
	return nil
}

// benchAlerts measures how soon a webhook hears of an alert.
func benchAlerts(ctx context.Context, args []string, out io.Writer) error {
	var o bench.AlertsOptions
	const alerts = 300
	b := newFlowBench("alerts", &o.FlowOptions, alerts)
	if err := b.parse(args); err != nil {
		return err
	}
	r, err := bench.Alerts(ctx, o)
	return benchResult(ctx, out, b.asJSON, &r, err)
}

// benchWebsocket measures the websocket under many listeners.
func benchWebsocket(ctx context.Context, args []string, out io.Writer) error {
	var o bench.WebsocketOptions
	const alerts = 60
	b := newFlowBench("websocket", &o.FlowOptions, alerts)
	b.fs.IntVar(&o.Clients, "clients", 0, "number of websocket clients (1000)")
	b.fs.BoolVar(&o.Compress, "compress", false, "the clients take compressed frames, as browsers do")
	b.fs.BoolVar(&o.Filtered, "filtered", false, "each client listens to a tenth of the stations")
	if err := b.parse(args); err != nil {
		return err
	}
	r, err := bench.Websocket(ctx, o)
	return benchResult(ctx, out, b.asJSON, &r, err)
}

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

// benchAlerts measures how soon a webhook hears of an alert.
func benchAlerts(ctx context.Context, args []string, out io.Writer) error {
	var o bench.AlertsOptions
	fs := flag.NewFlagSet("quantrac bench alerts", flag.ContinueOnError)
	fs.Float64Var(&o.Readings, "readings", 0, "readings per second in all, eight to a message (1000)")
	fs.IntVar(&o.Stations, "stations", 0, "number of gateways, one station and one connection each (200)")
	fs.IntVar(&o.Alerts, "alerts", 0, "alerts that open during the run (300)")
	fs.DurationVar(&o.Duration, "duration", 0, "how long it is measured (30s)")
	fs.StringVar(&o.Profile, "profile", "", "`DIR` for CPU and heap profiles of the service")
	fs.StringVar(&o.Dir, "dir", "", "`DIR` on the disk to measure with; empty = the system's place for temporary files")
	asJSON := fs.Bool("json", false, "print the result as JSON")
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return errUsage
	}
	if fs.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "quantrac bench alerts takes no argument %q\n", fs.Arg(0))
		return errUsage
	}
	var err error
	if o.Serve, o.ServeEnv, err = measuredServe(); err != nil {
		return err
	}
	o.Progress = benchProgress(os.Stderr)
	r, err := bench.Alerts(ctx, o)
	return benchResult(ctx, out, *asJSON, &r, err)
}

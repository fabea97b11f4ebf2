package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"time"

	"quantrac/simulator"
)

// simulate publishes for virtual stations to any broker.
func simulate(ctx context.Context, args []string, out io.Writer) error {
	fs := flag.NewFlagSet("quantrac simulate", flag.ContinueOnError)
	broker := fs.String("broker", "tcp://127.0.0.1:1883", "`URL` of the MQTT broker")
	username := fs.String("username", "", "MQTT user name")
	registry := fs.String("registry", "", "registry `FILE` whose stations speak; empty = built-in Đồng Nai")
	stations := fs.Int("stations", 0, "number of stations; 0 = all of the registry, more than it has = made-up ones sim-0001 …")
	interval := fs.Duration("interval", 5*time.Minute, "time between two messages of a station")
	backfill := fs.Duration("backfill", 0, "how much of the past is sent first")
	speed := fs.Float64("speed", 1, "with X > 1 the run starts --backfill (24h) ago and passes X times faster until it has caught up")
	duration := fs.Duration("duration", 0, "end after so long; 0 = on Ctrl-C")
	seed := fs.Uint64("seed", 1, "another seed gives other values")
	scenario := fs.String("scenario", "", "`FILE` with faults and incidents; gentle = the demo's; empty = none")
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return errUsage
	}
	if *interval < time.Second || *speed < 1 || fs.NArg() > 0 {
		fmt.Fprintln(os.Stderr, "quantrac simulate: --interval is at least 1s, --speed at least 1, and there are no arguments")
		return errUsage
	}
	c := defaults(false)
	c.Registry = *registry
	f, faults := loadFacts(&c)
	if len(faults) > 0 {
		return &invalidError{faults}
	}
	plants := simulator.Some(simulator.Plants(f.registry), *stations)
	sc, err := loadScenario(*scenario, plants)
	if err != nil {
		return err
	}
	err = simulator.Run(ctx, simulator.Options{
		Broker: *broker, Username: *username, Password: os.Getenv("QUANTRAC_MQTT_PASSWORD"), Plants: plants, Interval: *interval,
		Backfill: *backfill, Speed: *speed, Duration: *duration, Seed: *seed, Scenario: sc, Progress: progressLine(out),
	})
	fmt.Fprintln(out)
	return err
}

func loadScenario(file string, plants []simulator.Plant) (*simulator.Scenario, error) {
	switch file {
	case "":
		return nil, nil
	case "gentle":
		return simulator.Gentle(), nil
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the scenario: %w", err)
	}
	var sc simulator.Scenario
	doc, faults := readYAML(file, data, &sc)
	if faults = append(faults, doc.all(sc.Check(plants))...); len(faults) > 0 {
		return nil, &invalidError{faults}
	}
	return &sc, nil
}

func progressLine(out io.Writer) func(simulator.Progress) {
	return func(p simulator.Progress) {
		fmt.Fprintf(out, "\r%-9s %d stations  published %d  acknowledged %d ", p.Phase, p.Stations, p.Published, p.Acked)
	}
}

// simulate feeds the service itself, over MQTT like anybody else.
func (s *service) simulate(ctx context.Context) error {
	if s.broker == nil {
		return errors.New("the simulator publishes to the embedded broker: it needs mqtt.listen")
	}
	opt := simulator.Options{
		Broker: "tcp://" + s.broker.Addr().String(), Plants: simulator.Plants(s.facts.registry), Interval: 5 * time.Minute, Seed: 1, ClientID: "simulator", Logger: s.log,
	}
	if s.cfg.demo {
		opt.Interval, opt.Backfill = demoCycle, 24*time.Hour
		if s.cfg.Registry == "" {
			opt.Scenario = simulator.Gentle()
		}
	}
	if err := simulator.Run(ctx, opt); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

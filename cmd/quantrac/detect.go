package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"time"

	"go.yaml.in/yaml/v3"

	"quantrac/alerts"
	"quantrac/simulator"
)

// detectStart is when the played run begins: midnight of a Monday in Vietnam, in the rainy season.
var detectStart = time.Date(2026, 5, 31, 17, 0, 0, 0, time.UTC)

// detectOptions is what the command was asked for.
type detectOptions struct {
	seed                       uint64
	stations, days             int
	rules, scenario            string
	writeScenario, writeReport string
	// list adds what was missed and what was wrong, one by one.
	list bool
}

// detect plays a labelled scenario through the door and the rules, in simulated time, and says what was found.
func detect(ctx context.Context, args []string, out io.Writer) error {
	var o detectOptions
	fs := flag.NewFlagSet("quantrac detect", flag.ContinueOnError)
	fs.Uint64Var(&o.seed, "seed", 1, "another seed gives other values and other events")
	fs.IntVar(&o.stations, "stations", 30, "number of stations, from the first of the registry on")
	fs.IntVar(&o.days, "days", 14, "simulated days")
	fs.StringVar(&o.rules, "rules", "", "rules `FILE` that is tried beside the built-in rules")
	fs.StringVar(&o.scenario, "scenario", "", "`FILE` with the events; empty = drawn from the seed")
	fs.StringVar(&o.writeScenario, "write-scenario", "", "`FILE` that gets the events, for quantrac simulate --scenario")
	fs.StringVar(&o.writeReport, "markdown", "", "`FILE` that gets the report as Markdown, such as docs/detection.md")
	fs.BoolVar(&o.list, "list", false, "list every event that was missed and every alert that was wrong")
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return errUsage
	}
	if o.stations < 1 || o.days < 2 || o.days > 365 || fs.NArg() > 0 {
		fmt.Fprintln(os.Stderr, "quantrac detect: --stations is at least 1, --days 2 to 365, and there are no arguments")
		return errUsage
	}
	report, err := o.run(ctx)
	if err != nil {
		return err
	}
	if o.writeReport == "" {
		return report.write(out)
	}
	var doc bytes.Buffer
	if err := report.write(&doc); err != nil {
		return err
	}
	if err := os.WriteFile(o.writeReport, doc.Bytes(), 0o644); err != nil { //nolint:gosec // a document, for everybody to read
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

// run tries the built-in rules and those of the file, each on plants that are well and on the scenario.
func (o *detectOptions) run(ctx context.Context) (*detectReport, error) {
	c := defaults(false)
	f, faults := loadFacts(&c)
	if len(faults) > 0 {
		return nil, &invalidError{faults}
	}
	plants := simulator.Plants(f.registry)
	if o.stations > len(plants) {
		return nil, fmt.Errorf("the registry has %d stations that can be simulated, not %d", len(plants), o.stations)
	}
	plants = plants[:o.stations]
	p := simulator.Playback{Plants: plants, Seed: o.seed, Start: detectStart, Duration: time.Duration(o.days) * 24 * time.Hour}
	var err error
	if p.Scenario, err = o.events(&p, &f); err != nil {
		return nil, err
	}
	report := &detectReport{options: *o, labels: p.Labels(f.overLimit)}
	files := []string{""} // the built-in rules
	if o.rules != "" {
		files = append(files, o.rules)
	}
	for _, c.Rules = range files {
		if f, faults = loadFacts(&c); len(faults) > 0 {
			return nil, &invalidError{faults}
		}
		well := p
		well.Scenario = nil
		calm, err := tryRules(ctx, f, well, nil)
		if err != nil {
			return nil, err
		}
		found, err := tryRules(ctx, f, p, report.labels)
		if err != nil {
			return nil, err
		}
		score := newSetScore(&f, found, report.labels)
		score.file, score.calm = c.Rules, len(calm.alerts)
		if o.list {
			score.list(found, report.labels)
		}
		report.sets = append(report.sets, score)
	}
	return report, nil
}

// events reads or draws the scenario, and writes it where it is asked for.
func (o *detectOptions) events(p *simulator.Playback, f *facts) (*simulator.Scenario, error) {
	s, err := loadScenario(o.scenario, p.Plants)
	if err != nil {
		return nil, err
	}
	if s == nil {
		s = simulator.Draw{Seed: o.seed, Plants: p.Plants, Duration: p.Duration, Limit: f.bounds}.Scenario()
	}
	if o.writeScenario == "" {
		return s, nil
	}
	text, err := yaml.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("write the scenario: %w", err)
	}
	if err := os.WriteFile(o.writeScenario, text, 0o644); err != nil { //nolint:gosec // made-up events, for everybody to read
		return nil, fmt.Errorf("write the scenario: %w", err)
	}
	return s, nil
}

func (f *facts) limitAt(station, parameter string) (alerts.Limit, bool) {
	st, ok := f.registry.Station(station)
	if !ok {
		return alerts.Limit{}, false
	}
	return f.limits.For(st, parameter, detectStart)
}

// bounds are the limits of a parameter at a station; 0 = no such bound.
func (f *facts) bounds(station, parameter string) (least, most float64) {
	l, ok := f.limitAt(station, parameter)
	if !ok {
		return 0, 0
	}
	if !math.IsNaN(l.Min) {
		least = l.Min
	}
	if !math.IsNaN(l.Max) {
		most = l.Max
	}
	return least, most
}

func (f *facts) overLimit(station, parameter string, value float64) bool {
	l, ok := f.limitAt(station, parameter)
	return ok && l.Ratio(value) >= 1
}

// checkScenario is what quantrac check says of a scenario: its stations are those of the built-in registry.
func checkScenario(file string, data []byte) []fault {
	c := defaults(false)
	f, faults := loadFacts(&c)
	if len(faults) > 0 {
		return faults
	}
	var s simulator.Scenario
	doc, faults := readYAML(file, data, &s)
	if len(faults) > 0 {
		return faults
	}
	return doc.all(s.Check(simulator.Plants(f.registry)))
}

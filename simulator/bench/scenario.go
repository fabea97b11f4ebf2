package bench

import (
	"cmp"
	"context"
	"fmt"
	"time"
)

// Scenario is one of the situations that the front door promises to stand.
type Scenario struct {
	Name string
	// About is a line for people.
	About string
	run   func(ctx context.Context, o Options) (Outcome, error)
}

// Outcome is what a scenario gave. Everything in it was verified in history.
type Outcome struct {
	Scenario string   `json:"scenario"`
	Results  []Result `json:"results"`
	Checks   []Check  `json:"checks"`
}

// Check is a promise and how it was kept: Got must not exceed Limit.
type Check struct {
	What  string  `json:"what"`
	Unit  string  `json:"unit"`
	Got   float64 `json:"got"`
	Limit float64 `json:"limit"`
	Met   bool    `json:"met"`
}

func (o *Outcome) check(what, unit string, got, limit float64) {
	o.Checks = append(o.Checks, Check{what, unit, got, limit, got <= limit})
}

// Scenarios lists them.
func Scenarios() []Scenario {
	return []Scenario{
		{"burst", "1,200 gateways send one message each in the same second", burst},
		{"backlog", "one gateway sends the 17,280 messages of 60 days after it is live again", backlog},
		{"gateways", "10,000 connected gateways send ten messages each, 5,000 messages a second in all, or --rate", gateways},
		{"half-rate", "the latency at half of the greatest rate, which is measured first", halfRate},
	}
}

// RunScenario runs a scenario by name on the options' stack. Their load is the scenario's.
func RunScenario(ctx context.Context, name string, o Options) (Outcome, error) {
	for _, s := range Scenarios() {
		if s.Name == name {
			return s.run(ctx, o)
		}
	}
	names := ""
	for _, s := range Scenarios() {
		names += " " + s.Name
	}
	return Outcome{}, fmt.Errorf("there is no scenario %q; there are%s", name, names)
}

// one runs a scenario that is a single load.
func one(ctx context.Context, o Options, load func(start time.Time) load) (Result, error) {
	o, err := o.complete()
	if err != nil {
		return Result{}, err
	}
	var r Result
	err = inSession(ctx, &o, func(s *session) (err error) {
		l := load(time.Now())
		if l.at != nil {
			s.began = l.at(0)
		}
		if r, err = s.measure(l); err != nil {
			return err
		}
		_, err = s.verify()
		return err
	})
	return r, err
}

func burst(ctx context.Context, o Options) (Outcome, error) {
	const stations, limit = 1200, 1
	o.Stations, o.Messages = stations, stations
	r, err := one(ctx, o, o.load)
	out := Outcome{Scenario: "burst", Results: []Result{r}}
	out.check("all acknowledged after", "s", r.AckedSeconds, limit)
	return out, err
}

func backlog(ctx context.Context, o Options) (Outcome, error) {
	const (
		cycle  = 5 * time.Minute
		memory = 60 * 24 * time.Hour
		limit  = 20
	)
	o.Stations, o.Messages = 1, int(memory/cycle)
	r, err := one(ctx, o, func(start time.Time) load {
		// The first is short of 60 days old when it comes, and the last older than what was sent live.
		first := start.Add(cycle/2 - memory).Truncate(time.Second)
		return load{messages: uint64(o.Messages), at: func(n uint64) time.Time { return first.Add(time.Duration(n) * cycle) }}
	})
	out := Outcome{Scenario: "backlog", Results: []Result{r}}
	out.check("queryable after", "s", r.Seconds, limit)
	return out, err
}

func gateways(ctx context.Context, o Options) (Outcome, error) {
	const stations, each, rate = 10_000, 10, 5000
	o.Stations, o.Messages, o.Rate = stations, stations*each, cmp.Or(o.Rate, rate)
	r, err := one(ctx, o, o.load)
	return Outcome{Scenario: "gateways", Results: []Result{r}}, err
}

func halfRate(ctx context.Context, o Options) (Outcome, error) {
	const limit = 25
	out := Outcome{Scenario: "half-rate"}
	o.Rate = 0
	o, err := o.complete()
	if err != nil {
		return out, err
	}
	err = inSession(ctx, &o, func(s *session) error {
		greatest, err := s.measure(o.load(time.Now()))
		if err != nil {
			return err
		}
		out.Results = append(out.Results, greatest)
		half := o
		half.Rate = greatest.Rate / 2
		// The greatest rate is one of full windows. Half of it is measured with the same packets, half as often, and evenly spread, where
		// each message is a packet of its own, which costs this machine far more on both sides of the loopback.
		for _, shape := range []struct {
			burst int
			what  string
		}{{o.Window, "publish → PUBACK, p99 at half rate, a window at once"}, {1, "publish → PUBACK, p99 at half rate, one by one"}} {
			half.Burst = shape.burst
			r, err := s.measure(half.load(time.Now()))
			if err != nil {
				return err
			}
			out.Results = append(out.Results, r)
			out.check(shape.what, "ms", r.PubackP99, limit)
		}
		_, err = s.verify()
		return err
	})
	return out, err
}

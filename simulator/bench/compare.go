package bench

import (
	"context"
	"fmt"
	"slices"
)

// Comparison is a stack beside another in paired rounds. Rates differ from run to run on a shared machine; the ratio of two
// runs that follow each other does so less.
type Comparison struct {
	Stack   string  `json:"stack"`
	Against string  `json:"against"`
	Rounds  []Round `json:"rounds"`
	// Rate and CPU are the ratios of messages per second and of CPU per message.
	Rate Ratio `json:"rate"`
	CPU  Ratio `json:"cpu"`
	// WithoutBroker says that CPU leaves Mosquitto out, which both stacks use.
	WithoutBroker bool `json:"cpu_without_broker,omitempty"`
}

// Round is a run of each stack, one right after the other.
type Round struct {
	Stack   Result `json:"stack"`
	Against Result `json:"against"`
}

// Ratio is what paired rounds gave, and the target for the median.
type Ratio struct {
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
	Target float64 `json:"target"`
	Met    bool    `json:"met"`
}

// target is what a stack has to reach against Telegraf: at least the rate, at most the CPU.
type target struct {
	rate, cpu     float64
	withoutBroker bool
}

func targetOf(stack string) target {
	if stack == Embedded {
		return target{rate: 2, cpu: 0.4}
	}
	return target{rate: 0.95, cpu: 0.85, withoutBroker: true}
}

// Compare measures a stack against Telegraf in so many paired rounds; which goes first alternates.
func Compare(ctx context.Context, o Options, rounds int) (Comparison, error) {
	o, err := o.complete()
	if err != nil {
		return Comparison{}, err
	}
	if rounds < 1 || o.Stack == Telegraf {
		return Comparison{}, fmt.Errorf("a comparison needs at least one round, and a stack other than %s", Telegraf)
	}
	if err := findPrograms(Telegraf); err != nil {
		return Comparison{}, err
	}
	c := Comparison{Stack: o.Stack, Against: Telegraf}
	tell := o.Progress
	for i := range rounds {
		o.Progress = func(p Progress) {
			p.Round, p.Rounds = i+1, rounds
			tell(p)
		}
		r, err := pair(ctx, o, i%2 == 1)
		if err != nil {
			return c, fmt.Errorf("round %d, %w", i+1, err)
		}
		c.Rounds = append(c.Rounds, r)
	}
	c.judge(targetOf(o.Stack))
	return c, nil
}

// pair measures the options' stack and Telegraf's, or the other way round.
func pair(ctx context.Context, o Options, telegrafFirst bool) (Round, error) {
	var r Round
	other := o
	other.Stack, other.Profile = Telegraf, ""
	legs := []struct {
		opt Options
		to  *Result
	}{{o, &r.Stack}, {other, &r.Against}}
	if telegrafFirst {
		slices.Reverse(legs)
	}
	for _, leg := range legs {
		var err error
		if *leg.to, err = Ingest(ctx, leg.opt); err != nil {
			return r, fmt.Errorf("%s: %w", leg.opt.Stack, err)
		}
	}
	return r, nil
}

func (c *Comparison) judge(t target) {
	c.WithoutBroker = t.withoutBroker
	c.Rate = c.ratio(func(r *Result) float64 { return r.Rate })
	c.CPU = c.ratio(func(r *Result) float64 { return r.cpu(t.withoutBroker) })
	c.Rate.Target, c.Rate.Met = t.rate, c.Rate.Median >= t.rate
	c.CPU.Target, c.CPU.Met = t.cpu, c.CPU.Median <= t.cpu
}

func (c *Comparison) ratio(of func(r *Result) float64) Ratio {
	all := make([]float64, len(c.Rounds))
	for i := range c.Rounds {
		all[i] = of(&c.Rounds[i].Stack) / of(&c.Rounds[i].Against)
	}
	slices.Sort(all)
	n := len(all)
	return Ratio{Median: (all[(n-1)/2] + all[n/2]) / 2, Min: all[0], Max: all[n-1]}
}

// cpu is the CPU per message of the system, or of what is in it beside the broker.
func (r *Result) cpu(withoutBroker bool) float64 {
	sum := 0.0
	for _, p := range r.Processes {
		if !withoutBroker || p.Name != mosquitto.name {
			sum += p.CPU
		}
	}
	return sum
}

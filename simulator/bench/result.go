package bench

import "time"

// Result is one measured and verified run.
type Result struct {
	Stack    string `json:"stack"`
	Stations int    `json:"stations"`
	Window   int    `json:"window"`
	// Offered is the rate at which messages were due, Burst how many of a gateway at once; 0 = as fast as acknowledgements allowed.
	Offered float64 `json:"offered_messages_per_second,omitempty"`
	Burst   int     `json:"burst,omitempty"`
	// Messages that were published, acknowledged and found in history; Values in them.
	Messages uint64 `json:"messages"`
	Values   uint64 `json:"values"`
	// Seconds from the first publish until the last value could be queried; Rate is messages per second over that time.
	Seconds float64 `json:"seconds"`
	Rate    float64 `json:"messages_per_second"`
	// AckedSeconds is from the first publish to the last PUBACK.
	AckedSeconds float64 `json:"acked_seconds"`
	// Latencies in milliseconds. To history they are too high by up to 50 ms, the time between two looks.
	PubackP50  float64 `json:"puback_p50_ms"`
	PubackP99  float64 `json:"puback_p99_ms"`
	HistoryP50 float64 `json:"history_p50_ms"`
	HistoryP99 float64 `json:"history_p99_ms"`
	// CPU seconds (user and system) of all processes of the system per 100,000 messages, and of the load generator.
	CPU       float64 `json:"cpu_seconds_per_100k"`
	Generator float64 `json:"generator_cpu_seconds_per_100k"`
	// Others is the share of the machine's CPU, 0 to 1, that neither the system nor the generator used: with much of it, rate
	// and latencies say more about the others than about the system.
	Others float64 `json:"others_cpu_share"`
	// Processes of the system.
	Processes []ProcessResult `json:"processes"`
}

// ProcessResult is what one process used.
type ProcessResult struct {
	Name string  `json:"name"`
	CPU  float64 `json:"cpu_seconds_per_100k"`
	// PeakBytes is the greatest resident size since its start.
	PeakBytes uint64 `json:"peak_bytes"`
}

func newResult(o *Options, messages uint64, whole, acked time.Duration) Result {
	return Result{
		Stack: o.Stack, Stations: o.Stations, Window: o.Window, Messages: messages, Values: messages * uint64(len(parameters)), Seconds: whole.Seconds(), Rate: float64(messages) / whole.Seconds(),
		AckedSeconds: acked.Seconds(),
	}
}

func (r *Result) latencies(acks, seen *latency) {
	ms := milliseconds
	r.PubackP50, r.PubackP99 = ms(acks.quantile(0.5)), ms(acks.quantile(0.99))
	r.HistoryP50, r.HistoryP99 = ms(seen.quantile(0.5)), ms(seen.quantile(0.99))
}

func (r *Result) used(all []*process, before, after consumption) {
	others := after.machine - before.machine - (after.own - before.own)
	for i, p := range all {
		spent := after.processes[i].CPU - before.processes[i].CPU
		cpu := perHundredThousand(spent, r.Messages)
		r.Processes = append(r.Processes, ProcessResult{p.name, cpu, after.processes[i].Peak})
		r.CPU += cpu
		others -= spent
	}
	if capacity := after.capacity - before.capacity; capacity > 0 {
		r.Others = max(others.Seconds()/capacity.Seconds(), 0)
	}
}

func perHundredThousand(cpu time.Duration, messages uint64) float64 {
	return cpu.Seconds() / float64(messages) * 100_000
}

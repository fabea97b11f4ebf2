package bench

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// Print writes the result for people.
func (r *Result) Print(w io.Writer) {
	fmt.Fprintf(w, "%s: %d gateways, %d values a message, QoS 1, at most %d unacknowledged each%s\n", r.Stack, r.Stations, len(parameters), r.Window, r.pace())
	fmt.Fprintf(w, "  %d messages, %d values, every one verified in history\n", r.Messages, r.Values)
	fmt.Fprintf(w, "  %.0f messages/s until queryable (%.2f s; acknowledged after %.2f s)\n", r.Rate, r.Seconds, r.AckedSeconds)
	fmt.Fprintf(w, "  publish → PUBACK   p50 %8.1f ms   p99 %8.1f ms\n", r.PubackP50, r.PubackP99)
	fmt.Fprintf(w, "  publish → history  p50 %8.1f ms   p99 %8.1f ms   (one station, looked at every %d ms)\n", r.HistoryP50, r.HistoryP99, probeEvery.Milliseconds())
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "  process\tCPU s per 100k\tpeak memory\t")
	for _, p := range r.Processes {
		fmt.Fprintf(t, "  %s\t%.2f\t%s\t\n", p.Name, p.CPU, mebibytes(p.PeakBytes))
	}
	fmt.Fprintf(t, "  all\t%.2f\t\t\n  (load generator\t%.2f)\t\t\n", r.CPU, r.Generator)
	_ = t.Flush() // as with Fprintf: who cannot be written to cannot be told
	printOthers(w, r.Others)
}

// pace says how the messages were due; "" = as fast as acknowledgements allowed.
func (r *Result) pace() string {
	switch {
	case r.Offered == 0:
		return ""
	case r.Burst > 1:
		return fmt.Sprintf(", %.0f messages/s due, %d of a gateway at once", r.Offered, r.Burst)
	}
	return fmt.Sprintf(", %.0f messages/s due, one by one", r.Offered)
}

func mebibytes(n uint64) string { return fmt.Sprintf("%d MiB", n>>20) }

// Print writes the comparison for people.
func (c *Comparison) Print(w io.Writer) {
	cpu := "CPU s per 100k"
	if c.WithoutBroker {
		cpu += " without the broker"
	}
	window := c.Rounds[0].Stack.Window
	fmt.Fprintf(w, "%s against %s, rounds in pairs, at most %d unacknowledged a gateway; messages/s until queryable, %s\n", c.Stack, c.Against, window, cpu)
	t := tabwriter.NewWriter(w, 0, 0, 3, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "round\t%[1]s msg/s\t%[2]s msg/s\tratio\t%[1]s CPU\t%[2]s CPU\tratio\t\n", c.Stack, c.Against)
	for i := range c.Rounds {
		a, b := &c.Rounds[i].Stack, &c.Rounds[i].Against
		ca, cb := a.cpu(c.WithoutBroker), b.cpu(c.WithoutBroker)
		fmt.Fprintf(t, "%d\t%.0f\t%.0f\t%.2f\t%.2f\t%.2f\t%.2f\t\n", i+1, a.Rate, b.Rate, a.Rate/b.Rate, ca, cb, ca/cb)
	}
	_ = t.Flush()
	fmt.Fprintf(w, "rate  median %.2f (%.2f to %.2f), target at least %.2f: %s\n", c.Rate.Median, c.Rate.Min, c.Rate.Max, c.Rate.Target, verdict(c.Rate.Met))
	fmt.Fprintf(w, "CPU   median %.2f (%.2f to %.2f), target at most  %.2f: %s\n\n", c.CPU.Median, c.CPU.Min, c.CPU.Max, c.CPU.Target, verdict(c.CPU.Met))
	last := &c.Rounds[len(c.Rounds)-1]
	last.Stack.Print(w)
	last.Against.Print(w)
}

func verdict(met bool) string {
	if met {
		return "met"
	}
	return "MISSED"
}

// Print writes the outcome for people.
func (o *Outcome) Print(w io.Writer) {
	fmt.Fprintln(w, "scenario", o.Scenario)
	for i := range o.Results {
		o.Results[i].Print(w)
	}
	for _, c := range o.Checks {
		fmt.Fprintf(w, "%s %.1f %s, at most %.0f: %s\n", c.What, c.Got, c.Unit, c.Limit, verdict(c.Met))
	}
}

// String is a line about where the run is.
func (p Progress) String() string {
	var b strings.Builder
	if p.Rounds > 0 {
		fmt.Fprintf(&b, "round %d of %d  ", p.Round, p.Rounds)
	}
	fmt.Fprintf(&b, "%-9s %-16s", p.Stack, p.Phase)
	switch {
	case p.Wanted > 0:
		fmt.Fprintf(&b, " acknowledged %d of %d", p.Acked, p.Wanted)
	case p.Acked > 0:
		fmt.Fprintf(&b, " acknowledged %d", p.Acked)
	}
	return b.String()
}

// Print writes the result for people.
func (r *WebsocketResult) Print(w io.Writer) {
	fmt.Fprintf(w, "%d websocket clients, %d stations, %.0f readings/s for %.0f s; the newest value of every series came over the websocket\n", r.Clients, r.Stations, r.Readings, r.Seconds)
	fmt.Fprintf(w, "  publish → alert at each client   p50 %8.1f ms   p99 %8.1f ms   (%d alerts)\n", r.AlertP50, r.AlertP99, r.Alerts)
	fmt.Fprintf(w, "  publish → value at one client    p50 %8.1f ms   p99 %8.1f ms\n", r.ReadingP50, r.ReadingP99)
	const kilo = 1000
	fmt.Fprintf(w, "  each client: %.1f frames/s, %.1f kB/s; %.0f values replaced by newer ones for clients that lag\n", r.Frames, r.Bytes/kilo, r.Dropped)
	fmt.Fprintf(w, "  server %.2f cores, peak memory %s (load generator with all clients %.2f cores)\n", r.Cores, mebibytes(r.PeakBytes), r.Generator)
	printOthers(w, r.Others)
	for _, c := range r.Checks {
		fmt.Fprintf(w, "%s %.2f %s, at most %.0f: %s\n", c.What, c.Got, c.Unit, c.Limit, verdict(c.Met))
	}
}

func printOthers(w io.Writer, share float64) {
	const quiet, percent = 0.05, 100
	if share > quiet {
		fmt.Fprintf(w, "  other programs used %.0f %% of this machine meanwhile: rate and latencies are not to be trusted\n", percent*share)
	}
}

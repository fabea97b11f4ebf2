package main

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"quantrac/simulator"
)

// detectReport is what the command says.
type detectReport struct {
	options detectOptions
	labels  []simulator.Label
	sets    []setScore
}

// command is how the report can be made again.
func (o *detectOptions) command() string {
	s := fmt.Sprintf("quantrac detect --seed %d --stations %d --days %d", o.seed, o.stations, o.days)
	if o.rules != "" {
		s += " --rules " + o.rules
	}
	if o.scenario != "" {
		s += " --scenario " + o.scenario
	}
	if o.writeReport != "" {
		s += " --markdown " + o.writeReport
	}
	return s
}

const detectIntro = `# What the rules find

Made by ` + "`%s`" + `; do not edit. The same command gives the same figures.

Simulated stations play %d labelled events (%d stations, %d days, seed %d, a reading every 5 minutes). Every message takes the real way:
payload, dialect, door with its checks and flags, alert engine with ticks, in simulated time. The events are far denser than life, one
every day or so at each station, and what they look like is our own proposal: the figures compare rules with each other and find
regressions; they do not say how many alerts a real plant gives.

* An event is **found** when a rule of a kind that should speak of it has an alert in it. **Recall** is the share of those events that are.
* An alert is **right** when it lies in an event that its kind of rule may speak of, or shortly after it (24 h for the means of a day). **Precision** is the share of those alerts. The mean of a day that stays high after an excess is right; an alert on a
  single wild value is not, although the contract wants it (flags inform and never suppress), and it carries the flag ` + "`spike`" + `.
* **Delay** is the median from the instant at which the trouble is plain until the alert is told: for a slow excess from the first value over
  the limit, so that a warning that comes before has a negative delay.
* Rules of the kind ` + "`expression`" + ` have no recall of their own: each is about one thing only.
* docs/rules-suggested.yaml was tuned on seed 1; the figures of any other seed are the ones to believe.
* **Flagged** counts events of which the door itself said what it should, by a quality flag or by quarantine.
`

// write writes the report as Markdown, which reads well enough as text.
func (r *detectReport) write(w io.Writer) error {
	var b bytes.Buffer
	o := &r.options
	fmt.Fprintf(&b, detectIntro, o.command(), len(r.labels), o.stations, o.days, o.seed)
	for i := range r.sets {
		r.set(&b, &r.sets[i])
	}
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("write the report: %w", err)
	}
	return nil
}

func (r *detectReport) set(b *bytes.Buffer, s *setScore) {
	stationDays := float64(r.options.stations * r.options.days)
	per100 := func(n int) string { return strconv.FormatFloat(float64(n)/stationDays*100, 'f', 1, 64) }
	name := "Built-in rules"
	if s.file != "" {
		name = "Rules of " + s.file
	}
	fmt.Fprintf(b, "\n## %s\n\n%d alerts from %d readings: precision %s; %s false alerts per 100 station-days in the midst of all these events, %s on the same\nplants when nothing goes wrong.\n\n",
		name, s.alerts, s.readings, share(s.alerts-s.wrong, s.alerts), per100(s.wrong), per100(s.calm))
	b.WriteString("| rule | on | alerts | precision | events to find | recall | median delay |\n| --- | --- | ---: | ---: | ---: | ---: | ---: |\n")
	for i := range s.rules {
		x := &s.rules[i]
		labels, recall := strconv.Itoa(x.labels), share(x.found, x.labels)
		if x.on == "expression" {
			labels, recall = "–", "–"
		}
		fmt.Fprintf(b, "| %s | %s | %d | %s | %s | %s | %s |\n", x.id, x.on, x.alerts, share(x.right, x.alerts), labels, recall, delay(x.delays))
	}
	b.WriteString("\n| event | events | to find | found | recall | median delay | until critical | flagged | false alerts in it |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n")
	for i := range s.faults {
		x := &s.faults[i]
		fmt.Fprintf(b, "| %s | %d | %d | %d | %s | %s | %s | %s | %d |\n",
			x.code, x.events, x.expected, x.found, share(x.found, x.expected), delay(x.delays), delay(x.critical), share(x.flagged, x.marked), x.wrong)
	}
	var blind []string
	for i := range s.faults {
		if x := &s.faults[i]; x.expected > 0 && x.found == 0 {
			blind = append(blind, x.code)
		}
	}
	if len(blind) > 0 {
		fmt.Fprintf(b, "\nThese rules find nothing of: %s.\n", strings.Join(blind, ", "))
	}
	if len(s.notes) > 0 {
		b.WriteString("\n")
	}
	for _, note := range s.notes {
		fmt.Fprintf(b, "* %s\n", note)
	}
}

func share(part, whole int) string {
	if whole == 0 {
		return "–"
	}
	return strconv.FormatFloat(100*float64(part)/float64(whole), 'f', 0, 64) + " %"
}

func delay(d []time.Duration) string {
	m, ok := medianOf(d)
	if !ok {
		return "–"
	}
	sign := ""
	if m < 0 {
		sign, m = "−", -m
	}
	m = m.Round(time.Minute)
	if m < 2*time.Hour {
		return fmt.Sprintf("%s%d min", sign, int(m.Minutes()))
	}
	return fmt.Sprintf("%s%.1f h", sign, m.Hours())
}

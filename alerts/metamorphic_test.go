package alerts_test

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"quantrac/alerts"
	"quantrac/ingest"
)

// teller keeps the alerts as they were last told, which is what a journal does.
type teller map[string]alerts.Alert

func (told teller) hear(t *testing.T, events []alerts.Event) {
	t.Helper()
	for _, ev := range events {
		was, known := told[ev.Alert.ID]
		if known = known && was.State != alerts.Withdrawn; known == (ev.Type == alerts.Opened) {
			t.Fatalf("%s of an alert that is known: %v\n%+v", ev.Type, known, ev.Alert)
		}
		ev.Alert.Revision = max(ev.Alert.Revision, was.Revision+1) // an alert that was withdrawn may turn out to have been
		told[ev.Alert.ID] = ev.Alert
	}
}

func (told teller) at(station string) []alerts.Alert {
	var out []alerts.Alert
	for _, a := range told {
		if a.Station.ID == station {
			out = append(out, a)
		}
	}
	slices.SortFunc(out, func(a, b alerts.Alert) int { return cmp.Or(a.OpenedAt.Compare(b.OpenedAt), cmp.Compare(a.ID, b.ID)) })
	return out
}

// intervals are what must not depend on the order of arrival.
func (told teller) intervals() string {
	var lines []string
	for _, a := range told {
		if a.State == alerts.Withdrawn {
			continue
		}
		end := "open"
		if a.ResolvedAt != nil {
			end = a.ResolvedAt.Format(time.RFC3339)
		}
		lines = append(lines, fmt.Sprintf("%s %s %s %s..%s %s", a.Station.ID, a.Rule, a.Parameter, a.OpenedAt.Format(time.RFC3339), end, a.PeakSeverity))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

const metamorphicRules = `rules:
- {id: over, parameters: [cod, tss], levels: {warning: 0.7, critical: 1, emergency: 3}, for: 10m, immediate: 1.5, keep_open: 15m}
- {id: slow, parameters: [cod], levels: {info: 0.6, critical: 1}, for: 1h, keep_open: 40m, clear: 0.8}
- {id: band, parameters: [ph], levels: {warning: 0.9, critical: 1}, for: 5m, keep_open: 5m}
- {id: flow, parameters: [flow_out], levels: {warning: {above: 90}, critical: {above: 150}}, keep_open: 0s}
- {id: hour, on: mean_1h, min_share: 0.5, parameters: [cod, tss], levels: {warning: 0.7, critical: 1}, keep_open: 15m}
- {id: day, on: mean_24h, min_share: 0.3, parameters: [cod], levels: {warning: 0.8, critical: 0.9}, keep_open: 1h}
- {id: quick, on: rate, parameters: [tss], levels: {warning: {above: 10}, critical: {above: 60}}}
- {id: device, on: status, after: 10m, times: 8, severity: info}
- {id: blind, on: unusable, after: 10m, severity: info}
- {id: load, on: load, window: 2h, min_share: 0.3, parameters: [cod], levels: {warning: {above: 100}, critical: {above: 150}}}
- {id: rule, on: expression, when: "cod > 60 && flow_out > 80 && ratio('tss') > 0.5", severity: warning, for: 5m}
- {id: soon, on: forecast, parameters: [tss], window: 3h, horizon: 2h, levels: {warning: 0.9}}
- {id: stuck, on: flatline, records: 2, severity: info}
`

func rulesOf(t *testing.T, text string) *alerts.Rules {
	t.Helper()
	var file alerts.RulesFile
	if err := yaml.Unmarshal([]byte(text), &file); err != nil {
		t.Fatal(err)
	}
	rules, problems := alerts.CheckRules(file, nil, ingest.BuiltinCatalogue())
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return rules
}

// shuffled delivers a story out of order: most readings a little, some hours, an outage by days; some twice.
func shuffled(rng *rand.Rand, story []ingest.Reading) []ingest.Reading {
	out := make([]ingest.Reading, 0, len(story))
	outage := story[rng.IntN(len(story))].MeasuredAt
	for _, r := range story {
		delay := time.Second
		switch {
		case rng.IntN(10) < 3:
			delay = time.Duration(rng.IntN(40)) * time.Minute
		case rng.IntN(200) == 0:
			delay = time.Duration(rng.IntN(40)) * time.Hour
		}
		if d := r.MeasuredAt.Sub(outage); d > 0 && d < 20*time.Hour {
			delay += 20*time.Hour - d + time.Duration(rng.IntN(60))*time.Minute
		}
		r.ReceivedAt = r.MeasuredAt.Add(delay)
		out = append(out, r)
		if rng.IntN(30) == 0 {
			r.ReceivedAt = r.ReceivedAt.Add(time.Duration(rng.IntN(100)) * time.Hour)
			out = append(out, r)
		}
	}
	slices.SortStableFunc(out, func(a, b ingest.Reading) int { return a.ReceivedAt.Compare(b.ReceivedAt) })
	return out
}

// Any order of arrival, any restarts and any duplicates give the same alerts in the end as delivery in the order of time.
func TestAnyOrderGivesTheSameAlerts(t *testing.T) {
	rng := randomSeed(t)
	reg, rules := world(t, 2), rulesOf(t, metamorphicRules)
	total, needs := 0, 0
	for range 6 {
		story := withoutDoubles(walk(rng, 2, 500, false))
		inOrder := newEngine(t, reg, rules)
		want := teller{}
		want.hear(t, inOrder.Step(readings(story...)))
		total += len(want)

		e, told := newEngine(t, reg, rules), teller{}
		var delivered []ingest.Reading
		now := midnight
		for rest := shuffled(rng, story); len(rest) > 0; {
			n := min(len(rest), 1+rng.IntN(16))
			told.hear(t, e.Step(readings(rest[:n]...)))
			delivered, now, rest = append(delivered, rest[:n]...), rest[n-1].ReceivedAt, rest[n:]
			if rng.IntN(40) == 0 {
				e = restarted(t, e, reg.Stations()[0].ID, reg.Stations()[1].ID, rules)
			}
			if rng.IntN(30) == 0 {
				needs += answer(t, e, told, delivered, now)
			}
		}
		needs += answer(t, e, told, delivered, now)
		if n := len(e.Needs()); n > 0 {
			t.Fatalf("%d needs stand although they were answered", n)
		}
		if a, b := want.intervals(), told.intervals(); a != b {
			t.Fatalf("in order:\n%s\n\nout of order:\n%s", difference(a, b), difference(b, a))
		}
		if a, b := openAlerts(inOrder), openAlerts(e); a != b {
			t.Fatalf("open in order:\n%s\nout of order:\n%s", a, b)
		}
	}
	if total < 100 || needs < 6 {
		t.Fatalf("only %d alerts and %d needs: the stories prove little", total, needs)
	}
}

func withoutDoubles(story []ingest.Reading) []ingest.Reading {
	type key struct {
		station, parameter string
		at                 int64
	}
	seen := map[key]bool{}
	return slices.DeleteFunc(story, func(r ingest.Reading) bool {
		k := key{r.Station, r.Parameter, r.MeasuredAt.UnixNano()}
		twice := seen[k]
		seen[k] = true
		return twice
	})
}

func restarted(t *testing.T, e *alerts.Engine, one, two string, rules *alerts.Rules) *alerts.Engine {
	t.Helper()
	next := newEngine(t, world(t, 2), rules)
	for _, id := range []string{one, two} {
		if err := next.Restore(id, e.Snapshot(id)); err != nil {
			t.Fatal(err)
		}
	}
	return next
}

// answer gives the engine the history that it asks for: what was delivered, the first value of an instant.
func answer(t *testing.T, e *alerts.Engine, told teller, delivered []ingest.Reading, now time.Time) int {
	t.Helper()
	needs := e.Needs()
	for _, n := range needs {
		start, open := n.Reach(told.at(n.Station))
		h := &alerts.History{Station: n.Station, Alerts: open}
		for _, r := range delivered {
			if r.Station == n.Station && !r.MeasuredAt.Before(start) {
				h.Readings = append(h.Readings, r)
			}
		}
		told.hear(t, e.Step(alerts.Input{Kind: alerts.HistoryIn, At: now, History: h}))
	}
	return len(needs)
}

func openAlerts(e *alerts.Engine) string {
	told := teller{}
	for _, a := range e.Open() {
		told[a.ID] = a
	}
	return told.intervals()
}

// difference lists the lines of a that b lacks.
func difference(a, b string) string {
	var out []string
	for line := range strings.SplitSeq(a, "\n") {
		if !strings.Contains(b, line) {
			out = append(out, line)
		}
	}
	return strings.Join(out, "\n")
}

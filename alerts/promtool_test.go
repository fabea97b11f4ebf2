package alerts_test

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"quantrac/alerts"
	"quantrac/ingest"
)

// The engine is compared with Prometheus' own rule engine (promtool test rules, 2.42 or later for keep_firing_for), state by
// state and sample by sample, where both mean the same:
//
//   - a threshold of one level, on: value, absolute or a multiple of the limit, any `for` and `keep_open` (keep_firing_for);
//   - clear: 1 and no immediate, since Prometheus has neither hysteresis nor a way around `for`;
//   - one usable reading in every cycle, in order, with the evaluation interval of Prometheus equal to the cycle: Prometheus lets an
//     alert end when its series ends, and here no data never ends an alert; a gap of three cycles restarts `for` only here;
//   - values of one decimal, since a tape keeps seven digits.
//
// Prometheus tells pending alerts and the engine does not: pending is where the same rule without waiting times is open and the
// rule itself is not.

// plainRule is a rule of that subset in both languages.
type plainRule struct {
	rule alerts.Rule
	expr string
}

const (
	promCycle = 5 * time.Minute
	promSteps = 240
)

func plainRules(rng *rand.Rand) []plainRule {
	waits := []time.Duration{0, 5 * time.Minute, 7 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute, time.Hour}
	num := func(x float64) *float64 { return &x }
	forms := []struct {
		parameter, expr string
		level           alerts.Level
	}{
		{"cod", "cod >= 60", alerts.Level{Above: num(60)}},
		{"cod", "cod / 67.5 >= 0.7", alerts.Level{Multiple: 0.7}},
		{"cod", "cod / 67.5 >= 1", alerts.Level{Multiple: 1}},
		{"tss", "tss <= 20", alerts.Level{Below: num(20)}},
		{"ph", "ph >= 8.5 or ph <= 6.5", alerts.Level{Above: num(8.5), Below: num(6.5)}},
	}
	var out []plainRule
	for i, form := range forms {
		for k := range 4 {
			keep := alerts.Duration(waits[rng.IntN(len(waits))])
			r := alerts.Rule{
				ID: fmt.Sprintf("rule-%d-%d", i, k), Parameters: []string{form.parameter}, On: alerts.OnValue,
				Levels: map[string]alerts.Level{"warning": form.level}, For: alerts.Duration(waits[rng.IntN(len(waits))]), Clear: num(1), KeepOpen: &keep,
			}
			out = append(out, plainRule{r, form.expr})
		}
	}
	return out
}

// plainSeries are values that wander across their thresholds, by parameter.
func plainSeries(rng *rand.Rand) map[string][]float64 {
	round := func(x float64) float64 { return math.Round(x*10) / 10 }
	out := map[string][]float64{}
	for parameter, centre := range map[string]float64{"cod": 58, "tss": 21, "ph": 7.5} {
		x := 0.0
		for range promSteps {
			x += rng.NormFloat64()*0.09 - x*0.12
			if rng.IntN(30) == 0 {
				x = -x
			}
			out[parameter] = append(out[parameter], round(centre*(1+x)))
		}
	}
	return out
}

// engineStates are the states of every rule at one station after each sample, by "rule/station", in the words of ALERTS of
// Prometheus: "", "pending" or "firing".
func engineStates(t *testing.T, rules []plainRule, station string, series map[string][]float64) map[string][]string {
	t.Helper()
	var file alerts.RulesFile
	for _, r := range rules {
		twin := r.rule
		twin.ID, twin.For, twin.KeepOpen = "twin-"+r.rule.ID, 0, new(alerts.Duration)
		file.Rules = append(file.Rules, r.rule, twin)
	}
	set, problems := alerts.CheckRules(file, nil, nil)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	engine := newEngine(t, world(t, 1), set)
	states := map[string][]string{}
	for i := range promSteps {
		var now []ingest.Reading
		for _, parameter := range []string{"cod", "tss", "ph"} {
			now = append(now, reading("s0", parameter, midnight.Add(time.Duration(i)*promCycle), series[parameter][i]))
		}
		engine.Step(readings(now...))
		open := map[string]bool{}
		for _, a := range engine.OpenAt("s0") {
			open[a.Rule] = true
		}
		for _, r := range rules {
			key, state := r.rule.ID+"/"+station, ""
			switch {
			case open[r.rule.ID]:
				state = "firing"
			case open["twin-"+r.rule.ID]:
				state = "pending"
			}
			states[key] = append(states[key], state)
		}
	}
	return states
}

func TestEngineAgreesWithPrometheus(t *testing.T) {
	promtool := findPromtool(t)
	rng := randomSeed(t)
	rules := plainRules(rng)
	series, states := map[string]map[string][]float64{}, map[string][]string{}
	for i := range 8 {
		station := fmt.Sprintf("s%d", i)
		series[station] = plainSeries(rng)
		for key, s := range engineStates(t, rules, station, series[station]) {
			states[key] = s
		}
	}
	counts := map[string]int{}
	for _, s := range states {
		for _, state := range s {
			counts[state]++
		}
	}
	t.Logf("%d samples of %d rules at %d stations: %d quiet, %d pending, %d firing", len(states)*promSteps, len(rules), len(series), counts[""], counts["pending"], counts["firing"])
	if counts[""] < 1000 || counts["pending"] < 500 || counts["firing"] < 1000 {
		t.Fatal("the series hardly reach their thresholds: the test would prove nothing")
	}
	if out, err := askPrometheus(t, promtool, rules, series, states); err != nil {
		t.Errorf("Prometheus judges otherwise: %v\n%s", err, out)
	}

	// One state changed, and Prometheus must say so: the comparison itself is tested.
	one := rules[0]
	s := states[one.rule.ID+"/s0"]
	s[promSteps/2] = map[string]string{"": "firing", "pending": "", "firing": "pending"}[s[promSteps/2]]
	if _, err := askPrometheus(t, promtool, []plainRule{one}, series, states); err == nil {
		t.Errorf("%s: promtool does not notice a wrong state", one.rule.ID)
	}
}

// findPromtool takes QUANTRAC_PROMTOOL or what PATH has. Without either the test is skipped, unless QUANTRAC_NEED_PROMTOOL is set.
func findPromtool(t *testing.T) string {
	t.Helper()
	name := os.Getenv("QUANTRAC_PROMTOOL")
	if name == "" {
		name = "promtool"
	}
	path, err := exec.LookPath(name)
	switch {
	case err == nil:
	case os.Getenv("QUANTRAC_NEED_PROMTOOL") != "":
		t.Fatal(err)
	default:
		t.Skip("no promtool (Debian: prometheus): ", err)
	}
	return path
}

// askPrometheus lets Prometheus judge the series and compares every sample of ALERTS with states, by "rule/station".
func askPrometheus(t *testing.T, promtool string, rules []plainRule, series map[string]map[string][]float64, states map[string][]string) ([]byte, error) {
	t.Helper()
	dir := t.TempDir()
	write := func(name string, text []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("rules.yaml", promRules(rules))
	write("test.yaml", promTest(rules, series, states))
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, promtool, "test", "rules", "test.yaml")
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	return out[:min(len(out), 4000)], err
}

func promRules(rules []plainRule) []byte {
	var b bytes.Buffer
	b.WriteString("groups:\n- name: plain\n  rules:\n")
	for _, r := range rules {
		fmt.Fprintf(&b, "  - alert: %s\n    expr: %s\n    for: %s\n", r.rule.ID, r.expr, promDuration(r.rule.For))
		if *r.rule.KeepOpen > 0 {
			fmt.Fprintf(&b, "    keep_firing_for: %s\n", promDuration(*r.rule.KeepOpen))
		}
	}
	return b.Bytes()
}

func promTest(rules []plainRule, series map[string]map[string][]float64, states map[string][]string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "rule_files: [rules.yaml]\nevaluation_interval: %s\ntests:\n- interval: %[1]s\n  input_series:\n", promDuration(alerts.Duration(promCycle)))
	for station, parameters := range series {
		for parameter, values := range parameters {
			fmt.Fprintf(&b, "  - series: '%s{station=\"%s\"}'\n    values: '%s'\n", parameter, station, strings.Trim(fmt.Sprint(values), "[]"))
		}
	}
	b.WriteString("  promql_expr_test:\n")
	for i := range promSteps {
		fmt.Fprintf(&b, "  - expr: ALERTS\n    eval_time: %s\n    exp_samples:\n", promDuration(alerts.Duration(time.Duration(i)*promCycle)))
		for _, r := range rules {
			for station := range series {
				if state := states[r.rule.ID+"/"+station][i]; state != "" {
					fmt.Fprintf(&b, "    - {labels: 'ALERTS{alertname=\"%s\",alertstate=\"%s\",station=\"%s\"}', value: 1}\n", r.rule.ID, state, station)
				}
			}
		}
	}
	return b.Bytes()
}

// promDuration writes minutes, which both sides read.
func promDuration(d alerts.Duration) string {
	return fmt.Sprintf("%dm", int(time.Duration(d).Minutes()))
}

package alerts_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"quantrac/alerts"
	"quantrac/geo"
	"quantrac/ingest"
)

func parseRules(t *testing.T, text string) (alerts.RulesFile, error) {
	t.Helper()
	dec := yaml.NewDecoder(strings.NewReader(text))
	dec.KnownFields(true)
	var f alerts.RulesFile
	err := dec.Decode(&f)
	return f, err
}

// ofValues are the rules that judge single values.
func ofValues(rules *alerts.Rules) []alerts.Rule {
	return slices.DeleteFunc(slices.Clone(rules.List()), func(r alerts.Rule) bool { return r.On != alerts.OnValue })
}

func TestBuiltinRules(t *testing.T) {
	list := ofValues(alerts.BuiltinRules())
	want := map[string]map[string]float64{
		"temp-over-limit": {"warning": 0.95, "critical": 1},
		"ph-out-of-band":  {"warning": 0.9, "critical": 1},
		"over-limit":      {"warning": 0.7, "critical": 1, "emergency": 3},
	}
	if len(list) != len(want) {
		t.Fatalf("%d rules", len(list))
	}
	for _, r := range list {
		levels := want[r.ID]
		if len(levels) != len(r.Levels) || r.For != alerts.Duration(10*time.Minute) || *r.Immediate != 1.5 || *r.Clear != 0.95 {
			t.Errorf("%+v", r)
		}
		for name, multiple := range levels {
			if r.Levels[name].Multiple != multiple {
				t.Errorf("%s %s is %g, want %g", r.ID, name, r.Levels[name].Multiple, multiple)
			}
		}
		if r.Name.VI == "" || r.Name.EN == "" || r.Name.VI == r.ID {
			t.Errorf("%s has no name: %+v", r.ID, r.Name)
		}
	}
	if _, problems := alerts.CheckRules(alerts.RulesFile{Rules: alerts.BuiltinRules().List()}, nil, ingest.BuiltinCatalogue()); len(problems) > 0 {
		t.Errorf("the built-in rules do not fit the built-in catalogue: %v", problems)
	}
}

// The map must not show another line than the one that opens an alert.
func TestStatesAgreeWithRules(t *testing.T) {
	states := alerts.BuiltinStates()
	for _, r := range ofValues(alerts.BuiltinRules()) {
		parameter := "cod"
		if len(r.Parameters) > 0 {
			parameter = r.Parameters[0]
		}
		for _, s := range states {
			if len(s.Parameters) > 0 && s.Parameters[0] != parameter {
				continue
			}
			if *s.Preparing != r.Levels["warning"].Multiple || *s.Exceed != r.Levels["critical"].Multiple {
				t.Errorf("%s: preparing %g, exceed %g, but the rule has %v", parameter, *s.Preparing, *s.Exceed, r.Levels)
			}
			break
		}
	}
}

func TestRuleLanguage(t *testing.T) {
	f, err := parseRules(t, `
rules:
  - id: cod-over-limit
    name: {vi: "COD vượt quy chuẩn", en: "COD above limit"}
    parameters: [cod]
    on: value
    levels: {info: 0.5, warning: 0.7, critical: 1.0, emergency: 3.0}
    for: 10m
    immediate: 1.5
    clear: 0.9
    keep_open: 20m
  - {id: deep, parameters: [do], levels: {warning: {below: 4}, critical: {below: 2}}}
  - {id: band, parameters: [temp], levels: {critical: {above: 40, below: 10}}, keep_open: 0s}
`)
	if err != nil {
		t.Fatal(err)
	}
	rules, problems := alerts.CheckRules(f, nil, ingest.BuiltinCatalogue())
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	list := rules.List()
	if r := list[0]; r.For != alerts.Duration(10*time.Minute) || *r.Clear != 0.9 || *r.KeepOpen != alerts.Duration(20*time.Minute) {
		t.Errorf("%+v", r)
	}
	if r := list[1]; r.On != "value" || r.For != 0 || r.Immediate != nil || *r.Clear != 0.95 || *r.KeepOpen != alerts.Duration(15*time.Minute) || r.Name.EN != "deep" {
		t.Errorf("defaults: %+v", r)
	}
	if r := list[2]; *r.KeepOpen != 0 || *r.Levels["critical"].Above != 40 || *r.Levels["critical"].Below != 10 {
		t.Errorf("%+v", r)
	}
	for name, encode := range map[string]func(any) ([]byte, error){"yaml": yaml.Marshal, "json": json.Marshal} {
		b, err := encode(alerts.RulesFile{Rules: list})
		if err != nil {
			t.Fatal(name, err)
		}
		// JSON is YAML too, so one reader takes both.
		back, err := parseRules(t, string(b))
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, b)
		}
		again, err := json.Marshal(back)
		if err != nil {
			t.Fatal(err)
		}
		if first, _ := json.Marshal(alerts.RulesFile{Rules: list}); string(first) != string(again) {
			t.Errorf("%s round trip:\n%s\n%s", name, first, again)
		}
		var viaJSON alerts.RulesFile
		if err := json.Unmarshal(again, &viaJSON); err != nil || *viaJSON.Rules[1].Levels["critical"].Below != 2 {
			t.Errorf("json: %v %+v", err, viaJSON)
		}
	}
}

func TestScaled(t *testing.T) {
	rules := alerts.BuiltinRules()
	for _, r := range ofValues(rules.Scaled(1.0 / 60)) {
		if r.For != alerts.Duration(10*time.Second) || *r.KeepOpen != alerts.Duration(15*time.Second) {
			t.Errorf("%s: for %s, keep_open %s", r.ID, r.For, r.KeepOpen)
		}
	}
	if r := rules.List()[0]; r.For.String() != "10m" || r.KeepOpen.String() != "15m" {
		t.Errorf("scaling changed the original: %s %s", r.For, r.KeepOpen)
	}
}

// The engine judges by the scaled windows.
func TestScaledWindows(t *testing.T) {
	reg := world(t, 1).WithCycle(5 * time.Second)
	e := newEngine(t, reg, alerts.BuiltinRules().Scaled(1.0/60))
	for i := range 3 {
		events := e.Step(readings(reading("s0", "cod", midnight.Add(time.Duration(i)*5*time.Second), 70)))
		if want := i == 2; (len(events) == 1) != want {
			t.Errorf("reading %d made %d events", i, len(events))
		}
	}
}

func TestBadRules(t *testing.T) {
	f, err := parseRules(t, `
rules:
  - {id: Bad Id, levels: {critical: 1}}
  - {id: a, levels: {}}
  - {id: a, levels: {warning: 0.7, critical: 0.7, terrible: 2}}
  - {id: b, levels: {warning: -1, critical: {above: 4}}, clear: 1.5, keep_open: -1m, for: -1s, immediate: 0.1}
  - {id: c, levels: {warning: {above: 5}, critical: {above: 4}}}
  - {id: d, levels: {warning: {below: 4}, critical: {below: 5}}}
  - {id: e, levels: {critical: {above: 4, below: 5}}}
  - {id: f, on: rate, levels: {critical: 1}}
  - {id: g, on: mean_1h, min_share: 2, levels: {critical: 1}}
  - {id: h, on: feeling, levels: {critical: 1}}
  - {id: i, levels: {critical: 1}, after: 5m, severity: warning, when: "cod > 1"}
  - {id: j, levels: {critical: 1}, parameters: [cod, gold], except: [silver], stations: [s0, nowhere], parks: [amata, eden], kinds: [effluent, pond]}
  - {id: k, levels: {critical: {above: 0}, emergency: {above: .inf}}}
`)
	if err != nil {
		t.Fatal(err)
	}
	_, problems := alerts.CheckRules(f, world(t, 1), ingest.BuiltinCatalogue())
	wantPaths(t, problems, "rules[0].id", "rules[1].levels", "rules[2].id", "rules[2].levels.terrible", "rules[2].levels.critical",
		"rules[3].levels.warning", "rules[3].levels.critical", "rules[3].for", "rules[3].clear", "rules[3].keep_open", "rules[3].immediate",
		"rules[4].levels.critical", "rules[5].levels.critical", "rules[6].levels.critical", "rules[7].levels.critical", "rules[8].min_share", "rules[9].on",
		"rules[10].after", "rules[10].when", "rules[10].severity", "rules[11].parameters[1]", "rules[11].except[0]",
		"rules[11].kinds[1]", "rules[11].stations[1]", "rules[11].parks[1]", "rules[12].levels.critical.above", "rules[12].levels.emergency.above")
}

// Every kind refuses what it does not take, and says what is wrong with a condition.
func TestBadKinds(t *testing.T) {
	f, err := parseRules(t, `
rules:
  - {id: a, on: expression}
  - {id: b, on: expression, when: "cod +"}
  - {id: c, on: expression, when: "gold > 1"}
  - {id: d, on: expression, when: "cod"}
  - {id: e, on: expression, when: "mean('cod', 'week') > 1"}
  - {id: f, on: expression, when: "limit('gold') > 1"}
  - {id: g, on: expression, when: "cod > 1", parameters: [cod]}
  - {id: h, on: flatline, records: 1, levels: {info: 1}}
  - {id: i, on: status, statuses: [tired], severity: awful}
  - {id: j, on: silence, for: 5m, after: 100h}
  - {id: k, on: forecast, horizon: 100h, levels: {warning: 1}}
  - {id: l, on: mean_1h, window: 2h, levels: {warning: 1}}
  - {id: m, on: anomaly, days: 30, levels: {warning: {above: 4}}}
`)
	if err != nil {
		t.Fatal(err)
	}
	_, problems := alerts.CheckRules(f, world(t, 1), ingest.BuiltinCatalogue())
	wantPaths(t, problems, "rules[0].when", "rules[1].when", "rules[2].when", "rules[3].when", "rules[4].when", "rules[5].when",
		"rules[6].parameters", "rules[7].levels", "rules[7].records", "rules[8].statuses[0]", "rules[8].severity", "rules[9].for",
		"rules[9].after", "rules[10].horizon", "rules[11].window", "rules[12].days")
}

// Faults of form are collected by the decoder, each with its line.
func TestBadRuleForms(t *testing.T) {
	_, err := parseRules(t, `rules:
  - {id: a, levels: {critical: high}}
  - {id: b, levels: {critical: [1]}}
  - {id: c, levels: {critical: {over: 5}}}
  - {id: d, levels: {critical: {above: much}}}
  - {id: e, levels: {critical: 1}, for: soon}
  - {id: f, levels: {critical: {}}}
  - {id: g, levles: {critical: 1}}
`)
	var form *yaml.TypeError
	if !errors.As(err, &form) {
		t.Fatalf("%v", err)
	}
	if len(form.Errors) != 7 {
		t.Errorf("%d faults: %v", len(form.Errors), form.Errors)
	}
	for i, line := range form.Errors {
		if !strings.Contains(line, "line "+string(rune('2'+i))) {
			t.Errorf("fault %d: %s", i, line)
		}
	}
	var l alerts.Level
	for _, text := range []string{`"x"`, `{"over": 1}`, `[1]`} {
		if err := json.Unmarshal([]byte(text), &l); err == nil {
			t.Errorf("read %s", text)
		}
	}
}

func TestSelectsByKind(t *testing.T) {
	rules, problems := alerts.CheckRules(alerts.RulesFile{Rules: []alerts.Rule{{
		ID: "r", Kinds: []geo.Kind{geo.Stack}, Levels: map[string]alerts.Level{"critical": {Multiple: 1}},
	}}}, nil, nil)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if events := newEngine(t, world(t, 1), rules).Step(readings(reading("s0", "cod", midnight, 300))); len(events) != 0 {
		t.Errorf("an effluent station is judged by a rule for stacks: %+v", events)
	}
}

package alerts_test

import (
	"encoding/json"
	"testing"

	"go.yaml.in/yaml/v3"

	"quantrac/alerts"
)

// What CheckRules accepts can be judged by, scaled, and written out and read again to the same rules.
func FuzzRules(f *testing.F) {
	for _, seed := range []string{
		`rules: [{id: a, levels: {info: 0.5, critical: 1}, for: 10m, immediate: 1.5, clear: 0.9, keep_open: 5m}]`,
		`rules: [{id: a, levels: {info: {above: 5, below: 1}}, parameters: [cod], except: [ph]}]`,
		`rules: [{id: s, on: silence, after: 15m, severity: warning}]`,
		`{"rules": [{"id": "a", "name": {"vi": "x"}, "levels": {"warning": 1e300}, "for": "1ns"}]}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var file alerts.RulesFile
		if yaml.Unmarshal(data, &file) != nil {
			return
		}
		rules, problems := alerts.CheckRules(file, nil, nil)
		if len(problems) > 0 {
			return
		}
		e := newEngine(t, world(t, 1), rules.Scaled(0.1))
		e.Step(readings(reading("s0", "cod", minutes(0), 300), reading("s0", "cod", minutes(5), 1), reading("s0", "ph", minutes(5), -1)))
		e.Snapshot("s0")
		first, err := json.Marshal(rules.List())
		if err != nil {
			t.Fatal(err)
		}
		var back []alerts.Rule
		if err := json.Unmarshal(first, &back); err != nil {
			t.Fatalf("%v: %s", err, first)
		}
		if _, problems := alerts.CheckRules(alerts.RulesFile{Rules: back}, nil, nil); len(problems) > 0 {
			t.Fatalf("refused what it wrote: %v\n%s", problems, first)
		}
	})
}

// A damaged snapshot is an error or a state; it never breaks the engine.
func FuzzRestore(f *testing.F) {
	f.Add([]byte(`{"v":1,"series":[{"p":"cod","newest":5,"rules":[{"rule":"over-limit","active":3,"marks":[null],"peak":[1,1]}]}]}`))
	f.Add([]byte(`{"v":1,"orphans":[{"rule":"gone","p":"cod","open":{"id":"x","rev":1,"sev":"critical","peak_sev":"critical"}}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		e := newEngine(t, world(t, 1), alerts.BuiltinRules())
		e.Step(readings(reading("s0", "cod", minutes(0), 300)))
		if e.Restore("s0", data) != nil {
			return
		}
		for i := range 10 {
			e.Step(readings(reading("s0", "cod", minutes(float64(5*i)), float64(300*(i%2)))))
		}
		e.Step(alerts.Input{Kind: alerts.Configured, At: minutes(60)})
		e.Open()
		if again := e.Snapshot("s0"); e.Restore("s0", again) != nil {
			t.Fatalf("cannot read its own snapshot %s", again)
		}
	})
}

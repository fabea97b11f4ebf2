package alerts_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"quantrac/alerts"
	"quantrac/geo"
	"quantrac/ingest"
)

// told plays a story of readings that stop now and then, with the time told every 20 s, and takes the engine over to a new one with
// the given chance after each step.
func told(t *testing.T, seed uint64, chance float64) string {
	t.Helper()
	reg, problems := geo.NewRegistry(geo.File{Stations: []geo.Station{{
		ID: "s", Name: geo.Text{VI: "Trạm"}, Kind: geo.Effluent, Location: geo.Point{106.9, 10.9}, Parameters: []string{"cod", "ph"},
		Limits: []geo.Assignment{{Set: "qcvn40-2011", Column: "A", Kq: 0.9, Kf: 1}},
	}}})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	fresh := func() *alerts.Engine {
		return alerts.NewEngine(alerts.EngineConfig{
			Rules: alerts.BuiltinRules(), Limits: alerts.BuiltinLimits(), Registry: reg, Catalogue: ingest.BuiltinCatalogue(),
		})
	}
	engine := fresh()
	story, changes := rand.New(rand.NewPCG(seed, 1)), rand.New(rand.NewPCG(seed, 2))
	var out strings.Builder
	step := func(in alerts.Input) {
		for _, ev := range engine.Step(in) {
			b, err := json.Marshal(ev)
			if err != nil {
				t.Fatal(err)
			}
			out.Write(append(b, '\n'))
		}
		if changes.Float64() < chance {
			next := fresh()
			if err := next.TakeOver(engine); err != nil {
				t.Fatal(err)
			}
			if next.Stats() != engine.Stats() || len(next.Dirty()) != 1 {
				t.Errorf("stats %+v, were %+v", next.Stats(), engine.Stats())
			}
			engine = next
		}
	}
	ratio := 0.9
	for cycle, until := 0, 0; cycle < 400; cycle++ {
		at := midnight.Add(time.Duration(cycle) * 5 * time.Minute)
		for i := range 15 {
			step(alerts.Input{Kind: alerts.TickIn, At: at.Add(time.Duration(i-14) * 20 * time.Second)})
		}
		if story.IntN(60) == 0 {
			until = cycle + story.IntN(9)
		}
		if ratio = max(0.3, ratio+story.NormFloat64()*0.1); ratio > 1.3 {
			ratio = 0.8
		}
		if cycle < until {
			continue
		}
		step(alerts.Input{Kind: alerts.ReadingsIn, Readings: []ingest.Reading{
			{Station: "s", Parameter: "cod", Value: 67.5 * ratio, Usable: true, MeasuredAt: at, ReceivedAt: at},
			{Station: "s", Parameter: "ph", Value: 7 + ratio, Usable: true, MeasuredAt: at, ReceivedAt: at},
		}})
	}
	return out.String()
}

// Nobody can tell that an engine took over from another of the same rules: neither by what its rules say nor by its silences.
func TestTakingOverChangesNothing(t *testing.T) {
	silences := 0
	for seed := range uint64(6) {
		want := told(t, seed, 0)
		silences += strings.Count(want, `"basis":"silence"`)
		if got := told(t, seed, 0.02); got != want {
			a, b := strings.Split(got, "\n"), strings.Split(want, "\n")
			for i := range min(len(a), len(b)) {
				if a[i] != b[i] {
					t.Fatalf("seed %d, event %d\n got %s\nwant %s", seed, i, a[i], b[i])
				}
			}
			t.Fatalf("seed %d: %d events, want %d", seed, len(a), len(b))
		}
	}
	if silences < 4 {
		t.Errorf("only %d events of silence: the stories prove nothing", silences)
	}
}

func TestTakingOverKeepsWhatNobodyJudges(t *testing.T) {
	reg, _ := geo.NewRegistry(geo.File{Stations: []geo.Station{{
		ID: "s", Name: geo.Text{VI: "Trạm"}, Kind: geo.Effluent, Location: geo.Point{106.9, 10.9}, Parameters: []string{"cod"},
	}}})
	above := 50.0
	engine := func(ids ...string) *alerts.Engine {
		var f alerts.RulesFile
		for _, id := range ids {
			f.Rules = append(f.Rules, alerts.Rule{ID: id, Levels: map[string]alerts.Level{"critical": {Above: &above}}})
		}
		set, problems := alerts.CheckRules(f, nil, nil)
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		return alerts.NewEngine(alerts.EngineConfig{Rules: set, Limits: alerts.BuiltinLimits(), Registry: reg, Catalogue: ingest.BuiltinCatalogue()})
	}
	old := engine("a", "b")
	old.Step(alerts.Input{Kind: alerts.ReadingsIn, Readings: []ingest.Reading{{Station: "s", Parameter: "cod", Value: 60, Usable: true, MeasuredAt: midnight, ReceivedAt: midnight}}})
	next := engine("b", "c")
	if err := next.TakeOver(old); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, ev := range next.Step(alerts.Input{Kind: alerts.Configured, At: midnight.Add(time.Hour)}) {
		got = append(got, fmt.Sprint(ev.Type, " ", ev.Alert.Rule, " ", ev.Alert.Cause))
	}
	if strings.Join(got, ",") != "alert.resolved a rule_removed" {
		t.Errorf("got %q", got)
	}
	if open := next.Open(); len(open) != 1 || open[0].Rule != "b" || open[0].Revision != 1 {
		t.Errorf("%+v", open)
	}
}

// BenchmarkTakeOver replaces the engine of 1,000 stations with 8 parameters and a day of windows: nothing is judged meanwhile.
func BenchmarkTakeOver(b *testing.B) {
	parameters := []string{"flow_in", "flow_out", "ph", "temp", "cod", "tss", "nh4_n", "tn"}
	var file geo.File
	for i := range 1000 {
		file.Stations = append(file.Stations, geo.Station{
			ID: fmt.Sprintf("s%d", i), Name: geo.Text{VI: "Trạm"}, Kind: geo.Effluent, Location: geo.Point{106.9, 10.9}, Parameters: parameters,
			Limits: []geo.Assignment{{Set: "qcvn40-2011", Column: "A", Kq: 0.9, Kf: 1}},
		})
	}
	reg, problems := geo.NewRegistry(file)
	if len(problems) > 0 {
		b.Fatal(problems)
	}
	cfg := alerts.EngineConfig{Rules: alerts.BuiltinRules(), Limits: alerts.BuiltinLimits(), Registry: reg, Catalogue: ingest.BuiltinCatalogue()}
	old := alerts.NewEngine(cfg)
	for cycle := range 300 {
		at := midnight.Add(time.Duration(cycle) * 5 * time.Minute)
		for _, st := range reg.Stations() {
			var in []ingest.Reading
			for k, p := range parameters {
				in = append(in, ingest.Reading{Station: st.ID, Parameter: p, Value: 4 + float64(k+cycle%5), Usable: true, MeasuredAt: at, ReceivedAt: at})
			}
			old.Step(alerts.Input{Kind: alerts.ReadingsIn, Readings: in})
		}
	}
	for b.Loop() {
		if err := alerts.NewEngine(cfg).TakeOver(old); err != nil {
			b.Fatal(err)
		}
	}
}

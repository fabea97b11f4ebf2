package alerts_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"quantrac/alerts"
	"quantrac/geo"
	"quantrac/ingest"
)

var seed = flag.Uint64("seed", 0, "seed of the random tests; 0 takes one from the clock")

// world is one law, two parks and a few stations.
func world(t testing.TB, stations int) *geo.Registry {
	f := geo.File{Parks: []geo.Park{
		{ID: "amata", Name: geo.Text{VI: "KCN Amata", EN: "Amata"}, Location: geo.Point{106.87, 10.95}},
		{ID: "long-thanh", Name: geo.Text{VI: "KCN Long Thành"}, Location: geo.Point{106.95, 10.8}},
	}}
	for i := range stations {
		f.Stations = append(f.Stations, geo.Station{
			ID: fmt.Sprintf("s%d", i), Name: geo.Text{VI: "KCN Amata", EN: "Amata"}, Park: f.Parks[i%2].ID,
			Location: geo.Point{106.9, 10.9}, Cycle: 5 * time.Minute,
			Parameters: []string{"cod", "tss", "nh4_n", "ph", "temp", "tn", "flow_in", "flow_out"},
			Limits:     []geo.Assignment{{Set: "qcvn40-2011", Column: "A", Kq: 0.9, Kf: 1}},
		})
	}
	reg, problems := geo.NewRegistry(f)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return reg
}

func newEngine(t testing.TB, reg *geo.Registry, rules *alerts.Rules) *alerts.Engine {
	t.Helper()
	return alerts.NewEngine(alerts.EngineConfig{
		Rules: rules, Limits: alerts.BuiltinLimits(), Registry: reg, Catalogue: ingest.BuiltinCatalogue(), BaseURL: "http://q.example",
	})
}

func readings(rs ...ingest.Reading) alerts.Input {
	return alerts.Input{Kind: alerts.ReadingsIn, Readings: rs}
}

func reading(station, parameter string, at time.Time, value float64) ingest.Reading {
	return ingest.Reading{
		Station: station, Parameter: parameter, Value: value, Usable: true, MeasuredAt: at, ReceivedAt: at.Add(2 * time.Second),
		Unit: map[string]string{"ph": "", "temp": "°C"}[parameter],
	}
}

// walk is a random story: values that wander around the limit, gaps, calibrations, doubles and late arrivals.
func walk(rng *rand.Rand, stations, steps int, late bool) []ingest.Reading {
	var out []ingest.Reading
	base := map[string]float64{"cod": 67.5, "ph": 9, "tss": 45, "flow_out": 100}
	ratio := map[string]float64{}
	at := midnight
	for range steps {
		at = at.Add(time.Duration(1+rng.IntN(2)) * 150 * time.Second)
		if rng.IntN(25) == 0 {
			at = at.Add(time.Duration(rng.IntN(60)) * time.Minute)
		}
		for i := range stations {
			for _, p := range []string{"cod", "ph", "tss", "flow_out"} {
				key := fmt.Sprint(i, p)
				ratio[key] = max(0.05, min(4, ratio[key]+rng.NormFloat64()*0.12+(0.85-ratio[key])*0.1))
				if rng.IntN(40) == 0 {
					ratio[key] = rng.Float64() * 4
				}
				r := reading(fmt.Sprintf("s%d", i), p, at, base[p]*ratio[key])
				switch rng.IntN(20) {
				case 0:
					r.Status, r.Usable = ingest.Calibrating, false
				case 1:
					if !late {
						break
					}
					r.MeasuredAt = at.Add(-time.Duration(rng.IntN(90)) * time.Minute)
				case 2:
					r.ReceivedAt = at.Add(2 * time.Hour)
				case 3:
					out = append(out, r)
				}
				out = append(out, r)
			}
		}
	}
	return out
}

func randomSeed(t *testing.T) *rand.Rand {
	s := *seed
	if s == 0 {
		s = uint64(time.Now().UnixNano())
	}
	t.Logf("seed %d; repeat with -args -seed=%d", s, s)
	return rand.New(rand.NewPCG(s, 1))
}

// However the readings are cut into steps and wherever the state goes through a snapshot, the events are the same bytes.
func TestCutsAndRestartsChangeNothing(t *testing.T) {
	rng := randomSeed(t)
	reg := world(t, 3)
	total := 0
	for range 10 {
		story := walk(rng, 3, 300, false)
		whole := newEngine(t, reg, alerts.BuiltinRules())
		want := whole.Step(readings(story...))
		total += len(want)

		cut := newEngine(t, reg, alerts.BuiltinRules())
		var got []alerts.Event
		saved := map[string][]byte{}
		for rest := story; len(rest) > 0; {
			n := min(len(rest), 1+rng.IntN(40))
			got = append(got, cut.Step(readings(rest[:n]...))...)
			rest = rest[n:]
			if rng.IntN(3) > 0 {
				continue
			}
			// As a server does it: only what is dirty is written, everything is read.
			for _, id := range cut.Dirty() {
				saved[id] = cut.Snapshot(id)
			}
			cut = newEngine(t, reg, alerts.BuiltinRules())
			for id, data := range saved {
				if err := cut.Restore(id, data); err != nil {
					t.Fatal(err)
				}
			}
		}
		if a, b := encode(t, want), encode(t, got); a != b {
			t.Fatalf("events differ:\nwhole %s\n cut  %s", a, b)
		}
		if a, b := encode(t, whole.Open()), encode(t, cut.Open()); a != b {
			t.Fatalf("open alerts differ:\nwhole %s\n cut  %s", a, b)
		}
	}
	if total < 100 {
		t.Fatalf("only %d events: the stories are too quiet to prove anything", total)
	}
}

func encode(t *testing.T, x any) string {
	t.Helper()
	b, err := json.Marshal(x)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// The oracle knows the whole past of a series and looks for the sentences of the contract in it.
func TestAgainstOracle(t *testing.T) {
	rng := randomSeed(t)
	const limit = 67.5
	reg := world(t, 1)
	changes := 0
	for range 40 {
		want := oracle{
			levels: []float64{0.7, 1, 3}, wait: time.Duration(rng.IntN(4)) * 5 * time.Minute, keep: time.Duration(rng.IntN(4)) * 5 * time.Minute,
			immediate: 1.5 + rng.Float64()*3, clear: 0.8 + 0.2*rng.Float64(), gap: 15 * time.Minute,
		}
		keep := alerts.Duration(want.keep)
		rules, problems := alerts.CheckRules(alerts.RulesFile{Rules: []alerts.Rule{{
			ID: "r", Parameters: []string{"cod"}, Levels: map[string]alerts.Level{"warning": {Multiple: 0.7}, "critical": {Multiple: 1}, "emergency": {Multiple: 3}},
			For: alerts.Duration(want.wait), KeepOpen: &keep, Clear: &want.clear, Immediate: &want.immediate,
		}}}, nil, nil)
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		e := newEngine(t, reg, rules)
		for _, r := range walk(rng, 1, 400, false) {
			if r.Parameter != "cod" {
				continue
			}
			events := e.Step(readings(r))
			before := want.active
			want.judge(r, r.Value/limit)
			changes += len(events)
			if (before != want.active) != (len(events) == 1) || len(events) > 1 {
				t.Fatalf("at %s ratio %.3f: %d → %d levels in force, but the engine made %d events", r.MeasuredAt, r.Value/limit, before, want.active, len(events))
			}
			if len(events) == 1 && want.active > 0 && events[0].Alert.Severity != alerts.Info+alerts.Severity(want.active) {
				t.Fatalf("at %s: severity %s, want level %d", r.MeasuredAt, events[0].Alert.Severity, want.active)
			}
		}
	}
	if changes < 200 {
		t.Fatalf("only %d changes", changes)
	}
}

type oracle struct {
	levels           []float64
	wait, keep, gap  time.Duration
	immediate, clear float64

	active int
	past   []judged
}

type judged struct {
	at    time.Time
	ratio float64
	// active is the number of levels in force after this reading.
	active int
}

func (o *oracle) judge(r ingest.Reading, ratio float64) {
	if n := len(o.past); !r.Usable || n > 0 && !r.MeasuredAt.After(o.past[n-1].at) {
		return
	}
	o.past = append(o.past, judged{r.MeasuredAt, ratio, o.active})
	was := o.active
	for i := len(o.levels); i > was; i-- {
		reached := ratio >= o.levels[i-1]
		if reached && (ratio >= o.immediate || o.lasted(o.wait, true, func(j judged) bool { return j.ratio >= o.levels[i-1] && j.active < i })) {
			o.active = i
			break
		}
	}
	for o.active == was || o.active > 0 && o.active < was {
		i := o.active
		if i == 0 || !o.lasted(o.keep, false, func(j judged) bool { return j.ratio/o.levels[i-1] < o.clear }) {
			break
		}
		o.active--
	}
	o.past[len(o.past)-1].active = o.active
}

// lasted reports whether an unbroken run of readings that fit ends with the newest one and spans d.
func (o *oracle) lasted(d time.Duration, breaks bool, fits func(judged) bool) bool {
	newest := o.past[len(o.past)-1]
	for k := len(o.past) - 1; k >= 0 && fits(o.past[k]); k-- {
		if newest.at.Sub(o.past[k].at) >= d {
			return true
		}
		if breaks && k > 0 && o.past[k].at.Sub(o.past[k-1].at) > o.gap {
			return false
		}
	}
	return false
}

func TestAlertInFull(t *testing.T) {
	e := newEngine(t, world(t, 1), alerts.BuiltinRules())
	r := reading("s0", "cod", midnight, 101.25)
	r.Unit, r.Flags = "mg/L", ingest.Spike
	events := e.Step(readings(r))
	if len(events) != 1 {
		t.Fatalf("%d events", len(events))
	}
	got := encode(t, events[0])
	const want = `{"type":"alert.opened","at":"2026-11-24T00:00:00Z","made":"2026-11-24T00:00:02Z","alert":{` +
		`"id":"ID","revision":1,"rule":"over-limit",` +
		`"rule_name":{"vi":"Giá trị tức thời so với giới hạn","en":"Instant value against its limit"},"severity":"critical","state":"open",` +
		`"station":{"id":"s0","name":{"vi":"KCN Amata","en":"Amata"},"location":[106.9,10.9]},` +
		`"park":{"id":"amata","name":{"vi":"KCN Amata","en":"Amata"},"location":[106.87,10.95]},` +
		`"parameter":"cod","basis":"value","value":101.25,"unit":"mg/L","limit":67.5,"ratio":1.5,` +
		`"limit_reference":"QCVN 40:2011/BTNMT, A, Kq 0.9, Kf 1.0","limit_verified":false,` +
		`"opened_at":"2026-11-24T00:00:00Z","measured_at":"2026-11-24T00:00:00Z","late":false,"flags":["spike"],` +
		`"summary":{"vi":"Cảnh báo vận hành: COD 101,2 mg/L, bằng 1,5 lần giới hạn 67,5 mg/L, tại KCN Amata",` +
		`"en":"Operational warning: COD 101.2 mg/L, 1.5 times the limit of 67.5 mg/L, at Amata"},` +
		`"url":"http://q.example/?station=s0\u0026alert=ID","peak_value":101.25,"peak_severity":"critical"}}`
	id := events[0].Alert.ID
	if len(id) != 32 {
		t.Errorf("id %q", id)
	}
	if got != strings.ReplaceAll(want, "ID", id) {
		t.Errorf("got  %s\nwant %s", got, strings.ReplaceAll(want, "ID", id))
	}
}

// The id is a promise to everybody who kept one.
func TestIDIsFixed(t *testing.T) {
	e := newEngine(t, world(t, 1), alerts.BuiltinRules())
	at := time.Date(2026, 11, 24, 13, 5, 0, 500, time.FixedZone("ICT", 7*3600))
	first := e.Step(readings(reading("s0", "cod", at, 300)))[0].Alert.ID
	if want := "c88a885668baaf23964ade04ad5d348f"; first != want {
		t.Errorf("id %s, want %s", first, want)
	}
	e = newEngine(t, world(t, 1), alerts.BuiltinRules().Scaled(0.5))
	if second := e.Step(readings(reading("s0", "cod", at.UTC(), 200)))[0].Alert.ID; second != first {
		t.Errorf("the same opening has ids %s and %s", first, second)
	}
}

func TestSummaries(t *testing.T) {
	for _, c := range []struct {
		parameter string
		value     float64
		vi, en    string
	}{
		{"cod", 67.4, "COD 67,4 mg/L, bằng 99 % giới hạn 67,5 mg/L, tại", "COD 67.4 mg/L, 99 % of the limit of 67.5 mg/L, at"},
		{"ph", 8.9, "pH 8,9, sát giới hạn 9 của khoảng cho phép 6–9, tại", "pH 8.9, close to the limit 9 of the band 6–9, at"},
		{"ph", 5.52, "pH 5,52, ngoài khoảng cho phép 6–9, tại", "pH 5.52, outside the band 6–9, at"},
		{"temp", 38.04, "T 38 °C, bằng 95 % giới hạn 40 °C, tại", "T 38 °C, 95 % of the limit of 40 °C, at"},
	} {
		rules, _ := alerts.CheckRules(alerts.RulesFile{Rules: []alerts.Rule{{ID: "r", Levels: map[string]alerts.Level{"info": {Multiple: 0.5}}}}}, nil, nil)
		events := newEngine(t, world(t, 1), rules).Step(readings(reading("s0", c.parameter, midnight, c.value)))
		if s := events[0].Alert.Summary; !strings.Contains(s.VI, c.vi) || !strings.Contains(s.EN, c.en) {
			t.Errorf("%s %g: %q, %q", c.parameter, c.value, s.VI, s.EN)
		}
		if strings.Contains(events[0].Alert.Summary.VI, "vi phạm") || !strings.HasPrefix(events[0].Alert.Summary.VI, "Cảnh báo vận hành") {
			t.Errorf("one value is an operational warning: %q", events[0].Alert.Summary.VI)
		}
	}
}

func TestStatsAndDirty(t *testing.T) {
	e := newEngine(t, world(t, 3), alerts.BuiltinRules())
	unusable := reading("s0", "cod", midnight, 1)
	unusable.Usable = false
	e.Step(readings(
		reading("s1", "cod", midnight, 10), reading("s1", "cod", midnight, 10), reading("s0", "flow_in", midnight, 10),
		reading("nobody", "cod", midnight, 10), unusable,
	))
	if got, want := e.Stats(), (alerts.Stats{Readings: 5, Judged: 2, Unusable: 1, Known: 1, Unknown: 1, Evaluations: 4}); got != want {
		t.Errorf("stats %+v, want %+v", got, want)
	}
	if d := e.Dirty(); !slices.Equal(d, []string{"s0", "s1"}) {
		t.Errorf("dirty %v, want s0 and s1", d)
	}
	if d := e.Dirty(); len(d) != 0 {
		t.Errorf("dirty again: %v", d)
	}
	if e.Snapshot("s2") != nil || e.Snapshot("nobody") != nil {
		t.Error("a station without state has a snapshot")
	}
}

func TestRestoreRefusesWhatItCannotRead(t *testing.T) {
	e := newEngine(t, world(t, 1), alerts.BuiltinRules())
	for _, data := range []string{"{", `{"v":99}`, `[]`} {
		if err := e.Restore("s0", []byte(data)); err == nil {
			t.Errorf("restored %s", data)
		}
	}
	e.Step(readings(reading("s0", "cod", midnight, 300)))
	if err := e.Restore("s0", nil); err != nil || len(e.Open()) != 0 {
		t.Errorf("an empty snapshot is a station without state: %v, %d open", err, len(e.Open()))
	}
}

// A station that left the registry keeps its open alert until the engine is told.
func TestStationRemoved(t *testing.T) {
	before := newEngine(t, world(t, 2), alerts.BuiltinRules())
	before.Step(readings(reading("s1", "cod", midnight, 300)))
	after := newEngine(t, world(t, 1), alerts.BuiltinRules())
	if err := after.Restore("s1", before.Snapshot("s1")); err != nil {
		t.Fatal(err)
	}
	again := newEngine(t, world(t, 1), alerts.BuiltinRules())
	if err := again.Restore("s1", after.Snapshot("s1")); err != nil {
		t.Fatal(err)
	}
	if open := again.OpenAt("s1"); len(open) != 1 || open[0].ID != before.Open()[0].ID {
		t.Fatalf("open %+v", open)
	}
	if events := again.Step(readings(reading("s1", "cod", midnight.Add(time.Hour), 1))); len(events) != 0 {
		t.Errorf("an unknown station made %d events", len(events))
	}
	events := again.Step(alerts.Input{Kind: alerts.Configured, At: midnight.Add(2 * time.Hour)})
	if len(events) != 1 || events[0].Type != alerts.WasResolved || events[0].Alert.Cause != alerts.CauseRuleRemoved {
		t.Errorf("events %+v", events)
	}
	if len(again.Open()) != 0 || again.Snapshot("s1") != nil {
		t.Error("the alert is still there")
	}
}

// What an event carries is not touched by what comes later.
func TestEventsAreCopies(t *testing.T) {
	e := newEngine(t, world(t, 1), alerts.BuiltinRules())
	opened := e.Step(readings(reading("s0", "cod", midnight, 200)))
	before := encode(t, opened)
	e.Step(readings(reading("s0", "cod", midnight.Add(time.Minute), 190), reading("s0", "cod", midnight.Add(2*time.Minute), 400)))
	if after := encode(t, opened); after != before {
		t.Errorf("before %s\nafter %s", before, after)
	}
	if open := e.Open(); len(open) != 1 || *open[0].Value != 400 || *open[0].PeakValue != 400 {
		t.Errorf("the open alert does not follow its series: %+v", open)
	}
}

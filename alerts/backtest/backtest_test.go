package backtest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"quantrac/alerts"
	"quantrac/alerts/backtest"
	"quantrac/geo"
	"quantrac/ingest"
)

var day0 = time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)

const cycle = 5 * time.Minute

func world(t testing.TB, stations int, parameters ...string) *geo.Registry {
	t.Helper()
	f := geo.File{Parks: []geo.Park{{ID: "amata", Name: geo.Text{VI: "KCN Amata", EN: "Amata"}, Location: geo.Point{106.87, 10.95}}}}
	for i := range stations {
		f.Stations = append(f.Stations, geo.Station{
			ID: fmt.Sprintf("s%d", i), Name: geo.Text{VI: "Trạm"}, Park: "amata", Kind: geo.Effluent, Location: geo.Point{106.9, 10.9},
			Parameters: parameters, Limits: []geo.Assignment{{Set: "qcvn40-2011", Column: "A", Kq: 0.9, Kf: 1}}, // COD: 67.5
		})
	}
	reg, problems := geo.NewRegistry(f)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return reg
}

func rules(t testing.TB, list ...alerts.Rule) *alerts.Rules {
	t.Helper()
	r, problems := alerts.CheckRules(alerts.RulesFile{Rules: list}, nil, nil)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return r
}

func multiples(warning, critical float64) map[string]alerts.Level {
	return map[string]alerts.Level{"warning": {Multiple: warning}, "critical": {Multiple: critical}}
}

// series is the history of stations: for each instant of a cycle the value of cod, or NaN for none.
type series func(station string, at time.Time) map[string]float64

func (s series) read(ctx context.Context, q backtest.Query, visit func([]ingest.Reading) error) error {
	for from := q.From; from.Before(q.To); from = from.Add(24 * time.Hour) {
		var piece []ingest.Reading
		for at := from.Truncate(cycle); at.Before(from.Add(24*time.Hour)) && at.Before(q.To); at = at.Add(cycle) {
			values := s(q.Station, at)
			for _, p := range q.Parameters {
				if v, ok := values[p]; ok && !at.Before(q.From) {
					piece = append(piece, ingest.Reading{Station: q.Station, Parameter: p, Value: v, Usable: true, MeasuredAt: at, ReceivedAt: at})
				}
			}
		}
		if err := visit(piece); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

// episodes gives cod 30 mg/L but for an hour at noon: on even days 1.2 times the limit, on odd days 0.95 times.
func episodes(_ string, at time.Time) map[string]float64 {
	v := 30.0
	if at.Hour() == 12 && !at.Before(day0) {
		v = 67.5 * 0.95
		if at.YearDay()%2 == 0 {
			v = 67.5 * 1.2
		}
	}
	return map[string]float64{"cod": v}
}

func config(t testing.TB, reg *geo.Registry, draft, inForce *alerts.Rules, h backtest.Reader) backtest.Config {
	t.Helper()
	return backtest.Config{
		Draft: draft, InForce: inForce, Registry: reg, Limits: alerts.BuiltinLimits(), Catalogue: ingest.BuiltinCatalogue(),
		From: day0, To: day0.AddDate(0, 0, 10), History: h,
	}
}

func TestDifferenceToTheRuleInForce(t *testing.T) {
	reg := world(t, 2, "cod")
	now := alerts.Rule{ID: "cod", Parameters: []string{"cod"}, Levels: multiples(0.9, 1), For: alerts.Duration(10 * time.Minute)}
	draft := now
	draft.Levels = multiples(1.5, 2)
	report, err := backtest.Run(t.Context(), config(t, reg, rules(t, draft), rules(t, now), series(episodes).read))
	if err != nil {
		t.Fatal(err)
	}
	// 10 days from day 244 of the year on, at two stations: five even days, which exceed the limit, and five odd ones.
	if report.InForce.Alerts != 20 || report.Draft.Alerts != 0 || *report.Difference != (backtest.Difference{Gone: 20, Missed: 10}) {
		t.Errorf("in force %+v, draft %+v, difference %+v", report.InForce, report.Draft, report.Difference)
	}
	if got := report.InForce.Severities; got["warning"] != 10 || got["critical"] != 10 {
		t.Errorf("severities %v", got)
	}
	if len(report.Missed) != 10 || !slices.IsSortedFunc(report.Missed, func(a, b alerts.Alert) int { return b.OpenedAt.Compare(a.OpenedAt) }) {
		t.Errorf("%d missed, or not newest first", len(report.Missed))
	}
	if want := "10 days: 20 → 0 alerts, 10 true exceedances would be missed"; report.Summary.EN != want {
		t.Errorf("summary %q, want %q", report.Summary.EN, want)
	}
	testPicture(t, report)
	five, ten := 5, 10
	for i, s := range report.Stations {
		if s.Station != fmt.Sprintf("s%d", i) || s.Draft != 0 || *s.InForce != ten || s.Missed != five {
			t.Errorf("station %+v", s)
		}
	}

	draft.Levels = multiples(0.9, 1) // later, but it misses nothing
	draft.For = alerts.Duration(30 * time.Minute)
	report, err = backtest.Run(t.Context(), config(t, reg, rules(t, draft), rules(t, now), series(episodes).read))
	if err != nil {
		t.Fatal(err)
	}
	if report.Draft.Alerts != 20 || *report.Difference != (backtest.Difference{}) || report.Draft.OpenSeconds >= report.InForce.OpenSeconds {
		t.Errorf("a later rule: draft %+v in force %+v difference %+v", report.Draft, report.InForce, report.Difference)
	}
}

// testPicture expects an alert of the rule in force at noon UTC of each of ten days at two stations, and none of the draft.
func testPicture(t *testing.T, r *backtest.Report) {
	t.Helper()
	// The span begins at 07:00 where the stations are and ends at 07:00 of the eleventh day.
	if len(r.Days) != 11 || r.Days[0].Day != "2026-09-01" || r.Days[10].Day != "2026-09-11" {
		t.Fatalf("days %+v", r.Days)
	}
	for _, d := range r.Days[:10] {
		if d.Draft != 0 || *d.InForce != 2 {
			t.Errorf("on %s draft %d, in force %d", d.Day, d.Draft, *d.InForce)
		}
	}
	if len(r.Spans) != 20 || !slices.IsSortedFunc(r.Spans, func(a, b backtest.Bar) int { return a.From.Compare(b.From) }) {
		t.Fatalf("%d spans, or not in order", len(r.Spans))
	}
	for _, s := range r.Spans {
		critical := s.From.YearDay()%2 == 0
		if s.Side != backtest.SideInForce || !s.Alone || s.Missed != critical || *s.Parameter != "cod" || !s.To.After(s.From) {
			t.Errorf("span %+v", s)
		}
	}
}

// TestWarmUp begins the span while a mean of 24 h is already over its level: only readings from before the span can tell.
func TestWarmUp(t *testing.T) {
	reg := world(t, 1, "cod")
	mean := alerts.Rule{ID: "mean", On: alerts.OnMean24h, Levels: map[string]alerts.Level{"critical": {Multiple: 1}}}
	high := series(func(_ string, at time.Time) map[string]float64 {
		if at.Before(day0) {
			return map[string]float64{"cod": 100}
		}
		return map[string]float64{"cod": 1}
	})
	report, err := backtest.Run(t.Context(), config(t, reg, rules(t, mean), nil, high.read))
	if err != nil {
		t.Fatal(err)
	}
	if report.Draft.Alerts != 1 || report.InForce != nil || report.Difference != nil || report.Alerts[0].OpenedAt.After(day0) {
		t.Errorf("draft %+v alerts %+v", report.Draft, report.Alerts)
	}
}

func TestSilence(t *testing.T) {
	reg := world(t, 1, "cod")
	silence := alerts.Rule{ID: "silent", On: alerts.OnSilence, After: alerts.Duration(15 * time.Minute)}
	gap := day0.AddDate(0, 0, 3).Add(6 * time.Hour)
	h := series(func(_ string, at time.Time) map[string]float64 {
		if at.After(gap) && at.Before(gap.Add(2*time.Hour)) {
			return nil
		}
		return map[string]float64{"cod": 30}
	})
	report, err := backtest.Run(t.Context(), config(t, reg, rules(t, silence), nil, h.read))
	if err != nil {
		t.Fatal(err)
	}
	if report.Draft.Alerts != 1 {
		t.Fatalf("%+v", report.Draft)
	}
	a := report.Alerts[0]
	if !a.OpenedAt.Equal(gap.Add(15*time.Minute)) || a.ResolvedAt == nil || !a.ResolvedAt.Equal(gap.Add(2*time.Hour)) {
		t.Errorf("silent from %s to %v, want from 15 min after %s on for 1 h 45 min", a.OpenedAt, a.ResolvedAt, gap)
	}
}

// wander is a story of values around their limits, the same for every reader.
func wander(station string, at time.Time) map[string]float64 {
	base := map[string]float64{"cod": 67.5, "ph": 9, "tss": 45, "flow_out": 30}
	out := map[string]float64{}
	for p, limit := range base {
		rng := rand.New(rand.NewPCG(uint64(at.Unix()/1800), uint64(len(p))*uint64(station[1])))
		out[p] = limit * (0.6 + 0.6*rng.Float64())
	}
	return out
}

// TestSameAsLive holds the report against one engine that is fed all stations as the service does.
func TestSameAsLive(t *testing.T) {
	reg := world(t, 3, "cod", "ph", "tss", "flow_out")
	set := alerts.BuiltinRules()
	engine := alerts.NewEngine(alerts.EngineConfig{Rules: set, Limits: alerts.BuiltinLimits(), Registry: reg, Catalogue: ingest.BuiltinCatalogue()})
	cfg := config(t, reg, set, nil, series(wander).read)
	cfg.MostAlerts = 100_000
	report, err := backtest.Run(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]alerts.Alert{}
	hear := func(events []alerts.Event) {
		for _, ev := range events {
			want[ev.Alert.ID] = ev.Alert
		}
	}
	reach := time.Duration(0)
	for _, st := range reg.Stations() {
		reach = max(reach, set.Reach(&st))
	}
	for at := day0.Add(-reach); at.Before(cfg.To); at = at.Add(cycle) {
		for _, st := range reg.Stations() {
			var delivery []ingest.Reading
			values := wander(st.ID, at)
			for _, p := range st.Parameters {
				delivery = append(delivery, ingest.Reading{Station: st.ID, Parameter: p, Value: values[p], Usable: true, MeasuredAt: at, ReceivedAt: at})
			}
			hear(engine.Step(alerts.Input{Kind: alerts.ReadingsIn, Readings: delivery}))
		}
	}
	line := func(a *alerts.Alert) string {
		end := time.Time{}
		if a.ResolvedAt != nil {
			end = *a.ResolvedAt
		}
		return fmt.Sprint(a.ID, a.OpenedAt, end, a.PeakSeverity)
	}
	var got, expected []string
	for i := range report.Alerts {
		got = append(got, line(&report.Alerts[i]))
	}
	for _, a := range want {
		if a.ResolvedAt == nil || !a.ResolvedAt.Before(day0) {
			expected = append(expected, line(&a))
		}
	}
	slices.Sort(got)
	slices.Sort(expected)
	if len(got) < 100 || !slices.Equal(got, expected) {
		t.Errorf("the backtest made %d alerts, the live engine %d, or not the same", len(got), len(expected))
	}
}

func TestSameWithAnyNumberOfWorkers(t *testing.T) {
	reg := world(t, 7, "cod", "ph")
	r := alerts.Rule{ID: "over", Levels: multiples(0.9, 1)}
	var reports []string
	for _, workers := range []int{1, 4} {
		cfg := config(t, reg, rules(t, r), rules(t, r), series(wander).read)
		cfg.Workers, cfg.MostAlerts = workers, 10
		report, err := backtest.Run(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		if len(report.Alerts) != 10 || !report.Truncated || report.Draft.Alerts <= 10 {
			t.Errorf("%d alerts listed of %d, truncated %v", len(report.Alerts), report.Draft.Alerts, report.Truncated)
		}
		opened := 0
		for _, d := range report.Days {
			opened += d.Draft
		}
		if len(report.Spans) != 20 || opened != report.Draft.Alerts {
			t.Errorf("%d spans; the days count %d alerts of %d", len(report.Spans), opened, report.Draft.Alerts)
		}
		b, err := json.Marshal(report)
		if err != nil {
			t.Fatal(err)
		}
		reports = append(reports, string(b))
	}
	if reports[0] != reports[1] {
		t.Errorf("one worker and four differ:\n%s\n%s", reports[0], reports[1])
	}
}

func TestProgressAndSelection(t *testing.T) {
	reg := world(t, 3, "cod")
	var told []backtest.Progress
	cfg := config(t, reg, rules(t, alerts.Rule{ID: "over", Stations: []string{"s0", "s2"}, Levels: multiples(0.9, 1)}), nil, series(episodes).read)
	cfg.Progress = func(p backtest.Progress) { told = append(told, p) }
	report, err := backtest.Run(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	last := told[len(told)-1]
	if last.Done != 2 || last.Stations != 2 || last.Share != 1 || last.Readings != report.Readings || last.Alerts != report.Draft.Alerts {
		t.Errorf("at the end %+v", last)
	}
	if !slices.IsSortedFunc(told, func(a, b backtest.Progress) int { return int(a.Readings - b.Readings) }) {
		t.Error("progress runs back")
	}
	cfg.Stations = []string{"nowhere"}
	if _, err := backtest.Run(t.Context(), cfg); !errors.Is(err, backtest.ErrStation) || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("an unknown station: %v", err)
	}
}

func TestErrorsAndCancellation(t *testing.T) {
	reg := world(t, 20, "cod")
	r := rules(t, alerts.Rule{ID: "over", Levels: multiples(0.9, 1)})
	broken := errors.New("disk on fire")
	var read atomic.Int64
	_, err := backtest.Run(t.Context(), config(t, reg, r, nil, func(_ context.Context, q backtest.Query, _ func([]ingest.Reading) error) error {
		if read.Add(1); q.Station == "s1" {
			return broken
		}
		return nil
	}))
	if !errors.Is(err, broken) {
		t.Errorf("got %v, want the reader's error", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var days atomic.Int64
	_, err = backtest.Run(ctx, config(t, reg, r, nil, func(ctx context.Context, q backtest.Query, visit func([]ingest.Reading) error) error {
		if q.Station == "s0" {
			cancel()
		}
		return series(episodes).read(ctx, q, func(rs []ingest.Reading) error {
			days.Add(1)
			return visit(rs)
		})
	}))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the cancellation", err)
	}
	if most := int64(3 * 11); days.Load() > most { // of 20 stations with 11 days each
		t.Errorf("%d days were read after the end", days.Load())
	}
}

// BenchmarkRun judges 90 days of 8 stations with 8 parameters at 5 minutes by a draft and a rule in force.
func BenchmarkRun(b *testing.B) {
	parameters := []string{"flow_in", "flow_out", "ph", "temp", "cod", "tss", "nh4_n", "tn"}
	reg := world(b, 8, parameters...)
	one := make([]ingest.Reading, 0, 288*len(parameters))
	h := func(_ context.Context, q backtest.Query, visit func([]ingest.Reading) error) error {
		for from := q.From; from.Before(q.To); from = from.Add(24 * time.Hour) {
			day := one[:0:0]
			for at := from; at.Before(from.Add(24 * time.Hour)); at = at.Add(cycle) {
				for _, p := range q.Parameters {
					day = append(day, ingest.Reading{Station: q.Station, Parameter: p, Value: 5 + float64(at.Unix()/300%40), Usable: true, MeasuredAt: at, ReceivedAt: at})
				}
			}
			if err := visit(day); err != nil {
				return err
			}
		}
		return nil
	}
	r := alerts.Rule{ID: "over", Levels: multiples(0.9, 1), For: alerts.Duration(10 * time.Minute)}
	draft := r
	draft.For = 0
	cfg := config(b, reg, rules(b, draft), rules(b, r), h)
	cfg.To = cfg.From.AddDate(0, 0, 90)
	readings := int64(0)
	b.ReportAllocs()
	for b.Loop() {
		report, err := backtest.Run(b.Context(), cfg)
		if err != nil {
			b.Fatal(err)
		}
		readings += report.Readings
	}
	b.ReportMetric(float64(readings)/b.Elapsed().Seconds(), "readings/s")
}

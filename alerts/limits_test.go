package alerts_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"quantrac/alerts"
	"quantrac/geo"
	"quantrac/ingest"
)

func underLaw(column string, kq, kf float64) *geo.Station {
	return &geo.Station{ID: "s", Limits: []geo.Assignment{{Set: "qcvn40-2011", Column: column, Kq: kq, Kf: kf}}}
}

// The check value of the regulation: column A, Kq 0.9, Kf 1.0 is what a public disclosure portal shows.
func TestBuiltinLimits(t *testing.T) {
	limits := alerts.BuiltinLimits()
	for _, c := range []struct {
		column    string
		kq, kf    float64
		parameter string
		min, max  float64
		reference string
	}{
		{"A", 0.9, 1, "cod", math.NaN(), 67.5, "QCVN 40:2011/BTNMT, A, Kq 0.9, Kf 1.0"},
		{"A", 0.9, 1, "tss", math.NaN(), 45, "QCVN 40:2011/BTNMT, A, Kq 0.9, Kf 1.0"},
		{"A", 0.9, 1, "nh4_n", math.NaN(), 4.5, "QCVN 40:2011/BTNMT, A, Kq 0.9, Kf 1.0"},
		{"A", 0.9, 1, "temp", math.NaN(), 40, "QCVN 40:2011/BTNMT, A, Kq 0.9, Kf 1.0"},
		{"A", 0.9, 1, "ph", 6, 9, "QCVN 40:2011/BTNMT, A, Kq 0.9, Kf 1.0"},
		{"B", 1.1, 0.9, "ph", 5.5, 9, "QCVN 40:2011/BTNMT, B, Kq 1.1, Kf 0.9"},
		{"B", 1.1, 1, "cod", math.NaN(), 165, "QCVN 40:2011/BTNMT, B, Kq 1.1, Kf 1.0"},
		{"A", 1.1, 1, "cod", math.NaN(), 82.5, "QCVN 40:2011/BTNMT, A, Kq 1.1, Kf 1.0"},
		{"B", 1, 1.2, "color", math.NaN(), 150, "QCVN 40:2011/BTNMT, B, Kq 1.0, Kf 1.2"},
		{"A", 1.1, 1.1, "cl", math.NaN(), 1.21, "QCVN 40:2011/BTNMT, A, Kq 1.1, Kf 1.1"},
	} {
		got, ok := limits.For(underLaw(c.column, c.kq, c.kf), c.parameter, midnight)
		if !ok || !same(got.Min, c.min) || !same(got.Max, c.max) || got.Reference != c.reference || got.Verified {
			t.Errorf("%s %s: %+v, want [%g, %g] %s, not verified", c.parameter, c.reference, got, c.min, c.max, c.reference)
		}
	}
	if l, ok := limits.For(underLaw("A", 1, 1), "flow_out", midnight); ok {
		t.Errorf("flow has a limit: %+v", l)
	}
	if problems := limits.CheckUnits(ingest.BuiltinCatalogue()); len(problems) > 0 {
		t.Errorf("the built-in law does not fit the built-in catalogue: %v", problems)
	}
}

func same(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) }

// The last day of the old regulation is 31 December 2031 in Vietnam, which ends at 17:00 UTC.
func TestLimitsAreDated(t *testing.T) {
	limits := alerts.BuiltinLimits()
	end := time.Date(2031, 12, 31, 17, 0, 0, 0, time.UTC)
	st := underLaw("A", 1, 1)
	for at, want := range map[time.Time]bool{
		end.Add(-time.Nanosecond): true, end: false, time.Date(2012, 2, 14, 16, 59, 59, 0, time.UTC): false, midnight: true,
	} {
		if _, ok := limits.For(st, "cod", at); ok != want {
			t.Errorf("at %s: %v", at, ok)
		}
	}
	change := midnight.Add(time.Hour)
	st = &geo.Station{ID: "s", Limits: []geo.Assignment{
		{Set: "qcvn40-2011", Column: "B", Kq: 1, Kf: 1, To: change},
		{Set: "qcvn40-2011", Column: "A", Kq: 1, Kf: 1, From: change},
		{Set: "no-such-set", Column: "A", Kq: 1, Kf: 1},
	}}
	for at, want := range map[time.Time]float64{change.Add(-time.Nanosecond): 150, change: 75} {
		if l, _ := limits.For(st, "cod", at); l.Max != want {
			t.Errorf("at %s: %g, want %g", at, l.Max, want)
		}
	}
}

func TestVerifiedRow(t *testing.T) {
	l, problems := alerts.NewLimits(alerts.LimitFile{Sets: []alerts.LimitSet{{
		ID: "permit", Reference: "GPMT 12/2025", Columns: []string{"A"}, Rows: []alerts.LimitRow{
			{Parameter: "do", Min: map[string]float64{"A": 4}, Mark: "verified", VerifiedBy: "N. V. A."},
		},
	}}})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	got, ok := l.For(&geo.Station{Limits: []geo.Assignment{{Set: "permit", Column: "A"}}}, "do", midnight)
	if !ok || !got.Verified || got.Reference != "GPMT 12/2025, A" || got.Ratio(2) != 2 || got.Ratio(0) != 10 {
		t.Errorf("%+v, ratio %g", got, got.Ratio(2))
	}
}

func TestBadLimits(t *testing.T) {
	const text = `
sets:
  - {id: Bad Id, reference: X, columns: [A], from: 2026-01-01T00:00:00Z, to: 2026-01-01T00:00:00Z}
  - id: a
    columns: [A]
    rows:
      - {parameter: cod, max: {A: 0}, mark: practice}
      - {parameter: cod, max: {C: 5}, mark: practice, factors: true}
      - {parameter: ph, min: {A: 9}, max: {A: 6}, mark: practice}
      - {parameter: do, min: {A: 0}, mark: rumour}
      - {parameter: tss, mark: practice}
  - {id: a, reference: Y, columns: []}
factor_tables:
  - {set: b, factor: kx, classes: [{over: 5, value: 0}, {over: 5, value: 1}]}
`
	var f alerts.LimitFile
	if err := yaml.Unmarshal([]byte(text), &f); err != nil {
		t.Fatal(err)
	}
	_, problems := alerts.NewLimits(f)
	wantPaths(t, problems, "sets[0].id", "sets[0].to", "sets[1].reference", "sets[1].rows[0].max.A", "sets[1].rows[1].parameter",
		"sets[1].rows[1].factors", "sets[1].rows[1].max.C", "sets[1].rows[2].min.A", "sets[1].rows[3].mark", "sets[1].rows[3].min.A",
		"sets[1].rows[4]", "sets[2].id", "sets[2].columns", "factor_tables[0].set", "factor_tables[0].factor",
		"factor_tables[0].classes[0].value", "factor_tables[0].classes[1].over")
}

func wantPaths(t *testing.T, problems []geo.Problem, want ...string) {
	t.Helper()
	var got []string
	for _, p := range problems {
		got = append(got, p.Path)
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("problems at\n%s\nwant\n%s\nall: %v", strings.Join(got, "\n"), strings.Join(want, "\n"), problems)
	}
}

func TestCheckAssignments(t *testing.T) {
	reg, problems := geo.NewRegistry(geo.File{Stations: []geo.Station{{
		ID: "s", Name: geo.Text{VI: "S"}, Location: geo.Point{106.9, 10.9}, Parameters: []string{"cod"},
		Limits: []geo.Assignment{{Set: "none", Column: "A"}, {Set: "qcvn40-2011", Column: "C"}},
	}}})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	wantPaths(t, alerts.BuiltinLimits().CheckAssignments(reg),
		"stations[0].limits[0].set", "stations[0].limits[1].column", "stations[0].limits[1].kq", "stations[0].limits[1].kf")
	if _, ok := alerts.BuiltinLimits().For(&reg.Stations()[0], "cod", midnight); ok {
		t.Error("an assignment without factors gives a limit")
	}
}

package main

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"runtime/metrics"
	"slices"
	"strconv"
	"testing"
	"time"

	"quantrac/alerts"
	"quantrac/geo"
	"quantrac/ingest"
	"quantrac/ingest/history"
	"quantrac/web"
)

// BenchmarkBacktest judges 90 days of stations with 8 parameters at 5 minutes, read from the embedded history, by a draft and by the
// rule in force. QUANTRAC_BENCH_STATIONS=200 is the size of the promise: 41 million values in 5 minutes.
func BenchmarkBacktest(b *testing.B) {
	const days = 90
	stations := 4
	if n, err := strconv.Atoi(os.Getenv("QUANTRAC_BENCH_STATIONS")); err == nil {
		stations = n
	}
	parameters := []string{"flow_in", "flow_out", "ph", "temp", "cod", "tss", "nh4_n", "tn"}
	f := benchFacts(b, stations, parameters)
	store, err := history.OpenEmbedded(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer store.Close()
	from := time.Date(2026, 8, 1, 0, 0, 0, 0, time.UTC)
	fillHistory(b, store, &f, from, days)
	l := &law{facts: f}
	l.inForce.Store(&statutes{rules: f.rules, written: f.limits, limits: f.limits})
	inForce := f.written[slices.IndexFunc(f.written, func(r alerts.Rule) bool { return r.ID == "over-limit" })]
	inForce.Except = nil
	draft := inForce
	draft.For = alerts.Duration(30 * time.Minute)
	q := web.BacktestQuery{Rule: draft, InForce: &inForce, From: from, To: from.AddDate(0, 0, days)}
	runtime.GC()
	values, most, calls, before := int64(0), uint64(0), 0, liveHeap()
	for b.Loop() {
		report, err := l.backtest(b.Context(), store, q, func(any) {
			if calls++; calls%64 == 0 {
				most = max(most, liveHeap())
			}
		})
		if err != nil {
			b.Fatal(err)
		}
		if report.InForce.Alerts == 0 {
			b.Fatal("nothing was over its limit: the history proves nothing")
		}
		values += report.Readings
	}
	b.ReportMetric(float64(values)/float64(b.N), "readings/op")
	b.ReportMetric(float64(values)/b.Elapsed().Seconds(), "readings/s")
	b.ReportMetric((float64(most)-float64(before))/(1<<20), "MiB-live")
}

// liveHeap is what the last collection found in use, in bytes: the heap of the moment holds garbage too.
func liveHeap() uint64 {
	s := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

func benchFacts(b *testing.B, stations int, parameters []string) facts {
	b.Helper()
	file := geo.File{}
	for i := range stations {
		file.Stations = append(file.Stations, geo.Station{
			ID: fmt.Sprintf("bench-%03d", i), Name: geo.Text{VI: "Trạm"}, Kind: geo.Effluent, Location: geo.Point{106.9, 10.9}, Parameters: parameters,
			Limits: []geo.Assignment{{Set: "qcvn40-2011", Column: "A", Kq: 0.9, Kf: 1}},
		})
	}
	reg, problems := geo.NewRegistry(file)
	if len(problems) > 0 {
		b.Fatal(problems)
	}
	f := facts{registry: reg, catalogue: ingest.BuiltinCatalogue(), limits: alerts.BuiltinLimits(), rules: alerts.BuiltinRules(), factor: 1}
	f.written = f.rules.List()
	return f
}

// fillHistory writes values that wander about 0.7 of their limits and now and then over them.
func fillHistory(b *testing.B, store history.Store, f *facts, from time.Time, days int) {
	b.Helper()
	base := map[string]float64{"flow_in": 50, "flow_out": 45, "ph": 7, "temp": 30, "cod": 67.5, "tss": 45, "nh4_n": 4.5, "tn": 18}
	var lines []byte
	for day := range days {
		for i, st := range f.registry.Stations() {
			var in []ingest.Reading
			for slot := range 288 {
				at := from.AddDate(0, 0, day).Add(time.Duration(slot) * 5 * time.Minute)
				wave := 0.7 + 0.25*math.Sin(float64(slot)/46) + 0.1*math.Sin(float64(day*288+slot+i*37)/7)
				for _, p := range st.Parameters {
					in = append(in, ingest.Reading{Station: st.ID, Parameter: p, Value: math.Round(base[p]*wave*100) / 100, MeasuredAt: at, Usable: true})
				}
			}
			lines = history.AppendLines(lines, in, func(string) string { return "" })
		}
		if err := store.Write(b.Context(), lines); err != nil {
			b.Fatal(err)
		}
		lines = nil // the store may keep it
	}
}

package alerts_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"quantrac/alerts"
	"quantrac/ingest"
)

// round is one message of every station: 8 parameters, calm values.
func round(stations int) []ingest.Reading {
	values := map[string]float64{"cod": 30, "tss": 14, "nh4_n": 0.8, "ph": 7.4, "temp": 29.5, "tn": 14, "flow_in": 80, "flow_out": 78}
	var out []ingest.Reading
	for i := range stations {
		for _, p := range []string{"cod", "tss", "nh4_n", "ph", "temp", "tn", "flow_in", "flow_out"} {
			out = append(out, reading(fmt.Sprintf("s%d", i), p, midnight, values[p]))
		}
	}
	return out
}

func advance(rs []ingest.Reading) {
	for i := range rs {
		rs[i].MeasuredAt = rs[i].MeasuredAt.Add(5 * time.Minute)
		rs[i].ReceivedAt = rs[i].ReceivedAt.Add(5 * time.Minute)
	}
}

// BenchmarkStep takes calm readings in order, 1,000 stations.
func BenchmarkStep(b *testing.B) {
	e := newEngine(b, world(b, 1000), alerts.BuiltinRules())
	rs := round(1000)
	for b.Loop() {
		advance(rs)
		e.Step(readings(rs...))
	}
	perReading(b, len(rs))
}

func perReading(b *testing.B, n int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*n), "ns/reading")
}

// BenchmarkStepEvents opens and resolves an alert with every other reading.
func BenchmarkStepEvents(b *testing.B) {
	rules, _ := alerts.CheckRules(alerts.RulesFile{Rules: []alerts.Rule{{
		ID: "r", Levels: map[string]alerts.Level{"critical": {Multiple: 1}}, KeepOpen: new(alerts.Duration),
	}}}, nil, nil)
	e := newEngine(b, world(b, 1), rules)
	r := reading("s0", "cod", midnight, 0)
	for b.Loop() {
		r.MeasuredAt = r.MeasuredAt.Add(time.Minute)
		r.Value = 100 - r.Value
		if len(e.Step(readings(r))) != 1 {
			b.Fatal("no event")
		}
	}
}

// BenchmarkApplications counts how often a rule is shown a reading, by the built-in rules after a day: the windows are full.
func BenchmarkApplications(b *testing.B) {
	e := newEngine(b, world(b, 100), alerts.BuiltinRules())
	rs := round(100)
	aDayOf(e, rs)
	before := e.Stats().Evaluations
	for b.Loop() {
		advance(rs)
		e.Step(readings(rs...))
	}
	applied := float64(e.Stats().Evaluations - before)
	b.ReportMetric(applied/b.Elapsed().Seconds(), "applications/s")
	b.ReportMetric(applied/float64(b.N*len(rs)), "applications/reading")
}

// aDayOf lets stations speak for a day and an hour.
func aDayOf(e *alerts.Engine, rs []ingest.Reading) {
	const rounds = 25 * 12
	for range rounds {
		advance(rs)
		e.Step(readings(rs...))
	}
}

// BenchmarkEngineState reports what a (station, parameter) holds in memory, windows of 24 h included.
func BenchmarkEngineState(b *testing.B) {
	const stations = 1000
	reg, rs := world(b, stations), round(stations)
	for b.Loop() {
		before := heap()
		e := newEngine(b, reg, alerts.BuiltinRules())
		aDayOf(e, rs)
		held := heap() - before
		b.ReportMetric(float64(held)/float64(len(rs)), "B/series")
		runtime.KeepAlive(e)
	}
}

// BenchmarkSnapshot writes the state of 10,000 stations with windows of 24 h: all of it, as after the loss of the files.
func BenchmarkSnapshot(b *testing.B) {
	const stations = 10_000
	one := newEngine(b, world(b, 1), alerts.BuiltinRules())
	aDayOf(one, round(1))
	state := one.Snapshot("s0")
	reg := world(b, stations)
	e := newEngine(b, reg, alerts.BuiltinRules())
	for i := range reg.Stations() {
		if err := e.Restore(reg.Stations()[i].ID, state); err != nil {
			b.Fatal(err)
		}
	}
	written := 0
	for b.Loop() {
		written = 0
		for i := range reg.Stations() {
			written += len(e.Snapshot(reg.Stations()[i].ID))
		}
	}
	b.ReportMetric(float64(written)/stations, "B/station")
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func BenchmarkLiveApply(b *testing.B) {
	l := newLive(b, 10_000)
	rs := round(10_000)
	for b.Loop() {
		advance(rs)
		l.Apply(rs)
	}
	perReading(b, len(rs))
}

func BenchmarkLiveTick(b *testing.B) {
	l := newLive(b, 10_000)
	l.Apply(round(10_000))
	for b.Loop() {
		l.Tick(minutes(1))
	}
}

func BenchmarkLiveStations(b *testing.B) {
	l := newLive(b, 10_000)
	l.Apply(round(10_000))
	for b.Loop() {
		l.Stations()
	}
}

func BenchmarkLimitsFor(b *testing.B) {
	limits, reg := alerts.BuiltinLimits(), world(b, 1)
	st := &reg.Stations()[0]
	for b.Loop() {
		limits.For(st, "cod", midnight)
	}
}

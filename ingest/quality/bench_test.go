package quality

import (
	"fmt"
	"testing"
	"time"

	"quantrac/geo"
	"quantrac/ingest"
)

// BenchmarkReading is what counting costs for a reading.
func BenchmarkReading(b *testing.B) {
	d := newDesk(b, registry(b, 200), day0)
	var ins []*ingest.Intake
	for i := range 200 {
		in := &ingest.Intake{Delivery: ingest.Delivery{ReceivedAt: day0}}
		for _, code := range []string{"ph", "temp", "cod", "tss", "nh4_n", "tn", "flow_in", "flow_out"} {
			in.Readings = append(in.Readings, ingest.Reading{
				Station: fmt.Sprintf("s%d", i), Parameter: code, Value: 1, Usable: true, MeasuredAt: day0, ReceivedAt: day0.Add(time.Second),
			})
		}
		ins = append(ins, in)
	}
	b.ResetTimer()
	for n := 0; b.Loop(); n++ {
		in := ins[n/8%200]
		r := &in.Readings[n%8]
		if n%8 == 0 {
			d.seq++
			r.MeasuredAt = r.MeasuredAt.Add(time.Millisecond)
		}
		d.Reading(d.seq, in, r)
	}
}

// yearOf fills a year of stations with 8 parameters every 5 min, hour by hour.
func yearOf(b *testing.B, stations int) *desk {
	b.Helper()
	reg := registry(b, stations)
	f := reg.File()
	for i := range f.Stations {
		f.Stations[i].Parameters = []string{"ph", "temp", "cod", "tss", "nh4_n", "tn", "flow_in", "flow_out"}
	}
	reg, problems := geo.NewRegistry(f)
	if len(problems) > 0 {
		b.Fatal(problems)
	}
	d := newDesk(b, reg, day0)
	for x := range int64(365) {
		first := firstHour(dayOf(hourOf(day0.Unix())) + x)
		d.seq++
		for i := range stations {
			id := f.Stations[i].ID
			for h := range int64(24) {
				c := d.at(&spot{}, d.seq, id, first+h)
				c.slots, c.n[stored], c.n[aliveSeconds], c.lag[2] = 1<<slots-1, 96, 3600, 96
				of := d.fresh.parts[placeOf(id, dayOf(first+h))].station(id)
				for j, code := range f.Stations[i].Parameters {
					c.param(of.param(code, j)).received = 12
				}
			}
			d.states[shardOf(id, stateShards)].of(id).first = hourOf(day0.Unix())
		}
		d.save()
	}
	d.now = day0.Add(365 * oneDay)
	return d
}

// BenchmarkYear is an answer over a year of 150 stations: the first one, and those behind it.
func BenchmarkYear(b *testing.B) {
	d := yearOf(b, 150)
	size := 0
	for p := range d.have {
		whole, err := d.load(b.Context(), p)
		if err != nil {
			b.Fatal(err)
		}
		size += len(whole.encode())
	}
	ask := func(b *testing.B) {
		r := d.report(day0, d.now)
		if *r.Total.Complete.Value != 1 {
			b.Fatalf("%+v", r.Total.Complete.Parts)
		}
	}
	b.Run("first", func(b *testing.B) {
		for b.Loop() {
			d.cache = newCache(d.opt.CacheBytes)
			ask(b)
		}
		b.ReportMetric(float64(size)/150/365, "bytes/station-day")
	})
	b.Run("again", func(b *testing.B) {
		for b.Loop() {
			ask(b)
		}
	})
	b.Run("24h", func(b *testing.B) {
		for b.Loop() {
			d.report(d.now.Add(-oneDay), d.now)
		}
	})
}

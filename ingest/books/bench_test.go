package books

import (
	"context"
	"fmt"
	"testing"
	"time"

	"quantrac/ingest"
	"quantrac/ingest/stream"
)

// BenchmarkConsume judges, books and remembers messages of 8 parameters in order, from 200 stations, in batches of 256; what history
// costs is not in it.
func BenchmarkConsume(b *testing.B) {
	log, err := stream.Open(b.Context(), stream.Options{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	c, _, err := Open(b.Context(), Options{
		Log: log, Now: time.Now, Write: func(context.Context, []ingest.Reading) error { return nil },
		Lookup: func(context.Context, string, string, time.Time, time.Time) (map[int64]Stored, error) { return nil, nil },
	})
	if err != nil {
		b.Fatal(err)
	}
	const stations, entries, messages = 200, 256, 8
	parameters := []string{"ph", "temp", "cod", "tss", "nh4_n", "color", "flow_in", "flow_out"}
	names := make([]string, stations)
	for i := range names {
		names[i] = fmt.Sprintf("station-%d", i)
	}
	batches := make([]stream.Batch, messages)
	for m := range batches {
		batches[m].Entries = make([]ingest.Intake, entries)
		for e := range batches[m].Entries {
			batches[m].Entries[e].Readings = make([]ingest.Reading, len(parameters))
		}
	}
	at := base
	n := 0
	for b.Loop() {
		for m := range batches {
			batches[m].Sequence = uint64(n/entries + 1)
			for e := range batches[m].Entries {
				in := &batches[m].Entries[e]
				station := names[n%stations]
				n++
				at = at.Add(time.Millisecond)
				in.Delivery = ingest.Delivery{Gateway: station, ReceivedAt: at}
				for i, p := range parameters {
					in.Readings[i] = ingest.Reading{Station: station, Parameter: p, Value: 1, MeasuredAt: at, ReceivedAt: at, Usable: true}
				}
			}
		}
		if err := c.Consume(b.Context(), batches); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/message")
}

package stream

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"quantrac/ingest"
)

// message is a delivery as a plant sends it: 8 parameters in 300 bytes.
func message(n int) *ingest.Intake {
	at := time.Unix(1788224700, int64(n)).UTC()
	in := &ingest.Intake{Delivery: ingest.Delivery{
		Door: "mqtt", Gateway: fmt.Sprintf("gw-%d", n%200), Topic: fmt.Sprintf("quantrac/v1/station-%d/readings", n%200), ReceivedAt: at, Body: make([]byte, 300),
	}, Dialect: "native"}
	for _, p := range []string{"ph", "temp", "cod", "tss", "nh4_n", "color", "flow_in", "flow_out"} {
		in.Readings = append(in.Readings, ingest.Reading{
			Station: fmt.Sprintf("station-%d", n%200), Parameter: p, Value: float64(n), Unit: "mg/L", MeasuredAt: at, ReceivedAt: at, Usable: true,
		})
	}
	in.Marks = []ingest.Mark{{Station: "station", Sequence: uint64(n), MeasuredAt: at}}
	return in
}

// BenchmarkDecode reads one message of the log with 256 deliveries.
func BenchmarkDecode(b *testing.B) {
	var data []byte
	for n := range 256 {
		data = appendEntry(data, message(n))
	}
	d := newDecoder()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := d.batch(data); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/256, "ns/delivery")
}

// BenchmarkFourConsumers appends deliveries while four consumers read along; the time is that of append and reading together.
func BenchmarkFourConsumers(b *testing.B) {
	l, err := Open(b.Context(), Options{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	var seen [4]atomic.Int64
	for i := range seen {
		c := l.Cursor(fmt.Sprint(i), 0)
		all.Go(func() {
			_ = l.Consume(ctx, c, func(_ context.Context, batches []Batch) error {
				for k := range batches {
					seen[i].Add(int64(len(batches[k].Entries)))
				}
				return nil
			})
		})
	}
	all.Go(func() { _ = l.Run(ctx) })
	b.ReportAllocs()
	b.ResetTimer()
	for n := range b.N {
		if err := l.Append(ctx, message(n), func(error) {}); err != nil {
			b.Fatal(err)
		}
	}
	for i := range seen {
		for seen[i].Load() < int64(b.N) {
			time.Sleep(time.Millisecond)
		}
	}
	b.StopTimer()
	cancel()
	all.Wait()
	_ = l.Close()
}

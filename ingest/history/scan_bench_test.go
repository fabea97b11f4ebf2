package history

import (
	"fmt"
	"testing"
	"time"

	"quantrac/ingest"
)

// BenchmarkScan reads 90 days of one station, 8 parameters at 5 minutes: 207,360 values.
func BenchmarkScan(b *testing.B) {
	s, err := OpenEmbedded(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	const days, stations = 90, 4
	parameters := []string{"flow_in", "flow_out", "ph", "temp", "cod", "tss", "nh4_n", "tn"}
	from := day
	for d := range days {
		var lines []byte
		for st := range stations {
			for i := range 288 {
				at := from.Add(time.Duration(d)*24*time.Hour + time.Duration(i)*5*time.Minute)
				var in []ingest.Reading
				for k, p := range parameters {
					in = append(in, reading(fmt.Sprintf("s-%d", st), p, at, float64(i*7+k)/3))
				}
				lines = AppendLines(lines, in, parkOf)
			}
		}
		if err := s.Write(b.Context(), lines); err != nil {
			b.Fatal(err)
		}
	}
	values := 0
	b.ReportAllocs()
	for b.Loop() {
		q := ScanQuery{Station: "s-1", Parameters: parameters, From: from, To: from.AddDate(0, 0, days)}
		err := Scan(b.Context(), s, q, func(r []ingest.Reading) error { values += len(r); return nil })
		if err != nil {
			b.Fatal(err)
		}
	}
	if want := days * 288 * len(parameters) * b.N; values != want {
		b.Fatalf("%d values, want %d", values, want)
	}
	b.ReportMetric(float64(values)/b.Elapsed().Seconds(), "values/s")
}

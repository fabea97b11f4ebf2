package history

import (
	"testing"
	"time"

	"quantrac/ingest"
)

// BenchmarkYear asks what the chart of a year asks for: 105,120 readings of one parameter in windows, and what of them is marked.
func BenchmarkYear(b *testing.B) {
	s, err := OpenEmbedded(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	const readings = 365 * 288
	var in []ingest.Reading
	for i := range readings {
		r := reading("year-01", "cod", day.Add(time.Duration(i)*5*time.Minute), float64(40+i%30))
		switch {
		case i%2016 < 12: // an hour of calibration a week
			r.Usable, r.Status = false, ingest.Calibrating
		case i%500 == 0:
			r.Flags = ingest.Late
		default:
			r.Flags = ingest.ClockAssumed // a gateway without a clock flags every reading
		}
		in = append(in, r)
		if len(in) == 5000 || i == readings-1 {
			if err := s.Write(b.Context(), AppendLines(nil, in, parkOf)); err != nil {
				b.Fatal(err)
			}
			in = in[:0]
		}
	}
	q := RawQuery{Station: "year-01", Parameter: "cod", From: day, To: day.AddDate(1, 0, 0)}
	for _, fn := range []string{"mean", "min", "max"} {
		b.Run("windows of 12h, "+fn, func(b *testing.B) {
			for b.Loop() {
				if w, err := Windows(b.Context(), s, WindowQuery{RawQuery: q, Every: 12 * time.Hour, Fn: fn}); err != nil || len(w) != 730 {
					b.Fatalf("%d windows (%v)", len(w), err)
				}
			}
		})
	}
	b.Run("marked", func(b *testing.B) {
		q.Marked, q.Limit = true, 5000
		for b.Loop() {
			if rows, err := Raw(b.Context(), s, q); err != nil || len(rows) < 600 {
				b.Fatalf("%d rows (%v)", len(rows), err)
			}
		}
	})
}

package history

import (
	"context"
	"errors"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"quantrac/ingest"
)

// A reading that is being written while it is read is there with its number or not at all: the engine of history shows the fields of a
// row one after the other.
func TestReadingWhileWriting(t *testing.T) {
	s, err := OpenEmbedded(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	w := NewWriter(s, func(string) string { return "" }, NewMetrics(nil), nil)
	const (
		batches = 60
		each    = 200
	)
	whole := errors.New("everything is written")
	g, ctx := errgroup.WithContext(t.Context())
	g.Go(func() error {
		for b := range batches {
			var readings []ingest.Reading
			for i := range each {
				at := day.Add(time.Duration(b*each+i) * time.Second)
				for _, p := range []string{"cod", "tss", "ph", "temp"} {
					readings = append(readings, ingest.Reading{Station: "torn-01", Parameter: p, Value: 7, Flags: ingest.Late, MeasuredAt: at, Usable: true})
				}
			}
			if err := w.Consume(ctx, []ingest.Intake{{Readings: readings}}); err != nil {
				return err
			}
		}
		return whole
	})
	for range 2 {
		g.Go(func() error {
			for ctx.Err() == nil {
				rows, err := Raw(ctx, s, RawQuery{Station: "torn-01", Parameter: "cod", From: day, To: day.Add(24 * time.Hour)})
				if err != nil {
					if errors.Is(context.Cause(ctx), whole) {
						return nil
					}
					return err
				}
				for i, r := range rows {
					if r.Value == nil || !r.MeasuredAt.Equal(day.Add(time.Duration(i)*time.Second)) {
						t.Errorf("row %d of %d: %s without its value", i, len(rows), r.MeasuredAt)
						return nil
					}
				}
			}
			return nil
		})
	}
	if err := g.Wait(); !errors.Is(err, whole) {
		t.Fatal(err)
	}
}

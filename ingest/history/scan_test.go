package history

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"quantrac/ingest"
)

// scanContract holds a scan against what was written: everything in the order of time, nothing twice, nothing of others.
func scanContract(t *testing.T, s Store) {
	from, to := day.Add(-90*time.Minute), day.Add(49*time.Hour)
	flagged := reading("scan-01", "tss", day.Add(time.Hour), 31)
	flagged.Flags = ingest.Late | ingest.Spike
	unusable := reading("scan-01", "cod", day.Add(time.Hour), 900)
	unusable.Usable, unusable.Flags = false, ingest.OutOfRange
	calibrating := reading("scan-01", "cod", day.Add(24*time.Hour), 12)
	calibrating.Usable, calibrating.Status = false, ingest.Calibrating
	in := []ingest.Reading{
		reading("scan-01", "cod", from.Add(-1), 1), reading("scan-01", "cod", from, 0), unusable, flagged, reading("scan-01", "ph", day.Add(time.Hour), 7),
		reading("scan-01", "cod", day.Add(22*time.Hour+30*time.Minute-1), 3), calibrating, reading("scan-01", "cod", to.Add(-1), 4), reading("scan-01", "cod", to, 5),
		reading("scan-02", "cod", day, 6), reading("scan-01", "tn", day, 7),
	}
	write(t, s, in...)
	var got []string
	pieces := 0
	err := Scan(t.Context(), s, ScanQuery{"scan-01", []string{"cod", "tss", "nh4_n"}, from, to}, func(rs []ingest.Reading) error {
		pieces++
		for _, r := range rs {
			if r.Station != "scan-01" || !r.ReceivedAt.Equal(r.MeasuredAt) {
				t.Errorf("%+v", r)
			}
			got = append(got, fmt.Sprint(r.MeasuredAt.Sub(day), r.Parameter, r.Value, r.Usable, r.Status, r.Flags))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, r := range in[1 : len(in)-3] {
		if r.Parameter != "ph" {
			want = append(want, fmt.Sprint(r.MeasuredAt.Sub(day), r.Parameter, r.Value, r.Usable, r.Status, r.Flags))
		}
	}
	if !slices.Equal(got, want) || pieces != 3 {
		t.Errorf("in %d pieces\n got %q\nwant %q", pieces, got, want)
	}
}

func TestScanEmbedded(t *testing.T) {
	s, err := OpenEmbedded(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	scanContract(t, s)

	stop := errors.New("enough")
	q := ScanQuery{"scan-01", []string{"cod"}, day.AddDate(0, 0, -1), day.AddDate(0, 0, 3)}
	calls := 0
	if err := Scan(t.Context(), s, q, func([]ingest.Reading) error { calls++; return stop }); !errors.Is(err, stop) || calls != 1 {
		t.Errorf("%v after %d calls", err, calls)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Scan(ctx, s, q, func([]ingest.Reading) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	q.Parameters = nil
	if err := Scan(t.Context(), s, q, func([]ingest.Reading) error { return stop }); err != nil {
		t.Errorf("of no parameters: %v", err)
	}
}

func TestScanInfluxDB(t *testing.T) {
	srv := startInflux(t, t.TempDir(), freeAddr(t), freeAddr(t))
	defer srv.stop()
	s := OpenRemote(RemoteOptions{URL: "http://" + srv.addr})
	defer s.Close()
	scanContract(t, s)
}

package history

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"quantrac/ingest"
)

// columnsContract holds columns against what was written: in the order of time, nothing twice, nothing of others.
func columnsContract(t *testing.T, s Store) {
	t.Helper()
	from, to := day, day.AddDate(0, 0, 15) // three shards
	unusable := reading("col-01", "cod", day.Add(time.Hour), 900)
	unusable.Usable, unusable.Flags = false, ingest.OutOfRange
	noNumber := reading("col-01", "cod", day.Add(2*time.Hour), 0)
	noNumber.Usable, noNumber.Status, noNumber.Value = false, ingest.Fault, math.NaN()
	flagged := reading("col-01", "cod", day.Add(8*24*time.Hour), 12)
	flagged.Flags = ingest.Late
	onlyFlags := reading("col-01", "cod", day.Add(3*time.Hour), math.NaN())
	onlyFlags.Usable, onlyFlags.Flags = false, ingest.Negative
	write(t, s,
		reading("col-01", "cod", from.Add(-1), 1), reading("col-01", "cod", from, 2), unusable, noNumber, onlyFlags, flagged,
		reading("col-01", "cod", to.Add(-1), 3), reading("col-01", "cod", to, 4), reading("col-01", "ph", day.Add(time.Hour), 7),
		reading("col-02", "cod", day, 6), reading("col-03", "cod", day, 8),
	)
	// The same station, earlier in another park.
	if err := s.Write(t.Context(), []byte(fmt.Sprintf("readings,park=loteco,station=col-01 cod=5 %d\n", day.Add(30*time.Minute).UnixNano()))); err != nil {
		t.Fatal(err)
	}
	var got []string
	q := ColumnQuery{[]StationColumns{{"col-02", []string{"cod"}}, {"col-01", []string{"ph", "cod", "tss"}}, {"nowhere", []string{"cod"}}, {"col-03", nil}}, from, to}
	err := Columns(t.Context(), s, q, func(station string, columns []Column) error {
		got = append(got, station)
		for _, c := range columns {
			for i, at := range c.At {
				got = append(got, fmt.Sprint(c.Parameter, " ", time.Duration(at-day.UnixNano()), " ", c.Value[i], " ", c.Status[i]))
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"col-02", "cod 0s 6 measuring",
		"col-01", "ph 1h0m0s 7 measuring", "cod 0s 2 measuring", "cod 30m0s 5 measuring", "cod 1h0m0s NaN measuring", "cod 2h0m0s NaN fault",
		"cod 3h0m0s NaN measuring", "cod 192h0m0s 12 measuring", "cod 359h59m59.999999999s 3 measuring",
		"nowhere", "col-03",
	}
	if !slices.Equal(got, want) {
		t.Errorf("\n got %q\nwant %q", got, want)
	}
}

// queried is a store whose blocks cannot be reached: what a server is.
type queried struct{ Store }

func TestColumnsEmbedded(t *testing.T) {
	s, err := OpenEmbedded(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	columnsContract(t, s)
	columnsContract(t, queried{s})

	stop := errors.New("enough")
	q := ColumnQuery{[]StationColumns{{"col-01", []string{"cod"}}, {"col-02", []string{"cod"}}}, day, day.Add(time.Hour)}
	for _, store := range []Store{s, queried{s}} {
		calls := 0
		if err := Columns(t.Context(), store, q, func(string, []Column) error { calls++; return stop }); !errors.Is(err, stop) || calls != 1 {
			t.Errorf("%v after %d calls", err, calls)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := Columns(ctx, store, q, func(string, []Column) error { return nil }); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	}
}

func TestColumnsInfluxDB(t *testing.T) {
	srv := startInflux(t, t.TempDir(), freeAddr(t), freeAddr(t))
	defer srv.stop()
	s := OpenRemote(RemoteOptions{URL: "http://" + srv.addr})
	defer s.Close()
	columnsContract(t, s)
}

// BenchmarkColumns reads six hours of 300 stations, 8 parameters at 5 minutes, out of a week: 172,800 values.
func BenchmarkColumns(b *testing.B) {
	s, err := OpenEmbedded(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	parameters := []string{"flow_in", "flow_out", "ph", "temp", "cod", "tss", "nh4_n", "tn"}
	stations := make([]StationColumns, 300)
	for i := range stations {
		stations[i] = StationColumns{fmt.Sprintf("s-%03d", i), parameters}
	}
	for hour := range 7 * 24 {
		var lines []byte
		for i, st := range stations {
			for k := range 12 {
				var in []ingest.Reading
				for n, p := range parameters {
					in = append(in, reading(st.Station, p, day.Add(time.Duration(hour)*time.Hour+time.Duration(k)*5*time.Minute), float64(i+hour*k+n)/3))
				}
				lines = AppendLines(lines, in, parkOf)
			}
		}
		if err := s.Write(b.Context(), lines); err != nil {
			b.Fatal(err)
		}
	}
	q := ColumnQuery{stations, day.AddDate(0, 0, 3), day.AddDate(0, 0, 3).Add(6 * time.Hour)}
	for name, store := range map[string]Store{"blocks": s, "queries": queried{s}} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			values := 0
			for b.Loop() {
				if err := Columns(b.Context(), store, q, func(_ string, columns []Column) error {
					for _, c := range columns {
						values += len(c.At)
					}
					return nil
				}); err != nil {
					b.Fatal(err)
				}
			}
			if want := 300 * 8 * 72 * b.N; values != want {
				b.Fatalf("%d values, want %d", values, want)
			}
		})
	}
}

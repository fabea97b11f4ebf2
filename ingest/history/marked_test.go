package history

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"quantrac/ingest"
)

// markedContract holds for every store: what a chart marks comes alone, also where a field has never been written.
func markedContract(t *testing.T, s Store) {
	t.Run("only what is marked", func(t *testing.T) {
		calibrating := reading("marked-01", "cod", day.Add(5*time.Minute), 40)
		calibrating.Usable, calibrating.Status = false, ingest.Calibrating
		silent := reading("marked-01", "cod", day.Add(10*time.Minute), 0)
		silent.Usable, silent.Status = false, ingest.Fault
		late := reading("marked-01", "cod", day.Add(15*time.Minute), 42.5)
		late.Flags = ingest.Late | ingest.ClockAssumed
		assumed := reading("marked-01", "cod", day.Add(20*time.Minute), 43)
		assumed.Flags = ingest.ClockAssumed
		write(t, s, reading("marked-01", "cod", day, 42.1), calibrating, silent, late, assumed, reading("marked-02", "never_marked", day, 7))
		q := RawQuery{Station: "marked-01", Parameter: "cod", From: day, To: day.Add(time.Hour), Limit: 10, Marked: true}
		rows, err := Raw(t.Context(), s, q)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, r := range rows {
			got = append(got, fmt.Sprintf("%s %s %s %s", r.MeasuredAt.Format("15:04"), show(r.Raw), r.Status, r.Flags))
		}
		if want := "00:05 40 calibrating |00:10 0 fault |00:15 42.5 measuring late,clock_assumed"; strings.Join(got, "|") != want {
			t.Errorf("\n got %s\nwant %s", strings.Join(got, "|"), want)
		}
		q.Station, q.Parameter = "marked-02", "never_marked"
		if rows, err := Raw(t.Context(), s, q); err != nil || len(rows) != 0 {
			t.Errorf("%d rows of a series without marks (%v)", len(rows), err)
		}
	})
	t.Run("windows that begin at another time", func(t *testing.T) {
		for i := range 4 {
			write(t, s, reading("offset-01", "cod", day.Add(time.Duration(i)*6*time.Hour), float64(i)))
		}
		q := WindowQuery{RawQuery: RawQuery{Station: "offset-01", Parameter: "cod", From: day, To: day.Add(24 * time.Hour)}, Every: 24 * time.Hour, Offset: 17 * time.Hour, Fn: "mean"}
		windows, err := Windows(t.Context(), s, q)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, w := range windows {
			got = append(got, fmt.Sprintf("%s %s/%d", w.Time.Format("02T15"), show(w.Value), w.Count))
		}
		want := fmt.Sprintf("%s 1/3|%s 3/1", day.Add(-7*time.Hour).Format("02T15"), day.Add(17*time.Hour).Format("02T15"))
		if strings.Join(got, "|") != want {
			t.Errorf("got %s, want %s", strings.Join(got, "|"), want)
		}
	})
}

// A value that is marked again after its station has moved to another park lies in two series, and is one reading.
func movedContract(t *testing.T, s Store) {
	t.Run("a station that moved", func(t *testing.T) {
		first := reading("moved-01", "cod", day, 42.1)
		write(t, s, first, reading("moved-01", "cod", day.Add(5*time.Minute), 43))
		first.Flags = ingest.Revised
		w := NewWriter(s, func(string) string { return "another-park" }, NewMetrics(nil), slog.New(slog.DiscardHandler))
		if err := w.Consume(t.Context(), []ingest.Intake{{Readings: []ingest.Reading{first}}}); err != nil {
			t.Fatal(err)
		}
		rows, err := Raw(t.Context(), s, RawQuery{Station: "moved-01", Parameter: "cod", From: day, To: day.Add(time.Hour)})
		if err != nil || len(rows) != 2 || rows[0].Flags != ingest.Revised || *rows[0].Value != 42.1 {
			t.Errorf("%+v (%v)", rows, err)
		}
	})
}

package history

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"quantrac/ingest"
)

// Lines are written once each, in batches of a good size, and those of a station in order and by one lane.
func TestLanes(t *testing.T) {
	remote := OpenRemote(RemoteOptions{URL: "http://127.0.0.1:1"})
	defer remote.Close()
	w := NewWriter(remote, parkOf, NewMetrics(nil), slog.New(slog.DiscardHandler))
	const stations, each = 20, 1100
	entries := make([]ingest.Intake, 0, stations*each)
	var want bytes.Buffer
	for i := range each {
		for s := range stations {
			rs := []ingest.Reading{reading(fmt.Sprintf("lane-%d", s), "cod", day.Add(time.Duration(i)*time.Second), float64(i))}
			entries = append(entries, ingest.Intake{Readings: rs})
		}
	}
	lanes := w.encode(entries)
	if len(lanes) != remoteLanes {
		t.Fatalf("%d lanes", len(lanes))
	}
	var lines int
	for s := range stations {
		station := fmt.Appendf(nil, "station=lane-%d ", s)
		var got [remoteLanes][]byte
		for i, batches := range lanes {
			for _, b := range batches {
				for line := range bytes.Lines(b.lines) {
					if bytes.Contains(line, station) {
						got[i] = append(got[i], line...)
						lines++
					}
				}
			}
		}
		want.Reset()
		for i := range each {
			want.Write(AppendLines(nil, []ingest.Reading{reading(fmt.Sprintf("lane-%d", s), "cod", day.Add(time.Duration(i)*time.Second), float64(i))}, parkOf))
		}
		if !bytes.Equal(got[0], want.Bytes()) && !bytes.Equal(got[1], want.Bytes()) {
			t.Errorf("the lines of station %d are not those of one lane in order", s)
		}
	}
	if lines != stations*each {
		t.Errorf("%d lines, want %d", lines, stations*each)
	}
	for _, batches := range lanes {
		for i, b := range batches {
			if n := bytes.Count(b.lines, []byte{'\n'}); n != b.count || n > batchLines*3/2 || len(batches) > 1 && n < batchLines/2 {
				t.Errorf("batch %d counts %d, holds %d lines", i, b.count, n)
			}
		}
	}
}

func TestNothingIsNotWritten(t *testing.T) {
	remote := OpenRemote(RemoteOptions{URL: "http://127.0.0.1:1"}) // nobody is there
	defer remote.Close()
	w := NewWriter(remote, parkOf, NewMetrics(nil), slog.New(slog.DiscardHandler))
	if err := w.Consume(t.Context(), nil); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	some := []ingest.Intake{{Readings: []ingest.Reading{reading("a", "cod", day, 1), reading("b", "cod", day, 1), reading("c", "cod", day, 1)}}}
	if err := w.Consume(ctx, some); err == nil {
		t.Error("nil although nothing is stored")
	}
}

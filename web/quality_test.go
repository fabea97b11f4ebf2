package web

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"quantrac/geo"
	"quantrac/ingest/books"
	"quantrac/ingest/quality"
	"quantrac/ingest/stream"
)

func openQuality(t *testing.T, log *stream.Log, reg func() *geo.Registry, now func() time.Time) *quality.Store {
	t.Helper()
	bucket := must[*stream.Bucket](t)(log.Bucket(t.Context(), "quality"))
	return must[*quality.Store](t)(quality.Open(t.Context(), quality.Options{Bucket: bucket, Registry: reg, Now: now}))
}

func followerOf(q *quality.Store) books.Follower {
	return books.Follower{
		Delivery: q.Delivery, Reading: q.Reading, Save: q.Save, Full: q.Full,
		Line: func(batch uint64, k books.Key, at int64, c books.Counts) {
			q.Line(batch, quality.Booked{
				Station: k.Station, At: at, Stored: c.Stored, Quarantined: c.Quarantined, Duplicate: c.Duplicate, Revised: c.Revised,
			})
		},
	}
}

func qualityOf(q *quality.Store) Quality {
	return Quality{
		Check:  quality.CheckSpan,
		Report: func(ctx context.Context, from, to time.Time) (any, error) { return q.Report(ctx, from, to) },
		CSV: func(ctx context.Context, w io.Writer, from, to time.Time) error {
			r, err := q.Report(ctx, from, to)
			if err != nil {
				return err
			}
			return r.WriteCSV(w)
		},
		Gaps: func(ctx context.Context, g GapQuery) (any, error) { return q.Gaps(ctx, quality.GapQuery(g)) },
		Strip: func(ctx context.Context, station string, from, to time.Time, daily bool) (any, error) {
			strip, err := q.Strip(ctx, station, from, to, daily)
			if errors.Is(err, quality.ErrNotFound) {
				return nil, ErrNotFound
			}
			return strip, err
		},
	}
}

// What came in shows in the figures at once, late data for the time it was measured, and the numbers of clean are the ledger's.
func TestQuality(t *testing.T) {
	r := newRig(t, nil)
	for minute := 0; minute < 60; minute += 5 {
		r.post("/api/v1/readings", fmt.Sprintf(`{"station":"amata-01","measured_at":"2026-11-24T03:%02d:00Z","values":{"cod":40,"ph":7,"tss":9}}`, minute)).is(http.StatusAccepted)
	}
	r.post("/api/v1/readings", `{"station":"amata-01","measured_at":"2026-11-24T03:00:00Z","values":{"cod":40}}`)
	r.post("/api/v1/readings", `{"station":"amata-02","measured_at":"2026-11-24T04:58:00Z","values":{"cod":9000,"mystery":1}}`)
	r.post("/api/v1/readings", `not json`)
	r.settle()
	r.pass(time.Minute)
	var out quality.Report
	r.get("/api/v1/quality").into(http.StatusOK, &out)
	if len(out.Stations) != 4 || len(out.Parks) != 3 {
		t.Fatalf("%d stations, %d parks", len(out.Stations), len(out.Parks))
	}
	first, second := &out.Stations[0], &out.Stations[1]
	// From 03:00 to 04:56, the present less a cycle: 24 cycles of 4 parameters; an hour of 3 parameters is there.
	if got := first.Complete.Parts; got.Expected != 96 || got.Received != 36 || got.Missing != 60 || got.Late != 36 || *got.AboveFloor {
		t.Errorf("complete is %+v", got)
	}
	if v := *first.Correct.Value; v != 1 || !*first.Correct.OK {
		t.Errorf("correct is %v", v)
	}
	if got := first.Clean.Parts; got.Received != 37 || got.Stored != 36 || got.Duplicate != 1 || *first.Clean.OK {
		t.Errorf("clean is %+v", got)
	}
	if got := second.Uniform.Parts; got.UnmappedParameters != 1 || got.Records != 2 || *second.Uniform.OK {
		t.Errorf("uniform is %+v", got)
	}
	if second.Correct.Parts.OutOfRange != 1 || second.Alive.Parts.AliveNow != 1 {
		t.Errorf("correct is %+v, alive %+v", second.Correct.Parts, second.Alive.Parts)
	}
	if silent := &out.Stations[2]; silent.Correct.Value != nil || *silent.Correct.Reason != quality.NoData || silent.Todo[0].Code != "never_spoke" {
		t.Errorf("a station that never spoke: %+v", silent)
	}
	var ledger struct{ Total books.Counts }
	r.get("/api/v1/ledger").into(http.StatusOK, &ledger)
	if got := out.Total.Clean.Parts; got.Received != ledger.Total.Received || got.Stored != ledger.Total.Stored || got.Quarantined != ledger.Total.Quarantined {
		t.Errorf("the total is %+v, the ledger %+v", got, ledger.Total)
	}
	if out.Unassigned.Quarantined != 1 {
		t.Errorf("what belongs to no station is %+v", out.Unassigned)
	}
}

func TestQualityGapsAndStrip(t *testing.T) {
	r := newRig(t, nil)
	for _, minute := range []int{0, 5, 10, 40, 45} {
		r.post("/api/v1/readings", fmt.Sprintf(`{"station":"amata-01","measured_at":"2026-11-24T03:%02d:00Z","values":{"cod":40}}`, minute)).is(http.StatusAccepted)
	}
	r.settle()
	var gaps quality.Gaps
	r.get("/api/v1/quality/gaps?park=amata&station=amata-01").into(http.StatusOK, &gaps)
	if gaps.Count != 2 || len(gaps.Items) != 2 {
		t.Fatalf("gaps %+v", gaps)
	}
	if g := gaps.Items[0]; !g.Open || g.From.Format("15:04") != "03:50" || g.To.Format("15:04") != "04:55" || g.Missing != 13*4 {
		t.Errorf("the longest gap is %+v", g)
	}
	if g := gaps.Items[1]; g.Open || g.From.Format("15:04") != "03:15" || g.Seconds != 25*60 || g.Missing != 5*4 {
		t.Errorf("the other gap is %+v", g)
	}
	var strip quality.Strip
	r.get("/api/v1/stations/amata-01/quality?from=2026-11-24T02:00:00Z").into(http.StatusOK, &strip)
	if fmt.Sprint(strip.Expected, strip.Received, strip.Right) != "[0 48 44] [0 5 0] [0 5 0]" {
		t.Errorf("the strip is %+v", strip)
	}
	r.get("/api/v1/stations/amata-01/quality?every=24h").is(http.StatusOK)
	r.get("/api/v1/stations/nobody/quality").is(http.StatusNotFound)
}

func TestQualityTableAndFaults(t *testing.T) {
	r := newRig(t, nil)
	a := r.get("/api/v1/quality?format=csv").is(http.StatusOK)
	lines := must[[][]string](t)(csv.NewReader(strings.NewReader(string(a.body))).ReadAll())
	if len(lines) != 1+1+3+4 || lines[1][0] != "total" || lines[5][1] != "amata-01" {
		t.Errorf("the table is %q", lines)
	}
	for query, why := range map[string]string{
		"from=2026-11-24T05:00:00Z&to=2026-11-24T05:00:00Z": "from must lie before to",
		"from=2024-11-24T05:00:00Z":                         "366 days",
		"from=yesterday":                                    "must be a time",
		"format=pdf":                                        "format must be one of",
	} {
		r.get("/api/v1/quality?"+query).says(http.StatusBadRequest, why)
	}
	r.get("/api/v1/stations/amata-01/quality?every=5m").says(http.StatusBadRequest, "every must be one of")
}

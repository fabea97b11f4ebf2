package web

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"quantrac/ingest"
	"quantrac/ingest/books"
	"quantrac/ingest/history"
	"quantrac/ingest/quality"
	"quantrac/ingest/stream"
)

func openBooks(t *testing.T, log *stream.Log, store history.Store, writer *history.Writer, figures *quality.Store) (*books.Clerk, *stream.Cursor) {
	t.Helper()
	clerk, cursor, err := books.Open(t.Context(), books.Options{
		Log: log, Now: time.Now, Follow: followerOf(figures),
		Lookup: func(ctx context.Context, station, parameter string, from, to time.Time) (map[int64]books.Stored, error) {
			rows, err := history.Raw(ctx, store, history.RawQuery{Station: station, Parameter: parameter, From: from, To: to})
			out := map[int64]books.Stored{}
			for _, r := range rows {
				s := books.Stored{Value: math.NaN(), Status: r.Status, Flags: r.Flags, Usable: r.Value != nil}
				if r.Raw != nil {
					s.Value = *r.Raw
				}
				out[r.MeasuredAt.UnixNano()] = s
			}
			return out, err
		},
		Write: func(ctx context.Context, readings []ingest.Reading) error {
			return writer.Consume(ctx, []ingest.Intake{{Readings: readings}})
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return clerk, cursor
}

func ledgerOf(c *books.Clerk) func(context.Context, LedgerQuery) (any, error) {
	return func(ctx context.Context, q LedgerQuery) (any, error) {
		return c.Ledger(ctx, books.Query{Gateway: q.Gateway, Station: q.Station, From: q.From, To: q.To})
	}
}

// What came in is counted by what became of it, as the contract counts.
func TestLedger(t *testing.T) {
	r := newRig(t, nil)
	for _, body := range []string{
		`{"station":"amata-01","measured_at":"2026-11-24T04:00:00Z","sequence":1,"values":{"cod":40,"ph":7}}`,
		`{"station":"amata-01","measured_at":"2026-11-24T04:00:00Z","sequence":1,"values":{"cod":40,"ph":7.5}}`,
		`{"station":"amata-01","measured_at":"2026-11-24T04:05:00Z","sequence":4,"values":{"cod":"-"}}`,
		`not json`,
	} {
		r.post("/api/v1/readings", body)
	}
	r.settle()
	var l struct {
		Items []struct {
			Station string `json:"station"`
			books.Counts
			Gaps []books.Gap `json:"gaps"`
		} `json:"items"`
		Total books.Counts `json:"total"`
	}
	r.get("/api/v1/ledger").into(http.StatusOK, &l)
	if want := (books.Counts{Received: 6, Stored: 3, Quarantined: 1, Duplicate: 1, Revised: 1}); l.Total != want {
		t.Errorf("total %+v, want %+v", l.Total, want)
	}
	for _, it := range l.Items {
		if it.Station == "amata-01" && (len(it.Gaps) != 1 || it.Gaps[0].Missing != 2) {
			t.Errorf("gaps %+v: 2 and 3 are missing", it.Gaps)
		}
	}
	if a := r.get("/api/v1/ledger?from=yesterday"); a.status != http.StatusBadRequest {
		t.Errorf("status %d for a time that is none", a.status)
	}
}

func TestConflicts(t *testing.T) {
	r := newRig(t, nil)
	post := func(minute int, values string) {
		t.Helper()
		r.post("/api/v1/readings", fmt.Sprintf(`{"station":"amata-01","measured_at":"2026-11-24T04:%02d:00Z","values":{%s}}`, minute, values)).is(http.StatusAccepted)
	}
	post(0, `"cod":40,"ph":7`)
	post(5, `"cod":41`)
	post(0, `"cod":44,"ph":7`)
	r.pass(time.Minute)
	post(5, `"cod":{"value":45,"status":"calibrating"}`)
	post(5, `"cod":"---"`)
	r.settle()
	const path = "/api/v1/stations/amata-01/conflicts"
	values := func(query string) string {
		t.Helper()
		var l struct {
			Items []struct {
				MeasuredAt  time.Time `json:"measured_at"`
				Kept, Other struct{ Value *float64 }
			}
		}
		r.get(path+query).into(http.StatusOK, &l)
		var out []string
		for _, c := range l.Items {
			out = append(out, fmt.Sprint(c.MeasuredAt.Minute(), ":", number(c.Kept.Value), "/", number(c.Other.Value)))
		}
		return strings.Join(out, " ")
	}
	for query, want := range map[string]string{
		"": "5:41/ 5:41/45 0:40/44", "?parameter=cod&limit=2": "5:41/ 5:41/45", "?parameter=ph": "", "?from=2026-11-24T04:05:00Z": "5:41/ 5:41/45", "?to=2026-11-24T04:05:00Z": "0:40/44",
	} {
		if got := values(query); got != want {
			t.Errorf("conflicts%s: %q, want %q", query, got, want)
		}
	}
	var l struct {
		Items []struct {
			Kept, Other struct{ Status string }
			ReceivedAt  time.Time `json:"received_at"`
			Gateway     string
		}
		Next *string `json:"next_cursor"`
	}
	r.get(path+"?limit=2").into(http.StatusOK, &l)
	if c := l.Items[1]; c.Kept.Status != "measuring" || c.Other.Status != "calibrating" || c.Gateway != "bootstrap" || !c.ReceivedAt.Equal(noon.Add(time.Minute)) {
		t.Errorf("%+v", c)
	}
	if l.Next == nil || values("?cursor="+*l.Next) != "0:40/44" {
		t.Errorf("the page behind %v: %q", l.Next, values("?cursor="+*l.Next))
	}
	for query, detail := range map[string]string{"?cursor=x": "cursor", "?parameter=moon": "not in the catalogue", "?from=x": "from must be", "?to=x": "to must be", "?limit=x": "limit"} {
		r.get(path+query).says(http.StatusBadRequest, detail)
	}
	r.get("/api/v1/stations/nowhere/conflicts").is(http.StatusNotFound)
}

package history

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"

	"quantrac/ingest"
)

// ScanQuery asks for everything that is stored of some parameters of one station, From inclusive, To exclusive.
type ScanQuery struct {
	Station    string
	Parameters []string
	From, To   time.Time
}

// scanChunk is how much of the past one query of Scan reads: it bounds the memory that a scan of years takes.
const scanChunk = 24 * time.Hour

// cellsOfParameter is the number of columns that a parameter has in a scan: value, raw, status, flags.
const cellsOfParameter = 4

// Scan visits stored readings in the order of time, a day at a time, all parameters of an instant side by side. The slice is valid
// until visit returns. When a reading came is not stored: ReceivedAt is its MeasuredAt.
func Scan(ctx context.Context, s Store, q ScanQuery, visit func([]ingest.Reading) error) error {
	if len(q.Parameters) == 0 {
		return nil
	}
	var fields []string
	for _, p := range q.Parameters {
		fields = append(fields, quoteName(p), quoteName(p+"_raw"), quoteName(p+"_status"), quoteName(p+"_flags"))
	}
	columns := "SELECT " + strings.Join(fields, ", ")
	var readings []ingest.Reading
	for from := q.From; from.Before(q.To); from = from.Add(scanChunk) {
		to := from.Add(scanChunk)
		if to.After(q.To) {
			to = q.To
		}
		res, err := s.Query(ctx, columns+where(RawQuery{Station: q.Station, From: from, To: to})+" ORDER BY time ASC")
		if err != nil {
			return err
		}
		if readings, err = appendScanned(readings[:0], &q, res.Rows); err != nil {
			return err
		}
		if len(readings) == 0 {
			continue
		}
		if err := visit(readings); err != nil {
			return err
		}
	}
	return nil
}

func appendScanned(out []ingest.Reading, q *ScanQuery, rows [][]any) ([]ingest.Reading, error) {
	for _, cells := range rows {
		if want := 1 + cellsOfParameter*len(q.Parameters); len(cells) != want {
			return nil, fmt.Errorf("history answered %d columns, want %d", len(cells), want)
		}
		at, ok := cellTime(cells[0])
		if !ok {
			return nil, fmt.Errorf("history answered no time but %v", cells[0])
		}
		for i, p := range q.Parameters {
			r := ingest.Reading{Station: q.Station, Parameter: p, MeasuredAt: at, ReceivedAt: at}
			if fillScanned(&r, cells[1+cellsOfParameter*i:][:cellsOfParameter]) {
				out = append(out, r)
			}
		}
	}
	return out, nil
}

// fillScanned reports whether anything is stored of the reading.
func fillScanned(r *ingest.Reading, cells []any) bool {
	value, raw := cellFloat(cells[0]), cellFloat(cells[1])
	flags, flagged := cells[3].(string)
	if value == nil && raw == nil && cells[2] == nil && !flagged {
		return false
	}
	r.Value, r.Usable = math.NaN(), value != nil
	switch {
	case value != nil:
		r.Value = *value
	case raw != nil:
		r.Value = *raw
	}
	r.Status = ingest.Status(cellInt(cells[2]))
	if flagged {
		r.Flags = ingest.ParseFlags(flags)
	}
	return true
}

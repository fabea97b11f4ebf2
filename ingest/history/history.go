// Package history keeps readings in InfluxDB for years: an engine embedded in the process, or a server by URL.
//
// It promises: a nil Write means durable (fsync of the write-ahead log, or the server's answer); writing the same readings
// again changes nothing; while InfluxDB is away writes wait and are tried for as long as it takes; a point that InfluxDB
// refuses for ever is parked alone and never holds up its neighbours. Reads are InfluxQL, the one language that InfluxDB
// 1.8, 2.x and 3.x share, so that one query text serves all stores.
package history

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/influxdata/influxql"
)

// Store is a place that takes line protocol and answers InfluxQL.
type Store interface {
	// Write stores lines of line protocol with times in ns, separated by line feeds. It may keep a reference to lines.
	Write(ctx context.Context, lines []byte) error
	// Query answers one SELECT with at most one series.
	Query(ctx context.Context, influxQL string) (Result, error)
	// Ping says whether the store answers.
	Ping(ctx context.Context) error
	Close() error
}

// Database is the name of the bucket or database.
const Database = "quantrac"

// Measurement is the name under which readings are kept.
const Measurement = "readings"

// Result is a table: the first column is the time.
type Result struct {
	Columns []string
	Rows    [][]any
}

// permanentError marks what no second try can mend.
type permanentError struct{ err error }

func (e *permanentError) Error() string { return e.err.Error() }
func (e *permanentError) Unwrap() error { return e.err }

// Permanent reports whether err means that the same lines will be refused for ever.
func Permanent(err error) bool {
	var p *permanentError
	return errors.As(err, &p)
}

// onlySelect refuses statements that could change what is stored.
func onlySelect(text string) error {
	q, err := influxql.ParseQuery(text)
	if err != nil {
		return fmt.Errorf("parse query: %w", err)
	}
	for _, statement := range q.Statements {
		if s, ok := statement.(*influxql.SelectStatement); !ok || s.Target != nil {
			return fmt.Errorf("history answers SELECT only, not %s", statement)
		}
	}
	return nil
}

func cellTime(v any) (time.Time, bool) {
	switch v := v.(type) {
	case time.Time:
		return v.UTC(), true
	case json.Number:
		ns, err := v.Int64()
		return time.Unix(0, ns).UTC(), err == nil
	}
	return time.Time{}, false
}

func cellFloat(v any) *float64 {
	var f float64
	switch v := v.(type) {
	case float64:
		f = v
	case int64:
		f = float64(v)
	case json.Number:
		var err error
		if f, err = v.Float64(); err != nil {
			return nil
		}
	default:
		return nil
	}
	return &f
}

func cellInt(v any) int64 {
	switch v := v.(type) {
	case int64:
		return v
	case float64:
		return int64(v)
	case json.Number:
		n, err := v.Int64()
		if err == nil {
			return n
		}
	}
	return 0
}

package history

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"quantrac/ingest"
)

// RawQuery asks for the rows of one parameter at one station, ascending; From is inclusive, To exclusive.
type RawQuery struct {
	Station, Parameter string
	From, To           time.Time
	// Limit is the greatest number of rows; 0 = no limit.
	Limit int
	// Marked leaves only rows with another status than measuring, and those with flag late or revised.
	Marked bool
}

// Row is one stored reading. Value is nil unless it is usable; Raw is the number, if there is one at all.
type Row struct {
	MeasuredAt time.Time
	Value, Raw *float64
	Status     ingest.Status
	Flags      ingest.Flags
}

// tornTries is how often rows are read again where one is torn; it takes 63 ms in all.
const tornTries = 6

// Raw reads rows. A store shows the fields of a row that is just being written one after the other, so a row without what every row has
// is read again: a value that is not there yet must not be taken for one that is not usable.
func Raw(ctx context.Context, s Store, q RawQuery) ([]Row, error) {
	for try := 0; ; try++ {
		rows, err := rawOnce(ctx, s, q)
		if err != nil || try == tornTries || !slices.ContainsFunc(rows, Row.torn) {
			return rows, err
		}
		t := time.NewTimer(time.Millisecond << try)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return nil, ctx.Err()
		}
	}
}

// torn reports whether nothing tells why the row has no usable value.
func (r Row) torn() bool {
	const reasons = ingest.NotANumber | ingest.NaNLiteral | ingest.Sentinel | ingest.UnitUnknown | ingest.OutOfRange
	return r.Value == nil && r.Status == ingest.Measuring && r.Flags&reasons == 0
}

func rawOnce(ctx context.Context, s Store, q RawQuery) ([]Row, error) {
	p := q.Parameter
	text := "SELECT " + strings.Join([]string{quoteName(p), quoteName(p + "_raw"), quoteName(p + "_status"), quoteName(p + "_flags")}, ", ") +
		where(q) + marked(q) + " ORDER BY time ASC" + limit(q.Limit)
	res, err := s.Query(ctx, text)
	if err != nil {
		return nil, err
	}
	rows := make([]Row, 0, len(res.Rows))
	for _, cells := range res.Rows {
		if len(cells) != 5 {
			return nil, fmt.Errorf("history answered %d columns, want 5", len(cells))
		}
		at, ok := cellTime(cells[0])
		if !ok {
			return nil, fmt.Errorf("history answered no time but %v", cells[0])
		}
		row := Row{MeasuredAt: at, Value: cellFloat(cells[1]), Raw: cellFloat(cells[2]), Status: ingest.Status(cellInt(cells[3]))}
		if flags, ok := cells[4].(string); ok {
			row.Flags = ingest.ParseFlags(flags)
		}
		if row.Value != nil {
			row.Raw = row.Value
		}
		if last := len(rows) - 1; last >= 0 && rows[last].MeasuredAt.Equal(at) {
			// The station has moved to another park since, and its value was marked there: it is one reading.
			rows[last].Flags |= row.Flags
			continue
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// WindowQuery asks for one figure for each window of Every, aligned to the Unix epoch.
type WindowQuery struct {
	RawQuery
	Every time.Duration
	// Offset moves the beginnings of the windows; it is less than Every.
	Offset time.Duration
	// Fn is mean, min, max, count, first or last.
	Fn string
}

// Window is the figure of the window that begins at Time. Windows without a usable value are left out.
type Window struct {
	Time  time.Time
	Value *float64
	Count int64
}

// Windows reduces usable values to windows.
func Windows(ctx context.Context, s Store, q WindowQuery) ([]Window, error) {
	switch q.Fn {
	case "mean", "min", "max", "count", "first", "last":
	default:
		return nil, fmt.Errorf("history knows no function %q", q.Fn)
	}
	field := quoteName(q.Parameter)
	text := fmt.Sprintf("SELECT %s(%s) AS v, count(%s) AS n%s GROUP BY time(%s, %s) fill(none) ORDER BY time ASC%s",
		q.Fn, field, field, where(q.RawQuery), duration(q.Every), duration(q.Offset), limit(q.Limit))
	res, err := s.Query(ctx, text)
	if err != nil {
		return nil, err
	}
	windows := make([]Window, 0, len(res.Rows))
	for _, cells := range res.Rows {
		if len(cells) != 3 {
			return nil, fmt.Errorf("history answered %d columns, want 3", len(cells))
		}
		at, ok := cellTime(cells[0])
		if !ok {
			return nil, fmt.Errorf("history answered no time but %v", cells[0])
		}
		if n := cellInt(cells[2]); n > 0 {
			windows = append(windows, Window{Time: at, Value: cellFloat(cells[1]), Count: n})
		}
	}
	return windows, nil
}

func where(q RawQuery) string {
	return fmt.Sprintf(" FROM %s WHERE %s = %s AND time >= %d AND time < %d",
		quoteName(Measurement), quoteName("station"), quoteText(q.Station), q.From.UnixNano(), q.To.UnixNano())
}

// marked is for charts of long spans: the server leaves out the many rows that are as they should be.
func marked(q RawQuery) string {
	if !q.Marked {
		return ""
	}
	return fmt.Sprintf(" AND (%s > 0 OR %s =~ /late|revised/)", quoteName(q.Parameter+"_status"), quoteName(q.Parameter+"_flags"))
}

func limit(n int) string {
	if n == 0 {
		return ""
	}
	return " LIMIT " + strconv.Itoa(n)
}

func duration(d time.Duration) string {
	if d%time.Second == 0 {
		return strconv.FormatInt(int64(d/time.Second), 10) + "s"
	}
	return strconv.FormatInt(int64(d/time.Millisecond), 10) + "ms"
}

var (
	nameEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)
	textEscapes = strings.NewReplacer(`\`, `\\`, `'`, `\'`, "\n", `\n`)
)

// quoteName and quoteText quote for InfluxQL. Callers pass checked ids; the quoting is what makes that no matter of trust.
func quoteName(s string) string {
	return `"` + nameEscapes.Replace(s) + `"`
}

func quoteText(s string) string {
	return `'` + textEscapes.Replace(s) + `'`
}

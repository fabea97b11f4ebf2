package history

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"quantrac/ingest"
)

// ColumnQuery asks for what is stored of some stations, From inclusive, To exclusive.
type ColumnQuery struct {
	Stations []StationColumns
	From, To time.Time
}

// StationColumns names the parameters of one station.
type StationColumns struct {
	Station    string
	Parameters []string
}

// Column is what is stored of one parameter at one station, ascending in time, one entry of each slice a reading.
type Column struct {
	Parameter string
	// At is measured_at in ns since 1970. No time comes twice.
	At []int64
	// Value is NaN unless the reading is usable.
	Value  []float64
	Status []ingest.Status
}

// stationsAtOnce is how many stations one query of a server's history names: it bounds the memory that an answer takes.
const stationsAtOnce = 50

// Columns visits the stations in the order of the query, each once, with a column for each parameter that anything is stored of. The
// columns belong to visit. The embedded engine answers from its blocks: its query engine takes three times as long and four times the
// memory.
func Columns(ctx context.Context, s Store, q ColumnQuery, visit func(station string, columns []Column) error) error {
	if !q.From.Before(q.To) {
		return nil
	}
	if e, ok := s.(*Embedded); ok {
		return e.columns(ctx, q, visit)
	}
	for len(q.Stations) > 0 {
		some := q
		some.Stations = q.Stations[:min(stationsAtOnce, len(q.Stations))]
		q.Stations = q.Stations[len(some.Stations):]
		if err := queryColumns(ctx, s, some, visit); err != nil {
			return err
		}
	}
	return nil
}

func queryColumns(ctx context.Context, s Store, q ColumnQuery, visit func(string, []Column) error) error {
	parameters := q.parameters()
	fields, named := []string{quoteName("station")}, make([]string, len(q.Stations))
	for _, p := range parameters {
		fields = append(fields, quoteName(p), quoteName(p+"_raw"), quoteName(p+"_status"), quoteName(p+"_flags"))
	}
	for i, st := range q.Stations {
		named[i] = quoteName("station") + " = " + quoteText(st.Station)
	}
	tables := make(map[string][]Column, len(q.Stations))
	if len(parameters) > 0 {
		res, err := s.Query(ctx, fmt.Sprintf("SELECT %s FROM %s WHERE (%s) AND time >= %d AND time < %d ORDER BY time ASC",
			strings.Join(fields, ", "), quoteName(Measurement), strings.Join(named, " OR "), q.From.UnixNano(), q.To.UnixNano()))
		if err != nil {
			return err
		}
		for _, cells := range res.Rows {
			if err := appendRow(tables, parameters, cells); err != nil {
				return err
			}
		}
	}
	for _, st := range q.Stations {
		if err := visit(st.Station, among(tables[st.Station], st.Parameters)); err != nil {
			return err
		}
	}
	return nil
}

// parameters are those of all stations, each once.
func (q *ColumnQuery) parameters() []string {
	var out []string
	for _, st := range q.Stations {
		for _, p := range st.Parameters {
			if !slices.Contains(out, p) {
				out = append(out, p)
			}
		}
	}
	return out
}

func appendRow(tables map[string][]Column, parameters []string, cells []any) error {
	const lead = 2 // time and station
	if want := lead + cellsOfParameter*len(parameters); len(cells) != want {
		return fmt.Errorf("history answered %d columns, want %d", len(cells), want)
	}
	at, ok := cellTime(cells[0])
	station, named := cells[1].(string)
	if !ok || !named {
		return fmt.Errorf("history answered no time and station but %v, %v", cells[0], cells[1])
	}
	table, ok := tables[station]
	if !ok {
		table = columnsOf(parameters)
		tables[station] = table
	}
	for i := range table {
		var r ingest.Reading
		if fillScanned(&r, cells[lead+cellsOfParameter*i:][:cellsOfParameter]) {
			table[i].add(at.UnixNano(), &r)
		}
	}
	return nil
}

func columnsOf(parameters []string) []Column {
	out := make([]Column, len(parameters))
	for i, p := range parameters {
		out[i].Parameter = p
	}
	return out
}

func (c *Column) add(at int64, r *ingest.Reading) {
	value := math.NaN()
	if r.Usable {
		value = r.Value
	}
	c.At, c.Value, c.Status = append(c.At, at), append(c.Value, value), append(c.Status, r.Status)
}

// among are the columns of some parameters that hold anything, in the order of the parameters.
func among(columns []Column, parameters []string) []Column {
	var out []Column
	for _, p := range parameters {
		i := slices.IndexFunc(columns, func(c Column) bool { return c.Parameter == p })
		if i >= 0 && len(columns[i].At) > 0 {
			out = append(out, columns[i])
		}
	}
	return out
}

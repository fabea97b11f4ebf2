package history

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/influxdata/influxdb/models"
	"github.com/influxdata/influxdb/tsdb"

	"quantrac/ingest"
)

// points are the stored values of one field, ascending in time. Of a text only the times are kept.
type points struct {
	at    []int64
	value []float64
}

// columns reads blocks of the engine. Shards are a week each, so a query meets a few of them.
func (e *Embedded) columns(ctx context.Context, q ColumnQuery, visit func(string, []Column) error) error {
	groups, err := e.meta.ShardGroupsByTimeRange(Database, retentionPolicy, q.From, q.To)
	if err != nil {
		return fmt.Errorf("find the shards of history: %w", err)
	}
	var shards []*blockReader
	for _, g := range groups {
		for _, info := range g.Shards {
			r, err := e.openBlocks(ctx, info.ID)
			if err != nil {
				return err
			}
			if r != nil {
				shards = append(shards, r)
			}
		}
	}
	for _, st := range q.Stations {
		if err := ctx.Err(); err != nil {
			return err
		}
		table := columnsOf(st.Parameters)
		for _, shard := range shards {
			if err := shard.read(ctx, st.Station, &q, table); err != nil {
				return fmt.Errorf("read blocks of history: %w", err)
			}
		}
		if err := visit(st.Station, among(table, st.Parameters)); err != nil {
			return err
		}
	}
	return nil
}

// blockReader reads the fields of one shard.
type blockReader struct {
	cursors tsdb.CursorIterator
	index   tsdb.IndexSet
}

// openBlocks is nil for a shard that is not there any more.
func (e *Embedded) openBlocks(ctx context.Context, id uint64) (*blockReader, error) {
	shard := e.store.Shard(id)
	if shard == nil {
		return nil, nil
	}
	cursors, err := shard.CreateCursorIterator(ctx)
	if err != nil {
		return nil, fmt.Errorf("open shard %d of history: %w", id, err)
	}
	index, err := shard.Index()
	if err != nil {
		return nil, fmt.Errorf("open shard %d of history: %w", id, err)
	}
	series, err := shard.SeriesFile()
	if err != nil {
		return nil, fmt.Errorf("open shard %d of history: %w", id, err)
	}
	return &blockReader{cursors, tsdb.IndexSet{Indexes: []tsdb.Index{index}, SeriesFile: series}}, nil
}

// read appends what the shard holds of a station to the columns of table, which end before the shard begins.
func (r *blockReader) read(ctx context.Context, station string, q *ColumnQuery, table []Column) error {
	all, err := r.seriesOf(station)
	if err != nil || len(all) == 0 {
		return err
	}
	for i := range table {
		var fields [cellsOfParameter]points
		for k, suffix := range [...]string{"", "_raw", "_status", "_flags"} {
			for _, tags := range all {
				request := tsdb.CursorRequest{
					Name: []byte(Measurement), Tags: tags, Field: table[i].Parameter + suffix, Ascending: true,
					StartTime: q.From.UnixNano(), EndTime: q.To.UnixNano() - 1,
				}
				if err := fields[k].read(ctx, r.cursors, &request); err != nil {
					return err
				}
			}
			fields[k].sort()
		}
		table[i].join(&fields)
	}
	return nil
}

// seriesOf finds the tags under which a station was stored: more than one where it has moved to another park.
func (r *blockReader) seriesOf(station string) (all []models.Tags, err error) {
	ids, err := r.index.TagValueSeriesIDIterator([]byte(Measurement), []byte("station"), []byte(station))
	if err != nil || ids == nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, ids.Close()) }()
	for {
		elem, err := ids.Next()
		if err != nil || elem.SeriesID == 0 {
			return all, err
		}
		if _, tags := r.index.SeriesFile.Series(elem.SeriesID); tags != nil {
			all = append(all, tags)
		}
	}
}

// read appends the values of a field, which need not exist.
func (p *points) read(ctx context.Context, from tsdb.CursorIterator, request *tsdb.CursorRequest) error {
	cursor, err := from.Next(ctx, request)
	if err != nil || cursor == nil {
		return err
	}
	defer cursor.Close()
	switch c := cursor.(type) {
	case tsdb.FloatArrayCursor:
		for a := c.Next(); a.Len() > 0; a = c.Next() {
			p.at, p.value = append(p.at, a.Timestamps...), append(p.value, a.Values...)
		}
	case tsdb.IntegerArrayCursor:
		for a := c.Next(); a.Len() > 0; a = c.Next() {
			p.at = append(p.at, a.Timestamps...)
			for _, v := range a.Values {
				p.value = append(p.value, float64(v))
			}
		}
	case tsdb.StringArrayCursor:
		for a := c.Next(); a.Len() > 0; a = c.Next() {
			p.at = append(p.at, a.Timestamps...)
		}
	}
	return cursor.Err()
}

// sort puts points of several series into the order of time.
func (p *points) sort() {
	if slices.IsSorted(p.at) {
		return
	}
	order := make([]int, len(p.at))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(p.at[a], p.at[b]) })
	var sorted points
	for _, i := range order {
		sorted.at = append(sorted.at, p.at[i])
		if p.value != nil {
			sorted.value = append(sorted.value, p.value[i])
		}
	}
	*p = sorted
}

// join appends the readings that value, raw, status and flags make together.
func (c *Column) join(fields *[cellsOfParameter]points) {
	value, raw, status, flags := &fields[0], &fields[1], &fields[2], &fields[3]
	for {
		at := min(value.head(), raw.head(), status.head(), flags.head())
		if at == math.MaxInt64 {
			return
		}
		number, usable := value.take(at)
		raw.take(at)
		code, _ := status.take(at)
		flags.take(at)
		c.add(at, &ingest.Reading{Value: number, Usable: usable, Status: ingest.Status(code)})
	}
}

// head is the time of the first point; math.MaxInt64 = there is none.
func (p *points) head() int64 {
	if len(p.at) == 0 {
		return math.MaxInt64
	}
	return p.at[0]
}

// take removes the points of a time and returns the value of the last of them, 0 for a text.
func (p *points) take(at int64) (value float64, ok bool) {
	for len(p.at) > 0 && p.at[0] == at {
		ok = true
		if p.value != nil {
			value, p.value = p.value[0], p.value[1:]
		}
		p.at = p.at[1:]
	}
	return value, ok
}

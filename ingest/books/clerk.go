package books

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"quantrac/ingest"
	"quantrac/ingest/stream"
)

// Options of a clerk; all are required.
type Options struct {
	Log    *stream.Log
	Lookup Lookup
	// Write stores readings durably; the same again changes nothing.
	Write func(ctx context.Context, readings []ingest.Reading) error
	Now   func() time.Time
}

// Clerk is the consumer that judges, books and stores. Consume belongs to one goroutine; Ledger may be asked from anywhere.
type Clerk struct {
	opt       Options
	records   *stream.Stream
	snapshots *stream.Snapshots
	cursor    *stream.Cursor
	savedAt   time.Time

	// booked is the last sequence of the intake log that is in the books, last the sequence of its record, handled the last
	// sequence that is in history and in stations too.
	booked, last, handled uint64
	// again are the records of what is booked and may not be in history yet.
	again []record
	dirty map[string]bool

	mu       sync.RWMutex
	stations map[string]*station
	total    map[Key]*Counts
}

// station is what the clerk remembers of one: about 100 bytes a parameter.
type station struct {
	Newest    map[string]int64 `json:"newest"`
	Sequences sequences        `json:"sequences"`
}

// snapshotEvery bounds how much of the log a restart goes through again.
const snapshotEvery = 10 * time.Second

// Open reads the books and what the clerk remembers. The cursor is where Consume goes on.
func Open(ctx context.Context, opt Options) (*Clerk, *stream.Cursor, error) {
	c := &Clerk{opt: opt, dirty: map[string]bool{}, stations: map[string]*station{}, total: map[Key]*Counts{}, savedAt: opt.Now()}
	var err error
	c.snapshots, err = opt.Log.OpenSnapshots(ctx, "books", func(id string, data []byte) error {
		s := &station{}
		c.stations[id] = s
		return json.Unmarshal(data, s)
	})
	if err != nil {
		return nil, nil, fmt.Errorf("restore the books: %w", err)
	}
	if c.records, err = opt.Log.Stream(ctx, "BOOKS"); err != nil {
		return nil, nil, err
	}
	start := c.snapshots.Start()
	c.handled = start
	c.last, err = c.records.Replay(ctx, 0, func(recs []stream.Record) error {
		for _, r := range recs {
			rec, err := decodeRecord(r)
			if err != nil {
				return err
			}
			c.post(&rec)
			if rec.To > start {
				c.again = append(c.again, rec)
			}
		}
		return nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("read the books: %w", err)
	}
	c.cursor = opt.Log.Cursor("history", start)
	return c, c.cursor, nil
}

// post adds a record to the totals.
func (c *Clerk) post(rec *record) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, l := range rec.Lines {
		t := c.total[l.Key]
		if t == nil {
			t = &Counts{}
			c.total[l.Key] = t
		}
		t.add(l.Counts)
	}
	c.booked = max(c.booked, rec.To)
}

// Consume books and stores batches.
func (c *Clerk) Consume(ctx context.Context, batches []stream.Batch) error {
	booked := 0
	for booked < len(batches) && batches[booked].Sequence <= c.booked {
		booked++
	}
	if err := c.store(ctx, c.again, batches[:booked]); err != nil {
		return err
	}
	if fresh := batches[booked:]; len(fresh) > 0 {
		rec, err := c.book(ctx, fresh)
		if err != nil {
			return err
		}
		if err := c.store(ctx, []record{rec}, fresh); err != nil {
			return err
		}
	}
	if c.opt.Now().Sub(c.savedAt) < snapshotEvery {
		return nil
	}
	return c.Save(ctx)
}

// store writes booked batches to history by their recorded verdicts, then remembers them. The same again changes nothing.
func (c *Clerk) store(ctx context.Context, recs []record, batches []stream.Batch) error {
	if len(batches) == 0 {
		return nil
	}
	duplicate, revised := map[place]bool{}, map[place]*revision{}
	for i := range recs {
		for _, p := range recs[i].Duplicates {
			duplicate[p] = true
		}
		for k := range recs[i].Revisions {
			revised[recs[i].Revisions[k].place] = &recs[i].Revisions[k]
		}
	}
	var keep []ingest.Reading
	each(batches, func(p place, _ *ingest.Intake, r *ingest.Reading) {
		switch rev := revised[p]; {
		case rev != nil:
			keep = append(keep, rev.mark(r))
		case !duplicate[p]:
			keep = append(keep, *r)
		}
	})
	if err := c.opt.Write(ctx, keep); err != nil {
		return err
	}
	each(batches, func(p place, _ *ingest.Intake, r *ingest.Reading) {
		c.advance(seriesKey{r.Station, r.Parameter}, r.MeasuredAt.UnixNano(), p.Batch)
	})
	c.marks(batches)
	c.handled = batches[len(batches)-1].Sequence
	return nil
}

// each visits the readings of batches in order.
func each(batches []stream.Batch, visit func(p place, in *ingest.Intake, r *ingest.Reading)) {
	for b := range batches {
		for e := range batches[b].Entries {
			in := &batches[b].Entries[e]
			for i := range in.Readings {
				visit(place{batches[b].Sequence, e, i}, in, &in.Readings[i])
			}
		}
	}
}

// book judges new batches and appends the record. Until that has succeeded nothing in memory has changed, so that the same batches
// can be judged again; when storing fails afterwards, the next try finds them booked.
func (c *Clerk) book(ctx context.Context, batches []stream.Batch) (record, error) {
	var readings []*ingest.Reading
	each(batches, func(_ place, _ *ingest.Intake, r *ingest.Reading) { readings = append(readings, r) })
	wanted := lookups(readings, c.newest)
	found, err := find(ctx, c.opt.Lookup, wanted)
	if err != nil {
		return record{}, err
	}
	moved := map[seriesKey]int64{}
	j := judge{found: found, newest: func(k seriesKey) (int64, bool) {
		if at, ok := moved[k]; ok {
			return at, true
		}
		return c.newest(k)
	}, advance: func(k seriesKey, at int64) { moved[k] = at }}
	if len(wanted) > 0 {
		j.held = map[instantKey]Stored{}
	}
	rec := record{From: batches[0].Sequence, To: batches[len(batches)-1].Sequence}
	lines := newTally()
	each(batches, func(p place, in *ingest.Intake, r *ingest.Reading) {
		v, first := j.decide(r)
		counts := Counts{Received: 1}
		switch v {
		case isNew:
			counts.Stored = 1
		case isDuplicate:
			counts.Duplicate = 1
			rec.Duplicates = append(rec.Duplicates, p)
		case isRevision:
			counts.Revised = 1
			rec.Revisions = append(rec.Revisions, newRevision(p, first))
		}
		lines.add(in, r.Station, counts)
	})
	quarantined(batches, lines)
	rec.Lines = lines.sorted()
	return c.append(ctx, rec)
}

// append adds a record. A conflict is a first try whose answer was lost: the record is there, and counts.
func (c *Clerk) append(ctx context.Context, rec record) (record, error) {
	data, err := json.Marshal(rec)
	if err != nil {
		return rec, fmt.Errorf("write the books: %w", err)
	}
	seq, err := c.records.Append(ctx, data, c.last)
	if errors.Is(err, stream.ErrConflict) {
		last, ok, lerr := c.records.Last(ctx)
		if lerr != nil || !ok {
			return rec, errors.Join(err, lerr)
		}
		if rec, lerr = decodeRecord(last); lerr != nil {
			return rec, errors.Join(err, lerr)
		}
		seq, err = last.Sequence, nil
	}
	if err != nil {
		return rec, err
	}
	c.last = seq
	c.post(&rec)
	c.again = append(c.again, rec)
	return rec, nil
}

func (c *Clerk) newest(k seriesKey) (int64, bool) {
	s := c.stations[k.station]
	if s == nil {
		return 0, false
	}
	at, ok := s.Newest[k.parameter]
	return at, ok
}

// advance moves the newest measured_at of a series, unless the station's chunk already contains the batch.
func (c *Clerk) advance(k seriesKey, at int64, batch uint64) {
	if c.snapshots.Has(k.station, batch) {
		return
	}
	s := c.station(k.station)
	if was, ok := s.Newest[k.parameter]; !ok || at > was {
		s.Newest[k.parameter] = at
		c.dirty[k.station] = true
	}
}

func (c *Clerk) station(id string) *station {
	s := c.stations[id]
	if s == nil {
		s = &station{Newest: map[string]int64{}}
		c.mu.Lock()
		c.stations[id] = s
		c.mu.Unlock()
	}
	return s
}

func (c *Clerk) marks(batches []stream.Batch) {
	for b := range batches {
		for e := range batches[b].Entries {
			in := &batches[b].Entries[e]
			for _, m := range in.Marks {
				if c.snapshots.Has(m.Station, batches[b].Sequence) {
					continue
				}
				at := m.MeasuredAt
				if at.IsZero() {
					at = in.Delivery.ReceivedAt
				}
				s := c.station(m.Station)
				c.mu.Lock()
				s.Sequences.see(m, at)
				c.mu.Unlock()
				c.dirty[m.Station] = true
			}
		}
	}
}

// Save writes what the clerk remembers of the stations that have changed, and lets the log forget what is behind.
func (c *Clerk) Save(ctx context.Context) error {
	keys := make([]string, 0, len(c.dirty))
	for id := range c.dirty {
		keys = append(keys, id)
	}
	err := c.snapshots.Save(ctx, c.handled, keys, func(id string) []byte {
		data, _ := json.Marshal(c.stations[id]) // maps of strings and numbers: cannot fail
		return data
	})
	if err != nil {
		return fmt.Errorf("save the books: %w", err)
	}
	clear(c.dirty)
	c.savedAt = c.opt.Now()
	c.cursor.Release(c.snapshots.Start())
	c.again = slices.DeleteFunc(c.again, func(r record) bool { return r.To <= c.snapshots.Start() })
	return nil
}

// tally gathers the lines of a record.
type tally map[tallyKey]*Counts

type tallyKey struct {
	Key
	at int64
}

func newTally() tally { return tally{} }

func (t tally) add(in *ingest.Intake, station string, counts Counts) {
	k := tallyKey{Key{in.Delivery.Gateway, station}, in.Delivery.ReceivedAt.Unix()}
	if t[k] == nil {
		t[k] = &Counts{}
	}
	t[k].add(counts)
}

func (t tally) sorted() []line {
	out := make([]line, 0, len(t))
	for k, counts := range t {
		out = append(out, line{Key: k.Key, At: k.at, Counts: *counts})
	}
	slices.SortFunc(out, func(a, b line) int {
		return cmp.Or(cmp.Compare(a.Gateway, b.Gateway), cmp.Compare(a.Station, b.Station), cmp.Compare(a.At, b.At))
	})
	return out
}

// quarantined counts what became no reading: a delivery without any reading once, else each rejected part.
func quarantined(batches []stream.Batch, lines tally) {
	for b := range batches {
		for e := range batches[b].Entries {
			in := &batches[b].Entries[e]
			n := uint64(len(in.Rejects))
			if n == 0 {
				continue
			}
			station := ""
			if len(in.Readings) == 0 {
				n = 1
			} else {
				station = in.Readings[0].Station
			}
			lines.add(in, station, Counts{Received: n, Quarantined: n})
		}
	}
}

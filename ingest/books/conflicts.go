package books

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"quantrac/ingest"
	"quantrac/ingest/stream"
)

// conflicts is the CONFLICTS stream: one record for each record of BOOKS with revisions. In it each station's items name the record
// before that is about the station, so that they are read backwards from the newest, which its holder knows.
type conflicts struct {
	records *stream.Stream
	// end is the newest record, books the record of BOOKS that it belongs to.
	end, books uint64
	// since: the chunks may not know the records that belong to this record of BOOKS and those behind it.
	since uint64
}

type conflictRecord struct {
	Books    uint64                  `json:"books"`
	Stations map[string]*conflictsOf `json:"stations"`
}

type conflictsOf struct {
	Prev  uint64         `json:"prev,omitempty"`
	Items []conflictItem `json:"items"`
}

type conflictItem struct {
	clash
	Kept       *float64 `json:"k,omitempty"`
	KeptStatus uint8    `json:"l,omitempty"`
}

func (c *Clerk) openConflicts(ctx context.Context) (err error) {
	x := &c.conflicts
	if x.records, err = c.opt.Log.Stream(ctx, "CONFLICTS"); err != nil {
		return err
	}
	st, err := x.records.Extent(ctx)
	if err != nil {
		return err
	}
	x.end = st.Last
	for seq := st.Last; st.Records > 0 && seq >= st.First; seq-- {
		rec, err := x.read(ctx, seq)
		if err != nil {
			return err
		}
		x.books = max(x.books, rec.Books)
		if rec.Books < x.since {
			break
		}
		c.head(&rec, seq)
	}
	c.archive.upto = nil // the last of what a start asks
	return nil
}

func (x *conflicts) read(ctx context.Context, seq uint64) (conflictRecord, error) {
	var rec conflictRecord
	r, err := x.records.Get(ctx, seq)
	if err != nil {
		return rec, err
	}
	if err := json.Unmarshal(r.Data, &rec); err != nil {
		return rec, fmt.Errorf("conflicts record %d: %w", seq, err)
	}
	return rec, nil
}

// head makes a record the newest of its stations.
func (c *Clerk) head(rec *conflictRecord, seq uint64) {
	for id := range rec.Stations {
		h := c.holder(id)
		if seq <= h.conflicts {
			continue
		}
		c.mu.Lock()
		h.conflicts = seq
		c.mu.Unlock()
		c.touch(h)
	}
}

// keepConflicts writes the revisions of a record of BOOKS, once.
func (c *Clerk) keepConflicts(ctx context.Context, rec *record) error {
	x := &c.conflicts
	if len(rec.Revisions) == 0 || rec.sequence <= x.books {
		return nil
	}
	out := conflictRecord{Books: rec.sequence, Stations: map[string]*conflictsOf{}}
	for i := range rec.Revisions {
		rev := &rec.Revisions[i]
		id := rev.Conflict.Station
		if id == "" {
			continue // written by an older version
		}
		of := out.Stations[id]
		if of == nil {
			of = &conflictsOf{Prev: c.holder(id).conflicts}
			out.Stations[id] = of
		}
		item := conflictItem{rev.Conflict, rev.Kept, rev.KeptStatus}
		item.Station = ""
		of.Items = append(of.Items, item)
	}
	if len(out.Stations) == 0 {
		return nil
	}
	data, err := json.Marshal(out)
	if err != nil {
		return fmt.Errorf("write conflicts: %w", err)
	}
	if err := c.opt.fault("before conflicts"); err != nil {
		return err
	}
	seq, err := x.records.Append(ctx, data, x.end)
	if errors.Is(err, stream.ErrConflict) {
		// An earlier try whose answer was lost.
		written, rerr := x.read(ctx, x.end+1)
		if rerr != nil || written.Books != rec.sequence {
			return errors.Join(err, rerr)
		}
		seq, err = x.end+1, nil
	}
	if err != nil {
		return err
	}
	if err := c.opt.fault("after conflicts"); err != nil {
		return err
	}
	x.end, x.books = seq, rec.sequence
	c.head(&out, seq)
	return nil
}

// trim holds CONFLICTS to its budget.
func (x *conflicts) trim(ctx context.Context, c *Clerk) error {
	st, err := x.records.Extent(ctx)
	if err != nil {
		return err
	}
	upto := min(excess(st, c.opt.MaxBytes), max(st.Last, 1)-1)
	if upto < st.First || st.Records == 0 {
		return nil
	}
	if err := x.records.Trim(ctx, upto); err != nil {
		return err
	}
	c.opt.Metrics.forgotten.Add(float64(upto - st.First + 1))
	c.opt.Logger.Warn("the oldest conflicts are forgotten: CONFLICTS is over its budget", "records", upto-st.First+1, "budget_bytes", c.opt.MaxBytes)
	return nil
}

// Conflict is a reading that says otherwise than the one that history keeps for the same station, parameter and time.
type Conflict struct {
	Station, Parameter string
	MeasuredAt         time.Time
	// ReceivedAt and Gateway are those of Other.
	ReceivedAt time.Time
	Gateway    string
	Kept       ConflictValue
	Other      ConflictValue
}

// ConflictValue is one side of a conflict. A nil Value was no number; Flags are known of the other side only.
type ConflictValue struct {
	Value  *float64
	Status ingest.Status
	Flags  ingest.Flags
}

// ConflictQuery selects the conflicts of a station; Parameter "" = any. From (inclusive) and To (exclusive) bound measured_at; a zero
// time leaves that end open.
type ConflictQuery struct {
	Station, Parameter string
	From, To           time.Time
	// Cursor is what the page before gave as next; "" = the newest.
	Cursor string
	// Limit is at least 1.
	Limit int
}

// ErrCursor means that a cursor is none that Conflicts gave.
var ErrCursor = errors.New("not a cursor of this list")

// conflictReads bounds the records that one call reads.
const conflictReads = 200

func (q *ConflictQuery) takes(it *conflictItem) bool {
	at := time.Unix(0, it.MeasuredAt)
	return (q.Parameter == "" || it.Parameter == q.Parameter) && (q.From.IsZero() || !at.Before(q.From)) && (q.To.IsZero() || at.Before(q.To))
}

// Conflicts lists conflicts, those that came last first, and the cursor of the page behind them, "" = there is none. A page may be
// short. It reads what it needs and holds nothing.
func (c *Clerk) Conflicts(ctx context.Context, q ConflictQuery) (items []Conflict, next string, err error) {
	seq, below := uint64(0), -1
	if q.Cursor != "" {
		if n, err := fmt.Sscanf(q.Cursor, "%d-%d", &seq, &below); err != nil || n != 2 || seq == 0 || below < 0 {
			return nil, "", ErrCursor
		}
	} else {
		c.mu.RLock()
		if h := c.holders[q.Station]; h != nil {
			seq = h.conflicts
		}
		c.mu.RUnlock()
	}
	items = []Conflict{}
	for reads := 0; seq != 0; reads++ {
		if reads == conflictReads {
			return items, cursor(seq, below), nil
		}
		rec, err := c.conflicts.read(ctx, seq)
		if errors.Is(err, stream.ErrNotFound) {
			return items, "", nil // forgotten
		}
		if err != nil {
			return nil, "", fmt.Errorf("read conflicts: %w", err)
		}
		of := rec.Stations[q.Station]
		if of == nil {
			return nil, "", ErrCursor
		}
		if below < 0 || below > len(of.Items) {
			below = len(of.Items)
		}
		for i := below - 1; i >= 0; i-- {
			if len(items) == q.Limit {
				return items, cursor(seq, i+1), nil
			}
			if q.takes(&of.Items[i]) {
				items = append(items, of.Items[i].conflict(q.Station))
			}
		}
		seq, below = of.Prev, -1
	}
	return items, "", nil
}

// cursor goes on in a record, in front of its item below; −1 = behind its last.
func cursor(seq uint64, below int) string {
	if below < 0 {
		below = 1 << 30
	}
	return fmt.Sprintf("%d-%d", seq, below)
}

func (it *conflictItem) conflict(station string) Conflict {
	return Conflict{
		Station: station, Parameter: it.Parameter, MeasuredAt: time.Unix(0, it.MeasuredAt).UTC(), ReceivedAt: time.Unix(0, it.ReceivedAt).UTC(),
		Gateway: it.Gateway, Kept: ConflictValue{Value: it.Kept, Status: ingest.Status(it.KeptStatus)},
		Other: ConflictValue{Value: it.Value, Status: ingest.Status(it.Status), Flags: ingest.Flags(it.Flags)},
	}
}

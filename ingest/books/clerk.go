package books

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"quantrac/ingest"
	"quantrac/ingest/stream"
)

// Options of a clerk. Log, Lookup, Write and Now are required.
type Options struct {
	Log    *stream.Log
	Lookup Lookup
	// Write stores readings durably; the same again changes nothing. It keeps no reference to the list.
	Write func(ctx context.Context, readings []ingest.Reading) error
	// Origin tells under which station an entry of the quarantine was booked, for its retry; ok is false when that is not known
	// any more. nil = it never is: what is taken back is taken from no station's line.
	Origin func(ctx context.Context, id string) (station string, ok bool, err error)
	Now    func() time.Time
	// Follow hears what is in the books and in history.
	Follow Follower
	// MaxBytes bounds BOOKS and, by itself, CONFLICTS on disk, beyond which the oldest records go; 0 = 1 GiB. Totals and figures
	// by the hour do not change by that.
	MaxBytes uint64
	Logger   *slog.Logger
	Metrics  *Metrics
	// fault lets tests fail between the steps.
	fault func(step string) error
}

// Clerk is the consumer that judges, books and stores. Consume and Save belong to one goroutine; Ledger and Conflicts may be asked
// from anywhere.
type Clerk struct {
	opt       Options
	records   *stream.Stream
	snapshots *stream.Snapshots
	cursor    *stream.Cursor
	archive   *archive
	conflicts conflicts
	saving    saving

	// booked is the first place that is not in the books, handled the first that is not in history and in holders too; last is
	// the newest record of BOOKS.
	booked, handled place
	last            uint64
	// again are the records of what is booked and not handled.
	again []record
	// round counts the times of judging; see series.
	round uint64
	// budget is the greatest size of a record; it shrinks where the log takes no such message.
	budget int

	// spare is the list of toStore.
	spare []ingest.Reading

	near   *holder
	nearID string
	dirty  [groups]bool
	// restoredTo is the newest batch that a chunk contained at the start.
	restoredTo uint64

	mu      sync.RWMutex
	holders map[string]*holder
	members [groups][]string // by group
	fine    fineHours
}

const (
	// recordBudget bounds a record, in bytes as written, with room for what JSON escapes.
	recordBudget    = 256 << 10
	defaultMaxBytes = 1 << 30
)

// Open reads the books and what the clerk remembers. The cursor is where Consume goes on.
func Open(ctx context.Context, opt Options) (*Clerk, *stream.Cursor, error) {
	if opt.MaxBytes == 0 {
		opt.MaxBytes = defaultMaxBytes
	}
	if opt.Logger == nil {
		opt.Logger = slog.New(slog.DiscardHandler)
	}
	if opt.Metrics == nil {
		opt.Metrics = NewMetrics(nil)
	}
	if opt.fault == nil {
		opt.fault = func(string) error { return nil }
	}
	c := &Clerk{opt: opt, holders: map[string]*holder{}, fine: fineHours{Spans: map[int64]bookSpan{}}, budget: recordBudget}
	c.saving.at = opt.Now()
	steps := []func(context.Context) error{c.openChunks, c.openArchive, c.openRecords, c.openConflicts}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return nil, nil, fmt.Errorf("open the books: %w", err)
		}
	}
	c.cursor = opt.Log.Cursor("history", c.snapshots.Start())
	return c, c.cursor, nil
}

func (c *Clerk) openChunks(ctx context.Context) (err error) {
	c.snapshots, err = c.opt.Log.OpenSnapshots(ctx, "accounts", c.restore)
	if err != nil {
		return err
	}
	c.restoredTo = c.snapshots.Newest()
	c.handled = startOf(c.snapshots.Start() + 1)
	c.booked = c.handled
	return nil
}

// openRecords posts the records that the chunks may not contain.
func (c *Clerk) openRecords(ctx context.Context) (err error) {
	if c.records, err = c.opt.Log.Stream(ctx, "BOOKS"); err != nil {
		return err
	}
	after, err := c.firstOpen(ctx)
	if err != nil {
		return err
	}
	c.conflicts = conflicts{since: after + 1}
	c.last, err = c.records.Replay(ctx, after, func(recs []stream.Record) error {
		for _, r := range recs {
			rec, err := decodeRecord(r)
			if err != nil {
				return err
			}
			if err := c.archive.know(ctx, &rec); err != nil {
				return err
			}
			c.post(&rec)
			if c.booked.before(rec.end()) {
				c.booked = rec.end()
				c.again = append(c.again, rec)
			}
		}
		return nil
	})
	return err
}

// firstOpen is the last record of which all is in the chunks.
func (c *Clerk) firstOpen(ctx context.Context) (uint64, error) {
	st, err := c.records.Extent(ctx)
	if err != nil || st.Records == 0 {
		return 0, err
	}
	return search(st.First, st.Last, func(seq uint64) (bool, error) {
		r, err := c.records.Get(ctx, seq)
		if err != nil {
			return false, err
		}
		rec, err := decodeRecord(r)
		return !c.handled.before(rec.end()), err
	})
}

// search returns the last of first..last for which is holds, given that it holds for none behind one for which it does not;
// first − 1 when there is none.
func search(first, last uint64, is func(uint64) (bool, error)) (uint64, error) {
	lo, hi := first, last+1
	for lo < hi {
		mid := lo + (hi-lo)/2
		ok, err := is(mid)
		if err != nil {
			return 0, err
		}
		if ok {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo - 1, nil
}

// post adds a record to the accounts.
func (c *Clerk) post(rec *record) {
	held := make([]*holder, len(rec.Lines))
	for i := range rec.Lines {
		held[i] = c.holder(rec.Lines[i].holder())
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, h := range held {
		l := &rec.Lines[i]
		hour := hourOf(l.At)
		c.fine.take(hour, rec.sequence, hourOf(c.opt.Now().Unix()))
		if rec.sequence <= h.posted {
			continue
		}
		a := h.open(l.Gateway)
		a.add(l.Counts)
		if !c.archive.has(partOf(l.Key, hour), rec.sequence) {
			a.addHour(hour, l.Counts)
		}
		c.touch(h)
	}
}

// Consume books and stores batches.
func (c *Clerk) Consume(ctx context.Context, batches []stream.Batch) error {
	if err := c.work(ctx, batches); err != nil {
		return err
	}
	if !c.saving.due(c.opt.Now()) && !c.opt.Follow.full() {
		return nil
	}
	return c.Save(ctx)
}

func (c *Clerk) work(ctx context.Context, batches []stream.Batch) error {
	var j *judge
	for {
		if err := c.store(ctx, batches); err != nil {
			return err
		}
		at, more := walkFrom(batches, c.booked).rest()
		if !more {
			return nil
		}
		if j == nil || j.at != at {
			var err error
			if j, err = c.newJudge(ctx, batches, at); err != nil {
				return err
			}
		}
		if err := c.book(ctx, j, batches); err != nil {
			return err
		}
	}
}

package books

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"quantrac/ingest"
	"quantrac/ingest/stream"
)

// store writes what is booked and not handled yet to CONFLICTS and history, by its recorded verdicts, then remembers it. The same
// again changes nothing.
func (c *Clerk) store(ctx context.Context, batches []stream.Batch) error {
	start, more := walkFrom(batches, c.handled).rest()
	if !more || !start.before(c.booked) {
		return nil
	}
	for i := range c.again {
		if err := c.keepConflicts(ctx, &c.again[i]); err != nil {
			return err
		}
	}
	if err := c.opt.fault("before write"); err != nil {
		return err
	}
	keep := c.toStore(batches)
	c.spare = spareOf(keep)
	if err := c.opt.Write(ctx, keep); err != nil {
		return err
	}
	if err := c.opt.fault("after write"); err != nil {
		return err
	}
	c.tell(batches)
	c.remember(batches)
	c.again = slices.DeleteFunc(c.again, func(r record) bool { return !c.handled.before(r.end()) })
	return nil
}

// mostSpare is how many readings the list for history may hold to be used again.
const mostSpare = 1 << 17

func spareOf(list []ingest.Reading) []ingest.Reading {
	if cap(list) > mostSpare {
		return nil
	}
	return list
}

// toStore lists what history gets; the list is overwritten by the next call.
func (c *Clerk) toStore(batches []stream.Batch) []ingest.Reading {
	n := 0
	c.handling(batches, func(_ place, _ *ingest.Intake, r *ingest.Reading) {
		if r != nil {
			n++
		}
	})
	keep := slices.Grow(c.spare[:0], n)
	v := newVerdicts(c.again)
	c.handling(batches, func(p place, _ *ingest.Intake, r *ingest.Reading) {
		if r == nil {
			return
		}
		duplicate, rev := v.on(p)
		switch {
		case rev != nil:
			keep = append(keep, rev.mark(r))
		case !duplicate:
			keep = append(keep, *r)
		}
	})
	return keep
}

// handling visits what is booked and not handled.
func (c *Clerk) handling(batches []stream.Batch, visit func(place, *ingest.Intake, *ingest.Reading)) {
	for w := walkFrom(batches, c.handled); ; {
		p, in, r := w.next()
		if in == nil || !p.before(c.booked) {
			return
		}
		visit(p, in, r)
	}
}

// remember takes what is in history by now: the newest instants and the sequence numbers.
func (c *Clerk) remember(batches []stream.Batch) {
	c.handling(batches, func(p place, in *ingest.Intake, r *ingest.Reading) {
		if r == nil {
			c.marks(p.Batch, in)
			return
		}
		s := c.series(r.Station, r.Parameter)
		if !c.has(c.near, p.Batch) && s.advance(r.MeasuredAt.UnixNano()) {
			c.touch(c.near)
		}
	})
	c.handled = startOf(batches[len(batches)-1].Sequence + 1)
	if c.booked.before(c.handled) {
		c.handled = c.booked
	}
}

func (c *Clerk) marks(batch uint64, in *ingest.Intake) {
	for i := range in.Marks {
		m := &in.Marks[i]
		h := c.holder(m.Station)
		if c.has(h, batch) {
			continue
		}
		at := m.MeasuredAt
		if at.IsZero() {
			at = in.Delivery.ReceivedAt
		}
		c.mu.Lock()
		h.sequences.see(m.Sequence, at)
		c.mu.Unlock()
		c.touch(h)
	}
}

const (
	// saveEvery bounds how much of the log a restart goes through again.
	saveEvery = 10 * time.Second
	// saveShare: writing chunks takes at most one part in so many of the time, however many stations there are.
	saveShare = 10
)

// saving is when what is remembered was saved, and what is due.
type saving struct {
	at   time.Time
	took time.Duration
	// books is the newest record of BOOKS that every chunk contains.
	books uint64
	// hour is when the archive was last filled.
	hour int64
}

func (s *saving) due(now time.Time) bool { return now.Sub(s.at) >= max(saveEvery, saveShare*s.took) }

// Save writes what the clerk remembers of the stations that have changed, and lets the logs forget what is behind. Within a batch
// it waits: chunks contain whole batches.
func (c *Clerk) Save(ctx context.Context) error {
	if c.handled.Entry != 0 || c.handled.Reading != head {
		return nil
	}
	if err := errors.Join(c.settle(ctx), c.opt.fault("before save")); err != nil {
		return fmt.Errorf("save the books: %w", err)
	}
	start := c.opt.Now()
	if err := c.opt.Follow.save(ctx, c.handled.Batch-1); err != nil {
		return err
	}
	if err := c.snapshots.Save(ctx, c.handled.Batch-1, c.changed(), c.snapshot); err != nil {
		return fmt.Errorf("save the books: %w", err)
	}
	if err := c.opt.fault("after save"); err != nil {
		return err
	}
	c.dirty = [groups]bool{}
	c.saving.at = c.opt.Now()
	c.saving.took, c.saving.books = c.saving.at.Sub(start), c.last
	c.cursor.Release(c.snapshots.Start())
	if err := c.upkeep(ctx); err != nil && ctx.Err() == nil {
		c.opt.Logger.Warn("the upkeep of the books failed, trying again", "error", err)
	}
	return nil
}

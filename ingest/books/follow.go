package books

import (
	"context"

	"quantrac/ingest"
	"quantrac/ingest/stream"
)

// Follower is somebody who hears what the clerk has booked and written, in the order of the log and after it is in history. After a
// crash the same comes again from the last Save on, with the same verdicts, so that what a follower has saved up to a batch is not to
// be counted again. Its functions are called by the goroutine of Consume; without Save nobody follows.
type Follower struct {
	// Delivery hears of each delivery, before its readings.
	Delivery func(batch uint64, in *ingest.Intake)
	// Reading hears of each reading that is new in history.
	Reading func(batch uint64, in *ingest.Intake, r *ingest.Reading)
	// Line hears of each line of the ledger; batch is the last one of the log that its record is about.
	Line func(batch uint64, k Key, at int64, counts Counts)
	// Save makes durable what was heard up to a batch, which is whole. The clerk forgets nothing before that.
	Save func(ctx context.Context, sequence uint64) error
	// Full asks for a save ahead of time.
	Full func() bool
}

func (f *Follower) full() bool { return f.Save != nil && f.Full() }

func (f *Follower) save(ctx context.Context, sequence uint64) error {
	if f.Save == nil {
		return nil
	}
	return f.Save(ctx, sequence)
}

// tell tells the follower what has come into history by now.
func (c *Clerk) tell(batches []stream.Batch) {
	f := &c.opt.Follow
	if f.Save == nil {
		return
	}
	v := newVerdicts(c.again)
	c.handling(batches, func(p place, in *ingest.Intake, r *ingest.Reading) {
		if r == nil {
			f.Delivery(p.Batch, in)
			return
		}
		if duplicate, rev := v.on(p); !duplicate && rev == nil {
			f.Reading(p.Batch, in, r)
		}
	})
	handled := startOf(batches[len(batches)-1].Sequence + 1)
	for i := range c.again {
		rec := &c.again[i]
		if handled.before(rec.end()) {
			return // the rest of it comes with the next batches
		}
		for j := range rec.Lines {
			l := &rec.Lines[j]
			f.Line(rec.To, l.Key, l.At, l.Counts)
		}
	}
}

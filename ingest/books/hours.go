package books

import (
	"context"
	"errors"

	"quantrac/ingest/stream"
)

const (
	secondsPerHour = 3600
	hoursPerDay    = 24
	// fineFor is for how many hours BOOKS is kept line by line, when its budget allows it.
	fineFor = 24
	// hourlyDays is for how many days the archive knows hours.
	hourlyDays = 90
)

// hourOf is the hour of a time in Unix seconds.
func hourOf(at int64) int64 { return floor(at, secondsPerHour) }

func dayOf(hour int64) int64 { return floor(hour, hoursPerDay) }

func floor(n, by int64) int64 {
	if n < 0 {
		return (n+1)/by - 1
	}
	return n / by
}

// bookSpan is where in BOOKS the lines of an hour lie.
type bookSpan struct {
	First uint64 `json:"first"`
	Last  uint64 `json:"last"`
}

// fineHours are the hours of which BOOKS holds every line.
type fineHours struct {
	// From is the first hour that may be among them: of those before, lines have been trimmed.
	From  int64              `json:"from"`
	Spans map[int64]bookSpan `json:"spans"`
}

// take notes that a record has a line of an hour. Hours ahead of the clock are left out: they would be the last to go.
func (f *fineHours) take(hour int64, sequence uint64, now int64) {
	if hour < f.From || hour > now+1 {
		return
	}
	span, ok := f.Spans[hour]
	if !ok {
		span.First = sequence
	}
	f.Spans[hour] = bookSpan{min(span.First, sequence), max(span.Last, sequence)}
}

// clean forgets the hours that have lost lines.
func (f *fineHours) clean(first uint64) {
	for hour, span := range f.Spans {
		if span.First < first {
			f.From = max(f.From, hour+1)
		}
	}
	for hour := range f.Spans {
		if hour < f.From {
			delete(f.Spans, hour)
		}
	}
}

// upkeep moves what is over to the archive and trims the logs. All that it needs is saved.
func (c *Clerk) upkeep(ctx context.Context) error {
	now := c.opt.Now()
	var failed error
	if hour := hourOf(now.Unix()); hour != c.saving.hour {
		failed = errors.Join(c.fillArchive(ctx), c.archive.coarsen(ctx, dayOf(hour)-hourlyDays), c.trimOld(ctx, hour-fineFor))
		if failed == nil {
			c.saving.hour = hour
		}
	}
	return errors.Join(failed, c.trimLarge(ctx), c.conflicts.trim(ctx, c))
}

// trimOld trims the records of BOOKS that lie before those of every hour from first on.
func (c *Clerk) trimOld(ctx context.Context, first int64) error {
	st, err := c.records.Extent(ctx)
	if err != nil {
		return err
	}
	upto := st.Last
	for hour, span := range c.fine.Spans {
		if hour >= first {
			upto = min(upto, span.First-1)
		}
	}
	return c.trimBooks(ctx, st, upto)
}

// trimLarge trims BOOKS to its budget.
func (c *Clerk) trimLarge(ctx context.Context) error {
	st, err := c.records.Extent(ctx)
	if err != nil || st.Bytes <= c.opt.MaxBytes {
		return err
	}
	return c.trimBooks(ctx, st, excess(st, c.opt.MaxBytes))
}

// excess is the record up to which a stream must go to come inside its budget, estimated; the next round corrects it.
func excess(st stream.Extent, budget uint64) uint64 {
	if st.Bytes <= budget {
		return 0
	}
	return st.First + uint64(float64(st.Bytes-budget)/float64(st.Bytes)*float64(st.Records))
}

// trimBooks trims as far as nothing is needed any more: the newest record stays, and with it the place of the stream.
func (c *Clerk) trimBooks(ctx context.Context, st stream.Extent, upto uint64) error {
	upto = min(upto, c.saving.books, max(st.Last, 1)-1)
	if len(c.again) > 0 {
		upto = min(upto, c.again[0].sequence-1)
	}
	if upto < st.First {
		return nil
	}
	c.archive.filling.Lock() // a query must not miss lines that it has begun to read
	defer c.archive.filling.Unlock()
	if err := c.records.Trim(ctx, upto); err != nil {
		return err
	}
	c.mu.Lock()
	c.fine.clean(upto + 1)
	c.mu.Unlock()
	return nil
}

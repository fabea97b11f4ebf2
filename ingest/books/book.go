package books

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"quantrac/ingest"
	"quantrac/ingest/stream"
)

// piece is a record in the making.
type piece struct {
	c     *Clerk
	rec   record
	lines tally
	// size is about what the record takes when written.
	size int
	// repeats: the reading before was a duplicate, too.
	repeats bool

	// What follows is of the delivery and station that the last count was for.
	in      *ingest.Intake
	gateway string
	station string
	counts  *Counts
}

// What the parts of a record take when written, beside their texts.
const (
	lineSize     = 160
	stretchSize  = 50
	revisionSize = 320
)

// book judges the readings from the judge's place on, as many as one record takes, and appends the record. Until that has
// succeeded nothing that counts has changed: a try again judges anew.
func (c *Clerk) book(ctx context.Context, j *judge, batches []stream.Batch) error {
	b := &piece{c: c, lines: tally{}, rec: record{From: j.at.Batch}}
	w := walkFrom(batches, j.at)
	for b.size < c.budget {
		p, in, r := w.next()
		if in == nil {
			break
		}
		b.rec.To = p.Batch
		if r != nil {
			b.judged(p, in, r, j)
			continue
		}
		if err := b.rejected(ctx, in); err != nil {
			return err
		}
	}
	next, more := w.rest()
	if more && next.Batch == b.rec.To {
		b.rec.Until = &next
	}
	b.rec.Lines = b.lines.sorted()
	asWritten, err := c.append(ctx, b.rec)
	if errors.Is(err, stream.ErrTooLarge) && c.budget > revisionSize {
		c.budget /= 2
		j.at = place{} // what it knows is used up
		return nil
	}
	if err != nil {
		return err
	}
	j.at = next
	if !asWritten {
		j.at = place{}
	}
	return nil
}

// judged adds the verdict on a reading.
func (b *piece) judged(p place, in *ingest.Intake, r *ingest.Reading, j *judge) {
	v, first := j.decide(r)
	counts := b.line(in, r.Station)
	counts.Received++
	switch v {
	case isNew:
		counts.Stored++
	case isRevision:
		counts.Revised++
		rev := newRevision(p, b.gateway, first, r)
		b.rec.Revisions = append(b.rec.Revisions, rev)
		b.size += revisionSize + len(rev.Conflict.Gateway)
	case isDuplicate:
		counts.Duplicate++
		if n := len(b.rec.Duplicates); b.repeats && b.rec.Duplicates[n-1].Batch == p.Batch {
			b.rec.Duplicates[n-1].N++
			return
		}
		b.rec.Duplicates = append(b.rec.Duplicates, stretch{p, 1})
		b.size += stretchSize
	}
	b.repeats = v == isDuplicate
}

// rejected counts what became no reading: a delivery without any reading once, else each rejected part. A retry takes back what
// was counted when its bytes were rejected.
func (b *piece) rejected(ctx context.Context, in *ingest.Intake) error {
	if n := len(in.Rejects); n > 0 {
		station := ""
		if len(in.Readings) == 0 {
			n = 1
		} else {
			station = in.Readings[0].Station
		}
		b.line(in, station).add(Counts{Received: int64(n), Quarantined: int64(n)})
	}
	d := &in.Delivery
	if d.Retry == "" || d.Parts == 0 {
		return nil
	}
	station, err := b.c.origin(ctx, d.Retry)
	if err != nil {
		return fmt.Errorf("where the books have quarantine entry %s: %w", d.Retry, err)
	}
	b.line(in, station).add(Counts{Received: -int64(d.Parts), Quarantined: -int64(d.Parts)})
	return nil
}

func (c *Clerk) origin(ctx context.Context, id string) (string, error) {
	if c.opt.Origin == nil {
		return "", nil
	}
	station, _, err := c.opt.Origin(ctx, id)
	return station, err
}

// line finds the figures of a delivery's gateway and second for a station.
func (b *piece) line(in *ingest.Intake, station string) *Counts {
	if b.in == in && b.station == station && b.counts != nil {
		return b.counts
	}
	if b.in == nil || b.in.Delivery.Gateway != in.Delivery.Gateway {
		b.gateway = gatewayName(in.Delivery.Gateway)
	}
	b.in, b.station = in, station
	k := tallyKey{b.c.known(Key{b.gateway, station}), in.Delivery.ReceivedAt.Unix()}
	if b.lines[k] == nil {
		b.lines[k] = &Counts{}
		b.size += lineSize + len(k.Gateway) + len(k.Station)
	}
	b.counts = b.lines[k]
	return b.counts
}

// known makes sure that the key has an account, or gives that of the others where there are too many.
func (c *Clerk) known(k Key) Key {
	h := c.holder(k.holder())
	if h.account(k.Gateway) != nil {
		return k
	}
	if len(h.accounts) >= maxGateways {
		return Key{Others, k.Station}
	}
	c.mu.Lock()
	h.open(k.Gateway)
	c.mu.Unlock()
	return k
}

// append adds a record. A conflict is an earlier try whose answer was lost: its record counts, and asWritten is false.
func (c *Clerk) append(ctx context.Context, rec record) (asWritten bool, err error) {
	data, err := json.Marshal(rec)
	if err != nil {
		return false, fmt.Errorf("write the books: %w", err)
	}
	if err := c.opt.fault("before append"); err != nil {
		return false, err
	}
	rec.sequence, err = c.records.Append(ctx, data, c.last)
	asWritten = true
	if errors.Is(err, stream.ErrConflict) {
		asWritten = false
		rec, err = c.written(ctx, err)
	}
	if err != nil {
		return false, err
	}
	if err := c.opt.fault("after append"); err != nil {
		return false, err
	}
	c.last = rec.sequence
	c.post(&rec)
	c.booked = rec.end()
	c.again = append(c.again, rec)
	return asWritten, nil
}

// written is the record that is there in place of one that was refused.
func (c *Clerk) written(ctx context.Context, cause error) (record, error) {
	r, ok, err := c.records.Last(ctx)
	if err != nil || !ok || r.Sequence != c.last+1 {
		return record{}, errors.Join(cause, err)
	}
	rec, err := decodeRecord(r)
	if err != nil {
		return rec, errors.Join(cause, err)
	}
	if !c.booked.before(rec.end()) {
		return rec, fmt.Errorf("record %d goes over what is booked: somebody else writes the books: %w", r.Sequence, cause)
	}
	return rec, nil
}

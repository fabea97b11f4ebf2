package books

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"quantrac/ingest/stream"
)

// Query selects lines of the ledger; an empty field selects all. From (inclusive) and To (exclusive) bound received_at, to the
// second.
type Query struct {
	Gateway, Station string
	From, To         time.Time
}

// Item is the ledger of one gateway and station. Gaps are the station's.
type Item struct {
	Key
	Counts
	Gaps []Gap `json:"gaps"`
}

// Ledger is the fold of the books.
type Ledger struct {
	Items []Item `json:"items"`
	Total Counts `json:"total"`
	// Rounded is what the figures span where that is more than was asked for; nil = it is not.
	Rounded *Span `json:"rounded,omitempty"`
}

// Span is a stretch of time, To exclusive. A zero time leaves that end open.
type Span struct {
	From time.Time `json:"from,omitzero"`
	To   time.Time `json:"to,omitzero"`
}

// Ledger adds up the books. Without a span of time it answers from memory. With one, whole hours come from memory and archive;
// an hour that is not whole is read from BOOKS line by line, or taken whole where that is not kept any more: then Rounded says so.
func (c *Clerk) Ledger(ctx context.Context, q Query) (Ledger, error) {
	s := sums{q: q, of: map[Key]*Counts{}}
	if q.From.IsZero() && q.To.IsZero() {
		c.mu.RLock()
		for id, h := range c.holders {
			for i := range h.accounts {
				s.add(Key{h.accounts[i].Gateway, stationOf(id)}, h.accounts[i].Counts)
			}
		}
		c.mu.RUnlock()
	} else if err := c.within(ctx, &s); err != nil {
		return Ledger{}, fmt.Errorf("read the books: %w", err)
	}
	out := Ledger{Items: []Item{}, Rounded: s.rounded}
	for k, counts := range s.of {
		if *counts == (Counts{}) {
			continue
		}
		out.Items = append(out.Items, Item{Key: k, Counts: *counts, Gaps: c.gapsOf(k.Station, q)})
		out.Total.add(*counts)
	}
	slices.SortFunc(out.Items, func(a, b Item) int {
		return cmp.Or(cmp.Compare(a.Gateway, b.Gateway), cmp.Compare(a.Station, b.Station))
	})
	return out, nil
}

// sums gathers what a query selects.
type sums struct {
	q       Query
	of      map[Key]*Counts
	rounded *Span
	// read are the hours that were read line by line.
	read map[int64]bool
}

func (s *sums) wants(k Key) bool {
	return (s.q.Gateway == "" || s.q.Gateway == k.Gateway) && (s.q.Station == "" || s.q.Station == k.Station)
}

func (s *sums) add(k Key, counts Counts) {
	if !s.wants(k) {
		return
	}
	if s.of[k] == nil {
		s.of[k] = &Counts{}
	}
	s.of[k].add(counts)
}

// second reports whether the span holds a second of receipt.
func (s *sums) second(at int64) bool {
	t := time.Unix(at, 0)
	return (s.q.From.IsZero() || !t.Before(s.q.From.Truncate(time.Second))) && (s.q.To.IsZero() || t.Before(s.q.To))
}

// stretch adds the figures of hours that can't be told apart, and says so where they reach beyond the span.
func (s *sums) stretch(k Key, hour, hours int64, counts Counts) {
	first, last := hour*secondsPerHour, (hour+hours)*secondsPerHour-1
	from, to := s.q.From, s.q.To
	if !to.IsZero() && !time.Unix(first, 0).Before(to) || !from.IsZero() && time.Unix(last, 0).Before(from.Truncate(time.Second)) || !s.wants(k) {
		return
	}
	s.add(k, counts)
	if s.second(first) && s.second(last) {
		return
	}
	if s.rounded == nil {
		s.rounded = &Span{From: from, To: to}
	}
	if !from.IsZero() {
		s.rounded.From = earlier(s.rounded.From, time.Unix(first, 0).UTC())
	}
	if end := time.Unix(last+1, 0).UTC(); !to.IsZero() && end.After(s.rounded.To) {
		s.rounded.To = end
	}
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func (c *Clerk) within(ctx context.Context, s *sums) error {
	c.archive.filling.RLock()
	defer c.archive.filling.RUnlock()
	if err := c.readEdges(ctx, s); err != nil {
		return err
	}
	c.mu.RLock()
	for id, h := range c.holders {
		for i := range h.accounts {
			for _, hc := range h.accounts[i].Hours {
				if !s.read[hc.Hour] {
					s.stretch(Key{h.accounts[i].Gateway, stationOf(id)}, hc.Hour, 1, hc.Counts)
				}
			}
		}
	}
	days := make([]int64, 0, len(c.archive.days))
	for day := range c.archive.days {
		days = append(days, day)
	}
	c.mu.RUnlock()
	for _, day := range days {
		if err := c.readDay(ctx, s, day); err != nil {
			return err
		}
	}
	return nil
}

// readEdges reads the hours that the span cuts, where BOOKS still has all of their lines.
func (c *Clerk) readEdges(ctx context.Context, s *sums) error {
	s.read = map[int64]bool{}
	st, err := c.records.Extent(ctx)
	if err != nil {
		return err
	}
	for _, edge := range []time.Time{s.q.From, s.q.To} {
		hour := hourOf(edge.Unix())
		c.mu.RLock()
		span, fine := c.fine.Spans[hour]
		c.mu.RUnlock()
		whole := edge.Equal(time.Unix(hour*secondsPerHour, 0))
		if edge.IsZero() || whole || s.read[hour] || !fine || span.First < st.First {
			continue
		}
		s.read[hour] = true
		_, err := c.records.Range(ctx, span.First-1, span.Last, func(recs []stream.Record) error { return s.lines(recs, hour) })
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *sums) lines(recs []stream.Record, hour int64) error {
	for _, r := range recs {
		rec, err := decodeRecord(r)
		if err != nil {
			return err
		}
		for _, l := range rec.Lines {
			if hourOf(l.At) == hour && s.second(l.At) {
				s.add(l.Key, l.Counts)
			}
		}
	}
	return nil
}

func (c *Clerk) readDay(ctx context.Context, s *sums, day int64) error {
	first := time.Unix(day*hoursPerDay*secondsPerHour, 0)
	if !s.q.To.IsZero() && !first.Before(s.q.To) || !s.q.From.IsZero() && !first.AddDate(0, 0, 1).After(s.q.From.Truncate(time.Second)) {
		return nil
	}
	for shard := range uint32(shards) {
		if s.q.Station != "" && shard != hash(s.q.Station)%shards {
			continue
		}
		v, err := c.archive.load(ctx, part{day, shard})
		if err != nil {
			return err
		}
		if d := c.archive.doubt; d != nil && d.part == (part{day, shard}) && d.upto == v.upto {
			for _, n := range d.counts { // memory has it too
				n.Counts = n.minus()
				v.add(Key{n.gateway, stationOf(n.holder)}, n.hourCount)
			}
		}
		for k, hours := range v.counts {
			for _, hc := range hours {
				switch {
				case v.daily:
					s.stretch(k, hc.Hour, hoursPerDay, hc.Counts)
				case !s.read[hc.Hour]:
					s.stretch(k, hc.Hour, 1, hc.Counts)
				}
			}
		}
	}
	return nil
}

func (c *Clerk) gapsOf(id string, q Query) []Gap {
	c.mu.RLock()
	defer c.mu.RUnlock()
	h := c.holders[id]
	if h == nil || id == "" {
		return []Gap{}
	}
	return slices.DeleteFunc(h.sequences.gaps(), func(g Gap) bool {
		return !q.From.IsZero() && g.To.Before(q.From) || !q.To.IsZero() && !g.From.Before(q.To)
	})
}

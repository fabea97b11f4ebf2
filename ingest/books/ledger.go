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

// Item is the ledger of one gateway and station.
type Item struct {
	Key
	Counts
	Gaps []Gap `json:"gaps"`
}

// Ledger is the fold of the books.
type Ledger struct {
	Items []Item `json:"items"`
	Total Counts `json:"total"`
}

// Ledger adds up the books. Without a span of time it answers from memory; with one it reads the stream.
func (c *Clerk) Ledger(ctx context.Context, q Query) (Ledger, error) {
	sums := map[Key]*Counts{}
	take := func(k Key, counts Counts) {
		if q.Gateway != "" && q.Gateway != k.Gateway || q.Station != "" && q.Station != k.Station {
			return
		}
		if sums[k] == nil {
			sums[k] = &Counts{}
		}
		sums[k].add(counts)
	}
	if q.From.IsZero() && q.To.IsZero() {
		c.mu.RLock()
		for k, counts := range c.total {
			take(k, *counts)
		}
		c.mu.RUnlock()
	} else if err := c.within(ctx, q, take); err != nil {
		return Ledger{}, err
	}
	out := Ledger{Items: []Item{}}
	for k, counts := range sums {
		out.Items = append(out.Items, Item{Key: k, Counts: *counts, Gaps: c.gapsOf(k.Station, q)})
		out.Total.add(*counts)
	}
	slices.SortFunc(out.Items, func(a, b Item) int {
		return cmp.Or(cmp.Compare(a.Gateway, b.Gateway), cmp.Compare(a.Station, b.Station))
	})
	return out, nil
}

func (c *Clerk) within(ctx context.Context, q Query, take func(Key, Counts)) error {
	_, err := c.records.Replay(ctx, 0, func(recs []stream.Record) error {
		for _, r := range recs {
			rec, err := decodeRecord(r)
			if err != nil {
				return err
			}
			for _, l := range rec.Lines {
				if at := time.Unix(l.At, 0); (q.From.IsZero() || !at.Before(q.From.Truncate(time.Second))) && (q.To.IsZero() || at.Before(q.To)) {
					take(l.Key, l.Counts)
				}
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("read the books: %w", err)
	}
	return nil
}

func (c *Clerk) gapsOf(id string, q Query) []Gap {
	c.mu.RLock()
	defer c.mu.RUnlock()
	s := c.stations[id]
	if s == nil {
		return []Gap{}
	}
	return slices.DeleteFunc(s.Sequences.gaps(), func(g Gap) bool {
		return !q.From.IsZero() && g.To.Before(q.From) || !q.To.IsZero() && !g.From.Before(q.To)
	})
}

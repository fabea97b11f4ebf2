package main

import (
	"context"
	"fmt"
	"iter"
	"time"

	"quantrac/alerts"
	"quantrac/geo"
	"quantrac/ingest"
	"quantrac/ingest/stream"
	"quantrac/web"
)

// liveConsumer folds the log into the live view and tells the hub. Consume belongs to one goroutine.
type liveConsumer struct {
	live      *alerts.Live
	hub       *web.Hub
	gather    *web.Gather
	snapshots *stream.Snapshots
	cursor    *stream.Cursor
	figures   *figures
	passed    uint64
	savedAt   time.Time
	spots     *spots
}

const (
	liveSaveEvery = 10 * time.Second
	tickEvery     = time.Second
)

func openLive(ctx context.Context, log *stream.Log, live *alerts.Live, f *figures) (*liveConsumer, error) {
	c := &liveConsumer{live: live, figures: f, savedAt: time.Now()}
	var err error
	if c.snapshots, err = log.OpenSnapshots(ctx, "live", live.Restore); err != nil {
		return nil, fmt.Errorf("restore the live view: %w", err)
	}
	live.Tick(time.Now())
	if c.spots, err = openSpots(ctx, log, live); err != nil {
		return nil, err
	}
	c.passed = c.snapshots.Start()
	c.cursor = log.Cursor("live", c.passed)
	return c, nil
}

// Consume is idempotent: a newest value that comes again changes nothing. While nobody listens, nothing is made for the hub.
func (c *liveConsumer) Consume(ctx context.Context, batches []stream.Batch) error {
	items, changed := c.live.Fold(deliveriesOf(batches), c.hub.Listened)
	var received time.Time
	for _, b := range batches {
		if c.passed = b.Sequence; received.IsZero() && len(b.Entries) > 0 {
			received = b.Entries[0].Delivery.ReceivedAt
		}
	}
	c.gather.Add(items, received)
	c.tell(changed)
	if time.Since(c.savedAt) < liveSaveEvery {
		return nil
	}
	return c.Save(ctx)
}

func deliveriesOf(batches []stream.Batch) iter.Seq[[]ingest.Reading] {
	return func(yield func([]ingest.Reading) bool) {
		for _, b := range batches {
			for i := range b.Entries {
				if !yield(b.Entries[i].Readings) {
					return
				}
			}
		}
	}
}

func (c *liveConsumer) tell(changed []string) {
	told := map[string]bool{}
	for _, id := range changed {
		if v, ok := c.live.Station(id); ok && !told[id] {
			told[id] = true
			c.hub.Station(v)
		}
	}
}

// Save writes the newest values of the stations that have changed.
func (c *liveConsumer) Save(ctx context.Context) error {
	if err := c.snapshots.Save(ctx, c.passed, c.live.Dirty(), c.live.Snapshot); err != nil {
		return fmt.Errorf("save the live view: %w", err)
	}
	c.savedAt = time.Now()
	c.cursor.Release(c.passed)
	return nil
}

// Tick tells the time to the live view, so that silent stations go offline, and keeps the hotspots.
func (c *liveConsumer) Tick(ctx context.Context) error {
	t := time.NewTicker(tickEvery)
	defer t.Stop()
	for {
		now := time.Now()
		c.tell(c.live.Tick(now))
		if err := c.spots.keep(ctx, now); err != nil {
			return err
		}
		select {
		case <-t.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// mostTold is how many changed stations are told one by one after a change of the registry or the limits.
const mostTold = 500

// review judges the live view by another registry and other limits, and tells what that changes.
func (c *liveConsumer) review(registry *geo.Registry, limits *alerts.Limits) {
	r := c.live.Use(registry, limits)
	anew := len(r.Changed) > mostTold
	if len(r.Gone) > 0 || r.Parks || anew {
		c.hub.Registry(r.Gone, r.Parks, anew)
	}
	if !anew {
		c.tell(r.Changed)
	}
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"sync/atomic"
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
	snapshots *stream.Snapshots
	cursor    *stream.Cursor
	figures   *figures
	passed    uint64
	savedAt   time.Time
	spots     atomic.Pointer[geo.HotspotSet]
}

const (
	liveSaveEvery = 10 * time.Second
	tickEvery     = time.Second
)

func openLive(ctx context.Context, log *stream.Log, live *alerts.Live, f *figures) (*liveConsumer, error) {
	c := &liveConsumer{live: live, figures: f, savedAt: time.Now()}
	c.spots.Store(&geo.HotspotSet{})
	var err error
	if c.snapshots, err = log.OpenSnapshots(ctx, "live", live.Restore); err != nil {
		return nil, fmt.Errorf("restore the live view: %w", err)
	}
	live.Tick(time.Now())
	c.passed = c.snapshots.Start()
	c.cursor = log.Cursor("live", c.passed)
	return c, nil
}

// Consume is idempotent: a newest value that comes again changes nothing. While nobody listens, nothing is made for the hub.
func (c *liveConsumer) Consume(ctx context.Context, batches []stream.Batch) error {
	items, changed := c.live.Fold(deliveriesOf(batches), c.hub.Listened)
	c.hub.Readings(items)
	c.tell(changed)
	for _, b := range batches {
		if c.passed = b.Sequence; len(b.Entries) > 0 {
			observeSince(c.figures.websocket, b.Entries[0].Delivery.ReceivedAt)
		}
	}
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

// Tick tells the time to the live view, so that silent stations go offline, and finds the hotspots anew.
func (c *liveConsumer) Tick(ctx context.Context) error {
	t := time.NewTicker(tickEvery)
	defer t.Stop()
	for {
		c.tell(c.live.Tick(time.Now()))
		if err := c.findHotspots(); err != nil {
			return err
		}
		select {
		case <-t.C:
		case <-ctx.Done():
			return nil
		}
	}
}

func (c *liveConsumer) findHotspots() error {
	var samples []geo.Sample
	for _, e := range c.live.Exceedances() {
		samples = append(samples, geo.Sample{ID: e.Station, Point: e.Location, Value: e.Ratio, Parameter: e.Parameter, At: e.At})
	}
	set := geo.HotspotSet(geo.Hotspots(samples, geo.HotspotOptions{}))
	was, err := json.Marshal(*c.spots.Load())
	if err != nil {
		return fmt.Errorf("hotspots: %w", err)
	}
	now, err := json.Marshal(set)
	if err != nil {
		return fmt.Errorf("hotspots: %w", err)
	}
	if !bytes.Equal(was, now) {
		c.spots.Store(&set)
		c.hub.Hotspots(set)
	}
	return nil
}

// Hotspots is the present set.
func (c *liveConsumer) Hotspots() any { return *c.spots.Load() }

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"quantrac/alerts"
	"quantrac/ingest/stream"
)

// spots keeps the hotspots of the live view as people see them: it looks for them when something has changed, tells what is news, and
// writes them down, so that they keep their names over a restart. keep belongs to one goroutine.
type spots struct {
	live   *alerts.Live
	bucket *stream.Bucket
	tell   func(collection json.RawMessage)
	log    *slog.Logger
	shown  atomic.Pointer[json.RawMessage]

	saved         []byte
	savedAt       time.Time
	sought, after time.Time
}

const (
	spotsSaveEvery = 10 * time.Second
	// spotsEvery is how often hotspots are sought where nothing changes: samples age.
	spotsEvery = time.Minute
	// spotsShare is the part of a core that seeking them may take where stations change all the time.
	spotsShare = 20
	spotsKey   = "set"
)

func openSpots(ctx context.Context, log *stream.Log, live *alerts.Live) (*spots, error) {
	bucket, err := log.Bucket(ctx, "hotspots")
	if err != nil {
		return nil, err
	}
	s := &spots{live: live, bucket: bucket}
	collection, known, err := bucket.Get(ctx, spotsKey)
	if err == nil && known {
		err = live.RestoreHotspots(collection, time.Now())
	}
	if err != nil {
		return nil, fmt.Errorf("restore the hotspots: %w", err)
	}
	s.saved = collection
	live.SeekHotspots(time.Now())
	return s, s.show()
}

// show makes the set that was last found the one that is answered.
func (s *spots) show() error {
	b, err := json.Marshal(s.live.Hotspots())
	if err != nil {
		return fmt.Errorf("write the hotspots: %w", err)
	}
	shown := json.RawMessage(b)
	s.shown.Store(&shown)
	return nil
}

// Shown is the present set as GeoJSON.
func (s *spots) Shown() any { return *s.shown.Load() }

func (s *spots) keep(ctx context.Context, now time.Time) error {
	if now.Before(s.after) || !s.live.Stirred() && now.Sub(s.sought) < spotsEvery {
		return nil
	}
	begun := time.Now()
	_, changed := s.live.SeekHotspots(now)
	s.sought, s.after = now, now.Add(spotsShare*time.Since(begun))
	if changed {
		if err := s.show(); err != nil {
			return err
		}
		s.tell(*s.shown.Load())
	}
	if now.Sub(s.savedAt) < spotsSaveEvery || bytes.Equal(s.saved, *s.shown.Load()) {
		return nil
	}
	if err := s.bucket.Put(ctx, spotsKey, *s.shown.Load()); err != nil {
		s.log.Warn("the hotspots could not be written down; they are again in a moment", "error", err)
		return nil
	}
	s.saved, s.savedAt = *s.shown.Load(), now
	return nil
}

package journal

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"quantrac/alerts"
	"quantrac/ingest/stream"
)

// Mutes are the silences and maintenance windows, each under its id in a bucket. What Add and End returned for is on disk and in
// force. One that is over is kept for keepMutes, so that it can still be said why nobody was told.
type Mutes struct {
	bucket *stream.Bucket
	mu     sync.Mutex // one change at a time
	set    atomic.Pointer[alerts.Mutes]
}

const (
	keepMutes = 400 * 24 * time.Hour
	mostMutes = 10_000
)

// ErrFull means that there are too many mutes.
var ErrFull = errors.New("there are too many silences; those that are over are forgotten after 400 days")

// OpenMutes reads what stands and forgets what has been over for long.
func OpenMutes(ctx context.Context, log *stream.Log, now time.Time) (*Mutes, error) {
	bucket, err := log.Bucket(ctx, "mutes")
	if err != nil {
		return nil, err
	}
	m := &Mutes{bucket: bucket}
	var list []alerts.Mute
	var old []string
	err = bucket.All(ctx, func(id string, value []byte) error {
		var mute alerts.Mute
		if err := json.Unmarshal(value, &mute); err != nil {
			return fmt.Errorf("stored silence %s cannot be read: %w", id, err)
		}
		if now.Sub(mute.To) > keepMutes {
			old = append(old, id)
			return nil
		}
		list = append(list, mute)
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, id := range old {
		if err := bucket.Delete(ctx, id); err != nil {
			return nil, fmt.Errorf("forget silence %s: %w", id, err)
		}
	}
	m.use(list)
	return m, nil
}

// use puts a list in force, the ones that begin last first.
func (m *Mutes) use(list []alerts.Mute) {
	slices.SortFunc(list, func(a, b alerts.Mute) int { return cmp.Or(b.From.Compare(a.From), cmp.Compare(a.ID, b.ID)) })
	m.set.Store(alerts.NewMutes(list))
}

// Current is what is in force, for the judge.
func (m *Mutes) Current() *alerts.Mutes { return m.set.Load() }

// List is every mute, the ones that begin last first.
func (m *Mutes) List() []alerts.Mute { return m.Current().List() }

// Add puts a mute in force that has been checked, under an id of its own.
func (m *Mutes) Add(ctx context.Context, mute alerts.Mute) (alerts.Mute, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.List()) >= mostMutes {
		return alerts.Mute{}, ErrFull
	}
	mute.ID = rand.Text()
	if err := m.put(ctx, mute); err != nil {
		return alerts.Mute{}, err
	}
	m.use(append(slices.Clone(m.List()), mute))
	return mute, nil
}

func (m *Mutes) put(ctx context.Context, mute alerts.Mute) error {
	data, err := json.Marshal(mute)
	if err != nil {
		return fmt.Errorf("write silence %s: %w", mute.ID, err)
	}
	return m.bucket.Put(ctx, mute.ID, data)
}

// End ends a mute now. One that has not begun is gone; one that has is kept with its end, since it kept notices back.
func (m *Mutes) End(ctx context.Context, id string, now time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := slices.Clone(m.List())
	i := slices.IndexFunc(list, func(x alerts.Mute) bool { return x.ID == id })
	switch {
	case i < 0:
		return ErrNotFound
	case !list[i].From.Before(now):
		if err := m.bucket.Delete(ctx, id); err != nil {
			return err
		}
		list = slices.Delete(list, i, i+1)
	case list[i].To.After(now):
		list[i].To = now
		if err := m.put(ctx, list[i]); err != nil {
			return err
		}
	}
	m.use(list)
	return nil
}

package webhook

import (
	"context"
	"errors"
	"time"

	"quantrac/alerts"
)

// readEvents fetches events by their places, in one pass over the journal. What the journal does not hold is left out.
func readEvents(ctx context.Context, opt *Options, places []place) (map[place]alerts.Event, error) {
	found := make(map[place]alerts.Event, len(places))
	last, err := opt.LastEvent(ctx)
	if err != nil {
		return nil, err
	}
	wanted := map[uint64][]int{}
	from, to := uint64(1<<64-1), uint64(0)
	for _, p := range places {
		if p.seq == 0 || p.seq > last || p.index < 0 {
			continue
		}
		wanted[p.seq] = append(wanted[p.seq], p.index)
		from, to = min(from, p.seq), max(to, p.seq)
	}
	if len(wanted) == 0 {
		return found, nil
	}
	pass, done := context.WithCancel(ctx)
	defer done()
	err = opt.Events(pass, from-1, func(seq uint64, events []alerts.Event) error {
		for _, i := range wanted[seq] {
			if i < len(events) {
				found[place{seq, i}] = events[i]
			}
		}
		if seq >= to {
			done()
		}
		return nil
	})
	return found, errors.Join(err, ctx.Err())
}

// pause waits; false means that ctx ended.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

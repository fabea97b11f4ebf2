package simulator

import (
	"context"
	"time"
)

// backfillBatch is the number of messages in one array of back-fill.
const backfillBatch = 48

// backfill sends the past from from up to the beginning of the run, oldest first, as arrays. The last stretch has the
// interval of live data already: a wider grid would end short of now, and a service that expects the interval would see
// nothing but gaps.
func (g *gateway) backfill(ctx context.Context, from time.Time) error {
	opt := &g.run.opt
	for _, f := range g.feeds {
		var batch []due
		step := opt.BackfillStep
		for at := from.Truncate(step).Add(step); !at.After(g.run.start); at = at.Add(step) {
			if g.run.start.Sub(at) < 2*opt.BackfillStep {
				step = min(step, opt.Interval)
			}
			batch = append(batch, f.ready(due{at, step})...)
		}
		if err := g.send(ctx, f, batch); err != nil {
			return err
		}
	}
	return nil
}

// publishAll sends one message of every station, with what an outage that is over has held back.
func (g *gateway) publishAll(ctx context.Context, at time.Time) error {
	for _, f := range g.feeds {
		if err := g.send(ctx, f, f.ready(due{at, g.run.opt.Interval})); err != nil {
			return err
		}
	}
	return nil
}

// send publishes messages of one station.
func (g *gateway) send(ctx context.Context, f *feed, all []due) error {
	for _, batch := range batches(all) {
		for _, body := range f.bodies(batch) {
			if err := g.publish(ctx, readingsTopic(f.plant.ID), body); err != nil {
				return err
			}
		}
	}
	return nil
}

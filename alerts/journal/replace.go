package journal

import (
	"context"

	"quantrac/alerts"
)

// Replace puts an engine without state, made of other rules or limits, in the place of the one that judges. What is unchanged goes on
// as it was. An alert that nothing judges any more is resolved, and what the journal and the new engine hold differently is told. With
// an error nothing has changed. After nil the new engine judges; what could not be journaled or saved at once is tried again with the
// next batch or turn of the clock, as always.
func (j *Judge) Replace(ctx context.Context, next *alerts.Engine) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := next.TakeOver(j.engine); err != nil {
		return err
	}
	settled := j.settled
	j.engine, j.settled = next, false
	clear(j.waits)
	if !settled || j.journal.Unfinished() {
		return nil // the first batch or tick that is new settles it
	}
	j.settle()
	err := j.say(ctx)
	if err == nil {
		err = j.save(ctx)
	}
	if err != nil {
		j.cfg.Logger.Warn("alerts: the change of rules is in force and not yet in the journal, trying again", "error", err)
	}
	return nil
}

package journal

import (
	"context"
	"errors"
	"slices"
	"time"

	"quantrac/alerts"
)

const (
	tickEvery = time.Second
	// patience is how long a station's late readings may go on to come before its history is read for those that have.
	patience = 30 * time.Second
	// historyTimeout bounds one reading of history.
	historyTimeout = 30 * time.Second
)

// wait is a station that waits for history: how many late readings it had when it was last looked at, and since when it waits.
type wait struct {
	late  uint64
	since time.Time
}

// Run tells the engine the time and answers what it asks history for, until ctx ends.
func (j *Judge) Run(ctx context.Context) error {
	if j.cfg.Head == nil {
		<-ctx.Done()
		return nil
	}
	t := time.NewTicker(tickEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
		if err := j.Turn(ctx); err != nil && ctx.Err() == nil {
			j.cfg.Logger.Warn("alerts: a turn of the clock failed, trying again", "error", err)
		}
	}
}

// Turn is one tick of Run, for callers that keep the time themselves. While the engine has not seen the end of the log it does not know what has come, so nobody is silent.
func (j *Judge) Turn(ctx context.Context) error {
	head, err := j.cfg.Head(ctx)
	if err != nil {
		return err
	}
	ready, err := j.tick(ctx, head)
	for _, n := range ready {
		err = errors.Join(err, j.answer(ctx, n))
	}
	return err
}

func (j *Judge) tick(ctx context.Context, head uint64) (ready []alerts.Need, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.stepped < head || j.stepped < j.journal.IntakeTo() {
		return nil, nil
	}
	if !j.settled && !j.journal.Unfinished() {
		j.settle()
	}
	// What the journal has not taken yet goes first: until then it does not know what was made, and all of it would be made again.
	if err := j.say(ctx); err != nil {
		return nil, err
	}
	now := j.now().UTC()
	made := j.engine.Step(alerts.Input{Kind: alerts.TickIn, At: now, Blind: j.cfg.Blind != nil && j.cfg.Blind()})
	if err := j.tell(ctx, slices.Concat(made, j.unmuted(now), j.released(now), j.escalated(now), j.troubles(now))); err != nil {
		return nil, err
	}
	return j.ready(now), nil
}

// mute notes on events which mute keeps their notices back.
func (j *Judge) mute(events []alerts.Event) {
	if j.cfg.Mutes == nil {
		return
	}
	mutes, now := j.cfg.Mutes(), j.now()
	for i := range events {
		events[i].Alert.SilencedBy = mutes.Match(&events[i].Alert, now)
	}
}

// unmuted are the changes of open alerts whose mute has begun or ended: a recipient is told of what is still wrong then.
func (j *Judge) unmuted(now time.Time) []alerts.Event {
	if j.cfg.Mutes == nil {
		return nil
	}
	var out []alerts.Event
	mutes := j.cfg.Mutes()
	for _, a := range j.journal.Open() {
		if by := mutes.Match(&a, now); by != a.SilencedBy {
			a.SilencedBy = by
			a.Revision++
			out = append(out, alerts.Event{Type: alerts.Updated, At: now, Made: now, Alert: a})
		}
	}
	return out
}

// releaseAfter is how long after the end of an outage a silence that was part of it may go on untold: the stations of a gateway that is
// back do not all speak at once.
const releaseAfter = 5 * time.Minute

// released are the open alerts that nobody was told of because another one explained them, which is over.
func (j *Judge) released(now time.Time) []alerts.Event {
	var out []alerts.Event
	for _, a := range j.journal.Open() {
		if a.InhibitedBy == "" || a.Flapping {
			continue
		}
		by, known := j.journal.Alert(a.InhibitedBy)
		if known && (by.State == alerts.Open || by.ResolvedAt != nil && now.Sub(*by.ResolvedAt) < releaseAfter) {
			continue
		}
		a.InhibitedBy = ""
		a.Revision++
		out = append(out, alerts.Event{Type: alerts.Updated, At: now, Made: now, Alert: a, Released: true})
	}
	return out
}

// Escalation is when an alert is told further: when it has been known for After to be at From or worse and nobody has acknowledged it.
type Escalation struct {
	After time.Duration
	From  alerts.Severity
}

// escalated are the alerts that nobody has acted upon in time, each once, and once more when it has become worse.
func (j *Judge) escalated(now time.Time) []alerts.Event {
	limit := j.cfg.Escalation
	if limit.After <= 0 {
		return nil
	}
	var out []alerts.Event
	for _, a := range j.journal.Open() {
		if a.Severity < limit.From || a.AcknowledgedAt != nil || a.Late || a.SilencedBy != "" || a.InhibitedBy != "" || now.Sub(j.journal.since(a.ID)) < limit.After {
			continue
		}
		act := alerts.Act{Type: alerts.Escalated, At: now, Comment: "nobody has acknowledged it for " + limit.After.String()}
		if ev, changed, err := act.Do(a); err == nil && changed {
			ev.Alert.Revision++
			out = append(out, ev)
		}
	}
	return out
}

// tell journals events that no batch made, and saves the state that they speak of: the log alone would not bring it back.
func (j *Judge) tell(ctx context.Context, made []alerts.Event) error {
	j.unsaid = append(j.unsaid, made...)
	if len(j.unsaid) == 0 {
		return nil
	}
	if err := j.say(ctx); err != nil {
		return err
	}
	return j.save(ctx)
}

// ready lists the needs whose history is complete, and whose late readings have stopped to come or been waited for.
func (j *Judge) ready(now time.Time) []alerts.Need {
	if j.cfg.History == nil {
		return nil
	}
	var ready []alerts.Need
	for _, n := range j.engine.Needs() {
		w, waits := j.waits[n.Station]
		if !waits {
			w.since = now
		}
		quiet := waits && w.late == n.Late
		w.late = n.Late
		j.waits[n.Station] = w
		if (quiet || now.Sub(w.since) >= patience) && j.cfg.Booked() >= j.stepped {
			ready = append(ready, n)
		}
	}
	return ready
}

// answer reads the history of a station, while batches go on, and lets the engine judge by it. An answer that came too late, because
// more old readings have come meanwhile, is thrown away.
func (j *Judge) answer(ctx context.Context, n alerts.Need) error {
	ctx, cancel := context.WithTimeout(ctx, historyTimeout)
	defer cancel()
	start, _ := n.Reach(j.journal.OfStation(n.Station))
	readings, err := j.cfg.History(ctx, n.Station, start)
	if err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, now := range j.engine.Needs() {
		if now.Station != n.Station || now.Late != n.Late {
			continue
		}
		delete(j.waits, n.Station)
		_, told := n.Reach(j.journal.OfStation(n.Station))
		made := j.engine.Step(alerts.Input{
			Kind: alerts.HistoryIn, At: j.now().UTC(), History: &alerts.History{Station: n.Station, Readings: readings, Alerts: told},
		})
		if len(made) == 0 {
			return j.save(ctx)
		}
		return j.tell(ctx, made)
	}
	return nil
}

package journal

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"quantrac/alerts"
	"quantrac/ingest"
	"quantrac/ingest/stream"
)

// snapshotEvery bounds how much of the intake log a restart replays.
const snapshotEvery = 10 * time.Second

// Judge runs an engine over the intake log and the clock. Consume and Save have one caller; Run is another.
type Judge struct {
	cfg JudgeConfig
	// mu guards all below: batches, ticks and answers from history take turns.
	mu        sync.Mutex
	engine    *alerts.Engine
	journal   *Journal
	snapshots *stream.Snapshots
	cursor    *stream.Cursor
	now       func() time.Time
	evaluated func(n uint64)

	// stepped is the last batch that the engine has seen; unsaid are events that are not in the journal yet.
	stepped   uint64
	unsaid    []alerts.Event
	savedAt   time.Time
	evaluates uint64
	// settled: the open alerts of engine and journal have been brought together.
	settled bool
	// waits are the stations that wait for history.
	waits map[string]wait
	// since is when each trouble of our own was first seen.
	since map[string]time.Time
}

// JudgeConfig is what a Judge is made of.
type JudgeConfig struct {
	Engine  *alerts.Engine
	Journal *Journal
	Now     func() time.Time
	// Head is the newest batch of the intake log. Without it no time passes for the engine, and nothing is ever silent.
	Head func(ctx context.Context) (uint64, error)
	// Blind, if not nil, reports that readings could not have come in: nobody is silent then.
	Blind func() bool
	// History, if not nil, reads what the history holds of a station from an instant on; Booked is the batch up to which it holds
	// everything.
	History func(ctx context.Context, station string, from time.Time) ([]ingest.Reading, error)
	Booked  func() uint64
	// FlapOpens is how often the same alert may open within an hour before it flaps; 0 = as often as it likes.
	FlapOpens int
	// Troubles, if not nil, lists what of our own is away now.
	Troubles func() []Trouble
	// Escalation says when an alert that nobody has acknowledged is told further; the zero value never.
	Escalation Escalation
	// Mutes, if not nil, are the silences and maintenance windows that stand.
	Mutes func() *alerts.Mutes
	// Logger hears of history that cannot be read.
	Logger *slog.Logger
	// Evaluated, if not nil, hears how many rules were applied.
	Evaluated func(n uint64)
}

// OpenJudge restores the engine from its snapshots. The cursor that it returns is where Consume must go on.
func OpenJudge(ctx context.Context, log *stream.Log, cfg JudgeConfig) (*Judge, *stream.Cursor, error) {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	j := &Judge{cfg: cfg, waits: map[string]wait{}, since: map[string]time.Time{}, engine: cfg.Engine, journal: cfg.Journal, now: cfg.Now, evaluated: cfg.Evaluated, savedAt: cfg.Now()}
	var err error
	j.snapshots, err = log.OpenSnapshots(ctx, "engine", cfg.Engine.Restore)
	if err != nil {
		return nil, nil, fmt.Errorf("restore the alert engine: %w", err)
	}
	j.stepped = j.snapshots.Start()
	j.cursor = log.Cursor("alerts", j.stepped)
	return j, j.cursor, nil
}

// Consume steps the engine through batches and journals what it says. What was said before the last stop is not said again.
func (j *Judge) Consume(ctx context.Context, batches []stream.Batch) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, b := range batches {
		if b.Sequence <= j.stepped {
			continue // a try again: the engine has seen it, only the journal has not
		}
		said := b.Sequence <= j.journal.IntakeTo()
		if !said && !j.journal.Unfinished() {
			j.settle()
		}
		for i := range b.Entries {
			events := j.engine.Step(alerts.Input{Kind: alerts.ReadingsIn, Readings: j.fresh(b.Entries[i].Readings, b.Sequence)})
			if !said {
				j.unsaid = append(j.unsaid, events...)
			}
		}
		j.stepped = b.Sequence
	}
	if err := j.say(ctx); err != nil {
		return err
	}
	if n := j.engine.Stats().Evaluations; j.evaluated != nil {
		j.evaluated(n - j.evaluates)
		j.evaluates = n
	}
	if j.now().Sub(j.savedAt) < snapshotEvery {
		return nil
	}
	return j.save(ctx)
}

// settle brings the open alerts of engine and journal together, once per start and only after the silent replay. Where the
// rules, limits and stations are those of the last life there is nothing to do. Where they have changed, the replay has judged by
// the new ones what was said under the old: an alert that nothing judges any more is ended, and one that the journal does not
// hold as it is now is told.
func (j *Judge) settle() {
	if j.settled {
		return
	}
	j.settled = true
	at := j.now().UTC()
	ended := map[string]bool{}
	for _, ev := range j.engine.Step(alerts.Input{Kind: alerts.Configured, At: at}) {
		if state, _ := j.journal.State(ev.Alert.ID); state == alerts.Open {
			ended[ev.Alert.ID] = true
			j.unsaid = append(j.unsaid, ev)
		}
	}
	held := map[string]bool{}
	for _, a := range j.engine.Open() {
		held[a.ID] = true
		state, severity := j.journal.State(a.ID)
		switch {
		case j.engine.Waits(a.Station.ID): // what history says will bring the two together
		case state == "":
			j.unsaid = append(j.unsaid, alerts.Event{Type: alerts.Opened, At: a.OpenedAt, Made: at, Alert: a})
		case state != alerts.Open && j.engine.Drop(&a): // it ended by the clock, after the last snapshot
		case state != alerts.Open || severity != a.Severity:
			j.unsaid = append(j.unsaid, alerts.Event{Type: alerts.Updated, At: a.MeasuredAt, Made: at, Alert: a})
		}
	}
	for _, a := range j.journal.Open() {
		if held[a.ID] || ended[a.ID] || a.Scope == alerts.ScopeService || j.engine.Waits(a.Station.ID) || j.engine.Adopt(&a) {
			continue
		}
		j.unsaid = append(j.unsaid, j.engine.Retire(a, at))
	}
	if len(j.unsaid) > 0 {
		j.savedAt = time.Time{} // the state that these events speak of is saved with them
	}
}

// fresh leaves out the readings of stations whose snapshot is newer than the batch.
func (j *Judge) fresh(readings []ingest.Reading, sequence uint64) []ingest.Reading {
	stale := false
	for i := range readings {
		stale = stale || j.snapshots.Has(readings[i].Station, sequence)
	}
	if !stale {
		return readings
	}
	kept := make([]ingest.Reading, 0, len(readings))
	for _, r := range readings {
		if !j.snapshots.Has(r.Station, sequence) {
			kept = append(kept, r)
		}
	}
	return kept
}

func (j *Judge) say(ctx context.Context) error {
	if len(j.unsaid) == 0 && !j.journal.Unfinished() {
		return nil
	}
	j.calm(j.unsaid)
	j.mute(j.unsaid)
	if err := j.journal.Append(ctx, Step{IntakeTo: j.stepped, Events: j.unsaid}); err != nil {
		return err
	}
	j.unsaid = nil
	return nil
}

// Save writes the snapshots of the stations that have changed, and lets the log forget what is behind them. Everything that
// they contain is in the journal.
func (j *Judge) Save(ctx context.Context) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.save(ctx)
}

func (j *Judge) save(ctx context.Context) error {
	if len(j.unsaid) > 0 {
		return nil
	}
	if err := j.snapshots.Save(ctx, j.stepped, j.engine.Dirty(), j.engine.Snapshot); err != nil {
		return fmt.Errorf("save the alert engine: %w", err)
	}
	j.savedAt = j.now()
	j.cursor.Release(j.stepped)
	return nil
}

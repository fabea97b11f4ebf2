// Package backtest plays stored history to the alert engine and tells which alerts rules would have made, and how that differs from
// the rules in force.
//
// It promises: the engine is the one that judges live readings, fed in the order of time as if every reading had come when it was
// measured; memory is bounded by a day of a station and by the alerts of a station, not by the span; the same history gives the same
// report, whatever the number of workers; a cancelled context ends it within a day of history. It does not know what history does not
// hold: our own outages, which live judging never counts as a station's silence, and alerts that were already open before the longest
// window and waiting time of a rule, which begin where its history begins.
package backtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"quantrac/alerts"
	"quantrac/geo"
	"quantrac/ingest"
)

// Reader visits the readings of some parameters of a station, From inclusive, To exclusive, in the order of time, all parameters of an
// instant side by side and never cut in two. A slice is valid until visit returns; an error of visit ends the reading and is returned.
type Reader func(ctx context.Context, q Query, visit func([]ingest.Reading) error) error

// Query is what a Reader reads.
type Query struct {
	Station    string
	Parameters []string
	From, To   time.Time
}

// Config is what a backtest is made of.
type Config struct {
	// Draft are the rules on trial. InForce are those that they would replace; nil = there are none, and nothing is compared. They
	// may be the same.
	Draft, InForce *alerts.Rules
	Registry       *geo.Registry
	Limits         *alerts.Limits
	Catalogue      *ingest.Catalogue
	// BaseURL is where the alerts of the report link to.
	BaseURL string
	// Stations are ids; empty = every station at which the rules judge anything.
	Stations []string
	From, To time.Time
	History  Reader
	// Workers is how many stations are judged at a time; 0 = DefaultWorkers.
	Workers int
	// Progress, if not nil, hears how far it is, after every piece of history, one call at a time. It must not block.
	Progress func(Progress)
	// MostAlerts bounds each list of alerts in the report, the newest first; 0 = DefaultMostAlerts. Counts are never bounded.
	MostAlerts int
}

// Defaults of a Config.
const (
	DefaultWorkers    = 2
	DefaultMostAlerts = 1000
)

// Progress is how far a backtest is.
type Progress struct {
	// Done of Stations are finished.
	Done     int `json:"done"`
	Stations int `json:"stations"`
	// Share of the whole, from 0 to 1.
	Share float64 `json:"share"`
	// Readings that were judged so far, and Alerts that the draft made of them.
	Readings int64 `json:"readings"`
	Alerts   int   `json:"alerts"`
}

// ErrStation means that Config.Stations names one that the registry does not hold.
var ErrStation = errors.New("no such station")

// run is a backtest under way.
type run struct {
	cfg      Config
	stations []geo.Station

	mu       sync.Mutex
	progress Progress
	shares   float64 // of unfinished stations
	report   Report
}

// Run judges the history between From and To and reports.
func Run(ctx context.Context, cfg Config) (*Report, error) {
	if !cfg.From.Before(cfg.To) {
		return nil, errors.New("the span of a backtest is empty: from must lie before to")
	}
	if cfg.Workers <= 0 {
		cfg.Workers = DefaultWorkers
	}
	if cfg.MostAlerts <= 0 {
		cfg.MostAlerts = DefaultMostAlerts
	}
	r := &run{cfg: cfg}
	if err := r.choose(); err != nil {
		return nil, err
	}
	r.progress.Stations = len(r.stations)
	r.report = newReport(&r.cfg, len(r.stations))
	if err := r.all(ctx); err != nil {
		return nil, err
	}
	r.report.Readings = r.progress.Readings
	r.report.finish(&r.cfg)
	return &r.report, nil
}

// choose lists the stations to judge, in the order of the registry.
func (r *run) choose() error {
	for _, id := range r.cfg.Stations {
		if _, ok := r.cfg.Registry.Station(id); !ok {
			return fmt.Errorf("%w: %s", ErrStation, id)
		}
	}
	for _, st := range r.cfg.Registry.Stations() {
		if len(r.cfg.Stations) > 0 && !slices.Contains(r.cfg.Stations, st.ID) {
			continue
		}
		if len(r.cfg.Stations) > 0 || len(r.watches(&st)) > 0 {
			r.stations = append(r.stations, st)
		}
	}
	return nil
}

// watches lists the parameters that the draft or the rules in force look at.
func (r *run) watches(st *geo.Station) []string {
	watched := r.cfg.Draft.Watches(st)
	if r.cfg.InForce != nil {
		watched = append(watched, r.cfg.InForce.Watches(st)...)
	}
	slices.Sort(watched)
	return slices.Compact(watched)
}

// all gives the stations to the workers. The first error ends all of them.
func (r *run) all(ctx context.Context) error {
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	next := make(chan int)
	var workers sync.WaitGroup
	for range min(r.cfg.Workers, len(r.stations)) {
		workers.Go(func() {
			for i := range next {
				if err := r.station(ctx, i); err != nil {
					fail(err)
				}
			}
		})
	}
	for i := range r.stations {
		select {
		case next <- i:
		case <-ctx.Done():
		}
	}
	close(next)
	workers.Wait()
	return context.Cause(ctx)
}

// station judges one station by both sets of rules.
func (r *run) station(ctx context.Context, i int) error {
	st := &r.stations[i]
	p, err := r.newPlay(st)
	if err != nil {
		return err
	}
	q := Query{Station: st.ID, Parameters: r.watches(st), From: r.cfg.From.Add(-p.reach), To: r.cfg.To}
	whole, share := q.To.Sub(q.From), 0.0
	err = r.cfg.History(ctx, q, func(readings []ingest.Reading) error {
		if len(readings) == 0 {
			return ctx.Err()
		}
		p.step(readings)
		was := share
		share = float64(readings[len(readings)-1].MeasuredAt.Sub(q.From)) / float64(whole)
		r.tell(len(readings), share-was)
		return ctx.Err()
	})
	if err != nil {
		return fmt.Errorf("play history of %s: %w", st.ID, err)
	}
	p.end(r.cfg.To)
	r.add(i, p, share)
	return nil
}

// tell counts a piece of history.
func (r *run) tell(readings int, share float64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.progress.Readings += int64(readings)
	r.shares += share
	r.heard()
}

// add takes the result of a station in.
func (r *run) add(i int, p *play, share float64) {
	result := p.compare(r.cfg.From)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.report.add(i, &result, r.cfg.MostAlerts)
	r.progress.Done++
	r.progress.Alerts += len(result.draft)
	r.shares -= share
	r.heard()
}

func (r *run) heard() {
	if r.cfg.Progress == nil {
		return
	}
	r.progress.Share = min(1, (float64(r.progress.Done)+r.shares)/float64(max(1, r.progress.Stations)))
	if r.progress.Done == r.progress.Stations {
		r.progress.Share = 1
	}
	r.cfg.Progress(r.progress)
}

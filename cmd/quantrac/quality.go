package main

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"quantrac/geo"
	"quantrac/ingest/books"
	"quantrac/ingest/quality"
	"quantrac/web"
)

// openQuality makes the store of the six figures, which follows the books.
func (s *service) openQuality(ctx context.Context) error {
	bucket, err := s.stream.Bucket(ctx, "quality")
	if err != nil {
		return err
	}
	last, err := s.stream.LastSequence(ctx)
	if err != nil {
		return err
	}
	s.quality, err = quality.Open(ctx, quality.Options{
		Bucket: bucket, Registry: s.asFiled(), Now: time.Now, Begun: last > 0, Logger: s.log,
		Consumers: func() int { return len(s.webhooks.List()) },
	})
	if err == nil {
		s.figures.registry.MustRegister(newQualityCollector(s.quality.Report, time.Now))
	}
	return err
}

// asFiled is the registry of which data is expected. The demo's gateways hurry: what it asks of them is what is asked of real ones.
func (s *service) asFiled() func() *geo.Registry {
	if !s.cfg.demo {
		return s.law.Registry
	}
	var mu sync.Mutex
	var of, filed *geo.Registry
	return func() *geo.Registry {
		mu.Lock()
		defer mu.Unlock()
		if now := s.law.Registry(); now != of {
			of, filed = now, now.WithCycle(geo.DefaultCycle)
		}
		return filed
	}
}

// followerOf lets the store hear what the clerk has booked.
func followerOf(q *quality.Store) books.Follower {
	return books.Follower{
		Delivery: q.Delivery, Reading: q.Reading, Save: q.Save, Full: q.Full,
		Line: func(batch uint64, k books.Key, at int64, c books.Counts) {
			q.Line(batch, quality.Booked{
				Station: k.Station, At: at, Stored: c.Stored, Quarantined: c.Quarantined, Duplicate: c.Duplicate, Revised: c.Revised,
			})
		},
	}
}

func qualityFor(q *quality.Store) web.Quality {
	return web.Quality{
		Check: quality.CheckSpan,
		Report: func(ctx context.Context, from, to time.Time) (any, error) {
			return q.Report(ctx, from, to)
		},
		CSV: func(ctx context.Context, w io.Writer, from, to time.Time) error {
			r, err := q.Report(ctx, from, to)
			if err != nil {
				return err
			}
			return r.WriteCSV(w)
		},
		Gaps: func(ctx context.Context, g web.GapQuery) (any, error) { return q.Gaps(ctx, quality.GapQuery(g)) },
		Strip: func(ctx context.Context, station string, from, to time.Time, daily bool) (any, error) {
			strip, err := q.Strip(ctx, station, from, to, daily)
			if errors.Is(err, quality.ErrNotFound) {
				return nil, web.ErrNotFound
			}
			return strip, err
		},
	}
}

// qualityCollector gives the six figures of the last day when somebody asks for the metrics, anew at most once a minute.
type qualityCollector struct {
	desc   *prometheus.Desc
	report func(ctx context.Context, from, to time.Time) (*quality.Report, error)
	now    func() time.Time

	mu   sync.Mutex
	at   time.Time
	last map[string]*float64
}

const qualityEvery = time.Minute

func newQualityCollector(report func(context.Context, time.Time, time.Time) (*quality.Report, error), now func() time.Time) *qualityCollector {
	return &qualityCollector{
		desc:   prometheus.NewDesc("quantrac_quality_ratio", "The six figures of data quality of the last 24 h, all stations; absent where there is none.", []string{"figure"}, nil),
		report: report, now: now,
	}
}

func (c *qualityCollector) Describe(ch chan<- *prometheus.Desc) { ch <- c.desc }

func (c *qualityCollector) Collect(ch chan<- prometheus.Metric) {
	for figure, value := range c.values() {
		if value != nil {
			ch <- prometheus.MustNewConstMetric(c.desc, prometheus.GaugeValue, *value, figure)
		}
	}
}

// values are the figures; after an error those of before.
func (c *qualityCollector) values() map[string]*float64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	if c.last != nil && now.Sub(c.at) < qualityEvery {
		return c.last
	}
	ctx, cancel := context.WithTimeout(context.Background(), scrapePatience)
	defer cancel()
	r, err := c.report(ctx, now.Add(-24*time.Hour), now)
	if err != nil {
		return c.last
	}
	t := &r.Total
	c.at, c.last = now, map[string]*float64{
		"correct": t.Correct.Value, "complete": t.Complete.Value, "clean": t.Clean.Value, "alive": t.Alive.Value,
		"uniform": t.Uniform.Value, "shared": t.Shared.Value,
	}
	return c.last
}

// scrapePatience is how long a scrape waits for the figures.
const scrapePatience = 5 * time.Second

package main

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"quantrac/alerts"
	"quantrac/ingest"
)

// figures are the metrics that belong to no single leaf.
type figures struct {
	registry    *prometheus.Registry
	messages    *prometheus.CounterVec
	quarantined *prometheus.CounterVec
	latency     *prometheus.HistogramVec
	evaluations prometheus.Counter

	// Looking a label up for every message costs more than counting it.
	disk, history, websocket prometheus.Observer
	results                  sync.Map // of door to *doorResults
}

type doorResults struct{ stored, partial, quarantined, failed prometheus.Counter }

func newFigures() *figures {
	f := &figures{
		registry: prometheus.NewRegistry(),
		messages: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "quantrac_ingest_messages_total", Help: "Deliveries by door and result: stored, partial, quarantined, failed.",
		}, []string{"door", "result"}),
		quarantined: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "quantrac_quarantined_total", Help: "Rejected parts of deliveries by reason.",
		}, []string{"reason"}),
		latency: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "quantrac_reading_latency_seconds", Help: "Time from receipt of a delivery until it was on disk, in history, on the websocket, at a webhook.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2, 18), NativeHistogramBucketFactor: 1.1,
		}, []string{"to"}),
		evaluations: prometheus.NewCounter(prometheus.CounterOpts{Name: "quantrac_rule_evaluations_total", Help: "Rules applied to readings."}),
	}
	f.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		f.messages, f.quarantined, f.latency, f.evaluations)
	f.disk, f.history, f.websocket = f.latency.WithLabelValues("disk"), f.latency.WithLabelValues("history"), f.latency.WithLabelValues("websocket")
	return f
}

// observeSince observes how long ago a delivery was received.
func observeSince(to prometheus.Observer, received time.Time) {
	to.Observe(time.Since(received).Seconds())
}

// resultsOf are the counters of a door. Doors are few: their names are the program's.
func (f *figures) resultsOf(door string) *doorResults {
	if r, ok := f.results.Load(door); ok {
		return r.(*doorResults)
	}
	with := func(result string) prometheus.Counter { return f.messages.WithLabelValues(door, result) }
	r, _ := f.results.LoadOrStore(door, &doorResults{with("stored"), with("partial"), with("quarantined"), with("failed")})
	return r.(*doorResults)
}

// counted counts what a door hands over and how long it takes to the disk.
func (f *figures) counted(submit ingest.Submit) ingest.Submit {
	return func(ctx context.Context, d ingest.Delivery, done func(ingest.Receipt, error)) error {
		results, received := f.resultsOf(d.Door), d.ReceivedAt
		return submit(ctx, d, func(r ingest.Receipt, err error) {
			switch {
			case err != nil:
				results.failed.Inc()
			case r.NothingDecoded():
				results.quarantined.Inc()
			case len(r.Rejected) > 0:
				results.partial.Inc()
			default:
				results.stored.Inc()
			}
			if err == nil {
				observeSince(f.disk, received)
			}
			done(r, err)
		})
	}
}

// stateCollector reads stations and open alerts when somebody asks for the metrics.
type stateCollector struct {
	stations, open *prometheus.Desc
	counts         func() map[alerts.State]int
	alerts         func() []alerts.Alert
}

func newStateCollector(counts func() map[alerts.State]int, open func() []alerts.Alert) *stateCollector {
	return &stateCollector{
		stations: prometheus.NewDesc("quantrac_stations", "Stations by state.", []string{"state"}, nil),
		open:     prometheus.NewDesc("quantrac_alerts_open", "Open alerts by severity.", []string{"severity"}, nil),
		counts:   counts, alerts: open,
	}
}

func (c *stateCollector) Describe(ch chan<- *prometheus.Desc) {
	ch <- c.stations
	ch <- c.open
}

func (c *stateCollector) Collect(ch chan<- prometheus.Metric) {
	for state, n := range c.counts() {
		ch <- prometheus.MustNewConstMetric(c.stations, prometheus.GaugeValue, float64(n), string(state))
	}
	by := map[alerts.Severity]int{alerts.Info: 0, alerts.Warning: 0, alerts.Critical: 0, alerts.Emergency: 0}
	for _, a := range c.alerts() {
		by[a.Severity]++
	}
	for severity, n := range by {
		ch <- prometheus.MustNewConstMetric(c.open, prometheus.GaugeValue, float64(n), severity.String())
	}
}

package stream

import "github.com/prometheus/client_golang/prometheus"

// Metrics are the log's figures.
type Metrics struct {
	append     prometheus.Histogram
	lag        *prometheus.GaugeVec
	entries    prometheus.Counter
	readings   prometheus.Counter
	unreadable prometheus.Counter
	refused    prometheus.Counter
}

// NewMetrics makes the figures and registers them; reg may be nil.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{
		append: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "quantrac_stream_append_seconds", Help: "Time of one durable group commit.",
			Buckets: prometheus.ExponentialBuckets(0.0001, 2, 16), NativeHistogramBucketFactor: 1.1,
		}),
		lag: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "quantrac_stream_lag", Help: "Messages of the intake log that a consumer has not handled yet.",
		}, []string{"consumer"}),
		entries:    prometheus.NewCounter(prometheus.CounterOpts{Name: "quantrac_stream_entries_total", Help: "Deliveries written to the log."}),
		readings:   prometheus.NewCounter(prometheus.CounterOpts{Name: "quantrac_ingest_readings_total", Help: "Readings written to the log."}),
		unreadable: prometheus.NewCounter(prometheus.CounterOpts{Name: "quantrac_stream_unreadable_total", Help: "Log messages passed by a consumer because they could not be read."}),
		refused:    prometheus.NewCounter(prometheus.CounterOpts{Name: "quantrac_stream_refused_total", Help: "Deliveries refused because no message of the log can carry them."}),
	}
	if reg != nil {
		reg.MustRegister(m.append, m.lag, m.entries, m.readings, m.unreadable, m.refused)
	}
	return m
}

func (m *Metrics) committed(entries, readings int) {
	m.entries.Add(float64(entries))
	m.readings.Add(float64(readings))
}

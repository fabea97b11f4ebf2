package books

import "github.com/prometheus/client_golang/prometheus"

// Metrics are the figures of the books.
type Metrics struct{ forgotten prometheus.Counter }

// NewMetrics makes the figures and registers them; reg may be nil.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{forgotten: prometheus.NewCounter(prometheus.CounterOpts{
		Name: "quantrac_books_conflicts_forgotten_total", Help: "Records of CONFLICTS that left it for its budget of bytes.",
	})}
	if reg != nil {
		reg.MustRegister(m.forgotten)
	}
	return m
}

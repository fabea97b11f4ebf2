package webhook

import "github.com/prometheus/client_golang/prometheus"

// Metrics are the figures of all webhooks together.
type Metrics struct{ deliveries *prometheus.CounterVec }

// NewMetrics makes the figures and registers them; reg may be nil.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{deliveries: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "quantrac_webhook_deliveries_total", Help: "Tries to deliver an event, by what came of them.",
	}, []string{"result"})}
	for _, s := range []State{Delivered, Retrying, Dead, Skipped, Disabled} {
		m.deliveries.WithLabelValues(string(s))
	}
	if reg != nil {
		reg.MustRegister(m.deliveries)
	}
	return m
}

package mail

import "github.com/prometheus/client_golang/prometheus"

// Metrics are the figures of all recipients together.
type Metrics struct {
	tries *prometheus.CounterVec
	open  prometheus.Gauge
}

// NewMetrics makes the figures and registers them; reg may be nil.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{
		tries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "quantrac_mail_deliveries_total", Help: "Tries to hand an e-mail to the mail server, by what came of them.",
		}, []string{"result"}),
		open: prometheus.NewGauge(prometheus.GaugeOpts{Name: "quantrac_mail_groups", Help: "Groups of alerts about which e-mails are due or were sent."}),
	}
	for _, s := range []State{Delivered, Retrying, Dead} {
		m.tries.WithLabelValues(string(s))
	}
	if reg != nil {
		reg.MustRegister(m.tries, m.open)
	}
	return m
}

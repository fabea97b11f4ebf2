package broker

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

type metrics struct {
	connections prometheus.Gauge
	// refused counts by reason: login, limit, malformed, too_large, not_stored.
	refused *prometheus.CounterVec
}

func newMetrics(r prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		connections: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "quantrac_broker_connections", Help: "Clients connected to the embedded MQTT broker.",
		}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "quantrac_broker_refused_total", Help: "Connections that the embedded MQTT broker refused or ended, by reason.",
		}, []string{"reason"}),
	}
	if r == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.connections, m.refused} {
		if err := r.Register(c); err != nil {
			return nil, fmt.Errorf("register broker metrics: %w", err)
		}
	}
	return m, nil
}

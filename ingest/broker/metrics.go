package broker

import (
	"fmt"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

type metrics struct {
	connections prometheus.Gauge
	// refused counts by reason: login, limit, malformed, too_large, not_stored, revoked, panic.
	refused *prometheus.CounterVec
	// dropped counts status messages by reason: subscriber (it reads too slowly), retained (no room to keep it).
	dropped *prometheus.CounterVec
}

func newMetrics(r prometheus.Registerer, busy *atomic.Int64) (*metrics, error) {
	m := &metrics{
		connections: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "quantrac_broker_connections", Help: "Clients connected to the embedded MQTT broker.",
		}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "quantrac_broker_refused_total", Help: "Connections that the embedded MQTT broker refused or ended, by reason.",
		}, []string{"reason"}),
		dropped: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "quantrac_broker_status_dropped_total", Help: "Status messages that did not reach a subscriber or were not retained, by reason.",
		}, []string{"reason"}),
	}
	if r == nil {
		return m, nil
	}
	speaking := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "quantrac_broker_connections_busy", Help: "Clients of the embedded MQTT broker that sent something just now.",
	}, func() float64 { return float64(busy.Load()) })
	for _, c := range []prometheus.Collector{m.connections, m.refused, m.dropped, speaking} {
		if err := r.Register(c); err != nil {
			return nil, fmt.Errorf("register broker metrics: %w", err)
		}
	}
	return m, nil
}

package hj212

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

type metrics struct {
	connections prometheus.Gauge
	// refused counts by reason: login, limit, noise, not_stored, panic.
	refused *prometheus.CounterVec
	frames  *prometheus.CounterVec
	garbage prometheus.Counter
}

func newMetrics(r prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		connections: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "quantrac_hj212_connections", Help: "Devices connected to the HJ 212 door.",
		}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "quantrac_hj212_refused_total", Help: "Connections that the HJ 212 door refused or ended, by reason.",
		}, []string{"reason"}),
		frames: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "quantrac_hj212_frames_total", Help: "Frames that the HJ 212 door took, by result: good, bad (cut off, or with a wrong checksum).",
		}, []string{"result"}),
		garbage: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "quantrac_hj212_garbage_bytes_total", Help: "Bytes that belonged to no frame and were dropped.",
		}),
	}
	if r == nil {
		return m, nil
	}
	for _, c := range []prometheus.Collector{m.connections, m.refused, m.frames, m.garbage} {
		if err := r.Register(c); err != nil {
			return nil, fmt.Errorf("register HJ 212 metrics: %w", err)
		}
	}
	return m, nil
}

func (k kind) String() string {
	if k == good {
		return "good"
	}
	return "bad"
}

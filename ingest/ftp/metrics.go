package ftp

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"
)

type metrics struct {
	connections prometheus.Gauge
	// refused counts by reason: login, account, limit.
	refused *prometheus.CounterVec
	files   *prometheus.CounterVec
}

func newMetrics(r prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		connections: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "quantrac_ftp_connections", Help: "Control connections of the FTP server.",
		}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "quantrac_ftp_refused_total", Help: "Connections that the FTP server refused, by reason: login, account, limit.",
		}, []string{"reason"}),
		files: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "quantrac_ftp_files_total",
			Help: "Files of the FTP server, by result: accepted, quarantined (nothing in it could be read), too_large, too_large_again (not kept a second time), failed (not stored, 451), waiting (under a temporary name), not_renamed (accepted under it), withdrawn (removed under it), broken_off, abandoned (broken off and removed).",
		}, []string{"result"}),
	}
	return m, register(r, m.connections, m.refused, m.files)
}

func register(r prometheus.Registerer, collectors ...prometheus.Collector) error {
	if r == nil {
		return nil
	}
	for _, c := range collectors {
		if err := r.Register(c); err != nil {
			return fmt.Errorf("register metrics: %w", err)
		}
	}
	return nil
}

package web

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics are the figures of the websocket.
type Metrics struct {
	clients prometheus.Gauge
	dropped prometheus.Counter
}

// NewMetrics makes the figures and registers them.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{
		clients: prometheus.NewGauge(prometheus.GaugeOpts{Name: "quantrac_ws_clients", Help: "Connected websocket clients."}),
		dropped: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "quantrac_ws_dropped_total", Help: "Values that a slow client never got because a newer one of the same parameter came first.",
		}),
	}
	if reg != nil {
		reg.MustRegister(m.clients, m.dropped)
	}
	return m
}

func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]string{"status": "ok"})
}

// readyz: can readings be accepted durably? A dependency that is away but not needed for that is shown and does not fail it.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	deps := s.cfg.Readiness(r.Context())
	if deps == nil {
		deps = []Dependency{}
	}
	status, code := "ok", http.StatusOK
	for _, d := range deps {
		switch {
		case d.OK:
		case d.Needed:
			status, code = "unavailable", http.StatusServiceUnavailable
		case status == "ok":
			status = "degraded"
		}
	}
	writeJSON(w, code, map[string]any{"status": status, "dependencies": deps})
}

package mqtt

import "github.com/prometheus/client_golang/prometheus"

// Metrics are shared by the subscribers of a process; the label is the broker's URL without credentials.
type Metrics struct {
	connected   *prometheus.GaugeVec
	inflight    *prometheus.GaugeVec
	connections *prometheus.CounterVec
	messages    *prometheus.CounterVec
}

// NewMetrics makes the collectors and registers them with r.
func NewMetrics(r prometheus.Registerer) *Metrics {
	broker := []string{"broker"}
	m := &Metrics{
		connected: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "quantrac_outside_broker_connected", Help: "1 while the subscription to an outside MQTT broker stands.",
		}, broker),
		inflight: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "quantrac_outside_broker_inflight", Help: "Messages of an outside MQTT broker that are received and not yet answered.",
		}, broker),
		connections: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "quantrac_outside_broker_connections_total", Help: "Attempts to connect to an outside MQTT broker, by result: subscribed, failed.",
		}, []string{"broker", "result"}),
		messages: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "quantrac_outside_broker_messages_total",
			Help: "Messages of an outside MQTT broker, by result: acknowledged, again (left to the broker, which sends them again), passed_over (no measurements).",
		}, []string{"broker", "result"}),
	}
	r.MustRegister(m.connected, m.inflight, m.connections, m.messages)
	return m
}

// brokerMetrics are those of one broker, looked up once.
type brokerMetrics struct {
	connected, inflight             prometheus.Gauge
	subscribed, failed              prometheus.Counter
	acknowledged, again, passedOver prometheus.Counter
}

// of returns the collectors of one broker; without metrics they count for nobody.
func (m *Metrics) of(broker string) brokerMetrics {
	if m == nil {
		m = NewMetrics(prometheus.NewRegistry())
	}
	return brokerMetrics{
		connected: m.connected.WithLabelValues(broker), inflight: m.inflight.WithLabelValues(broker),
		subscribed: m.connections.WithLabelValues(broker, "subscribed"), failed: m.connections.WithLabelValues(broker, "failed"),
		acknowledged: m.messages.WithLabelValues(broker, "acknowledged"), again: m.messages.WithLabelValues(broker, "again"),
		passedOver: m.messages.WithLabelValues(broker, "passed_over"),
	}
}

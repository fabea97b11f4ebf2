package broker

import (
	"quantrac/ingest"
)

// lastWill is a will that is due or waits to be, with the session that left it.
type lastWill struct {
	*will
	from *session
}

// fire sends a last will: a status message to subscribers and into what is retained, everything else into the log.
func (b *Broker) fire(w *lastWill) {
	s := w.from
	if station, ok := statusStation(w.topic, w.body); ok && s.identity.May(station) {
		m := statusMessage{topic: w.topic, body: w.body, retain: w.retain, forward: w.props.forward(), origin: s.client}
		m.expireAfter(&w.props, b.opts.Now())
		if err := b.routeStatus(station, m); err != nil {
			b.metrics.refused.WithLabelValues("not_stored").Inc()
			b.log.Warn("last will not stored", "gateway", s.gateway, "error", err)
		}
		return
	}
	landed := func(_ ingest.Receipt, err error) {
		if err != nil {
			b.metrics.refused.WithLabelValues("not_stored").Inc()
			b.log.Warn("last will not stored", "gateway", s.gateway, "error", err)
		}
	}
	if err := b.opts.Submit(b.submitCtx, s.delivery(w.topic, w.body, b.opts.Now().UTC()), landed); err != nil {
		landed(ingest.Receipt{}, err)
	}
}

// fireAll sends the wills that wait for absent clients: their sessions do not outlive the process.
func (b *Broker) fireAll() {
	b.mu.Lock()
	var due []*lastWill
	for _, c := range b.clients {
		if c.will != nil {
			due = append(due, c.will)
		}
		c.stopTimers()
	}
	b.mu.Unlock()
	for _, w := range due {
		b.fire(w)
	}
}

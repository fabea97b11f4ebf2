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
//
// It is judged by what the gateway may do now. One without an account still goes offline, but measures nothing any more.
func (b *Broker) fire(w *lastWill) {
	s := w.from
	who, has := b.opts.Gateways.now(s.identity)
	if station, ok := statusStation(w.topic, w.body, &w.props); ok && (who.May(station) || (!has && s.identity.May(station))) {
		m := statusMessage{topic: w.topic, body: w.body, retain: w.retain, forward: w.props.forward(), origin: s.client}
		m.expireAfter(&w.props, b.opts.Now())
		if err := b.routeStatus(station, m); err != nil {
			b.metrics.refused.WithLabelValues("not_stored").Inc()
			b.log.Warn("last will not stored", "gateway", s.gateway, "error", err)
		}
		return
	}
	if !has {
		b.metrics.refused.WithLabelValues("revoked").Inc()
		b.log.Warn("last will of a gateway that has no account any more", "gateway", s.gateway, "topic", w.topic)
		return
	}
	landed := func(_ ingest.Receipt, err error) {
		if err != nil {
			b.metrics.refused.WithLabelValues("not_stored").Inc()
			b.log.Warn("last will not stored", "gateway", s.gateway, "error", err)
		}
	}
	d := s.delivery(w.topic, w.body, b.opts.Now().UTC())
	d.Allowed, d.Station = who.Allowed(), who.Only()
	if err := b.opts.Submit(b.submitCtx, d, landed); err != nil {
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

package dialect

import (
	"time"

	"quantrac/ingest"
)

// live takes a message into account and returns what its metrics are called; nil = nobody has declared them. A message that
// must not change anything is only looked up.
func (b *births) live(d *ingest.Delivery, t spTopic, p *spPayload) *declaration {
	gateway := gatewayOf(d)
	if gateway == "" || t.node == "" {
		if t.isBirth() {
			return declarationOf(p, unbornGeneration)
		}
		return b.known(d, t)
	}
	now := d.ReceivedAt
	e := b.edge(edgeName{gateway, t.group, t.node}, now)
	if e == nil {
		if t.isBirth() {
			full := declarationOf(p, unbornGeneration)
			full.full = true
			return full
		}
		return nil
	}
	declared, ask := b.follow(e, t, p, now)
	ask = ask && e.mayAsk(now)
	e.mu.Unlock()
	if ask {
		b.rebirth(t, now)
	}
	return declared
}

// follow is the state machine of an edge node. The edge node is locked. ask: it should declare its metrics anew.
func (b *births) follow(e *edge, t spTopic, p *spPayload, now time.Time) (declared *declaration, ask bool) {
	if t.kind == "NDEATH" {
		if n, ok := bdSeqOf(p); !ok || !e.hasBdSeq || n == e.bdSeq { // else the will of a session before the last birth
			e.doubtful, e.sequence = true, unknownSequence
		}
		return nil, false
	}
	if t.kind == "NBIRTH" {
		declared = declarationOf(p, now.UnixNano())
		e.generation, e.doubtful, e.sequence = declared.generation, false, unknownSequence
		e.bdSeq, e.hasBdSeq = bdSeqOf(p)
		e.next(p)
		b.keep(e, "", declared, now)
		return declared, false
	}
	gap := e.next(p)
	if t.kind == "DBIRTH" {
		declared = declarationOf(p, e.generation)
		b.keep(e, t.device, declared, now)
		return declared, gap || e.doubtful || e.generation == unbornGeneration
	}
	if len(e.unsaved) > 0 && now.Sub(e.triedAt) >= saveAgainAfter {
		b.save(e, now)
	}
	declared = e.current(t.device)
	return declared, gap || e.doubtful || e.generation == unbornGeneration || declared == nil && t.isData()
}

func (b *births) keep(e *edge, device string, d *declaration, now time.Time) {
	if !b.declare(e, device, d) {
		d.full = true
	}
	e.unsaved[device] = true
	b.save(e, now)
}

// next takes a sequence number into account; gap: numbers are missing before it. A number that comes twice in a row was sent
// twice and is no gap.
func (e *edge) next(p *spPayload) (gap bool) {
	if !p.numbered {
		return false
	}
	n := int(p.seq % sequenceNumbers)
	gap = e.sequence != unknownSequence && n != e.sequence && n != (e.sequence+1)%sequenceNumbers
	e.sequence = n
	return gap
}

// mayAsk bounds the requests for a rebirth. The edge node is locked.
func (e *edge) mayAsk(now time.Time) bool {
	if since := now.Sub(e.asked); !e.asked.IsZero() && since >= 0 && since < rebirthEvery {
		return false
	}
	e.asked = now
	return true
}

// askFor asks for a rebirth because of a metric that nobody has declared.
func (b *births) askFor(d *ingest.Delivery, t spTopic) {
	gateway := gatewayOf(d)
	if gateway == "" || t.node == "" {
		return
	}
	e := b.edge(edgeName{gateway, t.group, t.node}, d.ReceivedAt)
	if e == nil {
		return
	}
	ask := e.mayAsk(d.ReceivedAt)
	e.mu.Unlock()
	if ask {
		b.rebirth(t, d.ReceivedAt)
	}
}

func (b *births) rebirth(t spTopic, now time.Time) {
	if b.opts.Rebirth != nil {
		b.opts.Rebirth(t.command(), rebirthCommand(now))
	}
}

// declarationOf reads what a birth declares.
func declarationOf(p *spPayload, generation int64) *declaration {
	d := newDeclaration(generation)
	for i := range p.len() {
		if m, err := p.metric(i); err == nil {
			d.add(declaredMetric{name: m.name, unit: m.unit, datatype: m.datatype, alias: m.alias, hasAlias: m.hasAlias})
		}
	}
	return d
}

// bdSeqOf finds the number that ties a death to its birth.
func bdSeqOf(p *spPayload) (n uint64, ok bool) {
	for i := range p.len() {
		m, err := p.metric(i)
		if err != nil || m.name != "bdSeq" {
			continue
		}
		if m.given != nil {
			return wholeNumber(m.given)
		}
		return m.bits, true
	}
	return 0, false
}

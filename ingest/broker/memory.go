package broker

import (
	"sync"

	mqtt "github.com/mochi-mqtt/server/v2"

	"quantrac/ingest"
)

// memory is what outlives a connection of a client id: which QoS 2 packet ids were taken and wait for PUBREL.
type memory struct {
	// owner is the identity that the session belongs to; nobody else may take it over.
	owner string

	mu  sync.Mutex
	ids map[uint16]*exchange
	// current is the newest connection of the client id.
	current *session
}

// exchange is a QoS 2 message between PUBLISH and PUBREL.
type exchange struct {
	// stored says that the message is on disk; answer then was given, with code.
	stored bool
	code   byte
	answer *answer
	topic  string
}

// begin takes a packet id. It returns an exchange when the message is to be submitted, and nil for a message that is here
// already: then the answer is given again, or will be given on this connection once the message is on disk.
func (m *memory) begin(s *session, id uint16, topic string) *exchange {
	m.mu.Lock()
	defer m.mu.Unlock()
	ex, known := m.ids[id]
	switch {
	case !known:
		ex = &exchange{answer: s.expect(pubrec, id), topic: topic}
		m.ids[id] = ex
		return ex
	case ex.stored:
		s.expect(pubrec, id).give(ex.code, "")
	case ex.answer.s == s:
		// The first answer is still to come on this connection; a second one would be unasked for.
		s.release()
	default:
		ex.answer = s.expect(pubrec, id)
	}
	return nil
}

// finish records the outcome and gives the answer on whichever connection waits for it.
func (m *memory) finish(id uint16, ex *exchange, r ingest.Receipt, err error) {
	code, reason := verdict(r)
	m.mu.Lock()
	ex.stored, ex.code = err == nil, code
	if (err != nil || code >= firstFailure) && m.ids[id] == ex {
		// A PUBREC with a failure ends the exchange: no PUBREL follows.
		delete(m.ids, id)
	}
	a := ex.answer
	m.mu.Unlock()
	if err == nil {
		a.give(code, reason)
		return
	}
	a.s.fail(ex.topic, err)
}

// end forgets a packet id at its PUBREL and reports whether it was known.
func (m *memory) end(id uint16) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, known := m.ids[id]
	delete(m.ids, id)
	return known
}

// recall finds or makes the memory for a new connection, by the library's own rule of when a session goes on.
func (b *Broker) recall(s *session, clean bool) *memory {
	id := s.client.ID
	existing, alive := b.server.Clients.Get(id)
	goesOn := alive && !clean && (existing.Properties.ProtocolVersion >= 5 || !existing.Properties.Clean)
	b.mu.Lock()
	defer b.mu.Unlock()
	m := b.memories[id]
	if m == nil || !goesOn || m.owner != s.identity.ID {
		m = &memory{owner: s.identity.ID, ids: map[uint16]*exchange{}}
		b.memories[id] = m
	}
	m.current = s
	return m
}

// foreign reports whether a client id belongs to a session of somebody else.
func (b *Broker) foreign(clientID string, who Identity) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	m := b.memories[clientID]
	return m != nil && m.owner != who.ID
}

// forgetMemory drops the memory of a session that is over, unless a newer connection goes on with it.
func (b *Broker) forgetMemory(cl *mqtt.Client) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if m := b.memories[cl.ID]; m != nil && m.current.client == cl {
		delete(b.memories, cl.ID)
	}
}

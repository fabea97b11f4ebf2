package dialect

import (
	"context"
	"fmt"
	"sync"
	"time"

	"quantrac/ingest"
)

// Bounds on what the births of Sparkplug edge nodes may take, whatever strangers declare.
const (
	maxEdges       = 4096
	maxEdgesOfOne  = 2048 // of one gateway; an outside broker counts as one
	maxDevices     = 256  // of an edge node
	maxBirthBytes  = 1 << 20
	maxBirthsOfOne = 32 << 20
	maxBirths      = 64 << 20
	maxMetricName  = 256
	maxTopicLevel  = 256
	// What is counted, beside the texts: a little above what was measured (165 and 500 bytes of heap).
	bytesPerMetric = 192
	bytesPerBirth  = 512
	bytesPerEdge   = 512
)

const (
	// quietEdge is the silence after which an edge node may have to make room for another.
	quietEdge      = time.Hour
	rebirthEvery   = time.Minute
	saveAgainAfter = 10 * time.Second
	saveTimeout    = 5 * time.Second

	sequenceNumbers  = 256
	unknownSequence  = -1
	unbornGeneration = 0
)

// births is what Sparkplug edge nodes have declared of their metrics, by the gateway that brought it: no gateway can change
// how the messages of another are read. Safe for concurrent use; the messages of one edge node are taken one at a time, in
// the order of the calls.
type births struct {
	opts Options

	mu    sync.Mutex
	edges map[edgeName]*edge
	// bytes is what all declarations take, ofOne what those of one gateway take.
	bytes int
	ofOne map[string]share
}

type share struct{ edges, bytes int }

// edgeName is the identity of an edge node. Gateway is the door and the identity that brought its messages.
type edgeName struct{ gateway, group, node string }

// edge is the state of one edge node.
type edge struct {
	name edgeName
	// heard is guarded by births.mu, all that follows by mu.
	heard time.Time

	mu sync.Mutex
	// bytes is what births counts for the edge node.
	bytes int
	gone  bool
	// generation is the instant of the last NBIRTH in ns; the declarations of devices hold only within one generation.
	generation int64
	// declared is by device; "" is the node itself.
	declared map[string]*declaration
	sequence int
	// bdSeq is the number that ties an NDEATH to its NBIRTH.
	bdSeq    uint64
	hasBdSeq bool
	// doubtful: a birth may have been missed, so the next message asks for one.
	doubtful bool
	asked    time.Time
	// unsaved are the devices whose declaration could not be kept yet, tried last at triedAt.
	unsaved map[string]bool
	triedAt time.Time
}

// declaration is what one birth declared. It never changes.
type declaration struct {
	generation int64
	metrics    []declaredMetric
	byAlias    map[uint64]int
	byName     map[string]int
	bytes      int
	// full says that not all metrics found room.
	full bool
}

type declaredMetric struct {
	name, unit string
	datatype   uint64
	alias      uint64
	hasAlias   bool
}

func newDeclaration(generation int64) *declaration {
	return &declaration{generation: generation, byAlias: map[uint64]int{}, byName: map[string]int{}, bytes: bytesPerBirth}
}

func (d *declaration) add(m declaredMetric) {
	size := bytesPerMetric + len(m.name) + len(m.unit)
	switch {
	case m.name == "":
		return
	case len(m.name) > maxMetricName || d.bytes+size > maxBirthBytes:
		d.full = true
		return
	}
	d.bytes += size
	if m.hasAlias {
		d.byAlias[m.alias] = len(d.metrics)
	}
	d.byName[m.name] = len(d.metrics)
	d.metrics = append(d.metrics, m)
}

// find looks a metric up by its name, else by its alias.
func (d *declaration) find(m *spMetric) (declaredMetric, bool) {
	if d == nil {
		return declaredMetric{}, false
	}
	i, ok := d.byName[m.name]
	if m.name == "" {
		i, ok = -1, false
		if m.hasAlias {
			i, ok = d.byAlias[m.alias]
		}
	}
	if !ok {
		return declaredMetric{}, false
	}
	return d.metrics[i], true
}

// gatewayOf names who brought a delivery; "" = nobody whose messages may change what is known.
func gatewayOf(d *ingest.Delivery) string {
	// Sparkplug is a protocol over MQTT. What is pasted into a form or read again from quarantine is read with what is known
	// and leaves no trace.
	if d.Retry != "" || d.Door != "mqtt" && d.Door != "broker" {
		return ""
	}
	return d.Door + "/" + d.Gateway
}

// known finds the declaration for a message that must not change anything: that of its own gateway, else the newest of any
// edge node of that name.
func (b *births) known(d *ingest.Delivery, t spTopic) *declaration {
	e := b.knownEdge(edgeName{d.Door + "/" + d.Gateway, t.group, t.node})
	if e == nil {
		return nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.current(t.device)
}

func (b *births) knownEdge(name edgeName) *edge {
	b.mu.Lock()
	defer b.mu.Unlock()
	if e := b.edges[name]; e != nil {
		return e
	}
	var newest *edge
	for _, e := range b.edges {
		if e.name.group == name.group && e.name.node == name.node && (newest == nil || e.heard.After(newest.heard)) {
			newest = e
		}
	}
	return newest
}

// current is the declaration that holds for a device, nil when there is none.
func (e *edge) current(device string) *declaration {
	d := e.declared[device]
	if d == nil || d.generation != e.generation {
		return nil
	}
	return d
}

// edge finds or makes the state of an edge node, locked; nil when there is no room for one more.
func (b *births) edge(name edgeName, now time.Time) *edge {
	for {
		e, evicted := b.enter(name, now)
		if evicted != nil {
			b.forget(evicted)
		}
		if e == nil {
			return nil
		}
		e.mu.Lock()
		if !e.gone {
			return e
		}
		e.mu.Unlock() // evicted meanwhile
	}
}

func (b *births) enter(name edgeName, now time.Time) (e, evicted *edge) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if e = b.edges[name]; e == nil {
		ok := false
		if evicted, ok = b.makeRoom(name.gateway); !ok {
			return nil, nil
		}
		e = &edge{name: name, sequence: unknownSequence, declared: map[string]*declaration{}, unsaved: map[string]bool{}}
		b.insert(e)
	}
	e.heard = now
	return e, evicted
}

// forget removes what is kept of an edge node that was evicted. What fails here goes at the next start.
func (b *births) forget(e *edge) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for device := range e.declared {
		e.unsaved[device] = true
	}
	clear(e.declared)
	b.save(e, time.Time{})
}

func (b *births) insert(e *edge) {
	if b.edges == nil {
		b.edges, b.ofOne = map[edgeName]*edge{}, map[string]share{}
	}
	b.edges[e.name] = e
	s := b.ofOne[e.name.gateway]
	b.ofOne[e.name.gateway] = share{s.edges + 1, s.bytes}
	b.charge(e, bytesPerEdge+len(e.name.gateway)+len(e.name.group)+len(e.name.node))
}

// charge books bytes for an edge node. It needs b.mu; the edge node is locked, or nobody else knows it yet.
func (b *births) charge(e *edge, bytes int) {
	e.bytes += bytes
	b.bytes += bytes
	s := b.ofOne[e.name.gateway]
	b.ofOne[e.name.gateway] = share{s.edges, s.bytes + bytes}
}

// makeRoom makes room for one more edge node: a gateway beyond its share loses its own longest silent one; else the longest
// silent of all goes, if it has been silent for long. It needs b.mu.
func (b *births) makeRoom(gateway string) (evicted *edge, ok bool) {
	own := b.ofOne[gateway].edges >= maxEdgesOfOne
	if !own && len(b.edges) < maxEdges {
		return nil, true
	}
	var victim, newest *edge
	for _, e := range b.edges {
		if newest == nil || e.heard.After(newest.heard) {
			newest = e
		}
		if (!own || e.name.gateway == gateway) && (victim == nil || e.heard.Before(victim.heard)) {
			victim = e
		}
	}
	if victim == nil || !own && newest.heard.Sub(victim.heard) < quietEdge || !victim.mu.TryLock() {
		return nil, false
	}
	defer victim.mu.Unlock()
	victim.gone = true
	delete(b.edges, victim.name)
	b.charge(victim, -victim.bytes)
	s := b.ofOne[victim.name.gateway]
	if s.edges--; s.edges == 0 {
		delete(b.ofOne, victim.name.gateway)
	} else {
		b.ofOne[victim.name.gateway] = s
	}
	return victim, true
}

// declare puts a declaration in place of the one before it. Where there is no room for it none is in force: the one before it
// no longer holds. The edge node is locked.
func (b *births) declare(e *edge, device string, d *declaration) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.drop(e, device)
	if len(e.declared) > maxDevices {
		b.dropStale(e)
	}
	cost := d.bytes + len(device)
	if len(e.declared) > maxDevices || b.bytes+cost > maxBirths || b.ofOne[e.name.gateway].bytes+cost > maxBirthsOfOne {
		return false
	}
	b.charge(e, cost)
	e.declared[device] = d
	return true
}

// drop forgets the declaration of a device. It needs b.mu and the edge node locked.
func (b *births) drop(e *edge, device string) {
	if old, ok := e.declared[device]; ok {
		b.charge(e, -old.bytes-len(device))
		delete(e.declared, device)
		e.unsaved[device] = true
	}
}

// dropStale forgets a device that the edge node has not declared since its last NBIRTH.
func (b *births) dropStale(e *edge) {
	for device, d := range e.declared {
		if d.generation != e.generation {
			b.drop(e, device)
			return
		}
	}
}

// save keeps the declarations that are not kept yet, or the empty value in place of one that is gone. The edge node is locked.
func (b *births) save(e *edge, now time.Time) {
	if b.opts.Put == nil {
		clear(e.unsaved)
		return
	}
	e.triedAt = now
	for device := range e.unsaved {
		ctx, cancel := context.WithTimeout(context.Background(), saveTimeout)
		err := b.opts.Put(ctx, birthKey(e.name, device), appendBirth(nil, e, device))
		cancel()
		if err != nil {
			b.report(fmt.Errorf("keep the birth of edge node %q: %w", clip(e.name.group+"/"+e.name.node), err))
			return
		}
		delete(e.unsaved, device)
	}
}

func (b *births) report(err error) {
	if b.opts.Report != nil {
		b.opts.Report(err)
	}
}

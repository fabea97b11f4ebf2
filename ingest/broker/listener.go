package broker

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"
)

// accept takes connections until the listener is closed.
func (b *Broker) accept() {
	const slowest = time.Second
	wait := 5 * time.Millisecond
	for {
		nc, err := b.listener.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return
		case err != nil:
			// Out of file descriptors, for example: it passes when clients leave.
			b.log.Warn("accept mqtt connection", "error", err)
			pause(b.draining, wait)
			wait = min(2*wait, slowest)
			continue
		}
		wait = 5 * time.Millisecond
		b.open(nc)
	}
}

func pause(stop <-chan struct{}, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-stop:
	case <-t.C:
	}
}

// answerBuffer is what the kernel may hold of answers that a client does not read, in bytes: ten thousand acknowledgements.
// Left to itself the kernel takes megabytes for each client before the write timeout can begin.
const answerBuffer = 64 << 10

// open begins to serve a connection unless there are too many. A stranger who says nothing must not keep gateways out, so one
// that did not sign in makes room: who means well signs in at once and is seldom hit. A few connections more than there may be
// are taken while those leave.
func (b *Broker) open(nc net.Conn) {
	if tc, ok := nc.(*net.TCPConn); ok {
		_ = tc.SetWriteBuffer(answerBuffer)
	}
	source := network(nc.RemoteAddr().String())
	b.mu.Lock()
	full, most := b.bySource[source] >= b.opts.MaxPerSource, b.opts.MaxConnections
	if !full && len(b.conns) >= most && b.evict() {
		most += max(1, most/8)
	}
	if full || len(b.conns) >= most {
		b.mu.Unlock()
		b.metrics.refused.WithLabelValues("limit").Inc()
		b.log.Warn("mqtt connection refused", "remote", nc.RemoteAddr().String(), "reason", "too many connections")
		_ = nc.Close()
		return
	}
	c := newConn(b, nc, source)
	b.conns[c], b.strangers[c] = struct{}{}, struct{}{}
	b.bySource[source]++
	b.working.Add(1)
	b.mu.Unlock()
	b.metrics.connections.Inc()
	go b.serveConn(c)
}

// evict closes one connection that did not sign in, whichever; false = there is none. It needs Broker.mu.
func (b *Broker) evict() bool {
	for c := range b.strangers {
		delete(b.strangers, c)
		b.metrics.refused.WithLabelValues("limit").Inc()
		b.working.Go(func() { _ = c.Close() })
		return true
	}
	return false
}

// network is the network that an address counts for: of IPv6 a /64, since that is what one customer gets at least.
func network(remote string) netip.Prefix {
	ap, err := netip.ParseAddrPort(remote)
	if err != nil {
		return netip.Prefix{}
	}
	addr, bits := ap.Addr().Unmap().WithZone(""), 32
	if addr.Is6() {
		bits = 64
	}
	p, _ := addr.Prefix(bits)
	return p
}

// serveConn lets a client in and serves it.
func (b *Broker) serveConn(c *conn) {
	defer b.guardPanic(c)
	s, err := c.connect()
	if err == nil {
		b.serve(c, s)
		return
	}
	b.log.Debug("mqtt connection without a session", "remote", c.RemoteAddr().String(), "error", err)
	if bad := (*violation)(nil); errors.As(err, &bad) && bad != errSilent {
		c.linger(time.Second)
	}
	b.forget(c)
}

// serve reads a session until it ends or rests.
func (b *Broker) serve(c *conn, s *session) {
	err := s.read()
	if errors.Is(err, errCalm) {
		b.watch(c)
		return
	}
	b.over(s, err)
	b.forget(c)
}

// watch leaves a silent session to the watcher, or to a goroutine anew: the stack of this one has grown with what was decoded on it.
func (b *Broker) watch(c *conn) {
	if !b.watcher.watch(c) {
		go b.rest(c)
		return
	}
	select {
	case <-b.draining: // whoever drains may have looked before
		c.rouse()
	default:
	}
}

// late ends a session that has been silent for too long.
func (b *Broker) late(c *conn) {
	defer b.guardPanic(c)
	b.over(c.session, errSilent)
	b.forget(c)
}

// rest waits for the end of a session's silence, on as little stack as can be.
func (b *Broker) rest(c *conn) {
	err := c.rest()
	defer b.guardPanic(c)
	if err != nil {
		b.over(c.session, err)
		b.forget(c)
		return
	}
	b.serve(c, c.session)
}

// guardPanic is deferred around everything that looks at a client's bytes: whatever goes wrong ends its own connection only.
func (b *Broker) guardPanic(c *conn) {
	r := recover()
	if r == nil {
		return
	}
	b.metrics.refused.WithLabelValues("panic").Inc()
	b.log.Error("mqtt connection ended by a panic", "remote", c.RemoteAddr().String(), "panic", fmt.Sprint(r))
	_ = c.Close()
	if s := c.session; s != nil && s.client != nil {
		b.end(s, endBroken)
	}
	b.forget(c)
}

// over ends a session for the reason that its reader gives; nil is a DISCONNECT.
func (b *Broker) over(s *session, err error) {
	c := s.c
	if errors.Is(err, errDraining) {
		// Acknowledgements may still be due. Serve closes the connection.
		<-c.closed
	}
	var bad *violation
	if errors.As(err, &bad) {
		if bad != errTooLarge && bad != errSilent {
			b.metrics.refused.WithLabelValues("malformed").Inc()
			b.log.Warn("mqtt session ended", "gateway", s.gateway, "remote", c.RemoteAddr().String(), "reason", bad.what)
		}
		s.tell(bad.code)
	}
	how := endBroken
	if err == nil {
		how = endPolite
	}
	b.end(s, how)
	s.flush()
	if bad != nil && bad != errSilent {
		c.linger(2 * time.Second)
	}
	_ = c.Close()
}

// forget is the end of a connection.
func (b *Broker) forget(c *conn) {
	defer b.working.Done()
	_ = c.Close()
	c.releaseBuffer()
	b.mu.Lock()
	delete(b.conns, c)
	delete(b.strangers, c)
	if b.bySource[c.source]--; b.bySource[c.source] == 0 {
		delete(b.bySource, c.source)
	}
	b.mu.Unlock()
	b.metrics.connections.Dec()
}

// enter counts a session for its gateway, unless it has too many connections already.
func (b *Broker) enter(s *session) *violation {
	key := s.shareKey()
	b.mu.Lock()
	sh := b.shares[key]
	if sh == nil {
		sh = newShare(&b.budget)
		b.shares[key] = sh
	}
	full := s.identity.ID != "" && sh.connections >= b.opts.MaxPerGateway
	delete(b.strangers, s.c)
	if !full {
		sh.connections++
		s.share = sh
	}
	b.mu.Unlock()
	if full {
		return &violation{codeQuota, "too many connections of one gateway"}
	}
	s.presence = b.opts.Gateways.arrive(s.identity, s.c.RemoteAddr().String(), b.opts.Now())
	return nil
}

// leave undoes enter. The share stays while messages are on their way to the disk: a gateway that comes and goes must not get
// a fresh one each time.
func (b *Broker) leave(s *session) {
	key, share := s.shareKey(), s.share
	b.mu.Lock()
	share.connections--
	last := share.connections == 0
	b.mu.Unlock()
	s.presence.leave()
	if !last || b.dropShare(key, share) {
		return
	}
	b.working.Go(func() {
		for {
			select {
			case <-share.meter.settled():
			case <-b.submitCtx.Done():
				return
			}
			if b.dropShare(key, share) {
				return
			}
		}
	})
}

// dropShare forgets a share that nobody uses; false while only messages do.
func (b *Broker) dropShare(key string, share *share) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if share.connections > 0 || b.shares[key] != share {
		return true
	}
	if !share.meter.empty() {
		return false
	}
	delete(b.shares, key)
	return true
}

// shareKey is what a session's fair share is counted for. Anonymous clients are told apart by their client id.
func (s *session) shareKey() string {
	if s.identity.ID != "" {
		return "gateway " + s.identity.ID
	}
	return "client " + s.gateway
}

// Disconnect ends all sessions of a gateway and returns how many there were. Nothing that they send is taken any more when it
// returns, but for a message that is being decoded. An MQTT 5 client hears 0x98.
func (b *Broker) Disconnect(gateway string) (cut int) {
	b.mu.Lock()
	gone := !b.opts.Gateways.has(gateway)
	var due []*lastWill
	for _, c := range b.clients {
		if c.key.owner != gateway || gateway == "" {
			continue
		}
		s := c.current.Load()
		switch {
		case s != nil:
			s.revoked.Store(true)
			b.working.Go(func() { s.goodbye(codeAdministrative) })
			cut++
		case gone:
			if w := b.forgetClient(c); w != nil {
				due = append(due, w)
			}
		}
	}
	b.mu.Unlock()
	for _, w := range due {
		b.fire(w)
	}
	return cut
}

// drain stops reading and waits until every client has its acknowledgements, at most Options.DrainTimeout.
func (b *Broker) drain() {
	close(b.draining)
	ctx, cancel := context.WithTimeout(context.Background(), b.opts.DrainTimeout)
	defer cancel()
	for _, c := range b.connections() {
		c.wake()
	}
	for _, s := range b.sessions() {
		if !s.settle(ctx) {
			b.log.Warn("mqtt client left without its acknowledgements", "gateway", s.gateway)
		}
	}
}

// disconnectAll says goodbye to everybody at once: one client that does not read must not make the others wait.
func (b *Broker) disconnectAll() {
	var wg sync.WaitGroup
	for _, s := range b.sessions() {
		wg.Go(func() { s.goodbye(codeShuttingDown) })
	}
	wg.Wait()
	for _, c := range b.connections() {
		_ = c.Close()
	}
}

func (b *Broker) connections() []*conn {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := make([]*conn, 0, len(b.conns))
	for c := range b.conns {
		all = append(all, c)
	}
	return all
}

// sessions are those of clients that are connected.
func (b *Broker) sessions() []*session {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := make([]*session, 0, len(b.clients))
	for _, c := range b.clients {
		if s := c.current.Load(); s != nil {
			all = append(all, s)
		}
	}
	return all
}

func (b *Broker) wrapTLS(nc net.Conn) net.Conn {
	if b.opts.TLS == nil {
		return nc
	}
	return tls.Server(nc, b.opts.TLS)
}

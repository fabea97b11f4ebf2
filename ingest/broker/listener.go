package broker

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"
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
		b.admit(nc)
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

func (b *Broker) admit(nc net.Conn) {
	if tc, ok := nc.(*net.TCPConn); ok {
		_ = tc.SetWriteBuffer(answerBuffer)
	}
	b.mu.Lock()
	full := len(b.conns) >= b.opts.MaxConnections
	var c *conn
	if !full {
		c = newConn(b, nc)
		b.conns[c] = struct{}{}
		b.connsWG.Add(1)
	}
	b.mu.Unlock()
	if full {
		b.metrics.refused.WithLabelValues("limit").Inc()
		b.log.Warn("mqtt connection refused", "remote", nc.RemoteAddr().String(), "reason", "too many connections")
		_ = nc.Close()
		return
	}
	b.metrics.connections.Inc()
	go b.serveConn(c)
}

// serveConn runs one connection to its end. The protocol library decodes in this goroutine and panics on some malformed
// packets; that must not reach other connections.
func (b *Broker) serveConn(c *conn) {
	defer b.connsWG.Done()
	defer b.forget(c)
	defer func() {
		r := recover()
		if r == nil {
			return
		}
		b.metrics.refused.WithLabelValues("malformed").Inc()
		b.log.Warn("mqtt connection ended by a malformed packet", "remote", c.RemoteAddr().String(), "panic", fmt.Sprint(r))
		b.afterPanic(c)
	}()
	err := b.server.EstablishConnection(listenerID, c)
	b.log.Debug("mqtt connection ended", "remote", c.RemoteAddr().String(), "error", err)
}

func (b *Broker) forget(c *conn) {
	_ = c.Close()
	b.mu.Lock()
	delete(b.conns, c)
	b.mu.Unlock()
	b.metrics.connections.Dec()
	if s := c.session.Load(); s != nil {
		<-s.ended
	}
}

// afterPanic does what the library would have done at the end of a connection: will, session, subscriptions.
func (b *Broker) afterPanic(c *conn) {
	defer func() {
		if r := recover(); r != nil {
			b.log.Error("clean up after a malformed packet", "panic", fmt.Sprint(r))
		}
	}()
	s := c.session.Load()
	if s == nil {
		return
	}
	cl := s.client
	if will := cl.Properties.Will; will.Flag != 0 {
		err := b.server.InjectPacket(cl, packets.Packet{
			FixedHeader: packets.FixedHeader{Type: packets.Publish, Retain: will.Retain}, TopicName: will.TopicName, Payload: will.Payload,
		})
		if err != nil {
			b.log.Warn("publish last will", "client", cl.ID, "error", err)
		}
	}
	expire := sessionEndsWithConnection(cl)
	b.endSession(s, packets.ErrMalformedPacket, expire)
	if current, ok := b.server.Clients.Get(cl.ID); expire && ok && current == cl {
		b.server.UnsubscribeClient(cl)
		b.server.Clients.Delete(cl.ID)
	}
}

// drain stops reading and waits until every client has its acknowledgements, at most Options.DrainTimeout.
func (b *Broker) drain() {
	close(b.draining)
	ctx, cancel := context.WithTimeout(context.Background(), b.opts.DrainTimeout)
	defer cancel()
	for _, c := range b.connections() {
		c.wake()
		if s := c.session.Load(); s != nil && !s.settle(ctx) {
			b.log.Warn("mqtt client left without its acknowledgements", "gateway", s.gateway)
		}
	}
}

// disconnectAll says goodbye to everybody at once: one client that does not read must not make the others wait.
func (b *Broker) disconnectAll() {
	var wg sync.WaitGroup
	for _, c := range b.connections() {
		wg.Go(func() {
			if s := c.session.Load(); s != nil {
				_ = b.server.DisconnectClient(s.client, packets.ErrServerShuttingDown)
			}
			_ = c.Close()
		})
	}
	wg.Wait()
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

func (b *Broker) wrapTLS(nc net.Conn) net.Conn {
	if b.opts.TLS == nil {
		return nc
	}
	return tls.Server(nc, b.opts.TLS)
}

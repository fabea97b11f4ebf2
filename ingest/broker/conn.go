package broker

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"
)

// Ends of a connection that are no faults of the protocol.
var (
	errDraining = errors.New("the broker is ending")
	errCalm     = errors.New("nothing to read for a while")
	errSilent   = &violation{codeKeepalive, "nothing heard for one and a half times the keep-alive"}
	errTooLarge = &violation{codeTooLarge, "packet beyond the size limit"}
)

const (
	// readBuffer is what a busy connection reads into at once, in bytes.
	readBuffer = 8 << 10
	// defaultCalm is how long a connection keeps its buffer while it is silent.
	defaultCalm = time.Second
	// maxConnect is the largest CONNECT, in bytes: it is read before it is known who sends it.
	maxConnect = 32 << 10
)

// conn is a client's connection with what was read from it and not dealt with yet. One that is silent holds no buffer: ten
// thousand quiet gateways cost what their sockets cost.
type conn struct {
	net.Conn
	b      *Broker
	source netip.Prefix
	// buf[r:w] is read and not dealt with; buf is nil while the connection is silent.
	buf  *[readBuffer]byte
	r, w int
	// first holds what ends a silence.
	first [16]byte
	// connectBy is when CONNECT must be here.
	connectBy time.Time
	// session is nil until CONNECT was accepted; patience then is how long to wait for a byte, 0 = for ever.
	session  *session
	patience time.Duration
	// watched is the connection's number with Broker.watcher, which guards it; 0 = it is not being watched.
	watched uint64

	closing sync.Once
	closed  chan struct{}
}

func newConn(b *Broker, nc net.Conn, source netip.Prefix) *conn {
	return &conn{Conn: b.wrapTLS(nc), b: b, source: source, closed: make(chan struct{}), connectBy: time.Now().Add(b.opts.ConnectTimeout)}
}

// Close may be called by several parties.
func (c *conn) Close() error {
	var err error
	c.closing.Do(func() {
		close(c.closed)
		err = c.Conn.Close()
		c.rouse()
	})
	return err
}

// wake makes a blocked read look at draining.
func (c *conn) wake() {
	_ = c.SetReadDeadline(time.Unix(1, 0))
	c.rouse()
}

// rouse gives a connection that is being watched a goroutine again, which finds out what happened.
func (c *conn) rouse() {
	if c.b.watcher.leave(c) {
		go c.b.rest(c)
	}
}

// nextHeader reads the header of the next packet of at most most bytes. After errTooLarge it is still to be skipped.
func (c *conn) nextHeader(most int) (header, error) {
	for {
		h, ok, bad := parseHeader(c.unread())
		switch {
		case bad != nil:
			return h, bad
		case ok && h.size+h.remaining > most:
			return h, errTooLarge
		case ok:
			c.r += h.size
			return h, nil
		}
		var err error
		if c.r == c.w {
			err = c.begin()
		} else {
			err = c.fill()
		}
		if err != nil {
			return h, err
		}
	}
}

// body reads the body behind a header. It is valid until the next packet is read; fresh says that it is the caller's to keep.
func (c *conn) body(h header) (body []byte, fresh bool, err error) {
	if h.remaining > readBuffer {
		body = make([]byte, h.remaining)
		return body, true, c.readFull(body)
	}
	for c.w-c.r < h.remaining {
		if err := c.fill(); err != nil {
			return nil, false, err
		}
	}
	body = c.unread()[:h.remaining:h.remaining]
	c.r += h.remaining
	return body, false, nil
}

func (c *conn) unread() []byte {
	if c.buf == nil {
		return nil
	}
	return c.buf[c.r:c.w]
}

// readFull fills p with what was read already and what follows.
func (c *conn) readFull(p []byte) error {
	n := copy(p, c.unread())
	c.r += n
	for n < len(p) {
		k, err := c.read(p[n:], c.patience)
		n += k
		if err != nil {
			return err
		}
	}
	return nil
}

// begin waits for the first bytes of a packet. It gives up with errCalm, without a buffer, when nothing comes for a while.
func (c *conn) begin() error {
	c.takeBuffer()
	c.r, c.w = 0, 0
	wait, mayRest := c.patience, c.session != nil && (c.patience == 0 || c.patience > c.b.calm)
	if mayRest {
		wait = c.b.calm
	}
	n, err := c.read(c.buf[:], wait)
	c.w = n
	switch {
	case n > 0:
		return nil
	case mayRest && errors.Is(err, errSilent):
		c.releaseBuffer()
		return errCalm
	}
	return err
}

// rest waits for what ends a silence.
func (c *conn) rest() error {
	patience := c.patience
	if patience > 0 {
		patience -= c.b.calm // which is over
	}
	n, err := c.read(c.first[:], patience)
	if n == 0 {
		return err
	}
	c.takeBuffer()
	c.r, c.w = 0, copy(c.buf[:], c.first[:n])
	return nil
}

// fill reads at least one more byte of a packet.
func (c *conn) fill() error {
	switch {
	case c.r == c.w:
		c.r, c.w = 0, 0
	case c.w == len(c.buf):
		c.r, c.w = 0, copy(c.buf[:], c.buf[c.r:c.w])
	}
	n, err := c.read(c.buf[c.w:], c.patience)
	c.w += n
	if n > 0 {
		return nil
	}
	return err
}

func (c *conn) takeBuffer() {
	if c.buf == nil {
		c.b.busy.Add(1)
		c.buf = c.b.buffers.Get().(*[readBuffer]byte)
	}
}

func (c *conn) releaseBuffer() {
	if c.buf != nil {
		c.b.busy.Add(-1)
		c.b.buffers.Put(c.buf)
		c.buf, c.r, c.w = nil, 0, 0
	}
}

// read reads what is there, at least one byte, unless nothing comes for the given time; 0 = any time.
func (c *conn) read(p []byte, patience time.Duration) (int, error) {
	deadline := c.connectBy
	switch {
	case c.session != nil && patience > 0:
		deadline = time.Now().Add(patience)
	case c.session != nil:
		deadline = time.Time{}
	}
	_ = c.SetReadDeadline(deadline)
	// After the deadline was set: wake sets another one, and must not be undone.
	select {
	case <-c.b.draining:
		return 0, errDraining
	default:
	}
	n, err := c.Read(p)
	if n > 0 {
		return n, nil
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		select {
		case <-c.b.draining:
			return 0, errDraining
		default:
			return 0, errSilent
		}
	}
	return 0, err
}

// Write writes whole packets. After a failed write the stream may be broken in the middle of a packet, so the connection ends.
func (c *conn) Write(p []byte) (int, error) {
	timeout := c.b.opts.WriteTimeout
	select {
	case <-c.b.draining:
		timeout = min(timeout, time.Second)
	default:
	}
	_ = c.SetWriteDeadline(time.Now().Add(timeout))
	n, err := c.Conn.Write(p)
	if err != nil {
		_ = c.Close()
	}
	return n, err
}

// linger ends our half of the connection and reads on for a moment: closing with unread bytes would send a reset, which
// could overtake the last packet that we wrote.
func (c *conn) linger(patience time.Duration) {
	const most = 32 << 20
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
	_ = c.SetReadDeadline(time.Now().Add(patience))
	_, _ = io.CopyN(io.Discard, c.Conn, most)
}

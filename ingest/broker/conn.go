package broker

import (
	"bufio"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"
)

// errTooLarge ends the connection of a client that sent a packet beyond Options.MaxPacket.
var errTooLarge = errors.New("packet beyond the size limit")

// conn is a client's connection as the protocol library sees it. It follows the packet boundaries of what it reads, so that
// a packet that is too large is met before anybody makes room for it, and it has a deadline of its own for each write.
type conn struct {
	net.Conn
	b *Broker
	r *bufio.Reader
	// head holds the bytes of a fixed header not yet handed on, left counts the bytes of its packet not yet read.
	head []byte
	buf  [5]byte
	left int

	// identity and refusal are the outcome of the login, of which one is set before CONNACK.
	identity Identity
	refusal  *packets.Code

	writing sync.Mutex
	session atomic.Pointer[session]

	closing sync.Once
	closed  chan struct{}
}

func newConn(b *Broker, nc net.Conn) *conn {
	// Until CONNECT was read the library sets no deadline; the TLS handshake happens inside the first read.
	_ = nc.SetReadDeadline(time.Now().Add(b.opts.ConnectTimeout))
	wire := b.wrapTLS(nc)
	return &conn{Conn: wire, b: b, r: bufio.NewReaderSize(wire, 4096), closed: make(chan struct{})}
}

// Close may be called by several parties.
func (c *conn) Close() error {
	var err error
	c.closing.Do(func() {
		close(c.closed)
		err = c.Conn.Close()
	})
	return err
}

// SetDeadline is how the library bounds the silence of a client. It would bound our writes as well, hence only reads.
func (c *conn) SetDeadline(t time.Time) error { return c.SetReadDeadline(t) }

// wake makes a blocked Read look at draining.
func (c *conn) wake() { _ = c.SetReadDeadline(time.Unix(1, 0)) }

// Read hands on what the client sent. While the broker drains it holds the reader until the connection is closed.
func (c *conn) Read(p []byte) (int, error) {
	n, err := c.read(p)
	select {
	case <-c.b.draining:
		if n == 0 {
			<-c.closed
			return 0, net.ErrClosed
		}
	default:
	}
	return n, err
}

// read fills p with what is there, at least one byte, never blocking once it has one.
func (c *conn) read(p []byte) (int, error) {
	n := 0
	for n < len(p) && (n == 0 || c.r.Buffered() > 0) {
		if len(c.head) == 0 && c.left == 0 {
			if n > 0 && !c.nextIsPlain() {
				break
			}
			if err := c.header(); err != nil {
				return n, err
			}
		}
		if len(c.head) > 0 {
			k := copy(p[n:], c.head)
			c.head = c.head[k:]
			n += k
			continue
		}
		k, err := c.r.Read(p[n:min(len(p), n+c.left)])
		n += k
		c.left -= k
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// nextIsPlain reports whether the next fixed header is here whole and within the limit. Everything else waits until what
// was read before it is dealt with: it could block, or end the connection.
func (c *conn) nextIsPlain() bool {
	b, _ := c.r.Peek(min(c.r.Buffered(), len(c.buf)))
	remaining := 0
	for i := 1; i < len(b); i++ {
		remaining |= int(b[i]&0x7f) << (7 * (i - 1))
		if b[i]&0x80 == 0 {
			return 1+i+remaining <= c.b.opts.MaxPacket
		}
	}
	return false
}

// header reads the fixed header of the next packet: type and flags, then the length in 7-bit groups.
func (c *conn) header() error {
	remaining, shift, n := 0, 0, 0
	for {
		b, err := c.r.ReadByte()
		if err != nil {
			return err
		}
		c.buf[n] = b
		n++
		if n == 1 {
			continue
		}
		remaining |= int(b&0x7f) << shift
		shift += 7
		if b&0x80 == 0 {
			break
		}
		if n == len(c.buf) {
			return packets.ErrMalformedVariableByteInteger
		}
	}
	if n+remaining > c.b.opts.MaxPacket {
		c.tooLarge(c.buf[0], remaining)
		return errTooLarge
	}
	c.head, c.left = c.buf[:n], remaining
	return nil
}

// Write writes whole packets; the library and the acknowledgement writer share it. After a failed write the stream may be
// broken in the middle of a packet, so the connection ends.
func (c *conn) Write(p []byte) (int, error) {
	if s := c.session.Load(); s != nil && !s.mqtt5 && len(p) > 0 && p[0]>>4 == packets.Disconnect {
		// Before MQTT 5 a server says goodbye by closing.
		return len(p), nil
	}
	timeout := c.b.opts.WriteTimeout
	select {
	case <-c.b.draining:
		timeout = min(timeout, time.Second)
	default:
	}
	c.writing.Lock()
	defer c.writing.Unlock()
	_ = c.SetWriteDeadline(time.Now().Add(timeout))
	n, err := c.Conn.Write(p)
	if err != nil {
		_ = c.Close()
	}
	return n, err
}

// linger ends our half of the connection and reads on for a moment: closing with unread bytes would send a reset, which
// could overtake the last packet that we wrote.
func (c *conn) linger() {
	const patience, most = 2 * time.Second, 32 << 20
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
	_ = c.SetReadDeadline(time.Now().Add(patience))
	_, _ = io.CopyN(io.Discard, c.r, most)
}

package ftp

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// writeTimeout bounds each reply to a logger.
const writeTimeout = 30 * time.Second

// control is a control connection as the library sees it. It stands between the library and the logger for what the library
// does not do: AUTH TLS is answered here, so that replies can be seen also behind it; a failure that passes is 451 and not 550,
// which loggers take for final; TYPE A is taken for TYPE I, so that bytes stay as they came; a reply may take as long as the
// log takes, without the connection counting as idle; and only commands that the server means to offer reach the library.
type control struct {
	srv  *Server
	raw  net.Conn
	conn atomic.Pointer[net.Conn] // raw, or TLS over it
	// ctx ends with the connection.
	ctx    context.Context
	cancel context.CancelFunc
	// ended is closed when the connection and all that it had begun are over.
	ended chan struct{}

	// r and line belong to the reading goroutine.
	r    *bufio.Reader
	line []byte

	writing   sync.Mutex
	lineStart bool

	mu       sync.Mutex
	deadline time.Time // for signing in
	secure   bool
	folder   *folder // nil until signed in
	answered chan struct{}
	data     dataConn
	// work is what was begun and still uses the folder; left: nothing more begins.
	work int
	left bool
	// open: data flow; a command had its first reply and not its final one.
	open bool
	// passing is set when what failed may work later.
	passing, cut, gone bool
}

// dataConn is what can be cut of a data connection.
type dataConn interface{ SetReadDeadline(t time.Time) error }

// peer is the address of a logger; by it the driver finds the connection.
type peer struct {
	net.Addr
	control *control
}

func newControl(s *Server, raw net.Conn, implicit bool) *control {
	c := &control{srv: s, raw: raw, ended: make(chan struct{}), lineStart: true, secure: implicit, deadline: time.Now().Add(s.opts.LoginTimeout)}
	c.ctx, c.cancel = context.WithCancel(s.submitCtx)
	conn := raw
	if implicit {
		conn = tls.Server(raw, s.opts.TLS)
	}
	c.conn.Store(&conn)
	const most = 1 << 10 // for each of thousands; longer commands are put together
	c.r = bufio.NewReaderSize(conn, most)
	_ = raw.SetDeadline(c.deadline)
	return c
}

// replied notes what kind of reply was sent.
func (c *control) replied(final bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open = !final
	if !final {
		return
	}
	c.passing = false
	if c.answered != nil {
		close(c.answered)
		c.answered = nil
	}
}

// Write sends a reply of the library, which comes in whole lines or the beginning of one.
func (c *control) Write(p []byte) (int, error) {
	code, err := c.send(p)
	// Behind the lock: who waits for this reply may write next.
	if code >= '1' && code <= '5' {
		c.replied(code != '1')
	}
	if err != nil {
		return 0, err
	}
	return len(p), nil
}

// send writes, and returns the first digit of a reply if this is its last line.
func (c *control) send(p []byte) (code byte, err error) {
	c.writing.Lock()
	defer c.writing.Unlock()
	if c.lineStart && len(p) > 3 && p[3] == ' ' {
		code = p[0]
	}
	if c.lineStart && bytes.HasPrefix(p, []byte("550 ")) && c.takePassing() {
		p = append([]byte("451 "), p[4:]...)
	}
	c.lineStart = bytes.HasSuffix(p, []byte("\n"))
	_ = c.raw.SetWriteDeadline(time.Now().Add(writeTimeout))
	_, err = (*c.conn.Load()).Write(p)
	return code, err
}

// reply answers a command that the library does not see.
func (c *control) reply(line string) { _, _ = c.Write([]byte(line + "\r\n")) }

// Close ends the connection.
func (c *control) Close() error { return (*c.conn.Load()).Close() }

// LocalAddr is what PASV answers with.
func (c *control) LocalAddr() net.Addr { return c.raw.LocalAddr() }

// RemoteAddr is a peer.
func (c *control) RemoteAddr() net.Addr { return peer{c.raw.RemoteAddr(), c} }

// SetDeadline does nothing: the library would count the time that the log takes as idle.
func (c *control) SetDeadline(time.Time) error { return nil }

// SetReadDeadline does nothing, as SetDeadline.
func (c *control) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline does nothing, as SetDeadline.
func (c *control) SetWriteDeadline(time.Time) error { return nil }

func (c *control) isSecure() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.secure
}

func (c *control) gateway() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.folder == nil {
		return ""
	}
	return c.folder.who.Gateway
}

// begin notes that something is under way that uses the folder, until finish, and that an answer is due, which the next final
// reply gives. It is false when the logger has left.
func (c *control) begin() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.left {
		return false
	}
	c.work++
	c.passing = false
	if c.answered == nil {
		c.answered = make(chan struct{})
	}
	return true
}

func (c *control) finish() {
	c.mu.Lock()
	c.work--
	last := c.left && c.work == 0
	c.mu.Unlock()
	if last {
		c.srv.forget(c)
	}
}

// leave is the end of the connection. What is under way hears of it by ctx.
func (c *control) leave() {
	c.cancel()
	c.mu.Lock()
	c.left = true
	last := c.work == 0
	c.mu.Unlock()
	if last {
		c.srv.forget(c)
	}
}

func (c *control) busy() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.answered != nil
}

// later makes the next refusal one that passes.
func (c *control) later(err error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.passing = true
	return err
}

func (c *control) takePassing() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.passing
	c.passing = false
	return p
}

// receive notes the data connection of an upload, nil at its end. It is false when nothing may be received any more.
func (c *control) receive(d dataConn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.data = d
	return !c.cut
}

// extend gives the data connection more time, unless it was cut.
func (c *control) extend(d dataConn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.cut && c.data == d {
		_ = d.SetReadDeadline(time.Now().Add(c.srv.opts.DataTimeout))
	}
}

// cutData ends what is being received, and receives no more.
func (c *control) cutData() {
	c.mu.Lock()
	c.cut = true
	c.mu.Unlock()
	c.cutUpload()
}

// cutUpload ends what is being received.
func (c *control) cutUpload() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.data != nil {
		_ = c.data.SetReadDeadline(time.Now())
		c.data = nil
	}
}

// settle waits for the answer that is due. It is false when the deadline comes first.
func (c *control) settle(deadline time.Time) bool {
	c.mu.Lock()
	answered := c.answered
	c.mu.Unlock()
	if answered == nil {
		return true
	}
	timeout := time.NewTimer(time.Until(deadline))
	defer timeout.Stop()
	select {
	case <-answered:
	case <-c.ended:
	case <-timeout.C:
		return false
	}
	return true
}

// goodbye ends the connection from outside.
func (c *control) goodbye(line string) {
	c.cancel()
	if c.writing.TryLock() {
		_ = c.raw.SetWriteDeadline(time.Now().Add(time.Second))
		_, _ = (*c.conn.Load()).Write([]byte(line + "\r\n"))
		c.writing.Unlock()
	}
	_ = c.raw.Close()
}

// isGone reports whether the logger has hung up, as far as that has arrived here.
func (c *control) isGone() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.gone || hungUp(c.raw)
}

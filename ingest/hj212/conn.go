package hj212

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"time"

	"quantrac/ingest"
)

// conn is one device. Its own goroutine reads and submits; another one writes the answers, in the order of the telegrams.
type conn struct {
	net.Conn
	srv *Server

	buf []byte
	// began is when the frame at the start of buf began to come; zero = buf is empty.
	began  time.Time
	framed bool
	// firstBy is when the first frame must be here.
	firstBy time.Time
	// noise counts the bad frames since the last good one.
	noise int
	split split

	// who is the device that spoke last, by a digest of MN and PW; it is judged again when judged is long ago, and when accounts
	// have changed since.
	who     [sha256.Size]byte
	judged  time.Time
	changes int64
	gateway string
	device  Device

	// answers holds what is in flight, oldest first. Its capacity bounds it: reading waits when it is full.
	answers chan *answer
	// ctx ends with the connection, so that a device that hung up does not hold its place while the log is behind.
	ctx    context.Context
	cancel context.CancelFunc

	// stopping guards the read deadline against being moved after the drain began.
	mu       sync.Mutex
	stopping bool
}

// answer is one telegram that waits for the disk. frame is nil when the device wants none.
type answer struct {
	frame   []byte
	gateway string
	done    chan error
}

func newConn(s *Server, nc net.Conn) *conn {
	c := &conn{Conn: nc, srv: s, answers: make(chan *answer, s.opts.MaxInflight), firstBy: time.Now().Add(s.opts.FirstTimeout)}
	c.ctx, c.cancel = context.WithCancel(s.submitCtx)
	return c
}

// serve runs the connection to its end: until the device hangs up, nothing more may be read, or something could not be stored.
func (c *conn) serve() {
	defer c.cancel()
	defer func() { _ = c.Close() }()
	written := make(chan struct{})
	go func() { c.write(); close(written) }()
	err := c.read()
	close(c.answers)
	if !c.isStopping() {
		c.srv.log.Debug("hj212 connection ended", "remote", c.RemoteAddr().String(), "error", err)
	}
	if errors.Is(err, io.EOF) && !c.isStopping() {
		// A device that only closed its half still reads its answers; one that is gone must not hold its place for long.
		defer time.AfterFunc(c.srv.opts.FrameTimeout, c.cancel).Stop()
	}
	if errors.Is(err, io.EOF) || c.isStopping() {
		<-written
		return
	}
	c.cancel()
	_ = c.Close()
	<-written
}

func (c *conn) stopReading() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopping = true
	_ = c.SetReadDeadline(time.Now())
}

func (c *conn) isStopping() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stopping
}

// setReadDeadline by what is awaited: a first frame, the rest of one, or the next.
func (c *conn) setReadDeadline() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopping {
		return
	}
	deadline := time.Now().Add(c.srv.opts.IdleTimeout)
	if !c.began.IsZero() {
		deadline = c.began.Add(c.srv.opts.FrameTimeout)
	}
	if !c.framed && deadline.After(c.firstBy) {
		deadline = c.firstBy
	}
	_ = c.SetReadDeadline(deadline)
}

// read takes frames until something ends it; the error is never nil.
func (c *conn) read() error {
	for {
		c.setReadDeadline()
		c.grow()
		n, err := c.Read(c.buf[len(c.buf):cap(c.buf)])
		c.buf = c.buf[:len(c.buf)+n]
		if n > 0 && c.began.IsZero() {
			c.began = time.Now()
		}
		// A frame that does not go on is over, and so is what is left at the end of the stream.
		late := errors.Is(err, os.ErrDeadlineExceeded) && len(c.buf) > 0 && !c.isStopping()
		if cutErr := c.cut(err != nil && !c.isStopping()); cutErr != nil {
			return cutErr
		}
		if err != nil && !late {
			return err
		}
	}
}

// grow makes room for the next read: most frames are a few hundred bytes, and many devices wait at a time.
func (c *conn) grow() {
	const first = 1 << 10
	if cap(c.buf) == 0 {
		c.buf = make([]byte, 0, first)
	}
	if len(c.buf) == cap(c.buf) {
		bigger := make([]byte, len(c.buf), min(2*cap(c.buf), maxBuffer))
		copy(bigger, c.buf)
		c.buf = bigger
	}
}

// cut takes the frames out of buf. With over set nothing will follow what it holds.
func (c *conn) cut(over bool) error {
	rest := c.buf
	for len(rest) > 0 {
		k, n := next(rest, c.srv.opts.Checksum, over)
		if k == more {
			break
		}
		if k == garbage {
			// Line ends between frames are part of the format.
			lost := len(strings.Trim(string(rest[:n]), "\r\n "))
			c.srv.metrics.garbage.Add(float64(lost))
		} else if err := c.frame(k, rest[:n]); err != nil {
			return err
		}
		rest, c.began = rest[n:], time.Now()
	}
	if len(rest) == 0 {
		c.began = time.Time{}
	}
	c.buf = c.buf[:copy(c.buf, rest)]
	return nil
}

// maxNoise is how many bad frames in a row are kept in quarantine before the connection ends: what comes is no HJ 212.
const maxNoise = 100

var (
	errRefused = errors.New("wrong MN or PW")
	errNoise   = errors.New("too many broken frames")
)

// frame submits one frame. It waits while the device has too many unanswered ones, or while the log is behind.
func (c *conn) frame(k kind, raw []byte) error {
	s := readSegment(string(raw[headLen : len(raw)-min(crcLen, len(raw)-headLen)]))
	if err := c.identify(k, &s); err != nil {
		return err
	}
	if !c.framed {
		c.framed = true
		c.srv.isKnown(c)
	}
	if c.noise++; k == good {
		c.noise = 0
	}
	if c.noise > maxNoise {
		c.srv.metrics.refused.WithLabelValues("noise").Inc()
		return errNoise
	}
	c.srv.metrics.frames.WithLabelValues(k.String()).Inc()
	a := &answer{gateway: c.gateway, done: make(chan error, 1)}
	if k == good && s.wantsAnswer() {
		a.frame = s.answer(c.srv.opts.Checksum)
	}
	select {
	case c.answers <- a:
	case <-c.ctx.Done():
		return c.ctx.Err()
	}
	d := ingest.Delivery{
		Door: "hj212", Gateway: c.gateway, ReceivedAt: c.srv.opts.Now().UTC(), Allowed: c.device.Allowed, Station: c.device.Station, Self: s.mn,
		Body: kept(k, raw, &s, &c.split, c.srv.opts.Checksum),
	}
	if err := c.submit(d, a); err != nil {
		a.done <- err
		return fmt.Errorf("submit: %w", err)
	}
	return nil
}

// submit hands a frame to the log. Whatever a decoder does with it costs this connection only.
func (c *conn) submit(d ingest.Delivery, a *answer) (err error) {
	defer func() {
		if r := recover(); r != nil {
			c.srv.metrics.refused.WithLabelValues("panic").Inc()
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	return c.srv.opts.Submit(c.ctx, d, func(_ ingest.Receipt, err error) { a.done <- err })
}

// rejudge is how long a device that was let in may speak before its account is looked at again.
const rejudge = time.Minute

// identify finds out who speaks. A frame with a wrong checksum proves nothing: it counts for the device that spoke before, and
// is taken from a stranger only where anybody may speak.
func (c *conn) identify(k kind, s *segment) error {
	auth := c.srv.opts.Authenticate
	if auth == nil {
		if k == good || c.gateway == "" {
			c.gateway = name(s.mn, c.RemoteAddr())
		}
		return nil
	}
	who := sha256.Sum256([]byte(s.mn + "\x00" + s.pw))
	changes := c.srv.changes.Load()
	known := c.framed && who == c.who && changes == c.changes && time.Since(c.judged) < rejudge
	if known || k != good && c.framed {
		return nil
	}
	if k == good {
		if device, ok := auth(c.ctx, s.mn, s.pw, c.RemoteAddr().String()); ok {
			c.who, c.judged, c.changes, c.gateway, c.device = who, time.Now(), changes, device.Gateway, device
			return nil
		}
	}
	c.srv.metrics.refused.WithLabelValues("login").Inc()
	c.srv.log.Warn("hj212 device refused", "remote", c.RemoteAddr().String(), "mn", name(s.mn, c.RemoteAddr()))
	select {
	case <-c.srv.draining:
	case <-c.ctx.Done():
	case <-time.After(c.srv.opts.RefusalDelay):
	}
	return errRefused
}

// name bounds what a stranger calls himself.
func name(mn string, remote net.Addr) string {
	const longest = 64
	if mn == "" {
		return remote.String()
	}
	return strings.ToValidUTF8(mn[:min(len(mn), longest)], "?")
}

// write sends the answers in order. After a failure it goes on taking them, so that reading never waits for it.
func (c *conn) write() {
	failed := false
	for a := range c.answers {
		var err error
		select {
		case err = <-a.done:
		case <-c.ctx.Done():
			err = c.ctx.Err()
		}
		if failed {
			continue
		}
		if err == nil && a.frame != nil {
			_ = c.SetWriteDeadline(time.Now().Add(c.srv.opts.WriteTimeout))
			_, err = c.Write(a.frame)
		}
		if err == nil {
			continue
		}
		failed = true
		if c.ctx.Err() == nil {
			c.srv.metrics.refused.WithLabelValues("not_stored").Inc()
			c.srv.log.Warn("hj212 telegram not answered", "gateway", a.gateway, "error", err)
		}
		c.cancel()
		_ = c.Close()
	}
}

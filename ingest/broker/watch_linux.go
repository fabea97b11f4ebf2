package broker

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"syscall"
	"time"
)

// watcher waits on behalf of silent connections, all of them on one thread: a goroutine for each would take more memory than the
// connection itself. A connection that is being watched belongs to nobody else; whoever ends or wakes it gets it back by leave.
//
// It has an epoll of its own beside the runtime's. Events carry a number and not the file descriptor, which a connection that was
// opened meanwhile may have got.
type watcher struct {
	epoll int
	// bell is a pipe: closing its writing end ends run.
	bell [2]int

	mu     sync.Mutex
	last   uint64
	silent map[uint64]silence
}

// silence is a connection that is being watched, and until when; zero = for ever.
type silence struct {
	c     *conn
	until time.Time
}

func openWatcher() (*watcher, error) {
	w := &watcher{silent: map[uint64]silence{}}
	var err error
	if w.epoll, err = syscall.EpollCreate1(syscall.EPOLL_CLOEXEC); err != nil {
		return nil, fmt.Errorf("watch silent connections: %w", err)
	}
	if err = syscall.Pipe2(w.bell[:], syscall.O_CLOEXEC|syscall.O_NONBLOCK); err != nil {
		_ = syscall.Close(w.epoll)
		return nil, fmt.Errorf("watch silent connections: %w", err)
	}
	ring := syscall.EpollEvent{Events: syscall.EPOLLIN} // number 0
	if err = syscall.EpollCtl(w.epoll, syscall.EPOLL_CTL_ADD, w.bell[0], &ring); err != nil {
		w.release()
		_ = syscall.Close(w.bell[1])
		return nil, fmt.Errorf("watch silent connections: %w", err)
	}
	return w, nil
}

// watch begins to watch a connection that has been calm for Broker.calm; false when that cannot be done, for example because it was closed.
func (w *watcher) watch(c *conn) bool {
	if w == nil {
		return false
	}
	raw, err := rawConn(c.Conn)
	if err != nil {
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.last++
	ev := syscall.EpollEvent{Events: syscall.EPOLLIN | syscall.EPOLLRDHUP | syscall.EPOLLONESHOT, Fd: int32(uint32(w.last)), Pad: int32(uint32(w.last >> 32))}
	err = raw.Control(func(fd uintptr) {
		// What was watched before is still known to the epoll, and asleep.
		if err = syscall.EpollCtl(w.epoll, syscall.EPOLL_CTL_MOD, int(fd), &ev); errors.Is(err, syscall.ENOENT) {
			err = syscall.EpollCtl(w.epoll, syscall.EPOLL_CTL_ADD, int(fd), &ev)
		}
	})
	if err != nil {
		return false
	}
	c.watched = w.last
	s := silence{c: c}
	if c.patience > 0 {
		s.until = time.Now().Add(c.patience - c.b.calm)
	}
	w.silent[c.watched] = s
	return true
}

// rawConn is what lies below TLS.
func rawConn(nc net.Conn) (syscall.RawConn, error) {
	if below, ok := nc.(interface{ NetConn() net.Conn }); ok {
		nc = below.NetConn()
	}
	sc, ok := nc.(syscall.Conn)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	return sc.SyscallConn()
}

// leave takes a connection back; false when it is not being watched, or somebody was faster.
func (w *watcher) leave(c *conn) bool {
	if w == nil {
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.take(c.watched) != nil
}

func (w *watcher) take(number uint64) *conn {
	s, ok := w.silent[number]
	if !ok {
		return nil
	}
	delete(w.silent, number)
	s.c.watched = 0
	return s.c
}

// run hands every connection that has something to read to ready, and every one whose patience has ended to late, until close.
func (w *watcher) run(ready, late func(c *conn)) {
	const (
		most  = 256
		sweep = time.Second
	)
	defer w.release()
	events := make([]syscall.EpollEvent, most)
	swept := time.Now()
	for {
		n, err := syscall.EpollWait(w.epoll, events, int(sweep.Milliseconds()))
		if err != nil && !errors.Is(err, syscall.EINTR) {
			return // the descriptor is no epoll any more: cannot be
		}
		for _, ev := range events[:max(n, 0)] {
			number := uint64(uint32(ev.Fd)) | uint64(uint32(ev.Pad))<<32
			if number == 0 {
				return
			}
			w.mu.Lock()
			c := w.take(number)
			w.mu.Unlock()
			if c != nil {
				ready(c)
			}
		}
		if now := time.Now(); now.Sub(swept) >= sweep {
			swept = now
			for _, c := range w.overdue(now) {
				late(c)
			}
		}
	}
}

func (w *watcher) overdue(now time.Time) (late []*conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for number, s := range w.silent {
		if !s.until.IsZero() && now.After(s.until) {
			late = append(late, w.take(number))
		}
	}
	return late
}

// close ends run. Nothing must be watched any more.
func (w *watcher) close() {
	if w != nil {
		_ = syscall.Close(w.bell[1])
	}
}

func (w *watcher) release() {
	_ = syscall.Close(w.bell[0])
	_ = syscall.Close(w.epoll)
}

//go:build unix

package ftp

import (
	"errors"
	"net"
	"syscall"
)

// hungUp reports whether the other side has closed or reset a connection, without reading from it and without waiting for
// whoever does.
func hungUp(conn net.Conn) bool {
	sc, ok := conn.(syscall.Conn)
	if !ok {
		return false
	}
	rc, err := sc.SyscallConn()
	if err != nil {
		return true
	}
	up := false
	if err := rc.Control(func(fd uintptr) {
		var b [1]byte
		n, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		up = n > 0 || errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EINTR)
	}); err != nil {
		return true
	}
	return !up
}

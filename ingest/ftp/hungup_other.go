//go:build !unix

package ftp

import "net"

// hungUp cannot tell here: a connection counts as up until reading from it fails.
func hungUp(net.Conn) bool { return false }

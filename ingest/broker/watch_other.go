//go:build !linux

package broker

import "errors"

// watcher is there on Linux only; elsewhere a silent connection has a goroutine.
type watcher struct{}

func openWatcher() (*watcher, error)              { return nil, errors.ErrUnsupported }
func (*watcher) watch(*conn) bool                 { return false }
func (*watcher) leave(*conn) bool                 { return false }
func (*watcher) run(func(c *conn), func(c *conn)) {}
func (*watcher) close()                           {}

package webhook

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"syscall"
	"time"
)

// guard judges the address of a connection. It runs after DNS, on the address that the socket is about to use, so a name
// that changes between a check and its use gains nothing.
type guard struct {
	allow []netip.Prefix
	// plain: the request is not encrypted, which only allowed networks may see.
	plain bool
}

// refusedError means that a target may not be reached.
type refusedError struct {
	addr  netip.Addr
	plain bool
}

func (e *refusedError) Error() string {
	if e.plain {
		return fmt.Sprintf("%s is not in webhooks.allow_private: only such targets may be reached by plain http", e.addr)
	}
	return fmt.Sprintf("%s is not a public address and not in webhooks.allow_private", e.addr)
}

func (g guard) check(addr netip.Addr) error {
	addr = addr.Unmap().WithZone("")
	if slices.ContainsFunc(g.allow, func(p netip.Prefix) bool { return p.Contains(addr) }) {
		return nil
	}
	if g.plain || !public(addr) {
		return &refusedError{addr, g.plain}
	}
	return nil
}

// public reports whether addr is an ordinary address of the Internet, by the special-purpose registries of IANA
// (RFC 6890). IPv6 forms that carry an IPv4 address inside (NAT64, 6to4, Teredo, compatible) are never ordinary: they would
// be a way around.
func public(addr netip.Addr) bool {
	if !addr.IsGlobalUnicast() || addr.IsPrivate() {
		return false
	}
	special := []string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24",
		"203.0.113.0/24", "240.0.0.0/4",
	}
	if addr.Is6() {
		special = []string{"2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"}
		if !netip.MustParsePrefix("2000::/3").Contains(addr) {
			return false
		}
	}
	return !slices.ContainsFunc(special, func(p string) bool { return netip.MustParsePrefix(p).Contains(addr) })
}

func (g guard) dialer() *net.Dialer {
	return &net.Dialer{
		Timeout: 10 * time.Second,
		ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
			target, err := netip.ParseAddrPort(address)
			if err != nil {
				return fmt.Errorf("judge address %s: %w", address, err)
			}
			return g.check(target.Addr())
		},
	}
}

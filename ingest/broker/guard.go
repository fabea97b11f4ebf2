package broker

import (
	"context"
	"net/netip"
	"sync"
	"time"
)

// guard slows guessing down. Every failure counts for the network that it comes from and for the user name that it tries; a
// login then waits before it is judged, longer with each failure, up to longestWait. Failures are forgiven by time and, for a
// network, by others that sign in rightly, since many gateways come through one address. A user name that signed in rightly
// from a network before does not wait there for what others do, so nobody can lock a gateway out.
type guard struct {
	mu       sync.Mutex
	networks map[netip.Prefix]*strikes
	users    map[string]*strikes
	// trusted holds who signed in rightly from where, with the failures since.
	trusted map[trustKey]*strikes
	waiting map[netip.Prefix]int
}

type trustKey struct {
	network  netip.Prefix
	username string
}

// strikes are failures; half of them are forgiven every forgiveness.
type strikes struct {
	n    float64
	last time.Time
}

const (
	firstWait   = 500 * time.Millisecond
	longestWait = 8 * time.Second
	forgiveness = time.Minute
	// Failures that cost no wait: a mistyped password, or one bad gateway among many of a park.
	freeForUser, freeForNetwork = 3, 10
	// lostTrust is how many failures end the trust in a user name and network.
	lostTrust = 5
	// maxWaiting is how many logins of one network may wait; more are refused at once.
	maxWaiting = 256
	// maxStrikes bounds each table.
	maxStrikes = 8192
)

func newGuard() *guard {
	return &guard{
		networks: map[netip.Prefix]*strikes{}, users: map[string]*strikes{}, trusted: map[trustKey]*strikes{}, waiting: map[netip.Prefix]int{},
	}
}

// enter waits as long as a login has to that waited already, and returns how long that was at most; false when it is refused
// without being judged.
func (g *guard) enter(ctx context.Context, from netip.Prefix, username string, before time.Duration) (waited time.Duration, ok bool) {
	wait, ok := g.begin(from, username, before, time.Now())
	if !ok || wait <= before {
		return before, ok
	}
	pause(ctx.Done(), wait)
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.waiting[from]--; g.waiting[from] == 0 {
		delete(g.waiting, from)
	}
	return wait, ctx.Err() == nil
}

// wait is how long a login has to wait by what is known now.
func (g *guard) wait(from netip.Prefix, username string, now time.Time) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.due(from, username, now)
}

func (g *guard) due(from netip.Prefix, username string, now time.Time) time.Duration {
	if _, trusted := g.trusted[trustKey{from, username}]; trusted {
		return 0
	}
	return max(g.networks[from].wait(freeForNetwork, now), g.users[username].wait(freeForUser, now))
}

// begin counts a login among those that wait, if it has to wait longer than it did before.
func (g *guard) begin(from netip.Prefix, username string, before time.Duration, now time.Time) (wait time.Duration, ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if wait = g.due(from, username, now); wait <= before {
		return wait, true
	}
	if g.waiting[from] >= maxWaiting {
		return 0, false
	}
	g.waiting[from]++
	return wait, true
}

// succeeded notes a right login.
func (g *guard) succeeded(from netip.Prefix, username string, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if s := g.networks[from]; s != nil {
		s.settle(now)
		s.n = max(0, s.n-1)
	}
	key := trustKey{from, username}
	if g.trusted[key] == nil {
		makeRoom(g.trusted, now)
	}
	g.trusted[key] = &strikes{last: now}
}

// failed notes a wrong login.
func (g *guard) failed(from netip.Prefix, username string, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	strike(g.networks, from, now)
	strike(g.users, username, now)
	key := trustKey{from, username}
	if s := g.trusted[key]; s != nil {
		if s.n++; s.n >= lostTrust {
			delete(g.trusted, key)
		}
	}
}

func strike[K comparable](table map[K]*strikes, key K, now time.Time) {
	s := table[key]
	if s == nil {
		makeRoom(table, now)
		s = &strikes{last: now}
		table[key] = s
	}
	s.settle(now)
	s.n++
}

// makeRoom drops what is forgiven from a full table, and an eighth of any entries if that is not enough: the table is bounded
// first of all, and whoever fills it must not make every login search it.
func makeRoom[K comparable](table map[K]*strikes, now time.Time) {
	if len(table) < maxStrikes {
		return
	}
	for key, s := range table {
		if now.Sub(s.last) > 10*forgiveness {
			delete(table, key)
		}
	}
	for key := range table {
		if len(table) <= maxStrikes/8*7 {
			return
		}
		delete(table, key)
	}
}

// settle forgives by time.
func (s *strikes) settle(now time.Time) {
	for s.n > 0 && now.Sub(s.last) >= forgiveness {
		s.last = s.last.Add(forgiveness)
		if s.n /= 2; s.n < 0.5 {
			s.n = 0
		}
	}
	if s.n == 0 {
		s.last = now
	}
}

// wait is how long a login waits before it is judged, with some failures free.
func (s *strikes) wait(free float64, now time.Time) time.Duration {
	if s == nil {
		return 0
	}
	s.settle(now)
	wait := time.Duration(0)
	for n := s.n; n > free && wait < longestWait; n-- {
		wait = max(firstWait, 2*wait)
	}
	return min(wait, longestWait)
}

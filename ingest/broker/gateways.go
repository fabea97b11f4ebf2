package broker

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// Store keeps values durably: Put and Delete return once that is on disk. All calls visit with each value.
type Store struct {
	Put    func(ctx context.Context, key string, value []byte) error
	Delete func(ctx context.Context, key string) error
	All    func(ctx context.Context, visit func(key string, value []byte) error) error
}

// GatewayOptions of OpenGateways.
type GatewayOptions struct {
	// Configured are the gateways of the configuration file. They win over stored ones and can't be changed.
	Configured []Gateway
	// Store keeps the others, by id; the zero value permits no others.
	Store Store
	// Changed, when not nil, hears the id of each gateway whose account changed, before the change is answered, so that other
	// doors can cut it. The broker needs none.
	Changed func(id string)
	Logger  *slog.Logger
	// Now is the clock for created_at and rotated_at; time.Now.
	Now func() time.Time
}

// Gateways are the accounts of gateways, for every door that asks for a password. Promises:
//
//   - A user name that does not exist costs what a wrong password costs; at most two hashes are computed at a time; a login
//     that was verified once is recognised again without hashing, so that thousands of gateways can come back at once.
//   - A refusal takes at least half a second, and guessing gets slower and slower; see guard.
//   - A password is made here, shown once, and kept as an argon2id hash.
//   - A change is durable before it is answered, holds at once for that gateway's sessions, and touches no other gateway.
type Gateways struct {
	opts    GatewayOptions
	decoy   *argonHash
	guard   *guard
	delay   time.Duration
	hashing chan struct{}
	// key makes the cached digests worthless outside this process.
	key [32]byte

	// editing is held over a change, storage included.
	editing sync.Mutex

	mu            sync.RWMutex
	byID          map[string]*account
	byUser        map[string]*account
	byCertificate map[string]*account
	// refused holds logins that failed, so that a misconfigured gateway that keeps trying costs little.
	refused map[digest]struct{}
	// watchers cut the sessions of a gateway.
	watchers map[int]func(id string) int
	watcher  int
}

type digest [sha256.Size]byte

// failureDelay is how long a refusal takes at least.
const failureDelay = 500 * time.Millisecond

// OpenGateways loads the accounts. It fails on a hash that is none, and on a configured user name or certificate that occurs
// twice.
func OpenGateways(ctx context.Context, opts GatewayOptions) (*Gateways, error) {
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	g := &Gateways{
		opts: opts, guard: newGuard(), delay: failureDelay, hashing: make(chan struct{}, 2),
		decoy: &argonHash{memoryKiB: argonMemoryKiB, passes: argonPasses, threads: argonThreads, salt: make([]byte, argonSaltLen), key: make([]byte, argonKeyLen)},
		byID:  map[string]*account{}, byUser: map[string]*account{}, byCertificate: map[string]*account{},
		refused: map[digest]struct{}{}, watchers: map[int]func(string) int{},
	}
	if _, err := rand.Read(g.key[:]); err != nil {
		return nil, fmt.Errorf("open gateways: %w", err)
	}
	for _, c := range opts.Configured {
		if err := g.configure(c); err != nil {
			return nil, fmt.Errorf("open gateways: %w", err)
		}
	}
	if opts.Store.All == nil {
		return g, nil
	}
	if err := opts.Store.All(ctx, g.restore); err != nil {
		return nil, fmt.Errorf("open gateways: %w", err)
	}
	return g, nil
}

func (g *Gateways) configure(c Gateway) error {
	r := record{ID: c.ID, Username: c.Username, PasswordHash: c.PasswordHash, Stations: c.Stations}
	for _, cert := range c.Certificates {
		fingerprint, ok := cleanFingerprint(cert)
		if !ok {
			return fmt.Errorf("gateway %q: %q is no SHA-256 fingerprint in hex", c.ID, cert)
		}
		r.Certificates = append(r.Certificates, fingerprint)
	}
	a, err := newAccount(r, true, &presence{})
	if err != nil {
		return err
	}
	if a.hash == nil && len(a.Certificates) == 0 {
		return fmt.Errorf("gateway %q: neither a password hash nor a certificate", c.ID)
	}
	if a.Username == "" {
		return fmt.Errorf("gateway %q: the user name is empty", c.ID)
	}
	if taken := g.taken(a); taken != "" {
		return fmt.Errorf("gateway %q: %s is taken", c.ID, taken)
	}
	if g.byID[a.ID] != nil {
		return fmt.Errorf("gateway %q: the id occurs twice", c.ID)
	}
	g.set(a)
	return nil
}

// restore takes an account from the store. The configuration may have taken its place since; then it waits there until the
// configuration lets go.
func (g *Gateways) restore(key string, value []byte) error {
	a, err := decodeAccount(value)
	if err != nil {
		return fmt.Errorf("stored gateway %q: %w", key, err)
	}
	if g.byID[a.ID] != nil || g.taken(a) != "" {
		g.opts.Logger.Warn("stored gateway is hidden by the configuration", "gateway", a.ID)
		return nil
	}
	g.set(a)
	return nil
}

// taken says what of an account belongs to another one; "" = nothing.
func (g *Gateways) taken(a *account) string {
	if other := g.byUser[a.Username]; other != nil && other.ID != a.ID {
		return fmt.Sprintf("user name %q", a.Username)
	}
	for _, c := range a.Certificates {
		if other := g.byCertificate[c]; other != nil && other.ID != a.ID {
			return fmt.Sprintf("certificate %q", c)
		}
	}
	return ""
}

// set puts an account in the place of the one with its id. It needs mu, or nobody else to know g yet.
func (g *Gateways) set(a *account) {
	g.unset(a.ID)
	g.byID[a.ID], g.byUser[a.Username] = a, a
	for _, c := range a.Certificates {
		g.byCertificate[c] = a
	}
}

func (g *Gateways) unset(id string) {
	old := g.byID[id]
	if old == nil {
		return
	}
	delete(g.byID, id)
	delete(g.byUser, old.Username)
	for _, c := range old.Certificates {
		delete(g.byCertificate, c)
	}
}

// Authenticate judges a login with a user name and a password, a certificate, or both. It is an Options.Authenticate.
func (g *Gateways) Authenticate(ctx context.Context, l Login) (Identity, bool) {
	if l.Certificate != nil {
		if a, known := g.byCert(l.Certificate); known {
			if a == nil || (l.Username != "" && l.Username != a.Username) {
				pause(ctx.Done(), g.delay)
				return Identity{}, false
			}
			return a.identity(), true
		}
	}
	return g.AuthenticatePassword(ctx, l.Username, l.Password, l.Remote)
}

// byCert finds the gateway of a certificate: by its fingerprint, else by a name in it that is a gateway's id. An account that lists
// fingerprints takes no other certificate, so that striking one out revokes it. known without an account is a certificate that lets
// nobody in: of a disabled gateway, with the names of two, or not among those of its account.
func (g *Gateways) byCert(c *Certificate) (a *account, known bool) {
	g.mu.RLock()
	defer g.mu.RUnlock()
	a = g.byCertificate[c.Fingerprint]
	if a == nil {
		for _, name := range c.Names {
			found := g.byID[name]
			if found != nil && a != nil && found != a {
				return nil, true
			}
			if found != nil {
				a = found
			}
		}
	}
	if a == nil {
		return nil, false
	}
	if a.Disabled || len(a.Certificates) > 0 && !slices.Contains(a.Certificates, c.Fingerprint) {
		return nil, true
	}
	return a, true
}

// AuthenticatePassword judges a user name and a password from remote, host:port. It may take many seconds.
func (g *Gateways) AuthenticatePassword(ctx context.Context, username, password, remote string) (Identity, bool) {
	from := network(remote)
	waited, ok := g.guard.enter(ctx, from, username, 0)
	if !ok {
		return Identity{}, false
	}
	began := time.Now()
	g.mu.RLock()
	a := g.byUser[username]
	g.mu.RUnlock()
	d := g.digest(username, password)
	if a != nil && !a.Disabled && a.isVerified(d) {
		g.guard.succeeded(from, username, began)
		a.presence.hear(g.opts.Now())
		return a.identity(), true
	}
	right, refusedBefore := false, g.isRefused(d)
	if !refusedBefore {
		if !g.takeTurn(ctx, from, username, waited) {
			return Identity{}, false
		}
		right = verify(a, g.decoy, password)
		<-g.hashing
	}
	if right {
		a.verified.Store(&d)
		a.presence.hear(g.opts.Now())
		g.guard.succeeded(from, username, time.Now())
		return a.identity(), true
	}
	if ctx.Err() == nil {
		g.guard.failed(from, username, time.Now())
		if !refusedBefore {
			g.refuse(a, username, d)
		}
	}
	// Time that hashing took counts, so that a known name and an unknown one answer alike.
	pause(ctx.Done(), g.delay-time.Since(began))
	return Identity{}, false
}

// takeTurn waits until a hash may be computed; the caller gives the turn back. Others may have failed meanwhile, so the guard is
// asked again: of many guesses that come at once only the first few are judged at once.
func (g *Gateways) takeTurn(ctx context.Context, from netip.Prefix, username string, waited time.Duration) bool {
	for {
		select {
		case g.hashing <- struct{}{}:
		case <-ctx.Done():
			return false
		}
		if g.guard.wait(from, username, time.Now()) <= waited {
			return true
		}
		<-g.hashing
		var ok bool
		if waited, ok = g.guard.enter(ctx, from, username, waited); !ok {
			return false
		}
	}
}

// verify hashes, with the decoy where there is nothing to compare with.
func verify(a *account, decoy *argonHash, password string) bool {
	h := decoy
	usable := a != nil && a.hash != nil && !a.Disabled
	if usable {
		h = a.hash
	}
	return h.matches(password) && usable
}

func (g *Gateways) digest(username, password string) digest {
	m := hmac.New(sha256.New, g.key[:])
	fmt.Fprintf(m, "%d:%s%s", len(username), username, password)
	return digest(m.Sum(nil))
}

func (g *Gateways) isRefused(d digest) bool {
	g.mu.RLock()
	defer g.mu.RUnlock()
	_, ok := g.refused[d]
	return ok
}

// refuse remembers a wrong login. It may be right once the account is another one, or enabled.
func (g *Gateways) refuse(a *account, username string, d digest) {
	const most = 4096
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.byUser[username] != a || (a != nil && a.Disabled) {
		return
	}
	if len(g.refused) >= most {
		clear(g.refused)
	}
	g.refused[d] = struct{}{}
}

// current reports whether an identity still is what its account says. One that comes from no account always is.
func (g *Gateways) current(i Identity) bool {
	if g == nil || i.account == nil {
		return true
	}
	g.mu.RLock()
	defer g.mu.RUnlock()
	return g.byID[i.ID] == i.account
}

// now is what the account of an identity permits at this time; false for one that is gone or disabled. One that comes from no
// account stays as it is.
func (g *Gateways) now(i Identity) (Identity, bool) {
	if g == nil || i.account == nil {
		return i, true
	}
	return g.Identity(i.ID)
}

// has reports whether there is an account with this id. Without accounts nobody knows, so there may be.
func (g *Gateways) has(id string) bool { return g == nil || g.account(id) != nil }

// arrive notes a connection; nil for an identity of no account.
func (g *Gateways) arrive(i Identity, remote string, now time.Time) *presence {
	if g == nil || i.account == nil {
		return nil
	}
	i.account.presence.arrive(remote, now)
	return i.account.presence
}

// watch makes cut hear of every change until the function that it returns is called.
func (g *Gateways) watch(cut func(id string) int) (stop func()) {
	if g == nil {
		return func() {}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.watcher++
	n := g.watcher
	g.watchers[n] = cut
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		delete(g.watchers, n)
	}
}

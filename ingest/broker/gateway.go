package broker

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"sync"
	"time"
)

// Gateway is a gateway's entry in the configuration.
type Gateway struct {
	ID       string
	Username string
	// PasswordHash is what HashPassword made.
	PasswordHash string
	// Stations are the ids that it may publish for; AllStations permits all, an empty list none.
	Stations []string
}

// Authenticator checks logins against a list of gateways. Promises: a user name that does not exist costs what a wrong
// password costs; at most two hashes are computed at a time; a login that was verified once is recognised again without
// hashing, so that thousands of gateways can come back at once; a refusal takes at least its delay.
type Authenticator struct {
	byUser map[string]account
	decoy  *argonHash
	// key makes the cached digests worthless outside this process.
	key     [32]byte
	delay   time.Duration
	hashing chan struct{}

	mu       sync.Mutex
	verified map[string]digest
	// refused holds logins that failed, so that a misconfigured gateway that keeps trying costs little.
	refused map[digest]struct{}
}

type account struct {
	identity Identity
	hash     *argonHash
}

type digest [sha256.Size]byte

// failureDelay is how long a refusal takes at least.
const failureDelay = 500 * time.Millisecond

// NewAuthenticator indexes the gateways. It fails on a hash that is none and on a user name that occurs twice.
func NewAuthenticator(gateways []Gateway) (*Authenticator, error) {
	a := &Authenticator{
		byUser: make(map[string]account, len(gateways)), delay: failureDelay, hashing: make(chan struct{}, 2),
		verified: map[string]digest{}, refused: map[digest]struct{}{},
		decoy: &argonHash{memoryKiB: argonMemoryKiB, passes: argonPasses, threads: argonThreads, salt: make([]byte, argonSaltLen), key: make([]byte, argonKeyLen)},
	}
	if _, err := rand.Read(a.key[:]); err != nil {
		return nil, fmt.Errorf("new authenticator: %w", err)
	}
	for _, g := range gateways {
		h, err := parseHash(g.PasswordHash)
		if err != nil {
			return nil, fmt.Errorf("gateway %q: %w", g.ID, err)
		}
		if _, taken := a.byUser[g.Username]; taken || g.Username == "" {
			return nil, fmt.Errorf("gateway %q: user name %q is empty or taken", g.ID, g.Username)
		}
		a.byUser[g.Username] = account{identity: Identity{ID: g.ID, Stations: g.Stations}, hash: h}
	}
	return a, nil
}

// Authenticate is an Options.Authenticate.
func (a *Authenticator) Authenticate(ctx context.Context, l Login) (Identity, bool) {
	acc, known := a.byUser[l.Username]
	d := a.digest(l)
	if known && a.isVerified(l.Username, d) {
		return acc.identity, true
	}
	began := time.Now()
	if a.isRefused(d) || !a.verify(ctx, acc.hash, l.Password) || !known {
		if ctx.Err() == nil {
			a.remember(l.Username, d, false)
		}
		// Time that hashing took counts, so that a known name and an unknown one answer alike.
		pause(ctx.Done(), a.delay-time.Since(began))
		return Identity{}, false
	}
	a.remember(l.Username, d, true)
	return acc.identity, true
}

// verify hashes, with the decoy where there is no account. Its answer for the decoy means nothing.
func (a *Authenticator) verify(ctx context.Context, h *argonHash, password string) bool {
	if h == nil {
		h = a.decoy
	}
	select {
	case a.hashing <- struct{}{}:
		defer func() { <-a.hashing }()
	case <-ctx.Done():
		return false
	}
	return h.matches(password)
}

func (a *Authenticator) digest(l Login) digest {
	m := hmac.New(sha256.New, a.key[:])
	fmt.Fprintf(m, "%d:%s%s", len(l.Username), l.Username, l.Password)
	return digest(m.Sum(nil))
}

func (a *Authenticator) isVerified(username string, d digest) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	v, ok := a.verified[username]
	return ok && hmac.Equal(v[:], d[:])
}

func (a *Authenticator) isRefused(d digest) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	_, ok := a.refused[d]
	return ok
}

func (a *Authenticator) remember(username string, d digest, ok bool) {
	const most = 4096
	a.mu.Lock()
	defer a.mu.Unlock()
	if ok {
		a.verified[username] = d
		return
	}
	if len(a.refused) >= most {
		clear(a.refused)
	}
	a.refused[d] = struct{}{}
}

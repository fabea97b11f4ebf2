package web

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Role is what a caller may do; a greater one includes the smaller.
type Role uint8

// The roles.
const (
	NoRole Role = iota
	Viewer
	Officer
	Admin
)

var roleNames = [...]string{"none", "viewer", "officer", "admin"}

func (r Role) String() string { return roleNames[min(int(r), len(roleNames)-1)] }

// MarshalText writes the name of the role.
func (r Role) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads the name of a role; "" is none.
func (r *Role) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*r = NoRole
		return nil
	}
	for i, name := range roleNames {
		if name == string(b) {
			*r = Role(i)
			return nil
		}
	}
	return fmt.Errorf("role %q is none of viewer, officer, admin", b)
}

// caller is who a request speaks for. token is the id of the token that it sent; "" = none.
type caller struct {
	role  Role
	name  string
	token string
}

type handler func(w http.ResponseWriter, r *http.Request) error

type callerKey struct{}

// clientKey holds the context of a request without requestTimeout: it ends when the client goes.
type clientKey struct{}

func callerOf(r *http.Request) caller {
	c, _ := r.Context().Value(callerKey{}).(caller)
	return c
}

// requestTimeout bounds one request; it is longer than any disk stall that a gateway should wait out.
const requestTimeout = 30 * time.Second

// guard lets a request through to h when its caller has the role.
func (s *Server) guard(need Role, h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer s.recoverPanic(w, r)
		c, ok := s.auth.identify(w, r)
		if !ok {
			return
		}
		if c.role < need {
			if c.token == "" {
				problem(w, http.StatusUnauthorized, "send Authorization: Bearer TOKEN with a token of role "+need.String())
				return
			}
			problem(w, http.StatusForbidden, fmt.Sprintf("this needs role %s; the token has %s", need, c.role))
			return
		}
		ctx := context.WithValue(context.WithValue(r.Context(), callerKey{}, c), clientKey{}, r.Context())
		ctx, cancel := context.WithTimeout(ctx, requestTimeout)
		defer cancel()
		r = r.WithContext(ctx)
		if err := h(w, r); err != nil {
			s.answerError(w, r, err)
		}
	})
}

// recoverPanic answers 500 for a handler that panicked: a fault of the program is logged once, with its stack, and answered
// like every other error.
func (s *Server) recoverPanic(w http.ResponseWriter, r *http.Request) {
	switch fault := recover(); fault {
	case nil:
	case http.ErrAbortHandler:
		panic(fault)
	default:
		s.cfg.Logger.Error("handler panicked", "method", r.Method, "path", r.URL.Path, "panic", fault, "stack", string(debug.Stack()))
		problem(w, http.StatusInternalServerError, "a fault of the program; it is in its log")
	}
}

// authenticator finds out who calls, and slows down who guesses.
type authenticator struct {
	anonymous Role
	tokens    *Tokens
	guesses   guesses
}

func newAuthenticator(cfg Config) *authenticator {
	return &authenticator{anonymous: cfg.Anonymous, tokens: cfg.Tokens, guesses: guesses{now: cfg.Now, by: map[string]*rate.Limiter{}}}
}

// identify returns the caller; ok is false when it has answered the request itself.
func (a *authenticator) identify(w http.ResponseWriter, r *http.Request) (caller, bool) {
	header := r.Header.Get("Authorization")
	if header == "" {
		return caller{role: a.anonymous}, true
	}
	scheme, token, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		problem(w, http.StatusUnauthorized, "the only scheme is Bearer: send Authorization: Bearer TOKEN")
		return caller{}, false
	}
	token = strings.TrimSpace(token)
	c, ok := a.tokens.verify(token)
	from := remoteNetwork(r)
	// Nobody guesses a long token, so its owner gets in although somebody else guesses behind the same proxy.
	if a.guesses.blocked(from) && (!ok || len(token) < longToken) {
		w.Header().Set("Retry-After", "10")
		problem(w, http.StatusTooManyRequests, "too many wrong tokens from this address; wait 10 s")
		return caller{}, false
	}
	if ok {
		return c, true
	}
	a.guesses.wrong(from)
	w.Header().Set("WWW-Authenticate", `Bearer realm="quantrac", error="invalid_token"`)
	problem(w, http.StatusUnauthorized, "the token is not valid")
	return caller{}, false
}

// longToken is the length from which a token is taken to be beyond guessing: 16 characters of base64 carry 96 bits.
const longToken = 16

// remoteNetwork is the address of a caller; of an IPv6 one the /64, which is what one subscriber has.
func remoteNetwork(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	addr, err := netip.ParseAddr(host)
	if err != nil {
		return host
	}
	if addr = addr.Unmap(); addr.Is4() {
		return addr.String()
	}
	const subscriber = 64
	prefix, err := addr.WithZone("").Prefix(subscriber)
	if err != nil {
		return host
	}
	return prefix.String()
}

// guesses counts wrong tokens by address: 10 at once, then one every 10 s.
type guesses struct {
	now func() time.Time
	mu  sync.Mutex
	by  map[string]*rate.Limiter
}

const (
	guessesAtOnce = 10
	guessEvery    = 10 * time.Second
	maxGuessers   = 10000
)

func (g *guesses) blocked(host string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	l, ok := g.by[host]
	return ok && l.TokensAt(g.now()) < 1
}

func (g *guesses) wrong(host string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	l, ok := g.by[host]
	if !ok {
		g.makeRoom()
		l = rate.NewLimiter(rate.Every(guessEvery), guessesAtOnce)
		g.by[host] = l
	}
	l.AllowN(g.now(), 1)
}

// makeRoom forgets addresses that have been quiet long enough; if all are busy, all of them.
func (g *guesses) makeRoom() {
	if len(g.by) < maxGuessers {
		return
	}
	now := g.now()
	for host, l := range g.by {
		if l.TokensAt(now) >= guessesAtOnce {
			delete(g.by, host)
		}
	}
	if len(g.by) >= maxGuessers {
		clear(g.by)
	}
}

// Tokens are the API tokens. Only their SHA-256 is kept: a token has 256 random bits, so a slow hash would add nothing.
type Tokens struct {
	store TokenStore
	mu    sync.RWMutex
	by    map[[sha256.Size]byte]Token
}

// TokenStore keeps tokens durably.
type TokenStore struct {
	Put    func(ctx context.Context, id string, value []byte) error
	Delete func(ctx context.Context, id string) error
	All    func(ctx context.Context, visit func(id string, value []byte) error) error
}

// Token is one API token without its secret.
type Token struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"`
	Role      Role      `json:"role"`
	CreatedAt time.Time `json:"created_at,omitzero"` // the bootstrap token has none
}

type storedToken struct {
	Token
	Hash []byte `json:"hash"`
}

// OpenTokens reads the tokens. bootstrap, if not empty, is accepted as a token of role admin.
func OpenTokens(ctx context.Context, store TokenStore, bootstrap string) (*Tokens, error) {
	t := &Tokens{store: store, by: map[[sha256.Size]byte]Token{}}
	if bootstrap = strings.TrimSpace(bootstrap); bootstrap != "" {
		t.by[sha256.Sum256([]byte(bootstrap))] = Token{ID: "bootstrap", Name: "bootstrap", Role: Admin}
	}
	err := store.All(ctx, func(id string, value []byte) error {
		var st storedToken
		if err := json.Unmarshal(value, &st); err != nil || len(st.Hash) != sha256.Size {
			return fmt.Errorf("stored token %s cannot be read", id)
		}
		t.by[[sha256.Size]byte(st.Hash)] = st.Token
		return nil
	})
	return t, err
}

// verify looks a token up by its hash, so the time that it takes says nothing about how near a guess was.
func (t *Tokens) verify(token string) (caller, bool) {
	sum := sha256.Sum256([]byte(token))
	t.mu.RLock()
	defer t.mu.RUnlock()
	tok, ok := t.by[sum]
	return caller{tok.Role, tok.Name, tok.ID}, ok
}

// has reports whether a token is still there.
func (t *Tokens) has(id string) bool {
	_, ok := t.get(id)
	return ok
}

func (t *Tokens) get(id string) (Token, bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	for _, tok := range t.by {
		if tok.ID == id {
			return tok, true
		}
	}
	return Token{}, false
}

package web

import (
	"cmp"
	"context"
	"crypto/subtle"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"slices"
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

// caller is who a request speaks for.
type caller struct {
	role Role
	name string
	// token is the id of the API token that it sent, user and session are those of the cookie; "" = none.
	token, user, session string
	// csrf is what a change must show when a session makes it.
	csrf string
	// parks are those in which the caller may act; nil = all.
	parks []string
	// ended: the request came with a session that is over.
	ended bool
}

// known reports whether the caller showed who they are.
func (c *caller) known() bool { return c.token != "" || c.session != "" }

// credential is the id of what let the caller in; "" = nothing did.
func (c *caller) credential() string { return cmp.Or(c.session, c.token) }

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
		if !s.mayDo(w, r, &c, need) {
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

// mayDo tells whether a caller may do what needs a role; if not it has answered the request.
func (s *Server) mayDo(w http.ResponseWriter, r *http.Request, c *caller, need Role) bool {
	safe := r.Method == http.MethodGet || r.Method == http.MethodHead
	switch {
	case c.role < need && !c.known():
		detail := "send Authorization: Bearer TOKEN with a token of role " + need.String()
		if c.ended {
			detail = "the session has ended; sign in again, or " + detail
		}
		problem(w, http.StatusUnauthorized, detail)
	case c.role < need:
		what := "the token has"
		if c.session != "" {
			what = "you have"
		}
		problem(w, http.StatusForbidden, fmt.Sprintf("this needs role %s; %s %s", need, what, c.role))
	case safe || c.token != "":
		return true
	case s.foreign.Check(r) != nil:
		problem(w, http.StatusForbidden, "a page of another origin may change nothing here")
	case need > NoRole && c.session != "" && subtle.ConstantTimeCompare([]byte(r.Header.Get(csrfHeader)), []byte(c.csrf)) != 1:
		problem(w, http.StatusForbidden, "send "+csrfHeader+" with the csrf of /api/v1/info")
	default:
		return true
	}
	return false
}

// inScope refuses what a caller does in a park outside their scope; "" is no park. Reading is open to all.
func inScope(r *http.Request, park string) error {
	c := callerOf(r)
	if c.parks == nil || slices.Contains(c.parks, park) {
		return nil
	}
	return fail(http.StatusForbidden, "you may act only in the parks "+strings.Join(c.parks, ", "))
}

// stationInScope is inScope for the park of a station.
func (s *Server) stationInScope(r *http.Request, id string) error {
	st, _ := s.cfg.Registry().Station(id)
	return inScope(r, st.Park)
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
	accounts  *Accounts
	guesses   guesses
	// logins counts wrong passwords by address.
	logins guesses
}

func newAuthenticator(cfg Config) *authenticator {
	counter := func() guesses { return guesses{now: cfg.Now, by: map[string]*rate.Limiter{}} }
	return &authenticator{anonymous: cfg.Anonymous, tokens: cfg.Tokens, accounts: cfg.Accounts, guesses: counter(), logins: counter()}
}

// identify returns the caller; ok is false when it has answered the request itself.
func (a *authenticator) identify(w http.ResponseWriter, r *http.Request) (caller, bool) {
	header := r.Header.Get("Authorization")
	if header == "" {
		return a.bySession(r), true
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

// bySession is whose session a request has, or nobody.
func (a *authenticator) bySession(r *http.Request) caller {
	token := sessionOf(r)
	if token == "" {
		return caller{role: a.anonymous}
	}
	if c, ok := a.accounts.resolve(token); ok {
		return c
	}
	return caller{role: a.anonymous, ended: true}
}

// alive reports whether what let a caller in still does.
func (a *authenticator) alive(c *caller) bool {
	return (c.token == "" || a.tokens.has(c.token)) && (c.session == "" || a.accounts.has(c.session))
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

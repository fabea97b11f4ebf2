package web

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync/atomic"
	"time"
)

// Bounds of sessions.
const (
	// sessionIdle ends a session that nobody uses, sessionLife any.
	sessionIdle = 12 * time.Hour
	sessionLife = 14 * 24 * time.Hour
	// maxSessions is how many a user has; the one that was used longest ago makes room.
	maxSessions = 20
	// sweepEvery is how often what has expired is ended, and what was used is written down.
	sweepEvery = time.Minute

	sessionCookie = "quantrac_session"
	csrfHeader    = "X-CSRF-Token"
)

type storedSession struct {
	ID        string    `json:"id"`
	User      string    `json:"user"`
	Hash      []byte    `json:"hash"`
	CreatedAt time.Time `json:"created_at"`
	SeenAt    time.Time `json:"seen_at"`
}

// session is a session with when it was last used, in memory and on disk, in ns.
type session struct {
	storedSession
	seen, kept atomic.Int64
}

func newSession(st storedSession) *session {
	s := &session{storedSession: st}
	s.seen.Store(st.SeenAt.UnixNano())
	s.kept.Store(st.SeenAt.UnixNano())
	return s
}

func (s *session) expired(now time.Time) bool {
	return now.Sub(s.CreatedAt) >= sessionLife || now.Sub(time.Unix(0, s.seen.Load())) >= sessionIdle
}

// open starts a session and returns its token, which is kept nowhere.
func (a *Accounts) open(ctx context.Context, user string) (token string, err error) {
	token = randomSecret()
	hash, now := sha256.Sum256([]byte(token)), a.now()
	s := newSession(storedSession{ID: fmt.Sprintf("s%x", hash[:8]), User: user, Hash: hash[:], CreatedAt: now, SeenAt: now})
	if err := a.keepSession(ctx, s); err != nil {
		return "", err
	}
	a.mu.Lock()
	a.sessions[hash] = s
	a.mu.Unlock()
	mine := a.sessionsOf(func(s *session) bool { return s.User == user })
	slices.SortFunc(mine, func(x, y *session) int { return cmp.Compare(y.seen.Load(), x.seen.Load()) })
	if len(mine) > maxSessions {
		a.end(ctx, mine[maxSessions:])
	}
	return token, nil
}

func (a *Accounts) keepSession(ctx context.Context, s *session) error {
	seen := s.seen.Load()
	st := s.storedSession
	st.SeenAt = time.Unix(0, seen).UTC()
	value, err := json.Marshal(st)
	if err != nil {
		return fmt.Errorf("keep a session: %w", err)
	}
	if err := a.cfg.Sessions.Put(ctx, s.ID, value); err != nil {
		return err
	}
	s.kept.Store(seen)
	return nil
}

// resolve finds whose session a token is. The user is looked up each time, so that a change counts at once.
func (a *Accounts) resolve(token string) (caller, bool) {
	hash, now := sha256.Sum256([]byte(token)), a.now()
	a.mu.RLock()
	defer a.mu.RUnlock()
	s, ok := a.sessions[hash]
	if !ok || s.expired(now) {
		return caller{}, false
	}
	u, ok := a.users[s.User]
	if !ok || u.Disabled || s.CreatedAt.Before(u.SessionsSince) {
		return caller{}, false
	}
	s.seen.Store(max(s.seen.Load(), now.UnixNano()))
	return caller{role: u.Role, name: u.Name, user: u.ID, session: s.ID, csrf: csrfOf(token), parks: scope(u.Parks)}, true
}

// scope is nil for somebody who may act everywhere.
func scope(parks []string) []string {
	if len(parks) == 0 {
		return nil
	}
	return parks
}

// has reports whether a session is still there.
func (a *Accounts) has(id string) bool {
	return len(a.sessionsOf(func(s *session) bool { return s.ID == id })) > 0
}

func (a *Accounts) sessionsOf(which func(*session) bool) []*session {
	a.mu.RLock()
	defer a.mu.RUnlock()
	var found []*session
	for _, s := range a.sessions {
		if which(s) {
			found = append(found, s)
		}
	}
	return found
}

// endSessions ends all sessions of a user.
func (a *Accounts) endSessions(ctx context.Context, user string) {
	a.end(ctx, a.sessionsOf(func(s *session) bool { return s.User == user }))
}

// end ends sessions, in memory in any case. One that the store does not forget opens nothing after a restart either: see SessionsSince.
func (a *Accounts) end(ctx context.Context, which []*session) {
	if len(which) == 0 {
		return
	}
	ids := make([]string, len(which))
	a.mu.Lock()
	for i, s := range which {
		ids[i] = s.ID
		delete(a.sessions, [sha256.Size]byte(s.Hash))
	}
	a.mu.Unlock()
	a.ended(ids)
	for _, id := range ids {
		if err := a.cfg.Sessions.Delete(context.WithoutCancel(ctx), id); err != nil {
			a.cfg.Logger.Error("session ended in memory only", "session", id, "error", err)
		}
	}
}

// csrfOf derives what a page must send with a change from the token of its session, which no other origin can read.
func csrfOf(token string) string {
	sum := sha256.Sum256([]byte("quantrac csrf\x00" + token))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// sessionOf is the token of a request's session cookie; "" = it has none.
func sessionOf(r *http.Request) string {
	c, err := r.Cookie(sessionCookie)
	if err != nil {
		return ""
	}
	return c.Value
}

// setSession gives the browser a session; "" takes it away.
func (s *Server) setSession(w http.ResponseWriter, r *http.Request, token string) {
	c := &http.Cookie{
		Name: sessionCookie, Value: token, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode,
		Secure: s.cfg.Secure || r.TLS != nil, MaxAge: int(sessionLife / time.Second),
	}
	if token == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

// Run ends what has expired and writes down what was used, until ctx ends.
func (s *Server) Run(ctx context.Context) error {
	t := time.NewTicker(sweepEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
			defer cancel()
			return s.sweep(last)
		case <-t.C:
		}
		if err := s.sweep(ctx); err != nil && ctx.Err() == nil {
			s.cfg.Logger.Warn("use of sessions and tokens not written down, trying again", "error", err)
		}
	}
}

func (s *Server) sweep(ctx context.Context) error {
	s.cfg.Hub.revoke("the token has expired", s.cfg.Tokens.expired()...)
	return errors.Join(s.cfg.Accounts.sweep(ctx), s.cfg.Tokens.sweep(ctx))
}

func (a *Accounts) sweep(ctx context.Context) error {
	now := a.now()
	a.end(ctx, a.sessionsOf(func(s *session) bool { return s.expired(now) }))
	for _, s := range a.sessionsOf(func(s *session) bool { return s.seen.Load() != s.kept.Load() }) {
		if err := a.keepSession(ctx, s); err != nil {
			return err
		}
		if !a.has(s.ID) { // it ended meanwhile: what was just written must not come back
			if err := a.cfg.Sessions.Delete(ctx, s.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

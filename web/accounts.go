package web

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

// Accounts are the people who sign in: users, their sessions, and the one-time links that let somebody in.
//
// Secrets are kept as hashes only: passwords slowly, links and sessions, which have 256 random bits, as SHA-256. A change of what a user
// may do, or of the password, ends the user's sessions.
type Accounts struct {
	cfg   AccountsConfig
	gate  *gate
	locks *locks
	// stranger is the hash that is compared with where there is no user, so that an answer takes as long.
	stranger func() (string, error)

	// change is held during a change of users or invitations, so that it is judged by what holds when it is made.
	change sync.Mutex

	mu       sync.RWMutex
	users    map[string]storedUser // by id
	invited  map[[sha256.Size]byte]invitation
	sessions map[[sha256.Size]byte]*session
	// ended is told the ids of sessions that have ended.
	ended func(ids []string)
}

// AccountsConfig is what Accounts are made of.
type AccountsConfig struct {
	Users, Sessions, Invitations Store
	// Hash makes a slow hash of a password, Verify compares one; an error of Verify means that the hash is none.
	Hash   func(password string) (string, error)
	Verify func(password, hash string) (bool, error)
	Now    func() time.Time
	Logger *slog.Logger
}

// User is somebody who signs in, without what proves it.
type User struct {
	ID       string `json:"id"`
	Username string `json:"username"`
	Name     string `json:"name"`
	Role     Role   `json:"role"`
	// Parks are those in which the user may act; empty = all. Everybody may read all of them.
	Parks    []string `json:"parks"`
	Disabled bool     `json:"disabled"`
	// Pending: there is no password yet.
	Pending    bool       `json:"pending"`
	CreatedAt  time.Time  `json:"created_at"`
	LastSignIn *time.Time `json:"last_sign_in"`
}

type storedUser struct {
	User
	Hash string `json:"hash,omitempty"`
	// Networks are those from which the user signed in last, newest first: strangers elsewhere cannot lock them out.
	Networks []string `json:"networks,omitempty"`
	// SessionsSince: older sessions are over, also those that the store still has.
	SessionsSince time.Time `json:"sessions_since,omitzero"`
}

// view is the user as the API shows it.
func (u storedUser) view() User {
	v := u.User
	v.Parks = append([]string{}, u.Parks...)
	v.Pending = u.Hash == ""
	return v
}

const (
	maxUsers    = 2000
	maxNetworks = 8
)

// OpenAccounts reads what is stored.
func OpenAccounts(ctx context.Context, cfg AccountsConfig) (*Accounts, error) {
	a := &Accounts{
		cfg: cfg, gate: newGate(), locks: &locks{now: cfg.Now, by: map[string]*lock{}}, users: map[string]storedUser{},
		invited: map[[sha256.Size]byte]invitation{}, sessions: map[[sha256.Size]byte]*session{}, ended: func([]string) {},
	}
	a.stranger = sync.OnceValues(func() (string, error) { return cfg.Hash(rand.Text()) })
	err := errors.Join(
		readStore(ctx, cfg.Users, "user", func(u storedUser) bool { a.users[u.ID] = u; return u.ID != "" }),
		readStore(ctx, cfg.Invitations, "invitation", func(i invitation) bool {
			if len(i.Hash) != sha256.Size {
				return false
			}
			a.invited[[sha256.Size]byte(i.Hash)] = i
			return true
		}),
		readStore(ctx, cfg.Sessions, "session", func(s storedSession) bool {
			if len(s.Hash) != sha256.Size {
				return false
			}
			a.sessions[[sha256.Size]byte(s.Hash)] = newSession(s)
			return true
		}),
	)
	return a, err
}

func readStore[T any](ctx context.Context, store Store, what string, take func(T) bool) error {
	return store.All(ctx, func(key string, value []byte) error {
		var v T
		if err := json.Unmarshal(value, &v); err != nil || !take(v) {
			return fmt.Errorf("stored %s %s cannot be read", what, key)
		}
		return nil
	})
}

func (a *Accounts) now() time.Time { return a.cfg.Now().UTC() }

// Users lists everybody, in the order of the user names.
func (a *Accounts) Users() []User {
	a.mu.RLock()
	defer a.mu.RUnlock()
	all := make([]User, 0, len(a.users))
	for _, u := range a.users {
		all = append(all, u.view())
	}
	slices.SortFunc(all, func(x, y User) int { return cmp.Compare(x.Username, y.Username) })
	return all
}

func (a *Accounts) get(id string) (storedUser, bool) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	u, ok := a.users[id]
	return u, ok
}

func (a *Accounts) byUsername(username string) (storedUser, bool) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	for _, u := range a.users {
		if u.Username == username {
			return u, true
		}
	}
	return storedUser{}, false
}

// Administered reports whether somebody can sign in as an administrator.
func (a *Accounts) Administered() bool { return a.administrators("") > 0 }

// administrators counts those who can sign in, without one of them.
func (a *Accounts) administrators(except string) int {
	a.mu.RLock()
	defer a.mu.RUnlock()
	n := 0
	for u := range maps.Values(a.users) {
		if u.ID != except && u.Role == Admin && !u.Disabled && u.Hash != "" {
			n++
		}
	}
	return n
}

// put keeps a user. The caller has the lock of changes.
func (a *Accounts) put(ctx context.Context, u storedUser) error {
	value, err := json.Marshal(u)
	if err != nil {
		return fmt.Errorf("keep user %s: %w", u.Username, err)
	}
	if err := a.cfg.Users.Put(ctx, u.ID, value); err != nil {
		return err
	}
	a.mu.Lock()
	a.users[u.ID] = u
	a.mu.Unlock()
	return nil
}

// create makes a user without a password, or with the hash of one.
func (a *Accounts) create(ctx context.Context, u User, hash string) (User, error) {
	a.change.Lock()
	defer a.change.Unlock()
	return a.createLocked(ctx, u, hash)
}

func (a *Accounts) createLocked(ctx context.Context, u User, hash string) (User, error) {
	if err := a.distinct(u); err != nil {
		return User{}, err
	}
	id := make([]byte, 8)
	_, _ = rand.Read(id) // never fails, see crypto/rand
	u.ID, u.CreatedAt = fmt.Sprintf("u%x", id), a.now()
	stored := storedUser{User: u, Hash: hash}
	return stored.view(), a.put(ctx, stored)
}

// distinct refuses a user name or a name that somebody else has: names stand in timelines, where they must mean one person.
func (a *Accounts) distinct(u User) error {
	a.mu.RLock()
	defer a.mu.RUnlock()
	if len(a.users) >= maxUsers {
		return fmt.Errorf("%w: there are %d users, the most that are kept", ErrConflict, len(a.users))
	}
	for _, other := range a.users {
		switch {
		case other.ID == u.ID:
		case other.Username == u.Username:
			return fmt.Errorf("%w: there is a user %s already", ErrConflict, u.Username)
		case strings.EqualFold(other.Name, u.Name):
			return fmt.Errorf("%w: user %s has the name %s already", ErrConflict, other.Username, u.Name)
		}
	}
	return nil
}

var errLastAdmin = fmt.Errorf("%w: nobody else can sign in as an administrator", ErrConflict)

// update changes what an administrator decides about a user; held judges the user as it is then.
func (a *Accounts) update(ctx context.Context, to User, held func(User) error) (before, after User, err error) {
	a.change.Lock()
	defer a.change.Unlock()
	u, ok := a.get(to.ID)
	if !ok {
		return before, after, ErrNotFound
	}
	before = u.view()
	if err := held(before); err != nil {
		return before, after, err
	}
	if u.Role == Admin && (to.Role != Admin || to.Disabled) && a.administrators(u.ID) == 0 && !u.Disabled {
		return before, after, errLastAdmin
	}
	next := u
	next.Name, next.Role, next.Parks, next.Disabled = to.Name, to.Role, to.Parks, to.Disabled
	if err := a.distinct(next.User); err != nil {
		return before, after, err
	}
	ends := next.Role != u.Role || next.Disabled || !slices.Equal(next.Parks, u.Parks)
	if ends {
		next.SessionsSince = a.now()
	}
	if err := a.put(ctx, next); err != nil {
		return before, after, err
	}
	a.locks.forget(u.Username)
	if ends {
		a.endSessions(ctx, u.ID)
	}
	return before, next.view(), nil
}

// remove deletes a user, with sessions and links.
func (a *Accounts) remove(ctx context.Context, id string, held func(User) error) (before User, err error) {
	a.change.Lock()
	defer a.change.Unlock()
	u, ok := a.get(id)
	if !ok {
		return before, ErrNotFound
	}
	if err := held(u.view()); err != nil {
		return before, err
	}
	if u.Role == Admin && !u.Disabled && a.administrators(id) == 0 {
		return before, errLastAdmin
	}
	if err := a.cfg.Users.Delete(ctx, id); err != nil {
		return before, err
	}
	a.mu.Lock()
	delete(a.users, id)
	a.mu.Unlock()
	a.endSessions(ctx, id)
	return u.view(), a.dropInvitations(ctx, func(i invitation) bool { return i.User == id })
}

// setPassword gives a user a new password and ends the sessions. The caller has the lock of changes.
func (a *Accounts) setPassword(ctx context.Context, id, hash string) error {
	u, ok := a.get(id)
	if !ok || u.Disabled {
		return ErrNotFound
	}
	u.Hash, u.SessionsSince = hash, a.now()
	if err := a.put(ctx, u); err != nil {
		return err
	}
	a.locks.forget(u.Username)
	a.endSessions(ctx, id)
	return nil
}

// signedIn notes when and from where a user signed in.
func (a *Accounts) signedIn(ctx context.Context, id, network string) (User, error) {
	a.change.Lock()
	defer a.change.Unlock()
	u, ok := a.get(id)
	if !ok || u.Disabled {
		return User{}, errWrongPassword
	}
	at := a.now()
	u.LastSignIn = &at
	known := slices.DeleteFunc(slices.Clone(u.Networks), func(n string) bool { return n == network })
	u.Networks = append([]string{network}, known[:min(len(known), maxNetworks-1)]...)
	return u.view(), a.put(ctx, u)
}

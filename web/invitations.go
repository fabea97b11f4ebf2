package web

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"time"
)

// Kinds of one-time links.
const (
	// inviteSetup makes the first administrator.
	inviteSetup = "setup"
	// inviteUser lets a user choose a password.
	inviteUser = "invitation"
	// inviteSignIn signs a user in without a password.
	inviteSignIn = "sign_in"
)

// How long links are good for. Each works once.
const (
	setupLife  = 24 * time.Hour
	inviteLife = 7 * 24 * time.Hour
)

// invitation is a one-time link.
type invitation struct {
	Kind string `json:"kind"`
	// User is the id of whom it is for; "" = the administrator to be.
	User      string    `json:"user,omitempty"`
	Hash      []byte    `json:"hash"`
	ExpiresAt time.Time `json:"expires_at"`
}

func (i *invitation) key() string { return fmt.Sprintf("%x", i.Hash[:8]) }

// randomSecret has 256 random bits.
func randomSecret() string {
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // never fails, see crypto/rand
	return base64.RawURLEncoding.EncodeToString(secret)
}

// invite makes a link in place of those that its user has. The caller has the lock of changes.
func (a *Accounts) invite(ctx context.Context, kind, user string, life time.Duration) (token string, until time.Time, err error) {
	if err := a.dropInvitations(ctx, func(i invitation) bool { return i.User == user || i.ExpiresAt.Before(a.now()) }); err != nil {
		return "", until, err
	}
	token = randomSecret()
	hash := sha256.Sum256([]byte(token))
	inv := invitation{Kind: kind, User: user, Hash: hash[:], ExpiresAt: a.now().Add(life)}
	value, err := json.Marshal(inv)
	if err != nil {
		return "", until, fmt.Errorf("keep a link: %w", err)
	}
	if err := a.cfg.Invitations.Put(ctx, inv.key(), value); err != nil {
		return "", until, err
	}
	a.mu.Lock()
	a.invited[hash] = inv
	a.mu.Unlock()
	return token, inv.ExpiresAt, nil
}

// dropInvitations takes links back.
func (a *Accounts) dropInvitations(ctx context.Context, which func(invitation) bool) error {
	a.mu.RLock()
	var drop []invitation
	for _, i := range a.invited {
		if which(i) {
			drop = append(drop, i)
		}
	}
	a.mu.RUnlock()
	for _, i := range drop {
		if err := a.cfg.Invitations.Delete(ctx, i.key()); err != nil {
			return err
		}
		a.mu.Lock()
		delete(a.invited, [sha256.Size]byte(i.Hash))
		a.mu.Unlock()
	}
	return nil
}

// invitation looks a link up by its hash; what has expired is not there.
func (a *Accounts) invitation(token string) (invitation, bool) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	i, ok := a.invited[sha256.Sum256([]byte(token))]
	return i, ok && a.now().Before(i.ExpiresAt)
}

// SetupLink makes the token of the link by which the first administrator is made. It replaces the one before.
func (a *Accounts) SetupLink(ctx context.Context) (string, error) {
	a.change.Lock()
	defer a.change.Unlock()
	token, _, err := a.invite(ctx, inviteSetup, "", setupLife)
	return token, err
}

// SignInLink makes the token of a link that signs a user in once; a user that is not there is made, as an administrator.
func (a *Accounts) SignInLink(ctx context.Context, username, name string) (string, error) {
	a.change.Lock()
	defer a.change.Unlock()
	u, ok := a.byUsername(username)
	if !ok {
		made, err := a.createLocked(ctx, User{Username: username, Name: name, Role: Admin}, "")
		if err != nil {
			return "", err
		}
		u.User = made
	}
	token, _, err := a.invite(ctx, inviteSignIn, u.ID, setupLife)
	return token, err
}

// RecoveryLink makes the token of a link by which a user, who is let in again if need be, chooses a new password. What the user had opens
// nothing any more.
func (a *Accounts) RecoveryLink(ctx context.Context, username string) (string, User, error) {
	u, ok := a.byUsername(username)
	if !ok {
		return "", User{}, fmt.Errorf("user %s: %w", username, ErrNotFound)
	}
	token, _, after, err := a.reset(ctx, u.ID, func(s *storedUser) { s.Disabled = false })
	return token, after, err
}

// reset takes a user's password away and makes a link to choose a new one.
func (a *Accounts) reset(ctx context.Context, id string, also func(*storedUser)) (token string, until time.Time, after User, err error) {
	a.change.Lock()
	defer a.change.Unlock()
	u, ok := a.get(id)
	if !ok {
		return "", until, after, ErrNotFound
	}
	u.Hash, u.SessionsSince = "", a.now()
	also(&u)
	if err := a.put(ctx, u); err != nil {
		return "", until, after, err
	}
	a.locks.forget(u.Username)
	a.endSessions(ctx, id)
	token, until, err = a.invite(ctx, inviteUser, id, inviteLife)
	return token, until, u.view(), err
}

// newcomer is what somebody with a link says of themselves. Username and Name are for a setup only.
type newcomer struct{ Username, Name, Password string }

var errLink = fail(http.StatusUnauthorized, "the link was used or has expired: ask an administrator for a new one")

// redeem lets the holder of a link in, once. It returns whom, as they were before: nil where they were not there.
func (a *Accounts) redeem(ctx context.Context, token string, who newcomer) (before *User, u User, err error) {
	inv, ok := a.invitation(token)
	if !ok {
		return nil, u, errLink
	}
	hash := ""
	if inv.Kind != inviteSignIn { // outside the lock: it takes a while
		if hash, err = a.hash(ctx, who.Password); err != nil {
			return nil, u, err
		}
	}
	a.change.Lock()
	defer a.change.Unlock()
	if inv, ok = a.invitation(token); !ok {
		return nil, u, errLink
	}
	if inv.Kind == inviteSetup {
		u, err = a.setUp(ctx, &inv, User{Username: who.Username, Name: who.Name, Role: Admin}, hash)
		return nil, u, err
	}
	held, ok := a.get(inv.User)
	if !ok || held.Disabled {
		return nil, u, errLink
	}
	if err := a.dropInvitations(ctx, inv.is); err != nil {
		return nil, u, err
	}
	was := held.view()
	if inv.Kind == inviteUser {
		err = a.setPassword(ctx, held.ID, hash)
	}
	held, _ = a.get(inv.User)
	return &was, held.view(), err
}

func (i *invitation) is(other invitation) bool { return bytes.Equal(i.Hash, other.Hash) }

// setUp makes the first administrator.
func (a *Accounts) setUp(ctx context.Context, inv *invitation, u User, hash string) (User, error) {
	if a.Administered() {
		return u, fmt.Errorf("%w: there is an administrator already", ErrConflict)
	}
	if err := a.distinct(u); err != nil {
		return u, err
	}
	if err := a.dropInvitations(ctx, inv.is); err != nil {
		return u, err
	}
	return a.createLocked(ctx, u, hash)
}

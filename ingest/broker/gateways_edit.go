package broker

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"quantrac/geo"
)

// Refusals of a change.
var (
	// ErrNotFound says that there is no such gateway.
	ErrNotFound = errors.New("no such gateway")
	// ErrConfigured says that the gateway belongs to the configuration file.
	ErrConfigured = errors.New("the gateway belongs to the configuration file")
	// ErrNoStore says that these accounts can't be changed at all.
	ErrNoStore = errors.New("there is no place to keep gateways in")
)

// Invalid says what is wrong with a GatewaySpec.
type Invalid struct{ Problems []geo.Problem }

func (e *Invalid) Error() string {
	text := "invalid gateway"
	for _, p := range e.Problems {
		text += "; " + p.String()
	}
	return text
}

// passwordBytes is how many random bytes are in a password: 192 bits.
const passwordBytes = 24

// List is every gateway, by id.
func (g *Gateways) List() []GatewayView {
	g.mu.RLock()
	defer g.mu.RUnlock()
	all := make([]GatewayView, 0, len(g.byID))
	for _, a := range g.byID {
		all = append(all, a.view())
	}
	slices.SortFunc(all, func(a, b GatewayView) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

// Get is one gateway; ErrNotFound.
func (g *Gateways) Get(id string) (GatewayView, error) {
	a := g.account(id)
	if a == nil {
		return GatewayView{}, ErrNotFound
	}
	return a.view(), nil
}

// Identity is what a gateway may do now, for work that was begun in its name; false for one that is gone or disabled.
func (g *Gateways) Identity(id string) (Identity, bool) {
	a := g.account(id)
	if a == nil || a.Disabled {
		return Identity{}, false
	}
	return a.identity(), true
}

func (g *Gateways) account(id string) *account {
	g.mu.RLock()
	defer g.mu.RUnlock()
	return g.byID[id]
}

// Put makes a gateway or changes one. The password is "" unless it was made: it is shown this once. Sessions of a gateway that
// changed are cut. Errors: *Invalid, ErrConfigured, ErrNoStore, or what the store says.
func (g *Gateways) Put(ctx context.Context, id string, spec GatewaySpec) (view GatewayView, password string, created bool, err error) {
	spec, problems := spec.clean(id)
	if len(problems) > 0 {
		return GatewayView{}, "", false, &Invalid{problems}
	}
	g.editing.Lock()
	defer g.editing.Unlock()
	old := g.account(id)
	r := record{ID: id, Username: spec.Username, Stations: spec.Stations, Certificates: spec.Certificates, Disabled: spec.Disabled}
	switch {
	case old == nil:
		if password, r.PasswordHash, err = newPassword(); err != nil {
			return GatewayView{}, "", false, err
		}
		r.CreatedAt = g.opts.Now().UTC()
	case old.configured:
		return GatewayView{}, "", false, ErrConfigured
	default:
		r.PasswordHash, r.CreatedAt, r.RotatedAt = old.PasswordHash, old.CreatedAt, old.RotatedAt
	}
	a, err := g.replace(ctx, old, r)
	if err != nil {
		return GatewayView{}, "", false, err
	}
	return a.view(), password, old == nil, nil
}

// Rotate gives a gateway a new password, shown this once, and cuts its sessions. Errors as Put, and ErrNotFound.
func (g *Gateways) Rotate(ctx context.Context, id string) (view GatewayView, password string, err error) {
	g.editing.Lock()
	defer g.editing.Unlock()
	old, err := g.editable(id)
	if err != nil {
		return GatewayView{}, "", err
	}
	r := old.record
	if password, r.PasswordHash, err = newPassword(); err != nil {
		return GatewayView{}, "", err
	}
	now := g.opts.Now().UTC()
	r.RotatedAt = &now
	a, err := g.replace(ctx, old, r)
	if err != nil {
		return GatewayView{}, "", err
	}
	return a.view(), password, nil
}

// Delete ends a gateway's account and its sessions. Errors as Rotate.
func (g *Gateways) Delete(ctx context.Context, id string) error {
	g.editing.Lock()
	defer g.editing.Unlock()
	if _, err := g.editable(id); err != nil {
		return err
	}
	if err := g.opts.Store.Delete(ctx, id); err != nil {
		return fmt.Errorf("delete gateway %s: %w", id, err)
	}
	g.mu.Lock()
	g.unset(id)
	g.mu.Unlock()
	g.cut(id)
	return nil
}

func (g *Gateways) editable(id string) (*account, error) {
	a := g.account(id)
	switch {
	case a == nil:
		return nil, ErrNotFound
	case a.configured:
		return nil, ErrConfigured
	case g.opts.Store.Delete == nil:
		return nil, ErrNoStore
	}
	return a, nil
}

// replace stores an account and puts it in force. An edit that changes nothing cuts nobody.
func (g *Gateways) replace(ctx context.Context, old *account, r record) (*account, error) {
	if g.opts.Store.Put == nil {
		return nil, ErrNoStore
	}
	p := &presence{}
	if old != nil {
		if old.same(r) {
			return old, nil
		}
		p = old.presence
	}
	a, err := newAccount(r, false, p)
	if err != nil {
		return nil, err
	}
	if problem := g.room(a, old); problem != nil {
		return nil, &Invalid{[]geo.Problem{*problem}}
	}
	value, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("store gateway %s: %w", r.ID, err)
	}
	if err := g.opts.Store.Put(ctx, r.ID, value); err != nil {
		return nil, fmt.Errorf("store gateway %s: %w", r.ID, err)
	}
	if old != nil && old.PasswordHash == r.PasswordHash && old.Username == r.Username {
		a.verified.Store(old.verified.Load())
	}
	g.mu.Lock()
	g.set(a)
	// A login that was wrong may be right now.
	clear(g.refused)
	g.mu.Unlock()
	g.cut(r.ID)
	return a, nil
}

func (a *account) same(r record) bool {
	return a.Username == r.Username && a.PasswordHash == r.PasswordHash && a.Disabled == r.Disabled &&
		slices.Equal(a.Stations, r.Stations) && slices.Equal(a.Certificates, r.Certificates)
}

func (g *Gateways) room(a, old *account) *geo.Problem {
	g.mu.RLock()
	defer g.mu.RUnlock()
	if old == nil && len(g.byID) >= maxGateways {
		return &geo.Problem{Path: "id", Message: fmt.Sprintf("there are %d gateways already", maxGateways)}
	}
	if taken := g.taken(a); taken != "" {
		return &geo.Problem{Path: "", Message: taken + " belongs to another gateway"}
	}
	return nil
}

// cut ends the sessions of a gateway whose account changed.
func (g *Gateways) cut(id string) {
	g.mu.RLock()
	watchers := make([]func(string) int, 0, len(g.watchers))
	for _, w := range g.watchers {
		watchers = append(watchers, w)
	}
	g.mu.RUnlock()
	for _, w := range watchers {
		w(id)
	}
	if g.opts.Changed != nil {
		g.opts.Changed(id)
	}
}

func newPassword() (password, hash string, err error) {
	raw := make([]byte, passwordBytes)
	if _, err := rand.Read(raw); err != nil {
		return "", "", fmt.Errorf("make password: %w", err)
	}
	password = base64.RawURLEncoding.EncodeToString(raw)
	hash, err = HashPassword(password)
	return password, hash, err
}

// HasUser reports whether an account has the name as its user name or its id, so that a door which lets in strangers under a name
// of their own keeps that name for its owner.
func (g *Gateways) HasUser(username string) bool {
	if g == nil {
		return false
	}
	g.mu.RLock()
	defer g.mu.RUnlock()
	return g.byUser[username] != nil || g.byID[username] != nil
}

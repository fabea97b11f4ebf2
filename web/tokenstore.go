package web

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Store keeps small things durably, by id.
type Store struct {
	Put    func(ctx context.Context, id string, value []byte) error
	Delete func(ctx context.Context, id string) error
	All    func(ctx context.Context, visit func(id string, value []byte) error) error
}

// Tokens are the API tokens. Only their SHA-256 is kept: a token has 256 random bits, so a slow hash would add nothing.
type Tokens struct {
	store Store
	now   func() time.Time
	mu    sync.RWMutex
	by    map[[sha256.Size]byte]*heldToken
}

// Token is one API token without its secret.
type Token struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Role Role   `json:"role"`
	// Parks are those in which it may act; empty = all.
	Parks     []string  `json:"parks"`
	CreatedAt time.Time `json:"created_at,omitzero"` // the bootstrap token has none
	// ExpiresAt nil = it does not.
	ExpiresAt *time.Time `json:"expires_at"`
	// LastUsedAt is right to a minute or so; nil = never.
	LastUsedAt *time.Time `json:"last_used_at"`
}

// heldToken is a token with when it was last used, in memory and on disk, in ns; 0 = never.
type heldToken struct {
	Token
	hash       [sha256.Size]byte
	used, kept atomic.Int64
}

func (h *heldToken) view() Token {
	v := h.Token
	v.Parks = append([]string{}, h.Parks...)
	v.LastUsedAt = nil
	if used := h.used.Load(); used != 0 {
		at := time.Unix(0, used).UTC()
		v.LastUsedAt = &at
	}
	return v
}

type storedToken struct {
	Token
	Hash []byte `json:"hash"`
}

// OpenTokens reads the tokens. bootstrap, if not empty, is accepted as a token of role admin.
func OpenTokens(ctx context.Context, store Store, bootstrap string, now func() time.Time) (*Tokens, error) {
	t := &Tokens{store: store, now: now, by: map[[sha256.Size]byte]*heldToken{}}
	if bootstrap = strings.TrimSpace(bootstrap); bootstrap != "" {
		t.hold(Token{ID: bootstrapID, Name: bootstrapID, Role: Admin}, sha256.Sum256([]byte(bootstrap)))
	}
	err := readStore(ctx, store, "token", func(st storedToken) bool {
		if len(st.Hash) != sha256.Size {
			return false
		}
		t.hold(st.Token, [sha256.Size]byte(st.Hash))
		return true
	})
	return t, err
}

func (t *Tokens) hold(tok Token, hash [sha256.Size]byte) {
	h := &heldToken{Token: tok, hash: hash}
	if tok.LastUsedAt != nil {
		h.used.Store(tok.LastUsedAt.UnixNano())
		h.kept.Store(tok.LastUsedAt.UnixNano())
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.by[hash] = h
}

// keep writes a token.
func (t *Tokens) keep(ctx context.Context, tok Token, hash [sha256.Size]byte) error {
	value, err := json.Marshal(storedToken{tok, hash[:]})
	if err != nil {
		return fmt.Errorf("keep token %s: %w", tok.ID, err)
	}
	return t.store.Put(ctx, tok.ID, value)
}

// verify looks a token up by its hash, so the time that it takes says nothing about how near a guess was.
func (t *Tokens) verify(token string) (caller, bool) {
	sum := sha256.Sum256([]byte(token))
	t.mu.RLock()
	defer t.mu.RUnlock()
	h, ok := t.by[sum]
	if !ok {
		return caller{}, false
	}
	now := t.now()
	if h.ExpiresAt != nil && !now.Before(*h.ExpiresAt) {
		return caller{}, false
	}
	h.used.Store(max(h.used.Load(), now.UnixNano()))
	return caller{role: h.Role, name: h.Name, token: h.ID, parks: scope(h.Parks)}, true
}

// has reports whether a token is still there.
func (t *Tokens) has(id string) bool {
	_, ok := t.get(id)
	return ok
}

func (t *Tokens) get(id string) (Token, bool) {
	for _, tok := range t.list() {
		if tok.ID == id {
			return tok, true
		}
	}
	return Token{}, false
}

func (t *Tokens) list() []Token {
	t.mu.RLock()
	defer t.mu.RUnlock()
	all := make([]Token, 0, len(t.by))
	for _, h := range t.by {
		all = append(all, h.view())
	}
	return all
}

// remove forgets a token, in the store first.
func (t *Tokens) remove(ctx context.Context, id string) error {
	if err := t.store.Delete(ctx, id); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for hash, h := range t.by {
		if h.ID == id {
			delete(t.by, hash)
		}
	}
	return nil
}

// sweep writes down which tokens were used since the last time: not at each request, which would cost one write each.
func (t *Tokens) sweep(ctx context.Context) error {
	t.mu.RLock()
	var used []*heldToken
	for _, h := range t.by {
		if h.ID != bootstrapID && h.used.Load() != h.kept.Load() {
			used = append(used, h)
		}
	}
	t.mu.RUnlock()
	for _, h := range used {
		v := h.view()
		if err := t.keep(ctx, v, h.hash); err != nil {
			return err
		}
		h.kept.Store(v.LastUsedAt.UnixNano())
		if !t.has(h.ID) { // taken back meanwhile: what was just written must not come back
			if err := t.store.Delete(ctx, h.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// expired are the ids of the tokens that have ended by themselves. They stay in the list, where they tell why something stopped.
func (t *Tokens) expired() []string {
	now := t.now()
	var ids []string
	for _, tok := range t.list() {
		if tok.ExpiresAt != nil && !now.Before(*tok.ExpiresAt) {
			ids = append(ids, tok.ID)
		}
	}
	return ids
}

package web

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"quantrac/geo"
)

const tokenPrefix = "qt_"

func (s *Server) listTokens(w http.ResponseWriter, r *http.Request) error {
	t := s.cfg.Tokens
	t.mu.RLock()
	all := make([]Token, 0, len(t.by))
	for _, tok := range t.by {
		all = append(all, tok)
	}
	t.mu.RUnlock()
	slices.SortFunc(all, func(a, b Token) int { return strings.Compare(a.ID, b.ID) })
	l, err := page(r, all)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, l)
	return nil
}

// createToken answers with the token itself, once.
func (s *Server) createToken(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Name string `json:"name"`
		Role Role   `json:"role"`
	}
	if err := readJSON(r, &in); err != nil {
		return err
	}
	if in.Name == "" || len(in.Name) > 100 {
		return &Invalid{[]geo.Problem{{Path: "name", Message: "a name of 1 to 100 characters is needed"}}}
	}
	if in.Role == NoRole {
		return &Invalid{[]geo.Problem{{Path: "role", Message: "must be viewer, officer or admin"}}}
	}
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // never fails, see crypto/rand
	token := tokenPrefix + base64.RawURLEncoding.EncodeToString(secret)
	hash := sha256.Sum256([]byte(token))
	tok := Token{ID: fmt.Sprintf("%x", hash[:8]), Name: in.Name, Role: in.Role, CreatedAt: s.cfg.Now().UTC()}
	value, err := json.Marshal(storedToken{tok, hash[:]})
	if err != nil {
		return err
	}
	if err := s.cfg.Tokens.store.Put(r.Context(), tok.ID, value); err != nil {
		return err
	}
	s.cfg.Tokens.mu.Lock()
	s.cfg.Tokens.by[hash] = tok
	s.cfg.Tokens.mu.Unlock()
	writeJSON(w, http.StatusCreated, struct {
		Token
		Secret string `json:"token"`
	}{tok, token})
	return nil
}

func (s *Server) deleteToken(w http.ResponseWriter, r *http.Request) error {
	t, id := s.cfg.Tokens, r.PathValue("id")
	if id == "bootstrap" {
		return fail(http.StatusConflict, "the bootstrap token lives in QUANTRAC_BOOTSTRAP_TOKEN: unset it and restart")
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for hash, tok := range t.by {
		if tok.ID != id {
			continue
		}
		if err := t.store.Delete(r.Context(), id); err != nil {
			return err
		}
		delete(t.by, hash)
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	return ErrNotFound
}

// maxRequest bounds the JSON of an administrative request.
const maxRequest = 64 << 10

// readBody reads an administrative request's body.
func readBody(r *http.Request) (json.RawMessage, error) {
	var raw json.RawMessage
	if err := json.NewDecoder(http.MaxBytesReader(nil, r.Body, maxRequest)).Decode(&raw); err != nil {
		return nil, fail(http.StatusBadRequest, "the body must be a JSON object of at most 64 KiB: "+err.Error())
	}
	return raw, nil
}

func readJSON(r *http.Request, into any) error {
	d := json.NewDecoder(http.MaxBytesReader(nil, r.Body, maxRequest))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fail(http.StatusBadRequest, "the body cannot be read: "+err.Error())
	}
	return nil
}

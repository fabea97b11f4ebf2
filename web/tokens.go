package web

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

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
	l, err := page(r, all, func(t *Token) string { return t.ID }, nil)
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
		Role string `json:"role"`
	}
	if err := readJSON(r, &in); err != nil {
		return err
	}
	var problems []geo.Problem
	const longest = 100
	if n := utf8.RuneCountInString(in.Name); n == 0 || n > longest || strings.ContainsFunc(in.Name, unicode.IsControl) {
		problems = append(problems, geo.Problem{Path: "name", Message: "a name of 1 to 100 characters is needed"})
	}
	var role Role
	if err := role.UnmarshalText([]byte(in.Role)); err != nil || role == NoRole {
		problems = append(problems, geo.Problem{Path: "role", Message: "must be viewer, officer or admin"})
	}
	if len(problems) > 0 {
		return &Invalid{Problems: problems}
	}
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // never fails, see crypto/rand
	token := tokenPrefix + base64.RawURLEncoding.EncodeToString(secret)
	hash := sha256.Sum256([]byte(token))
	tok := Token{ID: fmt.Sprintf("%x", hash[:8]), Name: in.Name, Role: role, CreatedAt: s.cfg.Now().UTC()}
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
	s.audit(r, "token.create", tok.ID, nil, tok)
	writeJSON(w, http.StatusCreated, struct {
		Token
		Secret string `json:"token"`
	}{tok, token})
	return nil
}

// deleteToken takes a token back: it opens nothing from now on, and the websockets that it opened are closed.
func (s *Server) deleteToken(w http.ResponseWriter, r *http.Request) error {
	t, id := s.cfg.Tokens, r.PathValue("id")
	if id == "bootstrap" {
		return fail(http.StatusConflict, "the bootstrap token lives in QUANTRAC_BOOTSTRAP_TOKEN: unset it and restart")
	}
	before, there := t.get(id)
	if !there {
		return ErrNotFound
	}
	// Outside the lock: every request needs it, and the store may be slow.
	if err := t.store.Delete(r.Context(), id); err != nil {
		return err
	}
	t.mu.Lock()
	for hash, tok := range t.by {
		if tok.ID == id {
			delete(t.by, hash)
		}
	}
	t.mu.Unlock()
	s.cfg.Hub.revoke(id)
	s.audit(r, "token.delete", id, before, nil)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// maxRequest bounds the JSON of an administrative request.
const maxRequest = 64 << 10

// readBody reads an administrative request's body, which package webhook will look into.
func readBody(r *http.Request) (json.RawMessage, error) {
	var raw json.RawMessage
	err := readJSON(r, &raw)
	return raw, err
}

// readJSON reads one JSON value and nothing behind it.
func readJSON(r *http.Request, into any) error {
	d := json.NewDecoder(http.MaxBytesReader(nil, r.Body, maxRequest))
	d.DisallowUnknownFields()
	err := d.Decode(into)
	if err == nil {
		if _, err = d.Token(); errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = errors.New("there is more behind the object")
		}
	}
	return tooLargeOr(fail(http.StatusBadRequest, "the body must be one JSON object: "+err.Error()), err)
}

// tooLargeOr answers that a body is too large if that is what one of the causes says, else the first of the errors.
func tooLargeOr(otherwise error, causes ...error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(errors.Join(append(causes, otherwise)...), &tooLarge) {
		return fail(http.StatusRequestEntityTooLarge, "the body may have at most 64 KiB")
	}
	return otherwise
}

package web

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"quantrac/geo"
)

const (
	tokenPrefix = "qt_"
	bootstrapID = "bootstrap"
	// maxName bounds a name, in characters.
	maxName = 100
)

func (s *Server) listTokens(w http.ResponseWriter, r *http.Request) error {
	all := s.cfg.Tokens.list()
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
		Name      string     `json:"name"`
		Role      string     `json:"role"`
		Parks     []string   `json:"parks"`
		ExpiresAt *time.Time `json:"expires_at"`
	}
	if err := readJSON(r, &in); err != nil {
		return err
	}
	role, problems := s.checkAccess(in.Name, in.Role, in.Parks)
	if in.ExpiresAt != nil && !in.ExpiresAt.After(s.cfg.Now()) {
		problems = append(problems, geo.Problem{Path: "expires_at", Message: "must lie in the future"})
	}
	if len(problems) > 0 {
		return &Invalid{Problems: problems}
	}
	token := tokenPrefix + randomSecret()
	hash := sha256.Sum256([]byte(token))
	tok := Token{
		ID: fmt.Sprintf("%x", hash[:8]), Name: in.Name, Role: role, Parks: append([]string{}, in.Parks...), CreatedAt: s.cfg.Now().UTC(), ExpiresAt: in.ExpiresAt,
	}
	if err := s.cfg.Tokens.keep(r.Context(), tok, hash); err != nil {
		return err
	}
	s.cfg.Tokens.hold(tok, hash)
	s.audit(r, "token.create", tok.ID, nil, tok)
	writeJSON(w, http.StatusCreated, struct {
		Token
		Secret string `json:"token"`
	}{tok, token})
	return nil
}

// checkAccess finds what is wrong with who somebody is to be and what they are to be allowed.
func (s *Server) checkAccess(name, role string, parks []string) (Role, []geo.Problem) {
	var problems []geo.Problem
	if n := utf8.RuneCountInString(name); strings.TrimSpace(name) == "" || n > maxName || strings.ContainsFunc(name, unicode.IsControl) {
		problems = append(problems, geo.Problem{Path: "name", Message: "a name of 1 to 100 characters is needed"})
	}
	var as Role
	if err := as.UnmarshalText([]byte(role)); err != nil || as == NoRole {
		problems = append(problems, geo.Problem{Path: "role", Message: "must be viewer, officer or admin"})
	}
	if as == Admin && len(parks) > 0 {
		problems = append(problems, geo.Problem{Path: "parks", Message: "an administrator acts in all parks: leave it empty"})
	}
	reg := s.cfg.Registry()
	for i, id := range parks {
		switch _, known := reg.Park(id); {
		case !known:
			problems = append(problems, geo.Problem{Path: fmt.Sprintf("parks[%d]", i), Message: fmt.Sprintf("no park has the id %.80q", id)})
		case slices.Contains(parks[:i], id):
			problems = append(problems, geo.Problem{Path: fmt.Sprintf("parks[%d]", i), Message: "is named twice"})
		}
	}
	return as, problems
}

// deleteToken takes a token back: it opens nothing from now on, and the websockets that it opened are closed.
func (s *Server) deleteToken(w http.ResponseWriter, r *http.Request) error {
	t, id := s.cfg.Tokens, r.PathValue("id")
	if id == bootstrapID {
		return fail(http.StatusConflict, "the bootstrap token lives in QUANTRAC_BOOTSTRAP_TOKEN: unset it and restart")
	}
	before, there := t.get(id)
	if !there {
		return ErrNotFound
	}
	if err := t.remove(r.Context(), id); err != nil {
		return err
	}
	s.cfg.Hub.revoke("the token was taken back", id)
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

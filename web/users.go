package web

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"quantrac/geo"
)

// usernames: what people type. An e-mail address is one too.
var usernames = regexp.MustCompile(`^[a-z0-9][a-z0-9._@+-]{1,62}$`)

func checkUsername(name string) []geo.Problem {
	if !usernames.MatchString(name) {
		return []geo.Problem{{Path: "username", Message: "must be 2 to 63 of a-z, 0-9 and . _ @ + -, beginning with a letter or digit"}}
	}
	return nil
}

// etag changes with whatever an administrator can change, and not with a sign-in.
func (u *User) etag() string {
	b, err := json.Marshal([]any{u.ID, u.Username, u.Name, u.Role, append([]string{}, u.Parks...), u.Disabled, u.Pending})
	if err != nil {
		panic("user: " + err.Error()) // strings and flags only
	}
	sum := sha256.Sum256(b)
	return `"` + hex.EncodeToString(sum[:8]) + `"`
}

func writeUser(w http.ResponseWriter, status int, u User) {
	w.Header().Set("ETag", u.etag())
	writeJSON(w, status, u)
}

func (s *Server) listUsers(w http.ResponseWriter, r *http.Request) error {
	l, err := page(r, s.cfg.Accounts.Users(), func(u *User) string { return u.ID }, nil)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, l)
	return nil
}

func (s *Server) getUser(w http.ResponseWriter, r *http.Request) error {
	u, ok := s.cfg.Accounts.get(r.PathValue("id"))
	if !ok {
		return ErrNotFound
	}
	writeUser(w, http.StatusOK, u.view())
	return nil
}

// userWithLink is an answer that carries a one-time link, once.
type userWithLink struct {
	User
	Invitation string     `json:"invitation,omitempty"`
	ExpiresAt  *time.Time `json:"invitation_expires_at,omitempty"`
}

// createUser makes a user, and a link for them to choose a password unless the request brings one.
func (s *Server) createUser(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Username string   `json:"username"`
		Name     string   `json:"name"`
		Role     string   `json:"role"`
		Parks    []string `json:"parks"`
		Password string   `json:"password"`
	}
	if err := readJSON(r, &in); err != nil {
		return err
	}
	in.Username = strings.ToLower(strings.TrimSpace(in.Username))
	if in.Name = strings.TrimSpace(in.Name); in.Name == "" {
		in.Name = in.Username
	}
	role, problems := s.checkAccess(in.Name, in.Role, in.Parks)
	problems = append(checkUsername(in.Username), problems...)
	hash := ""
	if in.Password != "" {
		problems = append(problems, checkPassword(in.Password, in.Username)...)
	}
	if len(problems) > 0 {
		return &Invalid{Problems: problems}
	}
	accounts := s.cfg.Accounts
	var err error
	if in.Password != "" {
		if hash, err = accounts.hash(r.Context(), in.Password); err != nil {
			return s.refuseSignIn(w, r, in.Username, err)
		}
	}
	u, err := accounts.create(r.Context(), User{Username: in.Username, Name: in.Name, Role: role, Parks: in.Parks}, hash)
	if err != nil {
		return err
	}
	s.audit(r, "user.create", u.ID, nil, u)
	out := userWithLink{User: u}
	if hash == "" {
		if out.Invitation, out.ExpiresAt, err = s.inviteUser(r, u.ID); err != nil {
			return err
		}
	}
	w.Header().Set("ETag", u.etag())
	writeJSON(w, http.StatusCreated, out)
	return nil
}

func (s *Server) inviteUser(r *http.Request, id string) (link string, until *time.Time, err error) {
	a := s.cfg.Accounts
	a.change.Lock()
	defer a.change.Unlock()
	token, at, err := a.invite(r.Context(), inviteUser, id, inviteLife)
	return s.link(token), &at, err
}

// link is the address of a one-time link. The token stands behind the #, which browsers send to nobody.
func (s *Server) link(token string) string { return SetupLink(s.cfg.PublicURL, token) }

// SetupLink is the address at which the page takes the token of a one-time link.
func SetupLink(publicURL, token string) string {
	return strings.TrimSuffix(publicURL, "/") + "/#/setup?token=" + token
}

// updateUser changes what an administrator decides about a user.
func (s *Server) updateUser(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Name     string   `json:"name"`
		Role     string   `json:"role"`
		Parks    []string `json:"parks"`
		Disabled bool     `json:"disabled"`
	}
	if err := readJSON(r, &in); err != nil {
		return err
	}
	in.Name = strings.TrimSpace(in.Name)
	role, problems := s.checkAccess(in.Name, in.Role, in.Parks)
	if len(problems) > 0 {
		return &Invalid{Problems: problems}
	}
	id := r.PathValue("id")
	to := User{ID: id, Name: in.Name, Role: role, Parks: slices.Clone(in.Parks), Disabled: in.Disabled}
	before, after, err := s.cfg.Accounts.update(r.Context(), to, heldUser(r))
	if err != nil {
		return err
	}
	s.audit(r, "user.update", id, before, after)
	writeUser(w, http.StatusOK, after)
	return nil
}

// heldUser holds a user against the conditions of the request.
func heldUser(r *http.Request) func(User) error {
	return func(u User) error { return precondition(r, "user "+u.Username, u.etag()) }
}

func (s *Server) deleteUser(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	before, err := s.cfg.Accounts.remove(r.Context(), id, heldUser(r))
	if err != nil {
		return err
	}
	s.audit(r, "user.delete", id, before, nil)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// resetUser takes a user's password away, ends the sessions, and answers with a link to choose a new one.
func (s *Server) resetUser(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	held, ok := s.cfg.Accounts.get(id)
	if !ok {
		return ErrNotFound
	}
	before := held.view()
	if before.Role == Admin && !before.Pending && !before.Disabled && s.cfg.Accounts.administrators(id) == 0 && callerOf(r).user == id {
		return errLastAdmin // who has the link alone would be let in, and nobody else
	}
	token, until, after, err := s.cfg.Accounts.reset(r.Context(), id, func(*storedUser) {})
	if err != nil {
		return err
	}
	s.audit(r, "user.reset", id, before, after)
	writeJSON(w, http.StatusCreated, userWithLink{after, s.link(token), &until})
	return nil
}

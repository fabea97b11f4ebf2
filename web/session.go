package web

import (
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"quantrac/geo"
)

// Signing in and out. A session lives in a cookie that no script can read; a change by it needs the csrf of /api/v1/info besides.

// who is a user as the page needs to know them.
type who struct {
	ID       string   `json:"id"`
	Username string   `json:"username"`
	Name     string   `json:"name"`
	Role     Role     `json:"role"`
	Parks    []string `json:"parks"`
}

func whoIs(u User) who { return who{u.ID, u.Username, u.Name, u.Role, append([]string{}, u.Parks...)} }

// signIn takes a user name and a password, or the token of a one-time link with what it asks for.
func (s *Server) signIn(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Username   string `json:"username"`
		Password   string `json:"password"`
		Invitation string `json:"invitation"`
		Name       string `json:"name"`
	}
	if err := readJSON(r, &in); err != nil {
		return err
	}
	in.Username = strings.ToLower(strings.TrimSpace(in.Username))
	from := remoteNetwork(r)
	var u User
	var err error
	if in.Invitation != "" {
		u, err = s.redeem(r, in.Invitation, newcomer{in.Username, strings.TrimSpace(in.Name), in.Password})
	} else {
		u, err = s.byPassword(r, in.Username, in.Password)
	}
	if err != nil {
		return s.refuseSignIn(w, r, in.Username, err)
	}
	accounts := s.cfg.Accounts
	if u, err = accounts.signedIn(r.Context(), u.ID, from); err != nil {
		return s.refuseSignIn(w, r, in.Username, err)
	}
	token, err := accounts.open(r.Context(), u.ID)
	if err != nil {
		return err
	}
	s.endOld(r)
	s.auditAs(r, caller{user: u.ID, name: u.Name}, "session.create", u.ID)
	s.setSession(w, r, token)
	writeJSON(w, http.StatusOK, map[string]any{"user": whoIs(u), "csrf": csrfOf(token)})
	return nil
}

// endOld ends the session that a browser had before it signed in again.
func (s *Server) endOld(r *http.Request) {
	if c := callerOf(r); c.session != "" {
		s.cfg.Accounts.end(r.Context(), s.cfg.Accounts.sessionsOf(func(old *session) bool { return old.ID == c.session }))
	}
}

func (s *Server) byPassword(r *http.Request, username, password string) (User, error) {
	from := remoteNetwork(r)
	if s.auth.logins.blocked(from) {
		return User{}, &lockedError{guessEvery}
	}
	if len(username) > maxUsername || len(password) > longestPassword {
		return User{}, errWrongPassword
	}
	u, err := s.cfg.Accounts.check(r.Context(), username, password, from)
	if errors.Is(err, errWrongPassword) {
		s.auth.logins.wrong(from)
	}
	return u.User, err
}

// refuseSignIn answers why nobody was let in, without a word on whether the user exists.
func (s *Server) refuseSignIn(w http.ResponseWriter, r *http.Request, username string, err error) error {
	var locked *lockedError
	switch {
	case errors.As(err, &locked):
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(locked.wait.Seconds()))))
		return fail(http.StatusTooManyRequests, locked.Error())
	case errors.Is(err, errBusy):
		w.Header().Set("Retry-After", "2")
		return fail(http.StatusTooManyRequests, errBusy.Error())
	case errors.Is(err, errWrongPassword):
		s.cfg.Logger.Warn("sign-in refused", "username", strconv.QuoteToASCII(username), "from", remoteHost(r))
		return fail(http.StatusUnauthorized, errWrongPassword.Error())
	}
	return err
}

// redeem lets the holder of a one-time link in.
func (s *Server) redeem(r *http.Request, token string, as newcomer) (User, error) {
	inv, err := s.linkOf(r, token)
	if err != nil {
		return User{}, err
	}
	if inv.Kind == inviteUser {
		u, _ := s.cfg.Accounts.get(inv.User)
		as.Username = u.Username
	}
	if problems := s.checkNewcomer(inv.Kind, as); len(problems) > 0 {
		return User{}, &Invalid{Problems: problems}
	}
	before, u, err := s.cfg.Accounts.redeem(r.Context(), token, as)
	if err != nil {
		return u, err
	}
	me := caller{user: u.ID, name: u.Name}
	switch inv.Kind {
	case inviteSetup:
		s.keepAudit(r.Context(), s.entry(r, me, "user.create", u.ID), nil, u)
	case inviteUser:
		s.keepAudit(r.Context(), s.entry(r, me, "user.password", u.ID), before, u)
	}
	return u, nil
}

func (s *Server) checkNewcomer(kind string, as newcomer) []geo.Problem {
	var problems []geo.Problem
	if kind == inviteSetup {
		problems = checkUsername(as.Username)
		_, more := s.checkAccess(as.Name, Admin.String(), nil)
		problems = append(problems, more...)
	}
	if kind != inviteSignIn {
		problems = append(problems, checkPassword(as.Password, as.Username)...)
	}
	return problems
}

func checkPassword(password, username string) []geo.Problem {
	if fault := passwordFault(password, username); fault != "" {
		return []geo.Problem{{Path: "password", Message: fault}}
	}
	return nil
}

// linkOf looks a one-time link up. A wrong one counts as a guess.
func (s *Server) linkOf(r *http.Request, token string) (invitation, error) {
	from := remoteNetwork(r)
	if s.auth.guesses.blocked(from) {
		return invitation{}, fail(http.StatusTooManyRequests, "too many wrong links from this address; wait 10 s")
	}
	inv, ok := s.cfg.Accounts.invitation(token)
	if !ok {
		s.auth.guesses.wrong(from)
		return inv, errLink
	}
	return inv, nil
}

// peekInvitation says what a one-time link is for, without using it.
func (s *Server) peekInvitation(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Invitation string `json:"invitation"`
	}
	if err := readJSON(r, &in); err != nil {
		return err
	}
	inv, err := s.linkOf(r, in.Invitation)
	if err != nil {
		return err
	}
	u, _ := s.cfg.Accounts.get(inv.User)
	writeJSON(w, http.StatusOK, map[string]any{"kind": inv.Kind, "username": u.Username, "name": u.Name, "expires_at": inv.ExpiresAt.Format(time.RFC3339)})
	return nil
}

// signOut ends the session of the request, with ?everywhere=true all of its user.
func (s *Server) signOut(w http.ResponseWriter, r *http.Request) error {
	c := callerOf(r)
	if c.session != "" {
		if r.URL.Query().Get("everywhere") == "true" {
			s.cfg.Accounts.endSessions(r.Context(), c.user)
		} else {
			s.endOld(r)
		}
		s.audit(r, "session.delete", c.user, nil, nil)
	}
	s.setSession(w, r, "")
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// changePassword gives the user of the session a new password. Every other session ends, and this one goes on under a new token.
func (s *Server) changePassword(w http.ResponseWriter, r *http.Request) error {
	c := callerOf(r)
	if c.session == "" {
		return fail(http.StatusConflict, "only who has signed in has a password")
	}
	var in struct {
		Current  string `json:"current"`
		Password string `json:"password"`
	}
	if err := readJSON(r, &in); err != nil {
		return err
	}
	accounts := s.cfg.Accounts
	u, ok := accounts.get(c.user)
	if !ok {
		return ErrNotFound
	}
	if problems := checkPassword(in.Password, u.Username); len(problems) > 0 {
		return &Invalid{Problems: problems}
	}
	// Who signed in by a link and has no password yet has none to show.
	if u.Hash != "" {
		switch _, err := s.byPassword(r, u.Username, in.Current); {
		case errors.Is(err, errWrongPassword):
			return &Invalid{Problems: []geo.Problem{{Path: "current", Message: "is not the password that you have"}}}
		case err != nil:
			return s.refuseSignIn(w, r, u.Username, err)
		}
	}
	hash, err := accounts.hash(r.Context(), in.Password)
	if err != nil {
		return s.refuseSignIn(w, r, u.Username, err)
	}
	accounts.change.Lock()
	err = accounts.setPassword(r.Context(), u.ID, hash)
	accounts.change.Unlock()
	if err != nil {
		return err
	}
	token, err := accounts.open(r.Context(), u.ID)
	if err != nil {
		return err
	}
	s.audit(r, "user.password", u.ID, nil, nil)
	s.setSession(w, r, token)
	writeJSON(w, http.StatusOK, map[string]any{"user": whoIs(u.User), "csrf": csrfOf(token)})
	return nil
}

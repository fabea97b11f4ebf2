package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"quantrac/web"
	"quantrac/web/audit"
)

const userUsage = `usage: quantrac user COMMAND [flags]

  list                            every user
  add NAME --role ROLE            a new user (viewer, officer, admin); a one-time link to choose a password is printed once
  role NAME ROLE                  change the role; --parks A,B bounds where the user may act ("" = everywhere)
  disable NAME, enable NAME       keep the user out without deleting, or let in again; open sessions end
  reset NAME                      take the password away and print a one-time link to choose a new one
  delete NAME                     delete the user; open sessions end
  recover [NAME]                  when nobody can sign in: prints a one-time link. It needs no token but the data directory
                                  (--data, --config), and the service must be stopped

QUANTRAC_BOOTSTRAP_TOKEN in the environment of the service is an administrator's token without an account.
` + apiUsage

// user manages the users of a running service.
func user(ctx context.Context, args []string, out io.Writer) error {
	if len(args) == 0 {
		fmt.Fprint(os.Stderr, userUsage)
		return errUsage
	}
	c := &apiClient{}
	switch name, rest := args[0], args[1:]; name {
	case "list":
		return c.listUsers(ctx, rest, out)
	case "add":
		return c.addUser(ctx, rest, out)
	case "role":
		return c.setRole(ctx, rest, out)
	case "disable", "enable":
		return c.changeUser(ctx, c.flags("user "+name+" NAME"), rest, out, func(u *web.User) { u.Disabled = name == "disable" })
	case "reset":
		return c.resetUser(ctx, rest, out)
	case "delete":
		return c.deleteUser(ctx, rest, out)
	case "recover":
		return recoverUser(ctx, rest, out)
	case "help", "-h", "--help":
		fmt.Fprint(out, userUsage)
		return nil
	default:
		fmt.Fprintf(os.Stderr, "quantrac user has no %q\n\n%s", name, userUsage)
		return errUsage
	}
}

const usersPath = "/api/v1/users"

// userAnswer is a user as the API answers it; the link is there once.
type userAnswer struct {
	web.User
	Invitation string     `json:"invitation,omitempty"`
	ExpiresAt  *time.Time `json:"invitation_expires_at,omitempty"`
}

func (c *apiClient) listUsers(ctx context.Context, args []string, out io.Writer) error {
	if _, err := c.parse(c.flags("user list"), args, 0, 0); err != nil {
		return err
	}
	all, err := listAll[web.User](ctx, c, usersPath, url.Values{}, 0)
	if err != nil {
		return err
	}
	if c.json {
		return printJSON(out, all)
	}
	rows := make([][]string, len(all))
	for i := range all {
		u := &all[i]
		rows[i] = []string{u.Username, u.Name, u.Role.String(), scopeOf(u.Parks), userState(u), when(u.LastSignIn)}
	}
	return printTable(out, "USERNAME NAME ROLE PARKS STATE LAST_SIGN_IN", rows)
}

func scopeOf(parks []string) string {
	if len(parks) == 0 {
		return "all"
	}
	return few(parks)
}

func userState(u *web.User) string {
	switch {
	case u.Disabled:
		return "disabled"
	case u.Pending:
		return "no password yet"
	}
	return "active"
}

// findUser reads one user by user name, with what a change of it is held against.
func (c *apiClient) findUser(ctx context.Context, name string) (u userAnswer, tag string, err error) {
	all, err := listAll[web.User](ctx, c, usersPath, url.Values{}, 0)
	if err != nil {
		return u, "", err
	}
	for i := range all {
		if all[i].Username != strings.ToLower(name) {
			continue
		}
		header, err := c.do(ctx, request{method: http.MethodGet, path: userPath(all[i].ID), into: &u})
		return u, header.Get("ETag"), err
	}
	return u, "", fmt.Errorf("there is no user %s", printable(name))
}

func userPath(id string) string { return usersPath + "/" + url.PathEscape(id) }

func parksFlag(fs *flag.FlagSet) *string {
	return fs.String("parks", "", "`IDS` of the parks in which to act, separated by commas; empty = all")
}

func parkList(text string) []string {
	parks := []string{}
	for id := range strings.SplitSeq(text, ",") {
		if id = strings.TrimSpace(id); id != "" {
			parks = append(parks, id)
		}
	}
	return parks
}

func (c *apiClient) addUser(ctx context.Context, args []string, out io.Writer) error {
	fs := c.flags("user add NAME")
	role := fs.String("role", "viewer", "`ROLE`: viewer, officer or admin")
	full := fs.String("name", "", "`NAME` as others see it; empty = the user name")
	parks := parksFlag(fs)
	names, err := c.parse(fs, args, 1, 1)
	if err != nil {
		return err
	}
	body := map[string]any{"username": names[0], "name": *full, "role": *role, "parks": parkList(*parks)}
	var u userAnswer
	if _, err := c.do(ctx, request{method: http.MethodPost, path: usersPath, body: body, into: &u}); err != nil {
		return err
	}
	return c.printUser(out, &u)
}

func (c *apiClient) setRole(ctx context.Context, args []string, out io.Writer) error {
	fs := c.flags("user role NAME ROLE")
	parks := parksFlag(fs)
	names, err := c.parse(fs, args, 2, 2)
	if err != nil {
		return err
	}
	var role web.Role
	if err := role.UnmarshalText([]byte(names[1])); err != nil {
		return err
	}
	given := false
	fs.Visit(func(f *flag.Flag) { given = given || f.Name == "parks" })
	return c.change(ctx, names[0], out, func(u *web.User) {
		u.Role = role
		if given || role == web.Admin {
			u.Parks = parkList(*parks)
		}
	})
}

func (c *apiClient) changeUser(ctx context.Context, fs *flag.FlagSet, args []string, out io.Writer, change func(*web.User)) error {
	names, err := c.parse(fs, args, 1, 1)
	if err != nil {
		return err
	}
	return c.change(ctx, names[0], out, change)
}

// change reads a user and writes them back, unless somebody else changed them in between.
func (c *apiClient) change(ctx context.Context, name string, out io.Writer, change func(*web.User)) error {
	u, tag, err := c.findUser(ctx, name)
	if err != nil {
		return err
	}
	change(&u.User)
	body := map[string]any{"name": u.Name, "role": u.Role, "parks": u.Parks, "disabled": u.Disabled}
	same := http.Header{"If-Match": {tag}}
	if _, err := c.do(ctx, request{http.MethodPut, userPath(u.ID), same, body, &u}); err != nil {
		return err
	}
	return c.printUser(out, &u)
}

func (c *apiClient) resetUser(ctx context.Context, args []string, out io.Writer) error {
	names, err := c.parse(c.flags("user reset NAME"), args, 1, 1)
	if err != nil {
		return err
	}
	u, _, err := c.findUser(ctx, names[0])
	if err != nil {
		return err
	}
	if _, err := c.do(ctx, request{method: http.MethodPost, path: userPath(u.ID) + "/reset", into: &u}); err != nil {
		return err
	}
	return c.printUser(out, &u)
}

func (c *apiClient) deleteUser(ctx context.Context, args []string, out io.Writer) error {
	names, err := c.parse(c.flags("user delete NAME"), args, 1, 1)
	if err != nil {
		return err
	}
	u, _, err := c.findUser(ctx, names[0])
	if err != nil {
		return err
	}
	if _, err := c.do(ctx, request{method: http.MethodDelete, path: userPath(u.ID)}); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "user %s is deleted\n", printable(u.Username))
	return err
}

func (c *apiClient) printUser(out io.Writer, u *userAnswer) error {
	if c.json {
		return printJSON(out, u)
	}
	rows := [][]string{
		{"name", u.Name},
		{"role", u.Role.String()},
		{"parks", scopeOf(u.Parks)},
		{"state", userState(&u.User)},
		{"created", when(&u.CreatedAt)},
		{"last sign-in", when(u.LastSignIn)},
	}
	if u.Invitation != "" {
		rows = append(rows, []string{"link", u.Invitation}, []string{"", "It works once, until " + when(u.ExpiresAt) + ", and is shown this once: hand it to the user."})
	}
	return printTable(out, "user "+printable(u.Username), rows)
}

// recoverUser lets somebody in who has the machine and nothing else: it writes a one-time link into the data of a service that is stopped.
func recoverUser(ctx context.Context, args []string, out io.Writer) (err error) {
	name := ""
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		name, args = strings.ToLower(args[0]), args[1:]
	}
	cfg, err := loadConfig("user recover [NAME]", args, false)
	if err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(cfg.Data, "stream")); err != nil && cfg.NATS.URL == "" {
		return fmt.Errorf("%s holds no data of quantrac (--data says where it is)", cfg.Data)
	}
	s := &service{cfg: cfg, log: slog.New(slog.DiscardHandler), figures: newFigures()}
	defer func() {
		for i := len(s.closers) - 1; i >= 0; i-- {
			err = errors.Join(err, s.closers[i]())
		}
	}()
	if err := s.lockData(); err != nil {
		return fmt.Errorf("%w. With an administrator's token \"quantrac user reset NAME\" does it while the service runs", err)
	}
	if err := s.openStream(ctx); err != nil {
		return err
	}
	_, accounts, err := openAccess(ctx, s.stream, "", s.log)
	if err != nil {
		return err
	}
	return s.recover(ctx, accounts, name, out)
}

func (s *service) recover(ctx context.Context, accounts *web.Accounts, name string, out io.Writer) error {
	base := s.cfg.HTTP.PublicURL
	if base == "" {
		base = "http://" + s.cfg.HTTP.Listen
	}
	token, object, err := "", "setup", error(nil)
	switch {
	case name != "":
		var u web.User
		token, u, err = accounts.RecoveryLink(ctx, name)
		object = u.ID
	case accounts.Administered():
		return fmt.Errorf("name one of the users: %s", strings.Join(usernames(accounts.Users()), ", "))
	default:
		token, err = accounts.SetupLink(ctx)
	}
	if err != nil {
		return err
	}
	trail, err := audit.Open(ctx, s.stream)
	if err != nil {
		return err
	}
	entry := audit.Entry{At: time.Now().UTC(), ActorKind: "system", ActorName: "quantrac user recover", Action: "user.recover", Object: object}
	if err := trail.Add(ctx, entry); err != nil {
		return err
	}
	fmt.Fprintf(out, "start the service, then open this link, once: %s\n", web.SetupLink(base, token))
	return nil
}

func usernames(users []web.User) []string {
	names := make([]string, len(users))
	for i := range users {
		names[i] = users[i].Username
	}
	return names
}

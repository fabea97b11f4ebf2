package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"quantrac/web"
)

const tokenUsage = `usage: quantrac token COMMAND [flags]

  list                            every API token, without the tokens themselves
  create NAME --role ROLE         a new token, printed once (viewer, officer, admin); --parks and --expires bound it
  revoke ID                       take a token back; the websockets that it opened are closed
` + apiUsage

// token manages the API tokens of a running service.
func token(ctx context.Context, args []string, out io.Writer) error {
	if len(args) == 0 {
		fmt.Fprint(os.Stderr, tokenUsage)
		return errUsage
	}
	c := &apiClient{}
	switch name, rest := args[0], args[1:]; name {
	case "list":
		return c.listTokens(ctx, rest, out)
	case "create":
		return c.createToken(ctx, rest, out)
	case "revoke":
		return c.revokeToken(ctx, rest, out)
	case "help", "-h", "--help":
		fmt.Fprint(out, tokenUsage)
		return nil
	default:
		fmt.Fprintf(os.Stderr, "quantrac token has no %q\n\n%s", name, tokenUsage)
		return errUsage
	}
}

const tokensPath = "/api/v1/tokens"

func (c *apiClient) listTokens(ctx context.Context, args []string, out io.Writer) error {
	if _, err := c.parse(c.flags("token list"), args, 0, 0); err != nil {
		return err
	}
	all, err := listAll[web.Token](ctx, c, tokensPath, url.Values{}, 0)
	if err != nil {
		return err
	}
	if c.json {
		return printJSON(out, all)
	}
	rows := make([][]string, len(all))
	for i := range all {
		t := &all[i]
		rows[i] = []string{t.ID, t.Name, t.Role.String(), scopeOf(t.Parks), when(&t.CreatedAt), when(t.ExpiresAt), when(t.LastUsedAt)}
	}
	return printTable(out, "ID NAME ROLE PARKS CREATED EXPIRES LAST_USED", rows)
}

func (c *apiClient) createToken(ctx context.Context, args []string, out io.Writer) error {
	fs := c.flags("token create NAME")
	role := fs.String("role", "viewer", "`ROLE`: viewer, officer or admin")
	parks := parksFlag(fs)
	expires := fs.String("expires", "", "`TIME` from now after which it opens nothing, like 90d or 12h; empty = never")
	names, err := c.parse(fs, args, 1, 1)
	if err != nil {
		return err
	}
	body := map[string]any{"name": names[0], "role": *role, "parks": parkList(*parks)}
	if *expires != "" {
		life, err := lifetime(*expires)
		if err != nil {
			return err
		}
		body["expires_at"] = time.Now().Add(life).UTC().Format(time.RFC3339)
	}
	var made struct {
		web.Token
		Secret string `json:"token"`
	}
	if _, err := c.do(ctx, request{method: http.MethodPost, path: tokensPath, body: body, into: &made}); err != nil {
		return err
	}
	if c.json {
		return printJSON(out, made)
	}
	return printTable(out, "token "+printable(made.ID), [][]string{
		{"name", made.Name},
		{"role", made.Role.String()},
		{"parks", scopeOf(made.Parks)},
		{"expires", when(made.ExpiresAt)},
		{"token", made.Secret},
		{"", "It is shown this once and kept nowhere in clear."},
	})
}

// lifetime reads a Go duration, or whole days like 90d.
func lifetime(text string) (time.Duration, error) {
	const day = 24 * time.Hour
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.Atoi(days); err == nil && n > 0 && n <= 36500 {
			return time.Duration(n) * day, nil
		}
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("--expires: %q is no time like 90d or 12h", text)
	}
	return d, nil
}

func (c *apiClient) revokeToken(ctx context.Context, args []string, out io.Writer) error {
	names, err := c.parse(c.flags("token revoke ID"), args, 1, 1)
	if err != nil {
		return err
	}
	if _, err := c.do(ctx, request{method: http.MethodDelete, path: tokensPath + "/" + url.PathEscape(names[0])}); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "token %s is taken back\n", printable(names[0]))
	return err
}

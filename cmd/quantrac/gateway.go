package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"

	"quantrac/web"
)

const gatewayUsage = `usage: quantrac gateway COMMAND [flags]

  list                            every gateway
  show ID                         one gateway
  create ID --stations A,B        a new gateway; its password is printed once ("*" = every station)
  rotate ID                       a new password, printed once; the old one opens nothing from then on
  revoke ID                       delete the gateway and end its connections
  enable ID, disable ID           let it in, or keep it out without deleting it
` + apiUsage

// gateway manages the gateways of a running service.
func gateway(ctx context.Context, args []string, out io.Writer) error {
	if len(args) == 0 {
		fmt.Fprint(os.Stderr, gatewayUsage)
		return errUsage
	}
	c := &apiClient{}
	switch name, rest := args[0], args[1:]; name {
	case "list":
		return c.listGateways(ctx, rest, out)
	case "create":
		return c.createGateway(ctx, rest, out)
	case "show":
		return c.gatewayCall(ctx, name, rest, out, func(id string) request { return request{method: http.MethodGet, path: gatewayPath(id)} })
	case "rotate":
		return c.gatewayCall(ctx, name, rest, out, func(id string) request {
			return request{method: http.MethodPost, path: gatewayPath(id) + "/rotate"}
		})
	case "revoke":
		return c.revokeGateway(ctx, rest, out)
	case "enable", "disable":
		return c.switchGateway(ctx, name, rest, out)
	case "help", "-h", "--help":
		fmt.Fprint(out, gatewayUsage)
		return nil
	default:
		fmt.Fprintf(os.Stderr, "quantrac gateway has no %q\n\n%s", name, gatewayUsage)
		return errUsage
	}
}

func gatewayPath(id string) string { return "/api/v1/gateways/" + url.PathEscape(id) }

// gatewayAnswer is a gateway as the API answers it; the password is there once.
type gatewayAnswer struct {
	web.Gateway
	Password string `json:"password,omitempty"`
}

// gatewayBody is what PUT takes.
type gatewayBody struct {
	Username     string   `json:"username,omitempty"`
	Stations     []string `json:"stations"`
	Certificates []string `json:"certificates"`
	Disabled     bool     `json:"disabled"`
}

func (c *apiClient) listGateways(ctx context.Context, args []string, out io.Writer) error {
	if _, err := c.parse(c.flags("gateway list"), args, 0, 0); err != nil {
		return err
	}
	all, err := listAll[web.Gateway](ctx, c, "/api/v1/gateways", url.Values{}, 0)
	if err != nil {
		return err
	}
	if c.json {
		return printJSON(out, all)
	}
	rows := make([][]string, len(all))
	for i := range all {
		g := &all[i]
		rows[i] = []string{g.ID, g.Username, few(g.Stations), fmt.Sprint(len(g.Certificates)), g.Source, gatewayState(g), when(g.LastSeen)}
	}
	return printTable(out, "ID USERNAME STATIONS CERTIFICATES SOURCE STATE LAST_SEEN", rows)
}

// few names the first of many stations.
func few(ids []string) string {
	const most = 3
	if len(ids) <= most {
		return strings.Join(ids, ",")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(ids[:most], ","), len(ids)-most)
}

func gatewayState(g *web.Gateway) string {
	switch {
	case g.Disabled:
		return "disabled"
	case g.Connected:
		return "connected"
	}
	return "away"
}

func (c *apiClient) createGateway(ctx context.Context, args []string, out io.Writer) error {
	fs := c.flags("gateway create ID")
	var body gatewayBody
	fs.StringVar(&body.Username, "username", "", "MQTT user `NAME`; empty = the id")
	stations := fs.String("stations", "", "`IDS` of the stations that it may publish for, separated by commas; * = every one")
	fs.Func("certificate", "`SHA256` of a client certificate that it may come with, in hex; may be repeated", func(v string) error {
		body.Certificates = append(body.Certificates, v)
		return nil
	})
	fs.BoolVar(&body.Disabled, "disabled", false, "do not let it in yet")
	names, err := c.parse(fs, args, 1, 1)
	if err != nil {
		return err
	}
	for id := range strings.SplitSeq(*stations, ",") {
		if id = strings.TrimSpace(id); id != "" {
			body.Stations = append(body.Stations, id)
		}
	}
	if len(body.Stations) == 0 {
		fmt.Fprintln(os.Stderr, `quantrac gateway create needs --stations A,B, or --stations "*"`)
		return errUsage
	}
	// Without this an id that is taken would change that gateway instead of making one.
	create := http.Header{"If-None-Match": {"*"}}
	var g gatewayAnswer
	if _, err := c.do(ctx, request{http.MethodPut, gatewayPath(names[0]), create, body, &g}); err != nil {
		return err
	}
	return c.printGateway(out, &g)
}

// gatewayCall makes a call about one gateway and prints what it answers.
func (c *apiClient) gatewayCall(ctx context.Context, name string, args []string, out io.Writer, call func(id string) request) error {
	names, err := c.parse(c.flags("gateway "+name+" ID"), args, 1, 1)
	if err != nil {
		return err
	}
	var g gatewayAnswer
	r := call(names[0])
	r.into = &g
	if _, err := c.do(ctx, r); err != nil {
		return err
	}
	return c.printGateway(out, &g)
}

func (c *apiClient) revokeGateway(ctx context.Context, args []string, out io.Writer) error {
	names, err := c.parse(c.flags("gateway revoke ID"), args, 1, 1)
	if err != nil {
		return err
	}
	if _, err := c.do(ctx, request{method: http.MethodDelete, path: gatewayPath(names[0])}); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "gateway %s is revoked\n", printable(names[0]))
	return err
}

// switchGateway reads a gateway and writes it back, unless somebody else changed it in between.
func (c *apiClient) switchGateway(ctx context.Context, name string, args []string, out io.Writer) error {
	names, err := c.parse(c.flags("gateway "+name+" ID"), args, 1, 1)
	if err != nil {
		return err
	}
	var g gatewayAnswer
	header, err := c.do(ctx, request{method: http.MethodGet, path: gatewayPath(names[0]), into: &g})
	if err != nil {
		return err
	}
	body := gatewayBody{g.Username, g.Stations, g.Certificates, name == "disable"}
	same := http.Header{"If-Match": {header.Get("ETag")}}
	if _, err := c.do(ctx, request{http.MethodPut, gatewayPath(names[0]), same, body, &g}); err != nil {
		return err
	}
	return c.printGateway(out, &g)
}

func (c *apiClient) printGateway(out io.Writer, g *gatewayAnswer) error {
	if c.json {
		return printJSON(out, g)
	}
	rows := [][]string{
		{"username", g.Username},
		{"stations", strings.Join(g.Stations, ",")},
		{"certificates", strings.Join(g.Certificates, ",")},
		{"source", g.Source},
		{"state", gatewayState(&g.Gateway)},
		{"created", when(g.CreatedAt)},
		{"rotated", when(g.RotatedAt)},
		{"last seen", when(g.LastSeen)},
		{"from", g.Remote},
	}
	if g.Password != "" {
		rows = append(rows, []string{"password", g.Password}, []string{"", "It is shown this once and kept nowhere in clear: put it into the gateway now."})
	}
	return printTable(out, "gateway "+printable(g.ID), rows)
}

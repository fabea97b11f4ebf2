package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"

	"quantrac/ingest"
	"quantrac/web"
)

const aliasUsage = `usage: quantrac alias COMMAND [flags]

  list                            the names that vendors use, and what they mean
  add parameter NAME CODE         a vendor's name for a parameter
  add station NAME ID             a vendor's name for a station
  add topic PATTERN [ID]          an MQTT topic filter or file name pattern, and the station of what comes by it; without ID
                                  the pattern holds {station}, or sets only --dialect or --parameter
  delete ID                       forget one
` + apiUsage

// alias manages the names that vendors use, in a running service.
func alias(ctx context.Context, args []string, out io.Writer) error {
	if len(args) == 0 {
		fmt.Fprint(os.Stderr, aliasUsage)
		return errUsage
	}
	c := &apiClient{}
	switch name, rest := args[0], args[1:]; name {
	case "list":
		return c.listAliases(ctx, rest, out)
	case "add":
		return c.addAlias(ctx, rest, out)
	case "delete":
		return c.deleteAlias(ctx, rest, out)
	case "help", "-h", "--help":
		fmt.Fprint(out, aliasUsage)
		return nil
	default:
		fmt.Fprintf(os.Stderr, "quantrac alias has no %q\n\n%s", name, aliasUsage)
		return errUsage
	}
}

func (c *apiClient) listAliases(ctx context.Context, args []string, out io.Writer) error {
	fs := c.flags("alias list")
	kind := fs.String("kind", "", "only this `KIND`: parameter, station or topic")
	if _, err := c.parse(fs, args, 0, 0); err != nil {
		return err
	}
	q := url.Values{}
	if *kind != "" {
		q.Set("kind", *kind)
	}
	all, err := listAll[web.Alias](ctx, c, "/api/v1/aliases", q, 0)
	if err != nil {
		return err
	}
	return c.printAliases(out, all)
}

func (c *apiClient) printAliases(out io.Writer, all []web.Alias) error {
	if c.json {
		return printJSON(out, all)
	}
	rows := make([][]string, len(all))
	for i, a := range all {
		factor := ""
		if a.Factor != 0 {
			factor = strconv.FormatFloat(a.Factor, 'g', -1, 64)
		}
		rows[i] = []string{a.ID, a.Kind, a.Name, a.Target, a.Station, a.Parameter, a.Dialect, a.Unit, factor, a.Source, when(&a.CreatedAt)}
	}
	return printTable(out, "ID KIND NAME TARGET STATION PARAMETER DIALECT UNIT FACTOR SOURCE CREATED", rows)
}

func (c *apiClient) addAlias(ctx context.Context, args []string, out io.Writer) error {
	fs := c.flags("alias add KIND NAME [TARGET]")
	var m ingest.Mapping
	fs.StringVar(&m.Station, "station", "", "a parameter's name means this at one station only, its `ID`")
	fs.StringVar(&m.Dialect, "dialect", "", "what comes by a topic is read as this `DIALECT` only")
	fs.StringVar(&m.Parameter, "parameter", "", "what comes by a topic is one value of this parameter, its `CODE`")
	fs.StringVar(&m.Unit, "unit", "", "`UNIT` that a parameter's values come in")
	fs.Float64Var(&m.Factor, "factor", 0, "a parameter's values are multiplied by this `NUMBER`")
	names, err := c.parse(fs, args, 2, 3)
	if err != nil {
		return err
	}
	m.Kind, m.Name = names[0], names[1]
	if len(names) > 2 {
		m.Target = names[2]
	}
	var made web.Alias
	if _, err := c.do(ctx, request{method: http.MethodPost, path: "/api/v1/aliases", body: m, into: &made}); err != nil {
		return err
	}
	return c.printAliases(out, []web.Alias{made})
}

func (c *apiClient) deleteAlias(ctx context.Context, args []string, out io.Writer) error {
	names, err := c.parse(c.flags("alias delete ID"), args, 1, 1)
	if err != nil {
		return err
	}
	if _, err := c.do(ctx, request{method: http.MethodDelete, path: "/api/v1/aliases/" + url.PathEscape(names[0])}); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "alias %s is deleted\n", printable(names[0]))
	return err
}

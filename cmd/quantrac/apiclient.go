package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"
)

// apiClient is what the subcommands that talk to a running service have in common: its address, a token and how to print.
type apiClient struct {
	url       string
	tokenFile string
	json      bool
	token     string
}

const apiUsage = `
These commands ask a running service by its HTTP API (--url). The token is taken from QUANTRAC_TOKEN, or from --token-file;
it needs the role admin, for quarantine list the role viewer.
`

// flags makes the flag set of a subcommand; its name says what arguments it takes.
func (c *apiClient) flags(name string) *flag.FlagSet {
	fs := flag.NewFlagSet("quantrac "+name, flag.ContinueOnError)
	fs.Usage = func() {
		fmt.Fprintf(fs.Output(), "usage: %s [flags]\n", fs.Name())
		fs.PrintDefaults()
	}
	fs.StringVar(&c.url, "url", "http://127.0.0.1:8080", "`URL` of the service")
	fs.StringVar(&c.tokenFile, "token-file", "", "`FILE` with the token; - is standard input; QUANTRAC_TOKEN goes before it")
	fs.BoolVar(&c.json, "json", false, "print JSON instead of a table")
	return fs
}

// parse reads flags and arguments in any order and checks the number of arguments; most < 0 = any number.
func (c *apiClient) parse(fs *flag.FlagSet, args []string, least, most int) ([]string, error) {
	var names []string
	for {
		if err := fs.Parse(args); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				return nil, err
			}
			return nil, errUsage
		}
		if fs.NArg() == 0 {
			break
		}
		names, args = append(names, fs.Arg(0)), fs.Args()[1:]
	}
	if len(names) < least || most >= 0 && len(names) > most {
		fs.Usage()
		return nil, errUsage
	}
	return names, c.readToken()
}

func (c *apiClient) readToken() error {
	if c.token = strings.TrimSpace(os.Getenv("QUANTRAC_TOKEN")); c.token != "" || c.tokenFile == "" {
		return nil
	}
	in := io.Reader(os.Stdin)
	if c.tokenFile != "-" {
		f, err := os.Open(c.tokenFile)
		if err != nil {
			return fmt.Errorf("read the token: %w", err)
		}
		defer f.Close()
		in = f
	}
	const most = 4096
	b, err := io.ReadAll(io.LimitReader(in, most))
	if err != nil {
		return fmt.Errorf("read the token: %w", err)
	}
	if c.token = strings.TrimSpace(string(b)); c.token == "" {
		return fmt.Errorf("read the token: %s is empty", c.tokenFile)
	}
	return nil
}

// apiError is a problem that the service answered.
type apiError struct {
	Status int    `json:"status"`
	Title  string `json:"title"`
	Detail string `json:"detail"`
	Errors []struct {
		Field  string `json:"field"`
		Detail string `json:"detail"`
		Line   int    `json:"line"`
		Column int    `json:"column"`
	} `json:"errors"`
	Proposals []struct {
		Target string `json:"target"`
	} `json:"proposals"`
}

func (e *apiError) Error() string {
	lines := []string{fmt.Sprintf("the service answered %d: %s", e.Status, printable(e.Detail))}
	if len(e.Errors) > 1 {
		for _, f := range e.Errors {
			place := ""
			if f.Line > 0 {
				place = fmt.Sprintf("%d:%d: ", f.Line, f.Column)
			}
			lines = append(lines, "  "+place+printable(f.Field)+": "+printable(f.Detail))
		}
	}
	for _, p := range e.Proposals {
		lines = append(lines, "  did you mean "+printable(p.Target)+"?")
	}
	return strings.Join(lines, "\n")
}

// request is one call of the API. A nil body sends none, a nil into reads none.
type request struct {
	method, path string
	header       http.Header
	body, into   any
}

// do sends a request and returns the header of its answer; an answer that is no success is an *apiError.
func (c *apiClient) do(ctx context.Context, r request) (http.Header, error) {
	const patience = time.Minute
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	resp, err := c.send(ctx, r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if r.into == nil {
		return resp.Header, nil
	}
	answer, err := io.ReadAll(io.LimitReader(resp.Body, mostAnswer))
	if err != nil {
		return nil, fmt.Errorf("read the answer to %s %s: %w", r.method, r.path, err)
	}
	if err := json.Unmarshal(answer, r.into); err != nil {
		return nil, fmt.Errorf("read the answer to %s %s: %w", r.method, r.path, err)
	}
	return resp.Header, nil
}

// mostAnswer bounds an answer that is read as a whole.
const mostAnswer = 64 << 20

// send sends a request. An answer that is no success is an *apiError; the caller reads and closes the others.
func (c *apiClient) send(ctx context.Context, r request) (*http.Response, error) {
	var body io.Reader
	if r.body != nil {
		b, err := json.Marshal(r.body)
		if err != nil {
			return nil, fmt.Errorf("%s %s: %w", r.method, r.path, err)
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, r.method, strings.TrimSuffix(c.url, "/")+r.path, body)
	if err != nil {
		return nil, fmt.Errorf("--url: %w", err)
	}
	for name, values := range r.header {
		req.Header[name] = values
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, fmt.Errorf("ask the service (--url says where it is): %w", err)
	}
	if resp.StatusCode/100 == 2 {
		return resp, nil
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, mostAnswer))
	if err != nil {
		return nil, fmt.Errorf("read the answer to %s %s: %w", r.method, r.path, err)
	}
	e := &apiError{Detail: http.StatusText(resp.StatusCode)}
	_ = json.Unmarshal(answer, e) // something in between may have answered, in any format
	e.Status = resp.StatusCode
	return nil, e
}

// listAll reads up to most items of a list, page by page; 0 = all.
func listAll[T any](ctx context.Context, c *apiClient, path string, q url.Values, most int) ([]T, error) {
	all := []T{}
	q.Set("limit", "1000")
	for {
		if most > 0 {
			q.Set("limit", fmt.Sprint(min(most-len(all), 1000)))
		}
		var page struct {
			Items      []T     `json:"items"`
			NextCursor *string `json:"next_cursor"`
		}
		if _, err := c.do(ctx, request{method: http.MethodGet, path: path + "?" + q.Encode(), into: &page}); err != nil {
			return nil, err
		}
		all = append(all, page.Items...)
		if page.NextCursor == nil || most > 0 && len(all) >= most {
			return all, nil
		}
		q.Set("cursor", *page.NextCursor)
	}
}

// printJSON prints an answer as the service gave it.
func printJSON(out io.Writer, v any) error {
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// printTable prints rows under a head. What strangers sent may be among the cells: see printable.
func printTable(out io.Writer, head string, rows [][]string) error {
	const gap = 2
	w := tabwriter.NewWriter(out, 0, 0, gap, ' ', 0)
	fmt.Fprintln(w, strings.ReplaceAll(head, " ", "\t"))
	for _, row := range rows {
		for i := range row {
			row[i] = printable(row[i])
		}
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	return w.Flush()
}

// printable keeps a text from commanding the terminal or breaking the table.
func printable(s string) string {
	if s == "" {
		return "-"
	}
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '\uFFFD'
		}
		return r
	}, s)
}

func when(t *time.Time) string {
	if t == nil || t.IsZero() {
		return ""
	}
	return t.Local().Format(time.RFC3339)
}

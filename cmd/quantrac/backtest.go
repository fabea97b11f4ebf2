package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"quantrac/alerts/backtest"
)

// backtestBody is what POST /rules/{id}/backtest takes.
type backtestBody struct {
	Rule     string     `json:"rule,omitempty"`
	From     *time.Time `json:"from,omitempty"`
	To       *time.Time `json:"to,omitempty"`
	Stations []string   `json:"stations,omitempty"`
}

// backtestCommand asks a running service what a rule would have said.
func backtestCommand(ctx context.Context, args []string, out io.Writer) error {
	c := &apiClient{}
	fs := c.flags("backtest [ID]")
	var body backtestBody
	file := fs.String("rule", "", "`FILE` with the draft: one rule, or a file of rules of which ID names one; empty = the rule ID as it stands")
	fs.Func("from", "`TIME` from which on, RFC 3339 or a date; empty = 90 days before --to", timeFlag(&body.From))
	fs.Func("to", "`TIME` before which; empty = now", timeFlag(&body.To))
	stations := fs.String("stations", "", "`IDS` of stations, separated by commas; empty = all")
	names, err := c.parse(fs, args, 0, 1)
	if err != nil {
		return err
	}
	id := strings.Join(names, "")
	for s := range strings.SplitSeq(*stations, ",") {
		if s = strings.TrimSpace(s); s != "" {
			body.Stations = append(body.Stations, s)
		}
	}
	if *file != "" {
		if id, body.Rule, err = draftIn(*file, id); err != nil {
			return err
		}
	}
	if id == "" {
		fmt.Fprintln(os.Stderr, "quantrac backtest needs the ID of a rule, or --rule FILE")
		return errUsage
	}
	report, err := c.backtest(ctx, id, body)
	if err != nil {
		return err
	}
	if c.json {
		return printJSON(out, report)
	}
	return printBacktest(out, report)
}

// timeFlag reads a time, or a date, which begins at midnight in Vietnam.
func timeFlag(into **time.Time) func(string) error {
	return func(v string) error {
		t, err := time.Parse(time.RFC3339, v)
		if err != nil {
			if t, err = time.ParseInLocation(time.DateOnly, v, time.FixedZone("+07:00", 7*3600)); err != nil {
				return errors.New("neither a time like 2026-11-24T00:00:00+07:00 nor a date like 2026-11-24")
			}
		}
		*into = &t
		return nil
	}
}

// draftIn takes a rule out of a file, as text: the only one, or the one with the id. Its lines stay where they are where the file is
// one rule, so that the service's complaints point into the file.
func draftIn(file, id string) (ruleID, text string, err error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return "", "", fmt.Errorf("read the draft: %w", err)
	}
	var whole struct {
		ID    string      `yaml:"id"`
		Rules []yaml.Node `yaml:"rules"`
	}
	if err := yaml.Unmarshal(data, &whole); err != nil {
		return "", "", &invalidError{[]fault{syntaxFault(file, err)}}
	}
	if whole.Rules == nil {
		if id == "" {
			id = whole.ID
		}
		return id, string(data), nil
	}
	for i := range whole.Rules {
		var rule struct {
			ID string `yaml:"id"`
		}
		if err := whole.Rules[i].Decode(&rule); err != nil {
			return "", "", &invalidError{[]fault{{file, whole.Rules[i].Line, whole.Rules[i].Column, "is no rule"}}}
		}
		if rule.ID != id && (id != "" || len(whole.Rules) > 1) {
			continue
		}
		b, err := yaml.Marshal(&whole.Rules[i])
		if err != nil {
			return "", "", fmt.Errorf("read the draft: %w", err)
		}
		return rule.ID, string(b), nil
	}
	return "", "", fmt.Errorf("%s holds %d rules and none of id %q: name one of them", file, len(whole.Rules), id)
}

// backtest asks, and shows on standard error how far it is.
func (c *apiClient) backtest(ctx context.Context, id string, body backtestBody) (*backtest.Report, error) {
	resp, err := c.send(ctx, request{
		method: http.MethodPost, path: "/api/v1/rules/" + url.PathEscape(id) + "/backtest", header: http.Header{"Accept": {"application/x-ndjson"}}, body: body,
	})
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	const first = 64 << 10
	lines.Buffer(make([]byte, first), mostAnswer)
	shown := false
	defer func() {
		if shown {
			fmt.Fprintln(os.Stderr)
		}
	}()
	for lines.Scan() {
		var line struct {
			Progress *backtest.Progress `json:"progress"`
			Report   *backtest.Report   `json:"report"`
			Error    *apiError          `json:"error"`
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			return nil, fmt.Errorf("read the answer of the backtest: %w", err)
		}
		switch {
		case line.Error != nil:
			return nil, line.Error
		case line.Report != nil:
			return line.Report, nil
		case line.Progress != nil:
			p := line.Progress
			shown = true
			fmt.Fprintf(os.Stderr, "\r%3.0f %%  %d of %d stations  %d readings  %d alerts ", 100*p.Share, p.Done, p.Stations, p.Readings, p.Alerts)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read the answer of the backtest: %w", err)
	}
	return nil, errors.New("the service ended the backtest without a report")
}

// printBacktest prints the stations where anything differs or was said, and the sum of all.
func printBacktest(out io.Writer, r *backtest.Report) error {
	var rows [][]string
	for _, s := range r.Stations {
		if s.Draft > 0 || s.InForce != nil && *s.InForce > 0 {
			rows = append(rows, []string{s.Station, inForceText(s.InForce), fmt.Sprint(s.Draft), fmt.Sprint(s.Missed)})
		}
	}
	var before *int
	missed := ""
	if r.InForce != nil {
		before, missed = &r.InForce.Alerts, fmt.Sprint(r.Difference.Missed)
	}
	rows = append(rows, []string{"total", inForceText(before), fmt.Sprint(r.Draft.Alerts), missed})
	if err := printTable(out, "STATION IN_FORCE DRAFT MISSED", rows); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "%s to %s: %s\n", r.From.Local().Format(time.RFC3339), r.To.Local().Format(time.RFC3339), printable(r.Summary.EN))
	return err
}

func inForceText(n *int) string {
	if n == nil {
		return ""
	}
	return fmt.Sprint(*n)
}

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"

	"quantrac/ingest"
)

const quarantineUsage = `usage: quantrac quarantine COMMAND [flags]

  list            what could not be used, newest first
  retry ID..      read deliveries again, after a mapping or a station was added
  retry --all     the same for all that --reason, --door and --gateway select and that was not retried
` + apiUsage

// quarantineCommand looks into the quarantine of a running service.
func quarantineCommand(ctx context.Context, args []string, out io.Writer) error {
	if len(args) == 0 {
		fmt.Fprint(os.Stderr, quarantineUsage)
		return errUsage
	}
	c := &apiClient{}
	switch name, rest := args[0], args[1:]; name {
	case "list":
		return c.listQuarantine(ctx, rest, out)
	case "retry":
		return c.retryQuarantine(ctx, rest, out)
	case "help", "-h", "--help":
		fmt.Fprint(out, quarantineUsage)
		return nil
	default:
		fmt.Fprintf(os.Stderr, "quantrac quarantine has no %q\n\n%s", name, quarantineUsage)
		return errUsage
	}
}

// selection adds the flags that select entries and returns what they say.
func selection(fs *flag.FlagSet) url.Values {
	q := url.Values{}
	for _, f := range [][2]string{{"reason", "only with this `REASON`, like unknown_station"}, {"door", "only by this `DOOR`, like mqtt"}, {"gateway", "only from this `GATEWAY`"}} {
		fs.Func(f[0], f[1], func(v string) error { q.Set(f[0], v); return nil })
	}
	return q
}

func (c *apiClient) listQuarantine(ctx context.Context, args []string, out io.Writer) error {
	fs := c.flags("quarantine list")
	q := selection(fs)
	fs.Func("state", "only `STATE` open or retried", func(v string) error { q.Set("state", v); return nil })
	most := fs.Int("limit", 20, "at most `N` entries; 0 = all")
	if _, err := c.parse(fs, args, 0, 0); err != nil {
		return err
	}
	all, err := listAll[ingest.Quarantined](ctx, c, "/api/v1/quarantine", q, *most)
	if err != nil {
		return err
	}
	if c.json {
		return printJSON(out, all)
	}
	rows := make([][]string, len(all))
	for i := range all {
		e := &all[i]
		rows[i] = []string{e.ID, when(&e.ReceivedAt), e.Door, e.Gateway, e.Topic, reasonsOf(e.Rejected), fmt.Sprint(len(e.Body))}
	}
	return printTable(out, "ID RECEIVED DOOR GATEWAY TOPIC REASONS BYTES", rows)
}

func reasonsOf(rejects []ingest.Reject) string {
	var out []string
	for _, r := range rejects {
		if !slices.Contains(out, r.Reason) {
			out = append(out, r.Reason)
		}
	}
	return strings.Join(out, ",")
}

// retried is what came of one retry.
type retried struct {
	ID string `json:"id"`
	ingest.Receipt
	Error string `json:"error,omitempty"`
}

func (c *apiClient) retryQuarantine(ctx context.Context, args []string, out io.Writer) error {
	fs := c.flags("quarantine retry [ID..]")
	q := selection(fs)
	all := fs.Bool("all", false, "retry all that the other flags select")
	ids, err := c.parse(fs, args, 0, -1)
	if err != nil {
		return err
	}
	if *all == (len(ids) > 0) || !*all && len(q) > 0 {
		fmt.Fprintln(os.Stderr, "quantrac quarantine retry takes ids, or --all with or without a selection")
		return errUsage
	}
	if *all {
		q.Set("state", "open")
		open, err := listAll[struct {
			ID string `json:"id"`
		}](ctx, c, "/api/v1/quarantine", q, 0)
		if err != nil {
			return err
		}
		for _, e := range slices.Backward(open) { // the oldest first, as they came
			ids = append(ids, e.ID)
		}
	}
	return c.retryEach(ctx, ids, out)
}

// retryEach goes on after an entry that the service refuses, and ends at anything else.
func (c *apiClient) retryEach(ctx context.Context, ids []string, out io.Writer) error {
	results, failed := []retried{}, 0
	for _, id := range ids {
		r := retried{ID: id}
		_, err := c.do(ctx, request{method: http.MethodPost, path: "/api/v1/quarantine/" + url.PathEscape(id) + "/retry", into: &r.Receipt})
		var refused *apiError
		if errors.As(err, &refused) && (refused.Status == http.StatusNotFound || refused.Status == http.StatusConflict) {
			r.Error, err = refused.Detail, nil
			failed++
		}
		if err != nil {
			return errors.Join(c.printRetried(out, results), err)
		}
		results = append(results, r)
	}
	if err := c.printRetried(out, results); err != nil {
		return err
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d could not be retried", failed, len(ids))
	}
	return nil
}

func (c *apiClient) printRetried(out io.Writer, results []retried) error {
	if c.json {
		return printJSON(out, results)
	}
	rows := make([][]string, len(results))
	for i, r := range results {
		rows[i] = []string{r.ID, fmt.Sprint(r.Accepted), fmt.Sprint(len(r.Rejected)), reasonsOf(r.Rejected), r.Error}
	}
	return printTable(out, "ID ACCEPTED REJECTED REASONS ERROR", rows)
}

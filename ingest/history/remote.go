package history

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	influxdb2 "github.com/influxdata/influxdb-client-go/v2"
	"github.com/influxdata/influxdb-client-go/v2/api"
	influxhttp "github.com/influxdata/influxdb-client-go/v2/api/http"
)

// RemoteOptions say which server, and as whom.
type RemoteOptions struct {
	// URL like http://influxdb:8086.
	URL string
	// Org is needed by 2.x only.
	Org string
	// Bucket defaults to Database.
	Bucket string
	// Token of 2.x and 3.x; "user:password" for 1.8 with authentication.
	Token string
}

// Remote is an InfluxDB server: 1.8, 2.x or 3.x.
type Remote struct {
	opt    RemoteOptions
	client influxdb2.Client
	writes api.WriteAPIBlocking
	http   *http.Client
}

const (
	requestTimeout = 30 * time.Second
	maxAnswer      = 256 << 20
)

// OpenRemote prepares for a server. The server may be away: Ping tells.
func OpenRemote(opt RemoteOptions) *Remote {
	if opt.Bucket == "" {
		opt.Bucket = Database
	}
	opt.URL = strings.TrimSuffix(opt.URL, "/")
	hc := &http.Client{Timeout: requestTimeout, Transport: &http.Transport{
		DialContext:         (&net.Dialer{Timeout: 5 * time.Second}).DialContext,
		TLSHandshakeTimeout: 5 * time.Second, MaxIdleConnsPerHost: 4, IdleConnTimeout: time.Minute,
	}}
	// gzip costs more than it saves on the same host.
	o := influxdb2.DefaultOptions().SetHTTPClient(hc).SetUseGZip(!onThisHost(opt.URL)).SetPrecision(time.Nanosecond).SetLogLevel(0)
	c := influxdb2.NewClientWithOptions(opt.URL, opt.Token, o)
	return &Remote{opt: opt, client: c, writes: c.WriteAPIBlocking(opt.Org, opt.Bucket), http: hc}
}

func onThisHost(rawURL string) bool {
	u, err := url.Parse(rawURL)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

// noDatabase is how a 1.x server says that a database is missing. 2.x and 3.x speak of buckets, which their own set-up
// makes.
const noDatabase = "database not found"

// Write sends lines. On a 1.x server it makes the database when that is missing.
func (r *Remote) Write(ctx context.Context, lines []byte) error {
	err := r.write(ctx, lines)
	if err == nil || !strings.Contains(err.Error(), noDatabase) {
		return err
	}
	if err := r.makeDatabase(ctx); err != nil {
		return err
	}
	return r.write(ctx, lines)
}

func (r *Remote) write(ctx context.Context, lines []byte) error {
	err := r.writes.WriteRecord(ctx, string(lines))
	var answer *influxhttp.Error
	switch {
	case err == nil:
		return nil
	case !errors.As(err, &answer):
		return fmt.Errorf("write to InfluxDB: %w", err)
	}
	err = fmt.Errorf("write to InfluxDB: %s (HTTP %d)", answer.Error(), answer.StatusCode)
	if answer.StatusCode == http.StatusRequestEntityTooLarge || refusesData(err.Error()) {
		return &permanentError{err}
	}
	return err
}

// refusesData tells a refusal of the points themselves from one of a wrong setting, which somebody will mend: both come as 400
// or 422, and parking points for a wrong setting would lose them.
func refusesData(text string) bool {
	for _, sign := range []string{"partial write", "unable to parse", "parsing failed", "field type conflict", "parse error"} {
		if strings.Contains(text, sign) {
			return true
		}
	}
	return false
}

func (r *Remote) makeDatabase(ctx context.Context) error {
	if _, err := r.ask(ctx, http.MethodPost, "CREATE DATABASE "+quoteName(r.opt.Bucket)); err != nil {
		return fmt.Errorf("create database %s: %w", r.opt.Bucket, err)
	}
	return nil
}

// Ping says whether the server answers a small query, which needs address, token and bucket to be right. A 1.x server without
// the database is well: the first write makes it.
func (r *Remote) Ping(ctx context.Context) error {
	_, err := r.Query(ctx, "SELECT * FROM "+quoteName(Measurement)+" WHERE time > now() - 1s LIMIT 1")
	return err
}

func (r *Remote) authorize(req *http.Request) {
	if r.opt.Token != "" {
		req.Header.Set("Authorization", "Token "+r.opt.Token)
	}
}

// Query sends one SELECT to /query. A database that a 1.x server does not have yet has no rows; a 2.x server that says the same
// has a bucket without its DBRP mapping, and that is an error.
func (r *Remote) Query(ctx context.Context, text string) (Result, error) {
	if err := onlySelect(text); err != nil {
		return Result{}, err
	}
	res, err := r.ask(ctx, http.MethodGet, text)
	if err != nil && strings.Contains(err.Error(), noDatabase) && r.opt.Org == "" {
		return Result{}, nil
	}
	return res, err
}

type queryAnswer struct {
	Error   string `json:"error"`
	Results []struct {
		Error  string `json:"error"`
		Series []struct {
			Columns []string `json:"columns"`
			Values  [][]any  `json:"values"`
		} `json:"series"`
	} `json:"results"`
}

func (r *Remote) ask(ctx context.Context, method, text string) (Result, error) {
	params := url.Values{"db": {r.opt.Bucket}, "epoch": {"ns"}, "q": {text}}
	req, err := http.NewRequestWithContext(ctx, method, r.opt.URL+"/query?"+params.Encode(), nil)
	if err != nil {
		return Result{}, fmt.Errorf("query InfluxDB: %w", err)
	}
	r.authorize(req)
	resp, err := r.http.Do(req)
	if err != nil {
		return Result{}, fmt.Errorf("query InfluxDB: %w", err)
	}
	defer resp.Body.Close()
	var a queryAnswer
	d := json.NewDecoder(io.LimitReader(resp.Body, maxAnswer))
	d.UseNumber()
	if err := d.Decode(&a); err != nil {
		return Result{}, fmt.Errorf("query InfluxDB: HTTP %d, answer cannot be read: %w", resp.StatusCode, err)
	}
	if resp.StatusCode != http.StatusOK || a.Error != "" {
		return Result{}, fmt.Errorf("query InfluxDB: HTTP %d: %s", resp.StatusCode, a.Error)
	}
	var out Result
	for _, res := range a.Results {
		if res.Error != "" {
			return Result{}, fmt.Errorf("query InfluxDB: %s", res.Error)
		}
		for _, s := range res.Series {
			out.Columns = s.Columns
			out.Rows = append(out.Rows, s.Values...)
		}
	}
	return out, nil
}

// Close lets the connections go.
func (r *Remote) Close() error {
	r.client.Close()
	r.http.CloseIdleConnections()
	return nil
}

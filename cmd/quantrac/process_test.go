package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const childMark = "QUANTRAC_TEST_RUN_COMMAND"

// TestMain lets the test binary be the program: tests start, kill and restart it as an operator's machine would.
func TestMain(m *testing.M) {
	if os.Getenv(childMark) != "" {
		os.Exit(command(os.Args[1:], os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

// process is a running quantrac with a data directory that outlives it.
type process struct {
	t    *testing.T
	args []string
	http string
	cmd  *exec.Cmd
	done chan error
}

const adminToken = "test-bootstrap-token"

// startProcess runs "quantrac serve" with args until stop or kill.
func startProcess(t *testing.T, args ...string) *process {
	t.Helper()
	p := &process{t: t, http: freeAddr(t)}
	p.args = append([]string{"serve", "--http", p.http, "--anonymous", "viewer"}, args...)
	p.start()
	t.Cleanup(func() {
		if p.cmd != nil {
			p.kill()
		}
	})
	return p
}

func (p *process) start() {
	p.t.Helper()
	p.cmd = exec.Command(os.Args[0], p.args...)
	p.cmd.Env = append(os.Environ(), childMark+"=1", "QUANTRAC_BOOTSTRAP_TOKEN="+adminToken)
	p.cmd.Stdout, p.cmd.Stderr = p.t.Output(), p.t.Output()
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.done = make(chan error, 1)
	go func(cmd *exec.Cmd, done chan error) { done <- cmd.Wait() }(p.cmd, p.done)
	eventually(p.t, 30*time.Second, "the service is ready", func() bool {
		resp, err := http.Get("http://" + p.http + "/readyz")
		if err != nil {
			return false
		}
		defer resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
}

// kill is kill -9.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	if err := <-p.done; err == nil {
		p.t.Log("the process had ended by itself")
	}
	p.cmd = nil
}

// stop is SIGTERM; the service must end within 10 s with status 0.
func (p *process) stop() {
	p.t.Helper()
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case err := <-p.done:
		if err != nil {
			p.t.Errorf("stopped with %v, want status 0", err)
		}
	case <-time.After(10 * time.Second):
		p.t.Error("did not stop within 10 s")
		p.kill()
	}
	p.cmd = nil
}

// get reads one JSON answer of the API.
func (p *process) get(path string, into any) {
	p.t.Helper()
	if err := p.tryGet(path, into); err != nil {
		p.t.Fatal(err)
	}
}

func (p *process) tryGet(path string, into any) error {
	status, body, err := p.request(http.MethodGet, path, "")
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		return fmt.Errorf("GET %s: %d %s", path, status, body)
	}
	return json.Unmarshal(body, into)
}

func (p *process) request(method, path, body string) (int, []byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, "http://"+p.http+path, strings.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	req.Header.Set("Authorization", "Bearer "+adminToken)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return resp.StatusCode, b, err
}

type apiRow struct {
	MeasuredAt time.Time `json:"measured_at"`
	Value      *float64  `json:"value"`
	Flags      []string  `json:"flags"`
}

// rows reads all raw rows of a parameter since from.
func (p *process) rows(station, parameter string, from time.Time) ([]apiRow, error) {
	var all []apiRow
	q := url.Values{"parameter": {parameter}, "from": {from.UTC().Format(time.RFC3339Nano)}, "limit": {"10000"}}
	var page struct {
		Items      []apiRow `json:"items"`
		NextCursor *string  `json:"next_cursor"`
	}
	for {
		page.Items, page.NextCursor = nil, nil
		if err := p.tryGet("/api/v1/stations/"+station+"/readings?"+q.Encode(), &page); err != nil {
			return nil, err
		}
		all = append(all, page.Items...)
		if page.NextCursor == nil {
			return all, nil
		}
		q.Set("cursor", *page.NextCursor)
	}
}

// eventually waits for a condition, and says which one did not come.
func eventually(t *testing.T, most time.Duration, what string, is func() bool) {
	t.Helper()
	deadline := time.Now().Add(most)
	for !is() {
		if time.Now().After(deadline) {
			t.Fatalf("after %s still not: %s", most, what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

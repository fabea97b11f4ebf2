package web

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

func newRecipient(t *testing.T, heard chan http.Header) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { heard <- r.Header }))
	t.Cleanup(s.Close)
	return s.URL
}

func receive[T any](t *testing.T, ch <-chan T) T {
	t.Helper()
	select {
	case v := <-ch:
		return v
	case <-time.After(20 * time.Second):
		t.Fatal("nothing came")
	}
	panic("not reached")
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	end := time.After(20 * time.Second)
	for !is() {
		select {
		case <-tick.C:
		case <-end:
			t.Fatal("not so: " + what)
		}
	}
}

// plain sends a request whose answer the description does not know.
func (r *rig) plain(method, path, body string) answer {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.http.URL+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+bootstrap)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return answer{r.t, resp.StatusCode, resp.Header, b}
}

func TestWhatIsNotThere(t *testing.T) {
	r := newRig(t, nil)
	for _, tc := range []struct {
		method, path string
		status       int
		allow        string
	}{
		{"GET", "/api/v1/nothing", 404, ""},
		{"GET", "/api/", 404, ""},
		{"GET", "/api/v2/stations", 404, ""},
		{"GET", "/api/v1/stations/", 404, ""},
		{"GET", "/api/v1/stations/%2e%2e%2f%2e%2e", 404, ""},
		{"POST", "/api/v1/stations", 405, "GET, HEAD"},
		{"PATCH", "/api/v1/webhooks", 405, "GET, HEAD, POST"},
		{"OPTIONS", "/api/v1/webhooks/x", 405, "GET, HEAD, PUT, DELETE"},
		{"GET", "/api/v1/readings", 405, "POST"},
		{"DELETE", "/api/openapi.json", 405, "GET, HEAD"},
		{"POST", "/healthz", 405, "GET, HEAD"},
		{"PUT", "/", 405, "GET, HEAD"},
	} {
		a := r.plain(tc.method, tc.path, "").is(tc.status)
		r.contract.checkProblem(t, a)
		if got := a.header.Get("Allow"); got != tc.allow {
			t.Errorf("%s %s: Allow %q, want %q", tc.method, tc.path, got, tc.allow)
		}
	}
	if a := r.plain(http.MethodHead, "/api/v1/stations", ""); a.status != http.StatusOK || len(a.body) != 0 {
		t.Errorf("HEAD: %d with %d bytes", a.status, len(a.body))
	}
}

func TestReadiness(t *testing.T) {
	r := newRig(t, nil)
	stream := Dependency{Name: "stream", OK: true, Needed: true}
	for _, tc := range []struct {
		deps   []Dependency
		code   int
		status string
	}{
		{[]Dependency{stream, {Name: "history", OK: true}}, 200, "ok"},
		{[]Dependency{{Name: "history", Detail: "away"}, stream}, 200, "degraded"},
		{[]Dependency{{Name: "stream", Needed: true, Detail: "disk full"}, {Name: "history"}}, 503, "unavailable"},
		{nil, 200, "ok"},
	} {
		r.deps.Store(&tc.deps)
		var got struct {
			Status       string
			Dependencies []Dependency
		}
		r.do("", http.MethodGet, "/readyz", "").into(tc.code, &got)
		if got.Status != tc.status || len(got.Dependencies) != len(tc.deps) {
			t.Errorf("%+v: %+v", tc.deps, got)
		}
	}
	r.do("", http.MethodGet, "/healthz", "").is(http.StatusOK)
}

func TestMetrics(t *testing.T) {
	reg := prometheus.NewRegistry()
	NewMetrics(reg)
	r := newRig(t, func(c *Config) { c.Gatherer = reg })
	a := r.do("", http.MethodGet, "/metrics", "").is(http.StatusOK)
	for _, name := range []string{"quantrac_ws_clients 0", "quantrac_ws_dropped_total 0"} {
		if !strings.Contains(string(a.body), name) {
			t.Errorf("no %s in %s", name, a.body)
		}
	}
}

func TestPage(t *testing.T) {
	r := newRig(t, func(c *Config) {
		c.Page = fstest.MapFS{
			"index.html": {Data: []byte("<!doctype html>the page")}, "assets/app-1a2b.js": {Data: []byte("let x")}, "icon.svg": {Data: []byte("<svg/>")},
		}
	})
	for _, tc := range []struct{ path, body, cache string }{
		{"/", "<!doctype html>the page", "no-cache"},
		{"/alerts/7", "<!doctype html>the page", "no-cache"},
		{"/assets", "<!doctype html>the page", "no-cache"}, // and no listing
		{"/assets/app-1a2b.js", "let x", "public, max-age=31536000, immutable"},
		{"/icon.svg", "<svg/>", "no-cache"},
	} {
		a := r.plain(http.MethodGet, tc.path, "").is(http.StatusOK)
		if string(a.body) != tc.body || a.header.Get("Cache-Control") != tc.cache {
			t.Errorf("%s: %s, Cache-Control %q", tc.path, a.body, a.header.Get("Cache-Control"))
		}
	}
	for _, path := range []string{"/assets/app-old.js", "/favicon.ico", "/../web.go"} {
		if a := r.do("", http.MethodGet, path, "").says(http.StatusNotFound, "there is no"); a.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s: Cache-Control %q", path, a.header.Get("Cache-Control"))
		}
	}
}

func TestPageNotBuilt(t *testing.T) {
	r := newRig(t, nil)
	a := r.plain(http.MethodGet, "/", "").is(http.StatusOK)
	if !strings.Contains(string(a.body), "The UI is not built") || !strings.HasPrefix(a.header.Get("Content-Type"), "text/html") {
		t.Errorf("%s: %s", a.header.Get("Content-Type"), a.body)
	}
}

func TestHeadersOfEveryAnswer(t *testing.T) {
	r := newRig(t, nil)
	for path, cache := range map[string]string{"/": "no-cache", "/api/v1/info": "no-store", "/api/v1/nothing": "no-store", "/metrics": "no-store", "/readyz": "no-store", "/ws": "no-store"} {
		h := r.plain(http.MethodGet, path, "").header
		csp := h.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'self'", "object-src 'none'", "frame-ancestors 'none'", "script-src 'self';"} {
			if !strings.Contains(csp, want) {
				t.Errorf("%s: no %s in %q", path, want, csp)
			}
		}
		if h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") != "no-referrer" || h.Get("Cache-Control") != cache {
			t.Errorf("%s: %v", path, h)
		}
	}
}

func TestGzip(t *testing.T) {
	r := newRig(t, nil)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.http.URL+"/api/openapi.json", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept-Encoding", "gzip")
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.Header.Get("Content-Encoding") != "gzip" || !strings.Contains(resp.Header.Get("Vary"), "Accept-Encoding") {
		t.Fatalf("headers %v", resp.Header)
	}
	z, err := gzip.NewReader(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(z); err != nil || !strings.Contains(string(b), `"openapi": "3.1.0"`) {
		t.Errorf("%d bytes, %v", len(b), err)
	}
}

// The page's files go out as small as gzip makes them, to those who take that, and whole to the others.
func TestPageIsPacked(t *testing.T) {
	script := strings.Repeat("export const answer = 42\n", 1000)
	r := newRig(t, func(c *Config) {
		c.Page = fstest.MapFS{"index.html": {Data: []byte("<!doctype html>")}, "assets/a-1.mjs": {Data: []byte(script)}, "assets/f-1.woff2": {Data: []byte(script)}}
	})
	get := func(name, accept, span string) (*http.Response, []byte) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.http.URL+"/"+name, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Accept-Encoding", accept)
		if span != "" {
			req.Header.Set("Range", span)
		}
		resp, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp, body
	}
	for range 2 {
		resp, body := get("assets/a-1.mjs", "gzip, deflate, br", "")
		if resp.Header.Get("Content-Encoding") != "gzip" || len(body) > 200 || !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/javascript") ||
			!strings.Contains(resp.Header.Get("Vary"), "Accept-Encoding") || !strings.Contains(resp.Header.Get("Cache-Control"), "immutable") {
			t.Errorf("%d bytes with %v", len(body), resp.Header)
		}
		z, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if plain, err := io.ReadAll(z); err != nil || string(plain) != script {
			t.Errorf("%v, %d bytes", err, len(plain))
		}
	}
	for _, c := range [][3]string{{"assets/a-1.mjs", "identity", ""}, {"assets/a-1.mjs", "gzip", "bytes=0-9"}, {"assets/f-1.woff2", "identity", ""}} {
		if resp, body := get(c[0], c[1], c[2]); resp.Header.Get("Content-Encoding") == "gzip" || !strings.HasPrefix(script, string(body)) {
			t.Errorf("%q: %d bytes with %v", c, len(body), resp.Header)
		}
	}
}

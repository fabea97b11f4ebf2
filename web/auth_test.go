package web

import (
	"crypto/sha256"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"golang.org/x/time/rate"
)

// Every operation that the description gives a role refuses who has none, and who has a smaller one.
func TestRolesAreThoseOfTheDescription(t *testing.T) {
	r := newRig(t, nil)
	_, viewer := r.token("v", "viewer")
	_, officer := r.token("o", "officer")
	tokens := map[string]string{"viewer": viewer, "officer": officer}
	order := []string{"viewer", "officer", "admin"}
	checked := 0
	for path, item := range r.contract.doc.Paths.Map() {
		for method, op := range item.Operations() {
			role := roleOf(op)
			if role == "" || path == "/ws" {
				continue
			}
			checked++
			path := strings.ReplaceAll(path, "{id}", "amata-01")
			a := r.do("", method, path, "{}").says(http.StatusUnauthorized, "send Authorization: Bearer TOKEN")
			if a.header.Get("WWW-Authenticate") == "" {
				t.Errorf("%s %s: 401 without WWW-Authenticate", method, path)
			}
			for _, weaker := range order[:slices.Index(order, role)] {
				r.do(tokens[weaker], method, path, "{}").says(http.StatusForbidden, "this needs role "+role)
			}
			if token, ok := tokens[role]; ok {
				if a := r.do(token, method, path, "{}"); a.status == http.StatusUnauthorized || a.status == http.StatusForbidden {
					t.Errorf("%s %s refuses role %s: %s", method, path, role, a.body)
				}
			}
		}
	}
	if checked < 20 {
		t.Errorf("only %d operations have a role", checked)
	}
}

func roleOf(op *openapi3.Operation) string {
	role, _ := op.Extensions["x-role"].(string)
	return role
}

func TestAnonymousViewer(t *testing.T) {
	r := newRig(t, func(c *Config) { c.Anonymous = Viewer })
	var info struct{ Role string }
	r.do("", http.MethodGet, "/api/v1/info", "").into(http.StatusOK, &info)
	if info.Role != "viewer" {
		t.Errorf("role %q", info.Role)
	}
	r.do("", http.MethodGet, "/api/v1/tokens", "").says(http.StatusUnauthorized, "role admin")
	r.do("wrong", http.MethodGet, "/api/v1/info", "").says(http.StatusUnauthorized, "not valid")
}

func TestTokens(t *testing.T) {
	r := newRig(t, nil)
	id, token := r.token("gateway 7", "officer")
	if !strings.HasPrefix(token, "qt_") || len(token) < 40 {
		t.Errorf("token %q", token)
	}
	body := `{"station":"amata-01","values":{"cod":1}}`
	r.do(token, http.MethodPost, "/api/v1/readings", body).is(http.StatusAccepted)
	a := r.get("/api/v1/tokens").is(http.StatusOK)
	if !strings.Contains(string(a.body), id) || strings.Contains(string(a.body), token) || strings.Contains(string(a.body), "hash") {
		t.Errorf("the list: %s", a.body)
	}

	// A restart knows the token; after a deletion neither it nor the next start does.
	again, err := OpenTokens(t.Context(), r.tokenStore(), "", r.clock)
	if err != nil {
		t.Fatal(err)
	}
	if c, ok := again.verify(token); !ok || c.role != Officer || c.name != "gateway 7" {
		t.Errorf("after a restart: %+v %v", c, ok)
	}
	if _, ok := again.verify(bootstrap); ok {
		t.Error("the bootstrap token was stored")
	}
	r.do(bootstrap, http.MethodDelete, "/api/v1/tokens/"+id, "").is(http.StatusNoContent)
	r.do(token, http.MethodPost, "/api/v1/readings", body).says(http.StatusUnauthorized, "not valid")
	r.do(bootstrap, http.MethodDelete, "/api/v1/tokens/"+id, "").is(http.StatusNotFound)
	if again, err = OpenTokens(t.Context(), r.tokenStore(), "", r.clock); err != nil {
		t.Fatal(err)
	}
	if _, ok := again.verify(token); ok {
		t.Error("a deleted token came back")
	}
	r.do(bootstrap, http.MethodDelete, "/api/v1/tokens/bootstrap", "").says(http.StatusConflict, "QUANTRAC_BOOTSTRAP_TOKEN")
}

func TestTokenRequests(t *testing.T) {
	r := newRig(t, nil)
	for _, tc := range []struct {
		body, detail string
		status       int
	}{
		{``, "one JSON object", 400},
		{`{"name":"a","role":"viewer"} more`, "one JSON object", 400},
		{`{"name":"a","role":"viewer","admin":true}`, "unknown field", 400},
		{`[]`, "one JSON object", 400},
		{`{"name":"","role":"viewer"}`, "name", 422},
		{`{"name":"a\u0000b","role":"viewer"}`, "name", 422},
		{`{"name":"` + strings.Repeat("đ", 101) + `","role":"viewer"}`, "name", 422},
		{`{"name":"a","role":"none"}`, "role", 422},
		{`{"name":"a","role":"king"}`, "role", 422},
		{`{"name":"a"}`, "role", 422},
		{`{"name":"` + strings.Repeat("a", maxRequest) + `"}`, "64 KiB", 413},
	} {
		r.post("/api/v1/tokens", tc.body).says(tc.status, tc.detail)
	}
	r.post("/api/v1/tokens", `{"name":"`+strings.Repeat("đ", 100)+`","role":"viewer"}`).is(http.StatusCreated)
}

func TestGuessing(t *testing.T) {
	short := "short"
	r := newRig(t, func(c *Config) {
		tokens, err := OpenTokens(t.Context(), Store{All: c.Tokens.store.All, Put: c.Tokens.store.Put}, short+"\n", c.Now)
		if err != nil {
			t.Fatal(err)
		}
		c.Tokens = tokens
	})
	const path = "/api/v1/info"
	long := "qt_0123456789abcdef"
	made := Token{ID: "x", Name: "x", Role: Viewer}
	r.cfg.Tokens.hold(made, sha256.Sum256([]byte(long)))
	r.do(short, http.MethodGet, path, "").is(http.StatusOK)
	for range guessesAtOnce {
		r.do("wrong", http.MethodGet, path, "").is(http.StatusUnauthorized)
	}
	if a := r.do("wrong", http.MethodGet, path, "").is(http.StatusTooManyRequests); a.header.Get("Retry-After") == "" {
		t.Error("429 without Retry-After")
	}
	r.do(short, http.MethodGet, path, "").is(http.StatusTooManyRequests) // else a guesser would learn that it is right
	r.do(long, http.MethodGet, path, "").is(http.StatusOK)               // nobody else's guesses lock a gateway out
	r.pass(guessEvery)
	r.do(short, http.MethodGet, path, "").is(http.StatusOK)
	r.do("wrong", http.MethodGet, path, "").is(http.StatusUnauthorized)
	r.do("wrong", http.MethodGet, path, "").is(http.StatusTooManyRequests)
}

func TestGuessersAreForgotten(t *testing.T) {
	now := noon
	g := guesses{now: func() time.Time { return now }, by: map[string]*rate.Limiter{}}
	for i := range maxGuessers {
		g.wrong(string(rune(i)) + "x")
	}
	now = now.Add(time.Hour)
	for range guessesAtOnce {
		g.wrong("busy")
	}
	if len(g.by) > maxGuessers || !g.blocked("busy") {
		t.Errorf("%d addresses are kept", len(g.by))
	}
}

func TestAuthorizationHeader(t *testing.T) {
	r := newRig(t, nil)
	for header, status := range map[string]int{
		"bearer " + bootstrap: 200, "Bearer  " + bootstrap: 200, "Basic YTpi": 401, bootstrap: 401, "Bearer": 401, "Bearer ": 401,
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.http.URL+"/api/v1/info", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", header)
		r.exchange(req).is(status)
	}
}

func TestRemoteNetwork(t *testing.T) {
	for addr, want := range map[string]string{
		"192.0.2.7:1234": "192.0.2.7", "[::ffff:192.0.2.7]:1": "192.0.2.7", "[2001:db8:1:2:3::4]:1": "2001:db8:1:2::/64", "[fe80::1%eth0]:1": "fe80::/64", "pipe": "pipe",
	} {
		if got := remoteNetwork(&http.Request{RemoteAddr: addr}); got != want {
			t.Errorf("%s: %s, want %s", addr, got, want)
		}
	}
}

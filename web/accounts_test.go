package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

const (
	goodPassword  = "bốn chiếc ghế gỗ cũ"
	otherPassword = "năm con thuyền giấy"
)

// browser keeps cookies and sends the csrf of its session with every change, as the page does.
type browser struct {
	*rig
	client *http.Client
	csrf   string
	user   who
}

func (r *rig) browser() *browser {
	r.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		r.t.Fatal(err)
	}
	return &browser{rig: r, client: &http.Client{Jar: jar}}
}

func (b *browser) do(method, path, body string, header ...string) answer {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), method, b.http.URL+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	if b.csrf != "" {
		req.Header.Set(csrfHeader, b.csrf)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	return b.exchangeBy(b.client, req)
}

func (b *browser) take(a answer) answer {
	b.t.Helper()
	var in struct {
		User who
		CSRF string
	}
	a.into(http.StatusOK, &in)
	b.csrf, b.user = in.CSRF, in.User
	return a
}

func (b *browser) signIn(username, password string) answer {
	b.t.Helper()
	body, err := json.Marshal(map[string]string{"username": username, "password": password})
	if err != nil {
		b.t.Fatal(err)
	}
	return b.do(http.MethodPost, "/api/v1/session", string(body))
}

// user makes a user who can sign in.
func (r *rig) user(username, role string, parks ...string) User {
	r.t.Helper()
	body, err := json.Marshal(map[string]any{"username": username, "name": strings.ToUpper(username), "role": role, "parks": parks, "password": goodPassword})
	if err != nil {
		r.t.Fatal(err)
	}
	var u User
	r.post("/api/v1/users", string(body)).into(http.StatusCreated, &u)
	return u
}

func tokenOf(t *testing.T, link string) string {
	t.Helper()
	_, token, ok := strings.Cut(link, "/#/setup?token=")
	if !ok {
		t.Fatalf("link %q", link)
	}
	return token
}

func TestSignInAndOut(t *testing.T) {
	r := newRig(t, nil)
	made := r.user("lan", "officer", "amata")
	b := r.browser()
	a := b.take(b.signIn(" Lan ", goodPassword))
	if b.user.ID != made.ID || b.user.Name != "LAN" || b.user.Role != Officer || fmt.Sprint(b.user.Parks) != "[amata]" {
		t.Errorf("%+v", b.user)
	}
	cookie := a.header.Get("Set-Cookie")
	for _, want := range []string{sessionCookie + "=", "HttpOnly", "SameSite=Strict", "Path=/"} {
		if !strings.Contains(cookie, want) {
			t.Errorf("cookie %q has no %s", cookie, want)
		}
	}
	var info struct {
		Role string
		User *who
		CSRF string
	}
	b.do(http.MethodGet, "/api/v1/info", "").into(http.StatusOK, &info)
	if info.Role != "officer" || info.User == nil || info.User.Username != "lan" || info.CSRF != b.csrf {
		t.Errorf("%+v", info)
	}
	b.do(http.MethodGet, "/api/v1/users", "").says(http.StatusForbidden, "you have officer")
	b.do(http.MethodDelete, "/api/v1/session", "").is(http.StatusNoContent)
	b.do(http.MethodGet, "/api/v1/info", "").is(http.StatusUnauthorized)

	// The store has no trace of what opens a session, and what has ended does not come back.
	if n := len(r.openAccounts(t.Context()).sessions); n != 0 {
		t.Errorf("%d sessions are stored", n)
	}
	if got := r.auditOf("?actor=lan").actions(); got != "" {
		t.Errorf("%s", got) // the display name counts, not the user name
	}
	if got := r.auditOf("?actor=" + made.ID).actions(); got != "session.delete session.create" {
		t.Errorf("%s", got)
	}
}

func TestSessionsOutliveARestart(t *testing.T) {
	r := newRig(t, nil)
	r.user("lan", "officer")
	b := r.browser()
	b.take(b.signIn("lan", goodPassword))
	r.pass(sessionIdle - time.Minute)
	b.do(http.MethodGet, "/api/v1/info", "").is(http.StatusOK)
	if err := r.server.sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	token := b.cookie()
	r.pass(time.Hour)
	if c, ok := r.openAccounts(t.Context()).resolve(token); !ok || c.name != "LAN" || c.role != Officer {
		t.Errorf("after a restart: %+v %v", c, ok)
	}
	err := r.cfg.Accounts.cfg.Sessions.All(t.Context(), func(key string, value []byte) error {
		if strings.Contains(key+string(value), token) {
			t.Error("the session's token is stored")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	b.do(http.MethodGet, "/api/v1/info", "").is(http.StatusOK)
	r.pass(sessionIdle)
	b.do(http.MethodGet, "/api/v1/info", "").says(http.StatusUnauthorized, "the session has ended")
	for range sessionLife/sessionIdle*2 + 1 {
		r.pass(sessionIdle / 2)
		_, _ = r.cfg.Accounts.resolve(token)
	}
	if _, ok := r.cfg.Accounts.resolve(token); ok {
		t.Error("a session that is used lives for ever")
	}
}

func (b *browser) cookie() string {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, b.http.URL, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, c := range b.client.Jar.Cookies(req.URL) {
		if c.Name == sessionCookie {
			return c.Value
		}
	}
	b.t.Fatal("no session cookie")
	return ""
}

func TestForgery(t *testing.T) {
	r := newRig(t, nil)
	r.user("root", "admin")
	b := r.browser()
	b.take(b.signIn("root", goodPassword))
	const path, body = "/api/v1/silences", `{"matcher":{"parks":["amata"]},"to":"2026-11-24T09:00:00Z","reason":"thử"}`
	b.do(http.MethodPost, path, body).is(http.StatusCreated)
	b.do(http.MethodPost, path, body, csrfHeader, "wrong").says(http.StatusForbidden, csrfHeader)
	b.do(http.MethodPost, path, body, "Origin", "http://evil.example").says(http.StatusForbidden, "another origin")
	b.do(http.MethodPost, path, body, "Sec-Fetch-Site", "cross-site").says(http.StatusForbidden, "another origin")
	b.do(http.MethodPost, "/api/v1/session", `{}`, "Sec-Fetch-Site", "cross-site").says(http.StatusForbidden, "another origin")
	b.csrf = ""
	b.do(http.MethodPost, path, body).says(http.StatusForbidden, csrfHeader)
	b.do(http.MethodDelete, "/api/v1/session", "").says(http.StatusForbidden, csrfHeader)
	b.do(http.MethodGet, path, "").is(http.StatusOK)
	// A token needs none of it, and counts before the cookie.
	_, viewer := r.token("v", "viewer")
	b.do(http.MethodPost, path, body, "Authorization", "Bearer "+bootstrap, "Sec-Fetch-Site", "cross-site").is(http.StatusCreated)
	b.do(http.MethodPost, path, body, "Authorization", "Bearer "+viewer).says(http.StatusForbidden, "the token has viewer")
}

func TestAnotherSecondSignInReplacesTheSession(t *testing.T) {
	r := newRig(t, nil)
	r.user("lan", "officer")
	b := r.browser()
	b.take(b.signIn("lan", goodPassword))
	old := b.cookie()
	b.csrf = ""
	b.take(b.signIn("lan", goodPassword))
	if _, ok := r.cfg.Accounts.resolve(old); ok || b.cookie() == old {
		t.Error("the session before is open")
	}
}

// What changes what a user may do ends what they have, at once.
func TestWhatEndsSessions(t *testing.T) {
	for name, end := range map[string]func(r *rig, path string, b *browser){
		"disabled": func(r *rig, path string, _ *browser) {
			r.do(bootstrap, http.MethodPut, path, `{"name":"Lan","role":"officer","disabled":true}`).is(http.StatusOK)
		},
		"role": func(r *rig, path string, _ *browser) {
			r.do(bootstrap, http.MethodPut, path, `{"name":"Lan","role":"viewer"}`).is(http.StatusOK)
		},
		"parks": func(r *rig, path string, _ *browser) {
			r.do(bootstrap, http.MethodPut, path, `{"name":"Lan","role":"officer","parks":["amata"]}`).is(http.StatusOK)
		},
		"reset": func(r *rig, path string, _ *browser) { r.post(path+"/reset", "").is(http.StatusCreated) },
		"deleted": func(r *rig, path string, _ *browser) {
			r.do(bootstrap, http.MethodDelete, path, "").is(http.StatusNoContent)
		},
		"everywhere": func(r *rig, _ string, b *browser) {
			b.do(http.MethodDelete, "/api/v1/session?everywhere=true", "").is(http.StatusNoContent)
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, nil)
			u := r.user("lan", "officer")
			a, b := r.browser(), r.browser()
			a.take(a.signIn("lan", goodPassword))
			b.take(b.signIn("lan", goodPassword))
			conn := a.socket()
			r.pass(time.Second)
			end(r, "/api/v1/users/"+u.ID, b)
			a.do(http.MethodGet, "/api/v1/info", "").is(http.StatusUnauthorized)
			if _, _, err := conn.ReadMessage(); !websocket.IsCloseError(err, websocket.ClosePolicyViolation) {
				t.Errorf("the websocket: %v", err)
			}
			if n := len(r.openAccounts(t.Context()).sessions); n != 0 {
				t.Errorf("%d sessions are stored", n)
			}
		})
	}
}

// socket opens a websocket by the session alone.
func (b *browser) socket() *websocket.Conn {
	b.t.Helper()
	d := websocket.Dialer{Subprotocols: []string{subprotocol}, Jar: b.client.Jar}
	conn, resp, err := d.DialContext(b.t.Context(), strings.Replace(b.http.URL, "http", "ws", 1)+"/ws", http.Header{"Origin": {b.http.URL}})
	if err != nil {
		b.t.Fatal(err)
	}
	_ = resp.Body.Close()
	b.t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func TestPasswordChange(t *testing.T) {
	r := newRig(t, nil)
	r.user("lan", "officer")
	here, there := r.browser(), r.browser()
	here.take(here.signIn("lan", goodPassword))
	there.take(there.signIn("lan", goodPassword))
	const path = "/api/v1/session/password"
	change := func(current, next string) answer {
		return here.do(http.MethodPut, path, fmt.Sprintf(`{"current":%q,"password":%q}`, current, next))
	}
	change("wrong", otherPassword).says(http.StatusUnprocessableEntity, "current")
	change(goodPassword, "short").says(http.StatusUnprocessableEntity, "12 characters")
	old := here.csrf
	here.take(change(goodPassword, otherPassword))
	if here.csrf == old {
		t.Error("the session goes on under its old token")
	}
	here.do(http.MethodGet, "/api/v1/info", "").is(http.StatusOK)
	there.do(http.MethodGet, "/api/v1/info", "").is(http.StatusUnauthorized)
	there.csrf = ""
	there.signIn("lan", goodPassword).is(http.StatusUnauthorized)
	there.take(there.signIn("lan", otherPassword))
	r.do(bootstrap, http.MethodPut, path, `{"password":"`+otherPassword+`"}`).is(http.StatusConflict)
}

func TestInvitation(t *testing.T) {
	r := newRig(t, nil)
	var made userWithLink
	r.post("/api/v1/users", `{"username":"minh","role":"viewer"}`).into(http.StatusCreated, &made)
	if !made.Pending || made.Name != "minh" || !made.ExpiresAt.Equal(noon.Add(inviteLife)) || !strings.HasPrefix(made.Invitation, "http://quantrac.example/#/setup") {
		t.Errorf("%+v", made)
	}
	token := tokenOf(t, made.Invitation)
	b := r.browser()
	b.signIn("minh", "").is(http.StatusUnauthorized)
	var peek struct{ Kind, Username string }
	b.do(http.MethodPost, "/api/v1/invitation", `{"invitation":"`+token+`"}`).into(http.StatusOK, &peek)
	if peek.Kind != "invitation" || peek.Username != "minh" {
		t.Errorf("%+v", peek)
	}
	redeem := func(token, password string) answer {
		return b.do(http.MethodPost, "/api/v1/session", fmt.Sprintf(`{"invitation":%q,"password":%q}`, token, password))
	}
	redeem(token, "minh-minh-minh-1").is(http.StatusUnprocessableEntity) // not used up by that
	b.take(redeem(token, goodPassword))
	b.csrf = ""
	redeem(token, goodPassword).says(http.StatusUnauthorized, "was used")
	r.browser().signIn("minh", goodPassword).is(http.StatusOK)

	// A reset makes a new link; the newest counts, and it expires.
	var first, second userWithLink
	r.post("/api/v1/users/"+made.ID+"/reset", "").into(http.StatusCreated, &first)
	r.browser().signIn("minh", goodPassword).is(http.StatusUnauthorized)
	r.post("/api/v1/users/"+made.ID+"/reset", "").into(http.StatusCreated, &second)
	redeem(tokenOf(t, first.Invitation), goodPassword).is(http.StatusUnauthorized)
	r.pass(inviteLife)
	redeem(tokenOf(t, second.Invitation), goodPassword).is(http.StatusUnauthorized)
}

// The link of the first start makes an administrator, once, and only while there is none.
func TestSetup(t *testing.T) {
	r := newRig(t, nil)
	accounts := r.cfg.Accounts
	if accounts.Administered() {
		t.Fatal("administered by nobody")
	}
	old := must[string](t)(accounts.SetupLink(t.Context()))
	token := must[string](t)(accounts.SetupLink(t.Context()))
	b := r.browser()
	setup := func(token, username, password string) answer {
		return b.do(http.MethodPost, "/api/v1/session", fmt.Sprintf(`{"invitation":%q,"username":%q,"name":"Nguyễn An","password":%q}`, token, username, password))
	}
	setup(old, "an", goodPassword).is(http.StatusUnauthorized)
	setup(token, "", goodPassword).says(http.StatusUnprocessableEntity, "username")
	setup(token, "an", "123456789012").says(http.StatusUnprocessableEntity, "password")
	// Two at once: one of them is let in.
	var wg sync.WaitGroup
	statuses := make([]int, 2)
	for i := range statuses {
		wg.Go(func() {
			_, _, err := accounts.redeem(t.Context(), token, newcomer{fmt.Sprintf("an-%d", i), fmt.Sprintf("An %d", i), goodPassword})
			if err == nil {
				statuses[i] = 1
			}
		})
	}
	wg.Wait()
	if statuses[0]+statuses[1] != 1 || !accounts.Administered() || len(accounts.Users()) != 1 {
		t.Fatalf("%v, %d users", statuses, len(accounts.Users()))
	}
	late := must[string](t)(accounts.SetupLink(t.Context()))
	setup(late, "second", goodPassword).says(http.StatusConflict, "an administrator already")
}

func TestSignInLink(t *testing.T) {
	r := newRig(t, nil)
	token := must[string](t)(r.cfg.Accounts.SignInLink(t.Context(), "demo", "Demo"))
	b := r.browser()
	b.take(b.do(http.MethodPost, "/api/v1/session", `{"invitation":"`+token+`"}`))
	if b.user.Username != "demo" || b.user.Role != Admin {
		t.Errorf("%+v", b.user)
	}
	r.browser().do(http.MethodPost, "/api/v1/session", `{"invitation":"`+token+`"}`).is(http.StatusUnauthorized)
	// Who has no password may choose one.
	b.take(b.do(http.MethodPut, "/api/v1/session/password", `{"password":"`+goodPassword+`"}`))
	r.browser().signIn("demo", goodPassword).is(http.StatusOK)
	if again := must[string](t)(r.cfg.Accounts.SignInLink(t.Context(), "demo", "Demo")); again == token || len(r.cfg.Accounts.Users()) != 1 {
		t.Error("the second link made a second user")
	}
}

func TestUsers(t *testing.T) {
	r := newRig(t, nil)
	for body, detail := range map[string]string{
		`{"username":"A B","role":"viewer"}`:                               "username",
		`{"username":"x","role":"viewer"}`:                                 "username",
		`{"username":"lan","role":"none"}`:                                 "role",
		`{"username":"lan","role":"officer","parks":["atlantis"]}`:         "no park",
		`{"username":"lan","role":"officer","parks":["amata","amata"]}`:    "twice",
		`{"username":"lan","role":"admin","parks":["amata"]}`:              "all parks",
		`{"username":"lan","role":"viewer","password":"aaaaaaaaaaaaaaaa"}`: "easy to guess",
	} {
		r.post("/api/v1/users", body).says(http.StatusUnprocessableEntity, detail)
	}
	u := r.user("root", "admin")
	r.post("/api/v1/users", `{"username":"root","role":"viewer"}`).says(http.StatusConflict, "already")
	r.post("/api/v1/users", `{"username":"other","name":"Root","role":"viewer"}`).says(http.StatusConflict, "has the name")
	path := "/api/v1/users/" + u.ID
	r.do(bootstrap, http.MethodPut, path, `{"name":"Root","role":"viewer"}`).says(http.StatusConflict, "nobody else")
	r.do(bootstrap, http.MethodPut, path, `{"name":"Root","role":"admin","disabled":true}`).says(http.StatusConflict, "nobody else")
	r.do(bootstrap, http.MethodDelete, path, "").says(http.StatusConflict, "nobody else")
	second := r.user("second", "admin")
	a := r.get(path).is(http.StatusOK)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPut, r.http.URL+path, strings.NewReader(`{"name":"Root","role":"viewer"}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+bootstrap)
	req.Header.Set("If-Match", a.header.Get("ETag"))
	r.exchange(req).is(http.StatusOK)
	req.Body = http.NoBody
	r.exchange(req).is(http.StatusBadRequest)
	r.do(bootstrap, http.MethodDelete, "/api/v1/users/"+second.ID, "").is(http.StatusConflict)
	r.do(bootstrap, http.MethodDelete, path, "").is(http.StatusNoContent)
	r.get(path).is(http.StatusNotFound)
	r.do(bootstrap, http.MethodDelete, path, "").is(http.StatusNotFound)
	r.post(path+"/reset", "").is(http.StatusNotFound)
	var page struct{ Items []User }
	r.get("/api/v1/users").into(http.StatusOK, &page)
	if len(page.Items) != 1 || page.Items[0].Username != "second" {
		t.Errorf("%+v", page)
	}
	if body := string(r.get("/api/v1/users").body); strings.Contains(body, "argon2") || strings.Contains(body, "hash") {
		t.Errorf("%s", body)
	}
	for _, e := range r.auditOf("?action=user").Items {
		if s := fmt.Sprint(e.Before, e.After); strings.Contains(s, "argon2") || strings.Contains(s, goodPassword) {
			t.Errorf("%s", s)
		}
	}
}

// Somebody who guesses is slowed down more and more, and does not keep the owner out of a place where they have been.
func TestLockout(t *testing.T) {
	r := newRig(t, nil)
	r.user("lan", "officer")
	a := r.cfg.Accounts
	const home, elsewhere = "192.0.2.1", "198.51.100.9"
	try := func(password, from string) error {
		_, err := a.check(t.Context(), "lan", password, from)
		return err
	}
	if _, err := a.signedIn(t.Context(), a.Users()[0].ID, home); err != nil {
		t.Fatal(err)
	}
	var waits []time.Duration
	for range 4 {
		for a.locks.wait("lan") <= 0 {
			if err := try("wrong", elsewhere); err == nil {
				t.Fatal("let in")
			}
		}
		wait := a.locks.wait("lan")
		waits = append(waits, wait)
		if err := try(goodPassword, elsewhere); err == nil || !strings.Contains(err.Error(), "too many wrong") {
			t.Errorf("the right password during a lock: %v", err)
		}
		if err := try(goodPassword, home); err != nil {
			t.Errorf("the owner at home: %v", err)
		}
		r.pass(wait)
	}
	if fmt.Sprint(waits) != "[10s 20s 40s 1m20s]" {
		t.Errorf("%v", waits)
	}
	if err := try(goodPassword, elsewhere); err != nil {
		t.Errorf("after the lock: %v", err)
	}
	// Nobody learns from a lock whether there is such a user.
	for range wrongAtOnce {
		_, _ = a.check(t.Context(), "nobody", "x", elsewhere)
	}
	if a.locks.wait("nobody") != firstLock {
		t.Errorf("%v", a.locks.wait("nobody"))
	}
}

func TestManyWrongPasswordsFromOneAddress(t *testing.T) {
	r := newRig(t, nil)
	r.user("lan", "officer")
	b := r.browser()
	for i := range guessesAtOnce {
		b.signIn(fmt.Sprintf("user-%d", i), goodPassword).says(http.StatusUnauthorized, "user name or the password")
	}
	if a := b.signIn("lan", goodPassword).is(http.StatusTooManyRequests); a.header.Get("Retry-After") != "10" {
		t.Errorf("Retry-After %q", a.header.Get("Retry-After"))
	}
	r.pass(guessEvery)
	b.signIn("lan", goodPassword).is(http.StatusOK)
}

func TestHashesAreBounded(t *testing.T) {
	g := newGate()
	hold, begun := make(chan struct{}), make(chan struct{}, hashesWaiting)
	var wg sync.WaitGroup
	for range hashesWaiting {
		wg.Go(func() {
			begun <- struct{}{}
			if err := g.do(t.Context(), func() { <-hold }); err != nil {
				t.Error(err)
			}
		})
	}
	for range hashesWaiting {
		<-begun
	}
	for len(g.waiting) < hashesWaiting {
		runtime.Gosched()
	}
	if err := g.do(t.Context(), func() {}); !errors.Is(err, errBusy) || len(g.places) != hashesAtOnce {
		t.Errorf("%v with %d at work", err, len(g.places))
	}
	close(hold)
	wg.Wait()
	if err := g.do(t.Context(), func() {}); err != nil {
		t.Error(err)
	}
}

func TestPasswordRules(t *testing.T) {
	for password, ok := range map[string]bool{
		goodPassword: true, otherPassword: true, "correct horse battery": true, "Tr0ub4dor&3-x9": true, "kT4vJ0r9cQm2": true,
		"": false, "short-pass1": false, "passwordpassword": false, "Password123456": false, "quantrac2026!": false, "aaaaaaaaaaaaaaa": false, "abcdefghijklmnop": false,
		"qwertyuiop12345": false, "ababababababab": false, "nguyenlan-2026": false, "987654321098765": false, strings.Repeat("kT4v", 300): false,
	} {
		if fault := passwordFault(password, "nguyenlan"); (fault == "") != ok {
			t.Errorf("%.40q: %q", password, fault)
		}
	}
}

// A scope bounds what is done about alerts and stations, and not what is read.
func TestScope(t *testing.T) {
	r := newRig(t, nil)
	r.user("lan", "officer", "loteco")
	b := r.browser()
	b.take(b.signIn("lan", goodPassword))
	r.post("/api/v1/readings", `[{"station":"amata-01","values":{"cod":150}},{"station":"loteco-01","values":{"cod":150}}]`).is(http.StatusAccepted)
	r.settle()
	var page struct {
		Items []struct {
			ID   string
			Park struct{ ID string }
		}
	}
	b.do(http.MethodGet, "/api/v1/alerts", "").into(http.StatusOK, &page)
	if len(page.Items) != 2 {
		t.Fatalf("%+v", page)
	}
	for _, it := range page.Items {
		want := http.StatusForbidden
		if it.Park.ID == "loteco" {
			want = http.StatusOK
		}
		for _, act := range []string{"acknowledge", "assign", "comments", "close"} {
			b.do(http.MethodPost, "/api/v1/alerts/"+it.ID+"/"+act, `{"comment":"x","assignee":"y","cause":"z"}`).is(want)
		}
	}
	var mute struct{ ID string }
	for matcher, want := range map[string]int{
		`{"parks":["loteco"]}`: 201, `{"stations":["loteco-01"]}`: 201, `{"parks":["loteco"],"stations":["amata-01"]}`: 201,
		`{"parks":["amata"]}`: 403, `{"parks":["amata","loteco"]}`: 403, `{"stations":["loteco-01","amata-01"]}`: 403, `{"stations":["river-01"]}`: 403,
		`{"parameters":["cod"]}`: 403, `{"rules":["cod-over-limit"]}`: 403,
	} {
		a := b.do(http.MethodPost, "/api/v1/silences", `{"matcher":`+matcher+`,"to":"2026-11-24T09:00:00Z","reason":"thử"}`)
		if a.status != want && a.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %s", matcher, a.status, a.body)
		}
	}
	r.post("/api/v1/silences", `{"matcher":{"parks":["amata"]},"to":"2026-11-24T09:00:00Z","reason":"thử"}`).into(http.StatusCreated, &mute)
	b.do(http.MethodDelete, "/api/v1/silences/"+mute.ID, "").is(http.StatusForbidden)
	b.do(http.MethodPost, "/api/v1/readings", `{"station":"amata-01","values":{"cod":1}}`).says(http.StatusForbidden, "loteco")
	b.do(http.MethodPost, "/api/v1/readings", `{"station":"loteco-01","values":{"cod":1}}`).is(http.StatusAccepted)

	var made struct{ Token string }
	r.post("/api/v1/tokens", `{"name":"t","role":"officer","parks":["amata"]}`).into(http.StatusCreated, &made)
	r.do(made.Token, http.MethodPost, "/api/v1/readings", `{"station":"loteco-01","values":{"cod":1}}`).is(http.StatusForbidden)
}

func TestTokenExpiryAndUse(t *testing.T) {
	r := newRig(t, nil)
	r.post("/api/v1/tokens", `{"name":"t","role":"viewer","expires_at":"2026-11-24T05:00:00Z"}`).says(http.StatusUnprocessableEntity, "future")
	var made struct {
		Token
		Secret string `json:"token"`
	}
	r.post("/api/v1/tokens", `{"name":"t","role":"viewer","expires_at":"2026-11-24T07:00:00Z"}`).into(http.StatusCreated, &made)
	if made.LastUsedAt != nil || made.ExpiresAt == nil {
		t.Errorf("%+v", made.Token)
	}
	r.pass(time.Hour)
	r.do(made.Secret, http.MethodGet, "/api/v1/info", "").is(http.StatusOK)
	used := func(tokens *Tokens) string {
		tok, _ := tokens.get(made.ID)
		return fmt.Sprint(tok.LastUsedAt)
	}
	want := fmt.Sprint(new(r.clock()))
	if got := used(r.cfg.Tokens); got != want {
		t.Errorf("used %s, want %s", got, want)
	}
	reopen := func() *Tokens { return must[*Tokens](t)(OpenTokens(t.Context(), r.tokenStore(), "", r.clock)) }
	if got := used(reopen()); got != "<nil>" {
		t.Errorf("written at each request: %s", got)
	}
	if err := r.server.sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := used(reopen()); got != want {
		t.Errorf("after a restart: used %s, want %s", got, want)
	}
	r.pass(time.Hour)
	r.do(made.Secret, http.MethodGet, "/api/v1/info", "").says(http.StatusUnauthorized, "not valid")
}

func TestManySessionsOfOneUser(t *testing.T) {
	r := newRig(t, nil)
	u := r.user("lan", "viewer")
	var first string
	for i := range maxSessions + 1 {
		token := must[string](t)(r.cfg.Accounts.open(t.Context(), u.ID))
		if i == 0 {
			first = token
		}
		r.pass(time.Second)
	}
	if _, ok := r.cfg.Accounts.resolve(first); ok || len(r.openAccounts(t.Context()).sessions) != maxSessions {
		t.Error("the oldest session made no room")
	}
}

package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"
)

func TestUserAndTokenCommands(t *testing.T) {
	t.Setenv("QUANTRAC_TOKEN", adminToken)
	dir := t.TempDir()
	p := startProcess(t, "--data", dir, "--mqtt", "off")
	out := p.must("user", "add", "lan", "--role", "officer", "--parks", "amata", "--name", "Nguyễn Thị Lan")
	if !strings.Contains(out, "Nguyễn Thị Lan") || !strings.Contains(out, "/#/setup?token=") || !strings.Contains(out, "no password yet") {
		t.Errorf("added:\n%s", out)
	}
	p.fails("there is a user lan already", "user", "add", "lan")
	p.fails("no park has the id", "user", "add", "minh", "--parks", "atlantis")
	if out := p.must("user", "list"); !regexp.MustCompile(`(?m)^lan +Nguyễn Thị Lan +officer +amata +no password yet +-$`).MatchString(out) || strings.Contains(out, "token=") {
		t.Errorf("list:\n%s", out)
	}
	if out := p.must("user", "disable", "lan"); !regexp.MustCompile(`(?m)^state +disabled$`).MatchString(out) {
		t.Errorf("disabled:\n%s", out)
	}
	p.must("user", "enable", "lan")
	if out := p.must("user", "role", "lan", "viewer"); !regexp.MustCompile(`(?m)^role +viewer$`).MatchString(out) || !strings.Contains(out, "amata") {
		t.Errorf("role:\n%s", out)
	}
	if out := p.must("user", "role", "LAN", "admin"); !regexp.MustCompile(`(?m)^parks +all$`).MatchString(out) {
		t.Errorf("role:\n%s", out)
	}
	var reset userAnswer
	if err := json.Unmarshal([]byte(p.must("user", "reset", "lan", "--json")), &reset); err != nil || reset.Invitation == "" {
		t.Errorf("reset: %+v %v", reset, err)
	}
	p.signInBy(reset.Invitation, http.StatusOK)
	p.signInBy(reset.Invitation, http.StatusUnauthorized)
	p.fails("nobody else can sign in as an administrator", "user", "delete", "lan")
	p.fails("there is no user", "user", "delete", "minh")
	p.must("user", "add", "minh", "--role", "viewer")
	p.must("user", "delete", "minh")

	var made struct{ ID, Token string }
	if err := json.Unmarshal([]byte(p.must("token", "create", "script", "--role", "viewer", "--expires", "90d", "--json")), &made); err != nil || made.Token == "" {
		t.Fatalf("%+v %v", made, err)
	}
	if out := p.must("token", "list"); !regexp.MustCompile(`(?m)^`+made.ID+` +script +viewer +all +\S+ +\S+ +-$`).MatchString(out) || strings.Contains(out, made.Token) {
		t.Errorf("list:\n%s", out)
	}
	p.must("token", "revoke", made.ID)
	p.fails("404", "token", "revoke", made.ID)
	p.fails("no time like 90d", "token", "create", "x", "--expires", "soon")

	// The service has the data: it must be stopped first.
	var fault bytes.Buffer
	if status := command([]string{"user", "recover", "lan", "--data", dir}, &bytes.Buffer{}, &fault); status != 1 || !strings.Contains(fault.String(), "in use") {
		t.Errorf("status %d: %s", status, fault.String())
	}
	p.stop()
	recovered := func(args ...string) (int, string) {
		var out, fault bytes.Buffer
		status := command(append([]string{"user", "recover"}, args...), &out, &fault)
		return status, out.String() + fault.String()
	}
	if status, text := recovered("--data", dir); status != 1 || !strings.Contains(text, "name one of the users: lan") {
		t.Errorf("status %d: %s", status, text)
	}
	if status, text := recovered("--data", t.TempDir()); status != 1 || !strings.Contains(text, "holds no data") {
		t.Errorf("status %d: %s", status, text)
	}
	status, text := recovered("lan", "--data", dir)
	if status != 0 {
		t.Fatal(text)
	}
	p.start()
	_, link, _ := strings.Cut(strings.TrimSpace(text), "once: ")
	p.signInBy(link, http.StatusOK)
	var trail struct {
		Items []struct {
			Action string
			Actor  struct{ Kind string }
		}
	}
	p.get("/api/v1/audit?action=user.recover", &trail)
	if len(trail.Items) != 1 || trail.Items[0].Actor.Kind != "system" {
		t.Errorf("%+v", trail)
	}
}

// signInBy chooses a password by a one-time link.
func (p *process) signInBy(link string, want int) {
	p.t.Helper()
	_, token, _ := strings.Cut(link, "token=")
	body := `{"invitation":"` + token + `","password":"bốn chiếc ghế gỗ cũ"}`
	if status, answer, err := p.request(http.MethodPost, "/api/v1/session", body); err != nil || status != want {
		p.t.Errorf("sign in by %s: %d %s %v", link, status, answer, err)
	}
}

func TestLifetime(t *testing.T) {
	for text, want := range map[string]string{"90d": "2160h0m0s", "12h": "12h0m0s", "0d": "", "-1h": "", "soon": "", "99999999d": "", "d": ""} {
		got, err := lifetime(text)
		if (err == nil) != (want != "") || err == nil && got.String() != want {
			t.Errorf("%s: %s %v", text, got, err)
		}
	}
}

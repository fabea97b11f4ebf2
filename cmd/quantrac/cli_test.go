package main

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
)

// cli runs a subcommand against the service as an operator would, and returns its exit status and what it printed.
func (p *process) cli(args ...string) (status int, stdout, stderr string) {
	p.t.Helper()
	var out, fault strings.Builder
	status = command(append(args, "--url", "http://"+p.http), &out, &fault)
	return status, out.String(), fault.String()
}

// must runs a subcommand that has to succeed.
func (p *process) must(args ...string) string {
	p.t.Helper()
	status, out, fault := p.cli(args...)
	if status != 0 {
		p.t.Fatalf("%q: status %d: %s%s", args, status, out, fault)
	}
	return out
}

// fails runs a subcommand that the service has to refuse, for a reason.
func (p *process) fails(reason string, args ...string) {
	p.t.Helper()
	if status, out, fault := p.cli(args...); status != 1 || !strings.Contains(fault, reason) || out != "" {
		p.t.Errorf("%q: status %d, %q, %q: want the reason %q", args, status, out, fault, reason)
	}
}

func TestGatewayCommand(t *testing.T) {
	t.Setenv("QUANTRAC_TOKEN", adminToken)
	mqttAddr := freeAddr(t)
	p := startProcess(t, "--data", t.TempDir(), "--mqtt", mqttAddr)
	connect := func(password string) error {
		c := paho.NewClient(paho.NewClientOptions().AddBroker("tcp://" + mqttAddr).SetClientID("gw").SetUsername("amata").SetPassword(password).SetConnectRetry(false))
		token := c.Connect()
		if !token.WaitTimeout(20 * time.Second) {
			return errors.New("no answer")
		}
		if token.Error() == nil {
			c.Disconnect(0)
		}
		return token.Error()
	}
	out := p.must("gateway", "create", "gw-1", "--stations", "amata-01, amata-02", "--username", "amata")
	password := regexp.MustCompile(`(?m)^password +(\S{20,})$`).FindStringSubmatch(out)
	if password == nil || !strings.Contains(out, "amata-01,amata-02") {
		t.Fatalf("created:\n%s", out)
	}
	if err := connect(password[1]); err != nil {
		t.Errorf("the password that was printed: %v", err)
	}
	p.fails("412", "gateway", "create", "gw-1", "--stations", "*")
	p.fails("stations[1]: no station has the id", "gateway", "create", "gw-2", "--stations", "amata-01,nowhere")
	for _, args := range [][]string{{"gateway", "list"}, {"gateway", "show", "gw-1"}, {"gateway", "list", "--json"}, {"gateway", "show", "--json", "gw-1"}} {
		if _, out, _ := p.cli(args...); strings.Contains(out, password[1]) {
			t.Errorf("%q tells the password: %s", args, out)
		}
	}
	var g gatewayAnswer
	if err := json.Unmarshal([]byte(p.must("gateway", "rotate", "gw-1", "--json")), &g); err != nil || g.Password == "" || g.Password == password[1] || g.Username != "amata" {
		t.Errorf("rotated: %+v %v", g, err)
	}
	if out := p.must("gateway", "disable", "gw-1"); !regexp.MustCompile(`(?m)^state +disabled$`).MatchString(out) || !strings.Contains(out, "amata-01,amata-02") {
		t.Errorf("disabled:\n%s", out)
	}
	if out := p.must("gateway", "enable", "gw-1"); !regexp.MustCompile(`(?m)^state +(away|connected)$`).MatchString(out) {
		t.Errorf("enabled:\n%s", out)
	}
	if out := p.must("gateway", "list"); !regexp.MustCompile(`(?m)^gw-1 +amata +amata-01,amata-02 +0 +api +(away|connected) +\S+$`).MatchString(out) {
		t.Errorf("list:\n%s", out)
	}
	if err := connect(g.Password); err != nil {
		t.Errorf("the new password: %v", err)
	}
	if err := connect(password[1]); err == nil {
		t.Error("the old password opens still")
	}
	p.must("gateway", "revoke", "gw-1")
	if err := connect(g.Password); err == nil {
		t.Error("a revoked gateway is let in")
	}
	p.fails("404", "gateway", "show", "gw-1")
}

func TestAliasAndQuarantineCommands(t *testing.T) {
	t.Setenv("QUANTRAC_TOKEN", adminToken)
	p := startProcess(t, "--data", t.TempDir(), "--mqtt", "off")
	for _, body := range []string{`{"station":"amata-01","values":{"Chi so K":1}}`, `{"station":"amata-01","values":{"Chi so K":2}}`, "\x1b[2Jnot json"} {
		if status, answer, err := p.request(http.MethodPost, "/api/v1/readings", body); status != http.StatusUnprocessableEntity {
			t.Fatalf("%d %s %v", status, answer, err)
		}
	}
	eventually(t, 20*time.Second, "everything is in quarantine", func() bool {
		return strings.Count(p.must("quarantine", "list"), "\n") == 4
	})
	if out := p.must("quarantine", "list", "--reason", "unknown_parameter", "--limit", "1"); strings.Count(out, "\n") != 2 || !strings.Contains(out, "unknown_parameter") {
		t.Errorf("list:\n%s", out)
	}
	p.fails("did you mean tss?", "alias", "add", "parameter", "Chi so K", "t_ss")
	p.must("alias", "add", "parameter", "Chi so K", "tss", "--factor", "10")
	p.fails("409", "alias", "add", "parameter", "chi-so-k", "cod")
	var all []struct{ ID, Name string }
	if err := json.Unmarshal([]byte(p.must("alias", "list", "--json")), &all); err != nil || len(all) != 1 || all[0].Name != "Chi so K" {
		t.Errorf("aliases %+v %v", all, err)
	}
	if out := p.must("quarantine", "retry", "--all", "--reason", "unknown_parameter"); !regexp.MustCompile(`(?m)^\d+-\d+ +1 +0 +- +-$`).MatchString(out) || strings.Count(out, "\n") != 3 {
		t.Errorf("retried:\n%s", out)
	}
	var open []struct{ ID string }
	if err := json.Unmarshal([]byte(p.must("quarantine", "list", "--state", "open", "--json")), &open); err != nil || len(open) != 1 {
		t.Fatalf("open: %+v %v", open, err)
	}
	if status, out, fault := p.cli("quarantine", "retry", "999-0", open[0].ID); status != 1 || !strings.Contains(fault, "1 of 2") || !strings.Contains(out, "undecodable") {
		t.Errorf("status %d: %s%s", status, out, fault)
	}
	p.must("alias", "delete", all[0].ID)
	p.fails("404", "alias", "delete", all[0].ID)
}

func TestCommandsThatAskTheService(t *testing.T) {
	for _, args := range [][]string{
		{"gateway"},
		{"gateway", "steal"},
		{"gateway", "show"},
		{"gateway", "show", "a", "b"},
		{"gateway", "create", "gw-1"},
		{"alias"},
		{"alias", "add", "parameter"},
		{"quarantine"},
		{"quarantine", "retry"},
		{"quarantine", "retry", "1-0", "--all"},
		{"quarantine", "retry", "1-0", "--reason", "future"},
		{"gateway", "list", "--colour"},
	} {
		if status := command(args, new(strings.Builder), new(strings.Builder)); status != 2 {
			t.Errorf("%q: status %d, want 2", args, status)
		}
	}
	p := startProcess(t, "--data", t.TempDir(), "--mqtt", "off")
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(adminToken+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("QUANTRAC_TOKEN", "")
	p.fails("401", "alias", "list")
	p.fails("no such file", "alias", "list", "--token-file", file+"x")
	p.must("alias", "list", "--token-file", file)
	p.must("quarantine", "list") // anonymous is a viewer there
	var fault strings.Builder
	if status := command([]string{"alias", "list", "--url", "http://" + freeAddr(t)}, io.Discard, &fault); status != 1 || !strings.Contains(fault.String(), "--url") {
		t.Errorf("a service that is not there: %d %s", status, fault.String())
	}
}

func TestPrintable(t *testing.T) {
	if got := printable("a\x1b[2J\tb\nc đ"); strings.ContainsAny(got, "\x1b\t\n") || !strings.HasSuffix(got, "c đ") || printable("") != "-" {
		t.Errorf("%q", got)
	}
}

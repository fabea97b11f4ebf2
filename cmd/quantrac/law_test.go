package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"quantrac/alerts/backtest"
)

const limitFile = `sets:
  - id: qcvn40-2025
    reference: QCVN 40:2025/BTNMT
    name: {vi: Nước thải công nghiệp, en: Industrial wastewater}
    factors: false
    columns: [A]
    verified_by: ""
    rows: [{parameter: cod, unit: mg/L, factors: false, max: {A: 60}, mark: unverified}]
`

// configured is a service with files of its own for rules, limits and mappings.
type configured struct {
	*process
	dir string
}

func startConfigured(t *testing.T) *configured {
	t.Helper()
	c := &configured{dir: t.TempDir()}
	c.write("rules.yaml", "rules:\n  - {id: one, parameters: [cod], levels: {critical: {above: 100}}}\n")
	c.write("config.yaml", "rules: "+filepath.Join(c.dir, "rules.yaml")+"\nmqtt: {listen: \"off\"}\n")
	c.process = startProcess(t, "--data", filepath.Join(c.dir, "data"), "--config", filepath.Join(c.dir, "config.yaml"))
	return c
}

func (c *configured) write(name, text string) {
	if err := os.WriteFile(filepath.Join(c.dir, name), []byte(text), 0o600); err != nil {
		panic(err)
	}
}

func (c *configured) hangup() {
	c.t.Helper()
	if err := c.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		c.t.Fatal(err)
	}
}

// counts reports whether the metrics have a line.
func (c *configured) counts(line string) bool {
	c.t.Helper()
	_, body, err := c.request(http.MethodGet, "/metrics", "")
	if err != nil {
		c.t.Fatal(err)
	}
	return strings.Contains(string(body), line+"\n")
}

// rules lists the rules that stand, as "id level source".
func (c *configured) rules() string {
	var list struct {
		Items []struct {
			ID, Source string
			Levels     map[string]json.RawMessage
		}
	}
	c.get("/api/v1/rules", &list)
	var out []string
	for _, r := range list.Items {
		out = append(out, fmt.Sprintf("%s %s %s", r.ID, r.Levels["critical"], r.Source))
	}
	return strings.Join(out, ", ")
}

func (c *configured) tell(at time.Time, cod float64) {
	c.t.Helper()
	body := fmt.Sprintf(`{"station":"amata-01","measured_at":%q,"values":{"cod":%g}}`, at.UTC().Format(time.RFC3339), cod)
	if status, answer, err := c.request(http.MethodPost, "/api/v1/readings", body); err != nil || status != http.StatusAccepted {
		c.t.Fatal(status, string(answer), err)
	}
}

// alerts lists the alerts of a rule, as "state severity cause".
func (c *configured) alerts(rule string) string {
	var list struct {
		Items []struct{ State, Severity, Cause string }
	}
	c.get("/api/v1/alerts?rule="+rule, &list)
	var out []string
	for _, a := range list.Items {
		out = append(out, strings.TrimSpace(a.State+" "+a.Severity+" "+a.Cause))
	}
	return strings.Join(out, ", ")
}

func (c *configured) wait(what string, is func() bool) {
	c.t.Helper()
	eventually(c.t, 20*time.Second, what, is)
}

// SIGHUP takes up rules, limits and mappings. A bad file leaves what is in force, whatever else is good; the state of rules that are
// the same goes on; edits stay over the file, also after a kill.
func TestHangupReloads(t *testing.T) {
	c := startConfigured(t)
	now := time.Now().Truncate(time.Second)
	c.tell(now.Add(-20*time.Minute), 120)
	c.wait("an alert by the first rules", func() bool { return c.alerts("one") == "open critical" })

	c.write("rules.yaml", "rules:\n  - {id: one, parameters: [cod], levels: {critical: {above: 100}}}\n  - {id: two, parameters: [cod], levels: {critical: {above: 110}}}\n")
	c.write("limits.yaml", limitFile)
	c.write("config.yaml", "rules: "+filepath.Join(c.dir, "rules.yaml")+"\nlimits: "+filepath.Join(c.dir, "limits.yaml")+
		"\nmqtt: {listen: \"off\"}\nmappings: [{kind: parameter, name: DO DUC, target: tss}]\n")
	c.hangup()
	c.wait("the new rules", func() bool { return c.rules() == `one {"above":100} file, two {"above":110} file` })
	c.wait("the new mappings", func() bool {
		var list struct{ Items []struct{ Name string } }
		c.get("/api/v1/aliases", &list)
		return len(list.Items) == 1 && list.Items[0].Name == "DO DUC"
	})
	var limits struct{ Items []struct{ ID string } }
	if c.get("/api/v1/limits", &limits); len(limits.Items) != 2 || limits.Items[0].ID != "qcvn40-2025" || limits.Items[1].ID != "qcvn40-2011" {
		t.Errorf("limits %+v: a file extends the built-in law", limits)
	}
	c.tell(now.Add(-15*time.Minute), 120)
	c.wait("an alert by the second rule", func() bool { return c.alerts("two") == "open critical" })
	if got := c.alerts("one"); got != "open critical" {
		t.Errorf("the alert of the rule that is the same: %s", got)
	}

	// A bad file: nothing of it, nor of the good one beside it, is taken up.
	c.write("limits.yaml", strings.Replace(limitFile, "60", "-60", 1))
	c.write("rules.yaml", "rules:\n  - {id: three, levels: {critical: 1}}\n")
	c.hangup()
	if status, body, err := c.request(http.MethodPut, "/api/v1/rules/two", `{"parameters":["cod"],"levels":{"critical":{"above":130}}}`); err != nil || status != http.StatusOK {
		t.Fatal(status, string(body), err)
	}
	want := `one {"above":100} file, two {"above":130} api`
	c.wait("the refusal", func() bool { return c.counts(`quantrac_config_reloads_total{result="refused"} 1`) })
	if got := c.rules(); got != want {
		t.Errorf("rules %s, want %s", got, want)
	}

	c.write("limits.yaml", limitFile)
	c.write("rules.yaml", "rules:\n  - {id: two, parameters: [cod], levels: {critical: {above: 1}}}\n")
	c.hangup()
	c.wait("a rule that is gone", func() bool { return c.rules() == `two {"above":130} api` })
	c.wait("the end of its alert", func() bool { return c.alerts("one") == "resolved critical rule_removed" })
	c.kill()
	c.start()
	if got := c.rules(); got != `two {"above":130} api` {
		t.Errorf("after a kill: %s", got)
	}
	if got := c.alerts("one"); got != "resolved critical rule_removed" {
		t.Errorf("after a kill: %s", got)
	}
}

// What an officer verified stays verified after a kill, until the numbers change.
func TestVerifiedLimitsStay(t *testing.T) {
	c := startConfigured(t)
	c.write("limits.yaml", limitFile)
	c.write("config.yaml", "limits: "+filepath.Join(c.dir, "limits.yaml")+"\nmqtt: {listen: \"off\"}\n")
	c.hangup()
	verified := func() (out string) {
		var list struct {
			Items []struct {
				ID       string
				Verified bool
			}
		}
		c.get("/api/v1/limits", &list)
		for _, s := range list.Items {
			out += fmt.Sprintf("%s %v ", s.ID, s.Verified)
		}
		return strings.TrimSpace(out)
	}
	c.wait("the file of limits", func() bool { return verified() == "qcvn40-2025 false qcvn40-2011 false" })
	if status, body, err := c.request(http.MethodPut, "/api/v1/limits/qcvn40-2025/verify", `{"verified_by":"Lan"}`); err != nil || status != http.StatusOK {
		t.Fatal(status, string(body), err)
	}
	c.kill()
	c.start()
	if got := verified(); got != "qcvn40-2025 true qcvn40-2011 false" {
		t.Error(got)
	}
	c.write("limits.yaml", strings.Replace(limitFile, "A: 60", "A: 65", 1))
	c.hangup()
	c.wait("other numbers", func() bool { return verified() == "qcvn40-2025 false qcvn40-2011 false" })
}

func TestBacktestCommand(t *testing.T) {
	t.Setenv("QUANTRAC_TOKEN", adminToken)
	c := startConfigured(t)
	now := time.Now().Truncate(time.Second)
	for i := range 24 {
		cod := 40.0
		if i >= 6 && i < 12 {
			cod = 120
		}
		c.tell(now.Add(time.Duration(i-24)*5*time.Minute), cod)
	}
	c.wait("the alert", func() bool { return c.alerts("one") == "resolved critical" })
	c.wait("the history", func() bool {
		rows, err := c.rows("amata-01", "cod", now.Add(-3*time.Hour))
		return err == nil && len(rows) == 24
	})
	draft := writeFile(t, "draft.yaml", "id: one\nparameters: [cod]\nlevels:\n  critical: {above: 150}\n")
	out := c.must("backtest", "--rule", draft, "--stations", "amata-01,amata-02")
	if !strings.Contains(out, "amata-01") || !strings.Contains(out, "90 days: 1 → 0 alerts, 1 true exceedance would be missed") {
		t.Errorf("printed:\n%s", out)
	}
	var report backtest.Report
	out = c.must("backtest", "one", "--json", "--from", now.AddDate(0, 0, -2).Format(time.DateOnly))
	if err := json.Unmarshal([]byte(out), &report); err != nil || report.Draft.Alerts != 1 || report.InForce == nil || report.Difference.Missed != 0 {
		t.Errorf("%v in %s", err, out)
	}
	many := writeFile(t, "many.yaml", "rules:\n  - {id: x, levels: {critical: 9}}\n  - {id: new, parameters: [cod], levels: {critical: 1}}\n")
	if out = c.must("backtest", "new", "--rule", many, "--json"); json.Unmarshal([]byte(out), &report) != nil || report.Draft.Alerts != 1 || report.InForce != nil {
		t.Errorf("a rule that is not in force: %s", out)
	}
	c.fails("2 rules and none of id", "backtest", "--rule", many)
	c.fails("line 4, column 13: levels.critical", "backtest", "--rule", writeFile(t, "bad.yaml", "id: one\nparameters: [cod]\nlevels:\n  critical: {over: 150}\n"))
	c.fails("404", "backtest", "nothing")
	if status, _, _ := c.cli("backtest"); status != 2 {
		t.Errorf("without a rule: status %d", status)
	}
}

package web

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"quantrac/alerts"
)

type ruleAnswer struct {
	ID        string         `json:"id"`
	On        string         `json:"on"`
	For       string         `json:"for"`
	Levels    map[string]any `json:"levels"`
	Enabled   bool           `json:"enabled"`
	Source    string         `json:"source"`
	Overrides bool           `json:"overrides"`
	UpdatedAt *time.Time     `json:"updated_at"`
	UpdatedBy string         `json:"updated_by"`
}

// ask sends a request with headers, given as name and value in turn.
func (r *rig) ask(method, path, body string, header ...string) answer {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.http.URL+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+bootstrap)
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	return r.exchange(req)
}

func TestRulesAreEditedOverThoseOfTheFile(t *testing.T) {
	r := newRig(t, nil)
	var list struct{ Items []ruleAnswer }
	r.get("/api/v1/rules").into(http.StatusOK, &list)
	if len(list.Items) < 4 || slices.ContainsFunc(list.Items, func(a ruleAnswer) bool { return a.Source != "file" || !a.Enabled || a.UpdatedAt != nil }) {
		t.Fatalf("%+v", list.Items)
	}
	var rule ruleAnswer
	was := r.get("/api/v1/rules/over-limit").into(http.StatusOK, &rule)
	if rule.For == "" || rule.On != "value" {
		t.Errorf("defaults are not filled in: %+v", rule)
	}

	body := `{"name":{"vi":"Vượt"},"except":["ph","temp"],"levels":{"critical":1.2},"for":"30m"}`
	r.ask(http.MethodPut, "/api/v1/rules/over-limit", body, "If-Match", `"another"`).says(http.StatusPreconditionFailed, "If-Match")
	r.ask(http.MethodPut, "/api/v1/rules/over-limit", body, "If-None-Match", "*").says(http.StatusPreconditionFailed, "already")
	edited := r.ask(http.MethodPut, "/api/v1/rules/over-limit", body, "If-Match", was.header.Get("ETag")).into(http.StatusOK, &rule)
	if rule.Source != "api" || !rule.Overrides || rule.For != "30m" || rule.UpdatedBy != "bootstrap" || rule.UpdatedAt == nil || edited.header.Get("ETag") == was.header.Get("ETag") {
		t.Errorf("%+v", rule)
	}
	r.ask(http.MethodPut, "/api/v1/rules/mine", `{"on":"silence","after":"20m","enabled":false}`).into(http.StatusCreated, &rule)
	if rule.Enabled || rule.Overrides {
		t.Errorf("%+v", rule)
	}
	r.get("/api/v1/rules?source=api").into(http.StatusOK, &list)
	if len(list.Items) != 2 || list.Items[0].ID != "over-limit" || list.Items[1].ID != "mine" {
		t.Errorf("%+v", list.Items)
	}

	r.do(bootstrap, http.MethodDelete, "/api/v1/rules/over-limit", "").is(http.StatusNoContent)
	if back := r.get("/api/v1/rules/over-limit").into(http.StatusOK, &rule); rule.Source != "file" || back.header.Get("ETag") != was.header.Get("ETag") {
		t.Errorf("the rule of the file is not back: %+v", rule)
	}
	r.do(bootstrap, http.MethodDelete, "/api/v1/rules/over-limit", "").says(http.StatusConflict, "rules file")
	r.do(bootstrap, http.MethodDelete, "/api/v1/rules/mine", "").is(http.StatusNoContent)
	r.get("/api/v1/rules/mine").is(http.StatusNotFound)
	r.do(bootstrap, http.MethodDelete, "/api/v1/rules/mine", "").is(http.StatusNotFound)
}

func TestRulesInYAML(t *testing.T) {
	r := newRig(t, nil)
	text := "# giờ cao điểm\nname: {vi: Cao điểm}\nparameters: [cod]\nlevels:\n  warning: 0.8\n  critical: {above: 60}\n"
	var p problemBody
	r.ask(http.MethodPut, "/api/v1/rules/peak", text, "Content-Type", "application/yaml").into(http.StatusUnprocessableEntity, &p)
	if len(p.Errors) != 1 || p.Errors[0].Field != "levels.critical" || p.Errors[0].Line != 6 || p.Errors[0].Column != 13 {
		t.Errorf("the mixed levels: %+v", p.Errors)
	}
	bad := "levels: {critical: 1}\nfor: soon\nparameters: cod\nstation: [amata-01]\n"
	r.ask(http.MethodPut, "/api/v1/rules/peak", bad, "Content-Type", "application/yaml; charset=utf-8").into(http.StatusUnprocessableEntity, &p)
	var got []string
	for _, e := range p.Errors {
		got = append(got, fmt.Sprintf("%d:%d %s", e.Line, e.Column, e.Field))
	}
	if want := []string{"2:6 for", "3:13 parameters", "4:10 station"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v: %+v", got, want, p.Errors)
	}
	for name, text := range map[string]string{
		"no YAML": "a: [", "an alias of itself": "&a [*a]", "a bomb": "name: &a {vi: x}\nparameters: [*a, *a]", "nothing": "", "a list": "- a", "environment": "name: {vi: \"${HOME}\"}\nlevels: {critical: nan}",
	} {
		if a := r.ask(http.MethodPut, "/api/v1/rules/peak", text, "Content-Type", "application/yaml"); a.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	r.ask(http.MethodPut, "/api/v1/rules/peak", strings.Repeat("#", maxRequest+1), "Content-Type", "application/yaml").is(http.StatusRequestEntityTooLarge)
	r.ask(http.MethodPut, "/api/v1/rules/peak", "id: other\nlevels: {critical: 1}", "Content-Type", "application/yaml").says(http.StatusUnprocessableEntity, "line 1, column 5: id")

	text = "name: {vi: Cao điểm, en: \"${HOME}\"}\nparameters: [cod]\nlevels: {warning: {above: 50}, critical: {above: 60}}\nfor: 15m\n"
	r.ask(http.MethodPut, "/api/v1/rules/peak", text, "Content-Type", "application/yaml").is(http.StatusCreated)
	back := r.ask(http.MethodGet, "/api/v1/rules/peak", "", "Accept", "application/yaml").is(http.StatusOK)
	if !strings.HasPrefix(back.header.Get("Content-Type"), "application/yaml") || !strings.Contains(string(back.body), "for: 15m") || !strings.Contains(string(back.body), "${HOME}") {
		t.Errorf("%s\n%s", back.header, back.body)
	}
	r.ask(http.MethodPut, "/api/v1/rules/peak", string(back.body), "Content-Type", "application/yaml").is(http.StatusOK)
}

func TestFaultsOfARuleHaveTheirFields(t *testing.T) {
	r := newRig(t, nil)
	r.ask(http.MethodPut, "/api/v1/rules/x", `{"level":1}`).is(http.StatusBadRequest)
	var p problemBody
	r.ask(http.MethodPut, "/api/v1/rules/x", `{"parameters":["cod","plutonium"],"stations":["nowhere"],"levels":{"critical":-1},"clear":2}`).into(http.StatusUnprocessableEntity, &p)
	var fields []string
	for _, e := range p.Errors {
		fields = append(fields, e.Field)
	}
	if want := []string{"parameters[1]", "stations[0]", "levels.critical", "clear"}; !slices.Equal(fields, want) {
		t.Errorf("got %v, want %v", fields, want)
	}
	r.ask(http.MethodPut, "/api/v1/rules/Bad_Id", `{"levels":{"critical":1}}`).says(http.StatusUnprocessableEntity, "id")
	_, officer := r.token("officer", "officer")
	r.do(officer, http.MethodPut, "/api/v1/rules/x", `{"levels":{"critical":1}}`).is(http.StatusForbidden)
}

func TestADraftIsCheckedAndNotKept(t *testing.T) {
	r := newRig(t, nil)
	_, viewer := r.token("viewer", "viewer")
	check := func(text string) answer {
		return r.ask(http.MethodPost, "/api/v1/rules/peak/check", text, "Content-Type", "application/yaml", "Authorization", "Bearer "+viewer)
	}
	var got alerts.Rule
	check("parameters: [cod]\nlevels: {critical: 1}\n").into(http.StatusOK, &got)
	if got.ID != "peak" || got.On != alerts.OnValue || *got.Clear != alerts.DefaultClear || got.Name.VI != "peak" {
		t.Errorf("the defaults are not filled in: %+v", got)
	}
	check("parameters: [cod]\nlevels: {critical: -1}\n").says(http.StatusUnprocessableEntity, "line 2, column 20: levels.critical")
	check("id: other\nlevels: {critical: 1}\n").says(http.StatusUnprocessableEntity, "line 1, column 5: id")
	check("levels: [").is(http.StatusUnprocessableEntity)
	r.get("/api/v1/rules/peak").is(http.StatusNotFound)
}

// A rule that is switched off while its alert is open ends the alert; what the others say goes on.
func TestAChangedRuleJudgesAtOnce(t *testing.T) {
	r := newRig(t, nil)
	r.ask(http.MethodPut, "/api/v1/rules/now", `{"parameters":["cod"],"levels":{"critical":1}}`).is(http.StatusCreated)
	r.post("/api/v1/readings", `{"station":"amata-01","measured_at":"2026-11-24T04:59:00Z","values":{"cod":90}}`).is(http.StatusAccepted)
	r.settle()
	state := func() string {
		var list struct {
			Items []struct{ State, Cause string }
		}
		r.get("/api/v1/alerts?rule=now").into(http.StatusOK, &list)
		if len(list.Items) != 1 {
			return fmt.Sprintf("%d alerts", len(list.Items))
		}
		return list.Items[0].State + list.Items[0].Cause
	}
	if got := state(); got != "open" {
		t.Fatal(got)
	}
	r.ask(http.MethodPut, "/api/v1/rules/now", `{"parameters":["cod"],"levels":{"critical":1},"enabled":false}`).is(http.StatusOK)
	if got := state(); got != "resolvedrule_removed" {
		t.Error(got)
	}
}

// feed stores a day of readings of cod, an hour of which is over the limit of 75 mg/L.
func (r *rig) feed() {
	r.t.Helper()
	var all []string
	for i := range 288 {
		at := noon.Add(-24*time.Hour + time.Duration(i)*5*time.Minute)
		v := 40
		if i >= 100 && i < 112 {
			v = 90
		}
		all = append(all, fmt.Sprintf(`{"station":"amata-01","measured_at":%q,"values":{"cod":%d}}`, at.Format(time.RFC3339), v))
	}
	r.post("/api/v1/readings", "["+strings.Join(all, ",")+"]").is(http.StatusAccepted)
	r.settle()
}

type reportAnswer struct {
	Difference     *struct{ Added, Gone, Missed int }
	Summary        struct{ EN string }
	To             time.Time
	Readings       int
	Alerts, Missed []struct{ Station struct{ ID string } }
}

func TestBacktest(t *testing.T) {
	r := newRig(t, nil)
	r.feed()
	_, officer := r.token("officer", "officer")
	var got reportAnswer
	r.do(officer, http.MethodPost, "/api/v1/rules/over-limit/backtest", `{"rule":{"except":["ph","temp"],"levels":{"critical":2}},"stations":["amata-01"]}`).into(http.StatusOK, &got)
	if got.Difference == nil || got.Difference.Gone != 1 || got.Difference.Missed != 1 || len(got.Missed) != 1 || !strings.Contains(got.Summary.EN, "1 → 0 alerts, 1 true") {
		t.Errorf("%+v", got)
	}
	// As YAML, as it stands, and one that is not there yet.
	r.do(officer, http.MethodPost, "/api/v1/rules/new/backtest", `{"rule":"parameters: [cod]\nlevels: {critical: 1}\n","from":"2026-11-20T00:00:00Z","to":"2030-01-01T00:00:00Z"}`).into(http.StatusOK, &got)
	if len(got.Alerts) != 1 || !got.To.Equal(noon) || got.Alerts[0].Station.ID != "amata-01" {
		t.Errorf("%+v", got)
	}
	r.do(officer, http.MethodPost, "/api/v1/rules/over-limit/backtest", "").into(http.StatusOK, &got)
	if got.Difference == nil || got.Difference.Gone+got.Difference.Added != 0 || len(got.Alerts) != 1 {
		t.Errorf("the rule against itself: %+v", got)
	}
	for body, field := range map[string]string{
		`{"rule":{"levels":{"critical":-1}}}`:                         "levels.critical",
		`{"rule":{"level":1}}`:                                        "rule",
		`{"rule":"levels: {critical: -1}"}`:                           "line 1, column 20",
		`{"stations":["nowhere"]}`:                                    "stations[0]",
		`{"from":"2026-11-24T00:00:00Z","to":"2026-11-23T00:00:00Z"}`: "from",
		`{"from":"2020-11-24T00:00:00Z","to":"2026-11-23T00:00:00Z"}`: "from",
		`{"rule":{"id":"other","levels":{"critical":1}}}`:             "id",
	} {
		r.do(officer, http.MethodPost, "/api/v1/rules/over-limit/backtest", body).says(http.StatusUnprocessableEntity, field)
	}
	r.do(officer, http.MethodPost, "/api/v1/rules/new/backtest", "").is(http.StatusNotFound)
	_, viewer := r.token("viewer", "viewer")
	r.do(viewer, http.MethodPost, "/api/v1/rules/over-limit/backtest", "").is(http.StatusForbidden)
}

// stream opens a backtest whose answer comes in pieces.
func (r *rig) stream(ctx context.Context, accept string) *http.Response {
	r.t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, r.http.URL+"/api/v1/rules/over-limit/backtest", nil)
	if err != nil {
		r.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+bootstrap)
	req.Header.Set("Accept", accept)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { resp.Body.Close() })
	if ct := resp.Header.Get("Content-Type"); resp.StatusCode != http.StatusOK || ct != accept {
		r.t.Fatalf("%s %s", resp.Status, ct)
	}
	return resp
}

func TestBacktestStreams(t *testing.T) {
	r := newRig(t, nil)
	r.feed()
	var names []string
	for lines := bufio.NewScanner(r.stream(t.Context(), "application/x-ndjson").Body); lines.Scan(); {
		var line map[string]json.RawMessage
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil || len(line) != 1 {
			t.Fatalf("%v in %s", err, lines.Bytes())
		}
		for name := range line {
			names = append(names, name)
		}
	}
	if len(names) < 2 || names[0] != "progress" || names[len(names)-1] != "report" {
		t.Errorf("lines of %v", names)
	}
	names = nil
	for lines := bufio.NewScanner(r.stream(t.Context(), "text/event-stream").Body); lines.Scan(); {
		if name, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
			names = append(names, name)
		}
	}
	if len(names) < 2 || names[0] != "progress" || names[len(names)-1] != "report" {
		t.Errorf("events %v", names)
	}
}

// One runs at a time; it ends with its client, and then the next may run.
func TestOneBacktestAtATime(t *testing.T) {
	began, ended := make(chan struct{}), make(chan error, 1)
	r := newRig(t, func(c *Config) {
		c.Rules.Backtest = func(ctx context.Context, _ BacktestQuery, progress func(any)) (any, error) {
			progress(map[string]int{"done": 0})
			close(began)
			<-ctx.Done()
			ended <- ctx.Err()
			return nil, ctx.Err()
		}
	})
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	r.stream(ctx, "application/x-ndjson")
	<-began
	if a := r.post("/api/v1/rules/over-limit/backtest", ""); a.status != http.StatusTooManyRequests || a.header.Get("Retry-After") == "" {
		t.Errorf("%d %s", a.status, a.body)
	}
	leave()
	if err := <-ended; err == nil {
		t.Error("it did not end with its client")
	}
}

func TestLimitsAreShownAndVerified(t *testing.T) {
	r := newRig(t, nil)
	type set struct {
		ID         string
		Verified   bool
		VerifiedBy string `json:"verified_by"`
		Rows       []struct {
			Parameter, Mark, Source string
			Verified                bool
		}
	}
	var list struct {
		Items        []set
		FactorTables []json.RawMessage `json:"factor_tables"`
	}
	r.get("/api/v1/limits").into(http.StatusOK, &list)
	if len(list.Items) != 1 || list.Items[0].Verified || len(list.Items[0].Rows) < 10 || list.Items[0].Rows[4].Source == "" || len(list.FactorTables) != 3 {
		t.Fatalf("%+v", list)
	}
	verify := "/api/v1/limits/qcvn40-2011/verify"
	r.post(verify, `{"verified_by":" "}`).says(http.StatusUnprocessableEntity, "verified_by")
	r.post(verify, `{"verified_by":"Lan","verified_at":"2126-01-01T00:00:00Z"}`).says(http.StatusUnprocessableEntity, "verified_at")
	r.post("/api/v1/limits/other/verify", `{"verified_by":"Lan"}`).is(http.StatusNotFound)
	_, officer := r.token("officer", "officer")
	r.do(officer, http.MethodPost, verify, `{"verified_by":"Lan"}`).is(http.StatusForbidden)
	var s set
	r.post(verify, `{"verified_by":"Lan, Sở NN&MT"}`).into(http.StatusOK, &s)
	if !s.Verified || !s.Rows[0].Verified || s.VerifiedBy != "Lan, Sở NN&MT" {
		t.Errorf("%+v", s)
	}
	r.ask(http.MethodPut, verify, `{"verified_by":"Minh"}`).into(http.StatusOK, &s)
	if s.VerifiedBy != "Minh" {
		t.Errorf("%+v", s)
	}

	// An alert from now on says so.
	r.ask(http.MethodPut, "/api/v1/rules/now", `{"parameters":["cod"],"levels":{"critical":1}}`).is(http.StatusCreated)
	r.post("/api/v1/readings", `{"station":"amata-01","measured_at":"2026-11-24T04:59:00Z","values":{"cod":90}}`).is(http.StatusAccepted)
	r.settle()
	var alerts struct {
		Items []struct {
			LimitVerified bool `json:"limit_verified"`
		}
	}
	r.get("/api/v1/alerts?rule=now").into(http.StatusOK, &alerts)
	if len(alerts.Items) != 1 || !alerts.Items[0].LimitVerified {
		t.Errorf("%+v", alerts)
	}
	r.do(bootstrap, http.MethodDelete, verify, "").is(http.StatusNoContent)
	r.do(bootstrap, http.MethodDelete, verify, "").is(http.StatusNotFound)
	r.get("/api/v1/limits").into(http.StatusOK, &list)
	if list.Items[0].Verified {
		t.Error("it is still verified")
	}
}

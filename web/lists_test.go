package web

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"quantrac/alerts"
	"quantrac/ingest"
)

type idPage struct {
	Items []struct{ ID, Code string }
	Next  *string `json:"next_cursor"`
}

func (p idPage) ids() string {
	var out []string
	for _, it := range p.Items {
		out = append(out, it.ID+it.Code)
	}
	return strings.Join(out, " ")
}

// pages reads a whole list, n items at a time.
func (r *rig) pages(path string, n int) []string {
	r.t.Helper()
	sep := "?"
	if strings.Contains(path, "?") {
		sep = "&"
	}
	var got []string
	cursor := ""
	for {
		var p idPage
		r.get(fmt.Sprintf("%s%slimit=%d%s", path, sep, n, cursor)).into(http.StatusOK, &p)
		if len(p.Items) > n {
			r.t.Fatalf("%s: a page of %d, limit %d", path, len(p.Items), n)
		}
		got = append(got, p.ids())
		if p.Next == nil {
			return got
		}
		cursor = "&cursor=" + url.QueryEscape(*p.Next)
	}
}

func TestRegistry(t *testing.T) {
	r := newRig(t, nil)
	r.post("/api/v1/readings", `{"station":"amata-01","values":{"cod":150}}`).is(http.StatusAccepted)
	r.settle()
	for path, want := range map[string][]string{
		"/api/v1/stations":                        {"amata-01 amata-02", "loteco-01 river-01"},
		"/api/v1/stations?park=amata":             {"amata-01 amata-02"},
		"/api/v1/stations?kind=surface_water":     {"river-01"},
		"/api/v1/stations?state=exceed":           {"amata-01"},
		"/api/v1/stations?state=offline":          {"amata-02 loteco-01", "river-01"},
		"/api/v1/stations?park=amata&state=fault": {""},
		"/api/v1/stations?park=nowhere":           {""},
		"/api/v1/parks":                           {"amata loteco"},
	} {
		if got := r.pages(path, 2); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
	if got := r.pages("/api/v1/parameters", 1000); len(got) != 1 || !strings.HasPrefix(got[0], "flow_in flow_out") {
		t.Errorf("parameters: %q", got)
	}
	if got := r.pages("/api/v1/parameters", 1); len(got) != len(r.cfg.Catalogue.Parameters()) {
		t.Errorf("%d pages of one parameter", len(got))
	}
	for query, detail := range map[string]string{
		"?state=sad": "state must be one of offline, exceed", "?kind=moon": "kind must be one of", "?limit=x": "limit must be a whole number", "?cursor=7": "cursor",
	} {
		r.get("/api/v1/stations"+query).says(http.StatusBadRequest, detail)
	}
	for query, n := range map[string]int{"?limit=-1": 1, "?limit=0": 1, "?limit=-99999999999999999999": 1, "?limit=5000": 4, "": 4} {
		var p idPage
		if r.get("/api/v1/stations"+query).into(http.StatusOK, &p); len(p.Items) != n {
			t.Errorf("stations%s: %d, want %d", query, len(p.Items), n)
		}
	}
	var station struct {
		State string
		Index float64
	}
	r.get("/api/v1/stations/amata-01").into(http.StatusOK, &station)
	if station.State != "exceed" || station.Index != 2 {
		t.Errorf("station %+v", station)
	}
	r.get("/api/v1/parks/amata").into(http.StatusOK, &station)
	if station.State != "exceed" || station.Index != 2 {
		t.Errorf("park %+v", station)
	}
	r.get("/api/v1/stations/nowhere").is(http.StatusNotFound)
	r.get("/api/v1/parks/nowhere").is(http.StatusNotFound)
}

func TestAlerts(t *testing.T) {
	r := newRig(t, nil)
	rows := []struct {
		station string
		cod     float64
	}{{"amata-01", 120}, {"amata-02", 240}, {"loteco-01", 130}}
	for i, row := range rows {
		at := noon.Add(time.Duration(i-len(rows)) * time.Minute)
		r.post("/api/v1/readings", fmt.Sprintf(`{"station":%q,"measured_at":%q,"values":{"cod":%g}}`, row.station, at.Format(time.RFC3339), row.cod)).is(http.StatusAccepted)
	}
	r.settle()
	type list struct {
		Items []alerts.Alert
		Next  *string `json:"next_cursor"`
	}
	stations := func(query string) string {
		t.Helper()
		var l list
		r.get("/api/v1/alerts"+query).into(http.StatusOK, &l)
		var out []string
		for _, a := range l.Items {
			out = append(out, a.Station.ID)
		}
		return strings.Join(out, " ")
	}
	for query, want := range map[string]string{
		"": "loteco-01 amata-02 amata-01", "?state=open": "loteco-01 amata-02 amata-01", "?state=resolved": "", "?state=pending": "", "?severity=emergency": "amata-02",
		"?park=amata": "amata-02 amata-01", "?station=loteco-01": "loteco-01", "?parameter=ph": "", "?rule=over-limit&parameter=cod&limit=1": "loteco-01",
		"?from=2026-11-24T04:58:00Z&to=2026-11-24T04:59:00Z": "amata-02",
	} {
		if got := stations(query); got != want {
			t.Errorf("alerts%s: %q, want %q", query, got, want)
		}
	}
	if got := r.pages("/api/v1/alerts", 2); len(got) != 2 {
		t.Errorf("%d pages of two", len(got))
	}
	for query, detail := range map[string]string{
		"?state=sad": "state must be one of", "?severity=high": "severity must be one of", "?cursor=x": "cursor", "?from=x": "from must be", "?to=x": "to must be", "?limit=1.5": "limit",
	} {
		r.get("/api/v1/alerts"+query).says(http.StatusBadRequest, detail)
	}

	var l list
	r.get("/api/v1/alerts?station=amata-01").into(http.StatusOK, &l)
	var one struct {
		alerts.Alert
		Timeline []moment
	}
	r.get("/api/v1/alerts/"+l.Items[0].ID).into(http.StatusOK, &one)
	if one.ID != l.Items[0].ID || len(one.Timeline) != 1 || one.Timeline[0].Type != "alert.opened" || *one.Timeline[0].Value != 120 {
		t.Errorf("one alert: %+v", one)
	}
	r.get("/api/v1/alerts/none").is(http.StatusNotFound)

	var spots struct {
		Type     string
		Features []struct{ Properties struct{ Stations []string } }
	}
	r.get("/api/v1/hotspots").into(http.StatusOK, &spots)
	if spots.Type != "FeatureCollection" || len(spots.Features) != 1 || len(spots.Features[0].Properties.Stations) != 3 {
		t.Errorf("hotspots: %+v", spots)
	}
}

// A silent station has neither parameter nor unit; pH has a unit, which is none.
func TestAlertWithoutParameter(t *testing.T) {
	for want, a := range map[string]alerts.Alert{
		`null null`: {Rule: "silence"}, `"ph" ""`: {Rule: "over-limit", Parameter: "ph"}, `"cod" "mg/L"`: {Rule: "over-limit", Parameter: "cod", Unit: "mg/L"},
	} {
		b, err := json.Marshal(alerts.ViewOf(&a))
		if err != nil {
			t.Fatal(err)
		}
		var got struct{ Parameter, Unit json.RawMessage }
		if err := json.Unmarshal(b, &got); err != nil {
			t.Fatal(err)
		}
		if pair := string(got.Parameter) + " " + string(got.Unit); pair != want {
			t.Errorf("%s: %s, want %s", a.Rule, pair, want)
		}
	}
}

func TestTimelineTellsOfNotices(t *testing.T) {
	r := newRig(t, nil)
	heard := make(chan http.Header, 8)
	recipient := newRecipient(t, heard)
	r.post("/api/v1/webhooks", `{"name":"duty","url":"`+recipient+`"}`).is(http.StatusCreated)
	r.post("/api/v1/readings", `{"station":"amata-01","values":{"cod":150}}`).is(http.StatusAccepted)
	if h := receive(t, heard); h.Get("webhook-id") == "" {
		t.Error("no webhook-id")
	}
	var p idPage
	r.settle()
	r.get("/api/v1/alerts").into(http.StatusOK, &p)
	eventually(t, "the notice is in the timeline", func() bool {
		var one struct{ Timeline []moment }
		r.get("/api/v1/alerts/"+p.Items[0].ID).into(http.StatusOK, &one)
		i := slices.IndexFunc(one.Timeline, func(m moment) bool { return m.Type == "notice" && m.Notice.Result == "delivered" })
		return i >= 0 && one.Timeline[i].Notice.Name == "duty" && one.Timeline[i].Notice.Status == http.StatusOK
	})
}

func TestWebhooks(t *testing.T) {
	r := newRig(t, nil)
	recipient := newRecipient(t, make(chan http.Header, 8))
	spec := func(name string) string {
		return `{"name":"` + name + `","url":"` + recipient + `","events":["alert.opened"],"filter":{"parks":["amata"],"severities":["critical"]}}`
	}
	var made struct{ ID, Secret string }
	a := r.post("/api/v1/webhooks", spec("one")).into(http.StatusCreated, &made)
	if made.ID == "" || !strings.HasPrefix(made.Secret, "whsec_") {
		t.Fatalf("created: %s", a.body)
	}
	for _, name := range []string{"two", "three"} {
		r.post("/api/v1/webhooks", spec(name)).is(http.StatusCreated)
	}
	if a = r.get("/api/v1/webhooks").is(http.StatusOK); strings.Contains(string(a.body), "whsec_") {
		t.Errorf("a list tells secrets: %s", a.body)
	}
	if got := r.pages("/api/v1/webhooks", 2); len(got) != 2 || !strings.HasPrefix(got[0], made.ID) {
		t.Errorf("pages of two: %q", got)
	}
	hook := "/api/v1/webhooks/" + made.ID
	r.get(hook).is(http.StatusOK)
	r.do(bootstrap, http.MethodPut, hook, spec("renamed")).is(http.StatusOK)
	var attempt struct{ State, ID string }
	r.post(hook+"/test", "").into(http.StatusOK, &attempt)
	if attempt.State != "delivered" {
		t.Errorf("test: %+v", attempt)
	}
	var p idPage
	r.get(hook+"/deliveries").into(http.StatusOK, &p)
	if len(p.Items) != 1 || p.Items[0].ID != attempt.ID {
		t.Errorf("deliveries: %+v", p)
	}
	r.get(hook+"/deliveries?cursor=x").says(http.StatusBadRequest, "cursor")
	r.post("/api/v1/webhooks", `{"name":"a","url":"http://10.0.0.1/"}`).is(http.StatusUnprocessableEntity)
	r.post("/api/v1/webhooks", `{"name":`).is(http.StatusBadRequest)
	r.post("/api/v1/deliveries/none/redeliver", "").is(http.StatusNotFound)
	r.do(bootstrap, http.MethodDelete, hook, "").is(http.StatusNoContent)
	for _, path := range []string{hook, hook + "/deliveries"} {
		r.get(path).is(http.StatusNotFound)
	}
	r.do(bootstrap, http.MethodDelete, hook, "").is(http.StatusNotFound)
	r.post(hook+"/test", "").is(http.StatusNotFound)
}

func TestRedeliver(t *testing.T) {
	r := newRig(t, nil)
	heard := make(chan http.Header, 8)
	var hook struct{ ID string }
	r.post("/api/v1/webhooks", `{"name":"duty","url":"`+newRecipient(t, heard)+`"}`).into(http.StatusCreated, &hook)
	r.post("/api/v1/readings", `{"station":"amata-01","values":{"cod":150}}`).is(http.StatusAccepted)
	id := receive(t, heard).Get("webhook-id")
	// While its first try is open, sending it again is that try.
	eventually(t, "the delivery is over", func() bool {
		var p struct{ Items []struct{ State string } }
		r.get("/api/v1/webhooks/"+hook.ID+"/deliveries").into(http.StatusOK, &p)
		return len(p.Items) == 1 && p.Items[0].State == "delivered"
	})
	var again struct{ ID, State string }
	r.post("/api/v1/deliveries/"+id+"/redeliver", "").into(http.StatusAccepted, &again)
	if got := receive(t, heard).Get("webhook-id"); got != id || again.ID != id {
		t.Errorf("sent again as %s, answered %+v", got, again)
	}
	r.do(bootstrap, http.MethodPut, "/api/v1/webhooks/"+hook.ID, `{"name":"duty","url":"http://127.0.0.1:1/","enabled":false}`).is(http.StatusOK)
	eventually(t, "a disabled webhook takes nothing", func() bool {
		return r.post("/api/v1/deliveries/"+id+"/redeliver", "").status == http.StatusConflict
	})
}

// A part that fails is no fault of the caller's, and is not told to him either.
func TestFailingParts(t *testing.T) {
	r := newRig(t, func(c *Config) {
		c.History.Raw = func(context.Context, RawQuery) ([]RawRow, error) {
			return nil, fmt.Errorf("query http://user:secret@influx: refused")
		}
		c.Hotspots = func() any { return func() {} } // cannot be encoded
		c.Look = func(ingest.Delivery) *ingest.Intake { panic("a fault") }
	})
	a := r.get("/api/v1/stations/amata-01/readings?parameter=cod").says(http.StatusServiceUnavailable, "see /readyz")
	if strings.Contains(string(a.body), "secret") || a.header.Get("Retry-After") == "" || !strings.Contains(r.logs.String(), "refused") {
		t.Errorf("body %s, log %s", a.body, r.logs.String())
	}
	for _, fault := range []func() answer{
		func() answer { return r.plain(http.MethodGet, "/api/v1/hotspots", "") },
		func() answer { return r.plain(http.MethodPost, "/api/v1/decode", "{}") },
	} {
		if a := fault(); a.status != http.StatusInternalServerError {
			t.Errorf("a fault of the program: %d %s", a.status, a.body)
		}
	}
	if !strings.Contains(r.logs.String(), "handler panicked") || !strings.Contains(r.logs.String(), "a fault") {
		t.Errorf("the log does not tell: %s", r.logs.String())
	}
}

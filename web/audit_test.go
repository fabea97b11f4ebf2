package web

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

type auditPage struct {
	Items []struct {
		Sequence uint64
		At       time.Time
		Actor    struct{ Kind, ID, Name string }
		Action   string
		Object   string
		Before   map[string]any
		After    map[string]any
		From     string
	}
	NextCursor *string `json:"next_cursor"`
}

func (p auditPage) actions() string {
	var all []string
	for _, e := range p.Items {
		all = append(all, e.Action)
	}
	return strings.Join(all, " ")
}

func (r *rig) auditOf(query string) auditPage {
	r.t.Helper()
	var p auditPage
	r.get("/api/v1/audit"+query).into(http.StatusOK, &p)
	return p
}

func TestAuditOfAnOfficersDay(t *testing.T) {
	r := newRig(t, nil)
	r.post("/api/v1/readings", `{"station":"amata-01","values":{"cod":150}}`).is(http.StatusAccepted)
	r.settle()
	var page struct{ Items []alertBody }
	r.get("/api/v1/alerts").into(http.StatusOK, &page)
	alert := page.Items[0].ID
	id, officer := r.token("lan", "officer")
	r.pass(time.Hour)
	r.do(officer, http.MethodPost, "/api/v1/alerts/"+alert+"/acknowledge", `{"comment":"đã gọi"}`).is(http.StatusOK)
	r.do(officer, http.MethodPost, "/api/v1/alerts/"+alert+"/acknowledge", ``).is(http.StatusOK) // changes nothing
	r.do(officer, http.MethodPost, "/api/v1/alerts/"+alert+"/close", `{"cause":"bơm hỏng"}`).is(http.StatusOK)

	all := r.auditOf("")
	if got := all.actions(); got != "alert.resolved alert.acknowledged token.create" && got != "alert.closed alert.acknowledged token.create" {
		t.Fatalf("%s", got)
	}
	e := all.Items[1]
	if e.Actor.Kind != "token" || e.Actor.ID != id || e.Actor.Name != "lan" || e.Object != alert || e.From != "127.0.0.1" || !e.At.Equal(noon.Add(time.Hour)) {
		t.Errorf("%+v", e)
	}
	if _, there := e.Before["acknowledged_by"]; there || e.After["acknowledged_by"] != "lan" || e.After["comment"] != "đã gọi" || e.After["station"] != "amata-01" {
		t.Errorf("before %v, after %v", e.Before, e.After)
	}
	if e := all.Items[0]; e.Before["state"] != "open" || e.After["state"] != "resolved" || e.After["cause"] != "bơm hỏng" {
		t.Errorf("before %v, after %v", e.Before, e.After)
	}

	for query, want := range map[string]int{
		"?actor=lan": 2, "?actor=" + id: 2, "?actor=bootstrap": 1, "?action=alert": 2, "?action=alert.acknowledged": 1, "?action=ale": 0,
		"?object=" + alert: 2, "?from=2026-11-24T05:30:00Z": 2, "?to=2026-11-24T06:00:00Z": 1, "?limit=2": 2,
	} {
		if got := r.auditOf(query); len(got.Items) != want {
			t.Errorf("%s: %d entries, want %d", query, len(got.Items), want)
		}
	}
	first := r.auditOf("?limit=2")
	if first.NextCursor == nil {
		t.Fatal("no next page")
	}
	if rest := r.auditOf("?limit=2&cursor=" + *first.NextCursor); rest.actions() != "token.create" || rest.NextCursor != nil {
		t.Errorf("%+v", rest)
	}
	r.get("/api/v1/audit?cursor=x").is(http.StatusBadRequest)
	r.get("/api/v1/audit?cursor=0").is(http.StatusBadRequest)
	r.get("/api/v1/audit?from=x").is(http.StatusBadRequest)
	r.do(officer, http.MethodGet, "/api/v1/audit", "").is(http.StatusForbidden)
}

// Each change by API is there with what was and what is.
func TestAuditOfAnAdministratorsDay(t *testing.T) {
	r := newRig(t, nil)
	put := func(path, body string) answer { return r.do(bootstrap, http.MethodPut, path, body) }
	remove := func(path string) answer { return r.do(bootstrap, http.MethodDelete, path, "") }
	put("/api/v1/gateways/gw-7", `{"stations":["amata-01"]}`).is(http.StatusCreated)
	put("/api/v1/gateways/gw-7", `{"stations":["amata-02"]}`).is(http.StatusOK)
	r.post("/api/v1/gateways/gw-7/rotate", "").is(http.StatusOK)
	remove("/api/v1/gateways/gw-7").is(http.StatusNoContent)
	put("/api/v1/rules/hot", `{"on":"value","parameters":["cod"],"levels":{"warning":0.9},"name":{"vi":"Nóng","en":"Hot"}}`).is(http.StatusCreated)
	remove("/api/v1/rules/hot").is(http.StatusNoContent)
	var hook struct{ ID string }
	r.post("/api/v1/webhooks", `{"name":"h","url":"http://127.0.0.1:9/","events":["alert.opened"]}`).into(http.StatusCreated, &hook)
	remove("/api/v1/webhooks/" + hook.ID).is(http.StatusNoContent)

	all := r.auditOf("")
	slices.Reverse(all.Items)
	if got := all.actions(); got != "gateway.create gateway.update gateway.rotate gateway.delete rule.create rule.delete webhook.create webhook.delete" {
		t.Fatalf("%s", got)
	}
	for i, want := range []string{"nil>map", "map>map", "map>map", "map>nil", "nil>map", "map>nil", "nil>map", "map>nil"} {
		e := all.Items[i]
		shape := func(v map[string]any) string {
			if v == nil {
				return "nil"
			}
			return "map"
		}
		if got := shape(e.Before) + ">" + shape(e.After); got != want {
			t.Errorf("%s: %s, want %s", e.Action, got, want)
		}
	}
	if e := all.Items[1]; fmt.Sprint(e.Before["stations"], e.After["stations"]) != "[amata-01] [amata-02]" {
		t.Errorf("%v became %v", e.Before, e.After)
	}
	if e := all.Items[6]; e.Object != hook.ID || e.After["secret"] != nil || e.After["url"] == nil {
		t.Errorf("%+v", e)
	}
}

func TestAuditValues(t *testing.T) {
	for _, tc := range []struct {
		in   any
		want string
	}{
		{nil, ""},
		{map[string]any{"secret": "a", "inner": []any{map[string]any{"password": "b", "c": 1}}}, `{"inner":[{"c":1}]}`},
		{struct {
			Token string `json:"token"`
			Big   int64  `json:"big"`
		}{"qt_x", 1<<60 + 1}, `{"big":1152921504606846977}`},
		{strings.Repeat("x", maxAuditValue), fmt.Sprintf(`{"omitted_bytes":%d}`, maxAuditValue+2)},
	} {
		got, err := auditValue(tc.in)
		if err != nil || string(got) != tc.want {
			t.Errorf("%.80v: %s %v, want %s", tc.in, got, err, tc.want)
		}
	}
	if _, err := auditValue(make(chan int)); err == nil {
		t.Error("a channel was encoded")
	}
}

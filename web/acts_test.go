package web

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

type alertBody struct {
	ID             string  `json:"id"`
	Revision       int     `json:"revision"`
	State          string  `json:"state"`
	AcknowledgedBy string  `json:"acknowledged_by"`
	Assignee       string  `json:"assignee"`
	Cause          string  `json:"cause"`
	ClosedBy       string  `json:"closed_by"`
	SilencedBy     string  `json:"silenced_by"`
	Parameter      *string `json:"parameter"`
	Timeline       []struct {
		Type    string `json:"type"`
		By      string `json:"by"`
		Comment string `json:"comment"`
	} `json:"timeline"`
}

// An officer's day with one alert, all of it in the timeline.
func TestActs(t *testing.T) {
	r := newRig(t, nil)
	r.post("/api/v1/readings", `{"station":"amata-01","values":{"cod":150}}`).is(http.StatusAccepted)
	r.settle()
	var page struct{ Items []alertBody }
	r.get("/api/v1/alerts").into(http.StatusOK, &page)
	if len(page.Items) != 1 {
		t.Fatalf("%d alerts", len(page.Items))
	}
	path := "/api/v1/alerts/" + page.Items[0].ID
	_, officer := r.token("lan", "officer")
	_, viewer := r.token("guest", "viewer")
	r.do(viewer, http.MethodPost, path+"/acknowledge", `{}`).is(http.StatusForbidden)
	r.do(officer, http.MethodPost, path+"/comments", `{"comment":" "}`).is(http.StatusUnprocessableEntity)
	r.do(officer, http.MethodPost, path+"/close", `{}`).is(http.StatusUnprocessableEntity)
	r.do(officer, http.MethodPost, path+"/close", `{"cause":"`+strings.Repeat("x", 4001)+`"}`).is(http.StatusUnprocessableEntity)
	r.do(officer, http.MethodPost, "/api/v1/alerts/nothing/acknowledge", `{}`).is(http.StatusNotFound)

	var a alertBody
	r.do(officer, http.MethodPost, path+"/acknowledge", `{"comment":"đã gọi"}`).into(http.StatusOK, &a)
	if a.AcknowledgedBy != "lan" || a.Revision != 2 || a.Parameter == nil {
		t.Errorf("%+v", a)
	}
	r.do(officer, http.MethodPost, path+"/acknowledge", ``).into(http.StatusOK, &a)
	if a.Revision != 2 {
		t.Errorf("a second acknowledgement made revision %d", a.Revision)
	}
	r.do(officer, http.MethodPost, path+"/assign", `{"assignee":"minh"}`).into(http.StatusOK, &a)
	r.do(officer, http.MethodPost, path+"/comments", `{"comment":"đang sửa"}`).is(http.StatusOK)
	r.do(officer, http.MethodPost, path+"/close", `{"comment":"bơm hỏng"}`).into(http.StatusOK, &a)
	if a.State != "resolved" || a.Cause != "bơm hỏng" || a.ClosedBy != "lan" || a.Assignee != "minh" {
		t.Errorf("%+v", a)
	}
	r.do(officer, http.MethodPost, path+"/acknowledge", `{}`).is(http.StatusConflict)
	r.do(officer, http.MethodPost, path+"/comments", `{"comment":"xong"}`).is(http.StatusOK)
	r.get(path).into(http.StatusOK, &a)
	var told []string
	for _, m := range a.Timeline {
		told = append(told, m.Type+" "+m.By+" "+m.Comment)
	}
	want := []string{"alert.opened  ", "alert.acknowledged lan đã gọi", "alert.assigned lan ", "alert.commented lan đang sửa", "alert.closed lan bơm hỏng", "alert.commented lan xong"}
	if strings.Join(told, "|") != strings.Join(want, "|") {
		t.Errorf("timeline %q, want %q", told, want)
	}
}

func TestMutes(t *testing.T) {
	r := newRig(t, nil)
	_, officer := r.token("lan", "officer")
	until := r.clock().Add(time.Hour).Format(time.RFC3339)
	spec := func(matcher string) string {
		return `{"matcher":` + matcher + `,"to":"` + until + `","reason":"thay đầu đo"}`
	}
	for _, bad := range []string{spec(`{}`), spec(`{"stations":["nowhere"]}`), spec(`{"severities":["awful"]}`), `{"matcher":{"rules":["x"]},"to":"2020-01-01T00:00:00Z","reason":"x"}`} {
		r.do(officer, http.MethodPost, "/api/v1/silences", bad).is(http.StatusUnprocessableEntity)
	}
	r.do(officer, http.MethodPost, "/api/v1/maintenance", spec(`{"parks":["loteco"]}`)).is(http.StatusForbidden)
	var made struct{ ID, Kind, By string }
	r.do(officer, http.MethodPost, "/api/v1/silences", spec(`{"stations":["amata-01"]}`)).into(http.StatusCreated, &made)
	if made.ID == "" || made.Kind != "silence" || made.By != "lan" {
		t.Errorf("%+v", made)
	}
	silence := made.ID
	r.post("/api/v1/maintenance", spec(`{"parks":["loteco"]}`)).into(http.StatusCreated, &made)
	if got := r.pages("/api/v1/silences?state=active", 1); len(got) != 1 || got[0] != silence {
		t.Errorf("silences %q", got)
	}
	if got := r.pages("/api/v1/maintenance", 5); len(got) != 1 || got[0] != made.ID {
		t.Errorf("maintenance %q", got)
	}
	r.post("/api/v1/readings", `{"station":"amata-01","values":{"cod":150}}`).is(http.StatusAccepted)
	r.settle()
	var page struct{ Items []alertBody }
	r.get("/api/v1/alerts").into(http.StatusOK, &page)
	if len(page.Items) != 1 || page.Items[0].SilencedBy != silence {
		t.Errorf("%+v", page.Items)
	}
	r.pass(time.Minute)
	r.do(officer, http.MethodDelete, "/api/v1/silences/"+silence, "").is(http.StatusNoContent)
	r.do(officer, http.MethodDelete, "/api/v1/silences/nothing", "").is(http.StatusNotFound)
	r.do(bootstrap, http.MethodDelete, "/api/v1/maintenance/"+made.ID, "").is(http.StatusNoContent)
	if got := r.pages("/api/v1/silences?state=expired", 5); len(got) != 1 || got[0] != silence {
		t.Errorf("after its end: %q", got)
	}
}

package web

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"quantrac/ingest"
)

func TestQuarantine(t *testing.T) {
	r := newRig(t, nil)
	for i := range 5 {
		r.post("/api/v1/readings", fmt.Sprintf(`{"station":"nowhere-%d","values":{"cod":1}}`, i)).is(http.StatusUnprocessableEntity)
	}
	r.post("/api/v1/readings", "\xff").is(http.StatusUnprocessableEntity)
	r.settle()
	var list struct{ Items []ingest.Quarantined }
	a := r.get("/api/v1/quarantine").into(http.StatusOK, &list)
	if len(list.Items) != 6 || string(list.Items[0].Body) != "\xff" || list.Items[0].Text != "" || list.Items[5].Text != `{"station":"nowhere-0","values":{"cod":1}}` || list.Items[5].Gateway != "bootstrap" {
		t.Errorf("newest first, with bytes: %s", a.body)
	}
	if got := r.pages("/api/v1/quarantine", 4); len(got) != 2 {
		t.Errorf("%d pages of four", len(got))
	}
	for _, cursor := range []string{"x", "0", "-1"} {
		r.get("/api/v1/quarantine?cursor="+cursor).says(http.StatusBadRequest, "cursor")
	}
}

func TestQuarantineFilters(t *testing.T) {
	r := newRig(t, nil)
	_, officer := r.token("desk", "officer")
	r.do(officer, http.MethodPost, "/api/v1/readings", `{"station":"nowhere","values":{"cod":1}}`).is(http.StatusUnprocessableEntity)
	r.post("/api/v1/readings", `{"station":"amata-01","values":{"plutonium":1}}`).is(http.StatusUnprocessableEntity)
	r.post("/api/v1/readings", "\xff").is(http.StatusUnprocessableEntity)
	r.settle()
	for query, want := range map[string]string{
		"": "undecodable unknown_parameter unknown_station", "?reason=unknown_parameter": "unknown_parameter", "?reason=future": "", "?gateway=desk": "unknown_station",
		"?gateway=bootstrap&reason=undecodable": "undecodable", "?door=http&state=open": "undecodable unknown_parameter unknown_station", "?door=mqtt": "", "?state=retried": "",
	} {
		var l struct{ Items []ingest.Quarantined }
		r.get("/api/v1/quarantine"+query).into(http.StatusOK, &l)
		var got []string
		for i := range l.Items {
			got = append(got, l.Items[i].Rejected[0].Reason)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("quarantine%s: %q, want %q", query, got, want)
		}
	}
	r.get("/api/v1/quarantine?state=sad").says(http.StatusBadRequest, "state must be one of open, retried")
}

// The way of an officer: a payload with unknown names, what they may mean, a mapping, and the delivery is read again.
func TestUnknownNamesAreMappedAndRetried(t *testing.T) {
	r := newRig(t, nil)
	const body = `{"station":"amata 1","measured_at":"2026-11-24T04:55:00Z","values":{"COD_nuoc":42,"ph":7}}`
	var refused receipt
	r.post("/api/v1/readings", body).into(http.StatusUnprocessableEntity, &refused)
	r.settle()
	var decoded struct{ Unknown []ingest.Unknown }
	accept := func() {
		t.Helper()
		r.post("/api/v1/decode", body).into(http.StatusOK, &decoded)
		for _, u := range decoded.Unknown {
			if len(u.Proposals) == 0 {
				t.Fatalf("nothing is proposed for %q", u.Name)
			}
			b, err := json.Marshal(map[string]string{"kind": u.Kind, "name": u.Name, "target": u.Proposals[0].Target})
			if err != nil {
				t.Fatal(err)
			}
			r.post("/api/v1/aliases", string(b)).is(http.StatusCreated)
		}
	}
	for range 3 { // behind an unknown station more may be unknown
		accept()
	}
	if len(decoded.Unknown) > 0 {
		t.Fatalf("still unknown: %+v", decoded.Unknown)
	}
	var l struct{ Items []ingest.Quarantined }
	r.get("/api/v1/quarantine?state=open").into(http.StatusOK, &l)
	entry := "/api/v1/quarantine/" + l.Items[0].ID
	var got receipt
	r.pass(time.Hour)
	if r.post(entry+"/retry", "").into(http.StatusOK, &got); got.Accepted != 2 || len(got.Rejected) > 0 {
		t.Errorf("retried: %+v", got)
	}
	r.post(entry+"/retry", "").says(http.StatusConflict, "before")
	r.settle()
	var e ingest.Quarantined
	if r.get(entry).into(http.StatusOK, &e); e.RetriedAt == nil || e.Text != body {
		t.Errorf("after its retry: %+v", e)
	}
	var st struct {
		Latest map[string]struct {
			Value      *float64
			ReceivedAt time.Time `json:"received_at"`
		}
	}
	r.get("/api/v1/stations/amata-01").into(http.StatusOK, &st)
	if cod := st.Latest["cod"]; cod.Value == nil || *cod.Value != 42 || !cod.ReceivedAt.Equal(noon) {
		t.Errorf("cod %+v: received at %s", cod, noon)
	}
	var ledger struct {
		Total struct{ Received, Stored, Quarantined int }
	}
	r.get("/api/v1/ledger").into(http.StatusOK, &ledger)
	if b := ledger.Total; b.Received != 2 || b.Stored != 2 || b.Quarantined != 0 {
		t.Errorf("books %+v", b)
	}
	if log := r.logs.String(); !strings.Contains(log, "action=quarantine.retry id="+e.ID+" by=bootstrap") {
		t.Errorf("nothing notes the retry: %s", log)
	}
}

func TestRetryFaults(t *testing.T) {
	r := newRig(t, nil)
	r.post("/api/v1/readings", `{"station":"nowhere","values":{"cod":1}}`).is(http.StatusUnprocessableEntity)
	r.post("/api/v1/readings", strings.Repeat("x", ingest.MaxBody+1)).is(http.StatusRequestEntityTooLarge)
	r.settle()
	var l struct{ Items []ingest.Quarantined }
	r.get("/api/v1/quarantine").into(http.StatusOK, &l)
	r.post("/api/v1/quarantine/"+l.Items[0].ID+"/retry", "").says(http.StatusConflict, "whole")
	var got receipt
	r.post("/api/v1/quarantine/"+l.Items[1].ID+"/retry", "").into(http.StatusOK, &got)
	if got.Accepted != 0 || got.reasons() != "0:unknown_station" {
		t.Errorf("a retry of what is still wrong: %+v", got)
	}
	r.settle()
	if open := r.pages("/api/v1/quarantine?state=open", 10); len(open) != 1 || strings.Contains(open[0], l.Items[1].ID) {
		t.Errorf("open: %q", open)
	}
	for _, id := range []string{"9999-0", "x", "1-0-0", "-1-0", "%2e%2e"} {
		r.get("/api/v1/quarantine/" + id).is(http.StatusNotFound)
		r.post("/api/v1/quarantine/"+id+"/retry", "").is(http.StatusNotFound)
	}
}

// A page of a thousand bodies of a MiB would be a gigabyte.
func TestQuarantinePageIsBounded(t *testing.T) {
	r := newRig(t, nil)
	body := `{"station":"nowhere","values":{"cod":1},"pad":"` + strings.Repeat("x", 1<<20-1000) + `"}`
	for range 30 {
		r.post("/api/v1/readings", body).is(http.StatusUnprocessableEntity)
	}
	r.settle()
	var sizes []int
	cursor := ""
	for {
		var p idPage
		a := r.get("/api/v1/quarantine?limit=1000"+cursor).into(http.StatusOK, &p)
		if len(a.body) > 80<<20 {
			t.Errorf("a page of %d bytes", len(a.body))
		}
		sizes = append(sizes, len(p.Items))
		if p.Next == nil {
			break
		}
		cursor = "&cursor=" + *p.Next
	}
	if !slices.Equal(sizes, []int{quarantineStep, 30 - quarantineStep}) {
		t.Errorf("pages of %v", sizes)
	}
}

package web

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"quantrac/geo"
)

func TestPassport(t *testing.T) {
	due := noon.Add(-24 * time.Hour)
	r := newRig(t, func(c *Config) {
		plain := c.Registry()
		stations := append([]geo.Station{}, plain.Stations()...)
		st := &stations[0]
		st.Permit = &geo.Permit{Number: "12/GPMT-BTNMT", Issued: noon.AddDate(-1, 0, 0)}
		st.Camera = "https://camera.example/amata"
		st.Aliases = []string{"AMATA_1"}
		st.Instruments = []geo.Instrument{{Serial: "S1", Model: "X", Parameters: []string{"cod"}, Due: due}, {Serial: "S2", Parameters: []string{"ph"}}}
		st.Limits = []geo.Assignment{{Set: "qcvn40-2011", Column: "B", Kq: 1, Kf: 1, To: noon}, {Set: "qcvn40-2011", Column: "A", Kq: 1, Kf: 1}}
		reg, problems := geo.NewRegistry(geo.File{Parks: plain.Parks(), Stations: stations})
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		c.Registry = func() *geo.Registry { return reg }
	})
	r.do(bootstrap, http.MethodPut, "/api/v1/gateways/gw-amata", `{"stations":["amata-01"]}`).is(http.StatusCreated)

	var p passport
	r.get("/api/v1/stations/amata-01/passport").into(http.StatusOK, &p)
	if p.Permit == nil || p.Permit.Number != "12/GPMT-BTNMT" || len(p.Aliases) != 1 || p.CycleSeconds != 300 {
		t.Errorf("papers: %+v", p)
	}
	if len(p.Instruments) != 2 || !p.Instruments[0].Overdue || p.Instruments[1].Overdue {
		t.Errorf("instruments: %+v", p.Instruments)
	}
	var cod []limitSpan
	for _, l := range p.Limits {
		if l.Parameter == "cod" {
			cod = append(cod, l)
		}
	}
	if len(cod) != 2 || *cod[0].Max != 150 || *cod[1].Max != 75 || !cod[0].To.Equal(noon) || !cod[1].From.Equal(noon) || cod[0].Verified || !strings.Contains(cod[1].Reference, "QCVN 40:2011/BTNMT, A") {
		t.Errorf("limits of cod: %+v", cod)
	}
	if p.Inner == nil || p.Inner.Camera != "https://camera.example/amata" || len(p.Inner.Gateways) != 1 || p.Inner.Gateways[0].ID != "gw-amata" {
		t.Errorf("what officers see: %+v", p.Inner)
	}

	_, viewer := r.token("looks", "viewer")
	a := r.do(viewer, http.MethodGet, "/api/v1/stations/amata-01/passport", "").is(http.StatusOK)
	if text := string(a.body); strings.Contains(text, "camera.example") || strings.Contains(text, "gw-amata") {
		t.Errorf("a viewer is shown how to reach the station: %s", text)
	}
	r.get("/api/v1/stations/nowhere/passport").is(http.StatusNotFound)
}

func TestMarkedReadings(t *testing.T) {
	r := newRig(t, nil)
	r.post("/api/v1/readings", `{"station":"amata-01","measured_at":"2026-11-24T04:50:00Z","values":{"cod":50}}`).is(http.StatusAccepted)
	r.post("/api/v1/readings", `{"station":"amata-01","measured_at":"2026-11-24T04:55:00Z","status":"calibrating","values":{"cod":51}}`).is(http.StatusAccepted)
	r.post("/api/v1/readings", `{"station":"amata-01","measured_at":"2026-11-24T03:00:00Z","values":{"cod":52}}`).is(http.StatusAccepted)
	r.settle()
	var page struct {
		Items []struct {
			Raw    float64
			Status string
			Flags  []string
		}
	}
	r.get("/api/v1/stations/amata-01/readings?parameter=cod&only=marked").into(http.StatusOK, &page)
	if len(page.Items) != 2 || page.Items[0].Raw != 52 || page.Items[0].Flags[0] != "late" || page.Items[1].Status != "calibrating" {
		t.Errorf("marked rows: %+v", page.Items)
	}
	r.get("/api/v1/stations/amata-01/readings?parameter=cod&only=strange").says(http.StatusBadRequest, "only must be one of marked")
}

func TestWindowsOfLocalDays(t *testing.T) {
	r := newRig(t, nil)
	// 23:00 and 00:30 in Viet Nam: two days there, one in UTC.
	r.post("/api/v1/readings", `{"station":"amata-01","measured_at":"2026-11-23T16:00:00Z","values":{"cod":10}}`).is(http.StatusAccepted)
	r.post("/api/v1/readings", `{"station":"amata-01","measured_at":"2026-11-23T17:30:00Z","values":{"cod":30}}`).is(http.StatusAccepted)
	r.settle()
	const of = "/api/v1/stations/amata-01/readings?parameter=cod&from=2026-11-21T17:00:00Z&to=2026-11-24T17:00:00Z&every=24h"
	type windows struct {
		Items []WindowRow
		Next  *string `json:"next_cursor"`
	}
	var all windows
	r.get(of+"&offset=17h").into(http.StatusOK, &all)
	if len(all.Items) != 2 || *all.Items[0].Value != 10 || *all.Items[1].Value != 30 || !all.Items[1].Time.Equal(time.Date(2026, 11, 23, 17, 0, 0, 0, time.UTC)) {
		t.Errorf("local days: %+v", all.Items)
	}
	// A page ends where a window does.
	var first windows
	r.get(of+"&offset=17h&limit=2").into(http.StatusOK, &first)
	if first.Next == nil || *first.Next != "2026-11-23T17:00:00Z" {
		t.Errorf("the page of two days ends at %v", first.Next)
	}
	for _, offset := range []string{"24h", "-1h", "x", "1ms"} {
		r.get(of+"&offset="+offset).says(http.StatusBadRequest, "offset must be whole seconds")
	}
}

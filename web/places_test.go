package web

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"quantrac/geo"
)

type record struct {
	ID         string
	Name       geo.Text
	Park       string
	ByPosition bool `json:"park_by_position"`
	Location   geo.Point
	Cycle      string
	Limits     []geo.Assignment
	Source     string
	EditedBy   string `json:"edited_by"`
}

// edit changes some members of what an admin is answered, and writes it back as it came.
func (r *rig) edit(path string, change map[string]any, headers ...string) answer {
	r.t.Helper()
	var all map[string]any
	a := r.get(path).into(http.StatusOK, &all)
	for name, v := range change {
		all[name] = v
	}
	b, err := json.Marshal(all)
	if err != nil {
		r.t.Fatal(err)
	}
	if headers == nil {
		headers = []string{"If-Match", a.header.Get("ETag")}
	}
	return r.ask(http.MethodPut, path, string(b), headers...)
}

// fields are the places of a problem's errors.
func fields(a answer) string {
	a.t.Helper()
	var p problemBody
	if err := json.Unmarshal(a.body, &p); err != nil {
		a.t.Fatal(err)
	}
	var out []string
	for _, e := range p.Errors {
		out = append(out, e.Field)
	}
	return strings.Join(out, " ")
}

// A station that is moved to another park and renamed keeps its limits, its newest values and its history, and all of the service
// knows it as it is now.
func TestAStationMoves(t *testing.T) {
	r := newRig(t, nil)
	const path = "/api/v1/stations/amata-01"
	tell := func(at time.Time, cod float64) {
		t.Helper()
		r.post("/api/v1/readings", fmt.Sprintf(`{"station":"amata-01","measured_at":%q,"values":{"cod":%g}}`, at.Format(time.RFC3339), cod)).is(http.StatusAccepted)
	}
	tell(noon.Add(-10*time.Minute), 40)
	r.settle()
	var was, now record
	tag := r.get(path).into(http.StatusOK, &was).header.Get("ETag")
	if was.Source != "file" || len(was.Limits) != 1 || was.Cycle != "5m0s" {
		t.Errorf("%+v", was)
	}
	a := r.edit(path, map[string]any{"name": geo.Text{VI: "Trạm dời"}, "park": "loteco", "location": geo.Point{106.8915, 10.929}}).into(http.StatusOK, &now)
	if now.Name.VI != "Trạm dời" || now.Park != "loteco" || len(now.Limits) != 1 || now.Source != "edit" || now.EditedBy != "bootstrap" || a.header.Get("ETag") == tag {
		t.Errorf("%+v", now)
	}
	tell(noon, 300)
	r.settle()
	var history struct {
		Items []struct{ Value *float64 }
	}
	r.get(path+"/readings?parameter=cod&from="+noon.Add(-time.Hour).Format(time.RFC3339)+"&to="+noon.Add(time.Hour).Format(time.RFC3339)).into(http.StatusOK, &history)
	if len(history.Items) != 2 || *history.Items[0].Value != 40 || *history.Items[1].Value != 300 {
		t.Errorf("history %+v", history)
	}
	var park struct{ Stations []string }
	r.get("/api/v1/parks/loteco").into(http.StatusOK, &park)
	if !slices.Contains(park.Stations, "amata-01") {
		t.Errorf("its new park has %v", park.Stations)
	}
	var alerts struct {
		Items []struct {
			Park struct{ ID string }
		}
	}
	r.get("/api/v1/alerts?station=amata-01&parameter=cod").into(http.StatusOK, &alerts)
	if len(alerts.Items) != 1 || alerts.Items[0].Park.ID != "loteco" {
		t.Errorf("alerts %+v", alerts)
	}
	var view map[string]any
	r.do(r.tokenOf("viewer"), http.MethodGet, path, "").into(http.StatusOK, &view)
	if view["limits"] != nil || view["gateway"] != nil || view["source"] != nil || view["park"] != "loteco" {
		t.Errorf("a viewer is answered %v", view)
	}
	r.edit(path, map[string]any{"name": geo.Text{VI: "X"}}, "If-Match", tag).is(http.StatusPreconditionFailed)
	entry := r.audited("station.update")
	if !strings.Contains(string(entry.Before), `"park":"amata"`) || !strings.Contains(string(entry.After), `"park":"loteco"`) || entry.Object != "amata-01" {
		t.Errorf("audit %s %s %s", entry.Object, entry.Before, entry.After)
	}
}

// audited is the newest entry of an action.
func (r *rig) audited(action string) AuditEntry {
	r.t.Helper()
	items, _, err := r.cfg.Audit.Find(r.t.Context(), AuditQuery{Action: action, Limit: 1})
	if err != nil || len(items) != 1 {
		r.t.Fatalf("%d entries of %s: %v", len(items), action, err)
	}
	return items[0]
}

func (r *rig) tokenOf(role string) string {
	_, token := r.token(role, role)
	return token
}

const newStation = `{"name":{"vi":"Trạm mới"},"kind":"effluent","location":[106.894,10.945],"parameters":["cod"],"aliases":["NEW-1"],
	"limits":[{"set":"qcvn40-2011","column":"A","kq":1,"kf":1,"from":"2026-01-01T00:00:00Z"}],
	"instruments":[{"serial":"1","parameters":["cod"],"calibration_due":"2027-01-01T00:00:00Z"}]}`

func TestAStationComesAndGoes(t *testing.T) {
	r := newRig(t, nil)
	const path, reading = "/api/v1/stations/new-01", `{"station":"new-1","values":{"cod":10}}`
	r.post("/api/v1/readings", reading).is(http.StatusUnprocessableEntity)
	var made record
	r.ask(http.MethodPut, path, newStation, "If-None-Match", "*").into(http.StatusCreated, &made)
	if made.Park != "" || made.Source != "edit" {
		t.Errorf("%+v", made)
	}
	r.ask(http.MethodPut, path, newStation, "If-None-Match", "*").is(http.StatusPreconditionFailed)
	r.post("/api/v1/readings", reading).is(http.StatusAccepted)
	r.settle()
	if v, ok := r.cfg.Live.Station("new-01"); !ok || *v.Latest["cod"].Value != 10 || v.Latest["cod"].Limit == nil {
		t.Errorf("the live view has %+v", v)
	}
	// The park gets a ground, and the outfall on it is found to be its.
	square := `{"type":"Polygon","coordinates":[[[106.88,10.93],[106.88,10.96],[106.91,10.96],[106.91,10.93],[106.88,10.93]]]}`
	r.edit("/api/v1/parks/amata", map[string]any{"area": json.RawMessage(square)}).is(http.StatusOK)
	r.get(path).into(http.StatusOK, &made)
	if made.Park != "amata" || !made.ByPosition {
		t.Errorf("%+v", made)
	}
	r.edit(path, map[string]any{"cycle": "1h"}).into(http.StatusOK, &made)
	if made.Park != "amata" || !made.ByPosition || made.Cycle != "1h0m0s" {
		t.Errorf("written back as it came: %+v", made)
	}
	for p, detail := range map[string]string{"/api/v1/parks/amata": "amata-01: park", "/api/v1/parks/none": "not found"} {
		if a := r.do(bootstrap, http.MethodDelete, p, ""); !strings.Contains(string(a.body), detail) {
			t.Errorf("DELETE %s: %d %s", p, a.status, a.body)
		}
	}
	r.ask(http.MethodPut, "/api/v1/parks/new", `{"name":{"vi":"KCN mới"},"location":[107,11],"radius_m":500}`).is(http.StatusCreated)
	r.do(bootstrap, http.MethodDelete, "/api/v1/parks/new", "").is(http.StatusNoContent)
	r.ask(http.MethodDelete, path, "", "If-Match", `"stale"`).is(http.StatusPreconditionFailed)
	r.do(bootstrap, http.MethodDelete, path, "").is(http.StatusNoContent)
	r.get(path).is(http.StatusNotFound)
	r.post("/api/v1/readings", reading).is(http.StatusUnprocessableEntity)
	r.do(bootstrap, http.MethodDelete, "/api/v1/stations/amata-02", "").is(http.StatusNoContent)
	r.get("/api/v1/stations/amata-02").is(http.StatusNotFound)
	if e := r.audited("station.delete"); e.After != nil || !strings.Contains(string(e.Before), "amata-02") {
		t.Errorf("audit %+v", e)
	}

	var list struct {
		Items []struct {
			Kind, ID, Action, By string
			InForce              bool `json:"in_force"`
		}
	}
	r.get("/api/v1/registry/edits").into(http.StatusOK, &list)
	if got := fmt.Sprint(list.Items); got != "[{park amata put bootstrap true} {park new remove bootstrap true} {station amata-02 remove bootstrap true} {station new-01 remove bootstrap true}]" {
		t.Errorf("edits %s", got)
	}
	r.do(bootstrap, http.MethodDelete, "/api/v1/registry/edits/station/amata-02", "").is(http.StatusNoContent)
	r.get("/api/v1/stations/amata-02").is(http.StatusOK)
	r.do(bootstrap, http.MethodDelete, "/api/v1/registry/edits/station/amata-02", "").is(http.StatusNotFound)
}

func TestFaultsOfAStationAreNamedByPlace(t *testing.T) {
	r := newRig(t, nil)
	for body, want := range map[string]string{
		`{"name":{"vi":"X"},"location":[10.9,106.9],"parameters":["cod"]}`:                                                    "location",
		`{"name":{"en":"X"},"location":[106.9,10.9],"parameters":["cod","codd"]}`:                                             "name",
		`{"name":{"vi":"X"},"location":[106.9,10.9],"parameters":["cod","codd"]}`:                                             "parameters[1]",
		`{"name":{"vi":"X"},"location":[106.9,10.9],"parameters":["cod"],"limits":[{"set":"none","column":"A"}]}`:             "limits[0].set",
		`{"name":{"vi":"X"},"location":[106.9,10.9],"parameters":["cod"],"limits":[{"set":"x","form":"A"}]}`:                  "limits[0].form",
		`{"name":{"vi":"X"},"location":[106.9,10.9],"parameters":["cod"],"instruments":[{"serial":"1","calibrated":"soon"}]}`: "instruments[0].calibrated",
		`{"name":{"vi":"X"},"location":[106.9,10.9],"parameters":"cod"}`:                                                      "parameters",
		`{"name":{"vi":"X"},"location":"there","parameters":["cod"],"park":7}`:                                                "location park",
		`{"name":{"vi":"X"},"location":[106.9,10.9],"parameters":["cod"],"park":"nowhere"}`:                                   "park",
		`{"name":{"vi":"X"},"location":[106.9,10.9],"parameters":["cod"],"aliases":["amata-01"]}`:                             "aliases[0]",
		`{"name":{"vi":"X"},"location":[106.9,10.9],"parameters":["cod"],"cycle":"often"}`:                                    "cycle",
		`{"id":"y","name":{"vi":"X"},"location":[106.9,10.9],"parameters":["cod"]}`:                                           "id",
		`[]`: "",
		`{"`: "",
	} {
		a := r.ask(http.MethodPut, "/api/v1/stations/x", body).is(http.StatusUnprocessableEntity)
		if got := fields(a); got != want {
			t.Errorf("%s:\nfields %q, want %q", body, got, want)
		}
	}
	ring := `{"name":{"vi":"P"},"location":[106.9,10.9],"area":{"type":"Polygon","coordinates":[[[106.9,10.9],[107,10.9],[107,11],[106.9,11]]]}}`
	if got := fields(r.ask(http.MethodPut, "/api/v1/parks/p", ring).is(http.StatusUnprocessableEntity)); got != "area.coordinates[0]" {
		t.Errorf("an open ring is at %q", got)
	}
	r.ask(http.MethodPut, "/api/v1/stations/x", strings.Repeat(" ", maxPlace+1)).is(http.StatusRequestEntityTooLarge)
	r.ask(http.MethodPut, "/api/v1/stations/X!", newStation).is(http.StatusUnprocessableEntity)
	officer := r.tokenOf("officer")
	for _, route := range []string{"PUT /api/v1/stations/x", "DELETE /api/v1/parks/amata", "POST /api/v1/registry/import", "POST /api/v1/registry/preview", "GET /api/v1/registry.geojson", "GET /api/v1/registry/edits"} {
		method, path, _ := strings.Cut(route, " ")
		r.do(officer, method, path, "{}").is(http.StatusForbidden)
	}
}

type report struct {
	Problems, Warnings []problemPlace
	Columns            []geo.Column
	Added, Changed     []struct {
		Kind, ID string
		Fields   []string
	}
	Unchanged int
}

const places = `{"type":"FeatureCollection","features":[
 {"type":"Feature","geometry":{"type":"LineString","coordinates":[[107.0,11.2],[107.1,11.1],[107.2,11.0]]},"properties":{"id":"song","name":{"vi":"Sông"}}},
 {"type":"Feature","geometry":{"type":"Polygon","coordinates":[[[107.04,11.14],[107.04,11.16],[107.06,11.16],[107.06,11.14],[107.04,11.14]]]},"properties":{"id":"p","name":{"vi":"KCN P"},"colour":"red"}},
 {"type":"Feature","geometry":{"type":"Point","coordinates":[107.05,11.15]},"properties":{"id":"out-01","name":{"vi":"Cửa xả"},"parameters":["cod","flow_out"],"receiving_water":"song"}},
 {"type":"Feature","geometry":{"type":"Point","coordinates":[107.1,11.1]},"properties":{"id":"river-01","receiving_water":"song"}}]}`

func TestPlacesAreImported(t *testing.T) {
	r := newRig(t, nil)
	var before, after, again report
	r.ask(http.MethodPost, "/api/v1/registry/preview", places, "Content-Type", geoJSONType).into(http.StatusOK, &before)
	if len(before.Added) != 3 || len(before.Changed) != 1 || strings.Join(before.Changed[0].Fields, " ") != "receiving_water" || len(before.Warnings) != 2 {
		t.Errorf("%+v", before)
	}
	r.get("/api/v1/stations/out-01").is(http.StatusNotFound)
	r.ask(http.MethodPost, "/api/v1/registry/import", places, "Content-Type", geoJSONType).into(http.StatusOK, &after)
	if fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("previewed %+v\nimported %+v", before, after)
	}
	var st record
	r.get("/api/v1/stations/out-01").into(http.StatusOK, &st)
	if st.Park != "p" || !st.ByPosition {
		t.Errorf("%+v", st)
	}
	r.get("/api/v1/stations/river-01").into(http.StatusOK, &st)
	if len(st.Limits) != 1 || st.Name.EN != "Station river-01" {
		t.Errorf("what the file does not say is lost: %+v", st)
	}
	exported := r.get("/api/v1/registry.geojson").is(http.StatusOK)
	r.ask(http.MethodPost, "/api/v1/registry/import", string(exported.body), "Content-Type", geoJSONType).into(http.StatusOK, &again)
	if len(again.Added)+len(again.Changed) != 0 || again.Unchanged != 9 {
		t.Errorf("the export read back changes something: %+v", again)
	}
	csv := "Mã trạm;Tên trạm;Kinh độ;Vĩ độ;Ghi chú\namata-01;Trạm Amata;106,895;10,943;x\nx-01;X;106,9;10,9;\n"
	r.ask(http.MethodPost, "/api/v1/registry/preview?kind=stations", csv, "Content-Type", "text/csv; charset=utf-8").into(http.StatusOK, &before)
	if len(before.Problems) != 1 || before.Problems[0].Path != "line 3.parameters" || len(before.Columns) != 5 {
		t.Errorf("%+v", before)
	}
	a := r.ask(http.MethodPost, "/api/v1/registry/import", csv, "Content-Type", "text/csv").is(http.StatusUnprocessableEntity)
	if got := fields(a); got != "line 3.parameters" {
		t.Error(got)
	}
	r.get("/api/v1/stations/amata-01").into(http.StatusOK, &st)
	if st.Location[0] == 106.895 {
		t.Error("half of a file is in force")
	}
	for body, want := range map[string]string{
		strings.Replace(places, "[107.05,11.15]", "[11.15,107.05]", 1):               "features[2].geometry.coordinates",
		strings.Replace(places, `"features"`, `"crs":{"type":"name"},"features"`, 1): "crs",
		strings.Replace(places, `"cod","flow_out"`, `"cod","codd"`, 1):               "features[2].parameters[1]",
		strings.Replace(places, `"receiving_water":"song"}},`, `"park":"q"}},`, 1):   "features[2].park",
		strings.Replace(places, ",[107.04,11.14]]]", "]]", 1):                        "features[1].geometry.coordinates[0]",
		"x": "",
	} {
		var got report
		r.ask(http.MethodPost, "/api/v1/registry/preview", body, "Content-Type", geoJSONType).into(http.StatusOK, &got)
		if len(got.Problems) == 0 || got.Problems[0].Path != want {
			t.Errorf("problems %+v, want one at %q", got.Problems, want)
		}
	}
	r.ask(http.MethodPost, "/api/v1/registry/preview?kind=rivers", "id,name\n", "Content-Type", "text/csv").is(http.StatusBadRequest)
	r.ask(http.MethodPost, "/api/v1/registry/preview?kind=moons", "", "Content-Type", "text/csv").is(http.StatusBadRequest)
}

func TestUpstreamSaysWhy(t *testing.T) {
	r := newRig(t, func(c *Config) {
		c.Upstream = func(_ context.Context, q UpstreamQuery) (UpstreamAnswer, error) {
			if q.Parameter == "tss" {
				return UpstreamAnswer{}, errors.New("the history is away")
			}
			found, err := c.Registry().Upstream(geo.UpstreamQuery{Station: q.Station, At: q.At})
			return UpstreamAnswer{Candidates: found, Weighed: q.Parameter == "cod"}, err
		}
	})
	r.ask(http.MethodPost, "/api/v1/registry/import", places, "Content-Type", geoJSONType).is(http.StatusOK)
	ask := func(station, parameter string, value float64) answer {
		t.Helper()
		r.post("/api/v1/readings", fmt.Sprintf(`{"station":%q,"measured_at":%q,"values":{%q:%g}}`, station, r.clock().Format(time.RFC3339), parameter, value)).is(http.StatusAccepted)
		r.settle()
		var list struct{ Items []struct{ ID string } }
		r.get("/api/v1/alerts?station="+station+"&parameter="+parameter).into(http.StatusOK, &list)
		if len(list.Items) == 0 {
			t.Fatalf("no alert of %s at %s", parameter, station)
		}
		return r.get("/api/v1/alerts/" + list.Items[0].ID + "/upstream")
	}
	var got struct {
		Items  []upstreamItem
		Reason *string
	}
	ask("river-01", "cod", 400).into(http.StatusOK, &got)
	if got.Reason != nil || len(got.Items) != 1 || got.Items[0].Station != "out-01" || got.Items[0].DistanceKM < 5 || got.Items[0].TravelHours < 3 || got.Items[0].Name.VI != "Cửa xả" {
		t.Errorf("%+v", got)
	}
	for _, c := range []struct {
		station, parameter string
		value              float64
		want               string
	}{{"river-01", "ph", 1, upstreamNoLoad}, {"out-01", "cod", 400, ""}, {"amata-01", "cod", 400, upstreamOffRiver}} {
		if c.station == "out-01" {
			r.edit("/api/v1/stations/out-01", map[string]any{"limits": []geo.Assignment{{Set: "qcvn40-2011", Column: "A", Kq: 1, Kf: 1}}}).is(http.StatusOK)
			c.want = upstreamNobody
		}
		ask(c.station, c.parameter, c.value).into(http.StatusOK, &got)
		if got.Reason == nil || *got.Reason != c.want {
			t.Errorf("%s of %s: %v, want %s", c.parameter, c.station, got.Reason, c.want)
		}
	}
	ask("amata-01", "tss", 400).is(http.StatusServiceUnavailable)
	r.get("/api/v1/alerts/none/upstream").is(http.StatusNotFound)
}

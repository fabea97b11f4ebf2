package main

import (
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const riverRegistry = `title: {vi: Thử, en: Test}
parks:
  - {id: park-a, name: {vi: KCN A}, location: [106.90, 10.98]}
rivers:
  - {id: song, name: {vi: Sông}, line: [[106.90, 11.00], [106.90, 10.90]], speed_m_s: 1}
stations:
`

func outfallYAML(id string, lat float64) string {
	return fmt.Sprintf("  - {id: %s, name: {vi: Trạm %s}, park: park-a, location: [106.90, %g], parameters: [cod, flow_out], receiving_water: song}\n", id, id, lat)
}

const riverStation = "  - {id: river-01, name: {vi: Trạm sông}, kind: surface_water, location: [106.90, 10.91], parameters: [cod], receiving_water: song, limits: [{set: qcvn40-2011, column: A, kq: 0.9, kf: 1}]}\n"

// places is every station with its park and where it comes from.
func (c *configured) places() string {
	var list struct {
		Items []struct{ ID, Park string }
	}
	c.get("/api/v1/stations", &list)
	var out []string
	for _, s := range list.Items {
		out = append(out, s.ID+"/"+s.Park)
	}
	return strings.Join(out, " ")
}

func (c *configured) put(path, body string, want int) {
	c.t.Helper()
	if status, answer, err := c.request(http.MethodPut, path, body); err != nil || status != want {
		c.t.Fatal(status, string(answer), err)
	}
}

func startAtRiver(t *testing.T, stations ...string) *configured {
	t.Helper()
	c := startConfigured(t)
	c.write("registry.yaml", riverRegistry+strings.Join(stations, ""))
	c.write("config.yaml", "registry: "+filepath.Join(c.dir, "registry.yaml")+"\nmqtt: {listen: \"off\"}\n")
	c.hangup()
	c.wait("the registry of the file", func() bool { return !strings.Contains(c.places(), "amata") })
	return c
}

// SIGHUP takes the registry up, edits stay over it and outlive a kill, and what does not go together is refused whole.
func TestTheRegistryIsReloaded(t *testing.T) {
	c := startAtRiver(t, outfallYAML("out-01", 10.99), riverStation)
	if got := c.places(); got != "out-01/park-a river-01/" {
		t.Fatal(got)
	}
	c.put("/api/v1/stations/out-01", `{"name":{"vi":"Cửa xả dời"},"location":[106.91,10.99],"parameters":["cod","flow_out"],"kind":"effluent"}`, http.StatusOK)
	c.put("/api/v1/stations/new-01", `{"name":{"vi":"Trạm mới"},"location":[106.91,10.95],"parameters":["cod"],"park":"park-a"}`, http.StatusCreated)
	if status, answer, err := c.request(http.MethodPost, "/api/v1/readings", `{"station":"new-01","values":{"cod":7}}`); err != nil || status != http.StatusAccepted {
		t.Fatal(status, string(answer), err)
	}
	if status, answer, err := c.request(http.MethodDelete, "/api/v1/stations/river-01", ""); err != nil || status != http.StatusNoContent {
		t.Fatal(status, string(answer), err)
	}
	c.kill()
	c.start()
	if got := c.places(); got != "out-01/ new-01/park-a" {
		t.Errorf("after a kill: %s", got)
	}
	c.write("registry.yaml", riverRegistry+outfallYAML("out-01", 10.97)+outfallYAML("out-02", 10.96)+riverStation)
	c.hangup()
	c.wait("a station of the new file", func() bool { return c.places() == "out-01/ out-02/park-a new-01/park-a" })
	var edits struct {
		Items []struct {
			ID          string
			InForce     bool `json:"in_force"`
			FileChanged bool `json:"file_changed"`
		}
	}
	c.get("/api/v1/registry/edits", &edits)
	if got := fmt.Sprint(edits.Items); got != "[{new-01 true false} {out-01 true true} {river-01 true false}]" {
		t.Errorf("edits %s", got)
	}
	c.write("registry.yaml", strings.Replace(riverRegistry, "[106.90, 10.98]", "[10.98, 106.90]", 1)+outfallYAML("out-02", 10.96))
	c.hangup()
	c.wait("the refusal", func() bool { return c.counts(`quantrac_config_reloads_total{result="refused"} 1`) })
	if got := c.places(); got != "out-01/ out-02/park-a new-01/park-a" {
		t.Errorf("a bad file is in force: %s", got)
	}
}

// A spill goes down a river past five outfalls that discharge as usual, some far more than it. The one that spilled is among the first
// three candidates of the alert that the river station raises.
func TestASpillIsTracedUpstream(t *testing.T) {
	var stations []string
	outfalls := []string{"out-01", "out-02", "out-03", "out-04", "out-05"}
	for i, id := range outfalls {
		stations = append(stations, outfallYAML(id, 10.99-0.015*float64(i)))
	}
	c := startAtRiver(t, append(stations, riverStation)...)
	const source, step = 2, 15 * time.Minute
	now := time.Now().UTC().Truncate(step)
	metres := 111_000 * (10.99 - 0.015*source - 10.91)
	arrives := now.Add(-step)
	spilled := arrives.Add(-time.Duration(metres) * time.Second) // at 1 m/s
	for i, id := range outfalls {
		var batch []map[string]any
		for at := now.Add(-40 * time.Hour); !at.After(now); at = at.Add(step) {
			cod := 40 + 6*math.Sin(float64(i)+at.Sub(now).Hours()/3)
			if i == source && at.Sub(spilled).Abs() <= 30*time.Minute {
				cod *= 6
			}
			batch = append(batch, map[string]any{"station": id, "measured_at": at, "values": map[string]float64{"cod": cod, "flow_out": 20 * float64(i+1)}})
		}
		c.send(batch)
	}
	c.send([]map[string]any{{"station": "river-01", "measured_at": arrives, "values": map[string]float64{"cod": 150}}})
	var list struct{ Items []struct{ ID string } }
	c.wait("the alert at the river", func() bool {
		c.get("/api/v1/alerts?station=river-01&parameter=cod", &list)
		return len(list.Items) == 1
	})
	var answer struct {
		Items []struct {
			Station string
			Change  *float64
			Load    *float64 `json:"load_kg_day"`
		}
		Reason *string
	}
	c.wait("the loads of all outfalls", func() bool {
		c.get("/api/v1/alerts/"+list.Items[0].ID+"/upstream", &answer)
		for _, it := range answer.Items {
			if it.Change == nil {
				return false
			}
		}
		return len(answer.Items) == len(outfalls)
	})
	if answer.Reason != nil || answer.Items[0].Station != outfalls[source] && answer.Items[1].Station != outfalls[source] && answer.Items[2].Station != outfalls[source] {
		t.Errorf("%s is not among the first three: %+v", outfalls[source], answer)
	}
	t.Logf("ranked %+v", answer.Items)
}

func (c *configured) send(batch any) {
	c.t.Helper()
	body, err := json.Marshal(batch)
	if err != nil {
		c.t.Fatal(err)
	}
	if status, answer, err := c.request(http.MethodPost, "/api/v1/readings", string(body)); err != nil || status != http.StatusAccepted {
		c.t.Fatal(status, string(answer), err)
	}
}

// A registry in GeoJSON and tables are checked with the exact place of each fault.
func TestCheckOfPlaces(t *testing.T) {
	good := `{"type":"FeatureCollection","title":{"vi":"Thử","en":"Test"},"features":[
  {"type":"Feature","geometry":{"type":"Point","coordinates":[106.9,10.9]},"properties":{"id":"a-01","name":{"vi":"A"},"parameters":["cod"]}}]}`
	for name, c := range map[string]struct{ text, want string }{
		"good.geojson":      {good, ""},
		"swapped.geojson":   {strings.Replace(good, "[106.9,10.9]", "[10.9,106.9]", 1), "swapped.geojson:2:62: features[0].geometry.coordinates: [10.9, 106.9] has latitude first"},
		"parameter.geojson": {strings.Replace(good, `"cod"`, `"codd"`, 1), "parameter.geojson:2:"},
		"stations.csv":      {"id,name,lon,lat,parameters\nx-1,X,106.9,10.9,cod\n", ""},
		"bad.csv":           {"id,name,lon,lat,parameters\nx-1,X,106.9,10.9,cod\nx-2,X,east,10.9,cod\n", `bad.csv:3:3: line 3, column 3: location[0]: "east" is no number`},
		"unknown.csv":       {"id,name,lon,lat,parameters\nx-1,X,106.9,10.9,codd\n", `unknown.csv:2:1: line 2.parameters[0]: parameter "codd"`},
		"parks.csv":         {"id,name,lon,lat\np-1,KCN P,106.9,10.9\n", ""},
	} {
		var found []string
		for _, f := range checkFile(writeFile(t, name, c.text)) {
			found = append(found, f.String())
		}
		got := strings.Join(found, "\n")
		if (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

package web

import (
	"bytes"
	"encoding/json"
	"flag"
	"math"
	"os"
	"testing"
	"time"

	"quantrac/alerts"
	"quantrac/geo"
	"quantrac/ingest"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// The frames that the page's tests read are written by the hub itself, so that neither side drifts.
func TestFramesOfThePagesTests(t *testing.T) {
	at := time.Date(2026, 11, 24, 6, 5, 0, 0, time.UTC)
	reg, cat := geo.Builtin(), ingest.BuiltinCatalogue()
	live := alerts.NewLive(alerts.LiveConfig{Registry: reg, Limits: alerts.BuiltinLimits()})
	engine := alerts.NewEngine(alerts.EngineConfig{
		Rules: alerts.BuiltinRules(), Limits: alerts.BuiltinLimits(), Registry: reg, Catalogue: cat, BaseURL: "http://quantrac.example",
	})
	reading := func(station, parameter string, after time.Duration, v float64) ingest.Reading {
		p, _ := cat.Parameter(parameter)
		return ingest.Reading{Station: station, Parameter: parameter, Value: v, Unit: p.Unit, MeasuredAt: at.Add(after), ReceivedAt: at.Add(after + time.Second), Usable: !math.IsNaN(v)}
	}
	var open []alerts.Alert
	h := NewHub(HubState{
		Stations: func() []alerts.StationView {
			var out []alerts.StationView
			for _, id := range []string{"amata-01", "loteco-01", "tan-phu-01"} {
				v, _ := live.Station(id)
				out = append(out, v)
			}
			return out
		},
		Alerts:   func() []alerts.Alert { return open },
		Hotspots: func() any { return geo.HotspotSet{} },
		Now:      func() time.Time { return at },
		Place:    func(string) (string, geo.Point, bool) { return "", geo.Point{}, false },
	}, NewMetrics(nil))
	h.epoch = "GOLDEN"
	c := newClient(h, "")
	apply := func(rs ...ingest.Reading) {
		items, changed := live.Apply(rs)
		h.Readings(items)
		for _, id := range changed {
			v, _ := live.Station(id)
			h.Station(v)
		}
		for _, ev := range engine.Step(alerts.Input{Kind: alerts.ReadingsIn, Readings: rs}) {
			h.Alert(ev.Alert)
		}
	}
	first := []ingest.Reading{reading("amata-01", "cod", 0, 41.2), reading("amata-01", "ph", 0, 7.2), reading("loteco-01", "tss", 0, 12), reading("loteco-01", "flow_in", 0, math.NaN())}
	live.Apply(first)
	engine.Step(alerts.Input{Kind: alerts.ReadingsIn, Readings: first})
	h.join(c)
	h.subscribe(c, filter{})
	apply(reading("amata-01", "cod", 5*time.Minute, 120.5), reading("amata-01", "ph", 5*time.Minute, 6.1))
	apply(reading("loteco-01", "tss", 5*time.Minute, 95))
	h.Hotspots(geo.HotspotSet(geo.Hotspots([]geo.Sample{
		{ID: "amata-01", Point: geo.Point{106.894, 10.945}, Value: 1.6, Parameter: "cod", At: at},
		{ID: "loteco-01", Point: geo.Point{106.891, 10.929}, Value: 1.7, Parameter: "tss", At: at},
	}, geo.HotspotOptions{})))
	for i := 2; i <= 8; i++ {
		apply(reading("amata-01", "cod", time.Duration(i)*5*time.Minute, 30))
	}
	h.Registry([]string{"gone-01"}, true, false)
	var frames []json.RawMessage
	for {
		p, _ := c.next()
		if p == nil {
			break
		}
		frames = append(frames, p.encoded)
	}
	got, err := json.MarshalIndent(frames, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	const file = "ui/testdata/events.json"
	if *update {
		if err := os.WriteFile(file, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what the hub sends; go test ./web -update rewrites it, then npm test must pass", file)
	}
}

package main

import (
	"testing"
	"time"

	"quantrac/alerts"
	"quantrac/ingest"
	"quantrac/simulator"
)

// 24 h of plants that are well open at most one alert per 20 stations, on a weekday and on a Sunday.
func TestCalm(t *testing.T) {
	c := defaults(false)
	f, faults := loadFacts(&c)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	plants := simulator.Plants(f.registry)
	for _, begin := range []time.Time{time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC), time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)} {
		for seed := uint64(1); seed <= 3; seed++ {
			engine := alerts.NewEngine(alerts.EngineConfig{Rules: f.rules, Limits: f.limits, Registry: f.registry, Catalogue: f.catalogue})
			opened, readings := 0, 0
			for at := begin; at.Before(begin.Add(24 * time.Hour)); at = at.Add(5 * time.Minute) {
				for _, p := range plants {
					for _, code := range p.Parameters {
						v, ok := p.Value(seed, code, at)
						if !ok {
							t.Fatalf("the simulator does not know %s", code)
						}
						readings++
						for _, ev := range engine.Step(alerts.Input{Kind: alerts.ReadingsIn, Readings: []ingest.Reading{{
							Station: p.ID, Parameter: code, Value: v, MeasuredAt: at, ReceivedAt: at, Usable: true,
						}}}) {
							if ev.Type == alerts.Opened {
								opened++
								t.Logf("seed %d: %s", seed, ev.Alert.Summary.EN)
							}
						}
					}
				}
			}
			if most := len(plants) / 20; opened > most {
				t.Errorf("seed %d from %s: %d alerts for %d stations, at most %d", seed, begin.Format("Mon"), opened, len(plants), most)
			}
			if judged := engine.Stats().Judged; judged != uint64(readings) {
				t.Errorf("%d of %d readings were judged: the test would prove nothing", judged, readings)
			}
		}
	}
}

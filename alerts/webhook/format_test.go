package webhook

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"quantrac/alerts"
	"quantrac/geo"
)

var update = flag.Bool("update", false, "write the golden files anew")

func ptr[T any](v T) *T { return &v }

// sampleEvent is an event of the contract's example alert.
func sampleEvent() alerts.Event {
	at := time.Date(2026, 11, 24, 6, 5, 3, 0, time.UTC)
	return alerts.Event{
		Type: alerts.Opened, At: at.Add(-3 * time.Second), Made: at,
		Alert: alerts.Alert{
			ID: "0f1e2d3c4b5a69788796a5b4c3d2e1f0", Revision: 1, Rule: "cod-over-limit", RuleName: geo.Text{VI: "COD vượt quy chuẩn", EN: "COD above limit"},
			Severity: alerts.Critical, PeakSeverity: alerts.Critical, State: alerts.Open,
			Station: alerts.Where{ID: "amata-01", Name: geo.Text{VI: "Trạm xả Amata", EN: "Amata outfall"}, Location: geo.Point{106.9, 10.9}},
			Park:    &alerts.Where{ID: "amata", Name: geo.Text{VI: "KCN Amata", EN: "Amata park"}}, Parameter: "cod", Basis: "value",
			Value: ptr(91.2), PeakValue: ptr(91.2), Unit: "mg/L", Limit: ptr(67.5), Ratio: ptr(1.35), LimitReference: "QCVN 40:2011/BTNMT, A, Kq 0.9, Kf 1.0",
			OpenedAt: at.Add(-3 * time.Second), MeasuredAt: at.Add(-3 * time.Second), Flags: []string{},
			Summary: geo.Text{VI: "COD 91,2 mg/L tại Trạm xả Amata, giới hạn 67,5", EN: "COD 91.2 mg/L at Amata outfall, limit 67.5"},
			URL:     "https://quantrac.example.vn/?station=amata-01&alert=0f1e2d3c4b5a69788796a5b4c3d2e1f0",
		},
	}
}

// silentEvent is of a whole station: there is nothing to measure.
func silentEvent() alerts.Event {
	ev := sampleEvent()
	a := &ev.Alert
	a.Rule, a.RuleName, a.Basis, a.Severity, a.PeakSeverity = "silent", geo.Text{VI: "Mất tín hiệu", EN: "Silent"}, alerts.OnSilence, alerts.Warning, alerts.Warning
	a.Parameter, a.Unit, a.Value, a.PeakValue, a.Limit, a.Ratio, a.LimitReference = "", "", nil, nil, nil, nil, ""
	a.Summary = geo.Text{VI: "Không có dữ liệu từ Trạm xả Amata", EN: "No data from Amata outfall"}
	return ev
}

func resolvedEvent() alerts.Event {
	ev := sampleEvent()
	ev.Type = alerts.WasResolved
	ev.At, ev.Made = ev.At.Add(time.Hour), ev.Made.Add(time.Hour)
	ev.Alert.State, ev.Alert.Revision, ev.Alert.ResolvedAt = alerts.Resolved, 2, ptr(ev.At)
	return ev
}

func TestBodiesAreGolden(t *testing.T) {
	for name, ev := range map[string]alerts.Event{"opened": sampleEvent(), "resolved": resolvedEvent(), "silent": silentEvent()} {
		for _, format := range []string{FormatQuantrac, FormatAlertmanager, FormatCloudEvents} {
			h := &hook{Webhook: Webhook{ID: "wh_1", Name: "Sở TN&MT", Format: format}}
			m, err := encode(h, &delivery{id: "msg_1_0_abc", event: ev}, "https://quantrac.example.vn")
			if err != nil {
				t.Fatal(err)
			}
			var got bytes.Buffer
			if err := json.Indent(&got, m.body, "", "  "); err != nil {
				t.Fatal(err)
			}
			got.WriteByte('\n')
			file := filepath.Join("testdata", format+"-"+name+".json")
			if *update {
				if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got.Bytes(), want) {
				t.Errorf("%s differs; got\n%s", file, got.String())
			}
		}
	}
}

// The contract's fields, by name, in the body of format quantrac.
func TestBodyHasTheFieldsOfTheContract(t *testing.T) {
	ev := sampleEvent()
	m, err := encode(&hook{}, &delivery{event: ev}, "")
	if err != nil {
		t.Fatal(err)
	}
	var body struct {
		Type, Timestamp string
		Data            struct{ Alert map[string]any }
	}
	if err := json.Unmarshal(m.body, &body); err != nil {
		t.Fatal(err)
	}
	if body.Type != "alert.opened" || body.Timestamp != "2026-11-24T06:05:03Z" {
		t.Errorf("type %s, timestamp %s", body.Type, body.Timestamp)
	}
	for _, field := range []string{
		"id", "revision", "rule", "severity", "state", "station", "park", "parameter", "basis", "value", "unit", "limit", "ratio", "limit_reference",
		"opened_at", "measured_at", "late", "flags", "summary", "url",
	} {
		if _, ok := body.Data.Alert[field]; !ok {
			t.Errorf("no %s", field)
		}
	}
}

func TestFilter(t *testing.T) {
	opened, resolved := sampleEvent(), resolvedEvent()
	late := sampleEvent()
	late.Alert.Late = true
	calmed := resolvedEvent()
	calmed.Alert.Severity = alerts.Warning
	mild := resolvedEvent()
	mild.Alert.Severity, mild.Alert.PeakSeverity = alerts.Warning, alerts.Warning
	homeless := sampleEvent()
	homeless.Alert.Park = nil
	cases := map[string]struct {
		events []string
		filter Filter
		ev     alerts.Event
		want   bool
	}{
		"no filter":                 {nil, Filter{}, opened, true},
		"type":                      {[]string{"alert.opened"}, Filter{}, opened, true},
		"other type":                {[]string{"alert.opened"}, Filter{}, resolved, false},
		"park":                      {nil, Filter{Parks: []string{"x", "amata"}}, opened, true},
		"other park":                {nil, Filter{Parks: []string{"x"}}, opened, false},
		"park of a station without": {nil, Filter{Parks: []string{"amata"}}, homeless, false},
		"station":                   {nil, Filter{Stations: []string{"amata-01"}}, opened, true},
		"station and other park":    {nil, Filter{Stations: []string{"amata-01"}, Parks: []string{"x"}}, opened, false},
		"severity":                  {nil, Filter{Severities: []string{"critical"}}, opened, true},
		"other severity":            {nil, Filter{Severities: []string{"warning"}}, opened, false},
		"end of what was critical":  {nil, Filter{Severities: []string{"critical"}}, calmed, true},
		"end of what never was":     {nil, Filter{Severities: []string{"critical", "emergency"}}, mild, false},
		"late":                      {nil, Filter{}, late, false},
		"late, asked for":           {nil, Filter{Late: true}, late, true},
		"not late, late asked for":  {nil, Filter{Late: true}, opened, true},
	}
	for name, c := range cases {
		h := &hook{Webhook: Webhook{Events: c.events, Filter: c.filter}}
		if got := h.wants(&c.ev); got != c.want {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}

func TestIDsCarryTheirPlaceAndTellEventsApart(t *testing.T) {
	ev := sampleEvent()
	p := place{1234567, 42}
	id := deliveryID("wh_1", p, &ev)
	if got, ok := placeOf(id); !ok || got != p {
		t.Errorf("the place of %s is %v, %v", id, got, ok)
	}
	other := sampleEvent()
	other.Alert.ID = "another"
	for _, also := range []string{deliveryID("wh_2", p, &ev), deliveryID("wh_1", place{1234567, 43}, &ev), deliveryID("wh_1", p, &other)} {
		if also == id {
			t.Errorf("%s names two events", id)
		}
	}
	for _, bad := range []string{"", "msg_", "msg_test_abc", "msg_0_0_a", "msg_1_-1_a", "msg_1_zzzzzzzz_a", "msg_1_0_a_b", "x_1_0_a", "msg_!_0_a"} {
		if _, ok := placeOf(bad); ok {
			t.Errorf("%q has a place", bad)
		}
	}
}

package geo

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"
)

const settingsYAML = `
parks: []
stations:
  - id: s
    name: {vi: S}
    location: [106, 11]
    parameters: [cod]
    names: {AI-1: cod, Độ đục: tss}
    factors: {cod: 0.1}
    units: {cod: g/L}
    basis: {nh4_n: nh4}
    sentinels: [-1]
    thousands: ","
    zone: Asia/Tokyo
`

func TestSettingsAreRead(t *testing.T) {
	var f File
	if err := yaml.Unmarshal([]byte(settingsYAML), &f); err != nil {
		t.Fatal(err)
	}
	reg, problems := NewRegistry(f)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	s, _ := reg.WithCycle(time.Second).Station("s")
	if code, ok := s.Named(AppendFold(nil, "ai_1")); !ok || code != "cod" {
		t.Errorf("ai_1 means %q", code)
	}
	if code, ok := s.Named(AppendFold(nil, "DO DUC")); !ok || code != "tss" {
		t.Errorf("DO DUC means %q", code)
	}
	if _, ok := s.Named(AppendFold(nil, "ai_2")); ok || !s.HasNames() {
		t.Error("ai_2 means something")
	}
	if got := time.Date(2026, 1, 1, 9, 0, 0, 0, s.Local()).UTC(); got.Hour() != 0 {
		t.Errorf("9:00 in Tokyo is %s", got)
	}
	var asJSON map[string]any
	b, err := json.Marshal(s)
	if err != nil || json.Unmarshal(b, &asJSON) != nil || asJSON["thousands"] != "," || asJSON["zone"] != "Asia/Tokyo" {
		t.Errorf("%s (%v)", b, err)
	}
}

func TestZones(t *testing.T) {
	for zone, hours := range map[string]float64{"": 7, "Asia/Ho_Chi_Minh": 7, "+07:00": 7, "-03:30": -3.5, "UTC": 0, "+00:00": 0, "Asia/Kathmandu": 5.75} {
		s := Settings{Zone: zone}
		s.index("s", func(_, format string, _ ...any) { t.Errorf("%q: %s", zone, format) })
		if _, seconds := time.Date(2026, 6, 1, 0, 0, 0, 0, s.Local()).Zone(); float64(seconds) != hours*3600 {
			t.Errorf("%q is %d s from UTC", zone, seconds)
		}
	}
}

func TestWrongSettingsAreReported(t *testing.T) {
	many := make([]float64, maxNames+1)
	for want, s := range map[string]Settings{
		"at.names":        {Names: map[string]string{"--": "cod"}},
		"at.factors":      {Factors: map[string]float64{"cod": 0}},
		"at.sentinels[1]": {Sentinels: []float64{1, math.NaN()}},
		"at.thousands":    {Thousands: "x"},
		"at.zone":         {Zone: "Local"},
		"at":              {Sentinels: many},
	} {
		var got []string
		s.index("at", func(path, _ string, _ ...any) { got = append(got, path) })
		if len(got) != 1 || got[0] != want {
			t.Errorf("%s: %v", want, got)
		}
	}
	for name, s := range map[string]Settings{
		"two meanings": {Names: map[string]string{"AI-1": "cod", "ai 1": "ph"}}, "long": {Names: map[string]string{strings.Repeat("x", 300): "cod"}},
		"infinite": {Factors: map[string]float64{"cod": math.Inf(1)}}, "not a number": {Factors: map[string]float64{"cod": math.NaN()}},
		"two separators": {Thousands: ",."}, "city of the moon": {Zone: "Moon/Tycho"}, "offset": {Zone: "+7"},
	} {
		n := 0
		if s.index("at", func(string, string, ...any) { n++ }); n != 1 {
			t.Errorf("%s: %d problems", name, n)
		}
	}
	if s := (Settings{Names: map[string]string{"AI-1": "cod", "ai 1": "cod"}}); s.named == nil {
		s.index("at", func(string, string, ...any) { t.Error("two spellings of one meaning are no problem") })
	}
}

func TestFold(t *testing.T) {
	for s, want := range map[string]string{"": "", "cod": "cod", "COD (mg/L)": "codmgl", "Độ màu": "domau", "NH4+": "nh4", "Lưu lượng ra": "luuluongra"} {
		if got := Fold(s); got != want || string(AppendFold([]byte("x"), s)) != "x"+want {
			t.Errorf("%q folds to %q, want %q", s, got, want)
		}
	}
	room := make([]byte, 0, 64)
	if n := testing.AllocsPerRun(100, func() { AppendFold(room, "Sensor_COD_1") }); n != 0 {
		t.Errorf("%g allocations", n)
	}
}

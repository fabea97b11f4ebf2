package geo

import (
	"strings"
	"testing"
	"time"
)

func TestPapers(t *testing.T) {
	at := time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		change func(*Station)
		want   string
	}{
		"nothing": {func(*Station) {}, ""},
		"all": {func(s *Station) {
			s.Camera, s.Permit = "https://camera.example/1", &Permit{Number: "12/GPMT", Issued: at, Expires: at.Add(1)}
		}, ""},
		"no number":             {func(s *Station) { s.Permit = &Permit{Number: " "} }, "permit.number"},
		"a control character":   {func(s *Station) { s.Permit = &Permit{Number: "1", Authority: "a\nb"} }, "permit.authority"},
		"over before it began":  {func(s *Station) { s.Permit = &Permit{Number: "1", Issued: at, Expires: at} }, "permit.expires"},
		"a script for a camera": {func(s *Station) { s.Camera = "javascript:alert(1)" }, "camera"},
		"a password":            {func(s *Station) { s.Camera = "http://user:secret@camera.example/" }, "camera"},
		"no host":               {func(s *Station) { s.Camera = "https:///x" }, "camera"},
		"too long":              {func(s *Station) { s.Camera = "https://camera.example/" + strings.Repeat("x", maxFact) }, "camera"},
	} {
		s := Station{ID: "a-01", Name: Text{VI: "A"}, Location: Point{106.9, 10.9}, Parameters: []string{"ph"}}
		c.change(&s)
		_, problems := NewRegistry(File{Stations: []Station{s}})
		switch {
		case c.want == "" && len(problems) > 0:
			t.Errorf("%s: %v", name, problems)
		case c.want != "" && (len(problems) != 1 || problems[0].Path != "stations[0]."+c.want):
			t.Errorf("%s: %v, want one of %s", name, problems, c.want)
		}
	}
}

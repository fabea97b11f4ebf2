package alerts_test

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"go.yaml.in/yaml/v3"

	"quantrac/alerts"
)

func TestReadRuleReadsWhatARulesFileHolds(t *testing.T) {
	for _, want := range alerts.BuiltinRules().List() {
		text, err := yaml.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		got, _, problems := alerts.ReadRule(text)
		if len(problems) > 0 || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v\n got %+v\nwant %+v", want.ID, problems, got, want)
		}
	}
}

func TestReadRuleNamesEveryFaultWithItsPlace(t *testing.T) {
	for text, want := range map[string][]string{
		"id: a\nfor: soon\nkinds: [effluent, {a: 1}]\n": {"2:6 for", "3:19 kinds[1]"},
		"name: {vi: a, fr: b}\nrecords: many\n":         {"1:19 name.fr", "2:10 records"},
		"enabled: perhaps\nlevels: {critical: x}\n":     {"1:10 enabled", "2:20 levels.critical"},
		"levels: {critical: {over: 1}}":                 {"1:20 levels.critical"},
		"id: a\nid: b":                                  {"2:5 id"},
		"levels: {warning: 1, warning: 2}":              {"1:31 levels.warning"},
		"- a":                                           {"1:1 "},
		"":                                              {"1:1 "},
		"a: [\nb":                                       {"2:1 "},
		"name: &n {vi: a}":                              {"1:7 name"},
		"x: &x [*x]":                                    {"1:4 x"},
	} {
		_, place, problems := alerts.ReadRule([]byte(text))
		var got []string
		for _, p := range problems {
			line, column := place.Place(p.Path)
			got = append(got, fmt.Sprintf("%d:%d %s", line, column, p.Path))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q (%v)", text, got, want, problems)
		}
	}
}

// FuzzReadRule holds that no text of a stranger brings the reader down, and that what it takes can be checked and written again.
func FuzzReadRule(f *testing.F) {
	for _, seed := range []string{"id: a\nlevels: {critical: 1}\nfor: 10m", "x: &x [*x]", "<<: {a: 1}", `{"levels": {"critical": {"above": 1, "below": .5}}}`, "levels: {critical: .nan}", "- - -", "!!binary a"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		rule, place, problems := alerts.ReadRule(text)
		for _, p := range problems {
			if line, column := place.Place(p.Path); line < 1 || column < 1 {
				t.Errorf("%q is at %d:%d", p.Path, line, column)
			}
		}
		if len(problems) > 0 {
			return
		}
		checked, problems := alerts.CheckRule(rule, nil, nil)
		if len(problems) > 0 {
			return
		}
		written, err := yaml.Marshal(checked)
		if err != nil {
			t.Fatal(err)
		}
		if again, _, problems := alerts.ReadRule(written); len(problems) > 0 || !reflect.DeepEqual(again, checked) {
			t.Errorf("%v\n%s", problems, written)
		}
	})
}

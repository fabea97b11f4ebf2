package geo

import (
	"strings"
	"testing"
	"time"
)

func TestBuiltinRegistry(t *testing.T) {
	r := Builtin()
	withStation := map[string]int{}
	for _, s := range r.Stations() {
		withStation[s.Park]++
		if s.Cycle != DefaultCycle {
			t.Errorf("station %s has cycle %s", s.ID, s.Cycle)
		}
		for _, code := range []string{"flow_in", "flow_out", "ph", "temp", "cod", "tss", "nh4_n"} {
			if !strings.Contains(strings.Join(s.Parameters, " "), code) {
				t.Errorf("station %s does not measure %s", s.ID, code)
			}
		}
		if len(s.Limits) == 0 {
			t.Errorf("station %s has no limits", s.ID)
		}
		if byAlias, ok := r.Resolve(strings.ToLower(s.Aliases[0])); !ok || byAlias.ID != s.ID {
			t.Errorf("alias %s does not lead to %s", s.Aliases[0], s.ID)
		}
	}
	if len(withStation) < 40 {
		t.Errorf("only %d parks have a station", len(withStation))
	}
	if withStation["amata"] < 2 {
		t.Error("a large park has two stations or more")
	}
	for _, piped := range []string{"bien-hoa-1", "nhon-trach-2-loc-khang"} {
		if withStation[piped] != 0 {
			t.Errorf("%s has no plant of its own, so no station", piped)
		}
	}
	if got := r.WithCycle(time.Second).Stations()[0].Cycle; got != time.Second {
		t.Errorf("WithCycle gave %s", got)
	}
}

func TestRegistryReportsEveryProblemAtItsPlace(t *testing.T) {
	_, problems := NewRegistry(File{
		Parks: []Park{{ID: "P", Location: Point{10.9, 106.8}}, {ID: "b", Name: Text{VI: "B"}, Location: Point{106, 11}}},
		Stations: []Station{
			{ID: "s", Name: Text{VI: "S"}, Park: "none", Kind: "moon", Location: Point{106, 11}, Aliases: []string{"X"}},
			{ID: "s2", Name: Text{VI: "S"}, Park: "b", Location: Point{106, 11}, Parameters: []string{"cod", "cod"}, Aliases: []string{"x"}},
			{ID: "s2", Name: Text{VI: "S"}, Location: Point{0, 0}, Parameters: []string{"cod"}, Cycle: time.Millisecond},
		},
	})
	want := []string{
		"parks[0].id", "parks[0].name", "parks[0].location", "stations[0].park", "stations[0].kind", "stations[0].parameters",
		"stations[1].parameters[1]", "stations[2].location", "stations[2].id", "stations[2].cycle", "stations[1].aliases[0]",
	}
	var got []string
	for _, p := range problems {
		got = append(got, p.Path)
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("\n got %v\nwant %v\n%v", got, want, problems)
	}
	if !strings.Contains(problems[2].Message, "latitude first") {
		t.Errorf("a swapped pair is not named: %s", problems[2].Message)
	}
}

func TestAssignmentInForce(t *testing.T) {
	day := func(d int) time.Time { return time.Date(2026, 1, d, 0, 0, 0, 0, time.UTC) }
	a := Assignment{From: day(2), To: day(4)}
	for d, want := range map[int]bool{1: false, 2: true, 3: true, 4: false} {
		if a.InForce(day(d)) != want {
			t.Errorf("day %d: in force %v", d, !want)
		}
	}
	if !(Assignment{}).InForce(day(1)) {
		t.Error("open ends hold always")
	}
}

package ingest

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"quantrac/geo"
)

func asking(reg *geo.Registry) *Door {
	return &Door{Registry: func() *geo.Registry { return reg }, Catalogue: BuiltinCatalogue()}
}

func TestProposals(t *testing.T) {
	d := asking(geo.Builtin())
	for _, tc := range []struct{ kind, name, want string }{
		{MapParameter, "COD", "cod"},
		{MapParameter, "CODD", "cod"},
		{MapParameter, "TEMPERATRUE", "temp"}, // two letters changed places
		{MapParameter, "ai_cod_inst", "cod"},
		{MapParameter, "Sensor_pH_01", "ph"},
		{MapParameter, "LUULUONG3", "flow_out"},
		{MapParameter, "Luu luong vao 2", "flow_in"},
		{MapParameter, "Nhiệt độ nước", "temp"},
		{MapParameter, "waterTemperature", "temp"},
		{MapParameter, "NH4_N_mgL", "nh4_n"},
		{MapParameter, "Amonia", "nh4_n"},
		{MapParameter, "TSS1", "tss"},
		{MapParameter, "x", ""},
		{MapParameter, "", ""},
		{MapParameter, "zzzzzzzzz", ""},
		{MapStation, "amata_1", "amata-01"},
		{MapStation, "Amata-2", "amata-02"},
		{MapStation, "KCN Long Thanh", "long-thanh-01"},
		{MapStation, "NHONTRACH3", "nhon-trach-3-gd1-01"},
		{MapStation, "lotecco-01", "loteco-01"},
		{MapStation, "01", ""},
		{MapStation, strings.Repeat("qx", 5000), ""},
	} {
		got := d.Propose(tc.kind, tc.name, "")
		first := ""
		if len(got) > 0 {
			first = got[0].Target
		}
		if first != tc.want {
			t.Errorf("%s %q: %v, want %q first", tc.kind, cut(tc.name, 20), got, tc.want)
		}
		if got == nil || len(got) > maxProposals {
			t.Errorf("%s %q: %d proposals", tc.kind, cut(tc.name, 20), len(got))
		}
		for i, p := range got {
			if p.Score < minScore || p.Score > 1 || p.Reason == "" || p.Name.VI == "" || i > 0 && p.Score > got[i-1].Score {
				t.Errorf("%q: %+v", tc.name, got)
			}
			if slices.ContainsFunc(got[:i], func(q Proposal) bool { return q.Target == p.Target }) {
				t.Errorf("%q: %s is proposed twice", tc.name, p.Target)
			}
		}
		if again := d.Propose(tc.kind, tc.name, ""); !reflect.DeepEqual(got, again) {
			t.Errorf("%q: another answer to the same question", tc.name)
		}
	}
}

func TestTheUnitHelps(t *testing.T) {
	first := func(unit string) string {
		got := proposeParameter(BuiltinCatalogue(), registry(t), unknownName{MapParameter, "AI7", "", unit})
		if len(got) == 0 {
			return ""
		}
		return got[0].Target
	}
	for unit, want := range map[string]string{"": "", "mg/L": "", "°C": "temp", "oF": "temp", "m3/h": "flow_in", "Pt-Co": "color", "moon": "", "---": ""} {
		if got := first(unit); got != want {
			t.Errorf("a name of no meaning in %q: %q, want %q", unit, got, want)
		}
	}
	against := proposeParameter(BuiltinCatalogue(), registry(t), unknownName{MapParameter, "codd", "", "°C"})
	if i := slices.IndexFunc(against, func(p Proposal) bool { return p.Target == "cod" }); i >= 0 && against[i].Score > 0.5 {
		t.Errorf("cod in °C: %+v", against)
	}
}

func TestExplain(t *testing.T) {
	d := asking(registry(t))
	d.Decode = func(*Delivery) (Decoded, error) {
		return Decoded{Items: []Item{
			cod(1), {Name: "CODD", Value: 1, MeasuredAt: noon}, {Name: "codd", Unit: "°C", Value: 2, MeasuredAt: noon}, {Name: "CODD", Value: 3, MeasuredAt: noon},
		}}, nil
	}
	got := d.Explain(d.Look(Delivery{Topic: topicA, ReceivedAt: noon}))
	if len(got) != 2 || got[0].Kind != MapParameter || got[0].Name != "CODD" || got[0].Station != "a-01" || len(got[0].Proposals) == 0 || got[0].Proposals[0].Target != "cod" {
		t.Errorf("%+v", got)
	}
	got = d.Explain(d.Look(Delivery{Topic: "quantrac/v1/b01/readings", ReceivedAt: noon}))
	if len(got) != 1 || got[0].Kind != MapStation || got[0].Name != "b01" || got[0].Proposals[0].Target != "b-01" {
		t.Errorf("%+v", got)
	}
	if got := d.Explain(&Intake{}); got == nil || len(got) != 0 {
		t.Errorf("%+v", got)
	}
}

// A stranger's payload of strange names must not keep the service busy.
func TestExplainIsBounded(t *testing.T) {
	f := geo.File{}
	for i := range 5000 {
		f.Stations = append(f.Stations, geo.Station{
			ID: fmt.Sprintf("tram-%d", i), Name: geo.Text{VI: fmt.Sprint("Trạm nước thải số ", i), EN: fmt.Sprint("Outfall ", i)},
			Location: geo.Point{106, 11}, Parameters: []string{"cod"},
		})
	}
	reg, problems := geo.NewRegistry(f)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	d := asking(reg)
	d.Decode = func(*Delivery) (Decoded, error) {
		var out Decoded
		for i := range MaxItems {
			name := fmt.Sprint("tramm nuoc thai ", i)
			out.Items = append(out.Items, Item{Index: i, Station: name, Name: name, Value: 1}, Item{Index: i, Station: "tram-1", Name: name, Value: 1})
		}
		out.Items = out.Items[:MaxItems]
		return out, nil
	}
	begin := time.Now()
	got := d.Explain(d.Look(Delivery{ReceivedAt: noon}))
	if len(got) != maxUnknown {
		t.Errorf("%d names are explained", len(got))
	}
	if took := time.Since(begin); took > 20*time.Second {
		t.Errorf("took %s", took)
	}
}

func TestDistance(t *testing.T) {
	for _, tc := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"abc", "", 3}, {"abc", "abc", 0}, {"abc", "acb", 1}, {"abc", "abd", 1}, {"abcd", "acd", 1}, {"ca", "abc", 3}, {"luuluong", "luuluongra", 2}} {
		if got := distance(tc.a, tc.b); got != tc.want || distance(tc.b, tc.a) != tc.want {
			t.Errorf("%q to %q: %d, want %d", tc.a, tc.b, got, tc.want)
		}
	}
}

// FuzzPropose looks for a name on which the comparison breaks, or whose quick bound is above the distance.
func FuzzPropose(f *testing.F) {
	for _, s := range []string{"COD", "Nhiệt độ", "DN_AMAT_NUOC01", "ĐỘMÀU", "\xff\xfe", strings.Repeat("é", 100), "A1b2C3"} {
		f.Add(s, "luuluong")
	}
	d := asking(geo.Builtin())
	f.Fuzz(func(t *testing.T, a, b string) {
		for _, kind := range []string{MapParameter, MapStation} {
			for _, p := range d.Propose(kind, a, b) {
				if p.Score < minScore || p.Score > 1 {
					t.Errorf("%+v", p)
				}
			}
		}
		x, y := wordsOf(a).folded, wordsOf(b).folded
		if bound, n := difference(x, y), distance(x, y); bound > n {
			t.Errorf("%q to %q: bound %d, distance %d", x, y, bound, n)
		}
	})
}

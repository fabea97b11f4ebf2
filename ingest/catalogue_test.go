package ingest

import (
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"quantrac/geo"
)

func TestResolve(t *testing.T) {
	c := BuiltinCatalogue()
	for name, want := range map[string]string{
		"cod": "cod", "COD": "cod", "C.O.D": "cod", " cod ": "cod", "nh4_n": "nh4_n", "NH4-N": "nh4_n", "NH4+": "nh4_n", "Nitơ amoni": "nh4_n",
		"NITƠ AMONI": "nh4_n", "nito amoni": "nh4_n", "Nhiệt độ": "temp", "NHIETDO": "temp", "Nhiệt_Độ": "temp", "Lưu lượng ra": "flow_out",
		"LUULUONGRA": "flow_out", "Lưu lượng vào": "flow_in", "Tổng lưu lượng": "flow_total_day", "Tổng N": "tn", "tong p": "tp", "Độ màu": "color",
		"Clo dư": "cl", "BOD": "bod5", "pH": "ph", "Q out": "flow_out", "": "", "---": "", "x": "", "codcod": "",
	} {
		for _, form := range []string{name, norm.NFD.String(name), norm.NFC.String(name)} {
			p, ok := c.Resolve(form)
			if ok != (want != "") || ok && p.Code != want {
				t.Errorf("%q: %v %v, want %q", form, p, ok, want)
			}
		}
	}
}

// A name that a person reads in the catalogue must be one that a gateway may write.
func TestEveryNameOfTheCatalogueResolves(t *testing.T) {
	c := BuiltinCatalogue()
	for _, p := range c.Parameters() {
		for _, name := range append([]string{p.Code, p.Symbol, strings.ToUpper(p.Code)}, p.Aliases...) {
			if got, ok := c.Resolve(name); !ok || got.Code != p.Code {
				t.Errorf("%q of %s resolves to %v", name, p.Code, got)
			}
		}
		if got, ok := c.Parameter(p.Code); !ok || got.Code != p.Code {
			t.Errorf("%s is not found by its code", p.Code)
		}
		if p.Name.VI == "" || p.Name.EN == "" {
			t.Errorf("%s has no name in one of the languages", p.Code)
		}
	}
}

func TestConvert(t *testing.T) {
	c := BuiltinCatalogue()
	for _, tc := range []struct {
		parameter string
		v         float64
		unit      string
		want      float64
		flags     Flags
	}{
		{"cod", 42, "", 42, 0},
		{"cod", 42, "mg/L", 42, 0},
		{"cod", 42, "MG/l", 42, 0},
		{"cod", 42, "ppm", 42, 0},
		{"cod", 42, "g/m³", 42, 0},
		{"cod", 42, " - ", 42, 0},
		{"cod", 42000, "µg/L", 42, UnitConverted},
		{"cod", 42000, "ug/l", 42, UnitConverted}, // U+00B5 and U+03BC are one letter to people
		{"cod", 42000, "μg/L", 42, UnitConverted},
		{"cod", 0.042, "g/L", 42, UnitConverted},
		{"cod", 42, "°C", 42, UnitUnknown},
		{"cod", 42, "furlong", 42, UnitUnknown},
		{"temp", 86, "°F", 30, UnitConverted},
		{"temp", 32, "degF", 0, UnitConverted},
		{"temp", -40, "F", -40, UnitConverted},
		{"temp", 303.15, "K", 30, UnitConverted},
		{"temp", 30, "độ C", 30, 0},
		{"flow_out", 10, "L/s", 36, UnitConverted},
		{"flow_out", 2400, "m3/ngày", 100, UnitConverted},
		{"flow_out", 1, "m3/phút", 60, UnitConverted},
		{"flow_out", 100, "m3/giờ", 100, 0},
		{"flow_total_day", 100, "m3/h", 2400, UnitConverted},
		{"ph", 7, "pH", 7, 0},
		{"ph", 7, "mg/L", 7, UnitUnknown},
	} {
		p, _ := c.Parameter(tc.parameter)
		got, flags := c.Convert(p, tc.v, tc.unit)
		if math.Abs(got-tc.want) > 1e-9 || flags != tc.flags {
			t.Errorf("%s %g %q: %g %s, want %g %s", tc.parameter, tc.v, tc.unit, got, flags, tc.want, tc.flags)
		}
	}
}

// An unknown unit is kept as written and its value never used (contract §3).
func TestUnknownUnitIsKept(t *testing.T) {
	in := check(t, topicA, Item{Name: "cod", Value: 42, Unit: "furlong", MeasuredAt: noon}, Item{Name: "temp", Value: 86, Unit: "°F", MeasuredAt: noon})
	odd, hot := in.Readings[0], in.Readings[1]
	if odd.Usable || odd.Unit != "furlong" || odd.Value != 42 || odd.Flags != UnitUnknown {
		t.Errorf("%+v", odd)
	}
	if !hot.Usable || hot.Unit != "°C" || math.Abs(hot.Value-30) > 1e-9 || hot.Flags != UnitConverted {
		t.Errorf("%+v", hot)
	}
}

func TestNewCatalogueReportsEveryProblemAtItsPlace(t *testing.T) {
	_, problems := NewCatalogue(CatalogueFile{
		Parameters: []Parameter{
			{Code: "a", Symbol: "A", Unit: "mg/L", Aliases: []string{"Độ màu"}},
			{Code: "b", Symbol: "B", Unit: "nope", Aliases: []string{"do mau"}},
		},
		Units: []Unit{{ID: "mg/L", Scale: 0}},
	})
	want := []string{"units[0].scale", "parameters[1].unit", "parameters[1].aliases"}
	if len(problems) != len(want) {
		t.Fatalf("problems %v, want %v", problems, want)
	}
	for i, p := range problems {
		if p.Path != want[i] {
			t.Errorf("problem %d at %s, want %s", i, p.Path, want[i])
		}
	}
}

func TestFlagsRoundTrip(t *testing.T) {
	for f := Flags(1); f <= Undeclared; f <<= 1 {
		for _, set := range []Flags{f, f | OutOfRange, f | Undeclared} {
			if got := ParseFlags(set.String()); got != set {
				t.Errorf("%b written as %q is read as %b", set, set, got)
			}
		}
	}
	if b, err := Flags(0).MarshalJSON(); string(b) != "[]" || err != nil {
		t.Errorf("no flags are %s %v", b, err)
	}
}

// Whatever a gateway writes: folding twice is folding once, the forms of Unicode do not matter, and what resolves is in the
// catalogue.
func FuzzFoldName(f *testing.F) {
	for _, s := range []string{"COD", "Nhiệt độ", "Đ", "đ", "NH4-N", "İ", "ẞ", "ﬁ", "\xff", "각", "Ω", "ᾼ", strings.Repeat("é", 300)} {
		f.Add(s)
	}
	c, reg := BuiltinCatalogue(), geo.Builtin()
	f.Fuzz(func(t *testing.T, s string) {
		once := FoldName(s)
		if twice := FoldName(once); twice != once {
			t.Errorf("%q folds to %q, and that to %q", s, once, twice)
		}
		if !utf8.ValidString(once) {
			t.Errorf("%q folds to %q", s, once)
		}
		if utf8.ValidString(s) && FoldName(norm.NFC.String(s)) != FoldName(norm.NFD.String(s)) {
			t.Errorf("%q: the composed form folds otherwise", s)
		}
		if p, ok := c.Resolve(s); ok {
			if _, known := c.Parameter(p.Code); !known {
				t.Errorf("%q resolves to %q, which is not in the catalogue", s, p.Code)
			}
		}
		for _, d := range []Delivery{{Topic: s, ReceivedAt: noon}, {Topic: topicA, ReceivedAt: noon}} {
			in := &Intake{Delivery: d}
			Check(Facts{Registry: reg, Catalogue: c}, &Decoded{Items: []Item{{Name: s, Station: s, Unit: s, Value: 1, MeasuredAt: noon}}}, in)
			if len(in.Readings)+len(in.Rejects) != 1 {
				t.Errorf("%q: %d readings, %d rejects for one item", s, len(in.Readings), len(in.Rejects))
			}
		}
	})
}

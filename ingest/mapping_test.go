package ingest

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"quantrac/geo"
)

// mappings are those of a list that must be sound.
func mappings(t testing.TB, list ...Mapping) *Mappings {
	t.Helper()
	m, problems := NewMappings(list)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return m
}

func onTopic(name, target string) Mapping {
	return Mapping{ID: name, Kind: MapTopic, Name: name, Target: target}
}

func TestTopicPatterns(t *testing.T) {
	m := mappings(t,
		onTopic("plant/line1/cod", "exact"), onTopic("plant/line1/+", "one level"), onTopic("plant/+/cod", "middle"),
		onTopic("plant/#", "rest"), onTopic("plant/line1/co*", "prefix"), onTopic("plant/line1/c*", "short prefix"),
		onTopic("files/DN_AMAT_*", "file"), onTopic("files/2026/*", "any file"), onTopic("/lead/+", "empty level"),
		onTopic("$SYS/x", "system"), onTopic("+/only/+", "first level"),
	)
	for topic, want := range map[string]string{
		"plant/line1/cod":    "exact",
		"plant/line1/color":  "prefix",
		"plant/line1/cl":     "short prefix",
		"plant/line1/ph":     "one level",
		"plant/line2/cod":    "middle",
		"plant/line2/ph":     "rest",
		"plant/line1/cod/x":  "rest",
		"plant":              "rest", // as in MQTT, # stands for the level before it too
		"plant/":             "rest",
		"Plant/line1/cod":    "",
		"files/DN_AMAT_1":    "file",
		"files/DN_AMAT":      "",
		"files/2026/a.txt":   "any file",
		"files/2026":         "",
		"/lead/x":            "empty level",
		"lead/x":             "",
		"$SYS/x":             "system",
		"$SYS/only/x":        "", // as in MQTT, a wildcard does not stand for $SYS
		"a/only/b":           "first level",
		"a/only":             "",
		"plant/line1":        "rest",
		"":                   "",
		"quantrac/v1/a-01/x": "",
	} {
		r, ok := m.topic(topic)
		if got := targetOf(r, ok); got != want {
			t.Errorf("%q matches %q, want %q", topic, got, want)
		}
	}
}

func targetOf(r route, ok bool) string {
	if !ok {
		return ""
	}
	return r.Target
}

func TestTopicCaptures(t *testing.T) {
	m := mappings(t, Mapping{Kind: MapTopic, Name: "park/+/{station}/{parameter}"}, Mapping{Kind: MapTopic, Name: "{station}/raw/#", Dialect: "flat"})
	for topic, want := range map[string][2]string{
		"park/7/A-01/cod": {"A-01", "cod"}, "park/7//cod": {"", "cod"}, "A-01/raw/x/y": {"A-01", ""}, "A-01/raw": {"A-01", ""},
	} {
		r, ok := m.topic(topic)
		if !ok || r.station != want[0] || r.parameter != want[1] {
			t.Errorf("%q holds station %q and parameter %q (%v), want %q", topic, r.station, r.parameter, ok, want)
		}
	}
}

func TestMappingFaults(t *testing.T) {
	for name, tc := range map[string]struct {
		m    Mapping
		path string
	}{
		"no name":                    {Mapping{Kind: MapStation, Target: "a"}, "name"},
		"long name":                  {Mapping{Kind: MapStation, Name: strings.Repeat("x", 257), Target: "a"}, "name"},
		"name with a control mark":   {Mapping{Kind: MapStation, Name: "a\x00", Target: "a"}, "name"},
		"name without a letter":      {Mapping{Kind: MapStation, Name: "--", Target: "a"}, "name"},
		"kind":                       {Mapping{Kind: "moon", Name: "x", Target: "a"}, "kind"},
		"no target":                  {Mapping{Kind: MapParameter, Name: "x"}, "target"},
		"long target":                {Mapping{Kind: MapParameter, Name: "x", Target: strings.Repeat("x", 257)}, "target"},
		"station of a station":       {Mapping{Kind: MapStation, Name: "x", Target: "a", Station: "b"}, "station"},
		"dialect of a parameter":     {Mapping{Kind: MapParameter, Name: "x", Target: "a", Dialect: "flat"}, "dialect"},
		"unit of a topic":            {Mapping{Kind: MapTopic, Name: "x", Target: "a", Unit: "mg/L"}, "unit"},
		"factor below 0":             {Mapping{Kind: MapParameter, Name: "x", Target: "a", Factor: -1}, "factor"},
		"factor that is no number":   {Mapping{Kind: MapParameter, Name: "x", Target: "a", Factor: math.NaN()}, "factor"},
		"# in the middle":            {onTopic("a/#/b", "s"), "name"},
		"+ in a level":               {onTopic("a/b+/c", "s"), "name"},
		"* in the middle":            {onTopic("a/*b/c", "s"), "name"},
		"capture in a level":         {onTopic("a/x{parameter}", "s"), "name"},
		"unknown capture":            {onTopic("a/{moon}", "s"), "name"},
		"captured twice":             {Mapping{Kind: MapTopic, Name: "{station}/{station}"}, "name"},
		"too many levels":            {onTopic(strings.Repeat("a/", 16)+"a", "s"), "name"},
		"two words on the station":   {onTopic("a/{station}", "s"), "target"},
		"two words on the parameter": {Mapping{Kind: MapTopic, Name: "{station}/{parameter}", Parameter: "cod"}, "parameter"},
		"says nothing":               {onTopic("a/+", ""), "target"},
	} {
		m, problems := NewMappings([]Mapping{tc.m, onTopic("sound", "a-01")})
		if len(problems) != 1 || problems[0].Path != "[0]."+tc.path {
			t.Errorf("%s: %v, want one at [0].%s", name, problems, tc.path)
		}
		if _, ok := m.topic("sound"); !ok {
			t.Errorf("%s: took its neighbour with it", name)
		}
	}
}

func TestOfTwoMappingsTheFirstHolds(t *testing.T) {
	m, problems := NewMappings([]Mapping{
		{Kind: MapParameter, Name: "AI-1", Target: "cod"},
		{Kind: MapParameter, Name: "ai1", Target: "tss"},
		{Kind: MapParameter, Name: "AI 1", Target: "ph", Station: "a-01"},
		onTopic("a/+", "x"),
		{Kind: MapTopic, Name: "a/{station}"},
	})
	if len(problems) != 2 || problems[0].Path != "[1].name" || problems[1].Path != "[4].name" {
		t.Error(problems)
	}
	if got := m.parameter("", []byte("ai1")); got == nil || got.Target != "cod" {
		t.Errorf("got %+v", got)
	}
	if got := m.parameter("a-01", []byte("ai1")); got == nil || got.Target != "ph" {
		t.Errorf("got %+v", got)
	}
}

func TestTooManyMappings(t *testing.T) {
	list := make([]Mapping, MaxMappings+1)
	for i := range list {
		list[i] = Mapping{Kind: MapStation, Name: fmt.Sprint("s", i), Target: "a-01"}
	}
	m, problems := NewMappings(list)
	if len(problems) != 1 || m.station("s0") == nil || m.station(fmt.Sprint("s", MaxMappings)) != nil {
		t.Errorf("%d problems", len(problems))
	}
}

func TestMappingsThatLeadNowhereAreFound(t *testing.T) {
	list := []Mapping{
		{Kind: MapParameter, Name: "a", Target: "moon"},
		{Kind: MapParameter, Name: "b", Target: "cod", Station: "z-09"},
		{Kind: MapParameter, Name: "c", Target: "cod", Unit: "°C"},
		{Kind: MapStation, Name: "d", Target: "z-09"},
		onTopic("e", "z-09"),
		{Kind: MapParameter, Name: "f", Target: "cod", Unit: "mg/l"},
		onTopic("g", "a-01"),
		{Kind: MapTopic, Name: "{station}"},
	}
	var got []string
	for _, p := range mappings(t, list...).Check(list, registry(t), BuiltinCatalogue()) {
		got = append(got, p.Path)
	}
	if want := []string{"[0].target", "[1].station", "[2].unit", "[3].target", "[4].target"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// checkMapped judges items with mappings.
func checkMapped(t testing.TB, m *Mappings, del Delivery, d Decoded) *Intake {
	t.Helper()
	del.ReceivedAt = noon
	in := &Intake{Delivery: del}
	Check(Facts{Registry: registry(t), Catalogue: BuiltinCatalogue(), Mappings: m}, &d, in)
	return in
}

func TestWhichStationWithMappings(t *testing.T) {
	m := mappings(t,
		onTopic("plc/1", "a-01"), onTopic("plc/gone", "z-09"), onTopic("quantrac/v1/b-01/#", "a-01"),
		Mapping{Kind: MapTopic, Name: "park/+/{station}/#"},
		Mapping{Kind: MapStation, Name: "PLC-77", Target: "b-01"}, Mapping{Kind: MapStation, Name: "old", Target: "z-09"},
		Mapping{Kind: MapStation, Name: "a-01", Target: "b-01"},
	)
	for name, tc := range map[string]struct{ topic, payload, want, reason string }{
		"topic":                                   {"plc/1", "", "a-01", ""},
		"topic mapping before the payload":        {"plc/1", "b-01", "a-01", ""},
		"topic mapping before a mapped name":      {"plc/1", "plc 77", "a-01", ""},
		"topic mapping before the native level":   {"quantrac/v1/b-01/readings", "", "a-01", ""},
		"captured":                                {"park/x/B-01/y", "", "b-01", ""},
		"captured and mapped":                     {"park/x/PLC-77/y", "", "b-01", ""},
		"captured before the payload":             {"park/x/b-01/y", "trạm A", "b-01", ""},
		"captured, unknown":                       {"park/x/q/y", "", "", ReasonUnknownStation},
		"captured unknown, the payload knows":     {"park/x/q/y", "b-01", "b-01", ""},
		"mapped name in the topic":                {"x/plc_77/y", "", "b-01", ""},
		"mapped name in a file name":              {"DongNai_PLC-77_20261124120000.txt", "", "b-01", ""},
		"mapped name in the payload":              {"", "plc77", "b-01", ""},
		"mapped name in the payload before alias": {"x/DN_AMAT_NUOC01/y", "PLC-77", "b-01", ""},
		"mapped level before an alias level":      {"DN_AMAT_NUOC01/plc-77", "", "b-01", ""},
		"a mapping goes before an id":             {"", "a-01", "b-01", ""},
		"alias in the topic before the payload":   {"x/DN_AMAT_NUOC01/y", "b-01", "a-01", ""},
		"its station is gone":                     {"plc/gone", "b-01", "", ReasonUnknownStation},
		"the station of the name is gone":         {"", "old", "", ReasonUnknownStation},
		"nobody says":                             {"x/y", "", "", ReasonNoStation},
	} {
		in := checkMapped(t, m, Delivery{Topic: tc.topic}, Decoded{Items: []Item{{Station: tc.payload, Name: "cod", Value: 1, MeasuredAt: noon}}})
		switch {
		case tc.reason != "" && (len(in.Readings) != 0 || !slices.Equal(reasons(in), []string{tc.reason})):
			t.Errorf("%s: %+v, rejects %v; want %s", name, in.Readings, in.Rejects, tc.reason)
		case tc.reason == "" && (len(in.Readings) != 1 || in.Readings[0].Station != tc.want):
			t.Errorf("%s: %+v, rejects %v; want %s", name, in.Readings, in.Rejects, tc.want)
		}
	}
}

// A mapping says whose the data are; it grants nothing.
func TestAMappingGrantsNoRights(t *testing.T) {
	m := mappings(t, onTopic("plc/1", "a-01"))
	del := Delivery{Topic: "plc/1", Gateway: "gw", Allowed: func(s string) bool { return s == "b-01" }}
	in := checkMapped(t, m, del, Decoded{Items: []Item{cod(1)}, Marks: []Mark{{Sequence: 1}}})
	if !slices.Equal(reasons(in), []string{ReasonNotPermitted}) || len(in.Readings)+len(in.Marks) != 0 {
		t.Errorf("%+v", in)
	}
}

func TestWhichParameter(t *testing.T) {
	m := mappings(t,
		Mapping{Kind: MapParameter, Name: "AI-1", Target: "cod"},
		Mapping{Kind: MapParameter, Name: "ai1", Target: "temp", Station: "b-01", Unit: "°F"},
		Mapping{Kind: MapParameter, Name: "raw cod", Target: "cod", Factor: 0.5, Unit: "g/L"},
		Mapping{Kind: MapParameter, Name: "tss", Target: "cod"},
		Mapping{Kind: MapParameter, Name: "gone", Target: "moon"},
	)
	for name, tc := range map[string]struct {
		station string
		item    Item
		want    string
		value   float64
		flags   Flags
	}{
		"everywhere":                  {"a-01", Item{Name: "ai_1", Value: 7}, "cod", 7, 0},
		"at one station first":        {"b-01", Item{Name: "AI1", Value: 86}, "temp", 30, UnitConverted},
		"a unit that is written wins": {"b-01", Item{Name: "AI1", Value: 20, Unit: "°C"}, "temp", 20, 0},
		"factor, then unit":           {"a-01", Item{Name: "RAW-COD", Value: 0.1}, "cod", 50, UnitConverted},
		"before the catalogue":        {"a-01", Item{Name: "TSS", Value: 7}, "cod", 7, 0},
		"the catalogue":               {"a-01", Item{Name: "pH", Value: 7}, "ph", 7, 0},
		"in a tag":                    {"", Item{Name: "b-01_AI1", Value: 86}, "temp", 30, UnitConverted},
		"sentinel before the factor":  {"a-01", Item{Name: "raw cod", Value: -999}, "cod", -999, Sentinel},
		"not in the catalogue":        {"a-01", Item{Name: "gone", Value: 7}, "", 0, 0},
	} {
		tc.item.Station, tc.item.MeasuredAt = tc.station, noon
		in := checkMapped(t, m, Delivery{}, Decoded{Items: []Item{tc.item}})
		if tc.want == "" {
			if !slices.Equal(reasons(in), []string{ReasonUnknownParameter}) || !strings.Contains(in.Rejects[0].Detail, `"moon"`) {
				t.Errorf("%s: %v", name, in.Rejects)
			}
			continue
		}
		if len(in.Readings) != 1 {
			t.Errorf("%s: %v", name, in.Rejects)
			continue
		}
		r := in.Readings[0]
		if r.Parameter != tc.want || math.Abs(r.Value-tc.value) > 1e-9 || r.Flags&^Undeclared != tc.flags {
			t.Errorf("%s: %s = %g, flags %s; want %s = %g, %s", name, r.Parameter, r.Value, r.Flags, tc.want, tc.value, tc.flags)
		}
	}
}

// A topic that carries one value names its parameter where the payload cannot.
func TestOneValueATopic(t *testing.T) {
	m := mappings(t,
		Mapping{Kind: MapTopic, Name: "park/+/{station}/{parameter}"},
		Mapping{Kind: MapTopic, Name: "cod/ai0", Target: "a-01", Parameter: "tss"},
		Mapping{Kind: MapParameter, Name: "ai7", Target: "tn", Station: "a-01"},
	)
	bare := func(name string) Decoded {
		return Decoded{Dialect: "single", Items: []Item{{Name: name, Value: 7, MeasuredAt: noon}}}
	}
	flat := func(names ...string) Decoded {
		d := Decoded{Dialect: "flat"}
		for _, n := range names {
			d.Items = append(d.Items, Item{Name: n, Value: 7, MeasuredAt: noon})
		}
		return d
	}
	for name, tc := range map[string]struct {
		topic string
		d     Decoded
		want  []string
	}{
		"captured":                          {"park/7/a-01/COD", bare("COD"), []string{"cod"}},
		"captured and mapped":               {"park/7/a-01/ai7", bare("ai7"), []string{"tn"}},
		"configured before the topic's end": {"cod/ai0", bare("cod"), []string{"tss"}},
		"named value":                       {"park/7/a-01/cod", flat("value"), []string{"cod"}},
		"the only one, of any name":         {"park/7/a-01/cod", flat("reading"), []string{"cod"}},
		"the payload's own name":            {"park/7/a-01/cod", flat("ph", "temp"), []string{"ph", "temp"}},
		"not for several without a meaning": {"park/7/a-01/cod", flat("x", "y"), nil},
	} {
		in := checkMapped(t, m, Delivery{Topic: tc.topic}, tc.d)
		var got []string
		for _, r := range in.Readings {
			got = append(got, r.Parameter)
		}
		if !slices.Equal(got, tc.want) {
			t.Errorf("%s: %v, rejects %v; want %v", name, got, in.Rejects, tc.want)
		}
	}
}

func TestATopicSetsTheDialect(t *testing.T) {
	m := mappings(t, Mapping{Kind: MapTopic, Name: "plc/#", Target: "a-01", Dialect: "flat"})
	reg := registry(t)
	for topic, want := range map[string]string{"plc/x": "flat", "other": ""} {
		var got string
		d := Door{
			Registry: func() *geo.Registry { return reg }, Catalogue: BuiltinCatalogue(), Mappings: func() *Mappings { return m },
			Decode: func(d *Delivery) (Decoded, error) { got = d.Dialect; return Decoded{}, nil },
		}
		if d.Look(Delivery{Topic: topic}); got != want {
			t.Errorf("%s: dialect %q, want %q", topic, got, want)
		}
		if d.Look(Delivery{Topic: topic, Dialect: "senml"}); got != "senml" {
			t.Errorf("%s: dialect %q is not what the caller set", topic, got)
		}
	}
}

// naive matches a pattern level by level, as the specification of MQTT words it.
func naive(pattern, topic string) bool {
	p, l := strings.Split(pattern, "/"), strings.Split(topic, "/")
	for i, level := range p {
		wild := level == "#" || level == "+" || level[:min(1, len(level))] == "{" || strings.HasSuffix(level, "*")
		switch {
		case i == 0 && wild && strings.HasPrefix(topic, "$"):
			return false
		case level == "#":
			return true
		case i >= len(l):
			return false
		case level == "+" || level == "{station}" || level == "{parameter}":
		case strings.HasSuffix(level, "*"):
			if !strings.HasPrefix(l[i], level[:len(level)-1]) {
				return false
			}
		case level != l[i]:
			return false
		}
		if i == len(p)-1 && len(l) == len(p) {
			return true
		}
		if i == len(p)-1 {
			return false
		}
	}
	return false
}

// FuzzTopicPattern holds the tree against a matcher of a few lines: what is found matches, and where any pattern matches one is
// found.
func FuzzTopicPattern(f *testing.F) {
	f.Add("a/+/c", "a/#", "a/b/c")
	f.Add("{station}/x*", "+/xy", "$a/xyz")
	f.Add("a//{parameter}", "#", "a//b")
	f.Add("*", "a/*/#", "a")
	f.Fuzz(func(t *testing.T, first, second, topic string) {
		list := []Mapping{
			{Kind: MapTopic, Name: first, Dialect: "flat"}, {Kind: MapTopic, Name: second, Dialect: "flat"},
		}
		m, problems := NewMappings(list)
		want := false
		for i, e := range list {
			bad := slices.ContainsFunc(problems, func(p geo.Problem) bool { return strings.HasPrefix(p.Path, fmt.Sprintf("[%d]", i)) })
			want = want || !bad && naive(e.Name, topic)
		}
		r, ok := m.topic(topic)
		if topic == "" {
			want = false
		}
		if ok != want {
			t.Fatalf("%q and %q on %q: found %v, want %v (%v)", first, second, topic, ok, want, problems)
		}
		if ok && !naive(r.Name, topic) {
			t.Fatalf("%q does not match %q", r.Name, topic)
		}
	})
}

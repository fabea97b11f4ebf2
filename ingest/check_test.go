package ingest

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"quantrac/geo"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// registry holds two stations; a-01 declares cod, ph and temp and has a COD analyser that ends at 100 mg/L.
func registry(t testing.TB) *geo.Registry {
	t.Helper()
	reg, problems := geo.NewRegistry(geo.File{
		Parks: []geo.Park{{ID: "amata", Name: geo.Text{VI: "KCN Amata"}, Location: geo.Point{106.87, 10.95}}},
		Stations: []geo.Station{
			{
				ID: "a-01", Name: geo.Text{VI: "A"}, Park: "amata", Kind: geo.Effluent, Location: geo.Point{106.87, 10.95},
				Parameters: []string{"cod", "ph", "temp", "bod5"}, Ranges: map[string]geo.Range{"cod": {Min: 0, Max: 100}},
				Aliases: []string{"DN_AMAT_NUOC01", "trạm A"},
			},
			{ID: "b-01", Name: geo.Text{VI: "B"}, Park: "amata", Kind: geo.Effluent, Location: geo.Point{106.88, 10.96}, Parameters: []string{"cod"}},
		},
	})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return reg
}

// check judges items that came to a topic at noon.
func check(t testing.TB, topic string, items ...Item) *Intake {
	t.Helper()
	in := &Intake{Delivery: Delivery{Door: "mqtt", Gateway: "gw-1", Topic: topic, ReceivedAt: noon}}
	Check(Facts{Registry: registry(t), Catalogue: BuiltinCatalogue()}, &Decoded{Dialect: "native", Items: items}, in)
	return in
}

const topicA = "quantrac/v1/a-01/readings"

func cod(v float64) Item { return Item{Name: "cod", Value: v, MeasuredAt: noon} }

func reasons(in *Intake) []string {
	out := []string{}
	for _, r := range in.Rejects {
		out = append(out, r.Reason)
	}
	return out
}

// Contract §2: usable = a number, no sentinel, status measuring, unit known, inside [range min, 1.2 × range max].
func TestUsable(t *testing.T) {
	for name, tc := range map[string]struct {
		item   Item
		usable bool
		flags  Flags
		value  float64
	}{
		"inside":                       {cod(42), true, 0, 42},
		"at the end of the range":      {cod(100), true, 0, 100},
		"a little above the range":     {cod(120), true, OutOfRange, 120},
		"more than 1.2 × range":        {cod(120.1), false, OutOfRange, 120.1},
		"zero is a value":              {cod(0), true, 0, 0},
		"negative":                     {cod(-1), false, OutOfRange | Negative, -1},
		"calibrating":                  {Item{Name: "cod", Value: 42, Status: Calibrating, MeasuredAt: noon}, false, 0, 42},
		"fault":                        {Item{Name: "cod", Value: 42, Status: Fault, MeasuredAt: noon}, false, 0, 42},
		"a code that nobody knows":     {Item{Name: "cod", Value: 42, Status: Other, MeasuredAt: noon}, false, StatusUnknown, 42},
		"sentinel":                     {cod(9999.9999), false, Sentinel, 9999.9999},
		"sentinel below zero":          {cod(-9999), false, Sentinel, -9999},
		"no number":                    {cod(math.NaN()), false, NotANumber, math.NaN()},
		"the word nan":                 {Item{Name: "cod", Value: math.NaN(), Flags: NaNLiteral, MeasuredAt: noon}, false, NaNLiteral, math.NaN()},
		"infinite":                     {cod(math.Inf(1)), false, NotANumber, math.NaN()},
		"a flag of the dialect stays":  {Item{Name: "cod", Value: 42, Flags: StatusAssumed, MeasuredAt: noon}, true, StatusAssumed, 42},
		"known, but not declared here": {Item{Name: "tss", Value: 42, MeasuredAt: noon}, true, Undeclared, 42},
		"catalogue's range":            {Item{Name: "ph", Value: 17, MeasuredAt: noon}, false, OutOfRange, 17},
		"no range known":               {Item{Name: "bod5", Value: 4000, MeasuredAt: noon}, true, 0, 4000},
		"no time":                      {Item{Name: "cod", Value: 42}, true, ClockAssumed, 42},
	} {
		in := check(t, topicA, tc.item)
		if len(in.Readings) != 1 || len(in.Rejects) != 0 {
			t.Errorf("%s: %d readings, rejects %v", name, len(in.Readings), in.Rejects)
			continue
		}
		r := in.Readings[0]
		same := r.Value == tc.value || math.IsNaN(r.Value) && math.IsNaN(tc.value)
		if r.Usable != tc.usable || r.Flags != tc.flags || !same {
			t.Errorf("%s: value %v usable %v flags %s; want %v, %v, %s", name, r.Value, r.Usable, r.Flags, tc.value, tc.usable, tc.flags)
		}
		if r.Station != "a-01" || !r.MeasuredAt.Equal(noon) || !r.ReceivedAt.Equal(noon) {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

// A number so large that a ratio or a mean of it is infinite must never be judged: JSON has no infinity, and an alert that
// cannot be written would hold up all others.
func TestAbsurdNumbersAreNeverUsable(t *testing.T) {
	for _, p := range BuiltinCatalogue().Parameters() {
		for _, unit := range []string{"", "g/L", "m³/s", "K", p.Unit} {
			for _, v := range []float64{1e16, 1e306, math.MaxFloat64, -math.MaxFloat64} {
				in := check(t, topicA, Item{Name: p.Code, Value: v, Unit: unit, MeasuredAt: noon})
				for _, r := range append(in.Readings, in.Aged...) {
					if r.Usable || math.IsInf(r.Value, 0) {
						t.Errorf("%s %g %q: usable %v, value %g, flags %s", p.Code, v, unit, r.Usable, r.Value, r.Flags)
					}
				}
			}
		}
	}
}

func TestAge(t *testing.T) {
	for name, tc := range map[string]struct {
		at     time.Time
		flags  Flags
		reason string
	}{
		"now":                      {noon, 0, ""},
		"15 min old":               {noon.Add(-15 * time.Minute), 0, ""},
		"a moment more":            {noon.Add(-15*time.Minute - time.Nanosecond), Late, ""},
		"5 min ahead":              {noon.Add(5 * time.Minute), 0, ""},
		"more than 5 min ahead":    {noon.Add(5*time.Minute + time.Nanosecond), Future, ReasonFuture},
		"60 days old":              {noon.Add(-60 * 24 * time.Hour), Late, ""},
		"more than 60 days":        {noon.Add(-60*24*time.Hour - time.Nanosecond), TooOld, ReasonTooOld},
		"the end of the calendar":  {time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC), Future, ReasonFuture},
		"the beginning of the era": {time.Date(1, 1, 2, 0, 0, 0, 0, time.UTC), TooOld, ReasonTooOld},
		"in another zone":          {noon.In(time.FixedZone("ICT", 7*3600)), 0, ""},
	} {
		in := check(t, topicA, Item{Name: "cod", Value: 42, MeasuredAt: tc.at})
		got := in.Readings
		if tc.reason != "" {
			if got = in.Aged; len(in.Readings) != 0 || !slices.Equal(reasons(in), []string{tc.reason}) {
				t.Errorf("%s: %d readings, rejects %v", name, len(in.Readings), in.Rejects)
			}
			if strings.Contains(in.Rejects[0].Detail, "lies -") {
				t.Errorf("%s: %s", name, in.Rejects[0].Detail)
			}
		} else if len(in.Rejects) != 0 || len(in.Aged) != 0 {
			t.Errorf("%s: rejects %v", name, in.Rejects)
		}
		if len(got) != 1 || got[0].Flags != tc.flags || !got[0].MeasuredAt.Equal(tc.at) || got[0].MeasuredAt.Location() != time.UTC {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestWhichStation(t *testing.T) {
	named := func(station string) Item {
		return Item{Station: station, Name: "cod", Value: 1, MeasuredAt: noon}
	}
	for name, tc := range map[string]struct {
		topic  string
		item   Item
		want   string
		reason string
	}{
		"topic":                            {topicA, cod(1), "a-01", ""},
		"topic before payload":             {topicA, named("b-01"), "a-01", ""},
		"payload where the topic is mute":  {"plant/line", named("b-01"), "b-01", ""},
		"no topic":                         {"", named("b-01"), "b-01", ""},
		"alias in the topic, any case":     {"x/dn_amat_nuoc01/y", cod(1), "a-01", ""},
		"alias with diacritics":            {"", named("TRẠM A"), "a-01", ""},
		"part of a file name":              {"DongNai_DN_AMAT_NUOC01_20261124120000.txt", cod(1), "a-01", ""},
		"unknown in the topic":             {"quantrac/v1/z-09/readings", cod(1), "", ReasonUnknownStation},
		"unknown topic, known payload":     {"quantrac/v1/z-09/readings", named("b-01"), "b-01", ""},
		"unknown in the payload":           {"", named("z-09"), "", ReasonUnknownStation},
		"nobody says":                      {"", cod(1), "", ReasonNoStation},
		"tag prefix":                       {"", Item{Name: "b-01_COD", Value: 1, MeasuredAt: noon}, "b-01", ""},
		"tag prefix under a topic":         {topicA, Item{Name: "b-01_COD", Value: 1, MeasuredAt: noon}, "a-01", ""},
		"prefix that is no station":        {"", Item{Name: "pump.COD", Value: 1, MeasuredAt: noon}, "", ReasonUnknownStation},
		"unknown parameter":                {topicA, Item{Name: "unobtainium", Value: 1, MeasuredAt: noon}, "", ReasonUnknownParameter},
		"unknown parameter and no station": {"", Item{Name: "unobtainium", Value: 1, MeasuredAt: noon}, "", ReasonNoStation},
	} {
		in := check(t, tc.topic, tc.item)
		switch {
		case tc.reason != "":
			if len(in.Readings) != 0 || !slices.Equal(reasons(in), []string{tc.reason}) {
				t.Errorf("%s: %+v, rejects %v", name, in.Readings, in.Rejects)
			}
		case len(in.Readings) != 1 || in.Readings[0].Station != tc.want || len(in.Rejects) != 0:
			t.Errorf("%s: %+v, rejects %v", name, in.Readings, in.Rejects)
		}
	}
}

func TestNotPermitted(t *testing.T) {
	in := &Intake{Delivery: Delivery{
		Gateway: "gw-1", ReceivedAt: noon, Allowed: func(station string) bool { return station == "b-01" },
	}}
	item := func(station string) Item { return Item{Station: station, Name: "cod", Value: 1, MeasuredAt: noon} }
	d := Decoded{Items: []Item{item("a-01"), item("b-01")}, Marks: []Mark{{Station: "a-01", Sequence: 1}, {Station: "b-01", Sequence: 2}}}
	Check(Facts{Registry: registry(t), Catalogue: BuiltinCatalogue()}, &d, in)
	if len(in.Readings) != 1 || in.Readings[0].Station != "b-01" || !slices.Equal(reasons(in), []string{ReasonNotPermitted}) {
		t.Errorf("readings %+v, rejects %v", in.Readings, in.Rejects)
	}
	if len(in.Marks) != 1 || in.Marks[0].Station != "b-01" {
		t.Errorf("marks %+v: a number of a station that the gateway may not speak for was taken", in.Marks)
	}
}

// An unknown station is one reason for each message that names it, not one for each of its values.
func TestUnknownStationIsOneReason(t *testing.T) {
	var items []Item
	for i := range 2 {
		for _, name := range []string{"cod", "ph", "unobtainium", "temp"} {
			items = append(items, Item{Index: i, Station: "z-09", Name: name, Value: 1, MeasuredAt: noon})
		}
	}
	in := check(t, "", items...)
	if len(in.Rejects) != 2 || in.Rejects[0].Index != 0 || in.Rejects[1].Index != 1 || in.Rejects[0].Reason != ReasonUnknownStation {
		t.Errorf("rejects %+v, want one for each message", in.Rejects)
	}
}

func TestABadItemDoesNotTakeItsNeighbours(t *testing.T) {
	in := check(t, topicA, cod(1), Item{Name: "unobtainium", Value: 1, MeasuredAt: noon},
		Item{Name: "ph", Value: 7, MeasuredAt: noon.Add(time.Hour)}, Item{Name: "temp", Value: math.NaN(), MeasuredAt: noon}, Item{Name: "tss", Value: 3, MeasuredAt: noon})
	var got []string
	for _, r := range in.Readings {
		got = append(got, r.Parameter)
	}
	if !slices.Equal(got, []string{"cod", "temp", "tss"}) || !slices.Equal(reasons(in), []string{ReasonUnknownParameter, ReasonFuture}) {
		t.Errorf("readings %v, rejects %v", got, in.Rejects)
	}
}

func TestNothingInIsSaid(t *testing.T) {
	if in := check(t, topicA); !slices.Equal(reasons(in), []string{ReasonNoValues}) {
		t.Errorf("rejects %v", in.Rejects)
	}
}

func TestTooManyItems(t *testing.T) {
	items := make([]Item, MaxItems+1)
	for i := range items {
		items[i] = cod(1)
	}
	if in := check(t, topicA, items...); len(in.Readings) != 0 || !slices.Equal(reasons(in), []string{ReasonTooManyItems}) {
		t.Errorf("%d readings, rejects %v", len(in.Readings), in.Rejects)
	}
	if in := check(t, topicA, items[:MaxItems]...); len(in.Readings) != MaxItems || len(in.Rejects) != 0 {
		t.Errorf("%d readings, rejects %v", len(in.Readings), in.Rejects)
	}
}

// size is what an intake takes in memory and, about, in the log.
func size(in *Intake) int {
	n := len(in.Delivery.Body)
	for i := range in.Readings {
		n += 40 + len(in.Readings[i].Station) + len(in.Readings[i].Parameter) + len(in.Readings[i].Unit)
	}
	for _, r := range in.Rejects {
		n += 20 + len(r.Reason) + len(r.Detail)
	}
	for _, m := range in.Marks {
		n += 30 + len(m.Station)
	}
	return n
}

// What a stranger's delivery becomes must fit into one message of the log, whatever it repeats: an entry that does not would
// be tried for ever, and every door would wait behind it.
func TestWhatADeliveryBecomesIsBounded(t *testing.T) {
	long := strings.Repeat("x", 500<<10)
	const most = 6 << 20
	cases := map[string]func(d *Decoded){
		"a long unit": func(d *Decoded) {
			for i := range 2000 {
				d.Items = append(d.Items, Item{Index: i, Name: "cod", Unit: long, Value: 1, MeasuredAt: noon})
			}
		},
		"unknown names": func(d *Decoded) {
			for i := range MaxItems {
				d.Items = append(d.Items, Item{Index: i, Name: fmt.Sprint(i, strings.Repeat("\x00", 100)), Value: 1, MeasuredAt: noon})
			}
		},
		"rejects of the dialect": func(d *Decoded) {
			for i := range 400_000 {
				d.Rejects = append(d.Rejects, Reject{Index: i, Reason: ReasonNoValues, Detail: strings.Repeat("y", 80)})
			}
		},
		"one long reject": func(d *Decoded) {
			d.Rejects = append(d.Rejects, Reject{Reason: ReasonUndecodable, Detail: strings.Repeat(long, 20)})
		},
		"marks": func(d *Decoded) {
			for i := range 200_000 {
				d.Marks = append(d.Marks, Mark{Index: i, Station: "a-01", Sequence: uint64(i)})
			}
		},
	}
	for name, build := range cases {
		var d Decoded
		build(&d)
		in := &Intake{Delivery: Delivery{Topic: topicA, ReceivedAt: noon}}
		Check(Facts{Registry: registry(t), Catalogue: BuiltinCatalogue()}, &d, in)
		if n := size(in); n > most {
			t.Errorf("%s: %d bytes, at most %d", name, n, most)
		}
		if len(in.Readings)+len(in.Rejects) == 0 {
			t.Errorf("%s: nothing is left", name)
		}
	}
}

// The work for a delivery must not grow with the square of its size.
func TestLongNamesCostLittle(t *testing.T) {
	begin := time.Now()
	for _, name := range []string{strings.Repeat(":", 256<<10), strings.Repeat("é_", 128<<10), strings.Repeat("a/", 128<<10)} {
		check(t, topicA, Item{Name: name, Value: 1, MeasuredAt: noon})
		check(t, strings.Repeat("a_b_c_d_e_f_g_h/", 4000), Item{Name: "cod", Station: name, Value: 1, MeasuredAt: noon})
	}
	if took := time.Since(begin); took > 30*time.Second { // with a search of every part it takes minutes
		t.Errorf("took %s", took)
	}
}

// Thousands of messages without a time in one body: the body is looked at once, not once for each.
//
// The cost of a delivery grows with its messages and not with their square: four times as many take less than ten times as long.
func TestManyMessagesWithoutTimeCostLittle(t *testing.T) {
	reg, cat := registry(t), BuiltinCatalogue()
	cost := func(messages int, numbered bool) time.Duration {
		best := time.Hour
		for range 3 {
			d := Decoded{}
			for i := range messages {
				d.Items = append(d.Items, Item{Index: i, Name: "cod", Value: 1})
				if numbered {
					d.Marks = append(d.Marks, Mark{Index: i, Station: "a-01", Sequence: uint64(i)})
				}
			}
			in := &Intake{Delivery: Delivery{Topic: topicA, ReceivedAt: noon, Body: make([]byte, MaxBody)}}
			begin := time.Now()
			Check(Facts{Registry: reg, Catalogue: cat, Resends: NewResends()}, &d, in)
			best = min(best, time.Since(begin))
			if len(in.Readings) != messages {
				t.Fatalf("%d readings", len(in.Readings))
			}
		}
		return best
	}
	for _, numbered := range []bool{false, true} {
		few, many := cost(MaxItems/4, numbered), cost(MaxItems, numbered)
		if many > 10*few {
			t.Errorf("numbered %v: %s for %d messages, %s for %d", numbered, few, MaxItems/4, many, MaxItems)
		}
	}
}

// A gateway that may speak for one station speaks for that, where neither topic nor payload names another.
func TestGatewayOfOneStation(t *testing.T) {
	for name, tc := range map[string]struct {
		topic, payload, self string
		want, reason         string
	}{
		"nobody is named":                   {topic: "data/now", want: "a-01"},
		"the payload repeats the login":     {payload: "dev-7", self: "dev-7", want: "a-01"},
		"the payload names a stranger":      {payload: "dev-8", self: "dev-7", reason: ReasonUnknownStation},
		"the payload names another":         {payload: "b-01", want: "b-01"},
		"the native topic names a stranger": {topic: "quantrac/v1/nobody/readings", reason: ReasonUnknownStation},
	} {
		t.Run(name, func(t *testing.T) {
			in := &Intake{Delivery: Delivery{Topic: tc.topic, ReceivedAt: noon, Station: "a-01", Self: tc.self}}
			it := cod(42)
			it.Station = tc.payload
			Check(Facts{Registry: registry(t), Catalogue: BuiltinCatalogue()}, &Decoded{Dialect: "native", Items: []Item{it}}, in)
			switch {
			case tc.reason != "" && (len(in.Rejects) != 1 || in.Rejects[0].Reason != tc.reason):
				t.Errorf("rejects %+v, want %s", in.Rejects, tc.reason)
			case tc.want != "" && (len(in.Readings) != 1 || in.Readings[0].Station != tc.want):
				t.Errorf("readings %+v, rejects %+v, want one of %s", in.Readings, in.Rejects, tc.want)
			}
		})
	}
}

package ingest

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"quantrac/geo"
)

// station is a registry of one station, x-01, with settings.
func station(t testing.TB, settings geo.Settings) *geo.Registry {
	t.Helper()
	reg, problems := geo.NewRegistry(geo.File{Stations: []geo.Station{{
		ID: "x-01", Name: geo.Text{VI: "X"}, Location: geo.Point{106.87, 10.95}, Parameters: []string{"cod", "nh4_n", "temp"}, Settings: settings,
	}}})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return reg
}

func checkAt(t testing.TB, settings geo.Settings, items ...Item) *Intake {
	t.Helper()
	in := &Intake{Delivery: Delivery{Topic: "x-01", ReceivedAt: noon}}
	Check(Facts{Registry: station(t, settings), Catalogue: BuiltinCatalogue()}, &Decoded{Items: items}, in)
	return in
}

func TestStationSettings(t *testing.T) {
	nan := math.NaN()
	for name, tc := range map[string]struct {
		settings geo.Settings
		item     Item
		value    float64
		flags    Flags
		usable   bool
	}{
		"own name":                       {geo.Settings{Names: map[string]string{"AI-1": "cod"}}, Item{Name: "ai1", Value: 7}, 7, 0, true},
		"own name before the catalogue":  {geo.Settings{Names: map[string]string{"temp": "cod"}}, Item{Name: "Temp", Value: 100}, 100, 0, true},
		"factor":                         {geo.Settings{Factors: map[string]float64{"cod": 0.1}}, Item{Name: "cod", Value: 421}, 42.1, UnitConverted, true},
		"factor 1":                       {geo.Settings{Factors: map[string]float64{"cod": 1}}, Item{Name: "cod", Value: 421}, 421, 0, true},
		"declared unit":                  {geo.Settings{Units: map[string]string{"cod": "g/L"}}, Item{Name: "cod", Value: 0.1}, 100, UnitConverted, true},
		"declared unit, empty column":    {geo.Settings{Units: map[string]string{"cod": "g/L"}}, Item{Name: "cod", Value: 0.1, Unit: "---"}, 100, UnitConverted, true},
		"written unit before declared":   {geo.Settings{Units: map[string]string{"cod": "g/L"}}, Item{Name: "cod", Value: 100, Unit: "mg/l"}, 100, 0, true},
		"NH4 as NH4":                     {geo.Settings{Basis: map[string]string{"nh4_n": "nh4"}}, Item{Name: "NH4", Value: 18.0385}, 14.0067, UnitConverted, true},
		"NH4 as NH4 in another unit":     {geo.Settings{Basis: map[string]string{"nh4_n": "nh4"}}, Item{Name: "NH4", Value: 18038.5, Unit: "µg/L"}, 14.0067, UnitConverted, true},
		"NH4 as NH4, unit unknown":       {geo.Settings{Basis: map[string]string{"nh4_n": "nh4"}}, Item{Name: "NH4", Value: 2, Unit: "moon"}, 2, UnitUnknown, false},
		"NH4 as N":                       {geo.Settings{}, Item{Name: "NH4", Value: 2}, 2, 0, true},
		"own sentinel":                   {geo.Settings{Sentinels: []float64{-1}}, Item{Name: "cod", Value: -1}, -1, Sentinel, false},
		"own sentinel before the factor": {geo.Settings{Sentinels: []float64{500}, Factors: map[string]float64{"cod": 2}}, Item{Name: "cod", Value: 500}, 500, Sentinel, false},
		"the catalogue's stay":           {geo.Settings{Sentinels: []float64{-1}}, Item{Name: "cod", Value: 65535}, 65535, Sentinel, false},
		"thousands":                      {geo.Settings{Thousands: ","}, Item{Name: "cod", Value: 0.123, Text: "0,123"}, 123, 0, true},
		"thousands and decimals":         {geo.Settings{Thousands: "."}, Item{Name: "cod", Value: nan, Text: "1.234,5", Flags: NotANumber}, 1234.5, OutOfRange, false},
		"thousands by spaces":            {geo.Settings{Thousands: " "}, Item{Name: "cod", Value: nan, Text: "-1 234 567,5", Flags: NotANumber}, -1234567.5, OutOfRange | Negative, false},
		"no such groups":                 {geo.Settings{Thousands: "."}, Item{Name: "cod", Value: 7.01, Text: "7.01"}, 7.01, 0, true},
		"groups of four":                 {geo.Settings{Thousands: ","}, Item{Name: "cod", Value: nan, Text: "1,2345", Flags: NotANumber}, nan, NotANumber, false},
		"rubbish":                        {geo.Settings{Thousands: ","}, Item{Name: "cod", Value: nan, Text: "1,23e,456", Flags: NotANumber}, nan, NotANumber, false},
		"a comma without the setting":    {geo.Settings{}, Item{Name: "cod", Value: 1.234, Text: "1,234"}, 1.234, 0, true},
	} {
		tc.item.MeasuredAt = noon
		in := checkAt(t, tc.settings, tc.item)
		if len(in.Readings) != 1 {
			t.Errorf("%s: %v", name, in.Rejects)
			continue
		}
		r := in.Readings[0]
		same := math.Abs(r.Value-tc.value) < 1e-9*max(1, math.Abs(tc.value)) || math.IsNaN(r.Value) && math.IsNaN(tc.value)
		if !same || r.Flags != tc.flags || r.Usable != tc.usable {
			t.Errorf("%s: %v, flags %s, usable %v; want %v, %s, %v", name, r.Value, r.Flags, r.Usable, tc.value, tc.flags, tc.usable)
		}
	}
}

func TestOwnNameThatLeadsNowhere(t *testing.T) {
	in := checkAt(t, geo.Settings{Names: map[string]string{"AI1": "moon"}}, Item{Name: "AI1", Value: 1, MeasuredAt: noon})
	if !slices.Equal(reasons(in), []string{ReasonUnknownParameter}) || !strings.Contains(in.Rejects[0].Detail, `"moon"`) {
		t.Errorf("%v", in.Rejects)
	}
}

func TestLocalTimeIsThatOfTheStation(t *testing.T) {
	wall := time.Date(2026, 11, 24, 18, 55, 0, 0, geo.ICT()) // 11:55 UTC
	for name, tc := range map[string]struct {
		zone  string
		at    time.Time
		local bool
		want  time.Time
	}{
		"default":        {"", wall, true, noon.Add(-5 * time.Minute)},
		"with a zone":    {"Asia/Tokyo", wall, false, noon.Add(-5 * time.Minute)},
		"Tokyo":          {"Asia/Tokyo", wall, true, noon.Add(-2*time.Hour - 5*time.Minute)},
		"offset":         {"+08:00", wall, true, noon.Add(-65 * time.Minute)},
		"already in UTC": {"+08:00", wall.UTC(), true, noon.Add(-65 * time.Minute)},
		"no time at all": {"+08:00", time.Time{}, true, noon},
	} {
		in := &Intake{Delivery: Delivery{Topic: "x-01", ReceivedAt: noon}}
		d := Decoded{
			Items: []Item{{Name: "cod", Value: 1, MeasuredAt: tc.at, LocalTime: tc.local}},
			Marks: []Mark{{Sequence: 1, MeasuredAt: tc.at, LocalTime: tc.local}},
		}
		Check(Facts{Registry: station(t, geo.Settings{Zone: tc.zone}), Catalogue: BuiltinCatalogue()}, &d, in)
		if len(in.Readings) != 1 || !in.Readings[0].MeasuredAt.Equal(tc.want) {
			t.Errorf("%s: %+v %v, want %s", name, in.Readings, in.Rejects, tc.want)
		}
		if len(in.Marks) != 1 || !tc.at.IsZero() && !in.Marks[0].MeasuredAt.Equal(tc.want) {
			t.Errorf("%s: %+v, want %s", name, in.Marks, tc.want)
		}
	}
}

func TestClockOffByTheZone(t *testing.T) {
	const day, zone = 24 * time.Hour, 7 * time.Hour
	for name, tc := range map[string]struct {
		zone  string
		age   time.Duration
		flags Flags
	}{
		"now":                         {"", 0, 0},
		"7 h behind":                  {"", zone, Late | ClockSuspect},
		"a little less":               {"", zone - 5*time.Minute, Late | ClockSuspect},
		"less than that":              {"", zone - 5*time.Minute - time.Second, Late},
		"a little more":               {"", zone + 15*time.Minute, Late | ClockSuspect},
		"more than that":              {"", zone + 15*time.Minute + time.Second, Late},
		"a day behind":                {"", day, Late},
		"7 h ahead":                   {"", -zone, Future | ClockSuspect},
		"ahead, sent late":            {"", -zone + 15*time.Minute, Future | ClockSuspect},
		"ahead, clock early as well":  {"", -zone - 5*time.Minute, Future | ClockSuspect},
		"6 h ahead":                   {"", -6 * time.Hour, Future},
		"8 h behind in Manila's zone": {"Asia/Manila", 8 * time.Hour, Late | ClockSuspect},
		"7 h behind in Manila's zone": {"Asia/Manila", zone, Late},
		"3 h behind, west of UTC":     {"-03:00", 3 * time.Hour, Late | ClockSuspect},
		"in UTC there is no offset":   {"UTC", 20 * time.Minute, Late},
	} {
		in := checkAt(t, geo.Settings{Zone: tc.zone}, Item{Name: "cod", Value: 1, MeasuredAt: noon.Add(-tc.age)})
		all := append(in.Readings, in.Aged...)
		if len(all) != 1 || all[0].Flags != tc.flags {
			t.Errorf("%s: %+v, want %s", name, all, tc.flags)
			continue
		}
		if future := tc.flags&Future != 0; future {
			said := strings.Contains(in.Rejects[0].Detail, "zone")
			if !slices.Equal(reasons(in), []string{ReasonFuture}) || said != (tc.flags&ClockSuspect != 0) {
				t.Errorf("%s: %v", name, in.Rejects)
			}
		}
	}
}

// A retry is judged as when it first came, and leaves no trace in what has gone on since.
func TestARetryLeavesNoTrace(t *testing.T) {
	facts := Facts{Registry: station(t, geo.Settings{}), Catalogue: BuiltinCatalogue(), Resends: NewResends(), Watch: NewWatch(BuiltinCatalogue())}
	send := func(retry string, at, received time.Time, v float64) Reading {
		in := &Intake{Delivery: Delivery{Topic: "x-01", ReceivedAt: received, Retry: retry, Body: []byte("same"), Dup: true}}
		Check(facts, &Decoded{Items: []Item{{Name: "temp", Value: v, MeasuredAt: at}}}, in)
		if len(in.Readings) != 1 {
			t.Fatal(in.Rejects)
		}
		return in.Readings[0]
	}
	old := noon.Add(-90 * 24 * time.Hour)
	if r := send("q1", old, old, 30); r.Flags != 0 {
		t.Errorf("flags %s: judged by the time of the retry", r.Flags)
	}
	for i := range 6 { // the sixth would be a flatline if the retries counted
		if r := send("q1", noon.Add(time.Duration(i)*time.Minute), noon.Add(10*time.Minute), 30); r.Flags != 0 {
			t.Errorf("record %d of a retry has flags %s", i, r.Flags)
		}
	}
	if r := send("", noon.Add(time.Hour), noon.Add(time.Hour), 30); r.Flags != 0 {
		t.Errorf("flags %s after retries", r.Flags)
	}
	send("q2", time.Time{}, noon, 1)
	if r := send("", time.Time{}, noon.Add(time.Minute), 1); !r.MeasuredAt.Equal(noon.Add(time.Minute)) {
		t.Errorf("measured at %s: a retry was taken for the first of a resend", r.MeasuredAt)
	}
}

func TestStationsAreCheckedAgainstTheCatalogue(t *testing.T) {
	reg := station(t, geo.Settings{
		Names: map[string]string{"a": "moon"}, Factors: map[string]float64{"moon": 2}, Units: map[string]string{"cod": "°C", "temp": "K"},
		Basis: map[string]string{"nh4_n": "nh3", "cod": "nh4"},
	})
	var got []string
	for _, p := range BuiltinCatalogue().CheckStations(reg) {
		got = append(got, p.Path)
	}
	want := []string{"stations[0].basis.cod", "stations[0].basis.nh4_n", "stations[0].factors", "stations[0].names", "stations[0].units.cod"}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if problems := BuiltinCatalogue().CheckStations(geo.Builtin()); len(problems) > 0 {
		t.Error(problems)
	}
}

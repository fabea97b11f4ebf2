package alerts_test

import (
	"testing"
	"time"

	"quantrac/alerts"
	"quantrac/geo"
	"quantrac/ingest"
)

// law2025 is a file that a user loads beside the built-in law; the number is of the test, not of the regulation.
func law2025() alerts.LimitFile {
	return alerts.LimitFile{Sets: []alerts.LimitSet{{
		ID: "qcvn40-2025", Reference: "QCVN 40:2025/BTNMT", Name: geo.Text{VI: "Nước thải công nghiệp (2025)"}, Columns: []string{"A", "B", "C"},
		From: time.Date(2025, 9, 1, 0, 0, 0, 0, time.UTC),
		Rows: []alerts.LimitRow{{Parameter: "cod", Unit: "mg/L", Max: map[string]float64{"A": 60, "B": 90}, Mark: "unverified"}},
	}}}
}

func TestAFileOfLimitsExtendsTheBuiltIn(t *testing.T) {
	builtin := alerts.BuiltinLimits().File()
	l, problems := alerts.NewLimits(law2025().Extend(builtin))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if len(l.File().Sets) != 1+len(builtin.Sets) || len(l.File().FactorTables) != len(builtin.FactorTables) {
		t.Errorf("%d sets, %d factor tables", len(l.File().Sets), len(l.File().FactorTables))
	}
	// A set of the same id takes the place of the built-in one, and of its factor tables.
	mine := law2025()
	mine.Sets[0].ID = builtin.Sets[0].ID
	if l, problems = alerts.NewLimits(mine.Extend(builtin)); len(problems) > 0 {
		t.Fatal(problems)
	}
	if len(l.File().Sets) != 1 || len(l.File().FactorTables) != 0 {
		t.Errorf("%d sets, %d factor tables", len(l.File().Sets), len(l.File().FactorTables))
	}
}

// A station goes over to the new law at a date: what was measured before it is judged by the old one, also when it comes late.
func TestAStationChangesLawAtADate(t *testing.T) {
	limits, problems := alerts.NewLimits(law2025().Extend(alerts.BuiltinLimits().File()))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	change := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	reg, problems := geo.NewRegistry(geo.File{Stations: []geo.Station{{
		ID: "s", Name: geo.Text{VI: "Trạm"}, Kind: geo.Effluent, Location: geo.Point{106.9, 10.9}, Parameters: []string{"cod", "tss"},
		Limits: []geo.Assignment{{Set: "qcvn40-2011", Column: "A", Kq: 0.9, Kf: 1, To: change}, {Set: "qcvn40-2025", Column: "A", From: change}},
	}}})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if wrong := limits.CheckAssignments(reg); len(wrong) > 0 {
		t.Fatal(wrong)
	}
	rules, problems := alerts.CheckRules(alerts.RulesFile{Rules: []alerts.Rule{{ID: "over", Levels: map[string]alerts.Level{"critical": {Multiple: 1}}}}}, reg, nil)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	engine := alerts.NewEngine(alerts.EngineConfig{Rules: rules, Limits: limits, Registry: reg, Catalogue: ingest.BuiltinCatalogue()})
	opened := map[string]alerts.Alert{}
	tell := func(at time.Time, value float64) {
		for _, ev := range engine.Step(alerts.Input{Kind: alerts.ReadingsIn, Readings: []ingest.Reading{
			{Station: "s", Parameter: "cod", Value: value, Usable: true, MeasuredAt: at, ReceivedAt: change.Add(time.Hour)},
		}}) {
			if ev.Type == alerts.Opened {
				opened[ev.At.Format("15:04")] = ev.Alert
			}
		}
	}
	tell(change.Add(-10*time.Minute), 64) // under 67.5, the old limit
	tell(change, 64)                      // over 60, the new one
	if a, ok := opened["00:00"]; !ok || len(opened) != 1 || *a.Limit != 60 || a.LimitReference != "QCVN 40:2025/BTNMT, A" || a.LimitVerified {
		t.Errorf("at the change: %+v", opened)
	}
	tell(change.Add(-5*time.Minute), 70)
	if a, ok := opened["23:55"]; ok && a.LimitReference != "QCVN 40:2011/BTNMT, A, Kq 0.9, Kf 1.0" {
		t.Errorf("a late reading from before the change is judged by %s", a.LimitReference)
	}
	st, _ := reg.Station("s")
	if _, limited := limits.For(st, "tss", change.Add(time.Hour)); limited {
		t.Error("the new law of the test says nothing of TSS")
	}
}

func TestAMarkHoldsForTheNumbersThatWereSeen(t *testing.T) {
	l, problems := alerts.NewLimits(law2025().Extend(alerts.BuiltinLimits().File()))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	set := l.File().Sets[0]
	mark := alerts.LimitMark{Set: set.ID, VerifiedBy: "Lan", VerifiedAt: time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC), Print: set.Print()}
	marked := l.Marked([]alerts.LimitMark{mark}).File()
	if marked.Sets[0].VerifiedBy != "Lan" || marked.Sets[1].VerifiedBy != "" || l.File().Sets[0].VerifiedBy != "" {
		t.Errorf("%+v", marked.Sets)
	}
	changed := law2025()
	changed.Sets[0].Rows[0].Max["A"] = 65
	l, problems = alerts.NewLimits(changed)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if got := l.Marked([]alerts.LimitMark{mark}).File().Sets[0].VerifiedBy; got != "" {
		t.Errorf("a changed set is verified by %s", got)
	}
	// A better note on where a number is from changes no number.
	noted := law2025()
	noted.Sets[0].Rows[0].Source, noted.Sets[0].Name.EN = "row 5", "Industrial wastewater (2025)"
	if noted.Sets[0].Print() != mark.Print {
		t.Error("a note changes the print")
	}
}

func TestLiveUsesOtherLimits(t *testing.T) {
	places := world(t, 1)
	live := alerts.NewLive(alerts.LiveConfig{Registry: places, Limits: alerts.BuiltinLimits()})
	id := live.Stations()[0].ID
	live.Apply([]ingest.Reading{{Station: id, Parameter: "cod", Value: 50, Usable: true, MeasuredAt: midnight, ReceivedAt: midnight}})
	before, _ := live.Station(id)
	file := alerts.BuiltinLimits().File()
	for i := range file.Sets[0].Rows {
		if row := &file.Sets[0].Rows[i]; row.Parameter == "cod" {
			row.Max = map[string]float64{"A": 30, "B": 30}
		}
	}
	stricter, problems := alerts.NewLimits(file)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	changed := live.Use(places, stricter).Changed
	after, _ := live.Station(id)
	if len(changed) != 1 || changed[0] != id || before.State == alerts.Exceed || after.State != alerts.Exceed {
		t.Errorf("changed %v, state %s, then %s", changed, before.State, after.State)
	}
	if again := live.Use(places, stricter).Changed; len(again) != 0 {
		t.Errorf("the same limits change %v", again)
	}
}

package alerts_test

import (
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"quantrac/alerts"
	"quantrac/geo"
	"quantrac/ingest"
)

// A scenario is a story in lines; # begins a comment. Times are hh:mm[:ss] after midnight UTC.
//
//	station ID [cycle 5m] [park P] [kind K]          all stations share the limits
//	limit PARAMETER [min X] [max Y] [from T] [to T]
//	rule {id: x, levels: {critical: 1}}              one YAML rule; checked and put in force by `start`
//	forget ID                                        takes a rule out; `start` makes that so
//	start                                            a new engine, with the state of the old one
//	configured T                                     the engine is told that its configuration changed
//	T STATION PARAMETER VALUE [calibrating|fault|unusable] [received T]
//	every 5m T..T STATION PARAMETER VALUE [...]      both ends included
//	tick T [blind]                                   the engine is told the time; blind: nobody could have been heard
//	ticks T..T [blind]                               the same every 10 s
//	open N                                           so many alerts are open now
//	-> [@T] opened|updated|resolved|withdrawn SEVERITY [key=value ...]
//
// The arrows after a line are exactly the events that it makes. Keys: rule, ratio, value, limit, peak, peaksev, rev, opened,
// resolved, cause, late, ref, merged, scope, inhibited.
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scenarios: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(file), ".txt")
		t.Run(name, func(t *testing.T) { (&scenario{t: t, file: file}).run(string(text)) })
		if strings.Contains(string(text), "\ntick") {
			continue // a restart begins the watching anew, which is the point of blindness
		}
		t.Run(name+"/restarted after every line", func(t *testing.T) {
			(&scenario{t: t, file: file, restless: true}).run(string(text))
		})
	}
}

var midnight = time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)

type scenario struct {
	t        *testing.T
	file     string
	line     int
	restless bool

	stations []geo.Station
	parks    []geo.Park
	limits   []alerts.LimitSet
	law      []geo.Assignment
	rules    []alerts.Rule
	engine   *alerts.Engine

	// What was delivered and told, from which a need for history is answered.
	delivered []ingest.Reading
	told      map[string]alerts.Alert

	// Events that no arrow has claimed, and the line that made them.
	pending []alerts.Event
	cause   int
}

func (s *scenario) failf(format string, args ...any) {
	s.t.Helper()
	s.t.Fatalf("%s:%d: %s", s.file, s.line, fmt.Sprintf(format, args...))
}

func (s *scenario) run(text string) {
	for i, line := range strings.Split(text, "\n") {
		s.line = i + 1
		line, _, _ = strings.Cut(line, "#")
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		if words[0] == "->" {
			s.expect(words[1:])
			continue
		}
		s.settle()
		s.do(words, line)
		if s.restless && s.engine != nil {
			s.start()
		}
	}
	s.settle()
}

// settle fails when the last line made events that no arrow expected.
func (s *scenario) settle() {
	if len(s.pending) > 0 {
		ev := s.pending[0]
		s.t.Fatalf("%s:%d: unexpected %s %s at %s (%d in all): %s", s.file, s.cause, ev.Type, ev.Alert.Severity,
			ev.At.Format("15:04:05"), len(s.pending), ev.Alert.Summary.EN)
	}
}

func (s *scenario) do(words []string, line string) {
	switch words[0] {
	case "station":
		s.addStation(words[1:])
	case "limit":
		s.addLimit(words[1:])
	case "rule":
		s.addRule(strings.TrimPrefix(strings.TrimSpace(line), "rule"))
	case "forget":
		for i := range s.rules {
			if s.rules[i].ID == words[1] {
				s.rules = append(s.rules[:i:i], s.rules[i+1:]...)
				return
			}
		}
		s.failf("no rule %s", words[1])
	case "start":
		s.start()
	case "configured":
		s.step(alerts.Input{Kind: alerts.Configured, At: midnight.Add(s.clock(words[1]))})
	case "open":
		if n := len(s.engine.Open()); strconv.Itoa(n) != words[1] {
			s.failf("%d alerts are open, want %s", n, words[1])
		}
	case "tick":
		s.step(alerts.Input{Kind: alerts.TickIn, At: midnight.Add(s.clock(words[1])), Blind: len(words) > 2 && words[2] == "blind"})
	case "ticks":
		first, last, _ := strings.Cut(words[1], "..")
		for at := s.clock(first); at <= s.clock(last); at += 10 * time.Second {
			s.step(alerts.Input{Kind: alerts.TickIn, At: midnight.Add(at), Blind: len(words) > 2 && words[2] == "blind"})
		}
	case "every":
		s.every(words[1:])
	default:
		s.step(alerts.Input{Kind: alerts.ReadingsIn, Readings: []ingest.Reading{s.reading(s.clock(words[0]), words[1:])}})
	}
}

func (s *scenario) step(in alerts.Input) {
	s.cause = s.line
	events := s.engine.Step(in)
	for i := range events {
		s.hear(&events[i])
	}
	s.pending = append(s.pending, events...)
	s.delivered = append(s.delivered, in.Readings...)
	for _, n := range s.engine.Needs() {
		start, told := n.Reach(slices.Collect(maps.Values(s.told)))
		told = slices.DeleteFunc(told, func(a alerts.Alert) bool { return a.Station.ID != n.Station })
		h := &alerts.History{Station: n.Station, Alerts: told}
		for _, r := range s.delivered {
			if r.Station == n.Station && !r.MeasuredAt.Before(start) {
				h.Readings = append(h.Readings, r)
			}
		}
		s.step(alerts.Input{Kind: alerts.HistoryIn, At: in.Readings[len(in.Readings)-1].ReceivedAt, History: h})
	}
}

func (s *scenario) hear(ev *alerts.Event) {
	if s.told == nil {
		s.told = map[string]alerts.Alert{}
	}
	s.told[ev.Alert.ID] = ev.Alert
}

func (s *scenario) addStation(words []string) {
	st := geo.Station{
		ID: words[0], Name: geo.Text{VI: "Trạm " + words[0], EN: "Station " + words[0]}, Location: geo.Point{106.9, 10.9},
		Kind: geo.Effluent, Parameters: []string{"cod"}, Cycle: 5 * time.Minute,
	}
	for key, value := range pairs(words[1:]) {
		switch key {
		case "cycle":
			st.Cycle = s.duration(value)
		case "park":
			st.Park = value
			if slices.ContainsFunc(s.parks, func(p geo.Park) bool { return p.ID == value }) {
				break
			}
			s.parks = append(s.parks, geo.Park{ID: value, Name: geo.Text{VI: value}, Location: st.Location})
		case "kind":
			st.Kind = geo.Kind(value)
		default:
			s.failf("a station has no %q", key)
		}
	}
	s.stations = append(s.stations, st)
}

func (s *scenario) addLimit(words []string) {
	row := alerts.LimitRow{Parameter: words[0], Mark: "unverified", Min: map[string]float64{}, Max: map[string]float64{}}
	set := alerts.LimitSet{ID: fmt.Sprintf("set-%d", len(s.limits)), Reference: fmt.Sprintf("Law %d", len(s.limits)), Columns: []string{"A"}}
	for key, value := range pairs(words[1:]) {
		switch key {
		case "min":
			row.Min["A"] = s.number(value)
		case "max":
			row.Max["A"] = s.number(value)
		case "from":
			set.From = midnight.Add(s.clock(value))
		case "to":
			set.To = midnight.Add(s.clock(value))
		default:
			s.failf("a limit has no %q", key)
		}
	}
	set.Rows = []alerts.LimitRow{row}
	s.limits = append(s.limits, set)
	s.law = append(s.law, geo.Assignment{Set: set.ID, Column: "A"})
}

func (s *scenario) addRule(text string) {
	var r alerts.Rule
	if err := yaml.Unmarshal([]byte(text), &r); err != nil {
		s.failf("rule: %v", err)
	}
	for i := range s.rules {
		if s.rules[i].ID == r.ID {
			s.rules[i] = r
			return
		}
	}
	s.rules = append(s.rules, r)
}

// start makes an engine from what the script declared, and gives it the state of the one before.
func (s *scenario) start() {
	for i := range s.stations {
		s.stations[i].Limits = s.law
	}
	reg, problems := geo.NewRegistry(geo.File{Parks: s.parks, Stations: s.stations})
	if len(problems) > 0 {
		s.failf("registry: %v", problems)
	}
	limits, problems := alerts.NewLimits(alerts.LimitFile{Sets: s.limits})
	if len(problems) > 0 {
		s.failf("limits: %v", problems)
	}
	rules, problems := alerts.CheckRules(alerts.RulesFile{Rules: s.rules}, reg, ingest.BuiltinCatalogue())
	if len(problems) > 0 {
		s.failf("rules: %v", problems)
	}
	next := alerts.NewEngine(alerts.EngineConfig{Rules: rules, Limits: limits, Registry: reg, Catalogue: ingest.BuiltinCatalogue()})
	if s.engine != nil {
		for _, st := range s.stations {
			if err := next.Restore(st.ID, s.engine.Snapshot(st.ID)); err != nil {
				s.failf("restore: %v", err)
			}
		}
	}
	s.engine = next
}

func (s *scenario) every(words []string) {
	step := s.duration(words[0])
	first, last, ok := strings.Cut(words[1], "..")
	if !ok {
		s.failf("want T..T, not %q", words[1])
	}
	var readings []ingest.Reading
	for at := s.clock(first); at <= s.clock(last); at += step {
		readings = append(readings, s.reading(at, words[2:]))
	}
	s.step(alerts.Input{Kind: alerts.ReadingsIn, Readings: readings})
}

func (s *scenario) reading(at time.Duration, words []string) ingest.Reading {
	p, ok := ingest.BuiltinCatalogue().Parameter(words[1])
	if !ok {
		s.failf("unknown parameter %q", words[1])
	}
	r := ingest.Reading{
		Station: words[0], Parameter: p.Code, Unit: p.Unit, Usable: true,
		MeasuredAt: midnight.Add(at), ReceivedAt: midnight.Add(at + time.Second),
	}
	if words[2] == "null" {
		r.Value, r.Usable = math.NaN(), false
	} else {
		r.Value = s.number(words[2])
	}
	for i := 3; i < len(words); i++ {
		switch words[i] {
		case "calibrating":
			r.Status, r.Usable = ingest.Calibrating, false
		case "fault":
			r.Status, r.Usable = ingest.Fault, false
		case "unusable":
			r.Usable = false
		case "received":
			i++
			r.ReceivedAt = midnight.Add(s.clock(words[i]))
		default:
			s.failf("a reading has no %q", words[i])
		}
	}
	return r
}

func (s *scenario) expect(words []string) {
	if len(s.pending) == 0 {
		s.failf("the line made no (further) event, want %s", strings.Join(words, " "))
	}
	ev := s.pending[0]
	s.pending = s.pending[1:]
	if at, ok := strings.CutPrefix(words[0], "@"); ok {
		if want := midnight.Add(s.clock(at)); !ev.At.Equal(want) {
			s.failf("%s at %s, want %s", ev.Type, ev.At.Format("15:04:05"), at)
		}
		words = words[1:]
	}
	got := map[string]string{
		"type": strings.TrimPrefix(string(ev.Type), "alert."), "severity": ev.Alert.Severity.String(), "rule": ev.Alert.Rule,
		"ratio": figure(ev.Alert.Ratio), "value": figure(ev.Alert.Value), "limit": figure(ev.Alert.Limit),
		"peak": figure(ev.Alert.PeakValue), "peaksev": ev.Alert.PeakSeverity.String(), "rev": strconv.Itoa(ev.Alert.Revision),
		"opened": ev.Alert.OpenedAt.Format("15:04"), "cause": ev.Alert.Cause, "late": strconv.FormatBool(ev.Alert.Late),
		"resolved": ended(ev.Alert.ResolvedAt), "scope": ev.Alert.Scope, "inhibited": strconv.FormatBool(ev.Alert.InhibitedBy != ""), "merged": strconv.FormatBool(ev.Alert.MergedInto != ""),
		"ref": strings.ReplaceAll(ev.Alert.LimitReference, " ", "_"),
	}
	want := append([]string{"type=" + words[0], "severity=" + words[1]}, words[2:]...)
	for _, w := range want {
		key, value, _ := strings.Cut(w, "=")
		if have, known := got[key]; !known || have != value {
			s.failf("%s is %q, want %q (%s)", key, have, value, ev.Alert.Summary.EN)
		}
	}
}

func ended(at *time.Time) string {
	if at == nil {
		return ""
	}
	return at.Format("15:04")
}

func figure(x *float64) string {
	if x == nil {
		return "null"
	}
	return strconv.FormatFloat(math.Round(*x*1000)/1000, 'f', -1, 64)
}

func pairs(words []string) map[string]string {
	out := map[string]string{}
	for i := 0; i+1 < len(words); i += 2 {
		out[words[i]] = words[i+1]
	}
	return out
}

func (s *scenario) number(text string) float64 {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		s.failf("%q is no number", text)
	}
	return v
}

func (s *scenario) duration(text string) time.Duration {
	d, err := time.ParseDuration(text)
	if err != nil {
		s.failf("%q is no duration", text)
	}
	return d
}

func (s *scenario) clock(text string) time.Duration {
	parts := strings.Split(text, ":")
	var total time.Duration
	for i, unit := range []time.Duration{time.Hour, time.Minute, time.Second} {
		if i < len(parts) {
			total += time.Duration(s.number(parts[i]) * float64(unit))
		}
	}
	if len(parts) < 2 {
		s.failf("%q is no time", text)
	}
	return total
}

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

const suggested = "../../docs/rules-suggested.yaml"

// detected runs the command and returns its report.
func detected(t *testing.T, args ...string) string {
	t.Helper()
	var out bytes.Buffer
	if err := detect(t.Context(), args, &out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// cells are the columns of the row of a report that begins with name, within the part that begins with heading.
func cells(t *testing.T, report, heading, name string) []string {
	t.Helper()
	_, part, ok := strings.Cut(report, "\n## "+heading)
	if !ok {
		t.Fatalf("no %q in the report", heading)
	}
	part, _, _ = strings.Cut(part, "\n## ")
	for line := range strings.Lines(part) {
		if strings.HasPrefix(line, "| "+name+" |") {
			row := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
			for i := range row {
				row[i] = strings.TrimSpace(row[i])
			}
			return row
		}
	}
	t.Fatalf("no row %q under %q in\n%s", name, heading, report)
	return nil
}

func percent(t *testing.T, cell string) int {
	t.Helper()
	n, err := strconv.Atoi(strings.TrimSuffix(cell, " %"))
	if err != nil {
		t.Fatalf("%q is no share", cell)
	}
	return n
}

// What the rules must find and how seldom they may be wrong, on a small scenario. Columns of a rule: rule, on, alerts, precision,
// events to find, recall, delay; of an event: event, events, to find, found, recall, delay, until critical, flagged, wrong.
func TestDetection(t *testing.T) {
	report := detected(t, "--seed", "4", "--stations", "12", "--days", "6", "--rules", suggested)
	least := func(what, cell string, want int) {
		if got := percent(t, cell); got < want {
			t.Errorf("%s: %d %%, at least %d %%", what, got, want)
		}
	}
	for _, heading := range []string{"Built-in rules", "Rules of"} {
		for _, rule := range []string{"over-limit", "ph-out-of-band", "silent"} {
			row := cells(t, report, heading, rule)
			least(heading+" "+rule+" precision", row[3], 80)
			least(heading+" "+rule+" recall", row[5], 95)
		}
		for _, event := range []string{"exceed_slow", "exceed_shock", "outage", "clock_skew"} {
			least(heading+" "+event, cells(t, report, heading, event)[4], 95)
		}
		for _, event := range []string{"spike", "negative", "nan_text", "flatline", "zero", "out_of_range", "partial_file", "clock_skew"} {
			least(heading+" flags "+event, cells(t, report, heading, event)[7], 95)
		}
		for _, event := range []string{"duplicate", "fouling", "no_discharge", "name_drift", "unit_drift"} {
			if row := cells(t, report, heading, event); row[8] != "0" {
				t.Errorf("%s: %s false alerts in %s", heading, row[8], event)
			}
		}
	}
	for _, event := range []string{"flatline", "zero", "fault", "param_missing", "clogging"} {
		least("suggested rules, "+event, cells(t, report, "Rules of", event)[4], 95)
		if row := cells(t, report, "Built-in rules", event); row[3] != "0" && event != "fault" { // found by its unusable values, hours later
			t.Errorf("the built-in rules find %s of %s %s: then the scores are too kind", row[3], row[2], event)
		}
	}
	if delay := cells(t, report, "Rules of", "will-exceed")[6]; !strings.HasPrefix(delay, "−") {
		t.Errorf("the forecast warns %s after the excess has begun", delay)
	}
	for _, m := range regexp.MustCompile(`precision (\d+) %;`).FindAllStringSubmatch(report, -1) {
		least("precision of a set", m[1]+" %", 90)
	}
	for _, m := range regexp.MustCompile(`events, ([\d.]+) on the same`).FindAllStringSubmatch(report, -1) {
		if calm, err := strconv.ParseFloat(m[1], 64); err != nil || calm > 5 {
			t.Errorf("%s alerts per 100 station-days when nothing goes wrong: at most 1 per 20 stations and day", m[1])
		}
	}
}

// The scenario that was drawn can be checked, and plays the same when it is read again.
func TestDetectWritesItsScenario(t *testing.T) {
	dir := t.TempDir()
	file, first, second := filepath.Join(dir, "scenario.yaml"), filepath.Join(dir, "first.md"), filepath.Join(dir, "second.md")
	small := []string{"--seed", "7", "--stations", "3", "--days", "4"}
	detected(t, append(small, "--write-scenario", file, "--markdown", first)...)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if faults := checkScenario(file, text); len(faults) > 0 {
		t.Error(faults)
	}
	detected(t, append(small, "--scenario", file, "--markdown", second)...)
	figures := func(name string) string {
		doc, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		_, tables, _ := strings.Cut(string(doc), "\n## ")
		return tables
	}
	if a, b := figures(first), figures(second); a != b || a == "" {
		t.Errorf("drawn:\n%s\nread:\n%s", a, b)
	}
	broken := append(text, []byte("    - {station: nowhere-01, code: fire, start: 1h, duration: 1h, colour: red}\n")...)
	faults := checkScenario(file, broken)
	if len(faults) != 1 || !strings.Contains(faults[0].message, "colour") || faults[0].line < 2 {
		t.Errorf("an unknown key: %v", faults)
	}
	broken = append(text, []byte("    - {station: nowhere-01, code: fire, start: 1h, duration: 1h}\n")...)
	if faults := checkScenario(file, broken); len(faults) != 2 {
		t.Errorf("an unknown code at an unknown station: %v", faults)
	}
}

func TestDetectRefusesWrongUsage(t *testing.T) {
	for _, args := range [][]string{{"--days", "1"}, {"--stations", "0"}, {"more"}, {"--days", "x"}, {"--rules", "no-such-file"}, {"--stations", "5000"}} {
		if err := detect(t.Context(), args, &bytes.Buffer{}); err == nil {
			t.Errorf("%v: no error", args)
		}
	}
}

// docs/detection.md is about the rules that there are: whoever changes them makes it again.
func TestTheDetectionPageNamesEveryRule(t *testing.T) {
	page, err := os.ReadFile("../../docs/detection.md")
	if err != nil {
		t.Fatal(err)
	}
	c := defaults(false)
	for heading, file := range map[string]string{"Built-in rules": "", "Rules of": suggested} {
		c.Rules = file
		f, faults := loadFacts(&c)
		if len(faults) > 0 {
			t.Fatal(faults)
		}
		for _, r := range f.rules.List() {
			if row := cells(t, string(page), heading, r.ID); row[1] != r.On {
				t.Errorf("%s is on %s, the page says %s", r.ID, r.On, row[1])
			}
		}
	}
}

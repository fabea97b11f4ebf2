package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"quantrac/ingest"
	"quantrac/ingest/stream"
	"quantrac/web"
)

// openLog opens a log with its own directory under dir.
func openLog(t *testing.T, dir string) *stream.Log {
	t.Helper()
	log, err := stream.Open(t.Context(), stream.Options{Dir: filepath.Join(dir, "stream"), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return log
}

func openTestMappings(t *testing.T, log *stream.Log, out *strings.Builder, file ...ingest.Mapping) *mappings {
	t.Helper()
	bucket, err := log.Bucket(t.Context(), "aliases")
	if err != nil {
		t.Fatal(err)
	}
	m, err := openMappings(t.Context(), bucket, file, slog.New(slog.NewTextHandler(out, nil)))
	if err != nil {
		t.Fatal(err)
	}
	var ticks int
	m.now = func() time.Time { // names that are added in one instant would have no order
		ticks++
		return time.Date(2026, time.November, 24, 5, 0, ticks, 0, time.UTC)
	}
	return m
}

func targets(m *mappings) string {
	var out []string
	for _, a := range m.List() {
		out = append(out, a.Name+"="+a.Target+" "+a.Source)
	}
	return strings.Join(out, ", ")
}

func TestMappingsAddAndDelete(t *testing.T) {
	log := openLog(t, t.TempDir())
	defer log.Close()
	var out strings.Builder
	m := openTestMappings(t, log, &out, ingest.Mapping{Kind: "parameter", Name: "Chi so X", Target: "tss"})
	before := m.Current()
	add := func(e ingest.Mapping) web.Alias {
		t.Helper()
		a, made, err := m.Add(t.Context(), e)
		if err != nil || !made || a.ID == "" || a.Source != web.SourceAPI || a.CreatedAt.IsZero() {
			t.Fatalf("add %+v: %+v %v %v", e, a, made, err)
		}
		return a
	}
	cod := add(ingest.Mapping{Kind: "parameter", Name: "Nhu cầu oxy", Target: "cod"})
	add(ingest.Mapping{Kind: "parameter", Name: "nhu cau oxy", Target: "bod5", Station: "amata-01"})
	add(ingest.Mapping{Kind: "topic", Name: "site/+/data", Target: "amata-01"})
	if m.Current() == before {
		t.Error("the index is the old one")
	}
	if again, made, err := m.Add(t.Context(), ingest.Mapping{Kind: "parameter", Name: "NHU_CAU_OXY", Target: "cod"}); err != nil || made || again != cod {
		t.Errorf("the same in another spelling: %+v %v %v", again, made, err)
	}
	for name, e := range map[string]ingest.Mapping{
		"another target": {Kind: "parameter", Name: "nhu cau oxy", Target: "tss"}, "another unit": {Kind: "parameter", Name: "nhu cau oxy", Target: "cod", Unit: "g/L"},
		"the file's": {Kind: "parameter", Name: "chi so x", Target: "cod"}, "topics that match the same": {Kind: "topic", Name: "site/{station}/data"},
	} {
		if _, _, err := m.Add(t.Context(), e); !errors.Is(err, web.ErrConflict) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := m.Delete(t.Context(), m.List()[0].ID); !errors.Is(err, web.ErrConflict) {
		t.Errorf("deleting the file's: %v", err)
	}
	if err := m.Delete(t.Context(), "none"); !errors.Is(err, web.ErrNotFound) {
		t.Errorf("deleting nothing: %v", err)
	}
	if err := m.Delete(t.Context(), cod.ID); err != nil {
		t.Error(err)
	}
	if got, want := targets(m), "Chi so X=tss file, nhu cau oxy=bod5 api, site/+/data=amata-01 api"; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	add(ingest.Mapping{Kind: "parameter", Name: "nhu cau oxy", Target: "tss"})
}

// What was added is there after a restart; what the file says since then goes before it, and gives it free again.
func TestMappingsOutliveARestart(t *testing.T) {
	dir := t.TempDir()
	var out strings.Builder
	log := openLog(t, dir)
	m := openTestMappings(t, log, &out)
	for _, name := range []string{"zeta", "alpha", "mid"} {
		if _, _, err := m.Add(t.Context(), ingest.Mapping{Kind: "parameter", Name: name, Target: "cod"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := m.bucket.Put(t.Context(), "spoilt", []byte(`{"id":"spoilt","kind":"moon","name":"x","target":"cod","source":"api"}`)); err != nil {
		t.Fatal(err)
	}
	reopen := func(file ...ingest.Mapping) {
		t.Helper()
		if err := log.Close(); err != nil {
			t.Fatal(err)
		}
		log = openLog(t, dir)
		m = openTestMappings(t, log, &out, file...)
	}
	reopen(ingest.Mapping{Kind: "parameter", Name: "Alpha", Target: "tss"})
	defer func() { log.Close() }()
	if got, want := targets(m), "Alpha=tss file, x=cod api, zeta=cod api, mid=cod api"; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	if s := out.String(); !strings.Contains(s, "not in force") || !strings.Contains(s, "an alias rests") || !strings.Contains(s, "alpha") {
		t.Errorf("the log says %s", s)
	}
	if err := m.Delete(t.Context(), "spoilt"); err != nil {
		t.Error(err)
	}
	reopen()
	if got, want := targets(m), "zeta=cod api, alpha=cod api, mid=cod api"; got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
}

// Faults of the configuration's mappings are told at their place, those against the registry too.
func TestMappingsOfTheConfigurationAreChecked(t *testing.T) {
	file := filepath.Join(t.TempDir(), "quantrac.yaml")
	write := func(text string) []fault {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return checkFile(file)
	}
	if faults := write("mappings:\n  - {kind: parameter, name: Nhu cau oxy, target: cod, station: amata-01, unit: g/L}\n"); len(faults) > 0 {
		t.Errorf("a sound mapping: %v", faults)
	}
	faults := write("mappings:\n  - {kind: parameter, name: x, target: plutonium}\n  - {kind: station, name: y,\n     target: nowhere}\n  - {kind: moon, name: z, target: cod}\n")
	var got []string
	for _, f := range faults {
		got = append(got, fmt.Sprintf("%d:%d", f.line, f.column))
	}
	slices.Sort(got)
	if want := []string{"2:40", "4:14", "5:12", "5:35"}; !slices.Equal(got, want) {
		t.Errorf("faults at %q, want %q: %v", got, want, faults)
	}
}

// A name that is not on disk is not in force.
func TestMappingsOfAFailingLog(t *testing.T) {
	log := openLog(t, t.TempDir())
	var out strings.Builder
	m := openTestMappings(t, log, &out)
	a, _, err := m.Add(t.Context(), ingest.Mapping{Kind: "parameter", Name: "kept", Target: "cod"})
	if err != nil {
		t.Fatal(err)
	}
	log.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, made, err := m.Add(ctx, ingest.Mapping{Kind: "parameter", Name: "lost", Target: "cod"}); err == nil || made {
		t.Errorf("added: %v %v", made, err)
	}
	if err := m.Delete(ctx, a.ID); err == nil {
		t.Error("deleted")
	}
	if names := targets(m); names != "kept=cod api" || slices.ContainsFunc(m.List(), func(a web.Alias) bool { return a.Name == "lost" }) {
		t.Errorf("in force: %s", names)
	}
}

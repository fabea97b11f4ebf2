package cadastre_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"quantrac/geo"
	"quantrac/geo/cadastre"
	"quantrac/ingest/stream"
)

var noon = time.Date(2026, time.November, 24, 5, 0, 0, 0, time.UTC)

func park(id string) geo.Park {
	return geo.Park{ID: id, Name: geo.Text{VI: "KCN " + id}, Location: geo.Point{106.9, 10.9}}
}

func station(id, park string) geo.Station {
	return geo.Station{ID: id, Name: geo.Text{VI: "Trạm " + id}, Park: park, Location: geo.Point{106.9, 10.9}, Parameters: []string{"cod"}}
}

func file(t *testing.T, parks []geo.Park, stations []geo.Station) *geo.Registry {
	t.Helper()
	r, problems := geo.NewRegistry(geo.File{Parks: parks, Stations: stations})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return r
}

// rig is a log in a folder, and a book over it that can be opened again.
type rig struct {
	*cadastre.Book
	t    *testing.T
	dir  string
	log  *stream.Log
	said bytes.Buffer
	used []*geo.Registry
	fail error
}

func newRig(t *testing.T, f *geo.Registry) *rig {
	r := &rig{t: t, dir: t.TempDir()}
	r.open(f)
	t.Cleanup(func() { _ = r.log.Close() })
	return r
}

func (r *rig) open(f *geo.Registry) {
	r.t.Helper()
	if r.log != nil {
		if err := r.log.Close(); err != nil {
			r.t.Fatal(err)
		}
	}
	r.said.Reset()
	logger := slog.New(slog.NewTextHandler(&r.said, nil))
	var err error
	if r.log, err = stream.Open(r.t.Context(), stream.Options{Dir: r.dir, Logger: logger}); err != nil {
		r.t.Fatal(err)
	}
	r.Book, err = cadastre.Open(r.t.Context(), cadastre.Options{
		Log: r.log, File: f, Check: func(*geo.Registry) []geo.Problem { return nil }, Logger: logger,
		Use: func(_ context.Context, reg *geo.Registry) error {
			r.used = append(r.used, reg)
			return r.fail
		},
	})
	if err != nil {
		r.t.Fatal(err)
	}
}

// holds checks what is in force, as "id/park" of each station.
func (r *rig) holds(want string) {
	r.t.Helper()
	var got []string
	for _, s := range r.Registry().Stations() {
		got = append(got, s.ID+"/"+s.Park)
	}
	if strings.Join(got, " ") != want {
		r.t.Errorf("stations %v, want %s", got, want)
	}
}

func put(s geo.Station) geo.Edit {
	record := s.Record()
	return geo.Edit{Kind: geo.StationEdit, ID: s.ID, Station: &record, By: "me", At: noon}
}

func (r *rig) put(edits ...geo.Edit) {
	r.t.Helper()
	if err := r.Put(r.t.Context(), edits); err != nil {
		r.t.Fatal(err)
	}
}

func TestEditsGoBeforeTheFile(t *testing.T) {
	parks := []geo.Park{park("p"), park("q")}
	f := file(t, parks, []geo.Station{station("a", "p"), station("b", "p")})
	r := newRig(t, f)
	r.put(put(station("a", "q")))
	r.put(put(station("c", "q")))
	if err := r.Remove(t.Context(), geo.Edit{Kind: geo.StationEdit, ID: "b", At: noon}); err != nil {
		t.Fatal(err)
	}
	r.holds("a/q c/q")
	if e, ok := r.Find(geo.StationEdit, "a"); !ok || e.By != "me" || e.FileChanged {
		t.Errorf("%+v", e)
	}
	if len(r.used) != 3 || r.used[2] != r.Registry() {
		t.Error("what is in force is not what was put in force")
	}
	r.open(f)
	r.holds("a/q c/q")

	// The file changes under the edits: they stay, and that is said; what no edit touches follows the file.
	changed := station("a", "p")
	changed.Name.VI = "Khác"
	err := r.Rebase(file(t, parks, []geo.Station{changed, station("b", "p"), station("d", "p")}), func(*geo.Registry) []geo.Problem { return nil }, func(*geo.Registry) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	r.holds("a/q d/p c/q")
	if e, _ := r.Find(geo.StationEdit, "a"); !e.FileChanged || !strings.Contains(r.said.String(), "has changed under an edit") {
		t.Errorf("%+v %s", e, r.said.String())
	}
	for _, id := range []string{"a", "b"} {
		if err := r.Revert(t.Context(), geo.StationEdit, id); err != nil {
			t.Fatal(err)
		}
	}
	r.holds("a/p b/p d/p c/q")
	if err := r.Revert(t.Context(), geo.StationEdit, "a"); !errors.Is(err, cadastre.ErrNoEdit) {
		t.Error(err)
	}
	if err := r.Remove(t.Context(), geo.Edit{Kind: geo.StationEdit, ID: "none"}); !errors.Is(err, cadastre.ErrNotFound) {
		t.Error(err)
	}
}

func TestNothingIsInForceByHalves(t *testing.T) {
	f := file(t, []geo.Park{park("p")}, []geo.Station{station("a", "p")})
	r := newRig(t, f)
	var unsound *cadastre.Unsound
	err := r.Put(t.Context(), []geo.Edit{put(station("b", "p")), put(station("c", "none"))})
	if !errors.As(err, &unsound) || unsound.Edits[0] != 1 || unsound.Problems[0].Path != "park" {
		t.Errorf("%v", err)
	}
	err = r.Remove(t.Context(), geo.Edit{Kind: geo.ParkEdit, ID: "p"})
	if !errors.As(err, &unsound) || unsound.Edits[0] != -1 || unsound.Problems[0].Path != "station a: park" {
		t.Errorf("%v", err)
	}
	r.fail = errors.New("the engine does not take it")
	if err := r.Put(t.Context(), []geo.Edit{put(station("b", "p"))}); !errors.Is(err, r.fail) {
		t.Error(err)
	}
	r.holds("a/p")
	r.open(f)
	r.holds("a/p")
	if edits := r.Edits(); len(edits) != 0 {
		t.Errorf("kept %+v", edits)
	}
}

// An edit that no longer goes with the file rests, whatever else was edited, and is in force again when the file allows it.
func TestUnsoundEditsRest(t *testing.T) {
	whole := file(t, []geo.Park{park("p"), park("q")}, []geo.Station{station("a", "p")})
	r := newRig(t, whole)
	for i := range 9 {
		r.put(put(station(fmt.Sprintf("s%d", i), []string{"p", "q", ""}[i%3])))
	}
	r.open(file(t, []geo.Park{park("p")}, []geo.Station{station("a", "p")}))
	r.holds("a/p s0/p s2/ s3/p s5/ s6/p s8/")
	resting := 0
	for _, e := range r.Edits() {
		if e.Rests {
			resting++
			if !strings.Contains(e.Reason, `park "q" is not in the registry`) {
				t.Errorf("%s: %s", e.ID, e.Reason)
			}
		}
	}
	if resting != 3 || strings.Count(r.said.String(), "is not in force") != 3 {
		t.Errorf("%d rest: %s", resting, r.said.String())
	}
	if err := r.Revert(t.Context(), geo.StationEdit, "s1"); err != nil {
		t.Fatal(err)
	}
	r.open(whole)
	r.holds("a/p s0/p s2/ s3/p s4/q s5/ s6/p s7/q s8/")
}

// A change that is larger than one value of the bucket is there as a whole after a restart, or, where a part of it never was written,
// not at all; many small ones are written together.
func TestLargeAndManyChanges(t *testing.T) {
	f := file(t, nil, []geo.Station{station("a", "")})
	r := newRig(t, f)
	var many []geo.Edit
	for i := range 4000 {
		s := station(fmt.Sprintf("s%d", i), "")
		s.Name.VI = strings.Repeat("x", 200)
		many = append(many, put(s))
	}
	r.put(many...)
	for i := range 120 {
		r.put(put(station("a", "")), put(station(fmt.Sprintf("s%d", i), "")))
	}
	for range 2 { // the first writes them together, the second reads that
		r.open(f)
		if n := len(r.Registry().Stations()); n != 4001 {
			t.Fatalf("%d stations", n)
		}
		if s, _ := r.Registry().Station("s1"); len(s.Name.VI) > 100 {
			t.Error("an older edit goes before a newer one")
		}
	}
	bucket, err := r.log.Bucket(t.Context(), "registry")
	if err != nil {
		t.Fatal(err)
	}
	keys, err := bucket.Keys(t.Context())
	if err != nil || len(keys) < 2 || len(keys) > 10 {
		t.Fatalf("%d values, %v", len(keys), err)
	}
	if err := bucket.Delete(t.Context(), keys[0]); err != nil {
		t.Fatal(err)
	}
	r.open(f)
	r.holds("a/")
	huge := park("huge")
	huge.Confidence = strings.Repeat("x", 600<<10)
	if err := r.Put(t.Context(), []geo.Edit{{Kind: geo.ParkEdit, ID: "huge", Park: &huge}}); !errors.Is(err, cadastre.ErrTooLarge) {
		t.Error(err)
	}
}

// What only the file can say of a park, its share of the simulated flow, is not lost by an edit.
func TestASimulatedFlowStays(t *testing.T) {
	p := park("p")
	p.SimulatedM3Day = 1000
	r := newRig(t, file(t, []geo.Park{p}, nil))
	edited := park("p")
	edited.Name.EN = "Park"
	r.put(geo.Edit{Kind: geo.ParkEdit, ID: "p", Park: &edited, At: noon})
	if got, _ := r.Registry().Park("p"); got.SimulatedM3Day != 1000 || got.Name.EN != "Park" {
		t.Errorf("%+v", got)
	}
}

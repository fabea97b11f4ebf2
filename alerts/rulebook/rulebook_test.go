package rulebook

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"quantrac/alerts"
	"quantrac/geo"
	"quantrac/ingest/stream"
)

var now = time.Date(2026, 11, 24, 5, 0, 0, 0, time.UTC)

// rig is a book on a real log that can be opened again.
type rig struct {
	t    *testing.T
	log  *stream.Log
	file []alerts.Rule
	// inForce is what Use was last called with; fail makes it fail; unknown are stations that the registry does not hold.
	inForce []string
	fail    error
	unknown string
	book    *Book
}

func rule(id string, critical float64) alerts.Rule {
	return alerts.Rule{ID: id, Name: geo.Text{VI: id}, Levels: map[string]alerts.Level{"critical": {Multiple: critical}}}
}

func newRig(t *testing.T) *rig {
	t.Helper()
	log, err := stream.Open(t.Context(), stream.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = log.Close() })
	r := &rig{t: t, log: log, file: []alerts.Rule{rule("a", 1), rule("b", 1)}}
	r.open()
	return r
}

func (r *rig) open() {
	r.t.Helper()
	var err error
	r.book, err = Open(r.t.Context(), Options{
		Log: r.log, File: r.file, Logger: slog.New(slog.DiscardHandler),
		Check: func(rule alerts.Rule) (alerts.Rule, []geo.Problem) {
			if r.unknown != "" && slices.Contains(rule.Stations, r.unknown) {
				return rule, []geo.Problem{{Path: "stations[0]", Message: "is not in the registry"}}
			}
			return alerts.CheckRule(rule, nil, nil)
		},
		Use: func(_ context.Context, list []alerts.Rule) error {
			if r.fail != nil {
				return r.fail
			}
			r.inForce = nil
			for _, x := range list {
				r.inForce = append(r.inForce, x.ID+" "+level(x))
			}
			return nil
		},
	})
	if err != nil {
		r.t.Fatal(err)
	}
}

func level(r alerts.Rule) string {
	b, err := r.Levels["critical"].MarshalJSON()
	if err != nil {
		return err.Error()
	}
	return string(b)
}

func (r *rig) put(x alerts.Rule) {
	r.t.Helper()
	if _, problems, err := r.book.Put(r.t.Context(), x, "lan", now); err != nil || len(problems) > 0 {
		r.t.Fatal(problems, err)
	}
}

// list is what the book shows, a word each.
func (r *rig) list() string {
	var out []string
	for _, e := range r.book.List() {
		text := e.ID + "=" + level(e.Rule) + "/" + e.Source
		if e.Overrides {
			text += "/over"
		}
		out = append(out, text)
	}
	return strings.Join(out, " ")
}

func (r *rig) shows(want string) {
	r.t.Helper()
	if got := r.list(); got != want {
		r.t.Errorf("the book shows %s, want %s", got, want)
	}
}

func TestEditsAreKeptAndInForce(t *testing.T) {
	r := newRig(t)
	r.shows("a=1/file b=1/file")
	r.put(rule("b", 2))
	r.put(rule("z", 3))
	r.put(rule("c", 4))
	want := "a=1/file b=2/api/over c=4/api z=3/api"
	r.shows(want)
	if got := strings.Join(r.inForce, ","); got != "a 1,b 2,c 4,z 3" {
		t.Errorf("in force: %s", got)
	}
	r.open()
	r.shows(want)
	if e, err := r.book.Get("b"); err != nil || e.UpdatedBy != "lan" || !e.UpdatedAt.Equal(now) || e.For != 0 || *e.Clear != alerts.DefaultClear {
		t.Errorf("%+v %v", e, err)
	}
	if err := r.book.Delete(t.Context(), "b"); err != nil {
		t.Fatal(err)
	}
	if err := r.book.Delete(t.Context(), "z"); err != nil {
		t.Fatal(err)
	}
	r.shows("a=1/file b=1/file c=4/api")
	if err := r.book.Delete(t.Context(), "b"); !errors.Is(err, ErrFile) {
		t.Errorf("got %v", err)
	}
	if err := r.book.Delete(t.Context(), "z"); !errors.Is(err, ErrNotFound) {
		t.Errorf("got %v", err)
	}
	r.open()
	r.shows("a=1/file b=1/file c=4/api")
}

func TestAChangeThatFailsChangesNothing(t *testing.T) {
	r := newRig(t)
	r.put(rule("b", 2))
	want := r.list()
	r.fail = errors.New("the engine refuses")
	if _, _, err := r.book.Put(t.Context(), rule("b", 5), "lan", now); !errors.Is(err, r.fail) {
		t.Errorf("got %v", err)
	}
	if _, _, err := r.book.Put(t.Context(), rule("n", 5), "lan", now); !errors.Is(err, r.fail) {
		t.Errorf("got %v", err)
	}
	if err := r.book.Delete(t.Context(), "b"); !errors.Is(err, r.fail) {
		t.Errorf("got %v", err)
	}
	if err := r.book.Rebase([]alerts.Rule{rule("q", 1)}, func([]alerts.Rule) error { return r.fail }); !errors.Is(err, r.fail) {
		t.Errorf("got %v", err)
	}
	r.shows(want)
	r.fail = nil
	r.open() // and nothing of it is on disk
	r.shows(want)
	if _, problems, err := r.book.Put(t.Context(), rule("b", -1), "lan", now); err != nil || len(problems) != 1 || problems[0].Path != "levels.critical" {
		t.Errorf("%v %v", problems, err)
	}
	r.shows(want)
}

// An edit of a station that is gone rests until the station is back; meanwhile the file's rule holds.
func TestAnUnsoundEditRests(t *testing.T) {
	r := newRig(t)
	x := rule("b", 2)
	x.Stations = []string{"s1"}
	r.put(x)
	r.unknown = "s1"
	r.open()
	r.shows("a=1/file b=1/file")
	r.unknown = ""
	r.open()
	r.shows("a=1/file b=2/api/over")
	r.unknown = "s1"
	r.open()
	if err := r.book.Delete(t.Context(), "b"); err != nil {
		t.Fatal(err)
	}
	r.unknown = ""
	r.open()
	r.shows("a=1/file b=1/file")
}

func TestRebase(t *testing.T) {
	r := newRig(t)
	r.put(rule("b", 2))
	var used []string
	err := r.book.Rebase([]alerts.Rule{rule("n", 7), rule("b", 9)}, func(list []alerts.Rule) error {
		for _, x := range list {
			used = append(used, x.ID+level(x))
		}
		return nil
	})
	if err != nil || !slices.Equal(used, []string{"n7", "b2"}) {
		t.Errorf("%v %v", used, err)
	}
	r.shows("n=7/file b=2/api/over")
	if err := r.book.Delete(t.Context(), "b"); err != nil {
		t.Fatal(err)
	}
	r.shows("n=7/file b=9/file")
}

func TestMarksAreKept(t *testing.T) {
	r := newRig(t)
	var used []alerts.LimitMark
	var fail error
	open := func() *Marks {
		m, err := OpenMarks(t.Context(), r.log, func(_ context.Context, marks []alerts.LimitMark) error {
			if fail == nil {
				used = marks
			}
			return fail
		})
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	m := open()
	for _, set := range []string{"z", "a", "a"} {
		if err := m.Put(t.Context(), alerts.LimitMark{Set: set, VerifiedBy: "Lan", VerifiedAt: now, Print: "p"}); err != nil {
			t.Fatal(err)
		}
	}
	m = open()
	if list := m.List(); len(list) != 2 || list[0].Set != "a" || !slices.Equal(list, used) {
		t.Errorf("%+v, in force %+v", list, used)
	}
	fail = errors.New("the engine refuses")
	if err := m.Delete(t.Context(), "a"); !errors.Is(err, fail) || len(m.List()) != 2 {
		t.Errorf("%v, %+v", err, m.List())
	}
	if m = open(); len(m.List()) != 2 {
		t.Errorf("what was refused is on disk: %+v", m.List())
	}
	fail = nil
	if err := m.Delete(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	if err := m.Delete(t.Context(), "a"); !errors.Is(err, ErrNoMark) {
		t.Errorf("got %v", err)
	}
}

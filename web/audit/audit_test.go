package audit

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"quantrac/ingest/stream"
)

var noon = time.Date(2026, time.November, 24, 5, 0, 0, 0, time.UTC)

func open(t *testing.T) *Log {
	t.Helper()
	log, err := stream.Open(t.Context(), stream.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = log.Close() })
	l, err := Open(t.Context(), log)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func add(t *testing.T, l *Log, e Entry) {
	t.Helper()
	if err := l.Add(t.Context(), e); err != nil {
		t.Fatal(err)
	}
}

// all reads every page of a query.
func all(t *testing.T, l *Log, q Query) (objects []string, pages int) {
	t.Helper()
	for {
		items, next, err := l.Find(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		pages++
		for _, e := range items {
			objects = append(objects, e.Object)
		}
		if next == 0 {
			return objects, pages
		}
		if q.Before != 0 && next >= q.Before {
			t.Fatalf("the cursor does not move: %d after %d", next, q.Before)
		}
		q.Before = next
	}
}

func TestFind(t *testing.T) {
	l := open(t)
	if items, next, err := l.Find(t.Context(), Query{Limit: 10}); len(items) > 0 || next != 0 || err != nil {
		t.Fatal(items, next, err)
	}
	for i := range 10 {
		e := Entry{
			At: noon.Add(time.Duration(i) * 3 * time.Hour), ActorKind: "user", ActorID: "u1", ActorName: "An", Action: "rule.update",
			Object: fmt.Sprint(i), Before: json.RawMessage(`{"a":1}`), From: "192.0.2.1",
		}
		if i%2 == 1 {
			e.ActorID, e.ActorName, e.Action = "u2", "Bình", "rules.reload"
		}
		add(t, l, e)
	}
	for _, tc := range []struct {
		q     Query
		want  string
		pages int
	}{
		{Query{Limit: 100}, "[9 8 7 6 5 4 3 2 1 0]", 1},
		{Query{Limit: 5}, "[9 8 7 6 5 4 3 2 1 0]", 2},
		{Query{Limit: 3}, "[9 8 7 6 5 4 3 2 1 0]", 4},
		{Query{Limit: 9, Actor: "u2"}, "[9 7 5 3 1]", 1},
		{Query{Limit: 2, Actor: "An"}, "[8 6 4 2 0]", 3},
		{Query{Limit: 9, Action: "rule"}, "[8 6 4 2 0]", 1},
		{Query{Limit: 9, Action: "rules.reload"}, "[9 7 5 3 1]", 1},
		{Query{Limit: 9, Action: "rul"}, "[]", 1},
		{Query{Limit: 9, Object: "4"}, "[4]", 1},
		{Query{Limit: 9, From: noon.Add(6 * time.Hour), To: noon.Add(12 * time.Hour)}, "[3 2]", 1},
		{Query{Limit: 9, To: noon}, "[]", 1},
		{Query{Limit: 9, From: noon.Add(1000 * time.Hour)}, "[]", 1},
		{Query{Limit: 9, Before: 1}, "[]", 1},
		{Query{Limit: 9, Before: 1 << 60, Object: "0"}, "[0]", 1},
	} {
		if got, pages := all(t, l, tc.q); fmt.Sprint(got) != tc.want || pages != tc.pages {
			t.Errorf("%+v: %v on %d pages, want %s on %d", tc.q, got, pages, tc.want, tc.pages)
		}
	}
	items, _, err := l.Find(t.Context(), Query{Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	if e := items[0]; e.Sequence != 10 || string(e.Before) != `{"a":1}` || e.After != nil || e.From != "192.0.2.1" || e.ActorName != "Bình" {
		t.Errorf("%+v", e)
	}
}

// A search that finds nothing for long is handed back with a cursor instead of reading on.
func TestSearchIsBounded(t *testing.T) {
	l := open(t)
	const behind = 30
	add(t, l, Entry{At: noon, Action: "a", Object: "needle"})
	for i := range mostScanned + behind - 1 {
		e := Entry{At: noon.Add(time.Duration(i) * time.Second), Action: "a", Object: "hay"}
		b, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		// Without Add's wait for the disk, which is not what this is about.
		if i%100 == 0 {
			add(t, l, e)
		} else if _, err := l.records.Add(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	items, next, err := l.Find(t.Context(), Query{Limit: 10, Object: "needle"})
	if len(items) != 0 || next != behind+1 || err != nil {
		t.Fatalf("%v, next %d, %v", items, next, err)
	}
	if items, next, err = l.Find(t.Context(), Query{Limit: 10, Object: "needle", Before: next}); len(items) != 1 || next != 0 || err != nil {
		t.Fatalf("%v, next %d, %v", items, next, err)
	}
}

func TestOwedEntriesComeFirst(t *testing.T) {
	l := open(t)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for i := range 2 {
		if err := l.Add(gone, Entry{At: noon, Action: "a", Object: fmt.Sprint("owed-", i)}); err == nil {
			t.Fatal("written without a stream")
		}
	}
	add(t, l, Entry{At: noon, Action: "a", Object: "new"})
	if got, _ := all(t, l, Query{Limit: 9}); fmt.Sprint(got) != "[new owed-1 owed-0]" {
		t.Errorf("%v", got)
	}
	for range maxOwed {
		_ = l.Add(gone, Entry{At: noon, Action: "a", Object: "late"})
	}
	if err := l.Add(gone, Entry{At: noon, Action: "a", Object: "lost"}); err == nil || len(l.owed) != maxOwed {
		t.Errorf("%d are owed: %v", len(l.owed), err)
	}
	add(t, l, Entry{At: noon, Action: "a", Object: "again"})
	if got, _ := all(t, l, Query{Limit: 2 * maxOwed}); len(got) != maxOwed+4 || got[0] != "again" || got[1] != "late" {
		t.Errorf("%d entries", len(got))
	}
}

func TestLargeEntry(t *testing.T) {
	l := open(t)
	large := json.RawMessage(`"` + string(bytes.Repeat([]byte("x"), 9<<20)) + `"`)
	add(t, l, Entry{At: noon, Action: "a", Object: "large", Before: large, After: large})
	add(t, l, Entry{At: noon, Action: "a", Object: "next"})
	items, _, err := l.Find(t.Context(), Query{Limit: 9})
	if err != nil || len(items) != 2 || items[1].Before != nil || !bytes.Contains(items[1].After, []byte("omitted")) {
		t.Errorf("%v %v", items, err)
	}
}

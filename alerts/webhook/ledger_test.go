package webhook

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"quantrac/alerts"
	"quantrac/ingest/stream"
)

// ledgerRig is a ledger over a real log.
type ledgerRig struct {
	records *stream.Stream
	bucket  *stream.Bucket
	ledger  *ledger
}

func newLedgerRig(t *testing.T, hooks ...string) *ledgerRig {
	log, err := stream.Open(t.Context(), stream.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = log.Close() })
	r := &ledgerRig{}
	if r.records, err = log.Stream(t.Context(), "DELIVERIES"); err != nil {
		t.Fatal(err)
	}
	if r.bucket, err = log.Bucket(t.Context(), "webhooks"); err != nil {
		t.Fatal(err)
	}
	r.open(t, nil, hooks...)
	return r
}

// open makes a ledger as a start does.
func (r *ledgerRig) open(t *testing.T, places map[string]uint64, hooks ...string) {
	t.Helper()
	r.ledger = newLedger(r.records, r.bucket, slog.New(slog.DiscardHandler))
	saved := newSavedLedger()
	if err := r.bucket.All(t.Context(), saved.take); err != nil {
		t.Fatal(err)
	}
	for _, id := range hooks {
		r.ledger.join(id, 0)
	}
	if err := r.ledger.restore(t.Context(), saved, places); err != nil {
		t.Fatal(err)
	}
}

func (r *ledgerRig) record(t *testing.T, a Attempt) {
	t.Helper()
	if err := r.ledger.record(t.Context(), a); err != nil {
		t.Fatal(err)
	}
}

func ignore(context.Context, *Attempt) error { return nil }

// What the filters and the tail find is what a reading of the whole stream finds, before and after a restart.
func TestOldRecordsAreFoundWithoutBeingHeld(t *testing.T) {
	r := newLedgerRig(t, "wh_a", "wh_b")
	const n = 3*blockRecords + 100
	byAlert, byHook := map[string][]string{}, map[string][]string{}
	for i := range n {
		a := Attempt{
			ID: fmt.Sprintf("msg_%d", i), Webhook: "wh_a", Alert: fmt.Sprintf("alert-%d", i*i%977), Sequence: uint64(i + 1), Attempt: 1, State: Delivered,
		}
		if i%700 == 3 {
			a.Webhook, a.State = "wh_b", Dead
		}
		byAlert[a.Alert] = append(byAlert[a.Alert], a.ID)
		byHook[a.Webhook] = append([]string{a.ID}, byHook[a.Webhook]...)
		r.record(t, a)
	}
	check := func(when string) {
		t.Helper()
		for _, alert := range []string{"alert-0", "alert-1", "alert-976", "alert-4", "nobody"} {
			list, err := r.ledger.ofAlert(t.Context(), alert)
			if err != nil {
				t.Fatal(err)
			}
			if got := ids(list); !slices.Equal(got, byAlert[alert]) {
				t.Errorf("%s: %s has %d records, want %d", when, alert, len(got), len(byAlert[alert]))
			}
		}
		for _, hook := range []string{"wh_a", "wh_b"} {
			var got []string
			before := uint64(1<<64 - 1)
			for more := true; more; {
				list, next, err := r.ledger.page(t.Context(), hook, before, 900, func(*Attempt) bool { return true })
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, ids(list)...)
				if more = next != ""; more {
					_, _ = fmt.Sscan(next, &before)
				}
			}
			if !slices.Equal(got, byHook[hook]) {
				t.Errorf("%s: the pages of %s have %d records, want %d", when, hook, len(got), len(byHook[hook]))
			}
		}
		if _, dead := r.ledger.counts("wh_b"); dead != len(byHook["wh_b"]) {
			t.Errorf("%s: %d dead letters, want %d", when, dead, len(byHook["wh_b"]))
		}
	}
	check("before a fold")
	if err := r.ledger.fold(t.Context(), idle, ignore); err != nil {
		t.Fatal(err)
	}
	check("after a fold")
	if held := len(r.ledger.blocks.byWebhook["wh_a"]) + len(r.ledger.blocks.byWebhook["wh_b"]); held != n%blockRecords || len(r.ledger.recent) != 0 {
		t.Errorf("%d places of records and %d recent ones are held", held, len(r.ledger.recent))
	}
	r.open(t, nil, "wh_a", "wh_b")
	if r.ledger.upto < n {
		t.Errorf("read up to %d", r.ledger.upto)
	}
	check("after a restart")
}

func ids(list []Attempt) []string {
	var out []string
	for _, a := range list {
		out = append(out, a.ID)
	}
	return out
}

// A start reads what lies behind the checkpoint, and no more.
func TestAStartReadsOnlyWhatIsNew(t *testing.T) {
	r := newLedgerRig(t, "wh_a")
	for i := range blockRecords + 50 {
		a := Attempt{ID: fmt.Sprint(i), Webhook: "wh_a", Alert: "a", Sequence: uint64(i + 1), State: Delivered}
		if i == 7 {
			a.State = Retrying
		}
		r.record(t, a)
	}
	if err := r.ledger.fold(t.Context(), idle, ignore); err != nil {
		t.Fatal(err)
	}
	r.record(t, Attempt{ID: "after", Webhook: "wh_a", Alert: "a", Sequence: 5000, State: Delivered})
	r.open(t, map[string]uint64{"wh_a": 4000}, "wh_a")
	u := r.ledger.takeUnfinished("wh_a")
	if len(u.open) != 1 || u.open["7"].State != Retrying {
		t.Errorf("open %v", u.open)
	}
	if _, known := u.known[place{5000, 0}]; len(u.known) != 1 || !known || u.last != 5000 {
		t.Errorf("known %v up to %d", u.known, u.last)
	}
	if held := len(r.ledger.blocks.byWebhook["wh_a"]); held != 51 {
		t.Errorf("%d places are held after the start, want those of the open block", held)
	}
}

// Between two folds the answers of the log may come in any order; what was read of the stream before must not undo them.
func TestAnswersOfTheLogMayOvertakeOneAnother(t *testing.T) {
	r := newLedgerRig(t, "wh_a")
	open, dead := Attempt{ID: "x", Webhook: "wh_a", Alert: "a", Sequence: 1, State: Waiting}, Attempt{ID: "x", Webhook: "wh_a", Alert: "a", Sequence: 1, State: Dead}
	l := r.ledger
	for seq, a := range map[uint64]*Attempt{12: &dead} {
		l.apply(seq, a)
	}
	l.apply(11, &open)
	if n, d := l.counts("wh_a"); n != 0 || d != 1 {
		t.Errorf("%d open, %d dead", n, d)
	}
	if !slices.Equal(l.blocks.byAlert["a"], []uint64{11, 12}) {
		t.Errorf("places %v", l.blocks.byAlert["a"])
	}
}

func TestADeathIsReportedUntilItIsHeardAndOnceOverRestarts(t *testing.T) {
	r := newLedgerRig(t, "wh_a")
	r.record(t, Attempt{ID: "test", Webhook: "wh_a", Type: TestEvent, State: Dead})
	r.record(t, Attempt{ID: "u", Webhook: "wh_a", Type: alerts.Undelivered, Sequence: 1, State: Dead})
	r.record(t, Attempt{ID: "x", Webhook: "wh_a", Type: alerts.Opened, Sequence: 2, State: Dead})
	r.record(t, Attempt{ID: "y", Webhook: "wh_a", Type: alerts.Opened, Sequence: 3, State: Dead})
	var heard []string
	deaf := errors.New("the journal does not answer")
	err := r.ledger.fold(t.Context(), idle, func(_ context.Context, a *Attempt) error {
		if heard = append(heard, a.ID); a.ID == "y" {
			return deaf
		}
		return nil
	})
	if !errors.Is(err, deaf) {
		t.Fatal(err)
	}
	hear := func(_ context.Context, a *Attempt) error {
		heard = append(heard, a.ID)
		return nil
	}
	for range 2 {
		if err := r.ledger.fold(t.Context(), idle, hear); err != nil {
			t.Fatal(err)
		}
	}
	r.open(t, nil, "wh_a")
	if err := r.ledger.fold(t.Context(), idle, hear); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(heard, []string{"x", "y", "y"}) {
		t.Errorf("heard %v", heard)
	}
}

// When one recipient cannot be told, the others are told of that, and he is not.
func TestTheOthersAreToldOfADeath(t *testing.T) {
	bad := newRecipient(t, func(w http.ResponseWriter, _ received) { w.WriteHeader(500) })
	good := newRecipient(t, nil)
	var r *rig
	r = newRig(t, func(o *Options) {
		o.Report = func(_ context.Context, d Death) error {
			ev := sampleEvent()
			ev.Type, ev.By, ev.Comment, ev.At, ev.Made, ev.Alert.ID = alerts.Undelivered, d.Recipient, d.Comment, d.At, d.At, d.Alert
			r.happen(ev)
			return nil
		}
	})
	dead, _ := r.create(Spec{Name: "night shift", URL: bad.URL, Events: []string{"alert.opened", "alert.undelivered"}})
	r.create(Spec{Name: "duty", URL: good.URL})
	r.happen(sampleEvent())
	if got := good.next(t); got.event.Type != "alert.opened" {
		t.Fatalf("got %s", got.event.Type)
	}
	got := good.next(t)
	if got.event.Type != "alert.undelivered" || got.event.Data.By != "webhook:"+dead.ID || !strings.Contains(got.event.Data.Comment, "night shift") {
		t.Errorf("got %s", got.body)
	}
	r.newest(dead.ID, Dead)
	for len(bad.got) > 0 {
		if in := <-bad.got; in.event.Type == "alert.undelivered" {
			t.Error("it was told that it could not be told")
		}
	}
}

func TestDeliveriesAreListedByWhatBecameOfThem(t *testing.T) {
	var mu sync.Mutex
	down := true
	rec := newRecipient(t, func(w http.ResponseWriter, in received) {
		mu.Lock()
		defer mu.Unlock()
		if down && in.event.Data.Alert.ID != "good" {
			w.WriteHeader(500)
		}
	})
	r := newRig(t, func(o *Options) { o.Retries = []time.Duration{time.Millisecond} })
	h, _ := r.create(Spec{URL: rec.URL})
	for _, id := range []string{"bad", "good"} {
		ev := sampleEvent()
		ev.Alert.ID = id
		r.happen(ev)
	}
	list := func(state string) []Attempt {
		t.Helper()
		items, _, err := r.sender.Find(t.Context(), h.ID, Query{State: state})
		if err != nil {
			t.Fatal(err)
		}
		return items
	}
	r.until("one is dead and one delivered", func() bool {
		return len(list(StateDead)) == 1 && len(list(StateDelivered)) == 1 && len(list(StatePending)) == 0
	})
	if v, err := r.sender.Get(h.ID); err != nil || v.Health.Dead != 1 || v.Health.State != HealthOK {
		t.Errorf("view %+v, %v", v.Health, err)
	}
	letter := list(StateDead)[0]
	if letter.Alert != "bad" || letter.Attempt != 2 {
		t.Errorf("dead letter %+v", letter)
	}
	mu.Lock()
	down = false
	mu.Unlock()
	if _, err := r.sender.Redeliver(t.Context(), letter.ID); err != nil {
		t.Fatal(err)
	}
	r.until("no dead letter is left", func() bool { return len(list(StateDead)) == 0 && len(list(StateDelivered)) == 2 })
	if _, _, err := r.sender.Find(t.Context(), h.ID, Query{State: "lost"}); !errors.Is(err, ErrState) {
		t.Errorf("%v", err)
	}
	r.stop()
	r.open(nil)
	if len(list(StateDead)) != 0 || len(list(StateDelivered)) != 2 {
		t.Errorf("after a restart: %d dead, %d delivered", len(list(StateDead)), len(list(StateDelivered)))
	}
}

func TestRedeliverySinceATimeGoesInOrder(t *testing.T) {
	rec := newRecipient(t, nil)
	r := newRig(t, nil)
	h, _ := r.create(Spec{URL: rec.URL})
	send := func(alert string, revision int) string {
		ev := sampleEvent()
		ev.Alert.ID, ev.Alert.Revision = alert, revision
		r.happen(ev)
		return rec.next(t).id
	}
	send("before", 1)
	r.until("it is recorded", func() bool { return len(r.deliveries(h.ID)) == 1 })
	since := time.Now()
	want := []string{send("a", 1), send("a", 2), send("a", 3)}
	r.until("all are recorded", func() bool { return len(r.deliveries(h.ID)) == 4 })
	n, err := r.sender.RedeliverSince(t.Context(), h.ID, since)
	if err != nil || n != 3 {
		t.Fatalf("%d, %v", n, err)
	}
	var got []string
	for range 3 {
		got = append(got, rec.next(t).id)
	}
	if !slices.Equal(got, want) {
		t.Errorf("sent %v, want %v", got, want)
	}
	if n, err := r.sender.RedeliverSince(t.Context(), h.ID, time.Now().Add(time.Hour)); err != nil || n != 0 {
		t.Errorf("of the future: %d, %v", n, err)
	}
}

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"quantrac/alerts"
	"quantrac/alerts/journal"
	"quantrac/alerts/webhook"
	"quantrac/geo"
	"quantrac/ingest"
	"quantrac/ingest/stream"
)

// A recipient is down for eight hours while alerts open, escalate and end, and the program restarts again and again. Each notice comes
// once in the end, those of an alert in order, and what nobody acknowledged was escalated once.
func TestARecipientThatIsDownForEightHours(t *testing.T) {
	d := newDowntime(t)
	d.at(0)
	d.say("s1", 150) // stands, and nobody looks
	d.run(5*time.Minute, 65*time.Minute)
	d.say("s2", 150)
	d.run(5*time.Minute, 70*time.Minute)
	d.say("s2", 20)
	d.run(5*time.Minute, 90*time.Minute)
	d.say("s2", 20) // ends after 25 minutes, so that it is not escalated
	d.run(30*time.Minute, 8*time.Hour)
	if n := len(d.hook.taken()); n != 0 {
		t.Fatalf("%d notices were taken while the recipient was down", n)
	}
	if d.hook.asked() < 10 {
		t.Fatalf("it was tried %d times: the test would prove nothing", d.hook.asked())
	}
	d.hook.up()
	d.run(30*time.Minute, 9*time.Hour)
	d.say("s1", 20)
	d.run(30*time.Minute, 10*time.Hour)
	d.say("s1", 20)
	d.run(time.Hour, 20*time.Hour)

	got := map[string][]string{}
	for _, n := range d.hook.taken() {
		got[n.station] = append(got[n.station], fmt.Sprintf("%s %d", n.event, n.revision))
	}
	want := map[string][]string{
		"s1": {"alert.opened 1", "alert.escalated 2", "alert.resolved 3"},
		"s2": {"alert.opened 1", "alert.resolved 2"},
	}
	for station := range want {
		if !slices.Equal(got[station], want[station]) {
			t.Errorf("%s: told %q, want %q", station, got[station], want[station])
		}
	}
	escalations := 0
	for _, ev := range d.events() {
		if ev.Type == alerts.Escalated {
			escalations++
		}
	}
	if escalations != 1 {
		t.Errorf("%d escalations", escalations)
	}
}

// downtime is journal, clock and sender at a time of their own.
type downtime struct {
	t       *testing.T
	begin   time.Time
	now     time.Time
	log     *stream.Log
	journal *journal.Journal
	judge   *journal.Judge
	batch   uint64
	hook    *downHook
	sender  *webhook.Sender
}

func newDowntime(t *testing.T) *downtime {
	t.Helper()
	d := &downtime{t: t, begin: time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC), hook: &downHook{down: true}}
	d.now = d.begin
	var err error
	if d.log, err = stream.Open(t.Context(), stream.Options{Dir: t.TempDir()}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.log.Close() })
	file := geo.File{Parks: []geo.Park{{ID: "park", Name: geo.Text{VI: "Khu", EN: "Park"}, Location: geo.Point{106.9, 10.9}, PrecisionKM: 1}}}
	for _, id := range []string{"s1", "s2"} {
		file.Stations = append(file.Stations, geo.Station{
			ID: id, Name: geo.Text{VI: id, EN: id}, Park: "park", Kind: geo.Effluent, Location: geo.Point{106.9, 10.9}, Parameters: []string{"cod"},
			Limits: []geo.Assignment{{Set: "qcvn40-2011", Column: "A", Kq: 1, Kf: 1}},
		})
	}
	reg, problems := geo.NewRegistry(file)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	rules, problems := alerts.CheckRules(alerts.RulesFile{Rules: []alerts.Rule{{
		ID: "over", Levels: map[string]alerts.Level{"critical": {Multiple: 1}},
	}}}, nil, nil)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if d.journal, err = journal.Open(t.Context(), d.log); err != nil {
		t.Fatal(err)
	}
	engine := alerts.NewEngine(alerts.EngineConfig{Rules: rules, Limits: alerts.BuiltinLimits(), Registry: reg, Catalogue: ingest.BuiltinCatalogue()})
	d.judge, _, err = journal.OpenJudge(t.Context(), d.log, journal.JudgeConfig{
		Engine: engine, Journal: d.journal, Now: func() time.Time { return d.now },
		Head:       func(context.Context) (uint64, error) { return d.batch, nil },
		Escalation: journal.Escalation{After: 30 * time.Minute, From: alerts.Critical},
	})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(d.hook)
	t.Cleanup(server.Close)
	d.open()
	_, _, err = d.sender.Create(t.Context(), webhook.Spec{
		Name: "duty", URL: server.URL, Events: []string{"alert.opened", "alert.updated", "alert.resolved", "alert.escalated"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *downtime) open() {
	d.t.Helper()
	now := d.now // it stands still while this sender lives
	var err error
	d.sender, err = webhook.Open(d.t.Context(), webhook.Options{
		Log: d.log, Events: d.journal.Events, AllowPrivate: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
		LastEvent: func(context.Context) (uint64, error) { return d.journal.LastSequence(), nil }, Now: func() time.Time { return now },
	})
	if err != nil {
		d.t.Fatal(err)
	}
}

// at moves the time, tells the judge, and lets a sender of that time do all that is due.
func (d *downtime) at(since time.Duration) {
	d.t.Helper()
	d.now = d.begin.Add(since)
	if err := d.judge.Turn(d.t.Context()); err != nil {
		d.t.Fatal(err)
	}
	d.open()
	ctx, stop := context.WithCancel(d.t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = d.sender.Run(ctx) })
	eventually(d.t, 20*time.Second, "nothing is due any more", d.idle)
	stop()
	running.Wait()
}

// idle reports that every event is queued, and the first of every alert waits for a later time.
func (d *downtime) idle() bool {
	d.t.Helper()
	list, _, err := d.sender.Find(d.t.Context(), d.sender.List()[0].ID, webhook.Query{Limit: 1000})
	if err != nil {
		d.t.Fatal(err)
	}
	known := map[string]bool{}
	first := map[string]webhook.Attempt{} // of each alert, the oldest event that is open, as it is now
	for _, a := range list {              // newest first
		if known[a.ID] {
			continue
		}
		known[a.ID] = true
		open := a.State == webhook.Waiting || a.State == webhook.Retrying
		if oldest, ok := first[a.Alert]; open && (!ok || a.Sequence < oldest.Sequence) {
			first[a.Alert] = a
		}
	}
	for _, a := range first {
		if a.State != webhook.Retrying || !a.NextAt.After(d.now) {
			return false
		}
	}
	return len(known) == len(d.events())
}

// run lets the time pass in steps up to a time.
func (d *downtime) run(step, until time.Duration) {
	d.t.Helper()
	for at := d.now.Sub(d.begin); at < until; {
		at += step
		d.at(at)
	}
}

// say is a reading of now.
func (d *downtime) say(station string, cod float64) {
	d.t.Helper()
	d.batch++
	err := d.judge.Consume(d.t.Context(), []stream.Batch{{Sequence: d.batch, Entries: []ingest.Intake{{Readings: []ingest.Reading{{
		Station: station, Parameter: "cod", Value: cod, Usable: true, MeasuredAt: d.now, ReceivedAt: d.now,
	}}}}}})
	if err != nil {
		d.t.Fatal(err)
	}
}

// events are all that the journal has.
func (d *downtime) events() []alerts.Event {
	d.t.Helper()
	found, _, err := d.journal.List(alerts.Query{Limit: 100})
	if err != nil {
		d.t.Fatal(err)
	}
	var all []alerts.Event
	for _, a := range found {
		_, timeline, _, err := d.journal.Get(d.t.Context(), a.ID)
		if err != nil {
			d.t.Fatal(err)
		}
		all = append(all, timeline...)
	}
	return all
}

// downHook is a recipient that answers 503 until it is up.
type downHook struct {
	mu      sync.Mutex
	down    bool
	tries   int
	notices []notice
}

type notice struct {
	station, event string
	revision       int
}

func (h *downHook) up() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.down = false
}

func (h *downHook) asked() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.tries
}

func (h *downHook) taken() []notice {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.notices)
}

func (h *downHook) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	var in struct {
		Type string `json:"type"`
		Data struct{ Alert alerts.Alert }
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.tries++
	if h.down || json.Unmarshal(body, &in) != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	h.notices = append(h.notices, notice{in.Data.Alert.Station.ID, in.Type, in.Data.Alert.Revision})
}

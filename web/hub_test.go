package web

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"
	"github.com/prometheus/client_golang/prometheus"

	"quantrac/alerts"
	"quantrac/geo"
)

// seen is a frame as a client reads it.
type seen struct {
	Type     string
	Sequence uint64
	Epoch    string
	Stations []struct{ ID string }
	Alerts   []struct{ ID string }
	Items    []struct {
		Station, Parameter string
		Value              float64
	}
	Station struct{ ID string }
	Alert   struct {
		ID       string
		Revision int
	}
}

func parse(t *testing.T, encoded []byte) seen {
	t.Helper()
	var f seen
	if err := json.Unmarshal(encoded, &f); err != nil {
		t.Fatalf("%v in %s", err, encoded)
	}
	return f
}

// drain takes all that waits for a client.
func drain(t *testing.T, c *client) (frames []seen, end ending) {
	t.Helper()
	for {
		p, end := c.next()
		if p == nil {
			return frames, end
		}
		frames = append(frames, parse(t, p.encoded))
	}
}

func kinds(frames []seen) string {
	var out []string
	for _, f := range frames {
		out = append(out, f.Type)
	}
	return strings.Join(out, " ")
}

func newTestHub(reg *geo.Registry) *Hub {
	return NewHub(HubState{
		Stations: func() []alerts.StationView {
			return []alerts.StationView{{ID: "amata-01"}, {ID: "amata-02"}, {ID: "loteco-01"}, {ID: "river-01"}}
		},
		Alerts:   func() []alerts.Alert { return []alerts.Alert{alertAt("amata-02", "open", 1)} },
		Hotspots: func() any { return geo.HotspotSet{} },
		Place:    placeIn(func() *geo.Registry { return reg }),
	}, NewMetrics(nil))
}

func alertAt(station, id string, revision int) alerts.Alert {
	return alerts.Alert{ID: id, Revision: revision, Station: alerts.Where{ID: station}}
}

func reading(station string, v float64) alerts.LiveReading {
	return alerts.LiveReading{Station: station, Parameter: "cod", Value: &v}
}

func subscribed(t *testing.T, h *Hub, f filter) *client {
	t.Helper()
	c := newClient(h, "")
	if !h.join(c) {
		t.Fatal("the hub is full")
	}
	h.subscribe(c, f)
	return c
}

func TestHubFilters(t *testing.T) {
	h := newTestHub(smallRegistry(t))
	set := func(ids ...string) map[string]bool {
		m := map[string]bool{}
		for _, id := range ids {
			m[id] = true
		}
		return m
	}
	north := &[4]float64{106.8, 10.93, 107.0, 11.0}
	cases := []struct {
		name   string
		filter filter
		want   []string
	}{
		{"everything", filter{}, []string{"amata-01", "amata-02", "loteco-01", "river-01"}},
		{"a park", filter{parks: set("amata")}, []string{"amata-01", "amata-02"}},
		{"a station", filter{stations: set("river-01")}, []string{"river-01"}},
		{"a park and a station", filter{parks: set("loteco"), stations: set("amata-01")}, []string{"amata-01", "loteco-01"}},
		{"a box", filter{box: north}, []string{"amata-01", "amata-02"}},
		{"west of a box", filter{box: &[4]float64{107.0, 10, 108, 12}}, []string{"river-01"}},
		{"east of a box", filter{box: &[4]float64{106, 10, 107.0, 12}}, []string{"amata-01", "amata-02", "loteco-01"}},
		{"north of a box", filter{box: &[4]float64{106, 10, 108, 11.0}}, []string{"amata-01", "amata-02", "loteco-01"}},
		{"a station in a box", filter{stations: set("amata-01", "river-01"), box: north}, []string{"amata-01"}},
		{"nobody", filter{parks: set("nowhere")}, nil},
	}
	clients := make([]*client, len(cases))
	for i, tc := range cases {
		clients[i] = subscribed(t, h, tc.filter)
	}
	ids := []string{"amata-01", "amata-02", "loteco-01", "river-01"}
	var items []alerts.LiveReading
	for i, id := range ids {
		items = append(items, reading(id, float64(i)))
		h.Station(alerts.StationView{ID: id})
		h.Alert(alertAt(id, "of "+id, 1))
	}
	h.Readings(items)
	h.Hotspots(geo.HotspotSet{})
	for i, tc := range cases {
		frames, _ := drain(t, clients[i])
		var snapshot, stations, alertsOf, readings []string
		last := uint64(0)
		for _, f := range frames {
			if f.Sequence <= last {
				t.Errorf("%s: sequence %d behind %d", tc.name, f.Sequence, last)
			}
			last = f.Sequence
			switch f.Type {
			case "snapshot":
				for _, s := range f.Stations {
					snapshot = append(snapshot, s.ID)
				}
				if open := len(f.Alerts) == 1; open != slices.Contains(tc.want, "amata-02") {
					t.Errorf("%s: open alerts %v", tc.name, f.Alerts)
				}
			case "station":
				stations = append(stations, f.Station.ID)
			case "alert":
				alertsOf = append(alertsOf, strings.TrimPrefix(f.Alert.ID, "of "))
			case "readings":
				for _, it := range f.Items {
					readings = append(readings, it.Station)
				}
			}
		}
		if frames[0].Type != "snapshot" || frames[len(frames)-1].Type != "hotspots" {
			t.Errorf("%s: frames %s", tc.name, kinds(frames))
		}
		for what, got := range map[string][]string{"snapshot": snapshot, "station": stations, "alert": alertsOf, "readings": readings} {
			if !slices.Equal(got, tc.want) {
				t.Errorf("%s: %s of %v, want %v", tc.name, what, got, tc.want)
			}
		}
	}
}

func TestReadingsOfOneFrameAreTheNewest(t *testing.T) {
	h := newTestHub(smallRegistry(t))
	c := subscribed(t, h, filter{})
	h.Readings([]alerts.LiveReading{reading("amata-01", 1), reading("amata-02", 5), reading("amata-01", 2)})
	h.Readings(nil)
	frames, _ := drain(t, c)
	if len(frames) != 2 || len(frames[1].Items) != 2 || frames[1].Items[0].Station != "amata-02" || frames[1].Items[1].Value != 2 {
		t.Errorf("got %+v", frames)
	}
}

func TestResume(t *testing.T) {
	h := newTestHub(smallRegistry(t))
	c := subscribed(t, h, filter{}) // 1
	for i := range 5 {
		h.Readings([]alerts.LiveReading{reading("amata-01", float64(i))}) // 2 to 6
	}
	h.Alert(alertAt("amata-01", "a", 1)) // 7
	frames, _ := drain(t, c)
	epoch := frames[0].Epoch
	come := func(epoch string, after uint64, f filter) []seen {
		t.Helper()
		c := newClient(h, "")
		h.resume(c, f, epoch, after)
		frames, end := drain(t, c)
		if end.code != 0 {
			t.Errorf("closed with %v", end)
		}
		return frames
	}
	if got := come(epoch, 4, filter{}); kinds(got) != "readings readings alert" || got[0].Sequence != 5 {
		t.Errorf("behind 4: %s from %d", kinds(got), got[0].Sequence)
	}
	if got := come(epoch, 7, filter{}); len(got) != 0 {
		t.Errorf("nothing was missed: %s", kinds(got))
	}
	if got := come(epoch, 4, filter{stations: map[string]bool{"river-01": true}}); len(got) != 0 {
		t.Errorf("the filter holds for what was missed: %s", kinds(got))
	}
	for name, got := range map[string][]seen{
		"another process": come("other", 4, filter{}), "no epoch": come("", 4, filter{}), "the future": come(epoch, 1000, filter{}), "the end of numbers": come(epoch, 1<<64-1, filter{}),
	} {
		if kinds(got) != "snapshot" {
			t.Errorf("%s: %s", name, kinds(got))
		}
	}
	// A snapshot to one client makes no gap for another.
	if got := come(epoch, 6, filter{}); kinds(got) != "alert" {
		t.Errorf("behind 6: %s", kinds(got))
	}
	for range maxReplay + 1 {
		h.Alert(alertAt("amata-01", "a", 1))
	}
	if got := come(epoch, 7, filter{}); kinds(got) != "snapshot" {
		t.Errorf("more missed than a snapshot is worth: %d frames", len(got))
	}
}

// While nobody listens nothing is kept; a client that was away for a moment still gets what it missed, one that was away for longer
// a snapshot, which knows everything.
func TestNobodyListens(t *testing.T) {
	now := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	h := newTestHub(smallRegistry(t))
	h.state.Now = func() time.Time { return now }
	if h.Listened() {
		t.Error("somebody listens to a new hub")
	}
	c := subscribed(t, h, filter{})
	frames, _ := drain(t, c)
	if !h.Listened() {
		t.Error("a client is not seen")
	}
	h.leave(c)
	now = now.Add(returnTime / 2)
	if !h.Listened() {
		t.Error("a client that may come back is forgotten")
	}
	h.Readings([]alerts.LiveReading{reading("amata-01", 1)})
	come := func() string {
		again := newClient(h, "")
		h.resume(again, filter{}, frames[0].Epoch, frames[0].Sequence)
		got, _ := drain(t, again)
		return kinds(got)
	}
	if got := come(); got != "readings" {
		t.Errorf("back in time: %s", got)
	}
	now = now.Add(returnTime)
	if h.Listened() {
		t.Error("somebody listens after all have gone")
	}
	if got := come(); got != "snapshot" {
		t.Errorf("back too late: %s", got)
	}
}

func TestRingIsBounded(t *testing.T) {
	h := newTestHub(smallRegistry(t))
	c := newClient(h, "")
	h.subscribe(c, filter{})
	for range 3 * ringFrames {
		h.Hotspots(nil)
	}
	if len(h.ring) > ringFrames || h.ring[0].sequence != h.forgotten+1 {
		t.Errorf("%d frames from %d, forgotten %d", len(h.ring), h.ring[0].sequence, h.forgotten)
	}
	if h.replay(c, filter{}, h.epoch, h.forgotten-1) {
		t.Error("a frame that is forgotten was not missed")
	}
	if !h.replay(c, filter{}, h.epoch, h.sequence-1) {
		t.Error("the newest frame is known")
	}
	many := make([]alerts.LiveReading, ringItems+1)
	for i := range many {
		many[i] = alerts.LiveReading{Station: fmt.Sprint(i), Parameter: "cod"}
	}
	h.Readings(many)
	if len(h.ring) != 0 || h.held != 0 || h.forgotten != h.sequence {
		t.Errorf("more items than the ring may hold: %d frames, %d items", len(h.ring), h.held)
	}
	// Here only h.forgotten tells that something was missed: the ring has fewer frames than maxReplay.
	if h.replay(c, filter{}, h.epoch, h.sequence-1) {
		t.Error("a frame that never was in the ring was not missed")
	}
	h.Hotspots(nil)
	if len(h.ring) != 1 {
		t.Errorf("%d frames", len(h.ring))
	}
}

func TestSlowClientIsCoalesced(t *testing.T) {
	reg := prometheus.NewRegistry()
	h := newTestHub(smallRegistry(t))
	h.metrics = NewMetrics(reg)
	for _, f := range []filter{{}, {parks: map[string]bool{"amata": true}}} {
		c := subscribed(t, h, f)
		for i := range 1000 {
			h.Readings([]alerts.LiveReading{reading("amata-01", float64(i)), reading("amata-02", float64(-i))})
		}
		h.Alert(alertAt("amata-01", "a", 1))
		for i := range 1000 {
			h.Readings([]alerts.LiveReading{reading("amata-01", float64(1000+i))})
		}
		frames, end := drain(t, c)
		if len(frames) != coalesceAbove+3 || end.code != 0 { // snapshot and readings, then newest, alert, newest
			t.Fatalf("%d frames, %v", len(frames), end)
		}
		tail := frames[coalesceAbove:]
		if kinds(tail) != "readings alert readings" || tail[0].Items[0].Value != 999 || tail[0].Items[1].Value != -999 || tail[2].Items[0].Value != 1999 {
			t.Errorf("the tail: %+v", tail)
		}
		for i := 1; i < len(frames); i++ {
			if frames[i].Sequence <= frames[i-1].Sequence {
				t.Errorf("sequence %d behind %d", frames[i].Sequence, frames[i-1].Sequence)
			}
		}
	}
	figures, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range figures {
		if n := f.GetMetric()[0].GetCounter().GetValue(); f.GetName() == "quantrac_ws_dropped_total" && n < 3000 {
			t.Errorf("%g values counted as left out", n)
		}
	}
}

func TestTooSlowClientIsCutAndNobodyElse(t *testing.T) {
	h := newTestHub(smallRegistry(t))
	slow, quick := subscribed(t, h, filter{}), subscribed(t, h, filter{})
	got := 0
	for i := range maxWaiting {
		h.Alert(alertAt("amata-01", fmt.Sprint(i), 1))
		frames, end := drain(t, quick)
		if got += len(frames); end.code != 0 {
			t.Fatalf("the quick one is closed: %v", end)
		}
	}
	if got != maxWaiting+1 {
		t.Errorf("the quick one got %d frames", got)
	}
	frames, end := drain(t, slow)
	if end.code != websocket.CloseTryAgainLater || end.reason == "" || len(frames) != 0 {
		t.Errorf("the slow one: %v after %d frames", end, len(frames))
	}
}

func TestWaitingBytesAreBounded(t *testing.T) {
	h := newTestHub(smallRegistry(t))
	c := subscribed(t, h, filter{})
	big := alertAt("amata-01", "a", 1)
	big.Cause = strings.Repeat("x", 1<<20)
	sent := 0
	for c.size <= maxWaitingBytes && sent < 100 {
		if _, end := c.take(); end.code != 0 {
			break
		}
		for range 2 {
			h.Alert(big)
			sent++
		}
	}
	if _, end := c.next(); end.code != websocket.CloseTryAgainLater || sent > 40 {
		t.Errorf("%v after %d MiB", end, sent)
	}
	if c.size != 0 || c.waiting != nil {
		t.Errorf("%d bytes are kept of a client that is cut", c.size)
	}
}

// A snapshot of many stations takes long. The others get their frames meanwhile, and its own client gets them behind it.
func TestSnapshotHoldsNobodyUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newTestHub(smallRegistry(t))
		other := subscribed(t, h, filter{})
		drain(t, other)
		release := make(chan struct{})
		h.state.Stations = func() []alerts.StationView { <-release; return nil }
		c := newClient(h, "")
		h.join(c)
		go h.subscribe(c, filter{})
		synctest.Wait()
		h.Alert(alertAt("amata-01", "a", 1)) // would deadlock if the snapshot held the hub
		if frames, _ := drain(t, other); kinds(frames) != "alert" {
			t.Errorf("the other got %s", kinds(frames))
		}
		if frames, _ := drain(t, c); len(frames) != 0 {
			t.Errorf("before the snapshot: %s", kinds(frames))
		}
		close(release)
		synctest.Wait()
		if frames, _ := drain(t, c); kinds(frames) != "snapshot alert" {
			t.Errorf("got %s", kinds(frames))
		}
	})
}

func TestHubCloseAndRevoke(t *testing.T) {
	h := newTestHub(smallRegistry(t))
	a, b := newClient(h, "token-a"), newClient(h, "token-b")
	h.join(a)
	h.join(b)
	h.revoke("gone", "token-a")
	if _, end := a.next(); end.code != websocket.ClosePolicyViolation {
		t.Errorf("its token is gone: %v", end)
	}
	if _, end := b.next(); end.code != 0 {
		t.Errorf("the other's token is there: %v", end)
	}
	h.leave(a)
	h.Close()
	if _, end := b.next(); end.code != websocket.CloseGoingAway {
		t.Errorf("closed: %v", end)
	}
	if h.join(newClient(h, "")) {
		t.Error("a closed hub takes clients")
	}
	full := newTestHub(smallRegistry(t))
	for range maxClients {
		full.join(newClient(full, ""))
	}
	if full.join(newClient(full, "")) {
		t.Error("a full hub takes clients")
	}
}

// However fast a client reads, it ends with the newest of everything and has seen every alert, in order.
func TestAnyPaceEndsInTheSameState(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	h := newTestHub(smallRegistry(t))
	paces := []float64{1, 0.5, 0.1, 0.02, 0}
	clients := make([]*client, len(paces))
	frames := make([][]seen, len(paces))
	for i := range paces {
		clients[i] = subscribed(t, h, filter{})
	}
	newest, said := map[string]float64{}, 0
	ids := []string{"amata-01", "amata-02", "loteco-01", "river-01"}
	for step := range 5000 {
		switch id := ids[rng.IntN(len(ids))]; {
		case said < maxWaiting/4 && rng.IntN(20) == 0:
			said++
			h.Alert(alertAt(id, "a", said))
		default:
			h.Readings([]alerts.LiveReading{reading(id, float64(step))})
			newest[id] = float64(step)
		}
		for i, pace := range paces {
			if rng.Float64() < pace {
				if p, _ := clients[i].next(); p != nil {
					frames[i] = append(frames[i], parse(t, p.encoded))
				}
			}
		}
	}
	for i, pace := range paces {
		rest, end := drain(t, clients[i])
		if end.code != 0 {
			t.Fatalf("pace %g: cut off with %v", pace, end)
		}
		got, revision, last := map[string]float64{}, 0, uint64(0)
		for _, f := range append(frames[i], rest...) {
			if f.Sequence <= last {
				t.Fatalf("pace %g: sequence %d behind %d", pace, f.Sequence, last)
			}
			last = f.Sequence
			for _, it := range f.Items {
				got[it.Station] = it.Value
			}
			if f.Type == "alert" {
				if f.Alert.Revision != revision+1 {
					t.Fatalf("pace %g: alert %d behind %d", pace, f.Alert.Revision, revision)
				}
				revision++
			}
		}
		if !maps.Equal(got, newest) || revision != said {
			t.Errorf("pace %g: %v and %d alerts, want %v and %d", pace, got, revision, newest, said)
		}
	}
}

// Senders, clients that come, read, resubscribe and go, all at once: for the race detector.
func TestHubUnderRace(t *testing.T) {
	h := newTestHub(smallRegistry(t))
	var senders, readers sync.WaitGroup
	for i := range 4 {
		senders.Go(func() {
			for n := range 500 {
				switch i {
				case 0:
					h.Alert(alertAt("amata-01", "a", n))
				case 1:
					h.Station(alerts.StationView{ID: "amata-01"})
				default:
					h.Readings([]alerts.LiveReading{reading("amata-01", float64(n))})
				}
			}
		})
	}
	for i := range 8 {
		readers.Go(func() {
			c := newClient(h, fmt.Sprint(i%2))
			h.join(c)
			defer h.leave(c)
			for n := range 300 {
				switch n % 100 {
				case 0:
					h.subscribe(c, filter{parks: map[string]bool{"amata": true}})
				case 50:
					h.resume(c, filter{}, h.epoch, uint64(n))
				}
				c.next()
			}
		})
	}
	readers.Go(func() { h.revoke("gone", "1") })
	senders.Wait()
	readers.Wait()
	h.Close()
}

package alerts_test

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"quantrac/alerts"
	"quantrac/ingest"
)

func newLive(t testing.TB, stations int) *alerts.Live {
	return alerts.NewLive(alerts.LiveConfig{Registry: world(t, stations), Limits: alerts.BuiltinLimits()})
}

func minutes(n float64) time.Time { return midnight.Add(time.Duration(n * float64(time.Minute))) }

func TestStationShape(t *testing.T) {
	l := newLive(t, 1)
	r := reading("s0", "cod", midnight, 27)
	r.Unit, r.Flags = "mg/L", ingest.UnitConverted
	broken := reading("s0", "ph", midnight, math.NaN())
	broken.Usable, broken.Flags = false, ingest.NaNLiteral
	l.Apply([]ingest.Reading{r, broken})
	v, _ := l.Station("s0")
	const want = `{"id":"s0","name":{"vi":"KCN Amata","en":"Amata"},"park":"amata","kind":"effluent","location":[106.9,10.9],` +
		`"parameters":["cod","tss","nh4_n","ph","temp","tn","flow_in","flow_out"],"state":"good","index":0.4,"latest":{` +
		`"cod":{"value":27,"unit":"mg/L","status":"measuring","flags":["unit_converted"],"measured_at":"2026-11-24T00:00:00Z","received_at":"2026-11-24T00:00:02Z","limit":67.5,"limit_min":null,"limit_max":67.5,"ratio":0.4},` +
		`"ph":{"value":null,"unit":"","status":"measuring","flags":["nan_literal"],"measured_at":"2026-11-24T00:00:00Z","received_at":"2026-11-24T00:00:02Z","limit":9,"limit_min":6,"limit_max":9,"ratio":null}}}`
	if got := encode(t, v); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	silent, _ := newLive(t, 1).Station("s0")
	if silent.State != alerts.Offline || silent.Index != nil || encode(t, silent.Latest) != "{}" {
		t.Errorf("a station that never spoke: %+v", silent)
	}
	if _, ok := l.Station("nobody"); ok {
		t.Error("found a station that is not in the registry")
	}
}

// Many deliveries at once give the newest of each series once, and nothing where nobody wants it; the state is the same.
func TestFold(t *testing.T) {
	deliveries := func(yield func([]ingest.Reading) bool) {
		for i := range 3 {
			if !yield([]ingest.Reading{reading("s0", "cod", minutes(float64(5*i)), 100+float64(i)), reading("s1", "ph", minutes(float64(5*i)), 7)}) {
				return
			}
		}
	}
	told, untold := newLive(t, 2), newLive(t, 2)
	items, changed := told.Fold(deliveries, func() bool { return true })
	if len(items) != 2 || *items[0].Value != 102 || items[1].Station != "s1" || len(changed) != 2 {
		t.Errorf("items %s, changed %v", encode(t, items), changed)
	}
	if items, changed := untold.Fold(deliveries, func() bool { return false }); items != nil || len(changed) != 2 {
		t.Errorf("items %s, changed %v", encode(t, items), changed)
	}
	if a, b := encode(t, told.Stations()), encode(t, untold.Stations()); a != b {
		t.Errorf("told %s\nuntold %s", a, b)
	}
	if items, _ := told.Fold(deliveries, func() bool { t.Error("asked about nothing"); return true }); items != nil {
		t.Errorf("old readings are told: %s", encode(t, items))
	}
}

func TestApplyItems(t *testing.T) {
	l := newLive(t, 1)
	items, changed := l.Apply([]ingest.Reading{
		reading("s0", "cod", minutes(5), 135), reading("s0", "cod", minutes(0), 1), reading("s0", "cod", minutes(5), 2),
		reading("nobody", "cod", minutes(5), 2), reading("s0", "flow_in", minutes(5), 80),
	})
	if len(items) != 2 || *items[0].Value != 135 || *items[0].Ratio != 2 || items[1].Ratio != nil || !slices.Equal(changed, []string{"s0"}) {
		t.Errorf("items %s, changed %v", encode(t, items), changed)
	}
	if v, _ := l.Station("s0"); *v.Latest["cod"].Value != 135 || v.State != alerts.Exceed || *v.Index != 2 {
		t.Errorf("newest moved back: %+v", v)
	}
	if _, changed := l.Apply([]ingest.Reading{reading("s0", "cod", minutes(6), 140)}); len(changed) != 0 {
		t.Errorf("still exceed, but changed %v", changed)
	}
	if d := l.Dirty(); !slices.Equal(d, []string{"s0"}) {
		t.Errorf("dirty %v", d)
	}
	if d := l.Dirty(); len(d) != 0 {
		t.Errorf("dirty again %v", d)
	}
}

// The state is the first that applies; each line adds something that hides what came before, read from the bottom.
func TestStates(t *testing.T) {
	calibrating := reading("s0", "tss", minutes(20), 10)
	calibrating.Status, calibrating.Usable = ingest.Calibrating, false
	fault := reading("s0", "nh4_n", minutes(20), 10)
	fault.Status, fault.Usable = ingest.Fault, false
	dry := []ingest.Reading{
		reading("s0", "flow_out", minutes(5), 0), reading("s0", "flow_out", minutes(10), 0),
		reading("s0", "flow_out", minutes(15), 0), reading("s0", "flow_out", minutes(20), 0),
	}
	l := newLive(t, 1)
	for _, c := range []struct {
		readings []ingest.Reading
		want     alerts.State
	}{
		{[]ingest.Reading{reading("s0", "cod", minutes(20), 33.7)}, alerts.Good},
		{[]ingest.Reading{reading("s0", "ph", minutes(20), 8.84)}, alerts.Good},
		{[]ingest.Reading{reading("s0", "temp", minutes(20), 37.9)}, alerts.Good},
		{[]ingest.Reading{reading("s0", "cod", minutes(21), 33.75)}, alerts.Tendency},
		{[]ingest.Reading{reading("s0", "cod", minutes(22), 47.25)}, alerts.Preparing},
		{dry[:3], alerts.Preparing},
		{dry[3:], alerts.NoDischarge},
		{[]ingest.Reading{calibrating}, alerts.Calibrating},
		{[]ingest.Reading{fault}, alerts.Fault},
		{[]ingest.Reading{reading("s0", "cod", minutes(23), 67.5)}, alerts.Exceed},
	} {
		l.Apply(c.readings)
		if v, _ := l.Station("s0"); v.State != c.want {
			t.Errorf("after %s %g: %s, want %s", c.readings[0].Parameter, c.readings[0].Value, v.State, c.want)
		}
	}
	l.Apply([]ingest.Reading{
		reading("s0", "flow_out", minutes(24), 3), reading("s0", "cod", minutes(24), 20),
		reading("s0", "tss", minutes(24), 3), reading("s0", "nh4_n", minutes(24), 1),
	})
	if v, _ := l.Station("s0"); v.State != alerts.Good {
		t.Errorf("all is well again, but %s", v.State)
	}
	for at, want := range map[float64]alerts.State{8.85: alerts.Preparing, 9: alerts.Exceed} {
		l := newLive(t, 1)
		l.Apply([]ingest.Reading{reading("s0", "ph", minutes(0), at)})
		if v, _ := l.Station("s0"); v.State != want {
			t.Errorf("pH %g: %s, want %s", at, v.State, want)
		}
	}
}

func TestOffline(t *testing.T) {
	l := newLive(t, 2)
	l.Apply([]ingest.Reading{reading("s0", "cod", minutes(0), 10)})
	if changed := l.Tick(minutes(14.9)); len(changed) != 0 {
		t.Errorf("changed %v", changed)
	}
	if changed := l.Tick(minutes(15)); !slices.Equal(changed, []string{"s0"}) {
		t.Errorf("changed %v", changed)
	}
	// Back-fill does not bring a station back; time does not run back either.
	l.Tick(minutes(30))
	if _, changed := l.Apply([]ingest.Reading{reading("s0", "cod", minutes(15), 10)}); len(changed) != 0 {
		t.Errorf("old data changed %v", changed)
	}
	l.Tick(minutes(3))
	if v, _ := l.Station("s0"); v.State != alerts.Offline {
		t.Errorf("state %s", v.State)
	}
	if _, changed := l.Apply([]ingest.Reading{reading("s0", "cod", minutes(31), 10)}); !slices.Equal(changed, []string{"s0"}) {
		t.Errorf("changed %v", changed)
	}
	if n := l.StateCounts(); n[alerts.Good] != 1 || n[alerts.Offline] != 1 || len(n) != len(alerts.States()) {
		t.Errorf("counts %v", n)
	}
}

func TestParks(t *testing.T) {
	l := newLive(t, 6)
	park := func(id string) alerts.ParkView {
		v, ok := l.Park(id)
		if !ok {
			t.Fatal("no park ", id)
		}
		return v
	}
	if v := park("amata"); v.State != alerts.Offline || v.Index != nil || !slices.Equal(v.Stations, []string{"s0", "s2", "s4"}) {
		t.Errorf("%+v", v)
	}
	l.Apply([]ingest.Reading{
		reading("s0", "cod", minutes(0), 135), reading("s0", "tss", minutes(0), 46), reading("s0", "flow_in", minutes(0), 5),
		reading("s2", "cod", minutes(1), 10), reading("s2", "flow_in", minutes(1), 6), reading("s1", "ph", minutes(1), 7),
	})
	if v := park("amata"); v.State != alerts.Exceed || *v.Index != 2 || v.Latest["cod"].Station != "s0" || v.Latest["flow_in"].Station != "s2" {
		t.Errorf("%s", encode(t, v))
	}
	if v := park("long-thanh"); v.State != alerts.Good {
		t.Errorf("one good and two offline stations: %s", v.State)
	}
	if n := len(l.Parks()); n != 2 {
		t.Errorf("%d parks", n)
	}
}

// A restart at any reading leaves the same view and the same items.
func TestLiveRestarts(t *testing.T) {
	rng := randomSeed(t)
	story := walk(rng, 3, 200, true)
	whole, cut := newLive(t, 3), newLive(t, 3)
	saved := map[string][]byte{}
	var wantItems, gotItems []alerts.LiveReading
	var now time.Time
	for rest := story; len(rest) > 0; {
		n := min(len(rest), 1+rng.IntN(20))
		a, _ := whole.Apply(rest[:n])
		b, _ := cut.Apply(rest[:n])
		wantItems, gotItems, rest = append(wantItems, a...), append(gotItems, b...), rest[n:]
		for _, id := range cut.Dirty() {
			saved[id] = cut.Snapshot(id)
		}
		cut = newLive(t, 3)
		for id, data := range saved {
			if err := cut.Restore(id, data); err != nil {
				t.Fatal(err)
			}
		}
		for _, r := range story[len(story)-len(rest)-n : len(story)-len(rest)] {
			if r.ReceivedAt.After(now) {
				now = r.ReceivedAt
			}
		}
		whole.Tick(now)
		cut.Tick(now)
		if a, b := encode(t, whole.Stations()), encode(t, cut.Stations()); a != b {
			t.Fatalf("views differ:\nwhole %s\n cut  %s", a, b)
		}
	}
	if encode(t, wantItems) != encode(t, gotItems) {
		t.Error("items differ")
	}
	if err := cut.Restore("s0", []byte(`{"v":99}`)); err == nil {
		t.Error("restored an unknown version")
	}
	if err := cut.Restore("gone", saved["s0"]); err != nil {
		t.Errorf("a station that left the registry is no error: %v", err)
	}
}

func TestLiveIsSafeForReaders(t *testing.T) {
	l := newLive(t, 4)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range 200 {
			l.Apply([]ingest.Reading{reading(fmt.Sprintf("s%d", i%4), "cod", minutes(float64(i)), float64(i))})
			l.Tick(minutes(float64(i)))
		}
	}()
	for {
		l.Stations()
		l.Parks()
		l.SeekHotspots(midnight)
		l.Snapshot("s1")
		select {
		case <-done:
			return
		default:
		}
	}
}

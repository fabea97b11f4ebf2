package ingest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unsafe"

	"quantrac/geo"
)

// feed sends values of one parameter, a cycle apart from noon on, each in a delivery of its own, and returns their flags. Values
// that are NaN are left out.
func feed(w *Watch, reg *geo.Registry, parameter string, values ...float64) []Flags {
	flags := make([]Flags, len(values))
	for i, v := range values {
		if !math.IsNaN(v) {
			flags[i] = sendTo(w, reg, Item{Name: parameter, Value: v, MeasuredAt: cycle(i)})[0]
		}
	}
	return flags
}

func cycle(i int) time.Time { return noon.Add(time.Duration(i) * 5 * time.Minute) }

// sendTo is one delivery for a-01 that comes when the last of its items was measured.
func sendTo(w *Watch, reg *geo.Registry, items ...Item) []Flags {
	received := items[0].MeasuredAt
	for _, it := range items {
		if it.MeasuredAt.After(received) {
			received = it.MeasuredAt
		}
	}
	in := &Intake{Delivery: Delivery{Topic: topicA, ReceivedAt: received}}
	Check(Facts{Registry: reg, Catalogue: w.cat, Watch: w}, &Decoded{Items: items}, in)
	flags := make([]Flags, len(in.Readings))
	for i, r := range in.Readings {
		flags[i] = r.Flags & (Flatline | Spike)
	}
	return flags
}

// marks draws flags: f flatline, s spike, b both, . none.
func marks(flags []Flags) string {
	var b strings.Builder
	for _, f := range flags {
		b.WriteByte(map[Flags]byte{0: '.', Flatline: 'f', Spike: 's', Flatline | Spike: 'b'}[f&(Flatline|Spike)])
	}
	return b.String()
}

func repeat(v float64, n int) []float64 { return slices.Repeat([]float64{v}, n) }

// domain.md §8: pH, temperature, TSS and flow 6 equal records, COD 12, NH4, TP and TN 18.
func TestFlatlineDefaults(t *testing.T) {
	want := map[string]int{"ph": 6, "temp": 6, "tss": 6, "flow_in": 6, "flow_out": 6, "cod": 12, "toc": 12, "nh4_n": 18, "tp": 18, "tn": 18}
	for _, p := range BuiltinCatalogue().Parameters() {
		n := want[p.Code]
		if n == 0 {
			n = math.MaxInt
		}
		for i, f := range feed(NewWatch(BuiltinCatalogue()), registry(t), p.Code, repeat(5, 30)...) {
			if flat := f&Flatline != 0; flat != (i+1 >= n) {
				t.Errorf("%s: record %d flatline %v, want from record %d on", p.Code, i+1, flat, n)
				break
			}
		}
	}
}

func TestWatch(t *testing.T) {
	gap := math.NaN()
	for name, tc := range map[string]struct {
		parameter string
		values    []float64
		want      string
	}{
		"flat":                          {"temp", []float64{30, 30, 30, 30, 30, 30, 30, 30.1, 30.1}, ".....ff.."},
		"almost flat":                   {"temp", []float64{30, 30, 30, 30, 30, 30.0000001, 30, 30}, "........"},
		"a hole does not end it":        {"temp", []float64{30, 30, 30, gap, 30, 30, 30}, "......f"},
		"an hour of silence does":       {"temp", slices.Concat(repeat(30, 5), repeat(gap, 12), repeat(30, 6)), strings.Repeat(".", 22) + "f"},
		"what is not usable is no word": {"temp", []float64{30, 30, 30, 30, 30, 900, 30}, "......f"},
		"spike":                         {"cod", []float64{20, 21, 22, 21, 80, 22, 21}, "....s.."},
		"two records long":              {"cod", []float64{20, 21, 22, 21, 80, 100, 22}, "....ss."},
		"a step is no spike for long":   {"cod", []float64{20, 21, 22, 21, 80, 81, 82, 83, 84, 85, 86, 87}, "....ss......"},
		"back from a step":              {"cod", []float64{20, 21, 22, 21, 80, 81, 82, 83, 84, 85, 86, 22, 21, 20, 22}, "....ss.....ss.."},
		"down":                          {"cod", []float64{90, 91, 92, 91, 5, 92}, "....s."},
		"less than the factor":          {"cod", []float64{30, 31, 32, 31, 92, 31}, "......"},
		"less than the minimum":         {"cod", []float64{2, 2.1, 2, 2.1, 20, 2}, "......"},
		"too early to tell":             {"cod", []float64{20, 21, 22, 80}, "...."},
		"pH has no factor":              {"ph", []float64{7, 7.1, 7, 7.1, 8.7, 7, 8.4}, "....s.."},
		"a batch begins":                {"flow_out", []float64{0, 0.1, 0, 0.1, 80, 81, 82, 0}, "........"},
		"after silence all is new":      {"cod", slices.Concat([]float64{20, 21, 22, 21, 20}, repeat(gap, 12), []float64{80}), strings.Repeat(".", 18)},
	} {
		if got := marks(feed(NewWatch(BuiltinCatalogue()), registry(t), tc.parameter, tc.values...)); got != tc.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, tc.want)
		}
	}
}

// Nothing flows, so nothing changes: that is no fault of an instrument.
func TestNothingIsFlatWithoutDischarge(t *testing.T) {
	for name, tc := range map[string]struct {
		flow func(i int) float64
		want string
	}{
		"nothing flows":         {func(int) float64 { return 0 }, "............"},
		"it flows":              {func(i int) float64 { return 80 + float64(i) }, ".....fffffff"},
		"nobody knows":          {func(int) float64 { return math.NaN() }, ".....fffffff"},
		"it begins to flow":     {func(i int) float64 { return max(0, float64(i-3)) }, ".........fff"},
		"it ends":               {func(i int) float64 { return max(0, float64(8-i)) }, ".....fff...."},
		"the figure is refused": {func(int) float64 { return -1 }, ".....fffffff"},
	} {
		w, reg := NewWatch(BuiltinCatalogue()), registry(t)
		var got []Flags
		for i := range 12 {
			// The flow comes behind the value, which must not matter.
			items := []Item{{Name: "temp", Value: 30, MeasuredAt: cycle(i)}}
			if v := tc.flow(i); !math.IsNaN(v) {
				items = append(items, Item{Name: "flow_out", Value: v, MeasuredAt: cycle(i)})
			}
			got = append(got, sendTo(w, reg, items...)[0])
		}
		if m := marks(got); m != tc.want {
			t.Errorf("%s:\n got %s\nwant %s", name, m, tc.want)
		}
	}
}

// A flow of 0 that is old says nothing of now.
func TestAnOldFlowIsNotKnown(t *testing.T) {
	w, reg := NewWatch(BuiltinCatalogue()), registry(t)
	feed(w, reg, "flow_out", 0)
	if got, want := marks(feed(w, reg, "temp", repeat(30, 20)...)), strings.Repeat(".", 18)+"ff"; got != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
}

func TestResendsAndBackfillDoNotDisturb(t *testing.T) {
	w, reg := NewWatch(BuiltinCatalogue()), registry(t)
	at := func(i int, v float64) Item { return Item{Name: "temp", Value: v, MeasuredAt: cycle(i)} }
	var got []Flags
	for i := range 6 {
		got = append(got, sendTo(w, reg, at(100+i, 30))...)
		got = append(got, sendTo(w, reg, at(100+i, 30))...) // the same again
		got = append(got, sendTo(w, reg, at(i, 25+float64(i)))...)
		got = append(got, sendTo(w, reg, at(100+i, 60))...) // another value for the same time
	}
	if m, want := marks(got), strings.Repeat("....", 5)+"f..."; m != want {
		t.Errorf("\n got %s\nwant %s", m, want)
	}
}

// A backlog in one delivery is judged in the order of time, whatever the order of its messages, and each reading keeps its place.
func TestABacklogIsJudgedInTheOrderOfTime(t *testing.T) {
	values := []float64{30, 31, 32, 33, 34, 34, 34, 34, 34, 34, 45, 34}
	want := marks(feed(NewWatch(BuiltinCatalogue()), registry(t), "temp", values...))
	if want != ".........fs." {
		t.Fatal(want)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		order := rng.Perm(len(values))
		items := make([]Item, len(values))
		for i, at := range order {
			items[i] = Item{Name: "temp", Value: values[at], MeasuredAt: cycle(at)}
		}
		flags := sendTo(NewWatch(BuiltinCatalogue()), registry(t), items...)
		sorted := make([]Flags, len(flags))
		for i, at := range order {
			sorted[at] = flags[i]
		}
		if got := marks(sorted); got != want {
			t.Errorf("order %v:\n got %s\nwant %s", order, got, want)
		}
	}
}

// story is a run of deliveries of both stations with everything that disturbs: holds, jumps, faults, silence, resends, back-fill.
func story(seed uint64) []Decoded {
	rng := rand.New(rand.NewPCG(seed, seed))
	var out []Decoded
	v := map[string]float64{}
	for i := range 200 {
		for _, s := range []string{"a-01", "b-01"} {
			d := Decoded{Dialect: "native"}
			at := cycle(i)
			switch rng.IntN(12) {
			case 0:
				continue // nothing comes
			case 1:
				at = cycle(rng.IntN(i + 1)) // an old one
			}
			for _, p := range []string{"temp", "cod", "flow_out", "ph"} {
				key := s + p
				switch rng.IntN(10) {
				case 0, 1:
					v[key] = float64(rng.IntN(13))
				case 2:
					v[key] = float64(rng.IntN(100))
				}
				it := Item{Station: s, Name: p, Value: v[key], MeasuredAt: at}
				if rng.IntN(20) == 0 {
					it.Status = Fault
				}
				d.Items = append(d.Items, it)
			}
			if out = append(out, d); rng.IntN(10) == 0 {
				out = append(out, d)
			}
		}
	}
	return out
}

// play is one delivery of a story.
func play(f Facts, w *Watch, d Decoded) *Intake {
	f.Watch = w
	in := &Intake{Delivery: Delivery{ReceivedAt: cycle(200)}}
	Check(f, &d, in)
	return in
}

// A service that starts again flags as if it had never stopped.
func TestWatchLearnsAgain(t *testing.T) {
	facts := Facts{Registry: registry(t), Catalogue: BuiltinCatalogue()}
	for seed := range uint64(5) {
		log := []*Intake{}
		through := NewWatch(facts.Catalogue)
		flagged := 0
		for _, d := range story(seed) {
			in := play(facts, through, d)
			log = append(log, in)
			for _, r := range in.Readings {
				if r.Flags&(Flatline|Spike) != 0 {
					flagged++
				}
			}
		}
		if flagged < 20 {
			t.Fatalf("seed %d: only %d flags, the story is too dull", seed, flagged)
		}
		for stop := 0; stop < len(log); stop += 37 {
			again := NewWatch(facts.Catalogue)
			for _, in := range log[:stop] {
				before := slices.Clone(in.Readings)
				again.Learn(facts.Registry, in)
				if !slices.Equal(before, in.Readings) {
					t.Fatal("Learn changed the log")
				}
			}
			for i, d := range story(seed)[stop:] {
				if got, want := play(facts, again, d), log[stop+i]; !slices.Equal(got.Readings, want.Readings) {
					t.Fatalf("seed %d, stopped at %d, delivery %d:\n got %+v\nwant %+v", seed, stop, stop+i, got.Readings, want.Readings)
				}
			}
		}
	}
}

// The order of arrival decides flags at most: values, and whether they count, are the same whatever came before.
func TestTheOrderOfArrivalChangesNoValue(t *testing.T) {
	type stored struct {
		value  float64
		usable bool
		unit   string
		flags  Flags
	}
	facts := Facts{Registry: registry(t), Catalogue: BuiltinCatalogue()}
	fold := func(deliveries []Decoded) map[string]stored {
		w, out := NewWatch(facts.Catalogue), map[string]stored{}
		for _, d := range deliveries {
			for _, r := range play(facts, w, d).Readings {
				key := fmt.Sprint(r.Station, r.Parameter, r.MeasuredAt.UnixNano(), r.Value, r.Status)
				out[key] = stored{r.Value, r.Usable, r.Unit, r.Flags &^ (Flatline | Spike)}
			}
		}
		return out
	}
	deliveries := story(7)
	want := fold(deliveries)
	rng := rand.New(rand.NewPCG(3, 4))
	for range 10 {
		rng.Shuffle(len(deliveries), func(i, j int) { deliveries[i], deliveries[j] = deliveries[j], deliveries[i] })
		got := fold(deliveries)
		if len(got) != len(want) {
			t.Fatalf("%d readings, want %d", len(got), len(want))
		}
		for key, s := range want {
			if got[key] != s {
				t.Fatalf("%s: %+v, want %+v", key, got[key], s)
			}
		}
	}
}

func TestWatchIsSmall(t *testing.T) {
	if n := unsafe.Sizeof(series{}); n != 64 {
		t.Errorf("a series takes %d bytes; the doc says 64", n)
	}
}

// Stations publish at once; the race detector looks on.
func TestWatchAtOnce(t *testing.T) {
	facts := Facts{Registry: registry(t), Catalogue: BuiltinCatalogue()}
	w := NewWatch(facts.Catalogue)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for _, d := range story(1)[:50] {
				play(facts, w, d)
				w.Learn(facts.Registry, play(facts, nil, d))
			}
		})
	}
	wg.Wait()
}

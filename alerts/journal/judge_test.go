package journal

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"quantrac/alerts"
	"quantrac/geo"
	"quantrac/ingest"
	"quantrac/ingest/stream"
)

var seed = flag.Uint64("seed", 0, "seed of the random tests; 0 takes one from the clock")

func random(t *testing.T) *rand.Rand {
	s := *seed
	if s == 0 {
		s = uint64(time.Now().UnixNano())
	}
	t.Logf("seed %d; repeat with -args -seed=%d", s, s)
	return rand.New(rand.NewPCG(s, 1))
}

var midnight = time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)

func world(t *testing.T) *geo.Registry {
	t.Helper()
	f := geo.File{Parks: []geo.Park{{ID: "amata", Name: geo.Text{VI: "KCN Amata"}, Location: geo.Point{106.87, 10.95}}}}
	for i := range 3 {
		f.Stations = append(f.Stations, geo.Station{
			ID: fmt.Sprintf("s%d", i), Name: geo.Text{VI: "Trạm"}, Park: "amata", Location: geo.Point{106.9, 10.9}, Cycle: 5 * time.Minute,
			Parameters: []string{"cod", "ph", "tss"}, Limits: []geo.Assignment{{Set: "qcvn40-2011", Column: "A", Kq: 0.9, Kf: 1}},
		})
	}
	reg, problems := geo.NewRegistry(f)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return reg
}

// story is intake batches in which values wander around their limits.
func story(rng *rand.Rand, batches int) []stream.Batch {
	base := map[string]float64{"cod": 67.5, "ph": 9, "tss": 45}
	ratio := map[string]float64{}
	at := midnight
	var out []stream.Batch
	sequence := uint64(0)
	for range batches {
		sequence += 1 + rng.Uint64N(2)
		b := stream.Batch{Sequence: sequence}
		for range 1 + rng.IntN(4) {
			at = at.Add(time.Duration(1+rng.IntN(2)) * 150 * time.Second)
			var in ingest.Intake
			for i := range 3 {
				for _, p := range []string{"cod", "ph", "tss"} {
					key := fmt.Sprint(i, p)
					ratio[key] = max(0.05, min(4, ratio[key]+rng.NormFloat64()*0.15+(0.85-ratio[key])*0.1))
					if rng.IntN(30) == 0 {
						ratio[key] = rng.Float64() * 4
					}
					in.Readings = append(in.Readings, ingest.Reading{
						Station: fmt.Sprintf("s%d", i), Parameter: p, Value: base[p] * ratio[key], Usable: rng.IntN(20) > 0,
						MeasuredAt: at, ReceivedAt: at.Add(2 * time.Second),
					})
				}
			}
			b.Entries = append(b.Entries, in)
		}
		out = append(out, b)
	}
	return out
}

// rig is a judge on a log that can crash.
type rig struct {
	t       *testing.T
	log     *stream.Log
	reg     *geo.Registry
	rules   *alerts.Rules
	now     time.Time
	journal *Journal
	judge   *Judge
	engine  *alerts.Engine
}

func newRig(t *testing.T, rules *alerts.Rules) *rig {
	r := &rig{t: t, log: openLog(t), reg: world(t), rules: rules, now: midnight.Add(24 * time.Hour)}
	r.start()
	return r
}

// start opens everything anew from what is on disk, as after a crash.
func (r *rig) start() {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 20*time.Second)
	defer cancel()
	var err error
	if r.journal, err = Open(ctx, r.log); err != nil {
		r.t.Fatal(err)
	}
	r.engine = alerts.NewEngine(alerts.EngineConfig{
		Rules: r.rules, Limits: alerts.BuiltinLimits(), Registry: r.reg, Catalogue: ingest.BuiltinCatalogue(), BaseURL: "http://q.example",
	})
	r.judge, _, err = OpenJudge(ctx, r.log, JudgeConfig{Engine: r.engine, Journal: r.journal, Now: func() time.Time { return r.now }})
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) consume(batches ...stream.Batch) {
	r.t.Helper()
	if err := r.judge.Consume(r.t.Context(), batches); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) save() {
	r.t.Helper()
	if err := r.judge.Save(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
}

// behind are the batches that a consumer gets that goes on where the judge's cursor stands.
func (r *rig) behind(all []stream.Batch) []stream.Batch {
	i := slices.IndexFunc(all, func(b stream.Batch) bool { return b.Sequence > r.judge.cursor.Passed() })
	if i < 0 {
		return nil
	}
	return all[i:]
}

// said is every event of the ALERTS stream, in order.
func (r *rig) said() []alerts.Event {
	r.t.Helper()
	var events []alerts.Event
	_, err := r.journal.records.Replay(r.t.Context(), 0, func(recs []stream.Record) error {
		for _, rec := range recs {
			step, err := decode(rec)
			if err != nil {
				return err
			}
			events = append(events, step.Events...)
		}
		return nil
	})
	if err != nil {
		r.t.Fatal(err)
	}
	return events
}

func written(t *testing.T, events []alerts.Event) string {
	t.Helper()
	var b strings.Builder
	for _, ev := range events {
		line, err := json.Marshal(ev)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(append(line, '\n'))
	}
	return b.String()
}

// differ tells where two streams part.
func differ(got, want string) string {
	a, b := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return fmt.Sprintf("event %d of %d, %d:\n got %s\nwant %s", i, len(a), len(b), a[i], b[i])
		}
	}
	return fmt.Sprintf("%d events, want %d", len(a), len(b))
}

func (r *rig) checkOpen() {
	r.t.Helper()
	id := func(all []alerts.Alert) []string {
		out := []string{}
		for _, a := range all {
			out = append(out, a.ID)
		}
		slices.Sort(out)
		return out
	}
	if j, e := id(r.journal.Open()), id(r.engine.Open()); !slices.Equal(j, e) {
		r.t.Errorf("the journal holds open %v, the engine %v", j, e)
	}
}

// disturb feeds all batches that the cursor has not passed, with crashes, saves, repeats and failed appends on the way.
func (r *rig) disturb(rng *rand.Rand, all []stream.Batch) {
	r.t.Helper()
	fed := 0
	rest := r.behind(all)
	for len(rest) > 0 {
		n := 1 + rng.IntN(min(len(rest), 8))
		some := rest[:n]
		if rng.IntN(6) == 0 { // the log is away: the same batches come again
			gone, cancel := context.WithCancel(r.t.Context())
			cancel()
			_ = r.judge.Consume(gone, some)
		}
		r.consume(some...)
		if rng.IntN(6) == 0 {
			r.consume(some[rng.IntN(n):]...)
		}
		rest = rest[n:]
		fed += n
		switch rng.IntN(8) {
		case 0:
			r.save()
		case 1:
			if fed < 4*len(all) {
				r.start()
				rest = r.behind(all)
			}
		case 2:
			gone, cancel := context.WithCancel(r.t.Context())
			cancel()
			_ = r.judge.Save(gone)
		}
	}
}

// Wherever it is saved, killed, cut off from its log or fed twice: the ALERTS stream is that of an undisturbed run.
func TestRestartsChangeNothing(t *testing.T) {
	rng := random(t)
	total := 0
	for range 4 {
		all := story(rng, 80)
		calm := newRig(t, alerts.BuiltinRules())
		for _, b := range all {
			calm.consume(b)
		}
		want := calm.said()
		total += len(want)
		wild := newRig(t, alerts.BuiltinRules())
		wild.disturb(rng, all)
		if got, want := written(t, wild.said()), written(t, want); got != want {
			t.Fatal(differ(got, want))
		}
		wild.checkOpen()
		got, gerr := json.Marshal(wild.journal.Open())
		open, werr := json.Marshal(calm.journal.Open())
		if string(got) != string(open) || gerr != nil || werr != nil {
			t.Errorf("open alerts differ:\n got %s\nwant %s", got, open)
		}
	}
	if total < 100 {
		t.Fatalf("only %d events: the stories prove nothing", total)
	}
}

// A step larger than one record can be comes out whole, once, and in order, however often it is interrupted.
func TestALargeStepIsSplit(t *testing.T) {
	rng := random(t)
	all := story(rng, 60)
	calm := newRig(t, alerts.BuiltinRules())
	for _, b := range all {
		calm.consume(b)
	}
	want := calm.said()
	wild := newRig(t, alerts.BuiltinRules())
	wild.journal.most = 4 << 10
	wild.consume(all...)
	if got := written(t, wild.said()); got != written(t, want) {
		t.Fatal(differ(got, written(t, want)))
	}
	if wild.journal.LastSequence() < 5 {
		t.Fatalf("%d records: nothing was split", wild.journal.LastSequence())
	}
	// Killed after each number of parts: the next life says the rest.
	for parts := uint64(1); parts < min(wild.journal.LastSequence(), 12); parts++ {
		cut := newRig(t, alerts.BuiltinRules())
		if _, err := wild.journal.records.Replay(t.Context(), 0, func(recs []stream.Record) error {
			for _, rec := range recs {
				if rec.Sequence > parts {
					break
				}
				if _, err := cut.journal.records.Append(t.Context(), rec.Data, rec.Sequence-1); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		cut.start()
		cut.journal.most = 4 << 10
		cut.consume(all...)
		if got := written(t, cut.said()); got != written(t, want) {
			t.Fatalf("killed after %d parts: %s", parts, differ(got, written(t, want)))
		}
		cut.checkOpen()
	}
}

// without is the built-in rules but one.
func without(t *testing.T, id string) *alerts.Rules {
	t.Helper()
	rest := slices.Clone(alerts.BuiltinRules().List())
	n := len(rest)
	rest = slices.DeleteFunc(rest, func(r alerts.Rule) bool { return r.ID == id })
	set, problems := alerts.CheckRules(alerts.RulesFile{Rules: rest}, nil, nil)
	if len(problems) > 0 || len(rest) == n {
		t.Fatal(n, problems)
	}
	return set
}

// The alerts of a rule that is gone end once, whatever was saved before the change and however often it crashes behind it;
// those of the other rules know nothing of it.
func TestRemovedRule(t *testing.T) {
	rng := random(t)
	ended := 0
	for range 4 {
		r := newRig(t, alerts.BuiltinRules())
		all := story(rng, 60)
		before, after := all[:30], all[30:]
		r.disturb(rng, before)
		open := r.journal.Open()
		if len(open) == 0 {
			continue
		}
		gone := open[rng.IntN(len(open))].Rule
		if rng.IntN(3) == 0 {
			r.save()
		}
		until := len(r.said())
		r.rules = without(t, gone)
		r.start()
		r.consume(append(slices.Clone(r.behind(before)), after[0])...)
		r.start() // killed right behind it
		r.disturb(rng, all)
		removed := map[string]int{}
		for i, ev := range r.said() {
			switch {
			case ev.Alert.Cause == alerts.CauseRuleRemoved && i < until:
				t.Fatal("an alert ended because of its rule before the rule was gone")
			case ev.Alert.Cause == alerts.CauseRuleRemoved:
				removed[ev.Alert.ID]++
				if ev.Type != alerts.WasResolved || ev.Alert.State != alerts.Resolved || ev.Alert.Rule != gone || ev.Alert.ResolvedAt == nil ||
					!strings.Contains(ev.Alert.Summary.EN, "no longer applies") {
					t.Errorf("%+v", ev)
				}
			case ev.Alert.Rule == gone && i >= until:
				t.Errorf("rule %s is gone and says %s", gone, ev.Type)
			}
		}
		for _, a := range open {
			want := 0
			if a.Rule == gone {
				want = 1
				ended++
			}
			if removed[a.ID] != want {
				t.Errorf("alert %s of %s ended %d times, want %d", a.ID, a.Rule, removed[a.ID], want)
			}
		}
		r.checkOpen()
		r.checkRevisions()
	}
	if ended == 0 {
		t.Fatal("no alert was open when its rule went: the stories prove nothing")
	}
}

// checkRevisions: the events of one alert have rising revisions.
func (r *rig) checkRevisions() {
	r.t.Helper()
	last := map[string]int{}
	for _, ev := range r.said() {
		if ev.Alert.Revision <= last[ev.Alert.ID] {
			r.t.Errorf("alert %s: revision %d after %d", ev.Alert.ID, ev.Alert.Revision, last[ev.Alert.ID])
		}
		last[ev.Alert.ID] = ev.Alert.Revision
	}
}

// anyOf picks a rule on single values of what the stories tell: the others find nothing in a few hours.
func anyOf(rng *rand.Rand, rules *alerts.Rules) string {
	list := slices.DeleteFunc(slices.Clone(rules.List()), func(r alerts.Rule) bool { return r.On != alerts.OnValue || slices.Contains(r.Parameters, "temp") })
	return list[rng.IntN(len(list))].ID
}

// A rule that comes while nobody has saved: what it finds in the silent replay is said when the replay is over.
func TestAddedRule(t *testing.T) {
	rng := random(t)
	found := 0
	for range 4 {
		full := alerts.BuiltinRules()
		all := story(rng, 60)
		added := anyOf(rng, full)
		r := newRig(t, without(t, added))
		r.consume(all[:40]...)
		r.rules = full
		r.start()
		r.disturb(rng, all)
		for _, ev := range r.said() {
			if ev.Alert.Rule == added {
				found++
			}
		}
		r.checkOpen()
		r.checkRevisions()
	}
	if found == 0 {
		t.Fatal("no added rule found anything: the stories prove nothing")
	}
}

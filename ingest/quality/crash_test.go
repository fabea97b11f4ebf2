package quality

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"quantrac/geo"
	"quantrac/ingest"
	"quantrac/ingest/books"
	"quantrac/ingest/stream"
)

var start = time.Date(2026, 11, 20, 15, 40, 0, 0, time.UTC)

type key struct {
	station, parameter string
	at                 int64
}

// oracle keeps every reading that is new and every line of the ledger, and counts from scratch whenever it is asked.
type oracle struct {
	first    map[key]ingest.Reading
	live     map[key]bool
	lines    []Booked
	origins  map[string]Booked
	unmapped map[string]int64 // by station
}

func (o *oracle) line(station string, at time.Time, b Booked) {
	b.Station, b.At = station, at.Unix()
	o.lines = append(o.lines, b)
}

func (o *oracle) see(id string, in *ingest.Intake) {
	d := &in.Delivery
	if n := int64(len(in.Rejects)); n > 0 {
		station := ""
		if len(in.Readings) > 0 {
			station = in.Readings[0].Station
		} else {
			n = 1
		}
		o.line(station, d.ReceivedAt, Booked{Quarantined: n})
		o.origins[id] = o.lines[len(o.lines)-1]
		o.unmapped[station] += int64(len(in.Rejects))
	}
	if b, ok := o.origins[d.Retry]; ok {
		b.Quarantined = -b.Quarantined
		o.lines = append(o.lines, b)
	}
	for _, r := range in.Readings {
		k := key{r.Station, r.Parameter, r.MeasuredAt.UnixNano()}
		was, there := o.first[k]
		switch {
		case !there:
			o.first[k], o.live[k] = r, d.Retry == ""
			o.line(r.Station, r.ReceivedAt, Booked{Stored: 1})
		case was.Status == r.Status && (was.Value == r.Value || math.IsNaN(was.Value) && math.IsNaN(r.Value)):
			o.line(r.Station, r.ReceivedAt, Booked{Duplicate: 1})
		default:
			o.line(r.Station, r.ReceivedAt, Booked{Revised: 1})
		}
	}
}

// aliveSeconds looks at every second on its own: was any record that had come by then at most 15 min old?
func (o *oracle) aliveSeconds(station string, from, to int64) (n int64) {
	alive := make([]bool, to-from)
	for k, r := range o.first {
		if k.station != station || !o.live[k] {
			continue
		}
		for at := max(from, r.ReceivedAt.Unix()); at < min(to, r.MeasuredAt.Unix()+aliveFor); at++ {
			alive[at-from] = true
		}
	}
	for _, yes := range alive {
		if yes {
			n++
		}
	}
	return n
}

// trial drives a clerk and the store behind it over batches, with faults between the steps and crashes.
type trial struct {
	t       *testing.T
	random  *rand.Rand
	log     *stream.Log
	bucket  *stream.Bucket
	history map[key]books.Stored
	oracle  *oracle
	reg     *geo.Registry
	store   *Store
	clerk   *books.Clerk
	now     time.Time
	// ahead is how far the clerk's clock is ahead, so that saves are due at any time.
	ahead   time.Duration
	passed  uint64
	batches []stream.Batch
	open    []string
	faults  int
	crashes int
	faulty  float64
}

var errFault = errors.New("made to fail")

func (tr *trial) fault(string) error {
	if tr.random.Float64() < tr.faulty {
		tr.faults++
		return errFault
	}
	return nil
}

func (tr *trial) write(_ context.Context, readings []ingest.Reading) error {
	for i := range readings {
		r := &readings[i]
		tr.history[key{r.Station, r.Parameter, r.MeasuredAt.UnixNano()}] = books.Stored{Value: r.Value, Status: r.Status, Flags: r.Flags, Usable: r.Usable}
	}
	return tr.fault("write")
}

func (tr *trial) lookup(_ context.Context, station, parameter string, from, to time.Time) (map[int64]books.Stored, error) {
	out := map[int64]books.Stored{}
	for k, v := range tr.history {
		if k.station == station && k.parameter == parameter && k.at >= from.UnixNano() && k.at < to.UnixNano() {
			out[k.at] = v
		}
	}
	return out, nil
}

// start opens everything from what is on disk, as after kill -9.
func (tr *trial) start() {
	tr.t.Helper()
	now := func() time.Time { return tr.now }
	var err error
	tr.store, err = Open(tr.t.Context(), Options{Bucket: tr.bucket, Registry: func() *geo.Registry { return tr.reg }, Now: now, fault: tr.fault})
	if err != nil {
		tr.t.Fatal(err)
	}
	c, cursor, err := books.Open(tr.t.Context(), books.Options{
		Log: tr.log, Now: func() time.Time { return tr.now.Add(tr.ahead) }, Write: tr.write, Lookup: tr.lookup, Follow: follow(tr.store),
		Origin: func(_ context.Context, id string) (string, bool, error) {
			b, ok := tr.oracle.origins[id]
			return b.Station, ok, tr.fault("origin")
		},
	})
	if err != nil {
		tr.t.Fatal(err)
	}
	tr.clerk, tr.passed = c, cursor.Passed()
}

func follow(s *Store) books.Follower {
	return books.Follower{
		Delivery: s.Delivery, Reading: s.Reading, Save: s.Save, Full: s.Full,
		Line: func(batch uint64, k books.Key, at int64, c books.Counts) {
			s.Line(batch, Booked{Station: k.Station, At: at, Stored: c.Stored, Quarantined: c.Quarantined, Duplicate: c.Duplicate, Revised: c.Revised})
		},
	}
}

func (tr *trial) reading(station string, received time.Time) ingest.Reading {
	r := ingest.Reading{
		Station: station, Parameter: []string{"cod", "ph", "tss"}[tr.random.IntN(3)], Value: float64(tr.random.IntN(3)), ReceivedAt: received,
		MeasuredAt: received.Truncate(5 * time.Minute).Add(-time.Duration(tr.random.IntN(5)) * 5 * time.Minute), Usable: true,
	}
	if tr.random.IntN(10) == 0 {
		r.MeasuredAt = r.MeasuredAt.Add(-time.Duration(tr.random.IntN(40)) * time.Hour)
	}
	if received.Sub(r.MeasuredAt) > ingest.LateAfter {
		r.Flags |= ingest.Late
	}
	switch tr.random.IntN(14) {
	case 0:
		r.Value, r.Usable, r.Flags = math.NaN(), false, r.Flags|ingest.NotANumber
	case 1:
		r.Status, r.Usable = ingest.Calibrating, false
	case 2:
		r.Usable, r.Flags = false, r.Flags|ingest.OutOfRange
	case 3:
		r.Flags |= ingest.Flatline
	case 4:
		r.Usable, r.Flags = false, r.Flags|ingest.UnitUnknown
	case 5:
		r.Flags |= ingest.Undeclared
	}
	return r
}

// batch makes the next message of the log.
func (tr *trial) batch() {
	b := stream.Batch{Sequence: 1 + uint64(tr.random.IntN(2))}
	if n := len(tr.batches); n > 0 {
		b.Sequence += tr.batches[n-1].Sequence
	}
	for e := range 1 + tr.random.IntN(4) {
		in := ingest.Intake{Delivery: ingest.Delivery{Gateway: fmt.Sprintf("g%d", tr.random.IntN(2)), ReceivedAt: tr.now}}
		id := fmt.Sprintf("%d-%d", b.Sequence, e)
		if n := len(tr.open); n > 0 && tr.random.IntN(5) == 0 {
			origin := tr.oracle.origins[tr.open[n-1]]
			in.Delivery.Retry, in.Delivery.Parts = tr.open[n-1], int(origin.Quarantined)
			in.Delivery.ReceivedAt = time.Unix(origin.At, 0).UTC()
			tr.open = tr.open[:n-1]
		}
		for range tr.random.IntN(12) {
			in.Readings = append(in.Readings, tr.reading(fmt.Sprintf("s%d", tr.random.IntN(4)), in.Delivery.ReceivedAt))
		}
		for range max(0, tr.random.IntN(8)-5) {
			in.Rejects = append(in.Rejects, ingest.Reject{Reason: ingest.ReasonUnknownParameter})
		}
		tr.oracle.see(id, &in)
		if len(in.Rejects) > 0 {
			tr.open = append(tr.open, id)
		}
		b.Entries = append(b.Entries, in)
	}
	tr.batches = append(tr.batches, b)
}

// consume offers batches until the clerk has taken all; a failure is tried again, or is the end of this life.
func (tr *trial) consume() {
	for {
		from, _ := slices.BinarySearchFunc(tr.batches, tr.passed+1, func(b stream.Batch, seq uint64) int { return int(b.Sequence) - int(seq) })
		left := tr.batches[from:]
		if len(left) == 0 {
			return
		}
		some := left[:1+tr.random.IntN(len(left))]
		tr.ahead += time.Duration(tr.random.IntN(2)) * time.Minute
		for {
			err := tr.clerk.Consume(tr.t.Context(), some)
			if err == nil {
				tr.passed = some[len(some)-1].Sequence
				break
			}
			if !errors.Is(err, errFault) {
				tr.t.Fatal(err)
			}
			if tr.random.IntN(3) == 0 {
				tr.crashes++
				tr.start()
				break
			}
		}
		if tr.random.IntN(12) == 0 {
			tr.crashes++
			tr.start()
		}
	}
}

func seedOf(t *testing.T) uint64 {
	t.Helper()
	seed := rand.Uint64()
	if text := os.Getenv("QUANTRAC_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("QUANTRAC_SEED=%d repeats this run", seed)
	return seed
}

func registry(t testing.TB, stations int) *geo.Registry {
	t.Helper()
	f := geo.File{Parks: []geo.Park{{ID: "p", Name: geo.Text{VI: "P", EN: "P"}, Location: geo.Point{106.9, 10.9}}}}
	for i := range stations {
		id := fmt.Sprintf("s%d", i)
		f.Stations = append(f.Stations, geo.Station{
			ID: id, Name: geo.Text{VI: id, EN: id}, Park: "p", Location: geo.Point{106.9, 10.9}, Parameters: []string{"cod", "ph", "tss", "temp"},
		})
	}
	reg, problems := geo.NewRegistry(f)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return reg
}

// Random deliveries, duplicates, revisions, late data, rejects and retries over days, with a fault at any step and crashes: the figures
// are those of an oracle that saw every delivery once, and what the ledger counts is what the ledger says.
func TestFiguresSurviveFaultsAndCrashes(t *testing.T) {
	log, err := stream.Open(t.Context(), stream.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	bucket, err := log.Bucket(t.Context(), "quality")
	if err != nil {
		t.Fatal(err)
	}
	tr := &trial{
		t: t, random: rand.New(rand.NewPCG(seedOf(t), 0)), log: log, bucket: bucket, history: map[key]books.Stored{}, now: start, faulty: 0.03,
		reg:    registry(t, 3), // s3 is in no registry
		oracle: &oracle{first: map[key]ingest.Reading{}, live: map[key]bool{}, origins: map[string]Booked{}, unmapped: map[string]int64{}},
	}
	tr.start()
	for range 60 {
		for range 1 + tr.random.IntN(6) {
			tr.batch()
		}
		tr.consume()
		tr.now = tr.now.Add([]time.Duration{time.Second, 20 * time.Second, 7 * time.Minute, 3 * time.Hour}[tr.random.IntN(4)])
	}
	tr.check()
	tr.faulty = 0
	tr.start()
	tr.consume()
	tr.check()
	t.Logf("%d batches, %d faults, %d crashes", len(tr.batches), tr.faults, tr.crashes)
}

func (tr *trial) check() {
	tr.t.Helper()
	early := start.Add(-60 * time.Hour)
	for range 12 {
		from := early.Add(time.Duration(tr.random.Int64N(int64(tr.now.Sub(early))))).Truncate(time.Hour)
		to := from.Add(time.Duration(1+tr.random.IntN(100)) * time.Hour)
		tr.checkSpan(from, to)
	}
	tr.checkSpan(early.Truncate(time.Hour), tr.now.Truncate(time.Hour).Add(time.Hour))
}

func (tr *trial) checkSpan(from, to time.Time) {
	tr.t.Helper()
	r, err := tr.store.Report(tr.t.Context(), from, to)
	if err != nil {
		tr.t.Fatal(err)
	}
	what := fmt.Sprintf("%s to %s", from.Format(time.RFC3339), to.Format(time.RFC3339))
	var sum Clean
	for i := range r.Stations {
		st := &r.Stations[i]
		tr.checkStation(what, from, to, st)
		tr.checkLedger(what, from, to, st.Station, st.Clean.Parts)
		addClean(&sum, st.Clean.Parts)
	}
	addClean(&sum, r.Unassigned)
	total := r.Total.Clean.Parts
	if total.Received != sum.Received || total.Stored != sum.Stored || total.Quarantined != sum.Quarantined || total.Duplicate != sum.Duplicate || total.Revised != sum.Revised {
		tr.t.Errorf("%s: the total is %+v, the stations and what belongs to none add up to %+v", what, total, sum)
	}
	tr.checkLedger(what, from, to, "", total)
}

func addClean(to *Clean, c Clean) {
	to.Received += c.Received
	to.Stored += c.Stored
	to.Quarantined += c.Quarantined
	to.Duplicate += c.Duplicate
	to.Revised += c.Revised
}

// checkLedger holds the figures against the books themselves; station "" = all.
func (tr *trial) checkLedger(what string, from, to time.Time, station string, got Clean) {
	tr.t.Helper()
	l, err := tr.clerk.Ledger(tr.t.Context(), books.Query{Station: station, From: from, To: to})
	if err != nil {
		tr.t.Fatal(err)
	}
	want := books.Counts{Received: got.Received, Stored: got.Stored, Quarantined: got.Quarantined, Duplicate: got.Duplicate, Revised: got.Revised}
	if l.Total != want {
		tr.t.Errorf("%s %q: figures %+v, ledger %+v", what, station, want, l.Total)
	}
	if got.Received != got.Stored+got.Quarantined+got.Duplicate+got.Revised {
		tr.t.Errorf("%s %q does not balance: %+v", what, station, got)
	}
}

func (tr *trial) checkStation(what string, from, to time.Time, st *StationFigures) {
	tr.t.Helper()
	var want Correct
	var late, live int64
	perDay := map[string]int64{} // by parameter and local day
	for k, r := range tr.oracle.first {
		if k.station != st.Station || r.MeasuredAt.Before(from) || !r.MeasuredAt.Before(to) {
			continue
		}
		want.Readings++
		switch {
		case r.Status == ingest.Calibrating:
			want.Calibrating++
		case r.Flags&ingest.NotANumber != 0:
			want.NoNumber++
		case r.Flags&ingest.UnitUnknown != 0:
			want.UnitUnknown++
		case r.Flags&ingest.OutOfRange != 0:
			want.OutOfRange++
		case r.Flags&ingest.Flatline != 0:
			want.Suspect++
		default:
			want.Right++
		}
		if r.Flags&ingest.Late != 0 {
			late++
		} else if tr.oracle.live[k] {
			live++
		}
		perDay[r.Parameter+r.MeasuredAt.Add(7*time.Hour).Format(" 2006-01-02")]++
	}
	want.ParametersUnknown = 4
	if got := st.Correct.Parts; got != want {
		tr.t.Errorf("%s %s: correct is %+v, want %+v", what, st.Station, got, want)
	}
	covered := int64(0)
	for day, n := range perDay {
		covered += min(n, tr.expectedOn(day[len(day)-10:], from, to, st.Since))
	}
	if got := st.Complete.Parts; got.Received != want.Readings || got.Late != late || got.Covered != covered {
		tr.t.Errorf("%s %s: complete is %+v, want received %d, late %d, covered %d", what, st.Station, got, want.Readings, late, covered)
	}
	now := min(tr.now.Unix(), to.Unix())
	if alive := tr.oracle.aliveSeconds(st.Station, from.Unix(), max(now, from.Unix())); st.Alive.Parts.AliveSeconds != min(alive, st.Alive.Parts.KnownSeconds) {
		tr.t.Errorf("%s %s: alive for %d s, want %d s", what, st.Station, st.Alive.Parts.AliveSeconds, alive)
	}
	if st.Alive.Parts.Live != live {
		tr.t.Errorf("%s %s: %d live readings, want %d", what, st.Station, st.Alive.Parts.Live, live)
	}
}

// expectedOn counts the cycles of a local day one by one.
func (tr *trial) expectedOn(day string, from, to time.Time, since *time.Time) (n int64) {
	first, err := time.ParseInLocation("2006-01-02", day, geo.ICT())
	if err != nil {
		tr.t.Fatal(err)
	}
	for at := first; at.Before(first.AddDate(0, 0, 1)); at = at.Add(geo.DefaultCycle) {
		if !at.Before(from) && at.Before(to) && since != nil && !at.Before(*since) && at.Before(tr.now.Add(-geo.DefaultCycle)) {
			n++
		}
	}
	return n
}

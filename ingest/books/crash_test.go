package books

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"quantrac/ingest"
	"quantrac/ingest/stream"
)

// booking is what the oracle counts at one second.
type booking struct {
	Key
	at int64
	Counts
}

// oracle sees every delivery once, in the order of the log.
type oracle struct {
	first     map[instantKey]Stored
	revised   map[instantKey]bool
	bookings  []booking
	conflicts map[string][]Conflict
	// origins is where the parts of a quarantined delivery were counted, by its id.
	origins map[string]booking
}

func newOracle() *oracle {
	return &oracle{first: map[instantKey]Stored{}, revised: map[instantKey]bool{}, conflicts: map[string][]Conflict{}, origins: map[string]booking{}}
}

func (o *oracle) book(in *ingest.Intake, station string, counts Counts) {
	o.bookings = append(o.bookings, booking{Key{in.Delivery.Gateway, station}, in.Delivery.ReceivedAt.Unix(), counts})
}

func (o *oracle) see(id string, in *ingest.Intake) {
	if n := int64(len(in.Rejects)); n > 0 {
		b := booking{Key: Key{Gateway: in.Delivery.Gateway}, at: in.Delivery.ReceivedAt.Unix(), Counts: Counts{Received: 1, Quarantined: 1}}
		if len(in.Readings) > 0 {
			b.Station, b.Counts = in.Readings[0].Station, Counts{Received: n, Quarantined: n}
		}
		o.bookings, o.origins[id] = append(o.bookings, b), b
	}
	if b, ok := o.origins[in.Delivery.Retry]; ok {
		b.Counts = Counts{Received: -b.Received, Quarantined: -b.Quarantined}
		o.bookings = append(o.bookings, b)
	}
	for i := range in.Readings {
		r := &in.Readings[i]
		k := instantKey{seriesKey{r.Station, r.Parameter}, r.MeasuredAt.UnixNano()}
		kept, there := o.first[k]
		switch {
		case !there:
			o.first[k] = storedOf(r)
			o.book(in, r.Station, Counts{Received: 1, Stored: 1})
		case kept.Status == r.Status && fmt.Sprint(kept.Value) == fmt.Sprint(r.Value):
			o.book(in, r.Station, Counts{Received: 1, Duplicate: 1})
		default:
			o.revised[k] = true
			o.book(in, r.Station, Counts{Received: 1, Revised: 1})
			o.conflicts[r.Station] = append(o.conflicts[r.Station], Conflict{
				Station: r.Station, Parameter: r.Parameter, MeasuredAt: r.MeasuredAt, ReceivedAt: r.ReceivedAt, Gateway: in.Delivery.Gateway,
				Kept: ConflictValue{Value: number(kept.Value), Status: kept.Status}, Other: ConflictValue{Value: number(r.Value), Status: r.Status, Flags: r.Flags},
			})
		}
	}
}

// ledger adds up what lies in a span, both ends in Unix seconds.
func (o *oracle) ledger(from, to int64) map[Key]Counts {
	sums := map[Key]Counts{}
	for _, b := range o.bookings {
		if b.at >= from && b.at < to {
			c := sums[b.Key]
			c.add(b.Counts)
			sums[b.Key] = c
		}
	}
	maps.DeleteFunc(sums, func(_ Key, c Counts) bool { return c == Counts{} })
	return sums
}

// trial drives a clerk over batches, with faults between its steps and crashes.
type trial struct {
	t       *testing.T
	random  *rand.Rand
	log     *stream.Log
	mem     *memory
	oracle  *oracle
	clerk   *Clerk
	now     time.Time
	passed  uint64
	batches []stream.Batch
	faults  int
	// open entries of the quarantine that nobody has retried.
	open []string
	// faulty is the share of steps that fail.
	faulty float64
}

var errFault = errors.New("made to fail")

func (tr *trial) fault(string) error {
	if tr.random.Float64() < tr.faulty {
		tr.faults++
		return errFault
	}
	return nil
}

func (tr *trial) start() {
	tr.t.Helper()
	c, cursor, err := Open(tr.t.Context(), Options{
		Log: tr.log, Now: func() time.Time { return tr.now }, fault: tr.fault,
		Write: tr.mem.write,
		Lookup: func(ctx context.Context, station, parameter string, from, to time.Time) (map[int64]Stored, error) {
			if err := tr.fault("lookup"); err != nil {
				return nil, err
			}
			return tr.mem.lookup(ctx, station, parameter, from, to)
		},
		Origin: func(_ context.Context, id string) (string, bool, error) {
			b, ok := tr.oracle.origins[id]
			return b.Station, ok, tr.fault("origin")
		},
	})
	if err != nil {
		tr.t.Fatal(err)
	}
	c.budget = 1500 // so that records are cut, also within a delivery
	tr.clerk, tr.passed = c, cursor.Passed()
}

func (tr *trial) reading(station string) ingest.Reading {
	r := ingest.Reading{
		Station: station, Parameter: []string{"cod", "ph"}[tr.random.IntN(2)], Value: float64(tr.random.IntN(3)), ReceivedAt: tr.now,
		MeasuredAt: tr.now.Truncate(time.Minute).Add(-time.Duration(tr.random.IntN(12)) * time.Minute), Flags: ingest.Flags(tr.random.IntN(3)),
	}
	switch tr.random.IntN(12) {
	case 0:
		r.Value = math.NaN()
	case 1:
		r.Status = ingest.Calibrating
	}
	r.Usable = r.Status == ingest.Measuring && r.HasNumber()
	return r
}

// batch makes the next message of the log.
func (tr *trial) batch() {
	b := stream.Batch{Sequence: 1 + uint64(tr.random.IntN(2))}
	if n := len(tr.batches); n > 0 {
		b.Sequence += tr.batches[n-1].Sequence
	}
	for e := range 1 + tr.random.IntN(5) {
		in := ingest.Intake{Delivery: ingest.Delivery{Gateway: fmt.Sprintf("g%d", tr.random.IntN(3)), ReceivedAt: tr.now}}
		for range tr.random.IntN(20) {
			in.Readings = append(in.Readings, tr.reading(fmt.Sprintf("s%d", tr.random.IntN(4))))
		}
		id := fmt.Sprintf("%d-%d", b.Sequence, e)
		if n := len(tr.open); n > 0 && tr.random.IntN(6) == 0 {
			retried := tr.oracle.origins[tr.open[n-1]]
			in.Delivery.Retry, in.Delivery.Parts, in.Delivery.Gateway = tr.open[n-1], int(retried.Received), retried.Gateway
			in.Delivery.ReceivedAt = time.Unix(retried.at, 0)
			for i := range in.Readings {
				in.Readings[i].ReceivedAt = in.Delivery.ReceivedAt
			}
			tr.open = tr.open[:n-1]
		}
		for range max(0, tr.random.IntN(8)-5) {
			in.Rejects = append(in.Rejects, ingest.Reject{Reason: ingest.ReasonFuture})
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
				tr.start()
				break
			}
		}
	}
}

// span is a question for the ledger: whole hours, seconds of late, or anything.
func (tr *trial) span(begin time.Time) (from, to time.Time) {
	total := int64(tr.now.Sub(begin)/time.Second) + 1
	a, b := tr.random.Int64N(total), tr.random.Int64N(total)
	from, to = begin.Add(time.Duration(min(a, b))*time.Second), begin.Add(time.Duration(max(a, b)+1)*time.Second)
	if tr.random.IntN(2) == 0 {
		from, to = from.Truncate(time.Hour), to.Truncate(time.Hour).Add(time.Hour)
	}
	return from, to
}

func (tr *trial) check(begin time.Time) {
	tr.t.Helper()
	ask := func(q Query) Ledger {
		l, err := tr.clerk.Ledger(tr.t.Context(), q)
		if err != nil {
			tr.t.Fatal(err)
		}
		return l
	}
	compare := func(what string, l Ledger, want map[Key]Counts) {
		tr.t.Helper()
		got := map[Key]Counts{}
		for _, it := range l.Items {
			got[it.Key] = it.Counts
			if it.Received != it.Stored+it.Quarantined+it.Duplicate+it.Revised {
				tr.t.Errorf("%s: %v does not balance: %+v", what, it.Key, it.Counts)
			}
		}
		if !maps.Equal(got, want) {
			tr.t.Errorf("%s:\n got %+v\nwant %+v", what, got, want)
		}
	}
	compare("all", ask(Query{}), tr.oracle.ledger(math.MinInt64, math.MaxInt64))
	for range 10 {
		from, to := tr.span(begin)
		l := ask(Query{From: from, To: to})
		what := fmt.Sprintf("from %s to %s", from, to)
		if l.Rounded != nil {
			what += fmt.Sprintf(", rounded to %s, %s", l.Rounded.From, l.Rounded.To)
			if l.Rounded.From.After(from) || l.Rounded.To.Before(to) {
				tr.t.Errorf("%s: narrower than asked for", what)
			}
			from, to = l.Rounded.From, l.Rounded.To
		}
		compare(what, l, tr.oracle.ledger(from.Unix(), to.Unix()))
	}
}

func (tr *trial) checkHistory() {
	tr.t.Helper()
	if len(tr.mem.values) != len(tr.oracle.first) {
		tr.t.Errorf("history holds %d values, want %d", len(tr.mem.values), len(tr.oracle.first))
	}
	for k, want := range tr.oracle.first {
		if tr.oracle.revised[k] {
			want.Flags |= ingest.Revised
		}
		if got := tr.mem.values[k]; fmt.Sprint(got) != fmt.Sprint(want) {
			tr.t.Errorf("%v: history holds %+v, want %+v", k, got, want)
		}
	}
	for station, want := range tr.oracle.conflicts {
		slices.Reverse(want)
		var got []Conflict
		q := ConflictQuery{Station: station, Limit: 1 + tr.random.IntN(20)}
		for {
			some, next, err := tr.clerk.Conflicts(tr.t.Context(), q)
			if err != nil {
				tr.t.Fatal(err)
			}
			if got = append(got, some...); next == "" {
				break
			}
			q.Cursor = next
		}
		if len(got) != len(want) {
			tr.t.Errorf("%s: %d conflicts, want %d", station, len(got), len(want))
			continue
		}
		for i := range got {
			if show(got[i]) != show(want[i]) {
				tr.t.Fatalf("%s: conflict %d is\n%s, want\n%s", station, i, show(got[i]), show(want[i]))
			}
		}
	}
}

func show(c Conflict) string {
	return fmt.Sprint(c.Station, c.Parameter, c.MeasuredAt.UnixNano(), c.ReceivedAt.UnixNano(), c.Gateway,
		valueOf(c.Kept.Value), c.Kept.Status, valueOf(c.Other.Value), c.Other.Status, c.Other.Flags)
}

// Random deliveries, duplicates, revisions, late data, rejects and retries over months, with a fault at any step and crashes: the
// books, history and conflicts are those of an oracle that saw every delivery once.
func TestBooksSurviveFaultsAndCrashes(t *testing.T) {
	seed := rand.Uint64()
	if text := os.Getenv("QUANTRAC_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("QUANTRAC_SEED=%d repeats this run", seed)
	log, err := stream.Open(t.Context(), stream.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	begin := base.Add(13 * time.Minute)
	tr := &trial{
		t: t, random: rand.New(rand.NewPCG(seed, 0)), log: log, mem: &memory{values: map[instantKey]Stored{}}, oracle: newOracle(),
		now: begin, faulty: 0.03,
	}
	tr.start()
	for round := range 120 {
		for range 1 + tr.random.IntN(6) {
			tr.batch()
			tr.now = tr.now.Add(time.Duration(tr.random.IntN(100)) * time.Second)
		}
		switch tr.random.IntN(8) {
		case 0:
			tr.now = tr.now.Add(time.Duration(tr.random.IntN(40)) * time.Hour)
		case 1:
			tr.now = tr.now.AddDate(0, 0, tr.random.IntN(20))
		}
		tr.consume()
		if tr.random.IntN(5) == 0 {
			tr.start()
			tr.consume()
		}
		if round%20 == 19 {
			tr.check(begin)
		}
		if t.Failed() {
			return
		}
	}
	tr.faulty = 0
	tr.start()
	tr.consume()
	tr.check(begin)
	tr.checkHistory()
	t.Logf("%d batches, %d faults, %s", len(tr.batches), tr.faults, tr.now.Sub(begin))
	if tr.faults == 0 {
		t.Error("nothing was made to fail")
	}
}

package quality

import (
	"fmt"
	"math"
	"testing"
	"time"

	"quantrac/geo"
	"quantrac/ingest"
	"quantrac/ingest/stream"
)

// desk is a store at a time that the test sets.
type desk struct {
	*Store
	t   testing.TB
	log *stream.Log
	reg *geo.Registry
	now time.Time
	seq uint64
}

func newDesk(t testing.TB, reg *geo.Registry, now time.Time) *desk {
	t.Helper()
	log, err := stream.Open(t.Context(), stream.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = log.Close() })
	d := &desk{t: t, log: log, reg: reg, now: now}
	d.reopen(Options{})
	return d
}

func (d *desk) reopen(opt Options) {
	d.t.Helper()
	bucket, err := d.log.Bucket(d.t.Context(), "quality")
	if err != nil {
		d.t.Fatal(err)
	}
	opt.Bucket, opt.Registry, opt.Now = bucket, func() *geo.Registry { return d.reg }, func() time.Time { return d.now }
	if d.Store, err = Open(d.t.Context(), opt); err != nil {
		d.t.Fatal(err)
	}
}

// measure lets a station send one value of every declared parameter.
func (d *desk) measure(station string, measured, received time.Time, change func(*ingest.Reading)) {
	d.seq++
	in := &ingest.Intake{Delivery: ingest.Delivery{ReceivedAt: received}}
	st, ok := d.reg.Station(station)
	if !ok {
		d.t.Fatal(station)
	}
	for _, code := range st.Parameters {
		r := ingest.Reading{Station: station, Parameter: code, Value: 1, Usable: true, MeasuredAt: measured, ReceivedAt: received}
		if change != nil {
			change(&r)
		}
		d.Reading(d.seq, in, &r)
	}
	d.Line(d.seq, Booked{Station: station, At: received.Unix(), Stored: int64(len(st.Parameters))})
}

func (d *desk) save() {
	d.t.Helper()
	if err := d.Save(d.t.Context(), d.seq); err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) report(from, to time.Time) *Report {
	d.t.Helper()
	r, err := d.Report(d.t.Context(), from, to)
	if err != nil {
		d.t.Fatal(err)
	}
	return r
}

// day0 is the beginning of a local day.
var day0 = time.Date(2026, 11, 20, 17, 0, 0, 0, time.UTC)

const oneDay = 24 * time.Hour

// One day of 288 records a parameter: all of them are 100 %, 230 of them lie below 80 %, 231 above; exactly 80 % reaches the floor.
func TestFloorOfEightyPercent(t *testing.T) {
	for _, c := range []struct {
		records int
		cycle   time.Duration
		above   bool
	}{{288, 5 * time.Minute, true}, {230, 5 * time.Minute, false}, {231, 5 * time.Minute, true}, {96, 12 * time.Minute, true}, {95, 12 * time.Minute, false}} {
		reg := registry(t, 1).WithCycle(c.cycle)
		d := newDesk(t, reg, day0)
		for i := range c.records {
			at := day0.Add(time.Duration(i) * c.cycle)
			d.measure("s0", at, at.Add(time.Second), nil)
		}
		d.now = day0.Add(2 * oneDay)
		got := d.report(day0, day0.Add(oneDay)).Stations[0].Complete
		due := int64(oneDay / c.cycle)
		if got.Parts.Expected != 4*due || got.Parts.Covered != int64(4*c.records) || *got.Parts.AboveFloor != c.above {
			t.Errorf("%d records every %s: %+v", c.records, c.cycle, got.Parts)
		}
		if want := float64(c.records) / float64(due); *got.Value != want || *got.OK != (want >= TargetComplete) {
			t.Errorf("%d records: value %v, ok %v", c.records, *got.Value, *got.OK)
		}
	}
}

// Too much on one day or of one parameter hides no gap of another; back-fill counts for the day on which it was measured.
func TestSurplusHidesNoGap(t *testing.T) {
	d := newDesk(t, registry(t, 1), day0)
	for i := range 2 * 288 {
		at := day0.Add(time.Duration(i) * 150 * time.Second)
		d.measure("s0", at, day0.Add(2*oneDay), func(r *ingest.Reading) { r.Flags = ingest.Late })
	}
	d.now = day0.Add(4 * oneDay)
	both := d.report(day0, day0.Add(2*oneDay)).Stations[0].Complete.Parts
	if both.Received != 4*576 || both.Covered != 4*288 || both.Expected != 4*576 || both.Late != 4*576 {
		t.Errorf("two days: %+v", both)
	}
	second := d.report(day0.Add(oneDay), day0.Add(2*oneDay)).Stations[0].Complete.Parts
	if second.Received != 0 || second.Expected != 4*288 {
		t.Errorf("the day without: %+v", second)
	}
}

// A whole day answers the same with its hours and after they were given up.
func TestOldDaysKeepTheirFigures(t *testing.T) {
	d := newDesk(t, registry(t, 3), day0)
	for i := range 100 {
		at := day0.Add(time.Duration(i) * 10 * time.Minute)
		d.measure(fmt.Sprintf("s%d", i%3), at, at.Add(time.Duration(i)*time.Second), func(r *ingest.Reading) {
			if i%7 == 0 {
				r.Value, r.Usable, r.Flags = math.NaN(), false, ingest.NaNLiteral
			}
		})
	}
	d.save()
	d.now = day0.Add(10 * oneDay)
	before := d.report(day0, day0.Add(oneDay))
	d.now = day0.Add((hourlyDays + 3) * oneDay)
	d.measure("s0", d.now, d.now, nil)
	d.save()
	d.reopen(Options{})
	after := d.report(day0, day0.Add(oneDay))
	for i := range before.Stations {
		a, b := &before.Stations[i], &after.Stations[i]
		if a.Correct.Parts != b.Correct.Parts || a.Clean.Parts.Stored != b.Clean.Parts.Stored || a.Complete.Parts.Covered != b.Complete.Parts.Covered {
			t.Errorf("%s: before %+v %+v, after %+v %+v", a.Station, a.Correct.Parts, a.Complete.Parts, b.Correct.Parts, b.Complete.Parts)
		}
	}
	if got := d.report(day0.Add(3*time.Hour), day0.Add(5*time.Hour)); !got.From.Equal(day0) || !got.To.Equal(day0.Add(oneDay)) {
		t.Errorf("two hours of a day without hours are answered from %s to %s", got.From, got.To)
	}
	strip, err := d.Strip(t.Context(), "s0", day0, day0.Add(oneDay), false)
	if err != nil || len(strip.Unknown) != 24 || !strip.Unknown[5] {
		t.Errorf("the hours of a day without hours: %+v, %v", strip, err)
	}
}

// What the calibration makes wrong is counted from the day after it was due; without a date nothing is held against a parameter.
func TestCalibration(t *testing.T) {
	reg := registry(t, 1)
	f := reg.File()
	f.Stations[0].Instruments = []geo.Instrument{
		{Serial: "1", Parameters: []string{"cod"}, Due: day0.Add(oneDay)}, {Serial: "2", Parameters: []string{"ph"}, Due: day0.Add(30 * oneDay)},
	}
	reg, problems := geo.NewRegistry(f)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	d := newDesk(t, reg, day0)
	for i := range 3 {
		at := day0.Add(time.Duration(i) * oneDay)
		d.measure("s0", at, at, nil)
	}
	d.now = day0.Add(3 * oneDay)
	st := d.report(day0, d.now).Stations[0]
	if got := st.Correct.Parts; got.Readings != 12 || got.Right != 10 || got.CalibrationOverdue != 2 || got.ParametersInDate != 1 || got.ParametersOverdue != 1 || got.ParametersUnknown != 2 {
		t.Errorf("correct is %+v", got)
	}
	var overdue []string
	for _, x := range st.Todo {
		if x.Code == "calibration_overdue" {
			overdue = x.Parameters
		}
	}
	if fmt.Sprint(overdue) != "[cod]" {
		t.Errorf("to do %+v", st.Todo)
	}
}

// A store that comes later than the log neither counts nor asks for what was measured before.
func TestBegunBefore(t *testing.T) {
	log, err := stream.Open(t.Context(), stream.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	d := &desk{t: t, log: log, reg: registry(t, 1), now: day0.Add(30 * time.Minute)}
	d.reopen(Options{Begun: true})
	d.measure("s0", day0.Add(-time.Hour), d.now, nil)
	d.measure("s0", day0.Add(30*time.Minute), d.now, nil)
	d.now = day0.Add(2 * time.Hour)
	r := d.report(day0.Add(-oneDay), d.now)
	if got := r.Stations[0].Complete.Parts; got.Expected != 4*17 || got.Received != 4 || !r.CountedFrom.Equal(day0) {
		t.Errorf("complete is %+v, counted from %s", got, r.CountedFrom)
	}
}

func TestDelay(t *testing.T) {
	d := newDesk(t, registry(t, 1), day0)
	for i := range 100 {
		lag := 3 * time.Second
		if i >= 94 {
			lag = 290 * time.Second
		}
		at := day0.Add(time.Duration(i) * time.Minute)
		d.measure("s0", at, at.Add(lag), nil)
	}
	d.now = day0.Add(2 * time.Hour)
	alive := d.report(day0, d.now).Stations[0].Alive
	if got := alive.Parts; got.Live != 400 || *got.DelayP95 != 300 {
		t.Errorf("alive is %+v, p95 %d", got, *got.DelayP95)
	}
	// From the first record's receipt to 15 min behind the last one.
	if got := alive.Parts.AliveSeconds; got != 99*60+15*60-3 {
		t.Errorf("alive for %d s", got)
	}
}

func TestAvailability(t *testing.T) {
	d := newDesk(t, registry(t, 1), day0)
	if got := d.report(day0.Add(-oneDay), day0).Total.Shared; got.Parts.Availability != nil || *got.Parts.AvailabilityReason != NotObserved || got.OK != nil {
		t.Errorf("before anything is known: %+v", got.Parts)
	}
	beat := func() {
		if err := d.Beat(t.Context(), d.now); err != nil {
			t.Fatal(err)
		}
	}
	beat()
	d.now = day0.Add(90 * time.Minute)
	beat()
	d.reopen(Options{}) // away for 30 min
	d.now = day0.Add(2 * time.Hour)
	beat()
	d.now = day0.Add(3 * time.Hour)
	beat()
	d.reopen(Options{})
	got := d.report(day0, d.now).Total.Shared
	if got.Parts.AvailableSeconds != 9000 || got.Parts.ObservedSeconds != 10800 || *got.OK {
		t.Errorf("shared is %+v", got.Parts)
	}
}

func TestExpected(t *testing.T) {
	for _, c := range []struct {
		from, to int64
		cycle    time.Duration
		want     int64
	}{
		{0, 3600, 5 * time.Minute, 12},
		{1, 3600, 5 * time.Minute, 11},
		{0, 3601, 5 * time.Minute, 13},
		{300, 300, time.Minute, 0},
		{-600, 0, 5 * time.Minute, 2},
		{0, 3, 1500 * time.Millisecond, 2},
		{10, 5, time.Second, 0},
	} {
		if got := expected(c.from, c.to, c.cycle); got != c.want {
			t.Errorf("%d to %d every %s: %d, want %d", c.from, c.to, c.cycle, got, c.want)
		}
	}
}

func FuzzDecodePart(f *testing.F) {
	p := newPart()
	p.upto = 7
	h := p.station("s").hour(3)
	h.n[stored], h.lag[2], h.slots = -4, 9, 1<<11
	p.station("s").param("cod", 0)
	*h.param(0) = paramCount{5, 1}
	f.Add(p.encode())
	f.Add(p.collapsed().encode())
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := decodePart(data)
		if err != nil {
			return
		}
		again, err := decodePart(got.encode())
		if err != nil || string(again.encode()) != string(got.encode()) {
			t.Errorf("%x does not come back: %v", data, err)
		}
	})
}

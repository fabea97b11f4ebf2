package simulator

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"quantrac/geo"
	"quantrac/ingest"
	"quantrac/ingest/broker"
	"quantrac/ingest/dialect"
)

// service is the real way in, broker and door, in front of a log in memory that fails now and then.
type service struct {
	addr string

	mu      sync.Mutex
	entries []*ingest.Intake
	// cod is how often the COD of a station at an instant arrived.
	cod    map[string]map[time.Time]int
	failed int
	// every is how many entries are stored before one is refused; 0 = none is.
	every int
	heard chan struct{}
}

var errDisk = errors.New("the disk is busy")

func newService(t *testing.T, every int, now func() time.Time) *service {
	t.Helper()
	s := &service{every: every, cod: map[string]map[time.Time]int{}, heard: make(chan struct{}, 1)}
	reg := geo.Builtin()
	door := &ingest.Door{
		Decode: dialect.Decode, Registry: func() *geo.Registry { return reg }, Catalogue: ingest.BuiltinCatalogue(),
		Append: func(_ context.Context, in *ingest.Intake, done func(error)) error {
			done(s.store(in))
			return nil
		},
	}
	b, err := broker.Open(broker.Options{Listen: "127.0.0.1:0", Anonymous: true, Submit: door.Submit, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	s.addr = "tcp://" + b.Addr().String()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- b.Serve(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Log(err)
		}
		_ = b.Close()
	})
	return s
}

func (s *service) store(in *ingest.Intake) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer func() {
		select {
		case s.heard <- struct{}{}:
		default:
		}
	}()
	if s.every > 0 && (len(s.entries)+s.failed)%(s.every+1) == s.every {
		s.failed++
		return errDisk
	}
	s.entries = append(s.entries, in)
	for _, r := range in.Readings {
		if r.Parameter != "cod" {
			continue
		}
		if s.cod[r.Station] == nil {
			s.cod[r.Station] = map[time.Time]int{}
		}
		s.cod[r.Station][r.MeasuredAt]++
	}
	return nil
}

// simulate runs until the service is in a state, and returns the last progress.
func (s *service) simulate(t *testing.T, opt Options, ok func() bool) Progress {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var mu sync.Mutex
	var last Progress
	opt.Broker = s.addr
	opt.Progress = func(p Progress) { mu.Lock(); defer mu.Unlock(); last = p }
	ended := make(chan error, 1)
	go func() { ended <- Run(ctx, opt) }()
	deadline := time.After(2 * time.Minute)
	for {
		s.mu.Lock()
		done := ok()
		s.mu.Unlock()
		if done {
			break
		}
		select {
		case <-s.heard:
		case err := <-ended:
			t.Fatalf("the run ended by itself: %v", err)
		case <-deadline:
			s.mu.Lock()
			defer s.mu.Unlock()
			t.Fatalf("not within 2 min; %d stored, %d refused", len(s.entries), s.failed)
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	return last
}

// Every station of the built-in registry through the real broker and door, while the disk fails now and then: what counts as
// acknowledged is stored, nothing that was measured is missing, and nothing is rejected.
func TestEveryStationThroughTheRealBroker(t *testing.T) {
	now := clock()
	s := newService(t, 40, now)
	plants := Plants(geo.Builtin())
	p := s.simulate(t, Options{Plants: plants, Interval: time.Second, Backfill: 3 * time.Hour, Seed: 1, Now: now, PerConnection: 4}, func() bool {
		// A message that the disk refused comes again after others that it took: all three have to be there.
		for _, plant := range plants {
			for i := time.Duration(1); i <= 3; i++ {
				if s.cod[plant.ID][start.Add(i*time.Second)] == 0 {
					return false
				}
			}
		}
		return true
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed == 0 {
		t.Error("the disk never failed")
	}
	if p.Acked == 0 || p.Acked > p.Published || int(p.Acked) > len(s.entries) {
		t.Errorf("%d of %d messages acknowledged, %d stored", p.Acked, p.Published, len(s.entries))
	}
	if missing := int(p.Published) - int(p.Acked); missing > len(plants)/4*window {
		t.Errorf("%d messages are unanswered", missing)
	}
	for _, in := range s.entries {
		if len(in.Rejects) > 0 || len(in.Marks) == 0 || in.Dialect != "native" {
			t.Fatalf("%s: rejects %v, %d marks", in.Delivery.Body, in.Rejects, len(in.Marks))
		}
	}
	for _, plant := range plants {
		at := s.cod[plant.ID]
		for back := time.Duration(0); back < 3*time.Hour; back += 5 * time.Minute {
			if at[start.Add(-back)] == 0 {
				t.Errorf("%s: what was measured %s before the start is missing", plant.ID, back)
			}
		}
		for i := time.Duration(1); i <= 3; i++ {
			if at[start.Add(i*time.Second)] == 0 {
				t.Errorf("%s: what was measured %d s after the start is missing", plant.ID, i)
			}
		}
	}
}

// What an outage held back arrives afterwards, complete and once, marked as late where it is.
func TestOutageThroughTheRealBroker(t *testing.T) {
	now := clock()
	s := newService(t, 0, now)
	plant := Plants(geo.Builtin())[0]
	sc := &Scenario{Events: []Event{{Station: plant.ID, Code: Outage, Start: -40 * time.Minute, Duration: 40*time.Minute + 2*time.Second}}}
	s.simulate(t, Options{Plants: []Plant{plant}, Interval: time.Second, Backfill: time.Hour, Seed: 1, Now: now, Scenario: sc}, func() bool {
		return s.cod[plant.ID][start.Add(3*time.Second)] > 0
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	at := s.cod[plant.ID]
	for _, want := range []time.Duration{-35 * time.Minute, -20 * time.Minute, -5 * time.Minute, 0, time.Second, 2 * time.Second, 3 * time.Second} {
		if at[start.Add(want)] != 1 {
			t.Errorf("measured %s from the start: arrived %d times", want, at[start.Add(want)])
		}
	}
	for _, in := range s.entries {
		for _, r := range in.Readings {
			if late := r.ReceivedAt.Sub(r.MeasuredAt) > 15*time.Minute; late != (r.Flags&ingest.Late != 0) {
				t.Errorf("measured %s, received %s, flags %s", r.MeasuredAt, r.ReceivedAt, r.Flags)
			}
		}
	}
	var sequences []uint64
	for _, in := range s.entries {
		for _, m := range in.Marks {
			sequences = append(sequences, m.Sequence)
		}
	}
	slices.Sort(sequences)
	for i, n := range sequences {
		if n != uint64(i)+1 {
			t.Fatalf("sequence %d in place %d: a gap that nobody made", n, i+1)
		}
	}
}

// Every fault that the scenario knows becomes what the contract says of it.
func TestFaultsThroughTheRealDoor(t *testing.T) {
	now := clock()
	s := newService(t, 0, now)
	plants := Plants(geo.Builtin())[:7]
	all := func(i int, code, parameter string) Event {
		return Event{Station: plants[i].ID, Code: code, Parameter: parameter, Start: -2 * time.Hour, Duration: 100 * time.Hour}
	}
	sc := &Scenario{Events: []Event{
		all(0, NaNText, "cod"), all(1, Negative, "cod"), all(2, Calibration, ""), all(3, Fault, "cod"), all(4, Duplicate, ""),
		all(5, ParamMissing, "cod"), all(6, Zero, "cod"),
	}}
	if problems := sc.Check(plants); len(problems) > 0 {
		t.Fatal(problems)
	}
	s.simulate(t, Options{Plants: plants, Interval: time.Second, Seed: 1, Now: now, Scenario: sc}, func() bool {
		return s.cod[plants[6].ID][start.Add(2*time.Second)] > 0 && s.cod[plants[4].ID][start.Add(2*time.Second)] > 1
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := map[int]int{}
	for _, in := range s.entries {
		if len(in.Rejects) > 0 {
			t.Errorf("%s: %v", in.Delivery.Body, in.Rejects)
		}
		for _, r := range in.Readings {
			i := slices.IndexFunc(plants, func(p Plant) bool { return p.ID == r.Station })
			concerned := r.Parameter == "cod"
			ok := r.Usable
			switch i {
			case 0:
				ok = r.Usable != concerned && r.HasNumber() != concerned && (r.Flags&ingest.NaNLiteral != 0) == concerned
			case 1:
				ok = r.Usable != concerned && (r.Flags&ingest.Negative != 0) == concerned
			case 2:
				ok = !r.Usable && r.Status == ingest.Calibrating && r.HasNumber()
			case 3:
				ok = r.Usable != concerned && (r.Status == ingest.Fault) == concerned
			case 5:
				ok = r.Usable && !concerned
			case 6:
				ok = r.Usable && (r.Value == 0) == concerned
			}
			if !ok {
				t.Errorf("fault %d: %+v", i, r)
			}
			seen[i]++
		}
	}
	if got := slices.Sorted(maps.Keys(seen)); !slices.Equal(got, []int{0, 1, 2, 3, 4, 5, 6}) {
		t.Errorf("only stations %v spoke", got)
	}
	for at, n := range s.cod[plants[4].ID] {
		if n%2 != 0 {
			t.Errorf("duplicate: %s arrived %d times", at, n)
		}
	}
}

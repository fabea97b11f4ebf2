package webhook

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"quantrac/alerts"
)

// shop is a worker in a bubble of fake time: a journal in memory, a recipient and a ledger as functions.
type shop struct {
	w       *worker
	mu      sync.Mutex
	journal [][]alerts.Event
	tries   []Attempt // every record with a try
	notes   []Attempt // every other record
	read    int
	end     func()
}

func eventOf(alert string, revision int) alerts.Event {
	ev := sampleEvent()
	ev.Alert.ID, ev.Alert.Revision, ev.Made = alert, revision, time.Now()
	return ev
}

func openShop(answer func(ctx context.Context, d *delivery) outcome, journal ...[]alerts.Event) *shop {
	s := &shop{journal: journal}
	opt := withDefaults(Options{Events: func(ctx context.Context, after uint64, handle func(uint64, []alerts.Event) error) error {
		for seq := after + 1; int(seq) <= len(s.journal) && handle(seq, s.journal[seq-1]) == nil; seq++ {
			s.mu.Lock()
			s.read++
			s.mu.Unlock()
		}
		<-ctx.Done()
		return nil
	}})
	s.w = &worker{
		id: "wh_1", opt: &opt, queue: newQueue(), incoming: make(chan incoming), results: make(chan result, inFlight),
		circuits: newCircuits(), ledger: func() uint64 { return 0 }, died: func() {},
		commands: make(chan func()), stop: make(chan string, 1), ended: make(chan struct{}),
		retry: retryPolicy{RetryTable(), func() float64 { return 0.5 }},
		send: func(ctx context.Context, _ *hook, d *delivery, at time.Time) outcome {
			o := answer(ctx, d)
			o.took = time.Since(at)
			return o
		},
		record: func(_ context.Context, a Attempt) error {
			s.mu.Lock()
			defer s.mu.Unlock()
			if a.Status != 0 || a.Error != "" {
				s.tries = append(s.tries, a)
				return nil
			}
			s.notes = append(s.notes, a)
			return nil
		},
	}
	s.w.hook.Store(&hook{Webhook: Webhook{ID: "wh_1", Enabled: true}})
	ctx, cancel := context.WithCancel(context.Background())
	requests, cut := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.w.run(ctx, &work{ctx: ctx, requests: requests, records: context.Background()})
	}()
	s.end = func() {
		cancel()
		cut()
		<-ended
	}
	return s
}

func (s *shop) tried() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []string
	for _, a := range s.tries {
		list = append(list, fmt.Sprintf("%s %s", a.Alert, a.State))
	}
	return list
}

func steps(events ...alerts.Event) [][]alerts.Event {
	var list [][]alerts.Event
	for _, ev := range events {
		list = append(list, []alerts.Event{ev})
	}
	return list
}

func TestAFailingRecipientIsTriedByTheTableThenDead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openShop(func(context.Context, *delivery) outcome { return outcome{status: 500} }, steps(eventOf("a", 1))...)
		time.Sleep(80 * time.Hour)
		s.end()
		if len(s.tries) != 10 || s.tries[9].State != Dead || !s.tries[9].NextAt.IsZero() {
			t.Fatalf("%d tries, the last %+v", len(s.tries), s.tries[len(s.tries)-1])
		}
		for i, wait := range RetryTable() {
			a, b := s.tries[i], s.tries[i+1]
			if got := b.At.Sub(a.At); got.Round(time.Millisecond) != wait || !a.NextAt.Equal(b.At) || a.ID != b.ID || a.Attempt != i+1 {
				t.Errorf("try %d after %s, want %s: %+v", i+2, got, wait, a)
			}
		}
		if s.w.queue.size() != 0 || len(s.w.steps) != 0 || s.w.passed.Load() != 1 {
			t.Errorf("still open after the last try: %d, passed %d", s.w.queue.size(), s.w.passed.Load())
		}
	})
}

func TestAFailingAlertHoldsBackOnlyItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var healed atomic.Bool
		answer := func(_ context.Context, d *delivery) outcome {
			if d.event.Alert.ID == "a" && !healed.Load() {
				return outcome{status: 503}
			}
			return outcome{status: 204}
		}
		s := openShop(answer, steps(eventOf("a", 1), eventOf("b", 1), eventOf("a", 2), eventOf("b", 2), eventOf("a", 3))...)
		synctest.Wait()
		if got, want := s.tried(), []string{"a retrying", "b delivered", "b delivered"}; !equalSets(got, want) {
			t.Errorf("at once: %v, want %v", got, want)
		}
		if s.w.passed.Load() != 5 || len(s.notes) != 2 {
			t.Errorf("passed %d with %d notes: what waits must be written down, then passed", s.w.passed.Load(), len(s.notes))
		}
		time.Sleep(10 * time.Second)
		healed.Store(true)
		time.Sleep(10 * time.Minute)
		s.end()
		var revisions []string
		for _, a := range s.tries {
			if a.Alert == "a" {
				revisions = append(revisions, fmt.Sprintf("%d %s", a.Sequence, a.State))
			}
		}
		want := []string{"1 retrying", "1 retrying", "1 delivered", "3 delivered", "5 delivered"}
		if !slices.Equal(revisions, want) {
			t.Errorf("alert a: %v, want %v", revisions, want)
		}
	})
}

func TestRetryAfterDelaysTheNextTry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openShop(func(context.Context, *delivery) outcome { return outcome{status: 503, retryAfter: time.Hour} }, steps(eventOf("a", 1))...)
		time.Sleep(90 * time.Minute)
		s.end()
		if len(s.tries) != 2 || s.tries[1].At.Sub(s.tries[0].At) != time.Hour {
			t.Errorf("tries %+v", s.tries)
		}
	})
}

func TestRetriesLeaveRoomForNews(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hang := func(ctx context.Context, d *delivery) outcome {
			if d.event.Alert.ID == "news" {
				return outcome{status: 200}
			}
			time.Sleep(answerTime)
			return outcome{status: 500} // slow, and there: a host that is not is left alone
		}
		var stuck []alerts.Event
		for i := range 40 {
			stuck = append(stuck, eventOf(fmt.Sprintf("stuck-%02d", i), 1))
		}
		// All 40 have failed once after 5 rounds of 15 s; from then on retries are due all the time.
		s := openShop(hang, stuck)
		time.Sleep(127 * time.Second)
		var sent time.Time
		at := time.Now()
		s.w.incoming <- incoming{2, []alerts.Event{eventOf("news", 1)}}
		synctest.Wait()
		s.mu.Lock()
		for _, a := range s.tries {
			if a.Alert == "news" {
				sent = a.At
			}
		}
		s.mu.Unlock()
		if !sent.Equal(at) {
			t.Errorf("news waited %s behind retries", sent.Sub(at))
		}
		s.end()
	})
}

func TestReadingPausesWhenTooMuchIsOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var list []alerts.Event
		for i := range maxPending + 500 {
			list = append(list, eventOf(fmt.Sprintf("alert-%d", i), 1))
		}
		var healed atomic.Bool
		answer := func(context.Context, *delivery) outcome {
			if healed.Load() {
				return outcome{status: 200}
			}
			return outcome{status: 500}
		}
		s := openShop(answer, steps(list...)...)
		time.Sleep(time.Second)
		s.mu.Lock()
		if s.read != maxPending {
			t.Errorf("read %d, want %d", s.read, maxPending)
		}
		healed.Store(true)
		s.mu.Unlock()
		time.Sleep(30 * time.Minute)
		s.end()
		delivered := 0
		for _, a := range s.tries {
			if a.State == Delivered {
				delivered++
			}
		}
		if delivered != len(list) || s.w.passed.Load() != uint64(len(list)) {
			t.Errorf("delivered %d, passed %d of %d", delivered, s.w.passed.Load(), len(list))
		}
	})
}

func TestAPlaceIsNotPassedBeforeItsTryIsRecorded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openShop(func(ctx context.Context, d *delivery) outcome {
			if d.event.Alert.ID == "slow" {
				time.Sleep(10 * time.Second)
			}
			return outcome{status: 200}
		}, steps(eventOf("a", 1), eventOf("slow", 1), eventOf("b", 1))...)
		time.Sleep(time.Second)
		synctest.Wait()
		if got := s.w.passed.Load(); got != 1 {
			t.Errorf("passed %d while 2 is on its way", got)
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if got := s.w.passed.Load(); got != 3 {
			t.Errorf("passed %d after all", got)
		}
		s.end()
	})
}

func equalSets(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

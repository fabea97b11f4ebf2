package webhook

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestADeadHostIsLeftAloneThenGetsAllInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var back atomic.Bool
		s := openShop(func(context.Context, *delivery) outcome {
			if back.Load() {
				return outcome{status: 200}
			}
			return outcome{fault: "connection refused"}
		})
		begin := time.Now()
		// Eight hours of 60 alerts, of which each changes twice.
		seq := uint64(0)
		for i := range 60 {
			for revision := 1; revision <= 3; revision++ {
				seq++
				s.w.incoming <- incoming{seq, steps(eventOf(fmt.Sprintf("alert-%02d", i), revision))[0]}
				time.Sleep(8 * time.Hour / 180)
			}
		}
		s.mu.Lock()
		failed := len(s.tries)
		s.mu.Unlock()
		// One try in five minutes at most, but for the way there.
		if most := int(time.Since(begin)/maxPause) + 2*inFlight; failed > most {
			t.Errorf("%d requests to a dead host, want at most %d", failed, most)
		}
		if s.w.passed.Load() != seq {
			t.Errorf("passed %d of %d: what waits must be written down, then passed", s.w.passed.Load(), seq)
		}
		back.Store(true)
		returned := time.Now()
		time.Sleep(24 * time.Hour)
		s.end()
		revisions := map[string][]uint64{}
		fresh := 0
		for _, a := range s.tries[failed:] {
			if a.State != Delivered {
				t.Errorf("after its return: %+v", a)
			}
			if a.Attempt == 1 {
				fresh++
				if first := a.Sequence%3 == 1; first && a.At.Sub(returned) > maxPause+time.Second {
					t.Errorf("%s was sent %s after the host's return", a.ID, a.At.Sub(returned))
				}
			}
			revisions[a.Alert] = append(revisions[a.Alert], a.Sequence)
		}
		if fresh < 100 {
			t.Errorf("%d of 180 had lost no try by waiting", fresh)
		}
		for alert, list := range revisions {
			if len(list) != 3 || !slices.IsSorted(list) {
				t.Errorf("%s: %v", alert, list)
			}
		}
		if len(revisions) != 60 {
			t.Errorf("%d alerts were told, want 60", len(revisions))
		}
	})
}

func TestWhatWaitsForADeadHostTooLongIsDead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := openShop(func(context.Context, *delivery) outcome { return outcome{status: 502} })
		died := atomic.Int64{}
		s.w.died = func() { died.Add(1) }
		for i := range 30 {
			s.w.incoming <- incoming{uint64(i + 1), steps(eventOf(fmt.Sprintf("alert-%02d", i), 1))[0]}
		}
		time.Sleep(s.w.retry.longest() + 26*time.Hour) // a last try may be due a day after the end
		s.end()
		if died.Load() != 30 || s.w.queue.size() != 0 {
			t.Errorf("%d dead, %d open", died.Load(), s.w.queue.size())
		}
	})
}

func TestACircuitProbesWithOneTry(t *testing.T) {
	c := newCircuits()
	now := time.Date(2026, 11, 24, 6, 0, 0, 0, time.UTC)
	enter := func() (bool, bool) {
		ok, probe, _ := c.enter("h", now)
		return ok, probe
	}
	for i := range pauseAfter {
		if ok, probe := enter(); !ok || probe {
			t.Fatalf("try %d is held back", i+1)
		}
		c.leave("h", false, failing, now)
	}
	if ok, _ := enter(); ok {
		t.Error("the host is not left alone")
	}
	if ok, _, _ := c.enter("another", now); !ok {
		t.Error("another host is left alone too")
	}
	now = now.Add(firstPause)
	if ok, probe := enter(); !ok || !probe {
		t.Error("no probe after the pause")
	}
	if ok, _ := enter(); ok {
		t.Error("a second try beside the probe")
	}
	c.leave("h", true, failing, now)
	if k, paused := c.look("h"); !paused || k.until.Sub(now) != 2*firstPause {
		t.Errorf("after a failed probe: %+v", k)
	}
	c.hurry("h", now)
	if ok, probe := enter(); !ok || !probe {
		t.Error("a person may not ask for a probe")
	}
	c.leave("h", true, alive, now)
	if _, paused := c.look("h"); paused || len(c.hosts) != 0 {
		t.Error("still paused after an answer")
	}
}

func TestAnOverloadedRecipientGetsFewerRequestsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var now, most, limit atomic.Int64
		limit.Store(2)
		s := openShop(func(context.Context, *delivery) outcome {
			n := now.Add(1)
			defer now.Add(-1)
			most.Store(max(most.Load(), n))
			time.Sleep(time.Second)
			if n > limit.Load() {
				return outcome{status: 429, retryAfter: 10 * time.Second}
			}
			return outcome{status: 200}
		})
		feed := func(from, n int) {
			for i := range n {
				s.w.incoming <- incoming{uint64(from + i), steps(eventOf(fmt.Sprintf("alert-%d", from+i), 1))[0]}
			}
		}
		feed(1, 8)
		time.Sleep(1500 * time.Millisecond)
		if most.Load() != inFlight || !s.w.slow.Load() {
			t.Errorf("%d at once at first, slow %t", most.Load(), s.w.slow.Load())
		}
		most.Store(0)
		feed(9, 1)
		time.Sleep(8 * time.Second)
		if most.Load() != 0 {
			t.Error("something was sent before the time that the recipient asked for")
		}
		time.Sleep(5 * time.Second)
		if n := most.Load(); n == 0 || n > 3 {
			t.Errorf("%d at once after the 429s", n)
		}
		limit.Store(100)
		feed(10, 40)
		time.Sleep(time.Hour)
		if s.w.slow.Load() {
			t.Error("slow for ever")
		}
		s.end()
	})
}

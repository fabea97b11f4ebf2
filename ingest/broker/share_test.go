package broker

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"quantrac/ingest"
)

func TestShareIsDividedByThoseWhoSpeak(t *testing.T) {
	now := time.Date(2026, 11, 24, 6, 0, 0, 0, time.UTC)
	b := &budget{messages: 1000, bytes: 100 << 20}
	flood := newShare(b)
	never := make(chan struct{})
	if !flood.take(1, now, never) {
		t.Fatal("no room for the first message")
	}
	if n, _ := flood.limits(); n != 1000 {
		t.Errorf("alone it may have %d", n)
	}
	for range 9 {
		newShare(b).speak(now)
	}
	if n, bytes := flood.limits(); n != 100 || bytes != 10<<20 {
		t.Errorf("one of ten may have %d messages, %d bytes", n, bytes)
	}
	for range 10_000 {
		newShare(b).speak(now)
	}
	if n, bytes := flood.limits(); n != leastShare || bytes != leastShareBytes {
		t.Errorf("one of ten thousand may have %d messages, %d bytes", n, bytes)
	}
	// They count for a period more, and then no longer.
	flood.speak(now.Add(lately))
	if n, _ := flood.limits(); n != leastShare {
		t.Errorf("a period later: %d", n)
	}
	flood.speak(now.Add(2 * lately))
	if n, _ := flood.limits(); n != 1000 {
		t.Errorf("two periods later: %d", n)
	}
}

// Several connections of one gateway share its part; whoever waits is woken when there is room.
func TestMeter(t *testing.T) {
	var m meter
	limits := func() (int, int) { return 3, 100 }
	never := make(chan struct{})
	var mu sync.Mutex
	most, now := 0, 0
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 500 {
				m.take(40, limits, never)
				mu.Lock()
				now++
				most = max(most, now)
				mu.Unlock()
				mu.Lock()
				now--
				mu.Unlock()
				m.give(40)
			}
		})
	}
	wg.Wait()
	if most > 2 || m.messages != 0 || m.bytes != 0 || m.waiting != 0 {
		t.Errorf("%d at once, left %d messages, %d bytes, %d waiting", most, m.messages, m.bytes, m.waiting)
	}
	// One that is larger than everything fits alone.
	if !m.take(1000, limits, never) {
		t.Error("too large for ever")
	}
	closed := make(chan struct{})
	close(closed)
	if m.take(1, limits, closed) {
		t.Error("room where there is none")
	}
}

// committer makes everything durable that waits, in batches that take as long as a disk.
type committer struct {
	queue chan func(ingest.Receipt, error)
	done  chan struct{}
}

func newCommitter(t testing.TB, sync time.Duration) *committer {
	c := &committer{queue: make(chan func(ingest.Receipt, error), 4096), done: make(chan struct{})}
	go func() {
		defer close(c.done)
		for first := range c.queue {
			batch := []func(ingest.Receipt, error){first}
			for len(c.queue) > 0 && len(batch) < 256 {
				batch = append(batch, <-c.queue)
			}
			if sync > 0 {
				<-time.After(sync)
			}
			for _, done := range batch {
				done(ingest.Receipt{Accepted: 1}, nil)
			}
		}
	}()
	t.Cleanup(func() { close(c.queue); <-c.done })
	return c
}

func (c *committer) Submit(_ context.Context, _ ingest.Delivery, done func(ingest.Receipt, error)) error {
	c.queue <- done
	return nil
}

// One gateway floods with several connections; fifty quiet ones must hardly notice.
func TestFloodDoesNotStarveOthers(t *testing.T) {
	if testing.Short() {
		t.Skip("measures for some seconds")
	}
	const quiet, each, flooders = 50, 20, 4
	b := start(t, Options{
		Submit:       newCommitter(t, 2*time.Millisecond).Submit,
		Authenticate: func(_ context.Context, l Login) (Identity, bool) { return Identity{ID: l.Username}, true },
	})
	clients := make([]*raw, quiet)
	for i := range clients {
		clients[i] = connect(t, b, 4, login{id: "c", user: fmt.Sprintf("quiet-%d", i), password: "x"})
	}
	measure := func() time.Duration {
		var mu sync.Mutex
		var all []time.Duration
		var wg sync.WaitGroup
		for _, c := range clients {
			wg.Go(func() {
				for i := range each {
					began := time.Now()
					c.publish(message{topic: readings, body: native(1), qos: 1, id: uint16(i + 1)})
					if _, _, err := c.tryRead(); err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					all = append(all, time.Since(began))
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		slices.Sort(all)
		return all[len(all)*95/100]
	}
	alone := measure()
	for i := range flooders {
		c := connect(t, b, 4, login{id: fmt.Sprint("flood", i), user: "flood", password: "x"})
		go c.flood()
	}
	// Without shares the flood holds 4 × 1,024 places of the queue: sixteen batches before each quiet message, in every round. A
	// machine with other work spoils a round now and then.
	limit := 3*alone + 15*time.Millisecond
	var rounds []time.Duration
	for range 5 {
		beside := measure()
		if rounds = append(rounds, beside); beside <= limit {
			break
		}
	}
	t.Logf("PUBACK of 50 quiet gateways, 95 %% within: %s alone, %s beside a flood", alone, rounds)
	if slices.Min(rounds) > limit {
		t.Errorf("quiet gateways wait %s, more than %s", rounds, limit)
	}
}

// flood publishes as fast as it can and reads every answer, until the connection ends.
func (c *raw) flood() {
	var batch []byte
	for i := range 1000 {
		batch = append(batch, c.publishPacket(message{topic: readings, body: native(1), qos: 1, id: uint16(i + 1)})...)
	}
	go func() {
		for {
			if _, _, err := c.tryRead(); err != nil {
				return
			}
		}
	}()
	for {
		if _, err := c.conn.Write(batch); err != nil {
			return
		}
	}
}

package webhook

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"
)

// Crashes at random, with checkpoints at random before them: every event arrives, those of one alert in order, and none under another
// id. What was answered and not recorded may come again.
func TestNothingIsLostOrRenamedOverCrashes(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 1))
	var mu sync.Mutex
	flaky := rand.New(rand.NewPCG(seed, 2))
	taken := map[string]bool{}
	revisions := map[string][]int{}
	rec := newRecipient(t, func(w http.ResponseWriter, in received) {
		mu.Lock()
		defer mu.Unlock()
		if flaky.IntN(4) == 0 {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		if !taken[in.id] { // as a recipient that drops doubles
			taken[in.id] = true
			id := in.event.Data.Alert.ID
			revisions[id] = append(revisions[id], in.event.Data.Alert.Revision)
		}
	})
	retries := slices.Repeat([]time.Duration{10 * time.Millisecond}, 60)
	patient := func(o *Options) { o.Retries, o.Grace = retries, time.Millisecond }
	r := newRig(t, patient)
	r.create(Spec{URL: rec.URL})
	next, total := map[string]int{}, 0
	arrived := func(n int) func() bool {
		return func() bool {
			mu.Lock()
			defer mu.Unlock()
			return len(taken) >= n
		}
	}
	for range 5 {
		for range 5 + rnd.IntN(40) {
			ev := sampleEvent()
			ev.Alert.ID = fmt.Sprintf("alert-%d", rnd.IntN(8))
			next[ev.Alert.ID]++
			ev.Alert.Revision = next[ev.Alert.ID]
			r.happen(ev)
			if total++; rnd.IntN(10) == 0 {
				if err := r.sender.checkpoint(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
		}
		r.until("some have arrived", arrived(rnd.IntN(total)))
		_ = r.log.Close() // from here on nothing reaches the disk
		r.stop()
		r.open(patient)
	}
	r.until("all have arrived", arrived(total))
	r.stop()
	if len(taken) != total {
		t.Errorf("%d ids for %d events", len(taken), total)
	}
	for alert, list := range revisions {
		if !slices.IsSorted(list) || len(list) != next[alert] {
			t.Errorf("%s: revisions %v", alert, list)
		}
	}
}

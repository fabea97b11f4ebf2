package webhook

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"quantrac/alerts"
)

func TestWhatIsOpenSurvivesARestart(t *testing.T) {
	var mu sync.Mutex
	down := true
	rec := newRecipient(t, func(w http.ResponseWriter, in received) {
		mu.Lock()
		defer mu.Unlock()
		if down && in.event.Data.Alert.ID == "a" {
			w.WriteHeader(500)
		}
	})
	slow := func(o *Options) { o.Retries = []time.Duration{300 * time.Millisecond, time.Second} }
	r := newRig(t, slow)
	h, secret := r.create(Spec{URL: rec.URL})
	send := func(alert string, revision int) {
		ev := sampleEvent()
		ev.Alert.ID, ev.Alert.Revision = alert, revision
		r.happen(ev)
	}
	send("a", 1)
	send("b", 1)
	send("a", 2)
	r.until("a is retrying, b delivered, the second of a waiting", func() bool {
		states := map[State]int{}
		for _, a := range r.deliveries(h.ID) {
			states[a.State]++
		}
		return states[Retrying] > 0 && states[Delivered] == 1 && states[Waiting] == 1
	})
	r.stop()
	first := map[string]int{}
	for len(rec.got) > 0 {
		got := <-rec.got
		first[got.id]++
	}
	mu.Lock()
	down = false
	mu.Unlock()
	r.open(slow)
	send("a", 3)
	var order []int
	for range 3 {
		got := rec.next(t)
		verify(t, secret, got)
		if got.event.Data.Alert.ID != "a" {
			t.Errorf("%s was sent again", got.event.Data.Alert.ID)
		}
		order = append(order, got.event.Data.Alert.Revision)
		if len(order) == 1 && first[got.id] == 0 {
			t.Errorf("the try after the restart has another id: %s, before %v", got.id, first)
		}
	}
	if fmt.Sprint(order) != "[1 2 3]" {
		t.Errorf("order %v", order)
	}
	r.newest(h.ID, Delivered)
	r.stop()
	r.open(slow)
	send("c", 1)
	if got := rec.next(t); got.event.Data.Alert.ID != "c" {
		t.Errorf("%s %d was sent again", got.event.Data.Alert.ID, got.event.Data.Alert.Revision)
	}
}

// A crash between the recipient's answer and the record: the event comes again, under the same id, and what was recorded
// behind it does not, although the place on disk is older.
func TestACrashInFlightSendsAgainUnderTheSameID(t *testing.T) {
	arrived, goOn := make(chan struct{}), make(chan struct{})
	var once sync.Once
	rec := newRecipient(t, func(_ http.ResponseWriter, in received) {
		if in.event.Data.Alert.ID == "behind" {
			return
		}
		once.Do(func() {
			close(arrived)
			<-goOn
		})
	})
	r := newRig(t, func(o *Options) { o.Grace = time.Millisecond })
	h, _ := r.create(Spec{URL: rec.URL})
	r.happen(sampleEvent())
	<-arrived
	behind := sampleEvent()
	behind.Alert.ID = "behind"
	r.happen(behind)
	recorded := r.newest(h.ID, Delivered)
	_ = r.log.Close() // nothing can be written from here on
	close(goOn)
	r.stop()
	r.open(nil)
	last := sampleEvent()
	last.Alert.ID = "last"
	r.happen(last)
	var ids []string
	for range 4 {
		ids = append(ids, rec.next(t).id)
	}
	r.until("all is recorded", func() bool { return len(r.deliveries(h.ID)) == 3 })
	if ids[0] != ids[2] && ids[0] != ids[3] || ids[1] != recorded.ID || len(rec.got) != 0 {
		t.Errorf("sent %v and %d more, recorded before the crash %s", ids, len(rec.got), recorded.ID)
	}
}

// Random failures and restarts, compared with what a perfect sender would do: every event is answered 2xx exactly once,
// and those of one alert in order. QUANTRAC_SEED sets the seed.
func TestNothingIsLostDoubledOrDisorderedOverRestarts(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("QUANTRAC_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("QUANTRAC_SEED=%d", seed)
	rnd := rand.New(rand.NewPCG(seed, 1))
	var mu sync.Mutex
	flaky := rand.New(rand.NewPCG(seed, 2))
	delivered := map[string]int{}
	revisions := map[string][]int{}
	rec := newRecipient(t, func(w http.ResponseWriter, in received) {
		mu.Lock()
		defer mu.Unlock()
		if flaky.IntN(3) == 0 {
			w.WriteHeader(500)
			return
		}
		delivered[in.id]++
		id := in.event.Data.Alert.ID
		revisions[id] = append(revisions[id], in.event.Data.Alert.Revision)
	})
	retries := make([]time.Duration, 40) // more tries than bad luck
	for i := range retries {
		retries[i] = 10 * time.Millisecond
	}
	patient := func(o *Options) { o.Retries = retries }
	r := newRig(t, patient)
	r.create(Spec{URL: rec.URL})
	next := map[string]int{}
	total := 0
	for range 8 {
		for range rnd.IntN(15) {
			var step []alerts.Event
			for range 1 + rnd.IntN(4) {
				ev := sampleEvent()
				ev.Alert.ID = fmt.Sprintf("alert-%d", rnd.IntN(6))
				next[ev.Alert.ID]++
				ev.Alert.Revision = next[ev.Alert.ID]
				step = append(step, ev)
			}
			r.happen(step...)
			total += len(step)
		}
		mu.Lock()
		enough := len(delivered) + rnd.IntN(20)
		mu.Unlock()
		r.until("some have arrived", func() bool {
			mu.Lock()
			defer mu.Unlock()
			return len(delivered) >= min(enough, total)
		})
		r.stop()
		r.open(patient)
	}
	r.until("all have arrived", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(delivered) == total
	})
	r.stop()
	for id, n := range delivered {
		if n != 1 {
			t.Errorf("%s was taken %d times", id, n)
		}
	}
	for alert, list := range revisions {
		for i, revision := range list {
			if revision != i+1 {
				t.Errorf("%s: revisions %v", alert, list)
				break
			}
		}
	}
}

func TestConfiguredWebhooksKeepTheirPlace(t *testing.T) {
	rec := newRecipient(t, nil)
	spec := Spec{Name: "control room", URL: rec.URL, Secret: string(testSecret())}
	with := func(specs ...Spec) func(*Options) { return func(o *Options) { o.Configured = specs } }
	r := newRig(t, with(spec))
	r.happen(sampleEvent())
	verify(t, spec.Secret, rec.next(t))
	list := r.sender.List()
	if len(list) != 1 || list[0].Source != sourceConfig {
		t.Fatalf("list %+v", list)
	}
	r.newest(list[0].ID, Delivered)
	if err := r.sender.Delete(t.Context(), list[0].ID); !errors.Is(err, ErrConfigured) {
		t.Errorf("delete: %v", err)
	}
	r.stop()

	// What happened while the program was down is sent, what was sent is not.
	r.open(with(spec))
	ev := sampleEvent()
	ev.Alert.ID = "next"
	r.happen(ev)
	if got := rec.next(t); got.event.Data.Alert.ID != "next" {
		t.Errorf("got %s", got.event.Data.Alert.ID)
	}
	if again := r.sender.List(); again[0].ID != list[0].ID || !again[0].CreatedAt.Equal(list[0].CreatedAt) {
		t.Errorf("it became another: %+v", again)
	}
	r.stop()

	r.open(with()) // gone from the file, gone
	if len(r.sender.List()) != 0 {
		t.Error("it is still there")
	}
	r.stop()

	r.open(with(spec)) // back: begins with the present, and owes nothing from its first life
	ev.Alert.ID = "third"
	r.happen(ev)
	if got := rec.next(t); got.event.Data.Alert.ID != "third" {
		t.Errorf("got %s", got.event.Data.Alert.ID)
	}
}

func TestAConfiguredWebhookThatComesBackOwesNothing(t *testing.T) {
	rec := newRecipient(t, func(w http.ResponseWriter, in received) {
		if in.event.Data.Alert.Revision == 1 {
			w.WriteHeader(500)
		}
	})
	spec := Spec{Name: "control room", URL: rec.URL, Secret: string(testSecret())}
	with := func(specs ...Spec) func(*Options) {
		return func(o *Options) { o.Configured, o.Retries = specs, []time.Duration{time.Second} }
	}
	r := newRig(t, with(spec))
	r.happen(sampleEvent())
	r.newest(configuredID(spec.Name), Retrying)
	r.stop()
	r.open(with())
	r.stop()
	r.open(with(spec))
	r.happen(resolvedEvent()) // of the same alert: it would have to wait for what is owed
	r.newest(configuredID(spec.Name), Delivered)
	if list := r.deliveries(configuredID(spec.Name)); len(list) != 2 {
		t.Errorf("%d records, want 2: %+v", len(list), list)
	}
}

func TestConfiguredProblemsNameTheirPlace(t *testing.T) {
	problems := CheckConfigured([]Spec{{Name: "a", URL: "https://x.vn/"}, {Name: "a", URL: "http://x.vn/"}}, nil)
	if len(problems) != 2 || problems[0].Path != "webhooks[1].url" || problems[1].Path != "webhooks[1].name" {
		t.Errorf("got %v", problems)
	}
}

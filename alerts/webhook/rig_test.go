package webhook

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"quantrac/alerts"
	"quantrac/ingest/stream"
)

// rig is a sender over a real log in a directory that outlives it.
type rig struct {
	t      *testing.T
	dir    string
	logs   bytes.Buffer
	logMu  sync.Mutex
	log    *stream.Log
	events *stream.Stream
	sender *Sender
	stop   func()
}

func (r *rig) Write(p []byte) (int, error) {
	r.logMu.Lock()
	defer r.logMu.Unlock()
	return r.logs.Write(p)
}

func loopback() []netip.Prefix { return []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} }

func newRig(t *testing.T, change func(*Options)) *rig {
	r := &rig{t: t, dir: t.TempDir()}
	r.open(change)
	t.Cleanup(func() { r.stop() })
	return r
}

// open opens the log and a sender that runs.
func (r *rig) open(change func(*Options)) {
	r.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var err error
	if r.log, err = stream.Open(ctx, stream.Options{Dir: r.dir}); err != nil {
		r.t.Fatal(err)
	}
	if r.events, err = r.log.Stream(ctx, "ALERTS"); err != nil {
		r.t.Fatal(err)
	}
	opt := Options{
		Log: r.log, Events: r.follow, LastEvent: r.events.LastSequence, AllowPrivate: loopback(), BaseURL: "https://quantrac.example.vn",
		Retries: []time.Duration{20 * time.Millisecond, 20 * time.Millisecond, 20 * time.Millisecond}, Logger: slog.New(slog.NewTextHandler(r, nil)),
	}
	if change != nil {
		change(&opt)
	}
	if r.sender, err = Open(ctx, opt); err != nil {
		r.t.Fatal(err)
	}
	var run sync.WaitGroup
	sender := r.sender
	run.Go(func() {
		if err := sender.Run(ctx); err != nil {
			r.t.Error(err)
		}
	})
	r.stop = sync.OnceFunc(func() {
		cancel()
		run.Wait()
		_ = r.log.Close()
	})
}

func (r *rig) follow(ctx context.Context, after uint64, handle func(uint64, []alerts.Event) error) error {
	return r.events.Follow(ctx, after, func(recs []stream.Record) error {
		for _, rec := range recs {
			var events []alerts.Event
			if err := json.Unmarshal(rec.Data, &events); err != nil {
				return err
			}
			if err := handle(rec.Sequence, events); err != nil {
				return err
			}
		}
		return nil
	})
}

// happen appends one step to the journal.
func (r *rig) happen(events ...alerts.Event) uint64 {
	r.t.Helper()
	data, err := json.Marshal(events)
	if err != nil {
		r.t.Fatal(err)
	}
	seq, err := r.events.Add(r.t.Context(), data)
	if err != nil {
		r.t.Fatal(err)
	}
	return seq
}

func (r *rig) create(spec Spec) (Webhook, string) {
	r.t.Helper()
	if spec.Name == "" {
		spec.Name = "test"
	}
	h, secret, err := r.sender.Create(r.t.Context(), spec)
	if err != nil {
		r.t.Fatal(err)
	}
	return h, secret
}

// until waits for a condition that shows only by asking.
func (r *rig) until(what string, holds func() bool) {
	r.t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	late := time.After(20 * time.Second)
	for !holds() {
		select {
		case <-tick.C:
		case <-late:
			r.t.Fatalf("waited in vain until %s\n%s", what, r.logs.String())
		}
	}
}

func (r *rig) deliveries(webhook string) []Attempt {
	r.t.Helper()
	list, _, err := r.sender.Find(r.t.Context(), webhook, Query{Cursor: "", Limit: 0})
	if err != nil {
		r.t.Fatal(err)
	}
	return list
}

// newest waits until the newest record of a webhook has a state.
func (r *rig) newest(webhook string, state State) Attempt {
	r.t.Helper()
	var a Attempt
	r.until("a delivery is "+string(state), func() bool {
		if list := r.deliveries(webhook); len(list) > 0 {
			a = list[0]
		}
		return a.State == state
	})
	return a
}

// request is what a recipient got.
type received struct {
	id    string
	event struct {
		Type string
		Data struct {
			Alert       alerts.Alert
			By, Comment string
			Truncated   []string
		}
	}
	header http.Header
	body   []byte
}

// recipient answers by a function; nil = 204. Every request can be had from got.
type recipient struct {
	*httptest.Server
	got chan received
}

func newRecipient(t testing.TB, answer func(w http.ResponseWriter, r received)) *recipient {
	rec := &recipient{got: make(chan received, 10_000)}
	rec.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		in := received{id: r.Header.Get("webhook-id"), header: r.Header}
		in.body, _ = io.ReadAll(r.Body)
		if err := json.Unmarshal(in.body, &in.event); err != nil {
			t.Errorf("body %s: %v", in.body, err)
		}
		rec.got <- in
		if answer == nil {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		answer(w, in)
	}))
	t.Cleanup(rec.Close)
	return rec
}

func (rec *recipient) next(t *testing.T) received {
	t.Helper()
	select {
	case r := <-rec.got:
		return r
	case <-time.After(20 * time.Second):
		t.Fatal("nothing was received")
		return received{}
	}
}

func verify(t *testing.T, secret string, r received) {
	t.Helper()
	wh, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	if err := wh.Verify(r.body, r.header); err != nil {
		t.Errorf("signature: %v", err)
	}
}

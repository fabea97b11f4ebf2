package simulator

import (
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/hooks/auth"
	"github.com/mochi-mqtt/server/v2/listeners"
	mochipackets "github.com/mochi-mqtt/server/v2/packets"
)

// start is an instant on the grid of every interval that the tests use.
var start = time.Date(2026, 11, 24, 6, 0, 0, 0, time.UTC)

// record is one native message as a broker saw it.
type record struct {
	topic    string
	At       time.Time      `json:"measured_at"`
	Sequence uint64         `json:"sequence"`
	Values   map[string]any `json:"values"`
}

// recorder is a broker that notes what is published to it.
type recorder struct {
	addr   string
	server *mochi.Server

	mu       sync.Mutex
	records  []record
	statuses map[string]string
	clients  map[string]bool
	heard    chan struct{}
}

func newRecorder(t *testing.T, hook mochi.Hook, config any) *recorder {
	t.Helper()
	s := mochi.New(&mochi.Options{InlineClient: true, Logger: slog.New(slog.DiscardHandler)})
	if err := s.AddHook(hook, config); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.AddListener(listeners.NewNet("tcp", listener)); err != nil {
		t.Fatal(err)
	}
	r := &recorder{addr: "tcp://" + listener.Addr().String(), server: s, statuses: map[string]string{}, clients: map[string]bool{}, heard: make(chan struct{}, 1)}
	if err := s.Subscribe("quantrac/v1/#", 1, r.note); err != nil {
		t.Fatal(err)
	}
	if err := s.Serve(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return r
}

func (r *recorder) note(_ *mochi.Client, _ mochipackets.Subscription, pk mochipackets.Packet) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.clients[pk.Origin] = true
	station := strings.Split(pk.TopicName, "/")[2]
	if strings.HasSuffix(pk.TopicName, "/status") {
		r.statuses[station] = string(pk.Payload)
	} else {
		body := pk.Payload
		if body[0] != '[' {
			body = append(append([]byte{'['}, body...), ']')
		}
		var records []record
		if err := json.Unmarshal(body, &records); err != nil {
			records = []record{{}}
		}
		for i := range records {
			records[i].topic = station
		}
		r.records = append(r.records, records...)
	}
	select {
	case r.heard <- struct{}{}:
	default:
	}
}

// until waits for a state of the recorder.
func (r *recorder) until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		r.mu.Lock()
		done := ok()
		r.mu.Unlock()
		if done {
			return
		}
		select {
		case <-r.heard:
		case <-deadline:
			t.Fatalf("not within 20 s: %s", what)
		}
	}
}

func allowAll(t *testing.T) *recorder { return newRecorder(t, new(auth.AllowHook), nil) }

// runUntil simulates until the recorder is in a state, stops the run and returns what was recorded.
func runUntil(t *testing.T, r *recorder, opt Options, ok func() bool) []record {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	opt.Broker = r.addr
	go func() { ended <- Run(ctx, opt) }()
	r.until(t, "the messages of the run", ok)
	cancel()
	if err := <-ended; err != nil {
		t.Fatalf("a run that is told to stop returned %v", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]record(nil), r.records...)
}

func twoPlants() []Plant {
	parameters := []string{"flow_in", "flow_out", "ph", "temp", "cod", "tss", "nh4_n"}
	return []Plant{{ID: "one-01", Parameters: parameters, FlowM3H: 100, Load: 1}, {ID: "two-01", Parameters: parameters, FlowM3H: 50, Load: 1}}
}

// clock runs from start at the speed of the wall clock.
func clock() func() time.Time {
	began := time.Now()
	return func() time.Time { return start.Add(time.Since(began)) }
}

func TestBackfillComesFirstOldestFirstAndLiveJoins(t *testing.T) {
	r := allowAll(t)
	opt := Options{Plants: twoPlants(), Interval: time.Second, Backfill: 24 * time.Hour, Seed: 7, Now: clock()}
	records := runUntil(t, r, opt, func() bool {
		live := map[string]bool{}
		for _, rec := range r.records {
			live[rec.topic] = live[rec.topic] || rec.At.After(start.Add(time.Second))
		}
		return len(live) == 2 && live["one-01"] && live["two-01"]
	})
	now := opt.Now()
	for _, p := range opt.Plants {
		var previous record
		count := 0
		for _, rec := range records {
			if rec.topic != p.ID {
				continue
			}
			count++
			if !rec.At.After(previous.At) || rec.Sequence != previous.Sequence+1 {
				t.Fatalf("%s: message %d of %s follows %d of %s", p.ID, rec.Sequence, rec.At, previous.Sequence, previous.At)
			}
			if gap := rec.At.Sub(previous.At); rec.At.After(start.Add(-5*time.Minute)) && gap > time.Second {
				t.Errorf("%s: a gap of %s before %s, where live data joins", p.ID, gap, rec.At)
			}
			if rec.At.After(now) {
				t.Errorf("%s: measured at %s, ahead of %s", p.ID, rec.At, now)
			}
			if want, _ := p.Value(7, "cod", rec.At); rec.Values["cod"] != want {
				t.Errorf("%s at %s: COD %v, want %v as anybody else computes it", p.ID, rec.At, rec.Values["cod"], want)
			}
			previous = rec
		}
		if count < 288+2 {
			t.Errorf("%s: %d messages, want a day of 5-minute values and some of now", p.ID, count)
		}
	}
}

func TestStatusIsOnlineWhileTheRunLasts(t *testing.T) {
	r := allowAll(t)
	runUntil(t, r, Options{Plants: twoPlants(), Interval: time.Second, Now: clock()}, func() bool {
		return strings.Contains(r.statuses["one-01"], "true") && strings.Contains(r.statuses["two-01"], "true")
	})
	r.until(t, "every station says that it is offline", func() bool {
		return strings.Contains(r.statuses["one-01"], "false") && strings.Contains(r.statuses["two-01"], "false")
	})
}

// outageRun returns the instants of one-01 that arrived, with an outage in the scenario.
func outageRun(t *testing.T, e Event, enough func(map[time.Time]int) bool) map[time.Time]int {
	t.Helper()
	e.Station, e.Code = "one-01", Outage
	r := allowAll(t)
	seen := func() map[time.Time]int {
		at := map[time.Time]int{}
		for _, rec := range r.records {
			at[rec.At.UTC()]++
		}
		return at
	}
	opt := Options{Plants: twoPlants()[:1], Interval: time.Second, Backfill: time.Hour, Now: clock(), Scenario: &Scenario{Events: []Event{e}}}
	runUntil(t, r, opt, func() bool { return enough(seen()) })
	return seen()
}

// An outage is silence, not loss: what was measured in it arrives when it is over.
func TestOutageOfThePastIsBackfilled(t *testing.T) {
	at := outageRun(t, Event{Start: -40 * time.Minute, Duration: 20 * time.Minute}, func(at map[time.Time]int) bool { return at[start.Add(2*time.Second)] > 0 })
	for back := time.Duration(0); back < time.Hour; back += 5 * time.Minute {
		if n := at[start.Add(-back)]; n != 1 {
			t.Errorf("%s before the start arrived %d times, want once", back, n)
		}
	}
}

func TestOutageAcrossTheStartIsBackfilled(t *testing.T) {
	at := outageRun(t, Event{Start: -20 * time.Minute, Duration: 20*time.Minute + 3*time.Second}, func(at map[time.Time]int) bool { return at[start.Add(5*time.Second)] > 0 })
	for back := time.Duration(0); back < time.Hour; back += 5 * time.Minute {
		if n := at[start.Add(-back)]; n != 1 {
			t.Errorf("%s before the start arrived %d times, want once", back, n)
		}
	}
	for s := time.Second; s <= 5*time.Second; s += time.Second {
		if n := at[start.Add(s)]; n != 1 {
			t.Errorf("%s after the start arrived %d times, want once", s, n)
		}
	}
}

// Two runs with one seed are two fleets: neither takes the connections of the other.
func TestTwoRunsShareABroker(t *testing.T) {
	r := allowAll(t)
	opt := Options{Plants: twoPlants()[:1], Interval: time.Second, Now: clock()}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	first := opt
	first.Broker = r.addr
	go func() { ended <- Run(ctx, first) }()
	r.until(t, "the first run speaks", func() bool { return len(r.records) >= 1 })
	runUntil(t, r, opt, func() bool { return len(r.clients) >= 2 })
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestRefusedCredentialsEndTheRun(t *testing.T) {
	r := newRecorder(t, new(auth.Hook), &auth.Options{Ledger: &auth.Ledger{Users: auth.Users{"gateway": {Password: "right"}}}})
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	err := Run(ctx, Options{Broker: r.addr, Username: "gateway", Password: "wrong", Plants: twoPlants(), Interval: time.Second})
	if err == nil {
		t.Fatal("wrong credentials: the run went on until it was stopped and reported nothing")
	}
	if strings.Contains(err.Error(), "wrong") {
		t.Errorf("the error shows the password: %v", err)
	}
}

// A broker that takes messages, acknowledges none and cuts the connection: nothing counts as delivered.
func TestAMessageCountsOnlyWhenAcknowledged(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	resent := make(chan struct{})
	go mute(listener, resent)
	ctx, cancel := context.WithCancel(t.Context())
	var mu sync.Mutex
	var last Progress
	ended := make(chan error, 1)
	go func() {
		ended <- Run(ctx, Options{
			Broker: "tcp://" + listener.Addr().String(), Plants: twoPlants()[:1], Interval: time.Second, Backfill: time.Hour, Now: clock(),
			Progress: func(p Progress) { mu.Lock(); defer mu.Unlock(); last = p },
		})
	}()
	select {
	case <-resent:
	case <-time.After(20 * time.Second):
		t.Error("what was not acknowledged was not sent again on the next connection")
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	mu.Lock()
	defer mu.Unlock()
	if last.Acked != 0 || last.Published == 0 {
		t.Errorf("%d of %d messages count as acknowledged; the broker acknowledged none", last.Acked, last.Published)
	}
}

// mute serves MQTT without ever acknowledging a reading. It cuts the first connection after a reading and closes resent once
// the same reading and two others have come on a later one.
func mute(listener net.Listener, resent chan<- struct{}) {
	var first string
	again, others := false, 0
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		for {
			packet, err := packets.ReadPacket(conn)
			if err != nil {
				break
			}
			switch p := packet.(type) {
			case *packets.ConnectPacket:
				_ = packets.NewControlPacket(packets.Connack).Write(conn)
			case *packets.PublishPacket:
				if !strings.HasSuffix(p.TopicName, "/readings") {
					continue
				}
				switch body := string(p.Payload); {
				case first == "":
					first = body
					_ = conn.Close()
				case body == first:
					again = true
				default:
					others++
				}
				if again && others >= 2 && resent != nil {
					close(resent)
					resent = nil
				}
			}
		}
		_ = conn.Close()
	}
}

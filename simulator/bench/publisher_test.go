package bench

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/hooks/auth"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/mochi-mqtt/server/v2/packets"
)

// counter is a broker hook that counts the messages before they are acknowledged.
type counter struct {
	mochi.HookBase
	n atomic.Int64
}

func (c *counter) ID() string              { return "counter" }
func (c *counter) Provides(what byte) bool { return what == mochi.OnPublish }

func (c *counter) OnPublish(_ *mochi.Client, pk packets.Packet) (packets.Packet, error) {
	c.n.Add(1)
	return pk, nil
}

// startBroker runs a real broker that counts what arrives.
func startBroker(t *testing.T) (addr string, arrived *atomic.Int64) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server, c := mochi.New(&mochi.Options{Logger: slog.New(slog.DiscardHandler)}), new(counter)
	for _, hook := range []mochi.Hook{new(auth.AllowHook), c} {
		if err := server.AddHook(hook, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := server.AddListener(listeners.NewNet("t", l)); err != nil {
		t.Fatal(err)
	}
	if err := server.Serve(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	return l.Addr().String(), &c.n
}

func TestFleetAgainstBroker(t *testing.T) {
	addr, arrived := startBroker(t)
	f := newFleet(stationNames(7), 5)
	defer f.close()
	if err := f.connect(t.Context(), addr); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	for _, l := range []load{
		{messages: 100},
		{messages: 10, start: start, interval: time.Millisecond},
		{messages: 10, start: start, interval: time.Millisecond, burst: 4},
		{messages: 3, at: func(n uint64) time.Time { return start.Add(time.Duration(n) * time.Hour) }},
	} {
		if err := f.publish(t.Context(), l); err != nil {
			t.Fatal(err)
		}
	}
	const each = 123
	if f.sent() != 7*each || f.acks.n.Load() != 7*each || arrived.Load() != 7*each {
		t.Errorf("%d sent, %d acknowledged, %d arrived; want %d", f.sent(), f.acks.n.Load(), arrived.Load(), 7*each)
	}
	if got, want := f.publishers[0].lastAt, start.Add(2*time.Hour); !got.Equal(want) {
		t.Errorf("the last was measured at %s, want %s", got, want)
	}
	for _, p := range f.publishers {
		if len(p.free) != p.window || p.have != 0 {
			t.Errorf("%s ended with %d of %d slots free and %d bytes unread", p.station, len(p.free), p.window, p.have)
		}
	}
}

// fakeBroker accepts one connection and says yes to its CONNECT; serve does the rest.
func fakeBroker(t *testing.T, serve func(conn net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		if _, err := conn.Read(make([]byte, 1024)); err != nil {
			return
		}
		if _, err := conn.Write([]byte{0x20, 2, 0, 0}); err != nil {
			return
		}
		serve(conn)
	}()
	return l.Addr().String()
}

func connected(t *testing.T, addr string, window int) *publisher {
	t.Helper()
	p := newPublisher("bench-00001", window, &latency{})
	t.Cleanup(p.close)
	if err := p.connect(t.Context(), addr); err != nil {
		t.Fatal(err)
	}
	return p
}

// A broker that never acknowledges gets a window and no more, and the run can be ended.
func TestNoAcknowledgement(t *testing.T) {
	got := make(chan int, 1)
	addr := fakeBroker(t, func(conn net.Conn) {
		data, _ := io.ReadAll(conn)
		got <- len(data)
	})
	p := connected(t, addr, 3)
	ctx, cancel := context.WithTimeoutCause(t.Context(), 50*time.Millisecond, io.ErrNoProgress)
	defer cancel()
	if err := p.publish(ctx, load{messages: 10}); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("ended with %v, want the cause", err)
	}
	p.close()
	if n, want := <-got, 3*len(p.message.packet); n != want {
		t.Errorf("the broker got %d bytes, want %d: three messages", n, want)
	}
}

// An acknowledgement split over two segments counts; one of a message that is not under way is an error.
func TestAcknowledgements(t *testing.T) {
	addr := fakeBroker(t, func(conn net.Conn) {
		if _, err := conn.Read(make([]byte, 4096)); err != nil {
			return
		}
		ack := binary.BigEndian.AppendUint16([]byte{0x40, 2}, 1)
		for _, part := range [][]byte{ack[:3], ack[3:], ack} {
			if _, err := conn.Write(part); err != nil {
				return
			}
		}
		_, _ = io.Copy(io.Discard, conn)
	})
	p := connected(t, addr, 1)
	if err := p.publish(t.Context(), load{messages: 1}); err != nil && !strings.Contains(err.Error(), "no PUBACK") {
		t.Fatal(err)
	}
	if n := p.acks.n.Load(); n != 1 {
		t.Errorf("%d acknowledgements counted, want 1", n)
	}
	// The second message has the same packet id: the stray acknowledgement may count for it, but a third has none.
	p.sentAt[1] = time.Time{}
	p.have = copy(p.in[:], []byte{0x40, 2, 0, 1})
	if err := p.takeAcks(); err == nil {
		t.Error("an acknowledgement of nothing is accepted")
	}
	p.have = copy(p.in[:], []byte{0xd0, 0, 0x40, 2})
	if err := p.takeAcks(); err == nil {
		t.Error("another packet is taken for an acknowledgement")
	}
}

func TestRefused(t *testing.T) {
	addr := fakeBroker(t, func(net.Conn) {})
	p := connected(t, addr, 1)
	if err := p.publish(t.Context(), load{messages: 1}); err == nil || !strings.Contains(err.Error(), "bench-00001") {
		t.Errorf("a closed connection gives %v", err)
	}
}

func TestDue(t *testing.T) {
	start := time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)
	after := func(d time.Duration) time.Time { return start.Add(d) }
	const ms = time.Millisecond
	paced := load{messages: 10, start: start, interval: 100 * ms}
	bursts := paced
	bursts.burst = 3
	for name, c := range map[string]struct {
		l    load
		sent uint64
		free int
		now  time.Time
		n    int
		next time.Time
	}{
		"as fast as it goes: the window":     {load{messages: 10}, 0, 4, start, 4, time.Time{}},
		"as fast as it goes: the rest":       {load{messages: 10}, 8, 4, start, 2, time.Time{}},
		"all sent":                           {load{messages: 10}, 10, 4, start, 0, time.Time{}},
		"before the end":                     {load{until: after(ms)}, 99, 4, start, 4, time.Time{}},
		"at the end":                         {load{until: start}, 99, 4, start, 0, time.Time{}},
		"paced: too early":                   {paced, 0, 4, start, 0, after(50 * ms)},
		"paced: one is due":                  {paced, 0, 4, after(50 * ms), 1, after(150 * ms)},
		"paced: late, so more are due":       {paced, 0, 4, after(260 * ms), 3, after(350 * ms)},
		"paced: a full window waits for ack": {paced, 0, 2, after(260 * ms), 2, time.Time{}},
		"paced: all sent":                    {paced, 10, 4, after(time.Hour), 0, time.Time{}},
		"bursts: too early":                  {bursts, 0, 4, after(149 * ms), 0, after(150 * ms)},
		"bursts: all of one":                 {bursts, 0, 4, after(150 * ms), 3, after(450 * ms)},
		"bursts: the rest of one":            {bursts, 2, 4, after(160 * ms), 1, after(450 * ms)},
		"bursts: the last is shorter":        {bursts, 9, 4, after(1050 * ms), 1, time.Time{}},
		"bursts: one and the next":           {bursts, 1, 4, after(450 * ms), 4, time.Time{}},
	} {
		p := newPublisher("s", 4, &latency{})
		p.phase, p.free = 0.5, p.free[:c.free]
		if n, next := c.l.due(p, c.sent, c.now); n != c.n || !next.Equal(c.next) {
			t.Errorf("%s: %d now, then at %s; want %d, %s", name, n, next, c.n, c.next)
		}
	}
}

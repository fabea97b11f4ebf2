package web

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"
	"github.com/prometheus/client_golang/prometheus"
)

// pipes is a network in memory, so that deadlines run on the clock of a synctest bubble.
type pipes struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { p.once.Do(func() { close(p.done) }); return nil }
func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

// inBubble runs test against a server without leaves, in a bubble whose time passes by itself.
func inBubble(t *testing.T, test func(t *testing.T, h *Hub, dial func() *websocket.Conn)) {
	reg := smallRegistry(t)
	synctest.Test(t, func(t *testing.T) {
		h := newTestHub(reg)
		s := New(Config{
			Anonymous: Viewer, Tokens: &Tokens{}, Accounts: &Accounts{}, Hub: h, Now: time.Now, Logger: slog.New(slog.DiscardHandler), Gatherer: prometheus.NewRegistry(),
		})
		l := &pipes{conns: make(chan net.Conn), done: make(chan struct{})}
		server := &http.Server{Handler: s.Handler(), ReadHeaderTimeout: time.Minute}
		var serving sync.WaitGroup
		serving.Go(func() { _ = server.Serve(l) })
		test(t, h, func() *websocket.Conn {
			d := websocket.Dialer{NetDialContext: func(context.Context, string, string) (net.Conn, error) {
				near, far := net.Pipe()
				l.conns <- far
				return near, nil
			}}
			conn, resp, err := d.DialContext(t.Context(), "ws://quantrac/ws", nil)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			return conn
		})
		h.Close()
		_ = server.Close()
		serving.Wait()
		time.Sleep(time.Hour) // of the bubble: everything that was started ends
	})
}

// ends reads until the connection ends and says how long that took and with which code.
func ends(conn *websocket.Conn) (time.Duration, int) {
	begin := time.Now()
	for {
		if _, _, err := conn.ReadMessage(); err != nil {
			code := 0
			if closed, ok := err.(*websocket.CloseError); ok { //nolint:errorlint // ReadMessage returns it bare
				code = closed.Code
			}
			_ = conn.Close()
			return time.Since(begin), code
		}
	}
}

func subscribe(t *testing.T, conn *websocket.Conn) {
	t.Helper()
	if err := conn.WriteMessage(websocket.TextMessage, []byte(`{"type":"subscribe"}`)); err != nil {
		t.Fatal(err)
	}
}

func TestWhoSubscribesToNothingIsCut(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *Hub, dial func() *websocket.Conn) {
		// It answers pings, which is what would keep it for ever.
		if after, code := ends(dial()); after != subscribeWait || code != websocket.ClosePolicyViolation {
			t.Errorf("cut after %s with %d", after, code)
		}
	})
}

func TestIdleClientStays(t *testing.T) {
	inBubble(t, func(t *testing.T, h *Hub, dial func() *websocket.Conn) {
		conn := dial()
		subscribe(t, conn)
		go func() {
			time.Sleep(24 * time.Hour)
			h.Close()
		}()
		if after, code := ends(conn); after < 24*time.Hour || code != websocket.CloseGoingAway {
			t.Errorf("cut after %s with %d", after, code)
		}
	})
}

func TestBusyClientStays(t *testing.T) {
	inBubble(t, func(t *testing.T, h *Hub, dial func() *websocket.Conn) {
		conn := dial()
		subscribe(t, conn)
		stop := make(chan struct{})
		go func() {
			defer h.Close()
			for range 10 * 60 { // something always waits for it
				for range 5 {
					h.Alert(alertAt("amata-01", "a", 1))
				}
				time.Sleep(time.Second)
			}
			close(stop)
		}()
		pings := 0
		conn.SetPingHandler(func(data string) error {
			pings++
			return conn.WriteControl(websocket.PongMessage, []byte(data), time.Now().Add(time.Second))
		})
		after, code := ends(conn)
		<-stop
		if after < 10*time.Minute || code != websocket.CloseGoingAway || pings < 20 {
			t.Errorf("cut after %s with %d, %d pings", after, code, pings)
		}
	})
}

func TestDeadClientIsCut(t *testing.T) {
	inBubble(t, func(t *testing.T, h *Hub, dial func() *websocket.Conn) {
		conn := dial()
		subscribe(t, conn)
		conn.SetPingHandler(func(string) error { return nil })
		if after, _ := ends(conn); after > pongWait+closeWait {
			t.Errorf("cut after %s", after)
		}
		synctest.Wait()
		if len(h.clients) != 0 {
			t.Errorf("%d clients are left", len(h.clients))
		}
	})
}

// A client that does not read holds up nobody, and is gone after the time that a write may take.
func TestStuckClientIsCutAndHoldsNobodyUp(t *testing.T) {
	inBubble(t, func(t *testing.T, h *Hub, dial func() *websocket.Conn) {
		stuck, quick := dial(), dial()
		subscribe(t, stuck)
		subscribe(t, quick)
		synctest.Wait()
		if _, _, err := quick.ReadMessage(); err != nil { // the snapshot
			t.Fatal(err)
		}
		begin := time.Now()
		for range 2 * maxWaiting {
			h.Alert(alertAt("amata-01", "a", 1))
			if _, _, err := quick.ReadMessage(); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(begin); took != 0 {
			t.Errorf("the stuck client held the others up for %s", took)
		}
		time.Sleep(writeWait + 2*time.Second)
		synctest.Wait()
		if len(h.clients) != 1 {
			t.Errorf("%d clients, want the quick one", len(h.clients))
		}
		_ = stuck.Close()
		_ = quick.Close()
	})
}

// One that reads again before that learns why it is cut.
func TestSlowClientIsToldToTryAgain(t *testing.T) {
	inBubble(t, func(t *testing.T, h *Hub, dial func() *websocket.Conn) {
		conn := dial()
		subscribe(t, conn)
		synctest.Wait()
		for range maxWaiting + 2 {
			h.Alert(alertAt("amata-01", "a", 1))
		}
		time.Sleep(writeWait / 2)
		if _, code := ends(conn); code != websocket.CloseTryAgainLater {
			t.Errorf("closed with %d", code)
		}
	})
}

// Each subscription costs a snapshot, so a client that asks again and again waits for its own.
func TestSubscriptionsArePaced(t *testing.T) {
	inBubble(t, func(t *testing.T, _ *Hub, dial func() *websocket.Conn) {
		conn := dial()
		begin := time.Now()
		const more = 20
		for range subscribeAtOnce + more {
			// Its snapshot is read before the next: a subscription takes back what still waits for the last one.
			subscribe(t, conn)
			if _, _, err := conn.ReadMessage(); err != nil {
				t.Fatal(err)
			}
		}
		if took := time.Since(begin); took < (more-1)*subscribeEvery {
			t.Errorf("%d snapshots in %s", subscribeAtOnce+more, took)
		}
		_ = conn.Close()
	})
}

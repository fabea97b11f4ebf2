package broker

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"runtime"
	"testing"
	"time"
)

// openCalm serves a broker whose connections are given to the watcher after a moment.
func openCalm(t *testing.T, opts Options) *Broker {
	t.Helper()
	opts.Listen, opts.Anonymous = "127.0.0.1:0", true
	if opts.Submit == nil {
		opts.Submit = newDisk(true).Submit
	}
	b, err := Open(opts)
	if err != nil {
		t.Fatal(err)
	}
	b.calm = 5 * time.Millisecond
	t.Cleanup(serve(t, b))
	return b
}

func (b *Broker) watched() int {
	if b.watcher == nil {
		return -1
	}
	b.watcher.mu.Lock()
	defer b.watcher.mu.Unlock()
	return len(b.watcher.silent)
}

// Silent connections have no goroutine, also below TLS, and each of them is heard when it speaks, again and again.
func TestSilentConnectionsAreWatched(t *testing.T) {
	ca := newAuthority(t)
	for name, config := range map[string]*tls.Config{"tcp": nil, "tls": newTLSDir(t, ca).config(t, false)} {
		t.Run(name, func(t *testing.T) {
			b := openCalm(t, Options{TLS: config})
			const n = 40
			clients := make([]*raw, n)
			for i := range clients {
				if config == nil {
					clients[i] = connect(t, b, 5, login{id: fmt.Sprint("gw-", i)})
					continue
				}
				c, err := dialTLS(t, b, ca, nil)
				if err != nil {
					t.Fatal(err)
				}
				c.send(connectPacket(5, login{id: fmt.Sprint("gw-", i)}))
				c.read()
				clients[i] = c
			}
			before := 0
			for round := range 3 {
				awaitCondition(t, func() bool { return b.watched() == n })
				if got := runtime.NumGoroutine(); round == 0 {
					before = got
				} else if got > before+n/2 {
					t.Errorf("round %d: %d goroutines, at first %d: the silent connections have some", round, got, before)
				}
				for i, c := range clients {
					c.publish(message{topic: readings, body: native(float64(i)), qos: 1, id: uint16(round + 1)})
				}
				for _, c := range clients {
					if first, _ := c.read(); first != 0x40 {
						t.Fatalf("the answer begins with %x", first)
					}
				}
			}
		})
	}
}

// Whatever ends a connection ends one that is being watched: the peer, the administrator, a client that takes its place, the keep-alive.
func TestEndsOfWatchedConnections(t *testing.T) {
	b := openCalm(t, Options{})
	ended := func(what string) {
		t.Helper()
		awaitCondition(t, func() bool { return b.watched() == 0 && len(b.connections()) == 0 })
		if len(b.sessions()) != 0 {
			t.Errorf("%s: a session is left", what)
		}
	}
	watched := func(l login) *raw {
		t.Helper()
		c := connect(t, b, 5, l)
		awaitCondition(t, func() bool { return b.watched() == 1 })
		return c
	}
	_ = watched(login{id: "peer"}).conn.Close()
	ended("the peer goes")

	c := watched(login{id: "admin"})
	for _, s := range b.sessions() {
		s.goodbye(codeAdministrative)
	}
	c.expect(0xe0, 1, 0x98)
	ended("sent away")

	first := watched(login{id: "twin"})
	second := connect(t, b, 5, login{id: "twin"})
	first.expect(0xe0, 1, 0x8e)
	awaitCondition(t, func() bool { return b.watched() == 1 && len(b.connections()) == 1 })
	_ = second.conn.Close()
	ended("replaced")

	short := connectPacket(5, login{id: "short"})
	short[10], short[11] = 0, 1
	c = dial(t, b, 5)
	began := time.Now()
	c.send(short)
	c.read()
	c.expect(0xe0, 1, 0x8d)
	if took := time.Since(began); took < 1400*time.Millisecond {
		t.Errorf("cut after %s of silence", took)
	}
	ended("silent for too long")
}

// A broker that ends does not wait for those that are being watched.
func TestWatchedConnectionsAndTheEnd(t *testing.T) {
	b, err := Open(Options{Listen: "127.0.0.1:0", Anonymous: true, Submit: newDisk(true).Submit, DrainTimeout: patience})
	if err != nil {
		t.Fatal(err)
	}
	b.calm = time.Millisecond
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- b.Serve(ctx) }()
	c := connect(t, b, 5, login{id: "gw"})
	awaitCondition(t, func() bool { return b.watched() == 1 })
	cancel()
	c.expect(0xe0, 1, codeShuttingDown)
	select {
	case err := <-served:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(patience):
		t.Fatal("Serve does not end")
	}
	if _, err := c.r.ReadByte(); err != io.EOF {
		t.Errorf("the connection is left open: %v", err)
	}
}

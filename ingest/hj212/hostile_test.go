package hj212

import (
	"bytes"
	"context"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"quantrac/ingest"
)

// Bytes that are no frame buy no time.
func TestGarbageIsNoFirstFrame(t *testing.T) {
	s, _ := start(t, Options{Submit: newDisk(true).submit, FirstTimeout: 200 * time.Millisecond})
	c := dial(t, s)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for range 250 {
		<-tick.C
		if _, err := io.WriteString(c, "x"); err != nil {
			return
		}
	}
	t.Error("a stranger holds a connection by garbage")
}

// A PW may hold whatever its telegram may.
func TestKeptHidesAnyPW(t *testing.T) {
	for _, pw := range []string{"ge&heim", "&&geheim", "a=b&&c"} {
		raw := []byte(strings.TrimSpace(telegram("QN=1;PW=" + pw + ";MN=a;Flag=5;CP=&&DataTime=20260901080500;a01-Rtd=1&&")))
		s := readSegment(string(raw[headLen : len(raw)-crcLen]))
		if s.pw != pw {
			t.Fatalf("PW is %q", s.pw)
		}
		for _, k := range []kind{good, bad} {
			got := kept(k, raw, &s, &split{}, crc)
			if want := []byte("PW=" + strings.Repeat("*", len(pw)) + ";"); !bytes.Contains(got, want) || !bytes.Contains(got, []byte("a01-Rtd=1&&")) {
				t.Errorf("kept %s", got)
			}
		}
	}
}

// Who connects and says nothing keeps no device out.
func TestStrangersMakeRoom(t *testing.T) {
	s, _ := start(t, Options{Submit: newDisk(true).submit, MaxConnections: 4, FirstTimeout: time.Hour})
	known := dial(t, s)
	sent, want := numbered(1)
	known.send(sent)
	known.expect(want)
	for range 10 {
		dial(t, s)
	}
	for range 2 {
		// A device may be taken for a stranger; it tries again.
		for tries := 0; ; tries++ {
			c := dial(t, s)
			_ = c.SetDeadline(time.Now().Add(10 * time.Second))
			_, _ = io.WriteString(c, sent)
			if got, _ := c.r.ReadString('\n'); got == want {
				break
			}
			if c.Close(); tries > 100 {
				t.Fatal("strangers keep a device out")
			}
		}
	}
	known.send(sent)
	known.expect(want)
}

// A decoder that panics costs its own connection.
func TestPanicInSubmit(t *testing.T) {
	s, _ := start(t, Options{Submit: func(_ context.Context, d ingest.Delivery, done func(ingest.Receipt, error)) error {
		if bytes.Contains(d.Body, []byte("panic")) {
			panic("decoder")
		}
		done(ingest.Receipt{Accepted: 1}, nil)
		return nil
	}})
	bad := dial(t, s)
	bad.send(telegram("QN=1;ST=32;CN=2011;PW=1;MN=panic;Flag=5;CP=&&&&"))
	bad.expectEnd()
	sent, want := numbered(1)
	c := dial(t, s)
	c.send(sent)
	c.expect(want)
}

// An account that changed holds for the next telegram of a device that was let in before.
func TestAccountsChanged(t *testing.T) {
	var revoked atomic.Bool
	s, _ := start(t, Options{Submit: newDisk(true).submit, Authenticate: func(context.Context, string, string, string) (Device, bool) {
		return Device{Gateway: "gw"}, !revoked.Load()
	}})
	c := dial(t, s)
	sent, want := numbered(1)
	c.send(sent)
	c.expect(want)
	revoked.Store(true)
	s.AccountsChanged()
	c.send(sent)
	c.expectEnd()
}

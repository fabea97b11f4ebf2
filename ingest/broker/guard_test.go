package broker

import (
	"fmt"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestGuessingGetsSlower(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGuard()
		from := network("192.0.2.1:1")
		var waits []time.Duration
		for range 12 {
			began := time.Now()
			if _, ok := g.enter(t.Context(), from, "amata", 0); !ok {
				t.Fatal("refused")
			}
			waits = append(waits, time.Since(began))
			g.failed(from, "amata", time.Now())
		}
		if waits[0] != 0 || waits[2] != 0 || waits[4] != firstWait {
			t.Errorf("first waits %v", waits)
		}
		for i := 1; i < len(waits); i++ {
			if waits[i] < waits[i-1] || waits[i] > longestWait {
				t.Errorf("waits %v", waits)
			}
		}
		if waits[len(waits)-1] != longestWait {
			t.Errorf("never as slow as it gets: %v", waits)
		}
		// By another name it is still the same network, and from another network the same name.
		g.failed(from, "other", time.Now())
		for _, tc := range []struct {
			from netip.Prefix
			user string
		}{{from, "unheard-of"}, {network("198.51.100.1:1"), "amata"}} {
			if wait, _ := g.begin(tc.from, tc.user, 0, time.Now()); wait == 0 {
				t.Errorf("%v is not slowed down", tc)
			}
		}
		if wait, _ := g.begin(network("198.51.100.1:1"), "binh", 0, time.Now()); wait != 0 {
			t.Errorf("a stranger to all of it waits %s", wait)
		}
		time.Sleep(10 * forgiveness)
		if wait, _ := g.begin(from, "amata", 0, time.Now()); wait != 0 {
			t.Errorf("nothing is forgiven: %s", wait)
		}
	})
}

// Whoever signed in from somewhere is not locked out there by what others do elsewhere, nor by a neighbour's wrong password.
func TestNobodyIsLockedOut(t *testing.T) {
	now := time.Now()
	g := newGuard()
	home, attacker := network("192.0.2.1:1"), network("198.51.100.1:1")
	g.succeeded(home, "amata", now)
	for range 1000 {
		g.failed(attacker, "amata", now)
		g.failed(home, "neighbour", now)
	}
	if wait, ok := g.begin(home, "amata", 0, now); wait != 0 || !ok {
		t.Errorf("waits %s", wait)
	}
	// From a place where it never was, it waits, and is let in then.
	if wait, ok := g.begin(network("203.0.113.7:1"), "amata", 0, now); wait != longestWait || !ok {
		t.Errorf("from elsewhere: waits %s, %v", wait, ok)
	}
	// Trust ends where the guessing comes from the same place.
	for range lostTrust {
		g.failed(home, "amata", now)
	}
	if wait, _ := g.begin(home, "amata", 0, now); wait == 0 {
		t.Error("trusted for ever")
	}
}

// One bad gateway in a park does not slow the others, which come back all at once.
func TestManyGatewaysBehindOneAddress(t *testing.T) {
	now := time.Now()
	g := newGuard()
	park := network("192.0.2.1:1")
	for i := range 1000 {
		if i%10 == 0 {
			g.failed(park, "misconfigured", now)
		}
		user := fmt.Sprintf("gw-%d", i)
		if wait, ok := g.begin(park, user, 0, now); wait != 0 || !ok {
			t.Fatalf("gateway %d waits %s", i, wait)
		}
		g.succeeded(park, user, now)
	}
}

func TestGuardIsBounded(t *testing.T) {
	now := time.Now()
	g := newGuard()
	for i := range 3 * maxStrikes {
		from := network(fmt.Sprintf("10.%d.%d.%d:1", i>>16, i>>8&255, i&255))
		g.failed(from, fmt.Sprint("user", i), now)
		g.succeeded(from, fmt.Sprint("user", i), now)
	}
	if len(g.networks) > maxStrikes || len(g.users) > maxStrikes || len(g.trusted) > maxStrikes {
		t.Errorf("%d networks, %d users, %d trusted", len(g.networks), len(g.users), len(g.trusted))
	}
	synctest.Test(t, func(t *testing.T) {
		g := newGuard()
		from := network("192.0.2.1:1")
		for range 20 {
			g.failed(from, "amata", time.Now())
		}
		var wg sync.WaitGroup
		refused := 0
		var mu sync.Mutex
		for range 2 * maxWaiting {
			wg.Go(func() {
				if _, ok := g.enter(t.Context(), from, "amata", 0); !ok {
					mu.Lock()
					refused++
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		if refused != maxWaiting || len(g.waiting) != 0 {
			t.Errorf("%d refused at once, %d networks still wait", refused, len(g.waiting))
		}
	})
}

func TestNetwork(t *testing.T) {
	for a, b := range map[string]string{
		"192.0.2.1:1": "192.0.2.1:2", "[2001:db8::1]:1": "[2001:db8:0:0:ffff::2]:9", "[::ffff:192.0.2.1]:1": "192.0.2.1:1", "[fe80::1%eth0]:1": "[fe80::2]:1",
	} {
		if network(a) != network(b) {
			t.Errorf("%s and %s are not one network", a, b)
		}
	}
	if network("192.0.2.1:1") == network("192.0.2.2:1") || network("[2001:db8::1]:1") == network("[2001:db8:0:1::1]:1") {
		t.Error("two networks are one")
	}
}

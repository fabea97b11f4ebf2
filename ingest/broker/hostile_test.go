package broker

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"quantrac/ingest"
)

// CONNACK is the first packet, whatever is routed while the login ends.
func TestNothingOvertakesConnack(t *testing.T) {
	b := start(t, Options{Anonymous: true, Submit: newDisk(true).Submit})
	l := login{id: "gw", keep: true}
	c := connect(t, b, 4, l)
	c.subscribe(0, statusTopic)
	c.send([]byte{0xe0, 0})
	c.expectClosed()
	awaitNoConnections(t, b)
	near, far := net.Pipe()
	defer far.Close()
	late := newConn(b, near, netip.Prefix{})
	s := newSession(late, Identity{Stations: []string{AllStations}}, &connectRequest{version: version311, clientID: "gw"})
	if bad := b.enter(s); bad != nil {
		t.Fatal(bad)
	}
	if !b.attach(s, "gw", false) {
		t.Fatal("the session is gone")
	}
	b.Publish(statusTopic, []byte(online))
	s.greet([]byte{typeConnack << 4, 2, 1, 0})
	_ = far.SetDeadline(time.Now().Add(patience))
	again := &raw{t: t, conn: far, r: bufio.NewReader(far), version: 4}
	again.expect(0x20, 2, 1, 0)
	again.expectMessage(statusTopic, online, false)
	b.end(s, endBroken)
}

// A session that goes on after its account was cut down hears no more than the account may.
func TestResumedSubscriptionsFollowTheAccount(t *testing.T) {
	g := openGateways(t, GatewayOptions{Store: newShelf().store()})
	password := put(t, g, "gw", GatewaySpec{Stations: []string{"amata-01", "amata-02"}})
	b := start(t, Options{Gateways: g, Submit: newDisk(true).Submit})
	l := login{id: "x", user: "gw", password: password, keep: true}
	c := connect(t, b, 4, l)
	other := strings.Replace(statusTopic, "amata-01", "amata-02", 1)
	if codes := c.subscribe(0, statusTopic, other, "$share/g/"+statusTopic); !bytes.Equal(codes, []byte{0, 0, 0}) {
		t.Fatalf("granted % x", codes)
	}
	put(t, g, "gw", GatewaySpec{Stations: []string{"amata-02"}})
	c.expectClosed()
	again := connect(t, b, 4, l)
	if n := b.Publish(statusTopic, []byte(online)); n != 0 {
		t.Errorf("%d subscribers to a station that is no longer theirs", n)
	}
	b.Publish(other, []byte(online))
	again.expectMessage(other, online, false)
}

// A gateway with stations of its own hears no commands for edge nodes that it can't name.
func TestCommandsOfOtherEdgeNodes(t *testing.T) {
	b := start(t, Options{Submit: newDisk(true).Submit, Authenticate: func(_ context.Context, l Login) (Identity, bool) {
		return Identity{ID: l.Username, Stations: []string{l.Password}}, true
	}})
	const topic = "spBv1.0/kcn/NCMD/node-1"
	for filter, hears := range map[string]int{
		"spBv1.0/#": 0, "spBv1.0/+/NCMD/+": 0, "spBv1.0/kcn/NCMD/#": 0, "$share/g/spBv1.0/kcn/+/+": 0, "spBv1.0/kcn/NCMD/node-2": 0,
		topic: 1, "spBv1.0/kcn/+/node-1/#": 1, "$share/g/" + topic: 1,
	} {
		c := connect(t, b, 4, login{id: "c", user: "gw", password: "amata-01"})
		if codes := c.subscribe(0, filter); codes[0] != 0 {
			t.Errorf("%s: granted % x", filter, codes)
		}
		if n := b.Publish(topic, []byte("rebirth")); n != hears {
			t.Errorf("%s: %d hear the command", filter, n)
		}
		c.send([]byte{0xe0, 0})
		c.expectClosed()
	}
	all := connect(t, b, 4, login{id: "c", user: "all", password: AllStations})
	all.subscribe(0, "spBv1.0/#")
	if n := b.Publish(topic, []byte("rebirth")); n != 1 {
		t.Errorf("%d hear the command", n)
	}
}

// A gateway that comes and goes gets no fresh share while its messages wait for the disk.
func TestShareOutlivesTheConnection(t *testing.T) {
	d := newDisk(false)
	b := start(t, Options{Anonymous: true, Submit: d.Submit, MaxInflightTotal: leastShare})
	for range 3 {
		c := connect(t, b, 4, login{id: "gw"})
		for i := range leastShare {
			c.publish(message{topic: readings, body: native(1), qos: 1, id: uint16(i + 1)})
		}
		_ = c.conn.Close()
		awaitCondition(t, func() bool { return len(d.deliveries()) >= leastShare })
		b.mu.Lock()
		for _, s := range b.clients {
			if s := s.current.Load(); s != nil {
				go s.replaced()
			}
		}
		b.mu.Unlock()
		awaitNoConnections(t, b)
	}
	if n := len(d.deliveries()); n > leastShare {
		t.Errorf("%d messages in flight, of %d", n, leastShare)
	}
	d.run()
	awaitCondition(t, func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		return len(b.shares) == 0
	})
}

// What a connection still says after its session was forgotten leaves nothing behind.
func TestForgottenClientSubscribesToNothing(t *testing.T) {
	r := newRoutes()
	c := &client{key: clientKey{"", "gone"}}
	r.forget(c)
	for _, sub := range []*subscription{{plain: "a"}, {plain: "a", group: "g"}} {
		sub.filter = sub.group + sub.plain
		if _, ok := r.add(c, sub); ok || len(r.plain)+len(r.shared) != 0 {
			t.Errorf("%v: added to a client that is gone", sub)
		}
	}
}

// A last will speaks for what its gateway may do when it is due, and measures nothing for one that is gone.
func TestWillOfARevokedGateway(t *testing.T) {
	for name, revoke := range map[string]func(*Gateways) error{
		"deleted": func(g *Gateways) error { return g.Delete(t.Context(), "gw") },
		"disabled": func(g *Gateways) error {
			return g.change("gw", GatewaySpec{Stations: []string{"amata-01"}, Disabled: true})
		},
		"moved": func(g *Gateways) error { return g.change("gw", GatewaySpec{Stations: []string{"amata-02"}}) },
	} {
		t.Run(name, func(t *testing.T) {
			g := openGateways(t, GatewayOptions{Store: newShelf().store()})
			password := put(t, g, "gw", GatewaySpec{Stations: []string{"amata-01"}})
			d := newDisk(true)
			b := start(t, Options{Gateways: g, Submit: d.Submit})
			c := connect(t, b, 4, login{id: "x", user: "gw", password: password, willTopic: readings, willBody: native(1)})
			if err := revoke(g); err != nil {
				t.Fatal(err)
			}
			c.expectClosed()
			awaitNoConnections(t, b)
			for _, del := range d.deliveries() {
				if del.Allowed == nil || del.Allowed("amata-01") {
					t.Errorf("%s was taken with the rights of before", del.Body)
				}
			}
		})
	}
}

func (g *Gateways) change(id string, spec GatewaySpec) error {
	_, _, _, err := g.Put(context.Background(), id, spec)
	return err
}

// Before MQTT 5 PUBREC can't refuse, so the exchange goes on until PUBREL and the message counts once.
func TestQuarantinedOnceBeforeMQTT5(t *testing.T) {
	d := newDisk(true)
	d.receipt = func(ingest.Delivery) (ingest.Receipt, error) { return ingest.Receipt{}, nil }
	b := start(t, Options{Anonymous: true, Submit: d.Submit})
	l := login{id: "gw", keep: true, sessionExpirySeconds: 600}
	m := message{topic: readings, body: "?", qos: 2, id: 1}
	c := connect(t, b, 4, l)
	c.publish(m)
	c.expect(0x50, 2, 0, 1)
	m.dup = true
	again := connect(t, b, 4, l)
	again.publish(m)
	again.expect(0x50, 2, 0, 1)
	if n := len(d.deliveries()); n != 1 {
		t.Errorf("%d deliveries of one message", n)
	}
	// The same session in MQTT 5 hears the refusal, which ends the exchange.
	five := connect(t, b, 5, l)
	five.publish(m)
	five.expect(0x50, 3, 0, 1, 0x99)
	five.send([]byte{0x62, 2, 0, 1})
	five.expect(0x70, 3, 0, 1, 0x92)
}

// PUBCOMP would be an acknowledgement before the message is on disk.
func TestPubrelBeforePubrec(t *testing.T) {
	eachDisk(t, func(t *testing.T, d *disk, b *Broker, version byte) {
		c := connect(t, b, version, login{id: "gw"})
		c.publish(message{topic: readings, body: native(1), qos: 2, id: 1})
		d.await(t, 1)
		c.send([]byte{0x62, 2, 0, 1})
		if version == version5 {
			expectEnd(t, c, 0x82)
		}
		for {
			first, _, err := c.tryRead()
			if first == 0x70 {
				t.Fatal("PUBCOMP for a message that is not stored")
			}
			if err != nil {
				return
			}
		}
	})
}

func eachDisk(t *testing.T, test func(t *testing.T, d *disk, b *Broker, version byte)) {
	for _, version := range []byte{4, 5} {
		t.Run(fmt.Sprintf("version %d", version), func(t *testing.T) {
			d := newDisk(false)
			test(t, d, start(t, Options{Anonymous: true, Submit: d.Submit}), version)
		})
	}
}

// Guesses that come at once wait for each other's failures.
func TestGuardHoldsABurst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, err := OpenGateways(context.Background(), GatewayOptions{})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		const burst = 80
		for i := range burst {
			go g.AuthenticatePassword(ctx, fmt.Sprint("nobody", i), "x", "192.0.2.1:1")
		}
		// Everything that need not wait is judged now.
		time.Sleep(firstWait / 2)
		synctest.Wait()
		g.guard.mu.Lock()
		judged := g.guard.networks[network("192.0.2.1:1")].n
		g.guard.mu.Unlock()
		if judged > freeForNetwork+4 {
			t.Errorf("%v of %d guesses were judged at once", judged, burst)
		}
		cancel()
		synctest.Wait()
		if n := len(g.guard.waiting); n != 0 {
			t.Errorf("%d networks still wait", n)
		}
	})
}

// Strangers who connect and say nothing don't keep gateways out.
func TestStrangersMakeRoom(t *testing.T) {
	b := start(t, Options{Anonymous: true, Submit: newDisk(true).Submit, MaxConnections: 8, MaxPerSource: 100, ConnectTimeout: time.Hour})
	known := connect(t, b, 4, login{id: "known"})
	for range 20 {
		dial(t, b, 4)
	}
	for i := range 5 {
		// One of those that connect may be taken for a stranger; it tries again.
		awaitCondition(t, func() bool {
			c := dial(t, b, 4)
			_, _ = c.conn.Write(connectPacket(4, login{id: fmt.Sprint(i)}))
			first, _, err := c.tryRead()
			return err == nil && first == 0x20
		})
	}
	known.expectSilence()
	if n := len(b.connections()); n > 9 {
		t.Errorf("%d connections", n)
	}
}

// One gateway's sessions don't take the place of everybody's.
func TestSessionsOfOneGateway(t *testing.T) {
	b := start(t, Options{MaxSessions: 100, MaxPerGateway: 3, Submit: newDisk(true).Submit, Authenticate: func(_ context.Context, l Login) (Identity, bool) {
		return Identity{ID: l.Username}, true
	}})
	for i := range 10 {
		c := connect(t, b, 4, login{id: fmt.Sprint(i), user: "a", password: "p", keep: true})
		c.send([]byte{0xe0, 0})
		c.expectClosed()
	}
	awaitNoConnections(t, b)
	b.mu.Lock()
	defer b.mu.Unlock()
	if n := len(b.clients); n != 3 {
		t.Errorf("%d sessions are kept for one gateway", n)
	}
}

// MQTT 3.1 sets DUP on what it sends again.
func TestDupOfMQTT31(t *testing.T) {
	b := start(t, Options{Anonymous: true, Submit: newDisk(true).Submit})
	c := dial(t, b, 3)
	c.send(connectWith("MQIsdp", 3, 2, str("old")))
	c.expect(0x20, 2, 0, 0)
	c.send([]byte{0x6a, 2, 0, 7})
	c.expect(0x70, 2, 0, 7)
	c.send(packet(0x8a, cat([]byte{0, 8}, str("a"), []byte{0})))
	c.expect(0x90, 3, 0, 8, 0)
	c.send(packet(0xaa, cat([]byte{0, 9}, str("a"))))
	c.expect(0xb0, 2, 0, 9)
}

// Only the normal DISCONNECT takes the will back.
func TestWillOfADisconnectWithAReason(t *testing.T) {
	b := start(t, Options{Anonymous: true, Submit: newDisk(true).Submit})
	viewer := connect(t, b, 5, login{id: "viewer"})
	viewer.subscribe(0, statusTopic)
	for _, code := range []byte{0x80, 0x04, 0x99} {
		c := connect(t, b, 5, login{id: "gw", willTopic: statusTopic, willBody: offline})
		c.send([]byte{0xe0, 1, code})
		viewer.expectMessage(statusTopic, offline, false)
	}
}

// Where anybody may speak, nobody speaks under the name of a gateway that has an account.
func TestAnonymousBearsNoGatewaysName(t *testing.T) {
	g := openGateways(t, GatewayOptions{Store: newShelf().store()})
	put(t, g, "gw", GatewaySpec{Username: "meter", Stations: []string{"amata-01"}})
	d := newDisk(true)
	b := start(t, Options{Anonymous: true, Gateways: g, Submit: d.Submit})
	for _, id := range []string{"gw", "meter", "other"} {
		c := connect(t, b, 4, login{id: id})
		c.publish(message{topic: readings, body: native(1), qos: 1, id: 1})
		c.expect(0x40, 2, 0, 1)
		all := d.deliveries()
		if got := all[len(all)-1].Gateway; (got == id) != (id == "other") {
			t.Errorf("client id %s speaks as gateway %q", id, got)
		}
	}
}

// A filter that stands many times in one packet gets what is retained once.
func TestRepeatedFilter(t *testing.T) {
	b := start(t, Options{Anonymous: true, Submit: newDisk(true).Submit})
	gw := connect(t, b, 4, login{id: "gw"})
	gw.say(online, true)
	c := connect(t, b, 4, login{id: "c"})
	c.subscribe(0, "quantrac/#", "quantrac/#", "quantrac/#")
	c.expectMessage(statusTopic, online, true)
	c.expectSilence()
}

// What is retained is bounded with everything that goes with it; the rest is a message like any other.
func TestStatusBeyondItsBounds(t *testing.T) {
	d := newDisk(true)
	b := start(t, Options{Anonymous: true, Submit: d.Submit})
	c := connect(t, b, 5, login{id: "gw"})
	long := cat([]byte{0x26}, str("k"), str(strings.Repeat("v", 60_000)))
	c.publish(message{topic: statusTopic, body: online, qos: 1, id: 1, retain: true, properties: long})
	c.expect(0x40, 2, 0, 1)
	c.publish(message{topic: "quantrac/v1/" + strings.Repeat("x", 3000) + "/status", body: online, qos: 1, id: 2, retain: true})
	c.expect(0x40, 2, 0, 2)
	d.await(t, 2)
	if n := len(b.retained.byTopic); n != 0 {
		t.Errorf("%d retained", n)
	}
}

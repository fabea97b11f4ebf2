package broker

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestWill(t *testing.T) {
	eachVersion(t, func(t *testing.T, b *Broker, version byte) {
		viewer := connect(t, b, version, login{id: "viewer"})
		viewer.subscribe(0, statusTopic)
		l := login{id: "gw", willTopic: statusTopic, willBody: offline, willRetain: true}
		polite := connect(t, b, version, l)
		polite.send([]byte{0xe0, 0})
		polite.expectClosed()
		viewer.expectSilence()
		rude := connect(t, b, version, l)
		_ = rude.conn.Close()
		viewer.expectMessage(statusTopic, offline, false)

		// A gateway that connects again speaks after its own will, whatever became of the old connection.
		old := connect(t, b, version, l)
		old.say(online, true)
		viewer.expectMessage(statusTopic, online, false)
		again := connect(t, b, version, l)
		again.say(online, true)
		viewer.expectMessage(statusTopic, offline, false)
		viewer.expectMessage(statusTopic, online, false)
		late := connect(t, b, version, login{id: "late"})
		late.subscribe(0, statusTopic)
		late.expectMessage(statusTopic, online, true)
		if version == version5 {
			old.expect(0xe0, 1, 0x8e)
			// Disconnect with will message.
			again.send([]byte{0xe0, 1, 0x04})
			viewer.expectMessage(statusTopic, offline, false)
		}
		old.expectClosed()
	})
}

func connectDelayed(id string, delay, expiry uint32, clean bool) []byte {
	flags := byte(0x04 | 0x20)
	if clean {
		flags |= 2
	}
	session := binary.BigEndian.AppendUint32([]byte{0x11}, expiry)
	will := binary.BigEndian.AppendUint32([]byte{0x18}, delay)
	return connectWith("MQTT", 5, flags, withProperties(session...), str(id), withProperties(will...), str(statusTopic), str(offline))
}

func TestWillDelay(t *testing.T) {
	b := start(t, Options{Anonymous: true, Submit: newDisk(true).Submit})
	viewer := connect(t, b, 5, login{id: "viewer"})
	viewer.subscribe(0, statusTopic)
	open := func(delay, expiry uint32, clean bool) *raw {
		t.Helper()
		c := dial(t, b, 5)
		c.send(connectDelayed("gw", delay, expiry, clean))
		if first, body := c.read(); first != 0x20 || body[1] != 0 {
			t.Fatalf("% x % x", first, body)
		}
		return c
	}
	gone := func() {
		t.Helper()
		_ = viewer.conn.SetReadDeadline(time.Now().Add(patience))
		key := clientKey{"", "gw"}
		awaitCondition(t, func() bool {
			b.mu.Lock()
			defer b.mu.Unlock()
			return b.clients[key] == nil || b.clients[key].current.Load() == nil
		})
	}
	// Back in time: nobody hears of it.
	_ = open(3600, 3600, true).conn.Close()
	gone()
	c := open(3600, 3600, false)
	viewer.expectSilence()
	// The session ends by a clean start: the will is due.
	_ = c.conn.Close()
	gone()
	c = open(3600, 3600, true)
	viewer.expectMessage(statusTopic, offline, false)
	// No session outlives this connection, so neither does the delay.
	_ = c.conn.Close()
	gone()
	c = open(3600, 0, true)
	viewer.expectMessage(statusTopic, offline, false)
	_ = c.conn.Close()
	viewer.expectMessage(statusTopic, offline, false)
	// A second later.
	began := time.Now()
	_ = open(1, 3600, true).conn.Close()
	viewer.expectMessage(statusTopic, offline, false)
	if took := time.Since(began); took < 900*time.Millisecond {
		t.Errorf("sent after %s", took)
	}
}

func TestZeroLengthClientID(t *testing.T) {
	b := start(t, Options{Anonymous: true, Submit: newDisk(true).Submit})
	old := dial(t, b, 4)
	old.send(connectPacket(4, login{keep: true}))
	old.expect(0x20, 2, 0, 2)
	old.expectClosed()
	connect(t, b, 4, login{})
	var assigned []string
	for _, keep := range []bool{false, true} {
		c := dial(t, b, 5)
		c.send(connectPacket(5, login{keep: keep}))
		_, body := c.read()
		i := bytes.IndexByte(body, propAssignedClientID)
		if body[1] != 0 || i < 0 {
			t.Fatalf("CONNACK % x", body)
		}
		n := int(binary.BigEndian.Uint16(body[i+1:]))
		assigned = append(assigned, string(body[i+3:i+3+n]))
		c.expectSilence()
	}
	if assigned[0] == assigned[1] || len(assigned[0]) < 10 {
		t.Errorf("assigned %q", assigned)
	}
}

func TestKeepalive(t *testing.T) {
	eachVersion(t, func(t *testing.T, b *Broker, version byte) {
		viewer := connect(t, b, version, login{id: "viewer"})
		viewer.subscribe(0, statusTopic)
		c := dial(t, b, version)
		p := connectPacket(version, login{id: "gw", willTopic: statusTopic, willBody: offline})
		binary.BigEndian.PutUint16(p[10:], 1)
		began := time.Now()
		c.send(p)
		c.read()
		if version == version5 {
			c.expect(0xe0, 1, 0x8d)
		}
		c.expectClosed()
		if took := time.Since(began); took < 1400*time.Millisecond || took > 10*time.Second {
			t.Errorf("cut after %s of silence", took)
		}
		viewer.expectMessage(statusTopic, offline, false)
	})
}

func TestSilenceIsNoEnd(t *testing.T) {
	d := newDisk(true)
	b, err := Open(Options{Listen: "127.0.0.1:0", Anonymous: true, Submit: d.Submit})
	if err != nil {
		t.Fatal(err)
	}
	b.calm = time.Millisecond
	t.Cleanup(serve(t, b))
	c := connect(t, b, 4, login{id: "gw"})
	pace := time.NewTicker(3 * time.Millisecond)
	defer pace.Stop()
	const n = 30
	for i := range n {
		<-pace.C
		c.publish(message{topic: readings, body: strings.Repeat("x", 1000*i), qos: 1, id: uint16(i + 1)})
		c.expect(0x40, 2, 0, byte(i+1))
	}
	for i, del := range d.deliveries() {
		if len(del.Body) != 1000*i {
			t.Errorf("message %d has %d bytes", i, len(del.Body))
		}
	}
}

func TestSessions(t *testing.T) {
	b := start(t, Options{Anonymous: true, Submit: newDisk(true).Submit, SessionExpiry: time.Hour})
	present := func(l login, version byte) (*raw, bool, []byte) {
		t.Helper()
		c := dial(t, b, version)
		c.send(connectPacket(version, l))
		first, body := c.read()
		if first != 0x20 || body[1] != 0 {
			t.Fatalf("% x % x", first, body)
		}
		return c, body[0] == 1, body
	}
	leave := func(c *raw, words ...byte) {
		t.Helper()
		c.send(append([]byte{0xe0, byte(len(words))}, words...))
		c.expectClosed()
	}
	// MQTT 3.1.1
	c, had, _ := present(login{id: "old", keep: true}, 4)
	c.subscribe(0, statusTopic)
	leave(c)
	c2, again, _ := present(login{id: "old", keep: true}, 4)
	b.Publish(statusTopic, []byte(online))
	c2.expectMessage(statusTopic, online, false)
	leave(c2)
	c3, clean, _ := present(login{id: "old"}, 4)
	leave(c3)
	_, after, _ := present(login{id: "old", keep: true}, 4)
	if had || !again || clean || after {
		t.Errorf("session present: %v %v %v %v, want only the second", had, again, clean, after)
	}
	// MQTT 5
	keep := login{id: "new", keep: true, sessionExpirySeconds: 600}
	c, had, _ = present(keep, 5)
	leave(c)
	c, again, _ = present(keep, 5)
	leave(c, 0, 5, 0x11, 0, 0, 0, 0)
	c, after, _ = present(keep, 5)
	if had || !again || after {
		t.Errorf("session present: %v %v %v, want only the second", had, again, after)
	}
	leave(c)
	// Longer than it is kept here: the answer says so.
	_, _, body := present(login{id: "ever", keep: true, sessionExpirySeconds: 1<<32 - 1}, 5)
	if !bytes.Contains(body, append([]byte{0x11}, binary.BigEndian.AppendUint32(nil, 3600)...)) {
		t.Errorf("CONNACK % x", body)
	}
	// A session ends by time.
	c, _, _ = present(login{id: "brief", keep: true, sessionExpirySeconds: 1}, 5)
	leave(c)
	awaitCondition(t, func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		return b.clients[clientKey{"", "brief"}] == nil
	})
}

func TestSessionsAreBounded(t *testing.T) {
	b := start(t, Options{Anonymous: true, Submit: newDisk(true).Submit, MaxSessions: 3})
	for i := range 10 {
		c := connect(t, b, 4, login{id: fmt.Sprint("c", i), keep: true})
		c.send([]byte{0xe0, 0})
		c.expectClosed()
	}
	awaitNoConnections(t, b)
	if n := len(b.clients); n != 3 {
		t.Errorf("%d sessions are kept", n)
	}
}

func TestServerKeepAlive(t *testing.T) {
	b := start(t, Options{Anonymous: true, Submit: newDisk(true).Submit, MaxKeepalive: time.Minute})
	for asked, told := range map[uint16]bool{0: true, 30: false, 60: false, 3600: true} {
		c := dial(t, b, 5)
		p := connectPacket(5, login{id: "c"})
		binary.BigEndian.PutUint16(p[10:], asked)
		c.send(p)
		if _, body := c.read(); bytes.Contains(body, []byte{propServerKeepAlive, 0, 60}) != told {
			t.Errorf("keep-alive of %d: CONNACK % x", asked, body)
		}
	}
}

func TestUnknownPacketIDs(t *testing.T) {
	b := start(t, Options{Anonymous: true, Submit: newDisk(true).Submit})
	five, four := connect(t, b, 5, login{id: "five"}), connect(t, b, 4, login{id: "four"})
	for _, c := range []*raw{five, four} {
		c.send([]byte{0x40, 2, 0, 9, 0x70, 2, 0, 9})
		c.send([]byte{0x50, 2, 0, 9})
		if c.version == version5 {
			c.expect(0x62, 3, 0, 9, 0x92)
		} else {
			c.expect(0x62, 2, 0, 9)
		}
		c.expectSilence()
	}
	// All lengths that PUBREL may have.
	for _, tail := range [][]byte{{}, {0}, {0, 0}, cat([]byte{0}, withProperties(0x26, 0, 1, 'k', 0, 1, 'v'))} {
		five.publish(message{topic: readings, body: native(1), qos: 2, id: 3})
		five.expect(0x50, 2, 0, 3)
		five.send(packet(0x62, cat([]byte{0, 3}, tail)))
		five.expect(0x70, 2, 0, 3)
	}
}

func TestUnreleasedIDsAreBounded(t *testing.T) {
	const inflight = 8
	b := start(t, Options{Anonymous: true, Submit: newDisk(true).Submit, MaxInflight: inflight})
	c := connect(t, b, 5, login{id: "c"})
	for i := range unreleasedFactor*inflight + 1 {
		c.publish(message{topic: readings, body: native(1), qos: 2, id: uint16(i + 1)})
		c.expect(0x50, 2, 0, byte(i+1))
	}
	c.publish(message{topic: readings, body: native(1), qos: 2, id: 1000})
	expectEnd(t, c, 0x97)
}

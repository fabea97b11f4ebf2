package broker

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// These tests follow the sequences of paho.mqtt.testing (client_test and client_test5) as far as they apply to a broker that
// routes status messages only, to subscribers with QoS 0.

const statusTopic = "quantrac/v1/amata-01/status"

const (
	online  = `{"online":true}`
	offline = `{"online":false}`
)

// subscribe asks for filters with these options and returns the reason codes.
func (c *raw) subscribe(options byte, filters ...string) []byte {
	c.t.Helper()
	return c.subscribeWith(nil, options, filters...)
}

func (c *raw) subscribeWith(props []byte, options byte, filters ...string) []byte {
	c.t.Helper()
	body := []byte{0, 9}
	if c.version == version5 {
		body = append(body, withProperties(props...)...)
	}
	for _, f := range filters {
		body = append(append(body, str(f)...), options)
	}
	c.send(packet(0x82, body))
	first, got := c.read()
	if first != 0x90 || !bytes.HasPrefix(got, []byte{0, 9}) {
		c.t.Fatalf("SUBACK % x % x", first, got)
	}
	return got[len(got)-len(filters):]
}

// expectMessage reads a PUBLISH of QoS 0 and returns its properties.
func (c *raw) expectMessage(topic, body string, retain bool) (props []byte) {
	c.t.Helper()
	first, got := c.read()
	want := byte(0x30)
	if retain {
		want |= 1
	}
	if first != want || !bytes.HasPrefix(got, str(topic)) || !bytes.HasSuffix(got, []byte(body)) {
		c.t.Fatalf("got %#x %q, want %#x %s %s", first, got, want, topic, body)
	}
	if c.version < version5 {
		return nil
	}
	rest := got[2+len(topic):]
	n, size := binary.Uvarint(rest)
	if rest = rest[size:]; len(rest) != int(n)+len(body) {
		c.t.Fatalf("properties of %d bytes in % x", n, rest)
	}
	return rest[:n]
}

// say publishes a status with QoS 1.
func (c *raw) say(body string, retain bool, props ...byte) {
	c.t.Helper()
	c.publish(message{topic: statusTopic, body: body, qos: 1, id: 1, retain: retain, properties: props})
	first, got := c.read()
	for first>>4 == 3 {
		// It may be a subscriber of its own topic.
		first, got = c.read()
	}
	if first != 0x40 || len(got) != 2 {
		c.t.Fatalf("PUBACK % x % x", first, got)
	}
}

func eachVersion(t *testing.T, test func(t *testing.T, b *Broker, version byte)) {
	for _, version := range []byte{4, 5} {
		t.Run(fmt.Sprintf("version %d", version), func(t *testing.T) {
			test(t, start(t, Options{Anonymous: true, Submit: newDisk(true).Submit}), version)
		})
	}
}

func TestBasic(t *testing.T) {
	eachVersion(t, func(t *testing.T, b *Broker, version byte) {
		first := connect(t, b, version, login{id: "a"})
		first.send([]byte{0xe0, 0})
		first.expectClosed()
		a := connect(t, b, version, login{id: "a"})
		if codes := a.subscribe(2, statusTopic); codes[0] != 0 {
			t.Fatalf("granted %d", codes[0])
		}
		for qos := range byte(3) {
			a.publish(message{topic: statusTopic, body: online, qos: qos, id: uint16(qos)})
			var routed, answered bool
			for !routed || (qos > 0 && !answered) {
				switch kind, _ := a.read(); kind {
				case 0x30:
					routed = true
				case 0x40, 0x50:
					answered = true
				default:
					t.Fatalf("%#x", kind)
				}
			}
		}
		a.send([]byte{0x62, 2, 0, 2})
		a.expect(0x70, 2, 0, 2)
	})
}

func TestRetained(t *testing.T) {
	eachVersion(t, func(t *testing.T, b *Broker, version byte) {
		gw := connect(t, b, version, login{id: "gw"})
		user := []byte{0x26, 0, 1, 'a', 0, 1, '2', 3, 0, 1, 't'}
		if version < 5 {
			user = nil
		}
		gw.say(online, true, user...)
		for _, filter := range []string{statusTopic, "quantrac/v1/+/status", "quantrac/#", "#", "quantrac/v1/amata-01/status/#", "+/+/amata-01/+"} {
			viewer := connect(t, b, version, login{id: "viewer"})
			viewer.subscribe(0, filter)
			if props := viewer.expectMessage(statusTopic, online, true); !bytes.Equal(props, user) {
				t.Errorf("%s: properties % x", filter, props)
			}
			viewer.expectSilence()
		}
		// A message that is not retained replaces nothing; an empty one deletes.
		gw.say(offline, false)
		viewer := connect(t, b, version, login{id: "viewer"})
		viewer.subscribe(0, statusTopic)
		viewer.expectMessage(statusTopic, online, true)
		gw.say("", true)
		viewer.expectMessage(statusTopic, "", false)
		late := connect(t, b, version, login{id: "late"})
		late.subscribe(0, "#")
		late.expectSilence()
	})
}

// A park with more stations than any queue is long gets them all.
func TestManyRetained(t *testing.T) {
	const n = 5000
	b := start(t, Options{Anonymous: true, Submit: newDisk(true).Submit})
	gw := connect(t, b, 4, login{id: "gw"})
	var out []byte
	for i := range n {
		out = append(out, gw.publishPacket(message{topic: fmt.Sprintf("quantrac/v1/st-%d/status", i), body: online, retain: true})...)
	}
	gw.send(out)
	gw.expectSilence()
	viewer := connect(t, b, 4, login{id: "viewer"})
	viewer.subscribe(0, "quantrac/v1/+/status")
	seen := map[string]bool{}
	for range n {
		first, body := viewer.read()
		if first != 0x31 {
			t.Fatalf("%#x", first)
		}
		seen[string(body)] = true
	}
	if len(seen) != n {
		t.Errorf("%d of %d retained messages", len(seen), n)
	}
}

func TestRetainedSurvivesARestart(t *testing.T) {
	s := newShelf()
	opts := Options{Anonymous: true, Submit: newDisk(true).Submit, Retained: s.store()}
	b, stop := startStoppable(t, opts)
	gw := connect(t, b, 5, login{id: "gw", willTopic: statusTopic, willBody: offline, willRetain: true})
	user := []byte{0x26, 0, 1, 'a', 0, 1, '2'}
	gw.say(online, true, user...)
	writes := s.puts
	gw.say(online, true, user...)
	if s.puts != writes {
		t.Error("the same status is written again")
	}
	// The broker's own end is no fault of the gateway.
	stop()
	b = start(t, opts)
	viewer := connect(t, b, 5, login{id: "viewer"})
	viewer.subscribe(0, "quantrac/v1/+/status")
	if props := viewer.expectMessage(statusTopic, online, true); !bytes.Equal(props, user) {
		t.Errorf("properties % x", props)
	}
	gw = connect(t, b, 5, login{id: "gw"})
	gw.say("", true)
	if len(s.values) != 0 {
		t.Error("what was deleted is still stored")
	}
}

// A retained status is acknowledged when it is on disk.
func TestRetainedIsDurableFirst(t *testing.T) {
	s := newShelf()
	s.slow = make(chan struct{})
	b := start(t, Options{Anonymous: true, Submit: newDisk(true).Submit, Retained: s.store()})
	gw := connect(t, b, 5, login{id: "gw"})
	gw.publish(message{topic: statusTopic, body: online, qos: 1, id: 1, retain: true})
	_ = gw.conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if first, _, err := gw.tryRead(); err == nil {
		t.Fatalf("%#x before it is on disk", first)
	}
	_ = gw.conn.SetReadDeadline(time.Now().Add(patience))
	close(s.slow)
	gw.expect(0x40, 2, 0, 1)
}

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

// connectDelayed is a CONNECT of MQTT 5 with a will that waits and a session that is kept, in seconds.
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

func awaitCondition(t *testing.T, holds func() bool) {
	t.Helper()
	tick, timeout := time.NewTicker(time.Millisecond), time.After(patience)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-timeout:
			t.Fatal("it does not come to pass")
		}
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

func TestOverlappingSubscriptions(t *testing.T) {
	b := start(t, Options{Anonymous: true, Submit: newDisk(true).Submit})
	c := connect(t, b, 5, login{id: "c"})
	gw := connect(t, b, 5, login{id: "gw"})
	c.subscribeWith([]byte{propSubscriptionID, 7}, 0, "quantrac/#")
	c.subscribeWith([]byte{propSubscriptionID, 0x88, 0x01}, 0, "quantrac/v1/+/status")
	gw.say(online, false)
	props := c.expectMessage(statusTopic, online, false)
	if !bytes.Contains(props, []byte{propSubscriptionID, 7}) || !bytes.Contains(props, []byte{propSubscriptionID, 0x88, 0x01}) {
		t.Errorf("properties % x", props)
	}
	c.expectSilence()
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

// A client that rests longer than its buffer is kept, and then speaks, is heard whole.
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

func TestSubscribeFailure(t *testing.T) {
	eachVersion(t, func(t *testing.T, b *Broker, version byte) {
		c := connect(t, b, version, login{id: "c"})
		for filter, code := range map[string]byte{"$SYS/#": codeNotAuthorized, "a/#/b": codeFilterInvalid, "a+": codeFilterInvalid, "": codeFilterInvalid, "$share/g": codeFilterInvalid, "$share/+/a": codeFilterInvalid, "$share//a": codeFilterInvalid} {
			if version < 5 {
				code = 0x80
			}
			if got := c.subscribe(1, filter); got[0] != code {
				t.Errorf("%s: %#x, want %#x", filter, got[0], code)
			}
		}
		// The good ones beside a bad one hold.
		if got := c.subscribe(1, statusTopic, "$SYS/x", "quantrac/v1/+/status"); got[0] != 0 || got[1] < 0x80 || got[2] != 0 {
			t.Errorf("codes % x", got)
		}
		// There is an end to how many.
		var filters []string
		for i := range maxSubscriptions {
			filters = append(filters, fmt.Sprint("f/", i))
		}
		got := c.subscribe(0, filters...)
		if got[maxSubscriptions-3] != 0 || got[maxSubscriptions-2] < 0x80 || got[maxSubscriptions-1] < 0x80 {
			t.Errorf("codes % x", got[maxSubscriptions-4:])
		}
	})
}

func TestDollarTopics(t *testing.T) {
	eachVersion(t, func(t *testing.T, b *Broker, version byte) {
		c := connect(t, b, version, login{id: "c"})
		c.subscribe(0, "#", "+/x")
		b.Publish("$internal/x", []byte("x"))
		c.expectSilence()
	})
}

func TestUnsubscribe(t *testing.T) {
	eachVersion(t, func(t *testing.T, b *Broker, version byte) {
		c, gw := connect(t, b, version, login{id: "c"}), connect(t, b, version, login{id: "gw"})
		c.subscribe(0, statusTopic, "quantrac/v1/other/status")
		body := []byte{0, 5}
		if version == version5 {
			body = append(body, 0)
		}
		c.send(packet(0xa2, cat(body, str(statusTopic), str("never/subscribed"))))
		if version == version5 {
			c.expect(0xb0, 5, 0, 5, 0, 0, 0x11)
		} else {
			c.expect(0xb0, 2, 0, 5)
		}
		gw.say(online, false)
		c.expectSilence()
		b.Publish("quantrac/v1/other/status", []byte(online))
		c.expectMessage("quantrac/v1/other/status", online, false)
	})
}

func TestSubscribeOptions(t *testing.T) {
	const noLocal, retainAsPublished, onlyNew, never = 4, 8, 0x10, 0x20
	b := start(t, Options{Anonymous: true, Submit: newDisk(true).Submit})
	a := connect(t, b, 5, login{id: "a"})
	a.subscribe(noLocal, statusTopic)
	a.say(online, false)
	a.expectSilence()
	gw := connect(t, b, 5, login{id: "gw"})
	a.subscribe(retainAsPublished, statusTopic)
	gw.say(online, false)
	a.expectMessage(statusTopic, online, false)
	gw.say(online, true)
	a.expectMessage(statusTopic, online, true)

	c := connect(t, b, 5, login{id: "c"})
	c.subscribe(onlyNew, "quantrac/#")
	c.expectMessage(statusTopic, online, true)
	c.subscribe(onlyNew, "quantrac/#")
	c.expectSilence()
	c.subscribe(never, "quantrac/#")
	c.expectSilence()
	c.subscribe(0, "quantrac/#")
	c.expectMessage(statusTopic, online, true)
}

func TestMessageExpiry(t *testing.T) {
	now := time.Date(2026, 11, 24, 6, 0, 0, 0, time.UTC)
	b := start(t, Options{Anonymous: true, Submit: newDisk(true).Submit, Now: func() time.Time { return now }})
	gw := connect(t, b, 5, login{id: "gw"})
	gw.say(online, true, 2, 0, 0, 0, 10)
	now = now.Add(4 * time.Second)
	viewer := connect(t, b, 5, login{id: "viewer"})
	viewer.subscribe(0, statusTopic)
	if props := viewer.expectMessage(statusTopic, online, true); !bytes.Equal(props, []byte{2, 0, 0, 0, 6}) {
		t.Errorf("properties % x", props)
	}
	now = now.Add(7 * time.Second)
	late := connect(t, b, 5, login{id: "late"})
	late.subscribe(0, statusTopic)
	late.expectSilence()
}

func TestSharedSubscription(t *testing.T) {
	eachVersion(t, func(t *testing.T, b *Broker, version byte) {
		gw := connect(t, b, version, login{id: "gw"})
		gw.say(online, true)
		members := []*raw{connect(t, b, version, login{id: "one"}), connect(t, b, version, login{id: "two"})}
		for _, m := range members {
			m.subscribe(0, "$share/group/quantrac/v1/+/status")
		}
		alone := connect(t, b, version, login{id: "alone"})
		alone.subscribe(0, statusTopic)
		alone.expectMessage(statusTopic, online, true)
		for range 4 {
			gw.say(offline, false)
			alone.expectMessage(statusTopic, offline, false)
		}
		// Each second one, and nothing of what is retained.
		for _, m := range members {
			m.expectMessage(statusTopic, offline, false)
			m.expectMessage(statusTopic, offline, false)
			m.expectSilence()
		}
		_ = members[0].conn.Close()
		awaitCondition(t, func() bool { return len(b.sessions()) == 3 })
		for range 2 {
			gw.say(offline, false)
			members[1].expectMessage(statusTopic, offline, false)
		}
	})
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

// A subscriber gets no packet that is larger than it takes.
func TestMaximumPacketSizeOfASubscriber(t *testing.T) {
	b := start(t, Options{Anonymous: true, Submit: newDisk(true).Submit})
	c := dial(t, b, 5)
	c.send(connectWith("MQTT", 5, 2, withProperties(0x27, 0, 0, 0, 40), str("c")))
	c.read()
	c.subscribe(0, "topic")
	b.Publish("topic", bytes.Repeat([]byte("x"), 40))
	b.Publish("topic", []byte("small"))
	c.expectMessage("topic", "small", false)
}

// A client that does not read what it subscribed to loses messages, and delays nobody.
func TestSlowSubscriber(t *testing.T) {
	b := start(t, Options{Anonymous: true, Submit: newDisk(true).Submit, WriteTimeout: 200 * time.Millisecond})
	slow := dialSmall(t, b)
	slow.send(connectPacket(4, login{id: "slow"}))
	slow.read2(4)
	slow.send(packet(0x82, cat([]byte{0, 1}, str("topic"), []byte{0})))
	slow.read2(5)
	quick := connect(t, b, 4, login{id: "quick"})
	quick.subscribe(0, "topic")
	payload := bytes.Repeat([]byte("x"), 1000)
	for range 2000 {
		b.Publish("topic", payload)
		quick.expectMessage("topic", string(payload), false)
	}
	awaitCondition(t, func() bool { return len(b.sessions()) == 1 })
}

func (c *raw) read2(n int) {
	c.t.Helper()
	if _, err := c.conn.Read(make([]byte, n)); err != nil {
		c.t.Fatal(err)
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

func TestFilters(t *testing.T) {
	topics := []string{"a", "a/b", "a/b/c", "/", "/a", "a/", "$SYS/a", "quantrac/v1/amata-01/status", "a//b"}
	filters := []string{"#", "+", "a", "a/#", "a/+", "+/b", "/+", "+/+", "+/", "a/b/#", "a/b/c/#", "/#", "$SYS/#", "$SYS/+", "+/a", "a/+/b", "quantrac/v1/+/status", "quantrac/#", "a/b/c", "b", "+/+/+"}
	for _, topic := range topics {
		var found []string
		filtersOf(topic, func(f string) { found = append(found, f) })
		for _, filter := range filters {
			if !validFilter(filter) {
				t.Errorf("%s is taken for invalid", filter)
			}
			if slices.Contains(found, filter) != matches(filter, topic) {
				t.Errorf("filter %s and topic %s: found %v, matches %v", filter, topic, !matches(filter, topic), matches(filter, topic))
			}
		}
	}
	for filter, want := range map[string]string{"#": "a a/b a/b/c / /a a/ quantrac/v1/amata-01/status a//b", "a/#": "a a/b a/b/c a/ a//b", "+/+": "a/b / /a a/", "/+": "/ /a", "$SYS/#": "$SYS/a", "a/+/b": "a//b"} {
		var got []string
		for _, topic := range topics {
			if matches(filter, topic) {
				got = append(got, topic)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s matches %v", filter, got)
		}
	}
}

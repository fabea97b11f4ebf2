package broker

import (
	"bytes"
	"encoding/binary"
	"fmt"
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

// A park with more stations than any queue is long gets them all.
// A retained status is acknowledged when it is on disk.
// connectDelayed is a CONNECT of MQTT 5 with a will that waits and a session that is kept, in seconds.
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

// A client that rests longer than its buffer is kept, and then speaks, is heard whole.
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

// A subscriber gets no packet that is larger than it takes.
// A client that does not read what it subscribed to loses messages, and delays nobody.

package broker

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"
)

// These cases follow the packet sequences by which Mosquitto tests its broker: what a client may not send, byte by byte, and
// the reason code that an MQTT 5 client hears before its connection ends. An older client only sees the end.

// properties puts their length in front of properties.
func withProperties(props ...byte) []byte {
	return append(binary.AppendUvarint(nil, uint64(len(props))), props...)
}

func cat(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// expectEnd reads the end of a connection with its reason.
func expectEnd(t *testing.T, c *raw, code byte) {
	t.Helper()
	if c.version == version5 {
		first, body := c.read()
		if first != 0xe0 || body[0] != code {
			t.Fatalf("got % x % x, want DISCONNECT %#x", first, body, code)
		}
	}
	c.expectClosed()
}

// publishWith is a QoS 1 PUBLISH to "topic" with these properties.
func publishWith(props ...byte) []byte {
	return packet(0x32, cat(str("topic"), []byte{4, 0xd2}, withProperties(props...), []byte("payload")))
}

func TestPublishProperties(t *testing.T) {
	text := func(id byte, s string) []byte { return append([]byte{id}, str(s)...) }
	good := map[string][]byte{
		"none": {}, "payload format 0": {1, 0}, "payload format 1": {1, 1}, "expiry 0": {2, 0, 0, 0, 0}, "expiry": {2, 0, 0, 0, 9}, "topic alias": {0x23, 0, 1},
		"response topic": text(8, "p"), "correlation": text(9, "p"), "empty correlation": {9, 0, 0}, "content type": text(3, "p"), "empty content type": {3, 0, 0},
		"user": append(text(0x26, "p"), str("q")...), "two users": cat(text(0x26, "p"), str("q"), text(0x26, "p"), str("q")), "empty user": append(text(0x26, ""), str("")...),
	}
	bad := map[string]struct {
		props []byte
		code  byte
	}{
		"payload format 2": {[]byte{1, 2}, 0x82}, "payload format twice": {[]byte{1, 1, 1, 1}, 0x82}, "payload format cut": {[]byte{1}, 0x81},
		"expiry twice": {[]byte{2, 0, 0, 0, 1, 2, 0, 0, 0, 1}, 0x82}, "expiry cut": {[]byte{2, 0}, 0x81},
		"alias 0": {[]byte{0x23, 0, 0}, 0x94}, "alias beyond": {[]byte{0x23, 0, maxAliases + 1}, 0x94}, "alias twice": {[]byte{0x23, 0, 1, 0x23, 0, 2}, 0x82}, "alias cut": {[]byte{0x23}, 0x81},
		"response topic twice": {cat(text(8, "p"), text(8, "p")), 0x82}, "response topic cut": {[]byte{8}, 0x81}, "response topic wildcard": {text(8, "a/#"), 0x82},
		"correlation twice": {cat(text(9, "p"), text(9, "p")), 0x82}, "correlation cut": {[]byte{9}, 0x81}, "user without value": {text(0x26, "p"), 0x81}, "user cut": {[]byte{0x26}, 0x81},
		"content type no UTF-8": {text(3, "\xff"), 0x81}, "user with NUL": {append(text(0x26, "a\x00"), str("b")...), 0x81},
		"subscription id": {[]byte{0x0b, 1}, 0x82}, "subscription id cut": {[]byte{0x0b}, 0x81}, "subscription id overlong": {[]byte{0x0b, 0x80, 0x80, 0x80, 0x80, 1}, 0x81},
		"reason string": {text(0x1f, "p"), 0x82}, "assigned id": {text(0x12, "p"), 0x82}, "auth method": {text(0x15, "p"), 0x82}, "auth data": {text(0x16, "p"), 0x82},
		"response information": {text(0x1a, "p"), 0x82}, "server reference": {text(0x1c, "p"), 0x82}, "session expiry": {[]byte{0x11, 0, 0, 0, 1}, 0x82}, "will delay": {[]byte{0x18, 0, 0, 0, 1}, 0x82},
		"maximum packet": {[]byte{0x27, 0, 0, 0, 1}, 0x82}, "maximum packet cut": {[]byte{0x27}, 0x81}, "keep-alive": {[]byte{0x13, 0, 5}, 0x82}, "receive maximum": {[]byte{0x21, 0, 5}, 0x82}, "alias maximum": {[]byte{0x22, 0, 5}, 0x82},
		"request problem": {[]byte{0x17, 0}, 0x82}, "maximum QoS": {[]byte{0x24, 0}, 0x82}, "retain available": {[]byte{0x25, 0}, 0x82}, "wildcard": {[]byte{0x28, 0}, 0x82}, "ids available": {[]byte{0x29, 0}, 0x82}, "shared": {[]byte{0x2a, 0}, 0x82},
		"unknown of two bytes": {[]byte{0x80, 1, 1}, 0x81}, "unknown of four bytes": {[]byte{0xff, 0xff, 0xff, 0x7f, 1}, 0x81}, "unknown of five bytes": {[]byte{0x80, 0x80, 0x80, 0x80, 1, 1}, 0x81},
	}
	for _, id := range []byte{0, 4, 5, 6, 7, 0x0a, 0x0c, 0x0d, 0x0e, 0x0f, 0x10, 0x14, 0x1b, 0x1d, 0x1e, 0x20, 0x2b, 0x7f} {
		bad[fmt.Sprintf("unknown %#x", id)] = struct {
			props []byte
			code  byte
		}{[]byte{id, 1}, 0x81}
	}
	d := newDisk(true)
	b := start(t, Options{Anonymous: true, Submit: d.Submit})
	c := connect(t, b, 5, login{id: "good"})
	for name, props := range good {
		c.send(publishWith(props...))
		c.expect(0x40, 2, 4, 0xd2)
		if all := d.deliveries(); string(all[len(all)-1].Body) != "payload" || all[len(all)-1].Topic != "topic" {
			t.Errorf("%s: %+v", name, all[len(all)-1])
		}
	}
	before := len(d.deliveries())
	for name, tc := range bad {
		t.Run(name, func(t *testing.T) {
			c := connect(t, b, 5, login{id: "bad"})
			c.send(publishWith(tc.props...))
			expectEnd(t, c, tc.code)
		})
	}
	if n := len(d.deliveries()); n != before {
		t.Errorf("%d messages were taken from packets that are refused", n-before)
	}
}

func TestViolations(t *testing.T) {
	cases := []struct {
		name     string
		versions []byte
		packet   []byte
		code     byte
	}{
		{"QoS 0 with DUP", both, packet(0x38, cat(str("topic"), []byte{0})), 0x81},
		{"QoS 3", both, packet(0x36, cat(str("topic"), []byte{4, 0xd2, 0})), 0x81},
		{"packet id 0", both, packet(0x32, cat(str("topic"), []byte{0, 0, 0})), 0x82},
		{"QoS 2 packet id 0", both, packet(0x34, cat(str("topic"), []byte{0, 0, 0})), 0x82},
		{"QoS 1 without packet id", both, packet(0x32, str("topic")), 0x81},
		{"no topic", both, packet(0x30, cat(str(""), []byte{0})), 0x81},
		{"topic with NUL", both, packet(0x30, cat(str("to\x00ic"), []byte{0})), 0x81},
		{"topic with a surrogate", both, packet(0x30, cat(str("to\xed\xa0\x80"), []byte{0})), 0x81},
		{"topic with +", both, packet(0x30, cat(str("+opic"), []byte{0})), 0x81},
		{"topic with #", both, packet(0x30, cat(str("topic/#"), []byte{0})), 0x81},
		{"length of five bytes", both, []byte{0x30, 0x80, 0x80, 0x80, 0x80, 1}, 0x81},
		{"alias that nobody set", five, packet(0x32, cat(str(""), []byte{4, 0xd2}, withProperties(0x23, 0, 3))), 0x82},

		{"SUBSCRIBE flags", both, packet(0x80, cat([]byte{0, 1}, zeroFor5, str("a"), []byte{0})), 0x81},
		{"SUBSCRIBE packet id 0", five, packet(0x82, cat([]byte{0, 0, 0}, str("a"), []byte{0})), 0x81},
		{"SUBSCRIBE to nothing", five, packet(0x82, []byte{0, 1, 0}), 0x81},
		{"SUBSCRIBE to nothing", four, packet(0x82, []byte{0, 1}), 0x81},
		{"SUBSCRIBE QoS 3", five, packet(0x82, cat([]byte{0, 1, 0}, str("a"), []byte{3})), 0x81},
		{"SUBSCRIBE QoS 3", four, packet(0x82, cat([]byte{0, 1}, str("a"), []byte{3})), 0x81},
		{"SUBSCRIBE reserved options", five, packet(0x82, cat([]byte{0, 1, 0}, str("a"), []byte{0x40})), 0x81},
		{"SUBSCRIBE options of MQTT 5", four, packet(0x82, cat([]byte{0, 1}, str("a"), []byte{0x04})), 0x81},
		{"SUBSCRIBE retain handling 3", five, packet(0x82, cat([]byte{0, 1, 0}, str("a"), []byte{0x30})), 0x81},
		{"SUBSCRIBE without options", five, packet(0x82, cat([]byte{0, 1, 0}, str("a"))), 0x81},
		{"SUBSCRIBE subscription id 0", five, packet(0x82, cat([]byte{0, 1}, withProperties(0x0b, 0), str("a"), []byte{0})), 0x82},
		{"SUBSCRIBE subscription id twice", five, packet(0x82, cat([]byte{0, 1}, withProperties(0x0b, 1, 0x0b, 2), str("a"), []byte{0})), 0x82},
		{"SUBSCRIBE no local on a share", five, packet(0x82, cat([]byte{0, 1, 0}, str("$share/g/quantrac/v1/+/status"), []byte{4})), 0x82},
		{"SUBSCRIBE filter no UTF-8", five, packet(0x82, cat([]byte{0, 1, 0}, str("\xc0\x80"), []byte{0})), 0x81},
		{"SUBSCRIBE with a payload format", five, packet(0x82, cat([]byte{0, 1}, withProperties(1, 0), str("a"), []byte{0})), 0x82},

		{"UNSUBSCRIBE flags", both, packet(0xa0, cat([]byte{0, 1}, zeroFor5, str("a"))), 0x81},
		{"UNSUBSCRIBE from nothing", five, packet(0xa2, []byte{0, 1, 0}), 0x81},
		{"UNSUBSCRIBE packet id 0", five, packet(0xa2, cat([]byte{0, 0, 0}, str("a"))), 0x81},

		{"PUBREL flags", both, packet(0x60, []byte{0, 1}), 0x81},
		{"PUBREL packet id 0", both, packet(0x62, []byte{0, 0}), 0x81},
		{"PUBREL cut off", both, packet(0x62, []byte{0}), 0x81},
		{"PUBACK flags", both, packet(0x42, []byte{0, 1}), 0x81},
		{"PUBACK too long", four, packet(0x40, []byte{0, 1, 0}), 0x81},
		{"PUBREC with a foreign property", five, packet(0x50, cat([]byte{0, 1, 0}, withProperties(1, 0))), 0x82},
		{"PINGREQ with a body", both, []byte{0xc0, 1, 0}, 0x81},
		{"PINGREQ flags", both, []byte{0xc1, 0}, 0x81},

		{"second CONNECT", five, connectPacket(5, login{id: "again"}), 0x82},
		{"second CONNECT", four, connectPacket(4, login{id: "again"}), 0x82},
		{"CONNACK", both, []byte{0x20, 2, 0, 0}, 0x82},
		{"SUBACK", both, []byte{0x90, 3, 0, 1, 0}, 0x82},
		{"PINGRESP", both, []byte{0xd0, 0}, 0x82},
		{"AUTH", both, []byte{0xf0, 0}, 0x82},
		{"packet type 0", both, []byte{0, 0}, 0x81},

		{"DISCONNECT flags", both, []byte{0xe1, 0}, 0x81},
		{"DISCONNECT too long", four, []byte{0xe0, 1, 0}, 0x81},
		{"DISCONNECT keeps a session that was not", five, packet(0xe0, cat([]byte{0}, withProperties(0x11, 0, 0, 0, 9))), 0x82},
		{"DISCONNECT session expiry twice", five, packet(0xe0, cat([]byte{0}, withProperties(0x11, 0, 0, 0, 0, 0x11, 0, 0, 0, 0))), 0x82},
	}
	d := newDisk(true)
	b := start(t, Options{Anonymous: true, Submit: d.Submit})
	witness := connect(t, b, 4, login{id: "witness"})
	for _, tc := range cases {
		for _, version := range tc.versions {
			t.Run(fmt.Sprintf("%s in version %d", tc.name, version), func(t *testing.T) {
				c := connect(t, b, version, login{id: "bad"})
				c.send(tc.packet)
				expectEnd(t, c, tc.code)
			})
		}
	}
	witness.expectSilence()
	if n := len(d.deliveries()); n != 0 {
		t.Errorf("%d messages were taken", n)
	}
}

var (
	both     = []byte{4, 5}
	four     = []byte{4}
	five     = []byte{5}
	zeroFor5 = []byte{0}
)

func TestTopicsThatAreUnusualButPermitted(t *testing.T) {
	d := newDisk(true)
	b := start(t, Options{Anonymous: true, Submit: d.Submit})
	c := connect(t, b, 4, login{id: "c"})
	for _, topic := range []string{"/", "//", " ", "a/", "$test/test", "$SYS/broker/uptime", "A\U0002A6D4", "quan trắc/nước thải", "a\x01b", strings.Repeat("x", 65535)} {
		c.publish(message{topic: topic, body: "x", qos: 1, id: 1})
		c.expect(0x40, 2, 0, 1)
		if all := d.deliveries(); all[len(all)-1].Topic != topic {
			t.Errorf("%q came as %q", topic, all[len(all)-1].Topic)
		}
	}
}

// connectWith is a CONNECT by the byte.
func connectWith(name string, level, flags byte, rest ...[]byte) []byte {
	return packet(0x10, cat(str(name), []byte{level, flags, 0, 10}, cat(rest...)))
}

func TestConnectViolations(t *testing.T) {
	cases := []struct {
		name   string
		packet []byte
		// answer is CONNACK; nil = the connection ends without one.
		answer []byte
	}{
		{"PUBLISH first", packet(0x30, cat(str("topic"), []byte("x"))), nil},
		{"PINGREQ first", []byte{0xc0, 0}, nil},
		{"flags of the fixed header", append([]byte{0x12}, connectWith("MQTT", 4, 2, str("c"))[1:]...), nil},
		{"another protocol", connectWith("hj", 4, 2, str("c")), nil},
		{"an empty protocol", connectWith("", 4, 2, str("c")), nil},
		{"MQTT 3.1 by the newer name", connectWith("MQTT", 3, 2, str("c")), []byte{0x20, 2, 0, 1}},
		{"MQTT 3.1.1 by the older name", connectWith("MQIsdp", 4, 2, str("c")), []byte{0x20, 2, 0, 1}},
		{"a version to come", connectWith("MQTT", 6, 2, str("c")), []byte{0x20, 3, 0, 0x84, 0}},
		{"reserved flag", connectWith("MQTT", 4, 3, str("c")), nil},
		{"reserved flag", connectWith("MQTT", 5, 3, []byte{0}, str("c")), []byte{0x20, 3, 0, 0x81, 0}},
		{"will QoS without a will", connectWith("MQTT", 4, 0x0a, str("c")), nil},
		{"will retain without a will", connectWith("MQTT", 5, 0x22, []byte{0}, str("c")), []byte{0x20, 3, 0, 0x81, 0}},
		{"will QoS 3", connectWith("MQTT", 5, 0x1e, []byte{0}, str("c"), []byte{0}, str("t"), str("b")), []byte{0x20, 3, 0, 0x81, 0}},
		{"will without a topic", connectWith("MQTT", 5, 0x06, []byte{0}, str("c"), []byte{0}, str(""), str("b")), []byte{0x20, 3, 0, 0x90, 0}},
		{"will to a wildcard", connectWith("MQTT", 5, 0x06, []byte{0}, str("c"), []byte{0}, str("a/#"), str("b")), []byte{0x20, 3, 0, 0x90, 0}},
		{"will cut off", connectWith("MQTT", 4, 0x06, str("c"), str("topic")), nil},
		{"password without a user name", connectWith("MQTT", 4, 0x42, str("c"), str("p")), nil},
		{"user name cut off", connectWith("MQTT", 4, 0x82, str("c")), nil},
		{"more than there should be", connectWith("MQTT", 4, 2, str("c"), []byte{1}), nil},
		{"client id no UTF-8", connectWith("MQTT", 5, 2, []byte{0}, str("\xff")), []byte{0x20, 3, 0, 0x81, 0}},
		{"client id with NUL", connectWith("MQTT", 4, 2, str("a\x00b")), nil},
		{"empty client id of a session to keep", connectWith("MQTT", 4, 0, str("")), []byte{0x20, 2, 0, 2}},
		{"receive maximum 0", connectWith("MQTT", 5, 2, withProperties(0x21, 0, 0), str("c")), []byte{0x20, 3, 0, 0x82, 0}},
		{"maximum packet size 0", connectWith("MQTT", 5, 2, withProperties(0x27, 0, 0, 0, 0), str("c")), []byte{0x20, 3, 0, 0x82, 0}},
		{"request problem information 2", connectWith("MQTT", 5, 2, withProperties(0x17, 2), str("c")), []byte{0x20, 3, 0, 0x82, 0}},
		{"session expiry twice", connectWith("MQTT", 5, 2, withProperties(0x11, 0, 0, 0, 1, 0x11, 0, 0, 0, 1), str("c")), []byte{0x20, 3, 0, 0x82, 0}},
		{"topic alias", connectWith("MQTT", 5, 2, withProperties(0x23, 0, 1), str("c")), []byte{0x20, 3, 0, 0x82, 0}},
		{"unknown property", connectWith("MQTT", 5, 2, withProperties(0x7e, 0), str("c")), []byte{0x20, 3, 0, 0x81, 0}},
		{"enhanced authentication", connectWith("MQTT", 5, 2, withProperties(append([]byte{0x15}, str("SCRAM")...)...), str("c")), []byte{0x20, 3, 0, 0x8c, 0}},
		{"longer than a CONNECT may be", packet(0x10, make([]byte, maxConnect)), nil},
	}
	b := start(t, Options{Anonymous: true, Submit: newDisk(true).Submit})
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			c := dial(t, b, 4)
			c.send(tc.packet)
			if tc.answer != nil {
				c.expect(tc.answer...)
			}
			if first, body, err := c.tryRead(); err == nil {
				t.Errorf("after that % x % x", first, body)
			}
		})
	}
	// What is allowed at the edges.
	for name, p := range map[string][]byte{
		"MQTT 3.1": connectWith("MQIsdp", 3, 2, str("c")), "empty client id": connectWith("MQTT", 4, 2, str("")), "long client id": connectWith("MQTT", 4, 2, str(strings.Repeat("x", 1000))),
		"empty will": connectWith("MQTT", 4, 0x06, str("c"), str("t"), str("")), "empty user name": connectWith("MQTT", 4, 0x82, str("c"), str("")),
	} {
		c := dial(t, b, 4)
		c.send(p)
		if first, body, err := c.tryRead(); err != nil || first != 0x20 || body[1] != 0 {
			t.Errorf("%s: % x % x, %v", name, first, body, err)
		}
	}
}

// A client that stops in the middle of CONNECT is cut when its time is over, however it drips.
func TestSlowConnect(t *testing.T) {
	b := start(t, Options{Anonymous: true, Submit: newDisk(true).Submit, ConnectTimeout: 80 * time.Millisecond})
	c := dial(t, b, 4)
	p := connectPacket(4, login{id: "slow"})
	began := time.Now()
	drip := time.NewTicker(20 * time.Millisecond)
	defer drip.Stop()
	go func() {
		for i := range p {
			if _, err := c.conn.Write(p[i : i+1]); err != nil {
				return
			}
			<-drip.C
		}
	}()
	c.expectClosed()
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("cut after %s", took)
	}
}

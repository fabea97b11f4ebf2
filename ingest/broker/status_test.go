package broker

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

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

package broker

import (
	"bytes"
	"context"
	"testing"

	"quantrac/ingest"
)

func TestConnectionsOfOneSource(t *testing.T) {
	b := start(t, Options{Anonymous: true, Submit: newDisk(true).Submit, MaxPerSource: 2})
	first, second := connect(t, b, 4, login{id: "1"}), connect(t, b, 4, login{id: "2"})
	third := dial(t, b, 4)
	third.expectClosed()
	first.send([]byte{0xe0, 0})
	first.expectClosed()
	awaitCondition(t, func() bool { return len(b.connections()) == 1 })
	connect(t, b, 4, login{id: "3"})
	second.expectSilence()
}

func TestConnectionsOfOneGateway(t *testing.T) {
	b := start(t, Options{MaxPerGateway: 2, Submit: newDisk(true).Submit, Authenticate: func(_ context.Context, l Login) (Identity, bool) {
		return Identity{ID: l.Username}, true
	}})
	first := connect(t, b, 4, login{id: "1", user: "a", password: "p"})
	connect(t, b, 4, login{id: "2", user: "a", password: "p"})
	for version, answer := range map[byte][]byte{4: {0x20, 2, 0, 3}, 5: {0x20, 3, 0, 0x97, 0}} {
		c := dial(t, b, version)
		c.send(connectPacket(version, login{id: "3", user: "a", password: "p"}))
		c.expect(answer...)
		c.expectClosed()
	}
	connect(t, b, 4, login{id: "3", user: "b", password: "p"})
	first.send([]byte{0xe0, 0})
	first.expectClosed()
	awaitCondition(t, func() bool { return len(b.sessions()) == 2 })
	connect(t, b, 4, login{id: "3", user: "a", password: "p"})
}

// A decoder that panics ends the connection that fed it, and gives back what it held.
func TestPanicInSubmit(t *testing.T) {
	b := start(t, Options{Anonymous: true, Submit: func(_ context.Context, d ingest.Delivery, done func(ingest.Receipt, error)) error {
		if string(d.Body) == "panic" {
			panic("decoder")
		}
		done(ingest.Receipt{Accepted: 1}, nil)
		return nil
	}})
	good := connect(t, b, 4, login{id: "good"})
	for qos := range byte(3) {
		bad := connect(t, b, 4, login{id: "bad", keep: true})
		bad.publish(message{topic: readings, body: "panic", qos: qos, id: 1})
		bad.expectClosed()
		again := connect(t, b, 4, login{id: "bad", keep: true})
		for _, s := range b.sessions() {
			awaitCondition(t, func() bool { return s.meter.empty() && s.share.meter.empty() })
		}
		again.expectSilence()
	}
	good.expectSilence()
}

// However sessions end, what their messages held is given back once they land.
func TestPlacesAreGivenBack(t *testing.T) {
	d := newDisk(false)
	b := start(t, Options{Submit: d.Submit, Authenticate: func(_ context.Context, l Login) (Identity, bool) {
		return Identity{ID: l.Username, Stations: []string{AllStations}}, true
	}})
	l := login{id: "c", user: "gw", password: "p", keep: true}
	stay := connect(t, b, 4, login{id: "stay", user: "gw", password: "p"})
	for range 3 {
		c := connect(t, b, 4, l)
		for qos := range byte(3) {
			c.publish(message{topic: readings, body: native(1), qos: qos, id: uint16(qos), dup: qos > 0})
		}
		c.publish(message{topic: statusTopic, body: online, qos: 1, id: 9})
		c.expectSilence()
	}
	// The last connection is replaced, the ones before it were; now everything lands.
	connect(t, b, 4, l)
	d.sync()
	stay.expectSilence()
	awaitCondition(t, b.sessions()[0].share.meter.empty)
}

func TestPublishReachesSubscribers(t *testing.T) {
	b := start(t, Options{Submit: newDisk(true).Submit, Authenticate: func(context.Context, Login) (Identity, bool) {
		return Identity{ID: "gw", Stations: []string{"amata-01"}}, true
	}})
	c := connect(t, b, 4, login{id: "node", user: "gw", password: "p"})
	c.subscribe(0, "spBv1.0/amata/NCMD/node-1", "spBv1.0/amata/DCMD/node-1/+")
	body := []byte("rebirth")
	if n := b.Publish("spBv1.0/amata/NCMD/node-1", body); n != 1 {
		t.Errorf("%d clients", n)
	}
	c.expectMessage("spBv1.0/amata/NCMD/node-1", string(body), false)
	if n := b.Publish("spBv1.0/amata/NCMD/node-2", body); n != 0 {
		t.Errorf("%d clients hear what is for another", n)
	}
	c.expectSilence()
	// What clients publish there is a message like any other and goes to nobody.
	c.publish(message{topic: "spBv1.0/amata/NCMD/node-1", body: "x", qos: 1, id: 1})
	c.expect(0x40, 2, 0, 1)
	c.expectSilence()
}

// FuzzDecode gives arbitrary bytes to everything that reads a packet.
func FuzzDecode(f *testing.F) {
	f.Add(byte(0x10), connectDelayed("gw", 1, 2, true)[2:])
	f.Add(byte(0x32), publishWith(0x26, 0, 1, 'a', 0, 1, 'b')[2:])
	for _, p := range malformedPackets() {
		if len(p) > 2 {
			f.Add(p[0], p[2:])
		}
	}
	f.Fuzz(func(t *testing.T, first byte, body []byte) {
		given := bytes.Clone(body)
		for _, mqtt5 := range []bool{false, true} {
			if p, bad := readPublish(first, body, mqtt5); bad == nil {
				if len(p.topic)+len(p.payload) > len(body) {
					t.Error("more comes out than went in")
				}
				if forward := p.props.forward(); len(forward) > len(p.props.raw) {
					t.Error("properties grow")
				}
			}
			_, _, _, _ = readSubscribe(body, mqtt5)
			_, _, _ = readUnsubscribe(body, mqtt5)
			_, _, _ = readAck(first>>4, body, mqtt5)
			_, _, _ = readDisconnect(body, mqtt5)
		}
		if p, bad := readConnect(body); bad == nil && p.will != nil {
			p.will.props.forward()
		}
		_, _, _ = parseHeader(body)
		if !bytes.Equal(body, given) {
			t.Error("a reader writes")
		}
	})
}

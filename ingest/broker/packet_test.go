package broker

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"net"
	"strings"
	"testing"
	"time"

	"quantrac/ingest"
)

// malformedPackets are each sent after CONNECT.
func malformedPackets() map[string][]byte {
	return map[string][]byte{
		"subscribe that panics":        {0x82, 0x06, 0, 1, 0, 0, 1, 0x61},
		"subscribe without options":    {0x82, 0x05, 0, 1, 0, 0, 1},
		"subscribe without anything":   {0x82, 0},
		"unsubscribe cut off":          {0xa2, 0x04, 0, 1, 0, 5},
		"publish without a topic":      {0x30, 0},
		"publish with a cut topic":     {0x30, 3, 0, 9, 'a'},
		"publish cut in properties":    {0x32, 7, 0, 1, 'a', 0, 1, 200, 1},
		"publish of QoS 3":             {0x36, 5, 0, 1, 'a', 0, 1},
		"publish of packet id 0":       {0x32, 6, 0, 1, 'a', 0, 0, 0},
		"publish to a wildcard":        {0x30, 5, 0, 1, '#', 0, 'x'},
		"publish to $SYS":              {0x32, 10, 0, 4, '$', 'S', 'Y', 'S', 0, 1, 0, 'x'},
		"publish with unknown alias":   {0x30, 6, 0, 0, 3, 0x23, 0, 7},
		"length of five bytes":         {0x30, 0xff, 0xff, 0xff, 0xff, 0xff, 1},
		"puback cut off":               {0x40, 1, 0},
		"pubrel cut off":               {0x62, 0},
		"second connect":               connectPacket(5, login{id: "x"}),
		"auth without a method":        {0xf0, 2, 0x18, 0},
		"packet type 0":                {0, 0},
		"connack from a client":        {0x20, 2, 0, 0},
		"disconnect with an odd tail":  {0xe0, 3, 0, 9, 9},
		"subscribe with an odd length": {0x82, 0x0a, 0, 1, 0, 0, 9, 'q', 'u', 'a', 'n', 't'},
	}
}

func TestMalformedPacketEndsItsOwnConnectionOnly(t *testing.T) {
	d := newDisk(true)
	b := start(t, Options{Anonymous: true, Submit: d.Submit})
	good := connect(t, b, 5, login{id: "good"})
	for name, p := range malformedPackets() {
		c := connect(t, b, 5, login{id: "bad"})
		c.send(p)
		// Half of them wait for more bytes; the broker must survive their absence as well.
		_ = c.conn.Close()
		good.publish(message{topic: readings, body: native(1), qos: 1, id: 1})
		if first, _ := good.read(); first != 0x40 {
			t.Fatalf("after %s: %#x", name, first)
		}
	}
}

func TestBrokenSessionIsCleanedUp(t *testing.T) {
	d := newDisk(true)
	b := start(t, Options{Anonymous: true, Submit: d.Submit})
	viewer := connect(t, b, 4, login{id: "viewer"})
	viewer.send(packet(0x82, append([]byte{0, 1}, append(str("quantrac/#"), 1)...)))
	viewer.expect(0x90, 3, 0, 1, 0)
	bad := connect(t, b, 5, login{id: "bad", willTopic: "quantrac/v1/amata-01/status", willBody: `{"online":false}`, willRetain: true})
	bad.send(malformedPackets()["subscribe that panics"])
	bad.expectClosed()
	_ = bad.conn.Close()
	first, body := viewer.read()
	if first != 0x30 || !bytes.HasSuffix(body, []byte(`{"online":false}`)) {
		t.Errorf("the will of a client that broke off: %#x %q", first, body)
	}
	_ = viewer.conn.Close()
	awaitNoConnections(t, b)
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.clients) != 0 || len(b.conns) != 0 || len(b.shares) != 0 || len(b.bySource) != 0 || len(b.routes.plain) != 0 {
		t.Errorf("left: %d clients, %d connections, %d shares, %d sources, %d filters", len(b.clients), len(b.conns), len(b.shares), len(b.bySource), len(b.routes.plain))
	}
}

// awaitNoConnections waits until every connection was cleaned up.
func awaitNoConnections(t *testing.T, b *Broker) {
	t.Helper()
	tick, timeout := time.NewTicker(time.Millisecond), time.After(patience)
	defer tick.Stop()
	for len(b.connections()) > 0 {
		select {
		case <-tick.C:
		case <-timeout:
			t.Fatal("connections do not end")
		}
	}
}

// TestRandomBytes sends mutated and random packets; the seed is printed.
func TestRandomBytes(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	d := newDisk(true)
	b := start(t, Options{Anonymous: true, Submit: d.Submit})
	good := connect(t, b, 4, login{id: "good"})
	rounds := 400
	if testing.Short() {
		rounds = 50
	}
	for i := range rounds {
		c := dial(t, b, 5)
		p := connectPacket(5, login{id: "bad", willTopic: "w", willBody: "x"})
		if i%4 != 0 {
			c.send(p)
			c.read()
			p = c.publishPacket(message{topic: readings, body: native(1), qos: byte(i % 3), id: 1, properties: []byte{0x26, 0, 1, 'a', 0, 1, 'b'}})
			if i%4 == 1 {
				p = packet(0x82, append([]byte{0, 1, 0}, append(str("quantrac/#"), 1)...))
			}
		}
		for range 1 + rng.IntN(3) {
			p[rng.IntN(len(p))] = byte(rng.Uint32())
		}
		_, _ = c.conn.Write(p)
		_ = c.conn.Close()
	}
	good.publish(message{topic: readings, body: native(1), qos: 1, id: 1})
	good.expect(0x40, 2, 0, 1)
}

// FuzzPackets sends arbitrary bytes after CONNECT; a panic that gets out ends the test process.
func FuzzPackets(f *testing.F) {
	for _, p := range malformedPackets() {
		f.Add(p)
	}
	d := newDisk(true)
	b, err := Open(Options{Listen: "127.0.0.1:0", Anonymous: true, Submit: d.Submit, MaxPacket: 4096, ConnectTimeout: time.Second})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(serve(f, b))
	f.Fuzz(func(t *testing.T, tail []byte) {
		c := dial(t, b, 5)
		c.send(connectPacket(5, login{id: "bad"}))
		c.read()
		_, _ = c.conn.Write(tail)
		_ = c.conn.Close()
	})
}

func TestOversizedPacket(t *testing.T) {
	body := strings.Repeat("0123456789abcdef", 10<<20/16)
	for _, version := range []byte{4, 5} {
		d := newDisk(true)
		d.receipt = func(ingest.Delivery) (ingest.Receipt, error) { return ingest.Receipt{}, nil }
		b := start(t, Options{Anonymous: true, Submit: d.Submit})
		for try := range 3 {
			c := connect(t, b, version, login{id: "gw"})
			c.publish(message{topic: readings, body: native(1), qos: 1, id: 1})
			c.read()
			c.publish(message{topic: readings, body: body, qos: 1, id: 2, dup: try > 0})
			if version == 5 {
				c.expect(0xe0, 1, 0x95)
			}
			c.expectClosed()
		}
		var kept []ingest.Delivery
		for _, del := range d.deliveries() {
			if del.TooLarge {
				kept = append(kept, del)
			}
		}
		// The second and third are the same packet again.
		if len(kept) != 1 || len(kept[0].Body) != ingest.KeptTooLarge || string(kept[0].Body) != body[:ingest.KeptTooLarge] || kept[0].Topic != readings {
			t.Fatalf("version %d: %d kept", version, len(kept))
		}
	}
}

// What came before a packet that is too large is submitted and answered first, though both arrive in one piece.
func TestOversizedPacketWaitsItsTurn(t *testing.T) {
	d := newDisk(true)
	b := start(t, Options{Anonymous: true, Submit: d.Submit, MaxPacket: 1024})
	c := connect(t, b, 5, login{id: "gw"})
	small, large := message{topic: readings, body: native(1), qos: 1, id: 1}, message{topic: readings, body: strings.Repeat("x", 1024), qos: 1, id: 2}
	c.send(append(c.publishPacket(small), c.publishPacket(large)...))
	c.expect(0x40, 2, 0, 1)
	c.expect(0xe0, 1, 0x95)
	if got := d.deliveries(); len(got) != 2 || got[0].TooLarge || !got[1].TooLarge {
		t.Errorf("%d deliveries", len(got))
	}
}

// However the stream is cut into segments, the packets are the same.
func TestSegments(t *testing.T) {
	d := newDisk(true)
	b := start(t, Options{Anonymous: true, Submit: d.Submit})
	c := connect(t, b, 4, login{id: "gw"})
	_ = c.conn.(*net.TCPConn).SetNoDelay(true)
	var stream []byte
	for i := range 50 {
		stream = append(stream, c.publishPacket(message{topic: readings, body: strings.Repeat("x", i*7), qos: 1, id: uint16(i + 1)})...)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for len(stream) > 0 {
		n := min(len(stream), 1+rng.IntN(90))
		c.send(stream[:n])
		stream = stream[n:]
	}
	for i := range 50 {
		c.expect(0x40, 2, 0, byte(i+1))
	}
	for i, del := range d.deliveries() {
		if len(del.Body) != i*7 {
			t.Errorf("message %d has %d bytes", i, len(del.Body))
		}
	}
}

func TestLongKeepalive(t *testing.T) {
	d := newDisk(true)
	b := start(t, Options{Anonymous: true, Submit: d.Submit})
	c := dial(t, b, 4)
	p := connectPacket(4, login{id: "gw"})
	// 1.5 times 43,691 is 0 in 16 bits.
	binary.BigEndian.PutUint16(p[10:], 43691)
	c.send(p)
	c.expect(0x20, 2, 0, 0)
	c.expectSilence()
}

func TestLargestPacket(t *testing.T) {
	d := newDisk(true)
	b := start(t, Options{Anonymous: true, Submit: d.Submit})
	c := connect(t, b, 4, login{id: "gw"})
	const overhead = 1 + 3 + 2 + len(readings) + 2
	body := strings.Repeat("x", ingest.MaxBody-overhead)
	c.publish(message{topic: readings, body: body, qos: 1, id: 1})
	c.expect(0x40, 2, 0, 1)
	if got := d.deliveries(); len(got) != 1 || got[0].TooLarge || len(got[0].Body) != len(body) {
		t.Fatal("the largest packet did not come through whole")
	}
	c.publish(message{topic: readings, body: body + "y", qos: 1, id: 2})
	c.expectClosed()
	d.await(t, 2)
	if !d.deliveries()[1].TooLarge {
		t.Error("a byte more is not too large")
	}
}

func TestOversizedConnect(t *testing.T) {
	d := newDisk(true)
	b := start(t, Options{Anonymous: true, Submit: d.Submit})
	c := dial(t, b, 4)
	c.send([]byte{0x10, 0xff, 0xff, 0xff, 0x7f})
	c.expectClosed()
}

func TestTopicAlias(t *testing.T) {
	d := newDisk(true)
	b := start(t, Options{Anonymous: true, Submit: d.Submit})
	c := connect(t, b, 5, login{id: "gw"})
	alias := []byte{0x23, 0, 1}
	c.publish(message{topic: readings, body: native(1), qos: 1, id: 1, properties: alias})
	c.expect(0x40, 2, 0, 1)
	c.publish(message{body: native(2), qos: 1, id: 2, properties: alias})
	c.expect(0x40, 2, 0, 2)
	if got := d.deliveries(); got[1].Topic != readings {
		t.Errorf("topic by alias: %q", got[1].Topic)
	}
	c.publish(message{body: native(2), qos: 1, id: 3, properties: []byte{0x23, 0, 2}})
	if first, body := c.read(); first != 0xe0 || body[0] != 0x82 {
		t.Errorf("unknown alias: %#x % x", first, body)
	}
	c.expectClosed()
}

func TestUserPropertiesDoNotSpoilTheAnswer(t *testing.T) {
	d := newDisk(true)
	b := start(t, Options{Anonymous: true, Submit: d.Submit})
	c := connect(t, b, 5, login{id: "gw"})
	user := []byte{0x26, 0, 1, 'a', 0, 1, 'b'}
	c.publish(message{topic: readings, body: native(1), qos: 1, id: 1, properties: user})
	c.expect(0x40, 2, 0, 1)
	c.publish(message{topic: "quantrac/v1/amata-01/status", body: `{"online":true}`, qos: 1, id: 2, properties: user, retain: true})
	c.expect(0x40, 2, 0, 2)
	c.publish(message{topic: readings, body: native(1), qos: 2, id: 3, properties: user})
	c.expect(0x50, 2, 0, 3)
}

func TestConnackSaysTheLimits(t *testing.T) {
	d := newDisk(true)
	b := start(t, Options{Anonymous: true, Submit: d.Submit})
	c := dial(t, b, 5)
	c.send(connectPacket(5, login{id: "gw"}))
	_, body := c.read()
	maxPacket := append([]byte{0x27}, binary.BigEndian.AppendUint32(nil, ingest.MaxBody)...)
	for name, want := range map[string][]byte{
		"maximum packet size": maxPacket, "receive maximum": {0x21, 4, 0}, "topic alias maximum": {0x22, 0, maxAliases},
	} {
		if !bytes.Contains(body, want) {
			t.Errorf("CONNACK without %s: % x", name, body)
		}
	}
}

func TestConnectionLimits(t *testing.T) {
	d := newDisk(true)
	b := start(t, Options{Anonymous: true, Submit: d.Submit, MaxConnections: 1, ConnectTimeout: 50 * time.Millisecond})
	c := connect(t, b, 4, login{id: "first"})
	second := dial(t, b, 4)
	second.expectClosed()
	c.expectSilence()
	_ = c.conn.Close()
	awaitNoConnections(t, b)
	silent := dial(t, b, 4)
	silent.expectClosed()
}

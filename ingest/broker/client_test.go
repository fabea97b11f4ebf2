package broker

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"quantrac/ingest"
)

// patience bounds every wait in these tests; it is only ever used up by a failure.
const patience = 20 * time.Second

// disk stands for the log behind the door: it takes deliveries in order and makes them durable when it is told to.
type disk struct {
	mu        sync.Mutex
	deliver   []ingest.Delivery
	waiting   []func()
	automatic bool
	receipt   func(ingest.Delivery) (ingest.Receipt, error)
	// changed is closed and made anew with every delivery; awaited counts those that a test waited for.
	changed chan struct{}
	awaited int
}

func newDisk(automatic bool) *disk {
	return &disk{
		automatic: automatic, changed: make(chan struct{}),
		receipt: func(ingest.Delivery) (ingest.Receipt, error) { return ingest.Receipt{Accepted: 1}, nil },
	}
}

func (d *disk) Submit(_ context.Context, del ingest.Delivery, done func(ingest.Receipt, error)) error {
	d.mu.Lock()
	d.deliver = append(d.deliver, del)
	answer := func() {
		d.mu.Lock()
		receipt := d.receipt
		d.mu.Unlock()
		done(receipt(del))
	}
	automatic := d.automatic
	if !automatic {
		d.waiting = append(d.waiting, answer)
	}
	close(d.changed)
	d.changed = make(chan struct{})
	d.mu.Unlock()
	if automatic {
		answer()
	}
	return nil
}

// sync makes everything durable that waits.
func (d *disk) sync() { d.syncFirst(1 << 30) }

// syncFirst makes the n oldest of those that wait durable.
func (d *disk) syncFirst(n int) {
	d.mu.Lock()
	n = min(n, len(d.waiting))
	waiting := d.waiting[:n:n]
	d.waiting = d.waiting[n:]
	d.mu.Unlock()
	for _, answer := range waiting {
		answer()
	}
}

func (d *disk) deliveries() []ingest.Delivery {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]ingest.Delivery(nil), d.deliver...)
}

// await returns once n more deliveries arrived.
func (d *disk) await(t *testing.T, n int) {
	t.Helper()
	timeout := time.After(patience)
	d.mu.Lock()
	d.awaited += n
	d.mu.Unlock()
	for {
		d.mu.Lock()
		have, want, changed := len(d.deliver), d.awaited, d.changed
		d.mu.Unlock()
		if have >= want {
			return
		}
		select {
		case <-changed:
		case <-timeout:
			t.Fatalf("%d of %d deliveries arrived", have, want)
		}
	}
}

// run makes everything durable as it comes from now on.
func (d *disk) run() {
	d.mu.Lock()
	d.automatic = true
	d.mu.Unlock()
	d.sync()
}

// start serves a broker until the test ends.
func start(t *testing.T, opts Options) *Broker {
	t.Helper()
	b, stop := startStoppable(t, opts)
	t.Cleanup(stop)
	return b
}

func startStoppable(t *testing.T, opts Options) (*Broker, func()) {
	t.Helper()
	opts.Listen = "127.0.0.1:0"
	b, err := Open(opts)
	if err != nil {
		t.Fatal(err)
	}
	return b, serve(t, b)
}

// serve runs a broker and returns what stops it, which may be called more than once.
func serve(t testing.TB, b *Broker) func() {
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- b.Serve(ctx) }()
	var once sync.Once
	return func() {
		once.Do(func() {
			cancel()
			select {
			case err := <-served:
				if err != nil {
					t.Errorf("serve: %v", err)
				}
			case <-time.After(patience):
				t.Error("Serve does not end")
			}
		})
	}
}

// raw is an MQTT client made of bytes, so that a test says exactly what goes over the wire.
type raw struct {
	t       *testing.T
	conn    net.Conn
	r       *bufio.Reader
	version byte
}

func dial(t *testing.T, b *Broker, version byte) *raw {
	t.Helper()
	c, err := net.Dial("tcp", b.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(patience))
	return &raw{t: t, conn: c, r: bufio.NewReader(c), version: version}
}

// login is what goes into CONNECT.
type login struct {
	id, user, password   string
	keep                 bool
	willTopic, willBody  string
	willRetain           bool
	sessionExpirySeconds uint32
}

func connect(t *testing.T, b *Broker, version byte, l login) *raw {
	t.Helper()
	c := dial(t, b, version)
	c.send(connectPacket(version, l))
	first, body := c.read()
	if first != 0x20 || body[1] != 0 {
		t.Fatalf("CONNACK % x % x", first, body)
	}
	return c
}

func connectPacket(version byte, l login) []byte {
	var flags byte
	if !l.keep {
		flags |= 0x02
	}
	if l.willTopic != "" {
		flags |= 0x04
		if l.willRetain {
			flags |= 0x20
		}
	}
	if l.user != "" {
		flags |= 0x80
	}
	if l.password != "" {
		flags |= 0x40
	}
	body := str("MQTT")
	body = append(body, version, flags, 0, 60)
	if version == 5 {
		body = append(body, 5, 0x11)
		body = binary.BigEndian.AppendUint32(body, l.sessionExpirySeconds)
	}
	body = append(body, str(l.id)...)
	if l.willTopic != "" {
		if version == 5 {
			body = append(body, 0)
		}
		body = append(append(body, str(l.willTopic)...), str(l.willBody)...)
	}
	if l.user != "" {
		body = append(body, str(l.user)...)
	}
	if l.password != "" {
		body = append(body, str(l.password)...)
	}
	return packet(0x10, body)
}

func str(s string) []byte {
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(s))), s...)
}

func packet(first byte, body []byte) []byte {
	return append(binary.AppendUvarint([]byte{first}, uint64(len(body))), body...)
}

// message is a PUBLISH.
type message struct {
	topic, body string
	qos         byte
	id          uint16
	dup, retain bool
	// properties of MQTT 5, without their length
	properties []byte
}

func (c *raw) publishPacket(m message) []byte {
	first := 0x30 | m.qos<<1
	if m.dup {
		first |= 0x08
	}
	if m.retain {
		first |= 0x01
	}
	body := str(m.topic)
	if m.qos > 0 {
		body = binary.BigEndian.AppendUint16(body, m.id)
	}
	if c.version == 5 {
		body = append(binary.AppendUvarint(body, uint64(len(m.properties))), m.properties...)
	}
	return packet(first, append(body, m.body...))
}

func (c *raw) publish(m message) { c.t.Helper(); c.send(c.publishPacket(m)) }

func (c *raw) send(p []byte) {
	c.t.Helper()
	if _, err := c.conn.Write(p); err != nil {
		c.t.Fatalf("write: %v", err)
	}
}

// read returns first byte and body of the next packet.
func (c *raw) read() (byte, []byte) {
	c.t.Helper()
	first, body, err := c.tryRead()
	if err != nil {
		c.t.Fatalf("read: %v", err)
	}
	return first, body
}

func (c *raw) tryRead() (byte, []byte, error) {
	first, err := c.r.ReadByte()
	if err != nil {
		return 0, nil, err
	}
	n, err := binary.ReadUvarint(c.r)
	if err != nil {
		return 0, nil, err
	}
	body := make([]byte, n)
	_, err = io.ReadFull(c.r, body)
	return first, body, err
}

// expect reads a packet and compares it with the bytes wanted.
func (c *raw) expect(want ...byte) {
	c.t.Helper()
	first, body := c.read()
	if got := packet(first, body); !bytes.Equal(got, want) {
		c.t.Fatalf("got % x, want % x", got, want)
	}
}

// expectSilence proves that nothing is due: the answer to a ping comes first.
func (c *raw) expectSilence() {
	c.t.Helper()
	c.send([]byte{0xc0, 0})
	c.expect(0xd0, 0)
}

// expectClosed reads until the broker closes.
func (c *raw) expectClosed() {
	c.t.Helper()
	for {
		first, body, err := c.tryRead()
		if err != nil {
			if ne := net.Error(nil); errors.As(err, &ne) && ne.Timeout() {
				c.t.Fatal("the connection stays open")
			}
			return
		}
		if c.version < 5 && first == 0xe0 {
			c.t.Fatalf("DISCONNECT % x to a 3.1.1 client", body)
		}
	}
}

func native(value float64) string { return fmt.Sprintf(`{"values":{"cod":%v}}`, value) }

const readings = "quantrac/v1/amata-01/readings"

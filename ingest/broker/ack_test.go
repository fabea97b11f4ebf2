package broker

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"quantrac/ingest"
)

func TestPubackOnlyAfterDone(t *testing.T) {
	for _, version := range []byte{4, 5} {
		d := newDisk(false)
		b := start(t, Options{Anonymous: true, Submit: d.Submit})
		c := connect(t, b, version, login{id: "gw"})
		c.publish(message{topic: readings, body: native(1), qos: 1, id: 7})
		c.publish(message{topic: readings, body: native(2), qos: 1, id: 8})
		d.await(t, 2)
		c.expectSilence()
		d.syncFirst(1)
		c.expect(0x40, 2, 0, 7)
		c.expectSilence()
		d.sync()
		c.expect(0x40, 2, 0, 8)
		got := d.deliveries()[0]
		if got.Door != "mqtt" || got.Gateway != "gw" || got.Topic != readings || string(got.Body) != native(1) || got.Dup || got.ReceivedAt.IsZero() || got.Allowed != nil {
			t.Errorf("delivery %+v", got)
		}
	}
}

func TestQoS0(t *testing.T) {
	d := newDisk(false)
	b := start(t, Options{Anonymous: true, Submit: d.Submit, MaxInflight: 2})
	c := connect(t, b, 4, login{id: "gw"})
	for range 3 {
		c.publish(message{topic: readings, body: native(1)})
	}
	d.await(t, 2)
	d.sync()
	d.await(t, 1)
	d.sync()
	c.expectSilence()
}

func TestAcksInOrder(t *testing.T) {
	const n = 10_000
	d := newDisk(true)
	b := start(t, Options{Anonymous: true, Submit: d.Submit})
	c := connect(t, b, 4, login{id: "gw"})
	began := time.Now()
	go func() {
		var out []byte
		for i := range n {
			out = append(out, c.publishPacket(message{topic: readings, body: native(float64(i)), qos: 1, id: uint16(i + 1)})...)
		}
		_, _ = c.conn.Write(out)
	}()
	for i := range n {
		c.expect(0x40, 2, byte((i+1)>>8), byte(i+1))
	}
	t.Logf("%d pipelined QoS 1 messages of one client in %s", n, time.Since(began).Round(time.Millisecond))
	for i, del := range d.deliveries() {
		if string(del.Body) != native(float64(i)) {
			t.Fatalf("delivery %d is %s", i, del.Body)
		}
	}
}

// Answers that are ready early wait for those before them.
func TestAnswersKeepTheOrderOfMessages(t *testing.T) {
	d := newDisk(false)
	b := start(t, Options{Anonymous: true, Submit: d.Submit})
	c := connect(t, b, 4, login{id: "gw"})
	c.publish(message{topic: readings, body: native(1), qos: 1, id: 1})
	c.publish(message{topic: "quantrac/v1/amata-01/status", body: `{"online":true}`, qos: 1, id: 2, retain: true})
	c.publish(message{topic: "quantrac/v1/amata-01/status", body: `{"online":true}`, qos: 2, id: 3, retain: true})
	d.await(t, 1)
	c.expectSilence()
	d.sync()
	c.expect(0x40, 2, 0, 1)
	c.expect(0x40, 2, 0, 2)
	c.expect(0x50, 2, 0, 3)
}

func TestReasonCodes(t *testing.T) {
	receipts := map[string]ingest.Receipt{
		"stored":  {Accepted: 1},
		"part":    {Accepted: 1, Rejected: []ingest.Reject{{Reason: ingest.ReasonNotPermitted}}},
		"nothing": {Rejected: []ingest.Reject{{Reason: ingest.ReasonUndecodable, Detail: "byte 3: x"}}},
		"barred":  {Rejected: []ingest.Reject{{Reason: ingest.ReasonNotPermitted, Detail: "not yours"}}},
		"long":    {Rejected: []ingest.Reject{{Reason: ingest.ReasonUndecodable, Detail: strings.Repeat("é\x01", 500)}}},
	}
	d := newDisk(true)
	d.receipt = func(del ingest.Delivery) (ingest.Receipt, error) { return receipts[string(del.Body)], nil }
	b := start(t, Options{Anonymous: true, Submit: d.Submit})
	want := map[string]byte{"stored": 0, "part": 0, "nothing": 0x99, "barred": 0x87, "long": 0x99}
	for _, qos := range []byte{1, 2} {
		ack := byte(0x40)
		if qos == 2 {
			ack = 0x50
		}
		five, four := connect(t, b, 5, login{id: "five"}), connect(t, b, 4, login{id: "four"})
		id := uint16(0)
		for body, code := range want {
			id++
			m := message{topic: readings, body: body, qos: qos, id: id}
			four.publish(m)
			four.expect(ack, 2, 0, byte(id))
			five.publish(m)
			first, got := five.read()
			if first != ack || binary.BigEndian.Uint16(got) != id {
				t.Fatalf("%s: % x % x", body, first, got)
			}
			if code == 0 {
				if len(got) != 2 {
					t.Errorf("%s: answer % x", body, got)
				}
				continue
			}
			checkFailure(t, got, code, receipts[body].Rejected[0])
		}
	}
}

// checkFailure reads reason code and reason string by the book.
func checkFailure(t *testing.T, got []byte, code byte, why ingest.Reject) {
	t.Helper()
	if got[2] != code || int(got[3]) != len(got)-4 || got[4] != 0x1f || int(binary.BigEndian.Uint16(got[5:])) != len(got)-7 {
		t.Fatalf("answer % x, want code %#x", got, code)
	}
	text := string(got[7:])
	if !strings.HasPrefix(text, why.Reason+": ") || strings.ContainsRune(text, 1) {
		t.Errorf("reason string %q", text)
	}
}

func TestNotStoredClosesTheClient(t *testing.T) {
	for _, qos := range []byte{0, 1, 2} {
		d := newDisk(true)
		d.receipt = func(ingest.Delivery) (ingest.Receipt, error) { return ingest.Receipt{}, errors.New("disk gone") }
		b := start(t, Options{Anonymous: true, Submit: d.Submit})
		c := connect(t, b, 4, login{id: "gw", keep: true})
		c.publish(message{topic: readings, body: native(1), qos: qos, id: 1})
		first, _, err := c.tryRead()
		if err == nil {
			t.Fatalf("QoS %d: answer %#x to a message that was not stored", qos, first)
		}
		d.mu.Lock()
		d.receipt = func(ingest.Delivery) (ingest.Receipt, error) { return ingest.Receipt{Accepted: 1}, nil }
		d.mu.Unlock()
		again := connect(t, b, 4, login{id: "gw", keep: true})
		again.publish(message{topic: readings, body: native(1), qos: qos, id: 1, dup: qos > 0})
		if qos > 0 {
			again.read()
			if got := d.deliveries(); len(got) != 2 || !got[1].Dup {
				t.Errorf("QoS %d: resent as %d deliveries", qos, len(got))
			}
		}
	}
}

func TestSubmitErrorClosesTheClient(t *testing.T) {
	b := start(t, Options{Anonymous: true, Submit: func(context.Context, ingest.Delivery, func(ingest.Receipt, error)) error {
		return errors.New("log closed")
	}})
	c := connect(t, b, 4, login{id: "gw"})
	c.publish(message{topic: readings, body: native(1), qos: 1, id: 1})
	c.expectClosed()
}

func TestBlockedClientDelaysNobody(t *testing.T) {
	d := newDisk(true)
	b := start(t, Options{Anonymous: true, Submit: d.Submit, WriteTimeout: 200 * time.Millisecond})
	blocked := dialSmall(t, b)
	blocked.send(connectPacket(4, login{id: "blocked"}))
	flood := make(chan error, 1)
	go func() {
		var batch []byte
		for i := range 4096 {
			batch = append(batch, blocked.publishPacket(message{topic: "x", body: "{}", qos: 1, id: uint16(i + 1)})...)
		}
		// Ends when the broker cuts the client that never reads.
		for {
			if _, err := blocked.conn.Write(batch); err != nil {
				flood <- err
				return
			}
		}
	}()
	c := connect(t, b, 4, login{id: "quick"})
	for i := range 2000 {
		c.publish(message{topic: readings, body: native(1), qos: 1, id: uint16(i + 1)})
		c.expect(0x40, 2, byte((i+1)>>8), byte(i+1))
	}
	if err := <-flood; errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("a client that never reads its answers is not cut")
	}
}

// dialSmall connects with a small receive buffer, so that answers that nobody reads soon fill the way.
func dialSmall(t *testing.T, b *Broker) *raw {
	t.Helper()
	dialer := net.Dialer{Control: func(_, _ string, rc syscall.RawConn) error {
		return rc.Control(func(fd uintptr) { _ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4096) })
	}}
	c, err := dialer.Dial("tcp", b.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(patience))
	return &raw{t: t, conn: c, version: 4}
}

// A client with all its slots taken is not read any more; its later messages stay in the network.
func TestInflightIsBounded(t *testing.T) {
	d := newDisk(false)
	b := start(t, Options{Anonymous: true, Submit: d.Submit, MaxInflight: 8})
	c := connect(t, b, 4, login{id: "gw"})
	for i := range 20 {
		c.publish(message{topic: readings, body: native(1), qos: 1, id: uint16(i + 1)})
	}
	d.await(t, 8)
	other := connect(t, b, 4, login{id: "other"})
	other.expectSilence()
	if n := len(d.deliveries()); n != 8 {
		t.Fatalf("%d messages in flight, want 8", n)
	}
	d.run()
	for i := range 20 {
		c.expect(0x40, 2, 0, byte(i+1))
	}
}

func TestDupIsPassedOn(t *testing.T) {
	d := newDisk(true)
	b := start(t, Options{Anonymous: true, Submit: d.Submit})
	c := connect(t, b, 4, login{id: "gw"})
	c.publish(message{topic: readings, body: native(1), qos: 1, id: 1, dup: true})
	c.expect(0x40, 2, 0, 1)
	if !d.deliveries()[0].Dup {
		t.Error("DUP is lost")
	}
}

func TestExactlyOnce(t *testing.T) {
	for _, version := range []byte{4, 5} {
		t.Run(fmt.Sprintf("version %d", version), func(t *testing.T) { exactlyOnce(t, version) })
	}
}

func exactlyOnce(t *testing.T, version byte) {
	d := newDisk(false)
	b := start(t, Options{Anonymous: true, Submit: d.Submit})
	l := login{id: "gw", keep: true, sessionExpirySeconds: 600}
	c := connect(t, b, version, l)
	m := message{topic: readings, body: native(1), qos: 2, id: 9}
	c.publish(m)
	d.await(t, 1)
	m.dup = true
	c.publish(m)
	c.expectSilence()

	// The answer is due when the connection is gone: the next one gets it.
	second := connect(t, b, version, l)
	second.publish(m)
	second.expectSilence()
	d.sync()
	second.expect(0x50, 2, 0, 9)
	second.publish(m)
	second.expect(0x50, 2, 0, 9)
	third := connect(t, b, version, l)
	third.publish(m)
	third.expect(0x50, 2, 0, 9)
	third.send([]byte{0x62, 2, 0, 9})
	third.expect(0x70, 2, 0, 9)
	if n := len(d.deliveries()); n != 1 {
		t.Fatalf("%d deliveries of one QoS 2 message", n)
	}

	// After PUBREL the id is free again, and a PUBREL for an unknown id is answered.
	m.dup = false
	third.publish(m)
	d.await(t, 1)
	d.sync()
	third.expect(0x50, 2, 0, 9)
	third.send([]byte{0x62, 2, 0, 77})
	if first, body := third.read(); first != 0x70 || binary.BigEndian.Uint16(body) != 77 || (version == 5 && body[2] != 0x92) {
		t.Errorf("PUBCOMP % x % x", first, body)
	}

	// A clean session forgets.
	l.keep = false
	clean := connect(t, b, version, l)
	clean.publish(m)
	d.await(t, 1)
	d.sync()
	clean.expect(0x50, 2, 0, 9)
}

// A PUBREC that refuses ends the exchange: the id may be used for another message at once.
func TestRefusedExchangeFreesItsID(t *testing.T) {
	d := newDisk(true)
	d.receipt = func(ingest.Delivery) (ingest.Receipt, error) { return ingest.Receipt{}, nil }
	b := start(t, Options{Anonymous: true, Submit: d.Submit})
	c := connect(t, b, 5, login{id: "gw"})
	for range 2 {
		c.publish(message{topic: readings, body: "?", qos: 2, id: 1})
		c.expect(0x50, 3, 0, 1, 0x99)
	}
	if n := len(d.deliveries()); n != 2 {
		t.Errorf("%d deliveries", n)
	}
}

func TestServeEndsWithAnswersGiven(t *testing.T) {
	d := newDisk(false)
	b, stop := startStoppable(t, Options{Anonymous: true, Submit: d.Submit})
	c := connect(t, b, 4, login{id: "gw"})
	five := connect(t, b, 5, login{id: "five"})
	c.publish(message{topic: readings, body: native(1), qos: 1, id: 1})
	d.await(t, 1)
	stopped := make(chan struct{})
	go func() { stop(); close(stopped) }()
	<-b.draining
	// Nobody is sent away while an answer is due.
	_ = five.conn.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
	if _, _, err := five.tryRead(); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("read while an answer is due: %v", err)
	}
	_ = five.conn.SetReadDeadline(time.Now().Add(patience))
	d.sync()
	c.expect(0x40, 2, 0, 1)
	c.expectClosed()
	if first, body := five.read(); first != 0xe0 || body[0] != 0x8b {
		t.Errorf("MQTT 5 client hears % x % x", first, body)
	}
	<-stopped
	if _, err := net.Dial("tcp", b.Addr().String()); err == nil {
		t.Error("still listening")
	}
}

func TestServeEndsThoughNothingIsStored(t *testing.T) {
	d := newDisk(false)
	b, stop := startStoppable(t, Options{Anonymous: true, Submit: d.Submit, DrainTimeout: 50 * time.Millisecond})
	c := connect(t, b, 4, login{id: "gw"})
	c.publish(message{topic: readings, body: native(1), qos: 1, id: 1})
	d.await(t, 1)
	stop()
	c.expectClosed()
	d.sync()
}

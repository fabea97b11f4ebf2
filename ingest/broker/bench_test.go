package broker

import (
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"syscall"
	"testing"
	"time"

	"quantrac/ingest"
)

// body is a message of 8 values.
const body = `{"measured_at":"2026-11-24T13:05:00+07:00","sequence":1234,"status":"measuring","values":{"ph":7.12,"temp":29.8,"cod":42.1,"tss":31.0,"nh4_n":0.62,"flow_in":182.4,"flow_out":176.9,"color":31}}`

// publisher is a client that sends one batch and reads its answers.
type publisher struct {
	conn  net.Conn
	batch []byte
}

func newPublisher(b *testing.B, addr string, version byte, id string, window int) *publisher {
	b.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = conn.Close() })
	c := &raw{conn: conn, version: version}
	if _, err := conn.Write(connectPacket(version, login{id: id})); err != nil {
		b.Fatal(err)
	}
	_ = conn.SetReadDeadline(time.Now().Add(patience))
	if first, err := readPacket(conn); err != nil || first != 0x20 {
		b.Fatalf("CONNACK %#x, %v", first, err)
	}
	_ = conn.SetReadDeadline(time.Time{})
	p := &publisher{conn: conn}
	for i := range window {
		p.batch = append(p.batch, c.publishPacket(message{topic: readings, body: body, qos: 1, id: uint16(i + 1)})...)
	}
	return p
}

// readPacket reads a packet of less than 128 bytes.
func readPacket(conn net.Conn) (first byte, err error) {
	head := make([]byte, 2)
	if _, err := io.ReadFull(conn, head); err != nil {
		return 0, err
	}
	_, err = io.ReadFull(conn, make([]byte, head[1]))
	return head[0], err
}

func (p *publisher) round(answers []byte) error {
	if _, err := p.conn.Write(p.batch); err != nil {
		return err
	}
	_, err := io.ReadFull(p.conn, answers)
	return err
}

func openBench(b *testing.B, submit func(context.Context, ingest.Delivery, func(ingest.Receipt, error)) error) *Broker {
	b.Helper()
	br, err := Open(Options{Listen: "127.0.0.1:0", Anonymous: true, Submit: submit})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(serve(b, br))
	return br
}

// BenchmarkQoS1 is the broker's own cost of a message: one client that sends 500 at a time, a log that answers at once.
func BenchmarkQoS1(b *testing.B) {
	for _, version := range []byte{4, 5} {
		b.Run(fmt.Sprintf("version=%d", version), func(b *testing.B) {
			const window = 500
			br := openBench(b, func(_ context.Context, _ ingest.Delivery, done func(ingest.Receipt, error)) error {
				done(ingest.Receipt{Accepted: 8}, nil)
				return nil
			})
			p := newPublisher(b, br.Addr().String(), version, "bench", window)
			answers := make([]byte, 4*window)
			b.ReportAllocs()
			b.ResetTimer()
			for sent := 0; sent < b.N; sent += window {
				if err := p.round(answers); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkGateways is a message at a time from each of many gateways and a log that answers in batches: nothing to save by
// reading or writing several at once. CPU is of broker and clients together.
func BenchmarkGateways(b *testing.B) {
	const gateways = 200
	br := openBench(b, newCommitter(b, 0).Submit)
	all := make([]*publisher, gateways)
	for i := range all {
		all[i] = newPublisher(b, br.Addr().String(), 4, fmt.Sprint("gw-", i), 1)
	}
	b.ReportAllocs()
	b.ResetTimer()
	before := cpu(b)
	var wg sync.WaitGroup
	for _, p := range all {
		wg.Go(func() {
			answers := make([]byte, 4)
			for range max(1, b.N/gateways) {
				if err := p.round(answers); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64((cpu(b)-before).Microseconds())/float64(max(gateways, b.N)), "cpu-µs/op")
}

// cpu is what the process used so far.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

package broker

import (
	"context"
	"io"
	"net"
	"testing"

	"quantrac/ingest"
)

// BenchmarkQoS1 is the broker's own cost of a message: one client, 8 values a message, a log that answers at once.
func BenchmarkQoS1(b *testing.B) {
	br, err := Open(Options{Listen: "127.0.0.1:0", Anonymous: true, Submit: func(_ context.Context, _ ingest.Delivery, done func(ingest.Receipt, error)) error {
		done(ingest.Receipt{Accepted: 8}, nil)
		return nil
	}})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(serve(b, br))
	conn, err := net.Dial("tcp", br.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	c := &raw{conn: conn, version: 4}
	if _, err := conn.Write(connectPacket(4, login{id: "bench"})); err != nil {
		b.Fatal(err)
	}
	if _, err := io.ReadFull(conn, make([]byte, 4)); err != nil {
		b.Fatal(err)
	}
	body := `{"measured_at":"2026-11-24T13:05:00+07:00","sequence":1234,"status":"measuring","values":{"ph":7.12,"temp":29.8,"cod":42.1,"tss":31.0,"nh4_n":0.62,"flow_in":182.4,"flow_out":176.9,"color":31}}`
	const window = 500
	var batch []byte
	for i := range window {
		batch = append(batch, c.publishPacket(message{topic: readings, body: body, qos: 1, id: uint16(i + 1)})...)
	}
	answers := make([]byte, 4*window)
	b.ReportAllocs()
	b.ResetTimer()
	for sent := 0; sent < b.N; sent += window {
		if _, err := conn.Write(batch); err != nil {
			b.Fatal(err)
		}
		if _, err := io.ReadFull(conn, answers); err != nil {
			b.Fatal(err)
		}
	}
}

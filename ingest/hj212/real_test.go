package hj212_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"quantrac/ingest"
	"quantrac/ingest/dialect"
	"quantrac/ingest/hj212"
)

// crc is the checksum of HJ 212, written down a second time: the dialect judges what the door makes of a frame.
func crc(b []byte) uint16 {
	v := uint16(0xFFFF)
	for _, c := range b {
		v = v>>8 ^ uint16(c)
		for range 8 {
			if v&1 == 1 {
				v = v>>1 ^ 0xA001
			} else {
				v >>= 1
			}
		}
	}
	return v
}

// What the door submits, the dialect reads: the password is gone, and the values and times of all packets are there.
func TestTheDialectReadsWhatIsKept(t *testing.T) {
	var all []ingest.Decoded
	decoded := make(chan ingest.Decoded, 10)
	s, err := hj212.Open(hj212.Options{
		Listen: "127.0.0.1:0", Checksum: crc,
		Submit: func(_ context.Context, d ingest.Delivery, done func(ingest.Receipt, error)) error {
			if strings.Contains(string(d.Body), "secret") {
				t.Errorf("the password is in %s", d.Body)
			}
			out, err := dialect.Decode(&d)
			if err != nil {
				t.Errorf("%s: %v", d.Body, err)
			}
			decoded <- out
			done(ingest.Receipt{Accepted: len(out.Items)}, nil)
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx) }()
	c, err := net.Dial("tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	r := bufio.NewReader(c)
	for i, cp := range []string{"PNUM=2;PNO=1;CP=&&DataTime=20260901080500;w01018-Rtd=31.6,w01018-Flag=N", "PNUM=2;PNO=2;CP=&&w01001-Rtd=7.42,w01001-Flag=C"} {
		data := fmt.Sprintf("QN=20260901080500000;ST=32;CN=2011;PW=secret;MN=75DN01;Flag=7;%s&&", cp)
		fmt.Fprintf(c, "##%04d%s%04X\r\n", len(data), data, crc([]byte(data)))
		if got, err := r.ReadString('\n'); err != nil || !strings.Contains(got, "CN=9014;PW=secret;MN=75DN01;Flag=4;") {
			t.Fatalf("answer %d: %q, %v", i, got, err)
		}
		all = append(all, <-decoded)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if _, err := r.ReadByte(); err != io.EOF {
		t.Errorf("after the end: %v", err)
	}
	at := time.Date(2026, 9, 1, 1, 5, 0, 0, time.UTC)
	for i, want := range []ingest.Item{{Name: "cod", Value: 31.6, Status: ingest.Measuring}, {Name: "ph", Value: 7.42, Status: ingest.Calibrating}} {
		if len(all[i].Items) != 1 || len(all[i].Rejects) != 0 {
			t.Fatalf("packet %d: %+v", i, all[i])
		}
		got := all[i].Items[0]
		if got.Station != "75DN01" || got.Name != want.Name || got.Value != want.Value || got.Status != want.Status || !got.MeasuredAt.Equal(at) {
			t.Errorf("packet %d: %+v", i, got)
		}
	}
}

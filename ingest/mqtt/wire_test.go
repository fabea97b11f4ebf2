package mqtt

import (
	"bytes"
	"errors"
	"io"
	"net"
	"testing"
	"time"
)

// Everything written arrives in order, also what Close finds unsent; then a write is an error.
func TestWireKeepsOrder(t *testing.T) {
	here, there := net.Pipe()
	w := newWire(here)
	var want bytes.Buffer
	got := make(chan []byte, 1)
	go func() {
		b, _ := io.ReadAll(there)
		got <- b
	}()
	for i := range 50_000 { // more than may wait
		p := []byte{byte(i), byte(i >> 8), 1, 2}
		want.Write(p)
		if n, err := w.Write(p); n != len(p) || err != nil {
			t.Fatalf("write %d: %d bytes, %v", i, n, err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if b := <-got; !bytes.Equal(b, want.Bytes()) {
		t.Errorf("%d bytes arrive of %d", len(b), want.Len())
	}
	if _, err := w.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
		t.Errorf("a write after the end: %v", err)
	}
}

// A broker that reads no more holds back the writer, and Close does not wait for it.
func TestWireWithABrokerThatDoesNotRead(t *testing.T) {
	here, there := net.Pipe()
	defer there.Close()
	w := newWire(here)
	stuck := make(chan error, 1)
	go func() {
		for {
			if _, err := w.Write(make([]byte, 1024)); err != nil {
				stuck <- err
				return
			}
		}
	}()
	start := time.Now()
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took > 10*lastWords {
		t.Errorf("close took %s", took)
	}
	select {
	case err := <-stuck:
		if err == nil {
			t.Error("no error")
		}
	case <-time.After(10 * time.Second):
		t.Error("the writer is held for ever")
	}
	if len(w.out) > mostUnsent+1024 {
		t.Errorf("%d bytes wait", len(w.out))
	}
}

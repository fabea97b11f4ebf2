package mqtt

import (
	"bufio"
	"context"
	"crypto/tls"
	"net"
	"net/url"
	"sync"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"golang.org/x/net/proxy"
)

const (
	readBuffer = 16 << 10
	// mostUnsent is how many bytes may wait to be written; beyond it Write blocks.
	mostUnsent = 64 << 10
	// lastWords is how long Close lets what waits be written.
	lastWords = 250 * time.Millisecond
)

// dial connects as the library does, by the proxy of the environment if there is one.
func dial(address *url.URL, o paho.ClientOptions) (net.Conn, error) {
	dialer := o.Dialer
	if dialer == nil {
		dialer = &net.Dialer{Timeout: o.ConnectTimeout}
	}
	c, err := proxy.FromEnvironmentUsing(dialer).Dial("tcp", address.Host)
	if err != nil {
		return nil, err
	}
	if !overTLS(address) {
		return newWire(c), nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if o.TLSConfig != nil {
		config = o.TLSConfig.Clone()
	}
	if config.ServerName == "" {
		config.ServerName = address.Hostname()
	}
	secure := tls.Client(c, config)
	ctx, cancel := context.WithTimeout(context.Background(), o.ConnectTimeout)
	defer cancel()
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = c.Close()
		return nil, err
	}
	return newWire(secure), nil
}

// wire is a connection with a buffer each way: the library reads the header of a packet byte by byte and writes each
// acknowledgement by itself, which is a system call each time. What is written leaves at once, together with what comes while the
// last write is under way.
type wire struct {
	net.Conn
	in *bufio.Reader

	mu sync.Mutex
	// sent is told when out shrinks or writing ends.
	sent    *sync.Cond
	out     []byte
	spare   []byte
	writing bool
	err     error
}

func newWire(c net.Conn) *wire {
	w := &wire{Conn: c, in: bufio.NewReaderSize(c, readBuffer)}
	w.sent = sync.NewCond(&w.mu)
	return w
}

func (w *wire) Read(p []byte) (int, error) { return w.in.Read(p) }

// Write takes p; that it could not be sent is the error of a later call.
func (w *wire) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.out) > mostUnsent && w.err == nil {
		w.sent.Wait()
	}
	if w.err != nil {
		return 0, w.err
	}
	w.out = append(w.out, p...)
	if !w.writing {
		w.writing = true
		go w.send()
	}
	return len(p), nil
}

// send writes until nothing is left. Close waits for it.
func (w *wire) send() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.out) > 0 && w.err == nil {
		out := w.out
		w.out, w.spare = w.spare[:0], nil
		w.mu.Unlock()
		_, err := w.Conn.Write(out)
		w.mu.Lock()
		w.spare = out
		w.err = err
		w.sent.Broadcast()
	}
	w.writing = false
	w.sent.Broadcast()
}

// Close sends what is left, if that is quick, and ends the connection.
func (w *wire) Close() error {
	_ = w.SetWriteDeadline(time.Now().Add(lastWords))
	w.mu.Lock()
	for w.writing {
		w.sent.Wait()
	}
	if w.err == nil {
		w.err = net.ErrClosed
	}
	w.mu.Unlock()
	return w.Conn.Close()
}

func overTLS(address *url.URL) bool {
	switch address.Scheme {
	case "mqtts", "ssl", "tls":
		return true
	}
	return false
}

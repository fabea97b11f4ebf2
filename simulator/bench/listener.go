package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
)

// listener is one websocket client. It looks at the beginning of each frame only, and reads alerts: what it costs is taken from the server
// that it measures.
type listener struct {
	conn *websocket.Conn
	// bytes as they came over the wire.
	bytes, frames atomic.Uint64
	got           []atomic.Bool
	closed        atomic.Bool
	closing       atomic.Bool
	done          chan struct{}
}

// listening is what a client wants: some stations or, without any, all.
type listening struct {
	alarms   *alarms
	stations []string
	compress bool
}

const (
	wsSubprotocol = "quantrac.v1"
	wsBuffer      = 32 << 10
)

// countingConn counts what is read.
type countingConn struct {
	net.Conn
	n *atomic.Uint64
}

func (c countingConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.n.Add(uint64(n))
	return n, err
}

// listen connects, subscribes, and returns when the snapshot is there.
func listen(ctx context.Context, base string, want listening) (*listener, error) {
	l := &listener{got: make([]atomic.Bool, len(want.alarms.sentAt)), done: make(chan struct{})}
	var err error
	if l.conn, err = dialWebsocket(ctx, base, want.compress, &l.bytes); err != nil {
		return nil, err
	}
	if err = subscribe(l.conn, want.stations); err == nil {
		_, _, err = l.conn.ReadMessage()
	}
	if err != nil {
		_ = l.conn.Close()
		return nil, fmt.Errorf("subscribe: %w", err)
	}
	go l.read(want.alarms)
	return l, nil
}

func dialWebsocket(ctx context.Context, base string, compress bool, n *atomic.Uint64) (*websocket.Conn, error) {
	d := websocket.Dialer{
		Subprotocols: []string{wsSubprotocol}, ReadBufferSize: wsBuffer, EnableCompression: compress, HandshakeTimeout: answerWait,
		NetDialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := (&net.Dialer{}).DialContext(ctx, network, addr)
			return countingConn{conn, n}, err
		},
	}
	conn, resp, err := d.DialContext(ctx, "ws"+strings.TrimPrefix(base, "http")+"/ws", nil)
	if resp != nil {
		_ = resp.Body.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("open a websocket: %w", err)
	}
	return conn, nil
}

func subscribe(conn *websocket.Conn, stations []string) error {
	return conn.WriteJSON(struct {
		Type     string   `json:"type"`
		Stations []string `json:"stations,omitempty"`
	}{"subscribe", stations})
}

var alertStart = []byte(`{"type":"alert"`)

func (l *listener) read(a *alarms) {
	defer close(l.done)
	var body []byte
	for {
		_, r, err := l.conn.NextReader()
		if err != nil {
			l.closed.Store(!l.closing.Load())
			return
		}
		l.frames.Add(1)
		var head [16]byte
		n, err := io.ReadFull(r, head[:])
		if err != nil || !bytes.HasPrefix(head[:n], alertStart) {
			continue // the rest is passed over as it is, also where it is compressed
		}
		if body, err = appendAll(body[:0], r); err != nil {
			continue
		}
		if i := a.number(body); i >= 0 && !l.got[i].Swap(true) {
			a.seen.observe(time.Since(time.Unix(0, a.sentAt[i].Load())))
		}
	}
}

func appendAll(b []byte, r io.Reader) ([]byte, error) {
	buf := bytes.NewBuffer(b)
	_, err := buf.ReadFrom(r)
	return buf.Bytes(), err
}

func (l *listener) close() {
	l.closing.Store(true)
	_ = l.conn.Close()
	<-l.done
}

// observer is a client that reads everything, to prove that nothing newest is lost on the way.
type observer struct {
	conn *websocket.Conn
	seen *latency
	done chan struct{}

	mu     sync.Mutex
	newest map[string]float64
}

func observe(ctx context.Context, base string) (*observer, error) {
	o := &observer{seen: &latency{}, done: make(chan struct{}), newest: map[string]float64{}}
	var err error
	if o.conn, err = dialWebsocket(ctx, base, true, &atomic.Uint64{}); err != nil {
		return nil, err
	}
	if err := subscribe(o.conn, nil); err != nil {
		_ = o.conn.Close()
		return nil, fmt.Errorf("subscribe: %w", err)
	}
	go o.read()
	return o, nil
}

func (o *observer) read() {
	defer close(o.done)
	for {
		var f struct {
			Type  string
			Items []struct {
				Station, Parameter string
				Value              float64
				MeasuredAt         time.Time `json:"measured_at"`
			}
		}
		_, b, err := o.conn.ReadMessage()
		if err != nil {
			return
		}
		now := time.Now()
		if json.Unmarshal(b, &f) != nil || f.Type != "readings" {
			continue
		}
		o.mu.Lock()
		for _, it := range f.Items {
			o.newest[it.Station+" "+it.Parameter] = it.Value
			o.seen.observe(now.Sub(it.MeasuredAt))
		}
		o.mu.Unlock()
	}
}

// verify compares the newest values that came with those that were sent last.
func (o *observer) verify(f *fleet) error {
	o.mu.Lock()
	held := maps.Clone(o.newest)
	o.mu.Unlock()
	var wrong []string
	for _, p := range f.publishers {
		for i, want := range p.message.values() {
			name := p.station + " " + parameters[i].code
			if got, ok := held[name]; !ok || math.Abs(got-want) > 1e-9 {
				wrong = append(wrong, name)
			}
		}
	}
	if len(wrong) > 0 {
		slices.Sort(wrong)
		return fmt.Errorf("the newest value did not come over the websocket in %d of %d series, %s among them", len(wrong), len(f.publishers)*len(parameters), wrong[0])
	}
	return nil
}

func (o *observer) close() {
	_ = o.conn.Close()
	<-o.done
}

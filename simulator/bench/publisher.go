package bench

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"time"
)

// load is what a publisher does until it is done: so many messages, or as many as fit before an end.
type load struct {
	// messages of each publisher; 0 = until the end.
	messages uint64
	until    time.Time
	// interval between two messages of one publisher on average; 0 = as fast as acknowledgements allow.
	interval time.Duration
	// burst is how many messages of a publisher are due at once in a paced load; 0 and 1 = one.
	burst uint64
	start time.Time
	// at gives the measured_at of the n-th message; nil = the present.
	at func(n uint64) time.Time
}

// publisher is one MQTT connection of one station. It speaks as little MQTT as the load needs, since what it costs is taken
// from the system that it measures. One goroutine at a time uses it.
type publisher struct {
	station string
	message *message
	window  int
	// phase, 0 to 1, is where in the interval this one sends, so that paced stations do not send all at once.
	phase float64
	acks  *latency
	trace *trace

	conn   net.Conn
	free   []uint16
	sentAt []time.Time
	in     [4096]byte
	have   int
	out    []byte

	// lastAt is the measured_at of the newest message; lastAck when the newest acknowledgement came.
	lastAt  time.Time
	lastAck time.Time
}

func newPublisher(station string, window int, acks *latency) *publisher {
	p := &publisher{station: station, message: newMessage(station), window: window, acks: acks, sentAt: make([]time.Time, window+1)}
	for id := window; id > 0; id-- {
		p.free = append(p.free, uint16(id))
	}
	return p
}

// answerWait is how long a broker may be silent before the run is given up.
const answerWait = 60 * time.Second

// connect says CONNECT (MQTT 3.1.1, clean session) and waits for the answer.
func (p *publisher) connect(ctx context.Context, addr string) error {
	dialer := net.Dialer{Timeout: answerWait}
	conn, err := dialer.DialContext(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("connect %s: %w", p.station, err)
	}
	const connect, level, cleanSession, keepAlive = 0x10, 4, 2, 600
	body := append(appendText(nil, "MQTT"), level, cleanSession)
	body = appendText(binary.BigEndian.AppendUint16(body, keepAlive), p.station)
	p.conn = conn
	if err := p.conn.SetDeadline(time.Now().Add(answerWait)); err != nil {
		return fmt.Errorf("connect %s: %w", p.station, err)
	}
	if _, err := conn.Write(append(appendHeader(nil, connect, len(body)), body...)); err != nil {
		return fmt.Errorf("connect %s: %w", p.station, err)
	}
	var answer [4]byte
	if _, err := io.ReadFull(conn, answer[:]); err != nil {
		return fmt.Errorf("connect %s: %w", p.station, err)
	}
	if answer[0] != 0x20 || answer[3] != 0 {
		return fmt.Errorf("connect %s: the broker answered % x", p.station, answer)
	}
	return conn.SetDeadline(time.Time{})
}

// publish returns when every message of a load without an interval is acknowledged; a paced one is the pacer's.
func (p *publisher) publish(ctx context.Context, l load) error {
	stop := context.AfterFunc(ctx, func() { _ = p.conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	var sent uint64
	for {
		now := time.Now()
		n, _ := l.due(p, sent, now)
		if err := p.send(l, sent, n, now); err != nil {
			return p.failed(ctx, err)
		}
		sent += uint64(n)
		if len(p.free) == p.window {
			return nil
		}
		if err := p.receive(ctx); err != nil {
			return p.failed(ctx, err)
		}
	}
}

func (p *publisher) failed(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return fmt.Errorf("station %s: %w", p.station, err)
}

// due says how many messages to send now and when to look again; zero = when an acknowledgement comes, or never.
func (l load) due(p *publisher, sent uint64, now time.Time) (int, time.Time) {
	left := uint64(len(p.free))
	if l.messages > 0 {
		left = min(left, l.messages-sent)
	}
	if !l.until.IsZero() && !now.Before(l.until) {
		return 0, time.Time{}
	}
	if l.interval == 0 {
		return int(left), time.Time{}
	}
	if l.messages > 0 && sent == l.messages {
		return 0, time.Time{}
	}
	first := l.dueAt(p, sent)
	if first.After(now) {
		return 0, first
	}
	for n := uint64(1); n < left; n++ {
		if next := l.dueAt(p, sent+n); next.After(now) {
			return int(n), next
		}
	}
	next := l.dueAt(p, sent+left)
	if full := !next.After(now); full || (l.messages > 0 && sent+left == l.messages) {
		return int(left), time.Time{}
	}
	return int(left), next
}

// over says that a publisher which has sent so many has nothing more to send.
func (l load) over(sent uint64, now time.Time) bool {
	return (l.messages > 0 && sent >= l.messages) || (!l.until.IsZero() && !now.Before(l.until))
}

func (l load) dueAt(p *publisher, n uint64) time.Time {
	burst := max(l.burst, 1)
	return l.start.Add(time.Duration((float64(n/burst) + p.phase) * float64(burst) * float64(l.interval)))
}

// send writes n messages with one call. In a paced load a message counts from when it was due: a slow system does not hide
// its delay by slowing the load down.
func (p *publisher) send(l load, sent uint64, n int, now time.Time) error {
	if n <= 0 {
		return nil
	}
	p.out = p.out[:0]
	for i := range n {
		at := now.Truncate(time.Millisecond)
		if !at.After(p.lastAt) {
			at = p.lastAt.Add(time.Millisecond)
		}
		if l.at != nil {
			at = l.at(sent + uint64(i))
		}
		p.lastAt = at
		id := p.free[len(p.free)-1]
		p.free = p.free[:len(p.free)-1]
		from := now
		if l.interval > 0 {
			from = l.dueAt(p, sent+uint64(i))
		}
		p.sentAt[id] = from
		p.trace.sent(at, from)
		p.out = append(p.out, p.message.write(id, at)...)
	}
	_, err := p.conn.Write(p.out)
	return err
}

// receive takes the acknowledgements that are there, and waits for one.
func (p *publisher) receive(ctx context.Context) error {
	if err := p.conn.SetReadDeadline(time.Now().Add(answerWait)); err != nil {
		return err
	}
	if err := context.Cause(ctx); err != nil { // its deadline has just been overwritten
		return err
	}
	n, err := p.conn.Read(p.in[p.have:])
	if err != nil {
		return fmt.Errorf("wait for PUBACK: %w", err)
	}
	p.have += n
	p.lastAck = time.Now()
	return p.takeAcks()
}

func (p *publisher) takeAcks() error {
	const puback, size = 0x40, 4
	rest := p.in[:p.have]
	for ; len(rest) >= size; rest = rest[size:] {
		id := binary.BigEndian.Uint16(rest[2:])
		if rest[0] != puback || rest[1] != size-2 || id == 0 || int(id) > p.window || p.sentAt[id].IsZero() {
			return fmt.Errorf("the broker sent % x, which is no PUBACK of a message under way", rest[:size])
		}
		p.acks.observe(p.lastAck.Sub(p.sentAt[id]))
		p.sentAt[id] = time.Time{}
		p.free = append(p.free, id)
	}
	p.have = copy(p.in[:], rest)
	return nil
}

func (p *publisher) close() {
	if p.conn != nil {
		_ = p.conn.Close()
	}
}

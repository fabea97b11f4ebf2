package bench

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"strconv"
	"sync/atomic"
	"time"
)

// alarms open alerts: each is one message of a station of its own, whose value is so far above its limit that the alert opens at once.
type alarms struct {
	conn *publisher
	// sentAt is when each was published, ns; 0 = not yet.
	sentAt []atomic.Int64
	seen   *latency
}

const (
	alarmPrefix = "bench-alarm-"
	alarmDigits = 4
	// overLimit is twice the limit of the load test's stations, and more than "immediate" asks for.
	overLimit = 300
)

func newAlarms(n int) *alarms { return &alarms{sentAt: make([]atomic.Int64, n), seen: &latency{}} }

func alarmStation(i int) string { return fmt.Sprintf("%s%0*d", alarmPrefix, alarmDigits, i) }

func (a *alarms) stations() []string {
	out := make([]string, len(a.sentAt))
	for i := range out {
		out[i] = alarmStation(i)
	}
	return out
}

func (a *alarms) connect(ctx context.Context, addr string) error {
	a.conn = newPublisher(probeStation, 1, &latency{})
	return a.conn.connect(ctx, addr)
}

func (a *alarms) close() {
	if a.conn != nil {
		a.conn.close()
	}
}

// ring publishes them all, evenly spread over a time.
func (a *alarms) ring(ctx context.Context, span time.Duration) error {
	apart := time.NewTicker(span / time.Duration(len(a.sentAt)+1))
	defer apart.Stop()
	for i := range a.sentAt {
		select {
		case <-apart.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if err := a.publish(i); err != nil {
			return fmt.Errorf("station %s: %w", alarmStation(i), err)
		}
	}
	return nil
}

func (a *alarms) publish(i int) error {
	now := time.Now()
	topic := "quantrac/v1/" + alarmStation(i) + "/readings"
	body := fmt.Appendf(nil, `{"measured_at":%q,"sequence":1,"status":"measuring","values":{"cod":%d}}`, now.In(gatewayZone).Format(timeLayout), overLimit)
	const publishQoS1, packetID = 0x32, 2
	packet := appendText(appendHeader(nil, publishQoS1, 2+len(topic)+packetID+len(body)), topic)
	packet = append(binary.BigEndian.AppendUint16(packet, uint16(i)+1), body...)
	a.sentAt[i].Store(now.UnixNano())
	if err := a.conn.conn.SetDeadline(now.Add(answerWait)); err != nil {
		return err
	}
	if _, err := a.conn.conn.Write(packet); err != nil {
		return err
	}
	var ack [4]byte
	_, err := io.ReadFull(a.conn.conn, ack[:])
	return err
}

// number is the alarm that an alert's frame is about; -1 = none of them.
func (a *alarms) number(frame []byte) int {
	_, after, ok := bytes.Cut(frame, []byte(`"`+alarmPrefix))
	if !ok || len(after) < alarmDigits {
		return -1
	}
	n, err := strconv.Atoi(string(after[:alarmDigits]))
	if err != nil || n >= len(a.sentAt) {
		return -1
	}
	return n
}

// missed is how many alerts did not come to a client, over all clients. Those that were not published yet do not count.
func (a *alarms) missed(all []*listener) int {
	var n int
	for i := range a.sentAt {
		if a.sentAt[i].Load() == 0 {
			continue
		}
		for _, l := range all {
			if !l.got[i].Load() {
				n++
			}
		}
	}
	return n
}

package bench

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// Every packet is what a gateway would send: a well-formed PUBLISH with the native payload, and the sums are those of what
// was written.
func TestMessage(t *testing.T) {
	m := newMessage("bench-00001")
	first := time.Date(2026, 11, 24, 6, 5, 0, 7e6, time.UTC)
	var sums [len(parameters)]int64
	for n := range 500 {
		at := first.Add(time.Duration(n) * time.Millisecond)
		pk, err := packets.ReadPacket(bytes.NewReader(m.write(uint16(n+1), at)))
		if err != nil {
			t.Fatal(err)
		}
		publish, ok := pk.(*packets.PublishPacket)
		if !ok || publish.Qos != 1 || publish.Retain || publish.Dup || publish.MessageID != uint16(n+1) || publish.TopicName != "quantrac/v1/bench-00001/readings" {
			t.Fatalf("message %d is %v", n, pk)
		}
		var body struct {
			MeasuredAt time.Time `json:"measured_at"`
			Sequence   uint64
			Status     string
			Values     map[string]float64
		}
		d := json.NewDecoder(bytes.NewReader(publish.Payload))
		d.DisallowUnknownFields()
		if err := d.Decode(&body); err != nil {
			t.Fatalf("%v in %s", err, publish.Payload)
		}
		if !body.MeasuredAt.Equal(at) || body.Sequence != firstSequence+uint64(n)+1 || body.Status != "measuring" || len(body.Values) != len(parameters) {
			t.Fatalf("message %d of %s is %s", n, at, publish.Payload)
		}
		for i, p := range parameters {
			sums[i] += hundredths(body.Values[p.code])
		}
	}
	if m.sums != sums || m.sent() != 500 {
		t.Errorf("sums %v of %d messages, want %v of 500", m.sums, m.sent(), sums)
	}
}

// A value that stays or jumps would be flagged, and flags cost time that real readings do not.
func TestWave(t *testing.T) {
	for n := range uint64(1000) {
		a, b := wave(n), wave(n+1)
		if a < 0 || a > 99 || (b-a != 1 && b-a != -1) {
			t.Fatalf("wave(%d) = %d, then %d", n, a, b)
		}
	}
}

func BenchmarkMessage(b *testing.B) {
	m, at := newMessage("bench-00001"), time.Now()
	for b.Loop() {
		at = at.Add(time.Millisecond)
		m.write(1, at)
	}
}

package webhook

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"quantrac/ingest/stream"
)

// BenchmarkDelivery is one event from the journal to the recorded answer of a recipient on the same machine; worst-ms is the
// longest time from the making of an event to its 2xx.
func BenchmarkDelivery(b *testing.B) {
	log, err := stream.Open(b.Context(), stream.Options{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = log.Close() })
	events, err := log.Stream(b.Context(), "ALERTS")
	if err != nil {
		b.Fatal(err)
	}
	rec := newRecipient(b, nil)
	done := make(chan float64, 1)
	r := &rig{log: log, events: events}
	s, err := Open(b.Context(), Options{
		Log: log, Events: r.follow, LastEvent: events.LastSequence, AllowPrivate: loopback(), Latency: func(s float64) { done <- s },
		Configured: []Spec{{Name: "bench", URL: rec.URL, Secret: string(testSecret())}},
	})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = s.Run(ctx)
	}()
	worst := 0.0
	n := 0
	for b.Loop() {
		ev := sampleEvent()
		ev.Alert.ID, ev.Made = fmt.Sprint(n), time.Now()
		n++
		data, err := json.Marshal([]any{ev})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := events.Add(b.Context(), data); err != nil {
			b.Fatal(err)
		}
		worst = max(worst, <-done)
		<-rec.got
	}
	b.ReportMetric(worst*1000, "worst-ms")
	cancel()
	<-ended
}

// BenchmarkFold is what a start costs for each record of DELIVERIES.
func BenchmarkFold(b *testing.B) {
	log, err := stream.Open(b.Context(), stream.Options{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = log.Close() })
	records, err := log.Stream(b.Context(), "DELIVERIES")
	if err != nil {
		b.Fatal(err)
	}
	bucket, err := log.Bucket(b.Context(), "webhooks")
	if err != nil {
		b.Fatal(err)
	}
	const n = 10_000
	for i := range n {
		data, _ := json.Marshal(Attempt{ID: "msg_1_0_0123456789abcdef0123", Webhook: "wh_1", Alert: fmt.Sprint(i / 10), Sequence: 1, State: Delivered})
		if _, err := records.Add(b.Context(), data); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		l := newLedger(records, bucket, slog.New(slog.DiscardHandler))
		if err := l.restore(b.Context(), newSavedLedger(), nil); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/record")
}

package history

import (
	"bytes"
	"context"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"quantrac/ingest"
)

// batchLines is the number of lines of one write, as measured best by InfluxData and by us.
const batchLines = 5000

// Writer is the consumer that fills history.
type Writer struct {
	store   Store
	park    func(station string) string
	metrics *Metrics
	log     *slog.Logger
}

// NewWriter makes a writer. park names the park of a station.
func NewWriter(store Store, park func(station string) string, m *Metrics, log *slog.Logger) *Writer {
	return &Writer{store: store, park: park, metrics: m, log: log}
}

// Metrics are the writer's figures.
type Metrics struct {
	seconds prometheus.Histogram
	points  *prometheus.CounterVec
}

// NewMetrics makes the figures and registers them; reg may be nil.
func NewMetrics(reg prometheus.Registerer) *Metrics {
	m := &Metrics{
		seconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "quantrac_influx_write_seconds", Help: "Time of one write to InfluxDB.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 2, 16), NativeHistogramBucketFactor: 1.1,
		}),
		points: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "quantrac_influx_points_total", Help: "Points by result: written, or parked because InfluxDB refuses them for ever.",
		}, []string{"result"}),
	}
	for _, result := range []string{"written", "parked"} {
		m.points.WithLabelValues(result)
	}
	if reg != nil {
		reg.MustRegister(m.seconds, m.points)
	}
	return m
}

// Consume writes the readings of entries. It tries for as long as it takes and returns early only when ctx ends; nil means
// that everything is durable or parked. The same entries again change nothing.
func (w *Writer) Consume(ctx context.Context, entries []ingest.Intake) error {
	var lines []byte
	count := 0
	for i := range entries {
		before := len(lines)
		lines = AppendLines(lines, entries[i].Readings, w.park)
		count += bytes.Count(lines[before:], []byte{'\n'})
		if count >= batchLines {
			if err := w.write(ctx, lines, count); err != nil {
				return err
			}
			lines, count = nil, 0 // the engine may keep what it was given
		}
	}
	return w.write(ctx, lines, count)
}

// write stores lines, halving a batch that is refused until the refused lines stand alone.
func (w *Writer) write(ctx context.Context, lines []byte, count int) error {
	if count == 0 {
		return nil
	}
	start := time.Now()
	err := w.insist(ctx, lines)
	w.metrics.seconds.Observe(time.Since(start).Seconds())
	switch {
	case err == nil:
		w.metrics.points.WithLabelValues("written").Add(float64(count))
		return nil
	case !Permanent(err):
		return err
	case count == 1:
		w.metrics.points.WithLabelValues("parked").Inc()
		w.log.Error("a point is refused for ever; its raw bytes stay in the log", "line", string(bytes.TrimSpace(lines)), "error", err)
		return nil
	}
	half := count / 2
	at := 0
	for range half {
		at += bytes.IndexByte(lines[at:], '\n') + 1
	}
	if err := w.write(ctx, bytes.Clone(lines[:at]), half); err != nil {
		return err
	}
	return w.write(ctx, bytes.Clone(lines[at:]), count-half)
}

// insist tries until the store takes the lines, refuses them for ever, or ctx ends.
func (w *Writer) insist(ctx context.Context, lines []byte) error {
	const longest = 10 * time.Second
	wait := 100 * time.Millisecond
	for attempt := 0; ; attempt++ {
		err := w.store.Write(ctx, lines)
		if err == nil || Permanent(err) {
			if attempt > 0 && err == nil {
				w.log.Info("history is written again", "attempts", attempt+1)
			}
			return err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if attempt == 0 {
			w.log.Warn("history does not take points, trying until it does; nothing is lost", "error", err)
		}
		timer := time.NewTimer(wait/2 + rand.N(wait))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
		wait = min(2*wait, longest)
	}
}

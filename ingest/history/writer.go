package history

import (
	"bytes"
	"cmp"
	"context"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"quantrac/ingest"
)

const (
	// batchLines is the number of lines of one write, as measured best by InfluxData and by us. A rest of less than half of it
	// goes with the lines before it.
	batchLines = 5000
	// fieldSize and lineSize are what a field and a line take, roughly.
	fieldSize, lineSize = 24, 200
)

// Writer is the consumer that fills history.
type Writer struct {
	store   Store
	lanes   int
	park    func(station string) string
	metrics *Metrics
	log     *slog.Logger
}

// NewWriter makes a writer. park names the park of a station.
func NewWriter(store Store, park func(station string) string, m *Metrics, log *slog.Logger) *Writer {
	lanes := 1
	if _, ok := store.(*Remote); ok {
		lanes = remoteLanes
	}
	return &Writer{store: store, lanes: lanes, park: park, metrics: m, log: log}
}

// remoteLanes is the number of writes to a server that may be under way at once: while it works on one, the next is sent. A
// station always has the same lane, so that what is written twice is written in order.
const remoteLanes = 2

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
	lanes := w.encode(entries)
	var group errgroup.Group
	for _, batches := range lanes[1:] {
		group.Go(func() error { return w.writeAll(ctx, batches) })
	}
	err := w.writeAll(ctx, lanes[0])
	return cmp.Or(group.Wait(), err)
}

// batch is what one write carries.
type batch struct {
	lines []byte
	count int
}

// encode writes the lines of every lane, in batches.
func (w *Writer) encode(entries []ingest.Intake) [][]batch {
	lanes := make([][]batch, w.lanes)
	size := 0
	for i := range entries {
		size += len(entries[i].Readings) * fieldSize
	}
	size = min(size/w.lanes, batchLines*lineSize)
	lane, station := 0, ""
	for i := range entries {
		readings := entries[i].Readings
		for len(readings) > 0 {
			if s := readings[0].Station; s != station && w.lanes > 1 {
				lane, station = laneOf(s, w.lanes), s
			}
			n := sharing(readings)
			lanes[lane] = w.appendTo(lanes[lane], readings[:n], size)
			readings = readings[n:]
		}
	}
	for i, batches := range lanes {
		lanes[i] = joinRest(batches)
	}
	return lanes
}

// appendTo adds a line; size is about what the lines of a batch take.
func (w *Writer) appendTo(batches []batch, readings []ingest.Reading, size int) []batch {
	last := len(batches) - 1
	if last < 0 || batches[last].count == batchLines {
		batches = append(batches, batch{lines: make([]byte, 0, size+size/8)})
		last++
	}
	b := &batches[last]
	var some bool
	if b.lines, some = appendLine(b.lines, readings, w.park); some {
		b.count++
	}
	return batches
}

// joinRest puts a small last batch behind the one before.
func joinRest(batches []batch) []batch {
	last := len(batches) - 1
	if last < 1 || batches[last].count >= batchLines/2 {
		return batches
	}
	before := &batches[last-1]
	before.lines, before.count = append(before.lines, batches[last].lines...), before.count+batches[last].count
	return batches[:last]
}

// laneOf spreads stations over lanes (FNV-1a).
func laneOf(station string, lanes int) int {
	h := uint32(2166136261)
	for i := range len(station) {
		h = (h ^ uint32(station[i])) * 16777619
	}
	return int(h % uint32(lanes))
}

func (w *Writer) writeAll(ctx context.Context, batches []batch) error {
	for _, b := range batches {
		if err := w.write(ctx, b.lines, b.count); err != nil {
			return err
		}
	}
	return nil
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

// Package quality counts, for every station and hour, what the six words of the province's data strategy ask about: đúng, đủ, sạch,
// sống, thống nhất, dùng chung (correct, complete, clean, alive, uniform, shared), and makes their figures for any span.
//
// It promises:
//   - Everything is counted once. A Store hears what the books have booked and written, in the order of the log, and keeps its counts
//     in parts (a local day of some stations) that say up to which batch of the log they hold everything. After a crash the same batches
//     come again; what a part holds already is left out.
//   - Counts are of the hour. What a station measured counts for the hour in which it was measured, however late it came; what the ledger
//     counts, for the hour of receipt, and the sums of those are the ledger's.
//   - A figure that cannot be known is null with a reason. Nothing is estimated: the one figure that is rounded, the 95th percentile of
//     delay, is rounded up to a bound of its histogram.
//   - Memory is bounded: what is not saved yet takes about 250 bytes a station and hour, beside it 64 bytes a station and Options.CacheBytes.
//     On disk a station takes about 0.8 kB a day; from 400 days on, when only the day is kept, 0.1 kB.
package quality

import (
	"context"
	"log/slog"
	"time"

	"quantrac/geo"
	"quantrac/ingest/stream"
)

// Options of a Store. Bucket, Registry and Now are required.
type Options struct {
	Bucket *stream.Bucket
	// Registry says what is expected of whom; it may change.
	Registry func() *geo.Registry
	Now      func() time.Time
	// Begun says that the log was read before there was a Store: what was measured by then is not counted and not asked for.
	Begun bool
	// Consumers is how many programs are given the data, for the figure shared; nil = not known.
	Consumers func() int
	// CacheBytes bounds what is kept of days that were read; 0 = 16 MiB.
	CacheBytes int
	Logger     *slog.Logger
	// fault lets tests fail between the steps.
	fault func(step string) error
}

const (
	secondsPerHour = 3600
	secondsPerDay  = 24 * secondsPerHour
	// zone is Vietnam's distance from UTC in seconds: days are local.
	zone = 7 * secondsPerHour
	// hourlyDays is for how many days hours are kept.
	hourlyDays = 400
	// MostDays is the longest span that figures are made for.
	MostDays = 366
	// aliveFor is how long a record keeps its station alive, in seconds: three missed cycles of 5 min.
	aliveFor = 15 * 60
	// slots is into how many pieces an hour is cut to find gaps.
	slots       = 12
	slotSeconds = secondsPerHour / slots
)

func floor(n, by int64) int64 {
	q := n / by
	if n%by < 0 {
		q--
	}
	return q
}

// hourOf is the hour of a time in Unix seconds; dayOf the local day of an hour, and firstHour its first.
func hourOf(at int64) int64     { return floor(at, secondsPerHour) }
func dayOf(hour int64) int64    { return floor(hour*secondsPerHour+zone, secondsPerDay) }
func firstHour(day int64) int64 { return (day*secondsPerDay - zone) / secondsPerHour }

func timeOf(hour int64) time.Time { return time.Unix(hour*secondsPerHour, 0).UTC() }

func withDefaults(opt Options) Options {
	if opt.CacheBytes == 0 {
		opt.CacheBytes = 16 << 20
	}
	if opt.Logger == nil {
		opt.Logger = slog.New(slog.DiscardHandler)
	}
	if opt.fault == nil {
		opt.fault = func(string) error { return nil }
	}
	return opt
}

// put stores a value of the bucket.
func (s *Store) put(ctx context.Context, step, key string, value []byte) error {
	if err := s.opt.fault("before " + step); err != nil {
		return err
	}
	if err := s.opt.Bucket.Put(ctx, key, value); err != nil {
		return err
	}
	return s.opt.fault("after " + step)
}

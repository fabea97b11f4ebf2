package books

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"quantrac/ingest"
)

// Stored is what history holds under one (station, parameter, measured_at).
type Stored struct {
	// Value is the number, usable or not; NaN = none.
	Value  float64
	Status ingest.Status
	Flags  ingest.Flags
	Usable bool
}

// Lookup reads from history what is stored of one parameter, from inclusive, to exclusive, by measured_at in Unix ns.
type Lookup func(ctx context.Context, station, parameter string, from, to time.Time) (map[int64]Stored, error)

type verdict uint8

const (
	isNew verdict = iota
	isDuplicate
	isRevision
)

type seriesKey struct{ station, parameter string }

// instantKey is the key of a reading.
type instantKey struct {
	seriesKey
	at int64
}

// judge decides on the readings of one stretch of the log. newest is the newest measured_at of each series before it, and is
// moved on. A reading that is newer than it is new without a look; the rest is compared with what the stretch itself holds so
// far, then with history.
type judge struct {
	newest  func(seriesKey) (int64, bool)
	advance func(seriesKey, int64)
	// held are the values of the stretch, by key: made only once something is out of order.
	held map[instantKey]Stored
	// found is what history holds of the series that are out of order.
	found map[seriesKey]map[int64]Stored
}

// lookups lists, per series, the instants of a stretch that are out of order and must be looked up.
func lookups(readings []*ingest.Reading, newest func(seriesKey) (int64, bool)) map[seriesKey][]int64 {
	moved := map[seriesKey]int64{}
	out := map[seriesKey][]int64{}
	for _, r := range readings {
		key, at := seriesKey{r.Station, r.Parameter}, r.MeasuredAt.UnixNano()
		last, known := moved[key]
		if !known {
			last, known = newest(key)
		}
		if known && at <= last {
			out[key] = append(out[key], at)
			continue
		}
		moved[key] = at
	}
	return out
}

// lookupSpan is the longest stretch of time that one query of a lookup covers.
const lookupSpan = 2 * 24 * time.Hour

// find asks history about the instants, in as few queries as keep each short.
func find(ctx context.Context, lookup Lookup, wanted map[seriesKey][]int64) (map[seriesKey]map[int64]Stored, error) {
	out := map[seriesKey]map[int64]Stored{}
	for key, instants := range wanted {
		slices.Sort(instants)
		all := map[int64]Stored{}
		for i := 0; i < len(instants); {
			j := i
			for j+1 < len(instants) && instants[j+1]-instants[i] < int64(lookupSpan) {
				j++
			}
			some, err := lookup(ctx, key.station, key.parameter, time.Unix(0, instants[i]).UTC(), time.Unix(0, instants[j]+1).UTC())
			if err != nil {
				return nil, fmt.Errorf("look up %s of %s: %w", key.parameter, key.station, err)
			}
			for at, s := range some {
				all[at] = s
			}
			i = j + 1
		}
		out[key] = all
	}
	return out, nil
}

func storedOf(r *ingest.Reading) Stored {
	return Stored{Value: r.Value, Status: r.Status, Flags: r.Flags, Usable: r.Usable}
}

func (j *judge) decide(r *ingest.Reading) (verdict, Stored) {
	series, at := seriesKey{r.Station, r.Parameter}, r.MeasuredAt.UnixNano()
	key := instantKey{series, at}
	last, known := j.newest(series)
	if !known || at > last {
		j.advance(series, at)
		if j.held != nil {
			j.held[key] = storedOf(r)
		}
		return isNew, Stored{}
	}
	first, there := j.held[key]
	if !there {
		first, there = j.found[series][at]
	}
	switch {
	case !there:
		j.held[key] = storedOf(r)
		return isNew, Stored{}
	case first.Value == r.Value || math.IsNaN(first.Value) && math.IsNaN(r.Value):
		return isDuplicate, first
	}
	return isRevision, first
}

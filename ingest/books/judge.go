package books

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"quantrac/ingest"
	"quantrac/ingest/stream"
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

// judge decides on the readings of a stretch of the log, in order. A reading that is newer than the newest of its series is new
// without a look; the rest is compared with what the stretch itself holds so far, then with history.
type judge struct {
	c *Clerk
	// at is the place that is judged next.
	at place
	// ordered: everything is new.
	ordered bool
	// held are the values of the stretch, by key.
	held map[instantKey]Stored
	// found is what history holds of the instants that are out of order.
	found map[seriesKey]map[int64]Stored
}

// newJudge looks up what the batches hold from a place on that is out of order. All before that place must be in history.
func (c *Clerk) newJudge(ctx context.Context, batches []stream.Batch, from place) (*judge, error) {
	j := &judge{c: c, at: from}
	var wanted map[seriesKey][]int64
	c.round++
	for w := walkFrom(batches, from); ; {
		_, in, r := w.next()
		if in == nil {
			break
		}
		if r == nil || c.series(r.Station, r.Parameter).newer(r.MeasuredAt.UnixNano(), c.round) {
			continue
		}
		if wanted == nil {
			wanted = map[seriesKey][]int64{}
		}
		key := seriesKey{r.Station, r.Parameter}
		wanted[key] = append(wanted[key], r.MeasuredAt.UnixNano())
	}
	if j.ordered = wanted == nil; j.ordered {
		return j, nil
	}
	c.round++ // the walk above has only looked
	j.held = map[instantKey]Stored{}
	var err error
	j.found, err = find(ctx, c.opt.Lookup, wanted)
	return j, err
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

// same reports whether a reading repeats what is stored; what that means is said in the package's promises.
func (s Stored) same(r *ingest.Reading) bool {
	return s.Status == r.Status && (s.Value == r.Value || math.IsNaN(s.Value) && math.IsNaN(r.Value))
}

func (j *judge) decide(r *ingest.Reading) (verdict, Stored) {
	if j.ordered {
		return isNew, Stored{}
	}
	at := r.MeasuredAt.UnixNano()
	series := seriesKey{r.Station, r.Parameter}
	key := instantKey{series, at}
	if j.c.series(r.Station, r.Parameter).newer(at, j.c.round) {
		j.held[key] = storedOf(r)
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
	case first.same(r):
		return isDuplicate, first
	}
	return isRevision, first
}

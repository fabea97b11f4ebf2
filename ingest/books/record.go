package books

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"quantrac/ingest"
	"quantrac/ingest/stream"
)

// line is what one gateway delivered for one station in one second of receipt.
type line struct {
	Key
	// At is received_at in Unix seconds.
	At int64 `json:"at"`
	Counts
}

// head is the Reading of a place that names a delivery as such, before its readings.
const head = -1

// place names one reading by where it stands in the intake log.
type place struct {
	Batch   uint64 `json:"b"`
	Entry   int    `json:"e"`
	Reading int    `json:"r"`
}

// startOf is the first place of a batch.
func startOf(batch uint64) place { return place{batch, 0, head} }

func (p place) before(o place) bool {
	return cmp.Or(cmp.Compare(p.Batch, o.Batch), cmp.Compare(p.Entry, o.Entry), cmp.Compare(p.Reading, o.Reading)) < 0
}

// record is one message of BOOKS: the verdicts on the intake log from From to To.
type record struct {
	From uint64 `json:"from"`
	To   uint64 `json:"to"`
	// Until is the first place in To that the next record judges; nil = To is judged to its end.
	Until *place `json:"until,omitempty"`
	Lines []line `json:"lines"`
	// Duplicates and Revisions are the readings that are not stored, in order; everything else is.
	Duplicates []stretch  `json:"duplicates,omitempty"`
	Revisions  []revision `json:"revisions,omitempty"`

	sequence uint64
}

// end is the first place behind the record.
func (r *record) end() place {
	if r.Until != nil {
		return *r.Until
	}
	return startOf(r.To + 1)
}

// stretch is N readings of one batch that follow each other, also from one delivery to the next; 0 = 1.
type stretch struct {
	place
	N int `json:"n,omitempty"`
}

// revision is a reading that contradicts an earlier one, which stays.
type revision struct {
	place
	// Kept is the number of the earlier one; nil = it had none. Flags and Usable are its, too.
	Kept       *float64 `json:"first"`
	KeptStatus uint8    `json:"status,omitempty"`
	KeptFlags  uint32   `json:"flags,omitempty"`
	KeptUsable bool     `json:"usable,omitempty"`
	Conflict   clash    `json:"other"`
}

// clash is what CONFLICTS keeps of a revision. Times are Unix ns. Records of older versions do not have it.
type clash struct {
	Station    string   `json:"s,omitempty"`
	Parameter  string   `json:"p,omitempty"`
	MeasuredAt int64    `json:"m,omitempty"`
	ReceivedAt int64    `json:"t,omitempty"`
	Gateway    string   `json:"g,omitempty"`
	Value      *float64 `json:"v,omitempty"`
	Status     uint8    `json:"c,omitempty"`
	Flags      uint32   `json:"f,omitempty"`
}

func number(v float64) *float64 {
	if math.IsNaN(v) {
		return nil
	}
	return &v
}

func valueOf(v *float64) float64 {
	if v == nil {
		return math.NaN()
	}
	return *v
}

func newRevision(p place, gateway string, first Stored, r *ingest.Reading) revision {
	return revision{
		place: p, Kept: number(first.Value), KeptStatus: uint8(first.Status), KeptFlags: uint32(first.Flags), KeptUsable: first.Usable,
		Conflict: clash{
			Station: r.Station, Parameter: r.Parameter, MeasuredAt: r.MeasuredAt.UnixNano(), ReceivedAt: r.ReceivedAt.UnixNano(), Gateway: gateway,
			Value: number(r.Value), Status: uint8(r.Status), Flags: uint32(r.Flags),
		},
	}
}

// mark is the earlier reading with the flag that says that there is another: what history gets of a revision.
func (r *revision) mark(of *ingest.Reading) ingest.Reading {
	out := *of
	out.Value, out.Status, out.Usable = valueOf(r.Kept), ingest.Status(r.KeptStatus), r.KeptUsable
	out.Flags = ingest.Flags(r.KeptFlags) | ingest.Revised
	return out
}

func decodeRecord(r stream.Record) (record, error) {
	rec := record{sequence: r.Sequence}
	if err := json.Unmarshal(r.Data, &rec); err != nil {
		return rec, fmt.Errorf("books record %d: %w", r.Sequence, err)
	}
	return rec, nil
}

// tally gathers the lines of a record.
type tally map[tallyKey]*Counts

type tallyKey struct {
	Key
	at int64
}

func (t tally) sorted() []line {
	out := make([]line, 0, len(t))
	for k, counts := range t {
		out = append(out, line{Key: k.Key, At: k.at, Counts: *counts})
	}
	slices.SortFunc(out, func(a, b line) int {
		return cmp.Or(cmp.Compare(a.Gateway, b.Gateway), cmp.Compare(a.Station, b.Station), cmp.Compare(a.At, b.At))
	})
	return out
}

// verdicts reads the recorded verdicts along a walk.
type verdicts struct {
	duplicates []stretch
	revisions  []revision
	left       int // of the stretch that the walk is in
}

func newVerdicts(recs []record) *verdicts {
	v := &verdicts{}
	if len(recs) == 1 {
		v.duplicates, v.revisions = recs[0].Duplicates, recs[0].Revisions
		return v
	}
	for i := range recs {
		v.duplicates, v.revisions = append(v.duplicates, recs[i].Duplicates...), append(v.revisions, recs[i].Revisions...)
	}
	return v
}

// on tells what is recorded of a reading; calls follow the order of the log.
func (v *verdicts) on(p place) (duplicate bool, rev *revision) {
	if v.left > 0 {
		v.left--
		return true, nil
	}
	for len(v.duplicates) > 0 && v.duplicates[0].before(p) {
		v.duplicates = v.duplicates[1:]
	}
	if len(v.duplicates) > 0 && v.duplicates[0].place == p {
		v.left = max(v.duplicates[0].N, 1) - 1
		v.duplicates = v.duplicates[1:]
		return true, nil
	}
	for len(v.revisions) > 0 && v.revisions[0].before(p) {
		v.revisions = v.revisions[1:]
	}
	if len(v.revisions) > 0 && v.revisions[0].place == p {
		rev, v.revisions = &v.revisions[0], v.revisions[1:]
	}
	return false, rev
}

// Package books keeps the ledger: for every gateway and station, received = stored + quarantined + duplicate + revised.
//
// It promises: what came in is counted exactly once, in one record of the BOOKS stream for each stretch of the intake log,
// appended under the expected sequence before history is written; after a crash the recorded verdicts are used again, never
// made anew; the first value of a (station, parameter, measured_at) stays in history, an equal one is a duplicate, another
// one a revision that is kept in the log and marked in history. In-order data costs no lookup.
package books

import (
	"encoding/json"
	"fmt"
	"math"
	"time"

	"quantrac/ingest"
	"quantrac/ingest/stream"
)

// Key names whom a line of the books is about. Station is "" for what belongs to no known station.
type Key struct {
	Gateway string `json:"gateway"`
	Station string `json:"station"`
}

// Counts are the figures of one line. Received is the sum of the others.
type Counts struct {
	Received    uint64 `json:"received"`
	Stored      uint64 `json:"stored"`
	Quarantined uint64 `json:"quarantined"`
	Duplicate   uint64 `json:"duplicate"`
	Revised     uint64 `json:"revised"`
}

func (c *Counts) add(o Counts) {
	c.Received += o.Received
	c.Stored += o.Stored
	c.Quarantined += o.Quarantined
	c.Duplicate += o.Duplicate
	c.Revised += o.Revised
}

// line is what one gateway delivered for one station in one second of receipt.
type line struct {
	Key
	// At is received_at in Unix seconds.
	At int64 `json:"at"`
	Counts
}

// place names one reading by where it stands in the intake log.
type place struct {
	Batch   uint64 `json:"b"`
	Entry   int    `json:"e"`
	Reading int    `json:"r"`
}

// record is one message of BOOKS: the verdicts on the intake log from From to To.
type record struct {
	From  uint64 `json:"from"`
	To    uint64 `json:"to"`
	Lines []line `json:"lines"`
	// Duplicates and Revisions are the readings that are not stored; everything else is.
	Duplicates []place    `json:"duplicates,omitempty"`
	Revisions  []revision `json:"revisions,omitempty"`
}

// revision is a reading that contradicts an earlier one, with the earlier one, which stays.
type revision struct {
	place
	// First is the number of the earlier one; nil = it had none.
	First  *float64 `json:"first"`
	Status uint8    `json:"status,omitempty"`
	Flags  uint32   `json:"flags,omitempty"`
	Usable bool     `json:"usable,omitempty"`
}

func newRevision(p place, first Stored) revision {
	r := revision{place: p, Status: uint8(first.Status), Flags: uint32(first.Flags), Usable: first.Usable}
	if !math.IsNaN(first.Value) {
		r.First = &first.Value
	}
	return r
}

// mark is the earlier reading with the flag that says that there is another: what history gets of a revision.
func (r *revision) mark(of *ingest.Reading) ingest.Reading {
	out := *of
	out.Value = math.NaN()
	if r.First != nil {
		out.Value = *r.First
	}
	out.Status, out.Usable = ingest.Status(r.Status), r.Usable
	out.Flags = ingest.Flags(r.Flags) | ingest.Revised
	return out
}

func decodeRecord(r stream.Record) (record, error) {
	var rec record
	if err := json.Unmarshal(r.Data, &rec); err != nil {
		return rec, fmt.Errorf("books record %d: %w", r.Sequence, err)
	}
	return rec, nil
}

// Gap is a stretch of sequence numbers that never came.
type Gap struct {
	// From and To are the times of the messages before and behind it.
	From    time.Time `json:"from"`
	To      time.Time `json:"to"`
	Missing uint64    `json:"missing"`
}

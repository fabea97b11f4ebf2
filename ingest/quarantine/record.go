package quarantine

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"quantrac/ingest"
	"quantrac/ingest/stream"
)

// A record of QUARANTINE is a JSON array of entries, or one entry alone as older versions wrote it.

// entry is what a record holds of one delivery. A delivery that was read again and left nothing over has no rejected part: it
// only marks its origin.
type entry struct {
	ingest.Quarantined
	booked
	// RetryOf is the id of the entry that was read again here, at MarkedAt; "" = a door brought it.
	RetryOf  string     `json:"retry_of,omitempty"`
	MarkedAt *time.Time `json:"marked_at,omitempty"`
	// Cut says that Body or Rejected is not whole.
	Cut bool `json:"cut,omitempty"`
}

// booked is how the books count the entry: Parts quarantined parts under Station. Older records do not have it.
type booked struct {
	Parts   int    `json:"parts,omitempty"`
	Station string `json:"station,omitempty"`
}

// bookedOf counts as the books do: a delivery without any reading once, else each rejected part under its first station.
func bookedOf(in *ingest.Intake) booked {
	if len(in.Readings) == 0 {
		return booked{Parts: 1}
	}
	return booked{Parts: len(in.Rejects), Station: in.Readings[0].Station}
}

func newEntry(in *ingest.Intake, p place, now time.Time) entry {
	d := &in.Delivery
	e := entry{RetryOf: d.Retry}
	e.ID, e.Batch, e.Index = p.id(), p.batch, p.index
	if d.Retry != "" {
		now = now.UTC()
		e.MarkedAt = &now
	}
	if len(in.Rejects) == 0 {
		return e
	}
	e.booked = bookedOf(in)
	e.ReceivedAt, e.Door, e.Gateway, e.Topic, e.Dialect = d.ReceivedAt, d.Door, d.Gateway, d.Topic, in.Dialect
	e.Accepted, e.Rejected, e.Body, e.Cut = len(in.Readings), in.Rejects, d.Body, d.TooLarge
	return e
}

// size is about what the entry takes in a record.
func (e *entry) size() int {
	const fixed, perReason = 300, 60
	n := fixed + len(e.Gateway) + len(e.Topic) + len(e.Body)*4/3
	for i := range e.Rejected {
		n += perReason + len(e.Rejected[i].Detail)
	}
	return n
}

// shortened is an entry that every log can carry. An entry that is refused for its size would hold up all behind it; the whole
// delivery stays in INTAKE as long as that is kept.
func (e entry) shortened() entry {
	const reasons, name = 100, 4 << 10
	e.Cut = true
	e.Body = e.Body[:min(len(e.Body), ingest.KeptTooLarge)]
	e.Gateway, e.Topic = e.Gateway[:min(len(e.Gateway), name)], e.Topic[:min(len(e.Topic), name)]
	if len(e.Rejected) > reasons {
		e.Rejected = append(slices.Clone(e.Rejected[:reasons]), ingest.Reject{
			Index: e.Rejected[reasons].Index, Reason: ingest.ReasonTooLarge, Detail: "what else is wrong is not listed, and the body is cut",
		})
	}
	return e
}

func encode(entries []entry) ([]byte, error) {
	data, err := json.Marshal(entries)
	if err != nil {
		return nil, fmt.Errorf("write quarantine entry %s: %w", entries[0].ID, err)
	}
	return data, nil
}

// head is what the index needs of an entry.
type head struct {
	ID       string          `json:"id"`
	Batch    uint64          `json:"batch"`
	Index    int             `json:"entry"`
	Door     string          `json:"door"`
	Gateway  string          `json:"gateway"`
	Rejected []ingest.Reject `json:"rejected"`
	RetryOf  string          `json:"retry_of"`
	MarkedAt *time.Time      `json:"marked_at"`
}

func (e *entry) head() head {
	return head{e.ID, e.Batch, e.Index, e.Door, e.Gateway, e.Rejected, e.RetryOf, e.MarkedAt}
}

func decodeHeads(r stream.Record) ([]head, error) { return decodeAs[head](r) }

func decode(r stream.Record) ([]entry, error) {
	entries, err := decodeAs[entry](r)
	for i := range entries {
		if e := &entries[i]; utf8.Valid(e.Body) {
			e.Text = string(e.Body)
		}
	}
	return entries, err
}

func decodeAs[T any](r stream.Record) (out []T, err error) {
	if len(r.Data) > 0 && r.Data[0] == '{' {
		out = make([]T, 1)
		err = json.Unmarshal(r.Data, &out[0])
	} else {
		err = json.Unmarshal(r.Data, &out)
	}
	if err != nil {
		return nil, fmt.Errorf("quarantine record %d: %w", r.Sequence, err)
	}
	return out, nil
}

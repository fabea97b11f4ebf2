package ingest

import (
	"context"
	"fmt"

	"quantrac/geo"
)

// Door is the way in, the same for every protocol: decode, check, append to the log, answer. Its fields are set once.
type Door struct {
	// Decode reads a delivery; an error means that nothing in it could be read.
	Decode    func(*Delivery) (Decoded, error)
	Registry  func() *geo.Registry
	Catalogue *Catalogue
	// Mappings are the vendors' names that somebody configured; nil = none are, and it may return nil.
	Mappings func() *Mappings
	// Resends recognises messages without a time that come again; nil = none is recognised.
	Resends *Resends
	// Watch flags values that stand still or jump; nil = none is flagged.
	Watch *Watch
	// Append hands an entry to the log. It blocks while the log is behind and calls done, in the order of the calls, once
	// the entry is on disk. An error from Append itself means that done will not be called.
	Append func(ctx context.Context, in *Intake, done func(error)) error
}

// Receipt is the answer to a delivery that is on disk.
type Receipt struct {
	// Accepted is the number of readings.
	Accepted int      `json:"accepted"`
	Rejected []Reject `json:"rejected"`
}

// NothingDecoded reports that the delivery went to quarantine whole.
func (r Receipt) NothingDecoded() bool { return r.Accepted == 0 }

// NotPermitted reports that the gateway may not speak for the station it named.
func (r Receipt) NotPermitted() bool {
	for _, rej := range r.Rejected {
		if rej.Reason == ReasonNotPermitted {
			return true
		}
	}
	return false
}

// Look decodes and checks a delivery and stores nothing; it leaves no trace either, so that values are not judged by those
// before them.
func (d *Door) Look(del Delivery) *Intake {
	f := d.facts()
	f.Curious = true
	return d.look(del, f)
}

func (d *Door) facts() Facts {
	f := Facts{Registry: d.Registry(), Catalogue: d.Catalogue}
	if d.Mappings != nil {
		f.Mappings = d.Mappings()
	}
	return f
}

func (d *Door) look(del Delivery, f Facts) *Intake {
	in := &Intake{Delivery: del}
	if del.TooLarge {
		in.Rejects = []Reject{{Reason: ReasonTooLarge, Detail: fmt.Sprintf("larger than %d bytes; the first %d are kept", MaxBody, len(del.Body))}}
		return in
	}
	if r, ok := f.Mappings.topic(del.Topic); ok && del.Dialect == "" {
		in.Delivery.Dialect = r.Dialect
	}
	decoded, err := d.Decode(&in.Delivery)
	if err != nil {
		in.Rejects = []Reject{{Reason: ReasonUndecodable, Detail: cut(err.Error(), maxDetail)}}
		return in
	}
	Check(f, &decoded, in)
	return in
}

// Submit takes a delivery and returns as soon as it is queued; done hears the receipt once it is on disk, in the order of
// the calls. Submit blocks while the log is behind, which is how overload slows a gateway.
func (d *Door) Submit(ctx context.Context, del Delivery, done func(Receipt, error)) error {
	f := d.facts()
	f.Resends, f.Watch = d.Resends, d.Watch
	in := d.look(del, f)
	receipt := Receipt{Accepted: len(in.Readings), Rejected: in.Rejects}
	return d.Append(ctx, in, func(err error) { done(receipt, err) })
}

// Submit is the way in as doors call it; see Door.Submit.
type Submit func(ctx context.Context, del Delivery, done func(Receipt, error)) error

// Accept takes a delivery and returns when it is on disk: nil is the ack.
func (submit Submit) Accept(ctx context.Context, del Delivery) (Receipt, error) {
	type answer struct {
		receipt Receipt
		err     error
	}
	ch := make(chan answer, 1)
	if err := submit(ctx, del, func(r Receipt, err error) { ch <- answer{r, err} }); err != nil {
		return Receipt{}, err
	}
	select {
	case a := <-ch:
		return a.receipt, a.err
	case <-ctx.Done():
		return Receipt{}, ctx.Err()
	}
}

package books

import (
	"quantrac/ingest"
	"quantrac/ingest/stream"
)

// walk goes over batches place by place: each delivery's head, then its readings.
type walk struct {
	batches []stream.Batch
	at      place
}

// walkFrom starts at a place; batches before it are left out.
func walkFrom(batches []stream.Batch, from place) *walk {
	for len(batches) > 0 && batches[0].Sequence < from.Batch {
		batches = batches[1:]
	}
	w := &walk{batches: batches, at: from}
	if len(batches) > 0 && batches[0].Sequence > from.Batch {
		w.at = startOf(batches[0].Sequence)
	}
	return w
}

// next returns the place under the walk and moves on. r is nil at the head of a delivery; in is nil at the end.
func (w *walk) next() (p place, in *ingest.Intake, r *ingest.Reading) {
	for len(w.batches) > 0 {
		b := &w.batches[0]
		if w.at.Entry >= len(b.Entries) {
			w.batches = w.batches[1:]
			if len(w.batches) > 0 {
				w.at = startOf(w.batches[0].Sequence)
			}
			continue
		}
		in = &b.Entries[w.at.Entry]
		p = w.at
		if p.Reading >= len(in.Readings) {
			w.at.Entry, w.at.Reading = p.Entry+1, head
			continue
		}
		w.at.Reading++
		if p.Reading != head {
			r = &in.Readings[p.Reading]
		}
		return p, in, r
	}
	return place{}, nil, nil
}

// rest is the place that next will return; ok is false at the end.
func (w *walk) rest() (place, bool) {
	ahead := *w
	p, in, _ := ahead.next()
	return p, in != nil
}

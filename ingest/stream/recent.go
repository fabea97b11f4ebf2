package stream

import (
	"strings"
	"sync"
	"time"
	"unsafe"

	"quantrac/ingest"
)

// recentBytes bounds what recent keeps: what a consumer may lag at the highest rate without reading back.
const recentBytes = 64 << 20

// recent keeps the newest batches as they were appended, so that the consumers share one copy of what each of them would have to
// read back and decode. It has no holes: a batch that does not follow the last one starts it anew. A batch leaves when every
// consumer has passed it, or when there are too many bytes.
type recent struct {
	// alone: nobody else writes to INTAKE, so that what is not here yet is not there yet.
	alone bool

	mu      sync.Mutex
	batches []recentBatch
	bytes   int
	newest  uint64
	// moved is closed when newest moves, freed when batches leave because all have passed them.
	moved, freed chan struct{}
}

type recentBatch struct {
	Batch
	encoded int // bytes in the log
	cost    int
}

func newRecent(newest uint64, alone bool) *recent {
	return &recent{newest: newest, alone: alone, moved: make(chan struct{}), freed: make(chan struct{})}
}

// add takes a batch that is on disk.
func (r *recent) add(b Batch, encoded int) {
	cost := encoded
	for i := range b.Entries {
		in := &b.Entries[i]
		cost += int(unsafe.Sizeof(*in)) + len(in.Readings)*int(unsafe.Sizeof(ingest.Reading{})) +
			len(in.Marks)*int(unsafe.Sizeof(ingest.Mark{})) + len(in.Rejects)*int(unsafe.Sizeof(ingest.Reject{}))
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := len(r.batches); n > 0 && r.batches[n-1].Sequence+1 != b.Sequence {
		r.batches, r.bytes = nil, 0
	}
	r.batches = append(r.batches, recentBatch{b, encoded, cost})
	r.bytes += cost
	for r.bytes > recentBytes && len(r.batches) > 1 {
		r.drop()
	}
	if b.Sequence > r.newest {
		r.newest = b.Sequence
		close(r.moved)
		r.moved = make(chan struct{})
	}
}

func (r *recent) drop() {
	r.bytes -= r.batches[0].cost
	r.batches[0] = recentBatch{}
	r.batches = r.batches[1:]
}

// forget drops the batches up to a sequence.
func (r *recent) forget(upto uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.batches) == 0 || r.batches[0].Sequence > upto {
		return
	}
	for len(r.batches) > 0 && r.batches[0].Sequence <= upto {
		r.drop()
	}
	close(r.freed)
	r.freed = make(chan struct{})
}

// crowded returns what tells when there is more room, if what consumers have still to read will soon be too much to keep; nil when
// there is room, or a consumer reads from the log already.
func (r *recent) crowded(slowest uint64) <-chan struct{} {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.alone || r.bytes < recentBytes/4*3 || len(r.batches) == 0 || slowest+1 < r.batches[0].Sequence {
		return nil
	}
	return r.freed
}

// get returns one batch.
func (r *recent) get(sequence uint64) (Batch, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if i, ok := r.find(sequence); ok {
		return r.batches[i].Batch, true
	}
	return Batch{}, false
}

func (r *recent) find(sequence uint64) (int, bool) {
	if len(r.batches) == 0 || sequence < r.batches[0].Sequence {
		return 0, false
	}
	i := sequence - r.batches[0].Sequence
	return int(i), i < uint64(len(r.batches))
}

// after returns the batches that follow a sequence, as many as one call of a handler takes. When there are none, but the next one
// will come here, moved tells when; when moved is nil as well, the next one is to be read from the log.
func (r *recent) after(sequence uint64) (batches []Batch, moved <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.alone {
		return nil, nil
	}
	if sequence >= r.newest {
		return nil, r.moved
	}
	i, ok := r.find(sequence + 1)
	if !ok {
		return nil, nil
	}
	for size := 0; i < len(r.batches) && len(batches) < handleMessages && size < handleBytes; i++ {
		batches = append(batches, r.batches[i].Batch)
		size += r.batches[i].encoded
	}
	return batches, nil
}

// fewEntries is how many entries are worth a handler's call at once, however long it likes to linger.
const fewEntries = 512

func areFew(batches []Batch) bool {
	n := 0
	for i := range batches {
		n += len(batches[i].Entries)
	}
	return n < fewEntries && len(batches) < handleMessages
}

// serves reports whether after has what follows a sequence, or will have it.
func (r *recent) serves(sequence uint64) bool {
	batches, moved := r.after(sequence)
	return len(batches) > 0 || moved != nil
}

// asRead is an entry as a consumer would read it from the log; body is where the log's copy holds its bytes. The readings are those
// of the original, brought into the form that decoding gives.
func asRead(in *ingest.Intake, body []byte) ingest.Intake {
	d := &in.Delivery
	out := ingest.Intake{
		Delivery: ingest.Delivery{
			Door: d.Door, Gateway: d.Gateway, Topic: d.Topic, ReceivedAt: exact(d.ReceivedAt), Dup: d.Dup, TooLarge: d.TooLarge, Body: body,
			Retry: d.Retry, Parts: max(d.Parts, 0),
		},
		Dialect: in.Dialect, Readings: in.Readings, Marks: in.Marks, Rejects: in.Rejects,
	}
	for i := range out.Readings {
		r := &out.Readings[i]
		r.MeasuredAt, r.ReceivedAt = exact(r.MeasuredAt), out.Delivery.ReceivedAt
		if r.Flags&ingest.UnitUnknown != 0 {
			r.Unit = strings.Clone(r.Unit) // it may be a piece of a body that nobody needs any more
		}
	}
	for i := range out.Marks {
		m := &out.Marks[i]
		m.Index, m.MeasuredAt, m.LocalTime = 0, exact(m.MeasuredAt), false
	}
	return out
}

// exact is a time as the log keeps it.
func exact(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return instant(uint64(t.UnixNano()))
}

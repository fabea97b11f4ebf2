package quarantine

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"slices"
	"sort"

	"quantrac/ingest"
)

// place is where a delivery stands in the intake log.
type place struct {
	batch uint64
	index int
}

func (p place) id() string { return fmt.Sprintf("%d-%d", p.batch, p.index) }

func (p place) before(o place) bool { return p.compare(o) < 0 }

func (p place) compare(o place) int {
	return cmp.Or(cmp.Compare(p.batch, o.batch), cmp.Compare(p.index, o.index))
}

func parseID(id string) (place, bool) {
	var p place
	if _, err := fmt.Sscanf(id, "%d-%d", &p.batch, &p.index); err != nil || p.id() != id {
		return place{}, false
	}
	return p, true
}

// item is what the index keeps of one entry: 48 bytes.
type item struct {
	seq   uint64 // of the record
	batch uint64
	// retriedAt is Unix ns; 0 = open.
	retriedAt     int64
	index         uint32
	size          uint32
	door, gateway uint32 // hashes
	sub           uint16 // place in the record
	// reasons is a set; empty = no entry, only the mark of a retry.
	reasons uint16
}

// subBits is the width of sub in a cursor.
const subBits = 8

// cursor is the item's place in lists.
func (it *item) cursor() uint64 { return it.seq<<subBits | uint64(it.sub) }

func (it *item) place() place { return place{it.batch, int(it.index)} }

// entryCost is what each entry counts beside its bytes, so that the budget bounds the index too, whatever is sent.
const entryCost = 1 << 10

func (it *item) cost() int64 { return int64(it.size) + entryCost }

// index knows all entries, in the order of the log.
type index struct {
	items []item
	bytes int64
	// entries counts the items that are more than a mark.
	entries int
	// last is the newest place that was seen; known = there is one.
	last  place
	known bool
}

func (x *index) add(sequence uint64, sub, size int, h *head) {
	it := item{
		seq: sequence, batch: h.Batch, index: uint32(h.Index), size: uint32(size), sub: uint16(sub),
		door: hash(h.Door), gateway: hash(h.Gateway),
	}
	for i := range h.Rejected {
		it.reasons |= reasonBit(h.Rejected[i].Reason)
	}
	if it.reasons != 0 {
		x.entries++
	}
	x.items = append(x.items, it)
	x.bytes += it.cost()
	x.last, x.known = it.place(), true
	if origin, ok := parseID(h.RetryOf); ok && h.MarkedAt != nil {
		if i, ok := x.find(origin); ok {
			x.items[i].retriedAt = h.MarkedAt.UnixNano()
		}
	}
}

func (x *index) find(p place) (int, bool) {
	i, ok := slices.BinarySearchFunc(x.items, p, func(it item, p place) int { return it.place().compare(p) })
	return i, ok && x.items[i].reasons != 0
}

// below is how many items a cursor has in front of it.
func (x *index) below(cursor uint64) int {
	return sort.Search(len(x.items), func(i int) bool { return x.items[i].cursor() >= cursor })
}

// drop forgets the items of the records up to a sequence.
func (x *index) drop(upto uint64) (entries int) {
	n := x.below((upto + 1) << subBits)
	for i := range x.items[:n] {
		x.bytes -= x.items[i].cost()
		if x.items[i].reasons != 0 {
			entries++
		}
	}
	x.items = x.items[n:]
	x.entries -= entries
	if len(x.items) < cap(x.items)/4 {
		x.items = slices.Clone(x.items)
	}
	return entries
}

func hash(s string) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(s))
	return h.Sum32()
}

// reasonBit is a reason's place in a set; all that are not known here share one.
func reasonBit(reason string) uint16 {
	for i, known := range []string{
		ingest.ReasonUndecodable, ingest.ReasonTooLarge, ingest.ReasonTooManyItems, ingest.ReasonNoValues, ingest.ReasonNoStation,
		ingest.ReasonUnknownStation, ingest.ReasonUnknownParameter, ingest.ReasonNotPermitted, ingest.ReasonBadTime, ingest.ReasonFuture,
		ingest.ReasonTooOld,
	} {
		if reason == known {
			return 1 << i
		}
	}
	return 1 << 15
}

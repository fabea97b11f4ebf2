package quality

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
)

// shards is into how many parts a day is cut, by station: a save writes few values, and each fits into a message of the log.
const shards = 16

// shardOf hashes by FNV-1a, without making a hasher for each reading.
func shardOf(station string, of uint32) uint32 {
	const offset, prime = 2166136261, 16777619
	h := uint32(offset)
	for i := range len(station) {
		h = (h ^ uint32(station[i])) * prime
	}
	return h % of
}

// place names a part.
type place struct {
	day   int64
	shard uint32
}

func placeOf(station string, day int64) place { return place{day, shardOf(station, shards)} }

func (p place) key() string { return fmt.Sprintf("d%d.%02d", p.day, p.shard) }

// part is what is counted for a local day and the stations of one shard. Station "" holds what belongs to none.
type part struct {
	// upto is the batch of the log up to which everything is in it.
	upto uint64
	// daily: its hours were given up.
	daily    bool
	stations map[string]*day
}

func newPart() *part { return &part{stations: map[string]*day{}} }

func (p *part) station(id string) *day {
	d := p.stations[id]
	if d == nil {
		d = &day{}
		p.stations[id] = d
	}
	return d
}

func (p *part) add(o *part) {
	for id, d := range o.stations {
		p.station(id).add(d, p.daily)
	}
}

// collapsed is the part without its hours.
func (p *part) collapsed() *part {
	out := &part{upto: p.upto, daily: true, stations: make(map[string]*day, len(p.stations))}
	out.add(p)
	return out
}

const partVersion = 1

// encode writes the version, upto, whether it is daily, and for each station its parameters and hours. Numbers are varints; of an
// hour's counters a mask says which are not 0.
func (p *part) encode() []byte {
	b := binary.AppendUvarint([]byte{partVersion}, p.upto)
	daily := byte(0)
	if p.daily {
		daily = 1
	}
	b = append(b, daily)
	for _, id := range slices.Sorted(maps.Keys(p.stations)) {
		b = p.stations[id].encode(appendText(b, id))
	}
	return b
}

func (d *day) encode(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(d.params)))
	for _, code := range d.params {
		b = appendText(b, code)
	}
	present := uint64(0)
	for i, h := range d.hours {
		if h != nil {
			present |= 1 << i
		}
	}
	b = binary.AppendUvarint(b, present)
	for _, h := range d.hours {
		if h != nil {
			b = h.encode(b)
		}
	}
	return b
}

func (h *hour) encode(b []byte) []byte {
	b = binary.AppendUvarint(b, uint64(h.slots))
	b = appendSparse(b, h.n[:])
	b = appendSparse(b, h.lag[:])
	b = binary.AppendUvarint(b, uint64(len(h.params)))
	for _, p := range h.params {
		b = binary.AppendVarint(binary.AppendVarint(b, int64(p.received)), int64(p.wrong))
	}
	return b
}

// appendSparse writes the numbers that are not 0 behind a mask that says which.
func appendSparse(b []byte, numbers []int32) []byte {
	mask := uint64(0)
	for i, n := range numbers {
		if n != 0 {
			mask |= 1 << i
		}
	}
	b = binary.AppendUvarint(b, mask)
	for _, n := range numbers {
		if n != 0 {
			b = binary.AppendVarint(b, int64(n))
		}
	}
	return b
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

var errDamaged = errors.New("is damaged")

func decodePart(b []byte) (*part, error) { return decode(b, false) }

// decode reads a part, if daily says so without its hours.
func decode(b []byte, daily bool) (*part, error) {
	p := newPart()
	if len(b) == 0 || b[0] != partVersion {
		return nil, errDamaged
	}
	r := reader{b: b[1:]}
	p.upto = r.uvarint()
	p.daily = r.take(1) == "\x01"
	r.daily = daily && !p.daily
	p.daily = p.daily || daily
	for len(r.b) > 0 && !r.bad {
		id := r.text()
		p.stations[id] = r.day()
	}
	if r.bad {
		return nil, errDamaged
	}
	return p, nil
}

// reader reads what encode wrote. After something that cannot be, bad is set and everything reads as 0.
type reader struct {
	b   []byte
	bad bool
	// daily: the hours of a day are added up in its first.
	daily bool
}

// mostParams bounds what a damaged value can claim.
const mostParams = 1 << 12

func (r *reader) day() *day {
	d := &day{}
	n := r.uvarint()
	if n > mostParams {
		r.bad = true
		return d
	}
	for range n {
		d.params = append(d.params, r.text())
	}
	present := r.uvarint()
	for i := range int64(len(d.hours)) {
		switch {
		case present&(1<<i) == 0 || r.bad:
		case r.daily:
			r.hour(d.hour(0), len(d.params))
			d.hours[0].slots = 0
		default:
			r.hour(d.hour(i), len(d.params))
		}
	}
	return d
}

// hour adds what it reads.
func (r *reader) hour(h *hour, params int) {
	h.slots |= uint16(r.uvarint())
	r.sparse(h.n[:])
	r.sparse(h.lag[:])
	n := r.uvarint()
	if n > uint64(params) {
		r.bad = true
		return
	}
	for i := range int(n) {
		p := h.param(i)
		p.received += r.count()
		p.wrong += r.count()
	}
}

func (r *reader) sparse(numbers []int32) {
	mask := r.uvarint()
	r.bad = r.bad || mask>>len(numbers) != 0
	for i := range numbers {
		if mask&(1<<i) != 0 {
			numbers[i] += r.count()
		}
	}
}

func (r *reader) count() int32 {
	v := r.varint()
	if v < math.MinInt32 || v > math.MaxInt32 {
		r.bad = true
		return 0
	}
	return int32(v)
}

func (r *reader) took(n int) bool {
	if r.bad || n <= 0 {
		r.bad = true
		return false
	}
	r.b = r.b[n:]
	return true
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if !r.took(n) {
		return 0
	}
	return v
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.b)
	if !r.took(n) {
		return 0
	}
	return v
}

func (r *reader) text() string { return r.take(r.uvarint()) }

func (r *reader) take(n uint64) string {
	if r.bad || n > uint64(len(r.b)) {
		r.bad = true
		return ""
	}
	s := string(r.b[:n])
	r.b = r.b[n:]
	return s
}

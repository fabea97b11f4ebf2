package books

import (
	"cmp"
	"encoding/binary"
	"errors"
	"maps"
	"slices"
	"strings"
)

// stationOf is the station of a holder, "" for those of what belongs to none.
func stationOf(id string) string {
	if strings.HasPrefix(id, "_") {
		return ""
	}
	return id
}

// dayPart is one value of the archive: the figures of one day, of the stations of one shard.
type dayPart struct {
	// upto is the record of BOOKS up to which everything is in it.
	upto uint64
	// daily: the figures are of the day, under its first hour.
	daily  bool
	counts map[Key][]hourCount
}

func newDayPart() dayPart { return dayPart{counts: map[Key][]hourCount{}} }

func (v *dayPart) add(k Key, hc hourCount) {
	if v.daily {
		hc.Hour = dayOf(hc.Hour) * hoursPerDay
	}
	hours := v.counts[k]
	for i := range hours {
		if hours[i].Hour == hc.Hour {
			hours[i].add(hc.Counts)
			return
		}
	}
	v.counts[k] = append(hours, hc)
}

// toDay gives up the hours.
func (v *dayPart) toDay(day int64) {
	if v.daily {
		return
	}
	v.daily = true
	for k, hours := range v.counts {
		sum := hourCount{Hour: day * hoursPerDay}
		for i := range hours {
			sum.add(hours[i].Counts)
		}
		v.counts[k] = []hourCount{sum}
	}
}

// toOthers gives up the gateways.
func (v *dayPart) toOthers() {
	all := v.counts
	v.counts = map[Key][]hourCount{}
	for k, hours := range all {
		for _, hc := range hours {
			v.add(Key{Others, k.Station}, hc)
		}
	}
}

const dayPartVersion = 1

// encode writes the version, upto, whether it is daily, and for each key its texts and hours; received is the sum of the others and
// not written. Numbers are varints.
func (v *dayPart) encode() []byte {
	b := []byte{dayPartVersion}
	b = binary.AppendUvarint(b, v.upto)
	daily := byte(0)
	if v.daily {
		daily = 1
	}
	b = append(b, daily)
	for _, k := range slices.SortedFunc(maps.Keys(v.counts), func(a, b Key) int {
		return cmp.Or(cmp.Compare(a.Station, b.Station), cmp.Compare(a.Gateway, b.Gateway))
	}) {
		b = appendText(appendText(b, k.Gateway), k.Station)
		b = binary.AppendUvarint(b, uint64(len(v.counts[k])))
		for _, hc := range v.counts[k] {
			for _, n := range [...]int64{hc.Hour, hc.Stored, hc.Quarantined, hc.Duplicate, hc.Revised} {
				b = binary.AppendVarint(b, n)
			}
		}
	}
	return b
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

var errDayPart = errors.New("is damaged")

func decodeDayPart(b []byte) (dayPart, error) {
	v := newDayPart()
	if len(b) == 0 || b[0] != dayPartVersion {
		return v, errDayPart
	}
	r := partReader{b: b[1:]}
	v.upto = r.uvarint()
	v.daily = r.bytes(1) == "\x01"
	for len(r.b) > 0 && !r.bad {
		k := Key{Gateway: r.text()}
		k.Station = r.text()
		for n := r.uvarint(); n > 0 && !r.bad; n-- {
			hc := hourCount{Hour: r.varint()}
			hc.Stored, hc.Quarantined, hc.Duplicate, hc.Revised = r.varint(), r.varint(), r.varint(), r.varint()
			hc.Received = hc.Stored + hc.Quarantined + hc.Duplicate + hc.Revised
			v.counts[k] = append(v.counts[k], hc)
		}
	}
	if r.bad {
		return v, errDayPart
	}
	return v, nil
}

type partReader struct {
	b   []byte
	bad bool
}

func (r *partReader) took(n int) {
	if n <= 0 {
		r.bad = true
		return
	}
	r.b = r.b[n:]
}

func (r *partReader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	r.took(n)
	return v
}

func (r *partReader) varint() int64 {
	v, n := binary.Varint(r.b)
	r.took(n)
	return v
}

func (r *partReader) text() string { return r.bytes(r.uvarint()) }

func (r *partReader) bytes(n uint64) string {
	if r.bad || n > uint64(len(r.b)) {
		r.bad = true
		return ""
	}
	s := string(r.b[:n])
	r.b = r.b[n:]
	return s
}

package quality

import (
	"encoding/binary"
	"maps"
	"slices"
	"strings"
)

// stateShards is into how many values the states of the stations are cut.
const stateShards = 4

// state is what is remembered of a station from one day to the next.
type state struct {
	// known is since when the registry has the station, first the earliest time at which it measured something, in Unix seconds;
	// none = never.
	known, first int64
	// aliveUntil is until when its newest record is fresh, in Unix seconds.
	aliveUntil int64
}

const none = -1

// begin is when something begins to be expected of a station, in Unix seconds; ok is false where it never does.
func (st *state) begin() (at int64, ok bool) {
	switch {
	case st.first == none:
		return st.known, st.known != none
	case st.known == none:
		return st.first, true
	}
	return min(st.known, st.first), true
}

// stateSet is the states of one shard. What comes again after a crash moves no state: each is a least or a greatest.
type stateSet struct {
	changed  bool
	stations map[string]*state
}

func (t *stateSet) of(id string) *state {
	st := t.stations[id]
	if st == nil {
		st = &state{known: none, first: none}
		t.stations[strings.Clone(id)] = st
		t.changed = true
	}
	return st
}

func (t *stateSet) encode() []byte {
	b := []byte{partVersion}
	for _, id := range slices.Sorted(maps.Keys(t.stations)) {
		st := t.stations[id]
		b = appendText(b, id)
		for _, n := range [...]int64{st.known, st.first, st.aliveUntil} {
			b = binary.AppendVarint(b, n)
		}
	}
	return b
}

func decodeStates(b []byte) (*stateSet, error) {
	t := &stateSet{stations: map[string]*state{}}
	if len(b) == 0 || b[0] != partVersion {
		return nil, errDamaged
	}
	r := reader{b: b[1:]}
	for len(r.b) > 0 && !r.bad {
		id := r.text()
		t.stations[id] = &state{known: r.varint(), first: r.varint(), aliveUntil: r.varint()}
	}
	if r.bad {
		return nil, errDamaged
	}
	return t, nil
}

// nearState is the station whose state was moved last.
type nearState struct {
	id  string
	set *stateSet
	st  *state
}

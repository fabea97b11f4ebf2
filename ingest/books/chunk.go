package books

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// groups is into how many chunks the holders are put together: a write costs an fsync, however little it holds.
const groups = 256

// hoursKey is the chunk of the hours that BOOKS still holds line by line.
const hoursKey = "hours"

func groupOf(id string) uint8 { return uint8(hash(id) % groups) }

func groupKey(group uint8) string { return fmt.Sprintf("g%02x", group) }

// chunk is a holder in the snapshot.
type chunk struct {
	Newest    map[string]int64 `json:"newest,omitempty"`
	Sequences sequences        `json:"sequences"`
	Accounts  []account        `json:"accounts,omitempty"`
	Conflicts uint64           `json:"conflicts,omitempty"`
}

// groupChunk is a group of holders, with the record of BOOKS up to which their accounts are made up.
type groupChunk struct {
	Posted  uint64           `json:"posted"`
	Holders map[string]chunk `json:"holders"`
}

func (h *holder) chunk() chunk {
	c := chunk{Newest: map[string]int64{}, Sequences: h.sequences, Accounts: h.accounts, Conflicts: h.conflicts}
	for i := range h.series {
		if s := &h.series[i]; s.known {
			c.Newest[s.parameter] = s.newest
		}
	}
	return c
}

// restore takes one chunk.
func (c *Clerk) restore(key string, data []byte) error {
	if key == hoursKey {
		if err := json.Unmarshal(data, &c.fine); err != nil {
			return fmt.Errorf("chunk %s: %w", key, err)
		}
		return nil
	}
	var g groupChunk
	if err := json.Unmarshal(data, &g); err != nil {
		return fmt.Errorf("chunk %s: %w", key, err)
	}
	for id, held := range g.Holders {
		h := c.holder(id)
		h.sequences, h.accounts, h.conflicts, h.posted = held.Sequences, held.Accounts, held.Conflicts, g.Posted
		for _, p := range slices.Sorted(maps.Keys(held.Newest)) {
			h.series = append(h.series, series{parameter: p, newest: held.Newest[p], known: true})
		}
	}
	return nil
}

// snapshot is the other way round.
func (c *Clerk) snapshot(key string) []byte {
	if key == hoursKey {
		data, _ := json.Marshal(c.fine) // numbers: cannot fail
		return data
	}
	group, _ := strconv.ParseUint(key[1:], 16, 8) // from groupKey
	out := groupChunk{Posted: c.last, Holders: map[string]chunk{}}
	for _, id := range c.members[group] {
		out.Holders[id] = c.holders[id].chunk()
	}
	data, _ := json.Marshal(out) // texts and numbers: cannot fail
	return data
}

// changed lists the chunks to be written.
func (c *Clerk) changed() []string {
	keys := []string{hoursKey}
	for group, dirty := range c.dirty {
		if dirty {
			keys = append(keys, groupKey(uint8(group)))
		}
	}
	return keys
}

func (c *Clerk) touch(h *holder) { c.dirty[h.group] = true }

// has reports whether a holder's chunk contains a batch already.
func (c *Clerk) has(h *holder, batch uint64) bool {
	return batch <= c.restoredTo && c.snapshots.Has(groupKey(h.group), batch)
}

// holder finds what is remembered of a station, or of a part of what belongs to none, and makes it where there is nothing.
func (c *Clerk) holder(id string) *holder {
	if h := c.holders[id]; h != nil {
		return h
	}
	h := &holder{group: groupOf(id)}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.holders[id] = h
	c.members[h.group] = append(c.members[h.group], id)
	return h
}

package webhook

import (
	"hash/fnv"
	"io"
	"slices"
)

const (
	// blockRecords is how many records of DELIVERIES make a block, by sequence.
	blockRecords = 2048
	// filterBytes is a byte for each record: of 50 blocks that do not speak of an alert at most one is read in vain.
	filterBytes  = blockRecords
	filterProbes = 5
)

// filter is a Bloom filter: it says of which alerts and webhooks a block may speak.
type filter []byte

func bits(key string) (first, step uint32) {
	h := fnv.New64a()
	_, _ = io.WriteString(h, key)
	sum := h.Sum64()
	return uint32(sum), uint32(sum>>32) | 1
}

func (f filter) add(key string) {
	at, step := bits(key)
	for range filterProbes {
		f[at/8%filterBytes] |= 1 << (at % 8)
		at += step
	}
}

func (f filter) may(key string) bool {
	at, step := bits(key)
	for range filterProbes {
		if f[at/8%filterBytes]&(1<<(at%8)) == 0 {
			return false
		}
		at += step
	}
	return true
}

// blocks find the records of a webhook or an alert: those of the last, open blocks one by one, those of sealed ones by a filter for
// each block.
type blocks struct {
	sealed []filter
	// saved is how many of sealed are on disk.
	saved int
	// open is the filter of the block behind the sealed ones, as far as the stream was read.
	open filter
	// records of what is not sealed, in order.
	byWebhook, byAlert map[string][]uint64
}

func newBlocks() blocks {
	return blocks{open: make(filter, filterBytes), byWebhook: map[string][]uint64{}, byAlert: map[string][]uint64{}}
}

// end is the last record of the sealed blocks.
func (b *blocks) end() uint64 { return uint64(len(b.sealed)) * blockRecords }

// index notes where a record is, once.
func (b *blocks) index(seq uint64, a *Attempt) {
	if seq <= b.end() {
		return
	}
	insert := func(m map[string][]uint64, key string) {
		if key == "" {
			return
		}
		if i, found := slices.BinarySearch(m[key], seq); !found {
			m[key] = slices.Insert(m[key], i, seq)
		}
	}
	insert(b.byWebhook, a.Webhook)
	insert(b.byAlert, a.Alert)
}

// follow notes a record that was read from the stream, in order, and seals the blocks that lie before it.
func (b *blocks) follow(seq uint64, a *Attempt) {
	if seq <= b.end() {
		return
	}
	for seq > b.end()+blockRecords {
		b.seal()
	}
	b.open.add(a.Webhook)
	b.open.add(a.Alert)
	if seq == b.end()+blockRecords {
		b.seal()
	}
}

func (b *blocks) seal() {
	b.sealed = append(b.sealed, b.open)
	b.open = make(filter, filterBytes)
	for _, m := range []map[string][]uint64{b.byWebhook, b.byAlert} {
		for key, list := range m {
			i, _ := slices.BinarySearch(list, b.end()+1)
			if i == len(list) {
				delete(m, key)
				continue
			}
			m[key] = slices.Clone(list[i:])
		}
	}
}

// holding lists the sealed blocks that may speak of key, newest first.
func (b *blocks) holding(key string) []int {
	var list []int
	for i, f := range slices.Backward(b.sealed) {
		if f.may(key) {
			list = append(list, i)
		}
	}
	return list
}

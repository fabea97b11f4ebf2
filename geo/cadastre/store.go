package cadastre

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"quantrac/geo"
	"quantrac/ingest/stream"
)

// store keeps batches of edits in a bucket. A batch that is larger than one value of the bucket is cut into parts, and counts only when
// all of them are there: so an import is in force as a whole or not at all, whenever the power goes.
type store struct {
	bucket *stream.Bucket
	last   uint64
	parts  map[uint64]int
}

// part is one value of the bucket.
type part struct {
	// Of is the number of parts of the batch.
	Of    int        `json:"of"`
	Edits []geo.Edit `json:"edits"`
}

const (
	// partSize is well below what a message of the log can carry.
	partSize = 512 << 10
	// mostBatches is how many batches are kept before they are written as one.
	mostBatches = 100
)

func partKey(batch uint64, n int) string { return fmt.Sprintf("batch.%d.%d", batch, n) }

// openStore reads every edit, in the order in which they were made.
func openStore(ctx context.Context, log *stream.Log) (*store, []geo.Edit, error) {
	bucket, err := log.Bucket(ctx, "registry")
	if err != nil {
		return nil, nil, err
	}
	s := &store{bucket: bucket, parts: map[uint64]int{}}
	found := map[uint64]map[int]part{}
	err = bucket.All(ctx, func(key string, value []byte) error {
		var batch uint64
		var n int
		var p part
		if _, err := fmt.Sscanf(key, "batch.%d.%d", &batch, &n); err != nil {
			return fmt.Errorf("bucket registry holds %s, which this program does not know", key)
		}
		if err := json.Unmarshal(value, &p); err != nil {
			return fmt.Errorf("stored edits %s cannot be read: %w", key, err)
		}
		if found[batch] == nil {
			found[batch] = map[int]part{}
		}
		found[batch][n] = p
		s.last = max(s.last, batch)
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	all, err := s.gather(ctx, found)
	if err != nil {
		return nil, nil, err
	}
	return s, all, s.compact(ctx, all)
}

// gather puts the batches in their order. One of which a part is missing never was: it is taken away.
func (s *store) gather(ctx context.Context, found map[uint64]map[int]part) ([]geo.Edit, error) {
	batches := make([]uint64, 0, len(found))
	for batch := range found {
		batches = append(batches, batch)
	}
	slices.Sort(batches)
	var all []geo.Edit
	for _, batch := range batches {
		parts := found[batch]
		s.parts[batch] = parts[0].Of
		if len(parts) != cmp.Or(parts[0].Of, -1) {
			for n := range parts {
				if err := s.bucket.Delete(ctx, partKey(batch, n)); err != nil {
					return nil, err
				}
			}
			delete(s.parts, batch)
			continue
		}
		for n := range parts[0].Of {
			all = append(all, parts[n].Edits...)
		}
	}
	return all, nil
}

// compact writes many batches as one. Whenever it is interrupted, reading all that is there gives the same.
func (s *store) compact(ctx context.Context, all []geo.Edit) error {
	if len(s.parts) <= mostBatches {
		return nil
	}
	old := s.parts
	s.parts = map[uint64]int{}
	if rest := editsOf(all).list(); len(rest) > 0 {
		if _, err := s.add(ctx, rest); err != nil {
			return err
		}
	}
	batches := make([]uint64, 0, len(old))
	for batch := range old {
		batches = append(batches, batch)
	}
	slices.Sort(batches) // an edit that was taken back must not outlive what took it back
	for _, batch := range batches {
		if err := s.remove(ctx, batch, old[batch]); err != nil {
			return err
		}
	}
	return nil
}

// add keeps a batch and returns its number.
func (s *store) add(ctx context.Context, changes []geo.Edit) (uint64, error) {
	values, err := cut(changes)
	if err != nil {
		return 0, err
	}
	s.last++
	batch := s.last
	for n := len(values) - 1; n >= 0; n-- {
		if err := s.bucket.Put(ctx, partKey(batch, n), values[n]); err != nil {
			return batch, err
		}
	}
	s.parts[batch] = len(values)
	return batch, nil
}

// cut writes edits as parts that the log can carry.
func cut(changes []geo.Edit) ([][]byte, error) {
	var parts [][]geo.Edit
	size := partSize
	for _, e := range changes {
		b, err := json.Marshal(e)
		if err != nil {
			return nil, fmt.Errorf("write the edit of %s: %w", e.Key(), err)
		}
		if len(b) > partSize {
			return nil, fmt.Errorf("%s: %w", e.Key(), ErrTooLarge)
		}
		if size += len(b); size > partSize {
			parts, size = append(parts, nil), len(b)
		}
		parts[len(parts)-1] = append(parts[len(parts)-1], e)
	}
	values := make([][]byte, len(parts))
	for n, edits := range parts {
		b, err := json.Marshal(part{len(parts), edits})
		if err != nil {
			return nil, fmt.Errorf("write edits: %w", err)
		}
		values[n] = b
	}
	return values, nil
}

// drop takes the newest batch away again.
func (s *store) drop(ctx context.Context, batch uint64) error {
	return s.remove(ctx, batch, s.parts[batch])
}

// remove deletes part 0 first: without it the rest is no batch.
func (s *store) remove(ctx context.Context, batch uint64, parts int) error {
	for n := range parts {
		if err := s.bucket.Delete(ctx, partKey(batch, n)); err != nil {
			return err
		}
	}
	delete(s.parts, batch)
	return nil
}

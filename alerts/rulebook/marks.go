package rulebook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"quantrac/alerts"
	"quantrac/ingest/stream"
)

// ErrNoMark means that nobody recorded here that a set was compared with the official text.
var ErrNoMark = errors.New("no such record was made here; what the file of limits says of itself is changed there")

// Marks say which limit sets were compared with the official text. They are safe for concurrent use.
type Marks struct {
	bucket *stream.Bucket
	use    func(ctx context.Context, marks []alerts.LimitMark) error
	mu     sync.Mutex // one change at a time
	list   atomic.Pointer[[]alerts.LimitMark]
}

// OpenMarks reads the marks. use puts a changed list in force; with its error the one before is in force still.
func OpenMarks(ctx context.Context, log *stream.Log, use func(ctx context.Context, marks []alerts.LimitMark) error) (*Marks, error) {
	bucket, err := log.Bucket(ctx, "limits")
	if err != nil {
		return nil, err
	}
	m := &Marks{bucket: bucket, use: use}
	list := []alerts.LimitMark{}
	err = bucket.All(ctx, func(id string, value []byte) error {
		var mark alerts.LimitMark
		if err := json.Unmarshal(value, &mark); err != nil {
			return fmt.Errorf("stored mark of limit set %s cannot be read: %w", id, err)
		}
		list = append(list, mark)
		return nil
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(list, bySet)
	m.list.Store(&list)
	return m, nil
}

func bySet(a, b alerts.LimitMark) int { return strings.Compare(a.Set, b.Set) }

// List is every mark, by set. The caller must not change it.
func (m *Marks) List() []alerts.LimitMark { return *m.list.Load() }

// Put keeps a mark, in the place of one of the same set.
func (m *Marks) Put(ctx context.Context, mark alerts.LimitMark) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := append(m.without(mark.Set), mark)
	slices.SortFunc(list, bySet)
	return m.change(ctx, mark.Set, list)
}

// Delete takes the mark of a set away.
func (m *Marks) Delete(ctx context.Context, set string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := m.without(set)
	if len(list) == len(m.List()) {
		return ErrNoMark
	}
	return m.change(ctx, set, list)
}

func (m *Marks) without(set string) []alerts.LimitMark {
	return slices.DeleteFunc(slices.Clone(m.List()), func(x alerts.LimitMark) bool { return x.Set == set })
}

// change keeps the mark of one set, or its absence, and then puts the list in force. Where that fails the disk is as it was.
func (m *Marks) change(ctx context.Context, set string, list []alerts.LimitMark) error {
	if err := m.keep(ctx, set, list); err != nil {
		return err
	}
	if err := m.use(ctx, list); err != nil {
		return errors.Join(fmt.Errorf("put the marks of the limits in force: %w", err), m.keep(ctx, set, m.List()))
	}
	m.list.Store(&list)
	return nil
}

func (m *Marks) keep(ctx context.Context, set string, list []alerts.LimitMark) error {
	i := slices.IndexFunc(list, func(x alerts.LimitMark) bool { return x.Set == set })
	if i < 0 {
		return m.bucket.Delete(ctx, set)
	}
	value, err := json.Marshal(list[i])
	if err != nil {
		return fmt.Errorf("write mark of limit set %s: %w", set, err)
	}
	return m.bucket.Put(ctx, set, value)
}

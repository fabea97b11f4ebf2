package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"quantrac/geo"
	"quantrac/ingest"
	"quantrac/ingest/dialect"
	"quantrac/ingest/stream"
	"quantrac/web"
)

// mappings is what names mean: those of the configuration file, and those that administrators added, each under its id in a
// bucket. It promises: what Add and Delete returned for is on disk and in force; what the file says of a name holds, and an
// added mapping of that name rests until the file says nothing of it; a stored mapping that is no longer sound is told of and
// not in force, and never keeps the service from starting.
type mappings struct {
	bucket *stream.Bucket
	now    func() time.Time
	log    *slog.Logger
	index  atomic.Pointer[ingest.Mappings]

	mu sync.Mutex // one change at a time
	// file comes first in all, then what was added, oldest first.
	file int
	all  atomic.Pointer[[]web.Alias]
}

// openMappings reads what was added, and puts it behind what the configuration file says.
func openMappings(ctx context.Context, bucket *stream.Bucket, file []ingest.Mapping, log *slog.Logger) (*mappings, error) {
	m := &mappings{bucket: bucket, now: time.Now, log: log}
	return m, m.reload(ctx, file)
}

// reload puts what was added behind what a configuration file says now.
func (m *mappings) reload(ctx context.Context, file []ingest.Mapping) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := make([]web.Alias, 0, len(file))
	for _, e := range file {
		e.ID = mappingID(e)
		all = append(all, web.Alias{Mapping: e, Source: web.SourceFile})
	}
	err := m.bucket.All(ctx, func(id string, value []byte) error {
		var a web.Alias
		if err := json.Unmarshal(value, &a); err != nil {
			return fmt.Errorf("stored alias %s cannot be read: %w", id, err)
		}
		if slices.ContainsFunc(all[:len(file)], func(f web.Alias) bool { return f.ID == id }) {
			m.log.Warn("an alias rests: the configuration file says what the name means", "kind", a.Kind, "name", a.Name)
			return nil
		}
		all = append(all, a)
		return nil
	})
	if err != nil {
		return err
	}
	m.file = len(file)
	slices.SortStableFunc(all[m.file:], func(a, b web.Alias) int { return a.CreatedAt.Compare(b.CreatedAt) })
	for _, p := range m.use(all) {
		m.log.Warn("an alias is not in force", "alias", p.Path, "reason", p.Message)
	}
	return nil
}

// mappingID is the same for two mappings that say what one name means.
func mappingID(e ingest.Mapping) string {
	sum := sha256.Sum256([]byte(e.Kind + "\x00" + e.Station + "\x00" + nameKey(e)))
	return hex.EncodeToString(sum[:8])
}

// nameKey is what matters in the name of a mapping.
func nameKey(e ingest.Mapping) string {
	if e.Kind == ingest.MapTopic {
		return e.Name
	}
	return geo.Fold(e.Name)
}

// use puts a list in force. What it returns names the faulty ones by their place in it.
func (m *mappings) use(all []web.Alias) []geo.Problem {
	index, problems := ingest.NewMappings(mappingsOf(all))
	m.all.Store(&all)
	m.index.Store(index)
	return problems
}

func mappingsOf(all []web.Alias) []ingest.Mapping {
	list := make([]ingest.Mapping, len(all))
	for i := range all {
		list[i] = all[i].Mapping
	}
	return list
}

// checkMappings finds what is wrong with the mappings of a configuration.
func checkMappings(list []ingest.Mapping) []geo.Problem {
	_, problems := ingest.NewMappings(list)
	known := dialect.Names()
	for i, e := range list {
		if e.Dialect != "" && !slices.Contains(known, e.Dialect) {
			problems = append(problems, geo.Problem{Path: fmt.Sprintf("[%d].dialect", i), Message: "must be one of " + strings.Join(known, ", ")})
		}
	}
	return inMappings(problems)
}

// inMappings gives problems of a list of mappings their place in the configuration.
func inMappings(problems []geo.Problem) []geo.Problem {
	for i := range problems {
		problems[i].Path = "mappings" + problems[i].Path
	}
	return problems
}

// Current is what is in force, for the door.
func (m *mappings) Current() *ingest.Mappings { return m.index.Load() }

// List is the file's, then what was added, oldest first.
func (m *mappings) List() []web.Alias { return *m.all.Load() }

// Add puts a mapping that is sound by itself in force. made is false when the very same one was.
func (m *mappings) Add(ctx context.Context, e ingest.Mapping) (a web.Alias, made bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	e.ID = mappingID(e)
	all := m.List()
	for _, old := range all {
		if old.ID != e.ID {
			continue
		}
		same := e
		same.Name = old.Name // another spelling of it
		if old.Mapping == same {
			return old, false, nil
		}
		return a, false, fmt.Errorf("%w: %s %q already means %q%s", web.ErrConflict, old.Kind, old.Name, old.Target, at(old.Station))
	}
	a = web.Alias{Mapping: e, Source: web.SourceAPI, CreatedAt: m.now().UTC()}
	more := append(slices.Clone(all), a)
	// What is sound by itself can only clash: two patterns of topics that are written differently may match the same.
	if _, problems := ingest.NewMappings(mappingsOf(more)); len(problems) > 0 {
		if i := slices.IndexFunc(problems, func(p geo.Problem) bool {
			return p.Path == "" || strings.HasPrefix(p.Path, fmt.Sprintf("[%d]", len(all)))
		}); i >= 0 {
			return a, false, fmt.Errorf("%w: %s", web.ErrConflict, problems[i].Message)
		}
	}
	value, err := json.Marshal(a)
	if err != nil {
		return a, false, fmt.Errorf("keep alias %s: %w", e.ID, err)
	}
	if err := m.bucket.Put(ctx, e.ID, value); err != nil {
		return a, false, err
	}
	m.use(more)
	return a, true, nil
}

func at(station string) string {
	if station == "" {
		return ""
	}
	return " at station " + station
}

// Delete takes an added mapping out of force.
func (m *mappings) Delete(ctx context.Context, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := m.List()
	i := slices.IndexFunc(all, func(a web.Alias) bool { return a.ID == id })
	switch {
	case i < 0:
		return web.ErrNotFound
	case i < m.file:
		return fmt.Errorf("%w: it stands in the configuration file: change it there and restart", web.ErrConflict)
	}
	if err := m.bucket.Delete(ctx, id); err != nil {
		return err
	}
	m.use(slices.Delete(slices.Clone(all), i, i+1))
	return nil
}

func aliasesFor(m *mappings) web.Aliases {
	return web.Aliases{List: m.List, Add: m.Add, Delete: m.Delete, Dialects: dialect.Names()}
}

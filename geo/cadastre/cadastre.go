// Package cadastre keeps what people change in the registry while the service runs: edits of parks, stations and rivers, in a bucket, over
// what the registry file says.
//
// It promises: what Put and Revert returned nil for is on disk and in force, all of it or nothing; an edit goes before what the file says
// under its id, also when the file changes afterwards, and is then marked; taking an edit back brings in force what the file says now; a
// stored edit that no longer goes with the rest of the registry rests and is told of, and never keeps the service from starting.
package cadastre

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"

	"quantrac/geo"
	"quantrac/ingest/stream"
)

// Errors of a Book.
var (
	ErrNotFound = errors.New("it is not in the registry")
	ErrNoEdit   = errors.New("there is no such edit")
	ErrFull     = errors.New("there are too many edits: put them into the registry file, and take them back here")
	ErrTooLarge = errors.New("one thing is larger than the log can carry")
)

// Unsound says why edits cannot be in force together with the rest. Nothing has changed then.
type Unsound struct {
	// Problems are named by their place; Edits are the edits behind them, by their place in what was put; -1 = the problem is in a
	// part of the registry that the edits leave as it was, such as a station in a park that is taken out.
	Problems []geo.Problem
	Edits    []int
}

func (e *Unsound) Error() string {
	return "the registry would not be sound: " + e.Problems[0].String()
}

// mostEdits bounds what is kept over the file.
const mostEdits = 100_000

// Options are what a Book is made of.
type Options struct {
	Log *stream.Log
	// File is the registry file, which was checked.
	File *geo.Registry
	// Check finds what else is wrong with a registry: parameters, limit sets, rules. Paths are those of geo.File.
	Check func(*geo.Registry) []geo.Problem
	// Use puts a registry in force. With an error the one before is in force still.
	Use    func(ctx context.Context, r *geo.Registry) error
	Logger *slog.Logger
}

// Book is the registry file with the edits over it. It is safe for concurrent use.
type Book struct {
	opt   Options
	store *store
	mu    sync.Mutex // one change at a time; it also guards opt.Check
	state atomic.Pointer[state]
}

// state is what stands. Nothing in it changes.
type state struct {
	registry *geo.Registry
	file     *geo.Registry
	// edits are in force; resting are not.
	edits, resting edits
	entries        map[string]Entry
}

// Entry says where what is in force comes from.
type Entry struct {
	geo.Edit
	// Rests: the edit is kept and not in force, for the Reason given.
	Rests  bool
	Reason string
	// FileChanged: the file says something else than when the edit was made.
	FileChanged bool
}

// Open reads the edits. Use is not called: Registry is what is in force from now on.
func Open(ctx context.Context, opt Options) (*Book, error) {
	b := &Book{opt: opt}
	var kept []geo.Edit
	var err error
	if b.store, kept, err = openStore(ctx, opt.Log); err != nil {
		return nil, err
	}
	s, err := b.settle(opt.File, editsOf(kept))
	if err != nil {
		return nil, err
	}
	b.state.Store(s)
	return b, nil
}

// Registry is what is in force.
func (b *Book) Registry() *geo.Registry { return b.state.Load().registry }

// Find is what is in force under an id, and where it comes from: By and At are zero where that is the file.
func (b *Book) Find(kind, id string) (Entry, bool) {
	s := b.state.Load()
	found, ok := s.registry.Find(kind, id)
	if !ok {
		return Entry{}, false
	}
	if e, edited := s.entries[found.Key()]; edited && !e.Rests {
		e.Park, e.Station, e.River = found.Park, found.Station, found.River
		return e, true
	}
	return Entry{Edit: found}, true
}

// Edits lists what was edited, parks first, then rivers and stations, each by id.
func (b *Book) Edits() []Entry {
	s := b.state.Load()
	out := make([]Entry, 0, len(s.entries))
	for _, e := range s.entries {
		out = append(out, e)
	}
	slices.SortFunc(out, func(a, c Entry) int { return compareKeys(a.Key(), c.Key()) })
	return out
}

// Try says what a change would be without making it: the registry that would be in force.
func (b *Book) Try(changes []geo.Edit) (*geo.Registry, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.state.Load()
	return b.build(s.file, s.edits.with(changes).list(), changes)
}

// Put keeps changes and puts them in force, all or none of them. An error that is an *Unsound names what is wrong with them.
func (b *Book) Put(ctx context.Context, changes []geo.Edit) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	was := b.state.Load()
	changes = slices.Clone(changes)
	for i := range changes {
		base, _ := was.file.Find(changes[i].Kind, changes[i].ID)
		changes[i].Base = base.Print()
	}
	next := was.edits.with(changes)
	if len(next) > mostEdits {
		return ErrFull
	}
	r, err := b.build(was.file, next.list(), changes)
	if err != nil {
		return err
	}
	return b.change(ctx, changes, newState(r, was.file, next, was.resting.without(changes)))
}

// Remove takes a thing out of the registry, also one that the file holds.
func (b *Book) Remove(ctx context.Context, e geo.Edit) error {
	if _, ok := b.Registry().Find(e.Kind, e.ID); !ok {
		return ErrNotFound
	}
	e.Park, e.Station, e.River = nil, nil, nil
	return b.Put(ctx, []geo.Edit{e})
}

// Revert takes an edit back: what the file says is in force again.
func (b *Book) Revert(ctx context.Context, kind, id string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	was := b.state.Load()
	back := []geo.Edit{{Kind: kind, ID: id, Reverted: true}}
	if _, ok := was.entries[back[0].Key()]; !ok {
		return ErrNoEdit
	}
	next := was.edits.without(back)
	r, err := b.build(was.file, next.list(), nil)
	if err != nil {
		return err
	}
	return b.change(ctx, back, newState(r, was.file, next, was.resting.without(back)))
}

// change keeps changes and then puts what follows from them in force. Where that fails the disk is as it was.
func (b *Book) change(ctx context.Context, changes []geo.Edit, next *state) error {
	batch, err := b.store.add(ctx, changes)
	if err != nil {
		return err
	}
	if err := b.opt.Use(ctx, next.registry); err != nil {
		return errors.Join(fmt.Errorf("put the registry in force: %w", err), b.store.drop(context.WithoutCancel(ctx), batch))
	}
	b.state.Store(next)
	return nil
}

// Rebase puts a new file under the edits. check takes the place of Options.Check, use that of Options.Use, this once; with an error of
// use nothing has changed.
func (b *Book) Rebase(file *geo.Registry, check func(*geo.Registry) []geo.Problem, use func(*geo.Registry) error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	was, usual := b.state.Load(), b.opt.Check
	b.opt.Check = check
	next, err := b.settle(file, was.edits.with(was.resting.list()))
	b.opt.Check = usual
	if err != nil {
		return err
	}
	if err := use(next.registry); err != nil {
		return err
	}
	b.state.Store(next)
	return nil
}

// build makes the registry of a file and edits. Problems are those of what is changed, where they are its.
func (b *Book) build(file *geo.Registry, list, changes []geo.Edit) (*geo.Registry, error) {
	f, blame := file.File().Apply(list)
	r, problems := geo.NewRegistry(f)
	if r != nil {
		problems = b.opt.Check(r)
	}
	if len(problems) == 0 {
		return r, nil
	}
	place := map[string]int{}
	for i := range changes {
		place[changes[i].Key()] = i
	}
	u := &Unsound{Problems: problems}
	for i, p := range problems {
		edit := -1
		if k, rest := blame(p.Path); k >= 0 {
			if n, ok := place[list[k].Key()]; ok {
				edit, u.Problems[i].Path = n, rest
			} else {
				u.Problems[i].Path = list[k].Key() + ": " + rest
			}
		} else {
			u.Problems[i].Path = named(f, p.Path)
		}
		u.Edits = append(u.Edits, edit)
	}
	return nil, u
}

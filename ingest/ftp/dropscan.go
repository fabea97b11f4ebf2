package ftp

import (
	"cmp"
	"container/heap"
	"context"
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

// candidate is a file that may be taken.
type candidate struct {
	path string
	stamp
}

// older is the order in which files are taken.
func older(a, b candidate) int {
	return cmp.Or(a.modified.Compare(b.modified), strings.Compare(a.path, b.path))
}

// oldest keeps the oldest files of many; the youngest of them is on top.
type oldest []candidate

func (o oldest) Len() int           { return len(o) }
func (o oldest) Less(i, j int) bool { return older(o[i], o[j]) > 0 }
func (o oldest) Swap(i, j int)      { o[i], o[j] = o[j], o[i] }
func (o *oldest) Push(x any)        { *o = append(*o, x.(candidate)) }
func (o *oldest) Pop() any {
	last := (*o)[len(*o)-1]
	*o = (*o)[:len(*o)-1]
	return last
}

const (
	// maxDepth is how deep folders are looked into.
	maxDepth = 32
	// chunk is how many names of a folder are in memory at a time.
	chunk = 512
)

// scan is one look at the folder.
type scan struct {
	d       *Drop
	now     time.Time
	found   oldest
	waiting int
}

// scan finds the files that may be taken, the oldest first, at most MaxTracked.
func (d *Drop) scan(ctx context.Context) []candidate {
	s := scan{d: d, now: d.opts.Now()}
	s.folder(ctx, ".", 0)
	d.metrics.waiting.Set(float64(s.waiting))
	slices.SortFunc(s.found, older)
	return s.found
}

func (s *scan) folder(ctx context.Context, name string, depth int) {
	s.d.watch.add(name)
	dir, err := s.d.root.Open(name)
	if err == nil {
		defer dir.Close()
	}
	for err == nil && ctx.Err() == nil {
		var entries []fs.DirEntry
		entries, err = dir.ReadDir(chunk)
		for _, e := range entries {
			s.entry(ctx, path.Join(name, e.Name()), e, depth)
		}
	}
	switch {
	case err == nil, errors.Is(err, io.EOF), errors.Is(err, fs.ErrNotExist):
		s.d.recovered(name + "/")
	default:
		s.d.troubled(name+"/", "unreadable", err)
	}
}

func (s *scan) entry(ctx context.Context, p string, e fs.DirEntry, depth int) {
	if strings.HasPrefix(e.Name(), ".") {
		return
	}
	if e.IsDir() {
		if depth >= maxDepth {
			s.d.troubled(p+"/", "unreadable", errors.New("folders are nested too deep"))
			return
		}
		s.folder(ctx, p, depth+1)
		return
	}
	if !e.Type().IsRegular() {
		return
	}
	if temporary(p) {
		s.waiting++
		return
	}
	if _, busy := s.d.busy[p]; busy {
		return
	}
	info, err := e.Info()
	if err != nil {
		return // it went away meanwhile
	}
	if t := s.d.trouble[p]; t != nil {
		t.there = true
		if s.now.Before(t.again) {
			return
		}
	}
	heap.Push(&s.found, candidate{p, stampOf(info)})
	if len(s.found) > s.d.opts.MaxTracked {
		heap.Pop(&s.found)
	}
}

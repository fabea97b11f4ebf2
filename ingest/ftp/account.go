package ftp

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"sync"
	"time"
)

const (
	folderMode = 0o700
	fileMode   = 0o600
)

// account is the state of one account, shared by its connections. On disk it is two trees of the same shape in one os.Root:
// "files" holds what came whole, "partial" what is coming or broke off. A name in partial hides the same name in files.
type account struct {
	srv     *Server
	gateway string
	dir     string

	mu sync.Mutex
	// who is the account as it signed in last; it is known once counted is set.
	who     Account
	counted bool
	// connections are signed in; uses also counts the cleaner. root is open while there is a use.
	connections, uses int
	root              *os.Root
	// busy are the names that something is being done with.
	busy map[string]*holder
	// waiting are files under temporary names, by the time they came whole.
	waiting map[string]time.Time
	// count and bytes are at least what the folder holds; cleaning counts anew.
	count int
	bytes int64
	// oversized is the digest of the last file that was too large.
	oversized [32]byte
}

func newAccount(s *Server, gateway string) *account {
	return &account{srv: s, gateway: gateway, dir: filepath.Join(s.opts.Dir, dirName(gateway)), busy: map[string]*holder{}, waiting: map[string]time.Time{}}
}

// open opens the trees for one more connection of an account, most at a time.
func (a *account) open(who Account, most int) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.connections >= most {
		return errTooMany
	}
	if err := a.use(); err != nil {
		return err
	}
	a.who = who
	a.connections++
	if !a.counted {
		if err := a.recount(); err != nil {
			a.connections--
			a.unuse()
			return err
		}
		a.counted = true
	}
	return nil
}

// close gives back what open or use took.
func (a *account) close(connection bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if connection {
		a.connections--
	}
	a.unuse()
}

func (a *account) use() error {
	if a.uses > 0 {
		a.uses++
		return nil
	}
	for _, tree := range []string{whole("."), coming(".")} {
		if err := os.MkdirAll(filepath.Join(a.dir, tree), folderMode); err != nil {
			return fmt.Errorf("make folder: %w", err)
		}
	}
	root, err := os.OpenRoot(a.dir)
	if err != nil {
		return fmt.Errorf("open folder: %w", err)
	}
	a.root, a.uses = root, 1
	return nil
}

func (a *account) unuse() {
	if a.uses--; a.uses == 0 {
		_ = a.root.Close() // it stays set: whoever comes too late gets an error from it
	}
}

// whole is the place of a file that came whole, coming that of one that is coming or broke off.
func whole(name string) string  { return path.Join("files", name) }
func coming(name string) string { return path.Join("partial", name) }

// tree is the open root.
func (a *account) tree() *os.Root {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.root
}

// holder is whoever does something with a name: control is set if it receives a file, free is closed at the end.
type holder struct {
	control *control
	free    chan struct{}
}

// lock takes names for one action; it is false when one of them is taken.
func (a *account) lock(c *control, names ...string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, n := range names {
		if a.busy[n] != nil {
			return false
		}
	}
	for _, n := range names {
		a.busy[n] = &holder{control: c, free: make(chan struct{})}
	}
	return true
}

func (a *account) unlock(names ...string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, n := range names {
		if h := a.busy[n]; h != nil {
			close(h.free)
			delete(a.busy, n)
		}
	}
}

// takeOver takes a name for an upload. One that is still being received under this name is cut: a logger whose link broke comes
// back before the old connection is known to be dead.
func (a *account) takeOver(c *control, name string) bool {
	const patience = 2 * time.Second
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	for !a.lock(c, name) {
		a.mu.Lock()
		h := a.busy[name]
		a.mu.Unlock()
		if h == nil {
			continue
		}
		if h.control != nil {
			h.control.cutUpload()
		}
		select {
		case <-h.free:
		case <-deadline.C:
			return false
		case <-c.ctx.Done():
			return false
		}
	}
	return true
}

// arrived notes a file that came whole.
func (a *account) arrived(name string, size int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.count++
	a.bytes += size
	if temporary(name) {
		a.waiting[name] = a.srv.opts.Now()
	}
}

// broken notes a file that did not come whole and stays, so that unfinished uploads count for what an account may hold.
func (a *account) broken(size int64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.count++
	a.bytes += size
}

// vanished notes a file that is no longer there under its name.
func (a *account) vanished(name string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.waiting, name)
}

// full reports whether the account holds as much as it may.
func (a *account) full() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.count >= a.srv.opts.MaxFiles || a.bytes >= int64(a.srv.opts.MaxFolderBytes)
}

// recount counts what is on disk. a.mu is held.
func (a *account) recount() error {
	a.count, a.bytes = 0, 0
	clear(a.waiting)
	for _, tree := range []string{whole("."), coming(".")} {
		isWhole := tree == whole(".")
		err := fs.WalkDir(a.root.FS(), tree, func(p string, e fs.DirEntry, err error) error {
			if err != nil || p == tree || e.IsDir() && !isWhole {
				return err
			}
			a.count++
			if e.IsDir() {
				return nil
			}
			info, err := e.Info()
			if err != nil {
				return err
			}
			a.bytes += info.Size()
			if isWhole && temporary(p) {
				a.waiting[p[len(tree)+1:]] = info.ModTime()
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("count files: %w", err)
		}
	}
	return nil
}

// syncDir makes the names in a folder durable, and those of the folders above it.
func syncDir(root *os.Root, name string) error {
	for dir := path.Dir(name); ; dir = path.Dir(dir) {
		f, err := root.Open(dir)
		if err != nil {
			return err
		}
		err = f.Sync()
		_ = f.Close()
		if err != nil || dir == "." {
			return err
		}
	}
}

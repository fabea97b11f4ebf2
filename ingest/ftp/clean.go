package ftp

import (
	"cmp"
	"context"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"quantrac/ingest"
)

// cleanFromTimeToTime looks for files that nobody renamed, and more rarely for files that are too old.
func (s *Server) cleanFromTimeToTime(ctx context.Context) {
	look := time.NewTicker(max(time.Second, s.opts.RenameWait/8))
	defer look.Stop()
	all := time.NewTicker(max(time.Second, s.opts.Keep/8))
	defer all.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-look.C:
			s.acceptWaiting(ctx)
		case <-all.C:
			s.cleanAll(ctx)
		}
	}
}

// acceptWaiting accepts files under temporary names that nobody renamed in time. Accounts that have not signed in since the start
// wait until they do: their rights are not known before.
func (s *Server) acceptWaiting(ctx context.Context) {
	for _, a := range s.knownAccounts() {
		for _, name := range a.overdue() {
			if ctx.Err() != nil {
				return
			}
			a.acceptAsIs(ctx, name)
		}
	}
}

func (s *Server) knownAccounts() []*account {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*account, 0, len(s.accounts))
	for _, a := range s.accounts {
		all = append(all, a)
	}
	return all
}

// overdue are the files that have waited too long for their names.
func (a *account) overdue() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	var names []string
	for name, since := range a.waiting {
		if a.counted && a.srv.opts.Now().Sub(since) > a.srv.opts.RenameWait {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func (a *account) acceptAsIs(ctx context.Context, name string) {
	if !a.lock(nil, name) {
		return
	}
	defer a.unlock(name)
	a.mu.Lock()
	who, err := a.who, a.use()
	root := a.root
	a.mu.Unlock()
	if err != nil {
		a.srv.log.Warn("folder not opened", "gateway", a.gateway, "error", err)
		return
	}
	defer a.close(false)
	f := folder{srv: a.srv, account: a, who: who, allowed: who.allowed()}
	err = a.srv.acceptFile(ctx, root, name, func(body []byte) ingest.Delivery { return f.delivery(name, body) })
	if err != nil {
		a.srv.log.Warn("file under a temporary name not accepted", "gateway", a.gateway, "file", name, "error", err)
		return
	}
	a.srv.metrics.files.WithLabelValues("not_renamed").Inc()
	a.srv.log.Info("file accepted under its temporary name, since nobody renamed it", "gateway", a.gateway, "file", name)
	// Gone from sight, so that it is not accepted again.
	if err := root.Remove(whole(name)); err != nil {
		a.srv.log.Warn("accepted file not removed", "gateway", a.gateway, "file", name, "error", err)
	}
	a.vanished(name)
}

// cleanAll removes what is too old, also of accounts that never come back.
func (s *Server) cleanAll(ctx context.Context) {
	for _, a := range s.knownAccounts() {
		if ctx.Err() != nil {
			return
		}
		if err := a.cleanAlone(); err != nil {
			s.log.Warn("folder not cleaned", "gateway", a.gateway, "error", err)
		}
	}
	known := map[string]bool{}
	for _, a := range s.knownAccounts() {
		known[dirName(a.gateway)] = true
	}
	entries, err := os.ReadDir(s.opts.Dir)
	if err != nil {
		s.log.Warn("folders not cleaned", "error", err)
	}
	for _, e := range entries {
		if !e.IsDir() || known[e.Name()] || ctx.Err() != nil {
			continue
		}
		stranger := newAccount(s, e.Name())
		stranger.dir = s.opts.Dir + string(os.PathSeparator) + e.Name()
		if err := stranger.cleanAlone(); err != nil {
			s.log.Warn("folder not cleaned", "folder", e.Name(), "error", err)
		}
	}
}

func (a *account) cleanAlone() error {
	a.mu.Lock()
	err := a.use()
	a.mu.Unlock()
	if err != nil {
		return err
	}
	defer a.close(false)
	a.clean()
	return nil
}

type entry struct {
	path     string // with its tree
	name     string
	size     int64
	modified time.Time
	dir      bool
}

// clean removes what is older than Keep, and the oldest of what is more than the account may hold, with some room to spare. Files
// that wait for their names stay: they were promised.
func (a *account) clean() {
	a.mu.Lock()
	defer a.mu.Unlock()
	entries := a.entries()
	slices.SortFunc(entries, func(x, y entry) int {
		return cmp.Or(x.modified.Compare(y.modified), -cmp.Compare(len(x.path), len(y.path)))
	})
	o := &a.srv.opts
	now := o.Now()
	count, bytes := len(entries), int64(0)
	for _, e := range entries {
		bytes += e.size
	}
	for _, e := range entries {
		tooMuch := count > o.MaxFiles-o.MaxFiles/8-1 || bytes > int64(o.MaxFolderBytes-o.MaxFolderBytes/8)
		old := now.Sub(e.modified) > o.Keep
		if a.busy[e.name] != nil || !old && (!tooMuch || e.dir) {
			continue
		}
		partial := strings.HasPrefix(e.path, coming(".")+"/")
		if !e.dir && !partial && temporary(e.name) {
			continue
		}
		if err := a.root.Remove(e.path); err != nil {
			continue // a folder that is not empty
		}
		count--
		bytes -= e.size
		if partial && !e.dir {
			a.srv.metrics.files.WithLabelValues("abandoned").Inc()
			a.srv.log.Info("upload that broke off was not taken up again, removed", "gateway", a.gateway, "file", e.name, "bytes", e.size)
		}
	}
	a.count, a.bytes = count, bytes
}

func (a *account) entries() []entry {
	var all []entry
	for _, tree := range []string{whole("."), coming(".")} {
		err := fs.WalkDir(a.root.FS(), tree, func(p string, e fs.DirEntry, err error) error {
			if err != nil || p == tree {
				return err
			}
			info, err := e.Info()
			if err != nil {
				return nil //nolint:nilerr // it went away meanwhile
			}
			one := entry{path: p, name: p[len(tree)+1:], modified: info.ModTime(), dir: e.IsDir()}
			if !one.dir {
				one.size = info.Size()
			}
			all = append(all, one)
			return nil
		})
		if err != nil {
			a.srv.log.Warn("folder not read", "gateway", a.gateway, "error", err)
		}
	}
	return all
}

package ftp

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	ftpserver "github.com/fclairamb/ftpserverlib"
	"github.com/spf13/afero"

	"quantrac/ingest"
)

// folder is what one connection sees of its account's folder, in the form that the library asks for.
type folder struct {
	srv     *Server
	control *control
	client  ftpserver.ClientContext
	account *account
	who     Account
	allowed func(string) bool
}

var (
	errBusy       = errors.New("somebody else is writing it")
	errFull       = errors.New("the folder is full of files that wait")
	errIncomplete = errors.New("it did not come whole: send it again")
	errNoChange   = errors.New("not possible here")
	errLeft       = errors.New("the connection has ended")
)

// delivery is a file on its way into the log.
func (f *folder) delivery(name string, body []byte) ingest.Delivery {
	d := ingest.Delivery{
		Door: "ftp", Gateway: f.who.Gateway, Topic: topic(name), ReceivedAt: f.srv.opts.Now().UTC(), Body: body, Allowed: f.allowed,
	}
	if stations := f.who.Stations; len(stations) == 1 && stations[0] != AllStations {
		d.Station = stations[0]
	}
	return d
}

// Stat describes a file or folder. A folder that a logger changes into is made: it expects those of another server.
func (f *folder) Stat(name string) (os.FileInfo, error) {
	p, err := rel(name)
	if err != nil {
		return nil, err
	}
	info, err := f.account.stat(p)
	if !errors.Is(err, fs.ErrNotExist) {
		return info, err
	}
	if cmd := f.client.GetLastCommand(); cmd != "CWD" && cmd != "XCWD" {
		return nil, err
	}
	if err := f.mkdir(p); err != nil {
		return nil, err
	}
	return f.account.stat(p)
}

func (a *account) stat(p string) (fs.FileInfo, error) {
	root := a.tree()
	if info, err := root.Lstat(coming(p)); err == nil && info.Mode().IsRegular() {
		return info, nil
	}
	info, err := root.Lstat(whole(p))
	if err == nil && !info.IsDir() && !info.Mode().IsRegular() {
		return nil, fs.ErrNotExist
	}
	return info, err
}

// ReadDir lists a folder by name.
func (f *folder) ReadDir(name string) ([]os.FileInfo, error) {
	p, err := rel(name)
	if err != nil {
		return nil, err
	}
	root := f.account.tree()
	var all []os.FileInfo
	seen := map[string]bool{}
	for _, place := range []string{coming(p), whole(p)} {
		dir, err := root.Open(place)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		infos, err := dir.Readdir(-1)
		_ = dir.Close()
		if err != nil {
			return nil, err
		}
		for _, info := range infos {
			if regular := info.Mode().IsRegular(); seen[info.Name()] || !regular && (place == coming(p) || !info.IsDir()) {
				continue
			}
			seen[info.Name()] = true
			all = append(all, info)
		}
	}
	slices.SortFunc(all, func(a, b os.FileInfo) int { return strings.Compare(a.Name(), b.Name()) })
	return all, nil
}

// Mkdir makes a folder, and those above it.
func (f *folder) Mkdir(name string, _ os.FileMode) error {
	p, err := rel(name)
	if err != nil {
		return err
	}
	if _, err := f.account.stat(p); err == nil {
		return fs.ErrExist
	}
	return f.mkdir(p)
}

func (f *folder) mkdir(p string) error {
	root := f.account.tree()
	if info, err := root.Lstat(whole(p)); err == nil && info.IsDir() {
		return nil
	}
	if err := f.makeRoom(); err != nil {
		return err
	}
	if err := root.MkdirAll(whole(p), folderMode); err != nil {
		return fmt.Errorf("make folder: %w", err)
	}
	f.account.mu.Lock()
	f.account.count += 1 + strings.Count(p, "/")
	f.account.mu.Unlock()
	return nil
}

// makeRoom removes what is oldest when the account holds as much as it may.
func (f *folder) makeRoom() error {
	if !f.account.full() {
		return nil
	}
	f.account.clean()
	if f.account.full() {
		return f.control.later(errFull)
	}
	return nil
}

// Remove takes a file out of sight; what was accepted of it stays in the log.
func (f *folder) Remove(name string) error {
	p, err := rel(name)
	if err != nil {
		return err
	}
	if !f.account.lock(nil, p) {
		return f.control.later(errBusy)
	}
	defer f.account.unlock(p)
	info, err := f.account.stat(p)
	if err != nil {
		return err
	}
	if info.IsDir() {
		return errNoChange
	}
	root := f.account.tree()
	err = root.Remove(coming(p))
	if other := root.Remove(whole(p)); other == nil || err != nil {
		err = other
	}
	if err == nil && temporary(p) {
		f.srv.metrics.files.WithLabelValues("withdrawn").Inc()
	}
	f.account.vanished(p)
	return err
}

// RemoveDir removes an empty folder.
func (f *folder) RemoveDir(name string) error {
	p, err := rel(name)
	if err != nil {
		return err
	}
	info, err := f.account.stat(p)
	if err != nil {
		return err
	}
	if !info.IsDir() || p == "." {
		return errNoChange
	}
	root := f.account.tree()
	if err := root.Remove(coming(p)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return root.Remove(whole(p))
}

// Rename gives a file another name. A final name after a temporary one is when the file is accepted.
func (f *folder) Rename(oldname, newname string) error {
	if !f.control.begin() {
		return errLeft
	}
	defer f.control.finish()
	from, err := rel(oldname)
	if err != nil {
		return err
	}
	to, err := rel(newname)
	if err != nil || to == "." {
		return fmt.Errorf("%w: %w", ftpserver.ErrFileNameNotAllowed, errName)
	}
	if from == to {
		return nil
	}
	if !f.account.lock(nil, from, to) {
		return f.control.later(errBusy)
	}
	defer f.account.unlock(from, to)
	return f.rename(from, to)
}

func (f *folder) rename(from, to string) error {
	root := f.account.tree()
	if info, err := root.Lstat(coming(from)); err == nil && info.Mode().IsRegular() {
		return errIncomplete
	}
	info, err := root.Lstat(whole(from))
	if err != nil {
		return err
	}
	if target, err := root.Lstat(whole(to)); !info.Mode().IsRegular() || err == nil && target.IsDir() {
		return errNoChange
	}
	final := temporary(from) && !temporary(to)
	if final {
		if err := f.acceptFile(root, from, to); err != nil {
			return f.control.later(err)
		}
	}
	if err := move(root, whole(from), whole(to)); err != nil {
		if !final {
			return err
		}
		// It is in the log, and that is what the logger is told.
		f.srv.log.Warn("accepted file not renamed", "gateway", f.who.Gateway, "file", to, "error", err)
		return nil
	}
	_ = root.Remove(coming(to))
	f.account.vanished(from)
	f.account.arrived(to, 0)
	if temporary(to) {
		return syncDir(root, whole(to))
	}
	return nil
}

// move renames and makes the folders above the new name.
func move(root *os.Root, from, to string) error {
	if err := root.MkdirAll(path.Dir(to), folderMode); err != nil {
		return err
	}
	return root.Rename(from, to)
}

// Name is for the library's interface.
func (f *folder) Name() string { return "quantrac" }

// MkdirAll is Mkdir.
func (f *folder) MkdirAll(name string, mode os.FileMode) error { return f.Mkdir(name, mode) }

// The rest of afero.Fs is never called: transfers go by GetHandle, lists by ReadDir, and nothing else is offered.

// Create is refused.
func (f *folder) Create(string) (afero.File, error) { return nil, errNoChange }

// Open is refused.
func (f *folder) Open(string) (afero.File, error) { return nil, errNoChange }

// OpenFile is refused.
func (f *folder) OpenFile(string, int, os.FileMode) (afero.File, error) { return nil, errNoChange }

// RemoveAll is refused.
func (f *folder) RemoveAll(string) error { return errNoChange }

// Chmod is refused.
func (f *folder) Chmod(string, os.FileMode) error { return errNoChange }

// Chown is refused.
func (f *folder) Chown(string, int, int) error { return errNoChange }

// Chtimes is refused.
func (f *folder) Chtimes(string, time.Time, time.Time) error { return errNoChange }

var _ interface {
	ftpserver.ClientDriver
	ftpserver.ClientDriverExtensionFileList
	ftpserver.ClientDriverExtentionFileTransfer
	ftpserver.ClientDriverExtensionRemoveDir
} = (*folder)(nil)

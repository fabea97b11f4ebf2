package ftp

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"time"

	ftpserver "github.com/fclairamb/ftpserverlib"
)

// GetHandle begins a transfer.
func (f *folder) GetHandle(name string, flags int, offset int64) (ftpserver.FileTransfer, error) {
	p, err := rel(name)
	if err != nil || p == "." {
		return nil, fmt.Errorf("%w: %w", ftpserver.ErrFileNameNotAllowed, errName)
	}
	if flags&(os.O_WRONLY|os.O_RDWR) == 0 {
		return f.download(p, offset)
	}
	if !f.control.begin() {
		return nil, errLeft
	}
	u, err := f.upload(p, flags, offset)
	if err != nil {
		f.control.finish()
		return nil, err
	}
	return u, nil
}

func (f *folder) upload(p string, flags int, offset int64) (*upload, error) {
	if err := f.makeRoom(); err != nil {
		return nil, err
	}
	if !f.account.takeOver(f.control, p) {
		return nil, f.control.later(errBusy)
	}
	u := &upload{folder: f, name: p, fresh: flags&os.O_TRUNC != 0, offset: offset}
	if err := u.open(flags&os.O_APPEND != 0); err != nil {
		f.account.unlock(p)
		return nil, err
	}
	return u, nil
}

// maxGrown is how large a file may become to which lines are appended again and again, in multiples of Options.MaxFile.
const maxGrown = 16

// upload is one file that is coming, written to its partial file.
type upload struct {
	folder *folder
	name   string
	file   *os.File
	// fresh: what was there before does not count. offset is where the data begin otherwise.
	fresh   bool
	offset  int64
	started bool
	size    int64
	// copied says that what came whole before was copied to go on behind it.
	copied bool
	err    error
}

func (u *upload) open(atEnd bool) error {
	root := u.folder.account.tree()
	if info, err := root.Lstat(whole(u.name)); err == nil && info.IsDir() {
		return fmt.Errorf("%w: a folder has this name", ftpserver.ErrFileNameNotAllowed)
	}
	if dir := path.Dir(u.name); dir != "." {
		if err := u.folder.mkdir(dir); err != nil {
			return err
		}
		if err := root.MkdirAll(coming(dir), folderMode); err != nil {
			return u.folder.control.later(err)
		}
	}
	file, err := root.OpenFile(coming(u.name), os.O_RDWR|os.O_CREATE, fileMode)
	if err != nil {
		return u.folder.control.later(err)
	}
	u.file = file
	if u.fresh {
		return nil
	}
	if err := u.continueFrom(root, atEnd); err != nil {
		u.discardUntouched()
		_ = file.Close()
		return err
	}
	return nil
}

// continueFrom prepares to write behind what is there: what broke off, else what came whole before.
func (u *upload) continueFrom(root *os.Root, atEnd bool) error {
	size, err := u.file.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	if size == 0 {
		before, err := root.Open(whole(u.name))
		if err == nil {
			u.copied = true
			size, err = io.Copy(u.file, before)
			_ = before.Close()
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return u.folder.control.later(err)
		}
	}
	if atEnd {
		u.offset = size
	}
	if u.offset < 0 || u.offset > size {
		return fmt.Errorf("it has only %d bytes", size)
	}
	return nil
}

// begin is put off until data come, so that a connection for them that is never made changes nothing.
func (u *upload) begin() error {
	if u.started {
		return nil
	}
	u.started = true
	if u.fresh {
		u.offset = 0
	}
	u.size = u.offset
	if err := u.file.Truncate(u.offset); err != nil {
		return err
	}
	_, err := u.file.Seek(u.offset, io.SeekStart)
	return err
}

// Seek is done by open.
func (u *upload) Seek(offset int64, _ int) (int64, error) { return offset, nil }

// Read is for downloads.
func (u *upload) Read([]byte) (int, error) { return 0, errNoChange }

// Write takes data.
func (u *upload) Write(p []byte) (int, error) {
	if err := u.begin(); err != nil {
		return 0, u.folder.control.later(err)
	}
	n, err := u.file.Write(p)
	u.size += int64(n)
	if err != nil {
		return n, u.folder.control.later(err)
	}
	if most := int64(u.folder.srv.opts.MaxFile); u.size > most && (u.fresh || u.size-u.offset > most || u.size > maxGrown*most) {
		from := u.offset
		if u.fresh {
			from = 0
		}
		return n, u.tooLarge(from)
	}
	return n, nil
}

// ReadFrom takes all data of a connection, which is given up when it stands still.
func (u *upload) ReadFrom(r io.Reader) (total int64, err error) {
	c := u.folder.control
	if d, ok := r.(dataConn); ok {
		if !c.receive(d) {
			return 0, c.later(errLeft)
		}
		defer c.receive(nil)
		r = &patient{Reader: r, conn: d, control: c}
	}
	if err := u.begin(); err != nil {
		return 0, c.later(err)
	}
	buf := make([]byte, 32<<10)
	for {
		n, err := r.Read(buf)
		if n > 0 {
			total += int64(n)
			if _, err := u.Write(buf[:n]); err != nil {
				return total, err
			}
		}
		switch {
		case err == nil:
		case errors.Is(err, io.EOF):
			return total, u.atEnd()
		default:
			return total, c.later(err)
		}
	}
}

// patient reads with a deadline that moves on with every read.
type patient struct {
	io.Reader
	conn    dataConn
	control *control
}

func (p *patient) Read(b []byte) (int, error) {
	p.control.extend(p.conn)
	return p.Reader.Read(b)
}

// atEnd decides whether the end of the data is the end of the file. FTP marks neither: a sender that was killed ends its data like
// one that is done, but its control connection ends as well. Where the last line is not ended either, that news gets a moment.
func (u *upload) atEnd() error {
	const moment = 20 * time.Millisecond
	c := u.folder.control
	if !c.isGone() && !u.endsWell() {
		pause(c.ctx.Done(), moment)
	}
	if c.isGone() {
		return errLeft
	}
	return nil
}

func (u *upload) endsWell() bool {
	var last [1]byte
	if _, err := u.file.ReadAt(last[:], u.size-1); err != nil {
		return false
	}
	return bytes.IndexByte([]byte("\n]}"), last[0]) >= 0
}

// TransferError hears why the transfer failed.
func (u *upload) TransferError(err error) { u.err = err }

// Close ends the upload. The library answers 226 only if it returns nil.
func (u *upload) Close() error {
	f := u.folder
	defer f.control.finish()
	defer f.account.unlock(u.name)
	defer u.file.Close()
	if u.err != nil || !u.started {
		if u.started && !errors.Is(u.err, ftpserver.ErrStorageExceeded) {
			f.srv.metrics.files.WithLabelValues("broken_off").Inc()
			f.account.broken(u.size)
			f.srv.log.Debug("upload broke off", "gateway", f.who.Gateway, "file", u.name, "bytes", u.size, "error", u.err)
		}
		u.discardUntouched()
		return nil
	}
	if err := u.complete(); err != nil {
		f.account.broken(u.size)
		return f.control.later(err) // a file that is too large has a code of its own
	}
	return nil
}

// discardUntouched removes a partial file that holds nothing new: it would hide the one that came whole.
func (u *upload) discardUntouched() {
	if info, err := u.file.Stat(); err == nil && (info.Size() == 0 || u.copied && !u.started) {
		_ = u.folder.account.tree().Remove(coming(u.name))
	}
}

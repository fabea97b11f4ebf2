package ftp

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	ftpserver "github.com/fclairamb/ftpserverlib"

	"quantrac/ingest"
)

// complete accepts a file that came whole, or keeps it until it is renamed.
func (u *upload) complete() error {
	f, root := u.folder, u.folder.account.tree()
	if temporary(u.name) {
		if err := u.keep(root); err != nil {
			return err
		}
		f.srv.metrics.files.WithLabelValues("waiting").Inc()
		f.account.arrived(u.name, u.size)
		return nil
	}
	from, err := u.unknownFrom(root)
	if err != nil {
		return err
	}
	if u.size-from > int64(f.srv.opts.MaxFile) {
		return u.tooLarge(from)
	}
	if u.size > from || u.size == 0 { // else nothing was appended
		err := f.srv.accept(f.control.ctx, int(u.size-from), func() (ingest.Delivery, error) {
			body := make([]byte, u.size-from)
			_, err := u.file.ReadAt(body, from)
			return f.delivery(u.name, body), err
		})
		if err != nil {
			return err
		}
	}
	if err := move(root, coming(u.name), whole(u.name)); err != nil {
		f.srv.log.Warn("accepted file not kept", "gateway", f.who.Gateway, "file", u.name, "error", err)
	}
	f.account.arrived(u.name, u.size)
	return nil
}

// keep makes the file durable under its name.
func (u *upload) keep(root *os.Root) error {
	if err := u.file.Sync(); err != nil {
		return err
	}
	if err := move(root, coming(u.name), whole(u.name)); err != nil {
		return err
	}
	return syncDir(root, whole(u.name))
}

// unknownFrom is where the part begins that was not delivered: behind the accepted file of the same name, if the new one
// continues it at the start of a line.
func (u *upload) unknownFrom(root *os.Root) (int64, error) {
	if u.fresh {
		return 0, nil
	}
	before, err := root.Open(whole(u.name))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer before.Close()
	info, err := before.Stat()
	if err != nil || info.Size() == 0 || info.Size() > u.size {
		return 0, err
	}
	var last [1]byte
	if _, err := before.ReadAt(last[:], info.Size()-1); err != nil || last[0] != '\n' {
		return 0, err
	}
	same, err := sameBytes(before, io.NewSectionReader(u.file, 0, info.Size()))
	if err != nil || !same {
		return 0, err
	}
	return info.Size(), nil
}

func sameBytes(a, b io.Reader) (bool, error) {
	x, y := sha256.New(), sha256.New()
	if _, err := io.Copy(x, a); err != nil {
		return false, err
	}
	if _, err := io.Copy(y, b); err != nil {
		return false, err
	}
	return bytes.Equal(x.Sum(nil), y.Sum(nil)), nil
}

// tooLarge submits the beginning of what is beyond the limit, once, and is the refusal.
func (u *upload) tooLarge(from int64) error {
	f := u.folder
	body := make([]byte, min(u.size-from, ingest.KeptTooLarge))
	if _, err := u.file.ReadAt(body, from); err != nil {
		return f.control.later(err)
	}
	d := f.delivery(u.name, body)
	d.TooLarge = true
	sum := sha256.Sum256(append([]byte(u.name+"\x00"), body...))
	if f.account.isOversized(sum) {
		f.srv.metrics.files.WithLabelValues("too_large_again").Inc()
	} else {
		f.srv.log.Warn("file beyond the size limit", "gateway", f.who.Gateway, "file", u.name)
		err := f.srv.accept(f.control.ctx, len(body), func() (ingest.Delivery, error) { return d, nil })
		if err != nil {
			return f.control.later(err)
		}
		f.account.setOversized(sum)
	}
	_ = f.account.tree().Remove(coming(u.name))
	return fmt.Errorf("%w: more than %d bytes", ftpserver.ErrStorageExceeded, f.srv.opts.MaxFile)
}

func (a *account) isOversized(sum [32]byte) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.oversized == sum
}

func (a *account) setOversized(sum [32]byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.oversized = sum
}

// acceptFile submits a file that waited under a temporary name.
func (f *folder) acceptFile(root *os.Root, from, to string) error {
	return f.srv.acceptFile(f.control.ctx, root, from, func(body []byte) ingest.Delivery { return f.delivery(to, body) })
}

func (s *Server) acceptFile(ctx context.Context, root *os.Root, name string, delivery func([]byte) ingest.Delivery) error {
	info, err := root.Lstat(whole(name))
	if err != nil {
		return err
	}
	return s.accept(ctx, int(info.Size()), func() (ingest.Delivery, error) {
		body, err := root.ReadFile(whole(name))
		d := delivery(body)
		if len(body) > s.opts.MaxFile {
			d.Body, d.TooLarge = body[:min(len(body), ingest.KeptTooLarge)], true
		}
		return d, err
	})
}

// accept submits and waits. The memory that bodies take is bounded for all uploads together.
func (s *Server) accept(ctx context.Context, size int, read func() (ingest.Delivery, error)) error {
	cost := int64(min(size, s.opts.MaxMemory))
	if err := s.memory.Acquire(ctx, cost); err != nil {
		return err
	}
	defer s.memory.Release(cost)
	d, err := read()
	if err != nil {
		return err
	}
	receipt, err := s.submit(ctx, d)
	if err != nil {
		s.metrics.files.WithLabelValues("failed").Inc()
		s.log.Warn("file not stored", "gateway", d.Gateway, "file", d.Topic, "error", err)
		return err
	}
	switch {
	case d.TooLarge:
		s.metrics.files.WithLabelValues("too_large").Inc()
	case receipt.NothingDecoded():
		s.metrics.files.WithLabelValues("quarantined").Inc()
	default:
		s.metrics.files.WithLabelValues("accepted").Inc()
	}
	return nil
}

// submit hands a delivery to the log. Whatever a decoder does with a file costs that file only.
func (s *Server) submit(ctx context.Context, d ingest.Delivery) (receipt ingest.Receipt, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	return s.opts.Submit.Accept(ctx, d)
}

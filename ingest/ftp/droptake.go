package ftp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"syscall"
	"time"

	"quantrac/ingest"
)

// result is the log's answer to a file.
type result struct {
	candidate
	cost     int64
	tooLarge bool
	receipt  ingest.Receipt
	err      error
}

// trouble is a file or folder that could not be read or moved.
type trouble struct {
	again time.Time
	wait  time.Duration
	// accepted is what the file was when it was accepted, if only the move failed: it is not delivered again.
	accepted *result
	// there: it was seen by the last look.
	there bool
}

// troubled notes that something could not be dealt with, says so once, and puts off the next try.
func (d *Drop) troubled(p, reason string, err error) *trouble {
	const first, longest = 30 * time.Second, time.Hour
	d.metrics.files.WithLabelValues(reason).Inc()
	t := d.trouble[p]
	if t == nil {
		d.log.Warn("drop folder: trouble, tried again later", "file", p, "reason", reason, "error", err)
		t = &trouble{wait: first / 2}
		if len(d.trouble) < 2*d.opts.MaxTracked {
			d.trouble[p] = t
		}
	}
	t.there = true
	t.wait = min(2*t.wait, longest)
	t.again = d.opts.Now().Add(t.wait)
	return t
}

func (d *Drop) recovered(p string) { delete(d.trouble, p) }

// take reads a file and hands it to the log. It is false when the log takes nothing now.
func (d *Drop) take(ctx context.Context, f candidate) bool {
	if t := d.trouble[f.path]; t != nil && t.accepted != nil && t.accepted.stamp == f.stamp {
		d.put(*t.accepted)
		return true
	}
	r := result{candidate: f, tooLarge: f.size > int64(d.opts.MaxFile)}
	size := f.size
	if r.tooLarge {
		size = min(size, ingest.KeptTooLarge)
	}
	r.cost = min(size, int64(d.opts.MaxMemory))
	for d.inflight >= d.opts.MaxInflight || !d.memory.TryAcquire(r.cost) {
		if !d.await(ctx) {
			return false
		}
		if !d.pausedUntil.IsZero() {
			return false
		}
	}
	body, err := d.read(f, size)
	switch {
	case err == nil:
		return d.submit(ctx, r, body)
	case errors.Is(err, errChanged), errors.Is(err, fs.ErrNotExist):
		delete(d.seen, f.path)
	default:
		d.troubled(f.path, "unreadable", err)
	}
	d.memory.Release(r.cost)
	return true
}

func (d *Drop) submit(ctx context.Context, r result, body []byte) bool {
	del := ingest.Delivery{
		Door: "drop", Gateway: d.opts.Gateway, Topic: topic(r.path), ReceivedAt: d.opts.Now().UTC(), Body: body, TooLarge: r.tooLarge,
	}
	d.busy[r.path] = struct{}{}
	d.inflight++
	err := d.opts.Submit(ctx, del, func(receipt ingest.Receipt, err error) {
		r.receipt, r.err = receipt, err
		d.results <- r
	})
	if err != nil {
		r.err = err
		d.settled(r)
		return false
	}
	return true
}

var errChanged = errors.New("the file is changing")

// read reads the first bytes of a file that must not have changed.
func (d *Drop) read(f candidate, size int64) ([]byte, error) {
	// Not to wait for the other side of a pipe that was put in the place of the file.
	file, err := d.root.OpenFile(f.path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	body := make([]byte, size)
	if err := unchanged(file, f.stamp); err != nil {
		return nil, err
	}
	if _, err := io.ReadFull(file, body); err != nil {
		return nil, err
	}
	return body, unchanged(file, f.stamp)
}

func unchanged(file *os.File, was stamp) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() || info.Size() != was.size || !info.ModTime().Equal(was.modified) {
		return errChanged
	}
	return nil
}

// settled deals with the log's answer.
func (d *Drop) settled(r result) {
	d.inflight--
	d.memory.Release(r.cost)
	delete(d.busy, r.path)
	if r.err != nil {
		const first, longest = time.Second, 30 * time.Second
		if d.pausedUntil.IsZero() || !d.opts.Now().Before(d.pausedUntil) {
			d.pause = min(max(first, 2*d.pause), longest)
			d.log.Warn("drop folder: the log does not take files", "file", r.path, "error", r.err, "again_in", d.pause)
		}
		d.pausedUntil = d.opts.Now().Add(d.pause)
		d.metrics.files.WithLabelValues("failed").Inc()
		return
	}
	d.pausedUntil, d.pause = time.Time{}, 0
	switch {
	case r.tooLarge:
		d.metrics.files.WithLabelValues("too_large").Inc()
		d.log.Warn("file beyond the size limit", "file", r.path, "bytes", r.size)
	case r.receipt.NothingDecoded():
		d.metrics.files.WithLabelValues("quarantined").Inc()
	default:
		d.metrics.files.WithLabelValues("accepted").Inc()
	}
	delete(d.seen, r.path)
	d.put(r)
}

// put takes an accepted file out of the way. One that has changed meanwhile stays, to be read again.
func (d *Drop) put(r result) {
	info, err := d.root.Lstat(r.path)
	switch {
	case errors.Is(err, fs.ErrNotExist), err == nil && (stampOf(info) != r.stamp || !info.Mode().IsRegular()):
		d.recovered(r.path)
		return
	case err != nil:
	case r.tooLarge:
		err = d.reject(r)
	case d.opts.Remove:
		err = d.root.Remove(r.path)
	default:
		_, err = d.keep(doneDir, r.path)
	}
	if err != nil {
		d.troubled(r.path, "not_moved", err).accepted = &r
		return
	}
	d.recovered(r.path)
}

func (d *Drop) reject(r result) error {
	p, err := d.keep(rejectedDir, r.path)
	if err != nil {
		return err
	}
	why := fmt.Sprintf("%s: %d bytes; at most %d are taken. The first %d are kept in quarantine.\n", ingest.ReasonTooLarge, r.size, d.opts.MaxFile, ingest.KeptTooLarge)
	if err := d.root.WriteFile(p+".reason.txt", []byte(why), 0o644); err != nil {
		d.log.Warn("reason not written beside a rejected file", "file", p, "error", err)
	}
	return nil
}

// day is the name of the folder for what is dealt with today, by the clock of Vietnam.
func day(t time.Time) string { return t.In(time.FixedZone("ICT", 7*3600)).Format(dayFormat) }

const dayFormat = "20060102"

// keep moves a file below a folder of today, where it gets another name if its own is taken.
func (d *Drop) keep(under, p string) (string, error) {
	const tries = 1000
	target := path.Join(under, day(d.opts.Now()), p)
	if err := d.root.MkdirAll(path.Dir(target), 0o755); err != nil {
		return "", err
	}
	name := target
	for n := 1; n < tries; n++ {
		if _, err := d.root.Lstat(name); errors.Is(err, fs.ErrNotExist) {
			break
		}
		name = fmt.Sprintf("%s~%d", target, n)
	}
	return name, d.root.Rename(p, name)
}

// purge removes days that were kept long enough, once an hour.
func (d *Drop) purge(now time.Time) {
	if now.Sub(d.lastPurge) < time.Hour {
		return
	}
	d.lastPurge = now
	for _, under := range []string{doneDir, rejectedDir} {
		entries, err := fs.ReadDir(d.root.FS(), under)
		if err != nil {
			continue // not there yet
		}
		for _, e := range entries {
			then, err := time.Parse(dayFormat, e.Name())
			if err != nil || now.Sub(then) < time.Duration(d.opts.KeepDays+1)*24*time.Hour {
				continue
			}
			if err := d.root.RemoveAll(path.Join(under, e.Name())); err != nil {
				d.log.Warn("old files not removed", "folder", path.Join(under, e.Name()), "error", err)
			}
		}
	}
}

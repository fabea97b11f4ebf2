package ftp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/semaphore"

	"quantrac/ingest"
)

// DropOptions of a watched folder. Dir and Submit are required; zero limits take the defaults that are named here.
type DropOptions struct {
	Dir string
	// Submit queues a delivery; see ingest.Door. It may block, done must not be expected to.
	Submit ingest.Submit
	// Gateway is whose files these are in the log; "drop".
	Gateway string
	// Poll is the time between two looks; 10 s. News from the file system come sooner where it tells any.
	Poll time.Duration
	// Settle is how long a file must have stayed as it is; 2 s.
	Settle time.Duration
	// Remove removes accepted files at once. Otherwise they are kept under .done for KeepDays; 30.
	Remove   bool
	KeepDays int
	// MaxFile is the largest file in bytes; ingest.MaxBody.
	MaxFile int
	// MaxInflight is how many files may be on their way into the log; 1,024. MaxMemory bounds their bytes; 32 MiB.
	MaxInflight, MaxMemory int
	// MaxTracked is how many files are remembered between two looks; 32,768. Of more, the oldest go first.
	MaxTracked int
	// DrainTimeout bounds the wait for outstanding answers at the end of Serve; 5 s.
	DrainTimeout time.Duration

	Logger *slog.Logger
	// Metrics, when not nil, gets the folder's collectors.
	Metrics prometheus.Registerer
	// Now is the clock for Delivery.ReceivedAt and the age of files; time.Now.
	Now func() time.Time
}

func (o *DropOptions) setDefaults() {
	def(&o.Poll, 10*time.Second)
	def(&o.Settle, 2*time.Second)
	def(&o.KeepDays, 30)
	def(&o.MaxFile, ingest.MaxBody)
	def(&o.MaxInflight, 1024)
	def(&o.MaxMemory, 32<<20)
	def(&o.MaxTracked, 32768)
	def(&o.DrainTimeout, 5*time.Second)
	if o.Gateway == "" {
		o.Gateway = "drop"
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
}

// Folders that hold what is dealt with. Names that begin with a dot are never looked at.
const (
	doneDir     = ".done"
	rejectedDir = ".rejected"
)

// Drop is a folder into which something else puts files. Promises:
//
//   - A file is moved to .done (or removed) only after Submit called back without an error, which means on disk. After a crash in
//     between it is delivered again; the books know duplicates.
//   - A file is read only when it has stayed as it is for Settle, and not under a temporary or hidden name. One that changes while
//     it is read, or before it is moved, is read again.
//   - Files of any name in folders of any depth are taken, the oldest first, many at a time. One that cannot be read is logged
//     once, counted, and tried again later; it holds up nobody. Links are not followed, and nothing but plain files is opened.
//   - More than MaxFile bytes: the first 64 KiB are submitted as too large, and the file goes to .rejected with the reason beside it.
//   - Memory is bounded whatever lies there.
type Drop struct {
	opts    DropOptions
	log     *slog.Logger
	metrics *dropMetrics
	root    *os.Root
	watch   *watcher
	memory  *semaphore.Weighted

	// results come from the log; there is room for all that are in flight, so that its goroutine never waits.
	results  chan result
	inflight int
	busy     map[string]struct{}
	// seen are files that are watched until they settle; trouble are those that could not be read or moved.
	seen    map[string]sighting
	trouble map[string]*trouble
	// paused until: the log did not take a file.
	pausedUntil time.Time
	pause       time.Duration
	lastPurge   time.Time
}

// sighting is a file as it was seen, and since when it is so.
type sighting struct {
	stamp
	since time.Time
}

// stamp tells whether a file has changed.
type stamp struct {
	size     int64
	modified time.Time
}

func stampOf(info os.FileInfo) stamp { return stamp{info.Size(), info.ModTime()} }

// OpenDrop opens the folder and makes it if it is not there. Files are taken from Serve on.
func OpenDrop(opts DropOptions) (*Drop, error) {
	opts.setDefaults()
	if opts.Submit == nil || opts.Dir == "" {
		return nil, errors.New("open drop folder: no Submit or no Dir")
	}
	dir, err := filepath.Abs(opts.Dir)
	if err != nil {
		return nil, fmt.Errorf("open drop folder: %w", err)
	}
	opts.Dir = dir
	// Others write here; the rights of a folder that exists are not touched.
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("open drop folder: %w", err)
	}
	m, err := newDropMetrics(opts.Metrics)
	if err != nil {
		return nil, fmt.Errorf("open drop folder: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open drop folder: %w", err)
	}
	return &Drop{
		opts: opts, log: opts.Logger, metrics: m, root: root, watch: newWatcher(dir, opts.Logger),
		memory: semaphore.NewWeighted(int64(opts.MaxMemory)), results: make(chan result, opts.MaxInflight),
		busy: map[string]struct{}{}, seen: map[string]sighting{}, trouble: map[string]*trouble{},
	}, nil
}

// Dir is the folder that is watched, as an absolute path.
func (d *Drop) Dir() string { return d.opts.Dir }

// Close is for a folder that is not served; Serve closes by itself.
func (d *Drop) Close() error {
	d.watch.close()
	return d.root.Close()
}

// Serve takes files until ctx ends, then takes no more, waits for what is on its way into the log, at most Options.DrainTimeout,
// and returns nil. It is called once.
func (d *Drop) Serve(ctx context.Context) error {
	for ctx.Err() == nil {
		d.wait(ctx, d.round(ctx))
	}
	drain, stop := context.WithTimeout(context.Background(), d.opts.DrainTimeout)
	defer stop()
	for d.inflight > 0 && d.await(drain) {
	}
	if d.inflight > 0 {
		d.log.Warn("files left on their way into the log, to be delivered again", "files", d.inflight)
	}
	return d.Close()
}

// round looks at the folder once and takes what may be taken. It returns how long to wait for the next look.
func (d *Drop) round(ctx context.Context) time.Duration {
	now := d.opts.Now()
	if rest := d.pausedUntil.Sub(now); rest > 0 {
		return rest
	}
	d.purge(now)
	found := d.scan(ctx)
	wait, taken := d.opts.Poll, false
	for _, f := range found {
		if ctx.Err() != nil {
			return 0
		}
		if rest := d.ripeIn(f, now); rest > 0 {
			wait = min(wait, rest)
			continue
		}
		if !d.take(ctx, f) {
			break
		}
		taken = true
	}
	d.forget(found)
	if rest := d.pausedUntil.Sub(now); rest > 0 {
		return rest
	}
	if taken && len(found) == d.opts.MaxTracked {
		return 0 // there is more than was remembered
	}
	return wait
}

// ripeIn is how long a file must still be watched before it is read; 0 = it may be now.
func (d *Drop) ripeIn(f candidate, now time.Time) time.Duration {
	s, known := d.seen[f.path]
	if !known || s.stamp != f.stamp {
		s = sighting{f.stamp, now}
		d.seen[f.path] = s
	}
	return d.opts.Settle - now.Sub(s.since)
}

// forget drops from memory what is no longer there.
func (d *Drop) forget(found []candidate) {
	for p, t := range d.trouble {
		if !t.there {
			delete(d.trouble, p)
		}
		t.there = false
	}
	if len(d.seen) <= len(found) {
		return
	}
	there := make(map[string]struct{}, len(found))
	for _, f := range found {
		there[f.path] = struct{}{}
	}
	for p := range d.seen {
		if _, ok := there[p]; !ok {
			delete(d.seen, p)
		}
	}
}

// wait deals with answers until something is to be looked at again.
func (d *Drop) wait(ctx context.Context, longest time.Duration) {
	timer := time.NewTimer(longest)
	defer timer.Stop()
	news := d.watch.news
	for {
		select {
		case r := <-d.results:
			d.settled(r)
		case <-news:
			// A little later, to gather what comes with it.
			if gather := d.opts.Settle / 4; d.pausedUntil.IsZero() && gather < longest {
				timer.Reset(gather)
			}
			news = nil
		case <-timer.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

// await waits for one answer.
func (d *Drop) await(ctx context.Context) bool {
	select {
	case r := <-d.results:
		d.settled(r)
		return true
	case <-ctx.Done():
		return false
	}
}

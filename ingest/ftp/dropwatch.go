package ftp

import (
	"log/slog"
	"path/filepath"
	"strings"
	"sync"

	"github.com/fsnotify/fsnotify"
	"github.com/prometheus/client_golang/prometheus"
)

// watcher hears of new files where the file system tells. It only makes looks come sooner: what it misses is found by polling.
type watcher struct {
	dir  string
	fs   *fsnotify.Watcher
	news chan struct{}

	mu      sync.Mutex
	watched map[string]struct{}
	ended   chan struct{}
}

// maxWatched is how many folders are watched; those beyond it are only polled.
const maxWatched = 4096

func newWatcher(dir string, log *slog.Logger) *watcher {
	w := &watcher{dir: dir, news: make(chan struct{}, 1), watched: map[string]struct{}{}, ended: make(chan struct{})}
	var err error
	if w.fs, err = fsnotify.NewWatcher(); err != nil {
		log.Info("the file system tells no news, the drop folder is only polled", "error", err)
		close(w.ended)
		return w
	}
	go w.run()
	return w
}

// add watches a folder, named relative to the drop folder. It is known again when it is already watched.
func (w *watcher) add(name string) {
	if w.fs == nil {
		return
	}
	full := filepath.Join(w.dir, filepath.FromSlash(name))
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, known := w.watched[full]; known || len(w.watched) >= maxWatched {
		return
	}
	if w.fs.Add(full) == nil {
		w.watched[full] = struct{}{}
	}
}

func (w *watcher) run() {
	defer close(w.ended)
	for {
		select {
		case e, ok := <-w.fs.Events:
			if !ok {
				return
			}
			w.hear(e)
		case _, ok := <-w.fs.Errors:
			if !ok {
				return
			}
			w.tell() // news may have been lost
		}
	}
}

func (w *watcher) hear(e fsnotify.Event) {
	if e.Has(fsnotify.Remove) || e.Has(fsnotify.Rename) {
		w.mu.Lock()
		delete(w.watched, e.Name)
		w.mu.Unlock()
	}
	if (e.Has(fsnotify.Create) || e.Has(fsnotify.Write)) && !strings.HasPrefix(filepath.Base(e.Name), ".") {
		w.tell()
	}
}

func (w *watcher) tell() {
	select {
	case w.news <- struct{}{}:
	default:
	}
}

func (w *watcher) close() {
	if w.fs != nil {
		_ = w.fs.Close()
	}
	<-w.ended
}

type dropMetrics struct {
	files   *prometheus.CounterVec
	waiting prometheus.Gauge
}

func newDropMetrics(r prometheus.Registerer) (*dropMetrics, error) {
	m := &dropMetrics{
		files: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "quantrac_drop_files_total",
			Help: "Files of the drop folder, by result: accepted, quarantined (nothing in it could be read), too_large, failed (not stored, tried again), unreadable, not_moved (both counted at each try).",
		}, []string{"result"}),
		waiting: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "quantrac_drop_waiting_files", Help: "Files in the drop folder under temporary names.",
		}),
	}
	return m, register(r, m.files, m.waiting)
}

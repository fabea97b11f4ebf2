package ftp

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"quantrac/ingest"
)

// openDrop makes a folder whose rounds the test runs itself, with a clock that it moves.
func openDrop(t *testing.T, o DropOptions) (*Drop, *clock) {
	t.Helper()
	cl := &clock{now: time.Now()}
	if o.Dir == "" {
		o.Dir = t.TempDir()
	}
	o.Now = cl.Now
	d, err := OpenDrop(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d, cl
}

// look runs a round and deals with all answers.
func look(t *testing.T, d *Drop) {
	t.Helper()
	d.round(t.Context())
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for d.inflight > 0 {
		if !d.await(ctx) {
			t.Fatal("the log does not answer")
		}
	}
}

// lookTwice lets files settle in between.
func lookTwice(t *testing.T, d *Drop, cl *clock) {
	t.Helper()
	look(t, d)
	cl.add(2 * time.Second)
	look(t, d)
}

var began = time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)

// put writes a file that is n minutes younger than the oldest.
func put(t *testing.T, dir, name, body string, n int) {
	t.Helper()
	p := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p, []byte(body), 0o644); err != nil {
		t.Fatal(err)
	}
	at := began.Add(time.Duration(n) * time.Minute)
	if err := os.Chtimes(p, at, at); err != nil {
		t.Fatal(err)
	}
}

// left lists all files of a folder.
func left(t *testing.T, dir string) []string {
	t.Helper()
	var all []string
	err := filepath.Walk(dir, func(p string, info os.FileInfo, err error) error {
		if err == nil && !info.IsDir() {
			r, _ := filepath.Rel(dir, p)
			all = append(all, r)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestDropOldestFirst(t *testing.T) {
	disk := newDisk(true)
	d, cl := openDrop(t, DropOptions{Submit: disk.submit, MaxTracked: 2})
	put(t, d.Dir(), "a.txt", "3", 3)
	put(t, d.Dir(), "z/2026/09/01/z.txt", "1", 1)
	put(t, d.Dir(), "m.txt", "2", 2)
	put(t, d.Dir(), "a.txt.tmp", "5", 0)
	put(t, d.Dir(), ".hidden", "6", 0)
	look(t, d)
	disk.expect(t) // they have to settle first
	cl.add(2 * time.Second)
	look(t, d)
	disk.expect(t, "z/2026/09/01/z.txt: 1", "m.txt: 2")
	lookTwice(t, d, cl)
	disk.expect(t, "z/2026/09/01/z.txt: 1", "m.txt: 2", "a.txt: 3")
	today := ".done/" + day(cl.Now())
	if got, want := left(t, d.Dir()), []string{today + "/a.txt", today + "/m.txt", today + "/z/2026/09/01/z.txt", ".hidden", "a.txt.tmp"}; !slices.Equal(got, want) {
		t.Errorf("left %q, want %q", got, want)
	}
	if del := disk.all[0]; del.Door != "drop" || del.Gateway != "drop" || del.Allowed != nil || !del.ReceivedAt.Equal(cl.Now().Add(-2*time.Second)) {
		t.Errorf("delivery %+v", del)
	}
	if err := os.Rename(filepath.Join(d.Dir(), "a.txt.tmp"), filepath.Join(d.Dir(), "a.txt")); err != nil {
		t.Fatal(err)
	}
	lookTwice(t, d, cl)
	if got := left(t, d.Dir()); !slices.Contains(got, today+"/a.txt~1") {
		t.Errorf("left %q", got)
	}
}

func TestDropWaitsUntilAFileSettles(t *testing.T) {
	disk := newDisk(true)
	d, cl := openDrop(t, DropOptions{Submit: disk.submit})
	body := ""
	for i := range 5 {
		body += fmt.Sprintln(i)
		put(t, d.Dir(), "a.txt", body, i)
		look(t, d)
		cl.add(1500 * time.Millisecond)
	}
	disk.expect(t)
	cl.add(time.Second)
	look(t, d)
	disk.expect(t, "a.txt: "+body)
}

// A file that goes on growing while it is on its way is not taken away.
func TestDropFileThatGrowsLater(t *testing.T) {
	disk := newDisk(false)
	d, cl := openDrop(t, DropOptions{Submit: disk.submit})
	put(t, d.Dir(), "a.txt", "1\n", 1)
	d.round(t.Context())
	cl.add(2 * time.Second)
	d.round(t.Context())
	p := disk.next(t)
	put(t, d.Dir(), "a.txt", "1\n2\n", 2)
	p.done(ingest.Receipt{Accepted: 1}, nil)
	d.await(t.Context())
	d.round(t.Context())
	cl.add(2 * time.Second)
	d.round(t.Context())
	p = disk.next(t)
	p.done(ingest.Receipt{Accepted: 1}, nil)
	d.await(t.Context())
	disk.expect(t, "a.txt: 1\n", "a.txt: 1\n2\n")
	if got := left(t, d.Dir()); len(got) != 1 {
		t.Errorf("left %q", got)
	}
}

func TestDropNotStored(t *testing.T) {
	disk := newDisk(true)
	disk.setFail(errors.New("disk full"))
	d, cl := openDrop(t, DropOptions{Submit: disk.submit, Remove: true})
	put(t, d.Dir(), "a.txt", "1", 1)
	lookTwice(t, d, cl)
	look(t, d) // not at once
	disk.expect(t, "a.txt: 1")
	if got := left(t, d.Dir()); len(got) != 1 {
		t.Errorf("left %q", got)
	}
	disk.setFail(nil)
	cl.add(2 * time.Second)
	look(t, d)
	disk.expect(t, "a.txt: 1", "a.txt: 1")
	if got := left(t, d.Dir()); len(got) != 0 {
		t.Errorf("left %q", got)
	}
}

func TestDropTooLarge(t *testing.T) {
	disk := newDisk(true)
	d, cl := openDrop(t, DropOptions{Submit: disk.submit})
	put(t, d.Dir(), "x/big.txt", strings.Repeat("x", ingest.MaxBody+1), 1)
	put(t, d.Dir(), "fits.txt", strings.Repeat("x", ingest.MaxBody), 2)
	lookTwice(t, d, cl)
	if len(disk.all) != 2 {
		t.Fatalf("%d deliveries", len(disk.all))
	}
	if a, b := disk.all[0], disk.all[1]; !a.TooLarge || len(a.Body) != ingest.KeptTooLarge || b.TooLarge || len(b.Body) != ingest.MaxBody {
		t.Errorf("%v %d, %v %d", a.TooLarge, len(a.Body), b.TooLarge, len(b.Body))
	}
	kept := filepath.Join(d.Dir(), ".rejected", day(cl.Now()), "x", "big.txt")
	why, err := os.ReadFile(kept + ".reason.txt")
	if err != nil || !bytes.Contains(why, []byte("too_large")) {
		t.Errorf("reason %q, %v", why, err)
	}
}

// What was accepted and cannot be moved is not delivered again at each look, and is moved once that works.
func TestDropNotMoved(t *testing.T) {
	disk := newDisk(true)
	d, cl := openDrop(t, DropOptions{Submit: disk.submit})
	put(t, d.Dir(), ".done", "in the way", 0)
	put(t, d.Dir(), "a.txt", "1", 1)
	for range 5 {
		lookTwice(t, d, cl)
		cl.add(time.Hour)
	}
	disk.expect(t, "a.txt: 1")
	if got := testutil.ToFloat64(d.metrics.files.WithLabelValues("not_moved")); got < 5 {
		t.Errorf("%v counted", got)
	}
	if err := os.Remove(filepath.Join(d.Dir(), ".done")); err != nil {
		t.Fatal(err)
	}
	lookTwice(t, d, cl)
	disk.expect(t, "a.txt: 1")
	if got := left(t, d.Dir()); len(got) != 1 || !strings.HasPrefix(got[0], ".done/") {
		t.Errorf("left %q", got)
	}
}

func TestDropFollowsNoLinks(t *testing.T) {
	disk := newDisk(true)
	outside := t.TempDir()
	put(t, outside, "secret.txt", "secret", 1)
	d, cl := openDrop(t, DropOptions{Submit: disk.submit})
	for name, target := range map[string]string{"file.txt": filepath.Join(outside, "secret.txt"), "folder": outside, "loop": "."} {
		if err := os.Symlink(target, filepath.Join(d.Dir(), name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := syscall.Mkfifo(filepath.Join(d.Dir(), "pipe.txt"), 0o600); err != nil {
		t.Fatal(err)
	}
	lookTwice(t, d, cl)
	disk.expect(t)
}

func TestDropForgetsOldDays(t *testing.T) {
	disk := newDisk(true)
	d, cl := openDrop(t, DropOptions{Submit: disk.submit, KeepDays: 7})
	for i := range 10 {
		put(t, d.Dir(), fmt.Sprintf("%d.txt", i), "1", i)
		lookTwice(t, d, cl)
		cl.add(24 * time.Hour)
	}
	put(t, d.Dir(), ".done/by-hand/x.txt", "1", 0)
	look(t, d)
	days, err := os.ReadDir(filepath.Join(d.Dir(), ".done"))
	if err != nil || len(days) < 7 || len(days) > 9 || days[len(days)-1].Name() != "by-hand" {
		t.Errorf("%d days are left: %v, %v", len(days), days, err)
	}
}

// A crash between the log and the move delivers again, which the books know.
func TestDropCrash(t *testing.T) {
	disk := newDisk(false)
	o := DropOptions{Submit: disk.submit, Dir: t.TempDir()}
	d, cl := openDrop(t, o)
	put(t, d.Dir(), "a.txt", "1", 1)
	d.round(t.Context())
	cl.add(2 * time.Second)
	d.round(t.Context())
	disk.next(t).done(ingest.Receipt{Accepted: 1}, nil) // and then nothing more happens here
	disk.auto = true
	again, cl := openDrop(t, o)
	lookTwice(t, again, cl)
	disk.expect(t, "a.txt: 1", "a.txt: 1")
}

// The real loop: news of the file system, and an end in order.
func TestDropServe(t *testing.T) {
	disk := newDisk(false)
	d, err := OpenDrop(DropOptions{Dir: filepath.Join(t.TempDir(), "new"), Submit: disk.submit, Poll: time.Hour, Settle: 20 * time.Millisecond, Gateway: "plant"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	put(t, d.Dir(), "0.txt", "0", 0)
	go func() { ended <- d.Serve(ctx) }()
	disk.next(t).done(ingest.Receipt{Accepted: 1}, nil)
	put(t, d.Dir(), "sub/1.txt", "1", 1) // in a folder that is new
	if p := disk.next(t); p.Topic != "sub/1.txt" || p.Gateway != "plant" {
		t.Errorf("delivery %+v", p.Delivery)
	} else {
		defer func() { await(t, func() bool { return len(left(t, d.Dir())) == 3 }) }()
		p.done(ingest.Receipt{Accepted: 1}, nil)
	}
	put(t, d.Dir(), "sub/2.txt", "2", 2)
	p := disk.next(t)
	cancel()
	p.done(ingest.Receipt{Accepted: 1}, nil)
	if err := <-ended; err != nil {
		t.Error(err)
	}
	disk.expect(t, "0.txt: 0", "sub/1.txt: 1", "sub/2.txt: 2")
}

// Many files are on their way at a time, and not too many, against a log that takes 5 ms for each group of what came meanwhile.
func TestDropKeepsManyInFlight(t *testing.T) {
	const n, inflight = 2000, 64
	var mu sync.Mutex
	var queue []func(ingest.Receipt, error)
	total, most, groups := 0, 0, 0
	submit := func(_ context.Context, _ ingest.Delivery, done func(ingest.Receipt, error)) error {
		mu.Lock()
		defer mu.Unlock()
		queue = append(queue, done)
		total++
		return nil
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		for ctx.Err() == nil {
			<-tick.C
			mu.Lock()
			group := queue
			queue = nil
			if len(group) > 0 {
				groups, most = groups+1, max(most, len(group))
			}
			mu.Unlock()
			for _, done := range group {
				done(ingest.Receipt{Accepted: 7}, nil)
			}
		}
	}()
	d, err := OpenDrop(DropOptions{Dir: t.TempDir(), Submit: submit, MaxInflight: inflight, Settle: 10 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		at := began.Add(time.Duration(i*5) * time.Minute)
		put(t, d.Dir(), at.Format("2006/01/02/")+"DN_AMAT_NUOC01_"+at.Format(dayFormat+"150405")+".txt", file1, i*5)
	}
	ended := make(chan error, 1)
	began := time.Now()
	go func() { ended <- d.Serve(ctx) }()
	await(t, func() bool {
		mu.Lock()
		defer mu.Unlock()
		return total == n
	})
	took := time.Since(began)
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	t.Logf("%d files in %s, with at most %d in a group of %d", n, took.Round(time.Millisecond), most, groups)
	if most > inflight || most < inflight/4 {
		t.Errorf("at most %d were in flight", most)
	}
}

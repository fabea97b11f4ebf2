package ftp

import (
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
)

// asNobody runs f without the rights of root, if the test has them.
func asNobody(t *testing.T, f func()) {
	t.Helper()
	const nobody = 65534
	if os.Geteuid() != 0 {
		f()
		return
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := syscall.Setfsuid(nobody); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := syscall.Setfsuid(0); err != nil {
			t.Error(err)
		}
	}()
	f()
}

// A file or folder that cannot be read holds up nobody, and is taken once it can.
func TestDropUnreadable(t *testing.T) {
	disk := newDisk(true)
	d, cl := openDrop(t, DropOptions{Submit: disk.submit})
	put(t, d.Dir(), "locked.txt", "locked", 1)
	put(t, d.Dir(), "folder/x.txt", "x", 2)
	put(t, d.Dir(), "open.txt", "open", 3)
	for _, name := range []string{"locked.txt", "folder"} {
		if err := os.Chmod(filepath.Join(d.Dir(), name), 0); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(d.Dir(), 0o777); err != nil {
		t.Fatal(err)
	}
	asNobody(t, func() {
		for range 4 {
			lookTwice(t, d, cl)
			cl.add(time.Second)
		}
	})
	disk.expect(t, "open.txt: open")
	if got := testutil.ToFloat64(d.metrics.files.WithLabelValues("unreadable")); got < 2 {
		t.Errorf("%v unreadable", got)
	}
	if got := d.trouble["locked.txt"]; got == nil || got.wait != 30*time.Second {
		t.Errorf("trouble %+v", got)
	}
	for name, mode := range map[string]os.FileMode{"locked.txt": 0o644, "folder": 0o755} {
		if err := os.Chmod(filepath.Join(d.Dir(), name), mode); err != nil {
			t.Fatal(err)
		}
	}
	cl.add(time.Minute)
	lookTwice(t, d, cl)
	disk.expect(t, "open.txt: open", "locked.txt: locked", "folder/x.txt: x")
}

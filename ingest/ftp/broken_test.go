package ftp

import (
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"quantrac/ingest"
)

func TestBrokenUploadIsNotAccepted(t *testing.T) {
	d := newDisk(true)
	o := Options{Submit: d.submit, Dir: t.TempDir()}
	s, stop := start(t, o)
	half := file1[:40]
	for name, breakOff := range map[string]func(c *raw){
		"reset":   func(c *raw) {},
		"killed":  func(c *raw) { c.Close() },
		"aborted": func(c *raw) { c.send("ABOR") },
	} {
		c := loginRaw(t, s)
		data := c.data()
		c.command("150", "STOR "+name+".txt")
		_, _ = io.WriteString(data, half)
		// The half must have come before the end, or there is nothing to keep.
		awaitSize(t, s, name+".txt", 40)
		breakOff(c)
		if name == "reset" {
			_ = data.(*net.TCPConn).SetLinger(0)
			data.Close()
			c.expect("451")
		}
		data.Close()
	}
	awaitQuiet(t, s, 2)
	d.expect(t)
	stop() // a restart in the middle
	s, _ = start(t, o)
	c := loginRaw(t, s)
	for _, name := range []string{"reset", "killed", "aborted"} {
		if size := c.command("213", "SIZE "+name+".txt"); strings.TrimSpace(size) != "213 40" {
			t.Errorf("%s: %s", name, size)
		}
		c.command("350", "RNFR "+name+".txt")
		c.command("550", "RNTO x.txt")
		c.command("350", "REST 40")
		c.upload("STOR "+name+".txt", file1[40:])
		c.expect("226")
	}
	d.expect(t, "reset.txt: "+file1, "killed.txt: "+file1, "aborted.txt: "+file1)
}

func awaitSize(t *testing.T, s *Server, name string, size int64) {
	t.Helper()
	path := filepath.Join(s.opts.Dir, "gw-kcn", "partial", name)
	await(t, func() bool {
		info, err := os.Stat(path)
		return err == nil && info.Size() == size
	})
}

func awaitQuiet(t *testing.T, s *Server, most int) {
	t.Helper()
	await(t, func() bool { return len(s.connections()) <= most })
}

func await(t *testing.T, met func() bool) {
	t.Helper()
	deadline := time.After(30 * time.Second)
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !met() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("it did not come to that")
		}
	}
}

// A sender that is killed ends its data like one that is done.
func TestKilledSender(t *testing.T) {
	d := newDisk(true)
	s, _ := start(t, Options{Submit: d.submit})
	for range 20 {
		c := loginRaw(t, s)
		data := c.data()
		c.command("150", "STOR x.txt")
		_, _ = io.WriteString(data, "COD\t3")
		data.Close()
		c.Close()
		awaitQuiet(t, s, 0)
	}
	d.expect(t)
}

// A logger whose link broke comes back before the old connection is known to be dead.
func TestUploadIsTakenOver(t *testing.T) {
	d := newDisk(false)
	s, _ := start(t, Options{Submit: d.submit})
	old := loginRaw(t, s)
	data := old.data()
	old.command("150", "STOR x.txt")
	_, _ = io.WriteString(data, file1[:10])
	awaitSize(t, s, "x.txt", 10)
	c := loginRaw(t, s)
	c.upload("STOR x.txt", file1)
	old.expect("451")
	p := d.next(t)
	old.upload("STOR y.txt", "y\n") // the old connection goes on with other files
	d.next(t).done(ingest.Receipt{}, nil)
	old.expect("226")
	// What has come whole and waits for the log is not taken over.
	_ = old.data()
	old.command("451", "STOR x.txt")
	p.done(ingest.Receipt{}, nil)
	c.expect("226")
	d.expect(t, "x.txt: "+file1, "y.txt: y\n")
}

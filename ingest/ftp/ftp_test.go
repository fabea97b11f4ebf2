package ftp

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	client "github.com/jlaffaye/ftp"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"quantrac/ingest"
)

const file1 = "COD\t31.6\tmg/L\t20260901080500\t00\r\npH\t7.42\t-\t20260901080500\t00\r\n"

func TestReplyOnlyAfterDone(t *testing.T) {
	d := newDisk(false)
	now := time.Date(2026, 9, 1, 1, 5, 1, 0, time.UTC)
	s, _ := start(t, Options{Submit: d.submit, Now: func() time.Time { return now }})
	c := loginRaw(t, s)
	c.upload("STOR DN_AMAT_NUOC01/2026/09/01/DN_AMAT_NUOC01_20260901080500.txt", file1)
	p := d.next(t)
	if p.Door != "ftp" || p.Gateway != "gw-kcn" || p.Topic != "DN_AMAT_NUOC01/2026/09/01/DN_AMAT_NUOC01_20260901080500.txt" || !p.ReceivedAt.Equal(now) ||
		string(p.Body) != file1 || p.TooLarge || p.Allowed == nil || !p.Allowed("amata-01") || p.Allowed("amata-02") {
		t.Errorf("delivery %+v", p.Delivery)
	}
	c.expectSilence()
	p.done(ingest.Receipt{Accepted: 2}, nil)
	c.expect("226")
}

// A slow log must not make the control connection count as idle.
func TestSlowLogIsNotIdle(t *testing.T) {
	d := newDisk(false)
	s, _ := start(t, Options{Submit: d.submit, IdleTimeout: 30 * time.Millisecond})
	c := loginRaw(t, s)
	c.upload("STOR x.txt", file1)
	p := d.next(t)
	c.expectSilence()
	c.expectSilence()
	p.done(ingest.Receipt{}, nil)
	c.expect("226")
	c.expect("421")
	c.expectEnd()
}

func TestNotStoredIs451(t *testing.T) {
	d := newDisk(true)
	d.setFail(errors.New("disk full"))
	s, _ := start(t, Options{Submit: d.submit})
	c := loginRaw(t, s)
	c.upload("STOR x.txt", file1)
	c.expect("451")
	c.command("550", "SIZE nothing.txt") // other refusals stay what they are
	d.setFail(nil)
	c.upload("STOR x.txt", file1)
	c.expect("226")
	d.expect(t, "x.txt: "+file1, "x.txt: "+file1)
}

func TestTemporaryNames(t *testing.T) {
	d := newDisk(true)
	s, _ := start(t, Options{Submit: d.submit})
	c := login(t, s)
	stor(t, c, "a.txt.tmp", file1)
	stor(t, c, "b.FILEPART", "b\n")
	d.expect(t)
	d.setFail(errors.New("disk full"))
	if err := c.Rename("a.txt.tmp", "a.txt"); err == nil || !strings.Contains(err.Error(), "451") {
		t.Errorf("rename that was not stored: %v", err)
	}
	d.setFail(nil)
	if err := c.Rename("a.txt.tmp", "2026/09/a.txt"); err != nil {
		t.Fatal(err)
	}
	if err := c.Rename("2026/09/a.txt", "sent/a.txt"); err != nil { // an accepted file is not accepted again
		t.Fatal(err)
	}
	if err := c.Rename("b.FILEPART", "b2.tmp"); err != nil {
		t.Fatal(err)
	}
	d.expect(t, "a.txt: "+file1, "2026/09/a.txt: "+file1)
	if size, err := c.FileSize("sent/a.txt"); err != nil || size != int64(len(file1)) {
		t.Errorf("size %d, %v", size, err)
	}
	if err := c.Delete("b2.tmp"); err != nil {
		t.Fatal(err)
	}
	if got := testutil.ToFloat64(s.metrics.files.WithLabelValues("withdrawn")); got != 1 {
		t.Errorf("%v withdrawn", got)
	}
}

// 226 was said to a file that nobody renames: it is not lost, also across a restart.
func TestNeverRenamed(t *testing.T) {
	d := newDisk(true)
	cl := &clock{now: time.Now()}
	o := Options{Submit: d.submit, Dir: t.TempDir(), Now: cl.Now, Keep: 100 * time.Hour}
	s, stop := start(t, o)
	stor(t, login(t, s), "a.tmp", file1)
	stop()
	s, _ = start(t, o)
	cl.add(2 * time.Hour)
	s.acceptWaiting(t.Context())
	d.expect(t) // whose it is is known when the account signs in
	c := login(t, s)
	s.acceptWaiting(t.Context())
	s.acceptWaiting(t.Context())
	d.expect(t, "a.tmp: "+file1)
	if _, err := c.FileSize("a.tmp"); err == nil {
		t.Error("the file is still there")
	}
}

func TestAppend(t *testing.T) {
	d := newDisk(true)
	s, _ := start(t, Options{Submit: d.submit, MaxFile: 100})
	c := login(t, s)
	stor(t, c, "day.txt", "1\n")
	for _, more := range []string{"2\n", "3", "4\n", ""} {
		if err := c.Append("day.txt", strings.NewReader(more)); err != nil {
			t.Fatal(err)
		}
	}
	d.expect(t, "day.txt: 1\n", "day.txt: 2\n", "day.txt: 3", "day.txt: 1\n2\n34\n")
	if size, err := c.FileSize("day.txt"); err != nil || size != 7 {
		t.Errorf("size %d, %v", size, err)
	}
	line := strings.Repeat("x", 59) + "\n"
	for range 4 { // more in all than one file may hold
		if err := c.Append("day.txt", strings.NewReader(line)); err != nil {
			t.Fatal(err)
		}
	}
	if got := d.texts(); got[len(got)-1] != "day.txt: "+line {
		t.Errorf("the last delivery is %q", got[len(got)-1])
	}
	stor(t, c, "day.txt", "new\n")
	if got := d.texts(); got[len(got)-1] != "day.txt: new\n" {
		t.Errorf("the last delivery is %q", got[len(got)-1])
	}
}

func TestSameFileTwiceIsDeliveredTwice(t *testing.T) {
	d := newDisk(true)
	s, _ := start(t, Options{Submit: d.submit})
	c := login(t, s)
	stor(t, c, "b.txt", file1)
	stor(t, c, "a.txt", file1)
	stor(t, c, "b.txt", file1)
	stor(t, c, "empty.txt", "")
	d.expect(t, "b.txt: "+file1, "a.txt: "+file1, "b.txt: "+file1, "empty.txt: ")
}

func TestTooLarge(t *testing.T) {
	d := newDisk(true)
	s, _ := start(t, Options{Submit: d.submit})
	c := login(t, s)
	big := bytes.Repeat([]byte("0123456789abcde\n"), ingest.MaxBody/16)
	if err := c.Stor("fits.txt", bytes.NewReader(big)); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := c.Stor("big.txt", bytes.NewReader(append(big, '.'))); err == nil || !strings.Contains(err.Error(), "552") {
			t.Errorf("too large: %v", err)
		}
	}
	stor(t, c, "small.txt", "1\n")
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.all) != 3 || d.all[0].TooLarge || len(d.all[0].Body) != ingest.MaxBody || !d.all[1].TooLarge || len(d.all[1].Body) != ingest.KeptTooLarge || d.all[2].TooLarge {
		t.Errorf("%d deliveries", len(d.all))
	}
}

// What a logger checks after an upload.
func TestVisible(t *testing.T) {
	d := newDisk(true)
	s, _ := start(t, Options{Submit: d.submit})
	c := login(t, s)
	if err := c.ChangeDir("/NUOC01/2026"); err != nil { // nobody made it
		t.Fatal(err)
	}
	if err := c.MakeDir("09"); err != nil {
		t.Fatal(err)
	}
	if err := c.ChangeDir("09"); err != nil {
		t.Fatal(err)
	}
	stor(t, c, "a.txt", file1)
	entries, err := c.List("/NUOC01/2026/09")
	if err != nil || len(entries) != 1 || entries[0].Name != "a.txt" || entries[0].Size != uint64(len(file1)) {
		t.Errorf("list: %v, %v", entries, err)
	}
	if names, err := c.NameList("/"); err != nil || len(names) != 1 || strings.TrimPrefix(names[0], "/") != "NUOC01" && !strings.HasSuffix(names[0], "NUOC01") {
		t.Errorf("names: %q, %v", names, err)
	}
	if at, err := c.GetTime("a.txt"); err != nil || time.Since(at) > time.Minute {
		t.Errorf("time: %s, %v", at, err)
	}
	r, err := c.Retr("a.txt")
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(r)
	if err != nil || string(body) != file1 {
		t.Errorf("retrieved %q, %v", body, err)
	}
	_ = r.Close()
	if err := c.Delete("a.txt"); err != nil {
		t.Fatal(err)
	}
	if err := c.RemoveDir("/NUOC01/2026/09"); err != nil {
		t.Fatal(err)
	}
	d.expect(t, "NUOC01/2026/09/a.txt: "+file1)
}

func TestBytesStayAsTheyAre(t *testing.T) {
	d := newDisk(true)
	s, _ := start(t, Options{Submit: d.submit})
	c := loginRaw(t, s)
	c.command("200", "TYPE A")
	c.command("200", "STRU F")
	c.upload("STOR a.txt", "1\r\n2\n\r3\xff")
	c.expect("226")
	c.command("213", "SIZE a.txt")
	d.expect(t, "a.txt: 1\r\n2\n\r3\xff")
}

func TestOldFilesGo(t *testing.T) {
	d := newDisk(true)
	cl := &clock{now: time.Now()}
	o := Options{Submit: d.submit, Dir: t.TempDir(), Now: cl.Now, MaxFiles: 16, Keep: time.Hour, RenameWait: 100 * time.Hour}
	s, stop := start(t, o)
	c := login(t, s)
	for i := range 50 {
		stor(t, c, fmt.Sprintf("%02d.txt", i), file1)
	}
	entries, err := c.List("/")
	if err != nil || len(entries) > 16 || len(entries) < 8 || entries[len(entries)-1].Name != "49.txt" {
		t.Errorf("%d files, %v", len(entries), err)
	}
	stor(t, c, "waits.tmp", file1)
	cl.add(2 * time.Hour)
	s.cleanAll(t.Context())
	if names, err := c.NameList("/"); err != nil || len(names) != 1 || !strings.HasSuffix(names[0], "waits.tmp") {
		t.Errorf("left: %q, %v", names, err)
	}
	for i := range 20 {
		err = c.Stor(fmt.Sprintf("%d.tmp", i), strings.NewReader(file1))
	}
	if err == nil || !strings.Contains(err.Error(), "451") {
		t.Errorf("more waiting files than fit: %v", err)
	}
	stop()
	// Accounts that do not come back are cleaned as well.
	o.MaxFiles = 2000
	s, _ = start(t, o)
	stor(t, login(t, s), "old.txt", file1)
	stop()
	cl.add(2 * time.Hour)
	s, _ = start(t, o)
	s.cleanAll(t.Context())
	if _, err := os.Stat(filepath.Join(o.Dir, "gw-kcn", "files", "old.txt")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the old file: %v", err)
	}
}

func TestDrain(t *testing.T) {
	d := newDisk(false)
	s, stop := start(t, Options{Submit: d.submit})
	whole, half, waits, idle := loginRaw(t, s), loginRaw(t, s), loginRaw(t, s), loginRaw(t, s)
	whole.upload("STOR whole.txt", file1)
	p := d.next(t)
	data := half.data()
	half.command("150", "STOR half.txt")
	_, _ = io.WriteString(data, "half")
	awaitSize(t, s, "half.txt", 4)
	waits.command("229", "EPSV")
	waits.send("STOR never.txt") // and never connects
	awaitSize(t, s, "never.txt", 0)
	go stop()
	<-s.draining
	half.expect("451")
	waits.expect("425")
	p.done(ingest.Receipt{}, nil)
	whole.expect("226")
	for _, c := range []*raw{whole, half, waits, idle} {
		c.expect("421")
		c.expectEnd()
	}
	stop()
	d.expect(t, "whole.txt: "+file1)
}

func TestDrainIsBounded(t *testing.T) {
	d := newDisk(false)
	s, stop := start(t, Options{Submit: d.submit, DrainTimeout: 50 * time.Millisecond})
	c := loginRaw(t, s)
	c.upload("STOR x.txt", file1)
	d.next(t)
	stop()
	c.expectEnd()
}

// The backlog of a station that was away: how long one connection takes for it.
func BenchmarkUpload(b *testing.B) {
	d := newDisk(true)
	s, err := Open(Options{Listen: "127.0.0.1:0", Dir: b.TempDir(), Authenticate: accounts, Submit: d.submit})
	if err != nil {
		b.Fatal(err)
	}
	go func() { _ = s.Serve(b.Context()) }()
	c, err := client.Dial(s.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	if err := c.Login("kcn", "secret"); err != nil {
		b.Fatal(err)
	}
	for i := 0; b.Loop(); i++ {
		if err := c.Stor(fmt.Sprintf("NUOC01/%d.txt", i), strings.NewReader(file1)); err != nil {
			b.Fatal(err)
		}
	}
}

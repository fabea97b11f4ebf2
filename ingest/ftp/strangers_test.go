package ftp

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"quantrac/ingest"
)

// Uploads that break off count for what an account may hold.
func TestBrokenUploadsFillNoDisk(t *testing.T) {
	d, dir := newDisk(true), t.TempDir()
	s, stop := start(t, Options{Submit: d.submit, Dir: dir, MaxFiles: 16})
	for i := range 40 {
		c := loginRaw(t, s)
		data := c.data()
		c.command("150", fmt.Sprintf("STOR f%d.csv", i))
		_, _ = io.WriteString(data, "half a line")
		c.Close()
		data.Close()
		awaitNobody(t, s)
	}
	stop()
	files := 0
	_ = fs.WalkDir(os.DirFS(dir), ".", func(_ string, e fs.DirEntry, _ error) error {
		if !e.IsDir() {
			files++
		}
		return nil
	})
	if files == 0 || files > 16 {
		t.Errorf("%d files are kept, of at most 16", files)
	}
}

func awaitNobody(t *testing.T, s *Server) {
	t.Helper()
	for _, c := range s.connections() {
		select {
		case <-c.ended:
		case <-time.After(10 * time.Second):
			t.Fatal("a connection does not end")
		}
	}
}

// An account that is changed while somebody signs in lets him in with its new rights only.
func TestAccountChangesDuringLogin(t *testing.T) {
	asked, answer := make(chan struct{}), make(chan struct{})
	s, _ := start(t, Options{Submit: newDisk(true).submit, Authenticate: func(ctx context.Context, user, password, remote string) (Account, bool) {
		who, ok := accounts(ctx, user, password, remote)
		asked <- struct{}{}
		<-answer
		return who, ok
	}})
	c := dialRaw(t, s)
	c.expect("220")
	c.command("331", "USER kcn")
	c.send("PASS secret")
	<-asked
	s.Disconnect("gw-kcn")
	close(answer)
	c.expect("530")
	c.expectEnd()
}

// What could not go on behind a file leaves the file as it was.
func TestRefusedRestartLeavesTheFile(t *testing.T) {
	d := newDisk(true)
	s, _ := start(t, Options{Submit: d.submit})
	c := loginRaw(t, s)
	c.upload("STOR a.tmp", "x\n")
	c.expect("226")
	c.data()
	c.command("350", "REST 999")
	c.command("5", "STOR a.tmp")
	c.command("350", "RNFR a.tmp")
	c.command("250", "RNTO a.csv")
	d.expect(t, "a.csv: x\n")
}

// Who connects and says nothing keeps no logger out.
func TestStrangersMakeRoom(t *testing.T) {
	s, _ := start(t, Options{Submit: newDisk(true).submit, MaxConnections: 4, LoginTimeout: time.Hour})
	known := loginRaw(t, s)
	for range 10 {
		dialRaw(t, s)
	}
	for range 2 {
		// A logger may be taken for a stranger; it tries again.
		for tries := 0; ; tries++ {
			c := dialRaw(t, s)
			_ = c.SetDeadline(time.Now().Add(10 * time.Second))
			_, _ = io.WriteString(c, "USER kcn\r\nPASS secret\r\n")
			if in, _ := io.ReadAll(io.LimitReader(c, 60)); strings.Contains(string(in), "230 ") {
				break
			}
			if c.Close(); tries > 100 {
				t.Fatal("strangers keep a logger out")
			}
		}
	}
	known.command("200", "NOOP")
}

// A decoder that panics costs its own upload.
func TestPanicInSubmit(t *testing.T) {
	s, _ := start(t, Options{Submit: func(context.Context, ingest.Delivery, func(ingest.Receipt, error)) error { panic("decoder") }})
	c := loginRaw(t, s)
	c.upload("STOR a.csv", "x\n")
	c.expect("451")
}

// Data go to and come from the address of the control connection only.
func TestNoThirdParties(t *testing.T) {
	d := newDisk(true)
	s, _ := start(t, Options{Submit: d.submit})
	c := loginRaw(t, s)
	c.upload("STOR a.csv", "x\n")
	c.expect("226")
	third, err := net.Listen("tcp", "127.0.0.2:0")
	if err != nil {
		t.Skipf("there is no third address: %v", err)
	}
	defer third.Close()
	port := third.Addr().(*net.TCPAddr).Port
	c.command("501", fmt.Sprintf("PORT 127,0,0,2,%d,%d", port>>8, port&0xff))
	c.command("501", fmt.Sprintf("EPRT |1|127.0.0.2|%d|", port))
	c.command("501", fmt.Sprintf("EPRT |2|::ffff:127.0.0.2|%d|", port))
	c.command("501", "PORT 0,0,0,0,31,144")

	line := c.command("229", "EPSV")
	_, rest, _ := strings.Cut(line, "(|||")
	passive, _, _ := strings.Cut(rest, "|")
	thief := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}, Timeout: 10 * time.Second}
	data, err := thief.Dial("tcp", "127.0.0.1:"+passive)
	if err != nil {
		t.Fatal(err)
	}
	defer data.Close()
	c.command("425", "RETR a.csv")
	_ = data.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if got, _ := io.ReadAll(data); len(got) > 0 {
		t.Errorf("a third party got %q", got)
	}
}

package ftp

import (
	"io"
	"log/slog"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestNothingElseCanBeReached(t *testing.T) {
	d := newDisk(true)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "secret.txt"), []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	s, _ := start(t, Options{Submit: d.submit, Dir: filepath.Join(dir, "ftp")})
	other := dial(t, s.Addr())
	if err := other.Login("other", "secret"); err != nil {
		t.Fatal(err)
	}
	stor(t, other, "theirs.txt", file1)
	c := login(t, s)
	// A link in the folder, whoever put it there, leads nowhere.
	if err := os.Symlink(dir, filepath.Join(dir, "ftp", "gw-kcn", "files", "link")); err != nil {
		t.Fatal(err)
	}
	names := []string{
		"../secret.txt", "../../secret.txt", "/../../secret.txt", `..\..\secret.txt`, "x/../../../secret.txt", "//secret.txt", "../gw-other/files/theirs.txt",
		"../../gw-other/files/theirs.txt", "link/secret.txt", "/etc/passwd", "~/secret.txt", "....//secret.txt", "%2e%2e/secret.txt",
	}
	for _, name := range names {
		if r, err := c.Retr(name); err == nil {
			t.Errorf("%s can be read", name)
			_ = r.Close()
		}
	}
	for _, name := range names {
		_ = c.Delete(name)
		_ = c.Rename(name, "mine.txt")
		_ = c.Stor(name, strings.NewReader("overwritten"))
	}
	if got, err := os.ReadFile(filepath.Join(dir, "secret.txt")); err != nil || string(got) != "secret" {
		t.Errorf("outside: %q, %v", got, err)
	}
	if size, err := other.FileSize("theirs.txt"); err != nil || size != int64(len(file1)) {
		t.Errorf("the other's file: %d, %v", size, err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Errorf("outside: %v, %v", entries, err)
	}
}

func TestHostileInput(t *testing.T) {
	d := newDisk(true)
	s, _ := start(t, Options{Submit: d.submit})
	c := loginRaw(t, s)
	for _, name := range []string{strings.Repeat("x", 300), strings.Repeat("x/", 100) + "y", "a\x07b", "a\x00b", "/", ".."} {
		_ = c.data()
		c.command("553", "STOR "+name)
	}
	for _, line := range []string{"", " ", "STOR", "SITE CHMOD", "SITE CHMOD 777", "REST -1", "PORT 1,2,3,4,5,6", "PORT 127,0,0,1,999,999", "EPRT |1|10.0.0.1|80|", "MFMT x", "HASH x", "COMB a b", "CWD \xff\xfe", "STAT", "OPTS", "MLST /", "\x00", "RNTO x"} {
		c.send(line)
		c.send("PWD")
		for !strings.HasPrefix(c.expect(""), "257") {
		}
	}
	c.send("NOOP " + strings.Repeat("x", 5000))
	c.expect("500")
	c.expectEnd()
	c = dialRaw(t, s)
	c.expect("220")
	for _, line := range []string{"STOR x", "LIST", "RETR x", "SIZE x", "CWD /", "MKD x", "DELE x"} {
		c.command("530", line)
	}
	d.expect(t)
}

func TestLogin(t *testing.T) {
	d := newDisk(true)
	logged := &strings.Builder{}
	s, stop := start(t, Options{Submit: d.submit, RefusalDelay: 100 * time.Millisecond, MaxPerAccount: 2, Logger: slog.New(slog.NewTextHandler(logged, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	for _, user := range []string{"kcn", "nobody", ""} {
		began := time.Now()
		if err := dial(t, s.Addr()).Login(user, "guess"); err == nil {
			t.Errorf("%q was let in", user)
		}
		if took := time.Since(began); took < 100*time.Millisecond {
			t.Errorf("a refusal took %s", took)
		}
	}
	login(t, s)
	c := login(t, s)
	if err := dial(t, s.Addr()).Login("kcn", "secret"); err == nil {
		t.Error("a third connection of the account was let in")
	}
	_ = c.Quit()
	awaitQuiet(t, s, 1)
	login(t, s)
	stop()
	if strings.Contains(logged.String(), "guess") || strings.Contains(logged.String(), "secret") {
		t.Errorf("a password is in the log: %s", logged)
	}
}

func TestTimeouts(t *testing.T) {
	d := newDisk(true)
	s, _ := start(t, Options{Submit: d.submit, LoginTimeout: 50 * time.Millisecond, DataTimeout: 50 * time.Millisecond})
	c := dialRaw(t, s)
	c.expect("220")
	c.expectEnd()
	c = loginRaw(t, s)
	data := c.data()
	c.command("150", "STOR x.txt")
	_, _ = io.WriteString(data, "half")
	c.expect("451") // the data stand still
	d.expect(t)
}

func TestManyConnections(t *testing.T) {
	const n = 1000
	d := newDisk(true)
	s, _ := start(t, Options{Submit: d.submit, MaxConnections: n, MaxPerAccount: n})
	var all []*raw
	for range n {
		all = append(all, loginRaw(t, s))
	}
	c := dialRaw(t, s)
	c.expect("421")
	c.expectEnd()
	all[0].Close()
	await(t, func() bool { return len(s.connections()) < n })
	login(t, s)
}

func TestDisconnect(t *testing.T) {
	d := newDisk(true)
	s, _ := start(t, Options{Submit: d.submit})
	c := loginRaw(t, s)
	other := dial(t, s.Addr())
	if err := other.Login("other", "secret"); err != nil {
		t.Fatal(err)
	}
	s.Disconnect("gw-kcn")
	c.expect("421")
	c.expectEnd()
	stor(t, other, "a.txt", file1)
}

// A name leads to a place inside the folder, or nowhere.
func FuzzRel(f *testing.F) {
	for _, name := range []string{"a.txt", "../x", "/", `..\..\x`, "a//b/./c", "", "x\x00y", strings.Repeat("a/", 40)} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		p, err := rel(name)
		if err != nil {
			return
		}
		if p != "." && !filepath.IsLocal(p) || path.Clean(p) != p || len(p) > maxPath || strings.ContainsAny(p, "\x00\r\n\\") {
			t.Errorf("%q leads to %q", name, p)
		}
		if again, err := rel(p); err != nil || again != p {
			t.Errorf("%q leads to %q, and that to %q (%v)", name, p, again, err)
		}
	})
}

package ftp

import (
	"crypto/tls"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	client "github.com/jlaffaye/ftp"
)

func TestFTPS(t *testing.T) {
	d := newDisk(true)
	conf := certificate(t)
	s, _ := start(t, Options{Submit: d.submit, TLS: conf, RequireTLS: true, ListenImplicit: "127.0.0.1:0"})
	trust := &tls.Config{InsecureSkipVerify: true}
	c := login(t, s, client.DialWithExplicitTLS(trust))
	stor(t, c, "explicit.txt", file1)
	if names, err := c.NameList("/"); err != nil || len(names) != 1 {
		t.Errorf("names %q, %v", names, err)
	}
	d.setFail(errors.New("disk full"))
	if err := c.Stor("fails.txt", strings.NewReader(file1)); err == nil || !strings.Contains(err.Error(), "451") {
		t.Errorf("not stored, behind TLS: %v", err)
	}
	d.setFail(nil)
	i := dial(t, s.AddrImplicit(), client.DialWithTLS(trust))
	if err := i.Login("kcn", "secret"); err != nil {
		t.Fatal(err)
	}
	stor(t, i, "implicit.txt", file1)
	d.expect(t, "explicit.txt: "+file1, "fails.txt: "+file1, "implicit.txt: "+file1)

	plain := dialRaw(t, s)
	plain.expect("220")
	plain.command("530", "USER kcn")
	plain.expectEnd()
	// Commands that come in clear behind AUTH are not taken for encrypted ones.
	plain = dialRaw(t, s)
	plain.expect("220")
	plain.send("AUTH TLS\r\nUSER kcn\r\nPASS secret")
	plain.expect("234")
	plain.expectEnd()
}

// The data connection is refused in clear where TLS is required.
func TestFTPSNeedsPrivateData(t *testing.T) {
	d := newDisk(true)
	s, _ := start(t, Options{Submit: d.submit, TLS: certificate(t), RequireTLS: true})
	c := dialRaw(t, s)
	c.expect("220")
	c.command("234", "AUTH TLS")
	tc := tls.Client(c.Conn, &tls.Config{InsecureSkipVerify: true})
	c.Conn = tc
	c.r.Reset(tc)
	c.command("331", "USER kcn")
	c.command("230", "PASS secret")
	_ = c.data()
	c.command("421", "STOR x.txt")
	d.expect(t)
}

// Many loggers end an encrypted upload without close_notify. One that ends within a record is broken off.
func TestFTPSBareEnd(t *testing.T) {
	d := newDisk(true)
	s, _ := start(t, Options{Submit: d.submit, TLS: certificate(t)})
	c := loginRaw(t, s)
	c.command("200", "PROT P")
	for _, within := range []bool{false, true} {
		data := c.data()
		tc := tls.Client(data, &tls.Config{InsecureSkipVerify: true})
		c.command("150", "STOR x.txt")
		_, _ = io.WriteString(tc, file1)
		if within {
			_, _ = data.Write([]byte{23, 3, 3, 0, 100, 1, 2, 3})
		}
		data.Close()
		if within {
			c.expect("451")
		} else {
			c.expect("226")
		}
	}
	d.expect(t, "x.txt: "+file1)
}

func TestActiveMode(t *testing.T) {
	d := newDisk(true)
	s, _ := start(t, Options{Submit: d.submit})
	curl(t, "-P", "-", "-T", source(t), "ftp://kcn:secret@"+s.Addr().String()+"/a/active.txt")
	d.expect(t, "a/active.txt: "+file1)
}

func TestCurl(t *testing.T) {
	d := newDisk(true)
	s, _ := start(t, Options{Submit: d.submit, TLS: certificate(t), ListenImplicit: "127.0.0.1:0"})
	curl(t, "--ftp-create-dirs", "-T", source(t), "ftp://kcn:secret@"+s.Addr().String()+"/2026/09/plain.txt")
	curl(t, "--ssl-reqd", "-k", "-T", source(t), "ftp://kcn:secret@"+s.Addr().String()+"/explicit.txt")
	curl(t, "-k", "-T", source(t), "ftps://kcn:secret@"+s.AddrImplicit().String()+"/implicit.txt")
	curl(t, "-T", source(t), "-Q", "-RNFR moved.tmp", "-Q", "-RNTO moved.txt", "ftp://kcn:secret@"+s.Addr().String()+"/moved.tmp")
	d.expect(t, "2026/09/plain.txt: "+file1, "explicit.txt: "+file1, "implicit.txt: "+file1, "moved.txt: "+file1)
}

func source(t *testing.T) string {
	path := filepath.Join(t.TempDir(), "source.txt")
	if err := os.WriteFile(path, []byte(file1), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func curl(t *testing.T, args ...string) {
	t.Helper()
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("curl is not installed")
	}
	out, err := exec.CommandContext(t.Context(), "curl", append([]string{"-sS", "--max-time", "20"}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("curl %s: %v: %s", args, err, out)
	}
}

package broker

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// authority signs certificates.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t}
	pair := a.issue("authority", func(c *x509.Certificate) {
		c.IsCA, c.BasicConstraintsValid, c.KeyUsage = true, true, x509.KeyUsageCertSign
	})
	a.cert, a.key = pair.Leaf, pair.PrivateKey.(*ecdsa.PrivateKey)
	return a
}

// issue makes a certificate for a name; one without an authority signs itself.
func (a *authority) issue(name string, change func(*x509.Certificate)) tls.Certificate {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<60))
	if err != nil {
		a.t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
	}
	if change != nil {
		change(template)
	}
	parent, signer := template, key
	if a.cert != nil {
		parent, signer = a.cert, a.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
	if err != nil {
		a.t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		a.t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

func selfSigned(t *testing.T, name string, change func(*x509.Certificate)) tls.Certificate {
	t.Helper()
	return (&authority{t: t}).issue(name, change)
}

func writePEM(t *testing.T, path, kind string, der []byte) {
	t.Helper()
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}

// tlsDir is a directory with cert.pem, key.pem and ca.pem.
type tlsDir string

func newTLSDir(t *testing.T, ca *authority) tlsDir {
	t.Helper()
	d := tlsDir(t.TempDir())
	d.write(t, ca.issue("localhost", func(c *x509.Certificate) { c.DNSNames = []string{"localhost"} }))
	writePEM(t, d.file("ca.pem"), "CERTIFICATE", ca.cert.Raw)
	return d
}

func (d tlsDir) file(name string) string { return filepath.Join(string(d), name) }

func (d tlsDir) write(t *testing.T, pair tls.Certificate) {
	t.Helper()
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	writePEM(t, d.file("cert.pem"), "CERTIFICATE", pair.Certificate[0])
	writePEM(t, d.file("key.pem"), "PRIVATE KEY", key)
}

func (d tlsDir) config(t *testing.T, clientCA bool) *tls.Config {
	t.Helper()
	ca := ""
	if clientCA {
		ca = d.file("ca.pem")
	}
	c, err := TLSConfig(d.file("cert.pem"), d.file("key.pem"), ca, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// dialTLS connects; the handshake fails where err is not nil.
func dialTLS(t *testing.T, b *Broker, ca *authority, certificate *tls.Certificate) (*raw, error) {
	t.Helper()
	roots := x509.NewCertPool()
	roots.AddCert(ca.cert)
	c := &tls.Config{RootCAs: roots, ServerName: "localhost"}
	if certificate != nil {
		// Whatever authorities the server names.
		c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return certificate, nil }
	}
	conn, err := tls.Dial("tcp", b.Addr().String(), c)
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(patience))
	return &raw{t: t, conn: conn, r: bufio.NewReader(conn), version: 5}, nil
}

// letsIn is the reason code of CONNACK, or 0xff when the connection ends before.
func letsIn(t *testing.T, b *Broker, ca *authority, certificate *tls.Certificate, l login) byte {
	t.Helper()
	c, err := dialTLS(t, b, ca, certificate)
	if err != nil {
		return 0xff
	}
	if _, err := c.conn.Write(connectPacket(5, l)); err != nil {
		return 0xff
	}
	_, body, err := c.tryRead()
	if err != nil {
		return 0xff
	}
	return body[1]
}

func TestClientCertificates(t *testing.T) {
	ca, stranger := newAuthority(t), newAuthority(t)
	byName, bySAN := ca.issue("gw-1", nil), ca.issue("pump house", func(c *x509.Certificate) { c.DNSNames = []string{"gw-2"} })
	pinned, nobody, foreign := ca.issue("anything", nil), ca.issue("nobody", nil), stranger.issue("gw-1", nil)
	both := ca.issue("gw-1", func(c *x509.Certificate) { c.DNSNames = []string{"gw-2"} })
	disabled, struck := ca.issue("gw-4", nil), ca.issue("gw-3", nil)

	g := openGateways(t, GatewayOptions{Store: newShelf().store()})
	password := put(t, g, "gw-1", GatewaySpec{})
	second := put(t, g, "gw-2", GatewaySpec{})
	put(t, g, "gw-3", GatewaySpec{Certificates: []string{Fingerprint(pinned.Leaf)}})
	put(t, g, "gw-4", GatewaySpec{Disabled: true})
	dir := newTLSDir(t, ca)
	d := newDisk(true)
	b := start(t, Options{Submit: d.Submit, Gateways: g, TLS: dir.config(t, true)})
	strict := start(t, Options{Submit: d.Submit, Gateways: g, TLS: dir.config(t, true), RequireCertificate: true})

	cases := []struct {
		name        string
		certificate *tls.Certificate
		login       login
		gateway     string
		code        byte
		strictCode  byte
	}{
		{"common name", &byName, login{}, "gw-1", 0, 0},
		{"DNS name", &bySAN, login{}, "gw-2", 0, 0},
		{"fingerprint", &pinned, login{}, "gw-3", 0, 0},
		{"with its own user name", &byName, login{user: "gw-1", password: "whatever"}, "gw-1", 0, 0},
		{"with another's user name and password", &byName, login{user: "gw-2", password: second}, "", 0x86, 0x86},
		{"names of two gateways", &both, login{}, "", 0x86, 0x86},
		{"its name, but its account lists another", &struck, login{}, "", 0x86, 0x86},
		{"disabled", &disabled, login{}, "", 0x86, 0x86},
		{"of no gateway", &nobody, login{}, "", 0x86, 0x86},
		{"of no gateway, with a password", &nobody, login{user: "gw-1", password: password}, "gw-1", 0, 0},
		{"password alone", nil, login{user: "gw-1", password: password}, "gw-1", 0, 0x87},
		{"nothing", nil, login{}, "", 0x87, 0x87},
		{"another authority's", &foreign, login{}, "", 0xff, 0xff},
	}
	for _, tc := range cases {
		tc.login.id = "client"
		if code := letsIn(t, b, ca, tc.certificate, tc.login); code != tc.code {
			t.Errorf("%s: %#x, want %#x", tc.name, code, tc.code)
		}
		if code := letsIn(t, strict, ca, tc.certificate, tc.login); code != tc.strictCode {
			t.Errorf("%s where certificates are required: %#x, want %#x", tc.name, code, tc.strictCode)
		}
		if tc.code != 0 {
			continue
		}
		tc.login.id = "client " + tc.name
		c, err := dialTLS(t, b, ca, tc.certificate)
		if err != nil {
			t.Fatal(err)
		}
		c.send(connectPacket(5, tc.login))
		c.read()
		c.publish(message{topic: readings, body: native(1), qos: 1, id: 1})
		c.read()
		if all := d.deliveries(); all[len(all)-1].Gateway != tc.gateway {
			t.Errorf("%s: gateway %q, want %q", tc.name, all[len(all)-1].Gateway, tc.gateway)
		}
	}
}

// Without an authority, a certificate that signs itself counts when its fingerprint is registered, while it is valid.
func TestSelfSignedClientCertificates(t *testing.T) {
	ca := newAuthority(t)
	registered, other := selfSigned(t, "gw-1", nil), selfSigned(t, "gw-1", nil)
	expired := selfSigned(t, "gw-1", func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })
	g := openGateways(t, GatewayOptions{Store: newShelf().store()})
	put(t, g, "gw-1", GatewaySpec{Certificates: []string{Fingerprint(registered.Leaf), Fingerprint(expired.Leaf)}})
	b := start(t, Options{Submit: newDisk(true).Submit, Gateways: g, TLS: newTLSDir(t, ca).config(t, false)})
	for name, tc := range map[string]struct {
		certificate tls.Certificate
		code        byte
	}{"registered": {registered, 0}, "only the same name": {other, 0x86}, "expired": {expired, 0x87}} {
		if code := letsIn(t, b, ca, &tc.certificate, login{id: "c"}); code != tc.code {
			t.Errorf("%s: %#x, want %#x", name, code, tc.code)
		}
	}
}

func TestCertificateIsLoadedAnew(t *testing.T) {
	ca := newAuthority(t)
	dir := newTLSDir(t, ca)
	b := start(t, Options{Anonymous: true, Submit: newDisk(true).Submit, TLS: dir.config(t, false)})
	serial := func() *big.Int {
		t.Helper()
		c, err := dialTLS(t, b, ca, nil)
		if err != nil {
			t.Fatal(err)
		}
		return c.conn.(*tls.Conn).ConnectionState().PeerCertificates[0].SerialNumber
	}
	touch := func(name string, at time.Time) {
		t.Helper()
		if err := os.Chtimes(dir.file(name), at, at); err != nil {
			t.Fatal(err)
		}
	}
	first := serial()
	next := ca.issue("localhost", func(c *x509.Certificate) { c.DNSNames = []string{"localhost"} })
	dir.write(t, next)
	touch("cert.pem", time.Now().Add(time.Minute))
	if got := serial(); got.Cmp(first) == 0 || got.Cmp(next.Leaf.SerialNumber) != 0 {
		t.Error("the new certificate is not used")
	}
	// A broken file leaves the old certificate in force.
	if err := os.WriteFile(dir.file("cert.pem"), []byte("half a fi"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := serial(); got.Cmp(next.Leaf.SerialNumber) != 0 {
		t.Error("a broken file took the certificate away")
	}
	if err := os.Remove(dir.file("key.pem")); err != nil {
		t.Fatal(err)
	}
	if got := serial(); got.Cmp(next.Leaf.SerialNumber) != 0 {
		t.Error("a missing file took the certificate away")
	}
	dir.write(t, ca.issue("localhost", func(c *x509.Certificate) { c.DNSNames = []string{"localhost"} }))
	touch("cert.pem", time.Now().Add(2*time.Minute))
	if got := serial(); got.Cmp(next.Leaf.SerialNumber) == 0 {
		t.Error("a mended file is not used")
	}
}

func TestTLSConfigSaysWhatIsWrong(t *testing.T) {
	ca := newAuthority(t)
	dir := newTLSDir(t, ca)
	if err := os.WriteFile(dir.file("empty"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	for _, files := range [][3]string{{"none", "key.pem", ""}, {"cert.pem", "none", ""}, {"cert.pem", "ca.pem", ""}, {"cert.pem", "key.pem", "empty"}, {"cert.pem", "key.pem", "none"}} {
		client := files[2]
		if client != "" {
			client = dir.file(client)
		}
		if _, err := TLSConfig(dir.file(files[0]), dir.file(files[1]), client, log); err == nil {
			t.Errorf("%v is taken", files)
		}
	}
	old := &tls.Config{MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10, InsecureSkipVerify: true}
	b := start(t, Options{Anonymous: true, Submit: newDisk(true).Submit, TLS: dir.config(t, false)})
	if c, err := tls.Dial("tcp", b.Addr().String(), old); err == nil {
		_ = c.Close()
		t.Error("TLS 1.1 is spoken")
	}
}

package broker

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"
	"github.com/prometheus/client_golang/prometheus"
)

// TestMosquittoPub drives the broker with the client that README and gateway guide name.
func TestMosquittoPub(t *testing.T) {
	bin, err := exec.LookPath("mosquitto_pub")
	if err != nil {
		t.Skip("mosquitto_pub is not installed")
	}
	d := newDisk(true)
	b := start(t, Options{Anonymous: true, Submit: d.Submit})
	_, port, _ := net.SplitHostPort(b.Addr().String())
	for i, args := range [][]string{
		{"-V", "5", "-q", "0"},
		{"-V", "5", "-q", "1"},
		{"-V", "5", "-q", "2"},
		{"-V", "311", "-q", "1"},
		{"-V", "311", "-q", "2"},
		{"-V", "31", "-q", "1"},
		{"-V", "5", "-q", "1", "-D", "publish", "user-property", "a", "b", "-D", "publish", "content-type", "application/json"},
		{"-V", "5", "-q", "2", "-D", "publish", "user-property", "a", "b"},
		{"-V", "5", "-q", "1", "-D", "publish", "message-expiry-interval", "10"},
		{"-V", "5", "-q", "1", "-c", "-i", "keeper", "-x", "100"},
	} {
		cmd := exec.Command(bin, append(args, "-p", port, "-t", readings, "-m", native(float64(i)))...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("mosquitto_pub %s: %v: %s", strings.Join(args, " "), err, out)
			continue
		}
		d.await(t, 1)
		got := d.deliveries()
		if last := got[len(got)-1]; string(last.Body) != native(float64(i)) {
			t.Errorf("mosquitto_pub %s delivered %s", strings.Join(args, " "), last.Body)
		}
	}
}

func TestPahoClients(t *testing.T) {
	d := newDisk(true)
	registry := prometheus.NewRegistry()
	b := start(t, Options{Anonymous: true, Submit: d.Submit, Metrics: registry})
	const clients, each = 20, 200
	var wg sync.WaitGroup
	for i := range clients {
		wg.Go(func() {
			c := paho.NewClient(paho.NewClientOptions().AddBroker("tcp://" + b.Addr().String()).SetClientID(fmt.Sprintf("gw-%d", i)))
			if tok := c.Connect(); !tok.WaitTimeout(patience) || tok.Error() != nil {
				t.Errorf("connect: %v", tok.Error())
				return
			}
			defer c.Disconnect(100)
			for j := range each {
				tok := c.Publish(readings, byte(1+j%2), false, native(float64(j)))
				if !tok.WaitTimeout(patience) || tok.Error() != nil {
					t.Errorf("publish %d: %v", j, tok.Error())
					return
				}
			}
		})
	}
	wg.Wait()
	next := map[string]int{}
	for _, del := range d.deliveries() {
		if string(del.Body) != native(float64(next[del.Gateway])) {
			t.Fatalf("%s: %s out of order", del.Gateway, del.Body)
		}
		next[del.Gateway]++
	}
	for gw, n := range next {
		if n != each {
			t.Errorf("%s: %d of %d messages", gw, n, each)
		}
	}
}

func TestTLS(t *testing.T) {
	cert, roots := selfSigned(t)
	d := newDisk(true)
	b := start(t, Options{Anonymous: true, Submit: d.Submit, TLS: &tls.Config{Certificates: []tls.Certificate{cert}}})
	o := paho.NewClientOptions().AddBroker("ssl://" + b.Addr().String()).SetTLSConfig(&tls.Config{RootCAs: roots, ServerName: "localhost"})
	c := paho.NewClient(o.SetClientID("gw"))
	if tok := c.Connect(); !tok.WaitTimeout(patience) || tok.Error() != nil {
		t.Fatalf("connect: %v", tok.Error())
	}
	defer c.Disconnect(100)
	if tok := c.Publish(readings, 1, false, native(1)); !tok.WaitTimeout(patience) || tok.Error() != nil {
		t.Fatalf("publish: %v", tok.Error())
	}
	// A client that speaks no TLS is cut, and nobody else notices.
	plain := dial(t, b, 4)
	plain.send(connectPacket(4, login{id: "plain"}))
	plain.expectClosed()
	if tok := c.Publish(readings, 2, false, native(2)); !tok.WaitTimeout(patience) || tok.Error() != nil {
		t.Fatalf("publish: %v", tok.Error())
	}
}

func selfSigned(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots
}

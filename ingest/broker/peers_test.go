package broker

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"os/exec"
	"strings"
	"sync"
	"testing"

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
		{"-V", "5", "-q", "2", "-D", "publish", "topic-alias", "5"},
		{"-V", "5", "-q", "2", "-D", "publish", "topic-alias", "5", "-D", "publish", "user-property", "a", "b", "-D", "publish", "user-property", "a", "c"},
		{"-V", "5", "-q", "1", "-D", "publish", "response-topic", "answers", "-D", "publish", "correlation-data", "x", "-D", "publish", "payload-format-indicator", "1"},
		{"-V", "5", "-q", "1", "-D", "connect", "user-property", "a", "b", "-D", "connect", "receive-maximum", "1", "-D", "connect", "maximum-packet-size", "64"},
		{"-V", "5", "-q", "1", "-D", "connect", "request-problem-information", "0", "-D", "connect", "request-response-information", "1"},
		{"-V", "5", "-q", "1", "--will-topic", "quantrac/v1/amata-01/status", "--will-payload", offline, "--will-retain", "-D", "will", "will-delay-interval", "5", "-D", "will", "user-property", "a", "b"},
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

// TestMosquittoSub hears a status as an operator would who looks at the broker.
func TestMosquittoSub(t *testing.T) {
	bin, err := exec.LookPath("mosquitto_sub")
	if err != nil {
		t.Skip("mosquitto_sub is not installed")
	}
	b := start(t, Options{Anonymous: true, Submit: newDisk(true).Submit})
	_, port, _ := net.SplitHostPort(b.Addr().String())
	gw := connect(t, b, 5, login{id: "gw"})
	gw.say(online, true, 0x26, 0, 1, 'a', 0, 1, 'b')
	for _, args := range [][]string{{"-V", "5", "-F", "%t %r %P %p"}, {"-V", "311", "-F", "%t %r  %p"}} {
		out, err := exec.Command(bin, append(args, "-p", port, "-t", "quantrac/v1/+/status", "-q", "2", "-C", "1", "-W", "10")...).CombinedOutput()
		want := "quantrac/v1/amata-01/status 1 a:b " + online
		if args[1] == "311" {
			want = "quantrac/v1/amata-01/status 1  " + online
		}
		if err != nil || strings.TrimSpace(string(out)) != want {
			t.Errorf("mosquitto_sub %v: %v: %s", args, err, out)
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
	ca := newAuthority(t)
	roots := x509.NewCertPool()
	roots.AddCert(ca.cert)
	d := newDisk(true)
	b := start(t, Options{Anonymous: true, Submit: d.Submit, TLS: newTLSDir(t, ca).config(t, false)})
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

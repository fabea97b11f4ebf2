package broker

import (
	"bytes"
	"context"
	"testing"
	"time"
)

func TestLogin(t *testing.T) {
	authenticate := func(_ context.Context, l Login) (Identity, bool) {
		return Identity{ID: "gw-" + l.Username, Stations: []string{"amata-01"}}, l.Password == "right"
	}
	cases := []struct {
		name         string
		anonymous    bool
		authenticate func(context.Context, Login) (Identity, bool)
		login        login
		four, five   byte
	}{
		{name: "anonymous where it is allowed", anonymous: true, login: login{id: "a"}},
		{name: "anonymous where it is not", login: login{id: "a"}, four: 5, five: 0x87},
		{name: "anonymous beside accounts", anonymous: true, authenticate: authenticate, login: login{id: "a"}},
		{name: "right password", authenticate: authenticate, login: login{id: "a", user: "u", password: "right"}},
		{name: "wrong password", authenticate: authenticate, login: login{id: "a", user: "u", password: "wrong"}, four: 4, five: 0x86},
		{name: "wrong password where anonymous is allowed", anonymous: true, authenticate: authenticate, login: login{id: "a", user: "u", password: "wrong"}, four: 4, five: 0x86},
		{name: "no accounts", login: login{id: "a", user: "u", password: "right"}, four: 5, five: 0x87},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			d := newDisk(true)
			b := start(t, Options{Anonymous: tc.anonymous, Authenticate: tc.authenticate, Submit: d.Submit})
			for version, want := range map[byte]byte{4: tc.four, 5: tc.five} {
				c := dial(t, b, version)
				c.send(connectPacket(version, tc.login))
				first, body := c.read()
				if first != 0x20 || body[1] != want {
					t.Errorf("version %d: CONNACK % x, want %#x", version, body, want)
				}
				if want != 0 {
					c.expectClosed()
				}
			}
		})
	}
}

func TestRights(t *testing.T) {
	d := newDisk(true)
	b := start(t, Options{Submit: d.Submit, Authenticate: func(context.Context, Login) (Identity, bool) {
		return Identity{ID: "gw", Stations: []string{"amata-01"}}, true
	}})
	c := connect(t, b, 5, login{id: "client-7", user: "u", password: "p"})
	c.publish(message{topic: "quantrac/v1/sonadezi-02/readings", body: native(1), qos: 1, id: 1})
	c.expect(0x40, 2, 0, 1)
	got := d.deliveries()[0]
	if got.Gateway != "gw" || got.Allowed == nil || !got.Allowed("amata-01") || got.Allowed("sonadezi-02") {
		t.Errorf("delivery %+v", got)
	}
	// The status of another station is no status of ours to route: the door refuses it.
	c.publish(message{topic: "quantrac/v1/sonadezi-02/status", body: `{"online":true}`, qos: 1, id: 2, retain: true})
	c.expect(0x40, 2, 0, 2)
	if n := len(d.deliveries()); n != 2 {
		t.Errorf("%d deliveries", n)
	}
	filters := map[string]byte{
		"quantrac/v1/amata-01/status": 0, "quantrac/v1/amata-01/#": 0, "quantrac/v1/sonadezi-02/#": 0x87, "quantrac/v1/+/status": 0x87,
		"#": 0x87, "$SYS/#": 0x87, "quantrac/#": 0x87, "$share/g/quantrac/v1/amata-01/#": 0, "$share/g/quantrac/#": 0x87, "v1/devices/me/rpc/request/+": 0,
	}
	for filter, code := range filters {
		c.send(packet(0x82, append([]byte{0, 9, 0}, append(str(filter), 2)...)))
		first, body := c.read()
		for first == 0x30 {
			first, body = c.read()
		}
		if first != 0x90 || body[len(body)-1] != code {
			t.Errorf("%s: % x, want %#x", filter, body, code)
		}
	}
}

// Devices of different gateways may have the same client id: neither takes the other's place nor its session.
func TestClientIDOfAnotherGateway(t *testing.T) {
	d := newDisk(true)
	b := start(t, Options{Submit: d.Submit, Authenticate: func(_ context.Context, l Login) (Identity, bool) {
		return Identity{ID: l.Username}, true
	}})
	owner := connect(t, b, 4, login{id: "plc", user: "a", password: "p", keep: true})
	other := dial(t, b, 4)
	other.send(connectPacket(4, login{id: "plc", user: "b", password: "p", keep: true}))
	other.expect(0x20, 2, 0, 0)
	owner.expectSilence()
	connect(t, b, 4, login{id: "plc", user: "a", password: "p"})
	owner.expectClosed()
	other.expectSilence()
}

func TestStatusIsRetainedAndRouted(t *testing.T) {
	d := newDisk(true)
	b := start(t, Options{Anonymous: true, Submit: d.Submit})
	const topic = "quantrac/v1/amata-01/status"
	gw := connect(t, b, 4, login{id: "gw", willTopic: topic, willBody: `{"online":false}`, willRetain: true})
	gw.publish(message{topic: topic, body: `{"online":true}`, qos: 1, id: 1, retain: true})
	gw.expect(0x40, 2, 0, 1)
	gw.publish(message{topic: readings, body: native(1), qos: 1, id: 2, retain: true})
	gw.expect(0x40, 2, 0, 2)

	viewer := connect(t, b, 5, login{id: "viewer"})
	viewer.send(packet(0x82, append([]byte{0, 1, 0}, append(str("quantrac/v1/+/status"), 1)...)))
	viewer.expect(0x90, 4, 0, 1, 0, 0)
	expectStatus(t, viewer, `{"online":true}`)
	_ = gw.conn.Close()
	expectStatus(t, viewer, `{"online":false}`)
	if got := d.deliveries(); len(got) != 1 || got[0].Topic != readings {
		t.Errorf("%d deliveries; a status is none, a reading is never retained", len(got))
	}

	// Content decides: a measurement on the status topic is a measurement.
	other := connect(t, b, 4, login{id: "other"})
	other.publish(message{topic: topic, body: native(1), qos: 1, id: 1})
	other.expect(0x40, 2, 0, 1)
	if n := len(d.deliveries()); n != 2 {
		t.Errorf("%d deliveries", n)
	}
}

func expectStatus(t *testing.T, c *raw, want string) {
	t.Helper()
	if first, body := c.read(); first>>4 != 3 || !bytes.HasSuffix(body, []byte(want)) {
		t.Errorf("%#x %q, want %s", first, body, want)
	}
}

func TestOtherWillIsSubmitted(t *testing.T) {
	d := newDisk(true)
	b := start(t, Options{Anonymous: true, Submit: d.Submit})
	l := login{id: "gw", willTopic: "Advantech/00D0C9/Device_Status", willBody: `{"status":"disconnect"}`, willRetain: true}
	polite := connect(t, b, 4, l)
	polite.send([]byte{0xe0, 0})
	polite.expectClosed()
	rude := connect(t, b, 4, l)
	_ = rude.conn.Close()
	d.await(t, 1)
	if got := d.deliveries(); len(got) != 1 || got[0].Topic != l.willTopic || string(got[0].Body) != l.willBody {
		t.Errorf("deliveries %+v", got)
	}
	if n := len(b.retained.matching("#", time.Now())); n != 0 {
		t.Errorf("%d messages are retained", n)
	}
}

func TestAuthenticator(t *testing.T) {
	hash, err := HashPassword("s3cret")
	if err != nil {
		t.Fatal(err)
	}
	a, err := accounts([]Gateway{{ID: "gw-1", Username: "amata", PasswordHash: hash, Stations: []string{"amata-01"}}})
	if err != nil {
		t.Fatal(err)
	}
	a.delay = 0
	ctx := context.Background()
	for range 3 {
		who, ok := a.Authenticate(ctx, Login{Username: "amata", Password: "s3cret"})
		if !ok || who.ID != "gw-1" || !who.May("amata-01") || who.May("other") {
			t.Fatalf("right password: %+v, %v", who, ok)
		}
		for _, l := range []Login{{Username: "amata", Password: "wrong"}, {Username: "nobody", Password: "s3cret"}, {Username: "amata"}, {}} {
			if who, ok := a.Authenticate(ctx, l); ok || who.ID != "" {
				t.Fatalf("%+v is let in as %+v", l, who)
			}
		}
	}
	began := time.Now()
	for range 1000 {
		a.Authenticate(ctx, Login{Username: "amata", Password: "s3cret"})
	}
	if took := time.Since(began); took > time.Second {
		t.Errorf("1,000 repeated logins took %s", took)
	}
}

func TestRefusalIsDelayed(t *testing.T) {
	a, err := accounts(nil)
	if err != nil {
		t.Fatal(err)
	}
	a.delay = 60 * time.Millisecond
	for range 2 {
		began := time.Now()
		if _, ok := a.Authenticate(context.Background(), Login{Username: "x", Password: "y"}); ok {
			t.Fatal("let in")
		}
		if took := time.Since(began); took < a.delay {
			t.Errorf("refused after %s", took)
		}
	}
}

func TestPasswordHash(t *testing.T) {
	one, _ := HashPassword("x")
	two, _ := HashPassword("x")
	if one == two {
		t.Error("two hashes of one password are equal: no salt")
	}
	if ok, err := VerifyPassword("x", one); !ok || err != nil {
		t.Errorf("%v, %v", ok, err)
	}
	if ok, _ := VerifyPassword("y", one); ok {
		t.Error("a wrong password fits")
	}
	// From the test vectors of the reference implementation.
	const reference = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	if ok, err := VerifyPassword("password", reference); !ok || err != nil {
		t.Errorf("reference hash: %v, %v", ok, err)
	}
	for _, bad := range []string{
		"", "plain", "$argon2i$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAA", "$argon2id$v=18$m=19456,t=2,p=1$AAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"$argon2id$v=19$m=4294967295,t=2,p=1$AAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAA", "$argon2id$v=19$m=19456,t=0,p=1$AAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"$argon2id$v=19$m=19456,t=2,p=1$AA$AAAAAAAAAAAAAAAAAAAAAAAAAAA", "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAA$", "$argon2id$v=19$m=19456,t=2,p=0$AAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAA",
	} {
		if _, err := VerifyPassword("x", bad); err == nil {
			t.Errorf("%q is taken for a hash", bad)
		}
		if _, err := accounts([]Gateway{{ID: "g", Username: "u", PasswordHash: bad}}); err == nil {
			t.Errorf("a gateway with hash %q is taken", bad)
		}
	}
	g := Gateway{ID: "g", Username: "u", PasswordHash: one}
	if _, err := accounts([]Gateway{g, g}); err == nil {
		t.Error("a user name that occurs twice is taken")
	}
}

// accounts are those of a configuration alone.
func accounts(gateways []Gateway) (*Gateways, error) {
	return OpenGateways(context.Background(), GatewayOptions{Configured: gateways})
}

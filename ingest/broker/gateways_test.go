package broker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// shelf is a Store in memory. Writes to it wait for slow, when it is not nil, and fail with broken.
type shelf struct {
	mu     sync.Mutex
	values map[string][]byte
	slow   chan struct{}
	broken error
	puts   int
}

func newShelf() *shelf { return &shelf{values: map[string][]byte{}} }

func (s *shelf) store() Store {
	return Store{
		Put: func(_ context.Context, key string, value []byte) error {
			if s.slow != nil {
				<-s.slow
			}
			s.mu.Lock()
			defer s.mu.Unlock()
			s.puts++
			if s.broken == nil {
				s.values[key] = slices.Clone(value)
			}
			return s.broken
		},
		Delete: func(_ context.Context, key string) error {
			s.mu.Lock()
			defer s.mu.Unlock()
			delete(s.values, key)
			return s.broken
		},
		All: func(_ context.Context, visit func(string, []byte) error) error {
			for key, value := range s.values {
				if err := visit(key, value); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

func openGateways(t *testing.T, opts GatewayOptions) *Gateways {
	t.Helper()
	g, err := OpenGateways(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	g.delay = 0
	return g
}

func put(t *testing.T, g *Gateways, id string, spec GatewaySpec) (password string) {
	t.Helper()
	_, password, _, err := g.Put(t.Context(), id, spec)
	if err != nil {
		t.Fatalf("put %s: %v", id, err)
	}
	return password
}

func (g *Gateways) lets(username, password string) bool {
	_, ok := g.AuthenticatePassword(context.Background(), username, password, "192.0.2.1:1")
	return ok
}

func TestGatewayLife(t *testing.T) {
	made := time.Date(2026, 11, 24, 6, 0, 0, 0, time.UTC)
	s, now := newShelf(), made
	opts := GatewayOptions{Store: s.store(), Now: func() time.Time { return now }}
	g := openGateways(t, opts)
	view, password, created, err := g.Put(t.Context(), "gw-1", GatewaySpec{Stations: []string{"b-2", "a-1", "b-2"}})
	if err != nil || !created || len(password) < 22 {
		t.Fatalf("created %v, password of %d characters, %v", created, len(password), err)
	}
	want := GatewayView{ID: "gw-1", Username: "gw-1", Stations: []string{"a-1", "b-2"}, Certificates: []string{}, Source: "api", CreatedAt: &made}
	if !reflect.DeepEqual(view, want) {
		t.Errorf("view %+v", view)
	}
	if !g.lets("gw-1", password) || g.lets("gw-1", "x") {
		t.Error("the password is not the one that was shown")
	}

	// A change keeps the password and shows none.
	_, shown, created, err := g.Put(t.Context(), "gw-1", GatewaySpec{Username: "amata", Stations: []string{"*"}})
	if err != nil || created || shown != "" {
		t.Fatalf("changed: created %v, shown %q, %v", created, shown, err)
	}
	if g.lets("gw-1", password) || !g.lets("amata", password) {
		t.Error("the user name did not change")
	}

	now = now.Add(time.Hour)
	view, second, err := g.Rotate(t.Context(), "gw-1")
	if err != nil || second == password || view.RotatedAt == nil || !view.RotatedAt.Equal(now) {
		t.Fatalf("rotated: %+v, %v", view, err)
	}
	if g.lets("amata", password) || !g.lets("amata", second) {
		t.Error("rotated, and the old password still holds")
	}

	// All of it is there after a restart, and none of it in words that sign in.
	reopened := openGateways(t, opts)
	if got, err := reopened.Get("gw-1"); err != nil || got.CreatedAt == nil || !got.CreatedAt.Equal(made) || !got.RotatedAt.Equal(now) || got.Username != "amata" {
		t.Errorf("after a restart %+v, %v", got, err)
	}
	if !reopened.lets("amata", second) {
		t.Error("the password is lost by a restart")
	}
	if strings.Contains(string(s.values["gw-1"]), second) {
		t.Error("the password is stored in clear")
	}

	if err := g.Delete(t.Context(), "gw-1"); err != nil {
		t.Fatal(err)
	}
	if g.lets("amata", second) || len(g.List()) != 0 || len(s.values) != 0 {
		t.Error("deleted, and still there")
	}
	for name, err := range map[string]error{
		"delete": g.Delete(t.Context(), "gw-1"), "rotate": second2(g.Rotate(t.Context(), "gw-1")), "get": second1(g.Get("gw-1")),
	} {
		if !errors.Is(err, ErrNotFound) {
			t.Errorf("%s of a deleted one: %v", name, err)
		}
	}
}

func second1[A any](_ A, err error) error         { return err }
func second2[A, B any](_ A, _ B, err error) error { return err }

func TestViewHasNoHash(t *testing.T) {
	g := openGateways(t, GatewayOptions{Store: newShelf().store()})
	put(t, g, "gw-1", GatewaySpec{})
	text, err := json.Marshal(g.List())
	if err != nil || strings.Contains(string(text), "argon") || strings.Contains(string(text), "hash") {
		t.Errorf("%s, %v", text, err)
	}
	for _, field := range []string{`"id"`, `"username"`, `"stations":[]`, `"certificates":[]`, `"source":"api"`, `"disabled":false`, `"created_at"`, `"rotated_at":null`, `"connected":false`, `"last_seen":null`, `"remote":""`} {
		if !strings.Contains(string(text), field) {
			t.Errorf("no %s in %s", field, text)
		}
	}
}

func TestDisabledGateway(t *testing.T) {
	g := openGateways(t, GatewayOptions{Store: newShelf().store()})
	password := put(t, g, "gw-1", GatewaySpec{})
	put(t, g, "gw-1", GatewaySpec{Disabled: true})
	if g.lets("gw-1", password) {
		t.Error("a disabled gateway is let in")
	}
	if _, ok := g.Identity("gw-1"); ok {
		t.Error("a disabled gateway has rights")
	}
	// The refusal must not outlive its reason.
	put(t, g, "gw-1", GatewaySpec{})
	if !g.lets("gw-1", password) {
		t.Error("enabled again, and still refused")
	}
}

func TestConfiguredGatewaysCannotBeChanged(t *testing.T) {
	hash, err := HashPassword("s3cret")
	if err != nil {
		t.Fatal(err)
	}
	s := newShelf()
	stored := openGateways(t, GatewayOptions{Store: s.store()})
	put(t, stored, "gw-1", GatewaySpec{Username: "from-the-api"})
	put(t, stored, "gw-2", GatewaySpec{Username: "amata"})
	put(t, stored, "gw-3", GatewaySpec{})

	g := openGateways(t, GatewayOptions{Store: s.store(), Configured: []Gateway{{ID: "gw-1", Username: "amata", PasswordHash: hash, Stations: []string{"*"}}}})
	view, err := g.Get("gw-1")
	if err != nil || view.Source != "file" || view.Username != "amata" || view.CreatedAt != nil {
		t.Errorf("%+v, %v", view, err)
	}
	if !g.lets("amata", "s3cret") {
		t.Error("the configured password does not hold")
	}
	// gw-2 has the user name of a configured one; it waits until the file lets go of it.
	if got := g.List(); len(got) != 2 || got[1].ID != "gw-3" {
		t.Errorf("%+v", got)
	}
	_, _, _, err = g.Put(t.Context(), "gw-1", GatewaySpec{})
	for name, err := range map[string]error{"put": err, "rotate": second2(g.Rotate(t.Context(), "gw-1")), "delete": g.Delete(t.Context(), "gw-1")} {
		if !errors.Is(err, ErrConfigured) {
			t.Errorf("%s: %v", name, err)
		}
	}
	again := openGateways(t, GatewayOptions{Store: s.store()})
	if view, err := again.Get("gw-1"); err != nil || view.Source != "api" || view.Username != "from-the-api" || len(again.List()) != 3 {
		t.Errorf("without the configuration: %+v, %v", view, err)
	}
}

func TestInvalidGateways(t *testing.T) {
	g := openGateways(t, GatewayOptions{Store: newShelf().store()})
	fingerprint := strings.Repeat("ab", 32)
	put(t, g, "gw-1", GatewaySpec{Username: "taken", Certificates: []string{fingerprint}})
	for path, tc := range map[string]struct {
		id   string
		spec GatewaySpec
	}{
		"id":              {"Not An Id", GatewaySpec{}},
		"username":        {"gw-2", GatewaySpec{Username: "a\nb"}},
		"stations[1]":     {"gw-2", GatewaySpec{Stations: []string{"a-1", "No Station"}}},
		"certificates[0]": {"gw-2", GatewaySpec{Certificates: []string{"abcd"}}},
	} {
		_, _, _, err := g.Put(t.Context(), tc.id, tc.spec)
		var invalid *Invalid
		if !errors.As(err, &invalid) || invalid.Problems[0].Path != path || invalid.Problems[0].Message == "" {
			t.Errorf("%s: %v", path, err)
		}
	}
	colons := "AB" + strings.Repeat(":AB", 31)
	for _, spec := range []GatewaySpec{{Username: "taken"}, {Certificates: []string{colons}}} {
		_, _, _, err := g.Put(t.Context(), "gw-2", spec)
		var invalid *Invalid
		if !errors.As(err, &invalid) {
			t.Errorf("%+v: %v", spec, err)
		}
	}
	if len(g.List()) != 1 {
		t.Error("a refused gateway exists")
	}
}

// What the store did not take never holds.
func TestChangeIsDurableFirst(t *testing.T) {
	s := newShelf()
	g := openGateways(t, GatewayOptions{Store: s.store()})
	password := put(t, g, "gw-1", GatewaySpec{})
	s.broken = errors.New("disk gone")
	if _, _, err := g.Rotate(t.Context(), "gw-1"); !errors.Is(err, s.broken) {
		t.Errorf("rotate: %v", err)
	}
	if err := g.Delete(t.Context(), "gw-1"); !errors.Is(err, s.broken) {
		t.Errorf("delete: %v", err)
	}
	if _, _, _, err := g.Put(t.Context(), "gw-2", GatewaySpec{}); !errors.Is(err, s.broken) || len(g.List()) != 1 {
		t.Errorf("put: %v, %d gateways", err, len(g.List()))
	}
	if !g.lets("gw-1", password) {
		t.Error("a change that failed holds")
	}
	if _, _, _, err := openGateways(t, GatewayOptions{}).Put(t.Context(), "gw-1", GatewaySpec{}); !errors.Is(err, ErrNoStore) {
		t.Errorf("without a store: %v", err)
	}
}

// The broker cuts a gateway whose account changed, and nobody else.
func TestChangesCutTheirGatewayOnly(t *testing.T) {
	changes := map[string]func(*testing.T, *Gateways){
		"rights":  func(t *testing.T, g *Gateways) { put(t, g, "gw-1", GatewaySpec{Stations: []string{"a-1"}}) },
		"disable": func(t *testing.T, g *Gateways) { put(t, g, "gw-1", GatewaySpec{Disabled: true}) },
		"rotate": func(t *testing.T, g *Gateways) {
			if _, _, err := g.Rotate(t.Context(), "gw-1"); err != nil {
				t.Error(err)
			}
		},
		"delete": func(t *testing.T, g *Gateways) {
			if err := g.Delete(t.Context(), "gw-1"); err != nil {
				t.Error(err)
			}
		},
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			var heard []string
			g := openGateways(t, GatewayOptions{Store: newShelf().store(), Changed: func(id string) { heard = append(heard, id) }})
			one, two := put(t, g, "gw-1", GatewaySpec{}), put(t, g, "gw-2", GatewaySpec{})
			d := newDisk(true)
			b := start(t, Options{Submit: d.Submit, Gateways: g})
			five := connect(t, b, 5, login{id: "five", user: "gw-1", password: one})
			four := connect(t, b, 4, login{id: "four", user: "gw-1", password: one})
			other := connect(t, b, 5, login{id: "other", user: "gw-2", password: two})
			if view, _ := g.Get("gw-1"); !view.Connected || view.LastSeen == nil || !strings.HasPrefix(view.Remote, "127.0.0.1:") {
				t.Errorf("connected: %+v", view)
			}
			heard = nil
			change(t, g)
			five.expect(0xe0, 1, 0x98)
			five.expectClosed()
			four.expectClosed()
			other.expectSilence()
			if !slices.Equal(heard, []string{"gw-1"}) {
				t.Errorf("Changed heard %v", heard)
			}
		})
	}
}

func TestSameSpecCutsNobody(t *testing.T) {
	s := newShelf()
	g := openGateways(t, GatewayOptions{Store: s.store()})
	spec := GatewaySpec{Stations: []string{"a-1"}}
	password := put(t, g, "gw-1", spec)
	b := start(t, Options{Submit: newDisk(true).Submit, Gateways: g})
	c := connect(t, b, 5, login{id: "c", user: "gw-1", password: password})
	put(t, g, "gw-1", spec)
	c.expectSilence()
	if s.puts != 1 {
		t.Errorf("%d writes", s.puts)
	}
}

// A login that was judged before a change, and connects after it, is not let in by the old account.
func TestChangeDuringLogin(t *testing.T) {
	g := openGateways(t, GatewayOptions{Store: newShelf().store()})
	password := put(t, g, "gw-1", GatewaySpec{})
	judged, changed := make(chan struct{}), make(chan struct{})
	b := start(t, Options{Submit: newDisk(true).Submit, Gateways: g, Authenticate: func(ctx context.Context, l Login) (Identity, bool) {
		who, ok := g.Authenticate(ctx, l)
		close(judged)
		<-changed
		return who, ok
	}})
	c := dial(t, b, 5)
	c.send(connectPacket(5, login{id: "c", user: "gw-1", password: password}))
	<-judged
	if err := g.Delete(t.Context(), "gw-1"); err != nil {
		t.Fatal(err)
	}
	close(changed)
	if first, body := c.read(); first != 0x20 || body[1] != 0x87 {
		t.Errorf("% x % x", first, body)
	}
	c.expectClosed()
	if n := len(b.sessions()); n != 0 {
		t.Errorf("%d sessions", n)
	}
}

// Edits of many gateways at once, while they sign in, lose nothing and mix nothing up.
func TestConcurrentEdits(t *testing.T) {
	s := newShelf()
	g := openGateways(t, GatewayOptions{Store: s.store()})
	const n = 8
	passwords := make([]string, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			id := fmt.Sprintf("gw-%d", i)
			put(t, g, id, GatewaySpec{Stations: []string{id}})
			_, password, err := g.Rotate(t.Context(), id)
			if err != nil {
				t.Error(err)
			}
			passwords[i] = password
			g.lets(id, password)
			put(t, g, id, GatewaySpec{Stations: []string{id}, Username: "user-" + id})
		})
	}
	wg.Wait()
	reopened := openGateways(t, GatewayOptions{Store: s.store()})
	for i, password := range passwords {
		id := fmt.Sprintf("gw-%d", i)
		who, ok := reopened.AuthenticatePassword(t.Context(), "user-"+id, password, "")
		if !ok || who.ID != id || !who.May(id) {
			t.Errorf("%s: %v, %+v", id, ok, who)
		}
	}
}

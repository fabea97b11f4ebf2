package web

import (
	"net/http"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/gorilla/websocket"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"quantrac/geo"
)

type basemapAnswer struct {
	Tiles       *tilesView
	Attribution string
	Detail      []detailView
}

func TestBasemapOfOtherHostsIsAllowedByThePolicy(t *testing.T) {
	plain := newRig(t, nil)
	var none basemapAnswer
	if a := plain.get("/api/v1/basemap").into(http.StatusOK, &none); none.Tiles != nil || len(none.Detail) != 0 || !strings.Contains(string(a.body), `"detail":[]`) {
		t.Errorf("without configuration: %s", a.body)
	}
	if p := plain.plain(http.MethodGet, "/", "").header.Get("Content-Security-Policy"); strings.Contains(p, "http") {
		t.Errorf("the page may ask others: %s", p)
	}
	tiled := newRig(t, func(c *Config) {
		c.Basemap = Basemap{Tiles: "https://tiles.example:8443/osm/{z}/{x}/{y}.png?key=a;script-src", Attribution: "© a", MaxZoom: 18}
	})
	var got basemapAnswer
	tiled.get("/api/v1/basemap").into(http.StatusOK, &got)
	if got.Tiles == nil || got.Tiles.URL != tiled.cfg.Basemap.Tiles || got.Tiles.MaxZoom != 18 || got.Attribution != "© a" {
		t.Errorf("tiles: %+v", got)
	}
	policy := tiled.plain(http.MethodGet, "/", "").header.Get("Content-Security-Policy")
	for _, part := range []string{"img-src 'self' data: blob: https://tiles.example:8443;", "connect-src 'self' https://tiles.example:8443;", "script-src 'self';"} {
		if !strings.Contains(policy, part) {
			t.Errorf("%q is not in %s", part, policy)
		}
	}
	if strings.Contains(policy, "key") {
		t.Errorf("more than the origin is in %s", policy)
	}
}

func TestBasemapCheck(t *testing.T) {
	for tiles, ok := range map[string]bool{
		"": true, "https://a.example/{z}/{x}/{y}.png": true, "http://10.0.0.7:8080/{z}/{x}/{y}": true, "tiles/{z}/{x}/{y}.png": true,
		"https://a.example/{z}/{x}.png": false, "ftp://a.example/{z}/{x}/{y}": false, "javascript:{z}{x}{y}": false,
		"https://a.example;script-src *//{z}/{x}/{y}": false, "https://'unsafe-inline'/{z}/{x}/{y}": false,
	} {
		b := Basemap{Tiles: tiles, MaxZoom: 18}
		if got := b.Check(); (got == "") != ok {
			t.Errorf("%q: %q", tiles, got)
		}
	}
	b := Basemap{Tiles: "{z}{x}{y}", MinZoom: 5, MaxZoom: 4}
	if b.Check() == "" {
		t.Error("zooms the wrong way round are let through")
	}
}

func TestBasemapDetail(t *testing.T) {
	line := &fstest.MapFile{Data: []byte(`{"type":"FeatureCollection","features":[]}`)}
	r := newRig(t, func(c *Config) {
		c.Basemap = Basemap{MaxZoom: 15, Detail: fstest.MapFS{
			"roads.geojson": line, "places.geojson": line, "secret.txt": line, "tiles/7/102/60.png": {Data: []byte("png")},
		}}
	})
	var got basemapAnswer
	r.get("/api/v1/basemap").into(http.StatusOK, &got)
	if len(got.Detail) != 2 || got.Detail[0] != (detailView{"roads", "basemap/roads.geojson"}) || got.Tiles == nil || got.Tiles.URL != localTiles {
		t.Errorf("detail: %+v", got)
	}
	a := r.plain(http.MethodGet, "/basemap/roads.geojson", "")
	if a.is(http.StatusOK); a.header.Get("Content-Type") != "application/geo+json" || !strings.HasPrefix(a.header.Get("Cache-Control"), "public") {
		t.Errorf("headers: %v", a.header)
	}
	r.plain(http.MethodGet, "/basemap/tiles/7/102/60.png", "").is(http.StatusOK)
	for _, path := range []string{"/basemap/secret.txt", "/basemap/tiles", "/basemap/tiles/7/102/61.png", "/basemap/..%2fsecret.png", "/basemap/", "/basemap/waters.geojson"} {
		r.plain(http.MethodGet, path, "").is(http.StatusNotFound)
	}
}

func TestRivers(t *testing.T) {
	r := newRig(t, func(c *Config) { c.Registry = geo.Builtin })
	var got struct {
		Type     string
		Features []riverFeature
	}
	r.get("/api/v1/rivers").into(http.StatusOK, &got)
	if got.Type != "FeatureCollection" || len(got.Features) != len(geo.Builtin().Rivers()) || len(got.Features) == 0 {
		t.Fatalf("%d rivers", len(got.Features))
	}
	mouths := 0
	for _, f := range got.Features {
		if f.Properties.Name.VI == "" || len(f.Geometry.Coordinates) < 2 {
			t.Errorf("river %+v", f)
		}
		if f.Properties.Into == nil {
			mouths++
		}
	}
	if mouths == 0 || mouths == len(got.Features) {
		t.Errorf("%d of %d flow into nothing", mouths, len(got.Features))
	}
	var empty struct{ Features []riverFeature }
	newRig(t, nil).get("/api/v1/rivers").into(http.StatusOK, &empty)
	if empty.Features == nil || len(empty.Features) != 0 {
		t.Errorf("none: %v", empty.Features)
	}
}

// A page that cannot see pings is told that the websocket is alive, and can go on behind a heartbeat.
func TestHeartbeat(t *testing.T) {
	inBubble(t, func(t *testing.T, h *Hub, dial func() *websocket.Conn) {
		conn := dial()
		if err := conn.WriteMessage(websocket.TextMessage, []byte(`{"type":"subscribe","heartbeat":true}`)); err != nil {
			t.Fatal(err)
		}
		last := uint64(0)
		for i, want := range []string{"snapshot", "heartbeat", "heartbeat", "heartbeat"} {
			_, data, err := conn.ReadMessage()
			if err != nil {
				t.Fatal(err)
			}
			f := parse(t, data)
			if f.Type != want || f.Sequence <= last {
				t.Fatalf("frame %d: %s %d after %d", i, f.Type, f.Sequence, last)
			}
			if want == "heartbeat" {
				valid(t, f.Type, data)
			}
			last = f.Sequence
		}
		h.Alert(alertAt("amata-01", "a", 1))
		again := newClient(h, "")
		h.resume(again, filter{}, h.epoch, last)
		if p, _ := again.next(); parse(t, p.encoded).Type != "alert" {
			t.Errorf("behind a heartbeat: %s", p.encoded)
		}
	})
}

func TestWhoDidNotAskGetsNoHeartbeat(t *testing.T) {
	inBubble(t, func(t *testing.T, h *Hub, dial func() *websocket.Conn) {
		conn := dial()
		subscribe(t, conn)
		time.AfterFunc(10*pingEvery, func() { h.Alert(alertAt("amata-01", "a", 1)) })
		for _, want := range []string{"snapshot", "alert"} {
			_, data, err := conn.ReadMessage()
			if err != nil {
				t.Fatal(err)
			}
			if f := parse(t, data); f.Type != want {
				t.Errorf("got %s, want %s", f.Type, want)
			}
		}
	})
}

// valid holds a frame against its description.
func valid(t *testing.T, kind string, data []byte) {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(string(data)))
	if err != nil {
		t.Fatal(err)
	}
	if err := asyncSchemas(t)(frameSchemas()[kind]).Validate(v); err != nil {
		t.Error(err)
	}
}

package web

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// wsClient is an outside program at the websocket; every frame that it reads must be as asyncapi.json says.
type wsClient struct {
	t      *testing.T
	conn   *websocket.Conn
	schema func(string) *jsonschema.Schema
}

type dialOptions struct {
	token, query, origin string
	protocols            []string
	compress             bool
}

// dial opens a websocket, or returns the answer that refused it.
func (r *rig) dial(opt dialOptions) (*wsClient, *http.Response) {
	r.t.Helper()
	header := http.Header{}
	if opt.token != "" {
		header.Set("Authorization", "Bearer "+opt.token)
	}
	if opt.origin != "" {
		header.Set("Origin", opt.origin)
	}
	d := websocket.Dialer{Subprotocols: opt.protocols, EnableCompression: opt.compress}
	conn, resp, err := d.DialContext(r.t.Context(), "ws"+strings.TrimPrefix(r.http.URL, "http")+"/ws"+opt.query, header)
	if err != nil {
		if !errors.Is(err, websocket.ErrBadHandshake) {
			r.t.Fatal(err)
		}
		return nil, resp
	}
	r.t.Cleanup(func() { _ = conn.Close() })
	return &wsClient{r.t, conn, asyncSchemas(r.t)}, resp
}

// connect opens a websocket as the bootstrap token and sends a first message.
func (r *rig) connect(message string) *wsClient {
	r.t.Helper()
	c, resp := r.dial(dialOptions{token: bootstrap})
	if c == nil {
		r.t.Fatalf("refused: %s", resp.Status)
	}
	c.say(message)
	return c
}

func (c *wsClient) say(message string) {
	c.t.Helper()
	if err := c.conn.WriteMessage(websocket.TextMessage, []byte(message)); err != nil {
		c.t.Fatal(err)
	}
}

func (c *wsClient) read() seen {
	c.t.Helper()
	_ = c.conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	_, data, err := c.conn.ReadMessage()
	if err != nil {
		c.t.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(string(data)))
	if err != nil {
		c.t.Fatal(err)
	}
	f := parse(c.t, data)
	if err := c.schema(frameSchemas()[f.Type]).Validate(v); err != nil {
		c.t.Errorf("%s: %v", f.Type, err)
	}
	return f
}

// until reads frames up to the first of a type.
func (c *wsClient) until(kind string) []seen {
	c.t.Helper()
	var frames []seen
	for {
		f := c.read()
		frames = append(frames, f)
		if f.Type == kind {
			return frames
		}
	}
}

// closed reads to the end and returns the code of the close.
func (c *wsClient) closed() int {
	c.t.Helper()
	_ = c.conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	for {
		if _, _, err := c.conn.ReadMessage(); err != nil {
			var closed *websocket.CloseError
			if !errors.As(err, &closed) {
				c.t.Fatalf("ended without a close frame: %v", err)
			}
			return closed.Code
		}
	}
}

func TestWebsocketTellsWhatHappens(t *testing.T) {
	r := newRig(t, nil)
	everything, river := r.connect(`{"type":"subscribe"}`), r.connect(`{"type":"subscribe","stations":["river-01"]}`)
	box := r.connect(`{"type":"subscribe","bbox":[107,11,108,12]}`)
	first := everything.read()
	if first.Type != "snapshot" || len(first.Stations) != 4 || first.Epoch == "" {
		t.Fatalf("first: %+v", first)
	}
	if f := river.read(); f.Type != "snapshot" || len(f.Stations) != 1 {
		t.Errorf("filtered: %+v", f)
	}
	if f := box.read(); f.Type != "snapshot" || len(f.Stations) != 1 {
		t.Errorf("by box: %+v", f)
	}
	r.post("/api/v1/readings", `[{"station":"amata-01","values":{"cod":150,"ph":7}},{"station":"river-01","values":{"cod":10}}]`).is(http.StatusAccepted)
	r.settle()
	r.cfg.Hub.Hotspots(r.cfg.Hotspots())
	frames := everything.until("hotspots")
	if !slices.ContainsFunc(frames, isAlert) { // the alert feed is a consumer of its own
		everything.until("alert")
	}
	got := map[string]int{}
	for _, f := range frames {
		got[f.Type] += max(1, len(f.Items))
	}
	if got["readings"] != 3 || got["station"] != 2 {
		t.Errorf("got %v", got)
	}
	for name, c := range map[string]*wsClient{"station": river, "box": box} {
		for _, f := range c.until("hotspots") {
			strange := f.Alert.ID != "" || f.Station.ID != "" && f.Station.ID != "river-01"
			for _, it := range f.Items {
				strange = strange || it.Station != "river-01"
			}
			if strange {
				t.Errorf("by %s: got %+v", name, f)
			}
		}
	}

	// Another subscription of the same connection begins with a snapshot again, now with the open alert.
	river.say(`{"type":"subscribe","parks":["amata"]}`)
	snapshot := river.until("snapshot")
	if f := snapshot[len(snapshot)-1]; len(f.Stations) != 2 || len(f.Alerts) != 1 {
		t.Errorf("a second subscription: %+v", f)
	}
}

func isAlert(f seen) bool { return f.Type == "alert" }

func TestWebsocketResume(t *testing.T) {
	r := newRig(t, nil)
	c := r.connect(`{"type":"subscribe"}`)
	first := c.read()
	r.cfg.Hub.Hotspots(r.cfg.Hotspots())
	last := c.read().Sequence
	_ = c.conn.Close()
	r.cfg.Hub.Hotspots(r.cfg.Hotspots())
	again := r.connect(fmt.Sprintf(`{"type":"resume","epoch":%q,"after":%d}`, first.Epoch, last))
	if f := again.read(); f.Type != "hotspots" || f.Sequence != last+1 {
		t.Errorf("resumed with %+v", f)
	}
	other := r.connect(fmt.Sprintf(`{"type":"resume","epoch":"of another process","after":%d,"parks":["amata"]}`, last))
	if f := other.read(); f.Type != "snapshot" || f.Epoch != first.Epoch || len(f.Stations) != 2 {
		t.Errorf("another epoch: %+v", f)
	}
}

func TestWebsocketAccess(t *testing.T) {
	r := newRig(t, func(c *Config) { c.Origins = []string{"https://map.example"} })
	id, viewer := r.token("v", "viewer")
	ticket := func() string {
		t.Helper()
		var got struct {
			Ticket  string
			Expires int `json:"expires_in"`
		}
		r.do(viewer, http.MethodPost, "/api/v1/ws-ticket", "").into(http.StatusCreated, &got)
		if got.Ticket == "" || got.Expires != 30 {
			t.Fatalf("ticket %+v", got)
		}
		return "?ticket=" + got.Ticket
	}
	used, late, spare := ticket(), ticket(), ""
	for _, tc := range []struct {
		name   string
		opt    dialOptions
		status int
	}{
		{"nobody", dialOptions{}, 401},
		{"a wrong token", dialOptions{token: "wrong"}, 401},
		{"a token", dialOptions{token: viewer}, 101},
		{"a ticket", dialOptions{query: used}, 101},
		{"a used ticket", dialOptions{query: used}, 401},
		{"a wrong ticket", dialOptions{query: "?ticket=x"}, 401},
		{"the page itself", dialOptions{token: viewer, origin: r.http.URL}, 101},
		{"a configured page", dialOptions{token: viewer, origin: "https://map.example"}, 101},
		{"another page", dialOptions{token: viewer, origin: "https://evil.example"}, 403},
		{"a file", dialOptions{token: viewer, origin: "null"}, 403},
	} {
		_, resp := r.dial(tc.opt)
		if resp.StatusCode != tc.status {
			t.Errorf("%s: %d, want %d", tc.name, resp.StatusCode, tc.status)
		}
		if resp.StatusCode >= 400 && resp.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: type %q", tc.name, resp.Header.Get("Content-Type"))
		}
	}
	r.pass(ticketLife + time.Second)
	if _, resp := r.dial(dialOptions{query: late}); resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("an expired ticket: %d", resp.StatusCode)
	}

	// A token that is taken back ends what it opened, and its tickets with it.
	spare = ticket()
	open, _ := r.dial(dialOptions{token: viewer})
	open.say(`{"type":"subscribe"}`)
	open.read()
	r.do(bootstrap, http.MethodDelete, "/api/v1/tokens/"+id, "").is(http.StatusNoContent)
	if code := open.closed(); code != websocket.ClosePolicyViolation {
		t.Errorf("closed with %d", code)
	}
	if _, resp := r.dial(dialOptions{query: spare}); resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("a ticket of a token that is gone: %d", resp.StatusCode)
	}
}

func TestWebsocketProtocol(t *testing.T) {
	r := newRig(t, func(c *Config) { c.Anonymous = Viewer })
	c, resp := r.dial(dialOptions{protocols: []string{"other", "quantrac.v1"}})
	if got := c.conn.Subprotocol(); got != "quantrac.v1" {
		t.Errorf("subprotocol %q", got)
	}
	if got := resp.Header.Get("Content-Encoding"); got != "" {
		t.Errorf("a websocket with Content-Encoding %q", got)
	}
	if c, _ = r.dial(dialOptions{}); c.conn.Subprotocol() != "" {
		t.Errorf("subprotocol %q, not asked for", c.conn.Subprotocol())
	}
	r.do("", http.MethodGet, "/ws", "").says(http.StatusBadRequest, "websocket")
	for message, code := range map[string]int{
		`{"type":"subscribe"`:                          websocket.CloseInvalidFramePayloadData,
		`{"type":"subscribe","parks":"amata"}`:         websocket.CloseInvalidFramePayloadData,
		`{"type":"resume","after":-1}`:                 websocket.CloseInvalidFramePayloadData,
		`{"type":"unsubscribe"}`:                       websocket.ClosePolicyViolation,
		`{}`:                                           websocket.ClosePolicyViolation,
		`{"type":"subscribe","bbox":[1,2,3]}`:          websocket.ClosePolicyViolation,
		`{"type":"subscribe","bbox":[107,11,106,12]}`:  websocket.ClosePolicyViolation,
		`{"pad":"` + strings.Repeat("x", 1<<20) + `"}`: websocket.CloseMessageTooBig,
	} {
		c, _ := r.dial(dialOptions{})
		if err := c.conn.WriteMessage(websocket.TextMessage, []byte(message)); err != nil && len(message) < maxClientText {
			t.Fatal(err)
		}
		if got := c.closed(); got != code {
			t.Errorf("%.60s: closed with %d, want %d", message, got, code)
		}
	}
	c, _ = r.dial(dialOptions{})
	if err := c.conn.WriteMessage(websocket.BinaryMessage, []byte(`{"type":"subscribe"}`)); err != nil {
		t.Fatal(err)
	}
	if got := c.closed(); got != websocket.CloseUnsupportedData {
		t.Errorf("a binary message: %d", got)
	}
	c, _ = r.dial(dialOptions{})
	c.say(`{"type":"subscribe"}`)
	c.read()
	r.cfg.Hub.Close()
	if got := c.closed(); got != websocket.CloseGoingAway {
		t.Errorf("the server stops: %d", got)
	}
	if _, resp := r.dial(dialOptions{}); resp.StatusCode != http.StatusServiceUnavailable || resp.Header.Get("Retry-After") == "" {
		t.Errorf("a hub that is closed: %d", resp.StatusCode)
	}
}

// Compressed, a message of a kilobyte can be a megabyte, and is bounded as what it is; and frames come whole that way.
func TestWebsocketCompression(t *testing.T) {
	r := newRig(t, nil)
	c, _ := r.dial(dialOptions{token: bootstrap, compress: true})
	c.say(`{"type":"subscribe"}`)
	if f := c.read(); f.Type != "snapshot" || len(f.Stations) != 4 {
		t.Errorf("%+v", f)
	}
	c.say(`{"pad":"` + strings.Repeat("x", 1<<20) + `"}`)
	if code := c.closed(); code != websocket.CloseMessageTooBig {
		t.Errorf("closed with %d", code)
	}
}

package web

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"golang.org/x/time/rate"
)

// Timing and sizes of a websocket.
const (
	pingEvery = 25 * time.Second
	pongWait  = 70 * time.Second
	writeWait = 10 * time.Second
	// closeWait is what the other side gets to take our close frame.
	closeWait     = time.Second
	subscribeWait = 30 * time.Second
	// slowestLink is what a client must be able to take, in bytes per second, beyond writeWait.
	slowestLink   = 64 << 10
	maxClientText = 64 << 10
	// A subscription costs a snapshot, so a client may ask for a few at once and then for one each subscribeEvery.
	subscribeEvery  = time.Second
	subscribeAtOnce = 10
	subprotocol     = "quantrac.v1"
)

// tickets are one-time passes for the websocket, where a browser cannot send a header.
type tickets struct {
	now func() time.Time
	mu  sync.Mutex
	by  map[string]ticket
}

type ticket struct {
	caller caller
	until  time.Time
}

const (
	ticketLife = 30 * time.Second
	maxTickets = 10000
)

func newTickets(now func() time.Time) *tickets { return &tickets{now: now, by: map[string]ticket{}} }

func (t *tickets) issue(c caller) (string, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	if len(t.by) >= maxTickets {
		for k, v := range t.by {
			if now.After(v.until) {
				delete(t.by, k)
			}
		}
	}
	if len(t.by) >= maxTickets {
		return "", false
	}
	id := rand.Text()
	t.by[id] = ticket{c, now.Add(ticketLife)}
	return id, true
}

func (t *tickets) redeem(id string) (caller, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	tk, ok := t.by[id]
	delete(t.by, id)
	return tk.caller, ok && !t.now().After(tk.until)
}

func (s *Server) ticket(w http.ResponseWriter, r *http.Request) error {
	id, ok := s.tickets.issue(callerOf(r))
	if !ok {
		return fail(http.StatusTooManyRequests, "too many tickets are waiting to be used")
	}
	writeJSON(w, http.StatusCreated, map[string]any{"ticket": id, "expires_in": int(ticketLife / time.Second)})
	return nil
}

// websocket lets a client in and runs its connection.
func (s *Server) websocket(w http.ResponseWriter, r *http.Request) {
	who, ok := s.mayConnect(w, r)
	if !ok {
		return
	}
	c := newClient(s.cfg.Hub, who.credential())
	if !s.cfg.Hub.join(c) {
		w.Header().Set("Retry-After", "10")
		problem(w, http.StatusServiceUnavailable, "too many websocket clients; try again")
		return
	}
	defer s.cfg.Hub.leave(c)
	// Looked at after join, so that a token or session that goes in between is missed by neither this nor revoke.
	if !s.auth.alive(&who) {
		problem(w, http.StatusUnauthorized, "the token was taken back, or the session has ended")
		return
	}
	up := websocket.Upgrader{
		Subprotocols: []string{subprotocol}, CheckOrigin: s.originAllowed, HandshakeTimeout: writeWait, EnableCompression: true,
		Error: func(w http.ResponseWriter, _ *http.Request, status int, reason error) {
			problem(w, status, reason.Error())
		},
	}
	conn, err := up.Upgrade(w, r, nil)
	if err != nil {
		return // Upgrade has answered
	}
	defer conn.Close()
	var wg sync.WaitGroup
	wg.Go(func() { write(conn, c, s.cfg.Hub.beat) })
	end := s.read(r.Context(), conn, c)
	c.end(end.code, end.reason)
	wg.Wait()
	if end.code != websocket.CloseNormalClosure {
		// Closing with bytes unread resets the connection, and the client would not learn why.
		_, _ = io.Copy(io.Discard, conn.NetConn())
	}
}

// mayConnect finds out who wants a websocket; ok is false when it has answered the request itself.
func (s *Server) mayConnect(w http.ResponseWriter, r *http.Request) (who caller, ok bool) {
	if id := r.URL.Query().Get("ticket"); id != "" {
		if who, ok = s.tickets.redeem(id); !ok {
			problem(w, http.StatusUnauthorized, "the ticket was used or has expired; POST /api/v1/ws-ticket gives a new one")
		}
		return who, ok
	}
	if who, ok = s.auth.identify(w, r); !ok {
		return who, false
	}
	if who.role < Viewer {
		problem(w, http.StatusUnauthorized, "the websocket needs a token, or ?ticket= from POST /api/v1/ws-ticket")
		return who, false
	}
	return who, true
}

// originAllowed: programs send no Origin; a page must be ours or named by the configuration.
func (s *Server) originAllowed(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" || slices.Contains(s.cfg.Origins, origin) {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && strings.EqualFold(u.Host, r.Host)
}

type clientMessage struct {
	Type     string    `json:"type"`
	Epoch    string    `json:"epoch"`
	After    uint64    `json:"after"`
	Parks    []string  `json:"parks"`
	Stations []string  `json:"stations"`
	BBox     []float64 `json:"bbox"`
	// Heartbeat asks for a frame every pingEvery while there is nothing else to send.
	Heartbeat bool `json:"heartbeat"`
}

// filter is what the message selects; not ok when its box is none.
func (m *clientMessage) filter() (f filter, ok bool) {
	set := func(names []string) map[string]bool {
		out := make(map[string]bool, len(names))
		for _, n := range names {
			out[n] = true
		}
		return out
	}
	f = filter{parks: set(m.Parks), stations: set(m.Stations)}
	if len(m.BBox) == 0 {
		return f, true
	}
	const corners = 4
	if len(m.BBox) != corners || m.BBox[0] > m.BBox[2] || m.BBox[1] > m.BBox[3] {
		return f, false
	}
	f.box = (*[corners]float64)(m.BBox)
	return f, true
}

// read takes a client's messages until the connection ends, and says how it is to be closed.
func (s *Server) read(ctx context.Context, conn *websocket.Conn, c *client) ending {
	subscribed := false
	conn.SetReadLimit(maxClientText)
	_ = conn.SetReadDeadline(time.Now().Add(subscribeWait))
	conn.SetPongHandler(func(string) error {
		if !subscribed {
			return nil // answering pings does not let anybody stay
		}
		return conn.SetReadDeadline(time.Now().Add(pongWait))
	})
	pace := rate.NewLimiter(rate.Every(subscribeEvery), subscribeAtOnce)
	for {
		kind, data, err := message(conn)
		switch {
		case errors.Is(err, errInflated):
			return ending{websocket.CloseMessageTooBig, errInflated.Error()}
		case errors.Is(err, websocket.ErrReadLimit):
			return ending{websocket.CloseMessageTooBig, ""} // which the library has told the client
		case err != nil && !subscribed:
			return ending{websocket.ClosePolicyViolation, "send a subscribe or resume message first"}
		case err != nil:
			return ending{websocket.CloseNormalClosure, ""}
		case kind != websocket.TextMessage:
			return ending{websocket.CloseUnsupportedData, "messages are JSON texts"}
		}
		if pace.Wait(ctx) != nil {
			return ending{websocket.CloseGoingAway, ""}
		}
		if end := s.obey(c, data); end.code != 0 {
			return end
		}
		subscribed = true
		_ = conn.SetReadDeadline(time.Now().Add(pongWait))
	}
}

var errInflated = errors.New("the message is too large")

// message reads one message whole. The connection bounds it as it comes over the wire; here it is bounded as it is when it is inflated.
func message(conn *websocket.Conn) (kind int, data []byte, err error) {
	kind, r, err := conn.NextReader()
	if err != nil {
		return kind, nil, err
	}
	data, err = io.ReadAll(io.LimitReader(r, maxClientText+1))
	if err == nil && len(data) > maxClientText {
		err = errInflated
	}
	return kind, data, err
}

// obey does what a client's message says, or tells what is wrong with it.
func (s *Server) obey(c *client, data []byte) ending {
	var m clientMessage
	if err := json.Unmarshal(data, &m); err != nil {
		return ending{websocket.CloseInvalidFramePayloadData, "not a JSON object of the known fields"}
	}
	f, ok := m.filter()
	if !ok {
		return ending{websocket.ClosePolicyViolation, "bbox must be [west, south, east, north]"}
	}
	c.listen(m.Heartbeat)
	switch m.Type {
	case "subscribe":
		s.cfg.Hub.subscribe(c, f)
	case "resume":
		s.cfg.Hub.resume(c, f, m.Epoch, m.After)
	default:
		return ending{websocket.ClosePolicyViolation, "type must be subscribe or resume"}
	}
	return ending{}
}

// write sends what waits for a client until it ends, with a ping and, where beat finds one due, a heartbeat every pingEvery. Then
// the connection is closed, or soon will be.
func write(conn *websocket.Conn, c *client, beat func(*client)) {
	wait := time.Duration(0)
	defer func() { time.AfterFunc(wait, func() { _ = conn.Close() }) }()
	ping := time.NewTicker(pingEvery)
	defer ping.Stop()
	for {
		select {
		case <-ping.C: // looked at first: a client for whom something always waits needs pings too
			if !alive(conn, c, beat) {
				return
			}
		default:
		}
		p, end := c.next()
		switch {
		case end.code != 0:
			_ = conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(end.code, end.reason), time.Now().Add(writeWait))
			wait = closeWait
			return
		case p != nil:
			patience := writeWait + time.Duration(len(p.encoded))*time.Second/slowestLink
			_ = conn.SetWriteDeadline(time.Now().Add(patience))
			if p.write(conn) != nil {
				return
			}
			continue
		}
		select {
		case <-c.wake:
		case <-ping.C:
			if !alive(conn, c, beat) {
				return
			}
		}
	}
}

// alive tells the other side, in both ways, that we are there; false when that cannot be written.
func alive(conn *websocket.Conn, c *client, beat func(*client)) bool {
	beat(c)
	return conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(writeWait)) == nil
}

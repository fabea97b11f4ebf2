package web

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// Timing and sizes of a websocket.
const (
	pingEvery     = 25 * time.Second
	pongWait      = 70 * time.Second
	writeWait     = 10 * time.Second
	subscribeWait = 30 * time.Second
	maxClientText = 64 << 10
	subprotocol   = "quantrac.v1"
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
	if !s.mayConnect(w, r) {
		return
	}
	c := newClient(s.cfg.Hub)
	if !s.cfg.Hub.join(c) {
		w.Header().Set("Retry-After", "10")
		problem(w, http.StatusServiceUnavailable, "too many websocket clients; try again")
		return
	}
	defer s.cfg.Hub.leave(c)
	up := websocket.Upgrader{
		Subprotocols: []string{subprotocol}, CheckOrigin: s.originAllowed, HandshakeTimeout: writeWait,
		Error: func(w http.ResponseWriter, _ *http.Request, status int, reason error) {
			problem(w, status, reason.Error())
		},
	}
	conn, err := up.Upgrade(w, r, nil)
	if err != nil {
		return // Upgrade has answered
	}
	var wg sync.WaitGroup
	wg.Go(func() { write(conn, c) })
	s.read(conn, c)
	c.end(websocket.CloseNormalClosure)
	wg.Wait()
}

func (s *Server) mayConnect(w http.ResponseWriter, r *http.Request) bool {
	var who caller
	if id := r.URL.Query().Get("ticket"); id != "" {
		c, ok := s.tickets.redeem(id)
		if !ok {
			problem(w, http.StatusUnauthorized, "the ticket was used or has expired; POST /api/v1/ws-ticket gives a new one")
			return false
		}
		who = c
	} else {
		c, ok := s.auth.identify(w, r)
		if !ok {
			return false
		}
		who = c
	}
	if who.role < Viewer {
		problem(w, http.StatusUnauthorized, "the websocket needs a token, or ?ticket= from POST /api/v1/ws-ticket")
		return false
	}
	return true
}

// originAllowed: programs send no Origin; a page must be ours or named by the configuration.
func (s *Server) originAllowed(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" || slices.Contains(s.cfg.Origins, origin) {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && u.Host == r.Host
}

type clientMessage struct {
	Type     string      `json:"type"`
	Epoch    string      `json:"epoch"`
	After    uint64      `json:"after"`
	Parks    []string    `json:"parks"`
	Stations []string    `json:"stations"`
	BBox     *[4]float64 `json:"bbox"`
}

func (m *clientMessage) filter() filter {
	set := func(names []string) map[string]bool {
		out := make(map[string]bool, len(names))
		for _, n := range names {
			out[n] = true
		}
		return out
	}
	return filter{parks: set(m.Parks), stations: set(m.Stations), box: m.BBox}
}

// read takes a client's messages until the connection ends.
func (s *Server) read(conn *websocket.Conn, c *client) {
	conn.SetReadLimit(maxClientText)
	_ = conn.SetReadDeadline(time.Now().Add(subscribeWait))
	conn.SetPongHandler(func(string) error { return conn.SetReadDeadline(time.Now().Add(pongWait)) })
	for {
		kind, data, err := conn.ReadMessage()
		if err != nil {
			return
		}
		var m clientMessage
		if kind != websocket.TextMessage || json.Unmarshal(data, &m) != nil {
			c.end(websocket.CloseUnsupportedData)
			return
		}
		switch m.Type {
		case "subscribe":
			s.cfg.Hub.subscribe(c, m.filter())
		case "resume":
			s.cfg.Hub.resume(c, m.filter(), m.Epoch, m.After)
		default:
			c.end(websocket.ClosePolicyViolation)
			return
		}
		_ = conn.SetReadDeadline(time.Now().Add(pongWait))
	}
}

// write sends what waits for a client until it ends, and closes the connection.
func write(conn *websocket.Conn, c *client) {
	defer conn.Close()
	ping := time.NewTicker(pingEvery)
	defer ping.Stop()
	for {
		encoded, code := c.next()
		switch {
		case code != 0:
			_ = conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, ""), time.Now().Add(writeWait))
			return
		case encoded != nil:
			_ = conn.SetWriteDeadline(time.Now().Add(writeWait))
			if conn.WriteMessage(websocket.TextMessage, encoded) != nil {
				return
			}
			continue
		}
		select {
		case <-c.wake:
		case <-ping.C:
			if conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(writeWait)) != nil {
				return
			}
		}
	}
}

package web

import (
	"cmp"
	"crypto/rand"
	"slices"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"quantrac/alerts"
	"quantrac/geo"
)

// Bounds of the hub.
const (
	maxClients = 2000
	// ringFrames and ringItems bound what a client that comes back can be given without a snapshot.
	ringFrames = 4096
	ringItems  = 200_000
	// coalesceAbove is the number of frames waiting for one client from which its readings are kept only as the newest of
	// each (station, parameter).
	coalesceAbove = 32
	// maxWaiting and maxWaitingBytes are what may wait for one client; beyond it is cut off with code 1013.
	maxWaiting      = 1024
	maxWaitingBytes = 16 << 20
	// maxReplay is how many missed frames a client that comes back is given; a snapshot is smaller than more of them.
	maxReplay = maxWaiting / 4
	// returnTime is how long frames are kept for a client that may come back, when nobody else is there.
	returnTime = time.Minute
)

// frame is one message to the clients, with what is needed to send only a part of it to some of them.
type frame struct {
	sequence uint64
	payload  *payload
	// One of these tells whom the frame concerns; a frame with none concerns everybody.
	readings *readings
	station  string
}

// values is the number of readings in the frame.
func (f *frame) values() int {
	if f.readings == nil {
		return 0
	}
	return len(f.readings.items)
}

// Hub sends what happens to every websocket client. No method blocks on a client.
type Hub struct {
	epoch   string
	state   HubState
	metrics *Metrics

	mu       sync.Mutex
	sequence uint64
	ring     []frame
	held     int // items in ring
	// forgotten is the sequence of the newest frame that left the ring.
	forgotten uint64
	clients   map[*client]struct{}
	// left is when the last client left.
	left   time.Time
	closed bool
}

// HubState is what a snapshot is made of. Its functions are called from many goroutines at once.
type HubState struct {
	Stations func() []alerts.StationView
	Alerts   func() []alerts.Alert
	Hotspots func() any
	// Now is the clock; nil = time.Now.
	Now func() time.Time
	// Place finds a station for the filters.
	Place func(station string) (park string, at geo.Point, ok bool)
}

// NewHub makes a hub without clients.
func NewHub(state HubState, m *Metrics) *Hub {
	if state.Now == nil {
		state.Now = time.Now
	}
	return &Hub{epoch: rand.Text(), state: state, metrics: m, clients: map[*client]struct{}{}}
}

// Readings sends new newest values.
func (h *Hub) Readings(items []alerts.LiveReading) {
	if items = newestOnly(items); len(items) == 0 {
		return
	}
	h.send(func(seq uint64) frame {
		return frame{readings: newReadings(seq, items)}
	})
}

// Listened reports whether anybody listens, or did a moment ago and may come back. If not, readings need not be sent: whoever
// comes back later is given a snapshot.
func (h *Hub) Listened() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.clients) > 0 || h.state.Now().Sub(h.left) < returnTime {
		return true
	}
	h.sequence++
	h.forgotten = h.sequence
	h.ring, h.held = nil, 0
	return false
}

// newestOnly keeps the last item of each (station, parameter), in order.
func newestOnly(items []alerts.LiveReading) []alerts.LiveReading {
	last := make(map[[2]string]int, len(items))
	for i := range items {
		last[[2]string{items[i].Station, items[i].Parameter}] = i
	}
	if len(last) == len(items) {
		return items
	}
	kept := make([]alerts.LiveReading, 0, len(last))
	for i := range items {
		if last[[2]string{items[i].Station, items[i].Parameter}] == i {
			kept = append(kept, items[i])
		}
	}
	return kept
}

// Station sends a station whose state changed.
func (h *Hub) Station(v alerts.StationView) {
	h.send(func(seq uint64) frame {
		return frame{station: v.ID, payload: newPayload(encode(struct {
			Type     string             `json:"type"`
			Sequence uint64             `json:"sequence"`
			Station  alerts.StationView `json:"station"`
		}{"station", seq, v}))}
	})
}

// Alert sends an alert after a change.
func (h *Hub) Alert(a alerts.Alert) {
	h.send(func(seq uint64) frame {
		return frame{station: a.Station.ID, payload: newPayload(encode(struct {
			Type     string      `json:"type"`
			Sequence uint64      `json:"sequence"`
			Alert    alerts.View `json:"alert"`
		}{"alert", seq, alerts.ViewOf(&a)}))}
	})
}

// Registry sends that the registry is another now: stations that are gone, whether parks have changed, and, where too much has changed to
// be told one by one, that whoever shows it should subscribe anew. The stations that have changed are told by Station.
func (h *Hub) Registry(gone []string, parks, anew bool) {
	h.send(func(seq uint64) frame {
		return frame{payload: newPayload(encode(struct {
			Type      string   `json:"type"`
			Sequence  uint64   `json:"sequence"`
			Gone      []string `json:"gone"`
			Parks     bool     `json:"parks"`
			Subscribe bool     `json:"subscribe"`
		}{"registry", seq, append([]string{}, gone...), parks, anew}))}
	})
}

// Hotspots sends the new set.
func (h *Hub) Hotspots(set any) {
	h.send(func(seq uint64) frame {
		return frame{payload: newPayload(encode(struct {
			Type     string `json:"type"`
			Sequence uint64 `json:"sequence"`
			Hotspots any    `json:"hotspots"`
		}{"hotspots", seq, set}))}
	})
}

func (h *Hub) send(build func(seq uint64) frame) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sequence++
	f := build(h.sequence)
	f.sequence = h.sequence
	h.keep(f)
	for c := range h.clients {
		c.offer(f)
	}
}

func (h *Hub) keep(f frame) {
	h.ring = append(h.ring, f)
	h.held += f.values()
	if len(h.ring) <= ringFrames && h.held <= ringItems {
		return
	}
	// An eighth at a time, so that the frames that stay are not moved for each one that comes.
	drop := 0
	for len(h.ring)-drop > ringFrames*7/8 || h.held > ringItems*7/8 {
		h.held -= h.ring[drop].values()
		drop++
	}
	h.forgotten = h.ring[drop-1].sequence
	h.ring = slices.Delete(h.ring, 0, drop)
}

// join takes a client in; false when there are too many, or the hub is closed.
func (h *Hub) join(c *client) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed || len(h.clients) >= maxClients {
		return false
	}
	h.clients[c] = struct{}{}
	h.metrics.clients.Set(float64(len(h.clients)))
	return true
}

func (h *Hub) leave(c *client) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.clients, c)
	h.left = h.state.Now()
	h.metrics.clients.Set(float64(len(h.clients)))
}

// subscribe starts a client with a snapshot. It is made outside the lock, because it takes long where there are many
// stations: what is sent meanwhile waits behind it. A frame may then tell what the snapshot knew already; none is missed.
func (h *Hub) subscribe(c *client, f filter) {
	h.mu.Lock()
	h.sequence++
	seq := h.sequence
	c.begin(f, true)
	h.mu.Unlock()
	c.deliver(h.snapshot(f, seq))
}

// resume goes on behind after, or with a snapshot where that is not possible.
func (h *Hub) resume(c *client, f filter, epoch string, after uint64) {
	if !h.replay(c, f, epoch, after) {
		h.subscribe(c, f)
	}
}

// replay offers a client what it missed; false when that is not known or too much.
func (h *Hub) replay(c *client, f filter, epoch string, after uint64) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if epoch != h.epoch || after > h.sequence || after < h.forgotten {
		return false
	}
	first, _ := slices.BinarySearchFunc(h.ring, after+1, func(f frame, seq uint64) int { return cmp.Compare(f.sequence, seq) })
	missed := h.ring[first:]
	if len(missed) > maxReplay {
		return false
	}
	c.begin(f, false)
	for _, fr := range missed {
		c.offer(fr)
	}
	return true
}

// beat sends a client that asked for it a frame that says nothing but that the websocket is alive: a browser's page does not
// see pings. It is not kept for who comes back.
func (h *Hub) beat(c *client) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !c.quiet() {
		return
	}
	h.sequence++
	c.offer(frame{sequence: h.sequence, payload: newPayload(encode(struct {
		Type     string    `json:"type"`
		Sequence uint64    `json:"sequence"`
		Time     time.Time `json:"time"`
	}{"heartbeat", h.sequence, h.state.Now().UTC()}))})
}

// revoke ends the clients that one of the tokens or sessions let in.
func (h *Hub) revoke(why string, credentials ...string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for c := range h.clients {
		if c.credential != "" && slices.Contains(credentials, c.credential) {
			c.end(websocket.ClosePolicyViolation, why)
		}
	}
}

func (h *Hub) snapshot(f filter, seq uint64) []byte {
	stations, open := []alerts.StationView{}, []alerts.View{} // never null in JSON
	for _, v := range h.state.Stations() {
		if f.allows(h.state.Place, v.ID) {
			stations = append(stations, v)
		}
	}
	for _, a := range h.state.Alerts() {
		if f.allows(h.state.Place, a.Station.ID) {
			open = append(open, alerts.ViewOf(&a))
		}
	}
	return encode(struct {
		Type     string               `json:"type"`
		Sequence uint64               `json:"sequence"`
		Epoch    string               `json:"epoch"`
		Time     time.Time            `json:"time"`
		Stations []alerts.StationView `json:"stations"`
		Alerts   []alerts.View        `json:"alerts"`
		Hotspots any                  `json:"hotspots"`
	}{"snapshot", seq, h.epoch, h.state.Now().UTC(), stations, open, h.state.Hotspots()})
}

// Close ends all clients.
func (h *Hub) Close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for c := range h.clients {
		c.end(websocket.CloseGoingAway, "the server stops: come back")
	}
}

// filter selects stations: those of the parks and those named, or all if neither is given, inside the box if there is one.
type filter struct {
	parks    map[string]bool
	stations map[string]bool
	box      *[4]float64 // west, south, east, north
	// key is the same for filters that select the same.
	key string
}

func (f filter) everything() bool { return len(f.parks) == 0 && len(f.stations) == 0 && f.box == nil }

func (f filter) allows(place func(string) (string, geo.Point, bool), station string) bool {
	if f.everything() || station == "" {
		return true
	}
	park, at, ok := place(station)
	if !ok {
		return f.stations[station]
	}
	if len(f.parks)+len(f.stations) > 0 && !f.parks[park] && !f.stations[station] {
		return false
	}
	b := f.box
	return b == nil || at.Lon() >= b[0] && at.Lon() <= b[2] && at.Lat() >= b[1] && at.Lat() <= b[3]
}

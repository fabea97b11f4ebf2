package broker

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/maphash"
	"strings"
	"sync"
	"time"

	"quantrac/geo"
)

// Bounds on what is kept of status messages.
const (
	maxRetained = 20_000
	// maxStatusSize is for a body, and for the properties that go with it.
	maxStatusSize  = 1 << 10
	maxStationName = 128
)

// statusMessage is a message that goes to subscribers.
type statusMessage struct {
	topic  string
	body   []byte
	retain bool
	// forward are the properties of MQTT 5 that go with it as they came.
	forward []byte
	// expires is when nobody should get it any more; zero = never.
	expires time.Time
	origin  *client
}

func (m *statusMessage) expireAfter(props *properties, now time.Time) {
	if props.has(propMessageExpiry) {
		m.expires = now.Add(time.Duration(props.messageExpiry) * time.Second)
	}
}

// statusStation recognises quantrac/v1/{station}/status with a body like {"online": true}; an empty body deletes what is
// retained. Everything else on that topic is a measurement like anywhere: content decides.
func statusStation(topic string, body []byte, props *properties) (station string, ok bool) {
	rest, ok := strings.CutPrefix(topic, "quantrac/v1/")
	if !ok {
		return "", false
	}
	station, last, ok := strings.Cut(rest, "/")
	if !ok || last != "status" || len(station) > maxStationName || len(body) > maxStatusSize || len(props.raw) > maxStatusSize {
		return "", false
	}
	if len(body) == 0 {
		return station, true
	}
	var status struct {
		Online *bool           `json:"online"`
		Values json.RawMessage `json:"values"`
	}
	err := json.Unmarshal(body, &status)
	return station, err == nil && status.Online != nil && status.Values == nil
}

// retained keeps the last status message of each station, in memory and, with a store, on disk.
type retained struct {
	store Store
	// writing are locks by topic, so that memory and disk agree.
	writing [64]sync.Mutex
	seed    maphash.Seed

	mu      sync.RWMutex
	byTopic map[string]*statusMessage
}

// storedStatus is a retained message in the store; the key is the station.
type storedStatus struct {
	Topic   string    `json:"topic"`
	Body    []byte    `json:"body"`
	Forward []byte    `json:"properties,omitempty"`
	Expires time.Time `json:"expires,omitzero"`
}

func openRetained(ctx context.Context, store Store) (*retained, error) {
	r := &retained{store: store, seed: maphash.MakeSeed(), byTopic: map[string]*statusMessage{}}
	if store.All == nil {
		return r, nil
	}
	err := store.All(ctx, func(key string, value []byte) error {
		var st storedStatus
		if err := json.Unmarshal(value, &st); err != nil {
			return fmt.Errorf("status of %s: %w", key, err)
		}
		r.byTopic[st.Topic] = &statusMessage{topic: st.Topic, body: st.Body, retain: true, forward: st.Forward, expires: st.Expires}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("load retained status: %w", err)
	}
	return r, nil
}

// keep retains a message, or deletes what is retained when its body is empty. kept is false when there is no room.
func (r *retained) keep(ctx context.Context, station string, m statusMessage) (kept bool, err error) {
	lock := &r.writing[maphash.String(r.seed, m.topic)%uint64(len(r.writing))]
	lock.Lock()
	defer lock.Unlock()
	r.mu.RLock()
	old, full := r.byTopic[m.topic], len(r.byTopic) >= maxRetained
	r.mu.RUnlock()
	switch {
	case old == nil && len(m.body) == 0:
		return true, nil
	case old == nil && full:
		return false, nil
	case old != nil && bytes.Equal(old.body, m.body) && bytes.Equal(old.forward, m.forward) && old.expires.Equal(m.expires):
		return true, nil
	}
	if err := r.write(ctx, station, &m); err != nil {
		return false, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(m.body) == 0 {
		delete(r.byTopic, m.topic)
	} else {
		r.byTopic[m.topic] = &m
	}
	return true, nil
}

func (r *retained) write(ctx context.Context, station string, m *statusMessage) error {
	if r.store.Put == nil {
		return nil
	}
	key := station
	if !geo.ValidID(station) {
		key = "_" + base64.RawURLEncoding.EncodeToString([]byte(station))
	}
	if len(m.body) == 0 {
		return r.store.Delete(ctx, key)
	}
	value, err := json.Marshal(storedStatus{m.topic, m.body, m.forward, m.expires})
	if err != nil {
		return fmt.Errorf("encode status: %w", err)
	}
	return r.store.Put(ctx, key, value)
}

// matching are the messages that a new subscriber gets.
func (r *retained) matching(filter string, now time.Time) []*statusMessage {
	r.mu.RLock()
	defer r.mu.RUnlock()
	var all []*statusMessage
	add := func(m *statusMessage) {
		if m != nil && (m.expires.IsZero() || m.expires.After(now)) {
			all = append(all, m)
		}
	}
	if !strings.ContainsAny(filter, "+#") {
		add(r.byTopic[filter])
		return all
	}
	for topic, m := range r.byTopic {
		if matches(filter, topic) {
			add(m)
		}
	}
	return all
}

// routeStatus retains a status message where it says so, and sends it to whoever subscribed to it. When it returns, what is
// retained is on disk.
func (b *Broker) routeStatus(station string, m statusMessage) error {
	if m.retain {
		kept, err := b.retained.keep(b.submitCtx, station, m)
		if err != nil {
			return fmt.Errorf("retain status of %s: %w", station, err)
		}
		if !kept {
			b.metrics.dropped.WithLabelValues("retained").Inc()
		}
	}
	b.route(&m)
	return nil
}

// route sends a message to its subscribers and returns how many there are.
func (b *Broker) route(m *statusMessage) int {
	targets := b.routes.targets(m.topic, m.origin)
	for _, t := range targets {
		packet := t.s.encode(m, t.ids, m.retain && t.retainAsPublished, b.opts.Now())
		if t.s.tooLong(packet) || !t.s.push(packet) {
			b.metrics.dropped.WithLabelValues("subscriber").Inc()
		}
	}
	return len(targets)
}

func (s *session) tooLong(packet []byte) bool {
	return s.maxPacket > 0 && len(packet) > int(s.maxPacket)
}

// encode makes a PUBLISH of QoS 0.
func (s *session) encode(m *statusMessage, ids []int, retain bool, now time.Time) []byte {
	var props []byte
	if s.mqtt5 {
		if !m.expires.IsZero() {
			left := max(0, m.expires.Sub(now))
			props = appendProp32(props, propMessageExpiry, uint32((left+time.Second-1)/time.Second))
		}
		props = append(props, m.forward...)
		for _, id := range ids {
			props = binary.AppendUvarint(append(props, propSubscriptionID), uint64(id))
		}
		props = append(binary.AppendUvarint(nil, uint64(len(props))), props...)
	}
	first := typePublish << 4
	if retain {
		first |= 1
	}
	out := appendHeader(nil, first, 2+len(m.topic)+len(props)+len(m.body))
	return append(append(appendText(out, m.topic), props...), m.body...)
}

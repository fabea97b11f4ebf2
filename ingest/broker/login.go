package broker

import (
	"math"
	"slices"
	"strings"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"

	"quantrac/ingest"
)

func (i Identity) all() bool { return slices.Contains(i.Stations, AllStations) }

// may reports whether the identity may speak for a station.
func (i Identity) may(station string) bool { return i.all() || slices.Contains(i.Stations, station) }

// allowed is may in the form of Delivery.Allowed, where nil permits all.
func (i Identity) allowed() func(string) bool {
	if i.all() {
		return nil
	}
	return i.may
}

// mayRead judges a topic filter, or the topic of a message on its way to a subscriber.
func (i Identity) mayRead(filter string) bool {
	if i.all() {
		return strings.HasPrefix(filter, "quantrac/")
	}
	rest, ok := strings.CutPrefix(filter, "quantrac/v1/")
	if !ok {
		return false
	}
	station, _, ok := strings.Cut(rest, "/")
	return ok && i.may(station)
}

// identify decides who a client is. The refusal is nil for a client that is let in.
func (b *Broker) identify(l Login) (who Identity, refusal *packets.Code) {
	switch {
	case l.Username == "" && l.Password == "", b.opts.Authenticate == nil:
		if !b.opts.Anonymous {
			return Identity{}, &packets.ErrNotAuthorized
		}
		who = Identity{Stations: []string{AllStations}}
	default:
		var ok bool
		if who, ok = b.opts.Authenticate(b.submitCtx, l); !ok {
			return Identity{}, &packets.ErrBadUsernameOrPassword
		}
	}
	if l.ClientID != "" && b.foreign(l.ClientID, who) {
		return Identity{}, &packets.ErrClientIdentifierNotValid
	}
	return who, nil
}

// OnConnectAuthenticate lets a client in or not. The library's answer to a refusal is completed in OnPacketEncode.
func (h *hook) OnConnectAuthenticate(cl *mqtt.Client, pk packets.Packet) bool {
	c, ok := cl.Net.Conn.(*conn)
	if !ok {
		return false
	}
	l := Login{
		ClientID: pk.Connect.ClientIdentifier, Username: string(pk.Connect.Username), Password: string(pk.Connect.Password),
		Remote: cl.Net.Remote,
	}
	who, refusal := h.b.identify(l)
	if refusal != nil {
		c.refusal = refusal
		h.b.metrics.refused.WithLabelValues("login").Inc()
		// Not the user name: some gateways send their access token in its place.
		h.b.log.Warn("mqtt login refused", "remote", l.Remote, "client", l.ClientID, "reason", refusal.Reason)
		return false
	}
	c.identity = who
	return true
}

// OnSessionEstablish starts the session of a client that was let in, just before CONNACK.
func (h *hook) OnSessionEstablish(cl *mqtt.Client, pk packets.Packet) {
	c, ok := cl.Net.Conn.(*conn)
	if !ok {
		return
	}
	// The library computes 1.5 times the keep-alive in 16 bits; what does not fit is left to the keep-alive of TCP.
	const longestKeepalive = math.MaxUint16 / 3 * 2
	if cl.State.Keepalive > longestKeepalive {
		cl.State.Keepalive = 0
	}
	s := newSession(c, cl)
	switch {
	case s.identity.ID != "":
		s.gateway = s.identity.ID
	case pk.Connect.ClientIdentifier != "":
		s.gateway = pk.Connect.ClientIdentifier
	default:
		s.gateway = cl.Net.Remote
	}
	s.memory = h.b.recall(s, pk.Connect.Clean)
	s.adoptWill()
	c.session.Store(s)
	go s.write()
}

// adoptWill takes a last will out of the library's hands unless it is a status message that may be routed.
func (s *session) adoptWill() {
	will := s.client.Properties.Will
	if will.Flag == 0 {
		return
	}
	if station, ok := statusStation(will.TopicName, will.Payload); ok && s.identity.may(station) {
		return
	}
	d := s.delivery(will.TopicName, will.Payload)
	s.will = &d
	s.client.Properties.Will = mqtt.Will{}
}

// endSession submits the will and forgets what does not outlive the connection. err is nil after a DISCONNECT.
func (b *Broker) endSession(s *session, err error, expire bool) {
	_ = s.c.Close()
	if expire {
		b.forgetMemory(s.client)
	}
	select {
	case <-b.draining:
		return
	default:
	}
	if err == nil || s.will == nil {
		return
	}
	will := *s.will
	will.ReceivedAt = b.opts.Now().UTC()
	s.submit(will, func(_ ingest.Receipt, err error) {
		if err != nil {
			b.log.Warn("last will not stored", "gateway", s.gateway, "error", err)
		}
	})
}

// sessionEndsWithConnection is the library's rule of what does not outlive a connection.
func sessionEndsWithConnection(cl *mqtt.Client) bool {
	if cl.Properties.ProtocolVersion == 5 {
		return cl.Properties.Props.SessionExpiryInterval == 0
	}
	return cl.Properties.Clean
}

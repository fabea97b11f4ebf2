package broker

import (
	"log/slog"
	"math"
	"time"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/packets"
)

const (
	listenerID = "mqtt"
	puback     = packets.Puback
	pubrec     = packets.Pubrec
	// firstFailure is the lowest reason code that means failure.
	firstFailure = 0x80
	// maxAliases is how many topic aliases a client may set.
	maxAliases = 64
	// maxSubscriptions is how many filters a client may subscribe to.
	maxSubscriptions = 100
	// maxPendingWrites is how many status messages may wait for a subscriber; more are dropped for it.
	maxPendingWrites = 256
)

// newServer sets the protocol library up: memory only, no listeners of its own, no $SYS, no log.
func newServer(b *Broker) (*mqtt.Server, error) {
	caps := mqtt.NewDefaultServerCapabilities()
	// The limits of packet size and connections are enforced before the library sees a packet.
	caps.MaximumPacketSize = uint32(b.opts.MaxPacket)
	caps.ReceiveMaximum = uint16(min(b.opts.MaxInflight, math.MaxUint16))
	caps.TopicAliasMaximum = maxAliases
	caps.MaximumClientWritesPending = maxPendingWrites
	caps.MaximumSessionExpiryInterval = uint32(b.opts.SessionExpiry / time.Second)
	// The default deletes retained messages after a day.
	caps.MaximumMessageExpiryInterval = 0
	caps.SharedSubAvailable = 0
	caps.Compatibilities.NoInheritedPropertiesOnAck = true
	const never = 1 << 30
	server := mqtt.New(&mqtt.Options{
		Capabilities: caps, SysTopicResendInterval: never, Logger: slog.New(slog.DiscardHandler), ClientNetReadBufferSize: 1024,
	})
	return server, server.AddHook(&hook{b: b}, nil)
}

// hook is where the library asks and tells. All of it runs in the goroutine that reads the client's connection.
type hook struct {
	mqtt.HookBase
	b *Broker
}

func (h *hook) ID() string { return "quantrac" }

func (h *hook) Provides(what byte) bool {
	switch what {
	case mqtt.OnConnectAuthenticate, mqtt.OnACLCheck, mqtt.OnSessionEstablish, mqtt.OnDisconnect, mqtt.OnClientExpired,
		mqtt.OnPacketRead, mqtt.OnPacketEncode, mqtt.OnPublish, mqtt.OnSubscribe:
		return true
	}
	return false
}

func sessionOf(cl *mqtt.Client) *session {
	if c, ok := cl.Net.Conn.(*conn); ok {
		return c.session.Load()
	}
	return nil
}

// OnPacketEncode completes CONNACK, where the library says less than it enforces.
func (h *hook) OnPacketEncode(cl *mqtt.Client, pk packets.Packet) packets.Packet {
	if pk.FixedHeader.Type != packets.Connack {
		return pk
	}
	if pk.ReasonCode == packets.CodeSuccess.Code {
		pk.Properties.MaximumPacketSize = uint32(h.b.opts.MaxPacket)
		pk.Properties.TopicAliasMaximum = maxAliases
		pk.Properties.SharedSubAvailableFlag = true
		return pk
	}
	c, ok := cl.Net.Conn.(*conn)
	if !ok || c.refusal == nil {
		return pk
	}
	if cl.Properties.ProtocolVersion == 5 {
		pk.ReasonCode, pk.Properties.ReasonString = c.refusal.Code, c.refusal.Reason
	} else if v3, known := packets.V5CodesToV3[*c.refusal]; known {
		pk.ReasonCode = v3.Code
	}
	return pk
}

// OnACLCheck lets every publish through, because a refusal here would answer before anything is kept; OnPublish judges.
func (h *hook) OnACLCheck(cl *mqtt.Client, topic string, write bool) bool {
	if write {
		return true
	}
	s := sessionOf(cl)
	return s != nil && s.identity.mayRead(topic)
}

// OnSubscribe grants QoS 0 only: nothing waits in memory for a subscriber, and packet ids are the gateway's alone.
func (h *hook) OnSubscribe(cl *mqtt.Client, pk packets.Packet) packets.Packet {
	full := cl.State.Subscriptions.Len()+len(pk.Filters) > maxSubscriptions
	for i := range pk.Filters {
		pk.Filters[i].Qos = 0
		if full {
			// An empty filter is refused by the library as invalid.
			pk.Filters[i].Filter = ""
		}
	}
	return pk
}

// OnPacketRead sees packets before the library acts on them.
func (h *hook) OnPacketRead(cl *mqtt.Client, pk packets.Packet) (packets.Packet, error) {
	s := sessionOf(cl)
	if s == nil {
		return pk, nil
	}
	switch pk.FixedHeader.Type {
	case packets.Pubrel:
		if s.memory.end(pk.PacketID) {
			// The library answers PUBREL with success for ids that it knows.
			cl.State.Inflight.Set(packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Pubrec}, PacketID: pk.PacketID})
		}
	case packets.Publish:
		if pk.TopicName != "" && !mqtt.IsValidFilter(pk.TopicName, true) {
			// The library would drop the message without an answer.
			_ = h.b.server.DisconnectClient(cl, packets.ErrTopicNameInvalid)
			return pk, packets.ErrRejectPacket
		}
	}
	return pk, nil
}

// OnPublish takes a message. ErrRejectPacket makes the library forget it without an answer: the answer is ours.
func (h *hook) OnPublish(cl *mqtt.Client, pk packets.Packet) (packets.Packet, error) {
	s := sessionOf(cl)
	if s == nil {
		return pk, packets.ErrRejectPacket
	}
	if pk.TopicName == "" {
		_ = h.b.server.DisconnectClient(cl, packets.ErrTopicAliasInvalid)
		return pk, packets.ErrRejectPacket
	}
	if station, ok := statusStation(pk.TopicName, pk.Payload); ok && s.identity.may(station) {
		return s.routeStatus(pk)
	}
	d := s.delivery(pk.TopicName, pk.Payload)
	d.Dup = pk.FixedHeader.Dup
	s.take(d, pk)
	return pk, packets.ErrRejectPacket
}

// OnDisconnect hears of the end of every session, unless the library panicked.
func (h *hook) OnDisconnect(cl *mqtt.Client, err error, expire bool) {
	if s := sessionOf(cl); s != nil {
		h.b.endSession(s, err, expire)
	}
}

// OnClientExpired hears of an absent client whose session ran out.
func (h *hook) OnClientExpired(cl *mqtt.Client) { h.b.forgetMemory(cl) }

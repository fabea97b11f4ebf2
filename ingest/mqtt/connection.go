package mqtt

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	paho "github.com/eclipse/paho.mqtt.golang"

	"quantrac/ingest"
)

// connection is one connection to the broker, from CONNECT to its loss.
type connection struct {
	client paho.Client
	// gone is closed when the connection takes no more messages.
	gone chan struct{}
	// lost holds the first reason for which the connection must end.
	lost chan error
}

func (c *connection) fail(err error) {
	select {
	case c.lost <- err:
	default:
	}
}

// connection connects, subscribes and stays until the connection is lost, a message could not be stored, or ctx ends.
func (s *Subscriber) connection(ctx context.Context) error {
	c := &connection{gone: make(chan struct{}), lost: make(chan error, 1)}
	c.client = paho.NewClient(s.clientOptions(c))
	const farewell = 250 // milliseconds for DISCONNECT to leave
	defer c.client.Disconnect(farewell)
	// The library waits for its handler before it disconnects: gone is what releases the handler.
	defer close(c.gone)

	if err := await(ctx, c.client.Connect()); err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	if err := s.subscribe(ctx, c); err != nil {
		return err
	}
	s.use(c.client)
	defer s.use(nil)
	s.setState(true, nil)
	s.log.Info("mqtt broker subscribed", "topics", s.filters())
	select {
	case err := <-c.lost:
		return err
	case <-ctx.Done():
		s.drain()
		return nil
	}
}

func (s *Subscriber) clientOptions(c *connection) *paho.ClientOptions {
	o := paho.NewClientOptions().SetClientID(s.opts.ClientID).SetCleanSession(false).SetProtocolVersion(4)
	o.AddBroker(s.address.String())
	if s.opts.Username != "" {
		o.SetUsername(s.opts.Username).SetPassword(s.opts.Password)
	}
	if s.opts.TLS != nil {
		o.SetTLSConfig(s.opts.TLS)
	}
	if scheme := s.address.Scheme; scheme != "ws" && scheme != "wss" { // which are buffered
		o.SetCustomOpenConnectionFn(dial)
	}
	o.SetAutoReconnect(false).SetConnectRetry(false).SetConnectTimeout(connectTimeout).SetKeepAlive(30 * time.Second)
	// While a full log blocks the handler, the library does not see the broker's ping responses.
	o.SetPingTimeout(time.Minute)
	o.SetOrderMatters(true).SetAutoAckDisabled(true)
	// Messages of a persistent session may arrive before SUBSCRIBE: the handler is there from the start.
	o.SetDefaultPublishHandler(func(_ paho.Client, m paho.Message) { s.receive(c, m) })
	o.SetConnectionLostHandler(func(_ paho.Client, err error) { c.fail(fmt.Errorf("connection lost: %w", err)) })
	return o
}

// await waits for the library. Its own timeouts do not cover all of what a token waits for.
func await(ctx context.Context, token paho.Token) error {
	timeout := time.NewTimer(connectTimeout + time.Second)
	defer timeout.Stop()
	select {
	case <-token.Done():
		return token.Error()
	case <-timeout.C:
		return errors.New("no answer in time")
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *Subscriber) filters() map[string]byte {
	filters := make(map[string]byte, len(s.opts.Topics))
	for _, topic := range s.opts.Topics {
		if s.opts.Share != "" {
			topic = "$share/" + s.opts.Share + "/" + topic
		}
		filters[topic] = s.opts.QoS
	}
	return filters
}

// subscribe is repeated on every connection: the broker may have lost the session.
func (s *Subscriber) subscribe(ctx context.Context, c *connection) error {
	token := c.client.SubscribeMultiple(s.filters(), nil)
	if err := await(ctx, token); err != nil {
		return fmt.Errorf("subscribe: %w", err)
	}
	sub, ok := token.(*paho.SubscribeToken)
	if !ok {
		return nil
	}
	for filter, code := range sub.Result() {
		if code > 2 {
			return fmt.Errorf("subscribe: the broker refuses %q", filter)
		}
		if code == 0 {
			return fmt.Errorf("subscribe: the broker grants only QoS 0 for %q, which it may lose", filter)
		}
	}
	return nil
}

// receive takes a message in the library's one handler goroutine. A message that it does not take stays with the broker.
func (s *Subscriber) receive(c *connection, m paho.Message) {
	if !s.flight.reserve(c) {
		return
	}
	e := s.flight.add(c, m)
	if m.Retained() || isStatus(m.Topic(), m.Payload()) {
		e.passedOver = true
		s.flight.finish(e, true)
		return
	}
	s.flight.queue <- e
}

// isStatus recognises the retained liveness message of the native format.
func isStatus(topic string, body []byte) bool {
	if !strings.HasPrefix(topic, "quantrac/v1/") || !strings.HasSuffix(topic, "/status") || strings.Count(topic, "/") != 3 {
		return false
	}
	var status struct {
		Online *bool           `json:"online"`
		Values json.RawMessage `json:"values"`
	}
	return len(body) == 0 || (json.Unmarshal(body, &status) == nil && status.Online != nil && status.Values == nil)
}

// submitAll hands messages to the log one after the other. It has a goroutine of its own because Submit blocks while the log
// is behind, and a blocked handler keeps the library from seeing anything else.
func (s *Subscriber) submitAll(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case e := <-s.flight.queue:
			s.submit(ctx, e)
		}
	}
}

func (s *Subscriber) submit(ctx context.Context, e *entry) {
	if e.message.Qos() > 0 && e.stale() {
		// Its connection ended before its turn came, so the broker sends it again.
		s.flight.finish(e, false)
		return
	}
	done := func(_ ingest.Receipt, err error) {
		s.flight.finish(e, err == nil)
		if err != nil {
			e.conn.fail(fmt.Errorf("message not stored: %w", err))
		}
	}
	if err := s.opts.Submit(ctx, s.delivery(e.message), done); err != nil {
		done(ingest.Receipt{}, err)
	}
}

func (s *Subscriber) delivery(m paho.Message) ingest.Delivery {
	d := ingest.Delivery{
		Door: "broker", Gateway: s.name, Topic: m.Topic(), ReceivedAt: s.opts.Now().UTC(), Dup: m.Duplicate(), Body: m.Payload(),
	}
	if len(d.Body) > ingest.MaxBody {
		// A copy, so that the rest is not held in memory.
		d.Body, d.TooLarge = append([]byte(nil), d.Body[:ingest.KeptTooLarge]...), true
	}
	return d
}

// drain waits until everything that was received is answered, at most Options.DrainTimeout. It takes the slots of what it
// waits for, so less and less is received meanwhile.
func (s *Subscriber) drain() {
	ctx, cancel := context.WithTimeout(context.Background(), s.opts.DrainTimeout)
	defer cancel()
	if !s.flight.settle(ctx) {
		s.log.Warn("mqtt messages left unacknowledged; the broker sends them again")
	}
}

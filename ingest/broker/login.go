package broker

import (
	"crypto/rand"
	"crypto/tls"
	"time"
)

// Login is what a client shows when it connects.
type Login struct {
	ClientID, Username, Password string
	// Certificate is the client's certificate; nil when it showed none.
	Certificate *Certificate
	// Remote is the address it comes from, host:port.
	Remote string
}

// connect reads CONNECT, lets the client in or not, and answers.
func (c *conn) connect() (*session, error) {
	certificate, err := c.handshake()
	if err != nil {
		return nil, err
	}
	h, err := c.nextHeader(maxConnect)
	if err != nil {
		return nil, err
	}
	if h.first != typeConnect<<4 {
		return nil, protocolError("the first packet is no CONNECT")
	}
	body, _, err := c.body(h)
	if err != nil {
		return nil, err
	}
	p, bad := readConnect(body)
	if bad != nil {
		c.refuse(p.version, bad)
		return nil, bad
	}
	s, bad := c.admit(&p, certificate)
	if bad != nil {
		c.b.metrics.refused.WithLabelValues("login").Inc()
		c.refuse(p.version, bad)
		return nil, bad
	}
	return s, nil
}

// handshake does TLS, where the broker speaks it.
func (c *conn) handshake() (*Certificate, error) {
	tc, ok := c.Conn.(*tls.Conn)
	if !ok {
		return nil, nil
	}
	_ = tc.SetDeadline(c.connectBy)
	if err := tc.HandshakeContext(c.b.submitCtx); err != nil {
		return nil, err
	}
	return clientCertificate(tc.ConnectionState(), c.b.opts.Now()), nil
}

// admit makes a session of a valid CONNECT, or says why not.
func (c *conn) admit(p *connectRequest, certificate *Certificate) (*session, *violation) {
	if p.props.has(propAuthMethod) {
		return nil, &violation{codeBadMethod, "enhanced authentication is not supported"}
	}
	if p.clientID == "" && p.version != version5 && !p.clean {
		return nil, &violation{codeBadClientID, "an empty client id needs a clean session"}
	}
	l := Login{
		ClientID: p.clientID, Username: p.username, Password: p.password, Certificate: certificate, Remote: c.RemoteAddr().String(),
	}
	who, bad := c.b.identify(l)
	if bad != nil {
		return nil, bad
	}
	assigned := ""
	if p.clientID == "" {
		assigned = "auto-" + rand.Text()
		p.clientID = assigned
	}
	s := newSession(c, who, p)
	if who.ID == "" && (assigned != "" || c.b.opts.Gateways.HasUser(p.clientID)) {
		// Nobody bears a gateway's name who did not prove to be it.
		s.gateway = l.Remote
	}
	if bad := c.b.enter(s); bad != nil {
		return nil, bad
	}
	present := c.b.attach(s, p.clientID, p.clean)
	if !c.b.opts.Gateways.current(who) {
		// Its rights changed between the login and now: whoever changed them did not see this session.
		c.b.end(s, endPolite)
		return nil, &violation{codeNotAuthorized, "the account changed just now"}
	}
	s.greet(c.b.connack(s, p, present, assigned))
	return s, nil
}

func newSession(c *conn, who Identity, p *connectRequest) *session {
	b := c.b
	s := &session{
		b: b, c: c, identity: who, allowed: who.Allowed(), gateway: who.ID, mqtt5: p.version == version5, mqtt31: p.version == version31, will: p.will,
		maxPacket: p.props.maximumPacket, plain: p.props.has(propRequestProblem) && p.props.requestProblem == 0,
	}
	if s.gateway == "" {
		s.gateway = p.clientID
	}
	switch {
	case s.mqtt5:
		s.expiry = b.sessionExpiry(p.props.sessionExpiry)
	case !p.clean:
		s.expiry = b.opts.SessionExpiry
	}
	// A server waits one and a half times the keep-alive.
	c.patience = b.keepalive(p) * 3 / 2
	c.session = s
	return s
}

// keepalive is the one that holds: before MQTT 5 a client can't be told another one than its own.
func (b *Broker) keepalive(p *connectRequest) time.Duration {
	asked, most := time.Duration(p.keepalive)*time.Second, b.opts.MaxKeepalive
	if p.version == version5 && most > 0 && (asked == 0 || asked > most) {
		return most
	}
	return asked
}

// identify decides who a client is.
func (b *Broker) identify(l Login) (Identity, *violation) {
	noCredentials := l.Username == "" && l.Password == "" && l.Certificate == nil
	switch {
	case b.opts.RequireCertificate && l.Certificate == nil:
		return Identity{}, &violation{codeNotAuthorized, "no client certificate"}
	case noCredentials || b.opts.Authenticate == nil:
		if b.opts.Anonymous {
			return Identity{Stations: []string{AllStations}}, nil
		}
		return Identity{}, &violation{codeNotAuthorized, "no credentials"}
	}
	who, ok := b.opts.Authenticate(b.submitCtx, l)
	switch {
	case ok:
		return who, nil
	case l.Username == "" && l.Password == "" && b.opts.Anonymous && !b.opts.RequireCertificate:
		// A certificate of nobody we know, where nobody needs to be known.
		return Identity{Stations: []string{AllStations}}, nil
	}
	return Identity{}, &violation{codeBadLogin, "user name, password or certificate is wrong"}
}

// refuse answers CONNECT with a failure, as far as the client's version has one.
func (c *conn) refuse(version byte, bad *violation) {
	// Not the user name: some gateways send their access token in its place.
	c.b.log.Warn("mqtt login refused", "remote", c.RemoteAddr().String(), "reason", bad.what)
	code := bad.code
	switch {
	case version >= version5:
		_, _ = c.Write([]byte{typeConnack << 4, 3, 0, code, 0})
	case oldCodes[code] != 0:
		_, _ = c.Write([]byte{typeConnack << 4, 2, 0, oldCodes[code]})
	}
}

// oldCodes are the return codes of CONNACK before MQTT 5. What has none ends without an answer.
var oldCodes = [256]byte{
	codeBadVersion: 1, codeBadClientID: 2, codeQuota: 3, codeBadLogin: 4, codeNotAuthorized: 5,
}

// connack is the answer to a client that is let in, with what the broker grants.
func (b *Broker) connack(s *session, p *connectRequest, present bool, assigned string) []byte {
	flags := byte(0)
	if present {
		flags = 1
	}
	if !s.mqtt5 {
		return []byte{typeConnack << 4, 2, flags, codeSuccess}
	}
	props := appendProp16(nil, propReceiveMaximum, uint16(b.opts.MaxInflight))
	props = appendProp32(props, propMaximumPacketSize, uint32(b.opts.MaxPacket))
	props = appendProp16(props, propTopicAliasMaximum, maxAliases)
	if asked := time.Duration(p.props.sessionExpiry) * time.Second; asked != s.expiry {
		props = appendProp32(props, propSessionExpiry, uint32(s.expiry/time.Second))
	}
	if assigned != "" {
		props = appendText(append(props, propAssignedClientID), assigned)
	}
	if keepalive := b.keepalive(p); keepalive != time.Duration(p.keepalive)*time.Second {
		props = appendProp16(props, propServerKeepAlive, uint16(keepalive/time.Second))
	}
	// All properties together are shorter than 128 bytes, so their length is one byte.
	out := appendHeader(nil, typeConnack<<4, 3+len(props))
	return append(append(out, flags, codeSuccess, byte(len(props))), props...)
}

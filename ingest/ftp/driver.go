package ftp

import (
	"crypto/tls"
	"errors"
	"net"
	"time"

	ftpserver "github.com/fclairamb/ftpserverlib"
)

// door is one address that is listened on. As a listener it hands the library control connections.
type door struct {
	net.Listener
	srv      *Server
	lib      *ftpserver.FtpServer
	addr     string
	implicit bool
}

// Accept waits for the next logger that there is room for.
func (d *door) Accept() (net.Conn, error) {
	const slowest = time.Second
	wait := 5 * time.Millisecond
	for {
		nc, err := d.Listener.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return nil, err
		case err != nil:
			// Out of file descriptors, for example: it passes when loggers leave.
			d.srv.log.Warn("accept ftp connection", "error", err)
			pause(d.srv.draining, wait)
			wait = min(2*wait, slowest)
			continue
		}
		if c := d.srv.admit(nc, d.implicit); c != nil {
			return c, nil
		}
	}
}

func pause(stop <-chan struct{}, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-stop:
	case <-t.C:
	}
}

func (s *Server) admit(nc net.Conn, implicit bool) *control {
	s.mu.Lock()
	var c *control
	most := s.opts.MaxConnections
	if len(s.controls) >= most && s.evict() {
		most += max(1, most/8) // while the one that was sent away leaves
	}
	if len(s.controls) < most {
		c = newControl(s, nc, implicit)
		s.controls[c], s.strangers[c] = struct{}{}, struct{}{}
	}
	s.mu.Unlock()
	if c == nil {
		s.metrics.refused.WithLabelValues("limit").Inc()
		s.log.Warn("ftp connection refused", "remote", nc.RemoteAddr().String(), "reason", "too many connections")
		if !implicit {
			_ = nc.SetWriteDeadline(time.Now().Add(time.Second))
			_, _ = nc.Write([]byte("421 Too many connections, come back later\r\n"))
		}
		_ = nc.Close()
		return nil
	}
	s.metrics.connections.Inc()
	return c
}

// evict sends away one connection that did not sign in, whichever: who means well signs in at once and is seldom hit. False =
// there is none. s.mu is held.
func (s *Server) evict() bool {
	for c := range s.strangers {
		delete(s.strangers, c)
		s.metrics.refused.WithLabelValues("limit").Inc()
		c.cancel()
		_ = c.raw.Close()
		return true
	}
	return false
}

// changed is how many accounts have changed so far.
func (s *Server) changed() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changes
}

// forget is called when a connection and all that it had begun have ended.
func (s *Server) forget(c *control) {
	if c.folder != nil {
		c.folder.account.close(true)
	}
	s.mu.Lock()
	delete(s.controls, c)
	delete(s.strangers, c)
	s.mu.Unlock()
	s.metrics.connections.Dec()
	close(c.ended)
}

// driver answers the library's questions for one door.
type driver struct {
	srv  *Server
	door *door
}

// GetSettings is asked once. Idle connections and TLS on the control connection are our own affair.
func (d *driver) GetSettings() (*ftpserver.Settings, error) {
	const waitForData = 15 * time.Second
	o := &d.srv.opts
	set := &ftpserver.Settings{
		Listener: d.door, Banner: "quantrac", PublicHost: o.PublicHost, DefaultTransferType: ftpserver.TransferTypeBinary,
		IdleTimeout: max(1, int(o.IdleTimeout/time.Second)), ConnectionTimeout: max(1, int(min(waitForData, o.DataTimeout)/time.Second)),
		ActiveTransferPortNon20: true, DisableMFMT: true, DisableSite: true,
	}
	if o.PassivePorts != (PortRange{}) {
		set.PassiveTransferPortRange = ftpserver.PortRange{Start: o.PassivePorts.First, End: o.PassivePorts.Last}
	}
	if d.door.implicit {
		set.TLSRequired = ftpserver.ImplicitEncryption
	}
	return set, nil
}

func controlOf(cc ftpserver.ClientContext) (*control, error) {
	p, ok := cc.RemoteAddr().(peer)
	if !ok {
		return nil, errors.New("not a connection of this server")
	}
	return p.control, nil
}

// ClientConnected greets.
func (d *driver) ClientConnected(ftpserver.ClientContext) (string, error) { return "quantrac", nil }

// ClientDisconnected is called once for each connection. A transfer may still be running then.
func (d *driver) ClientDisconnected(cc ftpserver.ClientContext) {
	if c, err := controlOf(cc); err == nil {
		c.leave()
	}
}

var (
	errNeedsTLS  = errors.New("AUTH TLS first")
	errLogin     = errors.New("wrong user name or password")
	errTooMany   = errors.New("too many connections of this account")
	errNoFolder  = errors.New("the folder is not available now")
	errSignedIn  = errors.New("already signed in")
	errChanging  = errors.New("accounts are being changed, sign in again")
	errNoTLSHere = errors.New("there is no TLS here")
)

// PreAuthUser refuses a user name in clear where TLS is required, before the password follows.
func (d *driver) PreAuthUser(cc ftpserver.ClientContext, _ string) error {
	c, err := controlOf(cc)
	if err != nil {
		return err
	}
	if d.srv.opts.RequireTLS && !c.isSecure() {
		return errNeedsTLS
	}
	return nil
}

// AuthUser signs a logger in. The library ends the connection on an error.
func (d *driver) AuthUser(cc ftpserver.ClientContext, user, password string) (ftpserver.ClientDriver, error) {
	c, err := controlOf(cc)
	if err != nil {
		return nil, err
	}
	if c.gateway() != "" {
		return nil, errSignedIn
	}
	began, changes := time.Now(), d.srv.changed()
	remote := c.raw.RemoteAddr().String()
	who, ok := d.srv.opts.Authenticate(c.ctx, user, password, remote)
	if !ok || who.Gateway == "" {
		d.srv.metrics.refused.WithLabelValues("login").Inc()
		d.srv.log.Warn("ftp login refused", "remote", remote)
		pause(c.ctx.Done(), d.srv.opts.RefusalDelay-time.Since(began))
		return nil, errLogin
	}
	f, err := d.srv.signIn(c, cc, who)
	if err != nil {
		d.srv.metrics.refused.WithLabelValues("account").Inc()
		d.srv.log.Warn("ftp login refused", "remote", remote, "gateway", who.Gateway, "error", err)
		if errors.Is(err, errTooMany) {
			return nil, err
		}
		return nil, errNoFolder
	}
	if d.srv.changed() != changes {
		return nil, errChanging
	}
	if d.srv.opts.RequireTLS {
		if err := cc.SetTLSRequirement(ftpserver.MandatoryEncryption); err != nil {
			return nil, err
		}
	}
	return f, nil
}

// GetTLSConfig is for data connections; the control connection is encrypted by its own wrapper.
func (d *driver) GetTLSConfig() (*tls.Config, error) {
	if d.srv.opts.TLS == nil {
		return nil, errNoTLSHere
	}
	return d.srv.opts.TLS, nil
}

// signIn opens the folder of an account.
func (s *Server) signIn(c *control, cc ftpserver.ClientContext, who Account) (*folder, error) {
	a := s.account(who.Gateway)
	if err := a.open(who, s.opts.MaxPerAccount); err != nil {
		return nil, err
	}
	f := &folder{srv: s, control: c, client: cc, account: a, who: who, allowed: who.allowed()}
	c.mu.Lock()
	c.folder = f
	c.mu.Unlock()
	s.mu.Lock()
	delete(s.strangers, c)
	s.mu.Unlock()
	return f, nil
}

// account finds or makes the state of an account.
func (s *Server) account(gateway string) *account {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.accounts[gateway]
	if a == nil {
		a = newAccount(s, gateway)
		s.accounts[gateway] = a
	}
	return a
}

// WrapPassiveListener makes waiting for a data connection end with the server.
func (d *driver) WrapPassiveListener(l net.Listener) (net.Listener, error) {
	return passive{l, d.srv}, nil
}

type passive struct {
	net.Listener
	srv *Server
}

func (p passive) Accept() (net.Conn, error) {
	accepted := make(chan struct{})
	defer close(accepted)
	go func() {
		select {
		case <-p.srv.draining:
			_ = p.Close()
		case <-accepted:
		}
	}()
	return p.Listener.Accept()
}

var _ interface {
	ftpserver.MainDriver
	ftpserver.MainDriverExtensionUserVerifier
	ftpserver.MainDriverExtensionPassiveWrapper
} = (*driver)(nil)

package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"quantrac/ingest/dialect"
	"quantrac/ingest/ftp"
	"quantrac/ingest/hj212"
)

// What follows opens the doors beside MQTT and HTTP. They are off unless they are configured, and let in the accounts of gateways.

type ftpConfig struct {
	Listen string `yaml:"listen"`
	// Implicit is the address for FTPS where TLS comes first.
	Implicit string `yaml:"implicit"`
	// PassivePorts is a range such as 50000-50100, to be opened in a firewall.
	PassivePorts string    `yaml:"passive_ports"`
	PublicHost   string    `yaml:"public_host"`
	TLS          tlsConfig `yaml:"tls"`
	// RequireTLS refuses loggers that would send their password in clear.
	RequireTLS bool `yaml:"require_tls"`
}

type hj212Config struct {
	Listen string    `yaml:"listen"`
	TLS    tlsConfig `yaml:"tls"`
	// Anonymous lets in devices whose MN is no gateway's user name; on loopback only, unless AnonymousAnywhere.
	Anonymous         bool `yaml:"anonymous"`
	AnonymousAnywhere bool `yaml:"anonymous_anywhere"`
}

func (c *config) doorProblems(report func(path, format string, args ...any), checkAddr func(path, addr string)) {
	for path, addr := range map[string]string{"ftp.listen": c.FTP.Listen, "ftp.implicit": c.FTP.Implicit, "hj212.listen": c.HJ212.Listen} {
		if addr != "" {
			checkAddr(path, addr)
		}
	}
	if _, err := portRange(c.FTP.PassivePorts); err != nil {
		report("ftp.passive_ports", "%s", err)
	}
	if c.FTP.TLS.Cert == "" && (c.FTP.RequireTLS || c.FTP.Implicit != "") {
		report("ftp.tls", "cert and key are needed for FTPS")
	}
	if c.HJ212.Anonymous && !c.HJ212.AnonymousAnywhere && !isLoopback(c.HJ212.Listen) {
		report("hj212.anonymous", "devices without an account are allowed on loopback only; set hj212.anonymous_anywhere: true if the network is closed")
	}
}

// portRange reads "50000-50100"; "" is any port.
func portRange(text string) (ftp.PortRange, error) {
	if text == "" {
		return ftp.PortRange{}, nil
	}
	first, last, ok := strings.Cut(text, "-")
	a, errA := strconv.ParseUint(strings.TrimSpace(first), 10, 16)
	b, errB := strconv.ParseUint(strings.TrimSpace(last), 10, 16)
	if !ok || errA != nil || errB != nil || a == 0 || b < a {
		return ftp.PortRange{}, fmt.Errorf("%q is no range of ports like 50000-50100", text)
	}
	return ftp.PortRange{First: int(a), Last: int(b)}, nil
}

func (s *service) openDoors(context.Context) error {
	if s.cfg.FTP.Listen != "" || s.cfg.FTP.Implicit != "" {
		if err := s.openFTP(); err != nil {
			return fmt.Errorf("open the FTP door (--ftp chooses its address): %w", err)
		}
	}
	if dir := s.cfg.DropDir; dir != "" {
		drop, err := ftp.OpenDrop(ftp.DropOptions{Dir: dir, Submit: s.submit, Logger: s.log, Metrics: s.figures.registry})
		if err != nil {
			return fmt.Errorf("watch --drop-dir: %w", err)
		}
		s.addDoor("drop folder", drop.Serve, drop.Close)
	}
	if s.cfg.HJ212.Listen != "" {
		if err := s.openHJ212(); err != nil {
			return fmt.Errorf("open the HJ 212 door (--hj212 chooses its address): %w", err)
		}
	}
	return nil
}

// door is one way in that runs until its context ends.
type door struct {
	name  string
	serve func(context.Context) error
}

func (s *service) addDoor(name string, serve func(context.Context) error, closer func() error) {
	s.doors = append(s.doors, door{name, serve})
	s.closers = append(s.closers, func() error { _ = closer(); return nil })
}

func (s *service) openFTP() error {
	tc, err := s.serverTLS(s.cfg.FTP.TLS)
	if err != nil {
		return fmt.Errorf("ftp.tls: %w", err)
	}
	ports, err := portRange(s.cfg.FTP.PassivePorts)
	if err != nil {
		return err
	}
	server, err := ftp.Open(ftp.Options{
		Listen: s.cfg.FTP.Listen, ListenImplicit: s.cfg.FTP.Implicit, PassivePorts: ports, PublicHost: s.cfg.FTP.PublicHost, TLS: tc,
		RequireTLS: s.cfg.FTP.RequireTLS, Dir: filepath.Join(s.cfg.Data, "ftp"), Submit: s.submit, Logger: s.log, Metrics: s.figures.registry,
		Authenticate: func(ctx context.Context, user, password, remote string) (ftp.Account, bool) {
			who, ok := s.gateways.AuthenticatePassword(ctx, user, password, remote)
			return ftp.Account{Gateway: who.ID, Stations: who.Stations}, ok
		},
	})
	if err != nil {
		return err
	}
	s.ftp = server
	if tc == nil && !isLoopback(s.cfg.FTP.Listen) {
		s.log.Warn("FTP without TLS: loggers send their passwords in clear; give ftp.tls a certificate, and ftp.require_tls where they can")
	}
	s.addDoor("ftp", server.Serve, server.Close)
	return nil
}

func (s *service) openHJ212() error {
	tc, err := s.serverTLS(s.cfg.HJ212.TLS)
	if err != nil {
		return fmt.Errorf("hj212.tls: %w", err)
	}
	server, err := hj212.Open(hj212.Options{
		Listen: s.cfg.HJ212.Listen, TLS: tc, Submit: s.submit, Checksum: dialect.HJ212Checksum, Authenticate: s.deviceOf, Logger: s.log,
		Metrics: s.figures.registry,
	})
	if err != nil {
		return err
	}
	s.hj212 = server
	s.addDoor("hj212", server.Serve, server.Close)
	return nil
}

// deviceOf lets in a device whose MN and PW are the user name and password of a gateway, and where it is configured any other.
func (s *service) deviceOf(ctx context.Context, mn, pw, remote string) (hj212.Device, bool) {
	if s.cfg.HJ212.Anonymous && !s.gateways.HasUser(mn) {
		// Not after a login that must fail: each would count as a guess, and make the others of its network wait.
		return hj212.Device{Gateway: mn}, true
	}
	if who, ok := s.gateways.AuthenticatePassword(ctx, mn, pw, remote); ok {
		return hj212.Device{Gateway: who.ID, Station: who.Only(), Allowed: who.Allowed()}, true
	}
	return hj212.Device{}, false
}

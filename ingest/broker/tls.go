package broker

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync"
	"time"
)

// TLSConfig makes the configuration of a TLS listener from PEM files. With clientCA, not "", clients may show a certificate,
// which then must chain to it; without, they may show any, and only those count whose fingerprint is registered. The files
// are read again when they change; new ones that can't be used are reported to log, and the old ones stay in force.
func TLSConfig(cert, key, clientCA string, log *slog.Logger) (*tls.Config, error) {
	f := &tlsFiles{paths: []string{cert, key}, log: log}
	if clientCA != "" {
		f.paths = append(f.paths, clientCA)
	}
	stamps, err := f.stat()
	if err != nil {
		return nil, fmt.Errorf("tls: %w", err)
	}
	if f.config, err = f.load(); err != nil {
		return nil, fmt.Errorf("tls: %w", err)
	}
	f.stamps = stamps
	return &tls.Config{
		MinVersion:         tls.VersionTLS12,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return f.current(), nil },
		// Clients of this process that ask for the certificates, such as a check of their age, find them.
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &f.current().Certificates[0], nil },
	}, nil
}

// tlsFiles are certificate, key and perhaps an authority for clients.
type tlsFiles struct {
	paths []string
	log   *slog.Logger

	mu     sync.Mutex
	stamps []stamp
	config *tls.Config
}

// stamp tells one version of a file from another.
type stamp struct {
	modified time.Time
	size     int64
}

// current is the configuration of the files as they are, or as they last were usable.
func (f *tlsFiles) current() *tls.Config {
	f.mu.Lock()
	defer f.mu.Unlock()
	stamps, err := f.stat()
	if err == nil && slices.Equal(stamps, f.stamps) {
		return f.config
	}
	// Not again before they change once more.
	f.stamps = stamps
	if err == nil {
		var config *tls.Config
		if config, err = f.load(); err == nil {
			f.config = config
			f.log.Info("tls certificate loaded anew", "file", f.paths[0])
			return f.config
		}
	}
	f.log.Error("tls certificate not loaded; the old one stays", "error", err)
	return f.config
}

func (f *tlsFiles) stat() ([]stamp, error) {
	stamps := make([]stamp, 0, len(f.paths))
	for _, path := range f.paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		stamps = append(stamps, stamp{info.ModTime(), info.Size()})
	}
	return stamps, nil
}

func (f *tlsFiles) load() (*tls.Config, error) {
	pair, err := tls.LoadX509KeyPair(f.paths[0], f.paths[1])
	if err != nil {
		return nil, fmt.Errorf("certificate and key: %w", err)
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequestClientCert}
	if len(f.paths) < 3 {
		return c, nil
	}
	pem, err := os.ReadFile(f.paths[2])
	if err != nil {
		return nil, fmt.Errorf("client authority: %w", err)
	}
	c.ClientCAs = x509.NewCertPool()
	if !c.ClientCAs.AppendCertsFromPEM(pem) {
		return nil, errors.New("client authority: no certificate in " + f.paths[2])
	}
	c.ClientAuth = tls.VerifyClientCertIfGiven
	// A ticket would let a client in on the word of an authority that was taken out since.
	c.SessionTicketsDisabled = true
	return c, nil
}

package broker

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"strings"
	"time"
)

// Certificate is what a client's certificate says. TLS has proved that the client holds its key.
type Certificate struct {
	// Fingerprint is the SHA-256 of the certificate, in hex.
	Fingerprint string
	// Names are its common name and DNS names, when it chains to the authority that the broker trusts; else nil.
	Names []string
}

// clientCertificate is nil for a client without one, and for one whose certificate is not valid at this time.
func clientCertificate(state tls.ConnectionState, now time.Time) *Certificate {
	if len(state.PeerCertificates) == 0 {
		return nil
	}
	leaf := state.PeerCertificates[0]
	if now.Before(leaf.NotBefore) || now.After(leaf.NotAfter) {
		return nil
	}
	c := &Certificate{Fingerprint: Fingerprint(leaf)}
	if len(state.VerifiedChains) > 0 {
		c.Names = append([]string{leaf.Subject.CommonName}, leaf.DNSNames...)
	}
	return c
}

// Fingerprint is the SHA-256 of a certificate, in hex.
func Fingerprint(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	return hex.EncodeToString(sum[:])
}

// cleanFingerprint takes a fingerprint as openssl and browsers print it.
func cleanFingerprint(s string) (string, bool) {
	s = strings.ToLower(strings.ReplaceAll(strings.TrimSpace(s), ":", ""))
	raw, err := hex.DecodeString(s)
	return s, err == nil && len(raw) == sha256.Size
}

package broker

import (
	"crypto/hmac"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
	"unicode"
	"unicode/utf8"

	"quantrac/geo"
)

// Gateway is a gateway's entry in the configuration.
type Gateway struct {
	ID       string
	Username string
	// PasswordHash is what HashPassword made; "" for a gateway that signs in with a certificate only.
	PasswordHash string
	// Stations are the ids that it may publish for; AllStations permits all, an empty list none.
	Stations []string
	// Certificates are SHA-256 fingerprints of its client certificates, in hex.
	Certificates []string
}

// GatewaySpec is what an admin may set.
type GatewaySpec struct {
	// Username signs in; "" = the id.
	Username string `json:"username"`
	// Stations are the ids that it may publish for; AllStations permits all, an empty list none.
	Stations []string `json:"stations"`
	// Certificates are SHA-256 fingerprints in hex, with or without colons.
	Certificates []string `json:"certificates"`
	Disabled     bool     `json:"disabled"`
}

// GatewayView is what an admin sees; never a hash.
type GatewayView struct {
	ID           string   `json:"id"`
	Username     string   `json:"username"`
	Stations     []string `json:"stations"`
	Certificates []string `json:"certificates"`
	// Source is "file" for a gateway of the configuration, which can't be changed here, else "api".
	Source    string     `json:"source"`
	Disabled  bool       `json:"disabled"`
	CreatedAt *time.Time `json:"created_at"`
	RotatedAt *time.Time `json:"rotated_at"`
	// Connected says that it has a connection now. LastSeen is when it last sent something since the process began, Remote
	// where its last connection came from.
	Connected bool       `json:"connected"`
	LastSeen  *time.Time `json:"last_seen"`
	Remote    string     `json:"remote"`
}

// account is a gateway's account at one moment; a change makes a new one.
type account struct {
	record
	hash       *argonHash
	configured bool
	// verified is the digest of the login that was found right, so that it is not hashed again.
	verified atomic.Pointer[digest]
	presence *presence
}

// record is how an account is stored.
type record struct {
	ID           string     `json:"id"`
	Username     string     `json:"username"`
	PasswordHash string     `json:"password_hash"`
	Stations     []string   `json:"stations"`
	Certificates []string   `json:"certificates"`
	Disabled     bool       `json:"disabled"`
	CreatedAt    time.Time  `json:"created_at"`
	RotatedAt    *time.Time `json:"rotated_at"`
}

func newAccount(r record, configured bool, p *presence) (*account, error) {
	a := &account{record: r, configured: configured, presence: p}
	if r.PasswordHash == "" {
		return a, nil
	}
	var err error
	if a.hash, err = parseHash(r.PasswordHash); err != nil {
		return nil, fmt.Errorf("gateway %q: %w", r.ID, err)
	}
	return a, nil
}

func decodeAccount(value []byte) (*account, error) {
	var r record
	if err := json.Unmarshal(value, &r); err != nil {
		return nil, fmt.Errorf("decode: %w", err)
	}
	return newAccount(r, false, &presence{})
}

func (a *account) identity() Identity {
	return Identity{ID: a.ID, Stations: a.Stations, account: a}
}

func (a *account) isVerified(d digest) bool {
	v := a.verified.Load()
	return v != nil && hmac.Equal(v[:], d[:])
}

func (a *account) view() GatewayView {
	v := GatewayView{
		ID: a.ID, Username: a.Username, Stations: orEmpty(a.Stations), Certificates: orEmpty(a.Certificates), Source: "api", Disabled: a.Disabled,
		RotatedAt: a.RotatedAt,
	}
	if a.configured {
		v.Source = "file"
	}
	if !a.CreatedAt.IsZero() {
		created := a.CreatedAt
		v.CreatedAt = &created
	}
	v.Connected, v.LastSeen, v.Remote = a.presence.state()
	return v
}

func orEmpty(s []string) []string { return append([]string{}, s...) }

// presence is what is known of a gateway's connections since the process began. Its methods work on nil, for a session
// without an account.
type presence struct {
	heard atomic.Int64

	mu          sync.Mutex
	connections int
	remote      string
}

// hear notes that something came.
func (p *presence) hear(now time.Time) {
	if p != nil {
		p.heard.Store(now.UnixNano())
	}
}

func (p *presence) arrive(remote string, now time.Time) {
	p.hear(now)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.connections++
	p.remote = remote
}

func (p *presence) leave() {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.connections--
}

func (p *presence) state() (connected bool, seen *time.Time, remote string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if ns := p.heard.Load(); ns != 0 {
		at := time.Unix(0, ns).UTC()
		seen = &at
	}
	return p.connections > 0, seen, p.remote
}

// Bounds on an account.
const (
	maxGateways     = 20_000
	maxUsername     = 128
	maxStations     = 5_000
	maxCertificates = 16
)

// clean checks a spec and brings it into its stored form.
func (s GatewaySpec) clean(id string) (GatewaySpec, []geo.Problem) {
	var problems []geo.Problem
	report := func(path, format string, args ...any) {
		problems = append(problems, geo.Problem{Path: path, Message: fmt.Sprintf(format, args...)})
	}
	if !geo.ValidID(id) {
		report("id", "is not [a-z0-9][a-z0-9-]{0,62}")
	}
	if s.Username == "" {
		s.Username = id
	}
	if len(s.Username) > maxUsername || !utf8.ValidString(s.Username) || strings.ContainsFunc(s.Username, unicode.IsControl) {
		report("username", "is longer than %d bytes or has control characters", maxUsername)
	}
	if len(s.Stations) > maxStations {
		report("stations", "are more than %d", maxStations)
	}
	for i, station := range s.Stations {
		if station != AllStations && !geo.ValidID(station) {
			report(fmt.Sprintf("stations[%d]", i), "is neither a station id nor %q", AllStations)
		}
	}
	s.Stations = unique(s.Stations)
	if len(s.Certificates) > maxCertificates {
		report("certificates", "are more than %d", maxCertificates)
	}
	certificates := make([]string, 0, len(s.Certificates))
	for i, c := range s.Certificates {
		fingerprint, ok := cleanFingerprint(c)
		if !ok {
			report(fmt.Sprintf("certificates[%d]", i), "is no SHA-256 fingerprint in hex")
		}
		certificates = append(certificates, fingerprint)
	}
	s.Certificates = unique(certificates)
	return s, problems
}

func unique(list []string) []string {
	list = orEmpty(list)
	slices.Sort(list)
	return slices.Compact(list)
}

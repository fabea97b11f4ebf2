package web

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"

	"quantrac/geo"
)

// Gateways manages who may connect. Put, Rotate and Delete are never called at the same time. Errors as in Webhooks;
// a gateway of the configuration file answers ErrConflict to every change.
type Gateways struct {
	// List is in the order of the ids.
	List func() []Gateway
	Get  func(id string) (Gateway, error)
	// Put makes a gateway or replaces what is known of it; password is "" unless it made one.
	Put func(ctx context.Context, id string, spec GatewaySpec) (g Gateway, password string, err error)
	// Rotate gives a gateway a new password; its old one opens nothing from then on.
	Rotate func(ctx context.Context, id string) (g Gateway, password string, err error)
	Delete func(ctx context.Context, id string) error
}

// GatewaySpec is what an administrator decides about a gateway.
type GatewaySpec struct {
	Username string
	// Stations are ids, or AllStations alone.
	Stations []string
	// Certificates are SHA-256 sums of client certificates in DER form, lower-case hex.
	Certificates []string
	Disabled     bool
}

// AllStations stands for every station, also those that come later.
const AllStations = "*"

// Where a gateway or an alias comes from: the configuration file, which only an editor changes, or this API.
const (
	SourceFile = "file"
	SourceAPI  = "api"
)

// Gateway is a gateway without its password.
type Gateway struct {
	ID           string     `json:"id"`
	Username     string     `json:"username"`
	Stations     []string   `json:"stations"`
	Certificates []string   `json:"certificates"`
	Source       string     `json:"source"`
	Disabled     bool       `json:"disabled"`
	CreatedAt    *time.Time `json:"created_at"`
	RotatedAt    *time.Time `json:"rotated_at"`
	Connected    bool       `json:"connected"`
	// LastSeen is when it last sent anything; nil = not since the service began.
	LastSeen *time.Time `json:"last_seen"`
	// Remote is the address that it last came from; "" = it did not.
	Remote string `json:"remote,omitempty"`
}

// etag changes with whatever an administrator can change, and not with what the gateway does.
func (g *Gateway) etag() string {
	b, err := json.Marshal([]any{g.ID, g.Username, g.listed().Stations, g.listed().Certificates, g.Source, g.Disabled, g.CreatedAt, g.RotatedAt})
	if err != nil {
		panic("gateway: " + err.Error()) // strings and times only
	}
	sum := sha256.Sum256(b)
	return `"` + hex.EncodeToString(sum[:8]) + `"`
}

// gatewayWithPassword is the only answer that carries a password, and its only place.
type gatewayWithPassword struct {
	Gateway
	Password string `json:"password,omitempty"`
}

// listed has lists that are never null in JSON.
func (g Gateway) listed() Gateway {
	g.Stations = append([]string{}, g.Stations...)
	g.Certificates = append([]string{}, g.Certificates...)
	return g
}

func writeGateway(w http.ResponseWriter, status int, g Gateway, password string) {
	w.Header().Set("ETag", g.etag())
	writeJSON(w, status, gatewayWithPassword{g.listed(), password})
}

func (s *Server) listGateways(w http.ResponseWriter, r *http.Request) error {
	all := slices.Clone(s.cfg.Gateways.List())
	for i := range all {
		all[i] = all[i].listed()
	}
	l, err := page(r, all, func(g *Gateway) string { return g.ID }, nil)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, l)
	return nil
}

func (s *Server) getGateway(w http.ResponseWriter, r *http.Request) error {
	g, err := s.cfg.Gateways.Get(r.PathValue("id"))
	if err != nil {
		return err
	}
	writeGateway(w, http.StatusOK, g, "")
	return nil
}

// putGateway makes a gateway or replaces what is known of it.
func (s *Server) putGateway(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	spec, err := s.readGateway(r, id)
	if err != nil {
		return err
	}
	s.gateways.Lock()
	defer s.gateways.Unlock()
	before, err := s.heldGateway(r, id)
	if err != nil {
		return err
	}
	exists := before != nil
	if !exists && !geo.ValidID(id) {
		return &Invalid{Problems: []geo.Problem{{Path: "id", Message: "must match [a-z0-9][a-z0-9-]{0,62}"}}}
	}
	g, password, err := s.cfg.Gateways.Put(r.Context(), id, spec)
	if err != nil {
		return err
	}
	if exists {
		s.audit(r, "gateway.update", id, before, g.listed())
		writeGateway(w, http.StatusOK, g, password)
		return nil
	}
	s.audit(r, "gateway.create", id, nil, g.listed())
	writeGateway(w, http.StatusCreated, g, password)
	return nil
}

func (s *Server) rotateGateway(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	s.gateways.Lock()
	defer s.gateways.Unlock()
	before, err := s.heldGateway(r, id)
	if err != nil {
		return err
	}
	g, password, err := s.cfg.Gateways.Rotate(r.Context(), id)
	if err != nil {
		return err
	}
	s.audit(r, "gateway.rotate", id, before, g.listed())
	writeGateway(w, http.StatusOK, g, password)
	return nil
}

func (s *Server) deleteGateway(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	s.gateways.Lock()
	defer s.gateways.Unlock()
	before, err := s.heldGateway(r, id)
	if err != nil {
		return err
	}
	if err := s.cfg.Gateways.Delete(r.Context(), id); err != nil {
		return err
	}
	s.audit(r, "gateway.delete", id, before, nil)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// heldGateway returns the gateway that is there, nil if there is none, and holds it against the conditions of the request. The caller has the lock, so that
// what holds now holds until its change is made.
func (s *Server) heldGateway(r *http.Request, id string) (held any, err error) {
	g, err := s.cfg.Gateways.Get(id)
	if errors.Is(err, ErrNotFound) {
		return nil, precondition(r, "gateway "+id, "")
	}
	if err != nil {
		return nil, err
	}
	return g.listed(), precondition(r, "gateway "+id, g.etag())
}

// Bounds of a gateway.
const (
	maxUsername     = 128 // bytes
	maxCertificates = 16
)

// readGateway reads what the body of a request decides about gateway id, and finds every fault in it.
func (s *Server) readGateway(r *http.Request, id string) (GatewaySpec, error) {
	var in struct {
		Username     string   `json:"username"`
		Stations     []string `json:"stations"`
		Certificates []string `json:"certificates"`
		Disabled     bool     `json:"disabled"`
	}
	if err := readJSON(r, &in); err != nil {
		return GatewaySpec{}, err
	}
	spec := GatewaySpec{Username: cmp.Or(in.Username, id), Stations: in.Stations, Disabled: in.Disabled}
	problems := s.checkStations(in.Stations)
	if len(spec.Username) > maxUsername || strings.ContainsFunc(spec.Username, unicode.IsControl) {
		problems = append(problems, geo.Problem{Path: "username", Message: fmt.Sprintf("must have at most %d bytes and no control characters", maxUsername)})
	}
	if len(in.Certificates) > maxCertificates {
		problems = append(problems, geo.Problem{Path: "certificates", Message: fmt.Sprintf("at most %d", maxCertificates)})
	}
	for i, text := range in.Certificates {
		sum, ok := fingerprint(text)
		switch {
		case !ok:
			problems = append(problems, geo.Problem{Path: fmt.Sprintf("certificates[%d]", i), Message: "must be the SHA-256 of the certificate: 64 hex digits"})
		case slices.Contains(spec.Certificates, sum):
			problems = append(problems, geo.Problem{Path: fmt.Sprintf("certificates[%d]", i), Message: "is named twice"})
		default:
			spec.Certificates = append(spec.Certificates, sum)
		}
	}
	if len(problems) > 0 {
		return spec, &Invalid{Problems: problems}
	}
	return spec, nil
}

func (s *Server) checkStations(ids []string) []geo.Problem {
	if len(ids) == 0 {
		return []geo.Problem{{Path: "stations", Message: `name the stations that it may publish for, or ["*"] for all`}}
	}
	var problems []geo.Problem
	reg, seen := s.cfg.Registry(), map[string]bool{}
	for i, id := range ids {
		message := ""
		switch {
		case seen[id]:
			message = "is named twice"
		case id == AllStations:
			if len(ids) > 1 {
				message = `"*" stands alone: it is every station`
			}
		default:
			if _, known := reg.Station(id); !known {
				message = fmt.Sprintf("no station has the id %q", id)
			}
		}
		seen[id] = true
		if message != "" {
			problems = append(problems, geo.Problem{Path: fmt.Sprintf("stations[%d]", i), Message: message})
		}
	}
	return problems
}

// fingerprint reads a SHA-256 sum as openssl and browsers print it: hex in either case, with or without colons.
func fingerprint(text string) (string, bool) {
	text = strings.ToLower(strings.ReplaceAll(strings.TrimSpace(text), ":", ""))
	b, err := hex.DecodeString(text)
	return text, err == nil && len(b) == sha256.Size
}

package web

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// Audit keeps who changed what.
type Audit struct {
	// Add returns nil when the entry is on disk.
	Add func(ctx context.Context, e AuditEntry) error
	// Find is newest first; next is what AuditQuery.Before must be for the page behind, 0 = there is none.
	Find func(ctx context.Context, q AuditQuery) (items []AuditEntry, next uint64, err error)
}

// Kinds of actors.
const (
	actorUser      = "user"
	actorToken     = "token"
	actorAnonymous = "anonymous"
	actorSystem    = "system"
)

// AuditEntry is one change, or one act of an officer. Before and After are the object as it was and is, nil where it was not there.
type AuditEntry struct {
	Sequence                      uint64
	At                            time.Time
	ActorKind, ActorID, ActorName string
	Action, Object                string
	Before, After                 json.RawMessage
	From                          string
}

// AuditQuery selects entries; an empty field selects all. Actor is an id or a name, Action a whole action or the part before its dot,
// From inclusive, To exclusive.
type AuditQuery struct {
	Actor, Action, Object string
	From, To              time.Time
	Before                uint64
	Limit                 int
}

// auditPatience bounds the writing of an entry: what it tells of has happened, so it is written although the client has gone.
const auditPatience = 10 * time.Second

// audit keeps who changed what, in the stream and in the log. before and after are the object as it was and as it is, nil where it was
// not there; passwords and secrets in them are taken out.
func (s *Server) audit(r *http.Request, action, id string, before, after any) {
	s.keepAudit(r.Context(), s.entry(r, callerOf(r), action, id), before, after)
}

// auditAs is audit for somebody whom the request itself lets in.
func (s *Server) auditAs(r *http.Request, c caller, action, id string) {
	s.keepAudit(r.Context(), s.entry(r, c, action, id), nil, nil)
}

func (s *Server) entry(r *http.Request, c caller, action, id string) AuditEntry {
	kind := actorAnonymous
	switch {
	case c.user != "":
		kind = actorUser
	case c.token != "":
		kind = actorToken
	}
	return AuditEntry{ActorKind: kind, ActorID: cmp.Or(c.user, c.token), ActorName: c.name, Action: action, Object: id, From: remoteHost(r)}
}

// AuditSystem keeps what the program did by itself, or what was done at its machine.
func (s *Server) AuditSystem(ctx context.Context, action, id string) {
	s.keepAudit(ctx, AuditEntry{ActorKind: actorSystem, Action: action, Object: id}, nil, nil)
}

func (s *Server) keepAudit(ctx context.Context, e AuditEntry, before, after any) {
	e.At = s.cfg.Now().UTC()
	log := s.cfg.Logger.With("action", e.Action, "id", e.Object, "by", e.ActorName, "actor", e.ActorKind, "actor_id", e.ActorID, "from", e.From)
	log.Info("changed by the API")
	var err error
	if e.Before, err = auditValue(before); err == nil {
		e.After, err = auditValue(after)
	}
	if err != nil {
		log.Error("value not kept in the audit", "error", err)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), auditPatience)
	defer cancel()
	if err := s.cfg.Audit.Add(ctx, e); err != nil {
		log.Error("entry not on disk in the audit", "error", err)
	}
}

// maxAuditValue bounds one of the two values of an entry, in bytes: two of them fit in a record of any log.
const maxAuditValue = 256 << 10

func auditValue(v any) (json.RawMessage, error) {
	if v == nil {
		return nil, nil
	}
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	var tree any
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := d.Decode(&tree); err != nil || tree == nil {
		return nil, err
	}
	withoutSecrets(tree)
	if b, err = json.Marshal(tree); err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	if len(b) > maxAuditValue {
		return json.Marshal(map[string]int{"omitted_bytes": len(b)})
	}
	return b, nil
}

// withoutSecrets takes the members away that answers carry once: handlers may hand their answers over as they are.
func withoutSecrets(v any) {
	switch v := v.(type) {
	case map[string]any:
		for name, inner := range v {
			switch name {
			case "secret", "password", "token", "hash", "invitation":
				if _, text := inner.(string); text {
					delete(v, name)
				}
			default:
				withoutSecrets(inner)
			}
		}
	case []any:
		for _, inner := range v {
			withoutSecrets(inner)
		}
	}
}

func remoteHost(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

type auditActor struct {
	Kind string `json:"kind"`
	ID   string `json:"id"`
	Name string `json:"name"`
}

type auditView struct {
	Sequence uint64          `json:"sequence"`
	At       time.Time       `json:"at"`
	Actor    auditActor      `json:"actor"`
	Action   string          `json:"action"`
	Object   string          `json:"object"`
	Before   json.RawMessage `json:"before"`
	After    json.RawMessage `json:"after"`
	From     string          `json:"from"`
}

// listAudit answers what was changed, newest first.
func (s *Server) listAudit(w http.ResponseWriter, r *http.Request) error {
	v := r.URL.Query()
	q := AuditQuery{Actor: v.Get("actor"), Action: v.Get("action"), Object: v.Get("object")}
	var err error
	if q.From, err = instant(v.Get("from"), time.Time{}, "from"); err != nil {
		return err
	}
	if q.To, err = instant(v.Get("to"), time.Time{}, "to"); err != nil {
		return err
	}
	if q.Limit, err = limit(r, usualLimit, mostLimit); err != nil {
		return err
	}
	if cursor := v.Get("cursor"); cursor != "" {
		if q.Before, err = strconv.ParseUint(cursor, 10, 64); err != nil || q.Before == 0 {
			return ErrCursor
		}
	}
	found, next, err := s.cfg.Audit.Find(r.Context(), q)
	if err != nil {
		return err
	}
	items := make([]auditView, len(found))
	for i, e := range found {
		items[i] = auditView{e.Sequence, e.At, auditActor{e.ActorKind, e.ActorID, e.ActorName}, e.Action, e.Object, orNull(e.Before), orNull(e.After), e.From}
	}
	cursor := ""
	if next > 0 {
		cursor = strconv.FormatUint(next, 10)
	}
	writeJSON(w, http.StatusOK, newList(items, cursor))
	return nil
}

// orNull is null for a value that was not there: an empty raw message is no JSON.
func orNull(v json.RawMessage) json.RawMessage {
	if len(v) == 0 {
		return json.RawMessage("null")
	}
	return v
}

// found is the first of the items that is meant, nil if there is none.
func found[T any](items []T, is func(T) bool) any {
	if i := slices.IndexFunc(items, is); i >= 0 {
		return items[i]
	}
	return nil
}

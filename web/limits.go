package web

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode"

	"quantrac/alerts"
	"quantrac/geo"
)

// Limits shows the law that is judged by, and keeps who compared it with the official text. Errors as in Webhooks.
type Limits struct {
	// Now is the law in force, verifications included.
	Now func() alerts.LimitFile
	// InForce is the same, ready to be asked for a station.
	InForce func() *alerts.Limits
	// Verify keeps a mark and puts it in force; Unverify takes it away.
	Verify   func(ctx context.Context, mark alerts.LimitMark) error
	Unverify func(ctx context.Context, set string) error
}

// limitSet is a set as the API shows it: verified says in one word what verified_by and the marks of the rows say.
type limitSet struct {
	alerts.LimitSet
	Verified bool       `json:"verified"`
	Rows     []limitRow `json:"rows"`
}

type limitRow struct {
	alerts.LimitRow
	Verified bool `json:"verified"`
}

func limitView(s *alerts.LimitSet) limitSet {
	v := limitSet{LimitSet: *s, Verified: s.VerifiedBy != "", Rows: make([]limitRow, len(s.Rows))}
	for i := range s.Rows {
		v.Rows[i] = limitRow{s.Rows[i], v.Verified || s.Rows[i].VerifiedBy != ""}
	}
	return v
}

func (s *Server) listLimits(w http.ResponseWriter, r *http.Request) error {
	file := s.cfg.Limits.Now()
	sets := make([]limitSet, len(file.Sets))
	for i := range file.Sets {
		sets[i] = limitView(&file.Sets[i])
	}
	l, err := page(r, sets, func(v *limitSet) string { return v.ID }, nil)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, struct {
		list
		FactorTables []alerts.FactorTable `json:"factor_tables"`
	}{l, append([]alerts.FactorTable{}, file.FactorTables...)})
	return nil
}

func (s *Server) limitSet(id string) (*alerts.LimitSet, error) {
	file := s.cfg.Limits.Now()
	for i := range file.Sets {
		if file.Sets[i].ID == id {
			return &file.Sets[i], nil
		}
	}
	return nil, fmt.Errorf("%w: there is no limit set %s", ErrNotFound, id)
}

// maxVerifier bounds a name, in bytes.
const maxVerifier = 200

// verifyLimits records that somebody compared a set with the official text. It holds for the numbers as they are now.
func (s *Server) verifyLimits(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		VerifiedBy string    `json:"verified_by"`
		VerifiedAt time.Time `json:"verified_at"`
	}
	if err := readJSON(r, &in); err != nil {
		return err
	}
	now := s.cfg.Now().UTC()
	mark := alerts.LimitMark{Set: r.PathValue("id"), VerifiedBy: strings.TrimSpace(in.VerifiedBy), VerifiedAt: in.VerifiedAt.UTC(), By: callerOf(r).name}
	if in.VerifiedAt.IsZero() {
		mark.VerifiedAt = now
	}
	set, err := s.limitSet(mark.Set)
	if err != nil {
		return err
	}
	mark.Print = set.Print()
	before := verificationOf(set)
	var problems []geo.Problem
	if mark.VerifiedBy == "" || len(mark.VerifiedBy) > maxVerifier || strings.ContainsFunc(mark.VerifiedBy, unicode.IsControl) {
		problems = append(problems, geo.Problem{Path: "verified_by", Message: fmt.Sprintf("who compared it with the official text, in at most %d bytes without control characters", maxVerifier)})
	}
	if mark.VerifiedAt.After(now) {
		problems = append(problems, geo.Problem{Path: "verified_at", Message: "must not lie in the future"})
	}
	if len(problems) > 0 {
		return &Invalid{Problems: problems}
	}
	if err := s.cfg.Limits.Verify(r.Context(), mark); err != nil {
		return err
	}
	if set, err = s.limitSet(mark.Set); err != nil {
		return err
	}
	s.audit(r, "limits.verify", mark.Set, before, verificationOf(set))
	writeJSON(w, http.StatusOK, limitView(set))
	return nil
}

// verificationOf is what the audit keeps of a set: its numbers do not change here.
func verificationOf(set *alerts.LimitSet) any {
	if set.VerifiedBy == "" {
		return nil
	}
	return map[string]any{"verified_by": set.VerifiedBy, "verified_at": set.VerifiedAt}
}

// unverifyLimits takes a record back that was made here; one that the file of limits makes stays.
func (s *Server) unverifyLimits(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	set, err := s.limitSet(id)
	if err != nil {
		return err
	}
	before := verificationOf(set)
	if err := s.cfg.Limits.Unverify(r.Context(), id); err != nil {
		return err
	}
	if set, err = s.limitSet(id); err != nil {
		return err
	}
	s.audit(r, "limits.unverify", id, before, verificationOf(set))
	w.WriteHeader(http.StatusNoContent)
	return nil
}

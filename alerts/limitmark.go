package alerts

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"time"
)

// LimitMark says that somebody compared a limit set with the official text while the service ran. It holds for the numbers that they
// saw: Print is that of the set at the time, and a set that has changed since is not verified by it.
type LimitMark struct {
	Set        string    `json:"set"`
	VerifiedBy string    `json:"verified_by"`
	VerifiedAt time.Time `json:"verified_at"`
	// By is the account that recorded it.
	By    string `json:"by"`
	Print string `json:"print"`
}

// Print changes with whatever of the set judges people: its numbers, units, columns, factors and times.
func (s *LimitSet) Print() string {
	c := LimitSet{ID: s.ID, Reference: s.Reference, From: s.From, To: s.To, Factors: s.Factors, Columns: s.Columns}
	for _, row := range s.Rows {
		c.Rows = append(c.Rows, LimitRow{Parameter: row.Parameter, Unit: row.Unit, Min: row.Min, Max: row.Max, Factors: row.Factors})
	}
	b, err := json.Marshal(c)
	if err != nil {
		panic("limit set " + s.ID + ": " + err.Error()) // checked: every number is finite
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// Marked is the law with marks put on its sets. What the file says of a set's verification goes before a mark.
func (l *Limits) Marked(marks []LimitMark) *Limits {
	file := LimitFile{Sets: slices.Clone(l.file.Sets), FactorTables: l.file.FactorTables}
	for i := range file.Sets {
		set := &file.Sets[i]
		for _, m := range marks {
			if m.Set == set.ID && set.VerifiedBy == "" && m.Print == set.Print() {
				set.VerifiedBy, set.VerifiedAt = m.VerifiedBy, m.VerifiedAt
			}
		}
	}
	out, problems := NewLimits(file)
	if len(problems) > 0 {
		panic("limits with marks: " + problems[0].String()) // the same sets, which were checked
	}
	return out
}

// Extend is a file put before another: a set of the one takes the place of the other's of the same id, with its factor tables. So a
// regulation is added without copying those that are built in.
func (f LimitFile) Extend(base LimitFile) LimitFile {
	has := func(id string) bool {
		return slices.ContainsFunc(f.Sets, func(s LimitSet) bool { return s.ID == id })
	}
	out := LimitFile{Sets: slices.Clone(f.Sets), FactorTables: slices.Clone(f.FactorTables)}
	for _, s := range base.Sets {
		if !has(s.ID) {
			out.Sets = append(out.Sets, s)
		}
	}
	for _, t := range base.FactorTables {
		if !has(t.Set) {
			out.FactorTables = append(out.FactorTables, t)
		}
	}
	return out
}

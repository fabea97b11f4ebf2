package alerts

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"quantrac/geo"
	"quantrac/ingest"
)

// LimitFile is the law as it is written down.
type LimitFile struct {
	Sets         []LimitSet    `json:"sets" yaml:"sets"`
	FactorTables []FactorTable `json:"factor_tables,omitempty" yaml:"factor_tables,omitempty"`
}

// LimitSet is one regulation: its rows, and the time during which it can be assigned.
type LimitSet struct {
	ID string `json:"id" yaml:"id"`
	// Reference is the public title, as an alert shows it.
	Reference string   `json:"reference" yaml:"reference"`
	Name      geo.Text `json:"name" yaml:"name"`
	Legal     string   `json:"legal,omitempty" yaml:"legal,omitempty"`
	// From is inclusive, To exclusive; zero leaves that end open.
	From time.Time `json:"from,omitzero" yaml:"from,omitempty"`
	To   time.Time `json:"to,omitzero" yaml:"to,omitempty"`
	// Factors says that an assignment to this set names Kq and Kf.
	Factors bool       `json:"factors" yaml:"factors"`
	Columns []string   `json:"columns" yaml:"columns"`
	Rows    []LimitRow `json:"rows" yaml:"rows"`
	// VerifiedBy names who compared every row with the official text; empty while nobody did.
	VerifiedBy string    `json:"verified_by" yaml:"verified_by"`
	VerifiedAt time.Time `json:"verified_at,omitzero" yaml:"verified_at,omitempty"`
}

// LimitRow is what a set allows one parameter, by column, in Unit.
type LimitRow struct {
	Parameter string             `json:"parameter" yaml:"parameter"`
	Unit      string             `json:"unit" yaml:"unit"`
	Min       map[string]float64 `json:"min,omitempty" yaml:"min,omitempty"`
	Max       map[string]float64 `json:"max,omitempty" yaml:"max,omitempty"`
	// Factors says that Kq and Kf apply to this row.
	Factors bool `json:"factors" yaml:"factors"`
	// Mark is "verified", "practice" or "unverified": how the number is known.
	Mark   string `json:"mark" yaml:"mark"`
	Source string `json:"source,omitempty" yaml:"source,omitempty"`
	// VerifiedBy names who compared this row with the official text, where the set as a whole is not.
	VerifiedBy string    `json:"verified_by,omitempty" yaml:"verified_by,omitempty"`
	VerifiedAt time.Time `json:"verified_at,omitzero" yaml:"verified_at,omitempty"`
}

// FactorTable is how a permit's Kq or Kf follows from the receiving water or the flow. It informs forms and checks; a
// limit uses the factors that the assignment names.
type FactorTable struct {
	Set    string `json:"set" yaml:"set"`
	Factor string `json:"factor" yaml:"factor"`
	Water  string `json:"water,omitempty" yaml:"water,omitempty"`
	Unit   string `json:"unit" yaml:"unit"`
	// Missing is the factor where the quantity is not known; 0 = the law names none.
	Missing float64       `json:"missing,omitempty" yaml:"missing,omitempty"`
	Mark    string        `json:"mark" yaml:"mark"`
	Classes []FactorClass `json:"classes" yaml:"classes"`
}

// FactorClass holds for quantities above Over, up to the next class.
type FactorClass struct {
	Over  float64 `json:"over" yaml:"over"`
	Value float64 `json:"value" yaml:"value"`
}

func checkSet(at string, set *LimitSet, problems *reporter) {
	if !geo.ValidID(set.ID) {
		problems.add(at+".id", "id %q must match [a-z0-9][a-z0-9-]{0,62}", set.ID)
	}
	if set.Reference == "" {
		problems.add(at+".reference", "the public title of the regulation is missing")
	}
	if !set.From.IsZero() && !set.To.IsZero() && !set.From.Before(set.To) {
		problems.add(at+".to", "to must lie after from")
	}
	if len(set.Columns) == 0 {
		problems.add(at+".columns", "a set has at least one column")
	}
	seen := map[string]bool{}
	for i := range set.Rows {
		row, at := &set.Rows[i], fmt.Sprintf("%s.rows[%d]", at, i)
		if seen[row.Parameter] {
			problems.add(at+".parameter", "parameter %q has two rows", row.Parameter)
		}
		seen[row.Parameter] = true
		checkRow(at, set, row, problems)
	}
}

func checkRow(at string, set *LimitSet, row *LimitRow, problems *reporter) {
	if row.Parameter == "" {
		problems.add(at+".parameter", "the parameter is missing")
	}
	if len(row.Min) == 0 && len(row.Max) == 0 {
		problems.add(at, "a row has min or max")
	}
	if row.Factors && !set.Factors {
		problems.add(at+".factors", "the set takes no factors, so its rows take none")
	}
	switch row.Mark {
	case "verified", "practice", "unverified":
	default:
		problems.add(at+".mark", "mark %q is none of verified, practice, unverified", row.Mark)
	}
	for _, column := range slices.Sorted(maps.Keys(row.Min)) {
		low := row.Min[column]
		if high, both := row.Max[column]; both && low >= high {
			problems.add(at+".min."+column, "min %g is not below max %g", low, high)
		} else if !both && low <= 0 {
			problems.add(at+".min."+column, "a lower bound alone must be above 0, not %g", low)
		}
		checkColumn(at+".min."+column, set, column, problems)
	}
	for _, column := range slices.Sorted(maps.Keys(row.Max)) {
		if _, both := row.Min[column]; !both && row.Max[column] <= 0 {
			problems.add(at+".max."+column, "max must be above 0, not %g", row.Max[column])
		}
		checkColumn(at+".max."+column, set, column, problems)
	}
}

func checkColumn(at string, set *LimitSet, column string, problems *reporter) {
	if !slices.Contains(set.Columns, column) {
		problems.add(at, "column %q is none of %s", column, strings.Join(set.Columns, ", "))
	}
}

func checkFactors(at string, t FactorTable, sets map[string]*LimitSet, problems *reporter) {
	if _, known := sets[t.Set]; !known {
		problems.add(at+".set", "set %q is not declared", t.Set)
	}
	if t.Factor != "kq" && t.Factor != "kf" {
		problems.add(at+".factor", "factor %q is neither kq nor kf", t.Factor)
	}
	for i, c := range t.Classes {
		if c.Value <= 0 {
			problems.add(fmt.Sprintf("%s.classes[%d].value", at, i), "a factor must be above 0, not %g", c.Value)
		}
		if i > 0 && c.Over <= t.Classes[i-1].Over {
			problems.add(fmt.Sprintf("%s.classes[%d].over", at, i), "classes must rise")
		}
	}
}

// CheckUnits reports rows whose parameter the catalogue does not know or keeps in another unit. Paths are those of the
// limit file.
func (l *Limits) CheckUnits(cat *ingest.Catalogue) []geo.Problem {
	var problems reporter
	for i := range l.file.Sets {
		for j, row := range l.file.Sets[i].Rows {
			at := fmt.Sprintf("sets[%d].rows[%d]", i, j)
			p, ok := cat.Parameter(row.Parameter)
			switch {
			case !ok:
				problems.add(at+".parameter", "parameter %q is not in the catalogue", row.Parameter)
			case p.Unit != row.Unit:
				problems.add(at+".unit", "unit is %q, but the catalogue keeps %s in %q", row.Unit, p.Code, p.Unit)
			}
		}
	}
	return problems
}

// CheckAssignments reports stations that are put under law that these limits do not hold. Paths are those of the registry.
func (l *Limits) CheckAssignments(reg *geo.Registry) []geo.Problem {
	var problems reporter
	for i, st := range reg.Stations() {
		for j, a := range st.Limits {
			at := fmt.Sprintf("stations[%d].limits[%d]", i, j)
			set, ok := l.sets[a.Set]
			if !ok {
				problems.add(at+".set", "limit set %q is not declared", a.Set)
				continue
			}
			checkColumn(at+".column", set, a.Column, &problems)
			if set.Factors && a.Kq <= 0 {
				problems.add(at+".kq", "%s needs kq above 0, not %g", set.Reference, a.Kq)
			}
			if set.Factors && a.Kf <= 0 {
				problems.add(at+".kf", "%s needs kf above 0, not %g", set.Reference, a.Kf)
			}
		}
	}
	return problems
}

// reporter collects the problems of a file.
type reporter []geo.Problem

func (r *reporter) add(path, format string, args ...any) {
	*r = append(*r, geo.Problem{Path: path, Message: fmt.Sprintf(format, args...)})
}

package alerts

import (
	_ "embed"
	"fmt"
	"math"
	"strconv"
	"strings"
	"sync"
	"time"

	"go.yaml.in/yaml/v3"

	"quantrac/geo"
)

// Limits finds the limit in force for a station, a parameter and a time. It is safe for concurrent use; what it caches is
// never seen to change.
type Limits struct {
	file LimitFile
	sets map[string]*LimitSet

	mu     sync.RWMutex
	tables map[tableKey]map[string]*Limit
}

// tableKey is an assignment without its dates.
type tableKey struct {
	set, column string
	kq, kf      float64
}

//go:embed data/limits.yaml
var builtinLimits []byte

// BuiltinLimits is the law that the program ships.
func BuiltinLimits() *Limits {
	var f LimitFile
	if err := yaml.Unmarshal(builtinLimits, &f); err != nil {
		panic("built-in limits: " + err.Error())
	}
	l, problems := NewLimits(f)
	if len(problems) > 0 {
		panic("built-in limits: " + problems[0].String())
	}
	return l
}

// NewLimits checks a file and indexes it. With problems there are no limits.
func NewLimits(f LimitFile) (*Limits, []geo.Problem) {
	l := &Limits{file: f, sets: make(map[string]*LimitSet, len(f.Sets)), tables: map[tableKey]map[string]*Limit{}}
	var problems reporter
	for i := range f.Sets {
		set, at := &f.Sets[i], fmt.Sprintf("sets[%d]", i)
		if _, twice := l.sets[set.ID]; twice {
			problems.add(at+".id", "set %q is declared twice", set.ID)
		}
		l.sets[set.ID] = set
		checkSet(at, set, &problems)
	}
	for i, t := range f.FactorTables {
		checkFactors(fmt.Sprintf("factor_tables[%d]", i), t, l.sets, &problems)
	}
	if len(problems) > 0 {
		return nil, problems
	}
	return l, nil
}

// File is what the limits were made from. The caller must not change it.
func (l *Limits) File() LimitFile { return l.file }

// For is the limit of a parameter at a station at a time: the first assignment in force whose set has a row for it. False
// = no limit.
func (l *Limits) For(st *geo.Station, parameter string, at time.Time) (Limit, bool) {
	for i := range st.Limits {
		a := &st.Limits[i]
		if !a.InForce(at) || !l.setInForce(a.Set, at) {
			continue
		}
		if limit, ok := l.table(a)[parameter]; ok {
			return *limit, true
		}
	}
	return Limit{}, false
}

func (l *Limits) setInForce(id string, at time.Time) bool {
	set, ok := l.sets[id]
	return ok && geo.Assignment{From: set.From, To: set.To}.InForce(at)
}

// table is every limit that an assignment gives, by parameter.
func (l *Limits) table(a *geo.Assignment) map[string]*Limit {
	key := tableKey{a.Set, a.Column, a.Kq, a.Kf}
	l.mu.RLock()
	t, ok := l.tables[key]
	l.mu.RUnlock()
	if ok {
		return t
	}
	t = l.build(a)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tables[key] = t
	return t
}

func (l *Limits) build(a *geo.Assignment) map[string]*Limit {
	set, ok := l.sets[a.Set]
	if !ok || set.Factors && (a.Kq <= 0 || a.Kf <= 0) {
		return nil
	}
	reference := set.Reference + ", " + a.Column
	if set.Factors {
		reference += ", Kq " + factor(a.Kq) + ", Kf " + factor(a.Kf)
	}
	t := make(map[string]*Limit, len(set.Rows))
	for i := range set.Rows {
		row := &set.Rows[i]
		k := 1.0
		if row.Factors {
			k = a.Kq * a.Kf
		}
		limit := Limit{
			Parameter: row.Parameter, Min: bound(row.Min, a.Column, k), Max: bound(row.Max, a.Column, k),
			Reference: reference, Verified: set.VerifiedBy != "" || row.VerifiedBy != "",
		}
		if !math.IsNaN(limit.Min) || !math.IsNaN(limit.Max) {
			t[row.Parameter] = &limit
		}
	}
	return t
}

// bound is C × k, freed of the noise that a binary product adds: 75 × 1.1 is 82.5.
func bound(c map[string]float64, column string, k float64) float64 {
	v, ok := c[column]
	if !ok {
		return math.NaN()
	}
	return denoise(v * k)
}

// factor writes 0.9 as "0.9", 1 as "1.0" and 0.95 as "0.95".
func factor(k float64) string {
	s := strconv.FormatFloat(k, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// limitSpan is a limit with the time in which it holds: from inclusive, to exclusive, ns since 1970.
type limitSpan struct {
	from, to int64
	limit    *Limit
	set      *LimitSet
}

// spans lists what For would answer for one series, so that a reading costs a comparison instead of a lookup.
func (l *Limits) spans(st *geo.Station, parameter string) []limitSpan {
	var out []limitSpan
	for i := range st.Limits {
		a := &st.Limits[i]
		limit, ok := l.table(a)[parameter]
		if !ok {
			continue
		}
		set := l.sets[a.Set]
		out = append(out, limitSpan{
			from:  max(nanosOr(a.From, math.MinInt64), nanosOr(set.From, math.MinInt64)),
			to:    min(nanosOr(a.To, math.MaxInt64), nanosOr(set.To, math.MaxInt64)),
			limit: limit, set: set,
		})
	}
	return out
}

func limitAt(spans []limitSpan, at int64) *Limit {
	if s := spanAt(spans, at); s != nil {
		return s.limit
	}
	return nil
}

func nanosOr(t time.Time, open int64) int64 {
	if t.IsZero() {
		return open
	}
	return t.UnixNano()
}

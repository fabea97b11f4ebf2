package ingest

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"

	"quantrac/geo"
)

// check finds what is wrong with the numbers of a parameter.
func (p *Parameter) check(report func(path, format string, args ...any)) {
	for _, basis := range slices.Sorted(maps.Keys(p.Bases)) {
		if !positive(p.Bases[basis]) {
			report("bases", "the factor of basis %q must be above 0", basis)
		}
	}
	if p.Flatline < 0 || p.Flatline == 1 || p.Flatline > maxRun {
		report("flatline", "must be 0, or 2 to %d records", maxRun)
	}
	if sp := p.Spike; sp != nil && (!positive(sp.Min) || sp.Factor != 0 && !(positive(sp.Factor) && sp.Factor > 1)) {
		report("spike", "min must be above 0, factor above 1 or absent")
	}
}

func positive(f float64) bool { return f > 0 && !math.IsInf(f, 0) }

// CheckStations finds parameters, units and bases of a registry that the catalogue does not know.
func (c *Catalogue) CheckStations(reg *geo.Registry) []geo.Problem {
	var problems []geo.Problem
	for i := range reg.Stations() {
		s := &reg.Stations()[i]
		report := func(path, format string, args ...any) {
			problems = append(problems, geo.Problem{Path: fmt.Sprintf("stations[%d].%s", i, path), Message: fmt.Sprintf(format, args...)})
		}
		known := func(path, code string) {
			if _, ok := c.byCode[code]; !ok {
				report(path, "parameter %q is not in the catalogue", code)
			}
		}
		for j, code := range s.Parameters {
			known(fmt.Sprintf("parameters[%d]", j), code)
		}
		for _, code := range slices.Sorted(maps.Keys(s.Ranges)) {
			known("ranges", code)
		}
		s.Codes(known)
		for code, unit := range s.Units {
			if p, ok := c.Parameter(code); ok && !c.measures(p, unit) {
				report("units."+code, "unit %q does not measure %s", unit, code)
			}
		}
		for code, basis := range s.Basis {
			if p, ok := c.Parameter(code); ok && p.Bases[basis] == 0 {
				report("basis."+code, "basis %q of %s is not in the catalogue", basis, code)
			}
		}
	}
	slices.SortStableFunc(problems, func(a, b geo.Problem) int { return cmp.Compare(a.Path, b.Path) })
	return problems
}

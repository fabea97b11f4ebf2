package main

import (
	"os"
	"time"

	"quantrac/alerts"
	"quantrac/geo"
	"quantrac/ingest"
)

// facts are the files of domain facts that the service judges by, checked against each other.
type facts struct {
	// places is the registry as its file has it; registry is the same with the demo's cycle, where it is the demo.
	places    *geo.Registry
	registry  *geo.Registry
	catalogue *ingest.Catalogue
	limits    *alerts.Limits
	rules     *alerts.Rules
	// written are the rules as the file has them, with windows for the usual cycle; factor is what rules multiplies them by.
	written []alerts.Rule
	// builtIn says that no file of rules is named.
	builtIn bool
	factor  float64
}

// demoCycle is the time between two readings in the demo; windows of time shrink with it.
const demoCycle = 5 * time.Second

// loadFacts reads what the configuration names and takes the built-in facts for the rest. All faults are reported at once.
func loadFacts(c *config) (facts, []fault) {
	f := facts{catalogue: ingest.BuiltinCatalogue(), factor: 1, builtIn: c.Rules == ""}
	var faults []fault
	var reg, lim *document
	if isGeoJSON(c.Registry) {
		f.registry, reg, faults = loadGeoJSON(faults, c.Registry)
	} else {
		f.registry, reg, faults = load(faults, c.Registry, geo.Builtin, geo.NewRegistry)
	}
	f.limits, lim, faults = load(faults, c.Limits, alerts.BuiltinLimits, func(file alerts.LimitFile) (*alerts.Limits, []geo.Problem) {
		return alerts.NewLimits(file.Extend(alerts.BuiltinLimits().File()))
	})
	if f.limits != nil {
		faults = append(faults, lim.all(f.limits.CheckUnits(f.catalogue))...)
	}
	if f.registry == nil {
		return f, faults
	}
	faults = append(faults, reg.all(f.catalogue.CheckStations(f.registry))...)
	if c.file != nil {
		var index *ingest.Mappings
		faults = append(faults, c.file.all(inMappings(index.Check(c.Mappings, f.registry, f.catalogue)))...)
	}
	if f.limits != nil {
		faults = append(faults, reg.all(f.limits.CheckAssignments(f.registry))...)
	}
	f.rules, _, faults = load(faults, c.Rules, alerts.BuiltinRules, func(file alerts.RulesFile) (*alerts.Rules, []geo.Problem) {
		return alerts.CheckRules(file, f.registry, f.catalogue)
	})
	if len(faults) > 0 {
		return f, faults
	}
	f.written, f.places = f.rules.List(), f.registry
	if c.demo {
		f.factor = float64(demoCycle) / float64(geo.DefaultCycle)
		f.registry, f.rules = f.paced(f.registry), f.scaled(f.rules)
	}
	return f, nil
}

// paced gives a registry the cycle of the demo, where it is one.
func (f *facts) paced(r *geo.Registry) *geo.Registry {
	if f.factor == 1 {
		return r
	}
	return r.WithCycle(demoCycle)
}

// scaled gives rules the windows of the registry's cycle.
func (f *facts) scaled(rules *alerts.Rules) *alerts.Rules {
	if f.factor == 1 {
		return rules
	}
	return rules.Scaled(f.factor)
}

// load reads one file of facts, or takes the built-in ones.
func load[F, T any](faults []fault, name string, builtin func() *T, build func(F) (*T, []geo.Problem)) (*T, *document, []fault) {
	if name == "" {
		return builtin(), &document{file: "built-in"}, faults
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, &document{file: name}, append(faults, fault{name, 1, 1, err.Error()})
	}
	var file F
	doc, wrong := readYAML(name, data, &file)
	if len(wrong) > 0 {
		return nil, doc, append(faults, wrong...)
	}
	built, problems := build(file)
	return built, doc, append(faults, doc.all(problems)...)
}

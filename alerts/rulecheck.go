package alerts

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"quantrac/geo"
	"quantrac/ingest"
)

type ruleChecker struct {
	reg      *geo.Registry
	cat      *ingest.Catalogue
	at       string
	problems reporter
}

func (c *ruleChecker) add(field, format string, args ...any) {
	c.problems.add(c.at+"."+field, format, args...)
}

func (c *ruleChecker) rule(r *Rule) {
	if r.Name.VI == "" {
		r.Name.VI = r.ID
	}
	if r.Name.EN == "" {
		r.Name.EN = r.Name.VI
	}
	c.selectors(r)
	if r.On == "" {
		r.On = OnValue
	}
	k, ok := kinds[r.On]
	if !ok {
		c.add("on", "%q is none of %s", r.On, strings.Join(slices.Sorted(maps.Keys(kinds)), ", "))
		return
	}
	c.foreign(r, k)
	c.figure(r)
	if k.severityOnly {
		c.oneSeverity(r)
	} else {
		c.levels(r, k)
	}
	c.windows(r, k)
}

// keys names the keys that only some kinds of rule take, and the kinds that take them.
var keys = map[string][]string{
	"after": {OnSilence, OnStatus, OnUnusable}, "when": {OnExpression}, "window": {OnMean1h, OnMean24h, OnRate, OnLoad, OnForecast},
	"horizon": {OnForecast}, "days": {OnAnomaly}, "records": {OnFlatline}, "statuses": {OnStatus, OnUnusable}, "times": {OnStatus},
	"min_share": {OnMean1h, OnMean24h, OnLoad},
}

// foreign refuses keys that have no meaning for the kind of rule, rather than let somebody rely on them.
func (c *ruleChecker) foreign(r *Rule, k kind) {
	given := map[string]bool{
		"after": r.After != 0, "when": r.When != "", "window": r.Window != 0, "horizon": r.Horizon != 0, "days": r.Days != 0,
		"records": r.Records != 0, "statuses": len(r.Statuses) > 0, "times": r.Times != 0, "min_share": r.MinShare != nil,
	}
	for _, key := range slices.Sorted(maps.Keys(given)) {
		if given[key] && !slices.Contains(keys[key], r.On) {
			c.add(key, "%s belongs to on: %s", key, strings.Join(keys[key], ", "))
		}
	}
	if !k.severityOnly && r.Severity != "" {
		c.add("severity", "a rule with levels has no severity of its own")
	}
	if k.severityOnly && len(r.Levels) > 0 {
		c.add("levels", "on: %s has one severity instead of levels", r.On)
	}
	if k.severityOnly && r.Immediate != nil {
		c.add("immediate", "immediate belongs to rules with levels")
	}
	if r.On == OnSilence && r.For != 0 {
		c.add("for", "on: silence has after instead of for")
	}
	if k.whole && len(r.Parameters)+len(r.Except) > 0 {
		c.add("parameters", "on: %s judges the station; its condition names the parameters", r.On)
	}
}

// Defaults of the kinds.
const (
	// DefaultAfter is the silence after which a station counts as offline: 3 cycles of 5 minutes.
	DefaultAfter = Duration(15 * time.Minute)
	// DefaultStatusAfter is how long a device may be calibrated or faulty: calibrations take 30 to 120 minutes.
	DefaultStatusAfter = Duration(2 * time.Hour)
	// DefaultUnusableAfter is longer, so that a calibration is over.
	DefaultUnusableAfter = Duration(3 * time.Hour)
	DefaultRateWindow    = Duration(time.Hour)
	// DefaultTrend and DefaultHorizon are what a forecast rests on and how far it looks.
	DefaultTrend   = Duration(90 * time.Minute)
	DefaultHorizon = Duration(3 * time.Hour)
	DefaultDays    = 7
)

const (
	longestWindow  = Duration(48 * time.Hour)
	longestHorizon = Duration(24 * time.Hour)
	mostDays       = 7
)

// figure fills and checks what the number is made from.
func (c *ruleChecker) figure(r *Rule) {
	hour, day := Duration(time.Hour), Duration(24*time.Hour)
	switch r.On {
	case OnMean1h:
		c.fixed(r, hour)
	case OnMean24h:
		c.fixed(r, day)
	case OnRate:
		orDefault(&r.Window, DefaultRateWindow)
	case OnLoad:
		orDefault(&r.Window, day)
	case OnForecast:
		orDefault(&r.Window, DefaultTrend)
		orDefault(&r.Horizon, DefaultHorizon)
	case OnAnomaly:
		orDefault(&r.Days, DefaultDays)
	case OnSilence:
		orDefault(&r.After, DefaultAfter)
	case OnStatus:
		orDefault(&r.After, DefaultStatusAfter)
		c.statuses(r, statuses[1:], ingest.Calibrating, ingest.Fault)
	case OnUnusable:
		orDefault(&r.After, DefaultUnusableAfter)
		c.statuses(r, statuses[:], statuses[:]...)
	case OnExpression:
		c.when(r)
	}
	if slices.Contains(keys["min_share"], r.On) && r.MinShare == nil {
		r.MinShare = ptr(DefaultMinShare)
	}
	c.bounded(r)
}

func (c *ruleChecker) fixed(r *Rule, window Duration) {
	if r.Window != 0 && r.Window != window {
		c.add("window", "on: %s looks back %s", r.On, window)
	}
	r.Window = window
}

func orDefault[T comparable](field *T, otherwise T) {
	var zero T
	if *field == zero {
		*field = otherwise
	}
}

func (c *ruleChecker) bounded(r *Rule) {
	within := func(field string, d, longest Duration) {
		if d < 0 || d > longest {
			c.add(field, "%s must lie above 0 and be at most %s", field, longest)
		}
	}
	within("window", r.Window, longestWindow)
	within("horizon", r.Horizon, longestHorizon)
	within("after", r.After, longestWindow)
	if r.Days < 0 || r.Days > mostDays {
		c.add("days", "days must lie between 1 and %d", mostDays)
	}
	if r.Records < 0 || r.Records == 1 || r.Records > mostRecords {
		c.add("records", "records must lie between 2 and %d", mostRecords)
	}
	if r.Times < 0 {
		c.add("times", "times must not be negative")
	}
	if r.MinShare != nil && !(*r.MinShare > 0 && *r.MinShare <= 1) {
		c.add("min_share", "min_share must lie above 0 and be at most 1, not %g", *r.MinShare)
	}
}

// statuses checks the statuses that a rule names, and fills in those that it watches when it names none.
func (c *ruleChecker) statuses(r *Rule, allowed []ingest.Status, otherwise ...ingest.Status) {
	names := func(list []ingest.Status) []string {
		out := make([]string, len(list))
		for i, s := range list {
			out[i] = s.String()
		}
		return out
	}
	if len(r.Statuses) == 0 {
		r.Statuses = names(otherwise)
	}
	for i, name := range r.Statuses {
		if known := names(allowed); !slices.Contains(known, name) {
			c.add(fmt.Sprintf("statuses[%d]", i), "status %q is none of %s", name, strings.Join(known, ", "))
		}
	}
}

func (c *ruleChecker) when(r *Rule) {
	cat := c.cat
	if cat == nil {
		cat = ingest.BuiltinCatalogue()
	}
	if strings.TrimSpace(r.When) == "" {
		c.add("when", `on: expression needs a condition, such as "cod > 60 && flow_out > 0"`)
		return
	}
	if _, err := compileExpression(r.When, cat); err != nil {
		c.add("when", "%s", err)
	}
}

// oneSeverity checks the severity of a rule that is either true or not.
func (c *ruleChecker) oneSeverity(r *Rule) {
	orDefault(&r.Severity, Warning.String())
	var s Severity
	if err := s.UnmarshalText([]byte(r.Severity)); err != nil || s == None {
		c.add("severity", "severity %q is none of info, warning, critical, emergency", r.Severity)
	}
}

func (c *ruleChecker) windows(r *Rule, k kind) {
	if r.For < 0 {
		c.add("for", "for must not be negative")
	}
	if r.Clear == nil {
		r.Clear = ptr(DefaultClear)
	}
	if !(*r.Clear > 0 && *r.Clear <= 1) {
		c.add("clear", "clear must lie above 0 and be at most 1, not %g", *r.Clear)
	}
	if r.KeepOpen == nil {
		r.KeepOpen = ptr(DefaultKeepOpen)
		if k.severityOnly && !k.whole { // a value that moves again, a device that measures again: that is the end
			r.KeepOpen = new(Duration)
		}
	}
	if *r.KeepOpen < 0 {
		c.add("keep_open", "keep_open must not be negative")
	}
	if r.Immediate == nil {
		return
	}
	lowest := math.Inf(1)
	for _, l := range r.Levels {
		if l.absolute() {
			lowest = 1
			break
		}
		lowest = min(lowest, l.Multiple)
	}
	if len(r.Levels) > 0 && !(*r.Immediate >= lowest) {
		c.add("immediate", "immediate %g lies below the lowest level %g, where there is nothing to open", *r.Immediate, lowest)
	}
}

func (c *ruleChecker) selectors(r *Rule) {
	for i, p := range r.Parameters {
		c.parameter(fmt.Sprintf("parameters[%d]", i), p)
	}
	for i, p := range r.Except {
		c.parameter(fmt.Sprintf("except[%d]", i), p)
	}
	for i, k := range r.Kinds {
		switch k {
		case geo.Effluent, geo.SurfaceWater, geo.Stack, geo.Air:
		default:
			c.add(fmt.Sprintf("kinds[%d]", i), "kind %q is none of effluent, surface_water, stack, air", k)
		}
	}
	if c.reg == nil {
		return
	}
	for i, id := range r.Stations {
		if _, ok := c.reg.Station(id); !ok {
			c.add(fmt.Sprintf("stations[%d]", i), "station %q is not in the registry", id)
		}
	}
	for i, id := range r.Parks {
		if _, ok := c.reg.Park(id); !ok {
			c.add(fmt.Sprintf("parks[%d]", i), "park %q is not in the registry", id)
		}
	}
}

func (c *ruleChecker) parameter(field, code string) {
	if c.cat == nil {
		return
	}
	if _, ok := c.cat.Parameter(code); !ok {
		c.add(field, "parameter %q is not in the catalogue", code)
	}
}

func (c *ruleChecker) levels(r *Rule, k kind) {
	if len(r.Levels) == 0 {
		c.add("levels", "on: %s has at least one level", r.On)
		return
	}
	if k.absolute {
		for _, name := range slices.Sorted(maps.Keys(r.Levels)) {
			if l := r.Levels[name]; !l.absolute() {
				c.add("levels."+name, "on: %s has no limit in law: write {above: x}", r.On)
			}
		}
	}
	var before *Level
	var beforeName string
	for _, name := range slices.SortedFunc(maps.Keys(r.Levels), bySeverity) {
		l, field := r.Levels[name], "levels."+name
		var s Severity
		if err := s.UnmarshalText([]byte(name)); err != nil || s == None {
			c.add(field, "severity %q is none of info, warning, critical, emergency", name)
			continue
		}
		c.bounds(field, l)
		if before != nil {
			c.above(field, l, *before, beforeName)
		}
		before, beforeName = &l, name
	}
}

// bounds checks one level alone. Bounds must be above 0 because nearness to them is measured as a quotient.
func (c *ruleChecker) bounds(field string, l Level) {
	if !l.absolute() && !positive(l.Multiple) {
		c.add(field, "a multiple of the limit must be above 0, not %g", l.Multiple)
	}
	if l.Above != nil && !positive(*l.Above) {
		c.add(field+".above", "above must be a number above 0, not %g", *l.Above)
	}
	if l.Below != nil && !positive(*l.Below) {
		c.add(field+".below", "below must be a number above 0, not %g", *l.Below)
	}
	if l.Above != nil && l.Below != nil && *l.Below >= *l.Above {
		c.add(field, "the band is empty: below %g is not under above %g", *l.Below, *l.Above)
	}
}

// above checks that a level is harder to reach than the one before it: only then is "the level then reached" one level.
func (c *ruleChecker) above(field string, l, before Level, beforeName string) {
	switch {
	case (l.Above == nil) != (before.Above == nil), (l.Below == nil) != (before.Below == nil):
		c.add(field, "all levels of a rule have the same form, and %s has another", beforeName)
	case !l.absolute() && l.Multiple <= before.Multiple:
		c.add(field, "%g is not above %s at %g", l.Multiple, beforeName, before.Multiple)
	case l.Above != nil && *l.Above <= *before.Above:
		c.add(field, "above %g is not beyond %s at %g", *l.Above, beforeName, *before.Above)
	case l.Below != nil && *l.Below >= *before.Below:
		c.add(field, "below %g is not beyond %s at %g", *l.Below, beforeName, *before.Below)
	}
}

func positive(x float64) bool { return x > 0 && !math.IsInf(x, 1) }

// bySeverity orders names of severities; those that are none come first, in their own order.
func bySeverity(a, b string) int {
	var x, y Severity
	_ = x.UnmarshalText([]byte(a)) // a wrong name stays None here and is reported by its own check
	_ = y.UnmarshalText([]byte(b))
	if x != y {
		return int(x) - int(y)
	}
	return strings.Compare(a, b)
}

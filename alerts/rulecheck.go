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
	switch r.On {
	case "":
		r.On = OnValue
	case OnValue:
	case OnMean1h:
		r.Window = Duration(time.Hour)
	case OnMean24h:
		r.Window = Duration(24 * time.Hour)
	case OnSilence:
		c.silence(r)
		return
	case OnRate, OnForecast, OnFlatline, OnExpression:
		c.add("on", "%q is not supported by this version: the rule would watch nothing, so it is refused", r.On)
		return
	default:
		c.add("on", "%q is none of value, mean_1h, mean_24h, rate, forecast, silence, flatline, expression", r.On)
		return
	}
	c.foreign(r)
	c.levels(r)
	c.windows(r)
	c.share(r)
}

// DefaultAfter is the silence after which a station counts as offline: 3 cycles of 5 minutes.
const DefaultAfter = Duration(15 * time.Minute)

// silence checks a rule on silence, which has one severity and no levels.
func (c *ruleChecker) silence(r *Rule) {
	if r.After == 0 {
		r.After = DefaultAfter
	}
	if r.After < 0 {
		c.add("after", "after must be above 0")
	}
	c.oneSeverity(r)
	c.noLevels(r)
	if r.When != "" {
		c.add("when", "when belongs to on: expression")
	}
	r.Clear, r.KeepOpen = ptr(DefaultClear), new(Duration)
}

// oneSeverity checks the severity of a rule that is either true or not.
func (c *ruleChecker) oneSeverity(r *Rule) {
	if r.Severity == "" {
		r.Severity = Warning.String()
	}
	var s Severity
	if err := s.UnmarshalText([]byte(r.Severity)); err != nil || s == None {
		c.add("severity", "severity %q is none of info, warning, critical, emergency", r.Severity)
	}
}

func (c *ruleChecker) noLevels(r *Rule) {
	if len(r.Levels) > 0 {
		c.add("levels", "on: %s has one severity instead of levels", r.On)
	}
	if r.Immediate != nil {
		c.add("immediate", "immediate belongs to rules with levels")
	}
	if r.For != 0 {
		c.add("for", "on: %s does not take for", r.On)
	}
}

func (c *ruleChecker) share(r *Rule) {
	switch {
	case r.Window == 0 && r.MinShare != nil:
		c.add("min_share", "min_share belongs to on: mean_1h and mean_24h")
	case r.Window == 0:
	case r.MinShare == nil:
		r.MinShare = ptr(DefaultMinShare)
	case !(*r.MinShare > 0 && *r.MinShare <= 1):
		c.add("min_share", "min_share must lie above 0 and be at most 1, not %g", *r.MinShare)
	}
}

// foreign refuses keys that have no meaning for a threshold rule, rather than let somebody rely on them.
func (c *ruleChecker) foreign(r *Rule) {
	if r.After != 0 {
		c.add("after", "after belongs to on: silence")
	}
	if r.Severity != "" {
		c.add("severity", "a threshold rule has levels instead of one severity")
	}
	if r.When != "" {
		c.add("when", "when belongs to on: expression")
	}
}

func (c *ruleChecker) windows(r *Rule) {
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

func (c *ruleChecker) levels(r *Rule) {
	if len(r.Levels) == 0 {
		c.add("levels", "a threshold rule has at least one level")
		return
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

package alerts

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"quantrac/geo"
)

// What a rule looks at: the value of "on", which is also the basis of its alerts.
const (
	OnValue      = "value"
	OnMean1h     = "mean_1h"
	OnMean24h    = "mean_24h"
	OnRate       = "rate"
	OnForecast   = "forecast"
	OnSilence    = "silence"
	OnFlatline   = "flatline"
	OnExpression = "expression"
	OnStatus     = "status"
	OnUnusable   = "unusable"
	OnLoad       = "load"
	OnAnomaly    = "anomaly"
)

// Defaults of a rule that is silent about them.
const (
	DefaultClear    = 0.95
	DefaultKeepOpen = Duration(15 * time.Minute)
	DefaultMinShare = 0.75
)

// RulesFile is a set of rules as it is written down.
type RulesFile struct {
	Rules []Rule `json:"rules" yaml:"rules"`
}

// Rule is one alert rule as it is written down. A selector that is empty selects everything; those that are not must all
// hold.
type Rule struct {
	ID   string   `json:"id" yaml:"id"`
	Name geo.Text `json:"name" yaml:"name,omitempty"`
	// Enabled false keeps a rule that judges nothing; nil = true.
	Enabled *bool `json:"enabled,omitempty" yaml:"enabled,omitempty"`

	Parameters []string `json:"parameters,omitempty" yaml:"parameters,omitempty"`
	// Except names parameters that the rule leaves to others.
	Except   []string   `json:"except,omitempty" yaml:"except,omitempty"`
	Stations []string   `json:"stations,omitempty" yaml:"stations,omitempty"`
	Parks    []string   `json:"parks,omitempty" yaml:"parks,omitempty"`
	Kinds    []geo.Kind `json:"kinds,omitempty" yaml:"kinds,omitempty"`

	On string `json:"on" yaml:"on,omitempty"`
	// Levels by the name of their severity.
	Levels map[string]Level `json:"levels,omitempty" yaml:"levels,omitempty"`
	// For is how long, in event time, a level must hold before it counts.
	For Duration `json:"for,omitempty" yaml:"for,omitempty"`
	// Immediate is the multiple of the limit (of the level's own bound, where that is absolute) from which For is skipped;
	// nil = never.
	Immediate *float64 `json:"immediate,omitempty" yaml:"immediate,omitempty"`
	// Clear is the share of a level below which it can end; nil = DefaultClear.
	Clear *float64 `json:"clear,omitempty" yaml:"clear,omitempty"`
	// KeepOpen is how long, in event time, the value must stay below Clear × level before the level ends; nil =
	// DefaultKeepOpen.
	KeepOpen *Duration `json:"keep_open,omitempty" yaml:"keep_open,omitempty"`

	// Window is how far back rate, load and forecast look; that of a mean is in its name. Zero = the default of the kind.
	Window Duration `json:"window,omitempty" yaml:"window,omitempty"`
	// Horizon is how far a forecast looks ahead.
	Horizon Duration `json:"horizon,omitempty" yaml:"horizon,omitempty"`
	// Days is how many days an anomaly is compared with.
	Days int `json:"days,omitempty" yaml:"days,omitempty"`
	// Records is how many equal values make a flatline; 0 = what the catalogue says of the parameter.
	Records int `json:"records,omitempty" yaml:"records,omitempty"`
	// Statuses of a device are watched by on: status, and those in which a value is missed by on: unusable. Times is how often in a day
	// they may begin; 0 = any number.
	Statuses []string `json:"statuses,omitempty" yaml:"statuses,omitempty"`
	Times    int      `json:"times,omitempty" yaml:"times,omitempty"`
	// MinShare is the share of the readings of its window without which there is no mean; nil = DefaultMinShare.
	MinShare *float64 `json:"min_share,omitempty" yaml:"min_share,omitempty"`

	// After belongs to silence, status and unusable; Severity to the kinds that have no levels; When to expression.
	After    Duration `json:"after,omitempty" yaml:"after,omitempty"`
	Severity string   `json:"severity,omitempty" yaml:"severity,omitempty"`
	When     string   `json:"when,omitempty" yaml:"when,omitempty"`
}

// InForce reports whether the rule judges anything.
func (r *Rule) InForce() bool { return r.Enabled == nil || *r.Enabled }

// Scaled is the rule with every window of time multiplied, for a station cycle that differs from the usual one by factor.
func (r Rule) Scaled(factor float64) Rule {
	r.For = r.For.scaled(factor)
	r.After = r.After.scaled(factor)
	r.Window = r.Window.scaled(factor)
	r.Horizon = r.Horizon.scaled(factor)
	if r.KeepOpen != nil {
		d := r.KeepOpen.scaled(factor)
		r.KeepOpen = &d
	}
	return r
}

// Level is where a severity begins: a multiple of the limit, or, in the unit of the parameter, at Above or more, at Below
// or less. With both bounds it means outside the band between them.
type Level struct {
	Multiple     float64
	Above, Below *float64
}

func (l Level) absolute() bool { return l.Above != nil || l.Below != nil }

// levelBounds is the written form of an absolute level.
type levelBounds struct {
	Above *float64 `json:"above,omitempty" yaml:"above,omitempty"`
	Below *float64 `json:"below,omitempty" yaml:"below,omitempty"`
}

// UnmarshalYAML reads a number, or a mapping with above, below or both.
func (l *Level) UnmarshalYAML(node *yaml.Node) error {
	const want = "a level is a multiple of the limit, {above: x} or {below: x}"
	switch node.Kind {
	case yaml.ScalarNode:
		if err := node.Decode(&l.Multiple); err != nil {
			return typeError(node, want+", not %q", node.Value)
		}
		return nil
	case yaml.MappingNode:
	default:
		return typeError(node, want)
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		x := new(float64)
		if err := value.Decode(x); err != nil {
			return typeError(value, "%s must be a number, not %q", key.Value, value.Value)
		}
		switch key.Value {
		case "above":
			l.Above = x
		case "below":
			l.Below = x
		default:
			return typeError(key, "%s; it has no %q", want, key.Value)
		}
	}
	if !l.absolute() {
		return typeError(node, want)
	}
	return nil
}

// MarshalYAML writes the form that UnmarshalYAML reads.
func (l Level) MarshalYAML() (any, error) {
	if l.absolute() {
		return levelBounds{l.Above, l.Below}, nil
	}
	return l.Multiple, nil
}

// MarshalJSON writes a number or {"above", "below"}.
func (l Level) MarshalJSON() ([]byte, error) {
	if l.absolute() {
		return json.Marshal(levelBounds{l.Above, l.Below})
	}
	return json.Marshal(l.Multiple)
}

// UnmarshalJSON reads what MarshalJSON writes.
func (l *Level) UnmarshalJSON(b []byte) error {
	if err := json.Unmarshal(b, &l.Multiple); err == nil {
		return nil
	}
	dec := json.NewDecoder(strings.NewReader(string(b)))
	dec.DisallowUnknownFields()
	var bounds levelBounds
	if err := dec.Decode(&bounds); err != nil {
		return fmt.Errorf("level %s is neither a number nor {above} or {below}: %w", b, err)
	}
	l.Above, l.Below = bounds.Above, bounds.Below
	return nil
}

// Duration is a span of time that is written like "10m" or "1h30m".
type Duration time.Duration

func (d Duration) String() string {
	s := time.Duration(d).String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// MarshalText writes the short form: "10m", not "10m0s".
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what time.ParseDuration reads.
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	if err != nil {
		return fmt.Errorf("%q is no duration such as 10m or 1h30m", b)
	}
	*d = Duration(v)
	return nil
}

// UnmarshalYAML reads a duration and says on which line it failed.
func (d *Duration) UnmarshalYAML(node *yaml.Node) error {
	if err := d.UnmarshalText([]byte(node.Value)); err != nil {
		return typeError(node, "%s", err)
	}
	return nil
}

func (d Duration) scaled(factor float64) Duration { return Duration(float64(d) * factor) }

// typeError is the one error type that the YAML decoder collects instead of stopping at.
func typeError(node *yaml.Node, format string, args ...any) error {
	return &yaml.TypeError{Errors: []string{fmt.Sprintf("line %d: ", node.Line) + fmt.Sprintf(format, args...)}}
}

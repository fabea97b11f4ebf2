package alerts

import (
	_ "embed"
	"math"
	"slices"

	"go.yaml.in/yaml/v3"
)

// State is how a station stands at this moment.
type State string

// The states of a station.
const (
	Offline     State = "offline"
	Exceed      State = "exceed"
	Fault       State = "fault"
	Calibrating State = "calibrating"
	NoDischarge State = "no_discharge"
	Preparing   State = "preparing"
	Tendency    State = "tendency"
	Good        State = "good"
)

// States lists every state in the order in which one excludes those after it.
func States() []State {
	return []State{Offline, Exceed, Fault, Calibrating, NoDischarge, Preparing, Tendency, Good}
}

// StateBounds are the ratios from which a parameter colours its station; nil = it never has this colour.
type StateBounds struct {
	// Parameters for which the bounds hold; empty = those that no other entry names.
	Parameters []string `yaml:"parameters"`
	Tendency   *float64 `yaml:"tendency"`
	Preparing  *float64 `yaml:"preparing"`
	Exceed     *float64 `yaml:"exceed"`
}

//go:embed data/states.yaml
var builtinStates []byte

// BuiltinStates are the bounds that the program ships.
func BuiltinStates() []StateBounds {
	var f struct {
		States []StateBounds `yaml:"states"`
	}
	if err := yaml.Unmarshal(builtinStates, &f); err != nil {
		panic("built-in states: " + err.Error())
	}
	return f.States
}

// colours is StateBounds made ready: +Inf where there is no such colour.
type colours struct{ tendency, preparing, exceed float64 }

func coloursOf(all []StateBounds, parameter string) colours {
	c := colours{math.Inf(1), math.Inf(1), math.Inf(1)}
	for _, b := range all {
		if within(b.Parameters, parameter) {
			return colours{orInf(b.Tendency), orInf(b.Preparing), orInf(b.Exceed)}
		}
	}
	return c
}

// of is the state that one ratio alone would give; NaN gives Good.
func (c *colours) of(ratio float64) State {
	switch {
	case ratio >= c.exceed:
		return Exceed
	case ratio >= c.preparing:
		return Preparing
	case ratio >= c.tendency:
		return Tendency
	default:
		return Good
	}
}

// worse returns the state that hides the other on a station.
func worse(a, b State) State {
	order := States()
	if slices.Index(order, a) <= slices.Index(order, b) {
		return a
	}
	return b
}

func orInf(p *float64) float64 {
	if p == nil {
		return math.Inf(1)
	}
	return *p
}

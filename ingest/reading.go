package ingest

import (
	"encoding/json"
	"math"
	"strings"
	"time"
)

// Status is what a device says of itself beside a value.
type Status uint8

// Device statuses; the numbers are the codes of Circular 10/2021, except Other.
const (
	Measuring   Status = 0
	Calibrating Status = 1
	Fault       Status = 2
	// Other is any code that we do not know. Its value is kept and never used.
	Other Status = 9
)

func (s Status) String() string {
	switch s {
	case Measuring:
		return "measuring"
	case Calibrating:
		return "calibrating"
	case Fault:
		return "fault"
	default:
		return "other"
	}
}

// MarshalText writes the name of the status.
func (s Status) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Flags is a set of quality flags. A flag informs; only Usable decides whether a value counts.
type Flags uint32

// Quality flags.
const (
	OutOfRange Flags = 1 << iota
	Negative
	Late
	ClockAssumed
	ClockSuspect
	UnitConverted
	UnitUnknown
	Flatline
	Spike
	Revised
	NotANumber
	NaNLiteral
	Sentinel
	StatusAssumed
	StatusUnknown
	TooOld
	Future
	// Undeclared: the parameter is known, but the station's registry entry does not name it.
	Undeclared
)

var flagNames = [...]string{
	"out_of_range", "negative", "late", "clock_assumed", "clock_suspect", "unit_converted", "unit_unknown", "flatline",
	"spike", "revised", "not_a_number", "nan_literal", "sentinel", "status_assumed", "status_unknown", "too_old", "future", "undeclared",
}

// Names lists the flags of the set in a fixed order; never nil.
func (f Flags) Names() []string {
	names := make([]string, 0, 4)
	for i, name := range flagNames {
		if f&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return names
}

// String joins the names by commas, the form in which history keeps them.
func (f Flags) String() string { return strings.Join(f.Names(), ",") }

// MarshalJSON writes the set as an array of names.
func (f Flags) MarshalJSON() ([]byte, error) { return json.Marshal(f.Names()) }

// ParseFlags reads what String wrote; names that it does not know are left out.
func ParseFlags(s string) Flags {
	var f Flags
	for name := range strings.SplitSeq(s, ",") {
		for i, known := range flagNames {
			if name == known {
				f |= 1 << i
			}
		}
	}
	return f
}

// Reading is one value of one parameter at one station and instant; (Station, Parameter, MeasuredAt) is its key.
type Reading struct {
	Station   string
	Parameter string
	// Value is in the canonical unit of the parameter, or in Unit where that is not known; NaN = there is no number.
	Value      float64
	Unit       string
	Status     Status
	Flags      Flags
	MeasuredAt time.Time
	ReceivedAt time.Time
	// Usable: a number, no sentinel, status measuring, unit known, inside [range min, 1.2 × range max]. Only usable values
	// enter limits and averages. Fixed at the door, so that every consumer agrees.
	Usable bool
}

// HasNumber reports whether the reading carries a number at all.
func (r *Reading) HasNumber() bool { return !math.IsNaN(r.Value) }

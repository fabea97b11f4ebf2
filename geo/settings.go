package geo

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // a machine without a zone database must read the same registry
)

// Settings are how the gateway of one station differs from the rest. All are optional; parameters are named by code.
type Settings struct {
	// Names are the gateway's own names for parameters. Case, diacritics and separators do not matter.
	Names map[string]string `json:"names,omitempty" yaml:"names,omitempty"`
	// Factors multiply what the gateway sends, before its unit is converted.
	Factors map[string]float64 `json:"factors,omitempty" yaml:"factors,omitempty"`
	// Units are what values come in where the gateway names no unit.
	Units map[string]string `json:"units,omitempty" yaml:"units,omitempty"`
	// Basis is the substance as which a parameter is reported, where it is not the catalogue's: nh4_n: nh4.
	Basis map[string]string `json:"basis,omitempty" yaml:"basis,omitempty"`
	// Sentinels are numbers by which the gateway says "no value", beside the catalogue's.
	Sentinels []float64 `json:"sentinels,omitempty" yaml:"sentinels,omitempty"`
	// Thousands is the separator between thousands, one of , . ' _ and space; "" = the gateway writes none.
	Thousands string `json:"thousands,omitempty" yaml:"thousands,omitempty"`
	// Zone is that of times without one: an IANA name or +07:00; "" = Asia/Ho_Chi_Minh.
	Zone string `json:"zone,omitempty" yaml:"zone,omitempty"`

	// named is Names by their folded form; zone is nil for the default. Both are made by NewRegistry.
	named map[string]string
	zone  *time.Location
}

// Bounds of the settings of one station.
const (
	maxNames   = 512
	maxSetting = 256 // bytes of a name or code
)

// ict never changes.
var ict = time.FixedZone("ICT", 7*60*60)

// ICT is the civil time of Viet Nam: UTC+7 all year.
func ICT() *time.Location { return ict }

// Local is the zone of times without one.
func (s *Settings) Local() *time.Location {
	if s.zone == nil {
		return ict
	}
	return s.zone
}

// Named finds what the gateway's own name for a parameter means. The name is folded, see Fold.
func (s *Settings) Named(folded []byte) (code string, ok bool) {
	code, ok = s.named[string(folded)]
	return code, ok
}

// HasNames reports whether Named can find anything.
func (s *Settings) HasNames() bool { return len(s.named) > 0 }

// Codes lists every parameter code that the settings name, with the setting that names it, in a fixed order.
func (s *Settings) Codes(visit func(setting, code string)) {
	for _, name := range slices.Sorted(maps.Keys(s.Names)) {
		visit("names", s.Names[name])
	}
	for _, code := range slices.Sorted(maps.Keys(s.Factors)) {
		visit("factors", code)
	}
	for _, code := range slices.Sorted(maps.Keys(s.Units)) {
		visit("units", code)
	}
	for _, code := range slices.Sorted(maps.Keys(s.Basis)) {
		visit("basis", code)
	}
}

// index checks the settings and prepares them for use.
func (s *Settings) index(at string, report func(string, string, ...any)) {
	if n := len(s.Names) + len(s.Factors) + len(s.Units) + len(s.Basis) + len(s.Sentinels); n > maxNames {
		report(at, "%d settings; at most %d", n, maxNames)
		return
	}
	s.indexNames(at, report)
	for _, code := range slices.Sorted(maps.Keys(s.Factors)) {
		if f := s.Factors[code]; !(f > 0) || math.IsInf(f, 0) {
			report(at+".factors", "factor %g of %s must be above 0", f, code)
		}
	}
	for j, v := range s.Sentinels {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			report(fmt.Sprintf("%s.sentinels[%d]", at, j), "a sentinel must be a number")
		}
	}
	if s.Thousands != "" && !strings.Contains(",.'_ ", s.Thousands) || len(s.Thousands) > 1 {
		report(at+".thousands", "separator %q is none of , . ' _ and space", s.Thousands)
	}
	if s.Zone == "" {
		s.zone = nil
		return
	}
	var err error
	if s.zone, err = parseZone(s.Zone); err != nil {
		report(at+".zone", "zone %q is neither an IANA name nor of the form +07:00", s.Zone)
	}
}

func (s *Settings) indexNames(at string, report func(string, string, ...any)) {
	s.named = make(map[string]string, len(s.Names))
	for _, name := range slices.Sorted(maps.Keys(s.Names)) {
		key, code := Fold(name), s.Names[name]
		other, taken := s.named[key]
		switch {
		case key == "" || len(name) > maxSetting:
			report(at+".names", "name %q must hold a letter or digit and at most %d bytes", name, maxSetting)
		case taken && other != code:
			report(at+".names", "name %q means both %s and %s", name, other, code)
		}
		s.named[key] = code
	}
}

// parseZone reads an IANA name or an offset. "Local" is refused: it means something else on every machine.
func parseZone(s string) (*time.Location, error) {
	if t, err := time.Parse("-07:00", s); err == nil {
		_, offset := t.Zone()
		return time.FixedZone(s, offset), nil
	}
	if s == "Local" {
		return nil, fmt.Errorf("zone %q depends on the machine", s)
	}
	return time.LoadLocation(s)
}

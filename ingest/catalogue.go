package ingest

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"quantrac/geo"
)

// Parameter is a quantity that stations measure.
type Parameter struct {
	Code string   `json:"code" yaml:"code"`
	Name geo.Text `json:"name" yaml:"name"`
	// Unit is the canonical unit, in which values are stored; "" for pH.
	Unit string `json:"unit" yaml:"unit"`
	// Symbol is how a chart or table writes the parameter.
	Symbol  string   `json:"symbol" yaml:"symbol"`
	Aliases []string `json:"aliases,omitempty" yaml:"aliases,omitempty"`
	// Range is the usual instrument range; a station may override it. Nil = not known.
	Range    *geo.Range `json:"range,omitempty" yaml:"range,omitempty"`
	Decimals int        `json:"decimals" yaml:"decimals"`
	Source   string     `json:"source,omitempty" yaml:"source,omitempty"`
	// Bases are other substances as which the parameter is reported, each with the factor that leads to ours.
	Bases map[string]float64 `json:"bases,omitempty" yaml:"bases,omitempty"`
	// Flatline is from how many equal records in a row on a value is doubted; 0 = never.
	Flatline int `json:"flatline,omitempty" yaml:"flatline,omitempty"`
	// Spike is the jump from which on a value is doubted; nil = never.
	Spike *Spiky `json:"spike,omitempty" yaml:"spike,omitempty"`
}

// Spiky is a jump against the median of the last records that is no plausible process.
type Spiky struct {
	// Factor is by how much the value must be above the median, or below it; 0 = the difference alone decides.
	Factor float64 `json:"factor,omitempty" yaml:"factor,omitempty"`
	// Min is the least difference, in the canonical unit.
	Min    float64 `json:"min" yaml:"min"`
	Source string  `json:"source,omitempty" yaml:"source,omitempty"`
}

// Unit is a unit of measure. A value x in it is x*Scale+Offset in the base unit of its dimension.
type Unit struct {
	ID        string   `json:"id" yaml:"id"`
	Aliases   []string `json:"aliases,omitempty" yaml:"aliases,omitempty"`
	Dimension string   `json:"dimension" yaml:"dimension"`
	Scale     float64  `json:"scale" yaml:"scale"`
	Offset    float64  `json:"offset,omitempty" yaml:"offset,omitempty"`
}

// CatalogueFile is the catalogue of parameters and units as it is written down.
type CatalogueFile struct {
	Parameters []Parameter `yaml:"parameters"`
	Units      []Unit      `yaml:"units"`
	// Sentinels are numbers by which devices say "no value".
	Sentinels []float64 `yaml:"sentinels"`
	// NoUnit are the spellings of an empty unit column.
	NoUnit []string `yaml:"no_unit"`
}

// Catalogue finds parameters and units by any of their names. It never changes.
type Catalogue struct {
	parameters []Parameter
	byCode     map[string]int
	byName     map[string]int
	units      map[string]Unit
	sentinels  []float64
	noUnit     []string
}

//go:embed data/catalogue.yaml
var builtinCatalogue []byte

// BuiltinCatalogue is the catalogue that the program ships.
func BuiltinCatalogue() *Catalogue {
	var f CatalogueFile
	if err := yaml.Unmarshal(builtinCatalogue, &f); err != nil {
		panic("built-in catalogue: " + err.Error())
	}
	c, problems := NewCatalogue(f)
	if len(problems) > 0 {
		panic("built-in catalogue: " + problems[0].String())
	}
	return c
}

// NewCatalogue checks a catalogue and indexes it.
func NewCatalogue(f CatalogueFile) (*Catalogue, []geo.Problem) {
	c := &Catalogue{
		parameters: slices.Clone(f.Parameters), byCode: map[string]int{}, byName: map[string]int{}, units: map[string]Unit{},
		sentinels: slices.Clone(f.Sentinels), noUnit: slices.Clone(f.NoUnit),
	}
	var problems []geo.Problem
	report := func(path, format string, args ...any) {
		problems = append(problems, geo.Problem{Path: path, Message: fmt.Sprintf(format, args...)})
	}
	for i, u := range f.Units {
		if u.Scale == 0 {
			report(fmt.Sprintf("units[%d].scale", i), "scale must not be 0")
		}
		for _, name := range append([]string{u.ID}, u.Aliases...) {
			c.units[foldUnit(name)] = u
		}
	}
	for i, p := range c.parameters {
		p.check(func(path, format string, args ...any) {
			report(fmt.Sprintf("parameters[%d].%s", i, path), format, args...)
		})
		if _, known := c.unit(p.Unit); p.Unit != "" && !known {
			report(fmt.Sprintf("parameters[%d].unit", i), "unit %q is not declared", p.Unit)
		}
		c.byCode[p.Code] = i
		for _, name := range append([]string{p.Code, p.Symbol}, p.Aliases...) {
			key := FoldName(name)
			if j, taken := c.byName[key]; taken && j != i {
				report(fmt.Sprintf("parameters[%d].aliases", i), "%q already means %q", name, c.parameters[j].Code)
			}
			c.byName[key] = i
		}
	}
	return c, problems
}

// measures reports whether values of p can come in a unit.
func (c *Catalogue) measures(p *Parameter, unit string) bool {
	_, flags := c.Convert(p, 1, unit)
	return flags&UnitUnknown == 0
}

// Parameters lists the catalogue in the order of its file. The caller must not change it.
func (c *Catalogue) Parameters() []Parameter { return c.parameters }

// Parameter finds a parameter by code.
func (c *Catalogue) Parameter(code string) (*Parameter, bool) {
	i, ok := c.byCode[code]
	if !ok {
		return nil, false
	}
	return &c.parameters[i], true
}

// Resolve finds a parameter by any of its names; case, diacritics and separators do not matter.
func (c *Catalogue) Resolve(name string) (*Parameter, bool) {
	if i, ok := c.byCode[name]; ok {
		return &c.parameters[i], true
	}
	if len(name) > maxName {
		return nil, false
	}
	var room [64]byte
	return c.folded(geo.AppendFold(room[:0], name))
}

// folded finds a parameter by a folded name.
func (c *Catalogue) folded(name []byte) (*Parameter, bool) {
	i, ok := c.byName[string(name)]
	if !ok {
		return nil, false
	}
	return &c.parameters[i], true
}

func (c *Catalogue) unit(name string) (Unit, bool) {
	u, ok := c.units[foldUnit(name)]
	return u, ok
}

// Convert brings v from the unit that a gateway wrote into the canonical unit of p. The flags are UnitConverted after a
// change of unit and UnitUnknown when the unit is not known or measures something else; the value is then untouched.
func (c *Catalogue) Convert(p *Parameter, v float64, from string) (float64, Flags) {
	if from == p.Unit || c.saysNoUnit(from) {
		return v, 0
	}
	if len(from) > maxName {
		return v, UnitUnknown
	}
	src, ok := c.unit(from)
	if !ok {
		return v, UnitUnknown
	}
	dst, ok := c.unit(p.Unit)
	switch {
	case !ok || src.Dimension != dst.Dimension:
		return v, UnitUnknown
	case src.ID == dst.ID:
		return v, 0
	}
	return (v*src.Scale + src.Offset - dst.Offset) / dst.Scale, UnitConverted
}

// saysNoUnit reports whether a unit column is empty, however that is written.
func (c *Catalogue) saysNoUnit(unit string) bool {
	return unit == "" || slices.Contains(c.noUnit, strings.TrimSpace(unit))
}

func (c *Catalogue) isSentinel(v float64) bool { return slices.Contains(c.sentinels, v) }

// FoldName reduces a parameter's name to what matters in it: letters and digits, lower case, without diacritics.
func FoldName(s string) string { return geo.Fold(s) }

// unitForms makes one of the ways in which a unit is written.
var unitForms = strings.NewReplacer("³", "3", "²", "2", "µ", "u", "μ", "u", " ", "", "ố", "o")

func foldUnit(s string) string { return unitForms.Replace(strings.ToLower(s)) }

package ingest

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"go.yaml.in/yaml/v3"
	"golang.org/x/text/unicode/norm"

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
	i, ok := c.byName[FoldName(name)]
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
	if from == "" || from == p.Unit || slices.Contains(c.noUnit, strings.TrimSpace(from)) {
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

func (c *Catalogue) isSentinel(v float64) bool { return slices.Contains(c.sentinels, v) }

// FoldName reduces a parameter's name to what matters in it: letters and digits, lower case, without diacritics.
func FoldName(s string) string {
	if isFolded(s) {
		return s
	}
	var b strings.Builder
	for _, r := range norm.NFD.String(s) {
		switch {
		case r == 'đ' || r == 'Đ':
			b.WriteByte('d')
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return b.String()
}

func isFolded(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// unitForms makes one of the ways in which a unit is written.
var unitForms = strings.NewReplacer("³", "3", "²", "2", "µ", "u", "μ", "u", " ", "", "ố", "o")

func foldUnit(s string) string { return unitForms.Replace(strings.ToLower(s)) }

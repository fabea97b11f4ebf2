package geo

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Kind is what a station watches.
type Kind string

// The kinds of station.
const (
	Effluent     Kind = "effluent"
	SurfaceWater Kind = "surface_water"
	Stack        Kind = "stack"
	Air          Kind = "air"
)

// Park is an industrial park.
type Park struct {
	ID       string `json:"id" yaml:"id"`
	Name     Text   `json:"name" yaml:"name"`
	Location Point  `json:"location" yaml:"location"`
	// PrecisionKM says how far Location can be off, in km.
	PrecisionKM float64 `json:"precision_km" yaml:"precision_km"`
	AreaHa      float64 `json:"area_ha,omitempty" yaml:"area_ha,omitempty"`
	// Area is the ground, where its outline is known; else the park is a circle around Location of Radius metres, or where
	// that is 0 too, of the size that AreaHa says.
	Area   *Area   `json:"area,omitempty" yaml:"area,omitempty"`
	Radius float64 `json:"radius_m,omitempty" yaml:"radius_m,omitempty"`
	Place  string  `json:"place,omitempty" yaml:"place,omitempty"`
	// CapacityM3Day is the published capacity of the treatment plant in m³/day; 0 = not published.
	CapacityM3Day  float64 `json:"capacity_m3_day,omitempty" yaml:"capacity_m3_day,omitempty"`
	ReceivingWater string  `json:"receiving_water,omitempty" yaml:"receiving_water,omitempty"`
	// Confidence says in words how well each of the facts above is known; it is shown beside them.
	Confidence string `json:"confidence,omitempty" yaml:"confidence,omitempty"`
	// SimulatedM3Day drives the simulator only and is never shown as a fact.
	SimulatedM3Day float64 `json:"-" yaml:"simulated_m3_day,omitempty"`
}

// Range is what an instrument can measure, in the canonical unit of its parameter.
type Range struct {
	Min float64 `json:"min" yaml:"min"`
	Max float64 `json:"max" yaml:"max"`
}

// Assignment puts a station under a limit set for a span of time: which column, which factors.
type Assignment struct {
	Set    string  `json:"set" yaml:"set"`
	Column string  `json:"column" yaml:"column"`
	Kq     float64 `json:"kq" yaml:"kq"`
	Kf     float64 `json:"kf" yaml:"kf"`
	// From is inclusive, To exclusive; a zero time leaves that end open.
	From time.Time `json:"from,omitzero" yaml:"from,omitempty"`
	To   time.Time `json:"to,omitzero" yaml:"to,omitempty"`
}

// InForce reports whether the assignment holds at t.
func (a Assignment) InForce(t time.Time) bool {
	return (a.From.IsZero() || !t.Before(a.From)) && (a.To.IsZero() || t.Before(a.To))
}

// Station is a monitoring station: one place where values are measured.
type Station struct {
	ID   string `json:"id" yaml:"id"`
	Name Text   `json:"name" yaml:"name"`
	Park string `json:"park" yaml:"park"`
	// ParkByPosition says that no park was declared and Park is the one that the outfall or stack stands in.
	ParkByPosition bool  `json:"park_by_position,omitempty" yaml:"-"`
	Kind           Kind  `json:"kind" yaml:"kind"`
	Location       Point `json:"location" yaml:"location"`
	// ReceivingWater is the id of the river that it discharges into or stands in; "" = not known.
	ReceivingWater string `json:"receiving_water,omitempty" yaml:"receiving_water,omitempty"`
	// Instruments are the devices that measure, as far as they are registered.
	Instruments []Instrument `json:"instruments,omitempty" yaml:"instruments,omitempty"`
	// Permit is the environmental permit; nil = not registered.
	Permit *Permit `json:"permit,omitempty" yaml:"permit,omitempty"`
	// Camera is the address of the pictures from its outfall or stack; "" = not registered.
	Camera     string   `json:"camera,omitempty" yaml:"camera,omitempty"`
	Parameters []string `json:"parameters" yaml:"parameters"`
	// Aliases are the names that gateways use for this station, compared without case.
	Aliases []string `json:"aliases,omitempty" yaml:"aliases,omitempty"`
	Gateway string   `json:"gateway,omitempty" yaml:"gateway,omitempty"`
	// Cycle is the time between two readings; 0 = the registry's.
	Cycle time.Duration `json:"-" yaml:"cycle,omitempty"`
	// Ranges override the catalogue's instrument range by parameter code.
	Ranges map[string]Range `json:"ranges,omitempty" yaml:"ranges,omitempty"`
	Limits []Assignment     `json:"limits,omitempty" yaml:"limits,omitempty"`
	// Settings are how its gateway differs from the rest.
	Settings `yaml:",inline"`
}

// File is a registry as it is written down.
type File struct {
	// Title is the name of the jurisdiction, which changes more often than its rivers.
	Title Text `yaml:"title"`
	// Cycle is the time between two readings of a station that names none; 0 = 5 min.
	Cycle    time.Duration `yaml:"cycle,omitempty"`
	Parks    []Park        `yaml:"parks"`
	Stations []Station     `yaml:"stations"`
	Rivers   []River       `yaml:"rivers,omitempty"`
}

// DefaultCycle is the time between two readings that Circular 10/2021 practice expects.
const DefaultCycle = 5 * time.Minute

// Registry is a checked set of parks and stations, safe for concurrent use because nothing in it changes.
type Registry struct {
	title    Text
	cycle    time.Duration
	parks    []Park
	stations []Station
	rivers   []River
	river    map[string]int
	places   *places
	flow     *flow
	park     map[string]int
	station  map[string]int
	alias    map[string]int
}

// NewRegistry checks a file and indexes it. With problems there is no registry.
func NewRegistry(f File) (*Registry, []Problem) {
	r := &Registry{
		title: f.Title, cycle: f.Cycle, parks: slices.Clone(f.Parks), stations: slices.Clone(f.Stations), rivers: slices.Clone(f.Rivers),
		park: make(map[string]int, len(f.Parks)), station: make(map[string]int, len(f.Stations)), alias: map[string]int{},
	}
	var problems []Problem
	report := func(path, format string, args ...any) {
		problems = append(problems, Problem{path, fmt.Sprintf(format, args...)})
	}
	for i, p := range r.parks {
		at := fmt.Sprintf("parks[%d]", i)
		checkPlace(at, p.ID, p.Name, p.Location, report)
		if _, twice := r.park[p.ID]; twice {
			report(at+".id", "park %q is declared twice", p.ID)
		}
		r.park[p.ID] = i
		if p.Area != nil {
			area := *p.Area // the check builds its shape, and another registry may be using the one that was given
			r.parks[i].Area = &area
		}
		problems = append(problems, checkGround(at, &r.parks[i])...)
	}
	r.addRivers(report)
	for i := range r.stations {
		r.addStation(i, f.Cycle, report)
	}
	for i, s := range r.stations {
		for j, a := range s.Aliases {
			key := strings.ToLower(a)
			if k, taken := r.alias[key]; taken && k != i {
				report(fmt.Sprintf("stations[%d].aliases[%d]", i, j), "alias %q already belongs to station %q", a, r.stations[k].ID)
				continue
			}
			r.alias[key] = i
		}
	}
	if len(problems) > 0 {
		return nil, problems
	}
	r.places = newPlaces(r.parks, r.stations)
	r.settle()
	r.flow = newFlow(r)
	return r, nil
}

// settle finds the park of outfalls and stacks that declare none. A river or air station near a park is not the park's.
func (r *Registry) settle() {
	for i := range r.stations {
		s := &r.stations[i]
		if s.Park != "" || s.Kind != Effluent && s.Kind != Stack {
			continue
		}
		if p, ok := r.ParkAt(s.Location); ok {
			s.Park, s.ParkByPosition = p.ID, true
		}
	}
}

func checkPlace(at, id string, name Text, p Point, report func(string, string, ...any)) {
	if !ValidID(id) {
		report(at+".id", "id %q must match [a-z0-9][a-z0-9-]{0,62}", id)
	}
	if name.VI == "" {
		report(at+".name", "the Vietnamese name is missing")
	}
	if msg := p.Check(); msg != "" {
		report(at+".location", "%s", msg)
	}
}

func (r *Registry) addStation(i int, cycle time.Duration, report func(string, string, ...any)) {
	s := &r.stations[i]
	at := fmt.Sprintf("stations[%d]", i)
	checkPlace(at, s.ID, s.Name, s.Location, report)
	if _, twice := r.station[s.ID]; twice {
		report(at+".id", "station %q is declared twice", s.ID)
	}
	if _, known := r.park[s.Park]; s.Park != "" && !known {
		report(at+".park", "park %q is not in the registry", s.Park)
	}
	switch s.Kind {
	case Effluent, SurfaceWater, Stack, Air:
	case "":
		s.Kind = Effluent
	default:
		report(at+".kind", "kind %q is none of effluent, surface_water, stack, air", s.Kind)
	}
	if len(s.Parameters) == 0 {
		report(at+".parameters", "a station measures at least one parameter")
	}
	for j, p := range s.Parameters {
		if slices.Contains(s.Parameters[:j], p) {
			report(fmt.Sprintf("%s.parameters[%d]", at, j), "parameter %q is named twice", p)
		}
	}
	for j, a := range s.Limits {
		if !a.From.IsZero() && !a.To.IsZero() && !a.From.Before(a.To) {
			report(fmt.Sprintf("%s.limits[%d]", at, j), "from must lie before to")
		}
	}
	if s.Cycle == 0 {
		s.Cycle = cycle
	}
	if s.Cycle == 0 {
		s.Cycle = DefaultCycle
	}
	if s.Cycle < time.Second {
		report(at+".cycle", "cycle %s is shorter than 1s", s.Cycle)
	}
	r.checkWater(at, s, report)
	s.checkInstruments(at, report)
	s.checkPapers(at, report)
	s.index(at, report)
	r.station[s.ID] = i
	r.alias[strings.ToLower(s.ID)] = i
}

// Title is the name of the jurisdiction.
func (r *Registry) Title() Text { return r.title }

// Parks lists the parks in the order of the file. The caller must not change it.
func (r *Registry) Parks() []Park { return r.parks }

// Stations lists the stations in the order of the file. The caller must not change it.
func (r *Registry) Stations() []Station { return r.stations }

// Park finds a park by id.
func (r *Registry) Park(id string) (Park, bool) {
	i, ok := r.park[id]
	if !ok {
		return Park{}, false
	}
	return r.parks[i], true
}

// Station finds a station by id.
func (r *Registry) Station(id string) (*Station, bool) {
	i, ok := r.station[id]
	if !ok {
		return nil, false
	}
	return &r.stations[i], true
}

// Resolve finds a station by id or alias, without regard to case.
func (r *Registry) Resolve(name string) (*Station, bool) {
	if i, ok := r.station[name]; ok {
		return &r.stations[i], true
	}
	i, ok := r.alias[strings.ToLower(name)]
	if !ok {
		return nil, false
	}
	return &r.stations[i], true
}

// WithCycle returns the same registry with every station on one cycle.
func (r *Registry) WithCycle(d time.Duration) *Registry {
	c := *r
	c.cycle = d
	c.stations = slices.Clone(r.stations)
	for i := range c.stations {
		c.stations[i].Cycle = d
	}
	return &c
}

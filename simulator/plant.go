package simulator

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"math"
	"time"

	"quantrac/geo"
)

// Plant is a treatment plant with one outfall station.
type Plant struct {
	ID         string
	Parameters []string
	// FlowM3H is the mean outflow in m³/h.
	FlowM3H float64
	// Cycle is the time between two readings, on which the analysers' own times go; 0 = 5 min.
	Cycle time.Duration
	// Load scales COD, TSS and ammonium: 1 is a good plant, 1.3 one that works near its limit.
	Load float64
}

// defaultM3Day is the flow of a plant whose capacity nobody knows, in m³/day; usedShare is how much of a capacity is in use.
const (
	defaultM3Day = 2000.0
	usedShare    = 0.7
)

// Plants makes a plant for every effluent station of a registry. The flow of a park is shared by its stations.
func Plants(reg *geo.Registry) []Plant {
	share := map[string]float64{}
	for _, s := range reg.Stations() {
		share[s.Park]++
	}
	var plants []Plant
	for _, s := range reg.Stations() {
		if s.Kind != geo.Effluent {
			continue
		}
		day := defaultM3Day
		if park, ok := reg.Park(s.Park); ok && park.SimulatedM3Day > 0 {
			day = park.SimulatedM3Day
		}
		p := Plant{ID: s.ID, Parameters: s.Parameters, Cycle: s.Cycle, FlowM3H: day / 24 * usedShare / math.Max(1, share[s.Park]), Load: 1}
		if unit(hash(0, s.ID, "load", 0)) < 0.06 {
			p.Load = 1.3
		}
		plants = append(plants, p)
	}
	return plants
}

// Shapes of a day relative to its mean, by hour: the dry-weather influent of the IWA benchmark plant BSM1. An equalised park
// plant shows half of it.
var (
	flowShape = [24]float64{1.02, .93, .80, .65, .63, .68, .65, .66, .69, 1.06, 1.48, 1.52, 1.28, 1.22, 1.10, 1.05, .98, .94, 1.05, 1.04, 1.16, 1.15, 1.16, 1.15}
	codShape  = [24]float64{1.08, 1.06, .96, .81, .67, .64, .62, .60, .60, .77, 1.17, 1.36, 1.34, 1.27, 1.22, 1.14, 1.07, 1.00, 1.01, 1.04, 1.10, 1.15, 1.18, 1.18}
	nh4Shape  = [24]float64{1.04, 1.22, 1.17, .91, .69, .69, .67, .67, .72, 1.13, 1.62, 1.39, 1.09, .94, .90, .89, .93, .88, .97, .98, 1.11, 1.19, 1.16, 1.05}
)

const weekendShare = 0.87

// quantity says how a parameter behaves in a good plant: a mean between Low and High that is the plant's own, a shape of the
// day damped by Damp, noise of standard deviation Sigma, and a hold: for so many cycles analysers of COD and ammonium repeat a
// value until the next one is ready.
type quantity struct {
	low, high float64
	shape     *[24]float64
	damp      float64
	lag       time.Duration
	sigma     float64
	hold      int
	loaded    bool
	decimals  float64
}

var quantities = map[string]quantity{
	"ph":    {low: 7.1, high: 7.7, damp: 0, sigma: 0.06, decimals: 100},
	"temp":  {low: 28.5, high: 30.5, damp: 0, sigma: 0.15, decimals: 100},
	"cod":   {low: 20, high: 29, shape: &codShape, damp: 0.35, lag: 6 * time.Hour, sigma: 0.9, hold: 2, loaded: true, decimals: 10},
	"tss":   {low: 7, high: 16, shape: &codShape, damp: 0.3, lag: 4 * time.Hour, sigma: 0.7, loaded: true, decimals: 10},
	"nh4_n": {low: 0.4, high: 1.4, shape: &nh4Shape, damp: 0.35, lag: 5 * time.Hour, sigma: 0.05, hold: 4, loaded: true, decimals: 100},
	"tn":    {low: 8, high: 13, shape: &nh4Shape, damp: 0.2, sigma: 0.4, decimals: 10},
	"tp":    {low: 0.6, high: 1.5, shape: &nh4Shape, damp: 0.2, sigma: 0.05, decimals: 100},
	"toc":   {low: 7, high: 12, shape: &codShape, damp: 0.3, lag: 6 * time.Hour, sigma: 0.4, loaded: true, decimals: 10},
	"color": {low: 15, high: 32, shape: &codShape, damp: 0.1, sigma: 2, decimals: 1},
	"cl":    {low: 0.1, high: 0.4, damp: 0, sigma: 0.02, decimals: 100},
}

// local is the zone that plants live in.
var local = time.FixedZone("ICT", 7*60*60)

// Value is what the station measures at t when nothing is wrong, in the canonical unit of the parameter; ok is false for a
// parameter that the simulator does not know.
func (p Plant) Value(seed uint64, parameter string, t time.Time) (v float64, ok bool) {
	switch parameter {
	case "flow_out":
		return p.flow(seed, "flow_out", t, 0.5, 9*time.Hour, 0.04), true
	case "flow_in":
		return 1.02 * p.flow(seed, "flow_in", t, 0.8, 0, 0.06), true
	}
	q, ok := quantities[parameter]
	if !ok {
		return 0, false
	}
	if q.hold > 0 {
		hold := time.Duration(q.hold) * cmp.Or(p.Cycle, geo.DefaultCycle)
		phase := time.Duration(unit(hash(seed, p.ID, parameter+" phase", 0)) * float64(hold))
		t = t.Add(phase).Truncate(hold).Add(-phase)
	}
	mean := q.low + (q.high-q.low)*unit(hash(seed, p.ID, parameter+" mean", 0))
	if q.loaded {
		mean *= p.Load
	}
	v = mean
	if q.shape != nil {
		v *= 1 + q.damp*(shapeAt(q.shape, t.Add(-q.lag))-1)
	}
	if parameter == "temp" {
		v += 1.2 * math.Cos((hourOf(t)-15)/24*2*math.Pi)
	}
	v += q.sigma * noise(seed, p.ID, parameter, t)
	return math.Max(0, math.Round(v*q.decimals)/q.decimals), true
}

func (p Plant) flow(seed uint64, parameter string, t time.Time, damp float64, lag time.Duration, sigma float64) float64 {
	v := p.FlowM3H * (1 + damp*(shapeAt(&flowShape, t.Add(-lag))-1))
	if day := t.In(local).Weekday(); day == time.Saturday || day == time.Sunday {
		v *= weekendShare
	}
	v *= 1 + sigma*noise(seed, p.ID, parameter, t)
	return math.Max(0, math.Round(v*10)/10)
}

func hourOf(t time.Time) float64 {
	t = t.In(local)
	return float64(t.Hour()) + float64(t.Minute())/60 + float64(t.Second())/3600
}

func shapeAt(shape *[24]float64, t time.Time) float64 {
	h := hourOf(t)
	i := int(h)
	f := h - float64(i)
	return shape[i]*(1-f) + shape[(i+1)%24]*f
}

// noise has mean 0 and deviation about 1 and forgets itself within the hour, like an AR(1) with φ = 0.9 at 5 min, and can be
// asked for any instant: values at lattice points, joined smoothly, and a little white noise a minute.
func noise(seed uint64, station, parameter string, t time.Time) float64 {
	const lattice = 40 * time.Minute
	n := t.UnixNano() / int64(lattice)
	f := float64(t.UnixNano()%int64(lattice)) / float64(lattice)
	f = f * f * (3 - 2*f)
	a, b := gauss(hash(seed, station, parameter, n)), gauss(hash(seed, station, parameter, n+1))
	white := gauss(hash(seed, station, parameter+" white", t.Unix()/5))
	slow := (a*(1-f) + b*f) / math.Sqrt(f*f+(1-f)*(1-f))
	return 0.95*clamp(slow) + 0.3*clamp(white)
}

func clamp(x float64) float64 { return math.Max(-2.5, math.Min(2.5, x)) }

func hash(seed uint64, station, what string, n int64) uint64 {
	h := fnv.New64a()
	var b [16]byte
	for i := range 8 {
		b[i], b[8+i] = byte(seed>>(8*i)), byte(uint64(n)>>(8*i))
	}
	_, _ = h.Write(b[:])
	_, _ = h.Write([]byte(station))
	_, _ = h.Write([]byte{0})
	_, _ = h.Write([]byte(what))
	// FNV spreads the last bytes badly; this is the finaliser of SplitMix64.
	x := h.Sum64()
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// unit maps a hash to [0, 1).
func unit(h uint64) float64 { return float64(h>>11) / (1 << 53) }

// gauss maps a hash to a standard normal value, by Box and Muller.
func gauss(h uint64) float64 {
	u, v := unit(h), unit(h*0x9e3779b97f4a7c15+1)
	return math.Sqrt(-2*math.Log(1-u)) * math.Cos(2*math.Pi*v)
}

// Some returns the first n plants, or all with n = 0; where there are not so many, made-up ones sim-0001, sim-0002 … follow.
func Some(plants []Plant, n int) []Plant {
	if n == 0 {
		return plants
	}
	if n <= len(plants) {
		return plants[:n]
	}
	out := append([]Plant(nil), plants...)
	for i := len(out); i < n; i++ {
		out = append(out, Plant{
			ID: fmt.Sprintf("sim-%04d", i+1), Parameters: []string{"flow_in", "flow_out", "ph", "temp", "cod", "tss", "nh4_n"},
			FlowM3H: defaultM3Day / 24 * usedShare, Load: 1,
		})
	}
	return out
}

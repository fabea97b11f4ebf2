package simulator

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"time"
)

// Draw says what a scenario is drawn from. The same Draw gives the same scenario, and a station's events do not depend on the
// other stations.
type Draw struct {
	Seed     uint64
	Plants   []Plant
	Duration time.Duration
	// Limit gives the bounds of a parameter at a station; 0 = no such bound. Incidents are multiples of it.
	Limit func(station, parameter string) (least, most float64)
}

const (
	// quietFirst is how long every station is well at first, so that means and habits exist; quietLast how long at the end, so that
	// what should be said can be.
	quietFirst = 24 * time.Hour
	quietLast  = 3 * time.Hour
	// Between two events of a station.
	shortestQuiet = 6 * time.Hour
	longestQuiet  = 24 * time.Hour
	// mostTries is how often another event is drawn when one does not fit any more.
	mostTries = 8
)

// Scenario draws events of every code, much denser than life. No two of a station overlap, but for a calibration that begins in an
// excess and may be meant to hide it.
func (d Draw) Scenario() *Scenario {
	s := &Scenario{}
	for i := range d.Plants {
		t := draft{Draw: d, plant: &d.Plants[i], rng: rand.New(rand.NewPCG(d.Seed, hash(d.Seed, d.Plants[i].ID, "events", 0)))}
		at := quietFirst + t.between(0, longestQuiet)
		for tries := 0; tries < mostTries; tries++ {
			events := t.events()
			end := at
			for k := range events {
				events[k].Start += at
				end = max(end, events[k].Start+events[k].Duration)
			}
			if end > d.Duration-quietLast {
				continue // too long for what is left
			}
			s.Events = append(s.Events, events...)
			at, tries = end+t.between(shortestQuiet, longestQuiet), 0
		}
	}
	return s
}

// draft draws the events of one plant.
type draft struct {
	Draw
	plant *Plant
	rng   *rand.Rand
}

// between draws a span of whole cycles.
func (t *draft) between(least, most time.Duration) time.Duration {
	const cycle = 5 * time.Minute
	return least + time.Duration(t.rng.Int64N(int64((most-least)/cycle)+1))*cycle
}

func (t *draft) uniform(least, most float64) float64 { return least + (most-least)*t.rng.Float64() }

// of draws one of the parameters that the plant measures; "" when it measures none of them.
func (t *draft) of(parameters ...string) string {
	have := slices.DeleteFunc(parameters, func(p string) bool { return !slices.Contains(t.plant.Parameters, p) })
	if len(have) == 0 {
		return ""
	}
	return have[t.rng.IntN(len(have))]
}

// lengths is how long events of a code last.
var lengths = map[string][2]time.Duration{
	ExceedSlow: {8 * time.Hour, 20 * time.Hour}, ExceedShock: {time.Hour, 4 * time.Hour}, Spike: {5 * time.Minute, 5 * time.Minute},
	Drift: {72 * time.Hour, 144 * time.Hour}, Flatline: {3 * time.Hour, 10 * time.Hour}, Zero: {150 * time.Minute, 6 * time.Hour},
	Negative: {time.Hour, 4 * time.Hour}, OutOfRange: {time.Hour, 4 * time.Hour}, NaNText: {time.Hour, 4 * time.Hour},
	Clogging: {6 * time.Hour, 16 * time.Hour}, Fouling: {6 * time.Hour, 24 * time.Hour}, Calibration: {30 * time.Minute, 2 * time.Hour},
	Fault: {90 * time.Minute, 8 * time.Hour}, ParamMissing: {90 * time.Minute, 8 * time.Hour}, Outage: {40 * time.Minute, 30 * time.Hour},
	Duplicate: {time.Hour, 6 * time.Hour}, Resend: {time.Hour, 6 * time.Hour}, ClockSkew: {time.Hour, 3 * time.Hour},
	UnitDrift: {2 * time.Hour, 12 * time.Hour}, NameDrift: {2 * time.Hour, 12 * time.Hour}, PartialFile: {10 * time.Minute, 10 * time.Minute},
	NoDischarge: {3 * time.Hour, 14 * time.Hour}, Bypass: {48 * time.Hour, 96 * time.Hour}, Cheat: {24 * time.Hour, 72 * time.Hour},
	Storm: {2 * time.Hour, 4 * time.Hour},
}

// favoured are the codes that are drawn more often than the others.
var favoured = []string{ExceedSlow, ExceedSlow, ExceedShock, ExceedShock}

// events draws one event, or the two of a calibration that hides an excess. Their Start counts from the present.
func (t *draft) events() []Event {
	codes := append(Codes(), favoured...)
	e := Event{Station: t.plant.ID, Code: codes[t.rng.IntN(len(codes))]}
	e.Duration = t.between(lengths[e.Code][0], lengths[e.Code][1])
	if !t.fill(&e) {
		return nil
	}
	if e.Code != Calibration || t.rng.IntN(3) > 0 {
		return []Event{e}
	}
	shock := Event{Station: t.plant.ID, Code: ExceedShock, Duration: 4 * time.Hour}
	if !t.fill(&shock) {
		return []Event{e}
	}
	e.Parameter, e.Start = shock.Parameter, t.between(30*time.Minute, time.Hour)
	return []Event{shock, e}
}

// fill draws what an event needs beside its code and its length; false when the plant cannot have it.
func (t *draft) fill(e *Event) bool {
	switch e.Code {
	case ExceedSlow:
		e.Parameter = t.of("cod", "tss")
		e.To = t.above(e.Parameter, 1.2, 2)
	case ExceedShock:
		if e.Parameter = t.of("nh4_n", "ph"); e.Parameter == "ph" {
			e.To = t.outside()
		} else {
			e.To = t.above(e.Parameter, 1.2, 3)
		}
	case Cheat:
		e.Parameter = t.of("cod", "tss")
		e.To = t.above(e.Parameter, 1, 1)
	case Spike, Zero, Negative, OutOfRange, NaNText, Drift:
		e.Parameter = t.of("cod", "tss", "nh4_n")
	case Flatline:
		e.Parameter = t.of("cod", "tss", "nh4_n", "ph", "temp")
	case Calibration, Fault, ParamMissing:
		e.Parameter = t.of("cod", "tss", "nh4_n", "ph")
	case UnitDrift, NameDrift:
		e.Parameter = t.of("cod", "tss", "nh4_n")
	}
	if effects[e.Code].parameter && e.Parameter == "" || effects[e.Code].to && e.To == 0 {
		return false
	}
	t.decorate(e)
	return true
}

func (t *draft) decorate(e *Event) {
	switch e.Code {
	case Spike:
		e.Factor = round2(t.uniform(3, 10))
	case Drift:
		e.Factor = round2(t.uniform(0.5, 3))
	case Outage:
		e.Pace = t.rng.IntN(2) * 3
	case ClockSkew:
		const year = 365 * 24 * time.Hour
		shifts := []time.Duration{7 * time.Hour, -7 * time.Hour, 24 * time.Hour, -56 * year, 72 * year}
		e.Shift = shifts[t.rng.IntN(len(shifts))]
	case UnitDrift:
		e.Text = []string{"mg/l", "MG/L", "g/m3", "ppm"}[t.rng.IntN(4)]
	case NameDrift:
		e.Text = map[string]string{"cod": "Cod", "tss": "SS", "nh4_n": "NH4+"}[e.Parameter]
	}
}

// above is a multiple of the limit of a parameter, within the range of its instrument; 0 when it has none.
func (t *draft) above(parameter string, least, most float64) float64 {
	if parameter == "" || t.Limit == nil {
		return 0
	}
	_, limit := t.Limit(t.plant.ID, parameter)
	return round2(min(limit*t.uniform(least, most), rangeEnds[parameter]))
}

// outside is a pH beyond one of its bounds; 0 when it has none.
func (t *draft) outside() float64 {
	if t.Limit == nil {
		return 0
	}
	least, most := t.Limit(t.plant.ID, "ph")
	by := t.uniform(0.3, 1.2)
	if t.rng.IntN(2) == 0 && least > 0 {
		return round2(least - by)
	}
	return round2(cmp.Or(most, -by) + by)
}

func round2(x float64) float64 { return float64(int64(x*100+0.5)) / 100 }

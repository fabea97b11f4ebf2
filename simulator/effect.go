package simulator

import (
	"cmp"
	"math"
	"time"
)

// moment is one value that is measured while an event is on.
type moment struct {
	plant     *Plant
	seed      uint64
	parameter string
	// begin is when the event began, at when the value is measured; step is the time between two messages.
	begin, at time.Time
	step      time.Duration
	value     float64
}

func (m *moment) into() time.Duration { return m.at.Sub(m.begin) }

// restless is a noise of deviation 1 that keeps a raised value from looking frozen.
func (m *moment) restless() float64 {
	return noise(m.seed, m.plant.ID, m.parameter+" event", m.at)
}

// round writes a value with the decimals of its parameter.
func (m *moment) round(v float64) float64 {
	decimals := 10.0
	if q, ok := quantities[m.parameter]; ok {
		decimals = q.decimals
	}
	return math.Round(v*decimals) / decimals
}

// usual is the undisturbed value at another instant.
func (m *moment) usual(at time.Time) float64 {
	v, _ := m.plant.Value(m.seed, m.parameter, at)
	return v
}

// Shares of the duration of a slow excess.
const (
	rampShare  = 0.25
	decayShare = 0.2
)

// ramp climbs to To, stays there and comes back.
func (e *Event) ramp(m *moment) float64 {
	share := float64(m.into()) / float64(e.Duration)
	part := min(1, share/rampShare, (1-share)/decayShare)
	return m.round(m.value*(1-part) + e.To*part*(1+0.01*m.restless()))
}

// target is To with a little unrest, so that it is not taken for a frozen value; 0 stays 0.
func (e *Event) target(m *moment) float64 { return m.round(e.To * (1 + 0.01*m.restless())) }

func (e *Event) spike(m *moment) float64 {
	if m.into() >= m.step {
		return m.value
	}
	return m.round(m.value * cmp.Or(e.Factor, 5))
}

func (e *Event) drift(m *moment) float64 {
	const day = 24 * time.Hour
	return m.round(m.value * (1 + cmp.Or(e.Factor, 2)/100*float64(m.into())/float64(day)))
}

func (e *Event) frozen(m *moment) float64 { return m.usual(m.begin) }

func (e *Event) zero(*moment) float64 { return 0 }

func (e *Event) negative(*moment) float64 { return -1 }

// rangeEnds are the upper ends of usual instruments, in canonical units.
var rangeEnds = map[string]float64{
	"flow_in": 500, "flow_out": 500, "ph": 14, "temp": 65, "cod": 500, "tss": 1300, "nh4_n": 20, "tn": 100, "tp": 10, "toc": 200, "color": 500, "cl": 5,
}

// beyondRange is how far above its range an instrument reads that is broken; 1.2 is what may still be believed.
const beyondRange = 1.3

func (e *Event) beyond(m *moment) float64 {
	return cmp.Or(e.To, beyondRange*rangeEnds[m.parameter])
}

// clog falls over the first eighth of the event and then stands, but for the last digit.
func (e *Event) clog(m *moment) float64 {
	part := min(1, 8*float64(m.into())/float64(e.Duration))
	left := cmp.Or(e.Factor, 0.3) * m.usual(m.begin)
	return m.round((m.value*(1-part) + left*part) * (1 + 0.002*m.restless()))
}

// sawtooth grows over the hour until the wiper has passed.
func (e *Event) sawtooth(m *moment) float64 {
	const period = time.Hour
	return m.round(m.value * (1 + cmp.Or(e.Factor, 0.12)*float64(m.into()%period)/float64(period)))
}

// standard is what a calibration reads: buffers of pH 4, 7 and 10, else zero and then half of the range.
func (e *Event) standard(m *moment) float64 {
	share := float64(m.into()) / float64(e.Duration)
	switch {
	case m.parameter == "ph":
		return 4 + 3*math.Floor(3*share)
	case m.parameter == "temp" || m.parameter == "flow_in" || m.parameter == "flow_out":
		return m.value
	case share < 0.5:
		return 0
	}
	return rangeEnds[m.parameter] / 2
}

func (e *Event) bypass(m *moment) float64 { return m.round(m.value * cmp.Or(e.Factor, 0.55)) }

// still is a value that somebody sets: just below To, with next to no variance.
func (e *Event) still(m *moment) float64 {
	return m.round(e.To * (0.985 + 0.003*m.restless()))
}

// storm is rain in the sewer, for the time of the event.
func (e *Event) storm(m *moment) float64 {
	factor := cmp.Or(e.Factor, 1.6)
	part := math.Sin(math.Pi * float64(m.into()) / float64(e.Duration))
	switch m.parameter {
	case "cod", "nh4_n":
		return m.round(m.value / (1 + (factor-1)*part))
	case "tss":
		return m.round(m.value * (1 + 0.4*part))
	}
	return m.round(m.value * (1 + (factor-1)*part))
}

package geo

import (
	"fmt"
	"slices"
	"time"
)

// River is a water course. It is a line, not a surface: what lies off it is taken to its nearest place.
type River struct {
	ID   string `json:"id" yaml:"id"`
	Name Text   `json:"name" yaml:"name"`
	// Line follows the flow: the source first, the mouth last.
	Line []Point `json:"line" yaml:"line"`
	// Into is the id of the river that it flows into; "" = the sea, or out of the jurisdiction.
	Into string `json:"into,omitempty" yaml:"into,omitempty"`
	// PrecisionKM says how far Line can be off, in km.
	PrecisionKM float64 `json:"precision_km" yaml:"precision_km"`
	// Speed is that of the water in m/s, averaged over the year; 0 = DefaultFlowSpeed. A tidal reach flows both ways, so
	// travel times there are an order of magnitude only.
	Speed float64 `json:"speed_m_s,omitempty" yaml:"speed_m_s,omitempty"`
	// Confidence says in words how well the facts are known.
	Confidence string `json:"confidence,omitempty" yaml:"confidence,omitempty"`
}

// DefaultFlowSpeed is a usual mean speed of lowland rivers, in m/s.
const DefaultFlowSpeed = 0.5

// Bounds of the facts about rivers and instruments.
const (
	maxLine        = 100_000
	maxInstruments = 100
)

// Instrument is a measuring device of a station.
type Instrument struct {
	// Serial is the maker's number, unique within a station.
	Serial     string   `json:"serial" yaml:"serial"`
	Model      string   `json:"model,omitempty" yaml:"model,omitempty"`
	Parameters []string `json:"parameters" yaml:"parameters"`
	// Calibrated is when it was last calibrated; zero = not known.
	Calibrated time.Time `json:"calibrated,omitzero" yaml:"calibrated,omitempty"`
	// Due is when it must be calibrated again; zero = not known.
	Due time.Time `json:"calibration_due,omitzero" yaml:"calibration_due,omitempty"`
}

// Overdue reports whether the instrument should have been calibrated before t.
func (i *Instrument) Overdue(t time.Time) bool { return !i.Due.IsZero() && i.Due.Before(t) }

func (s *Station) checkInstruments(at string, report func(string, string, ...any)) {
	if len(s.Instruments) > maxInstruments {
		report(at+".instruments", "%d instruments; at most %d", len(s.Instruments), maxInstruments)
		return
	}
	for j := range s.Instruments {
		in, path := &s.Instruments[j], fmt.Sprintf("%s.instruments[%d]", at, j)
		if in.Serial == "" {
			report(path+".serial", "the serial number is missing")
		}
		if slices.ContainsFunc(s.Instruments[:j], func(o Instrument) bool { return o.Serial == in.Serial && in.Serial != "" }) {
			report(path+".serial", "serial number %q is given twice", in.Serial)
		}
		for k, p := range in.Parameters {
			if !slices.Contains(s.Parameters, p) {
				report(fmt.Sprintf("%s.parameters[%d]", path, k), "the station does not measure %q", p)
			}
		}
		if !in.Due.IsZero() && in.Due.Before(in.Calibrated) {
			report(path+".calibration_due", "calibration is due before it was last done")
		}
	}
}

// addRivers checks the rivers and indexes them.
func (r *Registry) addRivers(report func(string, string, ...any)) {
	r.river = make(map[string]int, len(r.rivers))
	for i := range r.rivers {
		v, at := &r.rivers[i], fmt.Sprintf("rivers[%d]", i)
		if !ValidID(v.ID) {
			report(at+".id", "id %q must match [a-z0-9][a-z0-9-]{0,62}", v.ID)
		}
		if _, twice := r.river[v.ID]; twice {
			report(at+".id", "river %q is declared twice", v.ID)
		}
		r.river[v.ID] = i
		if v.Name.VI == "" {
			report(at+".name", "the Vietnamese name is missing")
		}
		if !(v.Speed >= 0 && v.Speed <= 10) {
			report(at+".speed_m_s", "a speed lies between 0 and 10 m/s")
		}
		v.checkLine(at+".line", report)
	}
	for i, v := range r.rivers {
		if _, known := r.river[v.Into]; v.Into != "" && !known {
			report(fmt.Sprintf("rivers[%d].into", i), "river %q is not in the registry", v.Into)
		} else if r.isCircular(i) {
			report(fmt.Sprintf("rivers[%d].into", i), "the way down from %q comes round to itself", v.ID)
		}
	}
}

func (v *River) checkLine(at string, report func(string, string, ...any)) {
	if len(v.Line) < 2 || len(v.Line) > maxLine {
		report(at, "a river has between 2 and %d positions; this one has %d", maxLine, len(v.Line))
		return
	}
	length := 0.0
	for k, p := range v.Line {
		if msg := p.Check(); msg != "" {
			report(fmt.Sprintf("%s[%d]", at, k), "%s", msg)
			return
		}
		if k > 0 {
			length += Distance(v.Line[k-1], p)
		}
	}
	if length == 0 {
		report(at, "the river has no length")
	}
}

// isCircular follows the flow from river i; a way longer than there are rivers has come round.
func (r *Registry) isCircular(i int) bool {
	for range r.rivers {
		next, known := r.river[r.rivers[i].Into]
		if !known {
			return false
		}
		i = next
	}
	return len(r.rivers) > 0
}

// checkWater accepts the id of a river only.
func (r *Registry) checkWater(at string, s *Station, report func(string, string, ...any)) {
	if _, known := r.river[s.ReceivingWater]; s.ReceivingWater != "" && !known {
		report(at+".receiving_water", "river %q is not in the registry", s.ReceivingWater)
	}
}

// Rivers lists the rivers in the order of the file. The caller must not change it.
func (r *Registry) Rivers() []River { return r.rivers }

// River finds a river by id.
func (r *Registry) River(id string) (River, bool) {
	i, ok := r.river[id]
	if !ok {
		return River{}, false
	}
	return r.rivers[i], true
}

package ingest

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"quantrac/geo"
)

// Unknown is a name in a delivery that means nothing to us.
type Unknown struct {
	// Kind is MapParameter or MapStation.
	Kind string `json:"kind"`
	Name string `json:"name"`
	// Station at which a parameter is unknown.
	Station   string     `json:"station,omitempty"`
	Proposals []Proposal `json:"proposals"`
}

// Proposal is what an unknown name may mean.
type Proposal struct {
	// Target is a parameter code or a station id, Name what people call it.
	Target string   `json:"target"`
	Name   geo.Text `json:"name"`
	// Score is 0 to 1; 1 = certain.
	Score  float64 `json:"score"`
	Reason string  `json:"reason"`
}

const (
	// maxProposals is how many proposals a name gets, minScore what each has at least.
	maxProposals = 5
	minScore     = 0.3
	// maxUnknown is how many different unknown names of a delivery are explained, of them maxUnknownStations stations, each of
	// which is compared with the whole registry.
	maxUnknown, maxUnknownStations = 64, 8
)

// unknownName is a name that Check did not know.
type unknownName struct{ kind, name, station, unit string }

// unknown notes a name for Explain.
func (c *checker) unknown(n unknownName) {
	if !c.Curious || len(c.in.unknown) >= maxUnknown {
		return
	}
	stations := 0
	for _, old := range c.in.unknown {
		if old.kind == MapStation {
			stations++
		}
		if old == n {
			return
		}
	}
	if n.kind == MapStation && stations == maxUnknownStations {
		return
	}
	c.in.unknown = append(c.in.unknown, n)
}

// Explain lists the names that Look did not know, in the order of the payload, each with what it may mean. Of an Intake that
// did not come from Look it knows nothing. Never nil.
func (d *Door) Explain(in *Intake) []Unknown {
	out := make([]Unknown, 0, len(in.unknown))
	if len(in.unknown) == 0 {
		return out
	}
	reg := d.Registry()
	var stations []candidate
	for _, n := range in.unknown {
		u := Unknown{Kind: n.kind, Name: cut(n.name, maxName), Station: n.station}
		if n.kind == MapStation {
			if stations == nil {
				stations = stationCandidates(reg)
			}
			u.Proposals = proposeStation(reg, stations, n.name)
		} else {
			u.Proposals = proposeParameter(d.Catalogue, reg, n)
		}
		out = append(out, u)
	}
	return out
}

// Propose ranks what a name may mean, best first. kind is MapParameter or MapStation; station is where a parameter is meant, ""
// = anywhere. The same question gets the same answer. Never nil.
func (d *Door) Propose(kind, name, station string) []Proposal {
	reg := d.Registry()
	if kind == MapStation {
		return proposeStation(reg, stationCandidates(reg), name)
	}
	return proposeParameter(d.Catalogue, reg, unknownName{MapParameter, name, station, ""})
}

func proposeParameter(cat *Catalogue, reg *geo.Registry, n unknownName) []Proposal {
	w := wordsOf(n.name)
	unit, hasUnit := cat.unit(cut(n.unit, maxName))
	hasUnit = hasUnit && !cat.saysNoUnit(n.unit)
	station, _ := reg.Station(n.station)
	out := make([]Proposal, 0, len(cat.parameters))
	for i := range cat.parameters {
		p := &cat.parameters[i]
		best := Proposal{Target: p.Code, Name: p.Name}
		for _, name := range append([]string{p.Code, p.Symbol, p.Name.VI, p.Name.EN}, p.Aliases...) {
			if score, reason := w.parameterScore(name); score > best.Score {
				best.Score, best.Reason = score, reason
			}
		}
		if own, known := cat.unit(p.Unit); hasUnit && known {
			switch alike := own.Dimension == unit.Dimension; {
			case alike && best.Score > 0:
				best.Score += 0.05
				best.Reason += ", and the unit fits"
			case alike && own.Dimension != "concentration": // which is that of too many
				best.Score, best.Reason = 0.4, fmt.Sprintf("%s is its unit", unit.ID)
			case !alike:
				best.Score /= 2
			}
		}
		if station != nil && !slices.Contains(station.Parameters, p.Code) {
			best.Score *= 0.9
		}
		out = append(out, best)
	}
	return rank(out)
}

// parameterScore compares with one name of a parameter.
func (w words) parameterScore(name string) (float64, string) {
	folded := geo.Fold(name)
	if len(folded) < 2 {
		return 0, ""
	}
	if w.folded == folded {
		return 1, fmt.Sprintf("%q is a name of it", name)
	}
	if w.holdsRun(folded) {
		return 0.6 + 0.35*float64(len(folded))/float64(len(w.folded)), fmt.Sprintf("it holds %q", name)
	}
	score, reason := w.spelling(folded, name)
	return 0.9 * score, reason
}

// candidate is a name of a station.
type candidate struct {
	station int
	text    string
	words   words
}

func stationCandidates(reg *geo.Registry) []candidate {
	out := make([]candidate, 0, 4*len(reg.Stations()))
	for i := range reg.Stations() {
		s := &reg.Stations()[i]
		for _, name := range append([]string{s.ID, s.Name.VI, s.Name.EN}, s.Aliases...) {
			if name != "" {
				out = append(out, candidate{i, name, wordsOf(name)})
			}
		}
	}
	return out
}

func proposeStation(reg *geo.Registry, names []candidate, name string) []Proposal {
	w := wordsOf(name)
	out := []Proposal{}
	for i := range names {
		c := &names[i]
		score, reason := w.spelling(c.words.folded, c.text)
		if shared, text := w.shared(c.words); 0.95*shared > score {
			score, reason = 0.95*shared, text
		}
		if score < minScore {
			continue
		}
		s := &reg.Stations()[c.station]
		if n := len(out); n > 0 && out[n-1].Target == s.ID { // the names of a station follow each other
			if score > out[n-1].Score {
				out[n-1].Score, out[n-1].Reason = score, reason
			}
			continue
		}
		out = append(out, Proposal{s.ID, s.Name, score, reason})
	}
	return rank(out)
}

// rank keeps the best proposals; equal ones stay in their order.
func rank(all []Proposal) []Proposal {
	all = slices.DeleteFunc(all, func(p Proposal) bool { return p.Score < minScore })
	for i := range all {
		all[i].Score = math.Round(min(all[i].Score, 1)*100) / 100
	}
	slices.SortStableFunc(all, func(a, b Proposal) int { return cmp.Compare(b.Score, a.Score) })
	return slices.Clip(all[:min(len(all), maxProposals)])
}

package alerts

import (
	"slices"
	"time"

	"quantrac/geo"
)

// Watches lists those of a station's parameters whose readings the set needs to judge the station; none = it judges nothing there.
func (s *Rules) Watches(st *geo.Station) []string {
	var out []string
	for _, p := range st.Parameters {
		if slices.ContainsFunc(s.compiled, func(r rule) bool { return r.needs(st, p) }) {
			out = append(out, p)
		}
	}
	return out
}

// needs reports whether a rule can look at a parameter of a station, to judge it or to judge another by it.
func (r *rule) needs(st *geo.Station, parameter string) bool {
	if r.kind.deferred || r.On == OnSilence { // load and flatline look at the flow, an expression at anything, silence at everything
		return r.selectsStation(st)
	}
	return r.selects(st, parameter)
}

// Reach is how far behind an instant the readings of a station must begin, so that what the set says of the instant does not depend
// on where they begin: its longest window and its waiting times. Only an alert that was open all that time can begin too late.
func (s *Rules) Reach(st *geo.Station) time.Duration {
	var reach int64
	for i := range s.compiled {
		if r := &s.compiled[i]; r.selectsStation(st) {
			reach = max(reach, r.lookback+r.forNS+r.keepNS+int64(r.After))
		}
	}
	return time.Duration(reach) + gapCycles*st.Cycle
}

// Patience is the shortest silence that the set tells, 0 if it watches for none: who plays the past to an engine must tick it more
// often than that.
func (s *Rules) Patience() time.Duration {
	var shortest time.Duration
	for i := range s.compiled {
		if r := &s.compiled[i]; r.On == OnSilence && (shortest == 0 || time.Duration(r.After) < shortest) {
			shortest = time.Duration(r.After)
		}
	}
	return shortest
}

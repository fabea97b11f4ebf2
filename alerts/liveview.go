package alerts

import (
	"math"
	"time"

	"quantrac/geo"
	"quantrac/ingest"
)

// LiveReading is a newest value as the websocket carries it. Value and Ratio are nil where there is none.
type LiveReading struct {
	Station    string       `json:"station"`
	Parameter  string       `json:"parameter"`
	Value      *float64     `json:"value"`
	Unit       string       `json:"unit"`
	Status     string       `json:"status"`
	Flags      ingest.Flags `json:"flags"`
	MeasuredAt time.Time    `json:"measured_at"`
	Ratio      *float64     `json:"ratio"`
}

// LatestView is the newest value of one parameter.
type LatestView struct {
	Value      *float64     `json:"value"`
	Unit       string       `json:"unit"`
	Status     string       `json:"status"`
	Flags      ingest.Flags `json:"flags"`
	MeasuredAt time.Time    `json:"measured_at"`
	ReceivedAt time.Time    `json:"received_at"`
	// Limit is the bound that the value is nearer to, of LimitMin and LimitMax; nil = no such bound.
	Limit    *float64 `json:"limit"`
	LimitMin *float64 `json:"limit_min"`
	LimitMax *float64 `json:"limit_max"`
	Ratio    *float64 `json:"ratio"`
}

// StationView is a station with its live state, as the API and the websocket show it.
type StationView struct {
	ID         string    `json:"id"`
	Name       geo.Text  `json:"name"`
	Park       string    `json:"park"`
	Kind       geo.Kind  `json:"kind"`
	Location   geo.Point `json:"location"`
	Parameters []string  `json:"parameters"`
	State      State     `json:"state"`
	// Index is the greatest ratio of the usable newest values; nil = there is none.
	Index  *float64              `json:"index"`
	Latest map[string]LatestView `json:"latest"`
}

// ParkLatest is the worst newest value of one parameter among the stations of a park.
type ParkLatest struct {
	Station string `json:"station"`
	LatestView
}

// ParkView is a park with the live state of its stations.
type ParkView struct {
	geo.Park
	// Stations are the ids of its stations, in the order of the registry.
	Stations []string `json:"stations"`
	// State is the worst of its stations that are not offline; offline when all are, or there is none.
	State  State                 `json:"state"`
	Index  *float64              `json:"index"`
	Latest map[string]ParkLatest `json:"latest"`
}

// Station is the view of a station.
func (l *Live) Station(id string) (StationView, bool) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	s, ok := l.byID[id]
	if !ok {
		return StationView{}, false
	}
	return s.view(), true
}

// Stations are the views of all stations, in the order of the registry.
func (l *Live) Stations() []StationView {
	l.mu.RLock()
	defer l.mu.RUnlock()
	all := l.cfg.Registry.Stations()
	out := make([]StationView, len(all))
	for i := range all {
		out[i] = l.byID[all[i].ID].view()
	}
	return out
}

// StateCounts is the number of stations in each state, with a zero for states that none is in.
func (l *Live) StateCounts() map[State]int {
	l.mu.RLock()
	defer l.mu.RUnlock()
	out := make(map[State]int, len(States()))
	for _, s := range States() {
		out[s] = 0
	}
	for _, s := range l.byID {
		out[s.state]++
	}
	return out
}

// Park is the view of a park.
func (l *Live) Park(id string) (ParkView, bool) {
	park, ok := l.cfg.Registry.Park(id)
	if !ok {
		return ParkView{}, false
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.parkView(park), true
}

// Parks are the views of all parks, in the order of the registry.
func (l *Live) Parks() []ParkView {
	l.mu.RLock()
	defer l.mu.RUnlock()
	all := l.cfg.Registry.Parks()
	out := make([]ParkView, len(all))
	for i := range all {
		out[i] = l.parkView(all[i])
	}
	return out
}

func (l *Live) parkView(park geo.Park) ParkView {
	v := ParkView{Park: park, Stations: []string{}, State: Offline, Latest: map[string]ParkLatest{}}
	index := math.NaN()
	for _, s := range l.inPark[park.ID] {
		v.Stations = append(v.Stations, s.st.ID)
		if s.state == Offline {
			continue
		}
		if v.State == Offline {
			v.State = s.state
		} else {
			v.State = worse(v.State, s.state)
		}
		index = greater(index, s.index)
		for _, se := range s.series {
			if !se.spoken() {
				continue
			}
			have, ok := v.Latest[se.reading.Parameter]
			if !ok || se.beats(&have) {
				v.Latest[se.reading.Parameter] = ParkLatest{s.st.ID, se.view()}
			}
		}
	}
	v.Index = known(index)
	return v
}

// beats reports whether this value says more about a park than the one it has: the greater ratio, else the newer time.
func (se *liveSeries) beats(have *ParkLatest) bool {
	switch {
	case have.Ratio == nil && math.IsNaN(se.ratio):
		return se.reading.MeasuredAt.After(have.MeasuredAt)
	case have.Ratio == nil || math.IsNaN(se.ratio):
		return have.Ratio == nil
	default:
		return se.ratio > *have.Ratio
	}
}

func (s *liveStation) view() StationView {
	v := StationView{
		ID: s.st.ID, Name: s.st.Name, Park: s.st.Park, Kind: s.st.Kind, Location: s.st.Location, Parameters: s.st.Parameters,
		State: s.state, Index: known(s.index), Latest: make(map[string]LatestView, len(s.series)),
	}
	for _, se := range s.series {
		if se.spoken() {
			v.Latest[se.reading.Parameter] = se.view()
		}
	}
	return v
}

func (se *liveSeries) spoken() bool { return !se.reading.MeasuredAt.IsZero() }

func (se *liveSeries) view() LatestView {
	r := &se.reading
	v := LatestView{
		Value: known(r.Value), Unit: r.Unit, Status: r.Status.String(), Flags: r.Flags, MeasuredAt: r.MeasuredAt,
		ReceivedAt: r.ReceivedAt, Ratio: known(se.ratio),
	}
	if se.limit == nil {
		return v
	}
	v.LimitMin, v.LimitMax = known(se.limit.Min), known(se.limit.Max)
	nearer := se.limit.Max
	if r.HasNumber() || math.IsNaN(nearer) {
		nearer = se.limit.Nearer(r.Value)
	}
	v.Limit = known(nearer)
	return v
}

func (se *liveSeries) item() LiveReading {
	r := &se.reading
	return LiveReading{
		Station: r.Station, Parameter: r.Parameter, Value: known(r.Value), Unit: r.Unit, Status: r.Status.String(),
		Flags: r.Flags, MeasuredAt: r.MeasuredAt, Ratio: known(se.ratio),
	}
}

// greater is the greater of two numbers, where NaN is none.
func greater(a, b float64) float64 {
	if math.IsNaN(a) || b > a {
		return b
	}
	return a
}

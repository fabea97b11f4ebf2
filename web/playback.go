package web

import (
	"cmp"
	"math"
	"net/http"
	"slices"
	"strconv"
	"time"

	"quantrac/alerts"
	"quantrac/geo"
)

// Bounds of one answer about the past. What is asked beyond them is clamped: the answer says how far it goes, and the next one begins there.
const (
	usualPast      = 6 * time.Hour
	usualPastStep  = "5m"
	mostSteps      = 2000
	mostPastCells  = 500_000
	mostPastValues = 20_000_000
	mostPastAlerts = 1000
)

// playbackAnswer is the past of many stations as columns: entry [i][k] of each is station i at instant from + k × every.
type playbackAnswer struct {
	From       time.Time      `json:"from"`
	To         time.Time      `json:"to"`
	Every      float64        `json:"every_seconds"`
	Stations   []string       `json:"stations"`
	Parameters []string       `json:"parameters"`
	States     []alerts.State `json:"states"`
	// State and Worst are places in States and Parameters, Worst -1 where there is no index.
	State [][]int    `json:"state"`
	Index []decimals `json:"index"`
	Worst [][]int    `json:"worst"`
	// Values, Ratios and Measured (seconds since 1970), by parameter, are there when one station was asked for.
	Values   []decimals `json:"values,omitempty"`
	Ratios   []decimals `json:"ratios,omitempty"`
	Measured []decimals `json:"measured,omitempty"`
	// Alerts were open at some instant of it, newest first.
	Alerts     []alerts.View `json:"alerts"`
	MoreAlerts bool          `json:"more_alerts"`
}

// decimals are numbers to three places, NaN as null.
type decimals []float64

// MarshalJSON writes an array.
func (d decimals) MarshalJSON() ([]byte, error) {
	const bytesOfOne, thousand = 6, 1000
	b := append(make([]byte, 0, 2+bytesOfOne*len(d)), '[')
	for i, v := range d {
		if i > 0 {
			b = append(b, ',')
		}
		if math.IsNaN(v) || math.IsInf(v, 0) {
			b = append(b, "null"...)
			continue
		}
		if round := math.Round(v*thousand) / thousand; !math.IsInf(round, 0) {
			v = round
		}
		b = strconv.AppendFloat(b, v, 'g', -1, 64)
	}
	return append(b, ']'), nil
}

// playback answers how the stations stood in a window of the past.
func (s *Server) playback(w http.ResponseWriter, r *http.Request) error {
	g, stations, err := s.pastQuery(r)
	if err != nil {
		return err
	}
	select {
	case s.playing <- struct{}{}:
		defer func() { <-s.playing }()
	case <-r.Context().Done():
		return r.Context().Err()
	}
	a := newPlayback(g, stations)
	byID := make(map[string]int, len(stations))
	memory := time.Duration(0)
	for i, st := range stations {
		byID[st.ID], memory = i, max(memory, alerts.MemoryOf(st))
	}
	q := ColumnQuery{Stations: stations, From: g.From.Add(-memory), To: a.To}
	err = s.cfg.History.Columns(r.Context(), q, func(station string, trails []alerts.Trail) error {
		if past, ok := s.cfg.Live.Past(station, trails, g); ok {
			a.put(byID[station], trails, &past)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if a.Alerts, a.MoreAlerts, err = s.alertsOpen(r, a.From, a.To); err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, a)
	return nil
}

func newPlayback(g alerts.Grid, stations []*geo.Station) *playbackAnswer {
	a := &playbackAnswer{
		From: g.From, To: g.At(g.Steps), Every: g.Every.Seconds(), States: alerts.States(), Stations: []string{}, Parameters: []string{},
		State: make([][]int, len(stations)), Index: make([]decimals, len(stations)), Worst: make([][]int, len(stations)),
	}
	// A station that the registry lost meanwhile stands as one that never spoke.
	offline, none, unknown := make([]int, g.Steps), make(decimals, g.Steps), make([]int, g.Steps)
	for k := range g.Steps {
		offline[k], none[k], unknown[k] = slices.Index(a.States, alerts.Offline), math.NaN(), -1
	}
	for i, st := range stations {
		a.Stations = append(a.Stations, st.ID)
		a.State[i], a.Index[i], a.Worst[i] = offline, none, unknown
		for _, p := range st.Parameters {
			if !slices.Contains(a.Parameters, p) {
				a.Parameters = append(a.Parameters, p)
			}
		}
	}
	if len(stations) == 1 {
		for range a.Parameters {
			a.Values, a.Ratios, a.Measured = append(a.Values, none), append(a.Ratios, none), append(a.Measured, none)
		}
	}
	return a
}

func (a *playbackAnswer) put(i int, trails []alerts.Trail, past *alerts.Past) {
	state, worst := make([]int, len(past.State)), make([]int, len(past.State))
	for k := range past.State {
		state[k], worst[k] = slices.Index(a.States, past.State[k]), slices.Index(a.Parameters, past.Worst[k])
	}
	a.State[i], a.Index[i], a.Worst[i] = state, past.Index, worst
	if a.Values == nil {
		return
	}
	for k := range trails {
		if p := slices.Index(a.Parameters, trails[k].Parameter); p >= 0 {
			a.Values[p], a.Ratios[p], a.Measured[p] = past.Value[k], past.Ratio[k], seconds(past.Measured[k])
		}
	}
}

func seconds(times []time.Time) decimals {
	const thousand = 1000
	out := make(decimals, len(times))
	for i, t := range times {
		if out[i] = float64(t.UnixMilli()) / thousand; t.IsZero() {
			out[i] = math.NaN()
		}
	}
	return out
}

// alertsOpen are the alerts that were open at some time between from and to.
func (s *Server) alertsOpen(r *http.Request, from, to time.Time) (open []alerts.View, more bool, err error) {
	items, next, err := s.cfg.Alerts.List(alerts.Query{Since: from, To: to, Station: r.URL.Query().Get("station"), Limit: mostPastAlerts})
	return viewsOf(items), next != "", err
}

// pastQuery reads which stations are asked for at which instants, and bounds both.
func (s *Server) pastQuery(r *http.Request) (alerts.Grid, []*geo.Station, error) {
	from, to, every, err := s.pastTimes(r, usualPast, usualPastStep)
	if err != nil {
		return alerts.Grid{}, nil, err
	}
	stations, err := s.pastStations(r.URL.Query().Get("station"))
	if err != nil {
		return alerts.Grid{}, nil, err
	}
	perHour := 0.0
	for _, st := range stations {
		perHour += float64(len(st.Parameters)) * float64(time.Hour) / float64(max(st.Cycle, time.Second))
	}
	steps := stepsUntil(from, to, every)
	steps = min(steps, max(mostPastCells/max(len(stations), 1), 1))
	if most := mostPastValues / max(perHour, 1) / every.Hours(); float64(steps) > most {
		steps = max(int(most), 1)
	}
	return alerts.Grid{From: from, Every: every, Steps: steps}, stations, nil
}

func (s *Server) pastStations(id string) ([]*geo.Station, error) {
	reg := s.cfg.Registry()
	if id != "" {
		st, ok := reg.Station(id)
		if !ok {
			return nil, ErrNotFound
		}
		return []*geo.Station{st}, nil
	}
	all := reg.Stations()
	out := make([]*geo.Station, len(all))
	for i := range all {
		out[i] = &all[i]
	}
	return out, nil
}

// pastTimes reads from, to and every. From is moved back to a multiple of every, so that windows of the same step fit together; to is
// not after now.
func (s *Server) pastTimes(r *http.Request, span time.Duration, usualEvery string) (from, to time.Time, every time.Duration, err error) {
	v := r.URL.Query()
	now := s.cfg.Now().UTC()
	if to, err = instant(v.Get("to"), now, "to"); err != nil {
		return from, to, 0, err
	}
	if to.After(now) {
		to = now
	}
	if from, err = instant(v.Get("from"), to.Add(-span), "from"); err != nil {
		return from, to, 0, err
	}
	if every, err = parseEvery(cmp.Or(v.Get("every"), usualEvery)); err != nil {
		return from, to, 0, err
	}
	from = within(from)
	from = from.Add(-time.Duration(from.UnixNano() % int64(every)))
	if !from.Before(to) {
		return from, to, 0, fail(http.StatusBadRequest, "from must lie before to and before now")
	}
	return from, to, every, nil
}

// stepsUntil is how many instants of a grid lie before to, at most mostSteps.
func stepsUntil(from, to time.Time, every time.Duration) int {
	return int(min((to.Sub(from)-1)/every+1, mostSteps))
}

const (
	usualOverview     = 30 * 24 * time.Hour
	usualOverviewStep = "3h"
)

// playbackOverview answers how many alerts were open at each instant, by severity: it costs no look into history.
func (s *Server) playbackOverview(w http.ResponseWriter, r *http.Request) error {
	from, to, every, err := s.pastTimes(r, usualOverview, usualOverviewStep)
	if err != nil {
		return err
	}
	g := alerts.Grid{From: from, Every: every, Steps: stepsUntil(from, to, every)}
	open := map[string][]int{}
	for sev := alerts.Info; sev <= alerts.Emergency; sev++ {
		open[sev.String()] = make([]int, g.Steps)
	}
	q := alerts.Query{Since: from, To: g.At(g.Steps), Limit: mostPastAlerts}
	for more := true; more; more = q.After != "" {
		var items []alerts.Alert
		if items, q.After, err = s.cfg.Alerts.List(q); err != nil {
			return err
		}
		for i := range items {
			count(open[items[i].PeakSeverity.String()], g, &items[i])
		}
	}
	writeJSON(w, http.StatusOK, struct {
		From  time.Time        `json:"from"`
		To    time.Time        `json:"to"`
		Every float64          `json:"every_seconds"`
		Open  map[string][]int `json:"open"`
	}{g.From, g.At(g.Steps), g.Every.Seconds(), open})
	return nil
}

// count adds an alert to every instant between two of which, or at which, it was open: a short one is not lost between them.
func count(counts []int, g alerts.Grid, a *alerts.Alert) {
	last := len(counts) - 1
	if a.ResolvedAt != nil {
		last = min(last, int(a.ResolvedAt.Sub(g.From)/g.Every))
	}
	for k := max(0, int(a.OpenedAt.Sub(g.From)/g.Every)); k <= last; k++ {
		counts[k]++
	}
}

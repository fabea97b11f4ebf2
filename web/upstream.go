package web

import (
	"context"
	"errors"
	"math"
	"net/http"
	"time"

	"quantrac/geo"
)

// UpstreamQuery asks which outfalls may be behind what was seen at a station.
type UpstreamQuery struct {
	Station, Parameter string
	At                 time.Time
}

// UpstreamAnswer are the candidates, with loads in kg a day. Weighed says that the parameter is a concentration, so that loads could be
// asked for.
type UpstreamAnswer struct {
	Candidates []geo.Candidate
	Weighed    bool
}

// Reasons why an answer is empty, or ranked by travel time alone.
const (
	upstreamNoStation = "no_station"
	upstreamGone      = "gone"
	upstreamOffRiver  = "off_river"
	upstreamNobody    = "nobody"
	upstreamNoLoad    = "no_load"
)

type upstreamItem struct {
	Rank    int      `json:"rank"`
	Station string   `json:"station"`
	Name    geo.Text `json:"name"`
	Park    string   `json:"park"`
	River   string   `json:"river"`
	// DistanceKM and TravelHours are along the rivers.
	DistanceKM  float64 `json:"distance_km"`
	TravelHours float64 `json:"travel_hours"`
	// Change, Load and Baseline are kg a day; nil = not known.
	Change   *float64 `json:"change"`
	Load     *float64 `json:"load_kg_day"`
	Baseline *float64 `json:"baseline_kg_day"`
	// At is when the water would have left, at the mean speed; From and To allow for how wrong that can be.
	At         time.Time `json:"at"`
	From       time.Time `json:"from"`
	To         time.Time `json:"to"`
	OffRiverKM float64   `json:"off_river_km"`
}

// upstream answers which outfalls may be behind an alert. They are candidates, not culprits.
func (s *Server) upstream(w http.ResponseWriter, r *http.Request) error {
	a, _, ok, err := s.cfg.Alerts.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	if !ok {
		return ErrNotFound
	}
	view := struct {
		Items  []upstreamItem `json:"items"`
		Reason *string        `json:"reason"`
	}{Items: []upstreamItem{}}
	because := func(reason string) error {
		view.Reason = &reason
		writeJSON(w, http.StatusOK, view)
		return nil
	}
	if a.Station.ID == "" {
		return because(upstreamNoStation)
	}
	registry := s.cfg.Registry()
	if _, there := registry.Station(a.Station.ID); !there {
		return because(upstreamGone)
	}
	answer, err := s.cfg.Upstream(r.Context(), UpstreamQuery{a.Station.ID, a.Parameter, a.OpenedAt})
	switch {
	case errors.Is(err, geo.ErrOffRiver):
		return because(upstreamOffRiver)
	case err != nil:
		return err
	case len(answer.Candidates) == 0:
		return because(upstreamNobody)
	}
	for _, c := range answer.Candidates {
		view.Items = append(view.Items, upstreamView(registry, c, a.OpenedAt))
	}
	if !answer.Weighed {
		return because(upstreamNoLoad)
	}
	writeJSON(w, http.StatusOK, view)
	return nil
}

func upstreamView(registry *geo.Registry, c geo.Candidate, at time.Time) upstreamItem {
	v := upstreamItem{
		Rank: c.Rank, Station: c.Station, Park: c.Park, River: c.River, DistanceKM: tenth(c.Distance / 1000), TravelHours: tenth(c.Travel.Hours()),
		Change: tenths(c.Change), Load: tenths(c.Peak), Baseline: tenths(c.Before), At: at.Add(-c.Travel).UTC(), From: c.From.UTC().Round(time.Second), To: c.To.UTC().Round(time.Second),
		OffRiverKM: tenth(c.OffRiver / 1000),
	}
	if st, ok := registry.Station(c.Station); ok {
		v.Name = st.Name
	}
	return v
}

// Upstream finds the outfalls; the loads come from the history.
type Upstream func(ctx context.Context, q UpstreamQuery) (UpstreamAnswer, error)

func tenth(v float64) float64 { return math.Round(v*10) / 10 }

func tenths(v *float64) *float64 {
	if v == nil {
		return nil
	}
	rounded := tenth(*v)
	return &rounded
}

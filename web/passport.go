package web

import (
	"math"
	"net/http"
	"slices"
	"time"

	"quantrac/alerts"
	"quantrac/geo"
)

// passport is what is registered about a station: its papers and devices, and the limits that it is judged by.
type passport struct {
	ID string `json:"id"`
	// CycleSeconds is the time between two readings.
	CycleSeconds   float64              `json:"cycle_seconds"`
	Aliases        []string             `json:"aliases"`
	ReceivingWater *passportWater       `json:"receiving_water"`
	Permit         *geo.Permit          `json:"permit"`
	Instruments    []passportInstrument `json:"instruments"`
	Ranges         map[string]geo.Range `json:"ranges"`
	Limits         []limitSpan          `json:"limits"`
	// Inner is for officers; nil for who may only look.
	Inner *passportInner `json:"inner"`
}

type passportWater struct {
	ID   string   `json:"id"`
	Name geo.Text `json:"name"`
}

type passportInstrument struct {
	geo.Instrument
	// Overdue: it should have been calibrated by now.
	Overdue bool `json:"overdue"`
}

// passportInner would help who wants to reach the devices of a station from outside.
type passportInner struct {
	Camera   string            `json:"camera"`
	Gateways []passportGateway `json:"gateways"`
}

type passportGateway struct {
	ID        string     `json:"id"`
	Connected bool       `json:"connected"`
	LastSeen  *time.Time `json:"last_seen"`
}

// limitSpan is a limit of one parameter while it holds: From inclusive, To exclusive, nil = open.
type limitSpan struct {
	Parameter string     `json:"parameter"`
	From      *time.Time `json:"from"`
	To        *time.Time `json:"to"`
	Min       *float64   `json:"min"`
	Max       *float64   `json:"max"`
	Set       string     `json:"set"`
	Reference string     `json:"reference"`
	Legal     string     `json:"legal"`
	Verified  bool       `json:"verified"`
}

func (s *Server) passport(w http.ResponseWriter, r *http.Request) error {
	reg := s.cfg.Registry()
	st, ok := reg.Station(r.PathValue("id"))
	if !ok {
		return ErrNotFound
	}
	p := passport{
		ID: st.ID, CycleSeconds: st.Cycle.Seconds(), Aliases: append([]string{}, st.Aliases...), Permit: st.Permit,
		Instruments: []passportInstrument{}, Ranges: st.Ranges, Limits: []limitSpan{},
	}
	if p.Ranges == nil {
		p.Ranges = map[string]geo.Range{}
	}
	if river, ok := reg.River(st.ReceivingWater); ok {
		p.ReceivingWater = &passportWater{river.ID, river.Name}
	}
	now := s.cfg.Now()
	for i := range st.Instruments {
		p.Instruments = append(p.Instruments, passportInstrument{st.Instruments[i], st.Instruments[i].Overdue(now)})
	}
	limits := s.cfg.Limits.InForce()
	for _, code := range st.Parameters {
		for _, span := range limits.Spans(st, code) {
			p.Limits = append(p.Limits, limitSpanView(&span))
		}
	}
	if callerOf(r).role >= Officer {
		p.Inner = &passportInner{st.Camera, s.gatewaysOf(st)}
	}
	writeJSON(w, http.StatusOK, p)
	return nil
}

// gatewaysOf lists the gateways that are registered for a station by name.
func (s *Server) gatewaysOf(st *geo.Station) []passportGateway {
	out := []passportGateway{}
	for _, g := range s.cfg.Gateways.List() {
		if g.ID == st.Gateway || slices.Contains(g.Stations, st.ID) {
			out = append(out, passportGateway{g.ID, g.Connected, g.LastSeen})
		}
	}
	return out
}

func limitSpanView(s *alerts.LimitSpan) limitSpan {
	return limitSpan{
		Parameter: s.Parameter, From: openEnd(s.From), To: openEnd(s.To), Min: bounded(s.Min), Max: bounded(s.Max),
		Set: s.Set, Reference: s.Reference, Legal: s.Legal, Verified: s.Verified,
	}
}

func openEnd(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func bounded(v float64) *float64 {
	if math.IsNaN(v) {
		return nil
	}
	return &v
}

package backtest

import (
	"fmt"
	"time"

	"quantrac/alerts"
	"quantrac/geo"
	"quantrac/ingest"
)

// longestTick is how far apart an engine may be told the time so that it still counts as watching.
const longestTick = 30 * time.Second

// play is the history of one station played to two engines, which hold that station alone. inForce is nil when nothing is compared.
type play struct {
	st             *geo.Station
	draft, inForce *engine
	// reach is how far before the span the history must begin.
	reach time.Duration
	// every is the time between ticks, 0 = nobody watches for silence; now is the last one.
	every time.Duration
	now   time.Time
}

// engine is an engine with what it said.
type engine struct {
	*alerts.Engine
	limits *alerts.Limits
	st     *geo.Station
	spans  map[string]*span
	// order is the ids in the order in which they opened.
	order []string
}

// span is one alert that was made: from its opening to its end, or to the end of the history.
type span struct {
	alert alerts.Alert
	end   time.Time
	// ratio is the greatest known share of the limit; 0 = none is known.
	ratio float64
	// alone says that the other side has nothing that overlaps it, missed that it was a true exceedance besides.
	alone, missed bool
}

func (r *run) newPlay(st *geo.Station) (*play, error) {
	file := geo.File{Stations: []geo.Station{*st}}
	if park, ok := r.cfg.Registry.Park(st.Park); ok {
		file.Parks = []geo.Park{park}
	}
	file.Rivers = r.cfg.Registry.Rivers()
	alone, problems := geo.NewRegistry(file)
	if len(problems) > 0 {
		return nil, fmt.Errorf("station %s alone: %s", st.ID, problems[0])
	}
	p := &play{st: st}
	p.draft = r.newEngine(r.cfg.Draft, alone, p)
	switch r.cfg.InForce {
	case nil:
	case r.cfg.Draft:
		p.inForce = p.draft
	default:
		p.inForce = r.newEngine(r.cfg.InForce, alone, p)
	}
	return p, nil
}

func (r *run) newEngine(rules *alerts.Rules, alone *geo.Registry, p *play) *engine {
	p.reach = max(p.reach, rules.Reach(p.st))
	if patience := rules.Patience(); patience > 0 {
		every := min(longestTick, max(patience/4, time.Second))
		if p.every == 0 || every < p.every {
			p.every = every
		}
	}
	return &engine{
		Engine: alerts.NewEngine(alerts.EngineConfig{
			Rules: rules, Limits: r.cfg.Limits, Registry: alone, Catalogue: r.cfg.Catalogue, BaseURL: r.cfg.BaseURL,
		}),
		limits: r.cfg.Limits, st: p.st, spans: map[string]*span{},
	}
}

// step plays readings, each instant as one delivery.
func (p *play) step(readings []ingest.Reading) {
	for len(readings) > 0 {
		at, n := readings[0].MeasuredAt, 1
		for n < len(readings) && readings[n].MeasuredAt.Equal(at) {
			n++
		}
		p.tick(at)
		p.tell(alerts.Input{Kind: alerts.ReadingsIn, Readings: readings[:n]})
		readings = readings[n:]
	}
}

// tick lets time pass up to an instant. Silence begins with a tick; before the first reading there is nobody to be silent.
func (p *play) tick(until time.Time) {
	if p.every == 0 {
		return
	}
	if p.now.IsZero() {
		p.now = until
	}
	for p.now.Before(until) {
		if p.now = p.now.Add(p.every); p.now.After(until) {
			p.now = until
		}
		p.tell(alerts.Input{Kind: alerts.TickIn, At: p.now})
	}
}

func (p *play) tell(in alerts.Input) {
	p.draft.hear(p.draft.Step(in))
	if p.inForce != nil && p.inForce != p.draft {
		p.inForce.hear(p.inForce.Step(in))
	}
}

// end closes the books at the end of the history: what is open then stays open in the report.
func (p *play) end(to time.Time) {
	if !p.now.IsZero() {
		p.tick(to)
	}
	p.draft.closeAt(to)
	if p.inForce != nil {
		p.inForce.closeAt(to)
	}
}

func (e *engine) hear(events []alerts.Event) {
	for i := range events {
		a := &events[i].Alert
		s, known := e.spans[a.ID]
		if !known {
			s = &span{}
			e.spans[a.ID] = s
			e.order = append(e.order, a.ID)
		}
		s.alert = *a
		s.ratio = max(s.ratio, e.ratio(a))
		if a.ResolvedAt != nil {
			s.end = *a.ResolvedAt
		}
	}
}

// closeAt ends the spans of the alerts that are open, for comparing; their peak is that of the engine's state.
func (e *engine) closeAt(to time.Time) {
	for _, a := range e.OpenAt(e.st.ID) {
		if s, known := e.spans[a.ID]; known {
			s.alert, s.end, s.ratio = a, to, max(s.ratio, e.ratio(&a))
		}
	}
}

// ratio is how far the measured value of an alert went against its limit, at its worst; 0 when the alert is not about a measured value
// or a mean of such.
func (e *engine) ratio(a *alerts.Alert) float64 {
	switch a.Basis {
	case alerts.OnValue, alerts.OnMean1h, alerts.OnMean24h:
	default:
		return 0
	}
	limit, ok := e.limits.For(e.st, a.Parameter, a.MeasuredAt)
	if !ok || a.PeakValue == nil {
		return 0
	}
	return max(0, limit.Ratio(*a.PeakValue))
}

package alerts

import (
	"slices"
	"time"

	"quantrac/geo"
)

// Scopes of an alert that is about more than one station.
const (
	ScopePark    = "park"
	ScopeGateway = "gateway"
	// ScopeService is something of our own.
	ScopeService = "service"
)

// group is a set of stations that one cause can silence together: those of a gateway, or those of a park.
type group struct {
	scope, id string
	members   []*stationState
	// open are the outages that stand, by rule.
	open map[*rule]*openAlert
}

// leastOutage is how many stations must be silent together before the cause is looked for where they meet.
const leastOutage = 2

// groupsOf lists the groups of a registry, gateways first: the smaller cause explains before the greater.
func (e *Engine) groupsOf(reg *geo.Registry) []*group {
	var groups []*group
	add := func(scope, id string, s *stationState) {
		if id == "" {
			return
		}
		i := slices.IndexFunc(groups, func(g *group) bool { return g.scope == scope && g.id == id })
		if i < 0 {
			i = len(groups)
			groups = append(groups, &group{scope: scope, id: id, open: map[*rule]*openAlert{}})
		}
		groups[i].members = append(groups[i].members, s)
	}
	for _, scope := range []string{ScopeGateway, ScopePark} {
		for i := range reg.Stations() {
			s := e.stations[reg.Stations()[i].ID]
			if scope == ScopeGateway {
				add(scope, s.st.Gateway, s)
			} else {
				add(scope, s.st.Park, s)
			}
		}
	}
	return slices.DeleteFunc(groups, func(g *group) bool { return len(g.members) < leastOutage })
}

// attribute finds the outages behind the silences of a tick. Where every station of a group that ever spoke is silent, one alert
// tells it, and the silences that begin with this tick are told to be part of it.
func (e *Engine) attribute(now time.Time, events []Event) []Event {
	for _, g := range e.groups {
		for i := range e.cfg.Rules.compiled {
			r := &e.cfg.Rules.compiled[i]
			if r.On == OnSilence && len(r.Parameters) == 0 {
				events = e.outage(g, r, now, events)
			}
		}
	}
	return events
}

func (e *Engine) outage(g *group, r *rule, now time.Time, events []Event) []Event {
	silent, spoke, last := 0, 0, int64(never)
	for _, s := range g.members {
		i := slices.IndexFunc(s.quiets, func(q quiet) bool { return q.rule == r && q.parameter == "" })
		if i < 0 || len(s.tape.at) == 0 {
			continue
		}
		spoke++
		if s.quiets[i].open != nil {
			silent++
			last = max(last, s.tape.newest())
		}
	}
	was := g.open[r]
	switch all := silent == spoke && silent >= leastOutage; {
	case all && was == nil:
		return e.beginOutage(g, r, silent, last, now, events)
	case !all && was != nil:
		delete(g.open, r)
		was.revision++
		a := e.outageAlert(g, r, was)
		at := now.UTC()
		a.State, a.ResolvedAt, a.MeasuredAt = Resolved, &at, at
		a.Summary = geo.Text{VI: "Đã nhận lại dữ liệu từ " + g.name(e).VI, EN: "Data are coming in again from " + g.name(e).EN}
		return append(events, Event{Type: WasResolved, At: at, Made: at, Alert: a})
	}
	return events
}

// beginOutage tells the outage before the silences that it explains.
func (e *Engine) beginOutage(g *group, r *rule, silent int, last int64, now time.Time, events []Event) []Event {
	opened := instant(last).Add(time.Duration(r.After)).Truncate(time.Second)
	if opened.After(now) {
		opened = now.Truncate(time.Second)
	}
	o := &openAlert{
		id: alertID(subject{rule: r.ID, station: g.scope + ":" + g.id}, last), revision: 1, openedAt: opened.UnixNano(), severity: r.levels[0].severity,
		peakSeverity: r.levels[0].severity, measuredAt: last, wordless: true, late: now.Sub(opened) > lateAfter,
	}
	g.open[r] = o
	a := e.outageAlert(g, r, o)
	for i := range events {
		if ev := &events[i]; ev.Type == Opened && ev.Alert.Rule == r.ID && ev.Alert.InhibitedBy == "" && g.has(ev.Alert.Station.ID) {
			ev.Alert.InhibitedBy = o.id
		}
	}
	return slices.Insert(events, 0, Event{Type: Opened, At: opened.UTC(), Made: now.UTC(), Alert: a})
}

func (g *group) has(station string) bool {
	return slices.ContainsFunc(g.members, func(s *stationState) bool { return s.id == station })
}

func (g *group) name(e *Engine) geo.Text {
	if park, ok := e.cfg.Registry.Park(g.id); ok && g.scope == ScopePark {
		name := park.Name
		if name.EN == "" {
			name.EN = name.VI
		}
		return name
	}
	return geo.Text{VI: "cổng " + g.id, EN: "gateway " + g.id}
}

// outageAlert has no station: its scope says what it is about.
func (e *Engine) outageAlert(g *group, r *rule, o *openAlert) Alert {
	a := e.alert(subject{rule: r.ID, ruleName: r.Name, basis: r.On}, o)
	name := g.name(e)
	a.Scope, a.ScopeID = g.scope, g.id
	if park, ok := e.cfg.Registry.Park(g.members[0].st.Park); ok {
		a.Park = &Where{ID: park.ID, Name: park.Name, Location: park.Location}
	}
	a.Summary = geo.Text{
		VI: "Mất kết nối: không nhận được dữ liệu từ mọi trạm của " + name.VI,
		EN: "Offline: no data from any station of " + name.EN,
	}
	a.URL = e.cfg.BaseURL + "/?alert=" + o.id
	return a
}

// adoptOutage takes over an outage that the journal holds.
func (e *Engine) adoptOutage(a *Alert) bool {
	for _, g := range e.groups {
		if g.scope != a.Scope || g.id != a.ScopeID {
			continue
		}
		for i := range e.cfg.Rules.compiled {
			if r := &e.cfg.Rules.compiled[i]; r.ID == a.Rule && r.On == OnSilence {
				g.open[r] = &openAlert{
					id: a.ID, revision: a.Revision, openedAt: a.OpenedAt.UnixNano(), severity: a.Severity, peakSeverity: a.PeakSeverity,
					measuredAt: a.MeasuredAt.UnixNano(), wordless: true,
				}
				return true
			}
		}
	}
	return false
}

package alerts

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"quantrac/geo"
)

// lateAfter is the age from which a transition is news of the past: it is kept and shown, and not called out.
const lateAfter = time.Hour

// subject is what an alert is about.
type subject struct {
	// st is nil when the registry no longer holds the station.
	st       *geo.Station
	station  string
	param    string
	rule     string
	ruleName geo.Text
	basis    string
}

func subjectOf(st *geo.Station, parameter string, r *rule) subject {
	return subject{st: st, station: st.ID, param: parameter, rule: r.ID, ruleName: r.Name, basis: r.On}
}

// follow brings the open alert of a track in line with the levels in force, and tells the change if there was one.
func (e *Engine) follow(s *stationState, tr *track, o *observation, received time.Time, was int) (Event, bool) {
	sub := subjectOf(s.st, tr.parameter, tr.rule)
	tr.follow(&tr.state, o, func(at int64) string { return alertID(sub, at) })
	if tr.state.active == was {
		return Event{}, false
	}
	open := tr.state.open
	open.revision++
	open.late = received.Sub(instant(o.at)) > lateAfter
	ev := Event{Type: Updated, At: instant(o.at), Made: received.UTC(), Alert: e.alert(sub, open)}
	switch {
	case was == 0:
		ev.Type = Opened
		ev.Alert.InhibitedBy = s.failedWith(tr, o.at)
	case tr.state.active == 0:
		ev.Type = WasResolved
		e.resolve(&ev.Alert, sub, ev.At, "")
		tr.end(o.at)
	}
	return ev, true
}

func (e *Engine) resolve(a *Alert, sub subject, at time.Time, cause string) {
	a.State, a.ResolvedAt, a.Cause = Resolved, &at, cause
	a.Summary = e.words(sub).ended(a)
}

// Retire is the event by which an alert ends that an engine under other rules opened and this one knows nothing of.
func (e *Engine) Retire(a Alert, at time.Time) Event {
	sub := subject{station: a.Station.ID, param: a.Parameter}
	if s, ok := e.stations[a.Station.ID]; ok {
		sub.st = s.st
	}
	a.Revision++
	a.Late = false
	e.resolve(&a, sub, at.UTC(), CauseRuleRemoved)
	return Event{Type: WasResolved, At: at.UTC(), Made: at.UTC(), Alert: a}
}

// failedWith is the alert of another parameter of the station that an alert about unusable values is part of, because it opened at the
// same time, give or take a cycle; "" = none. What takes all values away is one trouble, such as that of a cabinet.
func (s *stationState) failedWith(tr *track, at int64) string {
	if tr.rule.On != OnUnusable {
		return ""
	}
	for i := range s.tracks {
		other := &s.tracks[i]
		if o := other.state.open; other != tr && other.rule == tr.rule && o != nil && at-o.openedAt <= int64(s.st.Cycle) {
			return o.id
		}
	}
	return ""
}

// alert writes an open alert out in full. Nothing in it is shared with the engine's state.
func (e *Engine) alert(sub subject, o *openAlert) Alert {
	a := Alert{
		ID: o.id, Revision: o.revision, Rule: sub.rule, RuleName: sub.ruleName, Severity: o.severity, State: Open,
		Station: Where{ID: sub.station}, Parameter: sub.param, Basis: sub.basis,
		Value: ptr(o.value), Unit: o.unit, Limit: known(o.limit.Nearer(o.value)), Ratio: ptr(o.ratio),
		LimitReference: o.limit.Reference, LimitVerified: o.limit.Verified,
		OpenedAt: instant(o.openedAt), MeasuredAt: instant(o.measuredAt), Late: o.late, Flags: o.flags.Names(),
		URL:       e.cfg.BaseURL + "/?station=" + sub.station + "&alert=" + o.id,
		PeakValue: ptr(o.peakValue), PeakSeverity: o.peakSeverity,
	}
	if o.wordless {
		a.Value, a.Limit, a.Ratio, a.PeakValue, a.LimitReference = nil, nil, nil, nil, ""
	}
	if sub.st != nil {
		a.Station.Name, a.Station.Location = sub.st.Name, sub.st.Location
		if park, ok := e.cfg.Registry.Park(sub.st.Park); ok {
			a.Park = &Where{ID: park.ID, Name: park.Name, Location: park.Location}
		}
	}
	a.Summary = e.words(sub).standing(o)
	return a
}

// alertID names an alert for ever by what first opened it.
func alertID(sub subject, measuredAt int64) string {
	h := sha256.New()
	for _, part := range []string{sub.rule, sub.station, sub.param, instant(measuredAt).Format(time.RFC3339Nano)} {
		h.Write([]byte(part))
		h.Write([]byte{0})
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// nextID makes another name out of one that is taken.
func nextID(id string) string {
	sum := sha256.Sum256([]byte(id))
	return hex.EncodeToString(sum[:16])
}

func instant(ns int64) time.Time { return time.Unix(0, ns).UTC() }

package alerts

// teller makes the events by which a change of the past is told.
type teller struct {
	e   *Engine
	s   *stationState
	tr  *track
	why correction
}

func (t *teller) event(typ EventType, at int64, o *openAlert) Event {
	o.revision++
	o.late = t.why.now.Sub(instant(at)) > lateAfter
	sub := subjectOf(t.s.st, t.tr.parameter, t.tr.rule)
	return Event{Type: typ, At: instant(at), Made: t.why.now.UTC(), Alert: t.e.alert(sub, o)}
}

// end makes the alert of an event a resolved one.
func (t *teller) end(ev *Event, to int64) {
	t.e.resolve(&ev.Alert, subjectOf(t.s.st, t.tr.parameter, t.tr.rule), instant(to), "")
}

// discovered is an alert that nobody knew of; one that has ended tells its end too.
func (t *teller) discovered(iv *interval) []Event {
	events := []Event{t.event(Opened, iv.openedAt, &iv.openAlert)}
	if iv.to == never {
		events[0].Alert.InhibitedBy = t.s.failedWith(t.tr, iv.openedAt)
		return events
	}
	ended := t.event(WasResolved, iv.to, &iv.openAlert)
	t.end(&ended, iv.to)
	return append(events, ended)
}

// amended is an alert that was not as it had been told.
func (t *teller) amended(iv, was *interval) Event {
	switch {
	case iv.to == never:
		return t.event(Updated, max(t.why.cause, iv.openedAt), &iv.openAlert)
	case was.to == never:
		ev := t.event(WasResolved, iv.to, &iv.openAlert)
		t.end(&ev, iv.to)
		return ev
	default:
		ev := t.event(Updated, max(t.why.cause, iv.openedAt), &iv.openAlert)
		t.end(&ev, iv.to)
		return ev
	}
}

// withdrawn is an alert that never was; heir is the one that it is part of, if it is.
func (t *teller) withdrawn(was *interval, heir string) Event {
	ev := t.event(WasWithdrawn, was.openedAt, &was.openAlert)
	sub := subjectOf(t.s.st, t.tr.parameter, t.tr.rule)
	ev.Alert.State, ev.Alert.MergedInto = Withdrawn, heir
	ev.Alert.ResolvedAt = ptr(ev.At)
	ev.Alert.Summary = t.e.words(sub).withdrawn(heir != "")
	return ev
}

package journal

import (
	"fmt"
	"time"

	"quantrac/alerts"
)

// An alert of the same rule, station and parameter that opens for the JudgeConfig.FlapOpens-th time within an hour flaps. That one is
// told, with a word on it; those behind it are part of it and told to nobody, until an hour has passed with fewer, or until one is
// worse than all that were told.
const flapWindow = time.Hour

// flapping is what is known of the alerts of one rule, station and parameter in the last hour.
type flapping struct {
	opens map[string]struct{}
	// by is the one that was told to flap; "" = none. worst is the worst severity of those that were told and flap.
	by    string
	worst alerts.Severity
}

// calm marks alerts that flap. Late ones do not count: the past comes all at once.
func (j *Judge) calm(events []alerts.Event) {
	if j.cfg.FlapOpens <= 0 {
		return
	}
	for i := range events {
		ev := &events[i]
		if ev.Type != alerts.Opened || ev.Alert.Late || ev.Alert.Scope != "" || ev.Alert.Flapping {
			continue
		}
		f := j.journal.flappingOf(&ev.Alert, events[:i])
		opens := len(f.opens) + 1
		if opens < j.cfg.FlapOpens {
			continue
		}
		ev.Alert.Flapping = true
		if f.by != "" && ev.Alert.Severity <= f.worst {
			ev.Alert.InhibitedBy = f.by
			continue
		}
		ev.Alert.Summary.VI += fmt.Sprintf("; chập chờn: %d lần trong 1 giờ, các lần sau không báo riêng", opens)
		ev.Alert.Summary.EN += fmt.Sprintf("; flapping: %d times in an hour, further ones are not told one by one", opens)
	}
}

// flappingOf looks at the journal, and at the events that go into it before that of a.
func (j *Journal) flappingOf(a *alerts.Alert, before []alerts.Event) flapping {
	f := flapping{opens: map[string]struct{}{}}
	since := a.OpenedAt.Add(-flapWindow)
	for i := range before {
		if ev := &before[i]; ev.Type == alerts.Opened && !ev.Alert.OpenedAt.Before(since) {
			f.note(a, &ev.Alert)
		}
	}
	j.mu.RLock()
	defer j.mu.RUnlock()
	for _, e := range j.newest {
		if e.alert.OpenedAt.Before(since) {
			break
		}
		f.note(a, &e.alert)
	}
	return f
}

// note counts b if it is another alert of what a is about.
func (f *flapping) note(a, b *alerts.Alert) {
	if b.ID == a.ID || b.Rule != a.Rule || b.Station.ID != a.Station.ID || b.Parameter != a.Parameter || b.State == alerts.Withdrawn {
		return
	}
	f.opens[b.ID] = struct{}{}
	switch {
	case !b.Flapping:
	case b.InhibitedBy != "":
		if f.by == "" {
			f.by = b.InhibitedBy
		}
	default:
		f.by, f.worst = b.ID, max(f.worst, b.PeakSeverity)
	}
}

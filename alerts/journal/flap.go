package journal

import (
	"fmt"
	"time"

	"quantrac/alerts"
)

// An alert of the same rule, station and parameter that opens for the JudgeConfig.FlapOpens-th time within an hour flaps. That one is
// told, with a word on it; those behind it are part of it and told to nobody, until an hour has passed with fewer.
const flapWindow = time.Hour

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
		opens, first := j.journal.opensOf(&ev.Alert, ev.Alert.OpenedAt.Add(-flapWindow))
		if opens+1 < j.cfg.FlapOpens {
			continue
		}
		ev.Alert.Flapping = true
		if first != "" {
			ev.Alert.InhibitedBy = first
			continue
		}
		ev.Alert.Summary.VI += fmt.Sprintf("; chập chờn: %d lần trong 1 giờ, các lần sau không báo riêng", opens+1)
		ev.Alert.Summary.EN += fmt.Sprintf("; flapping: %d times in an hour, further ones are not told one by one", opens+1)
	}
}

// opensOf counts the alerts of the same rule, station and parameter that opened since, and names the one that was told to flap.
func (j *Journal) opensOf(a *alerts.Alert, since time.Time) (opens int, flapping string) {
	j.mu.RLock()
	defer j.mu.RUnlock()
	for _, e := range j.newest {
		switch b := &e.alert; {
		case b.OpenedAt.Before(since):
			return opens, flapping
		case b.ID == a.ID || b.Rule != a.Rule || b.Station.ID != a.Station.ID || b.Parameter != a.Parameter || b.State == alerts.Withdrawn:
		default:
			opens++
			if b.Flapping && b.InhibitedBy == "" {
				flapping = b.ID
			}
			if b.Flapping && b.InhibitedBy != "" && flapping == "" {
				flapping = b.InhibitedBy
			}
		}
	}
	return opens, flapping
}

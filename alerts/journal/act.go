package journal

import (
	"context"
	"errors"

	"quantrac/alerts"
)

// ErrNotFound means that there is no alert, or no mute, of that id.
var ErrNotFound = errors.New("no such alert or silence")

// Act writes down what a person does about an alert and returns the alert as it is then. It is durable when Act returns.
func (j *Journal) Act(ctx context.Context, id string, act alerts.Act) (alerts.Alert, error) {
	j.append.Lock()
	defer j.append.Unlock()
	j.mu.RLock()
	e, ok := j.byID[id]
	var alert alerts.Alert
	if ok {
		alert = e.alert
	}
	unfinished := len(j.begun) > 0
	j.mu.RUnlock()
	if !ok {
		return alerts.Alert{}, ErrNotFound
	}
	if unfinished {
		return alerts.Alert{}, errors.New("the journal is still being brought up to date; try again in a moment")
	}
	ev, changed, err := act.Do(alert)
	if err != nil || !changed {
		return alert, err
	}
	ev.Alert.Revision++
	if err := j.appendPart(ctx, Step{IntakeTo: j.IntakeTo(), Events: []alerts.Event{ev}}); err != nil {
		return alerts.Alert{}, err
	}
	return ev.Alert, nil
}

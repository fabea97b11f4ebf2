package journal

import (
	"context"
	"errors"
	"time"

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

// Undelivered writes down that a recipient could not be told of an alert. What is reported twice is written once.
func (j *Journal) Undelivered(ctx context.Context, id, recipient, comment string, at, now time.Time) error {
	_, timeline, ok, err := j.Get(ctx, id)
	if err != nil || !ok {
		return err
	}
	for i := range timeline {
		if ev := &timeline[i]; ev.Type == alerts.Undelivered && ev.By == recipient && ev.At.Equal(at) {
			return nil
		}
	}
	j.append.Lock()
	defer j.append.Unlock()
	alert, ok := j.Alert(id)
	if !ok || j.Unfinished() {
		return errors.New("the journal is still being brought up to date")
	}
	alert.Revision++
	ev := alerts.Event{Type: alerts.Undelivered, At: at.UTC(), Made: now.UTC(), Alert: alert, By: recipient, Comment: comment}
	return j.appendPart(ctx, Step{IntakeTo: j.IntakeTo(), Events: []alerts.Event{ev}})
}

// Alert is an alert as it is now.
func (j *Journal) Alert(id string) (alerts.Alert, bool) {
	j.mu.RLock()
	defer j.mu.RUnlock()
	e, ok := j.byID[id]
	if !ok {
		return alerts.Alert{}, false
	}
	return e.alert, true
}

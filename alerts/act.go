package alerts

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Act is what a person does about an alert.
type Act struct {
	Type EventType
	By   string
	At   time.Time
	// Comment is required of Commented, and may go with the others.
	Comment string
	// Assignee, of Assigned: who shall see to it; "" = nobody.
	Assignee string
	// Cause, of Closed: why.
	Cause string
}

// ErrOver means that an alert has ended, so that there is nothing to acknowledge, assign or close.
var ErrOver = errors.New("the alert has ended")

// MaxComment is the length of what a person may write, in characters.
const MaxComment = 4000

// Check says what is wrong with an act, or "" when it can be done.
func (a *Act) Check() (field, message string) {
	for field, text := range map[string]string{"comment": a.Comment, "cause": a.Cause, "assignee": a.Assignee} {
		if n := utf8.RuneCountInString(text); n > MaxComment {
			return field, fmt.Sprintf("%s is %d characters long; at most %d", field, n, MaxComment)
		}
	}
	switch {
	case a.Type == Commented && strings.TrimSpace(a.Comment) == "":
		return "comment", "a comment says something"
	case a.Type == Closed && strings.TrimSpace(a.Cause) == "":
		return "cause", "an alert is closed with a cause"
	}
	return "", ""
}

// Do applies an act to an alert as it is and makes the event of it; false when nothing changes, because it is acknowledged already.
func (a *Act) Do(alert Alert) (Event, bool, error) {
	if alert.State != Open && a.Type != Commented {
		return Event{}, false, ErrOver
	}
	at := a.At.UTC()
	switch a.Type {
	case Acknowledged:
		if alert.AcknowledgedAt != nil {
			return Event{}, false, nil
		}
		alert.AcknowledgedAt, alert.AcknowledgedBy = &at, a.By
	case Assigned:
		alert.Assignee = a.Assignee
	case Closed:
		alert.State, alert.ResolvedAt, alert.Cause, alert.ClosedBy = Resolved, &at, a.Cause, a.By
	case Escalated:
		if alert.EscalatedAt != nil {
			return Event{}, false, nil
		}
		alert.EscalatedAt = &at
	case Commented:
	default:
		return Event{}, false, fmt.Errorf("%s is nothing that a person does", a.Type)
	}
	return Event{Type: a.Type, At: at, Made: at, Alert: alert, By: a.By, Comment: a.Comment}, true, nil
}

// CarryOver gives an event of the engine what people have done about the alert, which the engine does not know; was is the alert as
// it was last told. False: the alert was closed, and this is no worse than what it was closed for.
func (ev *Event) CarryOver(was *Alert) bool {
	if ev.Type == Escalated {
		return true // made from the alert as it is
	}
	a := &ev.Alert
	raised := a.State == Open && a.Severity > was.Severity
	if was.ClosedBy != "" && was.State == Resolved && a.State != Withdrawn && !raised {
		return false
	}
	a.Assignee, a.Flapping = was.Assignee, was.Flapping
	if !ev.Released {
		a.InhibitedBy = was.InhibitedBy
	}
	if raised {
		return true // what was acknowledged was less
	}
	a.AcknowledgedAt, a.AcknowledgedBy, a.EscalatedAt = was.AcknowledgedAt, was.AcknowledgedBy, was.EscalatedAt
	return true
}

package webhook

import (
	"unicode/utf8"

	"quantrac/alerts"
)

// shortenings are the lengths to which texts are cut, in characters, one after the other until a body fits; what people wrote is cut
// before what identifies the alert is, which is never.
func shortenings() []int { return []int{2000, 800, 200, 60} }

// shorten cuts the texts of an event to a length and names the fields that it cut. The event itself stays as it is.
func shorten(ev *alerts.Event, most int) (*alerts.Event, []string) {
	short := *ev
	a := &short.Alert
	if a.Park != nil {
		park := *a.Park
		a.Park = &park
	}
	var cut []string
	for _, field := range texts(&short) {
		was := false
		for _, text := range field.texts {
			if utf8.RuneCountInString(*text) > most {
				*text = firstRunes(*text, most) + "…"
				was = true
			}
		}
		if was {
			cut = append(cut, field.name)
		}
	}
	return &short, cut
}

// textField is a field of the body that people or configuration fill with text.
type textField struct {
	name  string
	texts []*string
}

func texts(ev *alerts.Event) []textField {
	a := &ev.Alert
	list := []textField{
		{"comment", []*string{&ev.Comment}},
		{"by", []*string{&ev.By}},
		{"alert.cause", []*string{&a.Cause}},
		{"alert.assignee", []*string{&a.Assignee}},
		{"alert.acknowledged_by", []*string{&a.AcknowledgedBy}},
		{"alert.closed_by", []*string{&a.ClosedBy}},
		{"alert.summary", []*string{&a.Summary.VI, &a.Summary.EN}},
		{"alert.rule_name", []*string{&a.RuleName.VI, &a.RuleName.EN}},
		{"alert.station.name", []*string{&a.Station.Name.VI, &a.Station.Name.EN}},
		{"alert.limit_reference", []*string{&a.LimitReference}},
	}
	if a.Park != nil {
		list = append(list, textField{"alert.park.name", []*string{&a.Park.Name.VI, &a.Park.Name.EN}})
	}
	return list
}

func firstRunes(s string, n int) string {
	for i := range s {
		if n == 0 {
			return s[:i]
		}
		n--
	}
	return s
}

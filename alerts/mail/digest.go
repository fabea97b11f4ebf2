package mail

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"quantrac/alerts"
)

// maxItems is how many alerts an e-mail tells of in full, in each of its two lists; the rest is counted.
const maxItems = 30

// maxText is the length of a text of an alert in an e-mail, in characters.
const maxText = 500

// digest is what an e-mail says.
type digest struct {
	// Again: nothing has changed, and something is still open.
	Again bool `json:"again,omitempty"`
	// Test: a person asked for it.
	Test bool `json:"test,omitempty"`
	// Changes are the alerts to which something happened, Open those that stay as they were; worst first.
	Changes []item `json:"changes,omitempty"`
	Open    []item `json:"open,omitempty"`
	// MoreChanges and MoreOpen count what is left out, More events about still others.
	MoreChanges int `json:"more_changes,omitempty"`
	MoreOpen    int `json:"more_open,omitempty"`
	More        int `json:"more,omitempty"`
}

// item is one alert as it was when the e-mail was made, and what had happened to it.
type item struct {
	Alert   alerts.Alert       `json:"alert"`
	Types   []alerts.EventType `json:"types,omitempty"`
	By      string             `json:"by,omitempty"`
	Comment string             `json:"comment,omitempty"`
}

func (d *digest) empty() bool { return len(d.Changes) == 0 && len(d.Open) == 0 }

// sort puts the worst first and cuts what would make the e-mail too long.
func (d *digest) sort() {
	worse := func(a, b item) int {
		open := func(i *item) int {
			if i.Alert.State == alerts.Open {
				return 1
			}
			return 0
		}
		return cmp.Or(cmp.Compare(open(&b), open(&a)), cmp.Compare(b.Alert.Severity, a.Alert.Severity),
			cmp.Compare(ratio(&b.Alert), ratio(&a.Alert)), a.Alert.OpenedAt.Compare(b.Alert.OpenedAt), strings.Compare(a.Alert.ID, b.Alert.ID))
	}
	for _, l := range []struct {
		list *[]item
		more *int
	}{{&d.Changes, &d.MoreChanges}, {&d.Open, &d.MoreOpen}} {
		slices.SortStableFunc(*l.list, worse)
		if n := len(*l.list); n > maxItems {
			*l.more, *l.list = n-maxItems, (*l.list)[:maxItems]
		}
		for i := range *l.list {
			(*l.list)[i].clip()
		}
	}
}

func (it *item) clip() {
	a := &it.Alert
	for _, text := range []*string{
		&a.Cause, &a.Assignee, &a.AcknowledgedBy, &a.ClosedBy, &a.Summary.VI, &a.Summary.EN, &a.RuleName.VI, &a.RuleName.EN, &a.LimitReference, &it.By,
	} {
		*text = clip(*text, maxText)
	}
}

func ratio(a *alerts.Alert) float64 {
	if a.Ratio == nil {
		return 0
	}
	return *a.Ratio
}

// clip cuts a text to n characters.
func clip(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	for i := range s {
		if n == 0 {
			return s[:i] + "…"
		}
		n--
	}
	return s
}

// worst is the alert that the subject speaks of.
func (d *digest) worst() *item {
	if len(d.Changes) > 0 {
		return &d.Changes[0]
	}
	return &d.Open[0]
}

package mail

import (
	"fmt"
	netmail "net/mail"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"quantrac/alerts"
	"quantrac/geo"
)

// Spec is what the configuration says about a recipient.
type Spec struct {
	Name    string `json:"name" yaml:"name"`
	Address string `json:"address" yaml:"address"`
	// Language is vi, en, or both with Vietnamese first; "" = vi.
	Language string `json:"language" yaml:"language"`
	// Events are the types asked for; empty = all but comments and assignments.
	Events []string `json:"events" yaml:"events"`
	Filter Filter   `json:"filter" yaml:"filter"`
	// GroupBy says what shares an e-mail: some of park, rule, station, parameter; empty = park and rule.
	GroupBy []string `json:"group_by" yaml:"group_by"`
	// GroupWait is how long the first e-mail of a group waits for more, GroupInterval how far its e-mails are apart, and
	// RepeatInterval after what time what is still open is told again, 0 = never; nil = 30 s, 5 min and 4 h.
	GroupWait      *time.Duration `json:"group_wait" yaml:"group_wait"`
	GroupInterval  *time.Duration `json:"group_interval" yaml:"group_interval"`
	RepeatInterval *time.Duration `json:"repeat_interval" yaml:"repeat_interval"`
	// Enabled is true when it is absent.
	Enabled *bool `json:"enabled" yaml:"enabled"`
}

// Filter narrows what a recipient gets. A list selects what is in it, an empty one selects all; lists are joined by "and".
type Filter struct {
	Parks      []string `json:"parks" yaml:"parks"`
	Stations   []string `json:"stations" yaml:"stations"`
	Severities []string `json:"severities" yaml:"severities"`
	// Late asks for news of the past too: transitions whose event time lay more than an hour back.
	Late bool `json:"late" yaml:"late"`
}

// The languages of an e-mail.
const (
	Vietnamese = "vi"
	English    = "en"
	Both       = "both"
)

const (
	defaultWait     = 30 * time.Second
	defaultInterval = 5 * time.Minute
	defaultRepeat   = 4 * time.Hour
	maxWait         = time.Hour
	maxName         = 200
)

func groupings() []string { return []string{"park", "rule", "station", "parameter"} }

// usualEvents are the types that somebody gets who names none: all but what colleagues say to each other.
func usualEvents() []alerts.EventType {
	return []alerts.EventType{
		alerts.Opened, alerts.Updated, alerts.Acknowledged, alerts.WasResolved, alerts.Closed, alerts.WasWithdrawn, alerts.Undelivered, alerts.Escalated,
	}
}

// Invalid lists what is wrong with a configuration.
type Invalid struct{ Problems []geo.Problem }

func (e *Invalid) Error() string {
	texts := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		texts[i] = p.String()
	}
	return "e-mail: " + strings.Join(texts, "; ")
}

// CheckConfigured returns what is wrong with the recipients of a configuration; paths begin with "recipients[i]".
func CheckConfigured(specs []Spec) []geo.Problem {
	var problems []geo.Problem
	names := map[string]int{}
	for i := range specs {
		at := fmt.Sprintf("recipients[%d].", i)
		for _, p := range specs[i].Check() {
			problems = append(problems, geo.Problem{Path: at + p.Path, Message: p.Message})
		}
		if first, taken := names[specs[i].Name]; taken {
			problems = append(problems, geo.Problem{Path: at + "name", Message: fmt.Sprintf("is the name of recipients[%d] too", first)})
			continue
		}
		names[specs[i].Name] = i
	}
	return problems
}

// Check returns what is wrong with a Spec; paths are field names such as "filter.severities[0]".
func (spec *Spec) Check() []geo.Problem {
	var problems []geo.Problem
	add := func(path, format string, args ...any) {
		problems = append(problems, geo.Problem{Path: path, Message: fmt.Sprintf(format, args...)})
	}
	oneOf := func(path string, list, allowed []string) {
		for i, name := range list {
			if !slices.Contains(allowed, name) {
				add(fmt.Sprintf("%s[%d]", path, i), "%q is none of %s", name, strings.Join(allowed, ", "))
			}
		}
	}
	switch {
	case strings.TrimSpace(spec.Name) == "":
		add("name", "is missing")
	case len(spec.Name) > maxName || !utf8.ValidString(spec.Name):
		add("name", "must be UTF-8 of at most %d bytes", maxName)
	}
	if !validAddress(spec.Address) {
		add("address", "%q is no e-mail address like officer@example.vn", spec.Address)
	}
	if !slices.Contains([]string{"", Vietnamese, English, Both}, spec.Language) {
		add("language", "%q is none of %s, %s, %s", spec.Language, Vietnamese, English, Both)
	}
	var types []string
	for _, t := range append(usualEvents(), alerts.Commented, alerts.Assigned) {
		types = append(types, string(t))
	}
	oneOf("events", spec.Events, types)
	oneOf("filter.severities", spec.Filter.Severities, []string{"info", "warning", "critical", "emergency"})
	oneOf("group_by", spec.GroupBy, groupings())
	for path, ids := range map[string][]string{"filter.parks": spec.Filter.Parks, "filter.stations": spec.Filter.Stations} {
		for i, id := range ids {
			if !geo.ValidID(id) {
				add(fmt.Sprintf("%s[%d]", path, i), "%q is no id", id)
			}
		}
	}
	bounds := func(path string, d *time.Duration, least, most time.Duration) {
		if d != nil && (*d < least || *d > most) {
			add(path, "must be between %s and %s", least, most)
		}
	}
	bounds("group_wait", spec.GroupWait, 0, maxWait)
	bounds("group_interval", spec.GroupInterval, 0, 24*time.Hour)
	if spec.RepeatInterval != nil && *spec.RepeatInterval != 0 {
		bounds("repeat_interval", spec.RepeatInterval, time.Minute, 365*24*time.Hour)
	}
	return problems
}

// validAddress takes a bare address only: a name or a second address in it would go into the envelope.
func validAddress(s string) bool {
	a, err := netmail.ParseAddress(s)
	return err == nil && a.Address == s && len(s) <= 254 && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' })
}

// recipient is a Spec with its defaults filled in. It never changes: an edit replaces it.
type recipient struct {
	Spec
	id, source string
	// created is zero for one of the configuration.
	created time.Time
	// from is the place in the journal behind which it gets events.
	from                   uint64
	wait, interval, repeat time.Duration
}

func newRecipient(spec *Spec, id, source string) *recipient {
	r := &recipient{Spec: *spec, id: id, source: source, wait: defaultWait, interval: defaultInterval, repeat: defaultRepeat}
	set := func(to *time.Duration, d *time.Duration) {
		if d != nil {
			*to = *d
		}
	}
	set(&r.wait, spec.GroupWait)
	set(&r.interval, spec.GroupInterval)
	set(&r.repeat, spec.RepeatInterval)
	if r.Language == "" {
		r.Language = Vietnamese
	}
	if len(r.GroupBy) == 0 {
		r.GroupBy = []string{"park", "rule"}
	}
	return r
}

func (r *recipient) enabled() bool { return r.Enabled == nil || *r.Enabled }

// wants reports whether the recipient asked for ev. Nobody is told that he could not be told.
func (r *recipient) wants(ev *alerts.Event) bool {
	a := &ev.Alert
	if ev.Type == alerts.Undelivered && ev.By == r.name() {
		return false
	}
	if len(r.Events) > 0 && !slices.Contains(r.Events, string(ev.Type)) || len(r.Events) == 0 && !slices.Contains(usualEvents(), ev.Type) {
		return false
	}
	anyOr := func(list []string, s string) bool { return len(list) == 0 || slices.Contains(list, s) }
	return !ev.Quiet() && anyOr(r.Filter.Stations, a.Station.ID) && (len(r.Filter.Parks) == 0 || a.Park != nil && slices.Contains(r.Filter.Parks, a.Park.ID)) &&
		(r.Filter.Late || !a.Late) && r.wantsSeverity(ev)
}

// wantsSeverity goes by the severity now; for later events of an alert also by what it has been, so that whoever was told
// of a rise is told of the end.
func (r *recipient) wantsSeverity(ev *alerts.Event) bool {
	list := r.Filter.Severities
	if len(list) == 0 || slices.Contains(list, ev.Alert.Severity.String()) {
		return true
	}
	return ev.Type != alerts.Opened && slices.ContainsFunc(list, func(name string) bool {
		var s alerts.Severity
		return s.UnmarshalText([]byte(name)) == nil && s <= ev.Alert.PeakSeverity
	})
}

// name names the recipient among those of all channels.
func (r *recipient) name() string { return "mail:" + r.id }

// keyOf is the group that an alert belongs to.
func (r *recipient) keyOf(a *alerts.Alert) groupKey {
	var k groupKey
	for _, by := range r.GroupBy {
		switch by {
		case "park":
			if a.Park != nil {
				k.Park = a.Park.ID
			}
		case "rule":
			k.Rule = a.Rule
		case "station":
			k.Station = a.Station.ID
		case "parameter":
			k.Parameter = a.Parameter
		}
	}
	return k
}

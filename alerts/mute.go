package alerts

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"quantrac/geo"
)

// Matcher selects alerts; an empty field selects all.
type Matcher struct {
	Parks      []string `json:"parks,omitempty"`
	Stations   []string `json:"stations,omitempty"`
	Parameters []string `json:"parameters,omitempty"`
	Rules      []string `json:"rules,omitempty"`
	Severities []string `json:"severities,omitempty"`
}

// Matches reports whether the matcher selects a.
func (m *Matcher) Matches(a *Alert) bool {
	return (len(m.Parks) == 0 || a.Park != nil && slices.Contains(m.Parks, a.Park.ID)) && within(m.Stations, a.Station.ID) &&
		within(m.Parameters, a.Parameter) && within(m.Rules, a.Rule) && within(m.Severities, a.Severity.String())
}

func (m *Matcher) empty() bool {
	return len(m.Parks)+len(m.Stations)+len(m.Parameters)+len(m.Rules)+len(m.Severities) == 0
}

// Mute keeps the notices of some alerts back for a time. The alerts themselves go on: they are opened, shown and kept.
type Mute struct {
	ID string `json:"id"`
	// Kind is MuteSilence or MuteMaintenance.
	Kind    string  `json:"kind"`
	Matcher Matcher `json:"matcher"`
	// From is inclusive, To exclusive.
	From      time.Time `json:"from"`
	To        time.Time `json:"to"`
	Reason    string    `json:"reason"`
	By        string    `json:"by,omitempty"`
	CreatedAt time.Time `json:"created_at"`
}

// The kinds of mute: what an officer silences, and work on a station that was announced.
const (
	MuteSilence     = "silence"
	MuteMaintenance = "maintenance"
)

// Bounds of a mute: a silence that never ends is a rule that should be changed.
const (
	longestMute = 90 * 24 * time.Hour
	mostMatched = 500
)

// Check says what is wrong with a mute, with the path of the field.
func (m *Mute) Check(reg *geo.Registry) []geo.Problem {
	var problems reporter
	if m.Kind != MuteSilence && m.Kind != MuteMaintenance {
		problems.add("kind", "kind %q is neither silence nor maintenance", m.Kind)
	}
	if m.Matcher.empty() {
		problems.add("matcher", "name at least one park, station, parameter, rule or severity: a silence of everything hides an incident")
	}
	switch {
	case m.From.IsZero() || m.To.IsZero():
		problems.add("to", "from and to are needed")
	case !m.To.After(m.From):
		problems.add("to", "to must lie after from")
	case m.To.Sub(m.From) > longestMute:
		problems.add("to", "at most 90 days")
	}
	if strings.TrimSpace(m.Reason) == "" {
		problems.add("reason", "say why: others will ask")
	}
	if len([]rune(m.Reason)) > MaxComment {
		problems.add("reason", "at most %d characters", MaxComment)
	}
	m.Matcher.check(reg, &problems)
	return problems
}

func (m *Matcher) check(reg *geo.Registry, problems *reporter) {
	lists := []struct {
		name  string
		ids   []string
		known func(string) bool
	}{
		{"parks", m.Parks, func(id string) bool { _, ok := reg.Park(id); return ok }},
		{"stations", m.Stations, func(id string) bool { _, ok := reg.Station(id); return ok }},
		{"parameters", m.Parameters, func(string) bool { return true }},
		{"rules", m.Rules, func(string) bool { return true }},
		{"severities", m.Severities, func(name string) bool { var s Severity; return s.UnmarshalText([]byte(name)) == nil && s != None }},
	}
	for _, l := range lists {
		if len(l.ids) > mostMatched {
			problems.add("matcher."+l.name, "at most %d", mostMatched)
			continue
		}
		for i, id := range l.ids {
			if !l.known(id) {
				problems.add(fmt.Sprintf("matcher.%s[%d]", l.name, i), "%q is not known", id)
			}
		}
	}
}

// Mutes are all mutes. They never change: a new set replaces them whole.
type Mutes struct{ list []Mute }

// NewMutes makes a set.
func NewMutes(list []Mute) *Mutes { return &Mutes{slices.Clone(list)} }

// List is the set; the caller must not change it. A nil set is empty.
func (m *Mutes) List() []Mute {
	if m == nil {
		return nil
	}
	return m.list
}

// Match is the id of a mute that holds an alert's notices back at a time, or "".
func (m *Mutes) Match(a *Alert, at time.Time) string {
	for i := range m.List() {
		if x := &m.list[i]; !at.Before(x.From) && at.Before(x.To) && x.Matcher.Matches(a) {
			return x.ID
		}
	}
	return ""
}

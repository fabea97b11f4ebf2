package mail

import (
	"maps"
	"slices"
	"time"

	"quantrac/alerts"
)

// groupKey is what the alerts of a group have in common; what it is not grouped by is "".
type groupKey struct {
	Park      string `json:"park,omitempty"`
	Rule      string `json:"rule,omitempty"`
	Station   string `json:"station,omitempty"`
	Parameter string `json:"parameter,omitempty"`
	// Again is the id of an e-mail that is sent again by hand, which is a group of its own.
	Again string `json:"again,omitempty"`
	// Rest is the group of what came when there were too many groups.
	Rest bool `json:"rest,omitempty"`
}

type groupID struct {
	recipient string
	key       groupKey
}

// place is where an event is in the journal.
type place struct {
	Seq   uint64 `json:"seq"`
	Index int    `json:"index"`
}

func (p place) after(q place) bool { return p.Seq > q.Seq || p.Seq == q.Seq && p.Index > q.Index }

// change is what has happened to one alert since the last e-mail.
type change struct {
	Alert string `json:"alert"`
	// Types are what happened, in order, each once in a row; at most maxTypes.
	Types []alerts.EventType `json:"types"`
	// By and Comment are of the newest event that has them.
	By      string `json:"by,omitempty"`
	Comment string `json:"comment,omitempty"`
}

const (
	maxTypes   = 8
	maxComment = 300
	// maxChanges bounds the alerts of one group: a fuller one is sent at once, and what does not fit is only counted.
	maxChanges = 1000
)

// group is what one recipient is to be told together. It is pure: the time is an argument. Its fields are what is on disk.
type group struct {
	Recipient string   `json:"recipient"`
	Key       groupKey `json:"key"`
	// Upto is the newest event that the group has taken in.
	Upto    place    `json:"upto"`
	Pending []change `json:"pending,omitempty"`
	// More counts events that did not fit into Pending.
	More int `json:"more,omitempty"`
	// Told are the open alerts that the recipient knows of.
	Told []string `json:"told,omitempty"`
	// Due is when Pending is to be told, Repeat when Told is told again; zero = never.
	Due      time.Time `json:"due,omitzero"`
	Repeat   time.Time `json:"repeat,omitzero"`
	LastSent time.Time `json:"last_sent,omitzero"`
	// Mail is under way; nil = none is.
	Mail *outgoing `json:"mail,omitempty"`

	dirty, sending, removed bool
}

// outgoing is an e-mail that is under way: written down before its first try, and the same at every try.
type outgoing struct {
	// ID is the part of the Message-ID before the @.
	ID     string    `json:"id"`
	Made   time.Time `json:"made"`
	Queued time.Time `json:"queued"`
	Digest digest    `json:"digest"`
	// Alerts are those whose death is to be reported.
	Alerts []string  `json:"alerts"`
	Tries  int       `json:"tries"`
	Due    time.Time `json:"due"`
	// DiedAt is set when the last try is over and the others have not been told of it yet.
	DiedAt time.Time `json:"died_at,omitzero"`
}

// absorb takes in an event at its place; events that the group knows change nothing.
func (g *group) absorb(p place, ev *alerts.Event, r *recipient, now time.Time) {
	if !p.after(g.Upto) {
		return
	}
	g.Upto, g.dirty, g.removed = p, true, false
	i := slices.IndexFunc(g.Pending, func(c change) bool { return c.Alert == ev.Alert.ID })
	if ev.Type == alerts.WasWithdrawn && !slices.Contains(g.Told, ev.Alert.ID) && i >= 0 {
		g.Pending = slices.Delete(g.Pending, i, i+1) // was never told, never was
		if len(g.Pending) == 0 {
			g.Due = time.Time{}
		}
		return
	}
	if i < 0 && len(g.Pending) >= maxChanges {
		g.More++
		return
	}
	if i < 0 {
		g.Pending = append(g.Pending, change{Alert: ev.Alert.ID})
		i = len(g.Pending) - 1
	}
	c := &g.Pending[i]
	if n := len(c.Types); n < maxTypes && (n == 0 || c.Types[n-1] != ev.Type) {
		c.Types = append(c.Types, ev.Type)
	}
	if ev.By != "" || ev.Comment != "" {
		c.By, c.Comment = ev.By, clip(ev.Comment, maxComment)
	}
	if g.Due.IsZero() {
		g.Due = now.Add(r.wait)
		if next := g.LastSent.Add(r.interval); !g.LastSent.IsZero() && next.After(g.Due) {
			g.Due = next
		}
	}
	if len(g.Pending) >= maxChanges {
		g.Due = now
	}
}

// ready says what the group wants to tell now.
func (g *group) ready(now time.Time) (changes, again bool) {
	if g.Mail != nil {
		return false, false
	}
	if len(g.Pending) > 0 {
		return !now.Before(g.Due), false
	}
	return false, len(g.Told) > 0 && !g.Repeat.IsZero() && !now.Before(g.Repeat)
}

// over reports whether nothing remains to be remembered.
func (g *group) over(r *recipient, now time.Time) bool {
	return g.Mail == nil && len(g.Pending) == 0 && len(g.Told) == 0 && !now.Before(g.LastSent.Add(r.interval))
}

// next is when the group should be looked at again.
func (g *group) next(r *recipient) time.Time {
	switch {
	case g.Mail != nil:
		return g.Mail.Due
	case len(g.Pending) > 0:
		return g.Due
	case len(g.Told) == 0:
		return g.LastSent.Add(r.interval)
	}
	return g.Repeat
}

// freeze turns what is pending into an e-mail. now are the alerts as they are.
func (g *group) freeze(r *recipient, id string, at time.Time, now map[string]alerts.Alert) {
	again := len(g.Pending) == 0
	told := map[string]bool{}
	for _, alert := range g.Told {
		told[alert] = true
	}
	m := &outgoing{ID: id, Made: at.UTC(), Queued: at.UTC(), Due: at.UTC()}
	d := digest{Again: again, More: g.More}
	for _, c := range g.Pending {
		a, known := now[c.Alert]
		if !known {
			continue
		}
		delete(told, c.Alert)
		d.Changes = append(d.Changes, item{Alert: a, Types: c.Types, By: c.By, Comment: c.Comment})
		if !slices.Equal(c.Types, []alerts.EventType{alerts.Undelivered}) {
			m.Alerts = append(m.Alerts, c.Alert)
		}
	}
	for _, alert := range slices.Sorted(maps.Keys(told)) {
		if a, known := now[alert]; known && a.State == alerts.Open && (!again || a.AcknowledgedAt == nil) {
			d.Open = append(d.Open, item{Alert: a})
		}
	}
	g.Told = slices.DeleteFunc(append(g.Told, ids(g.Pending)...), func(alert string) bool { return now[alert].State != alerts.Open })
	slices.Sort(g.Told)
	g.Told = slices.Compact(g.Told)
	g.Pending, g.More, g.Due, g.Repeat, g.dirty = nil, 0, time.Time{}, time.Time{}, true
	if r.repeat > 0 {
		g.Repeat = at.Add(r.repeat).UTC()
	}
	if d.empty() {
		return // all is acknowledged, or gone
	}
	d.sort()
	m.Digest = d
	g.Mail, g.LastSent = m, at.UTC()
}

func ids(list []change) []string {
	out := make([]string, len(list))
	for i := range list {
		out[i] = list[i].Alert
	}
	return out
}

// concerned are the alerts that freeze needs.
func (g *group) concerned() []string { return append(ids(g.Pending), g.Told...) }

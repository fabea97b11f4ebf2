package mail

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"quantrac/alerts"
)

// clerk plays a group by a clock of its own.
type clerk struct {
	r   *recipient
	g   *group
	now map[string]alerts.Alert
	at  time.Time
	seq uint64
}

func newClerk(spec Spec) *clerk {
	spec.Name = "duty"
	return &clerk{r: newRecipient(&spec, configuredID(spec.Name), sourceConfig), g: &group{}, now: map[string]alerts.Alert{}, at: time.Date(2026, 11, 24, 6, 0, 0, 0, time.UTC)}
}

func (c *clerk) event(ev alerts.Event) {
	c.seq++
	c.now[ev.Alert.ID] = ev.Alert
	c.g.absorb(place{Seq: c.seq}, &ev, c.r, c.at)
}

// pass lets time go by in steps of a second and returns the e-mails that left, by the second and what they say.
func (c *clerk) pass(d time.Duration) []string {
	var sent []string
	begin := c.at
	for ; c.at.Sub(begin) <= d; c.at = c.at.Add(time.Second) {
		changes, again := c.g.ready(c.at)
		if !changes && !again {
			continue
		}
		c.g.freeze(c.r, "id", c.at, c.now)
		if c.g.Mail == nil {
			continue
		}
		m := c.g.Mail.Digest
		sent = append(sent, fmt.Sprintf("%s changes %d open %d again %t", c.at.Sub(begin), len(m.Changes), len(m.Open), m.Again))
		c.g.Mail = nil
	}
	return sent
}

func TestAGroupWaitsThenKeepsItsInterval(t *testing.T) {
	c := newClerk(Spec{RepeatInterval: ptr(time.Duration(0))})
	c.event(opened("a"))
	c.at = c.at.Add(10 * time.Second)
	c.event(opened("b"))
	if got, want := c.pass(time.Minute), []string{"20s changes 2 open 0 again false"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	c.event(opened("c"))
	if got, want := c.pass(10*time.Minute), []string{"4m19s changes 1 open 2 again false"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for _, id := range []string{"a", "b", "c"} {
		c.event(resolved(id))
	}
	if got, want := c.pass(10*time.Minute), []string{"30s changes 3 open 0 again false"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if !c.g.over(c.r, c.at) {
		t.Errorf("the group is kept: %+v", c.g)
	}
}

func TestWhatStaysOpenIsToldAgainUntilAcknowledged(t *testing.T) {
	c := newClerk(Spec{})
	c.event(opened("a"))
	c.event(opened("b"))
	want := []string{"30s changes 2 open 0 again false", "4h0m30s changes 0 open 2 again true", "8h0m30s changes 0 open 2 again true"}
	if got := c.pass(9 * time.Hour); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	ev := opened("a")
	ev.Type, ev.Alert.AcknowledgedAt, ev.Alert.AcknowledgedBy = alerts.Acknowledged, ptr(c.at), "lan"
	c.event(ev)
	if got, want := c.pass(5*time.Hour), []string{"30s changes 1 open 1 again false", "4h0m30s changes 0 open 1 again true"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	b := c.now["b"]
	b.AcknowledgedAt = ptr(c.at)
	c.now["b"] = b
	if got := c.pass(24 * time.Hour); len(got) != 0 {
		t.Errorf("acknowledged alerts are told again: %v", got)
	}
}

func TestWhatWasTakenBackInTimeIsNotTold(t *testing.T) {
	c := newClerk(Spec{})
	c.event(opened("a"))
	back := opened("a")
	back.Type, back.Alert.State = alerts.WasWithdrawn, alerts.Withdrawn
	c.event(back)
	if got := c.pass(time.Hour); len(got) != 0 || !c.g.over(c.r, c.at) {
		t.Errorf("sent %v", got)
	}
	c.event(opened("b"))
	c.pass(time.Minute)
	back.Alert.ID = "b"
	c.event(back)
	if got, want := c.pass(time.Hour), []string{"4m29s changes 1 open 0 again false"}; !slices.Equal(got, want) {
		t.Errorf("taken back after it was told: %v, want %v", got, want)
	}
}

func TestAnEventIsTakenInOnce(t *testing.T) {
	c := newClerk(Spec{})
	ev := opened("a")
	c.g.absorb(place{Seq: 7, Index: 1}, &ev, c.r, c.at)
	c.now["a"] = ev.Alert
	c.pass(time.Minute)
	for _, p := range []place{{7, 1}, {7, 0}, {6, 9}} {
		c.g.absorb(p, &ev, c.r, c.at)
	}
	if len(c.g.Pending) != 0 {
		t.Errorf("pending %+v", c.g.Pending)
	}
}

func TestAStormIsOneEmailOfBoundedLength(t *testing.T) {
	c := newClerk(Spec{})
	for i := range maxChanges + 50 {
		ev := opened(fmt.Sprintf("alert-%04d", i))
		if i == 500 {
			ev.Alert.Severity = alerts.Emergency
		}
		c.event(ev)
	}
	c.g.freeze(c.r, "id", c.at, c.now)
	d := c.g.Mail.Digest
	if len(d.Changes) != maxItems || d.MoreChanges != maxChanges-maxItems || d.More != 50 || d.worst().Alert.ID != "alert-0500" {
		t.Errorf("%d told, %d counted, %d more, worst %s", len(d.Changes), d.MoreChanges, d.More, d.worst().Alert.ID)
	}
	if len(c.g.Mail.Alerts) != maxChanges || len(c.g.Told) != maxChanges {
		t.Errorf("%d to report, %d told", len(c.g.Mail.Alerts), len(c.g.Told))
	}
}

func TestAServerThatFailsIsLeftAlone(t *testing.T) {
	var l line
	now := time.Date(2026, 11, 24, 6, 0, 0, 0, time.UTC)
	l.heard(&outcome{fault: "refused", down: true}, now)
	if l.may(now.Add(firstPause - 1)) {
		t.Error("no pause")
	}
	if !l.may(now.Add(firstPause)) {
		t.Error("no probe")
	}
	l.flying = 1
	if l.may(now.Add(time.Hour)) {
		t.Error("two probes at once")
	}
	for range 100 {
		l.heard(&outcome{fault: "refused", down: true}, now)
	}
	if l.quiet.Sub(now) != maxPause {
		t.Errorf("pause %s", l.quiet.Sub(now))
	}
	l.heard(&outcome{fault: "550 no such user", forGood: true}, now)
	if !l.may(now) {
		t.Error("a server that answers is left alone")
	}
}

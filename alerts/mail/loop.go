package mail

import (
	"cmp"
	"context"
	"slices"
	"time"

	"quantrac/alerts"
)

// RetryTable is what passes before the second and later tries: a day in all.
func RetryTable() []time.Duration {
	return []time.Duration{
		30 * time.Second, 2 * time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour, 8 * time.Hour, 8 * time.Hour,
	}
}

const (
	// The first pause after a failure of the mail server itself, and the longest.
	firstPause = 15 * time.Second
	maxPause   = 5 * time.Minute
	troubled   = time.Second // how soon something that failed on our side is tried again
	idleWake   = time.Hour
)

// line is the way to the mail server.
type line struct {
	flying int
	// failures in a row of the server itself; nothing is sent before quiet.
	failures int
	quiet    time.Time
}

// may reports whether a hand-over may begin; while the server fails, one at a time finds out.
func (l *line) may(now time.Time) bool {
	if l.failures > 0 {
		return l.flying == 0 && !now.Before(l.quiet)
	}
	return l.flying < sessions
}

func (l *line) heard(o *outcome, now time.Time) {
	if !o.down {
		l.failures = 0
		return
	}
	l.failures++
	l.quiet = now.Add(min(firstPause<<min(l.failures-1, 10), maxPause))
}

type result struct {
	g       *group
	letter  *letter
	outcome outcome
	at      time.Time
	// cut: we stopped first.
	cut bool
}

// loop owns the groups until ctx ends.
func (s *Sender) loop(ctx, sending, records context.Context) {
	timer, save := time.NewTimer(0), time.NewTicker(saveEvery)
	defer timer.Stop()
	defer save.Stop()
	wake := time.Time{}
	for ctx.Err() == nil {
		if now := s.opt.Now(); !now.Before(wake) {
			wake = s.launch(sending, records)
		}
		timer.Reset(max(0, wake.Sub(s.opt.Now())))
		select {
		case step := <-s.incoming:
			wake = earlier(wake, s.take(step))
		case r := <-s.results:
			s.settle(records, &r)
			wake = time.Time{}
		case command := <-s.commands:
			command()
			wake = time.Time{}
		case <-save.C:
			s.trySave(records)
		case <-timer.C:
		case <-ctx.Done():
		}
	}
	for s.line.flying > 0 {
		r := <-s.results
		s.settle(records, &r)
	}
	s.trySave(records)
}

func (s *Sender) trySave(ctx context.Context) {
	if err := s.save(ctx); err != nil && ctx.Err() == nil {
		s.opt.Logger.Warn("saving the state of e-mails failed, trying again", "error", err)
	}
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// follow reads events until ctx ends.
func (s *Sender) follow(ctx context.Context) {
	after := s.saved
	hand := func(seq uint64, events []alerts.Event) error {
		if seq <= after {
			return nil // comes again because something behind it failed
		}
		select {
		case s.incoming <- incoming{seq, events}:
			after = seq
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	for {
		err := s.opt.Events(ctx, after, hand)
		if ctx.Err() != nil {
			return
		}
		s.opt.Logger.Warn("e-mail cannot read the alert journal, trying again", "error", err)
		if !pause(ctx, time.Second) {
			return
		}
	}
}

// take gives the events of a step to the groups and returns when the next of them is due.
func (s *Sender) take(in incoming) time.Time {
	now := s.opt.Now()
	wake := now.Add(idleWake)
	for i := range in.events {
		ev := &in.events[i]
		for _, r := range s.all() {
			if !r.enabled() || in.seq <= r.from || !r.wants(ev) {
				continue
			}
			g := s.groupOf(r, r.keyOf(&ev.Alert))
			g.absorb(place{in.seq, i}, ev, r, now)
			wake = earlier(wake, g.next(r))
		}
	}
	s.passed = in.seq
	return wake
}

// groupOf is the group of a key, or the rest of the recipient where there are too many.
func (s *Sender) groupOf(r *recipient, key groupKey) *group {
	if g := s.groups[groupID{r.id, key}]; g != nil {
		return g
	}
	if len(s.groups) >= maxGroups {
		key = groupKey{Rest: true}
	}
	id := groupID{r.id, key}
	if s.groups[id] == nil {
		s.groups[id] = &group{Recipient: r.id, Key: key}
	}
	return s.groups[id]
}

// launch makes the e-mails that are due and starts their hand-over; it returns when to come again.
func (s *Sender) launch(sending, records context.Context) time.Time {
	now := s.opt.Now()
	wake := now.Add(idleWake)
	var due []*group
	for id, g := range s.groups {
		r := s.recipient(g.Recipient)
		if g.sending || g.removed {
			continue
		}
		if r == nil || !r.enabled() {
			if s.bucket.Delete(records, storeKey(g)) == nil { // else it is tried again
				delete(s.groups, id)
			}
			continue
		}
		if err := s.prepare(records, g, r, now); err != nil {
			if records.Err() == nil {
				s.opt.Logger.Warn("an e-mail cannot be made, trying again", "recipient", r.Name, "error", err)
			}
			wake = earlier(wake, now.Add(troubled))
			continue
		}
		switch {
		case g.over(r, now):
			g.removed = true
		case g.Mail != nil && !now.Before(g.Mail.Due):
			due = append(due, g)
		default:
			wake = earlier(wake, notBefore(g.next(r), now.Add(troubled)))
		}
	}
	slices.SortFunc(due, func(a, b *group) int {
		return cmp.Or(a.Mail.Due.Compare(b.Mail.Due), cmp.Compare(a.Mail.ID, b.Mail.ID))
	})
	for _, g := range due {
		if !s.line.may(now) {
			return earlier(wake, notBefore(s.line.quiet, now.Add(troubled)))
		}
		s.line.flying++
		g.sending = true
		go s.try(sending, s.recipient(g.Recipient), g)
	}
	return wake
}

// notBefore keeps a time that has passed, or is none, from making the loop spin.
func notBefore(t, least time.Time) time.Time {
	if t.IsZero() || t.Before(least) {
		return least
	}
	return t
}

// prepare brings a group to where it may send: what is due becomes an e-mail, what has died is told, and all of it is on disk.
func (s *Sender) prepare(ctx context.Context, g *group, r *recipient, now time.Time) error {
	if changes, again := g.ready(now); changes || again {
		alerts, err := s.look(ctx, g.concerned())
		if err != nil {
			return err
		}
		g.freeze(r, mailID(), now, alerts)
	}
	if g.Mail == nil {
		return nil
	}
	if s.line.failures > 0 && g.Mail.DiedAt.IsZero() && now.Sub(g.Mail.Queued) > s.longest() {
		if err := s.expire(ctx, g, r, now); err != nil {
			return err
		}
	}
	if !g.Mail.DiedAt.IsZero() {
		if err := s.bury(ctx, g, r); err != nil {
			return err
		}
	}
	return s.keep(ctx, g)
}

func (s *Sender) look(ctx context.Context, ids []string) (map[string]alerts.Alert, error) {
	found := make(map[string]alerts.Alert, len(ids))
	for _, id := range ids {
		a, ok, err := s.opt.Alert(ctx, id)
		if err != nil {
			return nil, err
		}
		if ok {
			found[id] = a
		}
	}
	return found, nil
}

// bury tells the others of an e-mail that has died, and makes room for the next.
func (s *Sender) bury(ctx context.Context, g *group, r *recipient) error {
	for _, alert := range g.Mail.Alerts {
		d := Death{Alert: alert, Recipient: r.name(), Comment: "e-mail " + r.Name, At: g.Mail.DiedAt}
		if err := s.opt.Report(ctx, d); err != nil {
			return err
		}
	}
	g.Mail, g.dirty = nil, true
	return nil
}

// longest is how long all tries take together, with what a pause of the server may add.
func (s *Sender) longest() time.Duration {
	total := time.Duration(0)
	for _, wait := range s.opt.Retries {
		total += wait
	}
	return total + total/10 + maxPause
}

// pause waits; false means that ctx ended.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

package mail

import (
	"context"
	"slices"
	"time"
)

// everyIndex is behind all events of a step.
const everyIndex = 1 << 30

// regroup moves what waits for a recipient into the groups that its changed Spec asks for, and sets when it is told again. An e-mail
// that is under way stays where it is.
func (s *Sender) regroup(ctx context.Context, old, r *recipient) error {
	if !r.enabled() {
		return nil // launch forgets its groups
	}
	now := s.opt.Now()
	again := time.Time{}
	if r.repeat > 0 {
		again = now.Add(r.repeat).UTC()
	}
	var list []*group // those of now: what moves makes more
	for _, g := range s.groups {
		if g.Recipient == r.id && g.Key.Again == "" {
			list = append(list, g)
		}
	}
	for _, g := range list {
		if len(g.Told) > 0 {
			g.Repeat, g.dirty = again, true
		}
		if slices.Equal(slices.Sorted(slices.Values(old.GroupBy)), slices.Sorted(slices.Values(r.GroupBy))) {
			continue
		}
		if err := s.move(ctx, g, r); err != nil {
			return err
		}
	}
	return nil
}

// move gives what a group has to those where it belongs now.
func (s *Sender) move(ctx context.Context, g *group, r *recipient) error {
	known, err := s.look(ctx, g.concerned())
	if err != nil {
		return err
	}
	was := *g
	g.Pending, g.Told, g.Due, g.Repeat, g.More, g.dirty = nil, nil, time.Time{}, time.Time{}, 0, true
	for _, c := range was.Pending {
		a, ok := known[c.Alert]
		if !ok {
			continue
		}
		to := s.heir(r, r.keyOf(&a), &was)
		to.Pending, to.Due = append(to.Pending, c), soonest(to.Due, was.Due)
		to.More, was.More = to.More+was.More, 0
	}
	for _, id := range was.Told {
		if a, ok := known[id]; ok {
			to := s.heir(r, r.keyOf(&a), &was)
			to.Told, to.Repeat = append(to.Told, id), soonest(to.Repeat, was.Repeat)
		}
	}
	return nil
}

// heir is the group of a key, which has taken in all that the one before it has.
func (s *Sender) heir(r *recipient, key groupKey, was *group) *group {
	id := groupID{r.id, key}
	g := s.groups[id]
	if g == nil {
		g = &group{Recipient: r.id, Key: key, LastSent: was.LastSent}
		s.groups[id] = g
	}
	g.Upto, g.dirty, g.removed = place{s.passed, everyIndex}, true, false
	return g
}

// soonest is the earlier of two times of which a zero one is none.
func soonest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

package mail

import (
	"context"
	"math/rand/v2"
	"time"
)

// try hands the e-mail of a group over once. The loop does not touch the group meanwhile, but for absorbing events.
func (s *Sender) try(ctx context.Context, r *recipient, g *group) {
	at := s.opt.Now()
	m := g.Mail
	l, err := s.render(r, m, g.Key)
	if err != nil {
		s.results <- result{g: g, letter: &letter{}, outcome: outcome{fault: err.Error(), forGood: true}, at: at}
		return
	}
	o := s.post(ctx, l, s.opt.Now)
	s.results <- result{g: g, letter: l, outcome: o, at: at, cut: !o.taken() && ctx.Err() != nil}
}

// settle takes in what came of a try. Nothing is written when we cut it off ourselves: it comes again, under the same id.
func (s *Sender) settle(ctx context.Context, r *result) {
	s.line.flying--
	r.g.sending = false
	if r.cut {
		return
	}
	now := s.opt.Now()
	s.line.heard(&r.outcome, now)
	s.trouble.Store(nil)
	if r.outcome.down {
		s.trouble.Store(&r.outcome.fault)
	}
	m := r.g.Mail
	m.Tries++
	a := s.attempt(r, m, now)
	s.opt.Metrics.tries.WithLabelValues(string(a.State)).Inc()
	switch a.State {
	case Retrying:
		m.Due = a.NextAt
	case Dead:
		m.DiedAt = a.At
		s.opt.Logger.Warn("an e-mail could not be delivered", "recipient", r.g.Recipient, "mail", m.ID, "status", a.Status, "error", a.Error)
	case Delivered:
		r.g.Mail = nil
	}
	r.g.dirty = true
	if s.history.record(ctx, a) != nil {
		return
	}
	if err := s.keep(ctx, r.g); err != nil {
		s.opt.Logger.Warn("what came of an e-mail is not saved yet", "mail", a.ID, "error", err)
	}
}

func (s *Sender) attempt(r *result, m *outgoing, now time.Time) Attempt {
	o := &r.outcome
	a := Attempt{
		ID: m.ID, Recipient: r.g.Recipient, Alerts: m.Digest.alerts(), Type: m.Digest.kind(), Subject: r.letter.subject, Attempt: m.Tries,
		At: r.at.UTC(), MadeAt: m.Made, QueuedAt: m.Queued, Status: o.code, Error: o.fault, DurationMS: o.took.Milliseconds(), State: Retrying,
	}
	switch {
	case o.taken():
		a.State = Delivered
	case o.forGood || m.Tries > len(s.opt.Retries):
		a.State = Dead
	default:
		wait := s.opt.Retries[m.Tries-1]
		wait += time.Duration(float64(wait) * (rand.Float64()*0.2 - 0.1))
		a.NextAt = now.Add(wait).UTC()
	}
	if a.State == Dead {
		a.Digest = &m.Digest
	}
	return a
}

// expire ends an e-mail that has waited for the mail server longer than all tries would have taken.
func (s *Sender) expire(ctx context.Context, g *group, r *recipient, now time.Time) error {
	l, err := s.render(r, g.Mail, g.Key)
	if err != nil {
		return err
	}
	end := &result{g: g, letter: l, at: now, outcome: outcome{fault: "the mail server did not answer for longer than all tries would have taken", forGood: true}}
	a := s.attempt(end, g.Mail, now)
	if err := s.history.record(ctx, a); err != nil {
		return err
	}
	s.opt.Metrics.tries.WithLabelValues(string(Dead)).Inc()
	s.opt.Logger.Warn("an e-mail could not be delivered", "recipient", g.Recipient, "mail", a.ID, "error", a.Error)
	g.Mail.DiedAt, g.dirty = a.At, true
	return nil
}

package mail

import (
	"context"
	"time"

	"quantrac/alerts"
	"quantrac/geo"
)

// Recipient is a recipient as it is shown.
type Recipient struct {
	ID             string   `json:"id"`
	Name           string   `json:"name"`
	Address        string   `json:"address"`
	Language       string   `json:"language"`
	Events         []string `json:"events"`
	Filter         Filter   `json:"filter"`
	GroupBy        []string `json:"group_by"`
	GroupWait      string   `json:"group_wait"`
	GroupInterval  string   `json:"group_interval"`
	RepeatInterval string   `json:"repeat_interval"`
	Enabled        bool     `json:"enabled"`
	// Source is "api" or "config"; CreatedAt is absent for one of the configuration.
	Source    string    `json:"source"`
	CreatedAt time.Time `json:"created_at,omitzero"`
	// Pending and Dead count the newest e-mails that are under way or were given up.
	Pending int `json:"pending"`
	Dead    int `json:"dead"`
}

// List returns the recipients: those of the configuration in its order, then those of the API, oldest first.
func (s *Sender) List() []Recipient {
	all := s.all()
	list := make([]Recipient, len(all))
	for i, r := range all {
		list[i] = s.view(r)
	}
	return list
}

// Get returns a recipient, or ErrNotFound.
func (s *Sender) Get(id string) (Recipient, error) {
	r := s.recipient(id)
	if r == nil {
		return Recipient{}, ErrNotFound
	}
	return s.view(r), nil
}

func (s *Sender) view(r *recipient) Recipient {
	some := func(l []string) []string { return append([]string{}, l...) }
	pending, _ := s.history.standing(1<<64-1, maxRecent, func(a *Attempt) bool { return a.Recipient == r.id && a.open() })
	dead, _ := s.history.standing(1<<64-1, maxRecent, func(a *Attempt) bool {
		return a.Recipient == r.id && a.State == Dead && a.Type != typeTest
	})
	return Recipient{
		ID: r.id, Name: r.Name, Address: r.Address, Language: r.Language, Events: some(r.Events), GroupBy: some(r.GroupBy),
		Filter:    Filter{some(r.Filter.Parks), some(r.Filter.Stations), some(r.Filter.Severities), r.Filter.Late},
		GroupWait: r.wait.String(), GroupInterval: r.interval.String(), RepeatInterval: r.repeat.String(), Enabled: r.enabled(),
		Source: r.source, CreatedAt: r.created,
		Pending: len(pending), Dead: len(dead),
	}
}

// Preview is an e-mail as it would be sent.
type Preview struct {
	From    string `json:"from"`
	To      string `json:"to"`
	Subject string `json:"subject"`
	Text    string `json:"text"`
	HTML    string `json:"html"`
}

// Preview makes an e-mail to a recipient about an alert as it could be, and sends nothing. Errors: ErrNotFound.
func (s *Sender) Preview(_ context.Context, id string) (Preview, error) {
	r := s.recipient(id)
	if r == nil {
		return Preview{}, ErrNotFound
	}
	l, err := s.render(r, &outgoing{ID: "preview", Made: s.opt.Now(), Digest: s.example()}, groupKey{})
	if err != nil {
		return Preview{}, err
	}
	return Preview{From: s.opt.Server.From, To: l.to, Subject: l.subject, Text: l.text, HTML: l.html}, nil
}

// Test sends a test e-mail now, once, and returns what came of it: Delivered or Dead. Errors: ErrNotFound.
func (s *Sender) Test(ctx context.Context, id string) (Attempt, error) {
	r := s.recipient(id)
	if r == nil {
		return Attempt{}, ErrNotFound
	}
	at := s.opt.Now()
	m := &outgoing{ID: mailID(), Made: at.UTC(), Queued: at.UTC(), Digest: s.example()}
	m.Digest.Test = true
	l, err := s.render(r, m, groupKey{})
	if err != nil {
		return Attempt{}, err
	}
	o := s.post(ctx, l, s.opt.Now)
	a := Attempt{
		ID: m.ID, Recipient: id, Alerts: []string{}, Type: typeTest, Subject: l.subject, Attempt: 1, At: at.UTC(), MadeAt: m.Made, QueuedAt: m.Queued,
		Status: o.code, Error: o.fault, DurationMS: o.took.Milliseconds(), State: Dead,
	}
	if o.taken() {
		a.State = Delivered
	}
	return a, s.history.record(ctx, a)
}

// example is an alert as it could be.
func (s *Sender) example() digest {
	at := s.opt.Now().UTC().Truncate(time.Minute)
	value, limit, over := 91.2, 67.5, 1.35
	return digest{Changes: []item{{Types: []alerts.EventType{alerts.Opened}, Alert: alerts.Alert{
		ID: "example", Revision: 1, Rule: "cod-over-limit", RuleName: geo.Text{VI: "COD vượt quy chuẩn", EN: "COD above limit"},
		Severity: alerts.Critical, PeakSeverity: alerts.Critical, State: alerts.Open,
		Station: alerts.Where{ID: "example", Name: geo.Text{VI: "Trạm ví dụ", EN: "Example station"}},
		Park:    &alerts.Where{ID: "example", Name: geo.Text{VI: "KCN ví dụ", EN: "Example park"}},
		Basis:   alerts.OnValue, Parameter: "cod", Value: &value, Unit: "mg/L", Limit: &limit, Ratio: &over,
		LimitReference: "QCVN 40:2011/BTNMT, A, Kq 0.9, Kf 1.0", LimitVerified: true, OpenedAt: at, MeasuredAt: at,
		Summary: geo.Text{VI: "Ví dụ, không có cảnh báo nào.", EN: "An example; there is no alert."}, URL: s.opt.BaseURL + "/",
	}}}}
}

// Redeliver sends a dead e-mail again, under its Message-ID and with all tries. Errors: ErrNotFound, ErrDisabled.
func (s *Sender) Redeliver(ctx context.Context, id string) (Attempt, error) {
	dead, err := s.history.dead(ctx, id)
	if err != nil {
		return Attempt{}, err
	}
	r := s.recipient(dead.Recipient)
	if r == nil || !r.enabled() {
		return Attempt{}, ErrDisabled
	}
	now := s.opt.Now().UTC()
	g := &group{
		Recipient: r.id, Key: groupKey{Again: id}, dirty: true,
		Mail: &outgoing{ID: id, Made: dead.MadeAt, Queued: now, Due: now, Digest: *dead.Digest},
	}
	dead.State, dead.At, dead.QueuedAt, dead.Attempt, dead.Status, dead.Error, dead.Digest = Waiting, now, now, 0, 0, "", nil
	done := make(chan struct{})
	command := func() {
		defer close(done)
		if known := s.groups[groupID{r.id, g.Key}]; known != nil && known.Mail != nil {
			known.Mail.Due = now
			return
		}
		if err = s.keep(ctx, g); err != nil {
			return
		}
		err = s.history.record(ctx, dead)
		s.line.quiet = time.Time{} // whoever asks by hand has seen that the server is back
		s.groups[groupID{r.id, g.Key}] = g
	}
	select {
	case s.commands <- command:
		<-done
		return dead, err
	case <-s.ended:
		return Attempt{}, ErrDisabled
	case <-ctx.Done():
		return Attempt{}, ctx.Err()
	}
}

// dead finds a dead e-mail among the newest records, with what it said.
func (h *history) dead(ctx context.Context, id string) (Attempt, error) {
	seq := uint64(0)
	h.mu.Lock()
	for i := range h.recent {
		if h.recent[i].ID == id {
			seq = 0
			if h.recent[i].State == Dead {
				seq = h.recent[i].seq
			}
		}
	}
	h.mu.Unlock()
	if seq == 0 {
		return Attempt{}, ErrNotFound
	}
	r, err := h.records.Get(ctx, seq)
	if err != nil {
		return Attempt{}, err
	}
	a, err := parse(r)
	if err == nil && a.Digest == nil {
		err = ErrNotFound
	}
	return a, err
}

package webhook

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"quantrac/alerts"
	"quantrac/geo"
)

// Test sends a signed webhook.test now, once, and returns what came of it: Delivered or Dead. Errors: ErrNotFound.
func (s *Sender) Test(ctx context.Context, id string) (Attempt, error) {
	h, err := s.find(id)
	if err != nil {
		return Attempt{}, err
	}
	at := s.opt.Now()
	d := s.testDelivery(h, at)
	o := s.send(ctx, h, d, at)
	a := Attempt{
		ID: d.id, Webhook: id, Type: TestEvent, Attempt: 1, At: at.UTC(), Status: o.status, Error: o.fault, Answer: o.answer,
		DurationMS: o.took.Milliseconds(), State: Dead,
	}
	if o.status >= 200 && o.status < 300 {
		a.State = Delivered
	}
	return a, s.ledger.record(ctx, a)
}

// Preview is a request as it would be sent.
type Preview struct {
	Method string      `json:"method"`
	URL    string      `json:"url"`
	Header http.Header `json:"headers"`
	Body   string      `json:"body"`
}

// Preview makes what Test would send, and sends nothing. Errors: ErrNotFound.
func (s *Sender) Preview(ctx context.Context, id string) (Preview, error) {
	h, err := s.find(id)
	if err != nil {
		return Preview{}, err
	}
	at := s.opt.Now()
	d := s.testDelivery(h, at)
	m, err := encode(h, d, s.opt.BaseURL)
	if err != nil {
		return Preview{}, err
	}
	req, err := request(ctx, h, d.id, at, m)
	if err != nil {
		return Preview{}, fmt.Errorf("preview of webhook %s: %w", id, err)
	}
	delete(req.Header, "Idempotency-Key") // is never sent
	return Preview{Method: req.Method, URL: h.URL, Header: req.Header, Body: string(m.body)}, nil
}

func (s *Sender) testDelivery(h *hook, at time.Time) *delivery {
	d := &delivery{id: randomID(idPrefix + "test_"), event: testEvent(h, s.opt.BaseURL)}
	d.event.At, d.event.Made = at.UTC(), at.UTC()
	d.event.Alert.OpenedAt, d.event.Alert.MeasuredAt = at.UTC(), at.UTC()
	return d
}

func testEvent(h *hook, baseURL string) alerts.Event {
	return alerts.Event{Type: TestEvent, Alert: alerts.Alert{
		ID: "test", Revision: 1, Rule: "webhook-test", RuleName: geo.Text{VI: "Tin thử", EN: "Test message"},
		Severity: alerts.Info, PeakSeverity: alerts.Info, State: alerts.Open,
		Station: alerts.Where{ID: "test", Name: geo.Text{VI: "Trạm thử", EN: "Test station"}}, Basis: "value", Flags: []string{},
		Summary: geo.Text{
			VI: "Tin thử gửi đến " + h.Name + ". Không có cảnh báo nào.",
			EN: "Test message to " + h.Name + ". There is no alert.",
		},
		URL: baseURL + "/",
	}}
}

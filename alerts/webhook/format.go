package webhook

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"quantrac/alerts"
)

// envelope is the body of format quantrac.
type envelope struct {
	Type      alerts.EventType `json:"type"`
	Timestamp time.Time        `json:"timestamp"`
	Data      data             `json:"data"`
}

type data struct {
	Alert alerts.View `json:"alert"`
	// By and Comment are a person's; in alert.undelivered the recipient that could not be told, and of what.
	By      string `json:"by,omitempty"`
	Comment string `json:"comment,omitempty"`
	// Truncated names the fields that were cut because the body would have been too large.
	Truncated []string `json:"truncated,omitempty"`
}

// cloudEvent is CloudEvents 1.0 in structured mode.
type cloudEvent struct {
	SpecVersion     string           `json:"specversion"`
	ID              string           `json:"id"`
	Source          string           `json:"source"`
	Type            alerts.EventType `json:"type"`
	Subject         string           `json:"subject"`
	Time            time.Time        `json:"time"`
	DataContentType string           `json:"datacontenttype"`
	Data            data             `json:"data"`
}

// amMessage is version 4 of what Alertmanager sends to webhooks.
type amMessage struct {
	Version           string            `json:"version"`
	GroupKey          string            `json:"groupKey"`
	TruncatedAlerts   int               `json:"truncatedAlerts"`
	Status            string            `json:"status"`
	Receiver          string            `json:"receiver"`
	GroupLabels       map[string]string `json:"groupLabels"`
	CommonLabels      map[string]string `json:"commonLabels"`
	CommonAnnotations map[string]string `json:"commonAnnotations"`
	ExternalURL       string            `json:"externalURL"`
	Alerts            []amAlert         `json:"alerts"`
}

type amAlert struct {
	Status       string            `json:"status"`
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations"`
	StartsAt     time.Time         `json:"startsAt"`
	EndsAt       time.Time         `json:"endsAt"` // the zero time while it fires, as Alertmanager does
	GeneratorURL string            `json:"generatorURL"`
	Fingerprint  string            `json:"fingerprint"`
}

// encode makes the body of a delivery in the format of its webhook, with texts cut where it would be larger than maxBody. It depends on
// nothing else, so every try is the same.
func encode(h *hook, d *delivery, baseURL string) (message, error) {
	m, err := encodeEvent(h, d.id, notice{event: &d.event}, baseURL)
	for _, most := range shortenings() {
		if err != nil || len(m.body) <= maxBody {
			break
		}
		ev, cut := shorten(&d.event, most)
		m, err = encodeEvent(h, d.id, notice{ev, cut}, baseURL)
	}
	return m, err
}

// notice is an event as it is sent.
type notice struct {
	event *alerts.Event
	// truncated are the fields that were cut.
	truncated []string
}

func (n *notice) data() data {
	return data{Alert: alerts.ViewOf(&n.event.Alert), By: n.event.By, Comment: n.event.Comment, Truncated: n.truncated}
}

func encodeEvent(h *hook, id string, n notice, baseURL string) (message, error) {
	ev := n.event
	at := ev.Made.UTC()
	if at.IsZero() {
		at = ev.At.UTC()
	}
	switch h.Format {
	case FormatAlertmanager:
		return encodeJSON("application/json", alertmanager(h.Name, &n, baseURL))
	case FormatCloudEvents:
		if baseURL == "" {
			baseURL = "urn:quantrac"
		}
		return encodeJSON("application/cloudevents+json", cloudEvent{
			SpecVersion: "1.0", ID: id, Source: baseURL, Type: ev.Type, Subject: "alerts/" + ev.Alert.ID, Time: at,
			DataContentType: "application/json", Data: n.data(),
		})
	}
	return encodeJSON("application/json", envelope{ev.Type, at, n.data()})
}

func encodeJSON(contentType string, body any) (message, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(body); err != nil {
		return message{}, fmt.Errorf("write the body: %w", err)
	}
	return message{bytes.TrimSuffix(b.Bytes(), []byte("\n")), contentType}, nil
}

// alertmanager writes one alert as a group of its own: it is never grouped, because grouping delays.
func alertmanager(receiver string, n *notice, baseURL string) amMessage {
	ev := n.event
	a := &ev.Alert
	one := amAlert{
		Status: "firing", Labels: amLabels(a), Annotations: amAnnotations(n), StartsAt: a.OpenedAt.UTC(), GeneratorURL: a.URL,
		// Alertmanager's own are 16 hex digits; ours stays the same when the severity, a label, changes.
		Fingerprint: a.ID[:min(len(a.ID), 16)],
	}
	if a.State != alerts.Open {
		one.Status, one.EndsAt = "resolved", ev.At.UTC()
		if a.ResolvedAt != nil {
			one.EndsAt = a.ResolvedAt.UTC()
		}
	}
	return amMessage{
		Version: "4", GroupKey: fmt.Sprintf("{}:{alert_id=%q}", a.ID), Status: one.Status, Receiver: receiver,
		GroupLabels: map[string]string{"alert_id": a.ID}, CommonLabels: one.Labels, CommonAnnotations: one.Annotations,
		ExternalURL: baseURL, Alerts: []amAlert{one},
	}
}

func amLabels(a *alerts.Alert) map[string]string {
	labels := map[string]string{
		"alertname": a.Rule, "alert_id": a.ID, "severity": a.Severity.String(), "station": a.Station.ID, "basis": a.Basis,
	}
	if a.Park != nil {
		labels["park"] = a.Park.ID
	}
	if a.Parameter != "" {
		labels["parameter"] = a.Parameter
	}
	return labels
}

func amAnnotations(n *notice) map[string]string {
	ev := n.event
	a := &ev.Alert
	notes := map[string]string{
		"summary": a.Summary.EN, "summary_vi": a.Summary.VI, "station_name": a.Station.Name.VI, "event": string(ev.Type),
		"revision": strconv.Itoa(a.Revision), "late": strconv.FormatBool(a.Late),
	}
	if a.Park != nil {
		notes["park_name"] = a.Park.Name.VI
	}
	number := func(name string, v *float64) {
		if v != nil {
			notes[name] = strconv.FormatFloat(*v, 'g', -1, 64)
		}
	}
	number("value", a.Value)
	number("limit", a.Limit)
	number("ratio", a.Ratio)
	text := func(name, v string) {
		if v != "" {
			notes[name] = v
		}
	}
	text("unit", a.Unit)
	text("limit_reference", a.LimitReference)
	text("by", ev.By)
	text("comment", ev.Comment)
	text("truncated", strings.Join(n.truncated, ","))
	return notes
}

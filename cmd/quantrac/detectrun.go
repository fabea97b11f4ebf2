package main

import (
	"context"
	"errors"
	"slices"
	"time"

	"quantrac/alerts"
	"quantrac/geo"
	"quantrac/ingest"
	"quantrac/ingest/dialect"
	"quantrac/simulator"
)

// tried is what a set of rules made of a playback.
type tried struct {
	// alerts in the order in which they opened.
	alerts []*told
	// flagged says of each label whether the door said what it should.
	flagged []bool
	// readings is how many came through the door.
	readings int
}

// told is an alert as it was told in the end, with when its recipients heard.
type told struct {
	alerts.Alert
	// opened and critical are when it was first told, and first told as critical; zero = never.
	opened, critical time.Time
}

// trial drives the door and the engine with a playback, by the clock of the playback.
type trial struct {
	tried
	door   ingest.Door
	engine *alerts.Engine
	labels []simulator.Label
	// known is every reading by station, which the engine may ask for.
	known map[string][]ingest.Reading
	byID  map[string]*told
	now   time.Time
}

// trialTick is the time between two ticks of the engine; what is longer counts as an outage of our own.
const trialTick = 30 * time.Second

func tryRules(ctx context.Context, f facts, p simulator.Playback, labels []simulator.Label) (*tried, error) {
	t := &trial{
		tried: tried{flagged: make([]bool, len(labels))}, labels: labels, known: map[string][]ingest.Reading{}, byID: map[string]*told{},
		engine: alerts.NewEngine(alerts.EngineConfig{Rules: f.rules, Limits: f.limits, Registry: f.registry, Catalogue: f.catalogue}), now: p.Start,
	}
	t.door = ingest.Door{
		Decode: dialect.Decode, Registry: func() *geo.Registry { return f.registry }, Catalogue: f.catalogue, Watch: ingest.NewWatch(f.catalogue),
		Append: func(_ context.Context, in *ingest.Intake, done func(error)) error {
			t.take(in)
			done(nil)
			return nil
		},
	}
	err := simulator.Play(p, func(m simulator.Message) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		t.tickUntil(m.At)
		return t.door.Submit(ctx, ingest.Delivery{Door: "broker", Gateway: "simulator", Topic: m.Topic, ReceivedAt: m.At, Body: m.Body}, func(ingest.Receipt, error) {})
	})
	if err != nil {
		return nil, err
	}
	t.tickUntil(p.Start.Add(p.Duration))
	if t.readings == 0 {
		return nil, errors.New("no reading came through the door: the figures would mean nothing")
	}
	return &t.tried, nil
}

func (t *trial) tickUntil(at time.Time) {
	for next := t.now.Add(trialTick); !next.After(at); next = next.Add(trialTick) {
		t.now = next
		t.hear(t.engine.Step(alerts.Input{Kind: alerts.TickIn, At: next}))
	}
}

// take is the log and its consumers in one.
func (t *trial) take(in *ingest.Intake) {
	at := in.Delivery.ReceivedAt
	t.readings += len(in.Readings)
	t.notice(in)
	for i := range in.Readings {
		r := &in.Readings[i]
		t.known[r.Station] = append(t.known[r.Station], *r)
	}
	t.hear(t.engine.Step(alerts.Input{Kind: alerts.ReadingsIn, Readings: in.Readings}))
	for _, need := range t.engine.Needs() {
		t.hear(t.engine.Step(alerts.Input{Kind: alerts.HistoryIn, At: at, History: t.history(&need)}))
	}
}

// history answers a need of the engine.
func (t *trial) history(need *alerts.Need) *alerts.History {
	var soFar []alerts.Alert
	for _, a := range t.alerts {
		if a.Station.ID == need.Station {
			soFar = append(soFar, a.Alert)
		}
	}
	h := &alerts.History{Station: need.Station}
	var start time.Time
	start, h.Alerts = need.Reach(soFar)
	for _, r := range t.known[need.Station] {
		if !r.MeasuredAt.Before(start) {
			h.Readings = append(h.Readings, r)
		}
	}
	return h
}

func (t *trial) hear(events []alerts.Event) {
	for i := range events {
		ev := &events[i]
		a, known := t.byID[ev.Alert.ID]
		if !known {
			a = &told{opened: ev.Made}
			t.byID[ev.Alert.ID] = a
			t.alerts = append(t.alerts, a)
		}
		a.Alert = ev.Alert
		if a.critical.IsZero() && ev.Alert.Severity >= alerts.Critical && ev.Alert.State == alerts.Open {
			a.critical = ev.Made
		}
	}
}

// notice marks the labels of which the door has said what it should.
func (t *trial) notice(in *ingest.Intake) {
	for i := range t.labels {
		l := &t.labels[i]
		at := in.Delivery.ReceivedAt
		if t.flagged[i] || at.Before(l.From) || at.After(l.To.Add(trialTick)) || in.Delivery.Topic != "quantrac/v1/"+l.Station+"/readings" {
			continue
		}
		t.flagged[i] = slices.ContainsFunc(in.Rejects, func(r ingest.Reject) bool { return slices.Contains(l.Reasons, r.Reason) }) ||
			slices.ContainsFunc(in.Readings, func(r ingest.Reading) bool {
				return l.Concerns(r.Parameter) && slices.ContainsFunc(r.Flags.Names(), func(f string) bool { return slices.Contains(l.Flags, f) })
			})
	}
}

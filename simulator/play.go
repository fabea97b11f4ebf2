package simulator

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Playback is a scenario that is played without a broker and without a clock.
type Playback struct {
	Plants []Plant
	Seed   uint64
	// Scenario of the run; nil = nothing goes wrong.
	Scenario *Scenario
	// Start is the beginning of the run, the first instant that is measured; the last lies before Start + Duration.
	Start    time.Time
	Duration time.Duration
	// Step between two messages of a station; 0 = 5 min.
	Step time.Duration
}

// Message is what a gateway publishes.
type Message struct {
	// At is when it is published: a few seconds after the newest instant that it carries.
	At      time.Time
	Station string
	Topic   string
	Body    []byte
}

// latest is the longest time between a measurement and its message.
const latest = 10 * time.Second

// Play hands over every message of a run, in the order of At. The messages are those that Run would publish for the same plants,
// seed, scenario and start. It ends with the first error of send.
func Play(p Playback, send func(Message) error) error {
	if p.Scenario == nil {
		p.Scenario = &Scenario{}
	}
	p.Step = cmp.Or(p.Step, 5*time.Minute)
	type station struct {
		*feed
		delay time.Duration
	}
	var stations []station
	for _, plant := range p.Plants {
		delay := time.Duration(unit(hash(p.Seed, plant.ID, "latency", 0)) * float64(min(latest, p.Step/2))).Truncate(time.Millisecond)
		stations = append(stations, station{newFeed(plant, p.Seed, p.Scenario, p.Start), delay})
	}
	slices.SortStableFunc(stations, func(a, b station) int { return cmp.Compare(a.delay, b.delay) })
	for at := p.Start; at.Before(p.Start.Add(p.Duration)); at = at.Add(p.Step) {
		for _, s := range stations {
			for _, batch := range batches(s.ready(due{at, p.Step})) {
				for _, body := range s.bodies(batch) {
					if err := send(Message{at.Add(s.delay), s.plant.ID, readingsTopic(s.plant.ID), body}); err != nil {
						return fmt.Errorf("play the scenario at %s: %w", at.Format(time.RFC3339), err)
					}
				}
			}
		}
	}
	return nil
}

package alerts_test

import (
	"testing"
	"time"

	"quantrac/alerts"
	"quantrac/ingest"
)

// A gateway that sends each parameter at an instant of its own makes many more instants than messages. The mean of a day still has its
// day.
func TestTheMeanOfADayOfParametersThatComeOneByOne(t *testing.T) {
	rules := rulesOf(t, `rules: [{id: day, on: mean_24h, parameters: [cod], levels: {critical: 1}}]`)
	e := newEngine(t, world(t, 1), rules)
	codes := []string{"ph", "temp", "tss", "cod", "nh4_n", "tn", "flow_in", "flow_out"}
	opened := 0
	for at := midnight; at.Before(midnight.Add(30 * time.Hour)); at = at.Add(5 * time.Minute) {
		for i, code := range codes {
			r := reading("s0", code, at.Add(time.Duration(i)*7*time.Second), 100)
			for _, ev := range e.Step(alerts.Input{Kind: alerts.ReadingsIn, Readings: []ingest.Reading{r}}) {
				if ev.Type == alerts.Opened {
					opened++
				}
			}
		}
	}
	if opened != 1 {
		t.Errorf("%d alerts", opened)
	}
}

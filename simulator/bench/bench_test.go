package bench

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
)

func TestComplete(t *testing.T) {
	serve := func(string) []string { return nil }
	o, err := Options{Serve: serve}.complete()
	if err != nil || o.Stack != Embedded || o.Stations != 200 || o.Messages != 200_000 || o.Window != 20 || o.Progress == nil {
		t.Errorf("the defaults are %+v, %v", o, err)
	}
	if o, err := (Options{Serve: serve, Duration: time.Second, Profile: "p"}).complete(); err != nil || o.Messages != 0 || !strings.HasPrefix(o.Profile, "/") {
		t.Errorf("bounded by time: %+v, %v", o, err)
	}
	for name, o := range map[string]Options{
		"no program":             {},
		"unknown stack":          {Serve: serve, Stack: "kafka"},
		"too many stations":      {Serve: serve, Stations: 100_000},
		"negative stations":      {Serve: serve, Stations: -1},
		"window too large":       {Serve: serve, Window: 70_000},
		"negative rate":          {Serve: serve, Rate: -1},
		"fewer than a message":   {Serve: serve, Messages: 100},
		"negative time":          {Serve: serve, Duration: -1},
		"negative message count": {Serve: serve, Messages: -5},
	} {
		if _, err := o.complete(); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

func TestLoad(t *testing.T) {
	start := time.Unix(1000, 0)
	o := Options{Stations: 200, Messages: 1000, Rate: 1000}
	if l := o.load(start); l.messages != 5 || l.interval != 200*time.Millisecond || !l.until.IsZero() {
		t.Errorf("%+v", l)
	}
	o = Options{Stations: 200, Duration: time.Minute}
	if l := o.load(start); l.messages != 0 || l.interval != 0 || !l.until.Equal(start.Add(time.Minute)) {
		t.Errorf("%+v", l)
	}
}

// Verification is what makes a figure worth something: one value too few, one too many or one wrong is an error that names
// the series.
func TestVerify(t *testing.T) {
	f := newFleet(stationNames(2), 1)
	held := map[string][]total{}
	for _, p := range f.publishers {
		for i := range 3 {
			p.message.write(1, time.Unix(int64(i), 0))
		}
		for i := range parameters {
			held[p.station] = append(held[p.station], total{3, p.message.sums[i]})
		}
	}
	if err := f.verify(held); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*total){
		"a value is missing": func(t *total) { t.count-- },
		"a value too many":   func(t *total) { t.count++ },
		"a wrong value":      func(t *total) { t.sum++ },
	} {
		series := &held["bench-00002"][3]
		was := *series
		change(series)
		if err := f.verify(held); err == nil || !strings.Contains(err.Error(), "bench-00002 cod") || !strings.Contains(err.Error(), "1 of 16") {
			t.Errorf("%s: %v", name, err)
		}
		*series = was
	}
	delete(held, "bench-00001")
	if err := f.verify(held); err == nil || !strings.Contains(err.Error(), "8 of 16") {
		t.Errorf("a missing station: %v", err)
	}
}

func comparison(stack string, rounds ...[4]float64) Comparison {
	c := Comparison{Stack: stack, Against: Telegraf}
	for _, r := range rounds {
		c.Rounds = append(c.Rounds, Round{
			Stack:   Result{Stack: stack, Rate: r[0], Processes: []ProcessResult{{Name: "quantrac", CPU: r[1]}, {Name: "mosquitto", CPU: 2}}},
			Against: Result{Stack: Telegraf, Rate: r[2], Processes: []ProcessResult{{Name: "telegraf", CPU: r[3]}, {Name: "mosquitto", CPU: 2}}},
		})
	}
	return c
}

func TestJudge(t *testing.T) {
	c := comparison(External, [4]float64{90, 8, 100, 10}, [4]float64{110, 9, 100, 10}, [4]float64{100, 7, 100, 10}, [4]float64{96, 8.5, 100, 10})
	c.judge(targetOf(External))
	near := func(got, want float64) bool { return math.Abs(got-want) < 1e-9 }
	if !near(c.Rate.Median, 0.98) || !near(c.Rate.Min, 0.9) || !near(c.Rate.Max, 1.1) || !c.Rate.Met {
		t.Errorf("rate %+v", c.Rate)
	}
	if !near(c.CPU.Median, 0.825) || !c.CPU.Met || !c.WithoutBroker {
		t.Errorf("CPU without the broker %+v", c.CPU)
	}
	c = comparison(Embedded, [4]float64{199, 3, 100, 8})
	c.judge(targetOf(Embedded))
	if c.Rate.Met || c.CPU.Met || !near(c.CPU.Median, 0.5) || c.WithoutBroker {
		t.Errorf("rate %+v, CPU %+v", c.Rate, c.CPU)
	}
}

func TestPrint(t *testing.T) {
	c := comparison(Embedded, [4]float64{200, 2, 100, 8})
	c.judge(targetOf(Embedded))
	var b strings.Builder
	c.Print(&b)
	for _, want := range []string{"median 2.00 (2.00 to 2.00), target at least 2.00: met", "median 0.40 (0.40 to 0.40), target at most  0.40: met", "telegraf: 0 gateways"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, &b)
		}
	}
	o := Outcome{Scenario: "burst"}
	o.check("all acknowledged after", "s", 1.2, 1)
	b.Reset()
	o.Print(&b)
	if !strings.Contains(b.String(), "all acknowledged after 1.2 s, at most 1: MISSED") {
		t.Error(b.String())
	}
	if got := fmt.Sprint(Progress{Round: 2, Rounds: 5, Stack: External, Phase: "publish", Acked: 3, Wanted: 9}); !strings.Contains(got, "round 2 of 5") || !strings.Contains(got, "3 of 9") {
		t.Errorf("progress %q", got)
	}
}

func TestUnknownScenario(t *testing.T) {
	if _, err := RunScenario(t.Context(), "flood", Options{}); err == nil || !strings.Contains(err.Error(), "backlog") {
		t.Errorf("the error is %v", err)
	}
}

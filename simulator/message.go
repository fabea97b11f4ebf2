package simulator

import (
	"context"
	"strconv"
	"time"
)

// loggerMemory is how far back a logger remembers what it could not send (Circular 10/2021, Art. 39).
const loggerMemory = 60 * 24 * time.Hour

// backfillBatch is the number of messages in one array of back-fill.
const backfillBatch = 48

// due is one message that is to be made: its instant, and the time between two messages then.
type due struct {
	at   time.Time
	step time.Duration
}

// backfill sends the past from from up to the beginning of the run, oldest first, as arrays. The last stretch has the
// interval of live data already: a wider grid would end short of now, and a service that expects the interval would see
// nothing but gaps.
func (g *gateway) backfill(ctx context.Context, from time.Time) error {
	opt := &g.run.opt
	for i := range g.plants {
		var batch []due
		step := opt.BackfillStep
		for at := from.Truncate(step).Add(step); !at.After(g.run.start); at = at.Add(step) {
			if g.run.start.Sub(at) < 2*opt.BackfillStep {
				step = min(step, opt.Interval)
			}
			batch = append(batch, g.ready(i, due{at, step})...)
		}
		if err := g.sendAll(ctx, i, batch); err != nil {
			return err
		}
	}
	return nil
}

// publishAll sends one message of every station, after what an outage that is over has held back.
func (g *gateway) publishAll(ctx context.Context, at time.Time) error {
	for i := range g.plants {
		if err := g.sendAll(ctx, i, g.ready(i, due{at, g.run.opt.Interval})); err != nil {
			return err
		}
	}
	return nil
}

// ready is what the i-th station can send now, oldest first: nothing while an outage lasts, and when it is over all that
// was measured in it.
func (g *gateway) ready(i int, d due) []due {
	if held := g.held[i]; len(held) > 0 && d.at.Sub(held[0].at) > loggerMemory {
		g.held[i] = held[1:]
	}
	g.held[i] = append(g.held[i], d)
	if silent(g.run.opt.Scenario.active(g.plants[i].ID, g.run.start, d.at)) {
		return nil
	}
	out := g.held[i]
	g.held[i] = nil
	return out
}

func (g *gateway) sendAll(ctx context.Context, i int, all []due) error {
	for len(all) > 0 {
		n := min(len(all), backfillBatch)
		if err := g.send(ctx, i, all[:n]); err != nil {
			return err
		}
		all = all[n:]
	}
	return nil
}

// send publishes messages of one station: one object, or an array of them.
func (g *gateway) send(ctx context.Context, i int, batch []due) error {
	p := g.plants[i]
	var body []byte
	twice := false
	for n, d := range batch {
		if n > 0 {
			body = append(body, ',')
		}
		g.sequence[i]++
		body = g.run.appendMessage(body, p, d.at, g.sequence[i], d.step)
		for _, e := range g.run.opt.Scenario.active(p.ID, g.run.start, d.at) {
			twice = twice || e.Code == Duplicate
		}
	}
	if len(batch) > 1 {
		body = append(append([]byte{'['}, body...), ']')
	}
	if err := g.publish(ctx, readingsTopic(p.ID), body); err != nil || !twice {
		return err
	}
	return g.publish(ctx, readingsTopic(p.ID), body)
}

func silent(events []Event) bool {
	for _, e := range events {
		if e.Code == Outage {
			return true
		}
	}
	return false
}

// appendMessage writes one message of the native format, as a simple gateway would: by hand, so that it can also write what
// broken gateways write.
func (r *run) appendMessage(b []byte, p Plant, at time.Time, sequence uint64, step time.Duration) []byte {
	events := r.opt.Scenario.active(p.ID, r.start, at)
	b = append(b, `{"measured_at":"`...)
	b = at.In(local).AppendFormat(b, time.RFC3339)
	b = append(b, `","sequence":`...)
	b = strconv.AppendUint(b, sequence, 10)
	b = append(b, `,"status":"measuring","values":{`...)
	first := true
	for _, parameter := range p.Parameters {
		v, ok := p.Value(r.opt.Seed, parameter, at)
		if !ok {
			continue
		}
		value := string(strconv.AppendFloat(nil, v, 'f', -1, 64))
		status, missing := "", false
		for _, e := range events {
			begin := r.start.Add(e.Start)
			v = e.apply(v, parameter, at.Sub(begin), step, noise(r.opt.Seed, p.ID, parameter+" event", at))
			value = string(strconv.AppendFloat(nil, v, 'f', -1, 64))
			switch {
			case !e.concerns(parameter):
			case e.Code == Flatline:
				v, _ = p.Value(r.opt.Seed, parameter, begin)
				value = string(strconv.AppendFloat(nil, v, 'f', -1, 64))
			case e.Code == NaNText:
				value = "nan"
			case e.Code == Calibration:
				status = "calibrating"
			case e.Code == Fault:
				status = "fault"
			case e.Code == ParamMissing:
				missing = true
			}
		}
		if missing {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = append(b, '"')
		b = append(b, parameter...)
		b = append(b, `":`...)
		if status != "" {
			value = `{"value":` + value + `,"status":"` + status + `"}`
		}
		b = append(b, value...)
	}
	return append(b, "}}"...)
}

package simulator

import (
	"context"
	"strconv"
	"time"
)

// backfillBatch is the number of messages in one array of back-fill.
const backfillBatch = 48

// backfill sends the past from from up to the beginning of the run, oldest first, as arrays.
func (g *gateway) backfill(ctx context.Context, from time.Time) error {
	opt := &g.run.opt
	for i, p := range g.plants {
		at := from.Truncate(opt.BackfillStep).Add(opt.BackfillStep)
		for !at.After(g.run.start) {
			var times []time.Time
			for ; !at.After(g.run.start) && len(times) < backfillBatch; at = at.Add(opt.BackfillStep) {
				times = append(times, at)
			}
			if err := g.send(ctx, i, p, times, opt.BackfillStep); err != nil {
				return err
			}
		}
	}
	return nil
}

// publishAll sends one message of every station, and what a station has held back during an outage that is over.
func (g *gateway) publishAll(ctx context.Context, at time.Time) error {
	opt := &g.run.opt
	for i, p := range g.plants {
		times := []time.Time{at}
		if back := g.run.endedOutage(p.ID, at); back > 0 {
			times = nil
			for t := at.Add(-back); !t.After(at); t = t.Add(opt.Interval) {
				times = append(times, t)
			}
		}
		for len(times) > 0 {
			n := min(len(times), backfillBatch)
			if err := g.send(ctx, i, p, times[:n], opt.Interval); err != nil {
				return err
			}
			times = times[n:]
		}
	}
	// Acknowledgements that are there already; the rest is waited for when the window is full.
	for len(g.sent) > 0 {
		select {
		case <-g.sent[0].token.Done():
			if err := g.settle(ctx); err != nil {
				return err
			}
			continue
		default:
		}
		break
	}
	return nil
}

// endedOutage is the length of an outage that ended within the interval before at; 0 = there was none.
func (r *run) endedOutage(station string, at time.Time) time.Duration {
	for _, e := range r.opt.Scenario.Events {
		end := r.start.Add(e.Start + e.Duration)
		if e.Station == station && e.Code == Outage && !at.Before(end) && at.Add(-r.opt.Interval).Before(end) {
			begin := r.start.Add(e.Start)
			return at.Sub(begin).Truncate(r.opt.Interval)
		}
	}
	return 0
}

// send publishes the messages of a station for some instants: one object, or an array of them.
func (g *gateway) send(ctx context.Context, i int, p Plant, times []time.Time, step time.Duration) error {
	var body []byte
	n, twice := 0, false
	for _, at := range times {
		events := g.run.opt.Scenario.active(p.ID, g.run.start, at)
		if silent(events) && len(times) == 1 || silent(events) && at.Before(g.run.start) {
			continue
		}
		if n > 0 {
			body = append(body, ',')
		}
		n++
		g.sequence[i]++
		body = g.run.appendMessage(body, p, at, g.sequence[i], step)
		for _, e := range events {
			twice = twice || e.Code == Duplicate
		}
	}
	switch {
	case n == 0:
		return nil
	case n > 1:
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

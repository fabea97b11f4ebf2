package simulator

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// loggerMemory is how far back a logger remembers what it could not send (Circular 10/2021, Art. 39).
const loggerMemory = 60 * 24 * time.Hour

// feed is the logger of one station: it measures, writes messages of the native format, and holds back what an outage keeps it
// from sending. It has no clock and sends nothing itself.
type feed struct {
	plant Plant
	seed  uint64
	// start is the beginning of the run, from which events count.
	start  time.Time
	events []Event
	// sequence of the last message.
	sequence uint64
	held     []due
	// pace at which what was held is caught up with; 0 = at once.
	pace int
}

// due is one message that is to be made: its instant, and the time between two messages then.
type due struct {
	at   time.Time
	step time.Duration
}

func newFeed(p Plant, seed uint64, s *Scenario, start time.Time) *feed {
	return &feed{plant: p, seed: seed, start: start, events: s.at(p.ID)}
}

// ready is what can be sent now: nothing while an outage lasts, and when it is over all that was measured in it, oldest first, or
// with a pace the new message and some of the old ones.
func (f *feed) ready(d due) []due {
	if len(f.held) > 0 && d.at.Sub(f.held[0].at) > loggerMemory {
		f.held = f.held[1:]
	}
	if e := f.event(Outage, d.at); e != nil {
		f.held, f.pace = append(f.held, d), e.Pace
		return nil
	}
	if f.pace > 0 && len(f.held) > f.pace {
		out := append([]due{d}, f.held[:f.pace]...)
		f.held = f.held[f.pace:]
		return out
	}
	out := append(f.held, d)
	f.held = nil
	return out
}

// event finds an event of a code that is on; nil when there is none.
func (f *feed) event(code string, at time.Time) *Event {
	for i := range f.events {
		if e := &f.events[i]; e.Code == code && e.covers(f.start, at) {
			return e
		}
	}
	return nil
}

// bodies are the payloads in which messages are sent: one object, or an array of them. What is cut off, and what comes a second
// time, is a payload of its own.
func (f *feed) bodies(batch []due) [][]byte {
	var whole, apart [][]byte
	var again bool
	for _, d := range batch {
		body := f.message(d, 1)
		switch {
		case f.event(PartialFile, d.at) != nil:
			apart = append(apart, body[:len(body)*2/3])
			continue
		case f.event(Resend, d.at) != nil:
			apart = append(apart, f.message(d, resendFactor))
		}
		again = again || f.event(Duplicate, d.at) != nil
		whole = append(whole, body)
	}
	if len(whole) == 0 {
		return apart
	}
	out := [][]byte{joined(whole)}
	if again {
		out = append(out, out[0])
	}
	return append(out, apart...)
}

// resendFactor is by how much the values differ that a resend brings.
const resendFactor = 1.05

func joined(bodies [][]byte) []byte {
	if len(bodies) == 1 {
		return bodies[0]
	}
	out := []byte{'['}
	for i, b := range bodies {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(out, b...)
	}
	return append(out, ']')
}

// message writes one message as a simple gateway would: by hand, so that it can also write what broken gateways write. factor
// multiplies its values.
func (f *feed) message(d due, factor float64) []byte {
	f.sequence++
	at := d.at
	if e := f.event(ClockSkew, d.at); e != nil {
		at = at.Add(cmp.Or(e.Shift, 7*time.Hour))
	}
	b := append(make([]byte, 0, 256), `{"measured_at":"`...)
	b = at.In(local).AppendFormat(b, time.RFC3339)
	b = append(b, `","sequence":`...)
	b = strconv.AppendUint(b, f.sequence, 10)
	b = append(b, `,"status":"measuring","values":{`...)
	first := true
	for _, parameter := range f.plant.Parameters {
		value, ok := f.plant.Value(f.seed, parameter, d.at)
		if !ok {
			continue
		}
		w := written{name: parameter, value: value, factor: factor}
		f.disturb(&w, parameter, d)
		if w.missing {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = w.append(b)
	}
	return append(b, "}}"...)
}

// written is one value as it is going to be written.
type written struct {
	name, unit, status string
	value, factor      float64
	nan, missing       bool
}

// disturb applies the events that concern a value, in the order of the file.
func (f *feed) disturb(w *written, parameter string, d due) {
	for i := range f.events {
		e := &f.events[i]
		if !e.covers(f.start, d.at) || !e.concerns(parameter) {
			continue
		}
		if change := effects[e.Code].value; change != nil {
			m := moment{plant: &f.plant, seed: f.seed, parameter: parameter, begin: f.start.Add(e.Start), at: d.at, step: d.step, value: w.value}
			w.value = change(e, &m)
		}
		w.status = cmp.Or(effects[e.Code].status, w.status)
		switch e.Code {
		case NaNText:
			w.nan = true
		case ParamMissing:
			w.missing = true
		case UnitDrift:
			w.unit = cmp.Or(e.Text, "mg/l")
		case NameDrift:
			w.name = cmp.Or(e.Text, strings.ToUpper(parameter))
		}
	}
}

func (w *written) append(b []byte) []byte {
	b = strconv.AppendQuote(b, w.name)
	b = append(b, ':')
	if w.status != "" || w.unit != "" {
		b = append(b, `{"value":`...)
	}
	if w.nan {
		b = append(b, "nan"...)
	} else {
		b = strconv.AppendFloat(b, math.Round(w.value*w.factor*1e4)/1e4, 'f', -1, 64)
	}
	if w.unit != "" {
		b = append(b, `,"unit":`...)
		b = strconv.AppendQuote(b, w.unit)
	}
	if w.status != "" {
		b = append(b, `,"status":`...)
		b = strconv.AppendQuote(b, w.status)
	}
	if w.status != "" || w.unit != "" {
		b = append(b, '}')
	}
	return b
}

// value is what the station measures of a parameter at an instant, events included.
func (f *feed) value(parameter string, at time.Time, step time.Duration) float64 {
	v, _ := f.plant.Value(f.seed, parameter, at)
	w := written{value: v}
	f.disturb(&w, parameter, due{at, step})
	return w.value
}

// batches cuts messages into payloads' worth.
func batches(all []due) [][]due { return slices.Collect(slices.Chunk(all, backfillBatch)) }

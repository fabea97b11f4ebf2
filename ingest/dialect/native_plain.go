package dialect

import (
	"strconv"
	"strings"

	"quantrac/ingest"
)

// plainNative reads the native message as nearly all gateways write it: one object of the members that the format names,
// each once, in ASCII without escapes, with numbers as values or objects of value, unit and status. It needs no tree, and
// three allocations. ok is false for everything else, right or wrong: that is left to the readers that know more. A fuzz
// test holds its results equal to theirs.
func plainNative(d *ingest.Delivery) (out ingest.Decoded, ok bool) {
	if len(d.Body) < 2 || d.Body[0] != '{' || isSparkplugTopic(d.Topic) {
		return out, false
	}
	p := plain{text: string(d.Body), pos: 1}
	for more := true; more; {
		key, ok := p.key()
		if !ok || !p.member(key) {
			return out, false
		}
		if more, ok = p.separator(); !ok {
			return out, false
		}
	}
	if p.space(); p.pos != len(p.text) || len(p.items) == 0 {
		return out, false
	}
	return p.decoded()
}

// plainValues is how many values a message may have to be plain.
const plainValues = 24

// plain is a plain native message that is being read.
type plain struct {
	text string
	pos  int
	// The message's own members; kindNull = not there.
	measuredAt, sequence, status, station value
	// items have name, value and unit, and their own status unless they are flagged StatusAssumed.
	items []ingest.Item
}

func (p *plain) member(key string) bool {
	switch key {
	case "values":
		return p.items == nil && p.values()
	case "measured_at":
		return p.once(&p.measuredAt)
	case "sequence":
		return p.once(&p.sequence)
	case "status":
		return p.once(&p.status)
	case "station":
		return p.once(&p.station)
	}
	return false
}

func (p *plain) once(v *value) bool { return v.kind == kindNull && p.scalar(v) }

func (p *plain) values() bool {
	if p.next() != '{' {
		return false
	}
	p.pos++
	p.items = make([]ingest.Item, 0, min(plainValues, strings.Count(p.text[p.pos:], ":")))
	for more := true; more; {
		key, ok := p.key()
		if !ok || !p.value(key) {
			return false
		}
		if more, ok = p.separator(); !ok {
			return false
		}
	}
	return true
}

// value reads one member of "values".
func (p *plain) value(key string) bool {
	if len(p.items) == plainValues {
		return false
	}
	for i := range p.items {
		if p.items[i].Name == key {
			return false
		}
	}
	it := ingest.Item{Name: key, Flags: ingest.StatusAssumed}
	var number value
	if p.next() == '{' {
		if !p.details(&it, &number) {
			return false
		}
	} else if !p.scalar(&number) {
		return false
	}
	it.Value = number.number
	p.items = append(p.items, it)
	return number.kind == kindNumber
}

// details reads a value that is an object.
func (p *plain) details(it *ingest.Item, number *value) bool {
	var unit, status value
	p.pos++
	for more := true; more; {
		key, ok := p.key()
		switch {
		case !ok:
		case key == "value":
			ok = p.once(number)
		case key == "unit":
			ok = p.once(&unit)
		case key == "status":
			ok = p.once(&status)
		default:
			ok = false
		}
		if !ok {
			return false
		}
		if more, ok = p.separator(); !ok {
			return false
		}
	}
	it.Unit = unit.text
	if s, said := statusOf(&status); said {
		it.Status, it.Flags = s, 0
	}
	return true
}

// scalar reads a number that a float64 can hold, or a plain string.
func (p *plain) scalar(v *value) bool {
	switch c := p.next(); {
	case c == '"':
		s, ok := p.str()
		v.kind, v.text = kindString, s
		return ok
	case c == '-' || c >= '0' && c <= '9':
		start := p.pos
		for p.pos < len(p.text) && isNumberByte(p.text[p.pos]) {
			p.pos++
		}
		v.text = p.text[start:p.pos]
		if !isJSONNumber(v.text) {
			return false
		}
		n, err := strconv.ParseFloat(v.text, 64)
		v.kind, v.number = kindNumber, n
		return err == nil
	}
	return false
}

func isNumberByte(c byte) bool {
	return c >= '0' && c <= '9' || c == '.' || c == '-' || c == '+' || c == 'e' || c == 'E'
}

// key reads a member's name and the colon behind it.
func (p *plain) key() (string, bool) {
	if p.next() != '"' {
		return "", false
	}
	s, ok := p.str()
	if !ok || p.next() != ':' {
		return "", false
	}
	p.pos++
	return s, true
}

// str reads a string of printable ASCII without escapes.
func (p *plain) str() (string, bool) {
	start := p.pos + 1
	for i := start; i < len(p.text); i++ {
		switch c := p.text[i]; {
		case c == '"':
			p.pos = i + 1
			return p.text[start:i], true
		case c < ' ' || c >= 0x7f || c == '\\':
			return "", false
		}
	}
	return "", false
}

// separator reads the comma or the end of an object.
func (p *plain) separator() (more, ok bool) {
	switch p.next() {
	case ',':
		p.pos++
		return true, true
	case '}':
		p.pos++
		return false, true
	}
	return false, false
}

func (p *plain) space() {
	for p.pos < len(p.text) && strings.IndexByte(" \t\n\r", p.text[p.pos]) >= 0 {
		p.pos++
	}
}

func (p *plain) next() byte {
	if p.pos < len(p.text) && p.text[p.pos] > ' ' {
		return p.text[p.pos]
	}
	if p.space(); p.pos == len(p.text) {
		return 0
	}
	return p.text[p.pos]
}

// decoded gives the items what the message says for all of them.
func (p *plain) decoded() (out ingest.Decoded, ok bool) {
	at, err := instantOf(&p.measuredAt)
	if err != nil {
		return out, false
	}
	out = ingest.Decoded{Dialect: "native", Items: p.items}
	status, said := statusOf(&p.status)
	station := strings.TrimSpace(p.station.text)
	for i := range out.Items {
		it := &out.Items[i]
		it.MeasuredAt, it.Station = at, station
		if it.Flags != 0 && said {
			it.Status, it.Flags = status, 0
		}
	}
	if sequence, ok := wholeNumber(&p.sequence); ok {
		out.Marks = []ingest.Mark{{Station: station, Sequence: sequence, MeasuredAt: at}}
	}
	return out, true
}

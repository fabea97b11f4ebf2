package dialect

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/influxdata/line-protocol/v2/lineprotocol"

	"quantrac/ingest"
)

// Influx line protocol, one or many lines:
//
//	discharge,park=amata,station=KCN01 pH=7.1,COD=42.5 1788224700000000000
//
// The precision is told by the number of digits. The tag station, else device, host or name, is the station. A value that is
// not of the grammar (pH=nan, pH=) counts as a text; a line that cannot be read even so is rejected alone.

// linesTried is how many lines are looked at for one that tells the format.
const linesTried = 16

func recogniseLineProtocol(doc *document) bool {
	if doc.json != nil {
		return false
	}
	tried := 0
	for line := range bytes.SplitSeq(doc.delivery.Body, []byte("\n")) {
		if line = bytes.TrimSpace(line); len(line) == 0 || line[0] == '#' {
			continue
		}
		if _, err := readPoint(line); err == nil {
			return true
		}
		if tried++; tried == linesTried {
			break
		}
	}
	return false
}

func decodeLineProtocol(doc *document) ingest.Decoded {
	var c collector
	i := -1
	for line := range bytes.SplitSeq(doc.delivery.Body, []byte("\n")) {
		i++
		line = bytes.TrimSpace(line)
		if len(line) == 0 || line[0] == '#' || c.full() {
			continue
		}
		if err := c.line(line, i); err != nil {
			c.reject(i, ingest.ReasonUndecodable, "line %d: %s", i+1, clip(err.Error()))
		}
	}
	return c.out
}

func (c *collector) line(line []byte, index int) error {
	p, err := readPoint(line)
	if err != nil {
		return err
	}
	base := assumed(index, p.at)
	base.Station = stationOfTags(func(name string) string { return p.tags[name] })
	for i := range p.fields {
		c.add(base, p.fields[i].key, &p.fields[i])
	}
	return nil
}

// point is one line.
type point struct {
	tags   map[string]string
	fields []value
	at     time.Time
}

// readPoint reads a line, with its wrong values in quotes if it cannot be read without.
func readPoint(line []byte) (point, error) {
	p, err := parsePoint(line)
	if err == nil {
		return p, nil
	}
	if mended, ok := quoteWrongValues(line); ok {
		if p, err := parsePoint(mended); err == nil {
			return p, nil
		}
	}
	return p, err
}

func parsePoint(line []byte) (p point, err error) {
	d := lineprotocol.NewDecoderWithBytes(line)
	d.Next()
	if _, err := d.Measurement(); err != nil {
		return p, err
	}
	p.tags = map[string]string{}
	for {
		key, v, err := d.NextTag()
		if err != nil {
			return p, err
		}
		if key == nil {
			break
		}
		p.tags[string(key)] = string(v)
	}
	for {
		key, v, err := d.NextField()
		if err != nil {
			return p, err
		}
		if key == nil {
			break
		}
		if len(p.fields) == ingest.MaxItems {
			return p, fmt.Errorf("more than %d fields", ingest.MaxItems)
		}
		f := fieldValue(v)
		f.key = toText(key)
		p.fields = append(p.fields, f)
	}
	stamp, err := d.TimeBytes()
	if err != nil || len(stamp) == 0 {
		return p, err
	}
	p.at, err = digitsInstant(string(stamp))
	return p, err
}

func fieldValue(v lineprotocol.Value) value {
	switch v.Kind() {
	case lineprotocol.Float:
		return numberValue(v.FloatV())
	case lineprotocol.Int:
		return value{kind: kindNumber, number: float64(v.IntV()), text: strconv.FormatInt(v.IntV(), 10)}
	case lineprotocol.Uint:
		return value{kind: kindNumber, number: float64(v.UintV()), text: strconv.FormatUint(v.UintV(), 10)}
	case lineprotocol.String:
		return *textValue(v.StringV())
	default:
		return value{kind: kindBool, text: v.String(), number: nan}
	}
}

// quoteEscapes escapes what must not stand bare between quotes.
var quoteEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// quoteWrongValues puts in quotes the field values that are neither numbers nor booleans nor texts. ok is false when the line
// is not of the shape "measurement,tags key=value,key=value time".
func quoteWrongValues(line []byte) (mended []byte, ok bool) {
	start := unescaped(line, 0, " ")
	if start < 0 {
		return nil, false
	}
	mended = append(mended, line[:start+1]...)
	rest := line[start+1:]
	for {
		eq := unescaped(rest, 0, "= ")
		if eq <= 0 || rest[eq] != '=' {
			return nil, false
		}
		mended = append(mended, rest[:eq+1]...)
		rest = rest[eq+1:]
		end := valueEnd(rest)
		if raw := string(rest[:end]); isFieldValue(raw) {
			mended = append(mended, raw...)
		} else {
			mended = append(mended, '"')
			mended = append(mended, quoteEscapes.Replace(raw)...)
			mended = append(mended, '"')
		}
		if end == len(rest) || rest[end] == ' ' {
			return append(mended, rest[end:]...), true
		}
		mended = append(mended, ',')
		rest = rest[end+1:]
	}
}

// unescaped finds the first of some bytes that no backslash stands before.
func unescaped(b []byte, from int, set string) int {
	for i := from; i < len(b); i++ {
		if b[i] == '\\' {
			i++
		} else if strings.IndexByte(set, b[i]) >= 0 {
			return i
		}
	}
	return -1
}

// valueEnd is where a field value ends.
func valueEnd(b []byte) int {
	if len(b) > 0 && b[0] == '"' {
		if end := unescaped(b, 1, `"`); end >= 0 {
			return end + 1
		}
	}
	if end := bytes.IndexAny(b, ", "); end >= 0 {
		return end
	}
	return len(b)
}

func isFieldValue(s string) bool {
	if len(s) > 1 && s[0] == '"' && s[len(s)-1] == '"' {
		return true
	}
	switch s {
	case "t", "T", "true", "True", "TRUE", "f", "F", "false", "False", "FALSE":
		return true
	}
	if whole := strings.TrimRight(s, "iu"); len(whole) == len(s)-1 {
		_, err := strconv.ParseInt(whole, 10, 64)
		return err == nil
	}
	_, err := strconv.ParseFloat(s, 64)
	return err == nil && strings.Trim(s, "0123456789+-.eE") == ""
}

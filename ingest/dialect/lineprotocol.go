package dialect

import (
	"bytes"
	"strconv"
	"time"

	"github.com/influxdata/line-protocol/v2/lineprotocol"

	"quantrac/ingest"
)

// Influx line protocol, one or many lines:
//
//	discharge,park=amata,station=KCN01 pH=7.1,COD=42.5 1788224700000000000
//
// The precision is told by the number of digits. The tag station, else device, host or name, is the station. A line that
// cannot be read is rejected alone.

func recogniseLineProtocol(doc *document) bool {
	if doc.json != nil {
		return false
	}
	line, _, _ := bytes.Cut(bytes.TrimSpace(doc.delivery.Body), []byte("\n"))
	d := lineprotocol.NewDecoderWithBytes(line)
	if !d.Next() {
		return false
	}
	if _, err := d.Measurement(); err != nil {
		return false
	}
	for {
		key, _, err := d.NextTag()
		if err != nil {
			return false
		}
		if key == nil {
			break
		}
	}
	key, _, err := d.NextField()
	return err == nil && key != nil
}

func decodeLineProtocol(doc *document) ingest.Decoded {
	var c collector
	for i, line := range bytes.Split(doc.delivery.Body, []byte("\n")) {
		line = bytes.TrimSpace(line)
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		if err := c.line(line, i); err != nil {
			c.reject(i, ingest.ReasonUndecodable, "line %d: %v", i+1, err)
		}
	}
	return c.out
}

type field struct {
	name string
	v    *value
}

func (c *collector) line(line []byte, index int) error {
	d := lineprotocol.NewDecoderWithBytes(line)
	d.Next()
	if _, err := d.Measurement(); err != nil {
		return err
	}
	tags := map[string]string{}
	for {
		key, v, err := d.NextTag()
		if err != nil {
			return err
		}
		if key == nil {
			break
		}
		tags[string(key)] = string(v)
	}
	var fields []field
	for {
		key, v, err := d.NextField()
		if err != nil {
			return err
		}
		if key == nil {
			break
		}
		fields = append(fields, field{string(key), fieldValue(v)})
	}
	stamp, err := d.TimeBytes()
	if err != nil {
		return err
	}
	var at time.Time
	if len(stamp) > 0 {
		if at, err = digitsInstant(string(stamp)); err != nil {
			return err
		}
	}
	base := assumed(index, at)
	base.Station = stationOfTags(func(name string) string { return tags[name] })
	for _, f := range fields {
		c.add(base, f.name, f.v)
	}
	return nil
}

func fieldValue(v lineprotocol.Value) *value {
	switch v.Kind() {
	case lineprotocol.Float:
		return &value{kind: kindNumber, number: v.FloatV(), text: strconv.FormatFloat(v.FloatV(), 'g', -1, 64)}
	case lineprotocol.Int:
		return &value{kind: kindNumber, number: float64(v.IntV()), text: strconv.FormatInt(v.IntV(), 10)}
	case lineprotocol.Uint:
		return &value{kind: kindNumber, number: float64(v.UintV()), text: strconv.FormatUint(v.UintV(), 10)}
	case lineprotocol.String:
		return textValue(v.StringV())
	default:
		return &value{kind: kindBool, text: v.String(), number: nan}
	}
}

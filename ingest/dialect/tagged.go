package dialect

import (
	"strings"
	"time"

	"quantrac/ingest"
)

// Arrays of objects that each name a value, under one of the members that gateways use for it, as sensor.community writes it:
//
//	{"esp8266id": "1234", "software_version": "NRZ-2016-028", "sensordatavalues": [{"value_type": "P1", "value": "11.43"}]}
//	{"deviceName": "KCN01", "time": "2026-09-01 08:05:00", "data": [{"name": "COD", "value": 42.5, "unit": "mg/L", "status": "00"}]}
//
// or an array of them alone. A time beside a value is that of the value.

var (
	tagLists  = []string{"d", "data", "tags", "metrics", "values", "Variable", "sensorDatas", "sensordatavalues", "TagData", "readings", "sensors", "parameters"}
	tagNames  = []string{"tag", "name", "Name", "n", "flag", "value_type", "parameter", "id"}
	tagValues = []string{"value", "v", "Value"}
)

func isTagged(list *value) bool {
	if !isArray(list) || len(list.items) == 0 {
		return false
	}
	entry := &list.items[0]
	return first(entry, tagNames...) != nil && first(entry, tagValues...) != nil
}

// taggedList finds the array of a message.
func taggedList(m *value) *value {
	for _, name := range tagLists {
		if list := m.member(name); isTagged(list) {
			return list
		}
	}
	return nil
}

func recogniseTagged(doc *document) bool {
	return isTagged(doc.json) || every(doc.json, func(m *value) bool { return taggedList(m) != nil })
}

func decodeTagged(doc *document) ingest.Decoded {
	var c collector
	if isTagged(doc.json) {
		c.tagged(assumed(0, time.Time{}), doc.json)
		return c.out
	}
	for i, m := range c.objects(doc.json) {
		at, ok := c.flatTime(m, i)
		if !ok {
			continue
		}
		base := assumed(i, at)
		base.Station = strings.TrimSpace(stringOf(first(m, flatStation...)))
		if status, said := statusOf(m.member("status")); said {
			base.Status, base.Flags = status, 0
		}
		c.tagged(base, taggedList(m))
	}
	return c.out
}

// tagged reads an array of objects that each name a tag and its value.
func (c *collector) tagged(base ingest.Item, list *value) {
	for i := range list.items {
		entry := &list.items[i]
		name := stringOf(first(entry, tagNames...))
		if name == "" {
			c.reject(base.Index, ingest.ReasonUndecodable, "byte %d: an entry without a name", entry.offset)
			continue
		}
		it := base
		if own, ok := c.time(entry, base.Index, "measured_at", "ts", "timestamp", "time", "Time"); !ok {
			continue
		} else if !own.IsZero() {
			it.MeasuredAt = own
		}
		if first(entry, tagValues...) != nil {
			c.add(it, name, entry)
			continue
		}
		it.Status, it.Flags = ingest.Fault, it.Flags&^ingest.StatusAssumed|ingest.NotANumber
		it.Name, it.Value, it.Text = name, nan, "no value"
		if code := entry.member("error"); code != nil {
			it.Text = "error " + clip(code.text)
		}
		if c.room(base.Index) {
			c.out.Items = append(c.out.Items, it)
		}
	}
}

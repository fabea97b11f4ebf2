package dialect

import (
	"math"

	"quantrac/ingest"
)

// Industrial gateways whose shape one member gives away:
//
//	Weintek      {"d": {"COD": [42.5]}, "ts": "2026-09-01T08:05:00.360316"}            local time
//	WAGO         {"TagData": [{"Time": "…", "Values": {"COD": 42.5}}], …}
//	ICP DAS      {"Variable": [{"Name": "COD", "Value": 42.5, "Quality": "Good"}]}
//	King Pigeon  {"sensorDatas": [{"flag": "REG001", "value": 42.5}], "time": "…", "retransmit": "enable"}
//	Neuron       {"timestamp": 1788224700000, "node": "modbus", "values": {"COD": 31.6}, "errors": {"pH": 2014}}
//	             and with "tags": [{"name": "COD", "value": 31.6}, {"name": "pH", "error": 2014}]
//
// King Pigeon's "retransmit" marks back-fill.

var nan = math.NaN()

func recogniseWeintek(doc *document) bool {
	return every(doc.json, func(m *value) bool { return isObject(m.member("d")) })
}

func decodeWeintek(doc *document) ingest.Decoded {
	var c collector
	for i, m := range c.objects(doc.json) {
		if at, ok := c.time(m, i, "ts", "timestamp"); ok {
			c.members(assumed(i, at), m.member("d"))
		}
	}
	return c.out
}

func recogniseWAGO(doc *document) bool {
	return every(doc.json, func(m *value) bool { return isArray(m.member("TagData")) && !isTagged(m.member("TagData")) })
}

func decodeWAGO(doc *document) ingest.Decoded {
	var c collector
	index := 0
	for _, m := range c.objects(doc.json) {
		for _, entry := range c.objects(m.member("TagData")) {
			at, ok := c.time(entry, index, "Time")
			if values := entry.member("Values"); ok && isObject(values) {
				c.members(assumed(index, at), values)
			} else if ok {
				c.reject(index, ingest.ReasonNoValues, "byte %d: an entry without Values", entry.offset)
			}
			index++
		}
	}
	return c.out
}

func recogniseICPDAS(doc *document) bool {
	return every(doc.json, func(m *value) bool { return isArray(m.member("Variable")) })
}

func decodeICPDAS(doc *document) ingest.Decoded {
	var c collector
	for i, m := range c.objects(doc.json) {
		at, ok := c.time(m, i, "Time", "Timestamp", "time", "timestamp")
		if !ok {
			continue
		}
		for _, entry := range c.objects(m.member("Variable")) {
			base := assumed(i, at)
			switch stringOf(entry.member("Quality")) {
			case "Good":
				base.Flags = 0
			case "Bad":
				base.Status, base.Flags = ingest.Fault, 0
			case "":
			default: // Uncertain
				base.Status, base.Flags = ingest.Other, 0
			}
			if v := first(entry, tagValues...); v != nil {
				c.add(base, stringOf(first(entry, tagNames...)), v)
			}
		}
	}
	return c.out
}

func recogniseKingPigeon(doc *document) bool {
	return every(doc.json, func(m *value) bool { return isArray(m.member("sensorDatas")) })
}

func decodeKingPigeon(doc *document) ingest.Decoded {
	var c collector
	for i, m := range c.objects(doc.json) {
		at, ok := c.time(m, i, "time", "addTime")
		if !ok {
			continue
		}
		base := assumed(i, at)
		if stringOf(m.member("retransmit")) == "enable" {
			base.Flags |= ingest.Late
		}
		for _, entry := range c.objects(m.member("sensorDatas")) {
			if v := entry.member("value"); v != nil { // a "switcher" is no measurement
				c.add(base, stringOf(first(entry, tagNames...)), v)
			}
		}
	}
	return c.out
}

func recogniseNeuron(doc *document) bool {
	return every(doc.json, func(m *value) bool {
		return m.member("node") != nil && (isObject(m.member("values")) || isArray(m.member("tags")) || isObject(m.member("errors")))
	})
}

func decodeNeuron(doc *document) ingest.Decoded {
	var c collector
	for i, m := range c.objects(doc.json) {
		at, ok := c.time(m, i, "timestamp")
		if !ok {
			continue
		}
		base := ingest.Item{Index: i, MeasuredAt: at}
		if tags := m.member("tags"); isArray(tags) {
			c.tagged(base, tags)
			continue
		}
		if values := m.member("values"); isObject(values) {
			c.members(base, values)
		}
		if errs := m.member("errors"); isObject(errs) {
			for k := range errs.items {
				it := base
				it.Name, it.Value, it.Text = errs.items[k].key, nan, "error "+clip(errs.items[k].text)
				it.Status, it.Flags = ingest.Fault, ingest.NotANumber
				if c.room(i) {
					c.out.Items = append(c.out.Items, it)
				}
			}
		}
	}
	return c.out
}
